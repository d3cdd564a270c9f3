#include "phone/typing.h"

#include "base/mem.h"
#include "base/wheel.h"
#include "phone/call_impl.h"
#include "session/composing.h"

/* Somebody who types, until he says else, sends his message, or says nothing for too long. */
struct composer {
	struct list node; /* offhook_phone.composers, the oldest first */
	struct offhook_phone *phone;
	offhook_id account, call; /* call 0: outside of calls */
	struct wheel_timer timer;
	struct slice from; /* URI */
	char text[];
};

static void forget(struct composer *k)
{
	wheel_stop(&k->timer);
	list_remove(&k->node);
	k->phone->n_composers--;
	mem_free(k);
}

void typing_free_all(struct offhook_phone *p)
{
	LIST_FOREACH_SAFE (it, &p->composers)
		forget(CONTAINER_OF(it, struct composer, node));
}

/* msg: what says so; NULL: time. False: it could not be told. */
static bool say(struct offhook_phone *p, offhook_id account, const struct call *c, struct slice from,
	bool active, const struct sip_msg *msg)
{
	struct event_say say = {.type = OFFHOOK_EVENT_TYPING,
		.subject = c ? c->subject : NULL,
		.account = account_find(p, account) ? account : 0,
		.picture = c ? picture_new(c) : NULL,
		.status = active,
		.message = msg ? msg->raw : SLICE_NONE,
		.text = from};

	return event_emit(p, &say) != NULL;
}

static void stop(struct composer *k, const struct sip_msg *msg)
{
	const struct call *c = k->call ? call_find(k->phone, k->call) : NULL;

	if (!k->call || c)
		(void)say(k->phone, k->account, c, k->from, false, msg);
	forget(k);
}

static void on_timer(void *arg)
{
	stop(arg, NULL);
}

static struct composer *find(
	const struct offhook_phone *p, const struct account *a, const struct call *c, struct slice from)
{
	LIST_FOREACH (it, &p->composers) {
		struct composer *k = CONTAINER_OF(it, struct composer, node);

		if (k->account == (a ? a->id : 0) && k->call == (c ? c->id : 0) && slice_eq(k->from, from))
			return k;
	}
	return NULL;
}

/* NULL: memory is out; then nobody will say that he has stopped but himself. */
static struct composer *remember(
	struct offhook_phone *p, const struct account *a, const struct call *c, struct slice from)
{
	struct composer *k = mem_zalloc(sizeof(*k) + from.n);

	if (!k)
		return NULL;
	if (p->n_composers >= TYPING_MAX)
		stop(CONTAINER_OF(list_first(&p->composers), struct composer, node), NULL);
	k->phone = p;
	k->account = a ? a->id : 0;
	k->call = c ? c->id : 0;
	k->from = slice_make(k->text, from.n);
	if (from.n)
		memcpy(k->text, from.p, from.n);
	wheel_timer_init(&k->timer, on_timer, k);
	list_append(&p->composers, &k->node);
	p->n_composers++;
	return k;
}

static struct slice sender(struct sip_msg *msg)
{
	const struct sip_addr *from;

	return sip_msg_from(msg, &from) == 0 ? from->uri.text : SLICE_LIT("");
}

void typing_ended(struct offhook_phone *p, const struct account *a, const struct call *c, struct sip_msg *msg)
{
	struct composer *k = p->n_composers ? find(p, a, c, sender(msg)) : NULL;

	if (k)
		stop(k, NULL);
}

static void follow(struct offhook_phone *p, const struct account *a, const struct call *c, struct slice from,
	const struct composing *what)
{
	struct composer *k = find(p, a, c, from);

	if (!what->active) {
		if (k)
			forget(k);
		return;
	}
	if (!k)
		k = remember(p, a, c, from);
	if (k)
		sip_stack_arm(p->stack, &k->timer, what->refresh_s * 1000ull);
}

void typing_take(struct offhook_phone *p, const struct account *a, struct call *c, struct sip_msg *msg,
	struct sip_server *server)
{
	struct slice from = sender(msg);
	struct composing what;

	if (composing_read(msg->body, &what) != 0) {
		sip_refuse(server, 400, "Bad isComposing");
		return;
	}
	if (!events_room(p, c ? c->subject : NULL) || !say(p, a ? a->id : 0, c, from, what.active, msg)) {
		sip_refuse(server, 503, NULL);
		return;
	}
	follow(p, a, c, from, &what);
	sip_refuse(server, 200, NULL);
}
