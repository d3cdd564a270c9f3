#include "session/patience.h"

uint64_t patience_ms(struct host *h, unsigned failures, uint32_t max_s, uint32_t retry_after_s)
{
	unsigned doublings = failures > 1 ? failures - 1 : 0;
	uint64_t ms = (uint64_t)PATIENCE_FIRST_S * 1000 << (doublings < 16 ? doublings : 16);
	uint64_t asked = (retry_after_s < PATIENCE_MAX_S ? retry_after_s : PATIENCE_MAX_S) * 1000ull;

	if (ms > max_s * 1000ull)
		ms = max_s * 1000ull;
	ms = ms / 2 + host_random_below(h, (uint32_t)(ms / 2) + 1);
	if (ms < asked)
		ms = asked + host_random_below(h, (uint32_t)(asked / 10) + 1);
	return ms;
}
