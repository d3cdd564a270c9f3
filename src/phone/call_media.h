/*
 * The audio of one call: its sockets, what was offered and answered, its stream and its slot on the bridge.
 *
 *	nothing -> open (sockets, for an offer or an answer) -> running (stream and slot) -> nothing
 *
 * Whenever an offer/answer changes the audio, every connection of the slot is dropped (the program connects
 *again in its media event); the slot stays as long as there is an audio stream, held ones included.
 */
#ifndef OH_PHONE_CALL_MEDIA_H
#define OH_PHONE_CALL_MEDIA_H

#include "audio/bridge.h"
#include "audio/hearing.h"
#include "host/host.h"
#include "offhook/call.h"
#include "phone/tags.h"
#include "rtp/stream.h"
#include "sdp/oa.h"
#include "sip/stack.h"

struct offhook_phone;

struct call_media {
	struct offhook_phone *phone;
	offhook_id account; /* whose edits its descriptions get; 0: nobody's */
	struct oa *oa;
	struct codec_choice *codecs;   /* NULL: the phone's */
	struct slice edited;           /* the last one with its edits; absent: there were none */
	struct tagged tagged;          /* the stream's reports */
	struct host_dgram *rtp, *rtcp; /* open, until the stream takes them */
	uint16_t rtp_port;             /* 0: no sockets */
	struct netaddr published;      /* what our descriptions say */
	struct netaddr local;   /* the address that the peer's SIP asked, or the route to it, as of now */
	char *peer_name;        /* in place of the peer's audio address; NULL: none */
	struct netaddr peer_ip; /* what it stands for; family NONE: not known yet */
	struct host_dns *name_query;
	struct stream *stream;     /* the port in the slot owns it */
	struct hearing *hearing;   /* likewise; there while the stream is */
	struct hearing_cfg listen; /* what the program wants to hear of */
	struct hearing_tones listen_tones;
	struct bridge_slot slot;     /* generation 0: none */
	struct stream_params params; /* in force, while there is a stream */
	uint64_t not_before_ns;      /* our first description left then */
	enum offhook_media_state state;
	enum offhook_media_dir dir; /* keeps its last value */
	char codec[32];
	bool hold, hold_before; /* we want it held / wanted, before the offer that is open */
	uint64_t digits_sent, digits_received;
	struct offhook_call_stats past; /* of streams that have gone */
	struct stream_quality past_quality;
};

void call_media_init(struct call_media *m, struct offhook_phone *p);

/* Our offer; opens sockets when there are none. The text is good until the next description. OH_ENOPORTS, a
 * wrapped errno, OH_EBUSY, OH_ENOMEM. */
int call_media_offer(struct call_media *m, const struct sip_flow *flow, struct slice *ret_text);
/* Our last description once more, as it went. */
struct slice call_media_text(const struct call_media *m);
/* The peer's answer to it: audio runs. OH_ESDP, OH_ENOCODEC, OH_ESTATE, OH_ETOOMANY (slots), OH_ENOMEM.
 * *ret_gone: the slot number that the audio has lost, or 0. */
int call_media_take_answer(struct call_media *m, struct slice text, uint32_t *ret_gone);
/* The peer's offer: our answer; audio runs. Errors of both above. */
int call_media_answer(struct call_media *m, const struct sip_flow *flow, struct slice offer,
	struct slice *ret_text, uint32_t *ret_gone);
/* Our open offer came to nothing: as before it. */
void call_media_rollback(struct call_media *m);

/* What is offered and accepted from now on: NULL the phone's. Keeps a reference. */
void call_media_choose(struct call_media *m, struct codec_choice *codecs);

/* We are at flow->local now: audio leaves from there, and our next description says so. */
void call_media_moved(struct call_media *m, const struct sip_flow *flow);

/* Could we answer this offer at all, with these codecs (NULL: the phone's)? 0, OH_ESDP or OH_ENOCODEC; *ret_warn_code
 * and ret_why for a Warning. */
int call_media_check_offer(struct offhook_phone *p, struct codec_choice *codecs, const struct sip_flow *flow,
	struct slice offer, unsigned *ret_warn_code, char *ret_why, size_t why_size);

/* Everything goes; returns the number of the slot that it had, or 0. State NULL; dir, codec and
 * figures stay. */
uint32_t call_media_close(struct call_media *m);

/* The call's rules about digits in the audio have changed. OH_ENOMEM. */
int call_media_hear_digits(struct call_media *m);

offhook_id call_media_slot_id(const struct call_media *m); /* 0: none */
void call_media_stats(const struct call_media *m, struct offhook_call_stats *ret_stats);
/* call_quality.c */
void call_media_quality(const struct call_media *m, struct stream_quality *ret_quality);

#endif
