/* Settings of credentials: account_auth.h. */
#include "phone/account_auth.h"

#include "base/mem.h"
#include "phone/phone_impl.h"
#include "sip/digest.h"

void offhook_auth_cfg_init(struct offhook_auth_cfg *cfg)
{
	*cfg = (struct offhook_auth_cfg){.size = sizeof(*cfg)};
}

void offhook_challenge_cfg_init(struct offhook_challenge_cfg *cfg)
{
	*cfg = (struct offhook_challenge_cfg){.size = sizeof(*cfg)};
}

static int to_hash(struct slice name, enum sip_auth_hash *ret_hash)
{
	struct digest_algorithm a;

	if (digest_algorithm_of(name, &a) != 0 || a.sess)
		return err_detail(OH_EINVAL, "algorithm '%.*s': there are MD5, SHA-256 and SHA-512-256",
			SLICE_ARG(name));
	*ret_hash = a.hash;
	return 0;
}

static int to_hashes(const char *list, enum sip_auth_hash hashes[N_SIP_AUTH_HASHES], size_t *ret_n)
{
	struct slice rest = slice_of(list), name;
	size_t n = 0;

	while (list && sip_list_next(&rest, &name)) {
		int err;

		if (n == N_SIP_AUTH_HASHES)
			return err_detail(OH_EINVAL, "an algorithm stands twice");
		err = to_hash(name, &hashes[n++]);
		if (err)
			return err;
	}
	*ret_n = n;
	return 0;
}

static int to_credential(const struct offhook_credential *c, size_t number, struct sip_credential *ret)
{
	enum sip_auth_hash hash = SIP_AUTH_MD5;
	int err = to_hash(slice_of(c->algorithm), &hash);

	if (err)
		return err;
	if (c->password && c->ha1)
		return err_detail(OH_EINVAL, "credential %zu has both password and HA1", number);
	*ret = (struct sip_credential){.realm = c->realm && *c->realm ? slice_of(c->realm) : SLICE_LIT("*"),
		.user = slice_of(c->user),
		.password = slice_of(c->password)};
	ret->ha1[hash] = slice_of(c->ha1);
	return 0;
}

/* A list from mem_alloc(); its texts are the caller's. */
static int to_credentials(const struct offhook_credential *list, size_t n, struct sip_credential **ret)
{
	struct sip_credential *ours;

	if (n > SIP_AUTH_CREDENTIALS_MAX)
		return err_detail(OH_ETOOBIG, "more than %u credentials", SIP_AUTH_CREDENTIALS_MAX);
	ours = mem_alloc((n + 1) * sizeof(*ours));
	if (!ours)
		return OH_ENOMEM;
	for (size_t i = 0; i < n; i++) {
		int err = to_credential(&list[i], i, &ours[i]);

		if (err) {
			mem_free(ours);
			return err;
		}
	}
	*ret = ours;
	return 0;
}

int account_auth_new(const struct offhook_auth_cfg *theirs, struct sip_auth **ret_auth)
{
	struct offhook_auth_cfg cfg;
	struct sip_auth_cfg sip = {0};
	struct sip_credential *list;
	int err;

	*ret_auth = NULL;
	if (!theirs)
		return 0;
	offhook_auth_cfg_init(&cfg);
	err = cfg_take(&cfg, sizeof(cfg), theirs);
	if (err == 0 && (unsigned)cfg.policy > OFFHOOK_AUTH_ANY)
		err = err_detail(OH_EINVAL, "policy: no such one");
	if (err == 0)
		err = to_hashes(cfg.algorithms, sip.prefer, &sip.n_prefer);
	if (err == 0)
		err = to_credentials(cfg.credentials, cfg.n_credentials, &list);
	if (err)
		return err;
	sip.credentials = list;
	sip.n_credentials = cfg.n_credentials;
	sip.initial_send = cfg.initial_send != 0;
	sip.policy = (enum sip_auth_policy)cfg.policy;
	sip.wants_proof = cfg.want_proof != 0;
	err = sip_auth_new(&sip, ret_auth);
	mem_free(list);
	return err;
}

/* ---- users that only the program knows ---- */

#define USER_MAX 256u

struct finder {
	offhook_find_user_fn *fn;
	void *arg;
};

static int find(void *arg, struct slice user, struct sip_credential *ret_user)
{
	const struct finder *f = arg;
	struct offhook_credential found = {0};
	char name[USER_MAX];

	if (user.n >= sizeof(name) || memchr(user.p, '\0', user.n))
		return OH_ENOENT;
	snprintf(name, sizeof(name), "%.*s", SLICE_ARG(user));
	if (!f->fn(f->arg, name, &found))
		return OH_ENOENT;
	found.user = name;
	found.realm = NULL;
	return to_credential(&found, 0, ret_user);
}

static int finder_new(const struct offhook_challenge_cfg *cfg, struct sip_auth_server_cfg *sip)
{
	struct finder *f;

	if (!cfg->find_user)
		return 0;
	f = mem_alloc(sizeof(*f));
	if (!f)
		return OH_ENOMEM;
	*f = (struct finder){cfg->find_user, cfg->find_user_arg};
	sip->find = find;
	sip->find_arg = f;
	return 0;
}

int account_challenge_new(struct sip_stack *s, const struct offhook_challenge_cfg *theirs,
	struct sip_auth_server **ret_challenge)
{
	struct offhook_challenge_cfg cfg;
	struct sip_auth_server_cfg sip = {0};
	struct sip_credential *list;
	int err;

	*ret_challenge = NULL;
	if (!theirs)
		return 0;
	offhook_challenge_cfg_init(&cfg);
	err = cfg_take(&cfg, sizeof(cfg), theirs);
	if (err == 0)
		err = to_hashes(cfg.algorithms, sip.hashes, &sip.n_hashes);
	if (err == 0)
		err = to_credentials(cfg.users, cfg.n_users, &list);
	if (err)
		return err;
	sip.realm = slice_of(cfg.realm);
	sip.users = list;
	sip.n_users = cfg.n_users;
	sip.nonce_s = cfg.nonce_s;
	err = finder_new(&cfg, &sip);
	if (!err)
		err = sip_auth_server_new(s, &sip, ret_challenge);
	if (err)
		mem_free(sip.find_arg);
	mem_free(list);
	return err;
}
