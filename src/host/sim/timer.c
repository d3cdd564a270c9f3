/* Timers, and the threads of the real world as timers: a ticker (media), its helpers, and a service (disk). */
#include "host/sim/impl.h"

#include "base/mem.h"
#include "offhook/error.h"

struct sim_timer {
	struct host_timer base;
	struct sim_event due;
};

int sim_timer_new(struct host *h, void (*fn)(void *arg), void *arg, struct host_timer **ret_timer)
{
	struct sim_timer *t = mem_zalloc(sizeof(*t));

	if (!t)
		return OH_ENOMEM;
	t->base.host = h;
	if (sim_event_init(&t->due, sim_host_of(h)->sim, sim_host_of(h), fn, arg)) {
		mem_free(t);
		return OH_ENOMEM;
	}
	*ret_timer = &t->base;
	return 0;
}

void sim_timer_at(struct host_timer *t, uint64_t due_ns)
{
	sim_event_at(&((struct sim_timer *)t)->due, due_ns);
}

void sim_timer_stop(struct host_timer *t)
{
	sim_event_cancel(&((struct sim_timer *)t)->due);
}

void sim_timer_free(struct host_timer *t)
{
	sim_event_close(&((struct sim_timer *)t)->due);
	mem_free(t);
}

struct sim_ticker {
	struct host_ticker base;
	struct host_ticker_cfg cfg;
	struct sim_event due;
};

static void tick(void *arg)
{
	struct sim_ticker *t = arg;
	struct host_tick now = {.due_ns = t->due.due_ns, .now_ns = t->due.due_ns};
	uint32_t every = t->due.sim->tick_every;

	now.skipped = every - 1;
	sim_event_at(&t->due, t->due.due_ns + t->cfg.period_ns * every);
	t->cfg.fn(t->cfg.arg, &now);
}

int sim_ticker_new(struct host *h, const struct host_ticker_cfg *cfg, struct host_ticker **ret_ticker)
{
	struct sim *s = sim_host_of(h)->sim;
	struct sim_ticker *t = mem_zalloc(sizeof(*t));

	if (!t)
		return OH_ENOMEM;
	t->base.host = h;
	t->cfg = *cfg;
	if (sim_event_init(&t->due, s, NULL, tick, t)) {
		mem_free(t);
		return OH_ENOMEM;
	}
	sim_event_at(&t->due, s->now_ns + cfg->period_ns);
	*ret_ticker = &t->base;
	return 0;
}

void sim_ticker_free(struct host_ticker *t)
{
	sim_event_close(&((struct sim_ticker *)t)->due);
	mem_free(t);
}

struct sim_crew {
	struct host_crew base;
	unsigned n;
};

int sim_crew_new(struct host *h, const char *name, unsigned n_helpers, struct host_crew **ret_crew)
{
	struct sim_crew *c = mem_zalloc(sizeof(*c));

	(void)name;
	if (!c)
		return OH_ENOMEM;
	c->base.host = h;
	c->n = n_helpers;
	*ret_crew = &c->base;
	return 0;
}

void sim_crew_run(struct host_crew *c, unsigned n, void (*fn)(void *arg, unsigned who), void *arg)
{
	unsigned most = ((struct sim_crew *)c)->n;

	for (unsigned who = 0; who <= n && who <= most; who++)
		fn(arg, who);
}

void sim_crew_free(struct host_crew *c)
{
	mem_free(c);
}

struct sim_service {
	struct host_service base;
	struct list node; /* last_words */
	uint64_t period_ns;
	void (*fn)(void *arg);
	void (*ended)(void *arg);
	void *arg;
	struct sim_event due;
};

static void serve(void *arg)
{
	struct sim_service *s = arg;

	sim_event_at(&s->due, s->due.due_ns + s->period_ns);
	if (!sim_host_of(s->base.host)->disk_hangs)
		s->fn(s->arg);
}

int sim_service_new(struct host *h, unsigned period_ms, void (*fn)(void *arg), void *arg,
	struct host_service **ret_service)
{
	struct sim *sim = sim_host_of(h)->sim;
	struct sim_service *s = mem_zalloc(sizeof(*s));

	if (!s)
		return OH_ENOMEM;
	s->base.host = h;
	s->period_ns = period_ms * NS_PER_MS;
	s->fn = fn;
	s->arg = arg;
	if (sim_event_init(&s->due, sim, NULL, serve, s)) {
		mem_free(s);
		return OH_ENOMEM;
	}
	sim_event_at(&s->due, sim->now_ns + s->period_ns);
	*ret_service = &s->base;
	return 0;
}

void sim_service_kick(struct host_service *s)
{
	struct sim_event *due = &((struct sim_service *)s)->due;

	sim_event_at(due, due->sim->now_ns);
}

void sim_service_free(struct host_service *s)
{
	sim_event_close(&((struct sim_service *)s)->due);
	mem_free(s);
}

static void see_off(struct sim_service *s)
{
	void (*ended)(void *arg) = s->ended;
	void *arg = s->arg;

	sim_service_free(&s->base);
	ended(arg);
}

void sim_service_end(struct host_service *base, void (*ended)(void *arg))
{
	struct sim_service *s = (struct sim_service *)base;
	struct sim_host *m = sim_host_of(base->host);

	s->ended = ended;
	if (!m->disk_hangs) {
		see_off(s);
		return;
	}
	sim_event_cancel(&s->due);
	list_append(&m->last_words, &s->node);
}

bool sim_services_leave(struct host *h, unsigned limit_ms)
{
	(void)limit_ms;
	return list_empty(&sim_host_of(h)->last_words);
}

void sim_disk_hangs(struct host *h, bool hangs)
{
	struct sim_host *m = sim_host_of(h);

	m->disk_hangs = hangs;
	while (!hangs && !list_empty(&m->last_words)) {
		struct sim_service *s = CONTAINER_OF(m->last_words.next, struct sim_service, node);

		list_remove(&s->node);
		see_off(s);
	}
}
