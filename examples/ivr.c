/*
 * A menu by telephone, until Enter: every caller hears the first file, and another one for each digit; # hangs up.
 *
 *     ivr 5060 menu.wav opening-hours.wav where-we-are.wav
 */
#include <offhook/offhook.h>
#include <stdio.h>
#include <stdlib.h>

#define MOST_CALLERS 50

/* Not from the heap: the last event of a player may come when its caller has gone already. */
static struct caller {
	offhook_id call, slot, player;
} callers[MOST_CALLERS];

static struct offhook_phone *phone;
static char **files; /* 0 is the menu */
static int n_files;

/* Instead of what it hears now; nothing when its audio is gone. */
static void play(struct caller *c, int file)
{
	offhook_id slot;

	offhook_port_remove(phone, c->player);
	c->player = 0;
	if (c->slot && offhook_player_new(phone, files[file], 0, c, &c->player, &slot) == 0)
		offhook_connect(phone, slot, c->slot);
}

static void welcome(const struct offhook_event *e)
{
	struct caller *c = callers;

	while (c->call)
		c++; /* one is free: max_calls is as many */
	*c = (struct caller){.call = e->id};
	offhook_call_set_user_data(phone, e->id, c);
	offhook_call_answer(phone, e->id, NULL);
}

static void on_event(void *arg, const struct offhook_event *e)
{
	struct caller *c = e->user_data;

	(void)arg;
	if (e->type == OFFHOOK_EVENT_CALL_INCOMING) {
		welcome(e);
	} else if (e->type == OFFHOOK_EVENT_CALL_MEDIA) {
		c->slot = e->call->slot;
		play(c, 0);
	} else if (e->type == OFFHOOK_EVENT_PLAYER_END && e->id == c->player) {
		play(c, 0);
	} else if (e->type == OFFHOOK_EVENT_CALL_DTMF) {
		if (e->digit == '#')
			offhook_call_hangup(phone, e->id, NULL);
		else if (e->digit > '0' && e->digit < '0' + n_files)
			play(c, e->digit - '0');
	} else if (e->type == OFFHOOK_EVENT_CALL_STATE && e->call->state == OFFHOOK_CALL_DISCONNECTED) {
		c->slot = 0;
		play(c, 0);
		c->call = 0; /* the place is free */
	}
}

int main(int argc, char **argv)
{
	struct offhook_phone_cfg settings;
	struct offhook_transport_cfg udp;
	struct offhook_account_cfg me;
	offhook_id account;
	int err;

	if (argc < 3) {
		fprintf(stderr, "usage: ivr PORT MENU.wav FILE.wav ...\n");
		return 2;
	}
	files = argv + 2;
	n_files = argc - 2;
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
