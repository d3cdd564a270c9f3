/*
 * Who may come in (a phone in the open): what a new request outside of calls meets before it costs a transaction. So many a
 * second from one address and in all; requests for nobody refused or left without an answer. Requests inside calls never
 * come here: a flood leaves running calls alone.
 */
#ifndef OH_PHONE_GUARD_H
#define OH_PHONE_GUARD_H

#include "base/netaddr.h"
#include "offhook/phone.h"
#include "sip/stack.h"

/* Addresses that are remembered; a multiple of GUARD_WAYS. In IPv6 one is 64 bits long: a stranger has all the others. */
#define GUARD_SOURCES 4096u
#define GUARD_WAYS    4u

/* A bucket that fills with `rate` tokens a second, up to a second's worth. */
struct guard_bucket {
	uint64_t as_of_ns;  /* 0: never used */
	uint64_t tokens_ns; /* each token is NS_PER_S / rate of them */
};

struct guard_source {
	struct netaddr ip;
	struct guard_bucket bucket;
};

struct guard {
	uint64_t seed[2];
	struct guard_bucket all;
	struct guard_source *sources; /* GUARD_SOURCES; NULL: no limit for one address */
	uint64_t refused;
};

/* OH_EINVAL (detail), OH_ENOMEM. seed: 16 random bytes. */
int guard_init(struct guard *g, const struct offhook_phone_cfg *cfg, const uint64_t seed[2]);
void guard_free(struct guard *g);
/* sip_stack_cfg.admit; arg is the phone. */
unsigned guard_admit(void *phone, struct sip_msg *msg, const struct sip_flow *flow);
/* sip_stack_cfg.admit_conn: a connection of somebody who is not in the list of its transport, and whom no call of ours is with,
 * ends before anything is said on it. */
bool guard_admit_conn(void *phone, const struct sip_transport *t, const struct netaddr *peer);

#endif
