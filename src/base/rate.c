#include "base/rate.h"

void rate_init(struct rate *r, uint32_t limit, uint64_t period_ns)
{
	*r = (struct rate){.period_ns = period_ns, .limit = limit};
}

bool rate_allow(struct rate *r, uint64_t now_ns)
{
	if (now_ns >= r->window_end) {
		r->window_end = now_ns + r->period_ns;
		r->used = 0;
		r->dropped = 0;
	}
	if (r->used < r->limit) {
		r->used++;
		return true;
	}
	r->dropped++;
	return false;
}
