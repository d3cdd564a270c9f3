/* Messages between two phones, outside calls and inside: RFC 3428. */
#include "rig.h"

#include "phone/typing.h"
#include "session/composing.h"

static struct {
	unsigned got, sent, status;
	int error;
	offhook_id id, call;
	void *user_data;
	char body[64], type[64];
} seen[2];

static void on_event(struct side *s, const struct offhook_event *e)
{
	int at = s == &s->rig->b;
	size_t n;
	const char *body;

	if (e->type == OFFHOOK_EVENT_MESSAGE) {
		seen[at].got++;
		seen[at].call = e->id;
		body = offhook_message_body(e->message, e->message_length, &n);
		snprintf(seen[at].body, sizeof(seen[at].body), "%.*s", (int)n, body);
		CHECK(offhook_message_header(e->message, e->message_length, "Content-Type", 0, seen[at].type,
			      sizeof(seen[at].type)) > 0);
		CHECK_EQ(offhook_message_header(e->message, e->message_length, "Contact", 0, NULL, 0),
			OH_EINVAL);
		CHECK(!strstr(e->message, "\r\nContact:"));
	} else if (e->type == OFFHOOK_EVENT_MESSAGE_SENT) {
		seen[at].sent++;
		seen[at].status = e->status;
		seen[at].error = e->error;
		seen[at].id = e->id;
		seen[at].user_data = e->user_data;
	}
}

static struct rig *begin(void)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);

	memset(seen, 0, sizeof(seen));
	r->a.handler = r->b.handler = on_event;
	return r;
}

static int send_text(struct rig *r, const char *uri, const char *text, offhook_id *ret_id)
{
	const struct offhook_message m = {
		.size = sizeof(m), .uri = uri, .body = text, .body_length = strlen(text), .user_data = seen};

	return offhook_message_send(r->a.phone, r->a.account, &m, ret_id);
}

TEST(message_arrives_and_its_sender_hears_of_it)
{
	struct rig *r = begin();
	offhook_id id;

	CHECK_OK(send_text(r, "sip:bob@" RIG_B_IP, "Watson, come here.", &id));
	rig_run_ms(r, 100);
	CHECK_EQ(seen[1].got, 1);
	CHECK_EQ(seen[1].call, 0);
	CHECK_STR(seen[1].body, "Watson, come here.");
	CHECK_STR(seen[1].type, "text/plain;charset=UTF-8");
	CHECK_EQ(seen[0].sent, 1);
	CHECK_EQ(seen[0].status, 200);
	CHECK_EQ(seen[0].id, id);
	CHECK(seen[0].user_data == seen);
	rig_close(r);
}

/* Whatever the wire does to either packet: it is told once, and its fate is told once. */
TEST(message_over_a_bad_wire)
{
	for (unsigned round = 0; round < 40; round++) {
		struct rig *r = begin();
		const struct sim_wire bad = {.loss = 0.3,
			.duplicate = 0.3,
			.delay_ns = NS_PER_MS,
			.jitter_ns = 900 * NS_PER_MS,
			.allow_overtake = true};

		sim_wire(r->sim, &bad);
		rig_run_ms(r, round);
		for (unsigned i = 0; i < 5; i++)
			CHECK_OK(send_text(r, "sip:bob@" RIG_B_IP, "hello", NULL));
		rig_run_ms(r, 40000);
		CHECK_EQ(seen[1].got, 5);
		CHECK_EQ(seen[0].sent, 5);
		rig_close(r);
	}
}

TEST(message_that_nobody_takes)
{
	struct rig *r = begin();

	CHECK_OK(send_text(r, "sip:bob@192.0.2.77", "anybody?", NULL));
	rig_run_ms(r, 31000);
	CHECK_EQ(seen[0].sent, 0);
	rig_run_ms(r, 2000);
	CHECK_EQ(seen[0].error, OH_ETIMEDOUT);
	CHECK_EQ(seen[0].status, 0);
	CHECK_OK(offhook_phone_close(r->b.phone, 0));
	CHECK_OK(send_text(r, "sip:bob@" RIG_B_IP, "too late", NULL));
	rig_run_ms(r, 33000);
	CHECK_EQ(seen[0].status, 503);
	rig_drop(r);
}

TEST(message_inside_a_call)
{
	struct rig *r = begin();
	struct offhook_request req = {.size = sizeof(req),
		.method = "MESSAGE",
		.content_type = "text/plain",
		.body = "psst",
		.body_length = 4};

	rig_talk(r);
	CHECK_OK(offhook_call_request(r->a.phone, r->a.call, &req));
	CHECK(rig_wait(&r->a, "RESPONSE(200)"));
	CHECK_EQ(seen[1].got, 1);
	CHECK_EQ(seen[1].call, r->b.call);
	CHECK_STR(seen[1].body, "psst");
	CHECK_OK(side_hangup(&r->a, 0));
	rig_close(r);
}

TEST(messages_that_are_refused_here)
{
	static const struct offhook_header own = {"Call-ID", "x"};
	static char big[OFFHOOK_MESSAGE_BODY_MAX + 1];
	static const struct {
		struct offhook_message m;
		int err;
	} rows[] = {
		{{.size = sizeof(struct offhook_message)}, OH_EINVAL},
		{{.uri = "sip:bob@" RIG_B_IP}, OH_EINVAL},
		{{.size = sizeof(struct offhook_message), .uri = "bob"}, OH_EURI},
		{{.size = sizeof(struct offhook_message),
			 .uri = "sip:bob@" RIG_B_IP,
			 .headers = &own,
			 .n_headers = 1},
			OH_EINVAL},
		{{.size = sizeof(struct offhook_message),
			 .uri = "sip:bob@" RIG_B_IP,
			 .body = big,
			 .body_length = sizeof(big)},
			OH_ETOOBIG},
		{{.size = sizeof(struct offhook_message),
			 .uri = "sip:bob@" RIG_B_IP,
			 .content_type = "a/b\r\nX: y",
			 .body = "x",
			 .body_length = 1},
			OH_EINVAL},
	};
	struct rig *r = begin();

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_EQ(offhook_message_send(r->a.phone, r->a.account, &rows[i].m, NULL), rows[i].err);
	CHECK_EQ(offhook_message_send(r->a.phone, r->b.account + 1000, &rows[4].m, NULL), OH_ETOOBIG);
	rig_run_ms(r, 100);
	CHECK_EQ(seen[0].sent + seen[1].got, 0);
	rig_close(r);
}

/* A phone that goes takes its messages with it, unheard. */
TEST(message_under_way_when_the_phone_goes)
{
	struct rig *r = begin();

	CHECK_OK(send_text(r, "sip:bob@192.0.2.77", "bye", NULL));
	rig_drop(r);
	CHECK_EQ(seen[0].sent, 0);
}

/* RFC 3994 3.3: three ways in which typing ends. */
TEST(typing_is_told_and_ends)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	const char *bob = "sip:bob@" RIG_B_IP;

	CHECK_OK(offhook_message_typing(r->a.phone, r->a.account, bob, 0, 1));
	rig_run_ms(r, 10);
	CHECK_OK(offhook_message_typing(r->a.phone, 0, bob, 0, 1));
	rig_run_ms(r, 10);
	CHECK_OK(offhook_message_typing(r->a.phone, 0, bob, 0, 0));
	rig_run_ms(r, 10);
	CHECK_STR(r->b.log,
		"TYPING(1,sip:alice@192.0.2.1) TYPING(1,sip:alice@192.0.2.1) TYPING(0,sip:alice@192.0.2.1) ");
	side_forget(&r->b);
	CHECK_OK(offhook_message_typing(r->a.phone, 0, bob, 0, 1));
	rig_run_ms(r, 10);
	CHECK_OK(send_text(r, bob, "done", NULL));
	rig_run_ms(r, 10);
	CHECK_STR(r->b.log, "TYPING(1,sip:alice@192.0.2.1) TYPING(0,sip:alice@192.0.2.1) MESSAGE ");
	side_forget(&r->b);
	CHECK_OK(offhook_message_typing(r->a.phone, 0, bob, 0, 1));
	rig_run_ms(r, 119000);
	CHECK_STR(r->b.log, "TYPING(1,sip:alice@192.0.2.1) ");
	rig_run_ms(r, 2000);
	CHECK_STR(r->b.log, "TYPING(1,sip:alice@192.0.2.1) TYPING(0,sip:alice@192.0.2.1) ");
	CHECK_EQ(offhook_message_typing(r->a.phone, 0, NULL, 0, 1), OH_EINVAL);
	CHECK_EQ(offhook_message_typing(r->a.phone, 0, "bob", 0, 1), OH_EURI);
	CHECK_EQ(offhook_message_typing(r->a.phone, 0, NULL, 77, 1), OH_ENOENT);

	/* Inside a call; when that ends, nobody asks any more. */
	rig_talk(r);
	side_forget(&r->b);
	CHECK_OK(offhook_message_typing(r->a.phone, 0, NULL, r->a.call, 1));
	rig_run_ms(r, 10);
	CHECK_STR(r->b.log, "TYPING(1,sip:alice@192.0.2.1) ");
	CHECK_OK(side_hangup(&r->a, 0));
	rig_run_ms(r, 125000);
	CHECK(!strstr(r->b.log, "TYPING(0"));
	rig_close(r);
}

TEST(more_type_than_are_remembered)
{
	static const struct offhook_header none = {"X", "y"};
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_message bad = {.size = sizeof(bad),
		.uri = "sip:bob@" RIG_B_IP,
		.content_type = COMPOSING_TYPE,
		.body = "<isComposing",
		.body_length = 12,
		.headers = &none,
		.n_headers = 1};

	CHECK_OK(offhook_message_send(r->a.phone, 0, &bad, NULL));
	rig_run_ms(r, 10);
	CHECK_STR(r->b.log, "");
	for (unsigned i = 0; i <= TYPING_MAX; i++) {
		struct offhook_account_cfg cfg;
		char uri[64];

		offhook_account_cfg_init(&cfg);
		snprintf(uri, sizeof(uri), "sip:a%u@" RIG_A_IP, i);
		cfg.uri = uri;
		CHECK_OK(offhook_account_modify(r->a.phone, r->a.account, &cfg));
		side_forget(&r->b);
		CHECK_OK(offhook_message_typing(r->a.phone, 0, "sip:bob@" RIG_B_IP, 0, 1));
		rig_run_ms(r, 10);
	}
	CHECK_STR(r->b.log, "TYPING(1,sip:a1000@192.0.2.1) TYPING(0,sip:a0@192.0.2.1) ");
	CHECK_EQ(r->b.phone->n_composers, TYPING_MAX);
	rig_drop(r);
}

static void count(struct side *s, const struct offhook_event *e)
{
	int at = s == &s->rig->b;

	seen[at].got += e->type == OFFHOOK_EVENT_MESSAGE;
	seen[at].sent += e->type == OFFHOOK_EVENT_MESSAGE_SENT;
	seen[at].status = e->status;
}

static int without_memory(void *arg)
{
	struct rig *r = rig_try_new(OFFHOOK_DELIVER_INLINE, NULL);
	int err;

	(void)arg;
	if (!r)
		return OH_ENOMEM;
	r->a.handler = r->b.handler = count;
	memset(seen, 0, sizeof(seen));
	err = send_text(r, "sip:bob@" RIG_B_IP, "hello", NULL);
	if (!err) {
		rig_run_ms(r, 40000);
		/* Somebody's memory was out: it was refused, or came again, and then perhaps was told again. */
		CHECK_EQ(seen[0].sent, 1);
		CHECK(seen[0].status != 200 || seen[1].got >= 1);
	}
	rig_drop(r);
	return err;
}

TEST(messages_without_memory)
{
	check_every_allocation_fails(without_memory, NULL);
}

TESTS(RUN(message_arrives_and_its_sender_hears_of_it), RUN(message_over_a_bad_wire),
	RUN(message_that_nobody_takes), RUN(message_inside_a_call), RUN(messages_that_are_refused_here),
	RUN(typing_is_told_and_ends), RUN(more_type_than_are_remembered),
	RUN(message_under_way_when_the_phone_goes), RUN(messages_without_memory))
