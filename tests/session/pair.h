/*
 * Two ends of a call, each a SIP stack on its own simulated host, 1 ms apart; what happens at each end is written down
 * as one line of words, so that a story can compare it:
 *
 *	struct pair *p = pair_new();
 *	pair_call(p, "offer-1");
 *	CHECK(pair_wait(&p->b, INV_INCOMING));
 *	end_reply(&p->b, 200, "answer-1");
 *	CHECK(pair_wait(&p->a, INV_CONFIRMED));
 *	end_hangup(&p->a);
 *	pair_settle(p);
 *	CHECK_STR(p->a.log, "CONNECTING(200) answer:answer-1 CONFIRMED(200) DISCONNECTED(200)");
 *	pair_close(p);
 */
#ifndef OH_TESTS_SESSION_PAIR_H
#define OH_TESTS_SESSION_PAIR_H

#include "check.h"

#include "base/err.h"
#include "host/sim/sim.h"
#include "session/inv.h"

#define END_A_IP "192.0.2.1"
#define END_B_IP "192.0.2.2"
#define END_C_IP "192.0.2.3"

struct end {
	struct pair *pair;
	const char *ip, *name;
	struct host *host;
	struct sip_stack *stack;
	struct sip_transport *udp;
	struct inv *inv;
	struct inv_policy policy;
	char log[2048];
	const char *answer;   /* to an offer that comes; NULL: not from inside the callback */
	const char *again;    /* the offer when asked for one; NULL: none */
	const char *in_prack; /* the offer in the PRACK of an answer; NULL: none; once */
	int verdict;          /* what sdp() returns */
	/* The last exchange that came to its end as this end sees it, "offer/answer"; and what it waits for. */
	char session[64], our_offer[32], their_offer[32];
	unsigned callbacks, free_at; /* inv_free() from inside the callback with this number, from 1 */
	/* After the end. */
	unsigned status;
	enum inv_ended_by by;
	char reason_text[128];
};

struct pair {
	struct sim *sim;
	struct end a, b;
	struct end c;               /* of pair_add_third(): somebody else who may be called */
	struct sip_auth *auth;      /* who a is; NULL: nobody; the story's */
	const char *target, *route; /* a calls this, by this preloaded Route; NULL: b itself, none */
};

/* NULL: out of memory. */
struct pair *pair_try_new(void);
struct pair *pair_new(void);
struct pair *pair_seeded(uint64_t seed);
void pair_add_third(struct pair *p);
/* Lets go of the calls, lets everything run out, and fails the test when something is left in a stack. */
void pair_close(struct pair *p);
/* The same without freeing: for a story with more hosts on the wire, which go first. */
void pair_finish(struct pair *p);
/* Without waiting and without that check. */
void pair_drop(struct pair *p);

/* a calls b; offer NULL: INVITE without. */
int pair_try_call(struct pair *p, const char *offer);
void pair_call(struct pair *p, const char *offer);
/* At most 100 s of virtual time pass until the end is in this state or a later one; is it? */
bool pair_wait(struct end *e, enum inv_state state);
/* ... until neither end has an offer open. */
bool pair_wait_settled(struct pair *p);
void pair_run_ms(struct pair *p, unsigned ms);
/* What is on the wire arrives (10 ms). */
void pair_settle(struct pair *p);

int end_try_reply(struct end *e, unsigned status, const char *sdp);
void end_reply(struct end *e, unsigned status, const char *sdp);
int end_reoffer(struct end *e, const char *offer);
int end_update(struct end *e, const char *offer);
void end_hangup(struct end *e); /* code 0; nothing when it has ended already */

/* For an end on a stack of another rig: its stack's handler, and that of a call that it makes. */
struct sip_stack_handler end_stack_handler(struct end *e);
struct inv_handler end_inv_handler(struct end *e);

/* One packet or two, counted from 1 (0: none), meet this fate; the others pass. kind SIM_BY_RULE: none. */
struct fault {
	enum sim_fate kind;
	uint64_t serial, second, delay_ns;
	uint64_t n_packets; /* counts */
};
void pair_fault(struct pair *p, struct fault *f);

#endif
