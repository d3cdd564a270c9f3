/* A player on a file of any bytes, alone or in a list: opening says what is wrong, or it plays, loops and seeks without
 * harm. The first three bytes say how it is played; libsndfile reads the rest. */
#include "fuzz.h"

#include "audio/ports.h"
#include "base/err.h"
#include "host/sim/sim.h"

#include <sys/mman.h>
#include <unistd.h>

#define SECONDS 1u

/* libsndfile 1.2 forgets what libvorbis has made for an Ogg file whose first header is good and whose second is not. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libvorbis\n";
}

/* One file in memory for the whole life of the process. */
static int file_of(struct slice bytes)
{
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("wav", MFD_CLOEXEC);
	CHECK(fd >= 0);
	CHECK_EQ(ftruncate(fd, 0), 0);
	CHECK_EQ(pwrite(fd, bytes.p, bytes.n, 0), (ssize_t)bytes.n);
	return fd;
}

static void count(void *arg, const struct media_report *r)
{
	CHECK(r->type == MEDIA_FILE_END || r->type == MEDIA_FILE_NEXT);
	++*(unsigned *)arg;
}

static void play(struct sim *sim, struct player *player, struct port *port, struct feed *how)
{
	struct audio_tick t = {.index = 0};
	struct player_place place;
	int16_t pcm[960];

	for (; t.index < SECONDS * 50; t.index++) {
		t.now_ns = t.due_ns = sim_now(sim);
		port->ops->prepare(port, &t);
		(void)port->ops->pull(port, pcm, port->rate_hz / 50, &t);
		player_place(player, &place);
		CHECK(!player_file(player, place.file)->length ||
			place.position <= player_file(player, place.file)->length);
		if (t.index % 16 == 15)
			player_seek(player, t.index / 16 % player_n_files(player), feed_byte(how) * 997u);
		sim_run_for(sim, 20 * NS_PER_MS);
	}
}

void fuzz_one(const uint8_t *data, size_t n)
{
	static const uint32_t rates[] = {8000, 16000, 48000};
	struct feed f = {data, n};
	struct feed how = {data, n < 3 ? n : 3};
	unsigned first = feed_byte(&f), ends = 0;
	char path[64];
	const char *const paths[] = {path, path, path};
	struct player_cfg cfg = {.read = {.paths = paths,
					 .n_paths = 1 + first / 6 % 3,
					 .loops = first & 1 ? 0 : 1,
					 .rate_hz = rates[first / 2 % 3]},
		.level = 1,
		.report = count,
		.report_arg = &ends};
	struct player *player;
	struct port *port;
	struct sim *sim;
	int err;

	feed_bytes(&f, 2);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file_of(slice_make((const char *)f.p, f.n)));
	CHECK_OK(sim_new(1, &sim));
	CHECK_OK(sim_host_new(sim, "192.0.2.1", &cfg.host));
	err = player_new(&cfg, &player, &port);
	if (err) {
		CHECK(err == OH_EFORMAT || err_to_errno(err));
		CHECK(err_detail_text()[0]);
	} else {
		play(sim, player, port, &how);
		port->ops->free(port);
	}
	host_free(cfg.host);
	sim_free(sim);
}
