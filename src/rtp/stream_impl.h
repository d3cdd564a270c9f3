/*
 * struct stream itself, for the stream*.c files only: stream.c (life, and what signalling may do),
 * stream_rx.c (from the sockets to the jitter buffer), stream_tx.c (from the bridge to the socket), stream_pass.c (from
 * one stream to another), stream_own.c (who bears our name), stream_rtcp.c (reports), stream_judge.c (how it sounds).
 *
 * Who may touch what: `door` and `quality` both threads, by atomics; `want` signalling; everything below it the media
 * thread (and stream_free(), when no tick can come any more).
 */
#ifndef OH_RTP_STREAM_IMPL_H
#define OH_RTP_STREAM_IMPL_H

#include "codec/noise.h"
#include "rtp/bursts.h"
#include "rtp/dtmf_sound.h"
#include "rtp/jbuf.h"
#include "rtp/rtcp.h"
#include "rtp/rtp.h"
#include "rtp/stats_door.h"
#include "rtp/stream.h"

#define STREAM_KEEPALIVE_NS  (15 * NS_PER_S)   /* Tr of RFC 6263 7 */
#define STREAM_SOURCE_IDLE   (200 * NS_PER_MS) /* silent for so long, a source may be replaced, or have moved */
#define STREAM_LATE_NS       (500 * NS_PER_MS) /* packets may be under way so long */
#define STREAM_DTX_BYTES     2u       /* a packet of a codec with DTX that says: silence from here on */
#define STREAM_NOISE_EVERY   NS_PER_S /* our silence is described again */
#define STREAM_EVENT_TAIL    (300 * NS_PER_MS) /* what is heard so long after an event may be its own tone */
#define STREAM_EVENT_PACE    (60 * NS_PER_MS) /* between two packets of an event at the longest packet time */
#define STREAM_RX_PER_TICK   256u             /* datagrams: a flood costs no more than this */
#define STREAM_RTCP_EVERY_MS 1000u            /* how often its socket is looked at; stamps are the kernel's */
#define STREAM_PACKET_MS_MAX 120u             /* the longest packet that is taken */
#define STREAM_RENAME_NS     (50 * NS_PER_S) /* ten report intervals: no second change of our identifier before */
#define STREAM_LOOP_S        10u             /* what we have sent so lately may be on its way back */
#define STREAM_PACKETS_A_S   100u            /* that we send, at most */
#define STREAM_REPORTED_NS \
	(25 * NS_PER_S)           /* five report intervals (RFC 3550 6.3.5): who was silent is gone */
#define STREAM_HEADERS_BYTES 40u  /* of a packet: RTP, UDP, IPv4 */
#define STREAM_TICK_MAX      960u /* samples: 20 ms at 48 kHz */

/*
 * What was agreed, with everything that it needs: made whole on signalling's side, so that the media thread
 * only swaps a pointer. One block of memory.
 */
struct stream_setup {
	struct stream_setup *next; /* on the list of retired ones */
	struct stream_params p;
	uint32_t clock_hz, rate_hz, tick_ts, packet_ts;
	size_t tick_samples, packet_samples;
	void *enc, *dec[STREAM_CODECS_MAX];
	bool enc_made;
	size_t decs_made;
	int16_t *gather;  /* a packet that several ticks fill; NULL: a tick is made of whole packets */
	int16_t *spill;   /* a decoded packet that several ticks play */
	size_t spill_cap; /* samples */
	struct stream_noise *noise; /* NULL: none is agreed */
	const struct stream_converter *converter;
	struct
	{ /* from the rates that the peer may change to (RFC 3264 6.1: any agreed codec, at any time) */
		uint32_t from_hz;
		void *state;
	} convert[STREAM_RATES_MAX];
	size_t n_convert;
};

/* Comfort noise both ways. */
struct stream_noise {
	struct noise heard;
	struct voice_gate gate;
	uint64_t told_ns; /* when the silence of ours was last described; 0: there is none */
};

struct stream_door {
	struct stats_door stats;
	_Atomic(struct stream_setup *) retired; /* what the media thread has let go of */
	_Atomic(struct stream_setup *) pending; /* the newest that it has not taken */
};

struct stream_want { /* of the last stream_apply() */
	unsigned dir;
	int dtmf_tx_pt;
	bool dtmf_sound;
	uint32_t ptime_ms, mode, bits_per_s;
	const struct codec *tx; /* NULL: nothing agreed yet */
	uint32_t max_hz;
	bool dtx, cbr;
	bool noise_tx;
};

struct stream_tx {
	uint32_t ssrc, ts; /* ts: of the next sample to be pushed */
	uint16_t seq;
	bool mark;        /* the next packet begins a talk spurt (RFC 3551 4.1) */
	uint8_t ahead_ms; /* of the samples to come: a packet that was passed on covers them */
	bool passed;      /* the last packet was another encoder's */
	size_t gathered;
	uint64_t sent_ns;                      /* the last datagram on the RTP socket, 0 = never */
	uint64_t renamed_ns;                   /* ssrc was changed; 0: never */
	uint64_t packets_before, bytes_before; /* sent under earlier identifiers */
};

/* Has the peer said that it will send nothing for a while? */
enum stream_quiet {
	STREAM_SPEAKS,
	STREAM_NOISE, /* by comfort noise: that is what is heard meanwhile */
	STREAM_DTX,   /* by its codec, whose decoder goes on by itself */
};

struct stream_rx {
	struct rtp_source source;
	/* Until then any source may follow. The old one was said to move: until somebody is heard where it went. It said BYE:
	 * as long as packets of its own may be under way; who is heard after that did not mean it. */
	uint64_t loose_until_ns;
	bool candidate_known;
	uint32_t candidate_ssrc; /* heard once beside the source */
	uint16_t candidate_seq;
	uint64_t lost_before; /* of earlier sources */
	uint64_t heard_ns;    /* the last good packet, or when receiving began */
	uint64_t event_ns;    /* the last telephone-event packet */
	uint64_t reported_ns; /* the last report of the source; 0: none since it began, or it said BYE */
	bool heard, timed_out;
	enum stream_quiet quiet;
	uint8_t codec;     /* enum codec_number: decoded last */
	double jitter_max; /* of earlier sources, ms */
	uint32_t ext;      /* extended number of the packet at hand */
};

struct stream_rtcp {
	struct rtcp_timing timing;
	struct netaddr remote;
	uint32_t look_in;          /* ticks until the socket is looked at */
	uint64_t tx_packets_at[2]; /* at the last and the one before: who sends (6.4) */
	uint32_t sr_ntp[2];        /* the last two that we sent (in SR or as reference), middle bits */
	uint64_t sr_sent_ns[2];
	uint32_t peer_sr; /* middle bits of the last one of the source that is heard; 0: none */
	uint32_t peer_sr_ssrc;
	uint64_t peer_sr_ns;
	uint32_t reference; /* middle bits of the peer's reference time (RFC 3611 4.4), unanswered; 0: none */
	uint32_t reference_ssrc;
	uint64_t reference_ns;
};

/* How it sounds here, as far as it is judged. */
struct stream_judge {
	/* Each tick. */
	struct bursts bursts;
	const struct codec *codec;  /* of the last audio; NULL: none came */
	double packet_us;           /* its length */
	uint32_t ticks;             /* of this second */
	uint32_t depths, depth_sum; /* of the buffer in this second, ms */
	/* Each second. */
	struct bursts_count judged; /* up to the last second */
	uint64_t waited_us;         /* likewise */
	double buffer_ms;           /* mean of the last second */
	double delay_sum;           /* of all judged seconds, ms */
	uint8_t signal, noise;      /* dBm0 as signed bytes; XR_UNKNOWN */
	struct stream_quality told; /* as published */
};

struct stream {
	struct host *host;
	struct host_dgram *rtp_sock, *rtcp_sock;
	struct host_lane *lane; /* while a tick is sent */
	struct netaddr local;   /* to send from when bound to all interfaces */
	bool bound_any;
	uint32_t tick_ms;
	uint64_t timeout_ns;
	uint32_t tag;
	media_report_fn *report;
	void *report_arg;
	const struct stream_converter *converter;
	char cname[RTCP_CNAME_MAX + 1];

	struct stream_door door;
	struct stream_want want;

	/* What every tick touches lies together: with a thousand streams, memory is what a tick waits for. */
	struct stream_setup *cur; /* NULL: nothing agreed yet */
	uint64_t now_ns;          /* of this tick */
	struct netaddr remote;
	struct netaddr left;         /* where the peer was before its description said otherwise ... */
	uint64_t left_ns;            /* ... then */
	struct stream_stats figures; /* what is counted here and not by a part below */
	struct stream_rx rx;
	struct dtmf_rx dtmf_rx;
	struct stream_rtcp rtcp;
	struct stream_tx tx;
	struct dtmf_tx dtmf_tx;
	struct dtmf_sound dtmf_sound;
	struct stream_judge judge;
	struct jbuf jbuf;
	struct quality_door quality; /* both threads, by atomics; once a second */
};

void stream_tell(
	struct stream *s, enum media_report_type type, uint32_t value, uint32_t duration_ms, uint64_t at_ns);
/* Takes what signalling has left, if anything. */
void stream_take_setup(struct stream *s);
void stream_publish(struct stream *s);

int stream_setup_new(const struct stream_params *p, const struct stream_converter *converter,
	uint32_t tick_ms, struct stream_setup **ret_setup);
struct stream_setup *stream_setup_free(struct stream_setup *set);
/* The media thread goes from one to the other: what belongs to the same codec moves along. */
void stream_setup_inherit(struct stream_setup *set, struct stream_setup *old);

/* What turns PCM of this rate into that of the setup; NULL: nothing does. */
void *stream_setup_converter(const struct stream_setup *set, uint32_t from_hz);
/* Which of the decoders, by the codec's number: packets outlive the setup that they came under. Of a codec under several types
 * the first. Negative: it is agreed no more. */
int stream_setup_decoder(const struct stream_setup *set, uint8_t codec);
/* Can packets of this codec be played? Those of the setup's own rate always. */
bool stream_setup_plays(const struct stream_setup *set, const struct codec *c);

/* c=0.0.0.0 (RFC 3264 8.4): nothing is sent, wherever packets come from. An address that nobody knows yet is learnt
 * from the first packet. */
static inline bool stream_has_aim(const struct stream *s)
{
	const struct netaddr *told = &s->cur->p.remote_rtp;

	return !netaddr_is_any(told->family == NETADDR_NONE ? &s->remote : told);
}

/* Before each tick that is taken out of the jitter buffer: is an absence no loss? */
static inline void stream_excuse(struct stream *s)
{
	/* A telephone-event stands in the place of audio, and so does silence. */
	s->jbuf.excused = s->rx.quiet != STREAM_SPEAKS ||
			  (s->rx.event_ns && s->now_ns - s->rx.event_ns <= STREAM_EVENT_PACE);
}

/* ---- stream_rx.c: how the jitter buffer gets at the codecs ---- */
long stream_decode(void *arg, uint8_t codec, const uint8_t *data, size_t n, int16_t *pcm, size_t cap);
bool stream_conceal(void *arg, uint8_t codec, const struct codec_gap *gap, int16_t *pcm, size_t n);

/* The network did not take a packet of ours, or told that an earlier one did not arrive. */
void stream_refused(struct stream *s, int err);
const struct netaddr *stream_from(const struct stream *s);
void stream_rtcp_datagram(struct stream *s, const uint8_t *data, const struct host_rx *rx);
void stream_rtcp_receive(struct stream *s);
void stream_rtcp_send_when_due(struct stream *s);
void stream_rtcp_bye(struct stream *s);

/* stream_tx.c, for stream_pass.c. */
void stream_send(struct stream *s, const uint8_t *packet, size_t n);
/* False: no event takes the place of the packet that begins at ts. */
bool stream_send_events(struct stream *s, uint32_t ts);
/* n samples, the first of them at ts. */
void stream_pack(struct stream *s, const int16_t *pcm, size_t n, uint32_t ts);
/* So much silence. */
void stream_pack_silence(struct stream *s, uint32_t ms, uint32_t ts);
/* What is gathered leaves as it is: ts is behind it. */
void stream_flush(struct stream *s, uint32_t ts);
/* stream_pass.c: a tick of another stream. */
void stream_pass_on(struct stream *s, const struct parcel *p);
/* The encoder goes on behind packets that were passed on, up to that of cell `end`. */
void stream_follow(struct stream *s, const struct jbuf *store, uint16_t end);
/* stream_own.c: our own identifier in what comes (RFC 3550 8.2) */
void stream_own_rtp(struct stream *s, const struct rtp_packet *p, uint64_t at_ns);
/* False: it is a report of ours, come back. */
bool stream_own_rtcp(struct stream *s, const struct rtcp_in *in, uint64_t at_ns);

/* stream_judge.c */
void stream_judge_init(struct stream_judge *j);
/* Audio of this source with this length came; was it thrown away? */
void stream_judge_packet(struct stream *s, const struct codec *c, long samples, bool discarded);
/* Once a tick, behind pull. */
void stream_judge_tick(struct stream *s);
/* The peer's report: what it says of us. */
void stream_judge_peer(struct stream *s, const struct rtcp_in *in);
/* The metrics to send; false: nothing to tell. */
bool stream_judge_metrics(const struct stream *s, struct xr_voip *ret_voip);

#endif
