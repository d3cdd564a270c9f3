#include "audio/rtp_ports.h"

#include "base/err.h"
#include "base/mem.h"

#define USED UINT32_MAX
/* 32 bits of milliseconds would end after 49 days. */
#define UNIT_NS 100000000u

static uint32_t since_start(const struct rtp_ports *r, uint64_t now_ns)
{
	return (uint32_t)((now_ns - r->start_ns) / UNIT_NS);
}

int rtp_ports_init(struct rtp_ports *r, uint16_t min, uint16_t max, uint32_t random, uint64_t now_ns)
{
	uint32_t first = (min + 1u) & ~1u, end = (max + 1u) & ~1u;

	*r = (struct rtp_ports){.start_ns = now_ns};
	if (min == 0 || end < first + 2)
		return err_detail(OH_EINVAL, "no pair of RTP ports in %u-%u", min, max);
	r->first = (uint16_t)first;
	r->n_pairs = (end - first) / 2;
	r->next = random % r->n_pairs;
	r->free_at = mem_zalloc(r->n_pairs * sizeof(*r->free_at));
	return r->free_at ? 0 : OH_ENOMEM;
}

void rtp_ports_free(struct rtp_ports *r)
{
	mem_free(r->free_at);
	r->free_at = NULL;
}

uint16_t rtp_ports_take(struct rtp_ports *r, uint64_t now_ns)
{
	uint32_t now = since_start(r, now_ns);

	for (uint32_t i = 0; i < r->n_pairs; i++) {
		uint32_t pair = r->next;

		r->next = r->next + 1 < r->n_pairs ? r->next + 1 : 0;
		if (r->free_at[pair] == USED || r->free_at[pair] > now)
			continue;
		r->free_at[pair] = USED;
		r->used++;
		return (uint16_t)(r->first + 2 * pair);
	}
	return 0;
}

static void leave(struct rtp_ports *r, uint16_t port, uint32_t free_at)
{
	uint32_t pair = (port - r->first) / 2u;

	if (port < r->first || pair >= r->n_pairs || r->free_at[pair] != USED)
		return;
	r->free_at[pair] = free_at;
	r->used--;
}

void rtp_ports_rest(struct rtp_ports *r, uint16_t port, uint64_t now_ns)
{
	leave(r, port, since_start(r, now_ns) + (uint32_t)(RTP_PORT_REST_NS / UNIT_NS) + 1);
}

void rtp_ports_put_back(struct rtp_ports *r, uint16_t port)
{
	leave(r, port, 0);
}

size_t rtp_ports_resting(const struct rtp_ports *r, uint64_t now_ns)
{
	uint32_t now = since_start(r, now_ns);
	size_t n = 0;

	for (uint32_t i = 0; i < r->n_pairs; i++)
		n += r->free_at[i] != USED && r->free_at[i] > now;
	return n;
}
