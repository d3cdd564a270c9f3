#include "audio/files.h"

#include "audio/rig.h"
#include "host/sim/sim.h"

#include <dirent.h>
#include <math.h>
#include <unistd.h>

#define MS NS_PER_MS

static void on_report(void *arg, const struct media_report *r)
{
	struct world *w = arg;

	if (r->type == MEDIA_FILE_NEXT) {
		w->nexts++;
		w->next = r->value;
		return;
	}
	w->ends += r->type == MEDIA_FILE_END;
	w->end_err = -(int)r->value;
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

void world_open(struct world *w, uint32_t rate_hz)
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

const char *in_dir(struct world *w, const char *name)
{
	snprintf(w->path, sizeof(w->path), "%s/%s", w->dir, name);
	return w->path;
}

void world_close(struct world *w)
{
	DIR *dir = opendir(w->dir);
	const struct dirent *entry;

	engine_free(w->engine);
	host_free(w->host);
	sim_free(w->sim);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	rmdir(w->dir);
}

void files_run(struct world *w, unsigned ms)
{
	engine_publish(w->engine);
	sim_run_for(w->sim, ms * MS);
}

/* ---- files ---- */

void write_file(const char *path, int format, int rate_hz, int channels, const int16_t *pcm, size_t frames)
{
	SF_INFO info = {.samplerate = rate_hz, .channels = channels, .format = format};
	SNDFILE *f = sf_open(path, SFM_WRITE, &info);

	assert_non_null(f);
	sf_command(f, SFC_SET_SCALE_INT_FLOAT_WRITE, NULL, SF_TRUE);
	CHECK_EQ(sf_writef_short(f, pcm, (sf_count_t)frames), frames);
	sf_close(f);
}

size_t read_file(const char *path, int16_t *pcm, size_t cap, SF_INFO *ret_info)
{
	SNDFILE *f = sf_open(path, SFM_READ, memset(ret_info, 0, sizeof(*ret_info)));
	size_t n;

	assert_non_null(f);
	n = (size_t)sf_readf_short(f, pcm, (sf_count_t)cap);
	sf_close(f);
	return n;
}

/* Something like speech: syllables of noise, never zero, so that places can be told from each other. */
int16_t *make_speech(size_t n)
{
	int16_t *pcm = malloc(n * sizeof(*pcm));
	uint64_t seed = 42;

	for (size_t i = 0; i < n; i++) {
		double loud = 0.2 + fabs(sin((double)i / 1500));

		pcm[i] = (int16_t)(1 + loud * (int)(rig_random(&seed) % 16000));
	}
	return pcm;
}

struct player_cfg player_of(struct world *w, const char *const *paths, size_t n, uint32_t loops)
{
	return (struct player_cfg){.host = w->host,
		.read = {.paths = paths, .n_paths = n, .loops = loops, .rate_hz = 16000},
		.level = 1,
		.tag = 9,
		.report = engine_report,
		.report_arg = w->engine};
}

uint64_t position(const struct player *p)
{
	struct player_place place;

	player_place(p, &place);
	return place.position;
}

struct player *add_player_of(struct world *w, struct player_cfg *cfg, struct bridge_slot *ret_slot)
{
	struct bridge_slot_info slot0;
	struct player *p = NULL;
	struct port *port = NULL;

	CHECK_OK(bridge_slot_info(w->bridge, BRIDGE_SLOT_0, &slot0));
	cfg->read.rate_hz = slot0.rate_hz;
	CHECK_OK(player_new(cfg, &p, &port));
	CHECK_OK(bridge_add(w->bridge, port, ret_slot));
	return p;
}

struct player *add_player(struct world *w, const char *path, bool loop, struct bridge_slot *ret_slot)
{
	struct player_cfg cfg = player_of(w, &path, 1, loop ? 0 : 1);

	return add_player_of(w, &cfg, ret_slot);
}

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

struct tape *add_tape(struct world *w, uint32_t rate_hz, struct bridge_slot source)
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

/* The amplitude of one frequency in the middle half of a signal, against a full-scale sine of
 * that frequency. */
double amplitude(const int16_t *pcm, size_t n, double hz, double rate)
{
	double re = 0, im = 0;

	for (size_t i = n / 4; i < n - n / 4; i++) {
		re += pcm[i] * cos(2 * M_PI * hz * (double)i / rate);
		im += pcm[i] * sin(2 * M_PI * hz * (double)i / rate);
	}
	return sqrt(re * re + im * im) / (double)(n - n / 4 - n / 4) * 2 / 32767;
}
