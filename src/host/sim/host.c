/* A simulated machine: its life, its clock, its wake-ups. */
#include "host/sim/impl.h"

#include "base/mem.h"
#include "offhook/error.h"

#include <string.h>

/* 2026-01-01 00:00:00 UTC at virtual time 0. */
#define SIM_WALL_NS    1767225600000000000ull
#define SIM_FIRST_PORT 32768

static void sim_host_free(struct host *h)
{
	struct sim_host *m = sim_host_of(h);

	if (m->sim->running == m)
		m->sim->running = NULL;
	sim_disk_hangs(h, false);
	sim_cards_free(m);
	sim_event_close(&m->wake);
	sim_event_close(&m->network);
	sim_realm_drop(m->realm, &m->ips);
	hash_free(&m->sockets);
	mem_free(m);
}

static void run_wake(void *arg)
{
	struct sim_host *m = arg;

	host_run_wake(&m->base);
}

int sim_host_make(struct sim *s, struct sim_realm *realm, const char *ip, struct host **ret_host)
{
	struct sim_host *m = mem_zalloc(sizeof(*m));
	int err;

	if (!m)
		return OH_ENOMEM;
	m->base.ops = &sim_host_ops;
	m->sim = s;
	m->realm = realm;
	m->next_port = SIM_FIRST_PORT;
	list_init(&m->ips);
	list_init(&m->listeners);
	list_init(&m->streams);
	list_init(&m->cards);
	list_init(&m->last_words);
	err = hash_init(&m->sockets, s->random);
	if (!err)
		err = sim_event_init(&m->wake, s, m, run_wake, m);
	if (!err)
		err = sim_realm_add(realm, ip, m, NULL, &m->ips);
	if (err) {
		sim_host_free(&m->base);
		return err;
	}
	m->number = s->hosts_made++;
	*ret_host = &m->base;
	return 0;
}

int sim_host_new(struct sim *s, const char *ip, struct host **ret_host)
{
	return sim_host_make(s, &s->open, ip, ret_host);
}

int sim_host_add_ip(struct host *h, const char *ip)
{
	struct sim_host *m = sim_host_of(h);

	return sim_realm_add(m->realm, ip, m, NULL, &m->ips);
}

static int sim_host_run(struct host *h)
{
	(void)h;
	return OH_ENOTSUP;
}

/* A test's loop has its own end. */
static void sim_host_stop(struct host *h)
{
	(void)h;
}

static void sim_host_wake(struct host *h)
{
	struct sim_host *m = sim_host_of(h);

	sim_event_now_first(&m->wake, m->number);
}

static uint64_t sim_host_now(const struct host *h)
{
	return sim_host_of(h)->sim->now_ns;
}

static uint64_t sim_host_wall(const struct host *h)
{
	const struct sim *s = sim_host_of(h)->sim;

	return SIM_WALL_NS + s->now_ns + (uint64_t)s->wall_jump_ns;
}

static void sim_host_random(struct host *h, void *buf, size_t n)
{
	for (size_t at = 0; at < n; at += 8) {
		uint64_t bits = sim_draw(sim_host_of(h)->sim);

		memcpy((char *)buf + at, &bits, n - at < 8 ? n - at : 8);
	}
}

const struct host_ops sim_host_ops = {
	.free = sim_host_free,
	.run = sim_host_run,
	.stop = sim_host_stop,
	.wake = sim_host_wake,
	.now = sim_host_now,
	.wall = sim_host_wall,
	.random = sim_host_random,
	.timer_new = sim_timer_new,
	.timer_at = sim_timer_at,
	.timer_stop = sim_timer_stop,
	.timer_free = sim_timer_free,
	.dgram_open = sim_dgram_open,
	.dgram_close = sim_dgram_close,
	.dgram_send = sim_dgram_send,
	.dgram_recv = sim_dgram_recv,
	.dgram_watch = sim_dgram_watch,
	.route = sim_route,
	.has_address = sim_has_address,
	.network_watch = sim_network_watch,
	.stream_connect = sim_stream_connect,
	.stream_handle = sim_stream_handle,
	.stream_send = sim_stream_send,
	.stream_read = sim_stream_read,
	.stream_finish = sim_stream_finish,
	.stream_close = sim_stream_close,
	.listener_open = sim_listener_open,
	.listener_close = sim_listener_close,
	.dns_query = sim_dns_query,
	.dns_addrs = sim_dns_addrs,
	.dns_cancel = sim_dns_cancel,
	.dns_servers = sim_dns_servers,
	.crew_new = sim_crew_new,
	.crew_run = sim_crew_run,
	.crew_free = sim_crew_free,
	.ticker_new = sim_ticker_new,
	.ticker_free = sim_ticker_free,
	.service_new = sim_service_new,
	.service_kick = sim_service_kick,
	.service_free = sim_service_free,
	.service_end = sim_service_end,
	.services_leave = sim_services_leave,
	.sound_open = sim_sound_open,
	.sound_close = sim_sound_close,
	.sound_list = sim_sound_list,
	.sound_default = sim_sound_default,
	.sound_present = sim_sound_present,
	.sim = true,
};
