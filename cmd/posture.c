/* `offhook security`, and the settings that it judges. */
#include "posture.h"

#include <jansson.h>

#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 128u

bool posture_wanted(const struct options *o)
{
	return strcmp(o->command, "security") == 0;
}

/* "drop" or a status. */
static bool refusal(const struct options *o, const char *name, const char *text, int *ret)
{
	char *end;
	long status;

	if (!text)
		return true;
	if (strcmp(text, "drop") == 0) {
		*ret = OFFHOOK_UNMATCHED_DROP;
		return true;
	}
	status = strtol(text, &end, 10);
	if (*end || status < 300 || status > 699) {
		char what[64];

		snprintf(what, sizeof(what), "--%s is drop, or a status of 300 to 699", name);
		complain(o, what, OH_EINVAL);
		return false;
	}
	*ret = (int)status;
	return true;
}

bool posture_settings(const struct options *o, struct offhook_phone_cfg *cfg)
{
	cfg->max_calls = o->max_calls;
	cfg->max_requests = o->max_requests;
	cfg->max_requests_per_source = o->max_per_source;
	cfg->secure_only = o->secure_only;
	return refusal(o, "unmatched", o->unmatched, &cfg->unmatched) &&
	       refusal(o, "disallowed", o->disallowed, &cfg->disallowed);
}

void posture_sources(const struct options *o, struct offhook_transport_cfg *cfg)
{
	cfg->allow_from = o->allow;
	cfg->n_allow_from = o->n_allow;
}

int posture_report(const struct options *o, struct offhook_phone *phone)
{
	struct offhook_security_row rows[ROWS_MAX];
	size_t n = 0;
	int err = offhook_phone_security(phone, rows, ROWS_MAX, &n), status = EXIT_OK;

	if (err) {
		complain(o, "security", err);
		return EXIT_TRANSPORT;
	}
	for (size_t i = 0; i < n && i < ROWS_MAX; i++) {
		const struct offhook_security_row *r = &rows[i];

		if (!r->ok)
			status = EXIT_CALL_FAILED;
		report(o, "security",
			json_pack("{s:s, s:s, s:b, s:s}", "name", r->name, "value", r->value, "ok", r->ok,
				"text", r->text),
			"%-4s %s: %s - %s", r->ok ? "ok" : "LOOK", r->name, r->value, r->text);
	}
	return status;
}
