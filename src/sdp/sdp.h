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
#define SDP_SPACE       2048u /* an ordinary description fits in here and allocates nothing */

enum sdp_dir {
	SDP_INACTIVE = 0,
	SDP_SENDONLY = 1,
	SDP_RECVONLY = 2,
	SDP_SENDRECV = 3
}; /* bits: 1 send, 2 receive */

struct sdp_attr {
	struct slice name, value; /* value absent for a flag */
};

struct sdp_conn {
	struct slice net, addr_type, addr; /* IN IP4 192.0.2.1 */
};

struct sdp_media {
	struct slice type;     /* audio, video ... */
	uint16_t port;         /* 0: refused */
	uint16_t n_ports;      /* 1 unless /n was given */
	struct slice proto;    /* RTP/AVP ... */
	struct slice *formats; /* as text */
	size_t n_formats;
	struct sdp_conn conn;   /* of this media, else of the session; addr absent: none at all */
	struct sdp_attr *attrs; /* a= of this media */
	size_t n_attrs;
	enum sdp_dir dir; /* of the media, else of the session, else sendrecv */
};

struct sdp {
	struct slice text;
	struct slice origin_user, origin_id, origin_version;
	struct sdp_conn origin;
	struct slice name; /* s=; absent when the peer left it out */
	struct slice time; /* the first t=, "0 0"; absent when the peer left it out */
	struct sdp_conn conn;
	struct sdp_attr *attrs; /* a= of the session */
	size_t n_attrs;
	struct sdp_media *media;
	size_t n_media;
	const char *fault; /* why it was refused, for a Warning and the log; lives as long as the process */
	size_t fault_line; /* counted from 1; 0: the description as a whole */
	struct arena arena;
	_Alignas(16) char space[SDP_SPACE]; /* the arena begins here, so a struct sdp must not be moved */
};

/*
 * 0, OH_ENOMEM, or OH_ESDP with s->fault ("m= line without a port"). `text` is borrowed. The caller frees in
 * all cases.
 *
 * Forgiven, because peers send it: lines ending in LF alone, a last line without an end, empty lines at the
 * end, s= or t= missing, lines of the session in another order, more than one space between fields, unknown
 * type letters.
 */
int sdp_parse(struct sdp *s, struct slice text);
void sdp_free(struct sdp *s);

/* The first attribute of that name in a media description, then in the session; absent slice when none;
 * present and empty for a flag. */
struct slice sdp_attr_value(const struct sdp *s, const struct sdp_media *m, const char *name);

/* rtpmap of a payload type: RFC 3551's static ones when the description has none. OH_ENOENT. */
struct sdp_rtpmap {
	struct slice encoding; /* "PCMU" */
	uint32_t clock_hz;
	uint32_t channels; /* 1 when not given */
};
int sdp_rtpmap(const struct sdp_media *m, unsigned pt, struct sdp_rtpmap *ret_map);
/* Names of encodings compare without case (RFC 8866 6.6), clock and channels by number. */
bool sdp_rtpmap_eq(const struct sdp_rtpmap *a, const struct sdp_rtpmap *b);
/* A format as a payload type number. OH_EINVAL: not 0..127 without leading zeros. */
int sdp_payload_type(struct slice format, unsigned *ret_pt);
/* fmtp parameters of a payload type; absent when none. */
struct slice sdp_fmtp(const struct sdp_media *m, unsigned pt);

/* The next word of *rest, split at spaces; *rest moves behind it. Empty when there is none. */
struct slice sdp_word(struct slice *rest);

const char *sdp_dir_name(enum sdp_dir dir);
/* As seen from the other end. */
enum sdp_dir sdp_dir_reverse(enum sdp_dir dir);

#endif
