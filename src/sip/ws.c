/* The WebSocket filter and its maker; the handshake is in ws_shake.c, the frames are in ws_frame.c. */
#include "base/err.h"
#include "base/mem.h"
#include "sip/msg.h"
#include "sip/ws_impl.h"
#include "tls/tls.h"

#include <stdio.h>

/* A message's buffer larger than this is given back when the message is through: most connections are idle. */
#define KEPT_MAX 4096u

static struct ws_filter *ws_of(struct filter *f)
{
	return (struct ws_filter *)f;
}

int ws_room(struct ws_filter *f, size_t n)
{
	size_t cap = f->cap ? f->cap : 512;
	char *buf;

	while (cap < f->n + n)
		cap *= 2;
	if (cap == f->cap)
		return 0;
	buf = mem_realloc(f->buf, cap);
	if (!buf)
		return OH_ENOMEM;
	f->buf = buf;
	f->cap = cap;
	return 0;
}

static void give_back(struct ws_filter *f)
{
	if (f->cap <= KEPT_MAX || f->n)
		return;
	mem_free(f->buf);
	f->buf = NULL;
	f->cap = 0;
}

static int start(struct filter *base)
{
	return ws_of(base)->client ? ws_request(ws_of(base)) : 0;
}

/* The head is collected; what comes behind it are frames already. */
static int open_up(struct ws_filter *f, struct slice *bytes)
{
	size_t before = f->n, some = bytes->n, used;
	int err;

	if (some > WS_HEAD_MAX - before)
		some = WS_HEAD_MAX - before;
	err = ws_room(f, some);
	if (err)
		return err;
	memcpy(f->buf + f->n, bytes->p, some);
	f->n += some;
	err = ws_shake(f, &used);
	if (err)
		return err;
	*bytes = slice_skip(*bytes, used - before);
	f->n = 0;
	return 0;
}

static int receive(struct filter *base, struct slice bytes)
{
	struct ws_filter *f = ws_of(base);
	int err = 0;

	if (slice_empty(bytes))
		return 0;
	if (base->state == FILTER_OPENING)
		err = open_up(f, &bytes);
	if (err)
		return err == OH_EAGAIN ? 0 : err;
	err = ws_frames(f, bytes);
	give_back(f);
	return err;
}

/* RFC 6455 8.1: text must be UTF-8 (no overlong forms, no surrogates: RFC 3629 4). */
bool ws_is_utf8(struct slice text)
{
	const uint8_t *p = (const uint8_t *)text.p, *end = p + text.n;

	while (p < end) {
		unsigned more = *p < 0x80                 ? 0
				: *p >= 0xc2 && *p < 0xe0 ? 1
				: *p >= 0xe0 && *p < 0xf0 ? 2
				: *p >= 0xf0 && *p < 0xf5 ? 3
							  : 4;
		uint8_t low = *p == 0xe0 ? 0xa0 : *p == 0xf0 ? 0x90 : 0x80;
		uint8_t high = *p == 0xed ? 0x9f : *p == 0xf4 ? 0x8f : 0xbf;

		if (more == 4 || end - p <= more || (more && (p[1] < low || p[1] > high)))
			return false;
		for (unsigned i = 2; i <= more; i++)
			if (p[i] < 0x80 || p[i] > 0xbf)
				return false;
		p += more + 1;
	}
	return true;
}

static int send(struct filter *base, struct slice payload)
{
	return ws_send_frame(ws_of(base), ws_is_utf8(payload) ? WS_TEXT : WS_BINARY, payload);
}

static int finish(struct filter *base)
{
	return base->state == FILTER_OPEN ? ws_send_close(ws_of(base), 1000) : 0;
}

static void free_filter(struct filter *base)
{
	struct ws_filter *f = ws_of(base);

	mem_free(f->buf);
	mem_free(f->host);
	mem_free(f);
}

static const struct filter_ops ops = {"ws", start, receive, send, finish, free_filter, NULL};

/* The name that was asked for, with the port of the peer ("1.2.3.4:8080"). NULL: memory is out. */
static char *host_text(const struct filter_ask *ask)
{
	const char *port = ask->peer.n ? memrchr(ask->peer.p, ':', ask->peer.n) : NULL;
	bool ip6 = slice_index(ask->name, ':') < ask->name.n && ask->name.p[0] != '[';
	char text[WS_TEXT_MAX];
	struct slice name = ask->name;

	if (slice_empty(name))
		return slice_dup(ask->peer);
	snprintf(text, sizeof(text), "%s%.*s%s%.*s", ip6 ? "[" : "", SLICE_ARG(name), ip6 ? "]" : "",
		port ? (int)(slice_end(ask->peer) - port) : 0, port ? port : "");
	return mem_strdup(text);
}

static int filter_new(struct ws_maker *m, const struct filter_ask *ask, struct filter **ret_filter)
{
	struct ws_filter *f = mem_zalloc(sizeof(*f));

	if (!f)
		return OH_ENOMEM;
	f->base.ops = &ops;
	f->base.whole = true;
	f->maker = m;
	f->client = ask->client;
	if (f->client) {
		f->host = host_text(ask);
		if (!f->host) {
			mem_free(f);
			return OH_ENOMEM;
		}
	}
	*ret_filter = &f->base;
	return 0;
}

static int make(void *arg, const struct filter_ask *ask, struct filter **ret_filter)
{
	struct ws_maker *m = arg;
	struct filter *ws, *tls = NULL;
	int err = filter_new(m, ask, &ws);

	if (err || !m->tls) {
		if (!err)
			*ret_filter = ws;
		return err;
	}
	err = tls_filter_new(m->tls, ask, &tls);
	if (!err)
		err = filter_over(tls, ws, ret_filter);
	if (err) {
		filter_free(tls);
		filter_free(ws);
	}
	return err;
}

static void free_maker(void *arg)
{
	struct ws_maker *m = arg;

	tls_ctx_free(m->tls);
	for (size_t i = 0; m->origins && i < m->n_origins; i++)
		mem_free(m->origins[i]);
	mem_free(m->origins);
	mem_free(m->origin);
	mem_free(m->path);
	mem_free(m);
}

/* Something visible without a space: it goes into a request as it is. */
static bool fits(struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] <= ' ' || text.p[i] > '~')
			return false;
	return text.n <= WS_TEXT_MAX;
}

static int check(const struct ws_cfg *cfg)
{
	bool good = fits(cfg->path) && fits(cfg->origin) && (slice_empty(cfg->path) || cfg->path.p[0] == '/');

	for (size_t i = 0; i < cfg->n_origins; i++)
		good = good && fits(cfg->origins[i]);
	return good ? 0
		    : err_detail(OH_EINVAL,
			      "a WebSocket path begins with '/', and an origin is scheme://host[:port]");
}

static int copy(struct ws_maker *m, const struct ws_cfg *cfg)
{
	m->path = slice_dup(cfg->path);
	m->origin = slice_dup(cfg->origin);
	if ((!m->path && cfg->path.p) || (!m->origin && cfg->origin.p))
		return OH_ENOMEM;
	m->n_origins = cfg->n_origins;
	m->origins = m->n_origins ? mem_zalloc(m->n_origins * sizeof(*m->origins)) : NULL;
	if (m->n_origins && !m->origins)
		return OH_ENOMEM;
	for (size_t i = 0; i < m->n_origins; i++) {
		m->origins[i] = slice_dup(cfg->origins[i]);
		if (!m->origins[i])
			return OH_ENOMEM;
	}
	return 0;
}

int ws_maker_new(const struct ws_cfg *cfg, struct tls_ctx *tls, struct filter_maker *ret_maker)
{
	struct ws_maker *m;
	int err = check(cfg);

	if (err)
		return err;
	m = mem_zalloc(sizeof(*m));
	if (!m)
		return OH_ENOMEM;
	m->host = cfg->host;
	m->max_message = cfg->max_message ? cfg->max_message : SIP_MSG_MAX;
	err = copy(m, cfg);
	if (err) {
		free_maker(m);
		return err;
	}
	m->tls = tls;
	*ret_maker = (struct filter_maker){make, free_maker, m};
	return 0;
}
