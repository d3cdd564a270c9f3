/*
 * Addresses in the real world: calls over ::1 and 127.0.0.0/8, from sockets bound to one address and to all. What is
 * published and answered depends on the system's routes and on PKTINFO, which the simulated host only plays. And
 * packets of many calls, which the real one may carry together.
 */
#include "check.h"

#include "base/err.h"
#include "offhook/offhook.h"

#include <poll.h>

#define WAIT_MS 10000

struct end {
	struct offhook_phone *phone;
	uint16_t port;
	offhook_id call;
	bool incoming, confirmed, heard, ended;
	bool answers;       /* at once */
	unsigned n_heard;   /* calls */
	char message[4096]; /* of the newest event that had one */
};

static void on_event(void *arg, const struct offhook_event *e)
{
	struct end *end = arg;

	if (e->message)
		snprintf(end->message, sizeof(end->message), "%s", e->message);
	if (e->call)
		end->call = e->id;
	if (end->answers && e->type == OFFHOOK_EVENT_CALL_INCOMING)
		CHECK_OK(offhook_call_answer(end->phone, e->id, NULL));
	end->n_heard += e->type == OFFHOOK_EVENT_CALL_RTP && e->status == 1;
	end->incoming |= e->type == OFFHOOK_EVENT_CALL_INCOMING;
	end->heard |= e->type == OFFHOOK_EVENT_CALL_RTP && e->status == 1;
	if (e->type == OFFHOOK_EVENT_CALL_STATE) {
		end->confirmed |= e->call->state == OFFHOOK_CALL_CONFIRMED;
		end->ended |= e->call->state == OFFHOOK_CALL_DISCONNECTED;
	}
}

static void end_open(struct end *end, const char *address, bool plain_packets)
{
	struct offhook_phone_cfg cfg;
	struct offhook_transport_cfg udp;
	struct offhook_transport_info info = {.size = sizeof(info)};
	struct offhook_account_cfg account;
	offhook_id id;

	*end = (struct end){0};
	offhook_phone_cfg_init(&cfg);
	cfg.delivery = OFFHOOK_DELIVER_PULL;
	cfg.on_event = on_event;
	cfg.on_event_arg = end;
	cfg.plain_packets = plain_packets;
	CHECK_OK(offhook_phone_new(&cfg, &end->phone));
	offhook_transport_cfg_init(&udp);
	udp.address = address;
	CHECK_OK(offhook_transport_add(end->phone, &udp, &id));
	CHECK_OK(offhook_transport_get_info(end->phone, id, &info));
	end->port = info.port;
	offhook_account_cfg_init(&account);
	account.transport = id;
	CHECK_OK(offhook_account_add(end->phone, &account, &id));
}

/* Events of both are handed out until this holds. */
static void wait_for(struct end *a, struct end *b, const bool *flag)
{
	struct pollfd fds[2] = {{.fd = offhook_events_fd(a->phone), .events = POLLIN},
		{.fd = offhook_events_fd(b->phone), .events = POLLIN}};

	while (!*flag && poll(fds, 2, WAIT_MS) > 0) {
		while (offhook_process(a->phone, 0) > 0)
			;
		while (offhook_process(b->phone, 0) > 0)
			;
	}
	CHECK(*flag);
}

static bool said(const struct end *end, const char *words)
{
	if (strstr(end->message, words))
		return true;
	print_error("no '%s' in:\n%s\n", words, end->message);
	return false;
}

static const struct row {
	const char *from, *to;       /* where the transports are bound */
	const char *asked;           /* the host that is called */
	const char *caller, *callee; /* what each must publish */
	const char *family;
} rows[] = {
	{"127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.1", "IP4"},
	{"0.0.0.0", "0.0.0.0", "127.0.0.1", "127.0.0.1", "127.0.0.1", "IP4"},
	{"127.0.0.2", "0.0.0.0", "127.0.0.3", "127.0.0.2", "127.0.0.3", "IP4"},
	{"::1", "::1", "[::1]", "[::1]", "[::1]", "IP6"},
	{"::", "::", "[::1]", "[::1]", "[::1]", "IP6"},
};

static void talk(const struct row *row)
{
	struct offhook_call_cfg cfg;
	struct end a, b;
	char uri[64], text[128];

	end_open(&a, row->from, false);
	end_open(&b, row->to, false);
	offhook_call_cfg_init(&cfg);
	snprintf(uri, sizeof(uri), "sip:%s:%u", row->asked, b.port);
	cfg.uri = uri;
	CHECK_OK(offhook_call_make(a.phone, 0, &cfg, &a.call));
	wait_for(&a, &b, &b.incoming);
	snprintf(text, sizeof(text), "\r\nContact: <sip:%s:%u>\r\n", row->caller, a.port);
	CHECK(said(&b, text));
	CHECK_OK(offhook_call_answer(b.phone, b.call, NULL));
	wait_for(&a, &b, &a.confirmed);
	snprintf(text, sizeof(text), "\r\nContact: <sip:%s:%u>\r\n", row->callee, b.port);
	CHECK(said(&a, text));
	snprintf(text, sizeof(text), "\r\nc=IN %s %.*s\r\n", row->family,
		(int)strcspn(row->callee + (*row->callee == '['), "]"), row->callee + (*row->callee == '['));
	CHECK(said(&a, text));
	wait_for(&a, &b, &a.heard);
	wait_for(&a, &b, &b.heard);
	CHECK_OK(offhook_call_hangup(a.phone, a.call, NULL));
	wait_for(&a, &b, &b.ended);
	offhook_phone_free(a.phone);
	offhook_phone_free(b.phone);
}

TEST(calls_over_every_kind_of_local_address)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		talk(&rows[i]);
}

/* More calls than go by one system call; with a ring of the kernel, where there is one, on neither, one or both sides. */
static void talk_much(const char *address, bool plain_a, bool plain_b)
{
	enum { CALLS = 40 };
	struct offhook_call_cfg cfg;
	struct end a, b;
	char uri[64];

	end_open(&a, address, plain_a);
	end_open(&b, address, plain_b);
	b.answers = true;
	offhook_call_cfg_init(&cfg);
	snprintf(uri, sizeof(uri), "sip:127.0.0.1:%u", b.port);
	cfg.uri = uri;
	for (unsigned i = 0; i < CALLS; i++) {
		CHECK_OK(offhook_call_make(a.phone, 0, &cfg, &a.call));
		a.confirmed = false;
		wait_for(&a, &b, &a.confirmed);
	}
	while (a.n_heard < CALLS || b.n_heard < CALLS) {
		a.heard = b.heard = false;
		wait_for(&a, &b, a.n_heard < CALLS ? &a.heard : &b.heard);
	}
	if (plain_a && plain_b)
		CHECK(check_ring(0) < 0);
	offhook_phone_free(a.phone);
	offhook_phone_free(b.phone);
}

TEST(packets_of_many_calls_arrive_whether_they_go_together_or_alone)
{
	talk_much("127.0.0.1", false, false);
	talk_much("0.0.0.0", false, true);
	talk_much("127.0.0.1", true, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {RUN(calls_over_every_kind_of_local_address),
		RUN(packets_of_many_calls_arrive_whether_they_go_together_or_alone)};
	struct offhook_phone *first;

	/* libuv keeps a pair of descriptors for the whole process from its first loop on: before they are counted. */
	if (offhook_phone_new(NULL, &first))
		return 1;
	offhook_phone_free(first);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
