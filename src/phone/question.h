/*
 * A question to the program: an event with a ticket, and whoever asked it here waits for the answer. Signalling only.
 *
 * Owner: whoever asked, until `answered` runs or question_drop(). `answered` runs exactly once otherwise: by
 * offhook_question_answer(), or after QUESTION_WAIT_MS with the refusal, or when the phone closes. The question is gone
 * by then.
 */
#ifndef OH_PHONE_QUESTION_H
#define OH_PHONE_QUESTION_H

#include "base/slice.h"
#include "offhook/event.h"

struct offhook_phone;
struct picture;
struct question;
struct sip_msg;
struct subject;

/* Limits. The wait is long before the end of the transaction that asks (64*T1, RFC 3261 17.2.2). */
#define QUESTION_WAIT_MS   10000u
#define QUESTIONS_OPEN_MAX 1000u

struct question_cfg {
	enum offhook_question_kind kind;
	struct subject *subject; /* what it is about; NULL: no object */
	struct picture *picture; /* of the call; taken, in case of failure too */
	offhook_id account;
	struct slice from, target; /* see offhook/question.h; copied */
	struct slice message;      /* the request; copied; absent: none */
	struct slice proven_user;  /* who its sender has proven to be; copied; absent: nobody asked */
	/* code: 200-299 or 300-699; reason: absent = the standard phrase. The result is what
	 * offhook_question_answer() returns. */
	int (*answered)(void *arg, unsigned code, struct slice reason);
	void *arg;
};
/* What is answered when nobody does. */
unsigned question_refusal(enum offhook_question_kind kind);
/* Asks; the handler never runs from inside. Errors: OH_EREFUSED (nobody listens, or the phone closes: refuse by
 * question_refusal()), OH_ETOOMANY, OH_ENOMEM. */
int question_ask(struct offhook_phone *p, const struct question_cfg *cfg, struct question **ret_question);
/* What it was about is over: `answered` will not run. Returns NULL; NULL is harmless. */
struct question *question_drop(struct question *q);
/* Each is refused: the phone closes. */
void questions_refuse_all(struct offhook_phone *p);

#endif
