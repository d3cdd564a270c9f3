/*
 * What the kernel takes for the datagrams of calls, and nothing else: one thread, one socket, one sendto() or recvfrom()
 * a datagram, blocking and without epoll. The other side is a second process that does the same.
 */
#ifndef OH_BENCH_BARE_CALLS_H
#define OH_BENCH_BARE_CALLS_H

#include <stdbool.h>
#include <stddef.h>

/* A datagram of a call, as one side sees it. */
struct bare_step {
	bool out;
	size_t n;
};
#define BARE_STEPS_MAX 16u

/* us of CPU of this process a call, `window` of them in step. Forks: before any thread exists. */
double bare_calls_us(const struct bare_step *steps, unsigned n_steps, unsigned calls, unsigned window);

#endif
