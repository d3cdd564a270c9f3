/*
 * The disk thread: one for all services of a host, and only while there are any. Services wait in a list in
 * order of due time; most have the same period, so a service that was served goes to the end, and one that is
 * to end comes first. Who takes the last service away ends the thread: another thread joins it there and then,
 * the disk thread itself leaves that to whoever needs the next one, or to the host's end.
 *
 * A call into a disk that hangs cannot be called off. Who will not wait for it leaves the thread to itself: it
 * has all that it needs, and takes itself away when it is through.
 */
#include "host/uv/impl.h"

#include "base/mem.h"
#include "offhook/error.h"

#include <time.h>

struct uv_service {
	struct host_service base;
	struct list node; /* linked, but while it runs */
	uint64_t due_ns, period_ns;
	void (*fn)(void *arg);
	void (*ended)(void *arg); /* it is to end: the last call */
	void *arg;
};

struct uv_disk {
	struct uv_host *host; /* behind the door; NULL: it is left to itself */
	size_t count;         /* likewise */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;   /* the list, or `ending` */
	pthread_cond_t came_back; /* a service has run, or all have */
	struct list services;
	struct uv_service *running;
	enum {
		SERVING,
		ENDING,
		OVER
	} state; /* OVER: the thread does nothing any more but, if left, to free this */
	bool left;
};

static struct uv_service *first_service(const struct uv_disk *disk)
{
	return list_empty(&disk->services) ? NULL
					   : CONTAINER_OF(disk->services.next, struct uv_service, node);
}

static void enqueue(struct uv_disk *disk, struct uv_service *s)
{
	struct list *after = disk->services.prev;

	while (after != &disk->services && CONTAINER_OF(after, struct uv_service, node)->due_ns > s->due_ns)
		after = after->prev;
	/* Appending to the list whose head is the next node puts s before it. */
	list_append(after->next, &s->node);
}

/* False: the time has come. */
static bool wait_until(struct uv_disk *disk, pthread_cond_t *what, uint64_t due_ns)
{
	struct timespec due = {.tv_sec = (time_t)(due_ns / NS_PER_S), .tv_nsec = (long)(due_ns % NS_PER_S)};

	return pthread_cond_clockwait(what, &disk->lock, CLOCK_MONOTONIC, &due) == 0;
}

/* Services come and go on any thread: who makes or ends the disk thread does it behind this door. */
static pthread_mutex_t door = PTHREAD_MUTEX_INITIALIZER;

/* The disk thread's own farewell: called without the lock, left with it. */
static void see_off(struct uv_disk *disk, struct uv_service *s)
{
	bool last;

	s->ended(s->arg);
	mem_free(s);
	pthread_mutex_lock(&door);
	last = --disk->count == 0;
	if (last && disk->host) {
		disk->host->disk = NULL;
		disk->host->left_disk = disk;
	}
	pthread_mutex_unlock(&door);
	pthread_mutex_lock(&disk->lock);
	if (last)
		disk->state = ENDING;
}

/* Called and left with the lock held. */
static void serve(struct uv_disk *disk, struct uv_service *s)
{
	uint64_t due = s->due_ns + s->period_ns;

	list_remove(&s->node);
	if (s->ended) {
		pthread_mutex_unlock(&disk->lock);
		see_off(disk, s);
		return;
	}
	/* A kick while it runs asks for one more run. */
	s->due_ns = UINT64_MAX;
	disk->running = s;
	pthread_mutex_unlock(&disk->lock);
	s->fn(s->arg);
	pthread_mutex_lock(&disk->lock);
	disk->running = NULL;
	if (s->due_ns == UINT64_MAX)
		s->due_ns = due;
	enqueue(disk, s);
	pthread_cond_broadcast(&disk->came_back);
}

static void disk_free(struct uv_disk *disk)
{
	pthread_cond_destroy(&disk->came_back);
	pthread_cond_destroy(&disk->changed);
	pthread_mutex_destroy(&disk->lock);
	mem_free(disk);
}

static void *run_disk(void *arg)
{
	struct uv_disk *disk = arg;
	bool left;

	pthread_mutex_lock(&disk->lock);
	while (disk->state == SERVING) {
		struct uv_service *s = first_service(disk);

		if (!s)
			pthread_cond_wait(&disk->changed, &disk->lock);
		else if (s->due_ns > uv_host_now(NULL))
			(void)wait_until(disk, &disk->changed, s->due_ns);
		else
			serve(disk, s);
	}
	disk->state = OVER;
	left = disk->left;
	pthread_cond_broadcast(&disk->came_back);
	pthread_mutex_unlock(&disk->lock);
	if (left)
		disk_free(disk);
	return NULL;
}

static int disk_new(struct uv_host *u, struct uv_disk **ret_disk)
{
	struct uv_disk *disk = mem_zalloc(sizeof(*disk));
	int err;

	if (!disk)
		return OH_ENOMEM;
	disk->host = u;
	pthread_mutex_init(&disk->lock, NULL);
	pthread_cond_init(&disk->changed, NULL);
	pthread_cond_init(&disk->came_back, NULL);
	list_init(&disk->services);
	err = uv_thread_start(&disk->thread, "offhook-disk", run_disk, disk);
	if (err) {
		mem_free(disk);
		return err;
	}
	*ret_disk = disk;
	return 0;
}

/* Its thread ends, or has been told to. */
static void disk_join(struct uv_disk *disk)
{
	pthread_join(disk->thread, NULL);
	disk_free(disk);
}

static void disk_end(struct uv_disk *disk)
{
	pthread_mutex_lock(&disk->lock);
	disk->state = ENDING;
	pthread_cond_signal(&disk->changed);
	pthread_mutex_unlock(&disk->lock);
	disk_join(disk);
}

/* One service more; the first one starts the thread. */
static int disk_enter(struct uv_host *u)
{
	struct uv_disk *left;
	int err = 0;

	pthread_mutex_lock(&door);
	left = u->left_disk;
	u->left_disk = NULL;
	if (!u->disk)
		err = disk_new(u, &u->disk);
	if (!err)
		u->disk->count++;
	pthread_mutex_unlock(&door);
	/* All it still does is to return. */
	if (left)
		disk_join(left);
	return err;
}

/* One service less; the last one ends the thread. */
static void disk_leave(struct uv_host *u)
{
	struct uv_disk *ending = NULL;

	pthread_mutex_lock(&door);
	if (--u->disk->count == 0) {
		ending = u->disk;
		u->disk = NULL;
	}
	pthread_mutex_unlock(&door);
	if (ending)
		disk_end(ending);
}

int uv_service_new(struct host *h, unsigned period_ms, void (*fn)(void *arg), void *arg,
	struct host_service **ret_service)
{
	struct uv_host *u = uv_host_of(h);
	struct uv_service *s = mem_zalloc(sizeof(*s));
	int err = s ? disk_enter(u) : OH_ENOMEM;

	if (err) {
		mem_free(s);
		return err;
	}
	s->base.host = h;
	s->period_ns = period_ms * NS_PER_MS;
	s->due_ns = uv_host_now(h) + s->period_ns;
	s->fn = fn;
	s->arg = arg;
	pthread_mutex_lock(&u->disk->lock);
	enqueue(u->disk, s);
	pthread_cond_signal(&u->disk->changed);
	pthread_mutex_unlock(&u->disk->lock);
	*ret_service = &s->base;
	return 0;
}

void uv_service_kick(struct host_service *base)
{
	struct uv_service *s = (struct uv_service *)base;
	struct uv_disk *disk = uv_host_of(base->host)->disk;

	pthread_mutex_lock(&disk->lock);
	s->due_ns = uv_host_now(base->host);
	if (list_linked(&s->node)) {
		list_remove(&s->node);
		enqueue(disk, s);
	}
	pthread_cond_signal(&disk->changed);
	pthread_mutex_unlock(&disk->lock);
}

void uv_service_free(struct host_service *base)
{
	struct uv_service *s = (struct uv_service *)base;
	struct uv_host *u = uv_host_of(base->host);
	struct uv_disk *disk = u->disk;

	pthread_mutex_lock(&disk->lock);
	while (disk->running == s)
		pthread_cond_wait(&disk->came_back, &disk->lock);
	list_remove(&s->node);
	pthread_mutex_unlock(&disk->lock);
	mem_free(s);
	disk_leave(u);
}

void uv_service_end(struct host_service *base, void (*ended)(void *arg))
{
	struct uv_service *s = (struct uv_service *)base;
	struct uv_disk *disk = uv_host_of(base->host)->disk;

	pthread_mutex_lock(&disk->lock);
	s->ended = ended;
	s->due_ns = 0;
	if (list_linked(&s->node)) {
		list_remove(&s->node);
		enqueue(disk, s);
	}
	pthread_cond_signal(&disk->changed);
	pthread_mutex_unlock(&disk->lock);
}

/* False: it was left to itself, and may be gone. */
static bool await_end(struct uv_disk *disk, unsigned limit_ms)
{
	uint64_t due_ns = uv_host_now(NULL) + limit_ms * NS_PER_MS;
	bool in_time = true;

	pthread_mutex_lock(&disk->lock);
	while (disk->state != OVER && in_time)
		in_time = wait_until(disk, &disk->came_back, due_ns);
	pthread_mutex_unlock(&disk->lock);
	if (in_time)
		return true;
	pthread_mutex_lock(&door);
	pthread_mutex_lock(&disk->lock);
	disk->left = disk->state != OVER;
	if (disk->left) {
		disk->host = NULL;
		pthread_detach(disk->thread);
	}
	in_time = !disk->left;
	pthread_mutex_unlock(&disk->lock);
	pthread_mutex_unlock(&door);
	return in_time;
}

bool uv_services_leave(struct host *h, unsigned limit_ms)
{
	struct uv_host *u = uv_host_of(h);
	struct uv_disk *disk;
	bool over;

	pthread_mutex_lock(&door);
	disk = u->disk ? u->disk : u->left_disk;
	pthread_mutex_unlock(&door);
	if (!disk)
		return true;
	over = limit_ms == UV_NO_LIMIT || await_end(disk, limit_ms);
	if (over)
		disk_join(disk);
	u->disk = u->left_disk = NULL;
	return over;
}
