/*
 * Calls somebody; h and Enter puts them on hold with music, r and Enter takes them back, q and Enter hangs up.
 *
 *     music_on_hold sip:bob@192.0.2.1 music.wav
 */
#include <offhook/offhook.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

static struct offhook_phone *phone;
static offhook_id call, device, music;
static int over;

static void on_event(void *arg, const struct offhook_event *e)
{
	(void)arg;
	if (e->type == OFFHOOK_EVENT_CALL_STATE && e->call->state == OFFHOOK_CALL_DISCONNECTED)
		over = 1;
	if (e->type != OFFHOOK_EVENT_CALL_MEDIA || !e->call->slot)
		return;
	/* Whatever was connected is gone when the audio changes: only what belongs to the new state is made. */
	if (e->call->media_state == OFFHOOK_MEDIA_LOCAL_HOLD) {
		offhook_connect(phone, music, e->call->slot);
	} else {
		offhook_connect(phone, device, e->call->slot);
		offhook_connect(phone, e->call->slot, device);
	}
}

static int open_phone(const char *uri, const char *file)
{
	struct offhook_phone_cfg settings;
	struct offhook_transport_cfg udp;
	struct offhook_account_cfg me;
	struct offhook_call_cfg whom;
	offhook_id account, player;
	int err;

	offhook_phone_cfg_init(&settings);
	settings.delivery = OFFHOOK_DELIVER_PULL;
	settings.on_event = on_event;
	offhook_transport_cfg_init(&udp);
	offhook_account_cfg_init(&me);
	offhook_call_cfg_init(&whom);
	whom.uri = uri;
	err = offhook_phone_new(&settings, &phone);
	if (!err)
		err = offhook_player_new(phone, file, 1, NULL, &player, &music);
	if (!err)
		err = offhook_slot_of(phone, 0, &device);
	if (!err)
		err = offhook_transport_add(phone, &udp, &me.transport);
	if (!err)
		err = offhook_account_add(phone, &me, &account);
	if (!err)
		err = offhook_call_make(phone, account, &whom, &call);
	return err;
}

static void obey(char key)
{
	int err = 0;

	if (key == 'h')
		err = offhook_call_hold(phone, call, NULL, 0);
	else if (key == 'r')
		err = offhook_call_reinvite(phone, call, NULL, 0);
	else if (key == 'q')
		err = offhook_call_hangup(phone, call, NULL);
	if (err)
		fprintf(stderr, "%s\n", offhook_strerror(err));
}

int main(int argc, char **argv)
{
	struct pollfd fds[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.events = POLLIN}};
	char key;
	int err;

	if (argc != 3) {
		fprintf(stderr, "usage: music_on_hold URI FILE.wav\n");
		return 2;
	}
	err = open_phone(argv[1], argv[2]);
	if (err)
		fprintf(stderr, "%s: %s\n", offhook_strerror(err), offhook_error_detail());
	else
		fds[1].fd = offhook_events_fd(phone); /* one loop for keys and events */
	while (!err && !over && poll(fds, 2, -1) > 0) {
		if (fds[0].revents)
			obey(read(STDIN_FILENO, &key, 1) == 1 ? key : 'q'); /* the end of the input too */
		offhook_process(phone, 0);
	}
	if (phone)
		offhook_phone_close(phone, 2000);
	offhook_phone_free(phone);
	return err ? 1 : 0;
}
