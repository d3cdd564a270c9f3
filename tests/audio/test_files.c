/* Player and recorder on the simulated host; the files are real ones in a directory of the test's own. */
#include "audio/rig.h"
#include "check.h"

#include "audio/engine.h"
#include "audio/ports.h"
#include "base/err.h"
#include "host/sim/sim.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <sndfile.h>
#include <sys/wait.h>
#include <unistd.h>

#define MS NS_PER_MS

struct world {
	struct sim *sim;
	struct host *host;
	struct engine *engine;
	struct bridge *bridge;
	unsigned ends;
	uint32_t tag;
	uint64_t ended_at;
	char dir[64], path[128];
};

static void on_report(void *arg, const struct media_report *r)
{
	struct world *w = arg;

	w->ends += r->type == MEDIA_FILE_END;
	w->tag = r->tag;
	w->ended_at = r->at_ns;
}

static void on_wake(void *arg)
{
	engine_dispatch(((struct world *)arg)->engine);
}

static void on_idle(void *arg)
{
	engine_publish(((struct world *)arg)->engine);
}

static void world_open(struct world *w, uint32_t rate_hz)
{
	struct engine_cfg cfg;

	*w = (struct world){.dir = "/tmp/offhook-files-XXXXXX"};
	assert_non_null(mkdtemp(w->dir));
	CHECK_OK(sim_new(7, &w->sim));
	CHECK_OK(sim_host_new(w->sim, "10.0.0.1", &w->host));
	engine_cfg_defaults(&cfg);
	cfg.host = w->host;
	cfg.bridge.rate_hz = rate_hz;
	cfg.report = on_report;
	cfg.report_arg = w;
	CHECK_OK(engine_new(&cfg, &w->engine));
	w->bridge = engine_bridge(w->engine);
	host_on_wake(w->host, on_wake, w);
	host_on_idle(w->host, on_idle, w);
}

static const char *in_dir(struct world *w, const char *name)
{
	snprintf(w->path, sizeof(w->path), "%s/%s", w->dir, name);
	return w->path;
}

static void world_close(struct world *w)
{
	static const char *const names[] = {"in.wav", "out.wav", "bad.wav"};

	engine_free(w->engine);
	host_free(w->host);
	sim_free(w->sim);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		unlink(in_dir(w, names[i]));
	rmdir(w->dir);
}

static void run(struct world *w, unsigned ms)
{
	engine_publish(w->engine);
	sim_run_for(w->sim, ms * MS);
}

/* ---- files ---- */

static void write_file(
	const char *path, int format, int rate_hz, int channels, const int16_t *pcm, size_t frames)
{
	SF_INFO info = {.samplerate = rate_hz, .channels = channels, .format = format};
	SNDFILE *f = sf_open(path, SFM_WRITE, &info);

	assert_non_null(f);
	sf_command(f, SFC_SET_SCALE_INT_FLOAT_WRITE, NULL, SF_TRUE);
	CHECK_EQ(sf_writef_short(f, pcm, (sf_count_t)frames), frames);
	sf_close(f);
}

static size_t read_file(const char *path, int16_t *pcm, size_t cap, SF_INFO *ret_info)
{
	SNDFILE *f = sf_open(path, SFM_READ, memset(ret_info, 0, sizeof(*ret_info)));
	size_t n;

	assert_non_null(f);
	n = (size_t)sf_readf_short(f, pcm, (sf_count_t)cap);
	sf_close(f);
	return n;
}

/* Something like speech: syllables of noise, never zero, so that places can be told from each other. */
static int16_t *make_speech(size_t n)
{
	int16_t *pcm = malloc(n * sizeof(*pcm));
	uint64_t seed = 42;

	for (size_t i = 0; i < n; i++) {
		double loud = 0.2 + fabs(sin((double)i / 1500));

		pcm[i] = (int16_t)(1 + loud * (int)(rig_random(&seed) % 16000));
	}
	return pcm;
}

static struct player *add_player(struct world *w, const char *path, bool loop, struct bridge_slot *ret_slot)
{
	struct player_cfg cfg = {.host = w->host,
		.path = path,
		.loop = loop,
		.tag = 9,
		.report = engine_report,
		.report_arg = w->engine};
	struct bridge_slot_info slot0;
	struct player *p = NULL;
	struct port *port = NULL;

	CHECK_OK(bridge_slot_info(w->bridge, BRIDGE_SLOT_0, &slot0));
	cfg.bridge_rate_hz = slot0.rate_hz;
	CHECK_OK(player_new(&cfg, &p, &port));
	CHECK_OK(bridge_add(w->bridge, port, ret_slot));
	return p;
}

/* A sink that remembers everything. */
struct tape {
	struct port port;
	int16_t *pcm;
	size_t n, cap;
	unsigned silent_frames;
};

static void tape_push(struct port *p, const int16_t *pcm, size_t n, const struct audio_tick *t)
{
	struct tape *tape = (struct tape *)p;

	(void)t;
	if (!pcm)
		tape->silent_frames++;
	if (!pcm || tape->n + n > tape->cap)
		return;
	memcpy(tape->pcm + tape->n, pcm, n * sizeof(*pcm));
	tape->n += n;
}

static void tape_free(struct port *p)
{
	free(((struct tape *)p)->pcm);
	free(p);
}

static const struct port_ops tape_ops = {.kind = "tape", .push = tape_push, .free = tape_free};

static struct tape *add_tape(struct world *w, uint32_t rate_hz, struct bridge_slot source)
{
	struct tape *t = calloc(1, sizeof(*t));
	struct bridge_slot slot;

	t->port = (struct port){&tape_ops, rate_hz};
	t->cap = 20 * 48000;
	t->pcm = malloc(t->cap * sizeof(*t->pcm));
	CHECK_OK(bridge_add(w->bridge, &t->port, &slot));
	CHECK_OK(bridge_connect(w->bridge, &(struct bridge_link){source, slot, 1}, 1));
	return t;
}

/* ---- stories ---- */

TEST(speech_through_player_and_recorder_is_bit_exact)
{
	enum { N = 16000 * 3 + 77 };
	int16_t *speech = make_speech(N), *heard = calloc(2 * N, sizeof(*heard));
	struct bridge_slot from, to;
	struct recorder *rec;
	struct port *port;
	struct player *p;
	struct world w;
	SF_INFO info;

	world_open(&w, 16000);
	write_file(in_dir(&w, "in.wav"), SF_FORMAT_WAV | SF_FORMAT_PCM_16, 16000, 1, speech, N);
	p = add_player(&w, w.path, false, &from);
	CHECK_EQ(player_length(p), N);
	CHECK_OK(recorder_new(
		&(struct recorder_cfg){.host = w.host, .path = in_dir(&w, "out.wav"), .rate_hz = 16000}, &rec,
		&port));
	CHECK_OK(bridge_add(w.bridge, port, &to));
	run(&w, 500); /* nobody is connected: it has not begun */
	CHECK_EQ(player_position(p), 0);
	CHECK_OK(bridge_connect(w.bridge, &(struct bridge_link){from, to, 1}, 1));
	run(&w, 1000);
	CHECK_EQ(player_position(p), 16000);
	CHECK_EQ(w.ends, 0);
	/* While it records, the file can be read as far as the disk has it. */
	CHECK(read_file(w.path, heard, 2 * N, &info) >= 16000 * 8 / 10);
	CHECK_MEM(heard, speech, 16000);
	run(&w, 4000);
	CHECK_EQ(w.ends, 1); /* once */
	CHECK_EQ(w.tag, 9);
	CHECK_EQ(player_position(p), N);
	CHECK_EQ(recorder_finish(rec), OH_ESTATE);
	CHECK_OK(bridge_remove(w.bridge, to));
	run(&w, 20);
	CHECK_EQ(recorder_dropped(rec), 0);
	CHECK_EQ(recorder_frames(rec), 5 * 16000);
	CHECK_OK(recorder_finish(rec));
	CHECK_EQ(read_file(w.path, heard, 2 * N, &info), 5 * 16000);
	CHECK_EQ(info.samplerate, 16000);
	CHECK_EQ(info.channels, 1);
	CHECK_EQ(info.format, SF_FORMAT_WAV | SF_FORMAT_PCM_16);
	CHECK_MEM(heard, speech, N * sizeof(*speech));
	for (size_t i = N; i < 5 * 16000; i++)
		CHECK_EQ(heard[i], 0);
	free(speech);
	free(heard);
	world_close(&w);
}

TEST(a_loop_has_no_gap_and_no_end)
{
	enum { N = 1234 };
	int16_t *speech = make_speech(N);
	struct bridge_slot from;
	struct tape *tape;
	struct player *p;
	struct world w;

	world_open(&w, 8000);
	write_file(in_dir(&w, "in.wav"), SF_FORMAT_WAV | SF_FORMAT_PCM_16, 8000, 1, speech, N);
	p = add_player(&w, w.path, true, &from);
	tape = add_tape(&w, 8000, from);
	run(&w, 5000);
	CHECK_EQ(tape->n, 40000);
	for (size_t i = 0; i < tape->n; i++)
		CHECK_EQ(tape->pcm[i], speech[i % N]);
	CHECK_EQ(w.ends, 0);
	CHECK_EQ(player_position(p), 40000 % N);
	free(speech);
	world_close(&w);
}

TEST(a_seek_drops_what_was_queued_and_wakes_a_finished_player)
{
	enum { N = 8000 };
	int16_t *speech = make_speech(N);
	struct bridge_slot from;
	struct tape *tape;
	struct player *p;
	struct world w;
	size_t before;

	world_open(&w, 8000);
	write_file(in_dir(&w, "in.wav"), SF_FORMAT_WAV | SF_FORMAT_PCM_16, 8000, 1, speech, N);
	p = add_player(&w, w.path, false, &from);
	tape = add_tape(&w, 8000, from);
	run(&w, 200);
	before = tape->n;
	CHECK_EQ(before, 1600);
	CHECK_OK(player_seek(p, 1000));
	CHECK_OK(player_seek(p, 5000));
	CHECK_EQ(player_position(p), 5000);
	run(&w, 100);
	CHECK(tape->silent_frames <= 1);
	run(&w, 400);
	CHECK_EQ(tape->n - before, 3000 / 160 * 160 + 160);
	CHECK_MEM(tape->pcm + before, speech + 5000, 3000 * sizeof(*speech));
	CHECK_EQ(w.ends, 1);
	before = tape->n;
	CHECK_OK(player_seek(p, 7990));
	run(&w, 500);
	CHECK_EQ(w.ends, 2);
	CHECK_EQ(tape->n - before, 160);
	CHECK_MEM(tape->pcm + before, speech + 7990, 10 * sizeof(*speech));
	CHECK_OK(player_seek(p, 1u << 30)); /* past the end: the end */
	CHECK_EQ(player_position(p), N);
	run(&w, 500);
	CHECK_EQ(w.ends, 3);
	free(speech);
	world_close(&w);
}

/* Nobody listens yet, and what the first seeks queued must not stand in the way of the last. */
TEST(a_seek_before_anybody_listens_is_ready_when_they_do)
{
	enum { N = 16000 };
	int16_t *speech = make_speech(N);
	struct bridge_slot from;
	struct tape *tape;
	struct player *p;
	struct world w;

	world_open(&w, 8000);
	write_file(in_dir(&w, "in.wav"), SF_FORMAT_WAV | SF_FORMAT_PCM_16, 8000, 1, speech, N);
	p = add_player(&w, w.path, false, &from);
	run(&w, 200);
	CHECK_OK(player_seek(p, 5000));
	run(&w, 300);
	CHECK_OK(player_seek(p, 2000));
	run(&w, 300);
	tape = add_tape(&w, 8000, from);
	run(&w, 100);
	CHECK_EQ(tape->silent_frames, 0);
	CHECK_EQ(tape->n, 800);
	CHECK_MEM(tape->pcm, speech + 2000, 800 * sizeof(*speech));
	free(speech);
	world_close(&w);
}

/* The amplitude of one frequency in the middle half of a signal, against a full-scale sine of
 * that frequency. */
static double amplitude(const int16_t *pcm, size_t n, double hz, double rate)
{
	double re = 0, im = 0;

	for (size_t i = n / 4; i < n - n / 4; i++) {
		re += pcm[i] * cos(2 * M_PI * hz * (double)i / rate);
		im += pcm[i] * sin(2 * M_PI * hz * (double)i / rate);
	}
	return sqrt(re * re + im * im) / (double)(n - n / 4 - n / 4) * 2 / 32767;
}

TEST(every_format_is_heard_at_its_pitch_and_level)
{
	static const struct {
		int format, rate_hz, channels;
	} rows[] = {
		{SF_FORMAT_WAV | SF_FORMAT_PCM_16, 8000, 1},
		{SF_FORMAT_WAV | SF_FORMAT_PCM_16, 11025, 1},
		{SF_FORMAT_WAV | SF_FORMAT_PCM_16, 16000, 2},
		{SF_FORMAT_WAV | SF_FORMAT_PCM_16, 22050, 1},
		{SF_FORMAT_WAV | SF_FORMAT_PCM_16, 24000, 1},
		{SF_FORMAT_WAV | SF_FORMAT_PCM_16, 32000, 3},
		{SF_FORMAT_WAV | SF_FORMAT_PCM_16, 44100, 2},
		{SF_FORMAT_WAV | SF_FORMAT_PCM_16, 48000, 1},
		{SF_FORMAT_WAV | SF_FORMAT_PCM_16, 192000, 1},
		{SF_FORMAT_WAV | SF_FORMAT_ULAW, 8000, 1},
		{SF_FORMAT_WAV | SF_FORMAT_ALAW, 8000, 2},
		{SF_FORMAT_WAV | SF_FORMAT_PCM_24, 48000, 2},
		{SF_FORMAT_WAV | SF_FORMAT_PCM_U8, 8000, 1},
		{SF_FORMAT_WAV | SF_FORMAT_FLOAT, 44100, 1},
		{SF_FORMAT_WAVEX | SF_FORMAT_PCM_16, 16000, 2},
		{SF_FORMAT_WAV | SF_FORMAT_PCM_16, 6001, 1},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t n = (size_t)rows[i].rate_hz;
		int16_t *sine = malloc(n * (size_t)rows[i].channels * sizeof(*sine));
		struct bridge_slot from;
		struct tape *tape;
		struct world w;
		double level;

		for (size_t k = 0; k < n * (size_t)rows[i].channels; k++)
			sine[k] = (int16_t)lrint(
				16384 * sin(2 * M_PI * 1000 * (double)(k / (size_t)rows[i].channels) /
						rows[i].rate_hz));
		world_open(&w, 16000);
		write_file(in_dir(&w, "in.wav"), rows[i].format, rows[i].rate_hz, rows[i].channels, sine, n);
		(void)add_player(&w, w.path, false, &from);
		tape = add_tape(&w, 16000, from);
		run(&w, 1500);
		CHECK_EQ(w.ends, 1);
		/* All of it, and no more than its filter's tail and the last frame's rest. */
		CHECK(tape->n >= 16000 && tape->n <= 16000 + 2 * 320);
		level = amplitude(tape->pcm, 16000, 1000, 16000);
		if (level < 0.49 || level > 0.51)
			fail_msg("row %zu: level %f", i, level);
		free(sine);
		world_close(&w);
	}
}

TEST(an_empty_file_ends_at_once)
{
	int16_t none = 0;
	struct bridge_slot from;
	struct world w;

	for (int loop = 0; loop < 2; loop++) {
		world_open(&w, 16000);
		write_file(in_dir(&w, "in.wav"), SF_FORMAT_WAV | SF_FORMAT_PCM_16, 8000, 1, &none, 0);
		(void)add_player(&w, w.path, loop, &from);
		(void)add_tape(&w, 16000, from);
		run(&w, 300);
		CHECK_EQ(w.ends, 1);
		world_close(&w);
	}
}

TEST(files_that_cannot_be_used_are_refused_with_their_reason)
{
	struct player_cfg cfg = {.bridge_rate_hz = 16000};
	struct recorder_cfg rec_cfg = {.rate_hz = 16000};
	struct recorder *rec = NULL;
	struct player *p = NULL;
	struct port *port = NULL;
	struct world w;
	char deep[192];
	FILE *f;

	world_open(&w, 16000);
	cfg.host = rec_cfg.host = w.host;
	cfg.path = in_dir(&w, "missing.wav");
	CHECK_EQ(player_new(&cfg, &p, &port), OH_ENOFILE);
	CHECK(strstr(err_detail_text(), "missing.wav") != NULL);
	f = fopen(in_dir(&w, "bad.wav"), "w");
	fputs("this is not audio at all, whatever its name says", f);
	fclose(f);
	cfg.path = w.path;
	CHECK_EQ(player_new(&cfg, &p, &port), OH_EFORMAT);
	write_file(w.path, SF_FORMAT_AIFF | SF_FORMAT_PCM_16, 8000, 1, (int16_t[1]){0}, 1);
	CHECK_EQ(player_new(&cfg, &p, &port), OH_EFORMAT);
	CHECK(strstr(err_detail_text(), "not a WAV") != NULL);
	cfg.path = w.dir;
	CHECK_EQ(player_new(&cfg, &p, &port), OH_EFORMAT);
	rec_cfg.path = in_dir(&w, "out.mp3");
	CHECK_EQ(recorder_new(&rec_cfg, &rec, &port), OH_ENOTSUP);
	snprintf(deep, sizeof(deep), "%s/no/out.wav", w.dir);
	rec_cfg.path = deep;
	CHECK_EQ(recorder_new(&rec_cfg, &rec, &port), err_from_errno(ENOENT));
	world_close(&w);
}

TEST(a_recorder_without_a_bridge_is_finished_too)
{
	struct recorder_cfg cfg = {.rate_hz = 8000};
	struct recorder *rec;
	struct port *port;
	struct world w;
	SF_INFO info;
	int16_t pcm[4];

	world_open(&w, 8000);
	cfg.host = w.host;
	cfg.path = in_dir(&w, "out.wav");
	CHECK_OK(recorder_new(&cfg, &rec, &port));
	port->ops->free(port);
	CHECK_OK(recorder_finish(rec));
	CHECK_EQ(read_file(w.path, pcm, 4, &info), 0);
	CHECK_EQ(info.samplerate, 8000);
	world_close(&w);
}

/* The child records a second, and is killed without a chance to close anything. */
TEST(a_killed_process_leaves_a_file_that_plays)
{
	int16_t *speech = make_speech(16000), *heard = calloc(16000, sizeof(*heard));
	struct world w;
	SF_INFO info;
	int status;
	pid_t child;

	world_open(&w, 16000);
	in_dir(&w, "out.wav");
	child = fork();
	if (child == 0) {
		struct recorder_cfg cfg = {.host = w.host, .path = w.path, .rate_hz = 16000};
		struct bridge_slot to;
		struct recorder *rec;
		struct port *port;
		struct mem_port *m;

		CHECK_OK(recorder_new(&cfg, &rec, &port));
		CHECK_OK(bridge_add(w.bridge, port, &to));
		m = rig_add(w.bridge, 16000, NULL);
		memcpy(m->says, speech, 320 * sizeof(*speech));
		CHECK_OK(bridge_connect(w.bridge, &(struct bridge_link){m->slot, to, 1}, 1));
		run(&w, 1000);
		raise(SIGKILL);
	}
	CHECK_EQ(waitpid(child, &status, 0), child);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	CHECK(read_file(w.path, heard, 16000, &info) >= 16000 * 8 / 10);
	for (size_t i = 0; i < 12800; i++)
		CHECK_EQ(heard[i], speech[i % 320]);
	free(speech);
	free(heard);
	world_close(&w);
}

/* ---- every allocation may fail ---- */

static int story(void *arg)
{
	struct world *w = arg;
	struct player_cfg cfg = {.host = w->host, .bridge_rate_hz = 16000};
	struct recorder_cfg rec_cfg = {.host = w->host, .rate_hz = 16000};
	struct recorder *rec = NULL;
	struct player *p = NULL;
	struct port *port = NULL;
	int err;

	cfg.path = in_dir(w, "in.wav");
	err = player_new(&cfg, &p, &port);
	if (err)
		return err;
	port->ops->free(port);
	rec_cfg.path = in_dir(w, "out.wav");
	err = recorder_new(&rec_cfg, &rec, &port);
	if (err)
		return err;
	port->ops->free(port);
	return recorder_finish(rec);
}

TEST(memory_may_run_out_while_files_are_opened)
{
	struct world w;

	world_open(&w, 16000);
	write_file(in_dir(&w, "in.wav"), SF_FORMAT_WAV | SF_FORMAT_PCM_16, 44100, 2, (int16_t[20]){0}, 10);
	check_every_allocation_fails(story, &w);
	world_close(&w);
}

TESTS(RUN(speech_through_player_and_recorder_is_bit_exact), RUN(a_loop_has_no_gap_and_no_end),
	RUN(a_seek_drops_what_was_queued_and_wakes_a_finished_player),
	RUN(a_seek_before_anybody_listens_is_ready_when_they_do),
	RUN(every_format_is_heard_at_its_pitch_and_level), RUN(an_empty_file_ends_at_once),
	RUN(files_that_cannot_be_used_are_refused_with_their_reason),
	RUN(a_recorder_without_a_bridge_is_finished_too), RUN(a_killed_process_leaves_a_file_that_plays),
	RUN(memory_may_run_out_while_files_are_opened))
