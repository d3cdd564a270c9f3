/*
 * A whole call between two ends and what it must come to: on a clean wire, where every word of both logs is compared, and
 * then once for each packet lost, once for each doubled, and twice for each delayed past its neighbours (a little, and
 * longer than T1); and with each two packets lost, and each two late. Whatever happens, both ends come to the same end,
 * they have agreed on the same session, and nothing is left in either stack.
 */
#ifndef OH_TESTS_SESSION_FLOW_H
#define OH_TESTS_SESSION_FLOW_H

#include "pair.h"
#include "proxy.h"

#define FLOW_ENDS    4
#define FLOW_PROXIES 2

/* With which words a call ended, as each of them sees it. */
struct flow_end {
	const char *a, *b;
};

struct flow {
	void (*script)(struct pair *p);
	const char *a, *b; /* logs of the clean run; NULL: chance decides who is first, only the end counts */
	struct flow_end ends[FLOW_ENDS]; /* what a run may come to; the first one when nothing goes wrong */
	bool apart; /* one had given up when the other one answered: what they agreed on last may differ */
	struct proxy_cfg proxies[FLOW_PROXIES]; /* on the way, if any */
	const char *target, *route;             /* as struct pair */
};

/* Fails the test when one of the runs does not come to a good end. */
void flow_run(const struct flow *flow);

/* a calls b, b rings for 2 s and answers; both are confirmed. */
void flow_talk(struct pair *p);
/* e hangs up, and the other one has heard it. */
void flow_hangup(struct end *e);

#endif
