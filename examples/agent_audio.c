/* The ear and mouth of a voice agent: calls somebody, hears 16 kHz samples, says them again a second later; what it still
 * has to say is cleared when a digit comes. */
#include <offhook/offhook.h>
#include <stdio.h>

#define RATE  16000
#define FRAME (RATE / 50)
#define LATER 50 /* frames */

struct agent {
	struct offhook_phone *phone;
	offhook_id ear;
};

static void on_event(void *arg, const struct offhook_event *event)
{
	const struct agent *a = arg;
	uint64_t unheard;

	if (event->type == OFFHOOK_EVENT_CALL_DTMF && !offhook_audio_clear(a->phone, a->ear, 10, &unheard))
		printf("interrupted by %c with %.1f s still to say\n", event->digit, (double)unheard / RATE);
}

/* Until the call ends. */
static long listen_and_speak(const struct agent *a)
{
	static int16_t past[LATER][FRAME];
	int16_t heard[FRAME];
	long n;

	for (unsigned i = 0;; i = (i + 1) % LATER) {
		n = offhook_audio_read(a->phone, a->ear, heard, FRAME, -1, NULL);
		if (n == FRAME)
			n = offhook_audio_write(a->phone, a->ear, past[i], FRAME, -1);
		if (n != FRAME)
			return n;
		for (unsigned s = 0; s < FRAME; s++)
			past[i][s] = heard[s];
	}
}

static void report(const struct agent *a)
{
	struct offhook_audio_info info = {.size = sizeof(info)};

	if (!offhook_audio_get_info(a->phone, a->ear, &info))
		printf("heard %.1f s, said %.1f s\n", (double)info.read / RATE, (double)info.heard / RATE);
}

int main(int argc, char **argv)
{
	struct agent a = {0};
	struct offhook_phone_cfg settings;
	struct offhook_transport_cfg udp;
	struct offhook_account_cfg me;
	struct offhook_call_cfg whom;
	struct offhook_audio_cfg audio;
	offhook_id account;
	long err;

	if (argc < 2) {
		fprintf(stderr, "agent_audio sip:SOMEBODY@HOST\n");
		return 2;
	}
	offhook_phone_cfg_init(&settings);
	settings.on_event = on_event;
	settings.on_event_arg = &a;
	offhook_transport_cfg_init(&udp);
	offhook_account_cfg_init(&me);
	offhook_call_cfg_init(&whom);
	whom.uri = argv[1];
	offhook_audio_cfg_init(&audio);
	audio.rate_hz = RATE;

	err = offhook_phone_new(&settings, &a.phone);
	if (!err)
		err = offhook_transport_add(a.phone, &udp, &me.transport);
	if (!err)
		err = offhook_account_add(a.phone, &me, &account);
	if (!err)
		err = offhook_call_make(a.phone, account, &whom, &audio.call);
	if (!err)
		err = offhook_audio_new(a.phone, &audio, &a.ear, NULL);
	if (!err)
		err = listen_and_speak(&a);
	if (err == OH_EENDED)
		report(&a);
	else
		fprintf(stderr, "%s: %s\n", offhook_strerror((int)err), offhook_error_detail());
	offhook_phone_free(a.phone);
	return err == OH_EENDED ? 0 : 1;
}
