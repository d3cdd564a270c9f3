/* Printing our descriptions. */
#include "sdp/oa_impl.h"

#include "base/err.h"
#include "base/mem.h"

#define ORDINARY_BYTES 512u

static void write_conn(struct sdp_text *t, const struct netaddr *a)
{
	char ip[NETADDR_TEXT];

	sdp_text_str(t, a->family == NETADDR_IP6 ? "IN IP6 " : "IN IP4 ");
	sdp_text_str(t, netaddr_ip_text(a, false, ip));
	sdp_text_str(t, "\r\n");
}

/* RFC 3611 5.2: without parameters it says that the attribute is understood, and no more. */
static void write_xr(struct sdp_text *t, unsigned xr)
{
	const char *voip = xr & OA_XR_VOIP ? "voip-metrics" : "", *rtt = xr & OA_XR_RTT ? "rcvr-rtt=all" : "";

	sdp_text_add(t, "a=rtcp-xr:%s%s%s\r\n", rtt, *rtt && *voip ? " " : "", voip);
}

static void write_number(struct sdp_text *t, const char *before, uint32_t n, const char *after)
{
	sdp_text_str(t, before);
	sdp_text_u32(t, n);
	sdp_text_str(t, after);
}

static void write_fmt(struct sdp_text *t, const struct oa_fmt *f)
{
	write_number(t, "a=rtpmap:", f->rx_pt, " ");
	sdp_text_put(t, f->map.encoding);
	write_number(t, "/", f->map.clock_hz, "");
	if (f->map.channels != 1)
		write_number(t, "/", f->map.channels, "");
	sdp_text_str(t, "\r\n");
	if (slice_empty(f->fmtp))
		return;
	write_number(t, "a=fmtp:", f->rx_pt, " ");
	sdp_text_put(t, f->fmtp);
	sdp_text_str(t, "\r\n");
}

static void write_audio(struct sdp_text *t, const struct oa_local *local, const struct oa_plan *plan)
{
	const struct oa_fmts *fmts = plan->fmts;

	write_number(t, "m=audio ", local->rtp.port, " RTP/AVP");
	for (size_t i = 0; i < fmts->n; i++)
		write_number(t, " ", fmts->list[i].rx_pt, "");
	sdp_text_str(t, "\r\n");
	for (size_t i = 0; i < fmts->n; i++)
		write_fmt(t, &fmts->list[i]);
	if (local->ptime_ms)
		write_number(t, "a=ptime:", local->ptime_ms, "\r\n");
	if (local->rtcp_port && local->rtcp_port != local->rtp.port + 1)
		write_number(t, "a=rtcp:", local->rtcp_port, "\r\n");
	if (plan->xr != OA_NO_XR)
		write_xr(t, plan->xr);
	sdp_text_str(t, "a=");
	sdp_text_str(t, sdp_dir_name(plan->dir));
	sdp_text_str(t, "\r\n");
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
	sdp_text_str(&t, "s=-\r\nc=");
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
