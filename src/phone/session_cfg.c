/* How the sessions of an account, or of one call, behave: from the program's settings to those of the INVITE session. */
#include "phone/session_cfg.h"

#include "phone/account.h"
#include "phone/phone_impl.h"

#define MIN_SE_S 90u /* RFC 4028 4 */

void offhook_session_cfg_init(struct offhook_session_cfg *cfg)
{
	*cfg = (struct offhook_session_cfg){.size = sizeof(*cfg)};
}

static int check(const struct offhook_session_cfg *cfg)
{
	if ((unsigned)cfg->reliable > OFFHOOK_RELIABLE_REQUIRED)
		return err_detail(OH_EINVAL, "reliable is no enum offhook_reliable");
	if ((unsigned)cfg->timer > OFFHOOK_TIMER_REQUIRE)
		return err_detail(OH_EINVAL, "timer is no enum offhook_session_timer");
	if (cfg->session_expires_s &&
		(cfg->session_expires_s < MIN_SE_S || cfg->session_expires_s > SESSION_SECONDS_MAX))
		return err_detail(OH_EINVAL, "session_expires_s is 0 or 90 to 86400");
	if (cfg->min_se_s && (cfg->min_se_s < MIN_SE_S || cfg->min_se_s > SESSION_SECONDS_MAX))
		return err_detail(OH_EINVAL, "min_se_s is 0 or 90 to 86400");
	if ((unsigned)cfg->redirect > OFFHOOK_REDIRECT_FOLLOW)
		return err_detail(OH_EINVAL, "redirect is no enum offhook_redirect");
	if ((unsigned)cfg->dtmf > OFFHOOK_DTMF_IN_BAND)
		return err_detail(OH_EINVAL, "dtmf is no enum offhook_dtmf");
	if ((unsigned)cfg->dtmf_hear > OFFHOOK_DTMF_HEAR_ON)
		return err_detail(OH_EINVAL, "dtmf_hear is no enum offhook_dtmf_hear");
	if (cfg->options_s > SESSION_SECONDS_MAX)
		return err_detail(OH_EINVAL, "options_s is at most 86400");
	return 0;
}

struct session_rules session_rules_default(void)
{
	return (struct session_rules){.policy = inv_policy_default(),
		.redirect = OFFHOOK_REDIRECT_ASK,
		.dtmf = OFFHOOK_DTMF_AUTO,
		.hear = OFFHOOK_DTMF_HEAR_AUTO};
}

int session_rules(const struct offhook_session_cfg *cfg, struct session_rules *ret_rules)
{
	static const enum inv_reliable reliable[] = {[OFFHOOK_RELIABLE_DEFAULT] = INV_RELIABLE_SUPPORTED,
		[OFFHOOK_RELIABLE_OFF] = INV_RELIABLE_OFF,
		[OFFHOOK_RELIABLE_SUPPORTED] = INV_RELIABLE_SUPPORTED,
		[OFFHOOK_RELIABLE_REQUIRED] = INV_RELIABLE_REQUIRED};
	static const enum inv_timer_use timer[] = {[OFFHOOK_TIMER_DEFAULT] = INV_TIMER_ACCEPT,
		[OFFHOOK_TIMER_OFF] = INV_TIMER_OFF,
		[OFFHOOK_TIMER_ACCEPT] = INV_TIMER_ACCEPT,
		[OFFHOOK_TIMER_OFFER] = INV_TIMER_OFFER,
		[OFFHOOK_TIMER_REQUIRE] = INV_TIMER_REQUIRE};
	struct offhook_session_cfg ours;
	int err = 0;

	offhook_session_cfg_init(&ours);
	if (cfg)
		err = cfg_take(&ours, sizeof(ours), cfg);
	if (!err)
		err = check(&ours);
	if (err)
		return err;
	*ret_rules = session_rules_default();
	ret_rules->policy = (struct inv_policy){.reliable = reliable[ours.reliable],
		.timer = timer[ours.timer],
		.session_expires_s = ours.session_expires_s,
		.min_se_s = ours.min_se_s,
		.options_s = ours.options_s,
		.join = ours.join != 0};
	if (ours.redirect != OFFHOOK_REDIRECT_DEFAULT)
		ret_rules->redirect = ours.redirect;
	if (ours.dtmf != OFFHOOK_DTMF_DEFAULT)
		ret_rules->dtmf = ours.dtmf;
	if (ours.dtmf_hear != OFFHOOK_DTMF_HEAR_DEFAULT)
		ret_rules->hear = ours.dtmf_hear;
	return 0;
}

struct set_args {
	offhook_id account;
	struct session_rules rules;
};

static int set_run(struct offhook_phone *p, void *arg)
{
	const struct set_args *args = arg;
	struct account *a = account_find(p, args->account);
	int err = phone_check_open(p);

	if (err)
		return err;
	if (!a)
		return err_detail(OH_ENOENT, "no such account");
	a->rules = args->rules;
	return 0;
}

int offhook_account_set_session(
	struct offhook_phone *phone, offhook_id account, const struct offhook_session_cfg *cfg)
{
	struct set_args args = {.account = account};
	int err;

	err_detail_clear();
	err = session_rules(cfg, &args.rules);
	return err ? err : phone_command(phone, set_run, &args);
}
