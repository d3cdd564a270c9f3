#include "callee.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

void callee_require(int err, const char *what)
{
	if (!err)
		return;
	fprintf(stderr, "bench: %s: %s (%s)\n", what, offhook_strerror(err), offhook_error_detail());
	exit(1);
}

static void join(struct callee *c, offhook_id slot)
{
	struct offhook_link both[2] = {{slot, c->odd, 1}, {c->odd, slot, 1}};

	if (!c->odd) {
		c->odd = slot;
		return;
	}
	/* First: connecting may hand out the next event before it returns. */
	c->odd = 0;
	callee_require(offhook_connect_many(c->phone, both, 2), "connect");
}

static void listen_to(struct callee *c, offhook_id call)
{
	struct offhook_listen_cfg cfg;

	offhook_listen_cfg_init(&cfg);
	cfg.silence_ms = 3600 * 1000;
	callee_require(offhook_call_listen(c->phone, call, &cfg), "listen");
}

static void on_event(void *arg, const struct offhook_event *event)
{
	struct callee *c = arg;

	if (c->on_event)
		c->on_event(c->arg, event);
	switch (event->type) {
	case OFFHOOK_EVENT_CALL_INCOMING:
		callee_require(offhook_call_answer(c->phone, event->id, NULL), "answer");
		break;
	case OFFHOOK_EVENT_CALL_MEDIA:
		if (event->call->media_state != OFFHOOK_MEDIA_ACTIVE)
			break;
		atomic_fetch_add(&c->n_media, 1);
		if (c->cfg.mixed)
			listen_to(c, event->id);
		if (c->cfg.join)
			join(c, event->call->slot);
		break;
	case OFFHOOK_EVENT_CALL_STATE:
		if (event->call->state == OFFHOOK_CALL_DISCONNECTED)
			atomic_fetch_add(&c->n_ended, 1);
		break;
	default:
		break;
	}
}

void callee_open(struct callee *c, const struct callee_cfg *cfg)
{
	struct offhook_phone_cfg phone;
	struct offhook_transport_cfg udp;
	struct offhook_transport_info info = {.size = sizeof(info)};
	struct offhook_account_cfg account;
	offhook_id transport;

	c->cfg = *cfg;
	c->odd = 0;
	atomic_store(&c->n_ended, 0);
	atomic_store(&c->n_media, 0);
	offhook_phone_cfg_init(&phone);
	phone.delivery = cfg->delivery;
	phone.on_event = on_event;
	phone.on_event_arg = c;
	phone.clock_rate_hz = cfg->clock_rate_hz;
	phone.rtp_timeout_ms = 0;
	phone.codecs = cfg->codecs;
	phone.plain_packets = cfg->plain;
	offhook_transport_cfg_init(&udp);
	udp.address = "127.0.0.1";
	offhook_account_cfg_init(&account);
	callee_require(offhook_phone_new(&phone, &c->phone), "phone");
	callee_require(offhook_transport_add(c->phone, &udp, &transport), "transport");
	callee_require(offhook_transport_get_info(c->phone, transport, &info), "transport");
	account.transport = transport;
	callee_require(offhook_account_add(c->phone, &account, &c->account), "account");
	c->port = info.port;
}

void callee_sleep_ms(unsigned ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000l};

	clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
}

void callee_wait_ended(struct callee *c, unsigned n)
{
	for (unsigned i = 0; i < 5000 && atomic_load(&c->n_ended) < n; i++)
		callee_sleep_ms(1);
	if (atomic_load(&c->n_ended) >= n)
		return;
	fprintf(stderr, "bench: %u of %u calls ended\n", atomic_load(&c->n_ended), n);
	exit(1);
}

void callee_close(struct callee *c)
{
	offhook_phone_free(c->phone);
	c->phone = NULL;
}

static double us_of(struct timeval t)
{
	return (double)t.tv_sec * 1e6 + (double)t.tv_usec;
}

double callee_cpu_us(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return us_of(u.ru_utime) + us_of(u.ru_stime);
}

double callee_pss_kb(void)
{
	FILE *f = fopen("/proc/self/smaps_rollup", "r");
	char line[256];
	long kb = 0;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "Pss: %ld kB", &kb) == 1)
			break;
	}
	if (f)
		fclose(f);
	return (double)kb;
}
