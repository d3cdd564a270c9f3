/*
 * Early dialogs: a proxy may let several phones ring for one INVITE, and each that answers with a tag of its own makes a
 * dialog (RFC 3261 12.1.2, 13.2.2.4). One of them is the call's: the one whose audio is heard, which is the latest that
 * has described its audio. The others are kept with their own exchange of offers, until the 2xx says who it is, or a 199
 * that they are gone (RFC 6228).
 */
#include "session/inv_impl.h"

static void early_free(struct inv *inv, struct early *f)
{
	inv_requests_forget(inv, f->dialog);
	list_remove(&f->link);
	dialog_free(f->dialog);
	mem_free((char *)f->kept.p);
	mem_free(f);
}

void earlies_free_all(struct inv *inv)
{
	LIST_FOREACH_SAFE (it, &inv->earlies) {
		early_free(inv, CONTAINER_OF(it, struct early, link));
	}
}

int early_find(struct inv *inv, struct slice tag, struct early **ret_early)
{
	if (inv->dialog && slice_ieq(dialog_remote_tag(inv->dialog), tag))
		return 0;
	LIST_FOREACH (it, &inv->earlies) {
		struct early *f = CONTAINER_OF(it, struct early, link);

		if (slice_ieq(dialog_remote_tag(f->dialog), tag)) {
			*ret_early = f;
			return 1;
		}
	}
	return -1;
}

static size_t count(const struct inv *inv)
{
	size_t n = 0;

	LIST_FOREACH (it, &inv->earlies) {
		n++;
	}
	return n;
}

int early_new(struct inv *inv, const struct ev *ev)
{
	struct dialog_uac_cfg cfg = {.local_seq = ev->invite->cseq,
		.target = inv->target,
		.client = ev->invite->client,
		.handler = {inv_dialog_request, inv}};
	struct early *f = NULL;
	struct dialog *d;
	int err;

	if (count(inv) >= INV_EARLY_MAX)
		return OH_ETOOMANY;
	if (inv->dialog) {
		f = mem_zalloc(sizeof(*f));
		if (!f)
			return OH_ENOMEM;
	}
	err = dialog_new_uac(inv->stack, &cfg, ev->msg, ev->flow, &d);
	if (err) {
		mem_free(f);
		return err;
	}
	if (!f) {
		inv->dialog = d;
		return 0;
	}
	f->dialog = d;
	f->sdp = inv->offered ? SDP_OURS : SDP_NOTHING;
	list_append(&inv->earlies, &f->link);
	return 0;
}

void early_switch(struct inv *inv, struct early *f)
{
	struct early heard = {
		.dialog = inv->dialog, .sdp = inv->sdp, .kept = inv->kept, .peer_rseq = inv->peer_rseq};

	inv->dialog = f->dialog;
	inv->sdp = f->sdp;
	inv->kept = f->kept;
	inv->peer_rseq = f->peer_rseq;
	f->dialog = heard.dialog;
	f->sdp = heard.sdp;
	f->kept = heard.kept;
	f->peer_rseq = heard.peer_rseq;
	list_remove(&f->link);
	list_append(&inv->earlies, &f->link);
}

/* The one that was heard last before the one that is. */
static struct early *heard_before(const struct inv *inv)
{
	for (struct list *it = inv->earlies.prev; it != &inv->earlies; it = it->prev) {
		struct early *f = CONTAINER_OF(it, struct early, link);

		if (!slice_empty(f->kept))
			return f;
	}
	return NULL;
}

void early_end(struct inv *inv, struct slice tag)
{
	struct early *f = NULL;

	switch (early_find(inv, tag, &f)) {
	case 0:
		/* Alone it stays as it is: the INVITE goes on, and whoever comes next takes its place. */
		f = heard_before(inv);
		if (!f)
			return;
		early_switch(inv, f);
		early_free(inv, f);
		if (inv->handler.sdp)
			(void)inv->handler.sdp(inv->handler.arg, inv, INV_SDP_ANSWER, inv->kept, true);
		break;
	case 1:
		early_free(inv, f);
		break;
	default:
		break;
	}
}
