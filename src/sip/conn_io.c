/* The bytes of connections: from the socket through the filter to SIP, and back. */
#include "sip/conn.h"

#include "base/err.h"
#include "base/mem.h"

/* ---- a growing buffer ---- */

int bytes_add(struct bytes *b, size_t max, struct slice more)
{
	if (b->n + more.n > max)
		return OH_ETOOBIG;
	if (b->n + more.n > b->cap) {
		size_t cap = (b->n + more.n) * 2;
		char *p = mem_realloc(b->p, cap);

		if (!p)
			return OH_ENOMEM;
		b->p = p;
		b->cap = cap;
	}
	if (more.n)
		memcpy(b->p + b->n, more.p, more.n);
	b->n += more.n;
	return 0;
}

/* A connection that is quiet holds no memory for bytes. */
void bytes_drop(struct bytes *b, size_t n)
{
	if (n >= b->n) {
		bytes_free(b);
		return;
	}
	b->n -= n;
	memmove(b->p, b->p + n, b->n);
}

void bytes_free(struct bytes *b)
{
	mem_free(b->p);
	*b = (struct bytes){0};
}

/* ---- out ---- */

static int to_socket(void *arg, struct slice bytes)
{
	struct sip_conn *c = arg;
	int err = host_stream_send(c->stream, bytes.p, bytes.n);

	/* A peer that does not read what we send it. */
	return err == OH_EAGAIN || err == OH_ESTATE ? OH_ECONN : err;
}

static int to_filter(struct sip_conn *c, struct slice bytes)
{
	int err = filter_send(c->filter, bytes);

	return err == OH_ESTATE ? OH_ECONN : err;
}

/* What waits for a filter is a length and a message each. */
static int put_aside(struct sip_conn *c, struct slice bytes)
{
	uint32_t n = (uint32_t)bytes.n;
	int err;

	if (c->out.n + sizeof(n) + bytes.n > SIP_CONN_OUT_MAX)
		return OH_ECONN;
	err = bytes_add(&c->out, SIP_CONN_OUT_MAX, slice_make((const char *)&n, sizeof(n)));
	if (err)
		return err;
	err = bytes_add(&c->out, SIP_CONN_OUT_MAX, bytes);
	if (err)
		c->out.n -= sizeof(n);
	return err;
}

int sip_conn_send(struct sip_conn *c, struct slice bytes)
{
	if (c->state == CONN_CLOSING)
		return OH_ECONN;
	if (!c->filter)
		return to_socket(c, bytes);
	return c->state == CONN_OPEN ? to_filter(c, bytes) : put_aside(c, bytes);
}

static int send_what_waited(struct sip_conn *c)
{
	size_t at = 0;
	int err = 0;

	while (at < c->out.n && !err) {
		uint32_t n;

		memcpy(&n, c->out.p + at, sizeof(n));
		at += sizeof(n);
		err = to_filter(c, slice_make(c->out.p + at, n));
		at += n;
	}
	bytes_free(&c->out);
	return err;
}

/* ---- in ---- */

/* Of a message-framed filter: a length before each message. */
static int to_sip(void *arg, struct slice payload)
{
	struct sip_conn *c = arg;
	uint32_t n = (uint32_t)payload.n;
	int err = 0;

	if (c->state == CONN_CLOSING)
		return 0;
	if (c->filter && c->filter->whole) {
		if (payload.n > SIP_MSG_MAX)
			return OH_ETOOBIG;
		err = bytes_add(
			&c->in, SIP_CONN_IN_MAX + 64u * 1024u, slice_make((const char *)&n, sizeof(n)));
	}
	return err ? err : bytes_add(&c->in, SIP_CONN_IN_MAX + 64u * 1024u, payload);
}

/* The time limit of a message that has begun. */
static void watch_message(struct sip_conn *c)
{
	uint64_t now = host_now(c->transport->stack->host);

	if (c->in.n && !c->limit_ns)
		c->limit_ns = now + SIP_CONN_MESSAGE_MS * NS_PER_MS;
	else if (!c->in.n && (c->messages || !c->accepted))
		c->limit_ns = 0;
	sip_conn_arm(c);
}

/* What a message causes may end the connection: it is looked up again after each. */
static void work(struct sip_conn *c)
{
	struct sip_stack *s = c->transport->stack;
	uint64_t id = c->id;

	while ((c = sip_conn_find(s, id)) != NULL && c->state == CONN_OPEN) {
		struct sip_flow flow = sip_conn_flow(c);
		struct slice message;
		int err = sip_conn_next(c, &message);

		if (err == OH_EAGAIN) {
			watch_message(c);
			return;
		}
		if (err) {
			sip_drop(s, &flow,
				err == OH_ETOOBIG ? "too large" : "not SIP, or no way to tell where it ends");
			sip_conn_finish(c);
			return;
		}
		c->messages++;
		c->limit_ns = 0; /* of the message before; the next one has its own */
		sip_conn_used(c);
		sip_receive(s, &flow, message);
	}
}

/* After each call of the filter. False: c is gone. */
static bool filter_moved(struct sip_conn *c)
{
	int err = 0;

	if (c->state == CONN_OPENING && c->filter->state == FILTER_OPEN) {
		sip_conn_enter(c, CONN_OPEN);
		err = send_what_waited(c);
	}
	if (err || c->filter->state == FILTER_FAILED) {
		/* Its alert goes out before. */
		if (c->state == CONN_OPEN) {
			sip_conn_finish(c);
			return true;
		}
		sip_conn_lost(c, err ? err : c->filter->err);
		return false;
	}
	return true;
}

void sip_conn_begin(struct sip_conn *c)
{
	const struct filter_sink sink = {to_socket, to_sip, c};

	if (!c->filter) {
		sip_conn_enter(c, CONN_OPEN);
		return;
	}
	sip_conn_enter(c, CONN_OPENING);
	filter_start(c->filter, &sink);
	filter_moved(c);
}

static void opened(void *arg)
{
	struct sip_conn *c = arg;

	c->local = host_stream_local(c->stream);
	sip_conn_begin(c);
}

static void received(void *arg, const void *data, size_t n)
{
	struct sip_conn *c = arg;
	struct slice bytes = slice_make(data, n);

	if (c->state == CONN_CLOSING)
		return;
	if (c->filter) {
		filter_receive(c->filter, bytes);
		if (!filter_moved(c))
			return;
	} else if (to_sip(c, bytes)) {
		sip_conn_lost(c, OH_ENOMEM);
		return;
	}
	if (c->filter && c->filter->state == FILTER_ENDED) {
		uint64_t id = c->id;
		struct sip_stack *s = c->transport->stack;

		work(c); /* what came before the goodbye */
		c = sip_conn_find(s, id);
		if (c)
			sip_conn_lost(c, OH_ECONN);
		return;
	}
	work(c);
}

static void finished(void *arg)
{
	sip_conn_lost(arg, OH_ECONN);
}

static void failed(void *arg, int err)
{
	sip_conn_lost(arg, err);
}

const struct host_stream_handler sip_conn_handler = {
	.opened = opened, .received = received, .finished = finished, .failed = failed};
