/* The program's port by itself: what it owes those who write, those who read, and its ledger. */
#include "check.h"

#include "audio/program_impl.h"
#include "base/err.h"
#include "host/sim/sim.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>

#define N 320 /* samples of a tick: 16 kHz, 20 ms */

struct rig {
	struct sim *sim;
	struct host *host;
	struct program *a;
	struct port *port;
	uint64_t now;
	unsigned marks, cleared_marks, cleared, readable, writable;
	uint32_t last_mark;
};

static void on_report(void *arg, const struct media_report *r)
{
	struct rig *rig = arg;

	CHECK_EQ(r->tag, 7);
	rig->marks += r->type == MEDIA_AUDIO_MARK;
	rig->cleared_marks += r->type == MEDIA_AUDIO_MARK && r->duration_ms == 1;
	rig->cleared += r->type == MEDIA_AUDIO_CLEARED;
	rig->readable += r->type == MEDIA_AUDIO_READABLE;
	rig->writable += r->type == MEDIA_AUDIO_WRITABLE;
	if (r->type == MEDIA_AUDIO_MARK)
		rig->last_mark = r->value;
}

static int open_rig(struct rig *r, uint32_t play_ms, uint32_t heard_ms, bool tell)
{
	struct program_cfg cfg = {.rate_hz = 16000,
		.tick_ms = 20,
		.play_ms = play_ms,
		.heard_ms = heard_ms,
		.tell = tell,
		.tag = 7,
		.report = on_report,
		.report_arg = r};
	int err;

	*r = (struct rig){.now = NS_PER_S};
	err = sim_new(1, &r->sim);
	if (!err)
		err = sim_host_new(r->sim, "192.0.2.1", &r->host);
	cfg.host = r->host;
	if (!err)
		err = program_new(&cfg, &r->a, &r->port);
	if (err) {
		host_free(r->host);
		sim_free(r->sim);
	}
	return err;
}

static void close_rig(struct rig *r)
{
	r->port->ops->free(r->port);
	program_unref(r->a);
	host_free(r->host);
	sim_free(r->sim);
}

static void say(struct rig *r, int16_t from, size_t n)
{
	int16_t pcm[8 * N];

	CHECK(n <= ARRAY_LEN(pcm));
	for (size_t i = 0; i < n; i++)
		pcm[i] = (int16_t)(from + (int16_t)i);
	CHECK_EQ(program_write(r->a, pcm, n, 0), n);
}

/* One tick of what it says; false: silence. */
static bool pull(struct rig *r, int16_t pcm[N])
{
	struct audio_tick t = {.now_ns = r->now += 20 * NS_PER_MS};

	memset(pcm, 0x55, N * sizeof(*pcm));
	return r->port->ops->pull(r->port, pcm, N, &t);
}

static void push(struct rig *r, int16_t from, int16_t step)
{
	struct audio_tick t = {.now_ns = r->now += 20 * NS_PER_MS};
	int16_t pcm[N];

	for (size_t i = 0; i < N; i++)
		pcm[i] = (int16_t)(from + step * (int16_t)i);
	r->port->ops->push(r->port, pcm, N, &t);
}

static struct program_ledger ledger(struct rig *r)
{
	struct program_ledger l;

	program_ledger(r->a, &l);
	CHECK_EQ(l.written, l.queued + l.heard + l.cleared);
	return l;
}

TEST(what_is_written_is_heard_once_and_in_order)
{
	int16_t pcm[N];
	struct rig r;

	CHECK_OK(open_rig(&r, 1000, 1000, false));
	CHECK(!pull(&r, pcm));
	say(&r, 1000, N + 10);
	CHECK(pull(&r, pcm));
	CHECK_EQ(pcm[0], 1000);
	CHECK_EQ(pcm[N - 1], 1000 + N - 1);
	CHECK_EQ(ledger(&r).queued, 10);
	CHECK(pull(&r, pcm));
	CHECK_EQ(pcm[9], 1000 + N + 9);
	CHECK_EQ(pcm[10], 0);
	CHECK_EQ(pcm[N - 1], 0);
	CHECK(!pull(&r, pcm));
	CHECK_EQ(ledger(&r).heard, N + 10);
	CHECK_EQ(ledger(&r).ran_dry, 1);
	close_rig(&r);
}

TEST(a_full_queue_takes_what_fits_and_then_no_more)
{
	static int16_t pcm[20000];
	struct rig r;
	long room, more;

	CHECK_OK(open_rig(&r, 100, 100, false));
	room = program_write(r.a, pcm, ARRAY_LEN(pcm), 0);
	CHECK(room >= 1600 && room < 16000);
	CHECK_EQ(program_write(r.a, pcm, 1, 0), 0);
	CHECK(pull(&r, pcm));
	more = program_write(r.a, pcm, ARRAY_LEN(pcm), 0);
	CHECK_EQ(more, N);
	CHECK_EQ(ledger(&r).written, room + N);
	close_rig(&r);
}

/* Barge-in: the next tick holds nothing of what was queued but a fade; what is written behind it is heard at once. */
TEST(clearing_silences_within_one_tick)
{
	static const struct {
		uint32_t fade_ms;
		size_t faded;
	} rows[] = {{0, 0}, {5, 80}, {20, N}, {1000, N}};
	int16_t pcm[N];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t faded = rows[i].faded;
		struct rig r;

		CHECK_OK(open_rig(&r, 1000, 1000, false));
		say(&r, 8000, 4 * N);
		CHECK(pull(&r, pcm));
		CHECK_EQ(program_clear(r.a, rows[i].fade_ms), 3 * N);
		CHECK_EQ(pull(&r, pcm), faded > 0);
		for (size_t s = 1; s < faded; s++)
			CHECK(pcm[s] >= 0 && pcm[s] <= pcm[s - 1]);
		if (faded && faded < N)
			CHECK_EQ(pcm[faded], 0);
		CHECK_EQ(r.cleared, 1);
		CHECK_EQ(ledger(&r).cleared, 3 * N - faded);
		CHECK_EQ(ledger(&r).heard, N + faded);
		CHECK(!pull(&r, pcm));
		say(&r, 1, N);
		CHECK(pull(&r, pcm));
		CHECK_EQ(pcm[0], 1);
		CHECK_EQ(ledger(&r).ran_dry, 0);
		close_rig(&r);
	}
}

TEST(what_is_written_behind_a_clear_is_heard_in_the_same_tick)
{
	int16_t pcm[N];
	struct rig r;

	CHECK_OK(open_rig(&r, 1000, 1000, false));
	say(&r, 8000, 2 * N);
	program_clear(r.a, 0);
	say(&r, 1, N);
	CHECK(pull(&r, pcm));
	CHECK_EQ(pcm[0], 1);
	CHECK_EQ(pcm[N - 1], N);
	CHECK_EQ(ledger(&r).cleared, 2 * N);
	/* Nothing queued: nothing to clear, and nobody is told. */
	CHECK_EQ(program_clear(r.a, 0), 0);
	CHECK(!pull(&r, pcm));
	CHECK_EQ(r.cleared, 1);
	close_rig(&r);
}

TEST(a_mark_comes_when_all_before_it_was_heard_or_cleared)
{
	int16_t pcm[N];
	struct rig r;

	CHECK_OK(open_rig(&r, 1000, 1000, false));
	CHECK_OK(program_mark(r.a, 1)); /* before anything: at once */
	say(&r, 0, N + 1);
	CHECK_OK(program_mark(r.a, 2));
	say(&r, 0, N);
	CHECK_OK(program_mark(r.a, 3));
	say(&r, 0, N);
	CHECK_OK(program_mark(r.a, 4));
	pull(&r, pcm);
	CHECK_EQ(r.marks, 1);
	pull(&r, pcm);
	CHECK_EQ(r.marks, 2);
	CHECK_EQ(r.last_mark, 2);
	CHECK_EQ(r.cleared_marks, 0);
	/* The fade reaches mark 3 exactly: heard. Mark 4 lies behind it. */
	program_clear(r.a, 1000);
	pull(&r, pcm);
	CHECK_EQ(r.marks, 4);
	CHECK_EQ(r.last_mark, 4);
	CHECK_EQ(r.cleared_marks, 1);
	for (uint32_t i = 0; i < PROGRAM_MARKS_MAX; i++)
		CHECK_OK(program_mark(r.a, i));
	CHECK_EQ(program_mark(r.a, 0), OH_ETOOMANY);
	pull(&r, pcm);
	CHECK_EQ(r.marks, 4 + PROGRAM_MARKS_MAX);
	close_rig(&r);
}

TEST(a_paused_port_is_silent_and_loses_nothing)
{
	int16_t pcm[N];
	struct rig r;

	CHECK_OK(open_rig(&r, 1000, 1000, false));
	say(&r, 1, N);
	program_pause(r.a, true);
	CHECK(!pull(&r, pcm));
	CHECK_EQ(ledger(&r).queued, N);
	program_pause(r.a, false);
	CHECK(pull(&r, pcm));
	CHECK_EQ(pcm[0], 1);
	close_rig(&r);
}

TEST(what_others_say_is_read_with_its_position)
{
	struct program_heard heard;
	int16_t pcm[2 * N];
	struct rig r;

	CHECK_OK(open_rig(&r, 1000, 1000, false));
	CHECK_EQ(program_read(r.a, pcm, N, 0, &heard), 0);
	push(&r, 0, 1);
	r.port->ops->push(r.port, NULL, N, &(struct audio_tick){.now_ns = r.now});
	CHECK_EQ(program_read(r.a, pcm, N / 2, 0, &heard), N / 2);
	CHECK_EQ(heard.position, 0);
	CHECK_EQ(pcm[N / 2 - 1], N / 2 - 1);
	CHECK_EQ(program_read(r.a, pcm, 2 * N, 0, &heard), N + N / 2);
	CHECK_EQ(heard.position, N / 2);
	CHECK_EQ(heard.dropped, 0);
	CHECK_EQ(pcm[0], N / 2);
	CHECK_EQ(pcm[N / 2], 0); /* silence is samples too */
	CHECK_EQ(ledger(&r).captured, 2 * N);
	CHECK_EQ(ledger(&r).read, 2 * N);
	close_rig(&r);
}

TEST(a_slow_reader_loses_the_oldest_and_is_told)
{
	static int16_t pcm[32768];
	struct program_heard heard;
	struct rig r;
	long n;

	CHECK_OK(open_rig(&r, 100, 100, false));
	for (int16_t i = 0; i < 100; i++)
		push(&r, i, 0);
	n = program_read(r.a, pcm, ARRAY_LEN(pcm), 0, &heard);
	CHECK(n >= 1600);
	CHECK_EQ(pcm[n - 1], 99);
	CHECK_EQ(heard.dropped, 100 * N - n);
	CHECK_EQ(heard.position, heard.dropped);
	CHECK_EQ(ledger(&r).dropped, heard.dropped);
	push(&r, 5, 0);
	CHECK_EQ(program_read(r.a, pcm, ARRAY_LEN(pcm), 0, &heard), N);
	CHECK_EQ(heard.dropped, 0);
	close_rig(&r);
}

struct long_read {
	struct program *a;
	int16_t pcm[40 * N];
	struct program_heard heard;
	long n;
};

static void *read_it_all(void *arg)
{
	struct long_read *l = arg;

	l->n = program_read(l->a, l->pcm, ARRAY_LEN(l->pcm), -1, &l->heard);
	return NULL;
}

/* So many turns of others until so many samples were read; false: they are not. */
static bool gets_read(struct rig *r, uint64_t samples)
{
	for (unsigned turn = 0; turn < 1000000; turn++) {
		if (ledger(r).read >= samples)
			return true;
		sched_yield();
	}
	return false;
}

/* 800 ms of a queue of 100 ms: it is emptied while it fills. */
TEST(more_than_the_queue_holds_is_read_as_it_comes)
{
	static struct long_read l;
	bool goes_on = true;
	pthread_t thread;
	struct rig r;

	CHECK_OK(open_rig(&r, 100, 100, false));
	l.a = r.a;
	CHECK_OK(pthread_create(&thread, NULL, read_it_all, &l));
	for (int16_t i = 0; i < 40 && goes_on; i++) {
		push(&r, (int16_t)(i * N), 1);
		goes_on = i < 4 || gets_read(&r, (uint64_t)(i - 3) * N);
	}
	program_end(r.a, OH_EENDED);
	CHECK_OK(pthread_join(thread, NULL));
	CHECK(goes_on);
	CHECK_EQ(l.n, ARRAY_LEN(l.pcm));
	CHECK_EQ(l.heard.position, 0);
	CHECK_EQ(l.heard.dropped, 0);
	for (size_t i = 0; i < ARRAY_LEN(l.pcm); i++)
		CHECK_EQ(l.pcm[i], (int16_t)i);
	close_rig(&r);
}

/* A burst that no reader keeps up with: what one read gives has no gap within, it ends there and the next one tells. */
TEST(a_long_read_ends_before_what_was_lost)
{
	static struct long_read l;
	struct program_heard next;
	pthread_t thread;
	int16_t pcm[N];
	struct rig r;

	CHECK_OK(open_rig(&r, 100, 100, false));
	l.a = r.a;
	CHECK_OK(pthread_create(&thread, NULL, read_it_all, &l));
	for (int16_t i = 0; i < 4; i++)
		push(&r, (int16_t)(i * N), 1);
	CHECK(gets_read(&r, 3 * N));
	for (int16_t i = 4; i < 60; i++)
		push(&r, (int16_t)(i * N), 1);
	program_end(r.a, OH_EENDED);
	CHECK_OK(pthread_join(thread, NULL));
	CHECK(l.n >= 3 * N);
	CHECK_EQ(l.heard.position, 0);
	for (long i = 0; i < l.n; i++)
		CHECK_EQ(l.pcm[i], (int16_t)i);
	CHECK_EQ(program_read(r.a, pcm, N, 0, &next), N);
	CHECK_EQ(next.position, (uint64_t)l.n + next.dropped);
	CHECK_EQ(pcm[0], (int16_t)next.position);
	close_rig(&r);
}

static void *read_one(void *arg)
{
	struct long_read *l = arg;

	l->n = program_read(l->a, l->pcm, N, 0, &l->heard);
	return NULL;
}

/* The media thread has gone round the whole queue, and two ticks further, while a reader copies the oldest: what he has may be
 * of both, and he copies again. */
TEST(a_reader_that_is_overtaken_copies_again)
{
	static struct long_read l;
	struct heard_queue *q;
	uint64_t head, claimed;
	bool waits = true;
	pthread_t thread;
	struct rig r;

	CHECK_OK(open_rig(&r, 100, 100, false));
	l.a = r.a;
	q = &r.a->heard;
	for (int16_t i = 0; i < 8; i++)
		push(&r, (int16_t)(i * N), 1);
	head = atomic_load(&q->head);
	claimed = head + 3 * N;
	atomic_store(&q->claimed, claimed);
	CHECK_OK(pthread_create(&thread, NULL, read_one, &l));
	for (unsigned turn = 0; turn < 1000 && waits; turn++) {
		waits = ledger(&r).read == 0;
		sched_yield();
	}
	for (uint64_t at = head; at < claimed; at++)
		atomic_store(&q->slots[at & q->mask], (int16_t)at);
	atomic_store(&q->head, claimed);
	CHECK_OK(pthread_join(thread, NULL));
	CHECK(waits);
	CHECK_EQ(l.n, N);
	CHECK_EQ(l.heard.position, l.heard.dropped);
	CHECK_EQ(l.heard.position, claimed - (q->mask + 1 - N));
	for (size_t i = 0; i < N; i++)
		CHECK_EQ(l.pcm[i], (int16_t)(l.heard.position + i));
	close_rig(&r);
}

static bool readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

TEST(descriptors_tell_when_there_is_more_and_when_there_is_room)
{
	static int16_t pcm[32768];
	struct rig r;

	CHECK_OK(open_rig(&r, 100, 100, false));
	CHECK(!readable(program_fd_read(r.a)));
	push(&r, 0, 0);
	CHECK(readable(program_fd_read(r.a)));
	CHECK_EQ(program_read(r.a, pcm, 2 * N, 0, NULL), N);
	CHECK(!readable(program_fd_read(r.a)));
	push(&r, 0, 0);
	CHECK(readable(program_fd_read(r.a)));
	program_write(r.a, pcm, ARRAY_LEN(pcm), 0);
	CHECK(!readable(program_fd_write(r.a)));
	CHECK(pull(&r, pcm));
	CHECK(readable(program_fd_write(r.a)));
	close_rig(&r);
}

TEST(the_program_is_told_once_until_it_acts)
{
	static int16_t pcm[32768];
	struct rig r;

	CHECK_OK(open_rig(&r, 100, 100, true));
	push(&r, 0, 0);
	push(&r, 0, 0);
	CHECK_EQ(r.readable, 2); /* as long as nobody has taken it up */
	program_told(r.a, true);
	push(&r, 0, 0);
	CHECK_EQ(r.readable, 2);
	program_read(r.a, pcm, ARRAY_LEN(pcm), 0, NULL);
	push(&r, 0, 0);
	CHECK_EQ(r.readable, 3);
	close_rig(&r);
}

TEST(the_end_lets_everybody_go)
{
	int16_t pcm[2 * N];
	struct rig r;

	CHECK_OK(open_rig(&r, 100, 100, false));
	push(&r, 0, 0);
	program_end(r.a, OH_EENDED);
	program_end(r.a, OH_ENOENT); /* the first reason stays */
	CHECK_EQ(program_read(r.a, pcm, 2 * N, -1, NULL), N);
	CHECK_EQ(program_read(r.a, pcm, N, -1, NULL), OH_EENDED);
	CHECK_EQ(program_write(r.a, pcm, N, -1), OH_EENDED);
	CHECK(readable(program_fd_read(r.a)) && readable(program_fd_write(r.a)));
	close_rig(&r);
}

/* From the last tick of the others' speech to the first of the answer. */
TEST(an_answer_is_timed)
{
	int16_t pcm[N];
	struct rig r;

	CHECK_OK(open_rig(&r, 1000, 1000, false));
	for (unsigned i = 0; i < 10; i++)
		push(&r, 1, 0); /* a quiet line */
	for (unsigned i = 0; i < 10; i++)
		push(&r, -8000, 50);
	for (unsigned i = 0; i < 25; i++)
		push(&r, 1, 0);
	say(&r, 1, N);
	pull(&r, pcm);
	CHECK_EQ(ledger(&r).turns, 1);
	CHECK_EQ(ledger(&r).turn_last_ns, 26 * 20 * NS_PER_MS);
	/* It goes on talking: that is no new answer. */
	say(&r, 1, N);
	pull(&r, pcm);
	pull(&r, pcm);
	say(&r, 1, N);
	pull(&r, pcm);
	CHECK_EQ(ledger(&r).turns, 1);
	close_rig(&r);
}

TEST(settings_out_of_range_are_refused)
{
	struct program_cfg good = {.rate_hz = 24000, .tick_ms = 20, .play_ms = 100, .heard_ms = 100}, cfg;
	struct program *a;
	struct port *port;

	cfg = good;
	cfg.rate_hz = 44100;
	CHECK_EQ(program_new(&cfg, &a, &port), OH_EINVAL);
	cfg = good;
	cfg.play_ms = 39;
	CHECK_EQ(program_new(&cfg, &a, &port), OH_EINVAL);
	cfg = good;
	cfg.heard_ms = PROGRAM_QUEUE_MS_MAX + 1;
	CHECK_EQ(program_new(&cfg, &a, &port), OH_EINVAL);
}

static int open_and_close(void *arg)
{
	struct rig r;
	int err = open_rig(&r, 100, 100, false);

	(void)arg;
	if (!err)
		close_rig(&r);
	return err;
}

TEST(memory_runs_out)
{
	check_every_allocation_fails(open_and_close, NULL);
}

TESTS(RUN(what_is_written_is_heard_once_and_in_order), RUN(a_full_queue_takes_what_fits_and_then_no_more),
	RUN(clearing_silences_within_one_tick), RUN(what_is_written_behind_a_clear_is_heard_in_the_same_tick),
	RUN(a_mark_comes_when_all_before_it_was_heard_or_cleared),
	RUN(a_paused_port_is_silent_and_loses_nothing), RUN(what_others_say_is_read_with_its_position),
	RUN(a_slow_reader_loses_the_oldest_and_is_told),
	RUN(descriptors_tell_when_there_is_more_and_when_there_is_room),
	RUN(the_program_is_told_once_until_it_acts), RUN(the_end_lets_everybody_go), RUN(an_answer_is_timed),
	RUN(settings_out_of_range_are_refused), RUN(memory_runs_out),
	RUN(more_than_the_queue_holds_is_read_as_it_comes), RUN(a_long_read_ends_before_what_was_lost),
	RUN(a_reader_that_is_overtaken_copies_again))
