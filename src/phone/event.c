#include "phone/event.h"

#include "base/mem.h"
#include "phone/phone_impl.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct subject *subject_new(void *user_data)
{
	struct subject *s = mem_zalloc(sizeof(*s));

	if (!s)
		return NULL;
	atomic_init(&s->refs, 1);
	atomic_init(&s->user_data, user_data);
	list_init(&s->events);
	return s;
}

struct subject *subject_ref(struct subject *s)
{
	if (s)
		atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
	return s;
}

struct subject *subject_unref(struct subject *s)
{
	if (s && atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) == 1)
		mem_free(s);
	return NULL;
}

struct picture *picture_ref(struct picture *pic)
{
	if (pic)
		atomic_fetch_add_explicit(&pic->refs, 1, memory_order_relaxed);
	return pic;
}

struct picture *picture_unref(struct picture *pic)
{
	if (pic && atomic_fetch_sub_explicit(&pic->refs, 1, memory_order_acq_rel) == 1)
		mem_free(pic);
	return NULL;
}

struct event *event_new(void)
{
	return mem_zalloc(sizeof(struct event));
}

void event_free(struct event *e)
{
	if (!e)
		return;
	subject_unref(e->subject);
	picture_unref(e->picture);
	mem_free(e->message);
	mem_free(e->text);
	mem_free(e->question);
	mem_free(e->block);
	mem_free(e->reason);
	mem_free(e->proven_user);
	mem_free(e);
}

int events_init(struct events *q, enum offhook_delivery delivery, const uint64_t seed[2])
{
	int err;

	list_init(&q->outbox);
	list_init(&q->waiting);
	mpsc_init(&q->inbox);
	pthread_mutex_init(&q->lock, NULL);
	q->fd = q->turn = -1;
	err = hash_init(&q->subjects, seed);
	if (err || delivery == OFFHOOK_DELIVER_INLINE)
		return err;
	q->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (q->fd >= 0 && delivery == OFFHOOK_DELIVER_PULL)
		q->turn = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return q->fd < 0 || (delivery == OFFHOOK_DELIVER_PULL && q->turn < 0) ? err_from_errno(errno) : 0;
}

void events_free(struct offhook_phone *p)
{
	struct events *q = &p->events;
	struct mpsc_node *node;

	while ((node = mpsc_pop(&q->inbox)))
		event_free(CONTAINER_OF(node, struct event, inbox));
	LIST_FOREACH_SAFE (it, &q->outbox)
		event_free(CONTAINER_OF(it, struct event, all));
	LIST_FOREACH_SAFE (it, &q->waiting)
		event_free(CONTAINER_OF(it, struct event, all));
	hash_free(&q->subjects);
	pthread_mutex_destroy(&q->lock);
	if (q->fd >= 0)
		close(q->fd);
	if (q->turn >= 0)
		close(q->turn);
}

/* ---- emitting ---- */

/* What a program can miss without losing track of its calls. */
static bool of_less_weight(const struct event_say *say)
{
	switch (say->type) {
	case OFFHOOK_EVENT_CALL_DTMF:
	case OFFHOOK_EVENT_CALL_DTMF_SENT:
	case OFFHOOK_EVENT_CALL_REQUEST:
	case OFFHOOK_EVENT_CALL_RTP:
	case OFFHOOK_EVENT_CALL_SILENCE:
	case OFFHOOK_EVENT_CALL_SPEECH:
	case OFFHOOK_EVENT_ACTIVE_SPEAKER:
	case OFFHOOK_EVENT_CALL_PROGRESS:
	case OFFHOOK_EVENT_CONFERENCE_MEMBER:
	case OFFHOOK_EVENT_DECISION:
	case OFFHOOK_EVENT_BUDDY_STATE:
	case OFFHOOK_EVENT_MWI:
	case OFFHOOK_EVENT_TYPING:
	case OFFHOOK_EVENT_DIALOG_INFO:
	case OFFHOOK_EVENT_AUDIO_READABLE:
	case OFFHOOK_EVENT_AUDIO_WRITABLE:
	case OFFHOOK_EVENT_PLAYER_NEXT:
		return true;
	case OFFHOOK_EVENT_CALL_STATE:
		return say->repeated;
	default:
		return false;
	}
}

bool events_room(const struct offhook_phone *p, const struct subject *subject)
{
	if (subject && atomic_load_explicit(&subject->queued, memory_order_relaxed) >= EVENTS_PER_OBJECT_MAX)
		return false;
	return atomic_load_explicit(&p->events.queued, memory_order_relaxed) < p->cfg.max_queued_events;
}

static void enqueue(struct offhook_phone *p, struct event *e)
{
	struct events *q = &p->events;

	e->pub.size = sizeof(e->pub);
	e->pub.serial = ++q->serial;
	list_append(&q->outbox, &e->all);
	atomic_fetch_add_explicit(&q->queued, 1, memory_order_relaxed);
	if (e->subject)
		atomic_fetch_add_explicit(&e->subject->queued, 1, memory_order_relaxed);
}

/* The gap is told before the next event that gets through. */
static void tell_gap(struct offhook_phone *p)
{
	struct event *e = p->events.dropped ? event_new() : NULL;

	if (!e)
		return;
	e->pub.type = OFFHOOK_EVENT_DROPPED;
	e->pub.count = p->events.dropped;
	p->events.dropped = 0;
	enqueue(p, e);
}

static void *block_of(const struct event_say *say)
{
	return say->buddy ? (void *)say->buddy : say->waiting ? (void *)say->waiting : (void *)say->dialog;
}

/* Memory was out before; handlers rely on it. */
static bool lacks_block(const struct event_say *say)
{
	return (say->type == OFFHOOK_EVENT_BUDDY_STATE || say->type == OFFHOOK_EVENT_MWI ||
		       say->type == OFFHOOK_EVENT_DIALOG_INFO) &&
	       !block_of(say);
}

static struct event *refuse(struct offhook_phone *p, const struct event_say *say)
{
	p->events.dropped++;
	picture_unref(say->picture);
	mem_free(say->question);
	mem_free(block_of(say));
	if (say->release_slot)
		bridge_number_release(engine_bridge(p->engine), say->release_slot);
	return NULL;
}

struct event *event_emit(struct offhook_phone *p, const struct event_say *say)
{
	struct event *e;

	if (of_less_weight(say) && !events_room(p, say->subject))
		return refuse(p, say);
	/* Memory is out. Handlers rely on the picture; the gap is told. */
	if (say->subject && id_kind(say->subject->id) == ID_CALL && !say->picture)
		return refuse(p, say);
	if (lacks_block(say))
		return refuse(p, say);
	e = say->spare ? say->spare : event_new();
	if (!e)
		return refuse(p, say);
	if (slice_present(say->message)) {
		e->message = slice_dup(say->message);
		/* A spare event goes out without its message rather than not at all. */
		if (!e->message && !say->spare) {
			event_free(e);
			return refuse(p, say);
		}
	}
	if (slice_present(say->text)) {
		e->pub.text = e->text = slice_dup(say->text);
		if (!e->text) {
			event_free(e);
			return refuse(p, say);
		}
	}
	if (slice_present(say->proven_user)) {
		e->proven_user = slice_dup(say->proven_user);
		/* A program that trusts him by that name must not take him for nobody. */
		if (!e->proven_user) {
			event_free(e);
			return refuse(p, say);
		}
	}
	tell_gap(p);

	e->subject = subject_ref(say->subject);
	e->picture = say->picture;
	e->question = say->question;
	e->block = block_of(say);
	e->release_slot = say->release_slot;
	e->ends_call = say->ends_call;
	e->pub.type = say->type;
	e->pub.cause = say->cause ? say->cause : p->commands.cause;
	e->pub.id = say->subject ? say->subject->id : say->id;
	e->pub.account = say->account;
	e->pub.count = say->count;
	e->pub.call = e->picture ? &e->picture->info : NULL;
	e->pub.status = say->status;
	e->pub.error = say->error;
	e->pub.digit = say->digit;
	e->pub.duration_ms = say->duration_ms;
	e->pub.question = e->question;
	e->pub.buddy = say->buddy;
	e->pub.waiting = say->waiting;
	e->pub.dialog = say->dialog;
	e->pub.other = say->other;
	e->reason = slice_dup(say->reason); /* without memory: none */
	e->pub.reason = e->reason;
	e->pub.proven_user = e->proven_user;
	e->pub.final = say->final;
	e->pub.message = e->message;
	e->pub.message_length = e->message ? say->message.n : 0;
	enqueue(p, e);
	return e;
}

void event_retract(struct offhook_phone *p, struct event *e)
{
	if (!e)
		return;
	list_remove(&e->all);
	atomic_fetch_sub_explicit(&p->events.queued, 1, memory_order_relaxed);
	if (e->subject)
		atomic_fetch_sub_explicit(&e->subject->queued, 1, memory_order_relaxed);
	event_free(e);
}

void events_wake(struct events *q)
{
	uint64_t one = 1;

	/* Fails only when the counter is full: then it is readable anyway. */
	if (q->fd >= 0 && write(q->fd, &one, sizeof(one)) < 0)
		return;
}

void events_over(struct offhook_phone *p)
{
	if (p->cfg.delivery != OFFHOOK_DELIVER_PULL)
		return;
	atomic_store_explicit(&p->events.over, true, memory_order_release);
	events_wake(&p->events);
}

void events_flush(struct offhook_phone *p)
{
	struct events *q = &p->events;
	bool any = false;
	struct list *first;

	/* Nested flushes (a handler commands) go on with what stands behind. */
	while ((first = list_first(&q->outbox))) {
		struct event *e = CONTAINER_OF(first, struct event, all);

		list_remove(&e->all);
		if (q->fd < 0) {
			event_deliver(p, e);
			continue;
		}
		any = true;
		mpsc_push(&q->inbox, &e->inbox);
	}
	if (any)
		events_wake(q);
}
