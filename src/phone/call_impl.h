/*
 * A call as the phone sees it: the INVITE session below, the audio beside it, its id and its events above.
 * Inside of src/phone only.
 *
 * Life: made by call_new(), listed and with an id from then on; ended exactly once by call_ended(), which
 * lets go of session and audio and emits DISCONNECTED; forgotten when that event was handled.
 */
#ifndef OH_PHONE_CALL_IMPL_H
#define OH_PHONE_CALL_IMPL_H

#include "base/wheel.h"
#include "phone/account.h"
#include "phone/call_media.h"
#include "phone/digits.h"
#include "phone/phone_impl.h"
#include "phone/reason.h"
#include "session/inv.h"

/* Program headers, copied. */
struct extras {
	size_t n;
	struct sip_extra list[];
};
/* OH_EINVAL (a name that is no token or belongs to the library; CR, LF or NUL in a value), OH_ENOMEM. n 0
 * gives an empty list. From mem_alloc(). */
int extras_new(const struct offhook_header *headers, size_t n, struct extras **ret_extras);

/* One of them. OH_EINVAL. */
int extras_check(const struct offhook_header *h);

struct call {
	struct list node; /* offhook_phone.calls */
	struct offhook_phone *phone;
	offhook_id id, account;
	struct subject *subject;
	enum offhook_call_role role;
	enum offhook_call_state state;
	struct inv *inv;                  /* NULL before the INVITE has left and after the end */
	struct sip_locate *locate;        /* looks for the next hop: CALLING, no inv yet */
	struct sip_transport *located_by; /* the transport it was told to use, or NULL */
	struct call_media media;

	char *local_uri, *remote_uri; /* as the program sees them */
	char *contact;                /* ours, NULL before it is known */
	char *sip_call_id;
	char *proven_user;             /* callee: who the caller has proven to be; NULL: nobody asked */
	struct ladder *ladder;         /* NULL: none */
	struct transfer_out *transfer; /* our REFER is open (transfer.c) */
	struct transfer_in *asked;     /* the peer's REFER waits for the program (transfer_in.c) */
	struct transfer_in *reports;   /* who hears how it goes, because he asked for this call */
	struct replacing *replacer;    /* a call that wants this one's place, or to join it (replaces.c) */
	struct replacing *replacing; /* this one wants that of another one, and nobody has heard of it yet */
	/* Caller, until somebody has answered: what another INVITE would need. */
	char *target, *from, *to;
	struct extras *extras;
	struct call_ways *ways;    /* NULL: there is nobody left to try */
	struct redirect *redirect; /* NULL: there was no 3xx */
	struct inv_again again;    /* of the INVITE that the next one follows */
	unsigned n_too_short;      /* 422 */
	bool tried_otherwise;      /* 420, 421 */
	uint32_t expires_s;        /* 0: none */
	struct session_rules rules;
	struct digits_out *digits; /* those that go by INFO; NULL: none */
	struct digit_twins twins;
	bool anonymous; /* our Contact has no user */

	/* Callee. */
	char *asserted;                 /* whom the network says that it is; NULL: nobody whom we believe */
	struct wheel_timer auto_answer; /* auto_answer.c */

	uint64_t begun_ns, first_response_ns, confirmed_ns, ended_ns; /* 0: not yet */
	struct repair *repair;  /* our address has changed; NULL: it has not (call_repair.c) */
	uint64_t reoffer_cause; /* the command whose re-INVITE is open */

	/* After the end, or when there never was a session. */
	unsigned status;
	enum offhook_ended_by ended_by;
	int error;
	struct reason why;
	struct picture *final;
	struct event *end_event; /* made with the call, so that its end can always be told */
	struct picture *end_picture;
};

/* call.c */
int call_new(struct offhook_phone *p, enum offhook_call_role role, void *user_data, struct call **ret_call);
/* One that nobody has heard of: goes without a trace. Returns NULL. */
struct call *call_discard(struct call *c);
struct call *call_find(const struct offhook_phone *p, offhook_id id);
/* For questions, which an ended call still answers: OH_ECLOSED or OH_ENOENT with detail, or 0 and the call. */
int call_asked(const struct offhook_phone *p, offhook_id id, struct call **ret_call);
/* For operations: OH_ECLOSED, OH_ENOENT or OH_EENDED with detail, or 0 and the call. */
int call_operand(const struct offhook_phone *p, offhook_id id, struct call **ret_call);
/* It is over: audio and session go, DISCONNECTED is emitted. */
struct call_end {
	unsigned status;
	enum offhook_ended_by by;
	int error;
	struct sip_msg *msg; /* what did it, or NULL */
};
void call_ended(struct call *c, const struct call_end *end);
/* Ends it from our side, in whatever state it is. */
void call_end(struct call *c, unsigned code, struct slice reason, const struct extras *extras);
/* The program's choice of codecs for this call; NULL: as it is. OH_EINVAL, OH_ENOCODEC, OH_ENOMEM. */
int call_choose(struct call *c, const char *codecs);
/* May one more begin? OH_ETOOMANY. */
int call_room(const struct offhook_phone *p);

/* call_make.c: the INVITE found nobody, or a 503: the next address of the callee (RFC 3263 4.3). False: there is none
 * that can be tried. */
bool call_try_next(struct call *c);
/* ... or a 422: once more to the same one, for as long as it wants (RFC 4028 7.3). */
bool call_try_longer(struct call *c, const struct sip_msg *msg);
/* The INVITE once more, to the same one, as the rules are now. An error: nothing was sent, and there is no session any more. */
int call_invite_again(struct call *c);
/* call_extension.c: ... or a 420 or 421: once more without or with what it names, when the rules allow that (RFC 3261 8.1.3.5). */
bool call_try_otherwise(struct call *c, const struct sip_msg *msg);
/* To c->target, which is a new one. An error: nothing was sent. */
int call_place_again(struct call *c);
/* Somebody is there: the other addresses are needed no more. */
void call_forget_ways(struct call *c);
/* Somebody has answered, or it is over: nor is what another INVITE would need. */
void call_forget_origin(struct call *c);

/* Our Contact for the peer of this way; secure: as a sips URI. From mem_alloc(). As account_contact_as(). */
int call_contact(const struct call *c, const struct sip_flow *flow, bool secure, char **ret_contact);

/* Places a call for a transfer that `asked_in` (0: none) asks for: TRANSFERRED is its first event. Errors as
 * offhook_call_make(). */
int call_place(struct offhook_phone *p, offhook_id account, const struct offhook_call_cfg *cfg,
	offhook_id asked_in, struct call **ret_call);

/* call_answer.c: as offhook_call_answer(). */
int call_answer_with(struct call *c, unsigned code);

/* call_events.c: what the INVITE session tells. */
struct inv_handler call_inv_handler(struct call *c);
/* msg: what changed it, or NULL. */
void call_say_state(struct call *c, const struct sip_msg *msg, bool repeated);
/* NULL: it could not be told. */
struct event *call_say_media(struct call *c, uint32_t slot_gone, uint64_t cause);

/* How its repair went (call_repair.c). msg: a refusal, or NULL. */
void call_say_moved(struct call *c, unsigned status, int err, const struct sip_msg *msg);
void call_say_digit(struct call *c, char digit, uint32_t duration_ms);
/* call_progress.c */
void call_say_progress(struct call *c, const struct media_report *r);
/* An event about this call as it is now. */
struct event_say call_event(const struct call *c, enum offhook_event_type type);
/* From the media thread. */
void call_take_report(struct call *c, const struct media_report *r);

/* call_info.c. NULL: memory is out. */
struct picture *picture_new(const struct call *c);
struct picture *picture_dup(const struct picture *pic);
/* Writes state, times and the end into a picture made earlier. */
void picture_end(struct picture *pic, const struct call *c);

/* Seconds for Retry-After, when what is short now may be there soon. */
#define CALL_RETRY_AFTER "5"

/* call_request.c */
void call_take_request(struct call *c, struct sip_msg *msg, struct sip_server *server);
/* 200 to OPTIONS, in a dialog or outside (RFC 3261 11.2). */
/* join: an INVITE may ask to join (RFC 3911). */
void options_answer(const struct offhook_phone *p, bool join, struct sip_server *server);

#endif
