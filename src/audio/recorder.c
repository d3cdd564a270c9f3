/*
 * The recorder. The media thread puts samples into a ring, the disk thread writes them out and keeps the
 * header up to date. The ports go with their slots; the handle stays until recorder_finish() or recorder_close().
 *
 * Of two ports, one a channel, either may be connected or not: what belongs to one tick is put together first, and what
 * did not come in that tick is silence.
 */
#include "audio/ports.h"

#include "audio/soundfile.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/ring.h"

#include <stdatomic.h>
#include <string.h>

#define WRITE_MS 100u
/* What a disk may fall behind. */
#define RING_SECONDS 2u
#define CHANNELS_MAX 2u
#define FRAME_MAX    960u /* 20 ms at 48 kHz */

struct recorder_port {
	struct port port;
	struct recorder *recorder;
	unsigned channel;
};

struct recorder {
	struct recorder_port ports[CHANNELS_MAX];
	struct recorder_cfg cfg;
	struct host_service *service;
	struct soundfile file; /* disk thread, then whoever completes it */
	int write_err;         /* the first one, likewise */
	struct ring ring;      /* of all channels' samples side by side */
	_Atomic uint64_t frames, dropped;
	_Atomic bool paused;
	_Atomic int failed; /* write_err for the media thread */
	_Atomic unsigned ports_left;

	/* Media thread. */
	bool told; /* its end */
	struct {
		uint64_t index; /* of the tick */
		size_t n;       /* samples of a channel; 0: none is begun */
		unsigned came;  /* bits of channels */
		bool wanted;
		int16_t pcm[FRAME_MAX * CHANNELS_MAX];
	} frame;

	void (*closed)(void *arg, int err);
	void *closed_arg;
};

/* ---- media thread ---- */

static void tell_end(struct recorder *r, int err, uint64_t now_ns)
{
	struct media_report end = {
		.type = MEDIA_FILE_END, .tag = r->cfg.tag, .value = (uint32_t)-err, .at_ns = now_ns};

	if (!r->told && r->cfg.report)
		r->cfg.report(r->cfg.report_arg, &end);
	r->told = true;
}

static uint64_t taken(const struct recorder *r)
{
	return recorder_frames(r) + recorder_dropped(r);
}

static bool is_full(const struct recorder *r)
{
	return r->cfg.max_frames && taken(r) >= r->cfg.max_frames;
}

/* What has come of this tick is all of it. */
static void put_frame(struct recorder *r)
{
	size_t n = r->frame.n, written;

	r->frame.n = 0;
	if (!r->frame.wanted)
		return;
	if (r->cfg.max_frames && n > r->cfg.max_frames - taken(r))
		n = (size_t)(r->cfg.max_frames - taken(r));
	written = ring_write(&r->ring, r->frame.pcm, n);
	atomic_fetch_add_explicit(&r->frames, written, memory_order_relaxed);
	atomic_fetch_add_explicit(&r->dropped, n - written, memory_order_relaxed);
}

static void begin_frame(struct recorder *r, size_t n, uint64_t index)
{
	r->frame.index = index;
	r->frame.n = n < FRAME_MAX ? n : FRAME_MAX;
	r->frame.came = 0;
	r->frame.wanted = !r->told && !is_full(r) && !atomic_load_explicit(&r->paused, memory_order_relaxed);
	memset(r->frame.pcm, 0, r->frame.n * r->cfg.channels * sizeof(*r->frame.pcm));
}

/* Silence is written too: the file keeps time. */
static void recorder_push(struct port *port, const int16_t *pcm, size_t n, const struct audio_tick *t)
{
	struct recorder_port *in = (struct recorder_port *)port;
	struct recorder *r = in->recorder;
	int err = atomic_load_explicit(&r->failed, memory_order_relaxed);

	if (r->frame.n && r->frame.index != t->index)
		put_frame(r);
	if (!r->frame.n)
		begin_frame(r, n, t->index);
	for (size_t i = 0; pcm && i < r->frame.n; i++)
		r->frame.pcm[i * r->cfg.channels + in->channel] = pcm[i];
	r->frame.came |= 1u << in->channel;
	if (r->frame.came == (1u << r->cfg.channels) - 1)
		put_frame(r);
	if (err || is_full(r))
		tell_end(r, err, t->now_ns);
}

/* ---- disk thread ---- */

static void write_out(void *arg)
{
	struct recorder *r = arg;
	int16_t pcm[1600 * CHANNELS_MAX];
	size_t n;

	while ((n = ring_read(&r->ring, pcm, 1600)) > 0) {
		if (r->write_err)
			continue;
		r->write_err = soundfile_write(&r->file, pcm, n);
		atomic_store_explicit(&r->failed, r->write_err, memory_order_relaxed);
	}
}

/* ---- life ---- */

static void recorder_port_free(struct port *port)
{
	struct recorder *r = ((struct recorder_port *)port)->recorder;
	void (*released)(void *arg) = r->cfg.released;
	void *arg = r->cfg.released_arg;

	/* Behind the last one another thread may finish it. */
	if (atomic_fetch_sub_explicit(&r->ports_left, 1, memory_order_acq_rel) == 1 && released)
		released(arg);
}

static const struct port_ops recorder_ops = {
	.kind = "recorder", .push = recorder_push, .free = recorder_port_free};

/* The service has ended. */
static int dispose(struct recorder *r)
{
	int err;

	if (r->ring.slots && soundfile_is_open(&r->file)) {
		put_frame(r); /* a tick that one channel has waited in */
		write_out(r);
	}
	err = soundfile_close(&r->file);
	if (r->write_err)
		err = r->write_err;
	ring_free(&r->ring);
	mem_free(r);
	return err;
}

int recorder_new(const struct recorder_cfg *cfg, struct recorder **ret_recorder, struct port *ret_ports[2])
{
	struct recorder *r = mem_zalloc(sizeof(*r));
	int err;

	if (!r)
		return OH_ENOMEM;
	r->cfg = *cfg;
	r->ports_left = cfg->channels;
	for (unsigned i = 0; i < cfg->channels; i++)
		r->ports[i] = (struct recorder_port){{&recorder_ops, cfg->rate_hz}, r, i};
	err = ring_init(&r->ring, sizeof(int16_t) * cfg->channels, (size_t)cfg->rate_hz * RING_SECONDS);
	if (!err)
		err = soundfile_open_write(cfg->path, cfg->rate_hz, cfg->channels, &r->file);
	if (!err)
		err = host_service_new(cfg->host, WRITE_MS, write_out, r, &r->service);
	if (err) {
		(void)dispose(r);
		return err;
	}
	r->cfg.path = NULL; /* the caller's */
	if (!cfg->max_frames || (soundfile_room(&r->file) && cfg->max_frames > soundfile_room(&r->file)))
		r->cfg.max_frames = soundfile_room(&r->file);
	*ret_recorder = r;
	for (unsigned i = 0; i < cfg->channels; i++)
		ret_ports[i] = &r->ports[i].port;
	return 0;
}

void recorder_pause(struct recorder *r, bool paused)
{
	atomic_store_explicit(&r->paused, paused, memory_order_relaxed);
}

uint64_t recorder_frames(const struct recorder *r)
{
	return atomic_load_explicit(&r->frames, memory_order_relaxed);
}

uint64_t recorder_dropped(const struct recorder *r)
{
	return atomic_load_explicit(&r->dropped, memory_order_relaxed);
}

int recorder_finish(struct recorder *r)
{
	if (!r)
		return 0;
	if (atomic_load_explicit(&r->ports_left, memory_order_acquire))
		return err_detail(OH_ESTATE, "the recorder is still on the bridge");
	host_service_free(r->service);
	return dispose(r);
}

static void ended(void *arg)
{
	struct recorder *r = arg;
	void (*closed)(void *arg, int err) = r->closed;
	void *closed_arg = r->closed_arg;

	closed(closed_arg, dispose(r));
}

void recorder_close(struct recorder *r, void (*closed)(void *arg, int err), void *arg)
{
	r->closed = closed;
	r->closed_arg = arg;
	host_service_end(r->service, ended);
}
