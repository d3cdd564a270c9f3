/*
 * A conference: whoever calls hears everybody else. Until Enter.
 *
 *     conference 5060
 */
#include <offhook/offhook.h>
#include <stdio.h>
#include <stdlib.h>

static struct offhook_phone *phone;
static offhook_id conference;

static void on_event(void *arg, const struct offhook_event *e)
{
	(void)arg;
	if (e->type == OFFHOOK_EVENT_CALL_INCOMING) {
		offhook_call_answer(phone, e->id, NULL);
		offhook_conference_add(phone, conference, e->id, NULL);
	} else if (e->type == OFFHOOK_EVENT_CALL_STATE) {
		if (e->call->state != OFFHOOK_CALL_DISCONNECTED && e->call->state != OFFHOOK_CALL_CONFIRMED)
			return;
		/* Whose call has ended is in no conference any more; who is held comes back by himself. */
		printf("%ld in the conference: %s %s\n",
			offhook_conference_members(phone, conference, NULL, 0), e->call->remote_uri,
			e->call->state == OFFHOOK_CALL_CONFIRMED ? "came" : "left");
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	struct offhook_phone_cfg settings;
	struct offhook_transport_cfg udp;
	struct offhook_account_cfg me;
	offhook_id account;
	int err;

	if (argc != 2) {
		fprintf(stderr, "usage: conference PORT\n");
		return 2;
	}
	offhook_phone_cfg_init(&settings);
	settings.on_event = on_event; /* on one thread of the library: no locks here */
	settings.max_calls = 32;      /* who comes then hears busy */
	settings.jitter_ms = 60;
	offhook_transport_cfg_init(&udp);
	udp.port = (uint16_t)atoi(argv[1]);
	offhook_account_cfg_init(&me);
	err = offhook_phone_new(&settings, &phone);
	if (!err)
		err = offhook_conference_new(phone, NULL, &conference);
	if (!err)
		err = offhook_transport_add(phone, &udp, &me.transport);
	if (!err)
		err = offhook_account_add(phone, &me, &account);
	if (err)
		fprintf(stderr, "%s: %s\n", offhook_strerror(err), offhook_error_detail());
	else
		getchar();
	offhook_phone_free(phone);
	return err ? 1 : 0;
}
