/* Microphone and speaker: which ones, the list of those there are, and what becomes of them. */
#include "command.h"

#include <jansson.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_MAX 256

int sound_choose(const struct options *o, struct offhook_phone *phone)
{
	struct offhook_device_cfg cfg;
	int err;

	if (!o->sound)
		return EXIT_OK;
	offhook_device_cfg_init(&cfg);
	cfg.capture = o->microphone;
	cfg.playback = o->speaker;
	cfg.echo_ms = o->no_echo_cancel ? 0 : cfg.echo_ms;
	err = offhook_device_set(phone, &cfg);
	if (err)
		complain(o, "--microphone, --speaker", err);
	return err ? EXIT_USAGE : EXIT_OK;
}

size_t sound_link(const struct options *o, struct offhook_phone *phone, offhook_id slot,
	struct offhook_link ret_links[2])
{
	offhook_id device;

	if (!o->sound || offhook_slot_of(phone, 0, &device))
		return 0;
	ret_links[0] = (struct offhook_link){device, slot, 1};
	ret_links[1] = (struct offhook_link){slot, device, 1};
	return 2;
}

void sound_changed(const struct options *o, const struct offhook_event *e)
{
	static const char *const changes[] = {"", "opened", "lost", "back", "failed", "list"};
	static const char *const sides[] = {"", "capture", "playback", "ring"};

	if (e->status == OFFHOOK_DEVICE_LIST)
		return;
	report(o, "device",
		json_pack("{s:s, s:s, s:s, s:s}", "change", changes[e->status], "side", sides[e->count],
			"device", e->text, "reason", e->reason ? e->reason : ""),
		e->error ? "%s device %s: %s, %s" : "%s device %s: %s%s", sides[e->count], e->text,
		changes[e->status], e->reason ? e->reason : "");
}

static void print(const struct options *o, const struct offhook_device *d)
{
	if (o->json)
		report(o, "device.found",
			json_pack("{s:s, s:s, s:i, s:i, s:b, s:b}", "device", d->id, "name", d->name,
				"inputs", (int)d->capture_channels, "outputs", (int)d->playback_channels,
				"default_input", d->default_capture, "default_output", d->default_playback),
			NULL);
	else
		printf("%c%c%c %s\n    %s\n", d->default_capture || d->default_playback ? '*' : ' ',
			d->capture_channels ? 'm' : '-', d->playback_channels ? 's' : '-', d->id, d->name);
}

int sound_list(const struct options *o)
{
	struct offhook_phone *phone;
	struct offhook_device *list;
	long n;
	int err = offhook_phone_new(NULL, &phone);

	if (err) {
		complain(o, "cannot start", err);
		return EXIT_TRANSPORT;
	}
	list = calloc(LIST_MAX, sizeof(*list));
	for (size_t i = 0; list && i < LIST_MAX; i++)
		list[i].size = sizeof(list[i]);
	n = list ? offhook_devices(phone, list, LIST_MAX) : OH_ENOMEM;
	if (n < 0)
		complain(o, "no list of devices", (int)n);
	if (n == 0 && offhook_device_open(phone) == OH_ENOSOUND)
		complain(o, "no sound devices", OH_ENOSOUND);
	for (long i = 0; i < n && i < LIST_MAX; i++)
		print(o, &list[i]);
	free(list);
	offhook_phone_free(phone);
	return n < 0 ? EXIT_TRANSPORT : EXIT_OK;
}
