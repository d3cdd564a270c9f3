/* The life of a registration, and what its owner may ask. */
#include "base/err.h"
#include "base/mem.h"
#include "session/reg_impl.h"

#include <stdio.h>

/* RFC 5626 4.5, but for the cap: a phone that is away for half an hour is of no use to anybody. */
#define EXPIRES_S   300u
#define WAIT_BASE_S 30u
#define WAIT_MAX_S  60u

#define TAG_LEN     16u
#define CALL_ID_LEN 24u

struct texts *texts_new(const struct slice *list, size_t n)
{
	size_t bytes = sizeof(struct texts) + n * sizeof(struct slice);
	struct texts *t;
	char *at;

	for (size_t i = 0; i < n; i++)
		bytes += list[i].n;
	t = mem_alloc(bytes);
	if (!t)
		return NULL;
	t->n = n;
	at = (char *)&t->list[n];
	for (size_t i = 0; i < n; i++) {
		t->list[i] = slice_present(list[i]) ? slice_make(at, list[i].n) : SLICE_NONE;
		if (list[i].n)
			memcpy(at, list[i].p, list[i].n);
		at += list[i].n;
	}
	return t;
}

/* ---- making ---- */

/* RFC 3261 10.2: the Request-URI has no user. */
static int check_registrar(struct slice text)
{
	struct sip_uri uri;
	int err = sip_uri_parse(text, &uri);

	if (err)
		return err;
	if (uri.scheme != SIP_SCHEME_SIP && uri.scheme != SIP_SCHEME_SIPS)
		return err_detail(OH_ESCHEME, "a registrar is a sip or sips URI: '%.*s'", SLICE_ARG(text));
	return 0;
}

static int check(const struct reg_cfg *cfg)
{
	if (cfg->n_registrars == 0 || cfg->n_registrars > REG_REGISTRARS_MAX)
		return err_detail(OH_EINVAL, "1 to %u registrars", REG_REGISTRARS_MAX);
	if (cfg->n_routes > SIP_ROUTES_MAX)
		return err_detail(OH_EINVAL, "at most %u proxies", SIP_ROUTES_MAX);
	if (cfg->n_servers > SIP_HOPS_MAX)
		return err_detail(OH_EINVAL, "at most %u servers", SIP_HOPS_MAX);
	if (cfg->n_extras > REG_EXTRAS_MAX)
		return err_detail(OH_EINVAL, "at most %u headers", REG_EXTRAS_MAX);
	if (cfg->reg_id && slice_empty(cfg->instance))
		return err_detail(OH_EINVAL, "reg-id needs an instance (RFC 5626 4.2.1)");
	for (size_t i = 0; i < cfg->n_registrars; i++) {
		int err = check_registrar(cfg->registrars[i]);

		if (err)
			return err;
	}
	return 0;
}

static void due(void *arg)
{
	reg_handle(arg, REG_EV_DUE, NULL);
}

static void expired(void *arg)
{
	reg_handle(arg, REG_EV_EXPIRED, NULL);
}

static int copy_texts(struct reg *r, const struct reg_cfg *cfg)
{
	struct slice list[REG_N_TEXTS + REG_REGISTRARS_MAX + SIP_ROUTES_MAX + SIP_HOPS_MAX],
		extras[2 * REG_EXTRAS_MAX];
	char tag[TAG_LEN + 1], call_id[CALL_ID_LEN + 1], from[REG_TEXT_MAX];
	int n = snprintf(from, sizeof(from), "%.*s;tag=", SLICE_ARG(cfg->aor));
	size_t at = REG_N_TEXTS;

	if (n < 0 || (size_t)n + TAG_LEN >= sizeof(from))
		return OH_ETOOBIG;
	sip_stack_token(r->stack, tag, TAG_LEN);
	sip_stack_token(r->stack, call_id, CALL_ID_LEN);
	memcpy(from + n, tag, TAG_LEN + 1);
	list[REG_AOR] = cfg->aor;
	list[REG_FROM] = slice_of(from);
	list[REG_CALL_ID] = slice_of(call_id);
	list[REG_USER] = cfg->user;
	list[REG_FIXED] = cfg->contact;
	list[REG_PARAMS] = cfg->params;
	list[REG_LINE] = cfg->line;
	list[REG_INSTANCE] = cfg->instance;
	for (size_t i = 0; i < cfg->n_registrars; i++)
		list[at++] = cfg->registrars[i];
	for (size_t i = 0; i < cfg->n_routes; i++)
		list[at++] = cfg->routes[i];
	for (size_t i = 0; i < cfg->n_servers; i++)
		list[at++] = cfg->servers[i];
	r->own = texts_new(list, at);
	for (size_t i = 0; i < cfg->n_extras; i++) {
		extras[2 * i] = cfg->extras[i].name;
		extras[2 * i + 1] = cfg->extras[i].value;
	}
	r->extras = cfg->n_extras ? texts_new(extras, 2 * cfg->n_extras) : NULL;
	return r->own && (r->extras || !cfg->n_extras) ? 0 : OH_ENOMEM;
}

int reg_new(struct sip_stack *s, const struct reg_cfg *cfg, struct reg **ret_reg)
{
	struct reg *r;
	int err = check(cfg);

	if (err)
		return err;
	r = mem_zalloc(sizeof(*r));
	if (!r)
		return OH_ENOMEM;
	r->stack = s;
	r->handler = cfg->handler;
	r->about = cfg->about;
	r->prefer = cfg->prefer;
	r->auth = sip_auth_ref(cfg->auth);
	r->n_registrars = cfg->n_registrars;
	r->n_routes = cfg->n_routes;
	r->n_servers = cfg->n_servers;
	r->retry_after_s = -1;
	r->setup = (struct reg_setup){
		.expires_s = cfg->expires_s ? cfg->expires_s : EXPIRES_S,
		.wait_base_s = cfg->wait_base_s ? cfg->wait_base_s : WAIT_BASE_S,
		.wait_max_s = cfg->wait_max_s ? cfg->wait_max_s : WAIT_MAX_S,
		.refused_s = cfg->refused_s,
		.reg_id = cfg->reg_id,
		.secure = cfg->secure,
		.gruu = cfg->gruu && !slice_empty(cfg->instance),
		.rewrite = cfg->rewrite && slice_empty(cfg->contact),
	};
	wheel_timer_init(&r->due, due, r);
	wheel_timer_init(&r->expiry, expired, r);
	err = copy_texts(r, cfg);
	if (err) {
		reg_free(r);
		return err;
	}
	*ret_reg = r;
	return 0;
}

struct reg *reg_free(struct reg *r)
{
	if (!r)
		return NULL;
	wheel_stop(&r->due);
	wheel_stop(&r->expiry);
	reg_ask_drop(r);
	reg_forget_way(r);
	sip_client_free(r->fetch);
	reg_grant_clear(r);
	sip_auth_unref(r->auth);
	mem_free(r->contact);
	mem_free(r->old_contact);
	mem_free(r->reason);
	mem_free(r->extras);
	mem_free(r->own);
	mem_free(r);
	return NULL;
}

/* ---- orders and questions ---- */

void reg_start(struct reg *r)
{
	reg_handle(r, REG_EV_START, NULL);
}

void reg_stop(struct reg *r)
{
	reg_handle(r, REG_EV_STOP, NULL);
}

void reg_moved(struct reg *r)
{
	reg_handle(r, REG_EV_MOVED, NULL);
}

void reg_prefer(struct reg *r, struct sip_transport *prefer)
{
	if (r->prefer == prefer)
		return;
	r->prefer = prefer;
	reg_moved(r);
}

void reg_flow_answers(struct reg *r)
{
	r->grant.answers = r->grant.until_ns != 0;
	r->broken = 0;
}

void reg_flow_failed(struct reg *r, int err)
{
	reg_handle(r, REG_EV_BROKEN, &(struct reg_happened){.err = err});
}

static uint32_t next_s(const struct reg *r)
{
	uint64_t now = host_now(sip_stack_host(r->stack));

	if (!wheel_armed(&r->due) || r->due.due_ns <= now)
		return 0;
	return (uint32_t)((r->due.due_ns - now + NS_PER_S - 1) / NS_PER_S);
}

void reg_info(const struct reg *r, struct reg_info *ret_info)
{
	const struct texts *g = r->grant.texts;

	*ret_info = (struct reg_info){
		.state = r->state,
		.status = r->status,
		.reason = slice_of(r->reason ? r->reason : sip_reason(r->status)),
		.err = r->err,
		.bound = r->grant.until_ns != 0,
		.granted_s = r->grant.expires_s,
		.next_s = next_s(r),
		.failures = r->failures,
		.registrar = r->registrar,
		.contact = slice_of(r->contact),
		.outbound = r->grant.outbound,
		.flow_timer_s = r->grant.flow_timer_s,
		.flow = r->grant.flow,
	};
	if (!g)
		return;
	ret_info->pub_gruu = g->list[REG_PUB_GRUU];
	ret_info->temp_gruu = g->list[REG_TEMP_GRUU];
	ret_info->service_route = &g->list[REG_N_GRUUS];
	ret_info->n_service_route = g->n - REG_N_GRUUS;
}
