#include "check.h"

#include "base/filter.h"
#include "offhook/error.h"

/* A toy: its handshake is the byte `key` each way, then every byte travels turned by the key. 'q' ^ key ends it. */
struct toy {
	struct filter base;
	char key;
};

static struct toy *toy_of(struct filter *f)
{
	return (struct toy *)f;
}

static int toy_start(struct filter *f)
{
	return f->sink.down(f->sink.arg, slice_make(&toy_of(f)->key, 1));
}

static int turn(struct toy *t, struct slice bytes, int (*door)(void *arg, struct slice bytes))
{
	char text[64];

	for (size_t i = 0; i < bytes.n; i++)
		text[i] = (char)(bytes.p[i] ^ t->key);
	return bytes.n ? door(t->base.sink.arg, slice_make(text, bytes.n)) : 0;
}

static int toy_receive(struct filter *f, struct slice bytes)
{
	if (f->state == FILTER_OPENING) {
		if (bytes.p[0] != toy_of(f)->key)
			return filter_fail(f, OH_ESYNTAX, "not my key: %d", bytes.p[0]);
		f->state = FILTER_OPEN;
		bytes = slice_skip(bytes, 1);
	}
	return turn(toy_of(f), bytes, f->sink.up);
}

static int toy_send(struct filter *f, struct slice payload)
{
	return turn(toy_of(f), payload, f->sink.down);
}

static int toy_finish(struct filter *f)
{
	return f->state == FILTER_OPEN ? toy_send(f, SLICE_LIT("q")) : 0;
}

static void toy_free(struct filter *f)
{
	mem_free(f);
}

static const struct filter_ops toy_ops = {
	"toy", toy_start, toy_receive, toy_send, toy_finish, toy_free, NULL};

static struct filter *toy_new(char key)
{
	struct toy *t = mem_zalloc(sizeof(*t));

	if (!t)
		return NULL;
	t->base.ops = &toy_ops;
	t->key = key;
	return &t->base;
}

struct end {
	struct filter *f;
	char down[64], up[64];
	size_t n_down, n_up;
	int err;
};

static int to_wire(void *arg, struct slice bytes)
{
	struct end *e = arg;

	memcpy(e->down + e->n_down, bytes.p, bytes.n);
	e->n_down += bytes.n;
	return e->err;
}

static int to_user(void *arg, struct slice payload)
{
	struct end *e = arg;

	memcpy(e->up + e->n_up, payload.p, payload.n);
	e->n_up += payload.n;
	e->up[e->n_up] = 0;
	return 0;
}

static int start(struct end *e, struct filter *f)
{
	const struct filter_sink sink = {to_wire, to_user, e};

	*e = (struct end){.f = f};
	return filter_start(f, &sink);
}

/* What a has sent reaches b, byte by byte. */
static void carry(struct end *a, struct end *b)
{
	size_t n = a->n_down;
	char bytes[64];

	memcpy(bytes, a->down, n);
	a->n_down = 0;
	for (size_t i = 0; i < n; i++)
		filter_receive(b->f, slice_make(&bytes[i], 1));
}

TEST(a_filter_says_nothing_before_it_is_open_and_nothing_after_its_end)
{
	struct end a;

	CHECK_OK(start(&a, toy_new(1)));
	CHECK_EQ(filter_send(a.f, SLICE_LIT("x")), OH_EAGAIN);
	CHECK_OK(filter_receive(a.f, SLICE_LIT("\001`")));
	CHECK_STR(a.up, "a");
	CHECK_OK(filter_send(a.f, SLICE_LIT("x")));
	filter_finish(a.f);
	CHECK_EQ(a.f->state, FILTER_ENDED);
	CHECK_EQ(a.n_down, 3);
	filter_finish(a.f);
	CHECK_EQ(filter_send(a.f, SLICE_LIT("x")), OH_ESTATE);
	CHECK_OK(filter_receive(a.f, SLICE_LIT("x")));
	CHECK_EQ(a.n_down, 3);
	CHECK_EQ(a.n_up, 1);
	filter_free(a.f);
	filter_free(NULL);
}

TEST(a_filter_that_failed_keeps_its_first_reason)
{
	struct end a;

	CHECK_OK(start(&a, toy_new(1)));
	CHECK_EQ(filter_receive(a.f, SLICE_LIT("\002")), OH_ESYNTAX);
	CHECK_EQ(a.f->state, FILTER_FAILED);
	CHECK_STR(a.f->why, "not my key: 2");
	CHECK_EQ(filter_receive(a.f, SLICE_LIT("\001")), OH_ESYNTAX);
	filter_finish(a.f);
	CHECK_EQ(a.f->state, FILTER_FAILED);
	filter_free(a.f);

	/* What the owner's door refuses fails it as well. */
	CHECK_OK(start(&a, toy_new(1)));
	CHECK_OK(filter_receive(a.f, SLICE_LIT("\001")));
	a.err = OH_ETOOBIG;
	CHECK_EQ(filter_send(a.f, SLICE_LIT("x")), OH_ETOOBIG);
	CHECK_STR(a.f->why, "toy: larger than allowed");
	filter_free(a.f);
}

static struct filter *two(char lower, char upper)
{
	struct filter *f;

	CHECK_OK(filter_over(toy_new(lower), toy_new(upper), &f));
	return f;
}

TEST(one_filter_over_another_opens_when_both_are_open)
{
	struct end a, b;

	CHECK_OK(start(&a, two(1, 2)));
	CHECK_OK(start(&b, two(1, 2)));
	CHECK_EQ(a.n_down, 1); /* the lower one alone has begun */
	carry(&a, &b);
	CHECK_EQ(b.f->state, FILTER_OPENING);
	carry(&b, &a); /* b's lower is open: its upper has begun */
	CHECK_EQ(a.f->state, FILTER_OPEN);
	carry(&a, &b);
	CHECK_EQ(b.f->state, FILTER_OPEN);
	CHECK_OK(filter_send(a.f, SLICE_LIT("hello")));
	carry(&a, &b);
	CHECK_STR(b.up, "hello");
	filter_finish(b.f);
	CHECK_EQ(b.f->state, FILTER_ENDED);
	CHECK_EQ(b.n_down, 2); /* both have said goodbye */
	filter_free(a.f);
	filter_free(b.f);
}

TEST(of_two_the_one_that_fails_gives_the_reason)
{
	struct end a;

	CHECK_OK(start(&a, two(1, 2)));
	CHECK_EQ(filter_receive(a.f, SLICE_LIT("\001\001")), OH_ESYNTAX); /* 0 for the upper one */
	CHECK_STR(a.f->why, "not my key: 0");
	filter_free(a.f);
	CHECK_OK(start(&a, two(1, 2)));
	CHECK_EQ(filter_receive(a.f, SLICE_LIT("\005")), OH_ESYNTAX);
	CHECK_STR(a.f->why, "not my key: 5");
	filter_free(a.f);
}

TEST(without_memory_there_are_still_two)
{
	struct filter *lower = toy_new(1), *upper = toy_new(2), *f;

	mem_fail_at(1);
	CHECK_EQ(filter_over(lower, upper, &f), OH_ENOMEM);
	filter_free(lower);
	filter_free(upper);
}

TESTS(RUN(a_filter_says_nothing_before_it_is_open_and_nothing_after_its_end),
	RUN(a_filter_that_failed_keeps_its_first_reason),
	RUN(one_filter_over_another_opens_when_both_are_open),
	RUN(of_two_the_one_that_fails_gives_the_reason), RUN(without_memory_there_are_still_two))
