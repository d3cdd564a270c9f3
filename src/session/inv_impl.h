/*
 * Inside of the INVITE session, for the files inv*.c only.
 *
 *	inv.c           life, the table of the machine, reports to the owner, questions
 *	inv_invite.c    one INVITE that we sent: its ACKs, repeats and forks
 *	inv_uac.c       the first INVITE, as caller
 *	inv_uas.c       the first INVITE, as callee; the repetition of a 2xx until its ACK
 *	inv_body.c      the session description in a body, and bodies that are not for us
 *	inv_early.c      the other early dialogs of the first INVITE
 *	inv_prack.c     reliable provisionals, as caller and as callee
 *	inv_reinvite.c  re-INVITE both ways
 *	inv_update.c    UPDATE both ways; offers that are answered in the response to their request
 *	inv_timer.c     session timers, and the question whether the peer is still there
 *	inv_headers.c   what we say of ourselves, and what the peer says of itself
 *	inv_end.c       hanging up, in every phase
 *	inv_request.c   other requests inside the dialog, both ways
 *
 * The phases are those of the INVITEs and the end. The exchange of offers runs across them, because PRACK and UPDATE carry
 * offers while an INVITE is open and while none is: enum sdp_stage, with the question who carries the open offer (an INVITE
 * of ours: inv->open; one of the peer: inv->server, inv->rel; an UPDATE of ours: inv->want). An offer of the peer in PRACK,
 * UPDATE or a reliable provisional is answered from inside the owner's callback (RFC 3311 5.2: promptly), so it never
 * lasts beyond one step of the machine.
 *
 * A call is counted by what still needs it: the owner, each INVITE that we sent (its 2xx may be repeated), the INVITE
 * of the peer, a BYE, other requests. It goes when the last of them has ended, long after the owner if need be.
 */
#ifndef OH_SESSION_INV_IMPL_H
#define OH_SESSION_INV_IMPL_H

#include "base/err.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/wheel.h"
#include "session/inv.h"
#include "session/kept_extras.h"

/* One list: constant, name in the log, the state that the owner sees. */
#define INV_PHASES(X) \
	X(CALLING, INV_CALLING)             /* our INVITE is out */ \
	X(RINGBACK, INV_EARLY)              /* a provisional came */ \
	X(ANSWER_DUE, INV_CONNECTING)       /* the 2xx brought an offer: our ACK must bring the answer */ \
	X(ACKED, INV_CONNECTING)            /* either side: the ACK is through, the owner is being told */ \
	X(INCOMING, INV_INCOMING)           /* the peer's INVITE came */ \
	X(RINGING, INV_EARLY)               /* we sent a provisional */ \
	X(ANSWER_WAITS, INV_EARLY)          /* our 2xx waits for the PRACK of a description (RFC 3262 3) */ \
	X(ANSWERED, INV_CONNECTING)         /* we sent the 2xx and wait for the ACK */ \
	X(CONFIRMED, INV_CONFIRMED)         /* at rest */ \
	X(REOFFERED, INV_CONFIRMED)         /* our re-INVITE is out */ \
	X(REOFFER_WITHDRAWN, INV_CONFIRMED) /* ... and cancelled */ \
	X(REANSWER_DUE, INV_CONFIRMED)      /* as ANSWER_DUE, for a re-INVITE */ \
	X(REOFFER_CAME, INV_CONFIRMED)      /* the peer's re-INVITE waits for our answer */ \
	X(REANSWERED, INV_CONFIRMED)        /* we sent the 2xx to it and wait for the ACK */ \
	/* From here on the owner knows that it is over; what SIP owes the peer goes on. */ \
	X(CANCELLING, INV_DISCONNECTED)     /* the final response to our INVITE is still to come */ \
	X(BYE_AFTER_ACK, INV_DISCONNECTED)  /* a callee sends no BYE before the ACK (RFC 3261 15) */ \
	X(BYE_BEFORE_ACK, INV_DISCONNECTED) /* the peer's BYE came first: our 2xx goes on */ \
	X(BYE_SENT, INV_DISCONNECTED) \
	X(OVER, INV_DISCONNECTED) /* repeats of a 2xx may still ask for their ACK */
enum phase {
#define X(name, shown) PHASE_##name,
	INV_PHASES(X)
#undef X
		N_PHASES
};

/* What a body means when it comes (RFC 3264, RFC 6337 2). */
enum sdp_stage {
	SDP_NOTHING, /* the open INVITE had no offer and nobody has made one yet */
	SDP_OURS,    /* our offer waits for the peer's answer */
	SDP_PREVIEW, /* ... an unreliable provisional has told it (either way): the 2xx says it again */
	SDP_THEIRS,  /* the peer's offer waits for ours */
	SDP_SETTLED,
};

enum inv_event {
	/* A response to our open INVITE, or its end without one. */
	EV_PROVISIONAL,
	EV_SUCCESS,
	EV_FAILURE,
	EV_NO_RESPONSE,
	/* From the peer. */
	EV_ACK,
	EV_CANCEL,
	EV_BYE,
	EV_INVITE,
	EV_PRACK,
	EV_UPDATE,
	/* Time. */
	EV_TIMER,
	EV_RELIABLE_TIMER, /* a reliable provisional has no PRACK yet */
	EV_SERVER_GONE,    /* the peer's INVITE transaction: no ACK in 64*T1, or its transport was closed */
	/* From the owner. */
	EV_REPLY,
	EV_ANSWER,
	EV_REFUSE,
	EV_REOFFER,
	EV_END,
	N_EVENTS
};

/* What comes with the event: only what its kind needs is set. */
struct ev {
	enum inv_event kind;
	struct sip_msg *msg;
	struct sip_server *server;
	const struct sip_flow *flow;
	struct invite *invite;
	int err;
	const void *op; /* struct inv_reply, op_answer, op_refusal, op_reoffer or op_end */
};

struct op_answer {
	struct slice sdp, contact;
};

struct op_refusal {
	unsigned status;
	const struct sip_extra *extras;
	size_t n_extras;
};

struct op_reoffer {
	struct slice offer, contact;
	const struct sip_extra *extras;
	size_t n_extras;
};

struct op_end {
	enum inv_ended_by by;
	unsigned status;
	int err;             /* of the network; 0: none that the status does not tell */
	struct slice reason; /* absent: the standard phrase */
	const struct sip_extra *extras;
	size_t n_extras;
	struct sip_msg *msg; /* what the owner is shown, or NULL */
};

/* The end of a request of ours: its final response or NULL with err. */
typedef void inv_done_fn(struct inv *inv, struct sip_msg *msg, int err, uint64_t token);
typedef int inv_act(struct inv *inv, const struct ev *ev);

/* One INVITE that we sent. */
struct invite {
	struct list link; /* inv->invites */
	struct inv *inv;
	struct sip_client *client;
	uint32_t cseq;
	struct sip_ack *ack; /* to the 2xx of the dialog that became the call */
	struct list forks;   /* struct fork */
};

/* We want another session: from inv_reoffer() or inv_update() until that has ended, over all its tries. */
struct reoffer {
	struct inv *inv;
	enum sip_method method; /* INVITE or UPDATE */
	struct wheel_timer retry;
	unsigned tries;
	uint64_t since_ns;
	struct kept_extras *extras;
};

/* An early dialog besides the one that is heard (RFC 3261 13.2.2.4): what inv->dialog, sdp, kept and peer_rseq are of that
 * one. */
struct early {
	struct list link; /* inv->earlies, the one heard last at the end */
	struct dialog *dialog;
	enum sdp_stage sdp;
	struct slice kept;
	uint32_t peer_rseq;
};

/* Provisionals that are sent until their PRACK comes (RFC 3262 3), one at a time; the others wait. From the first one on. */
struct reliable {
	struct inv *inv;
	struct wheel_timer timer;
	uint32_t rseq, wait_ms;
	uint64_t give_up_ns;
	enum {
		REL_NONE,
		REL_PLAIN,
		REL_DESCRIBED
	} open;            /* none, one without or with a description waits for its PRACK */
	struct list queue; /* struct kept_reply */
};

/* The peer's offer in a request or a reliable provisional, while the owner is asked. */
struct asked {
	struct sip_server *server; /* of the PRACK or UPDATE */
	struct dialog *dialog;     /* its dialog */
	struct sip_msg *msg;       /* server NULL: the provisional, whose PRACK brings the answer */
	enum sdp_stage before;
	enum { ASKED_OPEN, ASKED_ANSWERED, ASKED_REFUSED } result;
};

struct inv {
	struct sip_stack_user on_stack;
	struct sip_stack *stack;
	struct inv_handler handler; /* all NULL once the owner has been told of the end, or has gone */
	unsigned refs;
	enum phase phase;
	enum sdp_stage sdp;
	enum inv_ended_by ended_by;
	int end_err;
	unsigned status;
	char *reason; /* NULL: the standard phrase */
	bool caller;
	uint32_t first_cseq;       /* caller: of its newest INVITE */
	bool offered;              /* caller: the first INVITE had an offer */
	bool peer_requires_100rel; /* callee: in the INVITE */
	uint8_t peer_supports;     /* enum inv_extension, as last told */
	uint32_t peer_allows;      /* a bit per enum sip_method, as last told; 0: not told */
	struct inv_policy policy;

	struct dialog *dialog;
	struct sip_flow flow; /* how the first INVITE went or came */
	char *contact;        /* ours, as last given */
	/* SDP_THEIRS: the first INVITE's offer; callee's SDP_PREVIEW: our answer; caller's early dialog: the peer's answer */
	struct slice kept;
	uint32_t peer_rseq; /* caller: of the last reliable provisional of this dialog; 0: none */

	struct list invites;       /* struct invite */
	struct invite *open;       /* the one that has no final response yet */
	struct sip_server *server; /* the peer's INVITE until it is refused or its 2xx acknowledged */
	uint32_t server_cseq;
	struct sip_client *bye;
	struct kept_extras *bye_extras;
	struct list requests; /* struct inv_req */
	struct reoffer *want;
	struct list earlies;         /* struct early */
	struct reliable *rel;        /* callee, NULL: none was ever sent */
	struct session_timer *clock; /* NULL: nothing is watched */
	struct asked *asked;         /* while the owner is asked */

	struct wheel_timer timer; /* what it means depends on the phase */
	uint32_t wait_ms;         /* until the next repetition of the 2xx */
	uint64_t expires_ns;      /* RFC 3261 13.2.1, 13.3.1: the caller's Expires; 0 = none */

	/* The caller's, made before there is a dialog. */
	struct slice from, to, call_id, target; /* from with its tag */
	size_t from_base;
	char texts[];
};

/* Limits. */
#define INV_EXTRAS_MAX 64u /* headers of the program in one message */
#define INV_EXTRAS_ROOM \
	(INV_EXTRAS_MAX + INV_OWNERS_MAX + 8u) /* with those of inv_headers.c and an INVITE's Expires */
#define INV_EARLY_MAX  16u                     /* early dialogs of one INVITE */
#define INV_QUEUE_MAX  8u                      /* provisionals that wait for the PRACK of the one before */
#define INV_FORKS_MAX  64u                     /* 2xx of other forks that one INVITE acknowledges and ends */
#define INV_REASON_MAX 256u                    /* bytes of a phrase that we keep */
/* Of one wish; against 491 also as long as a transaction of the peer may be open (64*T1), which the loss of packets keeps so. */
#define INV_REOFFER_TRIES     5u
#define INV_REOFFER_ANSWER_MS 10000u /* how long a peer's re-INVITE waits for the owner */
#define INV_REOFFER_LIMIT_MS \
	180000u                  /* our re-INVITE, taken up and never answered: as timer C (RFC 3261 16.6) */
#define INV_RING_AGAIN_MS 60000u /* RFC 3261 13.3.1.1: a provisional every minute keeps proxies waiting */
/* Over an unreliable transport the first repeats come sooner, each after twice the time: a caller that hears none of them in
 * 32 s gives up, and the repeats of its INVITE alone bring it one too seldom when a third of the packets is lost. */
#define INV_RING_FIRST_MS 2000u
#define INV_RETRY_AFTER_S 10u /* RFC 3261 14.2: a number of seconds from 0 to this */

#define SDP_TYPE SLICE_LIT("application/sdp")

/* ---- inv.c ---- */
int inv_handle(struct inv *inv, const struct ev *ev);
void inv_ref(struct inv *inv);
void inv_unref(struct inv *inv);
/* The one writer of the phase; arms and stops the timer. */
void inv_enter(struct inv *inv, enum phase phase);
void inv_set_status(struct inv *inv, unsigned status, struct slice reason);
void inv_report(struct inv *inv, struct sip_msg *msg);
/* The end, for the owner: DISCONNECTED is reported, and then nothing more. */
void inv_finish(struct inv *inv, enum phase phase, const struct op_end *end);
bool inv_ended(const struct inv *inv);
int inv_new(struct sip_stack *s, const struct inv_handler *handler, size_t n_texts, struct inv **ret_inv);
/* A copy of text as the kept body, contact, ...: OH_ENOMEM leaves the old one. */
int inv_keep_body(struct inv *inv, struct slice body);
void inv_drop_body(struct inv *inv);
int inv_keep_contact(struct inv *inv, struct slice contact);
void inv_dialog_request(void *arg, struct sip_msg *msg, struct sip_server *server);

/* ---- inv_headers.c ---- */
enum inv_extension { EXT_100REL = 1, EXT_TIMER = 2 };
/* A message that we send: what we can do (RFC 3261 13.2.1, 13.3.1.4), what its kind asks for, and the program's headers. */
struct inv_headers {
	size_t n;
	struct sip_extra list[INV_EXTRAS_ROOM];
	char supported[64], require[64], session_expires[48], min_se[16];
};
/* OH_ETOOBIG: more headers of the program than INV_EXTRAS_MAX. */
int inv_headers_fill(
	struct inv *inv, enum inv_kind kind, const struct sip_extra *extras, size_t n, struct inv_headers *h);
void inv_headers_add(struct inv_headers *h, const char *name, struct slice value);
/* Takes note of Allow and Supported. */
void inv_note_peer(struct inv *inv, const struct sip_msg *msg);
/* Does it say that it takes no such requests? */
bool inv_peer_refuses(const struct inv *inv, enum sip_method method);

/* ---- inv_early.c ---- */
/* The early dialog with this tag of the peer: 0: the one that is heard, 1: *ret_early, -1: there is none. */
int early_find(struct inv *inv, struct slice tag, struct early **ret_early);
/* A dialog for a response with a new tag; it becomes the one that is heard when there is none. */
int early_new(struct inv *inv, const struct ev *ev);
/* This one is heard from now on. Nothing is reported. */
void early_switch(struct inv *inv, struct early *f);
/* The one that is heard has ended (RFC 6228): the one heard before it is, if there is one. */
void early_end(struct inv *inv, struct slice tag);
void earlies_free_all(struct inv *inv);

/* ---- inv_prack.c ---- */
/* The response has come reliably, and for the first time and in its order (RFC 3262 4): 1; not reliably: 0; not to be
 * looked at: -1. Its PRACK is sent by prack_send(), once its description has been looked at. */
int prack_due(struct inv *inv, struct sip_msg *msg);
/* What the provisional or its PRACK has to do with an exchange: nothing; one of them brings an answer; the PRACK brings an
 * offer. */
enum prack_kind { PRACK_PLAIN, PRACK_DESCRIBED, PRACK_OFFER };
int prack_send(struct inv *inv, struct sip_msg *msg, enum prack_kind kind, struct slice body);
/* Does a PRACK of ours that belongs to an exchange wait for its response? */
bool prack_described_open(const struct inv *inv);
/* Our open offer travels in an UPDATE or PRACK: the INVITE's 2xx and ACK have nothing to do with it. */
bool offer_is_beside(const struct inv *inv);
/* Does this provisional go reliably? */
bool rel_wanted(const struct inv *inv, const struct inv_reply *r);
/* Must this response wait for the PRACK of another? */
bool rel_waits(const struct inv *inv, const struct inv_reply *r);
int rel_queue(struct inv *inv, const struct inv_reply *r);
/* The headers of the next one; rel_sent() when it has gone. OH_ENOMEM. */
int rel_prepare(struct inv *inv, struct inv_headers *h, char rseq[16]);
void rel_sent(struct inv *inv, bool described);
/* A final response went: nothing is repeated any more. */
void rel_over(struct inv *inv);
struct reliable *rel_free(struct inv *inv);

/* ---- inv_update.c ---- */
/* Asks the owner to answer the peer's offer now. True: it was, and the response has gone; false: it was refused, and so was
 * the request. */
bool offer_ask(struct inv *inv, struct sip_server *server, struct dialog *d, struct slice offer);
/* The same for the offer in a reliable provisional: the PRACK has gone, or it has not. */
bool offer_ask_reliable(struct inv *inv, struct sip_msg *msg, struct slice offer);
int offer_answer_now(struct inv *inv, struct slice sdp);
int offer_refuse_now(struct inv *inv, const struct op_refusal *op);
/* Is an UPDATE of ours with an offer on its way? */
bool update_offer_open(const struct inv *inv);
/* May an UPDATE with an offer go? (RFC 6337 4.3) */
bool update_may_offer(const struct inv *inv);
/* The wish of inv->want. */
int update_send(struct inv *inv, struct slice offer);
int update_send_plain(struct inv *inv, const struct sip_extra *extras, size_t n_extras, inv_done_fn *done);

/* ---- inv_timer.c ---- */
/* What the peer's INVITE, re-INVITE or UPDATE asks for. 0, or the status to refuse it with: 422. */
unsigned timer_asked(struct inv *inv, const struct sip_msg *msg);
void timer_refuse(struct inv *inv, struct sip_server *server);
void timer_put(struct inv *inv, enum inv_kind kind, struct inv_headers *h);
/* Our 2xx to it has gone. */
void timer_answered(struct inv *inv);
/* The 2xx to an INVITE, re-INVITE or UPDATE of ours has come. */
void timer_taken(struct inv *inv, const struct sip_msg *msg);
/* A 422 to one: the next try says more. */
void timer_too_short(struct inv *inv, const struct sip_msg *msg);
/* The call has been confirmed: the peer is asked from time to time whether it is there. */
void timer_watch(struct inv *inv);
void timer_free(struct inv *inv);

/* ---- inv_body.c ---- */
/* 400, 415 or 493 when the body is not for us, 0 else. */
unsigned inv_body_fault(const struct sip_msg *msg);

/* ---- inv_invite.c ---- */
int invite_new(struct inv *inv, struct invite **ret_invite);
struct sip_client_handler invite_handler(struct invite *v);
void invite_free(struct invite *v);
/* Acknowledges the 2xx of the call's dialog. body may be an answer. */
int invite_ack(struct invite *v, struct slice body);
void invites_free_all(struct inv *inv);

/* ---- inv_uac.c ---- */
/* Confirms the dialog and acknowledges the 2xx of the first INVITE. An error: as if it had been lost. */
int uac_take_2xx(struct inv *inv, const struct ev *ev);
/* The description in a provisional, at its stage of the exchange; its PRACK, if it is due. */
void uac_take_description(struct inv *inv, struct sip_msg *msg, struct slice body, bool reliable);

/* ---- inv_uas.c ---- */
int uas_take_server(struct inv *inv, struct sip_msg *invite, struct sip_server *server);
void uas_drop_server(struct inv *inv);
/* One that has waited for a PRACK. */
void uas_reply_queued(struct inv *inv, const struct inv_reply *r);
/* The final non-2xx response to the peer's open INVITE. */
void uas_refuse(struct inv *inv, unsigned status);
void uas_refuse_with(struct inv *inv, const struct sip_reply *reply);
/* OH_EINVAL, OH_ETOOBIG, OH_ENOMEM: nothing was sent. What was sent in vain counts as sent. */
int uas_send(struct inv *inv, const struct sip_reply *reply);
/* The status to refuse it with when its body or what it accepts is not for us, 0 else. */
unsigned uas_body_fault(const struct sip_msg *invite);
void uas_refuse_body(struct sip_server *server, unsigned status);

/* ---- inv_end.c ---- */
/* CANCELs our INVITE that has no final response; it ends in 64*T1 at the latest. */
void inv_cancel_open(struct inv *inv, const struct sip_extra *extras, size_t n_extras);
/* Ends the call by what its phase asks for. */
void inv_hangup(struct inv *inv, const struct op_end *end);

/* ---- inv_reinvite.c ---- */
void reoffer_free(struct inv *inv);
int reoffer_new(struct inv *inv, enum sip_method method, const struct op_reoffer *op);
/* It came to nothing: the old session stands. */
void reoffer_failed(struct inv *inv, unsigned status, struct sip_msg *msg);
/* Refused for now: tried again, or false. */
bool reoffer_retry(struct inv *inv, const struct sip_msg *msg);
/* RFC 3261 14.2, RFC 3311 5.2: another offer is open. */
void refuse_later(struct inv *inv, struct sip_server *server);

/* ---- inv_request.c ---- */
void inv_requests_free_all(struct inv *inv);
int inv_request_send(struct inv *inv, struct dialog *d, const struct dialog_request *req, inv_done_fn *done,
	uint64_t token);
/* Is one open that ends in `done`? */
bool inv_request_open(const struct inv *inv, inv_done_fn *done);
/* The dialog goes: those that are open in it come to their end without us. */
void inv_requests_forget(struct inv *inv, const struct dialog *d);
/* A final response that says that the call is no more there ends it (RFC 3261 12.2.1.2). */
void inv_judge_response(struct inv *inv, struct sip_msg *msg, int err);
void inv_other_request(struct inv *inv, struct sip_msg *msg, struct sip_server *server);

/* The cells of the table, by file. */
inv_act prack_came, prack_missing, update_came, reoffer_provisional;
inv_act uac_provisional, uac_success, uac_failure, uac_no_response, uac_answer, uac_expired;
inv_act uas_reply, uas_ack, uas_cancel, uas_gone, uas_ring_again, uas_repeat, uas_unacked;
inv_act reoffer_start, reoffer_success, reoffer_refused, reoffer_unanswered;
inv_act reoffer_too_long, reoffer_unheard;
inv_act reinvite_came, reinvite_glare, reinvite_too_early, reinvite_unacked;
inv_act reinvite_answer, reinvite_refuse, reinvite_acked, reinvite_withdrawn, reinvite_too_late,
	reinvite_gone;
inv_act end_cancel, end_refuse, end_after_ack, end_bye, bye_after_ack;
inv_act bye_early_caller, bye_early_callee, bye_came, bye_crossed;
inv_act cancel_crossed, cancel_done, ended_success, ended_acked;

#endif
