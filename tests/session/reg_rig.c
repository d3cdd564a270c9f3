#include "reg_rig.h"

#include <stdio.h>

static __attribute__((format(printf, 2, 3))) void note(struct reg_rig *r, const char *format, ...)
{
	size_t n = strlen(r->log);
	va_list args;

	if (n && n + 1 < sizeof(r->log))
		r->log[n++] = ' ';
	va_start(args, format);
	vsnprintf(r->log + n, sizeof(r->log) - n, format, args);
	va_end(args);
}

static void on_outcome(void *arg, const struct reg_outcome *o)
{
	struct reg_rig *r = arg;

	if (o->err)
		note(r, "%s(%u,%s)", reg_state_name(o->state), o->status, offhook_errname(o->err));
	else
		note(r, "%s(%u)", reg_state_name(o->state), o->status);
	if (r->drops_at_outcome)
		r->reg = reg_free(r->reg);
}

static void on_bindings(void *arg, int err, struct sip_msg *msg)
{
	struct reg_rig *r = arg;
	size_t n = 0;

	if (err) {
		snprintf(r->bindings, sizeof(r->bindings), "%s", offhook_errname(err));
		return;
	}
	snprintf(r->bindings, sizeof(r->bindings), "none");
	for (const struct sip_hdr *h = sip_msg_hdr(msg, SIP_HDR_CONTACT); h; h = sip_msg_hdr_next(msg, h)) {
		struct slice rest = h->value;
		struct sip_addr c;

		while (sip_addr_next(&rest, &c) > 0)
			n += (size_t)snprintf(r->bindings + n, sizeof(r->bindings) - n, "%s%.*s",
				n ? " " : "", SLICE_ARG(c.uri.text));
	}
}

static void on_request(void *arg, struct sip_msg *msg, struct sip_server *server)
{
	(void)arg;
	(void)msg;
	sip_refuse(server, 404, NULL);
}

static int open_stack(struct reg_rig *r)
{
	struct sip_stack_cfg cfg = {.handler = {.request = on_request, .arg = r}};
	struct sip_transport_cfg udp = {.type = SIP_TRANSPORT_UDP};
	int err = sim_host_new(r->sim, REG_RIG_IP, &r->host);

	if (err)
		return err;
	cfg.host = r->host;
	err = netaddr_parse_ip(slice_of(REG_RIG_IP), 5060, &udp.local);
	if (!err)
		err = sip_stack_new(&cfg, &r->stack);
	if (!err)
		err = sip_transport_new(r->stack, &udp, &r->udp);
	return err;
}

struct reg_handler reg_rig_handler(struct reg_rig *r)
{
	return (struct reg_handler){on_outcome, on_bindings, r};
}

static int open_reg(struct reg_rig *r, reg_rig_edit *edit)
{
	static const struct slice registrar = SLICE_LIT("sip:" REGISTRAR_IP);
	static const struct sip_credential alice = {
		SLICE_LIT("*"), SLICE_LIT("alice"), SLICE_LIT("secret"), {{0}}};
	struct reg_cfg cfg = {.registrars = &registrar,
		.n_registrars = 1,
		.aor = SLICE_LIT("<" REG_RIG_AOR ">"),
		.user = SLICE_LIT("alice"),
		.expires_s = 300,
		.rewrite = true,
		.handler = reg_rig_handler(r)};
	int err = sip_auth_new(&(struct sip_auth_cfg){.credentials = &alice, .n_credentials = 1}, &r->auth);

	if (err)
		return err;
	cfg.auth = r->auth;
	if (edit)
		edit(&cfg);
	return reg_new(r->stack, &cfg, &r->reg);
}

int reg_rig_try_new(
	uint64_t seed, const struct registrar_cfg *registrar, reg_rig_edit *edit, struct reg_rig **ret_rig)
{
	struct reg_rig *r = calloc(1, sizeof(*r));
	int err;

	CHECK(r);
	err = sim_new(seed ? seed : 7, &r->sim);
	if (!err)
		err = open_stack(r);
	if (!err)
		err = open_reg(r, edit);
	if (!err) {
		r->registrar = registrar_try_new(r->sim, registrar);
		err = r->registrar ? 0 : OH_ENOMEM;
	}
	if (err) {
		reg_rig_drop(r);
		return err;
	}
	*ret_rig = r;
	return 0;
}

struct reg_rig *reg_rig_new(const struct registrar_cfg *registrar, reg_rig_edit *edit)
{
	struct reg_rig *r = NULL;

	CHECK_OK(reg_rig_try_new(0, registrar, edit, &r));
	return r;
}

struct reg_rig *reg_rig_drop(struct reg_rig *r)
{
	reg_free(r->reg);
	sip_auth_unref(r->auth);
	sip_stack_free(r->stack);
	registrar_free(r->registrar);
	host_free(r->host);
	sim_free(r->sim);
	free(r);
	return NULL;
}

void reg_rig_close(struct reg_rig *r)
{
	struct sip_counters c;

	r->reg = reg_free(r->reg);
	reg_rig_run_ms(r, 100000);
	sip_stack_counters(r->stack, &c);
	CHECK_EQ(c.client_txns + c.server_txns + c.timers + c.locating + c.unanswered, 0);
	reg_rig_drop(r);
}

void reg_rig_run_ms(struct reg_rig *r, uint64_t ms)
{
	sim_run_for(r->sim, ms * NS_PER_MS);
}

struct wait {
	const struct reg_rig *rig;
	enum reg_state state;
};

struct reg_info reg_rig_info(const struct reg_rig *r)
{
	struct reg_info info;

	reg_info(r->reg, &info);
	return info;
}

static bool is_there(void *arg)
{
	const struct wait *w = arg;

	return reg_rig_info(w->rig).state == w->state;
}

bool reg_rig_wait(struct reg_rig *r, enum reg_state state, unsigned seconds)
{
	struct wait w = {r, state};

	return sim_run_while_not(r->sim, is_there, &w, seconds * NS_PER_S);
}
