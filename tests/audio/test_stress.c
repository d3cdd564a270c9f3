/*
 * Real threads: one ticks the bridge as fast as it can, one adds, removes, connects, disconnects, publishes
 * and reaps at random, one reads the meters. A port that is called after its end, or freed twice, is noticed;
 * TSan sees the rest.
 */
#include "audio/rig.h"
#include "check.h"

#include <pthread.h>
#include <stdatomic.h>

enum { CHANGES = 6000, PORTS_MAX = 30 };

struct live_port {
	struct port port;
	uint32_t alive; /* ALIVE until freed */
	uint64_t calls;
	_Atomic int *n_freed;
};
#define ALIVE 0x600dca11u

static void check_alive(struct port *p)
{
	struct live_port *l = (struct live_port *)p;

	if (l->alive != ALIVE)
		abort();
	l->calls++;
}

static bool give(struct port *p, int16_t *pcm, size_t n, const struct audio_tick *t)
{
	check_alive(p);
	for (size_t i = 0; i < n; i++)
		pcm[i] = (int16_t)(t->index + i);
	return t->index % 5 != 0;
}

static void take(struct port *p, const int16_t *pcm, size_t n, const struct audio_tick *t)
{
	(void)pcm, (void)n, (void)t;
	check_alive(p);
}

static void end(struct port *p)
{
	struct live_port *l = (struct live_port *)p;

	check_alive(p);
	l->alive = 0;
	atomic_fetch_add(l->n_freed, 1);
	mem_free(l);
}

static const struct port_ops live_ops = {.kind = "live", .pull = give, .push = take, .free = end};

struct shared {
	struct bridge *bridge;
	_Atomic bool over;
	_Atomic uint64_t now; /* packed slot for the meter reader */
};

static void *tick(void *arg)
{
	struct shared *s = arg;

	while (!atomic_load(&s->over))
		bridge_tick(s->bridge, 0, 0);
	return NULL;
}

static void *watch(void *arg)
{
	struct shared *s = arg;
	struct bridge_counters n;

	while (!atomic_load(&s->over)) {
		uint64_t packed = atomic_load(&s->now);
		struct bridge_slot slot = {(uint32_t)packed, (uint32_t)(packed >> 32)};
		float tx = 0, rx = 0;

		(void)bridge_signal(s->bridge, slot, &tx, &rx);
		if (tx < 0 || tx > 1 || rx < 0 || rx > 1)
			abort();
		bridge_counters(s->bridge, &n);
	}
	return NULL;
}

struct changer {
	struct shared *s;
	struct bridge_slot slots[PORTS_MAX];
	size_t n;
	uint64_t seed;
	int made;
	_Atomic int freed;
};

static void add_one(struct changer *c)
{
	static const uint32_t rates[] = {8000, 16000, 16000, 16000, 48000};
	struct live_port *l;

	if (c->n == PORTS_MAX)
		return;
	l = mem_zalloc(sizeof(*l));
	l->port = (struct port){&live_ops, rates[rig_random(&c->seed) % ARRAY_LEN(rates)]};
	l->alive = ALIVE;
	l->n_freed = &c->freed;
	CHECK_OK(bridge_add(c->s->bridge, &l->port, &c->slots[c->n]));
	atomic_store(&c->s->now, (uint64_t)c->slots[c->n].generation << 32 | c->slots[c->n].number);
	c->n++;
	c->made++;
}

static void remove_one(struct changer *c)
{
	size_t at;

	if (!c->n)
		return;
	at = rig_random(&c->seed) % c->n;
	CHECK_OK(bridge_remove(c->s->bridge, c->slots[at]));
	bridge_number_release(c->s->bridge, c->slots[at].number);
	c->slots[at] = c->slots[--c->n];
}

static void connect_some(struct changer *c, bool on)
{
	struct bridge_link links[40];

	if (!c->n)
		return;
	for (size_t i = 0; i < ARRAY_LEN(links); i++)
		links[i] = (struct bridge_link){c->slots[rig_random(&c->seed) % c->n],
			c->slots[rig_random(&c->seed) % c->n], rig_random(&c->seed) % 4 ? 1.0f : 0.5f};
	CHECK_OK(on ? bridge_connect(c->s->bridge, links, ARRAY_LEN(links))
		    : bridge_disconnect(c->s->bridge, links, ARRAY_LEN(links)));
}

static void change(struct changer *c)
{
	switch (rig_random(&c->seed) % 8) {
	case 0:
	case 1:
		add_one(c);
		break;
	case 2:
		remove_one(c);
		break;
	case 3:
		connect_some(c, false);
		break;
	case 4:
		if (c->n)
			CHECK_OK(bridge_rate_changed(c->s->bridge, c->slots[rig_random(&c->seed) % c->n],
				rig_random(&c->seed) % 2 ? 8000 : 16000));
		break;
	default:
		connect_some(c, true);
		break;
	}
	CHECK_OK(bridge_publish(c->s->bridge));
	(void)bridge_reap(c->s->bridge);
}

TEST(ports_come_and_go_while_the_bridge_ticks)
{
	struct shared s = {.bridge = rig_bridge(16000)};
	struct changer c = {.s = &s, .seed = 11};
	struct bridge_counters n;
	pthread_t ticker, watcher;

	CHECK_OK(pthread_create(&ticker, NULL, tick, &s));
	CHECK_OK(pthread_create(&watcher, NULL, watch, &s));
	for (unsigned i = 0; i < CHANGES; i++)
		change(&c);
	while (c.n)
		remove_one(&c);
	CHECK_OK(bridge_publish(s.bridge));
	while (bridge_reap(s.bridge))
		sched_yield();
	CHECK_EQ(c.freed, c.made); /* with the ticker still running */
	atomic_store(&s.over, true);
	pthread_join(ticker, NULL);
	pthread_join(watcher, NULL);
	bridge_counters(s.bridge, &n);
	CHECK(n.ticks > 0);
	CHECK_EQ(n.ports, 1);
	CHECK_EQ(n.links, 0);
	bridge_free(s.bridge);
}

TESTS(RUN(ports_come_and_go_while_the_bridge_ticks))
