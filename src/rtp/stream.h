/*
 * The stream: one RTP session of one call (RFC 3550): sockets, jitter buffer, codec, telephone-event, RTCP.
 *
 * Two threads meet here and nowhere else. Signalling makes it, tells it what was agreed (stream_apply),
 * queues digits and reads figures. The media thread drains, pulls and pushes it, once a tick; those functions
 * never allocate, lock, log or wait. What signalling says is made whole aside, handed over by one atomic
 * exchange and takes effect at the next stream_receive(); what the media thread has to tell goes out through
 * `report`. On the simulated host both are the same thread.
 */
#ifndef OH_RTP_STREAM_H
#define OH_RTP_STREAM_H

#include "codec/codec.h"
#include "host/host.h"
#include "rtp/parcel.h"
#include "rtp/report.h"

struct stream;

#define STREAM_CODECS_MAX 16u
#define STREAM_RATES_MAX  4u /* other sample rates than that of the codec that is sent */
#define STREAM_EVENTS_MAX 4u /* telephone-event at other clocks */

enum { STREAM_SEND = 1, STREAM_RECV = 2 };
/* Extended reports that the peer wants (RFC 3611 5): metrics, references to answer, the latter only while we send. */
enum { STREAM_XR_VOIP = 1, STREAM_XR_RTT = 2, STREAM_XR_RTT_SENDER = 4 };

/* What an offer/answer agreed. A plain value; codecs point into the static table. */
struct stream_params {
	unsigned dir;              /* STREAM_SEND | STREAM_RECV */
	struct netaddr remote_rtp; /* where to send until the first packet latches us (symmetric RTP, RFC
				    * 4961); any-address: nowhere (c=0.0.0.0); family NONE: not known yet,
				    * the first packet will tell */
	struct netaddr remote_rtcp;
	const struct codec *tx; /* what we send */
	uint8_t tx_pt;
	uint32_t ptime_ms; /* 10..60, what we send in one packet: one that the codec can make */
	struct {
		const struct codec *codec;
		uint8_t pt;
	} rx[STREAM_CODECS_MAX]; /* what the peer may send */
	size_t n_rx;
	int dtmf_tx_pt, dtmf_rx_pt; /* -1: none */
	struct {                    /* the same at the clocks of other codecs that the peer may change to */
		uint8_t pt;
		uint32_t clock_hz;
	} dtmf_rx_more[STREAM_EVENTS_MAX];
	size_t n_dtmf_rx_more;
	bool dtmf_sound;         /* digits of ours go as sound, whatever dtmf_tx_pt says */
	struct codec_params how; /* we send */
	struct {                 /* comfort noise at the codec's clock (RFC 3389) */
		bool rx, tx;     /* agreed; we use it for silence of ours */
		uint8_t rx_pt, tx_pt;
	} noise;
	bool bare;              /* lost packets are silence: nothing is put in their place */
	uint64_t not_before_ns; /* packets that arrived earlier are not taken: set to the time the own offer
				 * or answer left */
	unsigned xr;            /* STREAM_XR_... */
	bool relatch;           /* the peer's address may have moved: latch once more */
	/* ours has changed, when it differs from the last one: as stream_cfg.from; family NONE: it has not */
	struct netaddr from;
};

/* Do these two ask the same of an encoder? */
bool stream_same_way(const struct codec_params *a, const struct codec_params *b);

/* How samples change their rate: the audio layer's art, which this one does not know. make() allocates, the others
 * run on the media thread and do not; n samples of a whole tick become a whole tick. */
struct stream_converter {
	int (*make)(uint32_t from_hz, uint32_t to_hz, void **ret_state);
	void (*run)(void *state, const int16_t *from, size_t n, int16_t *to, size_t n_to);
	void (*reset)(void *state);
	void (*free)(void *state);
};

struct stream_cfg {
	struct host *host;             /* borrowed */
	struct host_dgram *rtp, *rtcp; /* taken; unwatched */
	/* on sockets of any address: send from this one until the peer's packets tell which it asked;
	 * family NONE: by route */
	struct netaddr from;
	uint32_t tick_ms; /* 10 or 20: how often the media thread comes */
	/* how late packets may come and still be played; the buffer adapts between these bounds, and on a wire without
	 * jitter the next tick plays a packet. The same twice: fixed. max 0 = JBUF_MOST_MS */
	uint32_t jitter_min_ms, jitter_max_ms;
	/* Report when no RTP came for this long while receiving; 0 = never. Who has said that he is silent (comfort noise, DTX)
	 * and whose reports go on is not gone. */
	uint32_t timeout_ms;
	const char *cname; /* copied; RFC 7022: random, no name of the machine */
	uint32_t tag;      /* goes into every report: whose stream this is */
	const struct stream_converter
		*converter;      /* borrowed; NULL: packets of another rate than the sent codec's
						   * are not taken */
	media_report_fn *report; /* media thread */
	void *report_arg;
	struct jbuf_shelves *shelves; /* borrowed: for its jitter buffer; NULL: memory of its own */
};

/* OH_ENOMEM, OH_EINVAL. On failure the sockets stay the caller's. */
int stream_new(const struct stream_cfg *cfg, struct stream **ret_stream);
/* Only when no tick can reach it any more (after the plan without it was acknowledged). Sends RTCP BYE (RFC
 * 3550 6.6), closes the sockets. Returns NULL. */
struct stream *stream_free(struct stream *s);

/* ---- signalling thread ---- */
/* The newest counts: one that no tick has seen yet is replaced. Latching starts anew with `relatch` and
 * whenever remote_rtp differs from the last one. OH_EINVAL, OH_ENOMEM: nothing has changed. */
int stream_apply(struct stream *s, const struct stream_params *p);
/* Queues digits "0-9A-D*#" and 'R' (flash, event 16: it has no sound). 32 wait at most: OH_ETOOMANY, none is queued then.
 * OH_EDIGIT, OH_ENODTMF (no telephone-event agreed, and no sound wanted), OH_ENOMEDIA (not sending). duration_ms 40..8000,
 * pause_ms 30..8000; 0 = 160 and 80. */
int stream_dtmf(struct stream *s, const char *digits, unsigned duration_ms, unsigned pause_ms);
void stream_stats(const struct stream *s, struct stream_stats *ret_stats); /* any thread: a consistent copy */
void stream_quality(const struct stream *s, struct stream_quality *ret_quality); /* any thread, too */
/* The sample rate of its PCM: that of the codec that is sent. Changes with stream_apply() only. */
uint32_t stream_rate(const struct stream *s);

/* Would `to` send the packets of `from` just as they are? As agreed last; ret_want is set when so. */
bool stream_passes(const struct stream *from, const struct stream *to, struct parcel_want *ret_want);

/* ---- media thread, in this order within a tick ---- */
/* Ask the memory for what receiving and pulling, or pushing, will touch: first far = true, and a while later once more
 * with false. With hundreds of streams nothing of one is left in the caches when its turn comes. */
void stream_warm_pull(const struct stream *s, bool far);
void stream_warm_push(const struct stream *s, bool far);
void stream_receive(struct stream *s, uint64_t now_ns);
/* One tick of audio from the peer at stream_rate(): n = rate * tick_ms / 1000. False: nothing to play
 * (silence; pcm is zeroed). */
bool stream_pull(struct stream *s, int16_t *pcm, size_t n);
uint32_t stream_tick_ms(const struct stream *s);
/* Does the peer send a digit as an event now, or has it just? */
bool stream_in_event(const struct stream *s);
/* Was some of the tick that was pulled last made up for what did not come? */
bool stream_made_up(const struct stream *s);
/* Instead of pulling: the packets of this tick as p wants them. False: not in this tick; pull. */
bool stream_hand(struct stream *s, struct parcel *p);
/* Where RTP comes in: stream_receive() reads it first. */
struct host_dgram *stream_socket(const struct stream *s);
/* One tick of audio to the peer; NULL: nobody is connected (silence is sent while the
 * direction says send). What leaves goes by the lane, unless that is NULL. */
void stream_push(struct stream *s, const int16_t *pcm, size_t n, struct host_lane *lane, uint64_t now_ns);
/* Instead of pushing: what another stream has handed out. */
void stream_take(struct stream *s, const struct parcel *p, struct host_lane *lane, uint64_t now_ns);
/* Before the first push behind what was taken: from that stream, which is pulled again. */
void stream_resume(struct stream *s, const struct stream *from);
/* What its voice is like, in dB below full scale (a square wave has 0); for the reports to the peer. */
void stream_levels(struct stream *s, double signal_dbov, double noise_dbov);

#endif
