/* What watchers are told: our presence (RFC 3856), our calls (RFC 4235). */
#include "phone/watcher.h"

#include "base/mem.h"
#include "phone/call_impl.h"
#include "phone/presence.h"
#include "session/pkg_dialog.h"

/* ---- calls ---- */

static enum dialog_info_state state_of(const struct call *c)
{
	switch (c->state) {
	case OFFHOOK_CALL_EARLY:
		return DIALOG_EARLY;
	case OFFHOOK_CALL_CONNECTING:
	case OFFHOOK_CALL_CONFIRMED:
		return DIALOG_CONFIRMED;
	case OFFHOOK_CALL_DISCONNECTED:
		return DIALOG_TERMINATED;
	default:
		return DIALOG_TRYING;
	}
}

/* RFC 4235 3.7.2: how it came to an end. */
static const char *event_of(const struct call *c)
{
	if (c->ended_by == OFFHOOK_ENDED_BY_NETWORK)
		return c->error == OH_ETIMEDOUT ? "timeout" : "error";
	if (c->confirmed_ns)
		return c->ended_by == OFFHOOK_ENDED_BY_US ? "local-bye" : "remote-bye";
	/* Who has called cancels, who was called rejects. */
	return (c->ended_by == OFFHOOK_ENDED_BY_US) == (c->role == OFFHOOK_CALLER) ? "cancelled" : "rejected";
}

static void copy(char buf[DIALOG_INFO_TEXT_MAX], struct slice text)
{
	xml_copy(buf, DIALOG_INFO_TEXT_MAX, text);
}

static void take_party(struct dialog_info_party *party, const char *name_addr)
{
	struct sip_addr addr;

	if (!name_addr || sip_addr_parse(slice_of(name_addr), &addr) != 0)
		return;
	copy(party->identity, addr.uri.text);
	copy(party->display, addr.display);
}

static void describe(const struct call *c, struct dialog_info *d)
{
	const struct dialog *dialog = c->inv ? inv_dialog(c->inv) : NULL;

	memset(d, 0, sizeof(*d));
	snprintf(d->id, sizeof(d->id), "%llx", (unsigned long long)c->id);
	copy(d->call_id, slice_of(c->sip_call_id));
	d->initiator = c->role == OFFHOOK_CALLER;
	d->state = state_of(c);
	take_party(&d->local, c->local_uri);
	take_party(&d->remote, c->remote_uri);
	if (dialog) {
		copy(d->local_tag, dialog_local_tag(dialog));
		copy(d->remote_tag, dialog_remote_tag(dialog));
		copy(d->remote.target, dialog_remote_target(dialog));
	}
	if (d->state == DIALOG_TERMINATED) {
		xml_copy(d->event, sizeof(d->event), slice_of(event_of(c)));
		d->code = c->confirmed_ns ? 0 : c->status;
	}
}

/* Nobody has heard of those that wait to take the place of another one. */
static bool is_shown(const struct call *c, offhook_id account)
{
	return c->account == account && c->state != OFFHOOK_CALL_NULL;
}

static int write_calls(
	struct watcher *w, const struct account *a, char *buf, size_t cap, struct slice *ret_doc)
{
	struct xml_writer x;
	struct dialog_info d;

	xmlw_init(&x, buf, cap);
	dialog_info_begin(&x, a->parsed.text, w->version);
	LIST_FOREACH (it, &w->phone->calls) {
		const struct call *c = CONTAINER_OF(it, const struct call, node);

		if (!is_shown(c, a->id))
			continue;
		describe(c, &d);
		dialog_info_put(&x, &d);
	}
	return dialog_info_end(&x, ret_doc);
}

/* Always in full; of more calls than fit nothing is told. */
static int tell_calls(struct watcher *w, const struct account *a)
{
	struct sub_notice n = {.state = SUB_ACTIVE, .content_type = SLICE_LIT(DIALOG_INFO_TYPE)};
	char *buf = mem_alloc(XML_SIZE_MAX);
	int err = buf ? write_calls(w, a, buf, XML_SIZE_MAX, &n.body) : OH_ENOMEM;

	w->version++;
	/* Last: the answer to a single question ends the watcher. */
	if (!err)
		err = sub_notify(w->sub, &n);
	mem_free(buf);
	return err;
}

/* ---- presence ---- */

static int tell_presence(struct watcher *w, const struct account *a)
{
	struct sub_notice n = {.state = SUB_ACTIVE, .content_type = SLICE_LIT(PIDF_TYPE)};
	char buf[PIDF_DOC_MAX];
	int err = account_presence_doc(a, buf, &n.body);

	return err ? err : sub_notify(w->sub, &n);
}

int watcher_tell(struct watcher *w)
{
	static const struct sub_notice pending = {.state = SUB_PENDING};
	const struct account *a = account_find(w->phone, w->account);

	/* RFC 3856 6.7: who waits learns nothing. */
	if (w->state != WATCHER_ACTIVE || !a)
		return sub_notify(w->sub, &pending);
	return w->dialogs ? tell_calls(w, a) : tell_presence(w, a);
}

static void tell_all(struct offhook_phone *p, offhook_id account, bool dialogs)
{
	LIST_FOREACH_SAFE (it, &p->watchers) {
		struct watcher *w = CONTAINER_OF(it, struct watcher, node);

		if (w->account == account && w->dialogs == dialogs && w->state == WATCHER_ACTIVE)
			(void)watcher_tell(w);
	}
}

void watchers_tell_presence(struct offhook_phone *p, offhook_id account)
{
	tell_all(p, account, false);
}

void watchers_tell_call(const struct call *c)
{
	if (c->phone->n_dialog_watchers)
		tell_all(c->phone, c->account, true);
}
