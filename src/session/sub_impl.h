/*
 * Inside of subscriptions, for the files sub*.c only.
 *
 *	sub.c             life, phases, what both sides share
 *	sub_subscriber.c  SUBSCRIBE or REFER out, NOTIFY in
 *	sub_notifier.c    SUBSCRIBE or REFER in, NOTIFY out
 *	sub_header.c      Event and Subscription-State
 *	sub_package.c     the list of packages; pkg_*.c their rows and what belongs to them
 */
#ifndef OH_SESSION_SUB_IMPL_H
#define OH_SESSION_SUB_IMPL_H

#include "base/err.h"
#include "base/mem.h"
#include "base/wheel.h"
#include "session/kept_extras.h"
#include "session/sub.h"

#include <stdio.h>

/* One list: constant, the state that the owner sees. */
#define SUB_PHASES(X) \
	/* Subscriber: RFC 6665 4.1.2 */ \
	X(S_ASKED, SUB_ASKED) /* notify_wait */ \
	X(S_PENDING, SUB_PENDING) \
	X(S_ACTIVE, SUB_ACTIVE) \
	X(S_LEAVING, SUB_TERMINATED) /* we have unsubscribed, the last NOTIFY is to come */ \
	/* Notifier: RFC 6665 4.2.2 */ \
	X(N_ASKED, SUB_ASKED)      /* the request waits for the owner */ \
	X(N_ACCEPTED, SUB_PENDING) /* resp_wait: the first NOTIFY is due */ \
	X(N_PENDING, SUB_PENDING) \
	X(N_ACTIVE, SUB_ACTIVE) \
	X(N_LEAVING, SUB_TERMINATED) /* the last NOTIFY is out */ \
	X(OVER, SUB_TERMINATED)
enum sub_phase {
#define X(name, shown) PHASE_##name,
	SUB_PHASES(X)
#undef X
		N_SUB_PHASES
};

/* A sub_notice with its texts, one block. */
struct kept_notice {
	struct sub_notice notice;
	char texts[];
};

struct sub {
	struct sip_stack_user on_stack;
	struct subs *subs;
	struct sip_stack *stack;
	struct sub_handler handler; /* all NULL once the owner has been told of the end, or has gone */
	unsigned refs;
	enum sub_phase phase;
	const struct sub_package *package;
	struct dialog *dialog, *own; /* own: the same one, when we made it */
	struct dialog_usage usage;   /* of dialog */
	struct sip_auth *auth;
	char *contact;   /* ours */
	char *event;     /* the value of Event */
	struct slice id; /* of Event; absent: none */

	struct sip_client *client; /* SUBSCRIBE, REFER or NOTIFY under way */
	struct wheel_timer expiry; /* time to renew it, or its end */
	uint64_t expires_ns;
	uint32_t expires_s; /* as asked for, as granted */

	/* Subscriber. */
	struct dialog_half half; /* until the first NOTIFY */
	uint32_t cseq;           /* of its first request */
	struct wheel_timer wait; /* timer N: the NOTIFY that a SUBSCRIBE owes us */
	struct kept_extras *extras;
	struct sip_flow flow;

	/* Notifier. */
	struct sip_server *server;
	struct kept_notice *next; /* goes when the one under way was answered */

	/* Subscriber without dialog. */
	struct slice from, to, call_id, target; /* from with its tag */
	struct slice local_tag;
	char texts[];
};

/* Limits. */
#define SUB_EXTRAS_MAX  64u
#define SUB_EXTRAS_ROOM (SUB_EXTRAS_MAX + 6u)
#define SUB_EXPIRES_MAX 31536000u /* a year: longer ones are cut */

/* ---- sub.c ---- */
int sub_new(struct subs *subs, const struct sub_handler *handler, const struct sub_package *package,
	size_t n_texts, struct sub **ret_sub);
void sub_ref(struct sub *sub);
void sub_unref(struct sub *sub);
/* The one writer of the phase. OVER lets go of dialog, timers and transactions. */
void sub_enter(struct sub *sub, enum sub_phase phase);
/* The end, for the owner: `ended` is reported, and then nothing more. */
void sub_finish(struct sub *sub, enum sub_phase phase, const struct sub_end *end);
/* OH_ETOOMANY. */
int sub_share(struct sub *sub, struct dialog *dialog);
/* Takes a dialog that we have made. OH_ETOOMANY never happens: it is new. */
void sub_take_dialog(struct sub *sub, struct dialog *dialog);
void sub_set_expiry(struct sub *sub, uint32_t seconds);
bool sub_event_fits(const struct sub *sub, const struct sip_msg *msg);
/* RFC 5057 5.1, RFC 6665 4.1.2.2: this refusal ends the subscription. */
bool sub_is_deadly(unsigned status);
uint32_t sub_next_cseq(void *arg);
/* What our dialog gets that is not for the subscription. */
void sub_stray_request(void *arg, struct sip_msg *msg, struct sip_server *server);

/* ---- sub_subscriber.c ---- */
bool subscriber_takes(struct sub *sub, struct sip_msg *msg, struct sip_server *server);
void subscriber_expired(struct sub *sub);
void subscriber_unheard(struct sub *sub); /* timer N */
void subscriber_leave(struct sub *sub);

/* ---- sub_notifier.c ---- */
bool notifier_takes(struct sub *sub, struct sip_msg *msg, struct sip_server *server);
void notifier_may_send(struct sub *sub);
void notifier_expired(struct sub *sub);
void notifier_leave(struct sub *sub);

#endif
