/*
 * What of a call's audio flows and what does not, in words: the first line says what there is to hear, those behind it
 * what is known about why. Everything that it says is a fact that somebody saw; what it can only mean comes behind it.
 */
#include "phone/call_impl.h"

#include "offhook/quality.h"

#include <inttypes.h>

#define TEXT_MAX   4096u
#define STOPPED_NS (2 * NS_PER_S) /* no packet for so long: they have stopped */
#define SILENT_MS  2000u          /* nothing louder for so long: silence */
#define FRESH_NS   (2 * NS_PER_S) /* before that, nothing need have come */

struct words {
	char text[TEXT_MAX];
	size_t n; /* of the whole text, though it was cut */
};

static void say(struct words *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct words *w, const char *format, ...)
{
	size_t at = w->n < sizeof(w->text) ? w->n : sizeof(w->text);
	va_list args;

	va_start(args, format);
	w->n += (size_t)vsnprintf(w->text + at, sizeof(w->text) - at, format, args);
	va_end(args);
}

/* What is looked at. */
struct view {
	const struct call *c;
	const struct call_media *m;
	struct stream_stats s;
	struct hearing_figures heard;
	struct bridge_slot_info slot;
	uint64_t now_ns;
	char remote[NETADDR_TEXT];
	bool sends, receives;
};

/* Addresses that mean something inside of one network only (RFC 1918, 6598, 4193, 4291). */
static bool is_private(const struct netaddr *a)
{
	const uint8_t *ip = a->ip;

	if (a->family == NETADDR_IP6)
		return (ip[0] & 0xfe) == 0xfc || (ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80);
	return ip[0] == 10 || (ip[0] == 172 && (ip[1] & 0xf0) == 16) || (ip[0] == 192 && ip[1] == 168) ||
	       (ip[0] == 100 && (ip[1] & 0xc0) == 64);
}

/* ---- without a stream ---- */

static const char *why_no_audio(const struct call *c)
{
	if (c->media.state == OFFHOOK_MEDIA_ERROR)
		return "Audio was agreed, but our side of it could not be started (the log says why).";
	switch (c->state) {
	case OFFHOOK_CALL_CALLING:
		return "Nobody has answered yet, and nobody has described any audio: the call is on its way.";
	case OFFHOOK_CALL_INCOMING:
		return "We have not answered yet: audio begins with our answer.";
	case OFFHOOK_CALL_EARLY:
		return "It rings, and no early audio was agreed.";
	case OFFHOOK_CALL_DISCONNECTED:
		return "The call is over.";
	default:
		return "No audio was agreed: one of both sides refused it.";
	}
}

static void explain_without_stream(const struct call *c, struct words *w)
{
	struct offhook_call_stats past;

	say(w, "%s\n", why_no_audio(c));
	call_media_stats(&c->media, &past);
	if (past.rx_packets || past.tx_packets)
		say(w, "Before, %" PRIu64 " packets came and %" PRIu64 " went.\n", past.rx_packets,
			past.tx_packets);
}

/* ---- what comes ---- */

static bool never_came(const struct view *v)
{
	return v->s.heard_ns == 0;
}

static bool has_stopped(const struct view *v)
{
	return !never_came(v) && v->now_ns - v->s.heard_ns > STOPPED_NS;
}

static double seconds_since(const struct view *v, uint64_t ns)
{
	return (double)(v->now_ns - ns) / (double)NS_PER_S;
}

static void explain_strangers(const struct view *v, struct words *w)
{
	char from[NETADDR_TEXT];

	if (v->s.unknown_types)
		say(w,
			"%" PRIu64 " packets came with a payload type that was not agreed, the last with %u: "
			"the peer sends "
			"a codec that its description does not have.\n",
			v->s.unknown_types, v->s.unknown_type);
	if (!netaddr_is_any(&v->s.stranger))
		say(w,
			"%" PRIu64 " packets were thrown away because they came from elsewhere, did not look "
			"like audio, or "
			"were older than our answer; the last was from %s.\n",
			v->s.foreign, netaddr_text(&v->s.stranger, from));
}

/* Why nothing comes: what the reports say, and what the addresses look like. */
static void explain_absence(const struct view *v, struct words *w)
{
	const struct netaddr *theirs = &v->m->params.remote_rtp;
	char ip[NETADDR_TEXT];

	explain_strangers(v, w);
	if (v->s.rtcp_rx)
		say(w,
			"Its reports (RTCP) do come, %" PRIu64
			" so far: so the peer is there, and it sends no audio, or "
			"its audio takes a way that ends before us.\n",
			v->s.rtcp_rx);
	else
		say(w, "No report (RTCP) of the peer came either.\n");
	if (is_private(&v->m->published) && !netaddr_is_any(theirs) && !is_private(theirs))
		say(w,
			"Our description says that we are at %s, a private address, and the peer is not in a "
			"private "
			"network: it may have no way to us (public_address of the transport, or a NAT in "
			"between).\n",
			netaddr_ip_text(&v->m->published, false, ip));
	else if (!netaddr_is_any(theirs) && is_private(theirs) && !is_private(&v->m->published))
		say(w,
			"The peer's description says that it is at %s, a private address: it sits behind a "
			"NAT, and what "
			"we send there may get nowhere until its own packets show the way.\n",
			netaddr_ip_text(theirs, false, ip));
}

static void explain_coming(const struct view *v, struct words *w)
{
	char told[NETADDR_TEXT];

	if (v->s.latched && !netaddr_is_any(&v->m->params.remote_rtp) &&
		!netaddr_eq(&v->s.remote, &v->m->params.remote_rtp))
		say(w,
			"The peer's packets come from %s and not from %s, as its description says (a NAT, "
			"most likely): "
			"ours go there too.\n",
			v->remote, netaddr_text(&v->m->params.remote_rtp, told));
	if (v->s.invalid || v->s.foreign)
		explain_strangers(v, w);
	if (v->s.looped)
		say(w,
			"%" PRIu32 " of the packets that came are our own, sent back as they were: an echo "
			"service, or a loop.\n",
			v->s.looped);
	if (v->slot.n_sinks == 0)
		say(w,
			"Nothing is connected to hear it: the call's slot %u on the bridge has no listener "
			"(offhook_connect() makes one).\n",
			v->m->slot.number);
}

/* ---- what goes ---- */

static const char *why_one_way(const struct view *v)
{
	if (v->m->state == OFFHOOK_MEDIA_LOCAL_HOLD)
		return "we hold the call";
	return v->m->state == OFFHOOK_MEDIA_REMOTE_HOLD
		       ? "the peer holds the call and wants none of our audio"
		       : "so it was agreed";
}

static void explain_going(const struct view *v, struct words *w)
{
	if (!v->sends && v->receives)
		say(w, "We send nothing: %s.\n", why_one_way(v));
	if (!v->sends)
		return;
	if (netaddr_is_any(&v->s.remote)) {
		say(w, v->m->peer_name ? "We send nothing: the peer's audio address is a name that has no "
					 "address yet.\n"
				       : "We send nothing: the peer's description names no address for it "
					 "(c=0.0.0.0).\n");
		return;
	}
	say(w, "We have sent %" PRIu64 " packets to %s as %s.\n", v->s.tx_packets, v->remote, v->m->codec);
	if (v->s.refused)
		say(w,
			"The network has refused %" PRIu64
			" of our packets or told that they do not arrive, the last time "
			"with: %s.\n",
			v->s.refused, offhook_strerror(v->s.refused_err));
	if (v->s.peer_lost)
		say(w, "The peer tells that it has lost %" PRIu64 " of them.\n", v->s.peer_lost);
	if (v->slot.n_sources == 0)
		say(w,
			"It is silence that we send: nothing is connected that speaks to the call's slot %u "
			"on the bridge "
			"(offhook_connect() does).\n",
			v->m->slot.number);
}

/* ---- the first line ---- */

static void headline(const struct view *v, struct words *w)
{
	if (!v->receives)
		say(w, "%s: %s.\n", v->sends ? "We send and do not listen" : "No audio flows either way",
			why_one_way(v));
	else if (never_came(v) && v->s.unknown_types)
		say(w, "Nothing is heard of the peer: what it sends is of no codec that was agreed.\n");
	else if (never_came(v) && v->now_ns - v->m->not_before_ns < FRESH_NS)
		say(w, "Nothing has come yet, but audio has only just been agreed.\n");
	else if (never_came(v))
		say(w, "Nothing is heard of the peer: %s, and nothing comes back.\n",
			v->sends ? "we send" : "we only listen");
	else if (has_stopped(v))
		say(w, "Nothing is heard of the peer: its packets stopped %.1f s ago.\n",
			seconds_since(v, v->s.heard_ns));
	else if (v->heard.silent_ms >= SILENT_MS)
		say(w, "The peer's packets come, but for %.1f s they have held nothing but silence.\n",
			v->heard.silent_ms / 1000.0);
	else
		say(w, "Audio comes from the peer%s.\n", v->sends ? ", and ours goes to it" : "");
}

static void explain(const struct call *c, struct words *w)
{
	struct view v = {.c = c, .m = &c->media, .now_ns = host_now(c->phone->host)};

	if (!v.m->stream) {
		explain_without_stream(c, w);
		return;
	}
	stream_stats(v.m->stream, &v.s);
	hearing_figures(v.m->hearing, &v.heard);
	(void)bridge_slot_info(engine_bridge(c->phone->engine), v.m->slot, &v.slot);
	v.sends = v.m->dir & OFFHOOK_DIR_SEND;
	v.receives = v.m->dir & OFFHOOK_DIR_RECV;
	/* Before the media thread's first turn: where the description says. */
	if (netaddr_is_any(&v.s.remote))
		v.s.remote = v.m->params.remote_rtp;
	netaddr_text(&v.s.remote, v.remote);
	headline(&v, w);
	if (v.receives && (never_came(&v) || has_stopped(&v)))
		explain_absence(&v, w);
	else if (v.receives)
		explain_coming(&v, w);
	explain_going(&v, w);
}

/* ---- the API ---- */

struct explain_args {
	offhook_id call;
	struct words words;
};

static int explain_run(struct offhook_phone *p, void *arg)
{
	struct explain_args *a = arg;
	struct call *c;
	int err = call_asked(p, a->call, &c);

	if (err)
		return err;
	explain(c, &a->words);
	return 0;
}

long offhook_call_explain(struct offhook_phone *phone, offhook_id call, char *buf, size_t size)
{
	struct explain_args args = {.call = call};
	int err;

	err_detail_clear();
	if (!buf || size == 0)
		return err_detail(OH_EINVAL, "no room for the explanation");
	err = phone_query(phone, explain_run, &args);
	if (err)
		return err;
	snprintf(buf, size, "%s", args.words.text);
	return (long)args.words.n;
}
