/*
 * Calls somebody, plays a sound file when they answer, and hangs up at its end.
 *
 *     dial_play sip:bob@192.0.2.1 hello.wav
 */
#include <offhook/offhook.h>
#include <stdio.h>

struct program {
	struct offhook_phone *phone;
	offhook_id call, player, player_slot;
	int answered, over;
};

static void on_event(void *arg, const struct offhook_event *e)
{
	struct program *p = arg;

	switch (e->type) {
	case OFFHOOK_EVENT_CALL_STATE:
		if (e->call->state == OFFHOOK_CALL_DISCONNECTED) {
			printf("ended: %u %s\n", e->call->last_status, e->call->last_reason);
			p->over = 1;
		}
		if (e->call->state != OFFHOOK_CALL_CONFIRMED)
			break;
		p->answered = 1;
		/* Only now, not in the ringing: early audio has nobody who listens. */
		offhook_connect(p->phone, p->player_slot, e->call->slot);
		break;
	case OFFHOOK_EVENT_CALL_MEDIA:
		/* Audio that changed (hold, another codec) comes without its connections. */
		if (p->answered && e->call->slot)
			offhook_connect(p->phone, p->player_slot, e->call->slot);
		break;
	case OFFHOOK_EVENT_PLAYER_END:
		offhook_call_hangup(p->phone, p->call, NULL);
		break;
	default:
		break;
	}
}

static int dial(struct program *p, const char *uri, const char *file)
{
	struct offhook_phone_cfg settings;
	struct offhook_transport_cfg udp;
	struct offhook_account_cfg me;
	struct offhook_call_cfg whom;
	offhook_id account;
	int err;

	offhook_phone_cfg_init(&settings);
	settings.delivery = OFFHOOK_DELIVER_PULL; /* one thread is enough here */
	settings.on_event = on_event;
	settings.on_event_arg = p;
	offhook_transport_cfg_init(&udp);
	offhook_account_cfg_init(&me);
	offhook_call_cfg_init(&whom);
	whom.uri = uri;

	err = offhook_phone_new(&settings, &p->phone);
	if (!err)
		err = offhook_player_new(p->phone, file, 0, NULL, &p->player, &p->player_slot);
	if (!err)
		err = offhook_transport_add(p->phone, &udp, &me.transport);
	if (!err)
		err = offhook_account_add(p->phone, &me, &account);
	if (!err)
		err = offhook_call_make(p->phone, account, &whom, &p->call);
	return err;
}

int main(int argc, char **argv)
{
	struct program p = {0};
	int err;

	if (argc != 3) {
		fprintf(stderr, "usage: dial_play URI FILE.wav\n");
		return 2;
	}
	err = dial(&p, argv[1], argv[2]);
	if (err)
		fprintf(stderr, "dial_play: %s: %s\n", offhook_strerror(err), offhook_error_detail());
	while (!err && !p.over)
		offhook_process(p.phone, -1);
	if (p.phone)
		offhook_phone_close(p.phone, 2000); /* until the peer has confirmed the end */
	offhook_phone_free(p.phone);
	return p.answered ? 0 : 1;
}
