/* What a player makes of files: alone and in lists, from every rate to the bridge's. */
#include "audio/files.h"

#include "base/err.h"

#include <errno.h>
#include <math.h>
#include <unistd.h>

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
	files_run(&w, 5000);
	CHECK_EQ(tape->n, 40000);
	for (size_t i = 0; i < tape->n; i++)
		CHECK_EQ(tape->pcm[i], speech[i % N]);
	CHECK_EQ(w.ends, 0);
	CHECK_EQ(position(p), 40000 % N);
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
	files_run(&w, 200);
	before = tape->n;
	CHECK_EQ(before, 1600);
	player_seek(p, 0, 1000);
	player_seek(p, 0, 5000);
	CHECK_EQ(position(p), 5000);
	files_run(&w, 100);
	CHECK(tape->silent_frames <= 1);
	files_run(&w, 400);
	CHECK_EQ(tape->n - before, 3000 / 160 * 160 + 160);
	CHECK_MEM(tape->pcm + before, speech + 5000, 3000 * sizeof(*speech));
	CHECK_EQ(w.ends, 1);
	before = tape->n;
	player_seek(p, 0, 7990);
	files_run(&w, 500);
	CHECK_EQ(w.ends, 2);
	CHECK_EQ(tape->n - before, 160);
	CHECK_MEM(tape->pcm + before, speech + 7990, 10 * sizeof(*speech));
	player_seek(p, 0, 1u << 30); /* past the end: the end */
	CHECK_EQ(position(p), N);
	files_run(&w, 500);
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
	files_run(&w, 200);
	player_seek(p, 0, 5000);
	files_run(&w, 300);
	player_seek(p, 0, 2000);
	files_run(&w, 300);
	tape = add_tape(&w, 8000, from);
	files_run(&w, 100);
	CHECK_EQ(tape->silent_frames, 0);
	CHECK_EQ(tape->n, 800);
	CHECK_MEM(tape->pcm, speech + 2000, 800 * sizeof(*speech));
	free(speech);
	world_close(&w);
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
		{SF_FORMAT_WAV | SF_FORMAT_PCM_16, 384000, 1},
		{SF_FORMAT_WAV | SF_FORMAT_ULAW, 8000, 1},
		{SF_FORMAT_WAV | SF_FORMAT_ALAW, 8000, 2},
		{SF_FORMAT_WAV | SF_FORMAT_PCM_24, 48000, 2},
		{SF_FORMAT_WAV | SF_FORMAT_PCM_U8, 8000, 1},
		{SF_FORMAT_WAV | SF_FORMAT_FLOAT, 44100, 1},
		{SF_FORMAT_WAV | SF_FORMAT_PCM_32, 32000, 2},
		{SF_FORMAT_WAV | SF_FORMAT_DOUBLE, 16000, 1},
		{SF_FORMAT_RF64 | SF_FORMAT_PCM_16, 16000, 2},
		{SF_FORMAT_WAVEX | SF_FORMAT_PCM_16, 16000, 2},
		{SF_FORMAT_WAV | SF_FORMAT_PCM_16, 6001, 1},
		{SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 44100, 2},
		{SF_FORMAT_FLAC | SF_FORMAT_PCM_24, 16000, 1},
		{SF_FORMAT_OGG | SF_FORMAT_VORBIS, 44100, 2},
		{SF_FORMAT_OGG | SF_FORMAT_OPUS, 48000, 1},
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
		files_run(&w, 1500);
		CHECK_EQ(w.ends, 1);
		/* All of it, and nothing of a filter's beginning or tail. */
		if (tape->n != 16000)
			fail_msg("row %zu: %zu samples", i, tape->n);
		level = amplitude(tape->pcm, 16000, 1000, 16000);
		if (level < 0.49 || level > 0.51)
			fail_msg("row %zu: level %f", i, level);
		free(sine);
		world_close(&w);
	}
}

TEST(of_several_channels_the_mean_is_heard)
{
	enum { N = 1600, CHANNELS = 3 };
	static const int16_t says[CHANNELS] = {-900, 300, 1200};
	int16_t pcm[N * CHANNELS];
	struct bridge_slot from;
	struct tape *tape;
	struct world w;

	for (size_t i = 0; i < ARRAY_LEN(pcm); i++)
		pcm[i] = says[i % CHANNELS];
	world_open(&w, 16000);
	write_file(in_dir(&w, "in.wav"), SF_FORMAT_WAV | SF_FORMAT_PCM_16, 16000, CHANNELS, pcm, N);
	(void)add_player(&w, w.path, false, &from);
	tape = add_tape(&w, 16000, from);
	files_run(&w, 300);
	CHECK_EQ(w.ends, 1);
	for (size_t i = 0; i < N; i++)
		CHECK_EQ(tape->pcm[i], 200);
	world_close(&w);
}

/* From programs that divided by zero. */
TEST(samples_that_are_no_number_do_not_click)
{
	enum { N = 1600 };
	static const struct {
		float left, right;
		int16_t heard;
	} rows[] = {{0.25f, 0.25f, 8192}, {NAN, NAN, 8192}, {INFINITY, NAN, 8192},
		{-INFINITY, INFINITY, 8192}, {0.125f, NAN, 4096}, {-INFINITY, 0.125f, 4096},
		{3e38f, 3e38f, 32767}, {-3e38f, -3e38f, -32768}, {NAN, -NAN, -32768}, {0.5f, -0.5f, 0}};
	SF_INFO info = {.format = SF_FORMAT_WAV | SF_FORMAT_FLOAT, .samplerate = 16000, .channels = 2};
	float frames[N][2];
	struct bridge_slot from;
	struct tape *tape;
	struct world w;
	SNDFILE *f;

	for (size_t i = 0; i < N; i++) {
		frames[i][0] = rows[i % ARRAY_LEN(rows)].left;
		frames[i][1] = rows[i % ARRAY_LEN(rows)].right;
	}
	frames[0][0] = frames[0][1] = NAN; /* nothing was heard before */
	world_open(&w, 16000);
	f = sf_open(in_dir(&w, "in.wav"), SFM_WRITE, &info);
	assert_non_null(f);
	CHECK_EQ(sf_writef_float(f, &frames[0][0], N), N);
	sf_close(f);
	(void)add_player(&w, w.path, false, &from);
	tape = add_tape(&w, 16000, from);
	files_run(&w, 300);
	CHECK_EQ(w.ends, 1);
	for (size_t i = 0; i < 4; i++)
		CHECK_EQ(tape->pcm[i], 0);
	for (size_t i = 4; i < N; i++)
		CHECK_EQ(tape->pcm[i], rows[i % ARRAY_LEN(rows)].heard);
	world_close(&w);
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
		files_run(&w, 300);
		CHECK_EQ(w.ends, 1);
		world_close(&w);
	}
}

TEST(files_that_cannot_be_used_are_refused_with_their_reason)
{
	static const char not_audio[] = "this is not audio at all, whatever its name says";
	static const struct {
		const char *name;
		int format, rate_hz, channels; /* 0: no sound file at all */
		unsigned formats;
		int err;
		const char *detail;
	} rows[] = {
		{"bad.wav", 0, 0, 0, 0, OH_EFORMAT, "WAV, FLAC, Ogg (Vorbis, Opus) and raw PCM"},
		{"in.aiff", SF_FORMAT_AIFF | SF_FORMAT_PCM_16, 8000, 1, 0, OH_EFORMAT, "AIFF"},
		{"in.flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 8000, 1, SOUND_WAV, OH_EFORMAT,
			"it is to be WAV"},
		{"in.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 8000, 1, SOUND_FLAC | SOUND_OGG, OH_EFORMAT,
			"not asked for"},
		{"slow.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 900, 1, 0, OH_EFORMAT, "1000 to 384000"},
		{"many.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 8000, 33, 0, OH_EFORMAT,
			"33 channels; 1 to 32"},
	};
	static const int16_t none[33];
	const char *missing[] = {NULL, "/nowhere/second.wav"}, *path;
	struct player_cfg cfg;
	struct player *p = NULL;
	struct port *port = NULL;
	struct world w;
	FILE *f;

	world_open(&w, 16000);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		path = in_dir(&w, rows[i].name);
		if (rows[i].format) {
			write_file(path, rows[i].format, rows[i].rate_hz, rows[i].channels, none, 1);
		} else {
			f = fopen(path, "w");
			fputs(not_audio, f);
			fclose(f);
		}
		cfg = player_of(&w, &path, 1, 1);
		cfg.read.how.formats = rows[i].formats;
		CHECK_EQ(player_new(&cfg, &p, &port), rows[i].err);
		if (!strstr(err_detail_text(), rows[i].detail) || !strstr(err_detail_text(), rows[i].name))
			fail_msg("row %zu: %s", i, err_detail_text());
	}
	/* What just can be used: whatever its name says, it is what its bytes say. */
	path = in_dir(&w, "odd.flac");
	write_file(path, SF_FORMAT_WAV | SF_FORMAT_PCM_16, 1000, 32, none, 1);
	cfg = player_of(&w, &path, 1, 1);
	CHECK_OK(player_new(&cfg, &p, &port));
	CHECK_EQ(player_file(p, 0)->format, SOUND_WAV);
	port->ops->free(port);
	path = w.dir;
	cfg = player_of(&w, &path, 1, 1);
	CHECK_EQ(player_new(&cfg, &p, &port), OH_EFORMAT);
	CHECK(strstr(err_detail_text(), "directory") != NULL);
	missing[0] = in_dir(&w, "in.wav");
	cfg = player_of(&w, missing, 2, 1);
	CHECK_EQ(player_new(&cfg, &p, &port), OH_ENOFILE);
	CHECK(strstr(err_detail_text(), "second.wav") != NULL);
	cfg = player_of(&w, missing, 0, 1);
	CHECK_EQ(player_new(&cfg, &p, &port), OH_EINVAL);
	world_close(&w);
}

/* ---- lists ---- */

static void copy_path(char to[128], struct world *w, const char *name)
{
	snprintf(to, 128, "%s", in_dir(w, name));
}

static void write_wav(const char *path, int rate_hz, const int16_t *pcm, size_t n)
{
	write_file(path, SF_FORMAT_WAV | SF_FORMAT_PCM_16, rate_hz, 1, pcm, n);
}

TEST(from_file_to_file_no_sample_is_missing_or_added)
{
	enum { A = 1003, B = 1, C = 4567, ALL = A + B + C };
	int16_t *speech = make_speech(ALL);
	char names[3][128];
	const char *paths[] = {names[0], names[1], names[2]};
	struct player_place place;
	struct bridge_slot from;
	struct player_cfg cfg;
	struct tape *tape;
	struct player *p;
	struct world w;

	world_open(&w, 8000);
	copy_path(names[0], &w, "a.wav");
	copy_path(names[1], &w, "b.flac");
	copy_path(names[2], &w, "c.wav");
	write_wav(names[0], 8000, speech, A);
	write_file(names[1], SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 8000, 1, speech + A, B);
	write_wav(names[2], 8000, speech + A + B, C);
	cfg = player_of(&w, paths, 3, 2);
	p = add_player_of(&w, &cfg, &from);
	CHECK_EQ(player_n_files(p), 3);
	CHECK_EQ(player_file(p, 1)->format, SOUND_FLAC);
	CHECK_EQ(player_file(p, 2)->length, C);
	tape = add_tape(&w, 8000, from);
	files_run(&w, 300);
	player_place(p, &place);
	CHECK_EQ(place.file, 2); /* the second one was over within a frame */
	CHECK_EQ(place.position, 2400 - A - B);
	CHECK_EQ(w.nexts, 1);
	CHECK_EQ(w.next, 2);
	files_run(&w, 2000);
	CHECK_EQ(w.ends, 1);
	CHECK_EQ(w.end_err, 0);
	CHECK_EQ(w.nexts, 3);
	for (size_t i = 0; i < 2 * ALL; i++)
		CHECK_EQ(tape->pcm[i], speech[i % ALL]);
	for (size_t i = 2 * ALL; i < tape->n; i++)
		CHECK_EQ(tape->pcm[i], 0);
	player_place(p, &place);
	CHECK_EQ(place.file, 2);
	CHECK_EQ(place.position, C);
	/* It starts again from any place of any file, with both rounds before it. */
	player_seek(p, 0, 500);
	files_run(&w, 2500);
	CHECK_EQ(w.ends, 2);
	CHECK_EQ(w.nexts, 3 + 4);
	free(speech);
	world_close(&w);
}

/* One sine cut into pieces at three rates: whole again it has its pitch and level from the beginning to the end. */
TEST(files_of_different_rates_make_one_signal)
{
	static const int rates[] = {8000, 44100, 16000, 48000};
	char names[4][128];
	const char *paths[4];
	struct bridge_slot from;
	struct player_cfg cfg;
	struct tape *tape;
	struct world w;
	size_t worst = 0;

	world_open(&w, 16000);
	for (size_t i = 0; i < 4; i++) {
		size_t n = (size_t)rates[i] / 4; /* 250 periods */
		int16_t *sine = malloc(n * sizeof(*sine));
		char name[16];

		for (size_t k = 0; k < n; k++)
			sine[k] = (int16_t)lrint(16384 * sin(2 * M_PI * 1000 * (double)k / rates[i]));
		snprintf(name, sizeof(name), "%d.wav", rates[i]);
		copy_path(names[i], &w, name);
		paths[i] = names[i];
		write_wav(names[i], rates[i], sine, n);
		free(sine);
	}
	cfg = player_of(&w, paths, 4, 1);
	(void)add_player_of(&w, &cfg, &from);
	tape = add_tape(&w, 16000, from);
	files_run(&w, 1500);
	CHECK_EQ(w.ends, 1);
	CHECK_EQ(w.nexts, 3);
	CHECK_EQ(tape->n, 16000);
	/* The borders are bends where the filters end, not holes: a few samples within a tenth of full scale. */
	for (size_t i = 0; i < 16000; i++) {
		double should = 16384 * sin(2 * M_PI * 1000 * (double)i / 16000);

		worst += fabs(tape->pcm[i] - should) > 3277;
	}
	if (worst > 20)
		fail_msg("%zu samples are far off", worst);
	world_close(&w);
}

TEST(a_loop_between_rates_goes_on_as_if_there_were_no_end)
{
	enum { N = 441 }; /* ten periods: odd, and the filter takes pairs */
	int16_t sine[N];
	struct bridge_slot from;
	struct tape *tape;
	struct world w;

	for (size_t k = 0; k < N; k++)
		sine[k] = (int16_t)lrint(16384 * sin(2 * M_PI * 10 * (double)k / N));
	for (size_t rate = 16000; rate <= 32000; rate += 16000) {
		world_open(&w, (uint32_t)rate / 2); /* halved and cut, see N */
		write_wav(in_dir(&w, "in.wav"), (int)rate, sine, N);
		(void)add_player(&w, w.path, true, &from);
		tape = add_tape(&w, (uint32_t)rate / 2, from);
		files_run(&w, 1000);
		CHECK_EQ(w.ends, 0);
		for (size_t i = 100; i < tape->n; i++) {
			double should = 16384 * sin(2 * M_PI * 20 * (double)i / N);

			if (fabs(tape->pcm[i] - should) > 400)
				fail_msg("%zu Hz, sample %zu: %d, not %g", rate, i, tape->pcm[i], should);
		}
		world_close(&w);
	}
}

TEST(a_file_that_vanishes_ends_the_list_with_its_reason)
{
	int16_t *speech = make_speech(30000);
	char names[2][128];
	const char *paths[] = {names[0], names[1]};
	struct bridge_slot from;
	struct player_cfg cfg;
	struct tape *tape;
	struct player *p;
	struct world w;

	world_open(&w, 8000);
	copy_path(names[0], &w, "a.wav");
	copy_path(names[1], &w, "b.wav");
	write_wav(names[0], 8000, speech, 20000);
	write_wav(names[1], 8000, speech + 20000, 10000);
	cfg = player_of(&w, paths, 2, 1);
	p = add_player_of(&w, &cfg, &from);
	tape = add_tape(&w, 8000, from);
	unlink(names[1]);
	files_run(&w, 4000);
	CHECK_EQ(w.ends, 1);
	CHECK_EQ(w.end_err, OH_ENOFILE);
	CHECK_EQ(w.nexts, 0);
	CHECK_MEM(tape->pcm, speech, 20000 * sizeof(*speech));
	/* It is back: a move tries again. A move to one that is not fails at once. */
	player_seek(p, 1, 0);
	files_run(&w, 500);
	CHECK_EQ(w.ends, 2);
	CHECK_EQ(w.end_err, OH_ENOFILE);
	write_wav(names[1], 8000, speech + 20000, 10000);
	player_seek(p, 1, 5000);
	files_run(&w, 1000);
	CHECK_EQ(w.ends, 3);
	CHECK_EQ(w.end_err, 0);
	free(speech);
	world_close(&w);
}

/* ---- raw, pause, level ---- */

TEST(raw_files_go_by_the_end_of_their_names)
{
	static const struct {
		const char *name;
		int format;
		uint32_t rate_hz;
		unsigned channels;
	} rows[] = {
		{"in.raw", SF_FORMAT_PCM_16 | SF_ENDIAN_LITTLE, 0, 0},
		{"in.PCM", SF_FORMAT_PCM_16 | SF_ENDIAN_LITTLE, 48000, 2},
		{"in.sln", SF_FORMAT_PCM_16 | SF_ENDIAN_LITTLE, 16000, 1},
		{"in.ul", SF_FORMAT_ULAW, 8000, 1},
		{"in.al", SF_FORMAT_ALAW, 0, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint32_t rate = rows[i].rate_hz ? rows[i].rate_hz : 8000;
		unsigned channels = rows[i].channels ? rows[i].channels : 1;
		int16_t *sine = malloc(rate * channels * sizeof(*sine));
		struct bridge_slot from;
		struct player_cfg cfg;
		const char *path;
		struct tape *tape;
		struct world w;
		double level;

		for (size_t k = 0; k < rate * channels; k++)
			sine[k] =
				(int16_t)lrint(16384 * sin(2 * M_PI * 1000 * (double)(k / channels) / rate));
		world_open(&w, 16000);
		path = in_dir(&w, rows[i].name);
		write_file(path, SF_FORMAT_RAW | rows[i].format, (int)rate, (int)channels, sine, rate);
		cfg = player_of(&w, &path, 1, 1);
		cfg.read.how.raw_rate_hz = rows[i].rate_hz;
		cfg.read.how.raw_channels = rows[i].channels;
		(void)add_player_of(&w, &cfg, &from);
		tape = add_tape(&w, 16000, from);
		files_run(&w, 1500);
		CHECK_EQ(w.ends, 1);
		CHECK_EQ(tape->n, 16000);
		level = amplitude(tape->pcm, 16000, 1000, 16000);
		if (level < 0.49 || level > 0.51)
			fail_msg("row %zu: level %f", i, level);
		free(sine);
		world_close(&w);
	}
}

TEST(a_paused_player_keeps_its_place)
{
	int16_t *speech = make_speech(8000);
	struct player_place place;
	struct bridge_slot from;
	struct player_cfg cfg;
	struct tape *tape;
	const char *path;
	struct player *p;
	struct world w;

	world_open(&w, 8000);
	path = in_dir(&w, "in.wav");
	write_wav(path, 8000, speech, 8000);
	cfg = player_of(&w, &path, 1, 1);
	cfg.paused = true;
	p = add_player_of(&w, &cfg, &from);
	tape = add_tape(&w, 8000, from);
	files_run(&w, 200);
	CHECK_EQ(tape->n, 0);
	player_pause(p, false);
	files_run(&w, 200);
	CHECK_EQ(tape->n, 1600);
	player_pause(p, true);
	files_run(&w, 2000);
	player_place(p, &place);
	CHECK(place.paused);
	CHECK_EQ(place.position, 1600);
	CHECK_EQ(w.ends, 0);
	player_pause(p, false);
	files_run(&w, 2000);
	CHECK_EQ(w.ends, 1);
	CHECK_MEM(tape->pcm, speech, 8000 * sizeof(*speech));
	free(speech);
	world_close(&w);
}

TEST(a_level_changes_within_a_frame_and_without_a_step)
{
	int16_t *flat = malloc(8000 * sizeof(*flat));
	struct bridge_slot from;
	struct player_cfg cfg;
	struct tape *tape;
	const char *path;
	struct player *p;
	struct world w;

	for (size_t i = 0; i < 8000; i++)
		flat[i] = 10000;
	world_open(&w, 8000);
	path = in_dir(&w, "in.wav");
	write_wav(path, 8000, flat, 8000);
	cfg = player_of(&w, &path, 1, 0);
	cfg.level = 0.5f;
	p = add_player_of(&w, &cfg, &from);
	tape = add_tape(&w, 8000, from);
	files_run(&w, 100);
	for (size_t i = 0; i < 800; i++)
		CHECK_EQ(tape->pcm[i], 5000);
	player_set_level(p, 2);
	files_run(&w, 20);
	for (size_t i = 801; i < 960; i++)
		CHECK(tape->pcm[i] - tape->pcm[i - 1] >= 93 && tape->pcm[i] - tape->pcm[i - 1] <= 95);
	files_run(&w, 20);
	CHECK_EQ(tape->pcm[960], 20000);
	player_set_level(p, 64);
	files_run(&w, 40);
	CHECK_EQ(tape->pcm[1200], INT16_MAX);
	free(flat);
	world_close(&w);
}

/* ---- every allocation may fail ---- */

static int story(void *arg)
{
	struct world *w = arg;
	char names[2][128];
	const char *paths[] = {names[0], names[1]};
	struct player_cfg cfg = player_of(w, paths, 2, 1);
	struct player *p = NULL;
	struct port *port = NULL;
	int err;

	copy_path(names[0], w, "in.wav");
	copy_path(names[1], w, "in.flac");
	err = player_new(&cfg, &p, &port);
	if (!err)
		port->ops->free(port);
	return err;
}

TEST(memory_may_run_out_while_files_are_opened)
{
	struct world w;

	world_open(&w, 16000);
	write_file(in_dir(&w, "in.wav"), SF_FORMAT_WAV | SF_FORMAT_PCM_16, 44100, 2, (int16_t[20]){0}, 10);
	write_file(in_dir(&w, "in.flac"), SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 8000, 2, (int16_t[20]){0}, 10);
	check_every_allocation_fails(story, &w);
	world_close(&w);
}

TESTS(RUN(a_loop_has_no_gap_and_no_end), RUN(a_seek_drops_what_was_queued_and_wakes_a_finished_player),
	RUN(a_seek_before_anybody_listens_is_ready_when_they_do),
	RUN(every_format_is_heard_at_its_pitch_and_level), RUN(of_several_channels_the_mean_is_heard),
	RUN(samples_that_are_no_number_do_not_click), RUN(an_empty_file_ends_at_once),
	RUN(files_that_cannot_be_used_are_refused_with_their_reason),
	RUN(from_file_to_file_no_sample_is_missing_or_added), RUN(files_of_different_rates_make_one_signal),
	RUN(a_loop_between_rates_goes_on_as_if_there_were_no_end),
	RUN(a_file_that_vanishes_ends_the_list_with_its_reason), RUN(raw_files_go_by_the_end_of_their_names),
	RUN(a_paused_player_keeps_its_place), RUN(a_level_changes_within_a_frame_and_without_a_step),
	RUN(memory_may_run_out_while_files_are_opened))
