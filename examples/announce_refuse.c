/*
 * Tells every caller why nobody answers, before the call is answered and thus for free, and then refuses it.
 *
 *     announce_refuse 5060 closed.wav
 */
#include <offhook/offhook.h>
#include <stdio.h>
#include <stdlib.h>

#define MOST_CALLERS 50

/* Not from the heap: the last event of a player may come when its caller has gone already. */
static struct caller {
	offhook_id call, player, player_slot;
} callers[MOST_CALLERS];

static struct offhook_phone *phone;
static const char *file;

static void respond(offhook_id call, unsigned code, const char *reason)
{
	struct offhook_answer answer;

	offhook_answer_init(&answer);
	answer.code = code;
	answer.reason = reason;
	offhook_call_answer(phone, call, &answer);
}

static void welcome(const struct offhook_event *e)
{
	struct caller *c = callers;

	while (c->call)
		c++; /* one is free: max_calls is as many */
	if (offhook_player_new(phone, file, 0, c, &c->player, &c->player_slot)) {
		respond(e->id, 480, "Closed");
		return;
	}
	c->call = e->id;
	offhook_call_set_user_data(phone, e->id, c);
	respond(e->id, 183, NULL); /* opens the audio */
}

static void on_event(void *arg, const struct offhook_event *e)
{
	struct caller *c = e->user_data;

	(void)arg;
	if (e->type == OFFHOOK_EVENT_CALL_INCOMING) {
		welcome(e);
	} else if (e->type == OFFHOOK_EVENT_CALL_MEDIA && e->call->slot) {
		offhook_connect(phone, c->player_slot, e->call->slot);
	} else if (e->type == OFFHOOK_EVENT_PLAYER_END && e->id == c->player) {
		respond(c->call, 480, "Closed");
	} else if (c && e->type == OFFHOOK_EVENT_CALL_STATE && e->call->state == OFFHOOK_CALL_DISCONNECTED) {
		printf("%s heard %.1f s\n", e->call->remote_uri, e->call->total_time_s);
		fflush(stdout);
		offhook_port_remove(phone, c->player);
		*c = (struct caller){0};
	}
}

int main(int argc, char **argv)
{
	struct offhook_phone_cfg settings;
	struct offhook_transport_cfg udp;
	struct offhook_account_cfg me;
	offhook_id account;
	int err;

	if (argc != 3) {
		fprintf(stderr, "usage: announce_refuse PORT FILE.wav\n");
		return 2;
	}
	file = argv[2];
	offhook_phone_cfg_init(&settings);
	settings.on_event = on_event;
	settings.max_calls = MOST_CALLERS;
	offhook_transport_cfg_init(&udp);
	udp.port = (uint16_t)atoi(argv[1]);
	offhook_account_cfg_init(&me);
	err = offhook_phone_new(&settings, &phone);
	if (!err)
		err = offhook_transport_add(phone, &udp, &me.transport);
	if (!err)
		err = offhook_account_add(phone, &me, &account);
	if (err)
		fprintf(stderr, "%s: %s\n", offhook_strerror(err), offhook_error_detail());
	else
		getchar(); /* the phone works on its own threads until Enter */
	offhook_phone_free(phone);
	return err ? 1 : 0;
}
