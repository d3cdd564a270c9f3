/* The engine on real threads: loop, media and disk. Nothing here asserts a time; the loop ends when the file
 * does. */
#include "check.h"

#include "audio/engine.h"
#include "audio/ports.h"
#include "host/host.h"

#include <sndfile.h>
#include <unistd.h>

enum { N = 16000 * 3 / 10 }; /* 300 ms */

struct world {
	struct host *host;
	struct engine *engine;
	struct recorder *recorder;
	struct bridge_slot from, to;
	char dir[64], in[96], out[96];
	enum { PLAYING, LEAVING, GONE } state;
};

/* Signalling thread. */
static void on_report(void *arg, const struct media_report *r)
{
	struct world *w = arg;

	if (r->type != MEDIA_FILE_END)
		return;
	CHECK_OK(bridge_remove(engine_bridge(w->engine), w->to));
	CHECK_OK(bridge_remove(engine_bridge(w->engine), w->from));
	w->state = LEAVING;
}

static void on_released(void *arg)
{
	struct world *w = arg;

	w->state = GONE;
	host_stop(w->host);
}

static void on_wake(void *arg)
{
	engine_dispatch(((struct world *)arg)->engine);
}

static void on_idle(void *arg)
{
	engine_publish(((struct world *)arg)->engine);
}

static void open_files(struct world *w, const int16_t *speech)
{
	SF_INFO info = {.samplerate = 16000, .channels = 1, .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16};
	SNDFILE *f;

	snprintf(w->dir, sizeof(w->dir), "/tmp/offhook-real-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->in, sizeof(w->in), "%s/in.wav", w->dir);
	snprintf(w->out, sizeof(w->out), "%s/out.wav", w->dir);
	f = sf_open(w->in, SFM_WRITE, &info);
	CHECK_EQ(sf_writef_short(f, speech, N), N);
	sf_close(f);
}

static void add_ports(struct world *w)
{
	const char *path = w->in;
	struct player_cfg play = {.host = w->host,
		.read = {.paths = &path, .n_paths = 1, .loops = 1, .rate_hz = 16000},
		.level = 1,
		.report = engine_report,
		.report_arg = w->engine};
	struct recorder_cfg record = {.host = w->host,
		.path = w->out,
		.rate_hz = 16000,
		.channels = 1,
		.released = on_released,
		.released_arg = w};
	struct bridge *b = engine_bridge(w->engine);
	struct player *player;
	struct port *port, *ports[2];

	CHECK_OK(player_new(&play, &player, &port));
	CHECK_OK(bridge_add(b, port, &w->from));
	CHECK_OK(recorder_new(&record, &w->recorder, ports));
	CHECK_OK(bridge_add(b, ports[0], &w->to));
	CHECK_OK(bridge_connect(b, &(struct bridge_link){w->from, w->to, 1}, 1));
}

TEST(a_file_goes_over_the_bridge_bit_exact_on_real_threads)
{
	static int16_t speech[N], heard[2 * N];
	struct world w = {0};
	struct engine_cfg cfg;
	SF_INFO info = {0};
	SNDFILE *f;

	for (size_t i = 0; i < N; i++)
		speech[i] = (int16_t)(1 + i * 7919 % 32000);
	open_files(&w, speech);
	CHECK_OK(host_uv_new(&w.host));
	engine_cfg_defaults(&cfg);
	cfg.host = w.host;
	cfg.report = on_report;
	cfg.report_arg = &w;
	CHECK_OK(engine_new(&cfg, &w.engine));
	host_on_wake(w.host, on_wake, &w);
	host_on_idle(w.host, on_idle, &w);
	add_ports(&w);
	host_wake(w.host);
	CHECK_OK(host_run(w.host));
	CHECK_EQ(w.state, GONE);
	CHECK_OK(recorder_finish(w.recorder));
	engine_free(w.engine);
	host_free(w.host);
	f = sf_open(w.out, SFM_READ, &info);
	CHECK(sf_readf_short(f, heard, 2 * N) >= N);
	sf_close(f);
	CHECK_MEM(heard, speech, sizeof(speech));
	unlink(w.in);
	unlink(w.out);
	rmdir(w.dir);
}

/* libuv's first loop makes descriptors that live as long as the process: before they are counted. */
int main(void)
{
	const struct CMUnitTest tests[] = {RUN(a_file_goes_over_the_bridge_bit_exact_on_real_threads)};
	struct host *first;

	if (host_uv_new(&first))
		return 1;
	host_free(first);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
