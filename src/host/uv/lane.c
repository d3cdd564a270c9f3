/*
 * Datagrams of many sockets by one io_uring_enter() instead of a system call each. Every request is answered while it
 * is handed in, because none of them waits for anything; so nothing is ever on its way between two calls, a socket
 * may close at any time, and a ring that fails is left for plain system calls without losing track.
 */
#include "host/uv/impl.h"

#include "base/err.h"
#include "base/mem.h"

#include <errno.h>
#include <liburing.h>
#include <sys/syscall.h>
#include <unistd.h>

struct arrival {
	struct uv_fetched fetched;
	uint8_t bytes[HOST_LANE_BYTES];
};

struct departure {
	struct uv_dgram *dgram;
	struct uv_datagram out;
	uint8_t bytes[HOST_LANE_BYTES];
};

enum lane_state {
	LANE_NEW, /* its thread has not come yet */
	LANE_OPEN,
	LANE_BROKEN /* no ring any more */
};

struct uv_lane {
	struct host_lane base;
	enum lane_state state;
	struct io_uring ring;
	unsigned n_arrivals, n_departures;
	struct arrival arrivals[HOST_LANE_PLACES];
	struct departure departures[HOST_LANE_PLACES];
};

static struct uv_lane *uv_lane_of(struct host_lane *l)
{
	return (struct uv_lane *)l;
}

int uv_lane_new(struct host *h, struct host_lane **ret_lane)
{
	struct uv_lane *l = mem_zalloc(sizeof(*l));
	int status;

	if (!l)
		return OH_ENOMEM;
	l->base.host = h;
	/* Disabled, as the ring will belong to the thread that enables it. */
	status = io_uring_queue_init(HOST_LANE_PLACES, &l->ring,
		IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_R_DISABLED);
	if (status < 0) {
		mem_free(l);
		return err_detail(
			err_from_errno(-status), "the kernel grants no io_uring of the kind of Linux 6.1");
	}
	*ret_lane = &l->base;
	return 0;
}

static void leave_ring(struct uv_lane *l)
{
	if (l->state == LANE_BROKEN)
		return;
	io_uring_queue_exit(&l->ring);
	l->state = LANE_BROKEN;
}

/* What was fetched and nobody took is lost. */
static void drop_arrivals(struct uv_lane *l)
{
	for (unsigned i = 0; i < l->n_arrivals; i++) {
		struct uv_fetched *f = &l->arrivals[i].fetched;

		if (f->by)
			f->by->fetched = NULL;
		f->by = NULL;
	}
	l->n_arrivals = 0;
}

void uv_lane_free(struct host_lane *base)
{
	struct uv_lane *l = uv_lane_of(base);

	drop_arrivals(l);
	leave_ring(l);
	mem_free(l);
}

/* On the lane's thread. */
static bool has_ring(struct uv_lane *l)
{
	if (l->state == LANE_NEW) {
		l->state = LANE_OPEN;
		/* liburing 2.3 forgot to export its own function for it. */
		if (syscall(__NR_io_uring_register, l->ring.ring_fd, IORING_REGISTER_ENABLE_RINGS, NULL, 0))
			leave_ring(l);
	}
	return l->state == LANE_OPEN;
}

/* Hands in n requests; each that is answered is told to `answered`. A ring that does not do all is left. */
static void hand_in(struct uv_lane *l, unsigned n, void (*answered)(void *request, int result))
{
	struct io_uring_cqe *cqe;
	unsigned head, seen = 0;
	int done = io_uring_submit_and_wait(&l->ring, n);

	io_uring_for_each_cqe(&l->ring, head, cqe)
	{
		answered(io_uring_cqe_get_data(cqe), cqe->res);
		seen++;
	}
	io_uring_cq_advance(&l->ring, seen);
	if (done != (int)n || seen != n)
		leave_ring(l);
}

/* ---- receiving ---- */

static void has_come(void *request, int result)
{
	struct uv_fetched *f = request;

	f->got = result;
	f->by->fetched = f;
}

void uv_lane_fetch(struct host_lane *base, struct host_dgram *const *dgrams, size_t n)
{
	struct uv_lane *l = uv_lane_of(base);

	drop_arrivals(l);
	if (!has_ring(l))
		return;
	for (size_t i = 0; i < n && i < HOST_LANE_PLACES; i++) {
		struct uv_dgram *d = (struct uv_dgram *)dgrams[i];
		struct arrival *a = &l->arrivals[l->n_arrivals];
		struct io_uring_sqe *sqe;

		if (d->fetched || d->refused)
			continue;
		sqe = io_uring_get_sqe(&l->ring);
		if (!sqe)
			break;
		a->fetched.by = d;
		uv_datagram_in(&a->fetched.in, a->bytes, sizeof(a->bytes));
		io_uring_prep_recvmsg(sqe, d->fd, &a->fetched.in.msg, MSG_TRUNC | MSG_DONTWAIT);
		io_uring_sqe_set_data(sqe, &a->fetched);
		l->n_arrivals++;
	}
	if (l->n_arrivals)
		hand_in(l, l->n_arrivals, has_come);
}

/* ---- sending ---- */

static void send_alone(struct departure *p)
{
	int err = uv_datagram_send(p->dgram, &p->out);

	if (err)
		host_dgram_fail(&p->dgram->base, err, p->out.iov.iov_len);
	p->dgram = NULL;
}

static void has_left(void *request, int result)
{
	struct departure *p = request;
	struct uv_dgram *d = p->dgram;
	int err = err_from_errno(-result);

	p->dgram = NULL;
	if (result >= 0)
		return;
	if (result == -EAGAIN || result == -ENOBUFS) {
		err = OH_EAGAIN;
	} else if (d->refusals) { /* the answer to an earlier one */
		d->refused = -result;
		err = uv_datagram_send(d, &p->out);
	}
	if (err)
		host_dgram_fail(&d->base, err, p->out.iov.iov_len);
}

void uv_lane_flush(struct host_lane *base)
{
	struct uv_lane *l = uv_lane_of(base);
	unsigned n = l->n_departures;

	if (!n)
		return;
	l->n_departures = 0;
	if (has_ring(l)) {
		for (unsigned i = 0; i < n; i++) {
			struct departure *p = &l->departures[i];
			struct io_uring_sqe *sqe =
				io_uring_get_sqe(&l->ring); /* there are as many as places */

			io_uring_prep_sendmsg(sqe, p->dgram->fd, &p->out.msg, MSG_DONTWAIT);
			io_uring_sqe_set_data(sqe, p);
		}
		hand_in(l, n, has_left);
	}
	for (unsigned i = 0; i < n; i++) {
		struct departure *p = &l->departures[i];

		if (p->dgram)
			send_alone(p);
	}
}

int uv_lane_send(struct host_lane *base, struct host_dgram *dgram, const struct netaddr *to,
	const struct netaddr *from, const void *data, size_t n)
{
	struct uv_lane *l = uv_lane_of(base);
	struct departure *p = &l->departures[l->n_departures];
	int err;

	if (n > sizeof(p->bytes) || !has_ring(l)) {
		uv_lane_flush(base); /* none overtakes another */
		return uv_dgram_send(dgram, to, from, data, n);
	}
	p->dgram = (struct uv_dgram *)dgram;
	err = uv_datagram_out(&p->out, p->dgram, to, from, p->bytes, n);
	if (err)
		return err;
	memcpy(p->bytes, data, n);
	if (++l->n_departures == HOST_LANE_PLACES)
		uv_lane_flush(base);
	return 0;
}
