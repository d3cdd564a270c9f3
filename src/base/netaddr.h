/*
 * An IP address with its port, without the operating system's types: 24 bytes, comparable, printable. Host order
 * for the port, network order for the address bytes.
 */
#ifndef OH_BASE_NETADDR_H
#define OH_BASE_NETADDR_H

#include "base/slice.h"

enum { NETADDR_NONE = 0, NETADDR_IP4 = 4, NETADDR_IP6 = 6 };

struct netaddr {
	uint8_t family; /* NETADDR_NONE: no address */
	uint16_t port;
	uint32_t scope; /* IPv6 zone index, else 0 */
	uint8_t ip[16]; /* IPv4 uses the first four */
};

/* Long enough for "[ipv6%zone]:65535" and its end. */
#define NETADDR_TEXT 72

/* An IPv4 address ("127.0.0.1") or an IPv6 address with or without brackets. OH_EINVAL for anything else. */
int netaddr_parse_ip(struct slice text, uint16_t port, struct netaddr *ret_addr);

/* "1.2.3.4" / "2001:db8::1" (brackets: "[2001:db8::1]"); returns buf. */
const char *netaddr_ip_text(const struct netaddr *a, bool brackets, char buf[NETADDR_TEXT]);
/* "1.2.3.4:5060" / "[2001:db8::1]:5060"; returns buf. */
const char *netaddr_text(const struct netaddr *a, char buf[NETADDR_TEXT]);

bool netaddr_eq_ip(const struct netaddr *a, const struct netaddr *b);
bool netaddr_eq(const struct netaddr *a, const struct netaddr *b);

/* 0.0.0.0, :: or no address at all. */
bool netaddr_is_any(const struct netaddr *a);
bool netaddr_is_loopback(const struct netaddr *a);

#endif
