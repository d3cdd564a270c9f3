/* WebSocket frames (RFC 6455 5): read byte by byte in whatever pieces they arrive, put together to messages. */
#include "base/err.h"
#include "base/mem.h"
#include "sip/ws_impl.h"

enum { CLOSE_PROTOCOL = 1002, CLOSE_NOT_UTF8 = 1007, CLOSE_TOO_BIG = 1009 };

static int fail(struct ws_filter *f, unsigned code, const char *why)
{
	ws_send_close(f, code);
	return filter_fail(&f->base, code == CLOSE_TOO_BIG ? OH_ETOOBIG : OH_ESYNTAX,
		"WebSocket: %s (close code %u)", why, code);
}

static bool is_control(unsigned opcode)
{
	return opcode >= WS_CLOSE;
}

/* ---- out ---- */

static size_t write_head(uint8_t *head, enum ws_opcode opcode, size_t n, const uint8_t *mask)
{
	size_t at = 2;

	head[0] = (uint8_t)(0x80 | opcode);
	if (n < 126) {
		head[1] = (uint8_t)n;
	} else if (n <= UINT16_MAX) {
		head[1] = 126;
		head[at++] = (uint8_t)(n >> 8);
		head[at++] = (uint8_t)n;
	} else {
		head[1] = 127;
		for (int shift = 56; shift >= 0; shift -= 8)
			head[at++] = (uint8_t)((uint64_t)n >> shift);
	}
	if (mask) {
		head[1] |= 0x80;
		memcpy(head + at, mask, 4);
		at += 4;
	}
	return at;
}

int ws_send_frame(struct ws_filter *f, enum ws_opcode opcode, struct slice payload)
{
	uint8_t mask[4] = {0}, *frame = mem_alloc(payload.n + sizeof(f->frame.head));
	size_t n;
	int err;

	if (!frame)
		return OH_ENOMEM;
	/* RFC 6455 5.3: a client masks, anew and unpredictably each time. */
	if (f->client)
		host_random(f->maker->host, mask, sizeof(mask));
	n = write_head(frame, opcode, payload.n, f->client ? mask : NULL);
	for (size_t i = 0; i < payload.n; i++)
		frame[n + i] = (uint8_t)payload.p[i] ^ mask[i % 4];
	err = f->base.sink.down(f->base.sink.arg, slice_make((const char *)frame, n + payload.n));
	mem_free(frame);
	return err;
}

int ws_send_close(struct ws_filter *f, unsigned code)
{
	const char body[2] = {(char)(code >> 8), (char)code};

	return ws_send_frame(f, WS_CLOSE, slice_make(body, sizeof(body)));
}

/* ---- in ---- */

static bool is_close_code(unsigned code)
{
	return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
	       (code >= 3000 && code <= 4999);
}

/* RFC 6455 5.5.1: the goodbye is answered, and that was it. */
static int closed(struct ws_filter *f)
{
	unsigned code = f->n_control >= 2 ? (unsigned)(f->control[0] << 8 | f->control[1]) : 1000;
	int err;

	if (f->n_control == 1 || !is_close_code(code))
		return fail(f, CLOSE_PROTOCOL, "the peer closes with a code that there is not");
	if (f->n_control > 2 && !ws_is_utf8(slice_make((const char *)f->control + 2, f->n_control - 2)))
		return fail(f, CLOSE_NOT_UTF8, "a reason that is not UTF-8");
	err = ws_send_close(f, code);
	f->base.state = FILTER_ENDED;
	return err;
}

static int control_done(struct ws_filter *f)
{
	struct slice payload = slice_make((const char *)f->control, f->n_control);

	switch (f->frame.opcode) {
	case WS_CLOSE:
		return closed(f);
	case WS_PING:
		return ws_send_frame(f, WS_PONG, payload);
	default:
		return 0; /* a pong, asked for or not (5.5.3) */
	}
}

static int message_done(struct ws_filter *f)
{
	struct slice message = slice_make(f->buf, f->n);
	bool text = f->message == WS_TEXT;

	f->message = 0;
	f->n = 0;
	if (text && !ws_is_utf8(message))
		return fail(f, CLOSE_NOT_UTF8, "text that is not UTF-8");
	return slice_empty(message) ? 0 : f->base.sink.up(f->base.sink.arg, message);
}

static int frame_done(struct ws_filter *f)
{
	f->frame.n_head = 0;
	f->frame.in_payload = false;
	if (is_control(f->frame.opcode))
		return control_done(f);
	return f->frame.fin ? message_done(f) : 0;
}

/* Bytes of the head, as far as one can tell by now. */
static unsigned head_size(const struct ws_filter *f)
{
	const uint8_t *h = f->frame.head;
	unsigned n = 2;

	if (f->frame.n_head < 2)
		return n;
	n += (h[1] & 0x7f) == 126 ? 2 : (h[1] & 0x7f) == 127 ? 8 : 0;
	return n + (h[1] & 0x80 ? 4 : 0);
}

static uint64_t payload_size(const uint8_t *head, const uint8_t **ret_behind)
{
	unsigned n = head[1] & 0x7f, bytes = n == 126 ? 2 : n == 127 ? 8 : 0;
	uint64_t size = bytes ? 0 : n;

	for (unsigned i = 0; i < bytes; i++)
		size = size << 8 | head[2 + i];
	*ret_behind = head + 2 + bytes;
	return size;
}

static const char *fault_of(const struct ws_filter *f, bool masked)
{
	unsigned opcode = f->frame.opcode;

	if (f->frame.head[0] & 0x70)
		return "a bit that no extension was agreed for";
	if ((opcode > WS_BINARY && opcode < WS_CLOSE) || opcode > WS_PONG)
		return "a kind of frame that there is not";
	if (masked == f->client)
		return f->client ? "a server that masks" : "a client that does not mask";
	if (is_control(opcode))
		return !f->frame.fin || f->frame.left > WS_CONTROL_MAX
			       ? "a control frame in pieces or too long"
			       : NULL;
	if ((opcode == WS_CONTINUATION) != (f->message != 0))
		return "a message that begins in another or never began";
	return NULL;
}

/* The head is complete: is such a frame allowed, and is there room for it? */
static int begin_payload(struct ws_filter *f)
{
	const uint8_t *head = f->frame.head, *behind;
	bool masked = head[1] & 0x80;
	const char *fault;

	f->frame.opcode = head[0] & 0x0f;
	f->frame.fin = head[0] & 0x80;
	f->frame.left = payload_size(head, &behind);
	f->frame.mask_at = 0;
	memset(f->frame.mask, 0, sizeof(f->frame.mask));
	if (masked)
		memcpy(f->frame.mask, behind, sizeof(f->frame.mask));
	fault = fault_of(f, masked);
	if (fault)
		return fail(f, CLOSE_PROTOCOL, fault);
	f->frame.in_payload = true;
	if (is_control(f->frame.opcode)) {
		f->n_control = 0;
		return 0;
	}
	if (f->frame.opcode != WS_CONTINUATION)
		f->message = f->frame.opcode;
	if (f->frame.left > f->maker->max_message - f->n)
		return fail(f, CLOSE_TOO_BIG, "a message larger than allowed");
	return 0;
}

static int take_payload(struct ws_filter *f, struct slice bytes)
{
	uint8_t *to;
	int err;

	if (is_control(f->frame.opcode)) {
		to = f->control + f->n_control;
		f->n_control += bytes.n;
	} else {
		/* As it comes, not as it was announced: memory costs the peer its bytes. */
		err = ws_room(f, bytes.n);
		if (err)
			return err;
		to = (uint8_t *)f->buf + f->n;
		f->n += bytes.n;
	}
	for (size_t i = 0; i < bytes.n; i++)
		to[i] = (uint8_t)bytes.p[i] ^ f->frame.mask[f->frame.mask_at++ % 4];
	f->frame.left -= bytes.n;
	return 0;
}

static int take_head(struct ws_filter *f, uint8_t byte)
{
	f->frame.head[f->frame.n_head++] = byte;
	return f->frame.n_head == head_size(f) ? begin_payload(f) : 0;
}

int ws_frames(struct ws_filter *f, struct slice bytes)
{
	int err = 0;

	while (!err && bytes.n && f->base.state == FILTER_OPEN) {
		size_t some = 1;

		if (!f->frame.in_payload) {
			err = take_head(f, (uint8_t)bytes.p[0]);
		} else {
			some = bytes.n < f->frame.left ? bytes.n : (size_t)f->frame.left;
			err = take_payload(f, slice_make(bytes.p, some));
		}
		bytes = slice_skip(bytes, some);
		if (!err && f->frame.in_payload && !f->frame.left)
			err = frame_done(f);
	}
	return err;
}
