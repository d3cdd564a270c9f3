#include "presence.h"

#include <jansson.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct json_t *text(const char *s)
{
	return report_text(s, strlen(s));
}

static enum exit_status failure(const struct options *o, int err)
{
	complain(o, o->uri, err);
	return err == OH_EURI || err == OH_ESCHEME || err == OH_EINVAL || err == OH_ETOOBIG ? EXIT_USAGE
											    : EXIT_TRANSPORT;
}

/* ---- message ---- */

/* Half a message is none. */
static enum exit_status input_failed(void)
{
	if (errno == EINTR)
		return EXIT_INTERRUPTED;
	fprintf(stderr, "offhook: standard input: %s\n", strerror(errno));
	return EXIT_USAGE;
}

bool message_wanted(const struct options *o)
{
	return strcmp(o->command, "message") == 0;
}

enum exit_status message_send(const struct options *o, struct offhook_phone *phone, offhook_id account)
{
	char buf[OFFHOOK_MESSAGE_BODY_MAX + 1];
	struct offhook_message m = {.size = sizeof(m),
		.uri = o->uri,
		.content_type = o->content_type,
		.body = o->text,
		.headers = o->headers,
		.n_headers = o->n_headers};
	int err;

	if (o->text) {
		m.body_length = strlen(o->text);
	} else {
		/* One byte more than a message holds: too long is told, not cut. */
		m.body = buf;
		m.body_length = fread(buf, 1, sizeof(buf), stdin);
		if (ferror(stdin))
			return input_failed();
	}
	err = offhook_message_send(phone, account, &m, NULL);
	return err ? failure(o, err) : EXIT_OK;
}

enum exit_status message_fate(const struct options *o, const struct offhook_event *e)
{
	report(o, "message.sent",
		json_pack("{s:s, s:i, s:s}", "uri", o->uri, "status", (int)e->status, "error",
			e->error ? offhook_errname(e->error) : ""),
		e->status ? "%s: %u" : "%s: %u %s", o->uri, e->status, offhook_strerror(e->error));
	if (e->status >= 200 && e->status < 300)
		return EXIT_OK;
	if (e->status == 401 || e->status == 407)
		return EXIT_REGISTRATION;
	if (e->status)
		return e->status == 408 ? EXIT_NO_ANSWER : EXIT_CALL_FAILED;
	return e->error == OH_ETIMEDOUT ? EXIT_NO_ANSWER : EXIT_TRANSPORT;
}

/* ---- presence ---- */

bool presence_wanted(const struct options *o)
{
	return strcmp(o->command, "presence") == 0;
}

enum exit_status presence_begin(const struct options *o, struct offhook_phone *phone, offhook_id account)
{
	struct offhook_buddy_cfg cfg;
	offhook_id id;
	int err;

	offhook_buddy_cfg_init(&cfg);
	cfg.uri = o->uri;
	cfg.kind = o->dialogs ? OFFHOOK_BUDDY_DIALOGS : OFFHOOK_BUDDY_PRESENCE;
	cfg.subscribe = 1;
	if (o->expires_s)
		cfg.expires_s = o->expires_s;
	err = offhook_buddy_add(phone, account, &cfg, &id);
	return err ? failure(o, err) : EXIT_OK;
}

enum presence_verdict presence_changed(const struct options *o, const struct offhook_event *e)
{
	static const char *const subscriptions[] = {
		"none", "sent", "accepted", "pending", "active", "terminated", "waiting"};
	static const char *const statuses[] = {"unknown", "online", "offline"};
	static const char *const activities[] = {"", "away", "busy"};
	const struct offhook_buddy_info *b = e->buddy;
	const char *why = *b->reason ? b->reason : *b->note ? b->note : activities[b->activity];

	report(o, "presence",
		json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:i, s:o, s:s, s:i}", "uri", o->uri, "subscription",
			subscriptions[b->subscription], "presence", statuses[b->status], "activity",
			activities[b->activity], "note", text(b->note), "contact", text(b->contact), "status",
			(int)b->code, "reason", text(b->reason), "error",
			b->error ? offhook_errname(b->error) : "", "next_s", (int)b->next_s),
		*why ? "%s: %s, %s, %s" : "%s: %s, %s", o->uri, subscriptions[b->subscription],
		statuses[b->status], why);
	if (b->subscription == OFFHOOK_SUBSCRIPTION_TERMINATED)
		return PRESENCE_REFUSED;
	return b->subscription == OFFHOOK_SUBSCRIPTION_ACTIVE ? PRESENCE_KNOWN : PRESENCE_GOES_ON;
}

void presence_call(const struct options *o, const struct offhook_event *e)
{
	const struct offhook_dialog_info *d = e->dialog;

	report(o, "presence.call",
		json_pack("{s:s, s:o, s:s, s:o, s:i, s:s, s:o, s:o, s:o}", "uri", o->uri, "id", text(d->id),
			"state", d->state, "why", text(d->event), "status", (int)d->code, "direction",
			d->initiator ? "initiator" : "recipient", "local", text(d->local), "remote",
			text(d->remote), "remote_name", text(d->remote_name)),
		"%s: call %s with %s: %s", o->uri, d->id, *d->remote ? d->remote : "?", d->state);
}
