/* So-many-a-period: what an attacker can make us log or answer is limited by one of these. No clock inside. */
#ifndef OH_BASE_RATE_H
#define OH_BASE_RATE_H

#include <stdbool.h>
#include <stdint.h>

struct rate {
	uint64_t period_ns, window_end;
	uint32_t limit, used, dropped;
};

/* At most limit grants a period. */
void rate_init(struct rate *r, uint32_t limit, uint64_t period_ns);
/* True: go on. False: over the limit; r->dropped counts until the next window. */
bool rate_allow(struct rate *r, uint64_t now_ns);

#endif
