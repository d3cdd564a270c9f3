/* Out of descriptors in the real world: what is new is refused by name, what runs goes on. */
#include "check.h"

#include "base/err.h"
#include "offhook/offhook.h"

#include <errno.h>
#include <poll.h>
#include <sys/resource.h>

#define WAIT_MS 10000

struct end {
	struct offhook_phone *phone;
	uint16_t port;
	offhook_id call;
	bool incoming, confirmed, ended;
	char digits[16];
};

static void on_event(void *arg, const struct offhook_event *e)
{
	struct end *end = arg;

	if (e->call)
		end->call = e->id;
	end->incoming |= e->type == OFFHOOK_EVENT_CALL_INCOMING;
	if (e->type == OFFHOOK_EVENT_CALL_DTMF)
		end->digits[strlen(end->digits)] = e->digit;
	if (e->type == OFFHOOK_EVENT_CALL_STATE) {
		end->confirmed |= e->call->state == OFFHOOK_CALL_CONFIRMED;
		end->ended |= e->call->state == OFFHOOK_CALL_DISCONNECTED;
	}
}

static void end_open(struct end *end)
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
	CHECK_OK(offhook_phone_new(&cfg, &end->phone));
	offhook_transport_cfg_init(&udp);
	udp.address = "127.0.0.1";
	CHECK_OK(offhook_transport_add(end->phone, &udp, &id));
	CHECK_OK(offhook_transport_get_info(end->phone, id, &info));
	end->port = info.port;
	offhook_account_cfg_init(&account);
	account.transport = id;
	CHECK_OK(offhook_account_add(end->phone, &account, &id));
}

/* Events of both are handed out until this holds. */
static void wait_for(struct end *a, struct end *b, const bool *flag, const char *digit)
{
	struct pollfd fds[2] = {{.fd = offhook_events_fd(a->phone), .events = POLLIN},
		{.fd = offhook_events_fd(b->phone), .events = POLLIN}};

	while (!*flag && !*digit && poll(fds, 2, WAIT_MS) > 0) {
		while (offhook_process(a->phone, 0) > 0)
			;
		while (offhook_process(b->phone, 0) > 0)
			;
	}
	CHECK(*flag || *digit);
}

static int call(struct end *a, const struct end *b, offhook_id *ret_call)
{
	struct offhook_call_cfg cfg;
	char uri[64];

	offhook_call_cfg_init(&cfg);
	snprintf(uri, sizeof(uri), "sip:127.0.0.1:%u", b->port);
	cfg.uri = uri;
	return offhook_call_make(a->phone, 0, &cfg, ret_call);
}

TEST(without_descriptors_a_call_is_refused_and_others_go_on)
{
	static const bool never = false;
	struct offhook_transport_cfg udp;
	struct rlimit limit, none;
	struct end a, b;
	offhook_id second, slot;

	end_open(&a);
	end_open(&b);
	CHECK_OK(call(&a, &b, &a.call));
	wait_for(&a, &b, &b.incoming, "");
	CHECK_OK(offhook_call_answer(b.phone, b.call, NULL));
	wait_for(&a, &b, &a.confirmed, "");
	wait_for(&a, &b, &b.confirmed, "");

	CHECK_OK(getrlimit(RLIMIT_NOFILE, &limit));
	none = limit;
	none.rlim_cur = 3; /* what is open stays open */
	CHECK_OK(setrlimit(RLIMIT_NOFILE, &none));
	CHECK_EQ(call(&a, &b, &second), err_from_errno(EMFILE));
	CHECK_STR(offhook_strerror(err_from_errno(EMFILE)), "Too many open files");
	offhook_transport_cfg_init(&udp);
	udp.address = "127.0.0.1";
	CHECK_EQ(offhook_transport_add(a.phone, &udp, &second), err_from_errno(EMFILE));
	CHECK_EQ(offhook_recorder_new(a.phone, "/tmp/offhook-never.wav", &second, &slot),
		err_from_errno(EMFILE));
	CHECK_OK(offhook_call_dtmf(a.phone, a.call, "7", 0, 0));
	wait_for(&a, &b, &never, b.digits);
	CHECK_STR(b.digits, "7");
	CHECK_OK(setrlimit(RLIMIT_NOFILE, &limit));

	b.incoming = false;
	CHECK_OK(call(&a, &b, &second));
	wait_for(&a, &b, &b.incoming, "");
	CHECK_OK(offhook_call_hangup(b.phone, b.call, NULL));
	wait_for(&a, &b, &a.ended, "");
	offhook_phone_free(a.phone);
	offhook_phone_free(b.phone);
}

int main(void)
{
	const struct CMUnitTest tests[] = {RUN(without_descriptors_a_call_is_refused_and_others_go_on)};
	struct offhook_phone *first;

	/* libuv keeps a pair of descriptors for the whole process from its first loop on: before they are counted. */
	if (offhook_phone_new(NULL, &first))
		return 1;
	offhook_phone_free(first);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
