/* STUN binding requests and their answers: RFC 8489 5, 14.2. */
#include "sip/stun.h"

#define HEADER          20u
#define COOKIE          0x2112a442u
#define BINDING_REQUEST 0x0001u
#define BINDING_SUCCESS 0x0101u
#define XOR_MAPPED      0x0020u
#define OPTIONAL        0x8000u /* an attribute that may be unknown */

static uint32_t get16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static uint32_t get32(const uint8_t *p)
{
	return get16(p) << 16 | get16(p + 2);
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

/* 14.2: the address by the cookie, that of IPv6 by the transaction id behind it as well. `key` is the header's bytes 4 to
 * 19. */
static void turn(uint8_t *ip, size_t n, const uint8_t *key)
{
	for (size_t i = 0; i < n; i++)
		ip[i] ^= key[i];
}

static void read_mapped(const uint8_t *p, size_t n, const uint8_t *key, struct netaddr *ret_mapped)
{
	size_t ip = n < 4 ? 0 : p[1] == 1 ? 4 : p[1] == 2 ? 16 : 0;

	if (ip == 0 || n < 4 + ip)
		return;
	*ret_mapped = (struct netaddr){.family = ip == 4 ? NETADDR_IP4 : NETADDR_IP6};
	ret_mapped->port = (uint16_t)(get16(p + 2) ^ COOKIE >> 16);
	memcpy(ret_mapped->ip, p + 4, ip);
	turn(ret_mapped->ip, ip, key);
}

enum stun_kind stun_parse(struct slice data, struct stun_msg *ret_msg)
{
	const uint8_t *p = (const uint8_t *)data.p, *key = p + 4;
	size_t end, at = HEADER;

	*ret_msg = (struct stun_msg){.kind = STUN_NONE};
	if (data.n < HEADER || p[0] > 3 || get32(p + 4) != COOKIE || get16(p + 2) % 4 ||
		get16(p + 2) > data.n - HEADER)
		return STUN_NONE;
	memcpy(ret_msg->id, p + 8, STUN_ID_BYTES);
	ret_msg->kind = get16(p) == BINDING_REQUEST   ? STUN_REQUEST
			: get16(p) == BINDING_SUCCESS ? STUN_ANSWER
						      : STUN_OTHER;
	end = HEADER + get16(p + 2);
	while (end - at >= 4) {
		uint32_t type = get16(p + at);
		size_t n = get16(p + at + 2), padded = (n + 3) & ~(size_t)3;

		at += 4;
		if (padded > end - at)
			return ret_msg->kind = STUN_OTHER;
		if (type == XOR_MAPPED && !ret_msg->mapped.family)
			read_mapped(p + at, n, key, &ret_msg->mapped);
		else if (type < OPTIONAL && ret_msg->kind == STUN_REQUEST)
			ret_msg->kind = STUN_OTHER; /* 6.3.1: it wants what we do not have */
		at += padded;
	}
	return ret_msg->kind;
}

static size_t header(uint32_t type, size_t n, const uint8_t id[STUN_ID_BYTES], uint8_t *buf)
{
	put16(buf, type);
	put16(buf + 2, (uint32_t)n);
	put32(buf + 4, COOKIE);
	memcpy(buf + 8, id, STUN_ID_BYTES);
	return HEADER + n;
}

size_t stun_request(const uint8_t id[STUN_ID_BYTES], uint8_t buf[STUN_BYTES_MAX])
{
	return header(BINDING_REQUEST, 0, id, buf);
}

size_t stun_answer(const uint8_t id[STUN_ID_BYTES], const struct netaddr *mapped, uint8_t buf[STUN_BYTES_MAX])
{
	size_t ip = mapped->family == NETADDR_IP4 ? 4 : 16, n = header(BINDING_SUCCESS, 8 + ip, id, buf);
	uint8_t *p = buf + HEADER;

	put16(p, XOR_MAPPED);
	put16(p + 2, (uint32_t)(4 + ip));
	put16(p + 4, ip == 4 ? 1 : 2);
	put16(p + 6, mapped->port ^ COOKIE >> 16);
	memcpy(p + 8, mapped->ip, ip);
	turn(p + 8, ip, buf + 4);
	return n;
}
