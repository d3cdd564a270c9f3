/*
 * Who failed lately (RFC 3263 4.3, RFC 3261 21.5.4): a target, i.e. a transport with an address and port, that gave no
 * answer, an error of the network, or a 503, is put aside for a while. Then it is tried after all others, and alone it is
 * tried all the same: there is nobody better. When its time has passed the next request tries it in its own place again;
 * that one is a probe, and the others leave it alone until it is known how that went.
 *
 * Thread: signalling. Inside of src/sip only.
 */
#ifndef OH_SIP_TARGET_H
#define OH_SIP_TARGET_H

#include "sip/stack.h"

/* Named limits and times. */
#define TARGETS_ASIDE_MAX        128u /* the one that would be back first goes */
#define TARGET_ASIDE_MS          30000u /* after silence or an error of the network; a restart takes that long */
#define TARGET_RETRY_AFTER_MAX_S 600u /* what a 503 may ask for */

struct target {
	enum sip_transport_type type;
	struct netaddr remote;
	uint64_t until_ns;
};

struct targets {
	struct target *list; /* TARGETS_ASIDE_MAX, from the first failure on */
	size_t n;
};
void sip_targets_free(struct targets *t);

/* Puts those aside last; the others keep their order. */
void sip_targets_sort(struct sip_stack *s, struct sip_flow *flows, size_t n);
/* It failed: err is OH_ETIMEDOUT, OH_EUNREACH ..., or 0 for a 503, whose Retry-After is retry_after_s (0: none). */
void sip_target_failed(struct sip_stack *s, const struct sip_flow *flow, int err, uint32_t retry_after_s);
/* It answered. */
void sip_target_answered(struct sip_stack *s, const struct sip_flow *flow);

#endif
