/* Who is typing: RFC 3994, the receiver's side. What is sent of it is a message like others (pager.c). */
#ifndef OH_PHONE_TYPING_H
#define OH_PHONE_TYPING_H

#include "base/slice.h"
#include "offhook/phone.h"

struct account;
struct call;
struct sip_msg;
struct sip_server;

/* Who is remembered at a time; of one more the oldest counts as idle. */
#define TYPING_MAX 1000u

/* A MESSAGE with an isComposing document, for this account or inside this call (else NULL): told and answered. */
void typing_take(struct offhook_phone *p, const struct account *a, struct call *c, struct sip_msg *msg,
	struct sip_server *server);
/* A message came from him: he types no longer (RFC 3994 3.3). */
void typing_ended(
	struct offhook_phone *p, const struct account *a, const struct call *c, struct sip_msg *msg);
void typing_free_all(struct offhook_phone *p);

#endif
