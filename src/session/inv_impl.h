/*
 * Inside of the INVITE session, for the files inv*.c only.
 *
 *	inv.c           life, the table of the machine, reports to the owner, questions
 *	inv_invite.c    one INVITE that we sent: its ACKs, repeats and forks
 *	inv_uac.c       the first INVITE, as caller
 *	inv_uas.c       the first INVITE, as callee; the repetition of a 2xx until its ACK
 *	inv_body.c      the session description in a body, and bodies that are not for us
 *	inv_reinvite.c  re-INVITE both ways
 *	inv_end.c       hanging up, in every phase
 *	inv_request.c   other requests inside the dialog, both ways
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

/* One list: constant, name in the log, the state that the owner sees. */
#define INV_PHASES(X) \
	X(CALLING, INV_CALLING)             /* our INVITE is out */ \
	X(RINGBACK, INV_EARLY)              /* a provisional came */ \
	X(ANSWER_DUE, INV_CONNECTING)       /* the 2xx brought an offer: our ACK must bring the answer */ \
	X(ACKED, INV_CONNECTING)            /* either side: the ACK is through, the owner is being told */ \
	X(INCOMING, INV_INCOMING)           /* the peer's INVITE came */ \
	X(RINGING, INV_EARLY)               /* we sent a provisional */ \
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
	SDP_NOTHING, /* the first INVITE had no offer and nobody has made one yet */
	SDP_OURS,    /* our offer waits for the peer's answer */
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
	/* Time. */
	EV_TIMER,
	EV_SERVER_GONE, /* the peer's INVITE transaction: no ACK in 64*T1, or its transport was closed */
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

/* Headers of the program kept for later: one block. */
struct kept_extras {
	size_t n;
	struct sip_extra list[];
};

/* We want another session: from inv_reoffer() until that has ended, over all its tries. */
struct reoffer {
	struct inv *inv;
	struct wheel_timer retry;
	unsigned tries;
	struct kept_extras *extras;
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

	struct dialog *dialog;
	struct sip_flow flow; /* how the first INVITE went or came */
	char *contact;        /* ours, as last given */
	struct slice kept;    /* SDP_THEIRS: the first INVITE's offer; after it: our early answer */

	struct list invites;       /* struct invite */
	struct invite *open;       /* the one that has no final response yet */
	struct sip_server *server; /* the peer's INVITE until it is refused or its 2xx acknowledged */
	uint32_t server_cseq;
	struct sip_client *bye;
	struct kept_extras *bye_extras;
	struct list requests; /* struct inv_req */
	struct reoffer *want;

	struct wheel_timer timer; /* what it means depends on the phase */
	uint32_t wait_ms;         /* until the next repetition of the 2xx */
	uint64_t expires_ns;      /* RFC 3261 13.2.1, 13.3.1: the caller's Expires; 0 = none */

	/* The caller's, made before there is a dialog. */
	struct slice from, to, call_id, target; /* from with its tag */
	size_t from_base;
	char texts[];
};

/* Limits. */
#define INV_EXTRAS_MAX        64u                   /* headers of the program in one message */
#define INV_EXTRAS_ROOM       (INV_EXTRAS_MAX + 3u) /* with Allow, Supported, and an INVITE's Expires */
#define INV_FORKS_MAX         64u  /* 2xx of other forks that one INVITE acknowledges and ends */
#define INV_REASON_MAX        256u /* bytes of a phrase that we keep */
#define INV_REOFFER_TRIES     5u
#define INV_REOFFER_ANSWER_MS 10000u /* how long a peer's re-INVITE waits for the owner */
#define INV_REOFFER_LIMIT_MS \
	180000u                  /* our re-INVITE, taken up and never answered: as timer C (RFC 3261 16.6) */
#define INV_RING_AGAIN_MS 60000u /* RFC 3261 13.3.1.1: a provisional every minute keeps proxies waiting */
#define INV_RETRY_AFTER_S 10u    /* RFC 3261 14.2: a number of seconds from 0 to this */

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
int inv_extras_keep(const struct sip_extra *extras, size_t n, struct kept_extras **ret_kept);
/* What we can do (RFC 3261 13.2.1, 13.3.1.4) and the program's headers, in buf. OH_ETOOBIG. */
int inv_extras_with_ours(
	const struct sip_extra *extras, size_t n, struct sip_extra buf[INV_EXTRAS_ROOM], size_t *ret_n);
void inv_dialog_request(void *arg, struct sip_msg *msg, struct sip_server *server);

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

/* ---- inv_uas.c ---- */
int uas_take_server(struct inv *inv, struct sip_msg *invite, struct sip_server *server);
void uas_drop_server(struct inv *inv);
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

/* ---- inv_request.c ---- */
void inv_requests_free_all(struct inv *inv);
void inv_other_request(struct inv *inv, struct sip_msg *msg, struct sip_server *server);

/* The cells of the table, by file. */
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
