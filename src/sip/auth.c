/* The credentials of an account: copied, found by realm, wiped. */
#include "sip/auth.h"

#include "base/err.h"
#include "base/mem.h"
#include "sip/auth_impl.h"

/* ---- what we are given ---- */

static bool is_hex(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f')))
			return false;
	return true;
}

static int check_hashes(const struct sip_credential *c, size_t number, bool *ret_any)
{
	for (enum sip_auth_hash i = 0; i < N_SIP_AUTH_HASHES; i++) {
		if (!slice_present(c->ha1[i]))
			continue;
		if (c->ha1[i].n != digest_hex_size(i) || !is_hex(c->ha1[i]))
			return err_detail(OH_EINVAL,
				"credential %zu: HA1 has %zu lower-case hexadecimal digits", number,
				digest_hex_size(i));
		*ret_any = true;
	}
	return 0;
}

static int check_credential(const struct sip_credential *c, size_t number)
{
	bool hashed = false;
	int err;

	if (slice_empty(c->realm))
		return err_detail(OH_EINVAL, "credential %zu has no realm; \"*\" is every realm", number);
	if (slice_empty(c->user))
		return err_detail(OH_EINVAL, "credential %zu has no user", number);
	if (c->realm.n > SIP_AUTH_TEXT_MAX || c->user.n > SIP_AUTH_TEXT_MAX ||
		c->password.n > SIP_AUTH_TEXT_MAX)
		return err_detail(OH_ETOOBIG, "credential %zu: a text is longer than %u bytes", number,
			SIP_AUTH_TEXT_MAX);
	err = check_hashes(c, number, &hashed);
	if (err)
		return err;
	if (!hashed && !slice_present(c->password))
		return err_detail(OH_EINVAL, "credential %zu has neither password nor HA1", number);
	return 0;
}

static int check(const struct sip_auth_cfg *cfg)
{
	if (cfg->n_credentials > SIP_AUTH_CREDENTIALS_MAX)
		return err_detail(OH_ETOOBIG, "more than %u credentials", SIP_AUTH_CREDENTIALS_MAX);
	for (size_t i = 0; i < cfg->n_credentials; i++) {
		int err = check_credential(&cfg->credentials[i], i);

		if (err)
			return err;
	}
	if (cfg->n_prefer > N_SIP_AUTH_HASHES)
		return err_detail(OH_EINVAL, "an algorithm stands twice");
	for (size_t i = 0; i < cfg->n_prefer; i++)
		for (size_t j = 0; j < i; j++)
			if (cfg->prefer[i] == cfg->prefer[j])
				return err_detail(OH_EINVAL, "an algorithm stands twice");
	return 0;
}

/* ---- the copy ---- */

static size_t text_size(const struct sip_credential *c)
{
	size_t n = c->realm.n + c->user.n + c->password.n;

	for (size_t i = 0; i < N_SIP_AUTH_HASHES; i++)
		n += c->ha1[i].n;
	return n;
}

static struct slice put(char **at, struct slice text)
{
	struct slice copy = slice_make(*at, text.n);

	if (!slice_present(text))
		return SLICE_NONE;
	memcpy(*at, text.p, text.n);
	*at += text.n;
	return copy;
}

static void copy_credential(struct credential *to, const struct sip_credential *from, char **at)
{
	to->realm = put(at, from->realm);
	to->user = put(at, from->user);
	to->password = put(at, from->password);
	for (size_t i = 0; i < N_SIP_AUTH_HASHES; i++)
		to->ha1[i] = put(at, from->ha1[i]);
}

int sip_auth_new(const struct sip_auth_cfg *cfg, struct sip_auth **ret_auth)
{
	size_t size = cfg->n_credentials * sizeof(struct credential);
	struct sip_auth *a;
	char *at;
	int err = check(cfg);

	if (err)
		return err;
	for (size_t i = 0; i < cfg->n_credentials; i++)
		size += text_size(&cfg->credentials[i]);
	a = mem_zalloc(sizeof(*a));
	if (!a)
		return OH_ENOMEM;
	a->credentials = mem_zalloc(size + 1);
	if (!a->credentials) {
		mem_free(a);
		return OH_ENOMEM;
	}
	list_init(&a->nonces);
	a->refs = 1;
	a->size = size;
	a->n_credentials = cfg->n_credentials;
	at = (char *)&a->credentials[cfg->n_credentials];
	for (size_t i = 0; i < cfg->n_credentials; i++)
		copy_credential(&a->credentials[i], &cfg->credentials[i], &at);
	memcpy(a->prefer, cfg->prefer, sizeof(a->prefer));
	a->n_prefer = cfg->n_prefer;
	a->initial_send = cfg->initial_send;
	a->policy = cfg->policy;
	a->wants_proof = cfg->wants_proof;
	*ret_auth = a;
	return 0;
}

const struct credential *auth_credential(
	const struct sip_auth *a, struct slice realm, enum sip_auth_hash hash)
{
	const struct credential *any = NULL;

	for (size_t i = 0; i < a->n_credentials; i++) {
		const struct credential *c = &a->credentials[i];

		if (!slice_present(c->password) && !slice_present(c->ha1[hash]))
			continue;
		if (slice_eq(c->realm, realm))
			return c;
		if (!any && auth_is_any(c))
			any = c;
	}
	return any;
}

struct sip_auth *sip_auth_ref(struct sip_auth *a)
{
	if (a)
		a->refs++;
	return a;
}

struct sip_auth *sip_auth_unref(struct sip_auth *a)
{
	if (!a || --a->refs)
		return NULL;
	nonces_free_all(a);
	explicit_bzero(a->credentials, a->size);
	mem_free(a->credentials);
	mem_free(a);
	return NULL;
}
