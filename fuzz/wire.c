#include "wire.h"

static uint8_t next_byte(struct bad_wire *w)
{
	return w->packets < w->fates.n ? (uint8_t)w->fates.p[w->packets++] : 0;
}

static void send_bent(struct bad_wire *w, const struct sim_packet *p)
{
	char *copy = feed_block(slice_make((const char *)p->data, p->n));
	size_t at = next_byte(w) * p->n / 256;

	if (p->n)
		copy[at] = (char)next_byte(w);
	(void)host_dgram_send(w->stranger, &p->to, NULL, copy, p->n);
	w->bent = true;
	free(copy);
}

static enum sim_fate fate_of(void *arg, const struct sim_packet *p, uint64_t *delay_ns)
{
	static const struct netaddr stranger = {.family = NETADDR_IP4, .ip = {192, 0, 2, 3}};
	struct bad_wire *w = arg;
	unsigned byte;

	if (netaddr_eq_ip(&p->from, &stranger) || netaddr_eq_ip(&p->to, &stranger))
		return SIM_DELIVER;
	byte = next_byte(w);
	*delay_ns = (byte & 31) * 250 * NS_PER_MS;
	switch (byte >> 5) {
	case 3:
		send_bent(w, p);
		return SIM_DROP;
	case 4:
		return SIM_DROP;
	case 5:
		return SIM_DOUBLE;
	case 6:
		return SIM_DELAY;
	case 7:
		return SIM_UNREACHABLE;
	default:
		return SIM_DELIVER;
	}
}

void wire_open(struct bad_wire *w, struct sim *sim, struct feed *f)
{
	struct host_dgram_cfg cfg = {.rcvbuf = 0};

	*w = (struct bad_wire){.fates = feed_bytes(f, feed_byte(f))};
	CHECK_OK(sim_host_new(sim, STRANGER_IP, &w->host));
	CHECK_OK(netaddr_parse_ip(slice_of(STRANGER_IP), 5060, &cfg.local));
	CHECK_OK(host_dgram_open(w->host, &cfg, &w->stranger));
	sim_filter(sim, fate_of, w);
}

void wire_close(struct bad_wire *w)
{
	host_dgram_close(w->stranger);
	host_free(w->host);
}

void wire_inject(struct bad_wire *w, const char *to_ip, struct slice text)
{
	struct netaddr addr;

	CHECK_OK(netaddr_parse_ip(slice_of(to_ip), 5060, &addr));
	(void)host_dgram_send(w->stranger, &addr, NULL, text.p, text.n);
}
