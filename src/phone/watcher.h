/*
 * Watchers: who follows the presence or the calls of our accounts. A SUBSCRIBE comes, the program is asked or its settings
 * decide, and from then on each change is a NOTIFY. Signalling only.
 *
 *	watcher.c          the SUBSCRIBE, the question, the life of a watcher
 *	watcher_tell.c     what he is told
 */
#ifndef OH_PHONE_WATCHER_H
#define OH_PHONE_WATCHER_H

#include "phone/account.h"
#include "phone/event.h"
#include "phone/question.h"
#include "session/sub.h"

struct call;

enum watcher_state {
	WATCHER_ASKS,    /* the program has not answered yet */
	WATCHER_PENDING, /* 202: it has not decided yet */
	WATCHER_ACTIVE
};

struct watcher {
	struct list node; /* offhook_phone.watchers */
	struct offhook_phone *phone;
	offhook_id id, account;
	struct subject *subject;
	struct sub *sub;
	struct question *question; /* NULL: none is open */
	enum watcher_state state;
	bool dialogs;     /* our calls; else our presence */
	uint32_t version; /* of the next document about calls */
};

/* A SUBSCRIBE outside of dialogs for this account: answered, now or when the program has. */
void watcher_take(struct offhook_phone *p, struct account *a, struct sip_msg *msg, struct sip_server *server);
/* He goes without a word. Returns NULL. */
struct watcher *watcher_free(struct watcher *w);

void watchers_account_gone(struct offhook_phone *p, offhook_id account);
/* The phone closes: they may come again. */
void watchers_stop_all(struct offhook_phone *p);
void watchers_free_all(struct offhook_phone *p);

/* watcher_tell.c: tells him the state as it is now. An error: he was not told. */
int watcher_tell(struct watcher *w);
void watchers_tell_presence(struct offhook_phone *p, offhook_id account);
/* This call has changed. */
void watchers_tell_call(const struct call *c);

#endif
