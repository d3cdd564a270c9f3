#include "phone/account_keepalive.h"

#include "base/err.h"
#include "base/mem.h"

#define DATA_MAX 512u /* bytes of what is sent blindly */

/* ---- blindly ---- */

/* RFC 5626 4.4.1: 80 to 100 % of the time. */
static void blind_arm(struct account_keepalive *k)
{
	uint32_t ms = k->every_s * 1000;

	sip_stack_arm(k->stack, &k->blind, ms - host_random_below(sip_stack_host(k->stack), ms / 5 + 1));
}

static void blind_due(void *arg)
{
	struct account_keepalive *k = arg;
	struct reg_info info;

	reg_info(k->reg, &info);
	if (!info.bound)
		return;
	(void)sip_flow_send(&info.flow, slice_of(k->data));
	blind_arm(k);
}

/* ---- answered ---- */

static void answered_stop(struct account_keepalive *k)
{
	k->answered = sip_keepalive_free(k->answered);
}

static void on_failed(void *arg, int err)
{
	struct account_keepalive *k = arg;

	answered_stop(k);
	reg_flow_failed(k->reg, err);
}

static void on_answered(void *arg)
{
	struct account_keepalive *k = arg;

	reg_flow_answers(k->reg);
}

/* RFC 5626 4.4.2: behind a new binding of the NAT box nobody finds us. */
static void on_mapped(void *arg, const struct netaddr *mapped, bool changed)
{
	struct account_keepalive *k = arg;

	(void)mapped;
	reg_flow_answers(k->reg);
	if (changed)
		on_failed(k, OH_ECONN);
}

static bool same_flow(const struct sip_flow *a, const struct sip_flow *b)
{
	return a->transport == b->transport && a->conn == b->conn && netaddr_eq(&a->remote, &b->remote) &&
	       netaddr_eq(&a->local, &b->local);
}

static void answered_follow(struct account_keepalive *k, const struct reg_info *info)
{
	const struct sip_keepalive_handler handler = {
		.failed = on_failed, .answered = on_answered, .mapped = on_mapped, .arg = k};
	const struct sip_keepalive_cfg cfg = {
		.way = SIP_KEEPALIVE_ANSWERED, .interval_s = info->flow_timer_s};

	if (k->answered && same_flow(&k->flow, &info->flow) && k->flow_timer_s == info->flow_timer_s)
		return;
	answered_stop(k);
	k->flow = info->flow;
	k->flow_timer_s = info->flow_timer_s;
	/* A connection that has gone since, or no memory: the next refresh begins it. */
	(void)sip_keepalive_start(k->stack, &info->flow, &cfg, &handler, &k->answered);
}

static bool is_answered(const struct account_keepalive *k, const struct reg_info *info)
{
	switch (k->way) {
	case OFFHOOK_KEEPALIVE_ANSWERED:
		return true;
	case OFFHOOK_KEEPALIVE_BLIND:
		return false;
	default:
		return info->outbound;
	}
}

/* ---- both ---- */

void account_keepalive_follow(struct account_keepalive *k)
{
	struct reg_info info;

	reg_info(k->reg, &info);
	if (!k->every_s || !info.bound) {
		answered_stop(k);
	} else if (info.state != REG_REGISTERED) {
		return; /* what is there goes on until the next binding */
	} else if (is_answered(k, &info)) {
		wheel_stop(&k->blind);
		answered_follow(k, &info);
	} else {
		answered_stop(k);
		if (!wheel_armed(&k->blind))
			blind_arm(k);
	}
}

int account_keepalive_init(
	struct account_keepalive *k, struct sip_stack *s, const struct offhook_registration_cfg *cfg)
{
	bool says = cfg->keepalive_data && *cfg->keepalive_data;

	if ((unsigned)cfg->keepalive > OFFHOOK_KEEPALIVE_BLIND)
		return err_detail(OH_EINVAL, "keepalive: no such way");
	if (cfg->keepalive_s > REG_EXPIRES_MAX_S)
		return err_detail(OH_EINVAL, "keepalive_s is at most %u", REG_EXPIRES_MAX_S);
	if (says && strlen(cfg->keepalive_data) > DATA_MAX)
		return err_detail(OH_EINVAL, "keepalive_data has at most %u bytes", DATA_MAX);
	k->stack = s;
	k->way = cfg->keepalive;
	k->every_s = says || cfg->keepalive == OFFHOOK_KEEPALIVE_ANSWERED ? cfg->keepalive_s : 0;
	wheel_timer_init(&k->blind, blind_due, k);
	k->data = mem_strdup(says ? cfg->keepalive_data : "");
	return k->data ? 0 : OH_ENOMEM;
}

void account_keepalive_close(struct account_keepalive *k)
{
	answered_stop(k);
	wheel_stop(&k->blind);
	mem_free(k->data);
	k->data = NULL;
}
