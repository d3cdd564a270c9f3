/*
 * A SIP message as it lies in a received datagram or stream buffer (RFC 3261 7, 25). The message borrows the buffer:
 * headers are slices found in one pass, nothing is copied, and nothing is allocated but from the message's arena.
 * A typed header is parsed once, when first asked for. Unknown headers survive untouched and in order.
 *
 * A message that breaks the grammar still holds what could be read, so that an error response can be built from it
 * (RFC 3261 8.2, RFC 4475): `fault` says which status to answer and names what is wrong.
 */
#ifndef OH_SIP_MSG_H
#define OH_SIP_MSG_H

#include "base/arena.h"
#include "sip/uri.h"

/* One list of methods; names by sip_method_name(). */
#define SIP_METHODS(X) \
	X(INVITE) \
	X(ACK) \
	X(CANCEL) \
	X(BYE) X(OPTIONS) X(REGISTER) X(INFO) X(UPDATE) X(PRACK) X(REFER) X(SUBSCRIBE) X(NOTIFY) X(MESSAGE) \
		X(PUBLISH)
enum sip_method {
	SIP_METHOD_OTHER,
#define X(name) SIP_##name,
	SIP_METHODS(X)
#undef X
		N_SIP_METHODS
};

/* One list of header fields: constant, name, compact letter (or 0), whether a comma separates values. */
#define SIP_HEADERS(X) \
	X(VIA, "Via", 'v', 1) \
	X(FROM, "From", 'f', 0) \
	X(TO, "To", 't', 0) \
	X(CALL_ID, "Call-ID", 'i', 0) X(CSEQ, "CSeq", 0, 0) X(MAX_FORWARDS, "Max-Forwards", 0, 0) X( \
		CONTACT, "Contact", 'm', 1) X(CONTENT_LENGTH, "Content-Length", 'l', 0) X(CONTENT_TYPE, \
		"Content-Type", 'c', 0) X(ROUTE, "Route", 0, 1) X(RECORD_ROUTE, "Record-Route", 0, \
		1) X(REQUIRE, "Require", 0, 1) X(PROXY_REQUIRE, "Proxy-Require", 0, 1) X(SUPPORTED, \
		"Supported", 'k', 1) X(UNSUPPORTED, "Unsupported", 0, 1) X(ALLOW, "Allow", 0, 1) X(ACCEPT, \
		"Accept", 0, 1) X(ACCEPT_ENCODING, "Accept-Encoding", 0, 1) X(CONTENT_ENCODING, \
		"Content-Encoding", 'e', 1) X(CONTENT_DISPOSITION, "Content-Disposition", 0, 0) X(EXPIRES, \
		"Expires", 0, 0) X(MIN_EXPIRES, "Min-Expires", 0, 0) X(RETRY_AFTER, "Retry-After", 0, \
		0) X(WARNING, "Warning", 0, 1) X(REASON, "Reason", 0, 1) X(USER_AGENT, "User-Agent", 0, \
		0) X(SERVER, "Server", 0, 0) X(SUBJECT, "Subject", 's', 0) X(DATE, "Date", 0, \
		0) X(TIMESTAMP, "Timestamp", 0, 0) X(AUTHORIZATION, "Authorization", 0, \
		0) X(WWW_AUTHENTICATE, "WWW-Authenticate", 0, 0) X(PROXY_AUTHORIZATION, \
		"Proxy-Authorization", 0, 0) X(PROXY_AUTHENTICATE, "Proxy-Authenticate", 0, \
		0) X(AUTHENTICATION_INFO, "Authentication-Info", 0, 0) X(RSEQ, "RSeq", 0, 0) X(RACK, "RAck", \
		0, 0) X(EVENT, "Event", 'o', 0) X(ALLOW_EVENTS, "Allow-Events", 'u', \
		1) X(SUBSCRIPTION_STATE, "Subscription-State", 0, 0) X(REFER_TO, "Refer-To", 'r', \
		0) X(REFERRED_BY, "Referred-By", 'b', 0) X(REPLACES, "Replaces", 0, 0) X(SESSION_EXPIRES, \
		"Session-Expires", 'x', 0) X(MIN_SE, "Min-SE", 0, 0) X(PATH, "Path", 0, 1) X(SERVICE_ROUTE, \
		"Service-Route", 0, 1) X(ALERT_INFO, "Alert-Info", 0, 1) X(CALL_INFO, "Call-Info", 0, 1) \
		X(PRIVACY, "Privacy", 0, 0) X(MIME_VERSION, "MIME-Version", 0, 0) X(P_ASSERTED_IDENTITY, \
			"P-Asserted-Identity", 0, 1) X(P_PREFERRED_IDENTITY, "P-Preferred-Identity", 0, 1) \
			X(SIP_ETAG, "SIP-ETag", 0, 0) X(SIP_IF_MATCH, "SIP-If-Match", 0, 0) \
				X(IN_REPLY_TO, "In-Reply-To", 0, 1) X(ORGANIZATION, "Organization", 0, 0) \
					X(PRIORITY, "Priority", 0, 0) X(DIVERSION, "Diversion", 0, 1) \
						X(HISTORY_INFO, "History-Info", 0, 1) \
							X(ANSWER_MODE, "Answer-Mode", 0, 0)
enum sip_hdr_id {
	SIP_HDR_OTHER,
#define X(id, name, compact, list) SIP_HDR_##id,
	SIP_HEADERS(X)
#undef X
		N_SIP_HDRS
};

struct sip_hdr {
	enum sip_hdr_id id;
	struct slice name; /* as it stood */
	/* trimmed; folded lines still inside (RFC 3261 7.3.1: treat CRLF + SP/HTAB as SP) */
	struct slice value;
	uint16_t next; /* index + 1 of the next header with this id, 0 = last */
};

/* Limits. A message beyond them has the fault 513 (too large) or 400. */
#define SIP_MSG_MAX       65535u
#define SIP_MSG_HDRS_MAX  256u /* header fields in a message */
#define SIP_MSG_LIST_MAX  100u /* elements of one typed list: more Vias or routes than hops are allowed */
#define SIP_MSG_ARENA_MAX 65536u
#define SIP_MSG_RURI_MAX  2048u  /* bytes of a Request-URI: beyond it 414 */
#define SIP_MSG_BODY_MAX  32768u /* bytes of a request's body that the user agent takes: beyond it 413 */
/* Of the message itself: an ordinary message takes no heap. */
#define SIP_MSG_HDRS_FIRST  32u
#define SIP_MSG_ARENA_FIRST 1024u

struct sip_via {
	struct slice text;      /* this element as it stood */
	struct slice transport; /* "UDP" ... */
	struct slice host;      /* sent-by, IPv6 with brackets */
	uint16_t port;          /* 0: none given */
	struct slice params;
	struct slice branch, received; /* absent when not there */
	struct slice rport;            /* absent: no rport; empty: asked for; else a number */
	bool magic;                    /* branch begins with z9hG4bK and more (RFC 3261 8.1.1.7) */
};

struct sip_cseq {
	uint32_t number;
	enum sip_method method;
	struct slice method_text;
};

struct sip_fault {
	/* what a request with this fault is answered: 400, 413, 416, 505, 513 ... ; 0 = none */
	unsigned status;
	const char *what; /* names the fault, for the reason phrase and the log: "Bad Content-Length" */
};

enum sip_typed_id {
	SIP_TYPED_RURI,
	SIP_TYPED_VIA,
	SIP_TYPED_FROM,
	SIP_TYPED_TO,
	SIP_TYPED_CSEQ,
	SIP_TYPED_CONTACT,
	SIP_TYPED_CONTENT_LENGTH,
	SIP_TYPED_VIAS,
	SIP_TYPED_ROUTES,
	SIP_TYPED_RECORD_ROUTES,
	N_SIP_TYPED
};

struct sip_msg {
	struct slice raw; /* the whole message, start line to end of body */
	bool is_request;
	/* request: of the start line; response: of CSeq (SIP_METHOD_OTHER if unreadable) */
	enum sip_method method;
	struct slice method_text;
	struct slice ruri_text; /* request */
	unsigned status;        /* response: 100..699 */
	struct slice reason;    /* response; may be empty */
	struct sip_hdr *hdrs;
	size_t n_hdrs;
	struct slice body;
	struct sip_fault fault; /* the first fault met */

	/* Below: for msg_*.c. Only the small fields are set by parsing; zeroing the rest would cost more than
	 * parsing does. */
	uint16_t first[N_SIP_HDRS]; /* index + 1 of the first header with this id */
	uint32_t parsed; /* one bit per enum sip_typed_id: asked for before, typed_err and typed hold it */
	int16_t typed_err[N_SIP_TYPED];
	struct sip_typed {
		struct sip_uri ruri;
		struct sip_via via;
		struct sip_addr from, to, contact;
		struct sip_cseq cseq;
		struct {
			const void *elements; /* in the arena */
			size_t n;
		} vias, routes, record_routes;
		uint32_t content_length;
	} typed;
	struct arena arena;
	struct sip_hdr first_hdrs[SIP_MSG_HDRS_FIRST];
	_Alignas(16) char room[SIP_MSG_ARENA_FIRST];
};

/* ---- parsing ---- */

/* A datagram: everything after Content-Length bytes of body is ignored (RFC 3261 18.3); leading CRLFs are skipped.
 * 0: a message, perhaps with a fault (see m->fault; requests are then answered with it, responses dropped).
 * OH_ESYNTAX: not SIP at all (no start line): drop. OH_EAGAIN: nothing but CRLFs (a keep-alive). OH_ENOMEM.
 * `data` is borrowed until sip_msg_free(), which may be called whatever parsing returned. A bare LF ends a line
 * too; a bare CR is a fault, because others take it for a line end. */
int sip_msg_parse(struct sip_msg *m, struct slice data);

/* A stream (RFC 3261 18.3): the first complete message in `data`. 0: *ret_used bytes belong to it. OH_EAGAIN: more
 * bytes are needed. OH_ESYNTAX / OH_ETOOBIG: framing is lost, close the connection (m->fault may tell what to
 * answer first). */
int sip_msg_parse_stream(struct sip_msg *m, struct slice data, size_t *ret_used);

/* Gives back what the arena took. The struct may be used again. */
void sip_msg_free(struct sip_msg *m);

/* Checks what every request must have (RFC 3261 8.1.1, 8.2: To, From, Call-ID, CSeq that matches, Via, single
 * values) by parsing it; sets m->fault on the first thing that is wrong. Returns 0 or OH_ESYNTAX. A response is
 * checked for Via, From, To, Call-ID and CSeq. */
int sip_msg_check(struct sip_msg *m);

/* ---- untyped access ---- */
const struct sip_hdr *sip_msg_hdr(const struct sip_msg *m, enum sip_hdr_id id); /* first or NULL */
const struct sip_hdr *sip_msg_hdr_next(
	const struct sip_msg *m, const struct sip_hdr *hdr);                         /* same id or NULL */
const struct sip_hdr *sip_msg_hdr_named(const struct sip_msg *m, struct slice name); /* any, by name */
/* The value of the first, absent when there is none. */
struct slice sip_msg_value(const struct sip_msg *m, enum sip_hdr_id id);
/* Does a comma list of tokens in any header of this id (Supported, Require, Allow, Accept ...) hold this token? */
bool sip_msg_has_token(const struct sip_msg *m, enum sip_hdr_id id, struct slice token);
/* Takes the next comma-separated element off *rest, trimmed; quotes and <> protect commas. false: end. */
bool sip_list_next(struct slice *rest, struct slice *ret_element);

/* ---- typed access: parsed once, kept in the arena ----
 * 0 with *ret set; OH_ENOENT: header absent; OH_ESYNTAX (OH_EURI, OH_ERANGE): malformed; OH_ENOMEM. */
int sip_msg_ruri(struct sip_msg *m, const struct sip_uri **ret);
int sip_msg_via(struct sip_msg *m, const struct sip_via **ret); /* the topmost */
int sip_msg_from(struct sip_msg *m, const struct sip_addr **ret);
int sip_msg_to(struct sip_msg *m, const struct sip_addr **ret);
int sip_msg_cseq(struct sip_msg *m, const struct sip_cseq **ret);
int sip_msg_contact(struct sip_msg *m, const struct sip_addr **ret); /* the first */
int sip_msg_max_forwards(struct sip_msg *m, uint32_t *ret);          /* above 255 (RFC 4475 3.1.2.4): 255 */
int sip_msg_content_length(struct sip_msg *m, uint32_t *ret);
/* Tags of From and To; absent when there is none. */
struct slice sip_msg_from_tag(struct sip_msg *m);
struct slice sip_msg_to_tag(struct sip_msg *m);
struct slice sip_msg_call_id(const struct sip_msg *m);
/* All values of Via / Route / Record-Route over all header lines, in order: *ret_list of *ret_n elements. */
int sip_msg_vias(struct sip_msg *m, const struct sip_via **ret_list, size_t *ret_n);
int sip_msg_routes(struct sip_msg *m, enum sip_hdr_id id, const struct sip_addr **ret_list, size_t *ret_n);
/* Takes the next element of a Via value off *rest. 1: *ret_via set; 0: nothing left; OH_ESYNTAX. */
int sip_via_next(struct slice *rest, struct sip_via *ret_via);
/* The value with every fold made one SP (RFC 3261 7.3.1) into buf; the number of bytes, or OH_ETOOBIG. */
long sip_unfold(struct slice value, char *buf, size_t cap);
/* Media type without parameters, e.g. "application/sdp"; absent when there is no body type. */
struct slice sip_msg_content_type(const struct sip_msg *m);
/* A header whose value is a number of seconds with optional parameters (Expires, Retry-After, Min-Expires). */
int sip_msg_seconds(const struct sip_msg *m, enum sip_hdr_id id, uint32_t *ret);

/* ---- names ---- */
const char *sip_method_name(enum sip_method method);
enum sip_method sip_method_of(struct slice name); /* methods are case-sensitive (RFC 3261 7.1) */
const char *sip_hdr_name(enum sip_hdr_id id);
enum sip_hdr_id sip_hdr_of(struct slice name); /* without case; compact forms too */
/* The standard phrase of a status, "" for an unknown one outside the classes, the class's phrase otherwise. */
const char *sip_reason(unsigned status);

#endif
