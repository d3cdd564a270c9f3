/*
 * Session descriptions (RFC 8866): parser and printer. Pure: no I/O, no clock, no random number. A parsed
 * description is slices into its text, its lists in an arena; unknown lines survive in order.
 */
#ifndef OH_SDP_SDP_H
#define OH_SDP_SDP_H

#include "base/arena.h"
#include "base/netaddr.h"
#include "base/slice.h"

#define SDP_MEDIA_MAX   32u  /* media descriptions in one session description */
#define SDP_FORMATS_MAX 64u  /* formats in one m= line */
#define SDP_ATTRS_MAX   512u /* attributes in all */
#define SDP_ARENA_MAX   65536u

enum sdp_dir { SDP_INACTIVE = 0, SDP_SENDONLY = 1, SDP_RECVONLY = 2, SDP_SENDRECV = 3 }; /* bits: 1 send, 2 receive */

struct sdp_attr {
	struct slice name, value; /* value absent for a flag */
};

struct sdp_conn {
	struct slice net, addr_type, addr; /* IN IP4 192.0.2.1 */
};

struct sdp_media {
	struct slice type;       /* audio, video ... */
	uint16_t port;           /* 0: refused */
	uint16_t n_ports;        /* 1 unless /n was given */
	struct slice proto;      /* RTP/AVP ... */
	struct slice *formats;   /* as text */
	size_t n_formats;
	struct sdp_conn conn;    /* of this media, else of the session; addr absent: none at all */
	struct sdp_attr *attrs;  /* a= of this media */
	size_t n_attrs;
	enum sdp_dir dir;        /* of the media, else of the session, else sendrecv */
};

struct sdp {
	struct slice text;
	struct slice origin_user, origin_id, origin_version;
	struct sdp_conn origin;
	struct slice name;       /* s= */
	struct sdp_conn conn;
	struct sdp_attr *attrs;  /* a= of the session */
	size_t n_attrs;
	struct sdp_media *media;
	size_t n_media;
	const char *fault;       /* why it was refused, for a Warning and the log */
	struct arena arena;
};

/* 0 or OH_ESDP with s->fault ("m= line without port"). Lines may end in LF alone. `text` is borrowed. The caller
 * frees in both cases. */
int sdp_parse(struct sdp *s, struct slice text);
void sdp_free(struct sdp *s);

/* The first attribute of that name in a media description, then in the session; absent slice when none; present and
 * empty for a flag. */
struct slice sdp_attr_value(const struct sdp *s, const struct sdp_media *m, const char *name);

/* rtpmap of a payload type: RFC 3551's static ones when the description has none. OH_ENOENT. */
struct sdp_rtpmap {
	struct slice encoding; /* "PCMU" */
	uint32_t clock_hz;
	uint32_t channels;     /* 1 when not given */
};
int sdp_rtpmap(const struct sdp_media *m, unsigned pt, struct sdp_rtpmap *ret_map);
/* fmtp parameters of a payload type; absent when none. */
struct slice sdp_fmtp(const struct sdp_media *m, unsigned pt);

const char *sdp_dir_name(enum sdp_dir dir);
/* As seen from the other end. */
enum sdp_dir sdp_dir_reverse(enum sdp_dir dir);

#endif
