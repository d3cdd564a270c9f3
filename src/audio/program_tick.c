/* The media thread's side of the program's port: program.h. No lock, no allocation; the bells are the one system call. */
#include "audio/program_impl.h"

#include <string.h>
#include <unistd.h>

/* Somebody speaks when a tick is so much louder than the quietest of late, and not below about -55 dBov. */
#define SPEECH_OVER_FLOOR 8u
#define SPEECH_LEAST      3400u
#define FLOOR_RISE_SHIFT  7 /* a floor that was too low comes up in some seconds */

void bell_ring(struct bell *b)
{
	const uint64_t one = 1;

	/* It cannot block but at 2^64 - 1, and what is readable already needs no more. */
	if (write(b->fd, &one, sizeof(one)) < 0)
		return;
}

static void tell(
	const struct program *a, enum media_report_type type, uint32_t value, uint32_t more, uint64_t now)
{
	struct media_report r = {
		.type = type, .tag = a->cfg.tag, .value = value, .duration_ms = more, .at_ns = now};

	if (a->cfg.report)
		a->cfg.report(a->cfg.report_arg, &r);
}

/* Whoever waits at this bell hears it; the program is told once until it has acted. */
static void ring(struct program *a, struct bell *b, enum media_report_type type, uint64_t now)
{
	if (atomic_exchange_explicit(&b->waits, false, memory_order_acq_rel))
		bell_ring(b);
	if (a->cfg.tell && !atomic_load_explicit(&b->told, memory_order_acquire))
		tell(a, type, 0, 0, now);
}

/* ---- program to bridge ---- */

static bool next_mark(struct program *a)
{
	if (!a->has_mark)
		a->has_mark = ring_pop(&a->marks, &a->mark);
	return a->has_mark;
}

/* Marks up to here have been reached; those behind `heard_to` by clearing. */
static void pass_marks(struct program *a, uint64_t to, uint64_t heard_to, uint64_t now)
{
	while (next_mark(a) && a->mark.at <= to) {
		tell(a, MEDIA_AUDIO_MARK, a->mark.number, a->mark.at > heard_to, now);
		a->has_mark = false;
	}
}

static void fade(int16_t *pcm, size_t n)
{
	for (size_t i = 0; i < n; i++)
		pcm[i] = (int16_t)((int32_t)pcm[i] * (int32_t)(n - i) / (int32_t)(n + 1));
}

/* Drops what was queued when the program said so. Returns how many samples of a fade stand in pcm; *at and *cleared grow. */
static size_t clear(struct program *a, int16_t *pcm, size_t n, uint64_t *at, uint64_t *cleared, uint64_t now)
{
	uint64_t to = atomic_load_explicit(&a->clear_to, memory_order_acquire), dropped;
	size_t faded = atomic_load_explicit(&a->clear_fade, memory_order_relaxed);

	if (to <= *at)
		return 0;
	faded = faded < n ? faded : n;
	faded = faded < to - *at ? faded : (size_t)(to - *at);
	faded = ring_read(&a->play, pcm, faded);
	fade(pcm, faded);
	dropped = to - *at - faded;
	ring_skip(&a->play, (size_t)dropped);
	pass_marks(a, to, *at + faded, now);
	*at = to;
	*cleared += dropped;
	tell(a, MEDIA_AUDIO_CLEARED, 0, 0, now);
	return faded;
}

/* The first samples of an answer: how long did the others wait for it? */
static void answered(struct program *a, uint64_t now)
{
	uint64_t waited = now - a->speech_ns;

	if (!a->speech_ns)
		return;
	a->speech_ns = 0;
	atomic_fetch_add_explicit(&a->turns, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&a->turn_sum_ns, waited, memory_order_relaxed);
	atomic_store_explicit(&a->turn_last_ns, waited, memory_order_relaxed);
	if (waited > atomic_load_explicit(&a->turn_max_ns, memory_order_relaxed))
		atomic_store_explicit(&a->turn_max_ns, waited, memory_order_relaxed);
}

static void move(struct program *a, uint64_t consumed, uint64_t cleared)
{
	uint32_t turn = atomic_load_explicit(&a->turn, memory_order_relaxed);

	atomic_store_explicit(&a->turn, turn + 1, memory_order_relaxed);
	atomic_store_explicit(&a->consumed, consumed, memory_order_release);
	atomic_store_explicit(&a->cleared, cleared, memory_order_release);
	atomic_store_explicit(&a->turn, turn + 2, memory_order_release);
}

static bool program_pull(struct port *p, int16_t *pcm, size_t n, const struct audio_tick *t)
{
	struct program *a = (struct program *)p;
	uint64_t at = atomic_load_explicit(&a->consumed, memory_order_relaxed), before = at;
	uint64_t cleared = atomic_load_explicit(&a->cleared, memory_order_relaxed);
	size_t got = clear(a, pcm, n, &at, &cleared, t->now_ns), more = 0;
	bool stopped = at != before;

	if (!atomic_load_explicit(&a->paused, memory_order_relaxed))
		more = ring_read(&a->play, pcm + got, n - got);
	at += more;
	got += more;
	move(a, at, cleared);
	pass_marks(a, at, at, t->now_ns);
	if (got && !a->playing)
		answered(a, t->now_ns);
	if (a->playing && got < n && !stopped)
		atomic_fetch_add_explicit(&a->ran_dry, 1, memory_order_relaxed);
	a->playing = more && got == n;
	if (ring_count(&a->play) < ring_capacity(&a->play))
		ring(a, &a->room, MEDIA_AUDIO_WRITABLE, t->now_ns);
	if (!got)
		return false;
	memset(pcm + got, 0, (n - got) * sizeof(*pcm));
	return true;
}

/* ---- bridge to program ---- */

static bool is_speech(struct program *a, const int16_t *pcm, size_t n)
{
	uint64_t energy = 0;

	for (size_t i = 0; i < n; i++)
		energy += (uint32_t)((int32_t)pcm[i] * pcm[i]);
	energy /= n;
	if (energy < a->floor)
		a->floor = energy;
	else
		a->floor += (a->floor >> FLOOR_RISE_SHIFT) + 1;
	return energy > SPEECH_LEAST && energy > a->floor * SPEECH_OVER_FLOOR;
}

static void program_push(struct port *p, const int16_t *pcm, size_t n, const struct audio_tick *t)
{
	struct program *a = (struct program *)p;
	struct heard_queue *q = &a->heard;
	uint64_t at = atomic_load_explicit(&q->head, memory_order_relaxed);

	atomic_store_explicit(&q->claimed, at + n, memory_order_relaxed);
	/* A reader that sees any of the new samples sees the claim. */
	atomic_thread_fence(memory_order_release);
	for (size_t i = 0; i < n; i++)
		atomic_store_explicit(&q->slots[(at + i) & q->mask], pcm ? pcm[i] : 0, memory_order_relaxed);
	atomic_store_explicit(&q->head, at + n, memory_order_release);
	if (pcm && is_speech(a, pcm, n))
		a->speech_ns = t->now_ns;
	ring(a, &a->frames, MEDIA_AUDIO_READABLE, t->now_ns);
}

static void program_free(struct port *p)
{
	program_unref((struct program *)p);
}

const struct port_ops program_ops = {
	.kind = "program", .pull = program_pull, .push = program_push, .free = program_free};
