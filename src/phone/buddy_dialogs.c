/* The calls of a buddy: dialog-info documents become one event a call (RFC 4235 4.3). */
#include "phone/buddy.h"

#include "base/mem.h"
#include "phone/phone_impl.h"

struct known_dialog {
	struct list node; /* buddy_dialogs.known */
	bool listed;      /* in the document that is being read */
	struct dialog_info info;
};

static void drop(struct buddy *b, struct known_dialog *k)
{
	list_remove(&k->node);
	b->dialogs.n--;
	mem_free(k);
}

void buddy_dialogs_free(struct buddy *b)
{
	LIST_FOREACH_SAFE (it, &b->dialogs.known)
		drop(b, CONTAINER_OF(it, struct known_dialog, node));
}

void buddy_dialogs_begin(struct buddy *b)
{
	b->dialogs.has_version = false;
}

/* ---- events ---- */

/* The event's own copy: one block. */
struct told {
	struct offhook_dialog_info shown;
	struct dialog_info info;
};

static struct offhook_dialog_info *shown(const struct dialog_info *d)
{
	struct told *t = mem_alloc(sizeof(*t));

	if (!t)
		return NULL;
	t->info = *d;
	d = &t->info;
	t->shown = (struct offhook_dialog_info){.size = sizeof(t->shown),
		.id = d->id,
		.state = dialog_info_state_name(d->state),
		.event = d->event,
		.code = d->code,
		.initiator = d->initiator,
		.call_id = d->call_id,
		.local_tag = d->local_tag,
		.remote_tag = d->remote_tag,
		.local = d->local.identity,
		.remote = d->remote.identity,
		.remote_name = d->remote.display,
		.local_target = d->local.target,
		.remote_target = d->remote.target};
	return &t->shown;
}

static void say(struct buddy *b, const struct dialog_info *d)
{
	struct event_say say = {.type = OFFHOOK_EVENT_DIALOG_INFO,
		.subject = b->subject,
		.account = account_find(b->phone, b->asker.account) ? b->asker.account : 0,
		.dialog = shown(d)};

	event_emit(b->phone, &say);
}

/* ---- documents ---- */

static struct known_dialog *find(struct buddy *b, const char *id)
{
	LIST_FOREACH (it, &b->dialogs.known) {
		struct known_dialog *k = CONTAINER_OF(it, struct known_dialog, node);

		if (strcmp(k->info.id, id) == 0)
			return k;
	}
	return NULL;
}

/* One that is over is not remembered; one that finds no room or memory is told of all the same. */
static void remember(struct buddy *b, const struct dialog_info *d)
{
	struct known_dialog *k = find(b, d->id);

	if (d->state == DIALOG_TERMINATED) {
		if (k)
			drop(b, k);
		return;
	}
	if (!k) {
		k = b->dialogs.n < BUDDY_DIALOGS_MAX ? mem_zalloc(sizeof(*k)) : NULL;
		if (!k)
			return;
		list_append(&b->dialogs.known, &k->node);
		b->dialogs.n++;
	}
	k->listed = true;
	k->info = *d;
}

static void on_each(void *arg, const struct dialog_info_doc *doc, const struct dialog_info *d)
{
	struct buddy *b = arg;
	const struct known_dialog *k = find(b, d->id);
	bool news = !k || memcmp(&k->info, d, sizeof(*d)) != 0;

	(void)doc;
	remember(b, d);
	if (news)
		say(b, d);
}

/* A full document is all that there is. */
static void end_unlisted(struct buddy *b)
{
	LIST_FOREACH_SAFE (it, &b->dialogs.known) {
		struct known_dialog *k = CONTAINER_OF(it, struct known_dialog, node);

		if (k->listed)
			continue;
		k->info.state = DIALOG_TERMINATED;
		say(b, &k->info);
		drop(b, k);
	}
}

static void ignore(void *arg, const struct dialog_info_doc *doc, const struct dialog_info *d)
{
	(void)arg;
	(void)doc;
	(void)d;
}

void buddy_dialogs_take(struct buddy *b, const struct sub_news *news)
{
	const struct dialog_info_reader looks = {ignore, b}, takes = {on_each, b};
	struct buddy_dialogs *s = &b->dialogs;
	struct dialog_info_doc doc;
	bool gap;

	if (slice_empty(news->msg->body))
		return;
	if (dialog_info_read(news->msg->body, &looks, &doc) != 0) {
		host_log(b->phone->host, LOG_INFO, "presence", "a document that cannot be read, about %s",
			b->uri);
		return;
	}
	/* Some never count up: a full document is taken as long as it is not older. */
	if (s->has_version && (doc.full ? doc.version < s->version : doc.version <= s->version))
		return;
	gap = s->has_version && doc.version - s->version > 1;
	s->has_version = true;
	s->version = doc.version;
	LIST_FOREACH (it, &s->known)
		CONTAINER_OF(it, struct known_dialog, node)->listed = false;
	(void)dialog_info_read(news->msg->body, &takes, &doc);
	if (doc.full)
		end_unlisted(b);
	else if (gap)
		standing_ask_again(b->standing);
}
