/*
 * Offer/answer (RFC 3264, hold by RFC 6337 5) for one audio line as a pure machine: what we have and want goes in,
 * descriptions go out; the peer's description goes in, and what was agreed comes out. Other media lines of the peer
 * are answered in their places with port 0. No clock, no sockets, no SIP.
 *
 * Of several audio lines the one in use goes on, else the first acceptable one wins. RTP/AVP only: secure and
 * feedback profiles are refused with a Warning text. The direction arithmetic, seen from us:
 *
 *	what we do = what the peer lets us do & what we want       (bits of enum sdp_dir: 1 send, 2 receive)
 *
 *	peer offers   we want sendrecv   sendonly   recvonly   inactive
 *	sendrecv              sendrecv   sendonly   recvonly   inactive
 *	sendonly              recvonly   inactive   recvonly   inactive
 *	recvonly              sendonly   sendonly   inactive   inactive
 *	inactive              inactive   inactive   inactive   inactive
 *
 * An offer of ours says what we want and nothing else. What to want while the peer holds, too, is the caller's
 * affair: RFC 3264 8.4 says inactive, RFC 6337 5.3 sendonly. Either way both sides can resume in any order, as long as
 * an answer says what is wanted and never repeats the hold of the other side.
 *
 * Who calls: src/phone. One `struct oa` a call; it keeps origin and version, our last description and the agreed
 * state, so that a failed re-offer leaves the old session standing (oa_rollback).
 */
#ifndef OH_SDP_OA_H
#define OH_SDP_OA_H

#include "sdp/sdp.h"

#define OA_CODECS_MAX 32u
#define OA_EVENTS_MAX 4u /* telephone-events beside that of the codec that is sent */

/* One codec that we can do. */
struct oa_codec {
	char encoding[24]; /* "PCMU" */
	uint32_t clock_hz; /* RTP clock */
	uint8_t channels;
	int pt;         /* 0..127; dynamic ones: 96..127, our number in offers */
	char fmtp[112]; /* ours, "" = none */
};

/* What we have and want now; given anew for every description that is made. */
struct oa_local {
	struct netaddr rtp;            /* published address and port */
	uint16_t rtcp_port;            /* rtp.port + 1: not written; another: a=rtcp (RFC 3605) */
	const struct oa_codec *codecs; /* in order of preference; telephone-event is not among them */
	size_t n_codecs;
	bool xr;           /* offer and accept extended reports (RFC 3611 5) */
	bool dtmf;         /* offer and accept telephone-event (RFC 4733), one per clock rate in use */
	bool noise;        /* the same with comfort noise (RFC 3389) */
	uint32_t ptime_ms; /* 0: not written */
	enum sdp_dir want; /* SENDRECV; SENDONLY or INACTIVE while we hold */
	const char *user;  /* o= user name, "-" when NULL; the first description's counts */
};

enum oa_status { OA_NONE, OA_ACTIVE, OA_REFUSED };

/* What was agreed for the audio line, from our side. */
struct oa_audio {
	enum oa_status status;
	enum sdp_dir dir; /* what we do: SENDONLY = we send */
	bool held_by_us,
		held_by_peer; /* the peer sent sendonly / inactive / c=0.0.0.0: it does not want our audio */
	/* where to send; any-address when c=0.0.0.0; family NONE: see remote_host */
	struct netaddr remote_rtp;
	struct netaddr remote_rtcp;
	const char *remote_host; /* NULL, or the name that c= has in place of an address; belongs to oa */
	struct oa_codec codec;   /* the first agreed codec: what we send; fmtp is the peer's, pt is rx_pt */
	int tx_pt, rx_pt; /* payload type to send with; that the peer sends with (answerer's: mirrored) */
	const struct oa_codec *codecs; /* all agreed ones: the peer may switch among them; pt is what it
					* sends. They belong to oa until the next agreement or oa_free() */
	size_t n_codecs;
	int dtmf_tx_pt, dtmf_rx_pt; /* telephone-event at the codec's clock; -1: none */
	struct {                    /* the same as the peer sends it at the clocks of the other codecs */
		int pt;
		uint32_t clock_hz;
	} dtmf_rx_more[OA_EVENTS_MAX];
	size_t n_dtmf_rx_more;
	/* bit n: the peer takes event n, 0..16 (0xffff when not said, RFC 4733 2.4.1) */
	uint32_t dtmf_events;
	int noise_tx_pt, noise_rx_pt; /* comfort noise at the codec's clock; -1: none */
	uint32_t ptime_ms; /* what the peer wants to receive; 0 = not said; bounded by its maxptime */
	unsigned xr;       /* OA_XR_..., of what was offered and answered */
};

/* What of a=rtcp-xr the peer asks for (RFC 3611 5.1). */
enum {
	OA_XR_VOIP = 1,
	OA_XR_RTT = 2,        /* answers to its reference times */
	OA_XR_RTT_SENDER = 4, /* ... while we send only */
};

struct oa;

/* session_id: random, from the host; at most 2^62. */
int oa_new(uint64_t session_id, struct oa **ret_oa);
struct oa *oa_free(struct oa *oa);

/* Our offer (first or again; the version grows when something changed; our media lines stay in their order,
 * RFC 3264 8). *ret_text belongs to oa until the next description is made. OH_EBUSY: an offer is already
 * open; OH_EINVAL: local is out of range; OH_ETOOBIG: no payload type or media line is left; OH_ENOMEM. */
int oa_make_offer(struct oa *oa, const struct oa_local *local, struct slice *ret_text);

/* The peer's answer to our open offer. 0 and *ret_audio (status OA_REFUSED when it answered port 0), OH_ESDP
 * (unreadable or impossible: fault in oa_fault()), OH_ENOCODEC, OH_ESTATE (no offer open), OH_ENOMEM. After
 * an error the offer counts as refused: the old session stands. */
int oa_take_answer(struct oa *oa, struct slice text, struct oa_audio *ret_audio);

/* The offer that has just been answered waits for another answer: a fork of the INVITE sent early media, and then
 * another one accepted the call (RFC 3261 13.2.2.4). OH_ESTATE: the last step was something else. */
int oa_reopen(struct oa *oa);

/* The peer's offer, and our answer to it in one step. OH_ESDP or OH_ENOCODEC: refuse with 488 and the Warning
 * of oa_fault(), the old session stands; OH_ESTATE (ours is open: 491), OH_EINVAL, OH_ENOMEM. An offer
 * without media lines gets an answer without (status OA_NONE); one whose lines all have port 0 gets the same
 * back (OA_REFUSED). */
int oa_answer(struct oa *oa, struct slice offer, const struct oa_local *local, struct slice *ret_text,
	struct oa_audio *ret_audio);

/* Our open offer was refused or withdrawn. */
void oa_rollback(struct oa *oa);

const struct oa_audio *oa_agreed(const struct oa *oa); /* the present state */
/* The answer or offer of ours that is in force (to repeat it in a 2xx); absent before any. */
struct slice oa_local_text(const struct oa *oa);
/* Why the last description was refused: text for a Warning header (RFC 3261 20.43) and its code (302, 304,
 * 305 ...).
 * "" and 0 when it was not. */
const char *oa_fault(const struct oa *oa, unsigned *ret_warn_code);

#endif
