/* `offhook register`: the settings of the registration, and what its outcomes mean for the run. */
#include "register.h"

#include <jansson.h>

#include <string.h>

bool register_wanted(const struct options *o)
{
	return strcmp(o->command, "register") == 0;
}

void register_settings(const struct options *o, struct offhook_registration_cfg *cfg)
{
	offhook_registration_cfg_init(cfg);
	cfg->registrar = o->registrar;
	if (o->expires_s)
		cfg->expires_s = o->expires_s;
	if (o->retry_s)
		cfg->wait_max_s = o->retry_s;
	cfg->instance_id = o->instance;
	cfg->reg_id = o->instance != NULL;
	cfg->use_gruu = o->instance != NULL;
}

static const char *state_name(enum offhook_registration_state state)
{
	static const char *const names[] = {
		"none", "unregistered", "trying", "registered", "waiting", "refused", "leaving"};

	return names[state];
}

enum register_verdict register_outcome(
	const struct options *o, struct offhook_phone *phone, const struct offhook_event *e)
{
	struct offhook_registration_info info = {.size = sizeof(info)};
	const char *what;

	if (offhook_account_get_registration(phone, e->id, &info))
		return REGISTER_GOES_ON;
	what = *info.reason ? info.reason : offhook_strerror(e->error);
	report(o, "registration",
		json_pack("{s:s, s:i, s:o, s:s, s:i, s:i, s:o, s:o, s:o}", "state", state_name(info.state),
			"status", (int)e->status, "reason", report_text(info.reason, strlen(info.reason)),
			"error", e->error ? offhook_errname(e->error) : "", "granted_s", (int)info.granted_s,
			"next_s", (int)info.next_s, "contact",
			report_text(info.contact, strlen(info.contact)), "service_route",
			report_text(info.service_route, strlen(info.service_route)), "gruu",
			report_text(info.pub_gruu, strlen(info.pub_gruu))),
		"%s: %u %s", state_name(info.state), e->status, what);
	if (info.state == OFFHOOK_REGISTRATION_ACTIVE)
		return e->error ? REGISTER_GOES_ON : REGISTER_DONE;
	return info.state == OFFHOOK_REGISTRATION_REFUSED ? REGISTER_FAILED : REGISTER_GOES_ON;
}
