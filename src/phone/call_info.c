/* Pictures of calls, and the questions that they answer. */
#include "phone/call_impl.h"

#include "base/mem.h"

struct texts {
	struct slice local_uri, local_contact, remote_uri, remote_contact, reason, sip_call_id, codec, proven,
		why, asserted;
};

static struct slice text_of(const char *s)
{
	return s ? slice_of(s) : SLICE_LIT("");
}

static struct slice reason_of(const struct call *c)
{
	struct slice reason = c->inv ? inv_reason(c->inv) : SLICE_NONE;
	unsigned status = c->inv ? inv_status(c->inv) : c->status;

	if (slice_empty(reason) && status)
		reason = slice_of(sip_reason(status));
	return reason;
}

static const char *place(char **at, struct slice s, const char *before, const char *after)
{
	const struct slice parts[] = {slice_of(before), s, slice_of(after)};
	char *begin = *at;

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		if (parts[i].n)
			memcpy(*at, parts[i].p, parts[i].n);
		*at += parts[i].n;
	}
	*(*at)++ = '\0';
	return begin;
}

static double seconds_between(uint64_t from, uint64_t to)
{
	return from && to > from ? (double)(to - from) / (double)NS_PER_S : 0;
}

static void fill(struct offhook_call_info *info, const struct call *c)
{
	const struct call_media *m = &c->media;
	uint64_t now = c->ended_ns ? c->ended_ns : host_now(c->phone->host);

	info->size = sizeof(*info);
	info->id = c->id;
	info->account = account_find(c->phone, c->account) ? c->account : 0;
	info->user_data = atomic_load_explicit(&c->subject->user_data, memory_order_acquire);
	info->role = c->role;
	info->state = c->state;
	info->media_state = m->state;
	info->media_dir = m->dir;
	info->slot = call_media_slot_id(m);
	info->slot_number = info->slot ? (int)m->slot.number : -1;
	info->last_status = c->ended_ns ? c->status : c->inv ? inv_status(c->inv) : 0;
	info->ended_by = c->ended_by;
	info->error = c->error;
	info->reason_sip = c->why.sip;
	info->reason_q850 = c->why.q850;
	info->call_time_s = seconds_between(c->confirmed_ns, now);
	info->total_time_s = seconds_between(c->begun_ns, now);
}

void picture_end(struct picture *pic, const struct call *c)
{
	fill(&pic->info, c);
}

struct picture *picture_new(const struct call *c)
{
	struct texts t = {
		.local_uri = text_of(c->local_uri),
		.local_contact = text_of(c->contact),
		.remote_uri = text_of(c->remote_uri),
		.remote_contact = c->inv ? inv_remote_contact(c->inv) : SLICE_NONE,
		.reason = reason_of(c),
		.sip_call_id = text_of(c->sip_call_id),
		.codec = slice_of(c->media.codec),
		.proven = text_of(c->proven_user),
		.why = slice_of(c->why.text),
		.asserted = text_of(c->asserted),
	};
	size_t size = t.local_uri.n + t.local_contact.n + t.remote_uri.n + t.remote_contact.n + t.reason.n +
		      t.sip_call_id.n + t.codec.n + t.proven.n + t.why.n + t.asserted.n + 10 + 2;
	struct picture *pic = mem_zalloc(sizeof(*pic) + size);
	char *at;

	if (!pic)
		return NULL;
	atomic_init(&pic->refs, 1);
	fill(&pic->info, c);
	at = pic->text;
	pic->info.local_uri = place(&at, t.local_uri, "", "");
	pic->info.local_contact = place(&at, t.local_contact, "", "");
	pic->info.remote_uri = place(&at, t.remote_uri, "", "");
	if (slice_empty(t.remote_contact))
		pic->info.remote_contact = place(&at, t.remote_contact, "", "");
	else
		pic->info.remote_contact = place(&at, t.remote_contact, "<", ">");
	pic->info.last_reason = place(&at, t.reason, "", "");
	pic->info.sip_call_id = place(&at, t.sip_call_id, "", "");
	pic->info.codec = place(&at, t.codec, "", "");
	pic->info.proven_user = place(&at, t.proven, "", "");
	pic->info.reason_text = place(&at, t.why, "", "");
	pic->info.asserted_identity = place(&at, t.asserted, "", "");
	return pic;
}

static const char *moved(const char *text, const struct picture *from, struct picture *to)
{
	return to->text + (text - from->text);
}

struct picture *picture_dup(const struct picture *pic)
{
	size_t size = (size_t)(pic->info.asserted_identity - pic->text) +
		      strlen(pic->info.asserted_identity) + 1; /* the last of the texts */
	struct picture *dup = mem_alloc(sizeof(*dup) + size);

	if (!dup)
		return NULL;
	atomic_init(&dup->refs, 1);
	dup->info = pic->info;
	memcpy(dup->text, pic->text, size);
	dup->info.local_uri = moved(pic->info.local_uri, pic, dup);
	dup->info.local_contact = moved(pic->info.local_contact, pic, dup);
	dup->info.remote_uri = moved(pic->info.remote_uri, pic, dup);
	dup->info.remote_contact = moved(pic->info.remote_contact, pic, dup);
	dup->info.last_reason = moved(pic->info.last_reason, pic, dup);
	dup->info.sip_call_id = moved(pic->info.sip_call_id, pic, dup);
	dup->info.codec = moved(pic->info.codec, pic, dup);
	dup->info.proven_user = moved(pic->info.proven_user, pic, dup);
	dup->info.reason_text = moved(pic->info.reason_text, pic, dup);
	dup->info.asserted_identity = moved(pic->info.asserted_identity, pic, dup);
	return dup;
}

/* ---- the API ---- */

struct info_args {
	offhook_id id;
	struct picture *picture;
};

static int info_run(struct offhook_phone *p, void *arg)
{
	struct info_args *a = arg;
	struct call *c;
	int err = call_asked(p, a->id, &c);

	if (err)
		return err;
	/* The end's own event has another copy: handlers read that one while this one may be given to other
	 * threads. */
	a->picture = c->final ? picture_dup(c->final) : picture_new(c);
	if (a->picture)
		a->picture->info.user_data =
			atomic_load_explicit(&c->subject->user_data, memory_order_acquire);
	return a->picture ? 0 : OH_ENOMEM;
}

int offhook_call_get_info(struct offhook_phone *phone, offhook_id call, struct offhook_call_info **ret_info)
{
	struct info_args args = {call, NULL};
	int err = 0;

	err_detail_clear();
	args.picture = event_current_picture(phone, call);
	if (!args.picture)
		err = phone_query(phone, info_run, &args);
	if (!err)
		*ret_info = &args.picture->info;
	return err;
}

void offhook_call_info_free(struct offhook_call_info *info)
{
	if (info)
		picture_unref(CONTAINER_OF(info, struct picture, info));
}

struct list_args {
	offhook_id *ret_calls;
	size_t cap;
	long n;
};

static int list_run(struct offhook_phone *p, void *arg)
{
	struct list_args *a = arg;
	int err = phone_check_open(p);

	if (err)
		return err;
	LIST_FOREACH (it, &p->calls) {
		struct call *c = CONTAINER_OF(it, struct call, node);

		if (c->replacing)
			continue;
		if ((size_t)a->n < a->cap)
			a->ret_calls[a->n] = c->id;
		a->n++;
	}
	return 0;
}

long offhook_calls(struct offhook_phone *phone, offhook_id *ret_calls, size_t cap)
{
	struct list_args args = {ret_calls, cap, 0};
	int err = phone_query(phone, list_run, &args);

	return err ? err : args.n;
}

struct user_data_args {
	offhook_id call;
	void *user_data;
};

static int user_data_run(struct offhook_phone *p, void *arg)
{
	const struct user_data_args *a = arg;
	struct call *c;
	int err = call_asked(p, a->call, &c);

	if (err)
		return err;
	atomic_store_explicit(&c->subject->user_data, a->user_data, memory_order_release);
	return 0;
}

int offhook_call_set_user_data(struct offhook_phone *phone, offhook_id call, void *user_data)
{
	struct user_data_args args = {call, user_data};

	/* Causes no event: no command in the sense of offhook_last_command(). */
	return phone_query(phone, user_data_run, &args);
}
