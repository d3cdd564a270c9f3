/* What the oa_*.c files share; nobody else includes it. */
#ifndef OH_SDP_OA_IMPL_H
#define OH_SDP_OA_IMPL_H

#include "sdp/oa.h"
#include "sdp/oa_pt.h"
#include "sdp/sdp_text.h"

#include <limits.h>

#define OA_NO_LINE   SIZE_MAX
#define OA_FMTS_MAX  SDP_FORMATS_MAX
#define OA_FAULT_MAX 128
#define OA_NO_XR     UINT_MAX

enum oa_state {
	OA_STABLE,
	OA_OFFERED,  /* our offer waits for its answer */
	OA_ANSWERED, /* stable; the last step was the answer to our offer */
};

/* A description of ours as it went out. */
struct oa_text {
	char *p;
	size_t n, body_at; /* what follows the o= line: descriptions with equal bodies share a version */
};

/* What was agreed, with what its pointers own. */
struct oa_agreement {
	struct oa_audio audio;
	struct oa_codec *codecs;
	char *host;
};

struct oa {
	enum oa_state state;
	uint64_t session_id, version;
	char *origin_user;
	struct netaddr origin_addr; /* o= never changes but for its version (RFC 3264 8) */
	struct oa_text last;        /* the last one we sent: the version counts from it */
	struct oa_text in_force;    /* shares its bytes with `last` unless that one was refused */
	size_t audio_line;          /* ours among the m= lines in force, or OA_NO_LINE */
	size_t offer_line;          /* the same in our open offer */
	struct pt_map pts;
	struct oa_agreement agreed;
	unsigned warn_code;
	char fault[OA_FAULT_MAX];
};

/* One format of our audio line while a description is made or read; slices point into what it
 * was made from. */
struct oa_fmt {
	unsigned rx_pt, tx_pt; /* as we wrote it, as the peer wrote it */
	struct sdp_rtpmap map;
	struct slice fmtp; /* ours */
	struct slice peer_fmtp;
};

struct oa_fmts {
	struct oa_fmt list[OA_FMTS_MAX];
	size_t n;
};

/* Where the peer wants its packets. */
struct oa_remote {
	struct netaddr rtp, rtcp;
	struct slice host; /* a name in place of the address, or absent */
	bool nowhere;      /* c=0.0.0.0: send nothing (RFC 3264 8.4) */
};

/* A description that is about to be written. */
struct oa_plan {
	const struct sdp *lines; /* its m= lines are kept in order, all but ours with port 0; NULL: none */
	size_t audio_line;       /* ours among them, or behind the last one; OA_NO_LINE: none */
	const struct oa_fmts *fmts;
	enum sdp_dir dir;
	unsigned xr;       /* what a=rtcp-xr says; OA_NO_XR: the line is not written */
	struct slice time; /* t=, absent: "0 0" */
};

/* Leaves code and text for oa_fault() and returns err. */
int oa_refuse(struct oa *oa, int err, unsigned warn_code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* ---- oa_fmt.c: which codecs, with which numbers ---- */

/* 0 or OH_EINVAL. */
int oa_local_check(const struct oa_local *local);
bool oa_is_dtmf(const struct sdp_rtpmap *map);
bool oa_is_noise(const struct sdp_rtpmap *map);
/* False for what only accompanies speech: telephone-event and comfort noise. */
bool oa_is_speech(const struct sdp_rtpmap *map);
/* What we offer. OH_ETOOBIG: out of payload types. */
int oa_fmts_offer(const struct oa *oa, const struct oa_local *local, struct oa_fmts *ret_fmts);
/* What we take of the peer's offered line, in its order and with its numbers. OH_ENOCODEC. */
int oa_fmts_answer(const struct oa_local *local, const struct sdp_media *offered, struct oa_fmts *ret_fmts);
/* What the peer took of our offered line. OH_ENOCODEC. */
int oa_fmts_agreed(const struct sdp_media *ours, const struct sdp_media *answered, struct oa_fmts *ret_fmts);
/* Remembers the numbers on both sides. OH_ENOMEM. */
int oa_fmts_bind(struct oa *oa, const struct oa_fmts *fmts, bool offer);

/* ---- oa_line.c: what the peer's audio line says ---- */

/* 0, or an error with the fault left in oa: not RTP/AVP, no usable address. family: ours. */
int oa_line_read(struct oa *oa, const struct sdp *s, const struct sdp_media *m, uint8_t family,
	struct oa_remote *ret_remote);
/* The agreement; dir: what we do, before c=0.0.0.0 is minded. OH_ENOMEM. */
int oa_agree(const struct sdp *s, const struct sdp_media *m, const struct oa_fmts *fmts,
	const struct oa_remote *remote, enum sdp_dir dir, struct oa_agreement *ret_agreement);
/* What a=rtcp-xr of a description asks for; OA_NO_XR: it has none. */
unsigned oa_xr_read(const struct sdp *s, const struct sdp_media *m);
/* An agreement on no audio. */
struct oa_agreement oa_agree_none(enum oa_status status);
void oa_agreement_free(struct oa_agreement *a);

/* ---- oa_write.c ---- */

/* Prints a description with the version after the last one. OH_ENOMEM. */
int oa_write(
	struct oa *oa, const struct oa_local *local, const struct oa_plan *plan, struct oa_text *ret_text);

#endif
