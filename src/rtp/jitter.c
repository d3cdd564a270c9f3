#include "rtp/jitter.h"

#include <string.h>

#define FAR        10000000 /* a transit is not further from the origin */
#define UNIT       32u      /* what one packet weighs in the histogram */
#define FORGET     80u      /* a block takes one part in so many away */
#define PRIOR      25       /* packets without jitter that a new histogram begins with */
#define CLEAR_GAIN 3000     /* another cover has to be better by so much */
#define CAUTION    4000     /* and a smaller one has to have this to spare */

static int32_t clamp(int64_t v)
{
	return (int32_t)(v > FAR ? FAR : v < -FAR ? -FAR : v);
}

void jitter_init(struct jitter *j, uint32_t clock_hz)
{
	memset(j, 0, sizeof(*j));
	j->clock_hz = clock_hz;
}

void jitter_begin(struct jitter *j, uint32_t ts, uint64_t at_ns)
{
	j->ref_ts = ts;
	j->ref_ns = at_ns;
	j->block_end_ns = at_ns + JITTER_BLOCK_NS;
	j->n_block = j->n_recent = 0;
	j->least = j->before[0] = j->before[1] = j->before[2] = FAR;
}

int32_t jitter_transit(const struct jitter *j, uint32_t ts, uint64_t at_ns)
{
	int64_t way_us = (int64_t)(at_ns - j->ref_ns) / 1000;

	return clamp(way_us - (int64_t)(int32_t)(ts - j->ref_ts) * 1000000 / j->clock_hz);
}

static uint16_t less(uint16_t n)
{
	return (uint16_t)(n - (n + FORGET - 1) / FORGET);
}

static void forget(struct jitter *j)
{
	uint32_t weight = 0;
	uint16_t top = 0;

	for (uint16_t i = 0; i <= j->top; i++) {
		j->bins[i] = less(j->bins[i]);
		j->worst[i] = less(j->worst[i]);
		weight += j->bins[i];
		if (j->bins[i] || j->worst[i])
			top = i;
	}
	j->weight = weight;
	j->top = top;
}

static unsigned bin_of(int32_t excess)
{
	unsigned bin = excess <= 0 ? 0 : (unsigned)excess / JITTER_BIN_US;

	return bin < JITTER_BINS ? bin : JITTER_BINS - 1;
}

static void end_block(struct jitter *j, uint32_t ts, uint64_t at_ns)
{
	unsigned worst = 0;

	forget(j);
	for (unsigned i = 0; i < j->n_block; i++) {
		unsigned bin = bin_of(j->block[i] - j->least);

		if (j->bins[bin] > UINT16_MAX - UNIT)
			continue;
		j->bins[bin] = (uint16_t)(j->bins[bin] + UNIT);
		j->weight += UNIT;
		if (bin > worst)
			worst = bin;
	}
	j->worst[worst] = (uint16_t)(j->worst[worst] + UNIT);
	if (worst > j->top)
		j->top = (uint16_t)worst;
	if (j->n_block) {
		j->before[2] = j->before[1];
		j->before[1] = j->before[0];
		j->before[0] = j->least;
	}
	j->n_block = 0;
	j->least = FAR;
	j->block_end_ns = at_ns + JITTER_BLOCK_NS;
	/* The origin moves along so that the circle of time stamps never closes; no transit changes by it. */
	if (ts - j->ref_ts > 1u << 28 && ts - j->ref_ts < 1u << 31) {
		j->ref_ns += (uint64_t)(1u << 28) * 1000000000u / j->clock_hz;
		j->ref_ts += 1u << 28;
	}
}

bool jitter_packet(struct jitter *j, uint32_t ts, uint64_t at_ns)
{
	bool ended = at_ns >= j->block_end_ns;
	int32_t transit;

	if (ended)
		end_block(j, ts, at_ns);
	transit = jitter_transit(j, ts, at_ns);
	memmove(j->recent + 1, j->recent, sizeof(j->recent) - sizeof(*j->recent));
	j->recent[0] = transit;
	if (j->n_recent < JITTER_RECENT)
		j->n_recent++;
	if (transit < j->least)
		j->least = transit;
	if (j->n_block < JITTER_BLOCK_MAX)
		j->block[j->n_block++] = transit;
	return ended;
}

int32_t jitter_base(const struct jitter *j)
{
	int32_t base = j->least;

	for (unsigned i = 0; i < 3; i++)
		if (j->before[i] < base)
			base = j->before[i];
	return base;
}

int32_t jitter_newest(const struct jitter *j)
{
	int32_t newest = -FAR;

	for (unsigned i = 0; i < j->n_recent; i++)
		if (j->recent[i] > newest)
			newest = j->recent[i];
	return newest;
}

/* What is above a cover in a histogram. Within its bin all is spread evenly. */
static int64_t above(const struct jitter *j, const uint16_t *bins, int32_t cover)
{
	unsigned first = bin_of(cover);
	int64_t sum = 0;

	if (first > j->top)
		return 0;
	for (unsigned i = first + 1; i <= j->top; i++)
		sum += bins[i];
	return sum + bins[first] * (JITTER_BIN_US - (cover > 0 ? cover % JITTER_BIN_US : 0)) / JITTER_BIN_US;
}

/* What a cover costs: itself, and what it lets through. The block that is still open counts with the others. */
static int64_t cost(const struct jitter *j, int32_t cover, int32_t base)
{
	int64_t all = (int64_t)j->weight + (int64_t)(j->n_block + PRIOR) * UNIT;
	int64_t late = above(j, j->bins, cover), holes = above(j, j->worst, cover + JITTER_HOLE_US);
	int32_t worst = 0;

	for (unsigned i = 0; i < j->n_block; i++) {
		int32_t beyond = j->block[i] - base - cover;

		late += beyond > 0 ? UNIT : 0;
		worst = beyond > worst ? beyond : worst;
	}
	holes += worst > JITTER_HOLE_US ? UNIT : 0;
	return cover + (late + JITTER_HOLE * holes) * 100 * JITTER_WORTH_US / all;
}

int32_t jitter_choose(const struct jitter *j, const struct jitter_choice *c)
{
	int32_t base = jitter_base(j), least = c->cover, now, best;
	int64_t best_cost;

	least -= (c->cover - c->least) / c->step * c->step;
	if (least < c->least)
		least += c->step;
	/* The place nearest to what was wanted. */
	now = least;
	while (now + c->step / 2 < c->wanted && now + c->step <= c->most)
		now += c->step;
	best = now;
	best_cost = cost(j, now, base) - CLEAR_GAIN;
	for (int32_t cover = least; cover == least || cover <= c->most; cover += c->step) {
		int64_t price = cost(j, cover < now ? cover - CAUTION : cover, base);

		if (price < best_cost) {
			best_cost = price;
			best = cover;
		}
		if (price <= cover) /* nothing gets through; more only takes longer */
			break;
	}
	return best;
}
