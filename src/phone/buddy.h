/*
 * Buddies: whose presence or calls we follow. One standing subscription (session/standing.h) each; signalling only.
 *
 *	buddy.c          life, the subscription, presence, events
 *	buddy_dialogs.c  the calls of a buddy
 *	buddy_api.c      what the program calls
 */
#ifndef OH_PHONE_BUDDY_H
#define OH_PHONE_BUDDY_H

#include "phone/asker.h"
#include "phone/event.h"
#include "session/pkg_dialog.h"
#include "session/pkg_presence.h"
#include "session/standing.h"

/* Calls of one buddy that are remembered, so that the end of those that a document no longer lists can be told. */
#define BUDDY_DIALOGS_MAX 64u

struct buddy_dialogs {
	struct list known; /* struct known_dialog */
	size_t n;
	bool has_version;
	uint32_t version; /* of the newest document (RFC 4235 4.3) */
};

struct buddy {
	struct list node; /* offhook_phone.buddies */
	struct offhook_phone *phone;
	offhook_id id;
	struct subject *subject;
	enum offhook_buddy_kind kind;
	char *uri;            /* as configured */
	struct sip_addr addr; /* slices into uri */
	struct asker asker;
	struct standing *standing;
	bool was_ordered; /* a subscription was begun or ended once */
	struct pidf pidf; /* as last heard */
	struct buddy_dialogs dialogs;
};

struct buddy_args {
	offhook_id account;
	struct offhook_buddy_cfg cfg;
};
int buddy_new(struct offhook_phone *p, const struct buddy_args *args, struct buddy **ret_buddy);
/* Unsubscribes. Returns NULL; NULL is harmless. */
struct buddy *buddy_free(struct buddy *b);
void buddy_order(struct buddy *b, bool on);
void buddy_fill_info(const struct buddy *b, struct offhook_buddy_info *info);

/* Is this somebody whose presence or calls this account follows? */
bool buddies_know(const struct offhook_phone *p, offhook_id account, const struct sip_uri *uri);
void buddies_account_gone(struct offhook_phone *p, offhook_id account);
/* The phone closes: all are unsubscribed. */
void buddies_stop_all(struct offhook_phone *p);
void buddies_free_all(struct offhook_phone *p);

/* buddy_dialogs.c */
void buddy_dialogs_take(struct buddy *b, const struct sub_news *news);
/* A new subscription counts its documents anew. */
void buddy_dialogs_begin(struct buddy *b);
void buddy_dialogs_free(struct buddy *b);

#endif
