/*
 * Flows of several phones and what they must come to (RFC 5359): once on a clean wire, then once for each SIP packet lost,
 * once for each doubled, and twice for each delayed past its neighbours (a little, and longer than T1). Whatever happens,
 * the story holds, and nothing is left in any phone.
 */
#ifndef OH_TESTS_PHONE_SERVICE_H
#define OH_TESTS_PHONE_SERVICE_H

#include "rig.h"

#define SERVICE_C_IP "192.0.2.3"
#define SERVICE_D_IP "192.0.2.4"
#define SERVICE_E_IP "192.0.2.5"

struct service {
	struct rig *r;
	struct side *a, *b;     /* alice and bob of the rig */
	struct side carol;      /* at SERVICE_C_IP */
	struct side dave, erin; /* at SERVICE_D_IP and SERVICE_E_IP, in flows of so many */
	struct proxy *proxy;
};

struct service_flow {
	void (*script)(struct service *s);
	const char *
		proxy_to; /* a proxy on the way at SERVICE_PROXY_IP that sends everything there; NULL: none */
	const char *proxy_then[3]; /* ... and there, one after the other, what was refused; NULL: nowhere */
	const char *proxy_realm;   /* it asks for credentials of this realm; NULL: for none */
	const char *proxy_answer;  /* it answers every call like this; NULL: it is a proxy */
	rig_settings *settings;    /* of all phones; NULL: the defaults */
	unsigned more;             /* 1: dave is there, 2: erin too */
};
#define SERVICE_PROXY_IP "192.0.2.20"

/* Fails the test when one of the runs does not come to a good end. */
void service_flow_run(const struct service_flow *flow);

/* from calls uri; the id of the call. */
offhook_id service_call(struct side *from, const char *uri);
/* caller calls callee, who rings and answers; both are confirmed. The caller's id of the call. */
offhook_id service_talk(struct side *caller, struct side *callee);
/* Ends the call from this side and waits until no end of it is left at the other. */
void service_hangup(struct side *s, offhook_id call, struct side *other);
enum offhook_call_state service_state(struct side *s, offhook_id call);
/* Until that call of s is in this audio state. */
bool service_wait_media(struct side *s, offhook_id call, enum offhook_media_state state);
/* A side that says yes to whatever it is asked. */
void service_agree(struct side *s, const struct offhook_event *e);

#endif
