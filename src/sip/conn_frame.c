/*
 * Where a message begins and ends in a stream (RFC 3261 18.3), and the CRLFs between messages that are pings and pongs (RFC
 * 5626 3.5.1).
 *
 * A message that comes byte by byte must not be parsed again for each of them: the parser is asked when the first line is
 * there (is it SIP at all?), when the empty line has come, and when the body is complete.
 */
#include "sip/conn.h"

#include "base/err.h"
#include "sip/txn_impl.h"

/* ---- between messages ---- */

/* One CRLF answers our ping; two are a ping of the peer. Returns false when more bytes are needed to tell. */
static bool skip_crlf(struct sip_conn *c)
{
	while (c->in.n && (c->in.p[0] == '\r' || c->in.p[0] == '\n')) {
		struct slice in = slice_make(c->in.p, c->in.n);
		size_t n = c->in.p[0] == '\n' ? 1 : 2;

		if (in.n < n)
			return false;
		if (c->pings && n == 2) {
			c->pings = 0;
		} else if (n == 2 && in.n < 4 && (in.n == 2 || in.p[2] == '\r')) {
			return false; /* half a ping */
		} else if (slice_starts(in, SLICE_LIT("\r\n\r\n"))) {
			n = 4;
			sip_conn_send(
				c, SLICE_LIT("\r\n")); /* 4.4.1; one that cannot go is as one that was lost */
		}
		sip_conn_used(c);
		bytes_drop(&c->in, n);
	}
	return c->in.n > 0;
}

/* ---- messages in a stream ---- */

static void forget(struct sip_conn *c)
{
	c->scanned = c->need = 0;
	c->begun = false;
}

/* Has the empty line come? Looks at each byte once. */
static bool head_is_there(struct sip_conn *c)
{
	size_t at = c->scanned > 3 ? c->scanned - 3 : 0;

	for (; at < c->in.n; at++) {
		const char *p = memchr(c->in.p + at, '\n', c->in.n - at);
		size_t left;

		if (!p)
			break;
		at = (size_t)(p - c->in.p);
		left = c->in.n - at;
		if ((left > 1 && p[1] == '\n') || (left > 2 && p[1] == '\r' && p[2] == '\n'))
			return true;
	}
	return false;
}

static bool worth_parsing(struct sip_conn *c, bool *ret_head)
{
	bool first_line = !c->begun && memchr(c->in.p + c->scanned, '\n', c->in.n - c->scanned);

	c->begun = c->begun || first_line;
	*ret_head = c->need || head_is_there(c);
	c->scanned = c->in.n;
	if (c->in.n >= SIP_MSG_MAX)
		return true;
	return c->need ? c->in.n >= c->need : *ret_head || first_line;
}

/* A request whose end cannot be found is answered before the connection goes. */
static void refuse(struct sip_conn *c, struct sip_msg *msg)
{
	const struct sip_flow flow = sip_conn_flow(c);
	const struct sip_reply reply = {.status = msg->fault.status, .reason = slice_of(msg->fault.what)};

	if (msg->is_request && msg->fault.status && msg->method != SIP_ACK)
		reply_stateless(c->transport->stack, msg, &flow, &reply);
}

static int next_of_stream(struct sip_conn *c, struct slice *ret_message)
{
	struct sip_stack *s = c->transport->stack;
	struct sip_msg msg;
	uint32_t length;
	size_t used;
	bool head;
	int err;

	if (!skip_crlf(c) || !worth_parsing(c, &head))
		return OH_EAGAIN;
	err = sip_msg_parse_stream(&msg, slice_make(c->in.p, c->in.n), &used);
	if (err == OH_EAGAIN && head && sip_msg_content_length(&msg, &length) == 0)
		c->need = msg.raw.n + length;
	if (err && err != OH_EAGAIN)
		refuse(c, &msg);
	sip_msg_free(&msg);
	if (err)
		return err;
	memcpy(s->in, c->in.p, used);
	*ret_message = slice_make(s->in, used);
	bytes_drop(&c->in, used);
	forget(c);
	return 0;
}

/* ---- whole messages: a length before each ---- */

static int next_whole(struct sip_conn *c, struct slice *ret_message)
{
	struct sip_stack *s = c->transport->stack;
	uint32_t n;

	for (;;) {
		if (c->in.n < sizeof(n))
			return OH_EAGAIN;
		memcpy(&n, c->in.p, sizeof(n));
		memcpy(s->in, c->in.p + sizeof(n), n);
		bytes_drop(&c->in, sizeof(n) + n);
		*ret_message = slice_make(s->in, n);
		if (slice_eq(*ret_message, SLICE_LIT("\r\n\r\n"))) /* RFC 7118 does not forbid it */
			sip_conn_send(c, SLICE_LIT("\r\n"));
		else if (!slice_empty(slice_trim(*ret_message)))
			return 0;
		else
			c->pings = 0;
		sip_conn_used(c);
	}
}

int sip_conn_next(struct sip_conn *c, struct slice *ret_message)
{
	return c->filter && c->filter->whole ? next_whole(c, ret_message) : next_of_stream(c, ret_message);
}
