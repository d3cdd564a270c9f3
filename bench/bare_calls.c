#include "bare_calls.h"

#include "callee.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

struct end {
	int fd;
	struct sockaddr_in address;
};

static void check(bool good, const char *what)
{
	if (good)
		return;
	perror(what);
	exit(1);
}

static struct end end_open(void)
{
	struct end e = {.address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}}};
	struct timeval patience = {.tv_sec = 5}; /* a lost datagram is an error, not a hang */
	socklen_t n = sizeof(e.address);

	e.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	check(e.fd >= 0 && bind(e.fd, (struct sockaddr *)&e.address, n) == 0 &&
			getsockname(e.fd, (struct sockaddr *)&e.address, &n) == 0 &&
			setsockopt(e.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0,
		"bare socket");
	return e;
}

static void do_step(const struct end *us, const struct end *them, bool out, size_t n)
{
	char bytes[4096] = {0};
	struct sockaddr_in from;
	socklen_t from_n = sizeof(from);

	if (out)
		check(sendto(us->fd, bytes, n, 0, (const struct sockaddr *)&them->address,
			      sizeof(them->address)) == (ssize_t)n,
			"bare send");
	else
		check(recvfrom(us->fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &from_n) ==
				(ssize_t)n,
			"bare receive");
}

/* The datagrams of `calls` calls; `turned`: as the other side has them. */
static void do_calls(const struct end *us, const struct end *them, const struct bare_step *steps,
	unsigned n_steps, unsigned calls, unsigned window, bool turned)
{
	for (unsigned done = 0; done < calls; done += window)
		for (unsigned i = 0; i < n_steps; i++)
			for (unsigned k = 0; k < window; k++)
				do_step(us, them, steps[i].out != turned, steps[i].n);
}

double bare_calls_us(const struct bare_step *steps, unsigned n_steps, unsigned calls, unsigned window)
{
	struct end us = end_open(), them = end_open();
	int status = 0;
	double cpu_us;
	pid_t other = fork();

	check(other >= 0, "fork");
	if (other == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		do_calls(&them, &us, steps, n_steps, calls, window, true);
		_exit(0);
	}
	cpu_us = callee_cpu_us();
	do_calls(&us, &them, steps, n_steps, calls, window, false);
	cpu_us = (callee_cpu_us() - cpu_us) / calls;
	check(waitpid(other, &status, 0) == other && status == 0, "bare calls, other side");
	close(us.fd);
	close(them.fd);
	return cpu_us;
}
