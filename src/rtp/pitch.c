#include "rtp/pitch.h"

/* r*|r| / (energy * energy) at this lag, every `stride`-th sample. */
static double likeness(const struct pitch_search *s, uint32_t lag, uint32_t stride)
{
	const int16_t *a = s->here, *b = s->here + s->side * (int32_t)lag;
	int64_t r = 0, aa = 1, bb = 1;

	for (uint32_t i = 0; i < s->window; i += stride) {
		r += a[i] * b[i];
		aa += a[i] * a[i];
		bb += b[i] * b[i];
	}
	return (double)r * (double)(r < 0 ? -r : r) / ((double)aa * (double)bb);
}

static void best_of(
	const struct pitch_search *s, uint32_t from, uint32_t to, uint32_t stride, struct pitch *best)
{
	best->likeness = -2;
	for (uint32_t lag = from; lag <= to; lag += stride) {
		double l = likeness(s, lag, stride);

		if (l > best->likeness)
			*best = (struct pitch){lag, l};
	}
}

struct pitch pitch_find(const struct pitch_search *s)
{
	struct pitch best = {0, 0};
	uint32_t from, to;

	if (s->min > s->max)
		return best;
	best_of(s, s->min, s->max, s->coarse, &best);
	from = best.lag > s->min + s->coarse ? best.lag - s->coarse : s->min;
	to = best.lag + s->coarse < s->max ? best.lag + s->coarse : s->max;
	best_of(s, from, to, 1, &best);
	return best;
}
