/*
 * How an account takes part in presence: what is told of it, its publication, and whether messages wait at its server. It
 * lives as long as its account, whatever settings that is given. Signalling only.
 */
#ifndef OH_PHONE_PRESENCE_H
#define OH_PHONE_PRESENCE_H

#include "offhook/presence.h"
#include "phone/account.h"
#include "session/pkg_presence.h"

struct sip_msg;
struct sip_server;
struct account_presence;

/* OH_EINVAL, OH_ENOMEM. cfg NULL: the defaults. Nothing is sent. */
int account_presence_new(struct offhook_phone *p, offhook_id account, const struct offhook_presence_cfg *cfg,
	struct account_presence **ret_presence);
/* The account is there, or registered: what asks its server begins. */
void account_presence_begin(struct account_presence *ap);
/* Takes the settings of `with` and frees that. */
void account_presence_adopt(struct account_presence *ap, struct account_presence *with);
/* Publication and subscription are taken back, behind it. */
void account_presence_stop(struct account_presence *ap);
/* Stops it too. Returns NULL; NULL is harmless. */
struct account_presence *account_presence_free(struct account_presence *ap);
enum offhook_watchers account_presence_policy(const struct account_presence *ap, bool dialogs);

/* The document about an account. OH_ETOOBIG never happens with PIDF_DOC_MAX. */
int account_presence_doc(const struct account *a, char buf[PIDF_DOC_MAX], struct slice *ret_doc);

/* A NOTIFY of message-summary that nobody asked for (RFC 3842 4.1), outside of dialogs: told and answered. */
void presence_unasked_notify(
	struct offhook_phone *p, const struct account *a, struct sip_msg *msg, struct sip_server *server);

/* The phone closes: all of its accounts stop. */
void presence_stop_all(struct offhook_phone *p);

#endif
