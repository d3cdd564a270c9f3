/* What a recorder leaves on the disk, whatever happens. */
#include "audio/files.h"

#include "audio/rig.h"
#include "base/err.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of one or two channels; ret_slots has room for as many. */
static struct recorder *add_recorder(struct world *w, const char *name, unsigned channels,
	uint64_t max_frames, struct bridge_slot *ret_slots)
{
	struct recorder_cfg cfg = {.host = w->host,
		.path = in_dir(w, name),
		.channels = channels,
		.max_frames = max_frames,
		.tag = 5,
		.report = engine_report,
		.report_arg = w->engine};
	struct bridge_slot_info slot0;
	struct recorder *rec = NULL;
	struct port *ports[2];

	CHECK_OK(bridge_slot_info(w->bridge, BRIDGE_SLOT_0, &slot0));
	cfg.rate_hz = slot0.rate_hz;
	CHECK_OK(recorder_new(&cfg, &rec, ports));
	for (unsigned i = 0; i < channels; i++)
		CHECK_OK(bridge_add(w->bridge, ports[i], &ret_slots[i]));
	return rec;
}

static long long file_size(const char *path)
{
	struct stat st;

	CHECK_EQ(stat(path, &st), 0);
	return st.st_size;
}

TEST(speech_through_player_and_recorder_is_bit_exact)
{
	enum { N = 16000 * 3 + 77 };
	int16_t *speech = make_speech(N), *heard = calloc(2 * N, sizeof(*heard));
	struct bridge_slot from, to;
	struct recorder *rec;
	struct player *p;
	struct world w;
	SF_INFO info;

	world_open(&w, 16000);
	write_file(in_dir(&w, "in.wav"), SF_FORMAT_WAV | SF_FORMAT_PCM_16, 16000, 1, speech, N);
	p = add_player(&w, w.path, false, &from);
	CHECK_EQ(player_file(p, 0)->length, N);
	rec = add_recorder(&w, "out.wav", 1, 0, &to);
	files_run(&w, 500); /* nobody is connected: it has not begun */
	CHECK_EQ(position(p), 0);
	CHECK_OK(bridge_connect(w.bridge, &(struct bridge_link){from, to, 1}, 1));
	files_run(&w, 1000);
	CHECK_EQ(position(p), 16000);
	CHECK_EQ(w.ends, 0);
	/* While it records, the file can be read as far as the disk has it. */
	CHECK(read_file(w.path, heard, 2 * N, &info) >= 16000 * 8 / 10);
	CHECK_MEM(heard, speech, 16000);
	files_run(&w, 4000);
	CHECK_EQ(w.ends, 1); /* once */
	CHECK_EQ(w.tag, 9);
	CHECK_EQ(position(p), N);
	CHECK_EQ(recorder_finish(rec), OH_ESTATE);
	CHECK_OK(bridge_remove(w.bridge, to));
	files_run(&w, 20);
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

TEST(a_recorder_without_a_bridge_is_finished_too)
{
	struct recorder_cfg cfg = {.rate_hz = 8000, .channels = 2};
	struct recorder *rec;
	struct port *ports[2];
	struct world w;
	SF_INFO info;
	int16_t pcm[2 * 4];

	world_open(&w, 8000);
	cfg.host = w.host;
	cfg.path = in_dir(&w, "out.wav");
	CHECK_OK(recorder_new(&cfg, &rec, ports));
	ports[0]->ops->free(ports[0]);
	CHECK_EQ(recorder_finish(rec), OH_ESTATE);
	ports[1]->ops->free(ports[1]);
	CHECK_OK(recorder_finish(rec));
	CHECK_EQ(read_file(w.path, pcm, 4, &info), 0);
	CHECK_EQ(info.samplerate, 8000);
	CHECK_EQ(info.channels, 2);
	world_close(&w);
}

TEST(names_decide_what_can_be_recorded)
{
	static const struct {
		const char *name;
		uint32_t rate_hz;
		int err;
		const char *detail;
	} rows[] = {
		{"out.mp3", 16000, OH_ENOTSUP, ".wav, .flac, .ogg or .opus"},
		{"out", 16000, OH_ENOTSUP, ".wav, .flac, .ogg or .opus"},
		{"out.raw", 16000, OH_ENOTSUP, ".wav, .flac, .ogg or .opus"},
		{"out.opus", 32000, OH_ENOTSUP, "32000 samples a second"},
	};
	struct recorder_cfg cfg = {.channels = 1};
	struct recorder *rec = NULL;
	struct port *ports[2];
	struct world w;

	world_open(&w, 16000);
	cfg.host = w.host;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		cfg.path = in_dir(&w, rows[i].name);
		cfg.rate_hz = rows[i].rate_hz;
		CHECK_EQ(recorder_new(&cfg, &rec, ports), rows[i].err);
		CHECK(strstr(err_detail_text(), rows[i].detail) != NULL);
	}
	cfg.path = in_dir(&w, "no/out.wav");
	CHECK_EQ(recorder_new(&cfg, &rec, ports), err_from_errno(ENOENT));
	world_close(&w);
}

TEST(a_wav_file_is_full_at_four_gigabytes_and_others_never)
{
	struct soundfile f;
	struct world w;

	world_open(&w, 16000);
	CHECK_OK(soundfile_open_write(in_dir(&w, "out.wav"), 16000, 2, &f));
	CHECK(soundfile_room(&f) * 4 < UINT32_MAX && soundfile_room(&f) * 4 > UINT32_MAX - 65536u);
	CHECK_OK(soundfile_close(&f));
	CHECK_OK(soundfile_open_write(in_dir(&w, "out.flac"), 16000, 2, &f));
	CHECK_EQ(soundfile_room(&f), 0);
	CHECK_OK(soundfile_close(&f));
	world_close(&w);
}

/* ---- one party a channel ---- */

static void push(struct bridge *b, struct mem_port *m, struct bridge_slot to, bool on)
{
	struct bridge_link link = {m->slot, to, 1};

	if (on)
		CHECK_OK(bridge_connect(b, &link, 1));
	else
		CHECK_OK(bridge_disconnect(b, &link, 1));
}

/* Each frame of the left party has a value of its own, the right one says minus that: whatever is connected when, what is
 * beside each other was said in one tick. */
TEST(two_parties_stand_beside_each_other_sample_by_sample)
{
	enum { FRAME = 160, FRAMES = 50 };
	static int16_t pcm[2 * FRAME * FRAMES];
	struct mem_port *left, *right;
	struct bridge_slot to[2];
	struct recorder *rec;
	struct world w;
	SF_INFO info;

	world_open(&w, 8000);
	rec = add_recorder(&w, "out.wav", 2, 0, to);
	left = rig_add(w.bridge, 8000, NULL);
	right = rig_add(w.bridge, 8000, NULL);
	for (int k = 0; k < FRAMES; k++) {
		if (k % 10 == 0)
			push(w.bridge, left, to[0], k / 10 != 3);
		if (k % 10 == 0)
			push(w.bridge, right, to[1], k / 10 % 2 == 1);
		for (size_t i = 0; i < FRAME; i++) {
			left->says[i] = (int16_t)(100 * (k + 1));
			right->says[i] = (int16_t)(-100 * (k + 1));
		}
		files_run(&w, 20);
	}
	CHECK_OK(bridge_remove(w.bridge, to[0]));
	CHECK_OK(bridge_remove(w.bridge, to[1]));
	files_run(&w, 20);
	CHECK_EQ(recorder_dropped(rec), 0);
	CHECK_OK(recorder_finish(rec));
	CHECK_EQ(read_file(w.path, pcm, FRAME * FRAMES, &info), FRAME * FRAMES);
	CHECK_EQ(info.channels, 2);
	for (int k = 0; k < FRAMES; k++)
		for (size_t i = 0; i < FRAME && k % 10; i++) { /* a change of connections takes a frame */
			const int16_t *at = pcm + 2 * ((size_t)k * FRAME + i);

			CHECK_EQ(at[0], k / 10 == 3 ? 0 : 100 * (k + 1));
			CHECK_EQ(at[1], k / 10 % 2 == 1 ? -100 * (k + 1) : 0);
		}
	world_close(&w);
}

TEST(a_pause_is_left_out_and_the_length_has_its_limit)
{
	enum { LIMIT = 16000 + 77 };
	static int16_t pcm[2 * LIMIT];
	struct mem_port *m;
	struct bridge_slot to[2];
	struct recorder *rec;
	struct world w;
	SF_INFO info;

	world_open(&w, 16000);
	rec = add_recorder(&w, "out.flac", 2, LIMIT, to);
	m = rig_add(w.bridge, 16000, NULL);
	for (size_t i = 0; i < 320; i++)
		m->says[i] = 7;
	push(w.bridge, m, to[0], true);
	push(w.bridge, m, to[1], true);
	files_run(&w, 500);
	recorder_pause(rec, true);
	m->says[0] = 9;
	files_run(&w, 500);
	m->says[0] = 7;
	recorder_pause(rec, false);
	CHECK_EQ(recorder_frames(rec), 8000);
	CHECK_EQ(w.ends, 0);
	files_run(&w, 2000);
	CHECK_EQ(recorder_frames(rec), LIMIT);
	CHECK_EQ(w.ends, 1);
	CHECK_EQ(w.tag, 5);
	CHECK_EQ(w.end_err, 0);
	CHECK_OK(bridge_remove(w.bridge, to[0]));
	CHECK_OK(bridge_remove(w.bridge, to[1]));
	files_run(&w, 20);
	CHECK_OK(recorder_finish(rec));
	CHECK_EQ(read_file(w.path, pcm, LIMIT, &info), LIMIT);
	CHECK_EQ(info.format, SF_FORMAT_FLAC | SF_FORMAT_PCM_16);
	for (size_t i = 0; i < 2 * LIMIT; i++)
		CHECK_EQ(pcm[i], 7);
	world_close(&w);
}

TEST(every_format_is_recorded)
{
	static const struct {
		const char *name;
		uint32_t rate_hz;
		int format;
	} rows[] = {
		{"out.FLAC", 48000, SF_FORMAT_FLAC | SF_FORMAT_PCM_16},
		{"out.ogg", 16000, SF_FORMAT_OGG | SF_FORMAT_VORBIS},
		{"out.opus", 16000, SF_FORMAT_OGG | SF_FORMAT_OPUS},
		{"out.opus", 48000, SF_FORMAT_OGG | SF_FORMAT_OPUS},
	};
	static int16_t pcm[2 * 48000];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t frame = rows[i].rate_hz / 50, n;
		struct bridge_slot to;
		struct recorder *rec;
		struct mem_port *m;
		struct world w;
		SF_INFO info;
		double level;

		world_open(&w, rows[i].rate_hz);
		rec = add_recorder(&w, rows[i].name, 1, 0, &to);
		m = rig_add(w.bridge, rows[i].rate_hz, NULL);
		for (size_t k = 0; k < frame; k++)
			m->says[k] =
				(int16_t)lrint(16384 * sin(2 * M_PI * 1000 * (double)k / rows[i].rate_hz));
		push(w.bridge, m, to, true);
		files_run(&w, 1000);
		CHECK_OK(bridge_remove(w.bridge, to));
		files_run(&w, 20);
		CHECK_OK(recorder_finish(rec));
		n = read_file(w.path, pcm, 2 * 48000, &info);
		CHECK_EQ(info.format, rows[i].format);
		level = amplitude(pcm, n, 1000, info.samplerate);
		if (n < (size_t)info.samplerate * 98 / 100 || level < 0.48 || level > 0.52)
			fail_msg("row %zu: %zu samples, level %f", i, n, level);
		world_close(&w);
	}
}

/* ---- the disk ---- */

TEST(a_full_disk_is_told_once_and_at_the_end_again)
{
	struct recorder_cfg cfg = {.rate_hz = 16000, .channels = 1};
	struct rlimit unlimited, small;
	struct mem_port *m;
	struct bridge_slot to;
	struct recorder *rec;
	struct port *ports[2];
	struct world w;

	world_open(&w, 16000);
	cfg.host = w.host;
	CHECK_EQ(symlink("/dev/full", in_dir(&w, "full.wav")), 0);
	cfg.path = w.path;
	CHECK_EQ(recorder_new(&cfg, &rec, ports), err_from_errno(ENOSPC));
	/* A disk that becomes full: files of this process may not become longer. */
	CHECK_EQ(getrlimit(RLIMIT_FSIZE, &unlimited), 0);
	small = (struct rlimit){20000, unlimited.rlim_max};
	CHECK_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
	signal(SIGXFSZ, SIG_IGN);
	rec = add_recorder(&w, "out.wav", 1, 0, &to);
	m = rig_add(w.bridge, 16000, NULL);
	m->says[0] = 1;
	push(w.bridge, m, to, true);
	files_run(&w, 1000);
	CHECK_EQ(w.ends, 1);
	CHECK_EQ(w.end_err, err_from_errno(EFBIG));
	CHECK_OK(bridge_remove(w.bridge, to));
	files_run(&w, 20);
	CHECK_EQ(recorder_finish(rec), err_from_errno(EFBIG));
	CHECK_EQ(setrlimit(RLIMIT_FSIZE, &unlimited), 0);
	signal(SIGXFSZ, SIG_DFL);
	world_close(&w);
}

/* Records for ever, as fast as it can. */
static void record_until_killed(struct world *w, int ready)
{
	struct bridge_slot to[2];
	struct mem_port *m;

	(void)add_recorder(w, "out.wav", 2, 0, to);
	m = rig_add(w->bridge, 16000, NULL);
	for (size_t i = 0; i < 320; i++)
		m->says[i] = (int16_t)(i + 1);
	push(w->bridge, m, to[0], true);
	push(w->bridge, m, to[1], true);
	CHECK_EQ(write(ready, "", 1), 1);
	for (;;)
		files_run(w, 20);
}

/* Its bytes tell when the child is at work; then some more of them, never the same number, and it is gone. */
static void kill_at_work(pid_t child, const char *path, unsigned round)
{
	struct stat st = {0};
	int status;

	while (st.st_size < 20000)
		CHECK_EQ(stat(path, &st), 0);
	for (unsigned i = 0; i < round * 37 % 400; i++)
		CHECK_EQ(stat(path, &st), 0);
	CHECK_EQ(kill(child, SIGKILL), 0);
	CHECK_EQ(waitpid(child, &status, 0), child);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* Killed twenty times in the midst of it, without a chance to close anything. */
TEST(a_killed_process_leaves_a_file_that_plays)
{
	enum { CAP = 4096 };
	int16_t pcm[2 * CAP];
	SF_INFO info;
	struct world w;
	int ready[2];
	pid_t child;
	char byte;

	for (unsigned round = 0; round < 20; round++) {
		world_open(&w, 16000);
		in_dir(&w, "out.wav");
		CHECK_EQ(pipe(ready), 0);
		child = fork();
		if (child == 0)
			record_until_killed(&w, ready[1]);
		CHECK_EQ(read(ready[0], &byte, 1), 1);
		kill_at_work(child, w.path, round);
		CHECK(read_file(w.path, pcm, CAP, &info) > 0);
		CHECK_EQ(info.format, SF_FORMAT_WAV | SF_FORMAT_PCM_16);
		CHECK_EQ(info.channels, 2);
		/* All that its header promises is there, and whole. */
		CHECK(info.frames * 4 + 44 <= file_size(w.path));
		CHECK(info.frames * 4 + 44 + 4 * (16000 / 5) >= file_size(w.path));
		for (int i = 0; i < 2 * CAP && i < 2 * info.frames; i++)
			CHECK_EQ(pcm[i], i / 2 % 320 + 1);
		close(ready[0]);
		close(ready[1]);
		world_close(&w);
	}
}

/* ---- the end ---- */

static void on_closed(void *arg, int err)
{
	*(int *)arg = err;
}

TEST(who_may_not_wait_hears_of_the_end)
{
	int result = 1;
	struct bridge_slot to;
	struct recorder *rec;
	struct mem_port *m;
	struct world w;
	SF_INFO info;
	int16_t pcm[16000];

	world_open(&w, 8000);
	rec = add_recorder(&w, "out.wav", 1, 0, &to);
	m = rig_add(w.bridge, 8000, NULL);
	push(w.bridge, m, to, true);
	files_run(&w, 1000);
	CHECK_OK(bridge_remove(w.bridge, to));
	files_run(&w, 20);
	recorder_close(rec, on_closed, &result);
	CHECK_OK(result);
	CHECK_EQ(read_file(w.path, pcm, 16000, &info), 8000);
	world_close(&w);
}

static int story(void *arg)
{
	struct world *w = arg;
	struct recorder_cfg cfg = {.host = w->host, .rate_hz = 16000, .channels = 2};
	struct recorder *rec = NULL;
	struct port *ports[2];
	int err;

	cfg.path = in_dir(w, "out.wav");
	err = recorder_new(&cfg, &rec, ports);
	if (err)
		return err;
	ports[0]->ops->free(ports[0]);
	ports[1]->ops->free(ports[1]);
	return recorder_finish(rec);
}

TEST(memory_may_run_out_while_a_recorder_is_opened)
{
	struct world w;

	world_open(&w, 16000);
	check_every_allocation_fails(story, &w);
	world_close(&w);
}

TESTS(RUN(speech_through_player_and_recorder_is_bit_exact), RUN(a_recorder_without_a_bridge_is_finished_too),
	RUN(names_decide_what_can_be_recorded), RUN(a_wav_file_is_full_at_four_gigabytes_and_others_never),
	RUN(two_parties_stand_beside_each_other_sample_by_sample),
	RUN(a_pause_is_left_out_and_the_length_has_its_limit), RUN(every_format_is_recorded),
	RUN(a_full_disk_is_told_once_and_at_the_end_again), RUN(a_killed_process_leaves_a_file_that_plays),
	RUN(who_may_not_wait_hears_of_the_end), RUN(memory_may_run_out_while_a_recorder_is_opened))
