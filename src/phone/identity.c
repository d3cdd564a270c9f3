#include "phone/identity.h"

#include "base/mem.h"
#include "offhook/identity.h"
#include "phone/account_reg.h"

#define TRUSTED_MAX 64u

struct prefix {
	struct netaddr ip;
	unsigned bits;
};

struct identity {
	bool anonymous, trust_registrar;
	char *privacy, *preferred, *asserted; /* header values; NULL: none */
	size_t n_trusted;
	struct prefix trusted[TRUSTED_MAX];
};

void offhook_identity_cfg_init(struct offhook_identity_cfg *cfg)
{
	*cfg = (struct offhook_identity_cfg){.size = sizeof(*cfg)};
}

struct identity *identity_free(struct identity *id)
{
	if (!id)
		return NULL;
	mem_free(id->privacy);
	mem_free(id->preferred);
	mem_free(id->asserted);
	mem_free(id);
	return NULL;
}

bool identity_is_anonymous(const struct identity *id)
{
	return id && id->anonymous;
}

/* ---- settings ---- */

/* priv-value *(";" priv-value) (RFC 3323 4.2, RFC 3325 9.3, RFC 7044 10.1) */
static int check_privacy(const char *text)
{
	static const char *const known[] = {"header", "session", "user", "none", "critical", "id", "history"};
	struct slice rest = slice_of(text);
	bool good = rest.n > 0;

	while (good && rest.n) {
		size_t n = slice_index(rest, ';');
		struct slice one = slice_trim(slice_make(rest.p, n));

		good = false;
		for (size_t i = 0; i < ARRAY_LEN(known); i++)
			good = good || slice_ieq(one, slice_of(known[i]));
		rest = slice_skip(rest, n + 1);
	}
	return good ? 0 : err_detail(OH_EINVAL, "privacy '%.64s' is none of RFC 3323", text);
}

static int take_privacy(const struct offhook_identity_cfg *cfg, char **ret_value)
{
	const char *text = cfg->privacy ? cfg->privacy : cfg->anonymous ? "id" : NULL;
	int err = text ? check_privacy(text) : 0;

	if (err || !text)
		return err;
	*ret_value = mem_strdup(text);
	return *ret_value ? 0 : OH_ENOMEM;
}

/* A name-addr: a URI by itself gets its brackets, because ';' and '?' would end it (RFC 3261 20). */
static int take_uri(const char *text, char **ret_value)
{
	struct slice s = slice_trim(slice_of(text));
	struct sip_addr addr = {.text = s};
	bool angled = slice_index(s, '<') < s.n;
	int err;

	if (!text)
		return 0;
	err = angled ? sip_addr_parse(s, &addr) : sip_uri_parse(s, &addr.uri);
	if (err || strpbrk(text, "\r\n") || addr.star)
		return err == OH_ENOMEM ? err : err_detail(OH_EURI, "'%.100s' is no identity", text);
	if (addr.uri.scheme == SIP_SCHEME_OTHER)
		return err_detail(OH_ESCHEME, "'%.100s' is not a sip:, sips: or tel: URI", text);
	*ret_value = mem_alloc(s.n + 3);
	if (!*ret_value)
		return OH_ENOMEM;
	snprintf(*ret_value, s.n + 3, angled ? "%.*s" : "<%.*s>", SLICE_ARG(s));
	return 0;
}

static int parse_prefix(struct slice text, struct prefix *ret_prefix)
{
	size_t n = slice_index(text, '/');
	uint32_t bits;

	if (netaddr_parse_ip(slice_make(text.p, n), 0, &ret_prefix->ip) != 0)
		return OH_EINVAL;
	bits = ret_prefix->ip.family == NETADDR_IP4 ? 32 : 128;
	if (n < text.n && slice_to_u32(slice_skip(text, n + 1), bits, &bits) != 0)
		return OH_EINVAL;
	ret_prefix->bits = bits;
	return 0;
}

static int take_trusted(const char *list, struct identity *id)
{
	static const char between[] = " \t,";

	while (list && *(list += strspn(list, between))) {
		size_t n = strcspn(list, between);

		if (id->n_trusted == TRUSTED_MAX)
			return err_detail(OH_EINVAL, "trusted: at most %u addresses", TRUSTED_MAX);
		if (parse_prefix(slice_make(list, n), &id->trusted[id->n_trusted]))
			return err_detail(OH_EINVAL, "trusted: '%.*s' is no address or prefix",
				(int)(n < 64 ? n : 64), list);
		id->n_trusted++;
		list += n;
	}
	return 0;
}

int identity_new(const struct offhook_identity_cfg *theirs, struct identity **ret_identity)
{
	struct offhook_identity_cfg cfg;
	struct identity *id;
	int err = 0;

	offhook_identity_cfg_init(&cfg);
	if (theirs)
		err = cfg_take(&cfg, sizeof(cfg), theirs);
	if (err)
		return err;
	id = mem_zalloc(sizeof(*id));
	if (!id)
		return OH_ENOMEM;
	id->anonymous = cfg.anonymous != 0;
	id->trust_registrar = cfg.trust_registrar != 0;
	err = take_privacy(&cfg, &id->privacy);
	if (!err)
		err = take_uri(cfg.preferred_identity, &id->preferred);
	if (!err)
		err = take_uri(cfg.asserted_identity, &id->asserted);
	if (!err)
		err = take_trusted(cfg.trusted, id);
	if (err) {
		identity_free(id);
		return err;
	}
	*ret_identity = id;
	return 0;
}

/* ---- out ---- */

static bool has(const struct offhook_header *headers, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (headers[i].name && slice_ieq(slice_of(headers[i].name), slice_of(name)))
			return true;
	return false;
}

static size_t add(struct offhook_header *list, size_t n_theirs, size_t n, const char *name, const char *value)
{
	if (!value || has(list, n_theirs, name))
		return n;
	list[n] = (struct offhook_header){name, value};
	return n + 1;
}

int identity_extras(
	const struct identity *id, const struct offhook_header *headers, size_t n, struct extras **ret_extras)
{
	struct offhook_header *all;
	size_t n_all = n;
	int err;

	if (!id || (n && !headers))
		return extras_new(headers, n, ret_extras);
	all = mem_alloc((n + 3) * sizeof(*all));
	if (!all)
		return OH_ENOMEM;
	if (n)
		memcpy(all, headers, n * sizeof(*all));
	n_all = add(all, n, n_all, "Privacy", id->privacy);
	n_all = add(all, n, n_all, "P-Preferred-Identity", id->preferred);
	n_all = add(all, n, n_all, "P-Asserted-Identity", id->asserted);
	err = extras_new(all, n_all, ret_extras);
	mem_free(all);
	return err;
}

void identity_hide_user(char *contact)
{
	struct sip_addr addr;

	if (sip_addr_parse(slice_of(contact), &addr) != 0 || !slice_present(addr.uri.user) ||
		sip_uri_param(&addr.uri, SLICE_LIT("gr"), NULL))
		return;
	memmove(contact + (addr.uri.user.p - contact), addr.uri.host.p, strlen(addr.uri.host.p) + 1);
}

/* ---- in ---- */

static bool is_within(const struct netaddr *ip, const struct prefix *p)
{
	unsigned bytes = p->bits / 8, bits = p->bits % 8;

	return ip->family == p->ip.family && memcmp(ip->ip, p->ip.ip, bytes) == 0 &&
	       (bits == 0 || (ip->ip[bytes] ^ p->ip.ip[bytes]) >> (8 - bits) == 0);
}

bool identity_trusts(const struct account *a, const struct netaddr *from)
{
	const struct identity *id = a->identity;

	if (!id)
		return false;
	if (id->trust_registrar && account_reg_is_at(a->reg, from))
		return true;
	for (size_t i = 0; i < id->n_trusted; i++)
		if (is_within(from, &id->trusted[i]))
			return true;
	return false;
}

/* ---- the API ---- */

struct set_args {
	offhook_id account;
	struct identity *identity;
};

static int set_run(struct offhook_phone *p, void *arg)
{
	struct set_args *args = arg;
	struct account *a = account_find(p, args->account);
	struct identity *before;
	int err = phone_check_open(p);

	if (err)
		return err;
	if (!a)
		return err_detail(OH_ENOENT, "no such account");
	before = a->identity;
	a->identity = args->identity;
	args->identity = before;
	return 0;
}

int offhook_account_set_identity(
	struct offhook_phone *phone, offhook_id account, const struct offhook_identity_cfg *cfg)
{
	struct set_args args = {.account = account};
	int err;

	err_detail_clear();
	err = identity_new(cfg, &args.identity);
	if (!err)
		err = phone_command(phone, set_run, &args);
	identity_free(args.identity);
	return err;
}
