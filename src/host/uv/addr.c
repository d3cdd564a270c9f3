/* Addresses to and from the system's form. */
#include "host/uv/impl.h"

#include <netinet/in.h>
#include <string.h>

socklen_t uv_addr_to(const struct netaddr *a, struct sockaddr_storage *ret_sa)
{
	if (a->family == NETADDR_IP4) {
		struct sockaddr_in *sin = (struct sockaddr_in *)ret_sa;

		*sin = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(a->port)};
		memcpy(&sin->sin_addr, a->ip, 4);
		return sizeof(*sin);
	} else {
		struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)ret_sa;

		*sin6 = (struct sockaddr_in6){
			.sin6_family = AF_INET6, .sin6_port = htons(a->port), .sin6_scope_id = a->scope};
		memcpy(&sin6->sin6_addr, a->ip, 16);
		return sizeof(*sin6);
	}
}

struct netaddr uv_addr_from(const struct sockaddr *sa)
{
	struct netaddr a = {0};

	if (sa->sa_family == AF_INET) {
		const struct sockaddr_in *sin = (const struct sockaddr_in *)sa;

		a.family = NETADDR_IP4;
		a.port = ntohs(sin->sin_port);
		memcpy(a.ip, &sin->sin_addr, 4);
	} else if (sa->sa_family == AF_INET6) {
		const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)sa;

		a.family = NETADDR_IP6;
		a.port = ntohs(sin6->sin6_port);
		a.scope = sin6->sin6_scope_id;
		memcpy(a.ip, &sin6->sin6_addr, 16);
	}
	return a;
}
