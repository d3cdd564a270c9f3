/* How a call sounds, in its reports: at the end, and every so often with --stats. */
#include "quality.h"

#include <jansson.h>

struct json_t *quality_json(const struct offhook_call_quality *q)
{
	return json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:b, s:f, s:f}",
		"rx_r", q->rx_r, "rx_mos_lq", q->rx_mos_lq, "rx_mos_cq", q->rx_mos_cq, "rx_all_r",
		q->rx_all_r, "rx_all_mos_lq", q->rx_all_mos_lq, "rx_all_mos_cq", q->rx_all_mos_cq,
		"rx_worst_mos_cq", q->rx_worst_mos_cq, "rx_loss_percent", q->rx_loss_percent,
		"rx_discard_percent", q->rx_discard_percent, "rx_delay_ms", q->rx_delay_ms, "tx_r", q->tx_r,
		"tx_mos_lq", q->tx_mos_lq, "tx_mos_cq", q->tx_mos_cq, "tx_told", q->tx_told,
		"tx_loss_percent", q->tx_loss_percent, "rtt_ms", q->rtt_ms);
}

static void text_of(double mos, char buf[16])
{
	if (mos > 0)
		snprintf(buf, 16, "%.1f", mos);
	else
		snprintf(buf, 16, "unknown");
}

static void report_now(const struct options *o, struct offhook_phone *phone, offhook_id call)
{
	struct offhook_call_quality q = {.size = sizeof(q)};
	struct offhook_call_info *info = NULL;
	char here[16], there[16];
	json_t *json, *figures;

	if (offhook_call_get_quality(phone, call, &q) || offhook_call_get_info(phone, call, &info))
		return;
	json = report_call_json(info);
	offhook_call_info_free(info);
	figures = quality_json(&q);
	json_object_update(json, figures);
	json_decref(figures);
	text_of(q.rx_mos_cq, here);
	text_of(q.tx_mos_cq, there);
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
