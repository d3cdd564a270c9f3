/* Challenging callers: auth_server.h. */
#include "sip/auth_server.h"

#include "base/err.h"
#include "base/mem.h"
#include "sip/auth_impl.h"
#include "sip/stack_impl.h"

#include <stdio.h>

#define NONCE_S_DEFAULT 300u
#define KEY_BYTES       32u
#define TIME_DIGITS     16u /* of the host's clock in ns */
#define MAC_DIGITS      32u
#define NONCE_DIGITS    (TIME_DIGITS + MAC_DIGITS)
#define CHALLENGE_MAX   512u

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
	a->realm = slice_dup(cfg->realm);
	err = a->realm ? copy_users(cfg, &a->users) : OH_ENOMEM;
	if (err) {
		sip_auth_server_free(a);
		return err;
	}
	*ret_server = a;
	return 0;
}

struct sip_auth_server *sip_auth_server_free(struct sip_auth_server *a)
{
	if (!a)
		return NULL;
	sip_auth_unref(a->users);
	mem_free(a->realm);
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

/* A proof that is right otherwise: is its nonce still good, and the count not used? */
static bool is_fresh(struct sip_auth_server *a, struct slice nonce, uint32_t count)
{
	uint64_t now = host_now(a->stack->host), made_ns;
	struct used *u;

	if (!is_ours(a, nonce, &made_ns) || now > made_ns + a->good_ns || count == 0)
		return false;
	u = used_find(a, made_ns);
	if (u)
		return count_is_new(u, count);
	if (made_ns <= a->given_up_ns)
		return false;
	used_add(a, made_ns, count);
	return true;
}

/* ---- credentials ---- */

enum verdict { UNPROVEN, STALE, PROVEN };

static bool is_named(const struct credential *c, enum sip_auth_hash hash, struct slice name, bool hashed)
{
	char text[TLS_HASH_HEX];

	if (!hashed)
		return slice_eq(c->user, name);
	return digest_userhash(hash, c->user, c->realm, text) == 0 && slice_ieq(slice_of(text), name);
}

static const struct credential *find_user(
	const struct sip_auth_server *a, enum sip_auth_hash hash, struct slice name, bool hashed)
{
	for (size_t i = 0; i < a->users->n_credentials; i++) {
		const struct credential *c = &a->users->credentials[i];

		if ((slice_present(c->password) || slice_present(c->ha1[hash])) &&
			is_named(c, hash, name, hashed))
			return c;
	}
	return NULL;
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
static int read_proof(const struct sip_auth_server *a, const struct digest_fields *f,
	struct digest *ret_digest, uint32_t *ret_count)
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
	*ret_digest = d;
	return to_count(d.nc, ret_count);
}

static enum verdict judge(
	struct sip_auth_server *a, const struct sip_msg *m, struct slice value, struct slice *ret_user)
{
	char name_buf[SIP_AUTH_TEXT_MAX], expected[TLS_HASH_HEX];
	struct digest_fields f;
	const struct credential *c;
	struct digest d;
	uint32_t count;
	struct slice name;

	if (digest_parse(value, &f) != 0 || read_proof(a, &f, &d, &count) != 0)
		return UNPROVEN;
	name = digest_unquote(f.f[DIGEST_USERNAME], name_buf, sizeof(name_buf));
	c = find_user(a, d.algorithm.hash, name, slice_ieq(f.f[DIGEST_USERHASH], SLICE_LIT("true")));
	if (!c)
		return UNPROVEN;
	d.ha1 = c->ha1[d.algorithm.hash];
	d.user = c->user;
	d.realm = slice_of(a->realm);
	d.password = c->password;
	d.method = m->method_text;
	d.body = m->body;
	if (digest_compute(&d, expected) != 0 || !tls_equal(slice_of(expected), f.f[DIGEST_RESPONSE]))
		return UNPROVEN;
	/* RFC 7616 3.3: "stale" only to who knows the password. */
	if (!is_fresh(a, d.nonce, count))
		return STALE;
	*ret_user = c->user;
	return PROVEN;
}

/* ---- the challenge ---- */

static void challenge(struct sip_auth_server *a, struct sip_server *t, bool stale)
{
	struct sip_extra lines[N_SIP_AUTH_HASHES];
	char text[N_SIP_AUTH_HASHES][CHALLENGE_MAX], nonce[NONCE_DIGITS + 1];
	uint64_t now = host_now(a->stack->host);
	struct sip_reply reply = {.status = 401, .extras = lines, .n_extras = a->n_hashes};

	/* No two alike: the time is the name of a nonce. */
	a->last_ns = now > a->last_ns ? now : a->last_ns + 1;
	if (print_nonce(a, a->last_ns, nonce) != 0) {
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

int sip_auth_server_check(
	struct sip_auth_server *a, struct sip_msg *request, struct sip_server *t, struct slice *ret_user)
{
	enum verdict best = UNPROVEN;

	for (const struct sip_hdr *h = sip_msg_hdr(request, SIP_HDR_AUTHORIZATION); h;
		h = sip_msg_hdr_next(request, h)) {
		enum verdict one = judge(a, request, h->value, ret_user);

		if (one == PROVEN)
			return 0;
		best = one > best ? one : best;
	}
	challenge(a, t, best == STALE);
	return OH_EREFUSED;
}
