/* Handing out: one event to its handler, by the event thread or by the program's own. */
#include "phone/phone_impl.h"

#include "base/mem.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

/* What this thread is handling, innermost first: handlers may nest, in several phones. */
struct current {
	struct current *outer;
	const struct offhook_phone *phone;
	offhook_id id;
	struct picture *picture; /* of the newest event of this object that the thread has seen */
};
static _Thread_local struct current *current;

struct picture *event_current_picture(const struct offhook_phone *p, offhook_id call)
{
	for (struct current *c = current; c; c = c->outer)
		if (c->phone == p && c->id == call && c->picture)
			return picture_ref(c->picture);
	return NULL;
}

bool event_is_handling(const struct offhook_phone *p)
{
	for (struct current *c = current; c; c = c->outer)
		if (c->phone == p)
			return true;
	return false;
}

/* A later event of the same object was handled inside an outer handler: there its picture is the newer one
 * now, and when the object has ended there is none any more. */
static void age_outer(const struct current *inner, bool ended)
{
	for (struct current *c = inner->outer; c; c = c->outer) {
		if (c->phone != inner->phone || c->id != inner->id || !c->picture || !inner->picture)
			continue;
		picture_unref(c->picture);
		c->picture = ended ? NULL : picture_ref(inner->picture);
	}
}

/* Signalling, after the handler. */
static int handled_run(struct offhook_phone *p, void *arg)
{
	struct event *e = arg;

	if (e->release_slot)
		bridge_number_release(engine_bridge(p->engine), e->release_slot);
	if (e->ends_call)
		call_forget(p, e->pub.id);
	event_free(e);
	return 0;
}

static void finish(struct offhook_phone *p, struct event *e)
{
	if (e->subject)
		atomic_fetch_sub_explicit(&e->subject->queued, 1, memory_order_relaxed);
	atomic_fetch_sub_explicit(&p->events.queued, 1, memory_order_relaxed);
	if (!e->ends_call && !e->release_slot) {
		event_free(e);
		return;
	}
	if (phone_is_here(p)) {
		handled_run(p, e);
		return;
	}
	e->handled = (struct command){.fn = handled_run, .arg = e};
	command_post(p, &e->handled);
}

void event_deliver(struct offhook_phone *p, struct event *e)
{
	if (p->cfg.on_event) {
		struct current here = {current, p, e->pub.id, picture_ref(e->picture)};

		/* Only now: the program may have bound its object while the event waited. */
		if (e->subject)
			e->pub.user_data = atomic_load_explicit(&e->subject->user_data, memory_order_acquire);
		if (e->picture)
			e->picture->info.user_data = e->pub.user_data;
		current = &here;
		p->cfg.on_event(p->cfg.on_event_arg, &e->pub);
		current = here.outer;
		age_outer(&here, e->ends_call);
		picture_unref(here.picture);
	}
	finish(p, e);
}

/* ---- the waiting ones (under the lock) ---- */

static struct subject *waiting_subject(struct events *q, offhook_id id)
{
	uint64_t key = hash_key(&q->subjects, slice_make((const char *)&id, sizeof(id)), 0);

	for (struct hash_node *n = hash_first(&q->subjects, key); n; n = hash_next(n)) {
		struct subject *s = CONTAINER_OF(n, struct subject, waiting);

		if (s->id == id)
			return s;
	}
	return NULL;
}

static void drain_inbox(struct events *q)
{
	struct mpsc_node *node;

	while ((node = mpsc_pop(&q->inbox))) {
		struct event *e = CONTAINER_OF(node, struct event, inbox);
		struct subject *s = e->subject;

		list_append(&q->waiting, &e->all);
		if (!s)
			continue;
		if (list_empty(&s->events))
			hash_insert(&q->subjects, &s->waiting,
				hash_key(&q->subjects, slice_make((const char *)&s->id, sizeof(s->id)), 0));
		list_append(&s->events, &e->by_subject);
	}
}

/* Brings in what has come. When nothing waits the descriptor falls silent; the second look closes the gap in
 * which an event arrived after the first. */
static void collect(struct events *q)
{
	uint64_t count;

	drain_inbox(q);
	if (!list_empty(&q->waiting))
		return;
	if (read(q->fd, &count, sizeof(count)) < 0)
		return;
	drain_inbox(q);
	count = 1;
	if ((!list_empty(&q->waiting) || atomic_load_explicit(&q->over, memory_order_acquire)) &&
		write(q->fd, &count, sizeof(count)) < 0)
		return;
}

static void unlink_event(struct events *q, struct event *e)
{
	list_remove(&e->all);
	if (!e->subject)
		return;
	list_remove(&e->by_subject);
	if (list_empty(&e->subject->events))
		hash_remove(&q->subjects, &e->subject->waiting);
}

/* ---- handing out ---- */

/* Under the lock. The one that has just ended rang for whoever waits: this one comes first. */
static void take_turn(struct events *q)
{
	uint64_t count;

	q->owner = pthread_self();
	q->depth++;
	if (q->turn_rung)
		q->turn_rung = read(q->turn, &count, sizeof(count)) < 0;
}

/* Under the lock: an eventfd with little in it takes one more without waiting. */
static void give_turn(struct events *q)
{
	uint64_t one = 1;

	if (--q->depth == 0 && q->n_waiting_turn > 0 && !q->turn_rung)
		q->turn_rung = write(q->turn, &one, sizeof(one)) == sizeof(one);
}

/* One thread hands out at a time; the same one may again, from inside a handler. */
static bool begin(struct events *q)
{
	bool mine;

	pthread_mutex_lock(&q->lock);
	mine = q->depth == 0 || pthread_equal(q->owner, pthread_self());
	if (mine) {
		take_turn(q);
		collect(q);
	}
	pthread_mutex_unlock(&q->lock);
	return mine;
}

static void end(struct events *q)
{
	pthread_mutex_lock(&q->lock);
	give_turn(q);
	pthread_mutex_unlock(&q->lock);
}

/* The first waiting event up to that serial, of one object or of any; NULL: none. */
static struct event *take(struct events *q, offhook_id id, uint64_t last)
{
	struct event *e = NULL;

	pthread_mutex_lock(&q->lock);
	if (id) {
		struct subject *s = waiting_subject(q, id);

		if (s)
			e = CONTAINER_OF(list_first(&s->events), struct event, by_subject);
	} else if (!list_empty(&q->waiting)) {
		e = CONTAINER_OF(list_first(&q->waiting), struct event, all);
	}
	if (e && e->pub.serial > last)
		e = NULL;
	if (e)
		unlink_event(q, e);
	if (list_empty(&q->waiting))
		collect(q);
	pthread_mutex_unlock(&q->lock);
	return e;
}

static int hand_out_to(struct offhook_phone *p, offhook_id id, uint64_t last)
{
	struct event *e;
	int n = 0;

	while (!atomic_load_explicit(&p->events.quit, memory_order_relaxed) &&
		(e = take(&p->events, id, last))) {
		event_deliver(p, e);
		n++;
	}
	return n;
}

/* What waits now; what comes meanwhile is for the next time, so that this returns. */
static int hand_out(struct offhook_phone *p)
{
	struct events *q = &p->events;
	uint64_t last = 0;
	int n;

	if (!begin(q))
		return 0;
	pthread_mutex_lock(&q->lock);
	if (!list_empty(&q->waiting))
		last = CONTAINER_OF(q->waiting.prev, struct event, all)->pub.serial;
	pthread_mutex_unlock(&q->lock);
	n = hand_out_to(p, 0, last);
	end(q);
	return n;
}

static int check_pull(const struct offhook_phone *p)
{
	err_detail_clear();
	if (!p)
		return err_detail(OH_EINVAL, "phone is NULL");
	if (p->cfg.delivery != OFFHOOK_DELIVER_PULL)
		return err_detail(OH_ESTATE, "the phone does not deliver by pull");
	return 0;
}

int offhook_process_object(struct offhook_phone *phone, offhook_id id, uint64_t command)
{
	struct events *q;
	uint64_t last = 0;
	struct subject *s;
	int n = check_pull(phone);

	if (n)
		return n;
	q = &phone->events;
	if (!begin(q))
		return 0;
	pthread_mutex_lock(&q->lock);
	s = waiting_subject(q, id);
	if (s)
		LIST_FOREACH (it, &s->events) {
			struct event *e = CONTAINER_OF(it, struct event, by_subject);

			if (e->pub.cause == command)
				last = e->pub.serial;
		}
	pthread_mutex_unlock(&q->lock);
	n = last ? hand_out_to(phone, id, last) : 0;
	end(q);
	return n;
}

int offhook_events_fd(struct offhook_phone *phone)
{
	int err = check_pull(phone);

	return err ? err : phone->events.fd;
}

/* Sleeps until events come. False: the time is over, or a signal was handled. The simulated host has no time but its own. */
static bool wait_for(const struct offhook_phone *p, int fd, int timeout_ms)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	return !host_is_sim(p->host) && poll(&poll_fd, 1, timeout_ms) > 0;
}

/* While another thread hands out, its descriptor says nothing: this one waits for its turn. */
static bool wait_for_events(struct offhook_phone *p, int timeout_ms)
{
	struct events *q = &p->events;
	bool busy, come;

	pthread_mutex_lock(&q->lock);
	busy = q->depth > 0 && !pthread_equal(q->owner, pthread_self());
	q->n_waiting_turn += busy;
	pthread_mutex_unlock(&q->lock);
	come = wait_for(p, busy ? q->turn : q->fd, timeout_ms);
	if (busy) {
		pthread_mutex_lock(&q->lock);
		q->n_waiting_turn--;
		pthread_mutex_unlock(&q->lock);
	}
	return come;
}

int offhook_process(struct offhook_phone *phone, int timeout_ms)
{
	uint64_t until;
	int left_ms = timeout_ms;
	int err = check_pull(phone);

	if (err)
		return err;
	until = timeout_ms > 0 ? host_now(phone->host) + (uint64_t)timeout_ms * NS_PER_MS : 0;
	for (;;) {
		int n = hand_out(phone);

		if (n)
			return n;
		if (atomic_load_explicit(&phone->events.over, memory_order_acquire) &&
			atomic_load_explicit(&phone->events.queued, memory_order_acquire) == 0)
			return OH_ECLOSED;
		if (timeout_ms > 0) {
			uint64_t now = host_now(phone->host);

			left_ms = now < until ? (int)((until - now) / NS_PER_MS) + 1 : 0;
		}
		if (left_ms == 0 || !wait_for_events(phone, left_ms))
			return 0;
	}
}

/* ---- the library's own thread ---- */

static void *event_thread(void *arg)
{
	struct offhook_phone *p = arg;

	pthread_setname_np(pthread_self(), "offhook-events");
	phone_enter_thread(p, PHONE_EVENT_THREAD);
	while (!atomic_load_explicit(&p->events.quit, memory_order_acquire)) {
		wait_for(p, p->events.fd, -1);
		hand_out(p);
	}
	return NULL;
}

int events_start(struct offhook_phone *p)
{
	int failed = pthread_create(&p->events.thread, NULL, event_thread, p);

	p->events.threaded = failed == 0;
	return err_from_errno(failed) * (failed != 0);
}

void events_stop(struct offhook_phone *p)
{
	if (!p->events.threaded)
		return;
	atomic_store_explicit(&p->events.quit, true, memory_order_release);
	events_wake(&p->events);
	pthread_join(p->events.thread, NULL);
	p->events.threaded = false;
}
