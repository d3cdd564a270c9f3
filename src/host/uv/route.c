/* The local address towards a peer: the system decides when a UDP socket is connected; nothing is sent. */
#include "host/uv/impl.h"

#include "base/err.h"

#include <errno.h>
#include <unistd.h>

#define ANY_PORT 9 /* connect() wants one; discard */

int uv_route(struct host *h, const struct netaddr *to, struct netaddr *ret_local)
{
	struct netaddr peer = *to;
	struct sockaddr_storage sa;
	socklen_t n;
	int fd, err = 0;

	(void)h;
	if (to->family != NETADDR_IP4 && to->family != NETADDR_IP6)
		return OH_EINVAL;
	peer.port = to->port ? to->port : ANY_PORT;
	n = uv_addr_to(&peer, &sa);
	fd = socket(sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_from_errno(errno);
	if (connect(fd, (struct sockaddr *)&sa, n))
		err = errno;
	n = sizeof(sa);
	if (!err && getsockname(fd, (struct sockaddr *)&sa, &n))
		err = errno;
	close(fd);
	if (err)
		return err == ENETUNREACH || err == EHOSTUNREACH ? OH_EUNREACH : err_from_errno(err);
	*ret_local = uv_addr_from((struct sockaddr *)&sa);
	ret_local->port = 0;
	return 0;
}
