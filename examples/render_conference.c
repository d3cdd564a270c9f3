/*
 * An hour of a conference as a file, in seconds: each voice speaks again and again on a bridge of its own phone, the phones
 * call a room where everybody hears everybody else, and a recorder hears all of them.
 *
 *     render_conference room.wav 3600 one.wav two.wav three.wav
 */
#include <offhook/offhook.h>
#include <stdio.h>
#include <stdlib.h>

#define MOST 32

struct seat {
	struct offhook_phone *phone;
	offhook_id voice;
};

static struct offhook_phone *room;
static offhook_id slots[MOST], recorder_slot;
static size_t n_slots;

static int check(int err)
{
	if (err)
		fprintf(stderr, "%s: %s\n", offhook_strerror(err), offhook_error_detail());
	return err;
}

/* In the room: who has come is joined with all who are there. */
static void on_room(void *arg, const struct offhook_event *e)
{
	(void)arg;
	if (e->type == OFFHOOK_EVENT_CALL_INCOMING)
		offhook_call_answer(room, e->id, NULL);
	if (e->type != OFFHOOK_EVENT_CALL_MEDIA || !e->call->slot || n_slots == MOST)
		return;
	for (size_t i = 0; i < n_slots; i++) {
		offhook_connect(room, slots[i], e->call->slot);
		offhook_connect(room, e->call->slot, slots[i]);
	}
	slots[n_slots++] = e->call->slot;
	offhook_connect(room, e->call->slot, recorder_slot);
}

/* At a seat: the voice speaks into the call. */
static void on_seat(void *arg, const struct offhook_event *e)
{
	struct seat *seat = arg;

	if (e->type == OFFHOOK_EVENT_CALL_MEDIA && e->call->slot)
		offhook_connect(seat->phone, seat->voice, e->call->slot);
}

static int open_phone(struct offhook_render *world, const char *address, offhook_event_fn *on_event,
	void *arg, struct offhook_phone **ret_phone)
{
	struct offhook_phone_cfg settings;
	struct offhook_transport_cfg udp;
	struct offhook_account_cfg me;
	offhook_id account;
	int err;

	offhook_phone_cfg_init(&settings);
	settings.clock_rate_hz = 8000;
	settings.on_event = on_event;
	settings.on_event_arg = arg;
	offhook_transport_cfg_init(&udp);
	udp.port = 5060;
	offhook_account_cfg_init(&me);
	err = offhook_render_phone(world, address, &settings, ret_phone);
	if (!err)
		err = offhook_transport_add(*ret_phone, &udp, &me.transport);
	return err ? err : offhook_account_add(*ret_phone, &me, &account);
}

static int sit_down(struct offhook_render *world, struct seat *seat, unsigned number, const char *voice)
{
	struct offhook_call_cfg call;
	char address[32];
	offhook_id id;
	int err;

	snprintf(address, sizeof(address), "192.0.2.%u", 10 + number);
	err = open_phone(world, address, on_seat, seat, &seat->phone);
	if (!err)
		err = offhook_player_new(seat->phone, voice, 1, NULL, &id, &seat->voice);
	offhook_call_cfg_init(&call);
	call.uri = "sip:room@192.0.2.1";
	return err ? err : offhook_call_make(seat->phone, 0, &call, &id);
}

int main(int argc, char **argv)
{
	struct offhook_render *world;
	struct seat seats[MOST] = {0};
	offhook_id recorder;
	int n = argc - 3, err;

	if (argc < 4 || n > MOST || atoi(argv[2]) < 1) {
		fprintf(stderr, "usage: render_conference TO.wav SECONDS VOICE.wav ...\n");
		return 2;
	}
	err = check(offhook_render_new(1, &world));
	if (err)
		return 1;
	err = check(open_phone(world, "192.0.2.1", on_room, NULL, &room));
	if (!err)
		err = check(offhook_recorder_new(room, argv[1], &recorder, &recorder_slot));
	for (int i = 0; i < n && !err; i++)
		err = check(sit_down(world, &seats[i], (unsigned)i, argv[3 + i]));
	if (!err)
		err = check(offhook_render_run(world, (uint32_t)atoi(argv[2]) * 1000));
	if (!err)
		err = check(offhook_port_remove(room, recorder));
	for (int i = 0; i < n; i++)
		offhook_phone_free(seats[i].phone);
	offhook_phone_free(room);
	offhook_render_free(world);
	return err ? 1 : 0;
}
