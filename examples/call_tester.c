/*
 * Makes calls one after another, a few at a time, and tells how long it took until each was answered.
 *
 *     call_tester sip:test@192.0.2.1 1000 20
 */
#include <offhook/offhook.h>
#include <stdio.h>
#include <stdlib.h>

static struct offhook_phone *phone;
static offhook_id account;
static const char *uri;
static unsigned long left, open_calls, failed, answered;
static double setup_ms, best_ms, worst_ms;

/* One more call, if there is one to make. */
static void next_call(void)
{
	struct offhook_call_cfg whom;
	offhook_id call;

	offhook_call_cfg_init(&whom);
	whom.uri = uri;
	while (left) {
		left--;
		if (offhook_call_make(phone, account, &whom, &call) == 0) {
			open_calls++;
			return;
		}
		failed++;
	}
}

static void on_event(void *arg, const struct offhook_event *e)
{
	struct offhook_call_stats stats = {.size = sizeof(stats)};

	(void)arg;
	if (e->type != OFFHOOK_EVENT_CALL_STATE)
		return;
	if (e->call->state == OFFHOOK_CALL_CONFIRMED) {
		offhook_call_get_stats(phone, e->id, &stats);
		setup_ms += stats.setup_ms;
		if (!answered++ || stats.setup_ms < best_ms)
			best_ms = stats.setup_ms;
		if (stats.setup_ms > worst_ms)
			worst_ms = stats.setup_ms;
		offhook_call_hangup(phone, e->id, NULL);
	} else if (e->call->state == OFFHOOK_CALL_DISCONNECTED) {
		open_calls--;
		failed += e->call->call_time_s <= 0;
		next_call();
	}
}

int main(int argc, char **argv)
{
	unsigned long at_once;
	struct offhook_phone_cfg settings;
	struct offhook_transport_cfg udp;
	struct offhook_account_cfg me;
	int err;

	if (argc != 4) {
		fprintf(stderr, "usage: call_tester URI CALLS AT_ONCE\n");
		return 2;
	}
	uri = argv[1];
	left = strtoul(argv[2], NULL, 10);
	at_once = strtoul(argv[3], NULL, 10);
	offhook_phone_cfg_init(&settings);
	settings.delivery = OFFHOOK_DELIVER_PULL;
	settings.on_event = on_event;
	offhook_transport_cfg_init(&udp);
	offhook_account_cfg_init(&me);
	err = offhook_phone_new(&settings, &phone);
	if (!err)
		err = offhook_transport_add(phone, &udp, &me.transport);
	if (!err)
		err = offhook_account_add(phone, &me, &account);
	if (err)
		fprintf(stderr, "%s: %s\n", offhook_strerror(err), offhook_error_detail());
	while (!err && open_calls < at_once && left)
		next_call();
	while (open_calls)
		offhook_process(phone, -1);
	printf("%lu answered, %lu failed", answered, failed);
	if (answered)
		printf("; set-up %.1f ms at best, %.1f on average, %.1f at worst", best_ms,
			setup_ms / (double)answered, worst_ms);
	puts("");
	if (phone)
		offhook_phone_close(phone, 5000);
	offhook_phone_free(phone);
	return answered && !failed ? 0 : 1;
}
