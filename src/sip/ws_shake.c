/* The opening handshake of a WebSocket (RFC 6455 4), with the subprotocol of SIP (RFC 7118 4). */
#include "base/err.h"
#include "sip/ws_impl.h"
#include "tls/hash.h"

#include <stdio.h>

#define KEY_BYTES 16u

/* ---- reading a head: a first line and headers ---- */

/* The next line of *rest without its end; absent when there is none. */
static struct slice next_line(struct slice *rest)
{
	struct slice line = *rest;

	if (slice_empty(line))
		return SLICE_NONE;
	line.n = slice_index(line, '\n');
	*rest = slice_skip(*rest, line.n + 1);
	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	return line;
}

/* The next header of that name. */
static struct slice next_header(struct slice *rest, const char *name)
{
	struct slice line;

	while (slice_present(line = next_line(rest)) && line.n) {
		size_t colon = slice_index(line, ':');

		if (colon < line.n && slice_ieq(slice_make(line.p, colon), slice_of(name)))
			return slice_trim(slice_skip(line, colon + 1));
	}
	return SLICE_NONE;
}

/* The only header of that name; absent when there is none or more than one. */
static struct slice only_header(struct slice headers, const char *name)
{
	struct slice value = next_header(&headers, name);

	return slice_present(next_header(&headers, name)) ? SLICE_NONE : value;
}

/* Is the token in the lists of that name? */
static bool has_token(struct slice headers, const char *name, const char *token)
{
	struct slice list;

	while (slice_present(list = next_header(&headers, name))) {
		while (list.n) {
			size_t n = slice_index(list, ',');

			if (slice_ieq(slice_trim(slice_make(list.p, n)), slice_of(token)))
				return true;
			list = slice_skip(list, n + 1);
		}
	}
	return false;
}

/* Every line behind the first is a header, and none goes on in the next (RFC 7230 3.2.4). */
static bool is_head(struct slice headers)
{
	struct slice line;

	while (slice_present(line = next_line(&headers)) && line.n) {
		size_t colon = slice_index(line, ':');

		if (colon == 0 || colon == line.n || memchr(line.p, ' ', colon) ||
			memchr(line.p, '\t', colon) || memchr(line.p, '\0', line.n))
			return false;
	}
	return true;
}

static int down(struct ws_filter *f, const char *text)
{
	return f->base.sink.down(f->base.sink.arg, slice_of(text));
}

/* RFC 6455 4.2.2: base64 of the SHA-1 of the key and a constant. */
static int accept_of(struct slice key, char ret_text[WS_ACCEPT_SIZE])
{
	const struct slice parts[] = {key, SLICE_LIT("258EAFA5-E914-47DA-95CA-C5AB0DC85B11")};
	uint8_t digest[TLS_HASH_MAX];
	int err = tls_hash(TLS_HASH_SHA1, parts, ARRAY_LEN(parts), digest);

	if (err)
		return err;
	return tls_base64(
		slice_make((const char *)digest, tls_hash_size(TLS_HASH_SHA1)), ret_text, WS_ACCEPT_SIZE);
}

/* ---- server ---- */

static int refuse(struct ws_filter *f, const char *status, const char *header, const char *why)
{
	char text[256];

	snprintf(text, sizeof(text), "HTTP/1.1 %s\r\n%sConnection: close\r\nContent-Length: 0\r\n\r\n",
		status, header);
	down(f, text);
	return filter_fail(&f->base, OH_EREFUSED, "WebSocket: answered %.3s: %s", status, why);
}

static bool is_welcome(const struct ws_maker *m, struct slice origin)
{
	if (!m->n_origins || !slice_present(origin))
		return true;
	for (size_t i = 0; i < m->n_origins; i++)
		if (slice_ieq(origin, slice_of(m->origins[i])))
			return true;
	return false;
}

/* "GET /path HTTP/1.1": its parts, or false. */
static bool split_line(struct slice line, struct slice *ret_method, struct slice *ret_target)
{
	struct slice version;

	*ret_method = slice_make(line.p, slice_index(line, ' '));
	line = slice_skip(line, ret_method->n + 1);
	*ret_target = slice_make(line.p, slice_index(line, ' '));
	version = slice_skip(line, ret_target->n + 1);
	return ret_method->n && ret_target->n && slice_eq(version, SLICE_LIT("HTTP/1.1"));
}

static bool is_key(struct slice key)
{
	uint8_t bytes[KEY_BYTES];
	size_t n;

	return slice_present(key) && tls_unbase64(key, bytes, sizeof(bytes), &n) == 0 && n == KEY_BYTES;
}

static int welcome(struct ws_filter *f, struct slice key)
{
	char accept[WS_ACCEPT_SIZE], text[256];
	int err = accept_of(key, accept);

	if (err)
		return err;
	snprintf(text, sizeof(text),
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: sip\r\n\r\n",
		accept);
	return down(f, text);
}

static int serve(struct ws_filter *f, struct slice line, struct slice headers)
{
	static const char version[] = "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
	const struct ws_maker *m = f->maker;
	struct slice method, target, key;

	if (!split_line(line, &method, &target) || !is_head(headers) ||
		!slice_present(only_header(headers, "Host")))
		return refuse(f, "400 Bad Request", "", "not a request of HTTP/1.1");
	if (!slice_eq(method, SLICE_LIT("GET")))
		return refuse(f, "405 Method Not Allowed", "Allow: GET\r\n", "not a GET");
	if (m->path && !slice_eq(slice_make(target.p, slice_index(target, '?')), slice_of(m->path)))
		return refuse(f, "404 Not Found", "", "another path");
	if (!has_token(headers, "Upgrade", "websocket") || !has_token(headers, "Connection", "Upgrade"))
		return refuse(f, "426 Upgrade Required", version, "no WebSocket was asked for");
	if (!slice_eq(only_header(headers, "Sec-WebSocket-Version"), SLICE_LIT("13")))
		return refuse(f, "426 Upgrade Required", version, "not version 13");
	key = only_header(headers, "Sec-WebSocket-Key");
	if (!is_key(key))
		return refuse(f, "400 Bad Request", "", "no usable Sec-WebSocket-Key");
	if (!has_token(headers, "Sec-WebSocket-Protocol", "sip"))
		return refuse(f, "400 Bad Request", "", "the subprotocol 'sip' is not offered");
	if (!is_welcome(m, next_header(&headers, "Origin")))
		return refuse(f, "403 Forbidden", "", "a page of an origin that is not allowed");
	return welcome(f, key);
}

/* ---- client ---- */

int ws_request(struct ws_filter *f)
{
	const struct ws_maker *m = f->maker;
	char key[TLS_BASE64_SIZE(KEY_BYTES)], text[4 * WS_TEXT_MAX];
	uint8_t bytes[KEY_BYTES];
	int err;

	host_random(m->host, bytes, sizeof(bytes));
	err = tls_base64(slice_make((const char *)bytes, sizeof(bytes)), key, sizeof(key));
	if (!err)
		err = accept_of(slice_of(key), f->accept);
	if (err)
		return err;
	snprintf(text, sizeof(text),
		"GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: "
		"sip\r\n%s%s%s\r\n",
		m->path ? m->path : "/", f->host, key, m->origin ? "Origin: " : "",
		m->origin ? m->origin : "", m->origin ? "\r\n" : "");
	return down(f, text);
}

static int no(struct ws_filter *f, int err, const char *why)
{
	return filter_fail(&f->base, err, "WebSocket: %s", why);
}

/* RFC 6455 4.1: what the answer must be. */
static int judge(struct ws_filter *f, struct slice line, struct slice headers)
{
	if (!slice_starts(line, SLICE_LIT("HTTP/1.1 ")))
		return no(f, OH_ESYNTAX, "the server does not speak HTTP/1.1");
	line = slice_skip(line, 9);
	if (!slice_starts(line, SLICE_LIT("101")))
		return filter_fail(&f->base, OH_EREFUSED, "WebSocket: the server refuses: %.*s",
			(int)(line.n < 60 ? line.n : 60), line.p);
	if (!is_head(headers) || !has_token(headers, "Upgrade", "websocket") ||
		!has_token(headers, "Connection", "Upgrade"))
		return no(f, OH_ESYNTAX, "the server's answer is none");
	if (!slice_eq(only_header(headers, "Sec-WebSocket-Accept"), slice_of(f->accept)))
		return no(f, OH_ESYNTAX, "the server's answer is to another key");
	if (!slice_eq(only_header(headers, "Sec-WebSocket-Protocol"), SLICE_LIT("sip")))
		return no(f, OH_EREFUSED, "the server does not agree to the subprotocol 'sip'");
	if (slice_present(next_header(&headers, "Sec-WebSocket-Extensions")))
		return no(f, OH_ESYNTAX, "the server uses an extension that was not offered");
	return 0;
}

int ws_shake(struct ws_filter *f, size_t *ret_used)
{
	const char *end = f->n ? memmem(f->buf, f->n, "\r\n\r\n", 4) : NULL;
	struct slice headers, line;
	int err;

	/* TLS, or nothing that is known: it waits for an answer, and would for long. */
	if (!f->client && f->n && (f->buf[0] < 'A' || f->buf[0] > 'Z'))
		return refuse(f, "400 Bad Request", "", "not a request of HTTP/1.1");
	if (!end && f->n < WS_HEAD_MAX)
		return OH_EAGAIN;
	if (!end)
		return f->client ? no(f, OH_ETOOBIG, "the server's answer has no end")
				 : refuse(f, "431 Request Header Fields Too Large", "",
					   "a request without an end");
	headers = slice_make(f->buf, (size_t)(end - f->buf) + 2);
	line = next_line(&headers);
	err = f->client ? judge(f, line, headers) : serve(f, line, headers);
	if (err)
		return err;
	f->base.state = FILTER_OPEN;
	*ret_used = (size_t)(end - f->buf) + 4;
	return 0;
}
