/*
 * Packets for a collector of HEP version 3: "HEP3", the whole length, then chunks of vendor (2 bytes, 0 = generic), type (2),
 * length with this head (2) and value. capture.h.
 */
#include "sip/capture.h"

#include "offhook/error.h"

enum chunk {
	CHUNK_FAMILY = 1,
	CHUNK_PROTOCOL = 2,
	CHUNK_SOURCE_IP4 = 3,
	CHUNK_TARGET_IP4 = 4,
	CHUNK_SOURCE_IP6 = 5,
	CHUNK_TARGET_IP6 = 6,
	CHUNK_SOURCE_PORT = 7,
	CHUNK_TARGET_PORT = 8,
	CHUNK_SECONDS = 9,
	CHUNK_MICROSECONDS = 10,
	CHUNK_TYPE = 11,
	CHUNK_AGENT = 12,
	CHUNK_KEY = 14,
	CHUNK_PAYLOAD = 15,
	CHUNK_CORRELATION = 17,
};

#define FAMILY_IP4 2u /* as AF_INET and AF_INET6 of the collectors' system */
#define FAMILY_IP6 10u
#define TYPE_SIP   1u

struct packet {
	uint8_t *at, *end;
	bool full;
};

static void chunk(struct packet *p, enum chunk type, const void *value, size_t n)
{
	size_t whole = n + 6;

	if (whole > 65535 || whole > (size_t)(p->end - p->at)) {
		p->full = true;
		return;
	}
	*p->at++ = 0;
	*p->at++ = 0;
	*p->at++ = 0;
	*p->at++ = (uint8_t)type;
	*p->at++ = (uint8_t)(whole >> 8);
	*p->at++ = (uint8_t)whole;
	memcpy(p->at, value, n);
	p->at += n;
}

static void number(struct packet *p, enum chunk type, uint32_t v, unsigned bytes)
{
	uint8_t be[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};

	chunk(p, type, be + 4 - bytes, bytes);
}

static void addresses(struct packet *p, const struct netaddr *from, const struct netaddr *to)
{
	if (from->family == NETADDR_IP6) {
		chunk(p, CHUNK_SOURCE_IP6, from->ip, 16);
		chunk(p, CHUNK_TARGET_IP6, to->ip, 16);
	} else {
		chunk(p, CHUNK_SOURCE_IP4, from->ip, 4);
		chunk(p, CHUNK_TARGET_IP4, to->ip, 4);
	}
	number(p, CHUNK_SOURCE_PORT, from->port, 2);
	number(p, CHUNK_TARGET_PORT, to->port, 2);
}

long capture_hep(const struct capture *c, uint32_t agent_id, struct slice key, uint8_t *out, size_t cap)
{
	struct packet p = {out + 6, out + cap, cap < 6};
	size_t n;

	if (p.full)
		return OH_ETOOBIG;
	number(&p, CHUNK_FAMILY, c->local.family == NETADDR_IP6 ? FAMILY_IP6 : FAMILY_IP4, 1);
	number(&p, CHUNK_PROTOCOL, c->transport == SIP_TRANSPORT_UDP ? 17 : 6, 1);
	addresses(&p, c->out ? &c->local : &c->remote, c->out ? &c->remote : &c->local);
	number(&p, CHUNK_SECONDS, (uint32_t)(c->wall_ns / 1000000000u), 4);
	number(&p, CHUNK_MICROSECONDS, (uint32_t)(c->wall_ns % 1000000000u / 1000u), 4);
	number(&p, CHUNK_TYPE, TYPE_SIP, 1);
	number(&p, CHUNK_AGENT, agent_id, 4);
	if (!slice_empty(key))
		chunk(&p, CHUNK_KEY, key.p, key.n);
	if (!slice_empty(c->call_id))
		chunk(&p, CHUNK_CORRELATION, c->call_id.p, c->call_id.n);
	chunk(&p, CHUNK_PAYLOAD, c->bytes.p, c->bytes.n);
	n = (size_t)(p.at - out);
	if (p.full || n > 65535)
		return OH_ETOOBIG;
	memcpy(out, "HEP3", 4);
	out[4] = (uint8_t)(n >> 8);
	out[5] = (uint8_t)n;
	return (long)n;
}
