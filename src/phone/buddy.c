#include "phone/buddy.h"

#include "base/mem.h"
#include "phone/phone_impl.h"
#include "phone/uri_text.h"

/* ---- what is told ---- */

static enum offhook_subscription subscription(const struct buddy *b, const struct standing_info *info)
{
	switch (info->state) {
	case STANDING_ASKING:
		return OFFHOOK_SUBSCRIPTION_SENT;
	case STANDING_ACCEPTED:
		return OFFHOOK_SUBSCRIPTION_ACCEPTED;
	case STANDING_PENDING:
		return OFFHOOK_SUBSCRIPTION_PENDING;
	case STANDING_ACTIVE:
		return OFFHOOK_SUBSCRIPTION_ACTIVE;
	case STANDING_WAITING:
		return OFFHOOK_SUBSCRIPTION_WAITING;
	case STANDING_ENDED:
		return OFFHOOK_SUBSCRIPTION_TERMINATED;
	default:
		return b->was_ordered ? OFFHOOK_SUBSCRIPTION_TERMINATED : OFFHOOK_SUBSCRIPTION_NONE;
	}
}

static enum offhook_presence_status status(enum pidf_basic basic)
{
	return basic == PIDF_OPEN     ? OFFHOOK_PRESENCE_ONLINE
	       : basic == PIDF_CLOSED ? OFFHOOK_PRESENCE_OFFLINE
				      : OFFHOOK_PRESENCE_UNKNOWN;
}

void buddy_fill_info(const struct buddy *b, struct offhook_buddy_info *info)
{
	struct standing_info w;

	standing_info(b->standing, &w);
	info->account = b->asker.account;
	info->kind = b->kind;
	xml_copy(info->uri, sizeof(info->uri), slice_of(b->uri));
	info->status = status(b->pidf.basic);
	info->activity = (enum offhook_activity)b->pidf.activity;
	memcpy(info->note, b->pidf.note, sizeof(info->note));
	memcpy(info->contact, b->pidf.contact, sizeof(info->contact));
	info->subscription = subscription(b, &w);
	info->code = w.status;
	info->error = w.err;
	xml_copy(info->reason, sizeof(info->reason), slice_of(w.reason));
	info->next_s = w.next_s;
}

static void say(struct buddy *b, const struct sip_msg *msg)
{
	struct event_say say = {.type = OFFHOOK_EVENT_BUDDY_STATE,
		.subject = b->subject,
		.account = account_find(b->phone, b->asker.account) ? b->asker.account : 0,
		.message = msg ? msg->raw : SLICE_NONE,
		.buddy = mem_zalloc(sizeof(*say.buddy))};

	if (say.buddy) {
		say.buddy->size = sizeof(*say.buddy);
		buddy_fill_info(b, say.buddy);
		say.status = say.buddy->code;
		say.error = say.buddy->error;
	}
	event_emit(b->phone, &say);
}

/* ---- the subscription ---- */

static int whom(void *arg, struct whom *ret_whom)
{
	struct buddy *b = arg;

	return asker_whom(&b->asker, ret_whom);
}

static int contact(void *arg, const struct sip_flow *flow, char **ret_contact)
{
	const struct buddy *b = arg;

	return asker_contact(&b->asker, flow, ret_contact);
}

static void on_changed(void *arg, struct sip_msg *msg)
{
	struct buddy *b = arg;
	struct standing_info info;

	standing_info(b->standing, &info);
	if (info.state == STANDING_ASKING)
		buddy_dialogs_begin(b);
	/* What was heard has the life of its subscription; a new one that begins at once takes over. */
	if (info.state == STANDING_ENDED || (info.state == STANDING_WAITING && info.next_s))
		b->pidf = (struct pidf){.basic = PIDF_UNKNOWN};
	say(b, msg);
}

/* RFC 3856 6.7: a NOTIFY without a body, as while pending, says nothing of the presence. */
static void take_presence(struct buddy *b, const struct sub_news *news)
{
	struct pidf pidf;

	if (slice_empty(news->msg->body))
		return;
	if (pidf_read(news->msg->body, &pidf) == 0)
		b->pidf = pidf;
	else
		host_log(b->phone->host, LOG_INFO, "presence", "a document that cannot be read, about %s",
			b->uri);
}

static void on_notify(void *arg, const struct sub_news *news)
{
	struct buddy *b = arg;

	if (b->kind == OFFHOOK_BUDDY_PRESENCE)
		take_presence(b, news);
	/* Of the last one the end tells. */
	if (news->state.state != SUB_TERMINATED)
		say(b, news->msg);
	if (b->kind == OFFHOOK_BUDDY_DIALOGS)
		buddy_dialogs_take(b, news);
}

void buddy_order(struct buddy *b, bool on)
{
	b->was_ordered = true;
	if (on) {
		standing_start(b->standing);
		buddy_dialogs_begin(b);
	} else {
		standing_stop(b->standing);
		b->pidf = (struct pidf){.basic = PIDF_UNKNOWN};
	}
	say(b, NULL);
}

/* ---- life ---- */

static int make_standing(struct buddy *b, const struct offhook_buddy_cfg *cfg)
{
	struct standing_cfg w = {.subs = &b->phone->subs,
		.package = b->kind == OFFHOOK_BUDDY_DIALOGS ? &pkg_dialog : &pkg_presence,
		.expires_s = cfg->expires_s,
		.wait_max_s = cfg->wait_max_s,
		.refused_s = cfg->refused_wait_s,
		.owner = {whom, contact, on_changed, on_notify, b}};

	return standing_new(&w, &b->standing);
}

static int fill(struct buddy *b, const struct buddy_args *args)
{
	int err;

	b->uri = mem_strdup(args->cfg.uri);
	if (!b->uri)
		return OH_ENOMEM;
	err = uri_text_parse(b->uri, &b->addr);
	if (!err)
		err = asker_init(&b->asker, b->phone, args->account, &b->addr);
	if (!err)
		err = make_standing(b, &args->cfg);
	if (err)
		return err;
	b->subject = subject_new(args->cfg.user_data);
	return b->subject ? ids_add(&b->phone->ids, ID_BUDDY, b, &b->id) : OH_ENOMEM;
}

int buddy_new(struct offhook_phone *p, const struct buddy_args *args, struct buddy **ret_buddy)
{
	struct buddy *b;
	int err;

	if (p->n_buddies >= OFFHOOK_BUDDIES_MAX)
		return err_detail(OH_ETOOMANY, "the phone has %d buddies", OFFHOOK_BUDDIES_MAX);
	b = mem_zalloc(sizeof(*b));
	if (!b)
		return OH_ENOMEM;
	b->phone = p;
	b->kind = args->cfg.kind;
	list_init(&b->dialogs.known);
	list_append(&p->buddies, &b->node);
	p->n_buddies++;
	err = fill(b, args);
	if (err) {
		buddy_free(b);
		return err;
	}
	b->subject->id = b->id;
	*ret_buddy = b;
	return 0;
}

struct buddy *buddy_free(struct buddy *b)
{
	if (!b)
		return NULL;
	list_remove(&b->node);
	b->phone->n_buddies--;
	standing_free(b->standing);
	if (b->id)
		ids_remove(&b->phone->ids, b->id);
	buddy_dialogs_free(b);
	subject_unref(b->subject);
	asker_free(&b->asker);
	mem_free(b->uri);
	mem_free(b);
	return NULL;
}

/* ---- all of them ---- */

static bool same_person(const struct sip_uri *a, const struct sip_uri *b)
{
	return slice_eq(a->user, b->user) && slice_ieq(a->host, b->host);
}

bool buddies_know(const struct offhook_phone *p, offhook_id account, const struct sip_uri *uri)
{
	LIST_FOREACH (it, &p->buddies) {
		const struct buddy *b = CONTAINER_OF(it, const struct buddy, node);

		if (b->asker.account == account && same_person(&b->addr.uri, uri))
			return true;
	}
	return false;
}

void buddies_account_gone(struct offhook_phone *p, offhook_id account)
{
	LIST_FOREACH_SAFE (it, &p->buddies) {
		struct buddy *b = CONTAINER_OF(it, struct buddy, node);

		if (b->asker.account == account && b->was_ordered)
			buddy_order(b, false);
	}
}

void buddies_stop_all(struct offhook_phone *p)
{
	LIST_FOREACH (it, &p->buddies)
		standing_stop(CONTAINER_OF(it, struct buddy, node)->standing);
}

void buddies_free_all(struct offhook_phone *p)
{
	LIST_FOREACH_SAFE (it, &p->buddies)
		buddy_free(CONTAINER_OF(it, struct buddy, node));
}
