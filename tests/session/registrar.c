#include "registrar.h"

#include "sip/msg.h"
#include "sip/stun.h"
#include "tls/hash.h"

#include <stdio.h>

#define TEXT_MAX     8192
#define BUCKETS      4096u
#define BINDINGS_MAX 8u
#define CALL_ID_MAX  64u
#define URI_MAX      256u
#define REALM        "example.com"

struct binding {
	char uri[URI_MAX], instance[96], reg_id[12];
	char call_id[CALL_ID_MAX];
	uint32_t cseq;
	uint64_t until_ns; /* 0: none */
};

struct registrar_aor {
	struct registrar_aor *next;
	char name[URI_MAX];
	struct binding bindings[BINDINGS_MAX];
	uint64_t away_ns; /* since then, before the bindings that stand now */
};

struct text {
	char p[TEXT_MAX];
	size_t n;
};

static __attribute__((format(printf, 2, 3))) void put(struct text *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	t->n += (size_t)vsnprintf(t->p + t->n, sizeof(t->p) - t->n, format, args);
	va_end(args);
	CHECK(t->n < sizeof(t->p));
}

/* ---- what it knows ---- */

static struct registrar_aor *aor_of(struct registrar *r, struct slice name)
{
	uint32_t h = 2166136261u;
	struct registrar_aor **at, *a;

	for (size_t i = 0; i < name.n; i++)
		h = (h ^ (uint8_t)name.p[i]) * 16777619u;
	for (at = &r->aors[h % BUCKETS]; *at; at = &(*at)->next)
		if (slice_eq(slice_of((*at)->name), name))
			return *at;
	a = calloc(1, sizeof(*a));
	CHECK(a && name.n < sizeof(a->name));
	memcpy(a->name, name.p, name.n);
	a->away_ns = r->began_ns;
	*at = a;
	return a;
}

/* The last moment at which somebody was bound, or now. */
static uint64_t bound_until(const struct registrar_aor *a, uint64_t now)
{
	uint64_t last = a->away_ns;

	for (size_t i = 0; i < BINDINGS_MAX; i++)
		if (a->bindings[i].until_ns > last)
			last = a->bindings[i].until_ns;
	return last < now ? last : now;
}

uint64_t registrar_away_since(struct registrar *r, const char *aor)
{
	uint64_t now = sim_now(r->sim), last = bound_until(aor_of(r, slice_of(aor)), now);

	return last < now ? last : 0;
}

const char *registrar_contacts(struct registrar *r, const char *aor)
{
	static char text[BINDINGS_MAX * URI_MAX];
	struct registrar_aor *a = aor_of(r, slice_of(aor));
	size_t n = 0;

	text[0] = '\0';
	for (size_t i = 0; i < BINDINGS_MAX; i++)
		if (a->bindings[i].until_ns > sim_now(r->sim))
			n += (size_t)snprintf(
				text + n, sizeof(text) - n, "%s%s", n ? " " : "", a->bindings[i].uri);
	return text;
}

const char *registrar_saw(struct registrar *r, const char *header)
{
	static char value[TEXT_MAX];
	const struct sip_hdr *h;
	struct sip_msg m;

	value[0] = '\0';
	if (!r->last)
		return value;
	CHECK_OK(sip_msg_parse(&m, slice_of(r->last)));
	h = sip_msg_hdr_named(&m, slice_of(header));
	if (h)
		snprintf(value, sizeof(value), "%.*s", SLICE_ARG(h->value));
	sip_msg_free(&m);
	return value;
}

/* ---- answers ---- */

static void answer(struct registrar *r, struct sip_msg *m, const struct host_rx *rx, const char *line,
	const struct text *more)
{
	static const enum sip_hdr_id copied[] = {SIP_HDR_FROM, SIP_HDR_CALL_ID, SIP_HDR_CSEQ};
	struct slice rest = sip_msg_value(m, SIP_HDR_VIA);
	char ip[NETADDR_TEXT];
	struct text t = {.n = 0};

	put(&t, "SIP/2.0 %s\r\n", line);
	/* RFC 3581 4. */
	put(&t, "Via: %.*s;received=%s;rport=%u\r\n", (int)(rest.n - strlen(";rport")), rest.p,
		r->cfg.sees ? r->cfg.sees : netaddr_ip_text(&rx->from, false, ip), rx->from.port);
	for (size_t i = 0; i < ARRAY_LEN(copied); i++)
		put(&t, "%s: %.*s\r\n", sip_hdr_name(copied[i]), SLICE_ARG(sip_msg_value(m, copied[i])));
	put(&t, "To: %.*s;tag=registrar\r\n", SLICE_ARG(sip_msg_value(m, SIP_HDR_TO)));
	if (more)
		put(&t, "%.*s", (int)more->n, more->p);
	put(&t, "Content-Length: 0\r\n\r\n");
	(void)host_dgram_send(r->dgram, &rx->from, NULL, t.p, t.n);
}

static struct slice param(struct slice credentials, const char *name)
{
	struct slice rest = slice_skip(credentials, strlen("Digest ")), one;

	while (sip_list_next(&rest, &one)) {
		size_t eq = slice_index(one, '=');
		struct slice value = slice_trim(slice_skip(one, eq + 1));

		if (!slice_eq(slice_trim(slice_make(one.p, eq)), slice_of(name)))
			continue;
		if (value.n >= 2 && value.p[0] == '"')
			value = slice_make(value.p + 1, value.n - 2);
		return value;
	}
	return SLICE_NONE;
}

/* RFC 7616 3.4.1, with MD5 and qop=auth. */
static bool proves(const struct registrar *r, struct sip_msg *m)
{
	struct slice c = sip_msg_value(m, SIP_HDR_AUTHORIZATION), colon = SLICE_LIT(":");
	char ha1[TLS_HASH_HEX], ha2[TLS_HASH_HEX], response[TLS_HASH_HEX];
	uint32_t nonce;

	if (slice_empty(c) || slice_to_u32(param(c, "nonce"), UINT32_MAX, &nonce) || nonce <= r->oldest_nonce)
		return false;
	CHECK_OK(tls_hash_hex(TLS_HASH_MD5,
		(struct slice[]){param(c, "username"), SLICE_LIT(":" REALM ":"), slice_of(r->cfg.password)},
		3, ha1));
	CHECK_OK(tls_hash_hex(
		TLS_HASH_MD5, (struct slice[]){SLICE_LIT("REGISTER:"), param(c, "uri")}, 2, ha2));
	CHECK_OK(tls_hash_hex(TLS_HASH_MD5,
		(struct slice[]){slice_of(ha1), colon, param(c, "nonce"), colon, param(c, "nc"), colon,
			param(c, "cnonce"), colon, param(c, "qop"), colon, slice_of(ha2)},
		11, response));
	return slice_eq(param(c, "response"), slice_of(response));
}

static void put_bindings(const struct registrar *r, const struct registrar_aor *a, struct text *t)
{
	uint64_t now = sim_now(r->sim);

	for (size_t i = 0; i < BINDINGS_MAX; i++) {
		const struct binding *b = &a->bindings[i];

		if (b->until_ns <= now)
			continue;
		put(t, "Contact: <%s>;expires=%u", b->uri, (unsigned)((b->until_ns - now) / NS_PER_S));
		if (*b->instance)
			put(t, ";+sip.instance=%s", b->instance);
		if (*b->reg_id)
			put(t, ";reg-id=%s", b->reg_id);
		put(t, "%s\r\n", r->cfg.params ? r->cfg.params : "");
	}
}

/* ---- REGISTER ---- */

static void keep(char *buf, size_t cap, struct slice text)
{
	snprintf(buf, cap, "%.*s", SLICE_ARG(text));
}

static bool is_of(
	const struct binding *b, const struct sip_addr *c, struct slice instance, struct slice reg_id)
{
	struct sip_uri uri;

	if (!b->until_ns)
		return false;
	if (slice_present(reg_id) && *b->reg_id)
		return slice_eq(slice_of(b->instance), instance) && slice_eq(slice_of(b->reg_id), reg_id);
	CHECK_OK(sip_uri_parse(slice_of(b->uri), &uri));
	return sip_uri_eq(&uri, &c->uri);
}

/* The binding of this Contact, by instance and reg-id (RFC 5626 6) or URI, one that has ended too, so that what comes late
 * is known; else the one that ended first. */
static struct binding *binding_of(struct registrar_aor *a, const struct sip_addr *c, uint64_t now)
{
	struct slice instance = SLICE_NONE, reg_id = SLICE_NONE;
	struct binding *oldest = &a->bindings[0];

	sip_param_find(c->params, SLICE_LIT("+sip.instance"), &instance);
	sip_param_find(c->params, SLICE_LIT("reg-id"), &reg_id);
	for (size_t i = 0; i < BINDINGS_MAX; i++) {
		if (is_of(&a->bindings[i], c, instance, reg_id))
			return &a->bindings[i];
		if (a->bindings[i].until_ns < oldest->until_ns)
			oldest = &a->bindings[i];
	}
	CHECK(oldest->until_ns <= now);
	memset(oldest, 0, sizeof(*oldest));
	return oldest;
}

/* RFC 3261 10.3 step 7. False: it came too late. */
static bool bind_one(
	struct registrar *r, struct registrar_aor *a, struct sip_msg *m, const struct sip_addr *c, uint32_t s)
{
	uint64_t now = sim_now(r->sim);
	struct binding *b = binding_of(a, c, now);
	const struct sip_cseq *cseq;
	struct slice text;

	CHECK_OK(sip_msg_cseq(m, &cseq));
	if (b->until_ns && slice_eq(slice_of(b->call_id), sip_msg_call_id(m)) && cseq->number < b->cseq)
		return false;
	keep(b->uri, sizeof(b->uri), c->uri.text);
	keep(b->call_id, sizeof(b->call_id), sip_msg_call_id(m));
	if (sip_param_find(c->params, SLICE_LIT("+sip.instance"), &text))
		keep(b->instance, sizeof(b->instance), text);
	if (sip_param_find(c->params, SLICE_LIT("reg-id"), &text))
		keep(b->reg_id, sizeof(b->reg_id), text);
	b->cseq = cseq->number;
	b->until_ns = s ? now + s * NS_PER_S : now;
	return true;
}

static uint32_t asked_s(const struct registrar *r, struct sip_msg *m, const struct sip_addr *c)
{
	struct slice text;
	uint32_t s = 3600;

	if (sip_param_find(c->params, SLICE_LIT("expires"), &text))
		CHECK_OK(slice_to_u32(text, UINT32_MAX, &s));
	else
		(void)sip_msg_seconds(m, SIP_HDR_EXPIRES, &s);
	return r->cfg.max_s && s > r->cfg.max_s ? r->cfg.max_s : s;
}

/* The status line to answer with. */
static const char *bind_all(
	struct registrar *r, struct registrar_aor *a, struct sip_msg *m, struct text *more)
{
	for (const struct sip_hdr *h = sip_msg_hdr(m, SIP_HDR_CONTACT); h; h = sip_msg_hdr_next(m, h)) {
		struct slice rest = h->value;
		struct sip_addr c;

		while (sip_addr_next(&rest, &c) > 0) {
			uint32_t s = asked_s(r, m, &c);

			if (s && s < r->cfg.min_s) {
				put(more, "Min-Expires: %u\r\n", r->cfg.min_s);
				return "423 Interval Too Brief";
			}
			if (!bind_one(r, a, m, &c, s))
				return "500 Out Of Order";
		}
	}
	return NULL;
}

static void take_register(struct registrar *r, struct sip_msg *m, const struct host_rx *rx)
{
	uint64_t now = sim_now(r->sim), since;
	const struct sip_addr *to;
	struct registrar_aor *a;
	struct text more = {.n = 0};
	const char *refusal;

	if (r->cfg.password && !proves(r, m)) {
		r->challenged++;
		put(&more,
			"WWW-Authenticate: Digest realm=\"" REALM
			"\", nonce=\"%u\", algorithm=MD5, qop=\"auth\"\r\n",
			r->challenged);
		answer(r, m, rx, "401 Unauthorized", &more);
		return;
	}
	CHECK_OK(sip_msg_to(m, &to));
	a = aor_of(r, to->uri.text);
	since = bound_until(a, now);
	refusal = bind_all(r, a, m, &more);
	if (refusal) {
		r->refused++;
		answer(r, m, rx, refusal, &more);
		return;
	}
	r->accepted++;
	a->away_ns = bound_until(a, now);
	if (r->cfg.bound)
		r->cfg.bound(r->cfg.arg, now - since);
	put_bindings(r, a, &more);
	put(&more, "%s", r->cfg.headers ? r->cfg.headers : "");
	answer(r, m, rx, "200 OK", &more);
}

static void receive(struct registrar *r, char *data, const struct host_rx *rx)
{
	struct sip_msg msg;

	if (sip_msg_parse(&msg, slice_make(data, rx->n))) {
		sip_msg_free(&msg); /* memory is out: it comes again */
		return;
	}
	CHECK(msg.method == SIP_REGISTER || r->cfg.answer);
	r->requests++;
	memcpy(r->last, data, rx->n);
	r->last[rx->n] = '\0';
	if (r->cfg.answer && msg.method != SIP_ACK) {
		struct text more = {.n = 0};
		const char *end = strstr(r->cfg.answer, "\r\n");
		char line[128];

		put(&more, "%s", end + 2);
		snprintf(line, sizeof(line), "%.*s", (int)(end - r->cfg.answer), r->cfg.answer);
		answer(r, &msg, rx, line, &more);
	} else if (msg.method == SIP_REGISTER) {
		take_register(r, &msg, rx);
	}
	sip_msg_free(&msg);
}

/* False: it is none. */
static bool receive_stun(struct registrar *r, const char *data, const struct host_rx *rx)
{
	uint8_t buf[STUN_BYTES_MAX];
	struct stun_msg msg;

	if (stun_parse(slice_make(data, rx->n), &msg) != STUN_REQUEST)
		return false;
	r->pings++;
	if (r->cfg.stun)
		(void)host_dgram_send(r->dgram, &rx->from, &rx->to, buf, stun_answer(msg.id, &rx->from, buf));
	return true;
}

static void on_readable(void *arg)
{
	struct registrar *r = arg;
	struct host_rx rx;
	char buf[TEXT_MAX];

	while (host_dgram_recv(r->dgram, buf, sizeof(buf) - 1, &rx) == 0) {
		r->datagrams++;
		if (r->up && !receive_stun(r, buf, &rx) && rx.n > 4)
			receive(r, buf, &rx);
	}
}

/* ---- life ---- */

struct registrar *registrar_try_new(struct sim *sim, const struct registrar_cfg *cfg)
{
	struct host_dgram_handler handler = {.readable = on_readable};
	struct host_dgram_cfg dgram = {.local = {.family = NETADDR_IP4}};
	struct registrar *r = calloc(1, sizeof(*r));
	const char *ip = cfg->ip ? cfg->ip : REGISTRAR_IP;
	int err;

	CHECK(r);
	r->cfg = *cfg;
	r->sim = sim;
	r->up = true;
	r->began_ns = sim_now(sim);
	r->aors = calloc(BUCKETS, sizeof(struct registrar_aor *));
	r->last = calloc(1, TEXT_MAX);
	CHECK(r->aors && r->last);
	handler.arg = r;
	err = sim_host_new(sim, ip, &r->host);
	if (!err)
		err = netaddr_parse_ip(slice_of(ip), 5060, &dgram.local);
	if (!err)
		err = host_dgram_open(r->host, &dgram, &r->dgram);
	if (!err)
		err = host_dgram_watch(r->dgram, &handler);
	if (!err)
		return r;
	registrar_free(r);
	return NULL;
}

struct registrar *registrar_new(struct sim *sim, const struct registrar_cfg *cfg)
{
	struct registrar *r = registrar_try_new(sim, cfg);

	CHECK(r);
	return r;
}

void registrar_free(struct registrar *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		while (r->aors[i]) {
			struct registrar_aor *a = r->aors[i];

			r->aors[i] = a->next;
			free(a);
		}
	}
	host_dgram_close(r->dgram);
	host_free(r->host);
	free(r->aors);
	free(r->last);
	free(r);
}

void registrar_down(struct registrar *r)
{
	r->up = false;
}

void registrar_up(struct registrar *r, bool forgets)
{
	uint64_t now = sim_now(r->sim);

	r->up = true;
	r->oldest_nonce = r->challenged;
	for (size_t i = 0; forgets && i < BUCKETS; i++) {
		for (struct registrar_aor *a = r->aors[i]; a; a = a->next) {
			a->away_ns = bound_until(a, now);
			memset(a->bindings, 0, sizeof(a->bindings));
		}
	}
}
