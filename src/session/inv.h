/*
 * The INVITE session (RFC 3261 13, 14, 15): one call as SIP sees it, from the first INVITE to the end of the BYE. It
 * knows when a body is an offer and when an answer (RFC 3264 5-8, RFC 6337) and never looks into one: the owner
 * (src/phone) makes and reads session descriptions and wires audio.
 *
 * Owner: whoever made it. It is alive until inv_free(), which must come before sip_stack_free(); after
 * INV_DISCONNECTED nothing more is reported, and what SIP still owes the peer (a BYE's repeats, an ACK for a late
 * 2xx, a 487) goes on behind it without the owner.
 * Thread: signalling. Callbacks come last in each operation; the owner may do anything in them, inv_free() included.
 *
 * The life of a call:   caller  NULL -> CALLING -> EARLY* -> CONNECTING -> CONFIRMED -> DISCONNECTED
 *                       callee  INCOMING -> EARLY* -> CONNECTING (2xx sent) -> CONFIRMED (ACK) -> DISCONNECTED
 * A caller passes CONNECTING when the 2xx came and CONFIRMED when the ACK has gone out, in one step of the loop.
 */
#ifndef OH_SESSION_INV_H
#define OH_SESSION_INV_H

#include "sip/dialog.h"

struct inv;

enum inv_state {
	INV_NULL,
	INV_CALLING,
	INV_INCOMING,
	INV_EARLY,
	INV_CONNECTING,
	INV_CONFIRMED,
	INV_DISCONNECTED
};

/* Where a body stands in the offer/answer exchange. */
enum inv_sdp { INV_SDP_OFFER, INV_SDP_ANSWER };

/* A message of the session that says what we can do. */
enum inv_kind { KIND_INVITE, KIND_REINVITE, KIND_UPDATE, KIND_PROVISIONAL, KIND_ACCEPTED };
#define INV_OWNERS_MAX 20u /* headers that the owner adds to each */

struct inv_handler {
	/* The state has changed, or another provisional came (EARLY again). inv_status() has code and phrase.
	 * `msg` is the message that did it, or NULL (a local operation, a timer). */
	void (*state)(void *arg, struct inv *inv, struct sip_msg *msg);
	/*
	 * A session description arrived. INV_SDP_OFFER: the peer offers, in its INVITE, re-INVITE, or in the 2xx to our
	 * INVITE without offer; the owner answers by inv_answer_offer(), at once or later (a re-INVITE waits at most
	 * 10 s, then 500 is sent; a 2xx, a reliable provisional, a PRACK and an UPDATE cannot wait: without an answer from
	 * inside the callback the first two end the call, the others are refused with 504).
	 * For the first INVITE the offer is not reported: inv_remote_offer() has it.
	 * INV_SDP_ANSWER: the answer to our offer, in a provisional (`early`), 2xx, ACK, or where PRACK and UPDATE have
	 * theirs. What an unreliable provisional said is not binding (RFC 6337 3.1.1): a 2xx of the same phone that says
	 * something else is reported again, and counts (RFC 3261 13.2.1 would ignore it; gateways depend on it). Order against state(): EARLY before an early answer; CONNECTING before the
	 * answer in a 2xx; the answer before CONFIRMED. Of several phones that ring for one INVITE the last one to describe
	 * its audio is heard: each new answer replaces the one before, and in the end that of the 2xx does.
	 * Returns 0, or an error: the description cannot be used. A re-INVITE's offer is then refused with 488 unless
	 * the owner has refused it by inv_refuse_offer(), a first answer ends the call (BYE), a re-INVITE's answer
	 * leaves things as they are.
	 */
	int (*sdp)(void *arg, struct inv *inv, enum inv_sdp kind, struct slice body, bool early);
	/* Our re-INVITE ended without an answer: the old session stands. status: the peer's final, 408 for none, 491
	 * after the last retry. `msg` is the peer's response, or NULL. */
	void (*reoffer_failed)(void *arg, struct inv *inv, unsigned status, struct sip_msg *msg);
	/* Nobody has answered our re-INVITE in 64*T1. False, or absent: the call ends with 408 (RFC 3261 12.2.1.2); true: the owner
	 * knows better, and reoffer_failed() follows. */
	bool (*unanswered)(void *arg, struct inv *inv);
	/* What would we offer now? Asked when our re-INVITE met another one (491) and is sent anew, and when the peer
	 * re-INVITEs without an offer (ours goes into the 2xx). Absent or empty: give it up (the peer's is refused with
	 * 488). The slice is borrowed until return of the caller's loop step. */
	struct slice (*reoffer_again)(void *arg, struct inv *inv);
	/* Shall the PRACK of the answer that was just reported bring another offer (RFC 3262 5)? Absent or empty: no. */
	struct slice (*prack_offer)(void *arg, struct inv *inv);
	/* A request that is neither ACK, BYE, CANCEL, PRACK, UPDATE nor (re-)INVITE inside the dialog (INFO, MESSAGE, OPTIONS ...).
	 * Answered by the owner through `server`. NULL: OPTIONS 200, the rest 405 / 501. */
	void (*request)(void *arg, struct inv *inv, struct sip_msg *msg, struct sip_server *server);
	/* Headers that the owner adds to such a message, at most cap (INV_OWNERS_MAX); how many. They are good until the
	 * message has been printed. May be NULL. */
	size_t (*headers)(void *arg, enum inv_kind kind, struct sip_extra *list, size_t cap);
	/* The end of a request sent by inv_request(): its final response, or NULL with err. Not after DISCONNECTED. */
	void (*response)(void *arg, struct inv *inv, uint64_t token, struct sip_msg *msg, int err);
	void *arg;
};

/* ---- what a call may do ---- */

enum inv_reliable {
	INV_RELIABLE_OFF,       /* no 100rel */
	INV_RELIABLE_SUPPORTED, /* offered and taken; our own provisionals go reliably when they describe audio */
	INV_RELIABLE_REQUIRED /* all provisionals, either way; a peer that cannot is refused with 421 */
};

enum inv_timer_use {
	INV_TIMER_OFF,    /* no session timer */
	INV_TIMER_ACCEPT, /* when the peer asks for it */
	INV_TIMER_OFFER,  /* we ask for it */
	INV_TIMER_REQUIRE /* and refuse a peer that cannot */
};

struct inv_policy {
	enum inv_reliable reliable;
	enum inv_timer_use timer;   /* RFC 4028 */
	uint32_t session_expires_s; /* what we ask for; 0 = 1800 */
	uint32_t min_se_s;          /* less is refused with 422; 0 = 90, the least */
	uint32_t options_s;         /* the peer is asked so often whether it is there; 0 = never */
	bool join;                  /* an INVITE may ask to join a call (RFC 3911) */
};
/* SUPPORTED, ACCEPT. */
struct inv_policy inv_policy_default(void);

/* ---- calling ---- */

/* What an INVITE that takes the place of another one has of it (RFC 3261 8.1.3.4, 8.1.3.5): From tag and next number. */
#define INV_TAG_LEN 16u
struct inv_again {
	char tag[INV_TAG_LEN + 1]; /* empty: it takes nobody's place */
	uint32_t cseq;
};
/* Of a call of ours that has ended by a refusal, for another INVITE with the same Call-ID. */
struct inv_again inv_again(const struct inv *inv);

struct inv_call_cfg {
	struct slice target;        /* Request-URI */
	const struct slice *routes; /* pre-loaded Route values, or NULL */
	size_t n_routes;
	struct slice from;    /* name-addr without tag */
	struct slice to;      /* name-addr without tag */
	struct slice contact; /* whole value */
	struct slice call_id; /* absent: a random one */
	struct inv_again again;
	const struct sip_extra *extras; /* program headers for the INVITE */
	size_t n_extras;
	uint32_t expires_s; /* Expires: no answer in that time ends the call with 487; 0: none */
	struct slice offer; /* empty: INVITE without offer */
	struct inv_policy policy;
	struct sip_flow flow;  /* as located */
	bool secure;           /* sip_request.secure */
	bool spare;            /* there is another one: sip_request.spare */
	uint64_t about;        /* sip_request.about */
	struct sip_auth *auth; /* who we are, for the call's whole life; kept by reference; NULL: nobody */
	struct inv_handler handler;
};
/* Sends the INVITE; state() CALLING does not run (the owner knows). All slices are copied. Errors: as
 * sip_client_send(); OH_ETOOBIG also for more than 64 headers. No callback runs from inside. */
int inv_call(struct sip_stack *s, const struct inv_call_cfg *cfg, struct inv **ret_inv);

/* ---- being called ---- */

/* Takes a new INVITE with its server transaction, which sends a 100 when nobody answers within 200 ms; state INCOMING.
 * Refuses by itself what cannot become a session and returns the error then (the server transaction is used up): 400
 * (no or bad Contact), 415/406 (body type), 500 (memory), 420, 421, 422 (by the policy); 481, 482 are the stack's.
 * OH_ENOTSUP, OH_ESYNTAX, OH_ENOENT, OH_ENOMEM ... */
int inv_incoming(struct sip_stack *s, struct sip_msg *invite, struct sip_server *server,
	const struct inv_policy *policy, const struct inv_handler *handler, struct inv **ret_inv);
/* Who we are when our requests in an incoming call are challenged; kept by reference. */
void inv_set_auth(struct inv *inv, struct sip_auth *auth);
/* Our requests in an incoming call go over TLS or not at all. */
void inv_set_secure(struct inv *inv);
/* The offer in the INVITE; empty when there was none (then our 2xx carries the offer). */
struct slice inv_remote_offer(const struct inv *inv);

struct inv_reply {
	unsigned status;      /* 101-699 */
	struct slice reason;  /* absent: the standard phrase */
	struct slice contact; /* for 101-299 */
	const struct sip_extra *extras;
	size_t n_extras;
	/* the answer, or our offer when the INVITE had none (an 18x that does not go reliably leaves it out,
	 * RFC 3261 13.2.1); may be empty for 18x, and for a 2xx when a description already went in an 18x: an unreliable
	 * one is repeated */
	struct slice sdp;
};
/* Would a provisional with a description go reliably? Then it may carry an offer, when the INVITE had none. */
bool inv_describes_early(const struct inv *inv);
/* Answers the INVITE. State EARLY, CONNECTING or DISCONNECTED follows, reported from inside. OH_ESTATE when there is
 * nothing to answer; OH_EINVAL: no such status, a 2xx without description, a line break in a header; OH_ETOOBIG,
 * OH_ENOMEM: nothing was sent. The last provisional is repeated every minute, at first sooner, and the caller's Expires
 * ends the call with 487. While a reliable provisional waits for its PRACK the next ones wait behind it (8 at most:
 * OH_ETOOMANY), a 2xx only when a description is among them; it counts as said from when it leaves. Without a PRACK in
 * 64*T1 the call ends with 504. A 2xx is repeated until the ACK; without one for 64*T1 the call ends by BYE, status 408. */
int inv_reply(struct inv *inv, const struct inv_reply *reply);

/* ---- both ---- */

/* Answers an offer of the peer (see sdp()). Empty sdp: refuse with 488. contact: absent = as before. OH_ESTATE: no
 * offer is open (any more); OH_EINVAL, OH_ETOOBIG, OH_ENOMEM: nothing was sent, it is still open. */
int inv_answer_offer(struct inv *inv, struct slice sdp, struct slice contact);

/* Refuses the offer of the peer's re-INVITE with 300-699 and these headers, such as a Warning. OH_ESTATE: as above;
 * OH_EINVAL: no refusal. */
int inv_refuse_offer(struct inv *inv, unsigned status, const struct sip_extra *extras, size_t n_extras);

/* A re-INVITE with this offer (empty: the peer is asked for one, reported by sdp()). contact: absent = as before.
 * OH_ESTATE: not confirmed; OH_EBUSY: another offer is open, either way, or one of ours waits for its next try; else as
 * sip_client_send(). 491 from the peer: tried again by the bands of RFC 3261 14.1 through reoffer_again(). Taken up by the
 * peer and not answered in 3 minutes: cancelled, and reoffer_failed() follows. */
int inv_reoffer(struct inv *inv, struct slice offer, struct slice contact, const struct sip_extra *extras,
	size_t n_extras);

/* An UPDATE (RFC 3311), early or confirmed, with an offer or (empty) without; ends as inv_reoffer() does. OH_ESTATE: no
 * dialog, or an early one in which no offer may be made yet; OH_ENOTSUP: the peer's Allow has no UPDATE; OH_EBUSY: as
 * inv_reoffer(), or an UPDATE is open; else as sip_client_send(). */
int inv_update(struct inv *inv, struct slice offer, struct slice contact, const struct sip_extra *extras,
	size_t n_extras);
/* 0, or why it would not go now. */
int inv_may_update(const struct inv *inv, bool with_offer);
/* Does the peer say that it takes this method? True when it has said nothing. */
bool inv_peer_takes(const struct inv *inv, enum sip_method method);

/* Our end of its way is this address of ours now (the machine has moved). */
void inv_moved(struct inv *inv, const struct netaddr *local);

/* Any other request inside the dialog: INFO, ... Ends in response() with token. OH_ESTATE: before a dialog, OH_EENDED,
 * OH_EINVAL: INVITE, ACK, BYE, CANCEL; else as sip_client_send(). */
int inv_request(struct inv *inv, const struct dialog_request *req, uint64_t token);

/*
 * Ends the call in whatever state: caller before the 2xx: CANCEL (and if a 2xx crosses it, ACK and BYE); callee before
 * the 2xx: final response with code and reason; confirmed: BYE; connecting callee: BYE after the ACK or its time-out.
 * DISCONNECTED with this code and reason is reported from inside; OH_EENDED when it has ended before.
 * code 0: by state, 200 confirmed, 603 callee, 487 caller. A callee's code that is no refusal (300-699) becomes 603.
 * The last word to the peer goes on behind it: sip_stack_ending() counts those.
 */
int inv_end(
	struct inv *inv, unsigned code, struct slice reason, const struct sip_extra *extras, size_t n_extras);

/* Lets go. A call that has not ended is ended first (without callbacks). Returns NULL; NULL is harmless. */
struct inv *inv_free(struct inv *inv);

/* The session description in a body, alone or as a part of it (RFC 5621); absent when there is none that can be read. */
struct slice inv_sdp_of(const struct sip_msg *msg);
/* The bodies that a call understands, as they stand in Accept. */
#define INV_ACCEPT "application/sdp, multipart/alternative, multipart/mixed, multipart/related"

/* A 2xx to an INVITE that nobody waits for any more (sip_stack_handler.stray_2xx): ACK, then BYE (RFC 3261
 * 13.2.2.4), and forgotten. */
void inv_end_stray(struct sip_stack *s, struct sip_msg *response, const struct sip_flow *flow);

/* ---- questions ---- */

enum inv_state inv_state(const struct inv *inv);
const char *inv_state_name(enum inv_state state);
bool inv_is_caller(const struct inv *inv);
/* Last status sent or received for the INVITE (0 before any) and its phrase; after the end the final cause: peer's BYE
 * 200 "Normal call clearing", no answer 408, transport failure 503. */
unsigned inv_status(const struct inv *inv);
struct slice inv_reason(const struct inv *inv);
/* Who ended it: 0 not ended, 1 we, 2 the peer, 3 the network (time-out, transport). */
enum inv_ended_by { INV_NOT_ENDED, INV_ENDED_BY_US, INV_ENDED_BY_PEER, INV_ENDED_BY_NETWORK };
enum inv_ended_by inv_ended_by(const struct inv *inv);
/* Ended by the network: with which error of the transaction (OH_EUNREACH, OH_ETLS, OH_ECERT ...); 0: the status says all. */
int inv_end_error(const struct inv *inv);
struct slice inv_local_uri(const struct inv *inv); /* name-addr without tag */
struct slice inv_remote_uri(const struct inv *inv);
struct slice inv_remote_contact(const struct inv *inv); /* URI without brackets; empty before it is known */
struct slice inv_call_id(const struct inv *inv);
const struct sip_flow *inv_flow(const struct inv *inv);
/* Its dialog, for a subscription to share; NULL before there is one. */
struct dialog *inv_dialog(const struct inv *inv);
/* The call that a dialog belongs to; NULL: it was not made by an INVITE. */
struct inv *inv_of_dialog(const struct dialog *dialog);
bool inv_offer_open(const struct inv *inv); /* an offer, either way, waits for its answer */

#endif
