#include "filter_pair.h"

#include "check.h"

static void append(char **p, size_t *n, struct slice bytes)
{
	*p = realloc(*p, *n + bytes.n + 1);
	CHECK(*p);
	if (bytes.n)
		memcpy(*p + *n, bytes.p, bytes.n);
	*n += bytes.n;
	(*p)[*n] = '\0';
}

static int down(void *arg, struct slice bytes)
{
	struct filter_end *e = arg;

	append(&e->down.p, &e->down.n, bytes);
	return 0;
}

static int up(void *arg, struct slice payload)
{
	struct filter_end *e = arg;

	append(&e->up.p, &e->up.n, payload);
	e->messages++;
	return 0;
}

int filter_end_start(struct filter_end *e, struct filter *f)
{
	const struct filter_sink sink = {down, up, e};

	*e = (struct filter_end){.f = f};
	return filter_start(f, &sink);
}

void filter_end_clear(struct filter_end *e)
{
	free(e->up.p);
	e->up.p = NULL;
	e->up.n = 0;
	e->messages = 0;
}

void filter_end_close(struct filter_end *e)
{
	filter_end_clear(e);
	free(e->down.p);
	e->f = filter_free(e->f);
	*e = (struct filter_end){0};
}

bool filter_carry(struct filter_end *from, struct filter_end *to, size_t piece)
{
	char *bytes = from->down.p;
	size_t n = from->down.n;

	from->down.p = NULL;
	from->down.n = 0;
	for (size_t at = 0; at < n;) {
		size_t some = piece && piece < n - at ? piece : n - at;
		char *block = malloc(some); /* of its own size: a sanitizer sees a read beyond */

		CHECK(block);
		memcpy(block, bytes + at, some);
		filter_receive(to->f, slice_make(block, some));
		free(block);
		at += some;
	}
	free(bytes);
	return n > 0;
}

void filter_talk(struct filter_end *a, struct filter_end *b, size_t piece)
{
	for (int i = 0; i < 100; i++) {
		bool ab = filter_carry(a, b, piece), ba = filter_carry(b, a, piece);

		if (!ab && !ba)
			break;
	}
}
