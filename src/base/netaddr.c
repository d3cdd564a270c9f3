#include "base/netaddr.h"

#include "base/text.h"
#include "offhook/error.h"

#include <arpa/inet.h>

/* Of an address text without brackets and zone. */
#define IP_TEXT_MAX 45

static int parse_ip6(struct slice text, struct netaddr *addr)
{
	char copy[IP_TEXT_MAX + 1];
	size_t zone = slice_index(text, '%');

	if (zone > IP_TEXT_MAX)
		return OH_EINVAL;
	/* A zone by its number only: names of interfaces belong to the host. */
	if (zone < text.n && slice_to_u32(slice_skip(text, zone + 1), UINT32_MAX, &addr->scope))
		return OH_EINVAL;
	memcpy(copy, text.p, zone);
	copy[zone] = '\0';
	if (strlen(copy) != zone || inet_pton(AF_INET6, copy, addr->ip) != 1)
		return OH_EINVAL;
	addr->family = NETADDR_IP6;
	return 0;
}

static int parse_ip4(struct slice text, struct netaddr *addr)
{
	char copy[IP_TEXT_MAX + 1];

	if (text.n > IP_TEXT_MAX)
		return OH_EINVAL;
	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	if (strlen(copy) != text.n || inet_pton(AF_INET, copy, addr->ip) != 1)
		return OH_EINVAL;
	addr->family = NETADDR_IP4;
	return 0;
}

int netaddr_parse_ip(struct slice text, uint16_t port, struct netaddr *ret_addr)
{
	struct netaddr addr = {.port = port};
	int err;

	if (text.n == 0)
		return OH_EINVAL;
	if (text.p[0] == '[') {
		if (text.n < 2 || text.p[text.n - 1] != ']')
			return OH_EINVAL;
		err = parse_ip6(slice_make(text.p + 1, text.n - 2), &addr);
	} else if (slice_index(text, ':') < text.n) {
		err = parse_ip6(text, &addr);
	} else {
		err = parse_ip4(text, &addr);
	}
	if (!err)
		*ret_addr = addr;
	return err;
}

static void put_ip6(struct text *t, const struct netaddr *a)
{
	char ip[INET6_ADDRSTRLEN];

	text_str(t, inet_ntop(AF_INET6, a->ip, ip, sizeof(ip)));
	if (!a->scope)
		return;
	text_str(t, "%");
	text_u32(t, a->scope);
}

static void put_ip(struct text *t, const struct netaddr *a, bool brackets)
{
	brackets = brackets && a->family == NETADDR_IP6;
	text_str(t, brackets ? "[" : "");
	if (a->family == NETADDR_IP6)
		put_ip6(t, a);
	for (size_t i = 0; a->family == NETADDR_IP4 && i < 4; i++) {
		text_str(t, i ? "." : "");
		text_u32(t, a->ip[i]);
	}
	text_str(t, brackets ? "]" : "");
}

const char *netaddr_ip_text(const struct netaddr *a, bool brackets, char buf[NETADDR_TEXT])
{
	struct text t = text_in(buf, NETADDR_TEXT);

	put_ip(&t, a, brackets);
	return buf;
}

const char *netaddr_text(const struct netaddr *a, char buf[NETADDR_TEXT])
{
	struct text t = text_in(buf, NETADDR_TEXT);

	put_ip(&t, a, true);
	text_str(&t, ":");
	text_u32(&t, a->port);
	return buf;
}

static size_t ip_bytes(const struct netaddr *a)
{
	return a->family == NETADDR_IP4 ? 4 : a->family == NETADDR_IP6 ? 16 : 0;
}

bool netaddr_eq_ip(const struct netaddr *a, const struct netaddr *b)
{
	return a->family == b->family && a->scope == b->scope && memcmp(a->ip, b->ip, ip_bytes(a)) == 0;
}

bool netaddr_eq(const struct netaddr *a, const struct netaddr *b)
{
	return a->port == b->port && netaddr_eq_ip(a, b);
}

bool netaddr_is_any(const struct netaddr *a)
{
	static const uint8_t zero[16];

	return memcmp(a->ip, zero, ip_bytes(a)) == 0;
}

bool netaddr_is_loopback(const struct netaddr *a)
{
	static const uint8_t one[16] = {[15] = 1};

	if (a->family == NETADDR_IP4)
		return a->ip[0] == 127;
	return a->family == NETADDR_IP6 && memcmp(a->ip, one, sizeof(one)) == 0;
}
