/* The record of a call: its beginning, its end, and its oblivion. */
#include "phone/call_impl.h"

#include "base/mem.h"
#include "phone/call_redirect.h"
#include "phone/conference.h"
#include "phone/network.h"
#include "phone/transfer.h"
#include "phone/watcher.h"

struct call *call_find(const struct offhook_phone *p, offhook_id id)
{
	struct call *c = ids_find(&p->ids, ID_CALL, id);

	/* One that wants another one's place is not there before the program has agreed. */
	return c && !c->replacing ? c : NULL;
}

int call_asked(const struct offhook_phone *p, offhook_id id, struct call **ret_call)
{
	struct call *c = call_find(p, id);
	int err = phone_check_open(p);

	if (err)
		return err;
	if (!c)
		return err_detail(
			OH_ENOENT, "no such call: it ended and its end was handled, or it never was");
	*ret_call = c;
	return 0;
}

int call_operand(const struct offhook_phone *p, offhook_id id, struct call **ret_call)
{
	struct call *c = NULL;
	int err = call_asked(p, id, &c);

	if (err)
		return err;
	if (c->state == OFFHOOK_CALL_DISCONNECTED)
		return err_detail(OH_EENDED, "the call has already ended");
	*ret_call = c;
	return 0;
}

int call_room(const struct offhook_phone *p)
{
	if (p->cfg.max_calls && p->n_calls >= p->cfg.max_calls)
		return err_detail(OH_ETOOMANY, "max_calls is %u", p->cfg.max_calls);
	return 0;
}

static void call_free(struct call *c)
{
	struct offhook_phone *p = c->phone;

	if (list_linked(&c->node)) {
		list_remove(&c->node);
		p->n_calls--;
	}
	transfer_forget(c);
	call_repair_forget(c);
	ids_remove(&p->ids, c->id);
	sip_locate_cancel(c->locate);
	inv_free(c->inv);
	ladder_end(p, c->ladder);
	call_media_close(&c->media);
	call_media_choose(&c->media, NULL);
	subject_unref(c->subject);
	picture_unref(c->final);
	picture_unref(c->end_picture);
	event_free(c->end_event);
	mem_free(c->local_uri);
	mem_free(c->remote_uri);
	mem_free(c->contact);
	mem_free(c->sip_call_id);
	mem_free(c->proven_user);
	mem_free(c->asserted);
	wheel_stop(&c->auto_answer);
	digits_free(c->digits);
	call_forget_origin(c);
	mem_free(c);
}

int call_new(struct offhook_phone *p, enum offhook_call_role role, void *user_data, struct call **ret_call)
{
	struct call *c = mem_zalloc(sizeof(*c));
	int err;

	if (!c)
		return OH_ENOMEM;
	c->phone = p;
	c->role = role;
	c->begun_ns = host_now(p->host);
	call_media_init(&c->media, p);
	c->subject = subject_new(user_data);
	c->end_event = event_new();
	err = c->subject && c->end_event ? ids_add(&p->ids, ID_CALL, c, &c->id) : OH_ENOMEM;
	if (err) {
		call_free(c);
		return err;
	}
	c->subject->id = c->id;
	list_append(&p->calls, &c->node);
	p->n_calls++;
	*ret_call = c;
	return 0;
}

struct call *call_discard(struct call *c)
{
	uint32_t slot = c->media.slot.generation ? c->media.slot.number : 0;
	struct offhook_phone *p = c->phone;

	call_free(c);
	if (slot)
		bridge_number_release(engine_bridge(p->engine), slot);
	return NULL;
}

void call_forget(struct offhook_phone *p, offhook_id id)
{
	struct call *c = call_find(p, id);

	if (c)
		call_free(c);
}

void calls_free_all(struct offhook_phone *p)
{
	LIST_FOREACH_SAFE (it, &p->calls)
		call_free(CONTAINER_OF(it, struct call, node));
}

int call_choose(struct call *c, const char *codecs)
{
	struct codec_choice *choice;
	int err;

	if (!codecs)
		return 0;
	err = codec_choice_new(&c->phone->codecs, slice_of(codecs), &choice);
	if (err)
		return err;
	call_media_choose(&c->media, choice);
	codec_choice_unref(choice);
	return 0;
}

/* ---- the end ---- */

void call_ended(struct call *c, const struct call_end *end)
{
	struct event_say say = {
		.type = OFFHOOK_EVENT_CALL_STATE,
		.subject = c->subject,
		.account = account_find(c->phone, c->account) ? c->account : 0,
		.status = end->status,
		.error = end->error,
		.message = end->msg ? end->msg->raw : SLICE_NONE,
		.ends_call = true,
		.spare = c->end_event,
	};

	c->ended_ns = host_now(c->phone->host);
	call_repair_forget(c);
	if (end->msg)
		reason_read(end->msg, &c->why);
	if (c->state == OFFHOOK_CALL_NULL || c->replacing) {
		/* Nobody has heard of it: its maker discards it. */
		c->inv = inv_free(c->inv);
		return;
	}
	call_forget_origin(c);
	wheel_stop(&c->auto_answer);
	c->digits = digits_free(c->digits);
	replaces_old_gone(c);
	transfer_asker_gone(c);
	transfer_drop(c);
	c->state = OFFHOOK_CALL_DISCONNECTED;
	transfer_other_moved(c, end->status < 300 ? 487 : end->status);
	transfer_report(
		c, end->status < 300 ? 487 : end->status, c->inv ? inv_reason(c->inv) : SLICE_NONE, true);
	c->status = end->status;
	c->ended_by = end->by;
	c->error = end->error;
	say.release_slot = call_media_close(&c->media);
	audio_call_ended(c->phone, c->id);
	conferences_gone(c->phone, c->id);

	/* With the session still there: it knows contact and phrase. */
	say.picture = picture_new(c);
	if (say.picture)
		c->final = picture_dup(say.picture);
	else
		say.picture = c->end_picture;
	if (say.picture == c->end_picture)
		c->end_picture = NULL;
	if (say.picture)
		picture_end(say.picture, c);
	c->end_event = NULL;
	watchers_tell_call(c);
	c->inv = inv_free(c->inv);
	event_emit(c->phone, &say);
}

void call_end(struct call *c, unsigned code, struct slice reason, const struct extras *extras)
{
	if (c->state == OFFHOOK_CALL_DISCONNECTED)
		return;
	if (c->inv && !redirect_waits(c)) {
		/* DISCONNECTED is reported from inside. */
		inv_end(c->inv, code, reason, extras ? extras->list : NULL, extras ? extras->n : 0);
		return;
	}
	sip_locate_cancel(c->locate);
	c->locate = NULL;
	call_ended(c, &(struct call_end){.status = code ? code : 487, .by = OFFHOOK_ENDED_BY_US});
}

void calls_end_all(struct offhook_phone *p)
{
	LIST_FOREACH_SAFE (it, &p->calls)
		call_end(CONTAINER_OF(it, struct call, node), 0, SLICE_NONE, NULL);
}

void calls_end_on(struct offhook_phone *p, const struct sip_transport *t)
{
	LIST_FOREACH_SAFE (it, &p->calls) {
		struct call *c = CONTAINER_OF(it, struct call, node);

		if (c->inv ? inv_flow(c->inv)->transport == t : c->located_by == t)
			call_end(c, 503, SLICE_NONE, NULL);
	}
}
