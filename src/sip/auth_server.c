/* Challenging callers: auth_server.h. */
#include "sip/auth_server.h"

#include "base/err.h"
#include "base/mem.h"
#include "sip/auth_impl.h"
#include "sip/auth_limit.h"
#include "sip/txn_server_impl.h"

#include <stdio.h>

#define NONCE_S_DEFAULT 300u
#define KEY_BYTES       32u
#define TIME_DIGITS     16u /* of the host's clock in ns */
#define MAC_DIGITS      32u
#define NONCE_DIGITS    (TIME_DIGITS + MAC_DIGITS)
#define CHALLENGE_MAX   512u
#define INFO_MAX        1024u /* of Authentication-Info; a longer one is left out */

/* A nonce that was answered rightly: its time names it, no two have the same. */
struct used {
	uint64_t made_ns;
	uint32_t highest; /* count */
	uint64_t seen;    /* bit n: highest - n was used */
};

struct sip_auth_server {
	struct sip_stack *stack;
	struct sip_auth *users;
	char *realm;
	enum sip_auth_hash hashes[N_SIP_AUTH_HASHES];
	size_t n_hashes;
	uint64_t good_ns, last_ns; /* how long a nonce is good; when the last one was made */
	uint8_t key[KEY_BYTES];
	uint64_t given_up_ns; /* what was made up to then and is not remembered is stale */
	size_t next;          /* the place of the next one; the oldest is there */
	struct used used[SIP_AUTH_SERVER_NONCES];
	int (*find)(void *arg, struct slice user, struct sip_credential *ret_user);
	void *find_arg;
	struct auth_limit limit;
};

/* ---- life ---- */

static bool is_plain(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == '"' || s.p[i] == '\\')
			return false;
	return s.n > 0 && s.n < CHALLENGE_MAX / 2;
}

static int copy_users(const struct sip_auth_server_cfg *cfg, struct sip_auth **ret_users)
{
	struct sip_credential *list = mem_alloc((cfg->n_users + 1) * sizeof(*list));
	int err;

	if (!list)
		return OH_ENOMEM;
	for (size_t i = 0; i < cfg->n_users; i++) {
		list[i] = cfg->users[i];
		list[i].realm = cfg->realm;
	}
	err = sip_auth_new(
		&(struct sip_auth_cfg){.credentials = list, .n_credentials = cfg->n_users}, ret_users);
	mem_free(list);
	return err;
}

int sip_auth_server_new(
	struct sip_stack *s, const struct sip_auth_server_cfg *cfg, struct sip_auth_server **ret_server)
{
	struct sip_auth_server *a;
	int err;

	if (!is_plain(cfg->realm) || slice_eq(cfg->realm, SLICE_LIT("*")))
		return err_detail(
			OH_EINVAL, "the realm of a challenge is a text without quotes and backslashes");
	if (cfg->n_hashes > N_SIP_AUTH_HASHES)
		return err_detail(OH_EINVAL, "an algorithm stands twice");
	a = mem_zalloc(sizeof(*a));
	if (!a)
		return OH_ENOMEM;
	a->stack = s;
	a->good_ns = (cfg->nonce_s ? cfg->nonce_s : NONCE_S_DEFAULT) * NS_PER_S;
	a->n_hashes = cfg->n_hashes;
	memcpy(a->hashes, cfg->hashes, sizeof(a->hashes));
	if (a->n_hashes == 0) {
		a->hashes[0] = SIP_AUTH_SHA256;
		a->hashes[1] = SIP_AUTH_MD5;
		a->n_hashes = 2;
	}
	host_random(s->host, a->key, sizeof(a->key));
	a->find = cfg->find;
	a->realm = slice_dup(cfg->realm);
	err = a->realm ? copy_users(cfg, &a->users) : OH_ENOMEM;
	if (err) {
		sip_auth_server_free(a);
		return err;
	}
	a->find_arg = cfg->find_arg;
	*ret_server = a;
	return 0;
}

struct sip_auth_server *sip_auth_server_free(struct sip_auth_server *a)
{
	if (!a)
		return NULL;
	sip_auth_unref(a->users);
	mem_free(a->realm);
	mem_free(a->find_arg);
	explicit_bzero(a->key, sizeof(a->key));
	mem_free(a);
	return NULL;
}

/* ---- nonces ---- */

static int print_nonce(const struct sip_auth_server *a, uint64_t made_ns, char nonce[NONCE_DIGITS + 1])
{
	uint8_t mac[TLS_HASH_MAX];
	int err;

	snprintf(nonce, TIME_DIGITS + 1, "%016llx", (unsigned long long)made_ns);
	err = tls_hmac(TLS_HASH_SHA256, slice_make((const char *)a->key, sizeof(a->key)),
		slice_make(nonce, TIME_DIGITS), mac);
	if (err == 0)
		tls_hex(slice_make((const char *)mac, MAC_DIGITS / 2), nonce + TIME_DIGITS);
	return err;
}

/* Ours? Then *ret_made_ns is when. */
static bool is_ours(const struct sip_auth_server *a, struct slice nonce, uint64_t *ret_made_ns)
{
	char text[NONCE_DIGITS + 1];
	unsigned long long made;

	if (nonce.n != NONCE_DIGITS)
		return false;
	snprintf(text, sizeof(text), "%.*s", (int)TIME_DIGITS, nonce.p);
	if (sscanf(text, "%16llx", &made) != 1 || print_nonce(a, made, text) != 0)
		return false;
	*ret_made_ns = made;
	return tls_equal(slice_make(text, NONCE_DIGITS), nonce);
}

static struct used *used_find(struct sip_auth_server *a, uint64_t made_ns)
{
	for (size_t i = 0; i < SIP_AUTH_SERVER_NONCES; i++)
		if (a->used[i].made_ns == made_ns)
			return &a->used[i];
	return NULL;
}

static void used_add(struct sip_auth_server *a, uint64_t made_ns, uint32_t count)
{
	struct used *u = &a->used[a->next];

	if (u->made_ns > a->given_up_ns)
		a->given_up_ns = u->made_ns;
	*u = (struct used){made_ns, count, 1};
	a->next = (a->next + 1) % SIP_AUTH_SERVER_NONCES;
}

/* Is this count new? Requests overtake each other, so a window of them is open below the highest. */
static bool count_is_new(struct used *u, uint32_t count)
{
	uint32_t ahead = count - u->highest, behind = u->highest - count;

	if (count > u->highest) {
		u->seen = ahead < SIP_AUTH_SERVER_WINDOW ? u->seen << ahead | 1 : 1;
		u->highest = count;
		return true;
	}
	if (behind >= SIP_AUTH_SERVER_WINDOW || u->seen >> behind & 1)
		return false;
	u->seen |= 1ull << behind;
	return true;
}

/* ---- credentials ---- */

enum verdict { UNPROVEN, STALE, PROVEN };

struct proof {
	struct digest d;
	uint32_t count;
	bool ours;        /* its nonce */
	uint64_t made_ns; /* ... then */
	struct slice name, user;
	char name_buf[SIP_AUTH_TEXT_MAX], info[TLS_HASH_HEX]; /* info: our own proof; "": none */
};

/* A proof that is right otherwise: is its nonce still good, and the count not used? */
static bool is_fresh(struct sip_auth_server *a, const struct proof *p)
{
	struct used *u;

	if (!p->ours || host_now(a->stack->host) > p->made_ns + a->good_ns || p->count == 0)
		return false;
	u = used_find(a, p->made_ns);
	if (u)
		return count_is_new(u, p->count);
	if (p->made_ns <= a->given_up_ns)
		return false;
	used_add(a, p->made_ns, p->count);
	return true;
}

static bool is_named(const struct credential *c, enum sip_auth_hash hash, struct slice name, bool hashed)
{
	char text[TLS_HASH_HEX];

	if (!hashed)
		return slice_eq(c->user, name);
	return digest_userhash(hash, c->user, c->realm, text) == 0 && slice_ieq(slice_of(text), name);
}

static bool can(const struct credential *c, enum sip_auth_hash hash)
{
	return slice_present(c->password) || slice_present(c->ha1[hash]);
}

/* Of those that the owner knows and we do not. */
static bool find_other(
	const struct sip_auth_server *a, enum sip_auth_hash hash, struct slice name, struct credential *ret)
{
	struct sip_credential found = {0};

	if (!a->find || a->find(a->find_arg, name, &found) != 0)
		return false;
	*ret = (struct credential){.user = name, .password = found.password};
	if (slice_present(found.ha1[hash]) && found.ha1[hash].n == digest_hex_size(hash))
		ret->ha1[hash] = found.ha1[hash];
	return can(ret, hash);
}

/* other: room for one that is not in our list. */
static const struct credential *find_user(const struct sip_auth_server *a, enum sip_auth_hash hash,
	struct slice name, bool hashed, struct credential *other)
{
	for (size_t i = 0; i < a->users->n_credentials; i++) {
		const struct credential *c = &a->users->credentials[i];

		if (can(c, hash) && is_named(c, hash, name, hashed))
			return c;
	}
	return !hashed && find_other(a, hash, name, other) ? other : NULL;
}

static bool asked_for(const struct sip_auth_server *a, enum sip_auth_hash hash)
{
	for (size_t i = 0; i < a->n_hashes; i++)
		if (a->hashes[i] == hash)
			return true;
	return false;
}

static int to_count(struct slice digits, uint32_t *ret_count)
{
	char text[9];
	unsigned count;
	int end = 0;

	if (digits.n != 8)
		return OH_ESYNTAX;
	snprintf(text, sizeof(text), "%.*s", 8, digits.p);
	if (sscanf(text, "%8x%n", &count, &end) != 1 || end != 8)
		return OH_ESYNTAX;
	*ret_count = count;
	return 0;
}

/* Everything that the proof is made from must be there: one without qop could be sent again by anybody. */
static int read_proof(const struct sip_auth_server *a, const struct digest_fields *f, struct proof *ret_proof)
{
	struct digest d = {.nonce = f->f[DIGEST_NONCE],
		.cnonce = f->f[DIGEST_CNONCE],
		.nc = f->f[DIGEST_NC],
		.uri = f->f[DIGEST_URI]};

	if (!slice_eq(f->f[DIGEST_REALM], slice_of(a->realm)))
		return OH_ENOENT;
	if (digest_algorithm_of(f->f[DIGEST_ALGORITHM], &d.algorithm) != 0 ||
		!asked_for(a, d.algorithm.hash) || !slice_present(f->f[DIGEST_QOP]) ||
		digest_qop_of(f->f[DIGEST_QOP], &d.qop) != 0 || slice_empty(d.cnonce) || slice_empty(d.uri) ||
		!slice_present(f->f[DIGEST_USERNAME]))
		return OH_ESYNTAX;
	ret_proof->d = d;
	return to_count(d.nc, &ret_proof->count);
}

/* Wrong ones count when they answer what we asked: nobody can have somebody else shut out without hearing us. */
static uint64_t user_key(const struct sip_auth_server *a, struct slice name)
{
	return hash_key(&a->stack->servers, name, 4) | 1;
}

static void count_wrong(struct sip_auth_server *a, uint64_t source, uint64_t user, struct slice name)
{
	uint64_t now = host_now(a->stack->host);

	if (auth_limit_count(&a->limit, now, source, AUTH_LIMIT_SOURCE))
		sip_decided(a->stack, SIP_DECIDED_PROOF, 0,
			"too many wrong passwords from one address: not listened to for %u s", AUTH_LIMIT_S);
	if (auth_limit_count(&a->limit, now, user, AUTH_LIMIT_USER))
		sip_decided(a->stack, SIP_DECIDED_PROOF, 0,
			"too many wrong passwords for user '%.*s': closed for %u s",
			(int)(name.n < 64 ? name.n : 64), name.p, AUTH_LIMIT_S);
}

static int expect(const struct sip_auth_server *a, const struct sip_msg *m, const struct credential *c,
	struct proof *p, char ret_expected[TLS_HASH_HEX])
{
	p->d.ha1 = c->ha1[p->d.algorithm.hash];
	p->d.user = c->user;
	p->d.realm = slice_of(a->realm);
	p->d.password = c->password;
	p->d.method = m->method_text;
	p->d.body = m->body;
	return digest_compute(&p->d, ret_expected);
}

/* RFC 7616 3.5: the same once more without a method. Of auth-int the body of our answer would be a part, which nobody knows
 * yet. */
static void prove_back(struct proof *p)
{
	p->d.method = SLICE_LIT("");
	if (p->d.qop != DIGEST_QOP_AUTH || digest_compute(&p->d, p->info) != 0)
		p->info[0] = '\0';
}

static enum verdict judge(struct sip_auth_server *a, const struct sip_msg *m, struct slice value,
	uint64_t source, struct proof *p)
{
	uint64_t now = host_now(a->stack->host), user;
	char expected[TLS_HASH_HEX];
	struct digest_fields f;
	struct credential other;
	const struct credential *c;
	bool hashed;

	if (digest_parse(value, &f) != 0 || read_proof(a, &f, p) != 0)
		return UNPROVEN;
	p->ours = is_ours(a, p->d.nonce, &p->made_ns);
	p->name = digest_unquote(f.f[DIGEST_USERNAME], p->name_buf, sizeof(p->name_buf));
	user = user_key(a, p->name);
	if (auth_limit_blocked_s(&a->limit, now, user, AUTH_LIMIT_USER))
		return UNPROVEN;
	hashed = slice_ieq(f.f[DIGEST_USERHASH], SLICE_LIT("true"));
	c = find_user(a, p->d.algorithm.hash, p->name, hashed, &other);
	if (!c || expect(a, m, c, p, expected) != 0 || !tls_equal(slice_of(expected), f.f[DIGEST_RESPONSE])) {
		if (p->ours)
			count_wrong(a, source, user, p->name);
		return UNPROVEN;
	}
	/* RFC 7616 3.3: "stale" only to who knows the password. */
	if (!is_fresh(a, p))
		return STALE;
	prove_back(p);
	p->user = c->user;
	return PROVEN;
}

/* ---- the challenge ---- */

/* No two alike: the time is the name of a nonce. */
static int new_nonce(struct sip_auth_server *a, char nonce[NONCE_DIGITS + 1])
{
	uint64_t now = host_now(a->stack->host);

	a->last_ns = now > a->last_ns ? now : a->last_ns + 1;
	return print_nonce(a, a->last_ns, nonce);
}

static void challenge(struct sip_auth_server *a, struct sip_server *t, bool stale)
{
	struct sip_extra lines[N_SIP_AUTH_HASHES];
	char text[N_SIP_AUTH_HASHES][CHALLENGE_MAX], nonce[NONCE_DIGITS + 1];
	struct sip_reply reply = {.status = 401, .extras = lines, .n_extras = a->n_hashes};

	if (new_nonce(a, nonce) != 0) {
		sip_refuse(t, 500, NULL);
		return;
	}
	for (size_t i = 0; i < a->n_hashes; i++) {
		int n = snprintf(text[i], CHALLENGE_MAX,
			"Digest realm=\"%s\", nonce=\"%s\", qop=\"auth, auth-int\", algorithm=%s%s", a->realm,
			nonce, digest_algorithm_name((struct digest_algorithm){a->hashes[i], false}),
			stale ? ", stale=true" : "");

		lines[i] = (struct sip_extra){SLICE_LIT("WWW-Authenticate"), slice_make(text[i], (size_t)n)};
	}
	if (sip_respond(t, &reply) == OH_ENOMEM)
		sip_refuse(t, 500, NULL);
}

/* ---- who is known ---- */

static void put(char *buf, size_t *n, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void put(char *buf, size_t *n, const char *format, ...)
{
	va_list args;
	int more;

	va_start(args, format);
	more = vsnprintf(buf + *n, *n < INFO_MAX ? INFO_MAX - *n : 0, format, args);
	va_end(args);
	*n = more < 0 ? INFO_MAX : *n + (size_t)more;
}

/* The user, and what its 2xx will say. A nonce that has passed half of its time is replaced before it is stale. */
static int accept(struct sip_auth_server *a, struct sip_server *t, const struct proof *p)
{
	char info[INFO_MAX], nonce[NONCE_DIGITS + 1];
	bool old = host_now(a->stack->host) > p->made_ns + a->good_ns / 2;
	size_t n = 0;

	if (*p->info)
		put(info, &n, "qop=auth, rspauth=\"%s\", cnonce=\"%.*s\", nc=%.*s", p->info,
			SLICE_ARG(p->d.cnonce), SLICE_ARG(p->d.nc));
	if (old && new_nonce(a, nonce) == 0)
		put(info, &n, "%snextnonce=\"%s\"", n ? ", " : "", nonce);
	return server_prove(t, p->user, n < INFO_MAX ? slice_make(info, n) : SLICE_NONE);
}

/* IPv6: a whole /64 is one subscriber's. */
static uint64_t source_key(const struct sip_auth_server *a, const struct netaddr *from)
{
	return hash_key(&a->stack->servers,
		       slice_make((const char *)from->ip, from->family == NETADDR_IP4 ? 4 : 8), 5) |
	       1;
}

static void refuse(struct sip_server *t, uint32_t seconds)
{
	char text[16];
	struct sip_extra later = {SLICE_LIT("Retry-After"), SLICE_NONE};
	const struct sip_reply reply = {.status = 403,
		.reason = SLICE_LIT("Too Many Wrong Passwords"),
		.extras = &later,
		.n_extras = 1};

	later.value = slice_make(text, (size_t)snprintf(text, sizeof(text), "%u", seconds));
	if (sip_respond(t, &reply) == OH_ENOMEM)
		sip_refuse(t, 500, NULL);
}

int sip_auth_server_check(struct sip_auth_server *a, struct sip_msg *request, struct sip_server *t)
{
	const struct sip_hdr *h = sip_msg_hdr(request, SIP_HDR_AUTHORIZATION);
	uint64_t source = source_key(a, &sip_server_flow(t)->remote);
	enum verdict best = UNPROVEN;
	uint32_t blocked_s;

	blocked_s =
		h ? auth_limit_blocked_s(&a->limit, host_now(a->stack->host), source, AUTH_LIMIT_SOURCE) : 0;
	if (blocked_s) {
		refuse(t, blocked_s);
		return OH_EREFUSED;
	}
	for (; h; h = sip_msg_hdr_next(request, h)) {
		struct proof p;
		enum verdict one = judge(a, request, h->value, source, &p);

		if (one == PROVEN && accept(a, t, &p) == 0)
			return 0;
		if (one == PROVEN) {
			sip_refuse(t, 500, NULL);
			return OH_EREFUSED;
		}
		best = one > best ? one : best;
	}
	challenge(a, t, best == STALE);
	return OH_EREFUSED;
}
