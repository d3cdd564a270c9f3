#include "tones.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static const char *const kinds[] = {
	[OFFHOOK_TONE_DIAL] = "dial",
	[OFFHOOK_TONE_RINGBACK] = "ringback",
	[OFFHOOK_TONE_BUSY] = "busy",
	[OFFHOOK_TONE_CONGESTION] = "congestion",
	[OFFHOOK_TONE_CALL_WAITING] = "waiting",
	[OFFHOOK_TONE_SIT] = "sit",
};

const char *tones_national(const char *text)
{
	char country[3] = "";

	if (strlen(text) < 4 || text[2] != ':')
		return NULL;
	memcpy(country, text, 2);
	for (size_t i = OFFHOOK_TONE_DIAL; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i], text + 3))
			return offhook_tone_find(country, (enum offhook_tone_kind)i);
	return NULL;
}

int tones_play(const struct options *o, struct offhook_phone *phone, offhook_id *ret_id, offhook_id *ret_slot)
{
	struct offhook_pattern_cfg cfg;
	char two[64];

	offhook_pattern_cfg_init(&cfg);
	cfg.pattern = o->tone;
	if (o->tone_hz[1] > 0)
		snprintf(two, sizeof(two), "%.2f+%.2f", o->tone_hz[0], o->tone_hz[1]);
	else if (o->tone_hz[0] > 0)
		snprintf(two, sizeof(two), "%.2f", o->tone_hz[0]);
	if (o->tone_hz[0] > 0)
		cfg.pattern = two;
	else if (tones_national(o->tone))
		cfg.pattern = tones_national(o->tone);
	return offhook_tone_pattern(phone, &cfg, ret_id, ret_slot);
}

int tones_listen(const struct options *o, struct offhook_phone *phone)
{
	struct offhook_progress_cfg cfg;

	if (!o->progress)
		return 0;
	offhook_progress_cfg_init(&cfg);
	if (strcmp(o->progress, "any") != 0)
		cfg.country = o->progress;
	return offhook_call_progress_listen(phone, 0, &cfg);
}

void tones_event(const struct options *o, const struct offhook_event *e)
{
	static const char *const heard[] = {
		[OFFHOOK_PROGRESS_DIAL] = "dial",
		[OFFHOOK_PROGRESS_RINGBACK] = "ringback",
		[OFFHOOK_PROGRESS_BUSY] = "busy",
		[OFFHOOK_PROGRESS_CONGESTION] = "congestion",
		[OFFHOOK_PROGRESS_SIT] = "sit",
		[OFFHOOK_PROGRESS_FAX_CALLS] = "fax_calls",
		[OFFHOOK_PROGRESS_FAX_ANSWERS] = "fax_answers",
		[OFFHOOK_PROGRESS_BEEP] = "beep",
	};
	json_t *json = report_call_json(e->call);

	json_object_set_new(json, "heard", json_string(heard[e->status]));
	json_object_set_new(json, "confidence", json_integer((json_int_t)e->count));
	json_object_set_new(json, "tones", json_string(e->text));
	report(o, "call.progress", json, "%s tone: %s", heard[e->status], e->text);
}

bool tones_way(const char *text, enum offhook_dtmf *ret_way)
{
	static const char *const ways[] = {[OFFHOOK_DTMF_AUTO] = "auto",
		[OFFHOOK_DTMF_RTP] = "rtp",
		[OFFHOOK_DTMF_INFO_RELAY] = "relay",
		[OFFHOOK_DTMF_INFO] = "info",
		[OFFHOOK_DTMF_IN_BAND] = "tones"};

	for (size_t i = OFFHOOK_DTMF_AUTO; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (!strcmp(ways[i], text)) {
			*ret_way = (enum offhook_dtmf)i;
			return true;
		}
	return false;
}
