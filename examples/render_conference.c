/*
 * An hour of a conference as a file, in seconds: each voice is a phone that calls a room, where everybody hears everybody
 * else, and a recorder hears them all.
 *
 *     render_conference room.wav 3600 one.wav two.wav three.wav
 */
#include <offhook/offhook.h>
#include <stdio.h>
#include <stdlib.h>

#define MOST 32

static struct offhook_render *world;
static struct offhook_phone *room, *phones[MOST];
static offhook_id slots[MOST], voices[MOST], recorder, recorder_slot;
static int n_slots;

/* In the room: who comes is joined with all who are there. */
static void on_room(void *arg, const struct offhook_event *e)
{
	(void)arg;
	if (e->type == OFFHOOK_EVENT_CALL_INCOMING)
		offhook_call_answer(room, e->id, NULL);
	if (e->type != OFFHOOK_EVENT_CALL_MEDIA || n_slots == MOST)
		return;
	for (int i = 0; i < n_slots; i++) {
		offhook_connect(room, slots[i], e->call->slot);
		offhook_connect(room, e->call->slot, slots[i]);
	}
	slots[n_slots++] = e->call->slot;
	offhook_connect(room, e->call->slot, recorder_slot);
}

/* A voice speaks into its call. */
static void on_voice(void *arg, const struct offhook_event *e)
{
	int i = (int)((struct offhook_phone **)arg - phones);

	if (e->type == OFFHOOK_EVENT_CALL_MEDIA)
		offhook_connect(phones[i], voices[i], e->call->slot);
}

static int open_phone(int host, offhook_event_fn *on_event, struct offhook_phone **ret_phone)
{
	struct offhook_phone_cfg settings;
	struct offhook_transport_cfg udp;
	struct offhook_account_cfg me;
	offhook_id account;
	char address[32];
	int err;

	snprintf(address, sizeof(address), "192.0.2.%d", host);
	offhook_phone_cfg_init(&settings);
	settings.clock_rate_hz = 8000;
	settings.on_event = on_event;
	settings.on_event_arg = ret_phone;
	offhook_transport_cfg_init(&udp);
	udp.port = 5060;
	offhook_account_cfg_init(&me);
	err = offhook_render_phone(world, address, &settings, ret_phone);
	if (!err)
		err = offhook_transport_add(*ret_phone, &udp, &me.transport);
	return err ? err : offhook_account_add(*ret_phone, &me, &account);
}

int main(int argc, char **argv)
{
	struct offhook_call_cfg call;
	offhook_id id;
	int n = argc - 3, err;

	if (n < 1 || n > MOST) {
		fprintf(stderr, "usage: render_conference TO.wav SECONDS VOICE.wav ...\n");
		return 2;
	}
	offhook_call_cfg_init(&call);
	call.uri = "sip:room@192.0.2.1";
	err = offhook_render_new(1, &world);
	err = err ? err : open_phone(1, on_room, &room);
	err = err ? err : offhook_recorder_new(room, argv[1], &recorder, &recorder_slot);
	for (int i = 0; i < n && !err; i++) {
		err = open_phone(10 + i, on_voice, &phones[i]);
		err = err ? err : offhook_player_new(phones[i], argv[3 + i], 1, NULL, &id, &voices[i]);
		err = err ? err : offhook_call_make(phones[i], 0, &call, &id);
	}
	err = err ? err : offhook_render_run(world, (uint32_t)atoi(argv[2]) * 1000);
	err = err ? err : offhook_port_remove(room, recorder);
	if (err)
		fprintf(stderr, "%s: %s\n", offhook_strerror(err), offhook_error_detail());
	for (int i = 0; i < n; i++)
		offhook_phone_free(phones[i]);
	offhook_phone_free(room);
	offhook_render_free(world);
	return err ? 1 : 0;
}
