/* Printing our descriptions. */
#include "sdp/oa_impl.h"

#include "base/err.h"
#include "base/mem.h"

#define ORDINARY_BYTES 512u

static void write_conn(struct sdp_text *t, const struct netaddr *a)
{
	char ip[NETADDR_TEXT];

	sdp_text_add(
		t, "IN %s %s\r\n", a->family == NETADDR_IP6 ? "IP6" : "IP4", netaddr_ip_text(a, false, ip));
}

/* RFC 3611 5.2: without parameters it says that the attribute is understood, and no more. */
static void write_xr(struct sdp_text *t, unsigned xr)
{
	const char *voip = xr & OA_XR_VOIP ? "voip-metrics" : "", *rtt = xr & OA_XR_RTT ? "rcvr-rtt=all" : "";

	sdp_text_add(t, "a=rtcp-xr:%s%s%s\r\n", rtt, *rtt && *voip ? " " : "", voip);
}

static void write_audio(struct sdp_text *t, const struct oa_local *local, const struct oa_plan *plan)
{
	const struct oa_fmts *fmts = plan->fmts;

	sdp_text_add(t, "m=audio %u RTP/AVP", local->rtp.port);
	for (size_t i = 0; i < fmts->n; i++)
		sdp_text_add(t, " %u", fmts->list[i].rx_pt);
	sdp_text_add(t, "\r\n");
	for (size_t i = 0; i < fmts->n; i++) {
		const struct oa_fmt *f = &fmts->list[i];

		sdp_text_add(t, "a=rtpmap:%u %.*s/%u", f->rx_pt, SLICE_ARG(f->map.encoding), f->map.clock_hz);
		if (f->map.channels != 1)
			sdp_text_add(t, "/%u", f->map.channels);
		sdp_text_add(t, "\r\n");
		if (!slice_empty(f->fmtp))
			sdp_text_add(t, "a=fmtp:%u %.*s\r\n", f->rx_pt, SLICE_ARG(f->fmtp));
	}
	if (local->ptime_ms)
		sdp_text_add(t, "a=ptime:%u\r\n", local->ptime_ms);
	if (local->rtcp_port && local->rtcp_port != local->rtp.port + 1)
		sdp_text_add(t, "a=rtcp:%u\r\n", local->rtcp_port);
	if (plan->xr != OA_NO_XR)
		write_xr(t, plan->xr);
	sdp_text_add(t, "a=%s\r\n", sdp_dir_name(plan->dir));
}

/* A refused line keeps type, transport and one format, which the grammar demands and nobody reads (RFC 3264
 * 6). */
static void write_refused(struct sdp_text *t, const struct sdp_media *m)
{
	sdp_text_add(t, "m=%.*s 0 %.*s %.*s\r\n", SLICE_ARG(m->type), SLICE_ARG(m->proto),
		SLICE_ARG(m->formats[0]));
}

/* The first description decides what o= says for good. */
static int fix_origin(struct oa *oa, const struct oa_local *local)
{
	if (oa->origin_user)
		return 0;
	oa->origin_user = mem_strdup(local->user ? local->user : "-");
	if (!oa->origin_user)
		return OH_ENOMEM;
	oa->origin_addr = local->rtp;
	return 0;
}

int oa_write(
	struct oa *oa, const struct oa_local *local, const struct oa_plan *plan, struct oa_text *ret_text)
{
	size_t n_lines = plan->lines ? plan->lines->n_media : 0, body_at;
	struct sdp_text t;
	int err = fix_origin(oa, local);

	if (err)
		return err;
	sdp_text_init(&t, ORDINARY_BYTES);
	sdp_text_add(&t, "v=0\r\no=%s %llu %llu ", oa->origin_user, (unsigned long long)oa->session_id,
		(unsigned long long)(oa->last.p ? oa->version + 1 : oa->session_id));
	write_conn(&t, &oa->origin_addr);
	body_at = t.n;
	sdp_text_add(&t, "s=-\r\nc=");
	write_conn(&t, &local->rtp);
	sdp_text_add(&t, "t=%.*s\r\n", slice_present(plan->time) ? (int)plan->time.n : 3,
		slice_present(plan->time) ? plan->time.p : "0 0");
	for (size_t i = 0; i < n_lines; i++) {
		if (i == plan->audio_line)
			write_audio(&t, local, plan);
		else
			write_refused(&t, &plan->lines->media[i]);
	}
	if (plan->audio_line == n_lines)
		write_audio(&t, local, plan);
	if (t.err) {
		err = t.err;
		sdp_text_free(&t);
		return err;
	}
	*ret_text = (struct oa_text){sdp_text_take(&t), t.n, body_at};
	return 0;
}
