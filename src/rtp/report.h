/* What the media side tells signalling: small records that pass through one ring, and figures that are
 * copied. */
#ifndef OH_RTP_REPORT_H
#define OH_RTP_REPORT_H

#include "base/netaddr.h"
#include "rtp/emodel.h"
#include "rtp/xr.h"

enum media_report_type {
	MEDIA_DTMF = 1,   /* a digit from the peer, reported once per event (RFC 4733 2.5) */
	MEDIA_DTMF_HEARD, /* the same, found in the audio */
	MEDIA_DTMF_SENT,  /* the queue of digits has been sent */
	MEDIA_FILE_END, /* a player, tone or recorder has come to its end: value 0, or a negated enum oh_err */
	MEDIA_FILE_NEXT,   /* a player has gone on to file `value` */
	MEDIA_RTP_TIMEOUT, /* no RTP for the configured time */
	MEDIA_RTP_RESUMED, /* the first RTP (value 0), or again after a time-out (value 1) */
	MEDIA_AUDIO_MARK,  /* a program's port: mark `value` was reached, by clearing when duration_ms is 1 */
	MEDIA_AUDIO_CLEARED,  /* a program's port: what was queued is gone */
	MEDIA_AUDIO_READABLE, /* a program's port: samples wait to be read */
	MEDIA_AUDIO_WRITABLE, /* a program's port: there is room */
	MEDIA_SILENCE, /* packets come with nothing but silence (value 0), or sound again (1), after duration_ms of it */
	MEDIA_PROGRESS, /* a tone that tells something: value and duration_ms are a struct progress_packed */
	MEDIA_SPEECH,   /* somebody begins to speak (value 1) or has ceased to (0), after duration_ms of it */
	MEDIA_COLLISION, /* the peer has drawn our identifier: we have drawn another */
	MEDIA_LATCHED,   /* RTP now goes to where it comes from (value 1: that is not what was signalled) */
};

struct media_report {
	enum media_report_type type;
	uint32_t tag;         /* whose: stream_cfg.tag, the player's ... */
	uint32_t value;       /* DTMF: the digit as a character; else as the type says */
	uint32_t duration_ms; /* DTMF */
	uint64_t at_ns;
};

typedef void media_report_fn(void *arg, const struct media_report *r);

/*
 * The conservation law that the tests assert, at every moment:
 * rx_packets == played + late + duplicate + full + invalid + early + buffered.
 * Concealed frames are what was played without a packet.
 */
struct stream_stats {
	/* received */
	uint64_t rx_packets, rx_bytes; /* RTP of this session (payload bytes); telephone-event packets are
					* counted in rx_events and not below */
	uint64_t rx_events;
	uint64_t rx_noise; /* comfort noise packets, which are not counted below either */
	uint64_t played;
	uint64_t late; /* came after its time, or its time line ended (new source, restart, no longer
			  receiving) */
	uint64_t duplicate;
	uint64_t full;    /* thrown out to make room or to get back to the target delay */
	uint64_t invalid; /* not RTP, unknown payload type, or a sequence that is not the source's (RFC 3550
			     A.1) */
	uint64_t early;   /* far ahead of its time, or while the direction says not to receive */
	uint64_t buffered;
	uint64_t lost;      /* by sequence numbers; duplicates do not hide it, as they do in RFC 3550 A.3 */
	uint64_t concealed; /* frames of one tick */
	uint64_t stretched, cut; /* times that the delay was made longer, shorter */
	uint64_t reordered;
	uint64_t foreign;                /* packets from elsewhere or before not_before_ns: thrown away */
	double jitter_ms, jitter_max_ms; /* RFC 3550 A.8 */
	uint32_t depth_ms;               /* in the jitter buffer now */
	uint32_t target_ms;              /* how late a packet may come, as the buffer wants it */
	uint32_t rx_ssrc;
	/* whose identifier is ours (RFC 3550 8.2) */
	uint32_t looped;     /* packets that we have sent, come back: they are counted above, too */
	uint32_t collisions; /* times that ours was changed */
	/* sent */
	uint64_t tx_packets, tx_bytes, tx_events, tx_errors;
	uint64_t tx_passed; /* of tx_packets: as they came from another call */
	uint32_t tx_ssrc;
	/* told by the peer's RTCP */
	uint64_t peer_lost;
	double peer_jitter_ms, rtt_ms; /* rtt 0: not known */
	uint64_t rtcp_rx, rtcp_tx;
	struct netaddr remote; /* where RTP goes now */
	bool latched;
	/* why nothing is heard */
	int32_t refused_err;
	uint64_t refused;  /* the network refused packets of ours (ICMP, no route), the last by refused_err */
	uint64_t heard_ns; /* the last good packet; 0: none ever */
	uint64_t
		unknown_types; /* of invalid: of a payload type that was not agreed, the last of unknown_type */
	uint32_t unknown_type;
	struct netaddr stranger; /* who sent the last foreign one */
};

/* How it sounds at both ends; written once a second and with each report of the peer. */
struct stream_quality {
	/* What is heard here: in the last second (zero: nothing to judge came), in all so far, in the worst second. */
	struct emodel_score now, all, worst;
	struct emodel_wide wide_now, wide_all; /* while the codec has a wide band */
	uint64_t seconds;                      /* that could be judged */
	uint64_t expected, lost, discarded, bursts;
	double burst_density, gap_density; /* lost or discarded, 0..1 (RFC 3611 4.7.2) */
	double burst_ms, gap_ms;
	double waited_ms; /* concealed while the buffer waited for packets that then came */
	double delay_ms;  /* mouth to ear in the last second: half the round trip and the buffer */
	/* What the peer hears of us. */
	struct emodel_score peer;
	uint64_t
		peer_told; /* 1: by its extended reports; 0: from the losses that it reports, zero before any */
	double peer_loss, peer_discard; /* 0..1 */
	struct xr_voip told;            /* the last of its VoIP metrics; ssrc 0: none came */
	uint64_t xr_rx, xr_tx;
};

#endif
