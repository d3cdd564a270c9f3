/* What a recorder leaves on the disk, whatever happens. */
#include "audio/files.h"

#include "audio/rig.h"
#include "audio/soundfile.h"
#include "base/err.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ogg/ogg.h>

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

/* ---- killed ---- */

struct killed {
	const char *name;
	uint32_t rate_hz;
	unsigned lag_ms; /* what may be lost */
	bool exact, opus;
};

enum { KILLED_SECONDS = 10, KILLED_CAP = KILLED_SECONDS * 2 * 16000 };

/* What the test knows of its child: a page that both have, and a byte when it is well at work. */
struct told {
	_Atomic uint64_t frames; /* that the recorder has taken */
	int at_work[2];
};

/* Records as fast as it can; the right channel says the opposite of the left one. */
static void record_until_killed(struct world *w, const struct killed *k, unsigned channels, struct told *told)
{
	struct bridge_slot to[2];
	struct recorder *rec = add_recorder(w, k->name, channels, 0, to);

	for (unsigned c = 0; c < channels; c++) {
		struct mem_port *m = rig_add(w->bridge, k->rate_hz, NULL);

		for (size_t i = 0; i < k->rate_hz / 50; i++)
			m->says[i] = (int16_t)((c ? -100 : 100) * ((int)(i % 80) - 40));
		push(w->bridge, m, to[c], true);
	}
	while (recorder_frames(rec) < (KILLED_SECONDS - 1) * k->rate_hz) {
		files_run(w, 20);
		atomic_store(&told->frames, recorder_frames(rec));
		if (recorder_frames(rec) == 2 * k->rate_hz)
			CHECK_EQ(write(told->at_work[1], "", 1), 1);
	}
	for (;;)
		pause();
}

/* Some seconds of sound, then a little more, never the same, and it is gone. */
static void kill_at_work(pid_t child, const struct told *told, unsigned round)
{
	int status;
	char byte;

	CHECK_EQ(read(told->at_work[0], &byte, 1), 1);
	for (unsigned i = 0; i < round * 37 % 400; i++)
		(void)getppid();
	CHECK_EQ(kill(child, SIGKILL), 0);
	CHECK_EQ(waitpid(child, &status, 0), child);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* What SoX makes of a file: libFLAC and libvorbisfile read for it, not libsndfile. Samples of all channels. */
static size_t read_by_sox(const char *path, int16_t *pcm, size_t cap)
{
	char command[256];
	FILE *out;
	size_t n;

	snprintf(command, sizeof(command), "sox -V1 '%s' -t s16 - 2>/dev/null", path);
	out = popen(command, "re");
	assert_non_null(out);
	n = fread(pcm, sizeof(*pcm), cap, out);
	CHECK(feof(out));
	pclose(out);
	return n;
}

/* SoX has no Opus: whole pages, and the sample that the last of them ends with (RFC 7845 4: at 48 kHz). */
static uint64_t samples_of_ogg(const char *path)
{
	FILE *file = fopen(path, "re");
	ogg_int64_t last = 0;
	ogg_sync_state sync;
	ogg_page page;
	size_t n;

	assert_non_null(file);
	ogg_sync_init(&sync);
	do {
		n = fread(ogg_sync_buffer(&sync, 4096), 1, 4096, file);
		ogg_sync_wrote(&sync, (long)n);
		while (ogg_sync_pageout(&sync, &page) > 0)
			last = ogg_page_granulepos(&page);
	} while (n);
	ogg_sync_clear(&sync);
	fclose(file);
	return (uint64_t)last;
}

/* Samples are those that were spoken: all of them, or, of what is encoded, as loud. */
static void check_sound(const struct killed *k, unsigned channels, const int16_t *pcm, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++) {
		int period = (int)(i / channels % 80);

		/* Before it stands nothing, when its first frame came: a change of connections takes a frame. */
		if (k->exact && i / channels >= k->rate_hz / 50)
			CHECK_EQ(pcm[i], (i % channels ? -100 : 100) * (period - 40));
		sum += (double)pcm[i] * pcm[i];
	}
	sum = sqrt(sum / (double)n);
	if (sum < 2000 || sum > 2600)
		fail_msg("%s sounds like %f", k->name, sum);
}

static void kill_a_recorder(const struct killed *k, unsigned channels, unsigned round, struct told *told)
{
	static int16_t pcm[KILLED_CAP];
	uint64_t taken, length, lag = (uint64_t)k->lag_ms * k->rate_hz / 1000;
	struct soundfile ours;
	struct world w;
	SF_INFO info;
	pid_t child;
	size_t n;

	world_open(&w, k->rate_hz);
	in_dir(&w, k->name);
	atomic_store(&told->frames, 0);
	child = fork();
	if (child == 0)
		record_until_killed(&w, k, channels, told);
	kill_at_work(child, told, round);
	taken = atomic_load(&told->frames);
	/* By our player, and by somebody else. */
	CHECK_OK(soundfile_open_read(&(struct soundfile_read_cfg){.path = w.path}, &ours));
	length = soundfile_length(&ours);
	/* Ogg may end in the middle of a page: libsndfile plays it, but cannot say how long it is. */
	CHECK(length != 0 || ours.format != SOUND_WAV);
	CHECK(length == 0 || ours.format != SOUND_FLAC);
	CHECK_OK(soundfile_close(&ours));
	CHECK(read_file(w.path, pcm, 4096, &info) == 4096);
	CHECK_EQ(info.channels, channels);
	if (k->opus) {
		n = samples_of_ogg(w.path) * k->rate_hz / 48000;
		check_sound(k, channels, pcm, 4096 * channels);
	} else {
		n = read_by_sox(w.path, pcm, KILLED_CAP) / channels;
		CHECK(n > 0 && (length == 0 || length == n));
		check_sound(k, channels, pcm, n * channels);
	}
	/* The child may have been killed between the recording of some frames and the telling. */
	if (n + lag < taken || n > taken + k->rate_hz / 10)
		fail_msg("%s, %u channels, round %u: %zu of %llu samples", k->name, channels, round, n,
			(unsigned long long)taken);
	world_close(&w);
}

/* Each of them killed in the midst of it, without a chance to close anything. */
TEST(a_killed_process_leaves_a_file_that_plays)
{
	static const struct killed rows[] = {
		{"out.wav", 16000, 220, true, false},
		{"out.flac", 8000, 1000, true, false},
		{"out.ogg", 16000, 1000, false, false},
		{"out.opus", 16000, 1000, false, true},
	};
	const unsigned rounds = CHECK_SANITIZED ? 4 : 20;
	struct told *told =
		mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CHECK(told != MAP_FAILED);
	CHECK_EQ(pipe(told->at_work), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (unsigned round = 0; round < rounds; round++)
			kill_a_recorder(&rows[i], 1 + round % 2, round, told);
	close(told->at_work[0]);
	close(told->at_work[1]);
	munmap(told, sizeof(*told));
}

/* How many samples a reader finds while the file is written. */
static uint64_t written_so_far(const char *path, uint32_t rate_hz)
{
	static int16_t pcm[8 * 48000];
	SF_INFO info;

	if (strstr(path, ".flac"))
		return read_file(path, pcm, ARRAY_LEN(pcm), &info);
	return samples_of_ogg(path) * rate_hz / (strstr(path, ".opus") ? 48000 : rate_hz);
}

/* Silence makes small packets: libogg's own pages would hold back eight seconds of them. */
TEST(silence_does_not_wait_for_a_page)
{
	static const char *const names[] = {"out.flac", "out.ogg", "out.opus"};
	static const uint32_t rates[] = {8000, 48000};

	for (size_t i = 0; i < ARRAY_LEN(names) * ARRAY_LEN(rates); i++) {
		uint32_t rate_hz = rates[i % ARRAY_LEN(rates)];
		uint64_t worst = 0;
		struct recorder *rec;
		struct bridge_slot to;
		struct world w;

		world_open(&w, rate_hz);
		rec = add_recorder(&w, names[i / ARRAY_LEN(rates)], 1, 0, &to);
		push(w.bridge, rig_add(w.bridge, rate_hz, NULL), to, true);
		files_run(&w, 2000);
		for (int k = 0; k < 25; k++) {
			uint64_t there;

			files_run(&w, 80);
			there = written_so_far(w.path, rate_hz);
			if (recorder_frames(rec) - there > worst)
				worst = recorder_frames(rec) - there;
		}
		CHECK(worst > 0);
		if (worst > rate_hz * (SOUND_LAG_MS + 100) / 1000)
			fail_msg("%s at %u Hz: %llu samples", w.path, rate_hz, (unsigned long long)worst);
		CHECK_OK(bridge_remove(w.bridge, to));
		files_run(&w, 20);
		CHECK_OK(recorder_finish(rec));
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
	RUN(silence_does_not_wait_for_a_page), RUN(who_may_not_wait_hears_of_the_end),
	RUN(memory_may_run_out_while_a_recorder_is_opened))
