/*
 * Takes a call, passes it on to somebody else, and records both sides in a file each.
 *
 *     record_both 5060 sip:agent@192.0.2.1 caller.wav agent.wav
 */
#include <offhook/offhook.h>
#include <stdio.h>
#include <stdlib.h>

static struct offhook_phone *phone;
static const char *agent;

/* [0] called us, [1] we called. */
static struct leg {
	offhook_id call, slot, recorder, recorder_slot;
} legs[2];
static int n_over;

static void pass_on(offhook_id call)
{
	struct offhook_call_cfg whom;

	if (legs[0].call) {
		offhook_call_hangup(phone, call, NULL);
		return;
	}
	legs[0].call = call;
	offhook_call_cfg_init(&whom);
	whom.uri = agent;
	if (offhook_call_make(phone, 0, &whom, &legs[1].call)) {
		n_over++;
		offhook_call_hangup(phone, call, NULL);
	}
}

static void on_event(void *arg, const struct offhook_event *e)
{
	int i = e->id == legs[1].call;
	struct offhook_link links[] = {{legs[0].slot, legs[1].slot, 1}, {legs[1].slot, legs[0].slot, 1}};

	(void)arg;
	if (e->type == OFFHOOK_EVENT_CALL_INCOMING)
		pass_on(e->id);
	if (!e->call || e->id != legs[i].call)
		return;
	if (e->type == OFFHOOK_EVENT_CALL_MEDIA && e->call->slot) {
		legs[i].slot = links[!i].sink = links[i].source = e->call->slot;
		offhook_connect(phone, e->call->slot, legs[i].recorder_slot);
		offhook_connect_many(phone, links, legs[!i].slot ? 2 : 0);
	}
	if (e->type != OFFHOOK_EVENT_CALL_STATE)
		return;
	/* The caller is answered when the other one has answered, and both end together. */
	if (i == 1 && e->call->state == OFFHOOK_CALL_CONFIRMED)
		offhook_call_answer(phone, legs[0].call, NULL);
	if (e->call->state == OFFHOOK_CALL_DISCONNECTED) {
		n_over++;
		offhook_call_hangup(phone, legs[!i].call, NULL);
	}
}

int main(int argc, char **argv)
{
	struct offhook_phone_cfg settings;
	struct offhook_transport_cfg udp;
	struct offhook_account_cfg me;
	offhook_id account;
	int err;

	if (argc != 5) {
		fprintf(stderr, "usage: record_both PORT URI CALLER.wav AGENT.wav\n");
		return 2;
	}
	agent = argv[2];
	offhook_phone_cfg_init(&settings);
	settings.delivery = OFFHOOK_DELIVER_PULL;
	settings.on_event = on_event;
	settings.jitter_ms = 60;
	offhook_transport_cfg_init(&udp);
	offhook_account_cfg_init(&me);
	udp.port = (uint16_t)atoi(argv[1]);
	err = offhook_phone_new(&settings, &phone);
	for (int i = 0; i < 2 && !err; i++)
		err = offhook_recorder_new(phone, argv[3 + i], &legs[i].recorder, &legs[i].recorder_slot);
	if (!err)
		err = offhook_transport_add(phone, &udp, &me.transport);
	if (!err)
		err = offhook_account_add(phone, &me, &account);
	if (err)
		fprintf(stderr, "%s %s\n", offhook_strerror(err), offhook_error_detail());
	while (!err && n_over < 2)
		offhook_process(phone, -1);
	offhook_phone_free(phone); /* completes the files too */
	return err ? 1 : 0;
}
