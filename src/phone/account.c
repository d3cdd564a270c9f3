/* Accounts: identities, added, changed and removed. */
#include "phone/account.h"

#include "base/mem.h"
#include "phone/account_auth.h"
#include "phone/account_reg.h"
#include "phone/account_way.h"
#include "phone/buddy.h"
#include "phone/edits.h"
#include "phone/identity.h"
#include "phone/phone_impl.h"
#include "phone/presence.h"
#include "phone/sources.h"
#include "phone/uri_text.h"
#include "phone/watcher.h"

void offhook_account_cfg_init(struct offhook_account_cfg *cfg)
{
	*cfg = (struct offhook_account_cfg){.size = sizeof(*cfg)};
}

struct account *account_find(const struct offhook_phone *p, offhook_id id)
{
	return ids_find(&p->ids, ID_ACCOUNT, id);
}

int account_operand(const struct offhook_phone *p, offhook_id id, struct account **ret_account)
{
	struct account *a = account_find(p, id);

	if (!a)
		return err_detail(OH_ENOENT, "no such account");
	*ret_account = a;
	return 0;
}

/* What an account is made of, without its place and its id. */
static void settings_free(struct account *a)
{
	subject_unref(a->subject);
	sip_auth_unref(a->auth);
	sip_auth_server_free(a->challenge);
	codec_choice_unref(a->codecs);
	mem_free(a->uri);
	mem_free(a->from);
	mem_free(a->contact);
	mem_free(a->way);
	mem_free(a->allowed);
	identity_free(a->identity);
	edits_free(a->edits);
}

static void account_free(struct offhook_phone *p, struct account *a)
{
	/* While it can still be found: they say goodbye in its name. */
	if (list_linked(&a->node)) {
		buddies_account_gone(p, a->id);
		watchers_account_gone(p, a->id);
		account_presence_stop(a->presence);
	}
	account_presence_free(a->presence);
	if (list_linked(&a->node)) {
		list_remove(&a->node);
		p->n_accounts--;
	}
	ids_remove(&p->ids, a->id);
	if (p->default_account == a) {
		struct list *first = list_first(&p->accounts);

		p->default_account = first ? CONTAINER_OF(first, struct account, node) : NULL;
	}
	account_reg_leave(a->reg);
	settings_free(a);
	mem_free(a);
}

void accounts_free_all(struct offhook_phone *p)
{
	LIST_FOREACH_SAFE (it, &p->accounts)
		account_free(p, CONTAINER_OF(it, struct account, node));
}

/* ---- adding ---- */

struct add_args {
	struct offhook_account_cfg cfg;
	struct offhook_registration_cfg registration;
	offhook_id id; /* of the one that is modified */
	offhook_id *ret_id;
};

static int take_args(const struct offhook_account_cfg *cfg, struct add_args *args)
{
	int err;

	offhook_account_cfg_init(&args->cfg);
	offhook_registration_cfg_init(&args->registration);
	err = cfg_take(&args->cfg, sizeof(args->cfg), cfg);
	if (err || !args->cfg.registration)
		return err;
	return cfg_take(&args->registration, sizeof(args->registration), args->cfg.registration);
}

static const struct offhook_registration_cfg *registration_of(const struct add_args *args)
{
	return args->cfg.registration ? &args->registration : NULL;
}

/* "<sip:192.0.2.1:5060>" */
static char *transport_uri(const struct offhook_phone *p, const struct transport *t)
{
	char host[256], text[300];
	uint16_t port;
	bool ip6;

	transport_published(p, t, host, sizeof(host), &port);
	ip6 = strchr(host, ':') != NULL && host[0] != '[';
	snprintf(text, sizeof(text), ip6 ? "<sip:[%s]:%u>" : "<sip:%s:%u>", host, port);
	return mem_strdup(text);
}

/* a->id is set. */
static int fill(struct offhook_phone *p, struct account *a, const struct offhook_account_cfg *cfg,
	const struct offhook_registration_cfg *registration)
{
	struct sip_addr addr;
	int err;

	if (cfg->transport && !transport_find(p, cfg->transport))
		return err_detail(OH_ENOENT, "no such transport");
	if (!cfg->uri && !cfg->transport)
		return err_detail(OH_EINVAL, "an account needs a URI or a transport");
	a->uri = cfg->uri ? mem_strdup(cfg->uri) : transport_uri(p, transport_find(p, cfg->transport));
	if (!a->uri)
		return OH_ENOMEM;
	err = uri_text_parse(a->uri, &addr);
	if (err)
		return err;
	a->parsed = addr.uri;
	a->from = uri_text_identity(&addr);
	if (!a->from)
		return OH_ENOMEM;
	if (cfg->contact && *cfg->contact) {
		err = uri_text_parse(cfg->contact, &addr);
		if (err)
			return err;
		a->contact = mem_zalloc(strlen(cfg->contact) + 3);
		if (!a->contact)
			return OH_ENOMEM;
		snprintf(a->contact, strlen(cfg->contact) + 3, addr.angled ? "%s" : "<%s>", cfg->contact);
	}
	a->transport = cfg->transport;
	a->rules = session_rules_default();
	a->priority = cfg->priority;
	a->subject = subject_new(cfg->user_data);
	if (!a->subject)
		return OH_ENOMEM;
	a->subject->id = a->id;
	err = account_way_new(&(struct way_cfg){.before = p->way,
				      .proxies = cfg->proxies,
				      .n_proxies = cfg->n_proxies,
				      .servers = cfg->servers,
				      .n_servers = cfg->n_servers,
				      .secure = cfg->secure_only},
		&a->way);
	if (!err)
		err = sources_new(cfg->allow_from, cfg->n_allow_from, &a->allowed);
	if (!err)
		err = account_auth_new(cfg->auth, &a->auth);
	if (!err && cfg->codecs)
		err = codec_choice_new(&p->codecs, slice_of(cfg->codecs), &a->codecs);
	if (!err)
		err = account_challenge_new(p->stack, cfg->challenge, &a->challenge);
	if (!err)
		err = account_presence_new(p, a->id, cfg->presence, &a->presence);
	return err ? err : account_reg_new(p, a, registration, &a->reg);
}

static int add_run(struct offhook_phone *p, void *arg)
{
	const struct add_args *args = arg;
	struct account *a;
	int err = phone_check_taking(p);

	if (err)
		return err;
	a = mem_zalloc(sizeof(*a));
	if (!a)
		return OH_ENOMEM;
	err = ids_add(&p->ids, ID_ACCOUNT, a, &a->id);
	if (!err)
		err = fill(p, a, &args->cfg, registration_of(args));
	if (err) {
		account_free(p, a);
		return err;
	}
	list_append(&p->accounts, &a->node);
	p->n_accounts++;
	if (args->cfg.make_default || !p->default_account)
		p->default_account = a;
	*args->ret_id = a->id;
	if (a->reg)
		account_reg_begin(a->reg, NULL);
	else
		account_presence_begin(a->presence);
	return 0;
}

int offhook_account_add(
	struct offhook_phone *phone, const struct offhook_account_cfg *cfg, offhook_id *ret_id)
{
	struct add_args args = {.ret_id = ret_id};
	int err;

	err_detail_clear();
	err = take_args(cfg, &args);
	return err ? err : phone_command(phone, add_run, &args);
}

/* Everything of the new one takes the place of what the old one had. */
static void replace(struct account *a, struct account *with)
{
	struct account_reg *before = a->reg;
	struct account_presence *presence = a->presence, *adopted = with->presence;

	/* What has functions of its own. */
	with->rules = a->rules;
	with->identity = a->identity;
	with->auto_answer = a->auto_answer;
	with->auto_answer_ms = a->auto_answer_ms;
	a->identity = NULL;
	with->edits = a->edits;
	a->edits = NULL;

	settings_free(a);
	with->node = a->node;
	with->node.next->prev = with->node.prev->next = &a->node;
	*a = *with;
	a->presence = presence;
	if (a->reg)
		account_reg_begin(a->reg, before);
	account_reg_leave(before);
	account_presence_adopt(presence, adopted);
}

static int modify_run(struct offhook_phone *p, void *arg)
{
	const struct add_args *args = arg;
	struct account *a = NULL, fresh = {.id = args->id};
	int err = phone_check_taking(p);

	if (!err)
		err = account_operand(p, args->id, &a);
	if (err)
		return err;
	err = fill(p, &fresh, &args->cfg, registration_of(args));
	if (err) {
		account_presence_free(fresh.presence);
		settings_free(&fresh);
		return err;
	}
	replace(a, &fresh);
	if (args->cfg.make_default)
		p->default_account = a;
	return 0;
}

int offhook_account_modify(struct offhook_phone *phone, offhook_id id, const struct offhook_account_cfg *cfg)
{
	struct add_args args = {.id = id};
	int err;

	err_detail_clear();
	err = take_args(cfg, &args);
	return err ? err : phone_command(phone, modify_run, &args);
}

/* ---- the rest of the API ---- */

static int remove_run(struct offhook_phone *p, void *arg)
{
	const offhook_id *id = arg;
	struct account *a = NULL;
	int err = phone_check_open(p);

	if (!err)
		err = account_operand(p, *id, &a);
	if (err)
		return err;
	account_free(p, a);
	return 0;
}

int offhook_account_remove(struct offhook_phone *phone, offhook_id id)
{
	return phone_command(phone, remove_run, &id);
}

static int set_default_run(struct offhook_phone *p, void *arg)
{
	const offhook_id *id = arg;
	struct account *a = NULL;
	int err = phone_check_open(p);

	if (!err)
		err = account_operand(p, *id, &a);
	if (err)
		return err;
	p->default_account = a;
	return 0;
}

int offhook_account_set_default(struct offhook_phone *phone, offhook_id id)
{
	return phone_command(phone, set_default_run, &id);
}

struct transport_args {
	offhook_id account, transport;
};

static int set_transport_run(struct offhook_phone *p, void *arg)
{
	const struct transport_args *args = arg;
	struct transport *t = args->transport ? transport_find(p, args->transport) : NULL;
	struct account *a = NULL;
	int err = phone_check_taking(p);

	if (!err)
		err = account_operand(p, args->account, &a);
	if (err)
		return err;
	if (args->transport && !t)
		return err_detail(OH_ENOENT, "no such transport");
	a->transport = args->transport;
	account_reg_prefer(a->reg, t ? t->sip : NULL);
	return 0;
}

int offhook_account_set_transport(struct offhook_phone *phone, offhook_id account, offhook_id transport)
{
	struct transport_args args = {account, transport};

	return phone_command(phone, set_transport_run, &args);
}

struct info_args {
	offhook_id id;
	struct offhook_account_info info;
};

static int info_run(struct offhook_phone *p, void *arg)
{
	struct info_args *args = arg;
	struct account *a = NULL;
	int err = phone_check_open(p);

	if (!err)
		err = account_operand(p, args->id, &a);
	if (err)
		return err;
	snprintf(args->info.uri, sizeof(args->info.uri), "%s", a->uri);
	args->info.transport = a->transport;
	args->info.is_default = p->default_account == a;
	args->info.priority = a->priority;
	args->info.user_data = atomic_load_explicit(&a->subject->user_data, memory_order_acquire);
	return 0;
}

int offhook_account_get_info(
	struct offhook_phone *phone, offhook_id id, struct offhook_account_info *ret_info)
{
	struct info_args args = {.id = id};
	int err = phone_query(phone, info_run, &args);

	return err ? err : info_give(ret_info, &args.info, sizeof(args.info));
}
