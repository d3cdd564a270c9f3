/* The virtual clock: the heap of events, chance, and the functions with which a test lets time pass. */
#include "host/sim/impl.h"

#include "base/mem.h"
#include "offhook/error.h"

#define SIM_START_NS NS_PER_S
#define SIM_DELAY_NS NS_PER_MS

/* Wake-ups come before everything else of the same moment; their rank is the number of their machine. */
#define SERIAL_FIRST (1ull << 32)

/* ---- chance: xoshiro256** (Blackman, Vigna), its state from splitmix64 ---- */

static uint64_t splitmix(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static uint64_t rotl(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

uint64_t sim_draw(struct sim *s)
{
	uint64_t *x = s->random;
	uint64_t result = rotl(x[1] * 5, 7) * 9, carry = x[1] << 17;

	x[2] ^= x[0];
	x[3] ^= x[1];
	x[1] ^= x[2];
	x[0] ^= x[3];
	x[2] ^= carry;
	x[3] = rotl(x[3], 45);
	return result;
}

bool sim_chance(struct sim *s, double p)
{
	/* No draw for what never happens: a clean wire spends no chance. */
	return p > 0 && (double)(sim_draw(s) >> 11) * 0x1p-53 < p;
}

/* ---- the heap ---- */

static bool before(const struct sim_event *a, const struct sim_event *b)
{
	return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->serial < b->serial;
}

static void put(struct sim *s, size_t place, struct sim_event *e)
{
	s->heap[place - 1] = e;
	e->place = place;
}

static void rise(struct sim *s, size_t place, struct sim_event *e)
{
	for (; place > 1 && before(e, s->heap[place / 2 - 1]); place /= 2)
		put(s, place, s->heap[place / 2 - 1]);
	put(s, place, e);
}

static void sink(struct sim *s, size_t place, struct sim_event *e)
{
	for (;;) {
		size_t child = place * 2;

		if (child > s->heap_count)
			break;
		if (child < s->heap_count && before(s->heap[child], s->heap[child - 1]))
			child++;
		if (!before(s->heap[child - 1], e))
			break;
		put(s, place, s->heap[child - 1]);
		place = child;
	}
	put(s, place, e);
}

int sim_event_init(
	struct sim_event *e, struct sim *s, struct sim_host *loop, void (*fn)(void *arg), void *arg)
{
	if (s->heap_reserved == s->heap_cap) {
		size_t cap = s->heap_cap ? s->heap_cap * 2 : 64;
		struct sim_event **heap = mem_realloc(s->heap, cap * sizeof(struct sim_event *));

		if (!heap)
			return OH_ENOMEM;
		s->heap = heap;
		s->heap_cap = cap;
	}
	s->heap_reserved++;
	*e = (struct sim_event){.sim = s, .loop = loop, .fn = fn, .arg = arg};
	return 0;
}

void sim_event_close(struct sim_event *e)
{
	if (!e->sim)
		return;
	sim_event_cancel(e);
	e->sim->heap_reserved--;
	e->sim = NULL;
}

void sim_event_cancel(struct sim_event *e)
{
	struct sim *s = e->sim;
	size_t place = e->place;
	struct sim_event *last;

	if (place == 0)
		return;
	e->place = 0;
	last = s->heap[--s->heap_count];
	if (last == e)
		return;
	sink(s, place, last);
	rise(s, last->place, last);
}

static void schedule(struct sim_event *e, uint64_t due_ns, uint64_t serial)
{
	struct sim *s = e->sim;

	sim_event_cancel(e);
	e->due_ns = due_ns > s->now_ns ? due_ns : s->now_ns;
	e->serial = serial;
	rise(s, ++s->heap_count, e);
}

void sim_event_at(struct sim_event *e, uint64_t due_ns)
{
	schedule(e, due_ns, SERIAL_FIRST + e->sim->serial++);
}

void sim_event_now_first(struct sim_event *e, uint64_t rank)
{
	schedule(e, e->sim->now_ns, rank);
}

static void happen(struct sim *s)
{
	struct sim_event *e = s->heap[0];

	s->now_ns = e->due_ns;
	s->running = e->loop;
	sim_event_cancel(e);
	e->fn(e->arg); /* the event, and its host, may be gone after this */
	if (s->running)
		host_run_idle(&s->running->base);
	s->running = NULL;
}

/* ---- a test lets time pass ---- */

uint64_t sim_now(const struct sim *s)
{
	return s->now_ns;
}

bool sim_step(struct sim *s)
{
	if (s->heap_count == 0)
		return false;
	happen(s);
	return true;
}

void sim_run_until(struct sim *s, uint64_t ns)
{
	while (s->heap_count > 0 && s->heap[0]->due_ns <= ns)
		happen(s);
	if (s->now_ns < ns)
		s->now_ns = ns;
}

void sim_run_for(struct sim *s, uint64_t ns)
{
	sim_run_until(s, s->now_ns + ns);
}

bool sim_run_while_not(struct sim *s, bool (*cond)(void *arg), void *arg, uint64_t limit_ns)
{
	uint64_t end = s->now_ns + limit_ns;

	while (!cond(arg)) {
		if (s->heap_count == 0 || s->heap[0]->due_ns > end) {
			s->now_ns = end;
			return cond(arg);
		}
		happen(s);
	}
	return true;
}

void sim_wall_jump(struct sim *s, int64_t ns)
{
	s->wall_jump_ns += ns;
}

void sim_starve_tickers(struct sim *s, uint32_t every)
{
	s->tick_every = every ? every : 1;
}

/* ---- life ---- */

int sim_new(uint64_t seed, struct sim **ret_sim)
{
	struct sim *s = mem_zalloc(sizeof(*s));
	int err;

	if (!s)
		return OH_ENOMEM;
	s->now_ns = SIM_START_NS;
	for (size_t i = 0; i < ARRAY_LEN(s->random); i++)
		s->random[i] = splitmix(&seed);
	s->wire.delay_ns = SIM_DELAY_NS;
	s->tick_every = 1;
	s->segment_max = SIM_SEGMENT_MAX;
	list_init(&s->connections);
	list_init(&s->packets);
	list_init(&s->nats);
	list_init(&s->dns_records);
	err = sim_realm_init(&s->open, s, NULL);
	if (!err)
		err = hash_init(&s->directions, s->random);
	if (err) {
		sim_free(s);
		return err;
	}
	*ret_sim = s;
	return 0;
}

struct sim *sim_free(struct sim *s)
{
	if (!s)
		return NULL;
	sim_tcp_close(s);
	sim_wire_close(s);
	sim_dns_close(s);
	while (!list_empty(&s->nats))
		sim_nat_free((struct sim_nat *)(void *)s->nats.next);
	sim_realm_free(&s->open);
	mem_free(s->heap);
	mem_free(s);
	return NULL;
}
