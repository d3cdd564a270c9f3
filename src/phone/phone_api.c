/* The small parts of the phone's API: defaults, version, counters, and structs that grow with
 * the versions. */
#include "phone/phone_impl.h"

#include "base/mem.h"

#define VERSION "0.1.0"

const char *offhook_version(void)
{
	return VERSION;
}

void offhook_phone_cfg_init(struct offhook_phone_cfg *cfg)
{
	*cfg = (struct offhook_phone_cfg){
		.size = sizeof(*cfg),
		.user_agent = "offhook/" VERSION,
		.delivery = OFFHOOK_DELIVER_THREAD,
		.max_queued_events = EVENTS_QUEUED_DEFAULT,
		.clock_rate_hz = 16000,
		.frame_ms = 20,
		.ptime_ms = 20,
		.rtp_port_min = 16384,
		.rtp_port_max = 32766,
		.rtp_timeout_ms = 10000,
	};
}

int cfg_take(void *ours, size_t our_size, const void *theirs)
{
	size_t size = 0;

	if (theirs)
		memcpy(&size, theirs, sizeof(size));
	if (size <= sizeof(size))
		return err_detail(
			OH_EINVAL, "size is not set: fill the struct with its _init() function first");
	memcpy(ours, theirs, size < our_size ? size : our_size);
	memcpy(ours, &our_size, sizeof(our_size));
	return 0;
}

int info_give(void *theirs, const void *ours, size_t our_size)
{
	size_t size = 0;

	if (theirs)
		memcpy(&size, theirs, sizeof(size));
	if (size <= sizeof(size))
		return err_detail(OH_EINVAL, "size is not set: it is sizeof of the struct");
	memcpy((char *)theirs + sizeof(size), (const char *)ours + sizeof(size),
		(size < our_size ? size : our_size) - sizeof(size));
	return 0;
}

static int counters_run(struct offhook_phone *p, void *arg)
{
	struct offhook_counters *c = arg;
	struct sip_counters sip;
	struct engine_counters media;
	struct bridge_counters bridge;
	int err = phone_check_open(p);

	if (err)
		return err;
	sip_stack_counters(p->stack, &sip);
	engine_counters(p->engine, &media);
	bridge_counters(engine_bridge(p->engine), &bridge);
	c->calls = p->n_calls;
	c->dialogs = sip.dialogs;
	c->transactions = sip.client_txns + sip.server_txns;
	c->timers = sip.timers;
	c->transports = p->n_transports;
	c->accounts = p->n_accounts;
	c->slots = bridge.ports ? bridge.ports - 1 : 0;
	c->events = atomic_load_explicit(&p->events.queued, memory_order_relaxed);
	c->rtp_ports = media.rtp_ports_used;
	c->media_ticks = media.ticks;
	c->late_ticks = media.late_ticks;
	return 0;
}

int offhook_phone_counters(struct offhook_phone *phone, struct offhook_counters *ret_counters)
{
	struct offhook_counters c = {.size = sizeof(c)};
	int err = phone_query(phone, counters_run, &c);

	return err ? err : info_give(ret_counters, &c, sizeof(c));
}
