/* The program's side of its port: program.h. */
#include "audio/program_impl.h"

#include "base/err.h"
#include "base/mem.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* ---- life ---- */

static int bell_init(struct bell *b, bool waits)
{
	b->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	atomic_init(&b->waits, waits);
	return b->fd < 0 ? err_from_errno(errno) : 0;
}

static int heard_init(struct heard_queue *q, size_t least)
{
	uint64_t slots = 1;

	while (slots < least)
		slots *= 2;
	q->slots = mem_zalloc(slots * sizeof(*q->slots));
	q->mask = slots - 1;
	return q->slots ? 0 : OH_ENOMEM;
}

static void dispose(struct program *a)
{
	if (a->room.fd >= 0)
		close(a->room.fd);
	if (a->frames.fd >= 0)
		close(a->frames.fd);
	ring_free(&a->play);
	ring_free(&a->marks);
	mem_free(a->heard.slots);
	pthread_mutex_destroy(&a->write_lock);
	pthread_mutex_destroy(&a->read_lock);
	mem_free(a);
}

static int check(const struct program_cfg *cfg)
{
	uint32_t r = cfg->rate_hz, least = 2 * cfg->tick_ms;

	if (r != 8000 && r != 16000 && r != 24000 && r != 32000 && r != 48000)
		return err_detail(
			OH_EINVAL, "rate_hz is %u; 8000, 16000, 24000, 32000 and 48000 are possible", r);
	if (cfg->play_ms < least || cfg->play_ms > PROGRAM_QUEUE_MS_MAX || cfg->heard_ms < least ||
		cfg->heard_ms > PROGRAM_QUEUE_MS_MAX)
		return err_detail(OH_EINVAL, "queues of %u and %u ms; %u to %u are possible", cfg->play_ms,
			cfg->heard_ms, least, PROGRAM_QUEUE_MS_MAX);
	return 0;
}

int program_new(const struct program_cfg *cfg, struct program **ret_program, struct port **ret_port)
{
	struct program *a;
	int err = check(cfg);

	if (err)
		return err;
	a = mem_zalloc(sizeof(*a));
	if (!a)
		return OH_ENOMEM;
	a->port = (struct port){&program_ops, cfg->rate_hz};
	a->cfg = *cfg;
	a->floor = UINT64_MAX;
	a->room.fd = a->frames.fd = -1;
	atomic_init(&a->refs, 2);
	pthread_mutex_init(&a->write_lock, NULL);
	pthread_mutex_init(&a->read_lock, NULL);
	err = ring_init(&a->play, sizeof(int16_t), (size_t)cfg->rate_hz / 1000 * cfg->play_ms);
	if (!err)
		err = ring_init(&a->marks, sizeof(struct mark), PROGRAM_MARKS_MAX);
	if (!err)
		err = heard_init(&a->heard, (size_t)cfg->rate_hz / 1000 * cfg->heard_ms);
	if (!err)
		err = bell_init(&a->room, false);
	if (!err)
		err = bell_init(&a->frames, true);
	if (err) {
		dispose(a);
		return err;
	}
	*ret_program = a;
	*ret_port = &a->port;
	return 0;
}

struct program *program_ref(struct program *a)
{
	atomic_fetch_add_explicit(&a->refs, 1, memory_order_relaxed);
	return a;
}

struct program *program_unref(struct program *a)
{
	if (a && atomic_fetch_sub_explicit(&a->refs, 1, memory_order_acq_rel) == 1)
		dispose(a);
	return NULL;
}

void program_end(struct program *a, int why)
{
	int none = 0;

	if (!atomic_compare_exchange_strong(&a->end, &none, why))
		return;
	bell_ring(&a->room);
	bell_ring(&a->frames);
}

/* ---- bells ---- */

/* What this side wanted is not there: from now on it is rung for. There is no gap: what came before is looked for by the
 * caller once more, behind this. */
static void bell_arm(struct program *a, struct bell *b)
{
	uint64_t count;

	if (atomic_load(&a->end))
		return; /* it rings for ever */
	while (read(b->fd, &count, sizeof(count)) < 0 && errno == EINTR)
		continue;
	atomic_store_explicit(&b->waits, true, memory_order_seq_cst);
	atomic_store_explicit(&b->told, false, memory_order_seq_cst);
	if (atomic_load(&a->end))
		bell_ring(b);
}

#define NO_LIMIT UINT64_MAX

static uint64_t deadline(const struct program *a, int wait_ms)
{
	return wait_ms < 0 ? NO_LIMIT : host_now(a->cfg.host) + (uint64_t)wait_ms * NS_PER_MS;
}

/* False: the time is over. */
static bool bell_wait(const struct program *a, const struct bell *b, uint64_t until)
{
	struct pollfd p = {.fd = b->fd, .events = POLLIN};
	uint64_t now = host_now(a->cfg.host), ms;

	if (until == NO_LIMIT)
		return poll(&p, 1, -1) >= 0 || errno == EINTR;
	if (now >= until)
		return false;
	ms = (until - now + NS_PER_MS - 1) / NS_PER_MS;
	return poll(&p, 1, ms < INT_MAX ? (int)ms : INT_MAX) >= 0 || errno == EINTR;
}

/* ---- writing ---- */

static size_t put(struct program *a, const int16_t *pcm, size_t n)
{
	size_t room = ring_capacity(&a->play) - ring_count(&a->play);

	/* Counted first: nothing is heard that was not written. */
	n = n < room ? n : room;
	atomic_fetch_add_explicit(&a->written, n, memory_order_release);
	return ring_write(&a->play, pcm, n);
}

/* As much as fits now; when something is left, the bell is armed for it. */
static size_t put_or_arm(struct program *a, const int16_t *pcm, size_t n)
{
	size_t done;

	pthread_mutex_lock(&a->write_lock);
	done = put(a, pcm, n);
	if (done < n) {
		bell_arm(a, &a->room);
		done += put(a, pcm + done, n - done);
	}
	pthread_mutex_unlock(&a->write_lock);
	return done;
}

long program_write(struct program *a, const int16_t *pcm, size_t n, int wait_ms)
{
	uint64_t until = deadline(a, wait_ms);
	size_t done = 0;

	for (;;) {
		int end = atomic_load(&a->end);

		if (end)
			return done ? (long)done : end;
		done += put_or_arm(a, pcm + done, n - done);
		if (done == n || !bell_wait(a, &a->room, until))
			return (long)done;
	}
}

uint64_t program_clear(struct program *a, uint32_t fade_ms)
{
	uint64_t to, consumed;

	pthread_mutex_lock(&a->write_lock);
	to = atomic_load_explicit(&a->written, memory_order_relaxed);
	atomic_store_explicit(&a->clear_fade, a->cfg.rate_hz / 1000 * fade_ms, memory_order_relaxed);
	atomic_store_explicit(&a->clear_to, to, memory_order_release);
	consumed = atomic_load_explicit(&a->consumed, memory_order_acquire);
	pthread_mutex_unlock(&a->write_lock);
	return to - consumed;
}

int program_mark(struct program *a, uint32_t number)
{
	struct mark m = {.number = number};
	bool room;

	pthread_mutex_lock(&a->write_lock);
	m.at = atomic_load_explicit(&a->written, memory_order_relaxed);
	room = ring_push(&a->marks, &m);
	pthread_mutex_unlock(&a->write_lock);
	return room ? 0 : err_detail(OH_ETOOMANY, "%u marks wait already", PROGRAM_MARKS_MAX);
}

void program_pause(struct program *a, bool paused)
{
	atomic_store_explicit(&a->paused, paused, memory_order_relaxed);
}

/* ---- reading ---- */

/* Copies n samples from `tail` on. False: the media thread was faster and has begun to write over them. */
static bool copy(const struct heard_queue *q, int16_t *pcm, size_t n)
{
	for (size_t i = 0; i < n; i++)
		pcm[i] = atomic_load_explicit(&q->slots[(q->tail + i) & q->mask], memory_order_relaxed);
	atomic_thread_fence(memory_order_acquire);
	return atomic_load_explicit(&q->claimed, memory_order_relaxed) - q->tail <= q->mask + 1;
}

#define ANYWHERE UINT64_MAX

/* Under the lock. The oldest of what is there, at most n; *dropped grows by what was lost before it. `from`: it has to go on
 * there; false: it does not. */
static bool take(struct program *a, int16_t *pcm, size_t n, uint64_t from, size_t *ret_n, uint64_t *dropped)
{
	struct heard_queue *q = &a->heard;
	/* The place of the next tick is left free, so that it does not spoil what is being copied. */
	uint64_t keep = q->mask + 1 - a->cfg.rate_hz / 1000 * a->cfg.tick_ms;

	if (from != ANYWHERE && q->tail != from) /* another reader was in between */
		return false;

	for (;;) {
		uint64_t head = atomic_load_explicit(&q->head, memory_order_acquire),
			 waiting = head - q->tail;

		if (waiting > keep && from != ANYWHERE)
			return false;
		if (waiting > keep) {
			*dropped += waiting - keep;
			q->tail = head - keep;
			waiting = keep;
		}
		if (n > waiting)
			n = (size_t)waiting;
		if (copy(q, pcm, n))
			break;
	}
	q->tail += n;
	*ret_n = n;
	return true;
}

static uint64_t waiting(const struct program *a)
{
	return atomic_load_explicit(&a->heard.head, memory_order_acquire) - a->heard.tail;
}

/* A read as far as it has come. */
struct reading {
	bool whole; /* it waits until there are n */
	size_t done;
	struct program_heard heard;
};

/* The next part, as put_or_arm(). whole: nothing is taken before there are n. False: what comes next does not go on from what was
 * read. */
static bool take_or_arm(struct program *a, struct reading *r, int16_t *pcm, size_t n, bool whole)
{
	uint64_t dropped = 0, from = r->done ? r->heard.position + r->done : ANYWHERE;
	size_t got = 0;
	bool goes_on = true;

	pthread_mutex_lock(&a->read_lock);
	if (waiting(a) < n)
		bell_arm(a, &a->frames);
	if (!whole || waiting(a) >= n)
		goes_on = take(a, pcm, n, from, &got, &dropped);
	if (!r->done)
		r->heard = (struct program_heard){a->heard.tail - got, dropped};
	pthread_mutex_unlock(&a->read_lock);
	r->done += got;
	atomic_fetch_add_explicit(&a->read, got, memory_order_relaxed);
	atomic_fetch_add_explicit(&a->dropped, dropped, memory_order_relaxed);
	return goes_on;
}

long program_read(struct program *a, int16_t *pcm, size_t n, int wait_ms, struct program_heard *ret_heard)
{
	uint64_t until = deadline(a, wait_ms);
	/* More than the queue ever holds is read as it comes; by halves, so that one fills while the other is emptied. */
	size_t half = (a->heard.mask + 1) / 2;
	struct reading r = {.whole = wait_ms != 0};

	for (;;) {
		int end = atomic_load(&a->end);
		size_t before = r.done, part = n - r.done < half ? n - r.done : half;
		bool goes_on = take_or_arm(a, &r, pcm + r.done, part, r.whole && !end);

		if (!r.done && end)
			return end;
		if (r.done == n || !goes_on)
			break;
		if (r.done - before == part)
			continue;
		if (!r.whole || end)
			break;
		r.whole = bell_wait(a, &a->frames, until); /* else what there is */
	}
	if (ret_heard)
		*ret_heard = r.heard;
	return (long)r.done;
}

/* ---- questions ---- */

int program_fd_read(const struct program *a)
{
	return a->frames.fd;
}

int program_fd_write(const struct program *a)
{
	return a->room.fd;
}

void program_told(struct program *a, bool readable)
{
	atomic_store_explicit(readable ? &a->frames.told : &a->room.told, true, memory_order_release);
}

void program_ledger(struct program *a, struct program_ledger *l)
{
	uint64_t consumed;
	uint32_t turn;

	do {
		turn = atomic_load_explicit(&a->turn, memory_order_acquire);
		consumed = atomic_load_explicit(&a->consumed, memory_order_acquire);
		l->cleared = atomic_load_explicit(&a->cleared, memory_order_acquire);
	} while ((turn & 1) || turn != atomic_load_explicit(&a->turn, memory_order_relaxed));
	/* Last: what was consumed had been written. */
	l->written = atomic_load_explicit(&a->written, memory_order_acquire);
	l->heard = consumed - l->cleared;
	l->queued = l->written - consumed;
	l->captured = atomic_load_explicit(&a->heard.head, memory_order_acquire);
	l->read = atomic_load_explicit(&a->read, memory_order_relaxed);
	l->dropped = atomic_load_explicit(&a->dropped, memory_order_relaxed);
	l->ran_dry = atomic_load_explicit(&a->ran_dry, memory_order_relaxed);
	l->turns = atomic_load_explicit(&a->turns, memory_order_relaxed);
	l->turn_last_ns = atomic_load_explicit(&a->turn_last_ns, memory_order_relaxed);
	l->turn_sum_ns = atomic_load_explicit(&a->turn_sum_ns, memory_order_relaxed);
	l->turn_max_ns = atomic_load_explicit(&a->turn_max_ns, memory_order_relaxed);
}
