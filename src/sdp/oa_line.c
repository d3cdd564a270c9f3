/* Reading the peer's audio line: where it is, what it wants, and what both sides agreed on. */
#include "sdp/oa_impl.h"

#include "base/err.h"
#include "base/mem.h"

#define DEFAULT_PTIME_MS 20u /* RFC 3551 4.5 */

static bool is_multicast(const struct netaddr *a)
{
	return a->family == NETADDR_IP4 ? (a->ip[0] & 0xf0) == 0xe0 : a->ip[0] == 0xff;
}

/* a=rtcp:<port> [<net> <type> <address>] (RFC 3605), else the next port. */
static void read_rtcp(const struct sdp *s, const struct sdp_media *m, struct oa_remote *r)
{
	struct slice rest = sdp_attr_value(s, m, "rtcp");
	struct netaddr addr;
	uint32_t port;

	r->rtcp = r->rtp;
	r->rtcp.port = r->rtp.port < 65535 ? (uint16_t)(r->rtp.port + 1) : 0;
	if (slice_to_u32(sdp_word(&rest), 65535, &port) || port == 0)
		return;
	r->rtcp.port = (uint16_t)port;
	(void)sdp_word(&rest);
	(void)sdp_word(&rest);
	if (netaddr_parse_ip(sdp_word(&rest), r->rtcp.port, &addr) == 0 && !is_multicast(&addr) &&
		!r->nowhere && addr.family == r->rtp.family)
		r->rtcp = addr;
}

int oa_line_read(struct oa *oa, const struct sdp *s, const struct sdp_media *m, uint8_t family,
	struct oa_remote *ret_remote)
{
	struct oa_remote r = {.rtp = {.port = m->port}};

	if (!slice_ieq(m->proto, SLICE_LIT("RTP/AVP")))
		return oa_refuse(oa, OH_ESDP, 302, "%.*s is not supported; RTP/AVP is", SLICE_ARG(m->proto));
	if (slice_empty(m->conn.addr))
		return oa_refuse(oa, OH_ESDP, 301, "No c= line for the audio stream");
	if (!slice_ieq(m->conn.net, SLICE_LIT("IN")))
		return oa_refuse(oa, OH_ESDP, 300, "Network type %.*s is not supported; IN is",
			SLICE_ARG(m->conn.net));
	if (netaddr_parse_ip(m->conn.addr, m->port, &r.rtp)) {
		r.host = m->conn.addr;
		*ret_remote = r;
		read_rtcp(s, m, ret_remote);
		return 0;
	}
	if (is_multicast(&r.rtp))
		return oa_refuse(oa, OH_ESDP, 330, "Multicast is not supported");
	/* An address that says nowhere is of every family. */
	r.nowhere = netaddr_is_any(&r.rtp);
	if (!r.nowhere && r.rtp.family != family)
		return oa_refuse(oa, OH_ESDP, 301, "%s media cannot be reached from here; %s can",
			r.rtp.family == NETADDR_IP6 ? "IP6" : "IP4", family == NETADDR_IP6 ? "IP6" : "IP4");
	*ret_remote = r;
	read_rtcp(s, m, ret_remote);
	return 0;
}

/* What the peer wants to receive in a packet. Times may be real numbers (RFC 8866 6.4): whole milliseconds
 * count. */
static uint32_t read_ms(const struct sdp *s, const struct sdp_media *m, const char *name)
{
	struct slice value = slice_trim(sdp_attr_value(s, m, name));
	uint32_t ms;

	value.n = slice_index(value, '.');
	return slice_to_u32(value, 60000, &ms) ? 0 : ms;
}

static uint32_t read_ptime(const struct sdp *s, const struct sdp_media *m)
{
	uint32_t ptime = read_ms(s, m, "ptime"), most = read_ms(s, m, "maxptime");

	if (most == 0 || (ptime ? ptime : DEFAULT_PTIME_MS) <= most)
		return ptime;
	return most;
}

/* "0-11,16": events as single numbers and ranges (RFC 4733 2.4.1). */
static uint32_t read_events(struct slice fmtp)
{
	uint32_t events = 0;

	if (slice_empty(fmtp))
		return 0xffff;
	if (slice_starts(fmtp, SLICE_LIT("events=")))
		fmtp = slice_skip(fmtp, 7);
	fmtp.n = slice_index(fmtp, ';');
	while (fmtp.n > 0) {
		struct slice item = slice_make(fmtp.p, slice_index(fmtp, ','));
		size_t dash = slice_index(item, '-');
		uint32_t from, to;

		fmtp = slice_skip(fmtp, item.n + 1);
		if (slice_to_u32(slice_trim(slice_make(item.p, dash)), 255, &from))
			continue;
		to = from;
		if (dash < item.n && slice_to_u32(slice_trim(slice_skip(item, dash + 1)), 255, &to))
			continue;
		for (; from <= to && from <= 16; from++)
			events |= UINT32_C(1) << from;
	}
	return events ? events : 0xffff;
}

/* Cut between parameters when it is longer than there is room for. */
static void copy_fmtp(char *dst, size_t size, struct slice fmtp)
{
	if (fmtp.n >= size) {
		fmtp.n = size - 1;
		while (fmtp.n > 0 && fmtp.p[fmtp.n] != ';')
			fmtp.n--;
	}
	memcpy(dst, fmtp.n ? fmtp.p : "", fmtp.n);
	dst[fmtp.n] = '\0';
}

static struct oa_codec codec_of(const struct oa_fmt *f)
{
	struct oa_codec c = {
		.clock_hz = f->map.clock_hz, .channels = (uint8_t)f->map.channels, .pt = (int)f->rx_pt};
	size_t n = f->map.encoding.n < sizeof(c.encoding) ? f->map.encoding.n : sizeof(c.encoding) - 1;

	memcpy(c.encoding, f->map.encoding.p, n);
	copy_fmtp(c.fmtp, sizeof(c.fmtp), f->peer_fmtp);
	return c;
}

static void agree_dtmf(struct oa_audio *audio, const struct oa_fmts *fmts)
{
	audio->dtmf_tx_pt = audio->dtmf_rx_pt = -1;
	for (size_t i = 0; i < fmts->n; i++) {
		const struct oa_fmt *f = &fmts->list[i];

		if (!oa_is_dtmf(&f->map))
			continue;
		if (f->map.clock_hz != audio->codec.clock_hz) {
			if (audio->n_dtmf_rx_more == OA_EVENTS_MAX)
				continue;
			audio->dtmf_rx_more[audio->n_dtmf_rx_more].pt = (int)f->rx_pt;
			audio->dtmf_rx_more[audio->n_dtmf_rx_more++].clock_hz = f->map.clock_hz;
			continue;
		}
		if (audio->dtmf_rx_pt >= 0) /* of two at one clock the first */
			continue;
		audio->dtmf_tx_pt = (int)f->tx_pt;
		audio->dtmf_rx_pt = (int)f->rx_pt;
		audio->dtmf_events = read_events(f->peer_fmtp);
	}
}

/* Of two at one clock the first. */
static void agree_noise(struct oa_audio *audio, const struct oa_fmts *fmts)
{
	audio->noise_tx_pt = audio->noise_rx_pt = -1;
	for (size_t i = 0; i < fmts->n && audio->noise_rx_pt < 0; i++) {
		const struct oa_fmt *f = &fmts->list[i];

		if (!oa_is_noise(&f->map) || f->map.clock_hz != audio->codec.clock_hz)
			continue;
		audio->noise_tx_pt = (int)f->tx_pt;
		audio->noise_rx_pt = (int)f->rx_pt;
	}
}

unsigned oa_xr_read(const struct sdp *s, const struct sdp_media *m)
{
	struct slice rest = sdp_attr_value(s, m, "rtcp-xr"), word;
	unsigned xr = 0;

	if (!slice_present(rest))
		return OA_NO_XR;
	while (!slice_empty(word = sdp_word(&rest))) {
		if (slice_ieq(word, SLICE_LIT("voip-metrics")))
			xr |= OA_XR_VOIP;
		word.n = slice_index(word, ':'); /* the largest block: we have one of 16 bytes */
		if (slice_ieq(word, SLICE_LIT("rcvr-rtt=all")))
			xr |= OA_XR_RTT;
		if (slice_ieq(word, SLICE_LIT("rcvr-rtt=sender")))
			xr |= OA_XR_RTT | OA_XR_RTT_SENDER;
	}
	return xr;
}

int oa_agree(const struct sdp *s, const struct sdp_media *m, const struct oa_fmts *fmts,
	const struct oa_remote *remote, enum sdp_dir dir, struct oa_agreement *ret_agreement)
{
	struct oa_agreement a = {.audio = {.status = OA_ACTIVE, .dir = dir}};
	struct oa_audio *audio = &a.audio;
	bool chosen = false;

	a.codecs = mem_zalloc(fmts->n * sizeof(*a.codecs));
	if (!a.codecs)
		return OH_ENOMEM;
	if (slice_present(remote->host)) {
		a.host = slice_dup(remote->host);
		if (!a.host) {
			oa_agreement_free(&a);
			return OH_ENOMEM;
		}
	}
	for (size_t i = 0; i < fmts->n; i++) {
		const struct oa_fmt *f = &fmts->list[i];

		if (oa_is_dtmf(&f->map))
			continue;
		a.codecs[audio->n_codecs++] = codec_of(f);
		if (chosen || !oa_is_speech(&f->map))
			continue;
		chosen = true;
		audio->codec = codec_of(f);
		audio->tx_pt = (int)f->tx_pt;
		audio->rx_pt = (int)f->rx_pt;
	}
	agree_dtmf(audio, fmts);
	agree_noise(audio, fmts);
	audio->codecs = a.codecs;
	audio->remote_host = a.host;
	audio->remote_rtp = remote->rtp;
	audio->remote_rtcp = remote->rtcp;
	audio->ptime_ms = read_ptime(s, m);
	if (remote->nowhere)
		audio->dir = (enum sdp_dir)(audio->dir & ~SDP_SENDONLY);
	*ret_agreement = a;
	return 0;
}

struct oa_agreement oa_agree_none(enum oa_status status)
{
	return (struct oa_agreement){.audio = {.status = status,
					     .dtmf_tx_pt = -1,
					     .dtmf_rx_pt = -1,
					     .noise_tx_pt = -1,
					     .noise_rx_pt = -1}};
}

void oa_agreement_free(struct oa_agreement *a)
{
	mem_free(a->codecs);
	mem_free(a->host);
	*a = (struct oa_agreement){0};
}
