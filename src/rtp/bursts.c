#include "rtp/bursts.h"

#include <stddef.h>

/* A cluster of one is an isolated loss and belongs to the gap around it. */
static void close_cluster(struct bursts *b)
{
	if (b->any && b->cluster_losses > 1) {
		b->bursts++;
		b->burst_packets += b->last - b->first + 1;
		b->burst_losses += b->cluster_losses;
	}
	b->any = false;
}

static void settle(struct bursts *b, enum bursts_fate fate)
{
	uint64_t at = b->count.expected++;

	if (fate == BURSTS_HEARD) {
		b->in_run = false;
		return;
	}
	b->count.lost += fate == BURSTS_LOST;
	b->count.discarded += fate == BURSTS_DISCARDED;
	b->count.runs += !b->in_run;
	b->in_run = true;
	if (b->any && at - b->last > BURSTS_GMIN)
		close_cluster(b);
	if (!b->any) {
		b->any = true;
		b->first = at;
		b->cluster_losses = 0;
	}
	b->last = at;
	b->cluster_losses++;
}

static enum bursts_fate fate_of(const struct bursts *b, uint32_t back)
{
	uint32_t bit = UINT32_C(1) << back;

	if (b->thrown & bit)
		return BURSTS_DISCARDED;
	return b->came & bit ? BURSTS_HEARD : BURSTS_LOST;
}

/* One further packet number. */
static void advance(struct bursts *b)
{
	if (b->n_open == BURSTS_WAIT) {
		settle(b, fate_of(b, BURSTS_WAIT - 1));
		b->n_open--;
	}
	b->came <<= 1;
	b->thrown <<= 1;
	b->n_open++;
	b->newest++;
}

/* Numbers of which none came, however many: whoever jumps ahead with each packet shall not cost more than others. */
static void jump(struct bursts *b, uint32_t by)
{
	uint32_t step = by < BURSTS_WAIT ? by : BURSTS_WAIT, rest = by - step;

	for (; step > 0; step--)
		advance(b);
	if (!rest)
		return;
	/* All that is open was lost, so what is settled now are losses in a row. */
	settle(b, BURSTS_LOST);
	b->count.expected += rest - 1;
	b->count.lost += rest - 1;
	b->cluster_losses += rest - 1;
	b->last += rest - 1;
	b->newest += rest;
}

static void begin(struct bursts *b, uint32_t ext)
{
	bursts_end(b);
	b->known = true;
	b->newest = ext;
	b->n_open = 1;
}

void bursts_packet(struct bursts *b, uint32_t ext, bool discarded)
{
	int32_t ahead = (int32_t)(ext - b->newest);

	if (!b->known || ahead > (int32_t)BURSTS_JUMP || ahead < -(int32_t)BURSTS_JUMP) {
		begin(b, ext);
		ahead = 0;
	}
	if (ahead > 0) {
		jump(b, (uint32_t)ahead);
		ahead = 0;
	}
	if (-ahead >= (int32_t)b->n_open) /* its fate is settled, or it came before the first */
		return;
	b->came |= UINT32_C(1) << -ahead;
	if (discarded)
		b->thrown |= UINT32_C(1) << -ahead;
}

void bursts_end(struct bursts *b)
{
	for (; b->n_open; b->n_open--)
		settle(b, fate_of(b, b->n_open - 1));
	close_cluster(b);
	b->came = b->thrown = 0;
	b->known = b->in_run = false;
}

struct bursts_report bursts_report(const struct bursts *b)
{
	struct bursts_report r = {0};
	struct bursts end = *b;
	uint64_t gap_packets, gap_losses;

	close_cluster(&end);
	gap_packets = end.count.expected - end.burst_packets;
	gap_losses = end.count.lost + end.count.discarded - end.burst_losses;
	r.bursts = end.bursts;
	if (end.bursts) {
		r.burst_density = (double)end.burst_losses / (double)end.burst_packets;
		r.burst_packets = (double)end.burst_packets / (double)end.bursts;
	}
	if (gap_packets) {
		r.gap_density = (double)gap_losses / (double)gap_packets;
		/* By the number of bursts, as the example of 4.7.2 and the algorithm of A.2 have it. */
		r.gap_packets = (double)gap_packets / (double)(end.bursts ? end.bursts : 1);
	}
	return r;
}

double bursts_share(const struct bursts_count *c)
{
	return c->expected ? (double)(c->lost + c->discarded) / (double)c->expected : 0;
}

double bursts_ratio(const struct bursts_count *c)
{
	/* Independent losses make runs of 1 / (1 - share) (G.107 7.5). */
	double ratio =
		c->runs ? (double)(c->lost + c->discarded) / (double)c->runs * (1 - bursts_share(c)) : 1;

	return ratio < 1 ? 1 : ratio;
}
