/* How a call sounds, in its reports: at the end, and every so often with --stats. */
#include "quality.h"

#include <jansson.h>

struct json_t *quality_json(const struct offhook_call_quality *q)
{
	return json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:b, s:f, s:f, "
			 "s:f, s:f, s:f, s:f}",
		"rx_r", q->rx_r, "rx_mos_lq", q->rx_mos_lq, "rx_mos_cq", q->rx_mos_cq, "rx_all_r",
		q->rx_all_r, "rx_all_mos_lq", q->rx_all_mos_lq, "rx_all_mos_cq", q->rx_all_mos_cq,
		"rx_worst_mos_cq", q->rx_worst_mos_cq, "rx_loss_percent", q->rx_loss_percent,
		"rx_discard_percent", q->rx_discard_percent, "rx_delay_ms", q->rx_delay_ms, "tx_r", q->tx_r,
		"tx_mos_lq", q->tx_mos_lq, "tx_mos_cq", q->tx_mos_cq, "tx_told", q->tx_told,
		"tx_loss_percent", q->tx_loss_percent, "rtt_ms", q->rtt_ms, "rx_wide_r", q->rx_wide_r,
		"rx_wide_mos_cq", q->rx_wide_mos_cq, "rx_all_wide_r", q->rx_all_wide_r, "rx_all_wide_mos_cq",
		q->rx_all_wide_mos_cq);
}

void quality_text(double mos, char buf[QUALITY_TEXT])
{
	if (mos > 0)
		snprintf(buf, QUALITY_TEXT, "%.1f", mos);
	else
		snprintf(buf, QUALITY_TEXT, "unknown");
}

static void report_now(const struct options *o, struct offhook_phone *phone, offhook_id call)
{
	struct offhook_call_quality q = {.size = sizeof(q)};
	struct offhook_call_info *info = NULL;
	char here[QUALITY_TEXT], there[QUALITY_TEXT];
	json_t *json, *figures;

	if (offhook_call_get_quality(phone, call, &q) || offhook_call_get_info(phone, call, &info))
		return;
	json = report_call_json(info);
	offhook_call_info_free(info);
	figures = quality_json(&q);
	json_object_update(json, figures);
	json_decref(figures);
	quality_text(q.rx_mos_cq, here);
	quality_text(q.tx_mos_cq, there);
	report(o, "call.quality", json, "quality: MOS %s here, %s there, %.1f %% lost, round trip %.0f ms",
		here, there, q.rx_loss_percent, q.rtt_ms);
}

void quality_watch(struct quality_clock *c, const struct options *o, struct offhook_phone *phone,
	offhook_id call, double now)
{
	if (o->stats_s <= 0)
		return;
	if (call != c->call) {
		c->call = call;
		c->next = now + o->stats_s;
	}
	if (!call || now < c->next)
		return;
	c->next += o->stats_s;
	report_now(o, phone, call);
}

void quality_listen(const struct options *o, struct offhook_phone *phone)
{
	struct offhook_listen_cfg cfg;

	offhook_listen_cfg_init(&cfg);
	cfg.silence_ms = (uint32_t)(o->silence_s * 1000);
	cfg.speech = o->speech;
	(void)offhook_call_listen(phone, 0, &cfg);
}

/* For people the first line, for machines all of it. */
static void report_no_rtp(const struct options *o, struct offhook_phone *phone, const struct offhook_event *e)
{
	json_t *json = report_call_json(e->call);
	char why[4096];

	if (offhook_call_explain(phone, e->id, why, sizeof(why)) < 0)
		why[0] = '\0';
	json_object_set_new(json, "why", json_string(why));
	report(o, "call.no_rtp", json, "no audio packets are coming. %s", why);
}

void quality_event(const struct options *o, struct offhook_phone *phone, const struct offhook_event *e)
{
	json_t *json;

	switch (e->type) {
	case OFFHOOK_EVENT_CALL_RTP:
		if (e->status)
			report(o, "call.rtp", report_call_json(e->call), NULL);
		else
			report_no_rtp(o, phone, e);
		break;
	case OFFHOOK_EVENT_CALL_SILENCE:
		json = report_call_json(e->call);
		json_object_set_new(json, "silence_ms", json_integer((json_int_t)e->duration_ms));
		report(o, e->status ? "call.sound" : "call.silence", json,
			e->status ? NULL : "the peer sends nothing but silence");
		break;
	case OFFHOOK_EVENT_CALL_SPEECH:
		json = report_call_json(e->call);
		json_object_set_new(json, "speaks", json_boolean(e->status));
		json_object_set_new(json, "speech_ms", json_integer((json_int_t)e->duration_ms));
		report(o, "call.speech", json, e->status ? "the peer speaks" : "the peer is quiet");
		break;
	default:
		break;
	}
}
