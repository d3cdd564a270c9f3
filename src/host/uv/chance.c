/*
 * Randomness: the kernel's, drawn in stores of some hundred bytes, because a call needs six small numbers and each would
 * be a system call. What was handed out is wiped. The store belongs to its host, so that a program that forks before it
 * makes its phone shares none of it. Nobody waits for it, since the media thread draws too: who finds it in use asks the
 * kernel himself.
 */
#include "host/uv/impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static void draw(void *buf, size_t n)
{
	char *at = buf;

	while (n > 0) {
		ssize_t got = getrandom(at, n, 0);

		/* Without chance no tag, key or nonce is safe: nothing to go on with. */
		if (got < 0 && errno != EINTR)
			abort();
		if (got > 0) {
			at += got;
			n -= (size_t)got;
		}
	}
}

void uv_host_random(struct host *h, void *buf, size_t n)
{
	struct uv_chance *c = &uv_host_of(h)->chance;

	if (n > sizeof(c->bytes) || atomic_exchange_explicit(&c->in_use, true, memory_order_acquire)) {
		draw(buf, n);
		return;
	}
	if (c->left < n) {
		draw(c->bytes, sizeof(c->bytes));
		c->left = sizeof(c->bytes);
	}
	c->left -= n;
	memcpy(buf, c->bytes + c->left, n);
	memset(c->bytes + c->left, 0, n);
	atomic_store_explicit(&c->in_use, false, memory_order_release);
}
