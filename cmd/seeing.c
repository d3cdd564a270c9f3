/* What a run shows of its SIP besides --trace: a capture file, a collector, ladders of its calls. */
#include "seeing.h"

#include <jansson.h>

#include <stdlib.h>
#include <string.h>

/* So long after its end a call is drawn: the answer to the last word has come by then. */
#define LADDER_AFTER_S 1.0

bool seeing_start(struct seeing *s, const struct options *o, struct offhook_phone *phone)
{
	struct offhook_trace_cfg cfg;
	int err;

	*s = (struct seeing){.o = o, .phone = phone};
	if (!o->pcap && !o->hep)
		return true;
	offhook_trace_cfg_init(&cfg);
	cfg.pcap = o->pcap;
	cfg.hep = o->hep;
	err = offhook_trace_start(phone, &cfg, &s->trace);
	if (err)
		complain(o, o->pcap ? o->pcap : o->hep, err);
	return !err;
}

static void draw(const struct seeing *s, offhook_id call)
{
	long n = offhook_call_ladder(s->phone, call, NULL, 0);
	char *text = n < 0 ? NULL : malloc((size_t)n + 1);

	if (!text)
		return;
	if (offhook_call_ladder(s->phone, call, text, (size_t)n + 1) == n) {
		json_t *json = json_object();

		json_object_set_new(json, "text", report_text(text, (size_t)n));
		report(s->o, "ladder", json, "%s", text);
	}
	free(text);
}

static void draw_first(struct seeing *s)
{
	draw(s, s->ended[0].call);
	memmove(&s->ended[0], &s->ended[1], --s->n_ended * sizeof(s->ended[0]));
}

void seeing_call_ended(struct seeing *s, offhook_id call, double now)
{
	if (!s->o->ladder)
		return;
	if (s->n_ended == SEEING_ENDED_MAX)
		draw_first(s);
	s->ended[s->n_ended].call = call;
	s->ended[s->n_ended++].at = now;
}

void seeing_clock(struct seeing *s, double now)
{
	while (s->n_ended && now - s->ended[0].at >= LADDER_AFTER_S)
		draw_first(s);
}

void seeing_closed(struct seeing *s)
{
	while (s->n_ended)
		draw_first(s);
}

void seeing_stop(struct seeing *s)
{
	int err = s->trace ? offhook_trace_stop(s->phone, s->trace) : 0;

	if (err)
		complain(s->o, s->o->pcap, err);
	s->trace = 0;
}
