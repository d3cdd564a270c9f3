/*
 * The WAV recorder. The media thread puts samples into a ring, the disk thread writes them out and keeps the
 * header up to date. The port goes with its slot; the handle stays until recorder_finish(), so that whoever
 * may wait for the disk does.
 */
#include "audio/ports.h"

#include "audio/wav.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/ring.h"

#include <stdatomic.h>
#include <string.h>
#include <strings.h>

#define WRITE_MS 100u
/* What a disk may fall behind. */
#define RING_SECONDS 2u

struct recorder {
	struct port port;
	struct recorder_cfg cfg;
	struct host_service *service;
	struct wav wav; /* disk thread, then recorder_finish() */
	int write_err;  /* the first one, likewise */
	struct ring ring;
	_Atomic uint64_t frames, dropped;
	_Atomic bool port_gone;
};

static void write_out(void *arg)
{
	struct recorder *r = arg;
	int16_t pcm[1600];
	size_t n;

	while ((n = ring_read(&r->ring, pcm, sizeof(pcm) / sizeof(*pcm))) > 0) {
		if (!r->write_err)
			r->write_err = wav_write(&r->wav, pcm, n);
	}
}

/* Silence is written too: the file keeps time. */
static void recorder_push(struct port *port, const int16_t *pcm, size_t n, const struct audio_tick *t)
{
	static const int16_t silence[960];
	struct recorder *r = (struct recorder *)port;
	size_t written;

	(void)t;
	if (!pcm) {
		pcm = silence;
		n = n < sizeof(silence) / sizeof(*silence) ? n : sizeof(silence) / sizeof(*silence);
	}
	written = ring_write(&r->ring, pcm, n);
	atomic_fetch_add_explicit(&r->frames, written, memory_order_relaxed);
	atomic_fetch_add_explicit(&r->dropped, n - written, memory_order_relaxed);
}

static void recorder_port_free(struct port *port)
{
	struct recorder *r = (struct recorder *)port;
	void (*released)(void *arg) = r->cfg.released;
	void *arg = r->cfg.released_arg;

	/* Another thread may finish it from here on. */
	atomic_store_explicit(&r->port_gone, true, memory_order_release);
	if (released)
		released(arg);
}

static const struct port_ops recorder_ops = {
	.kind = "recorder", .push = recorder_push, .free = recorder_port_free};

static int dispose(struct recorder *r)
{
	int err;

	host_service_free(r->service);
	if (r->ring.slots && r->wav.file)
		write_out(r);
	err = wav_close(&r->wav);
	if (r->write_err)
		err = r->write_err;
	ring_free(&r->ring);
	mem_free(r);
	return err;
}

static bool is_wav_name(const char *path)
{
	size_t n = strlen(path);

	return n > 4 && strcasecmp(path + n - 4, ".wav") == 0;
}

int recorder_new(const struct recorder_cfg *cfg, struct recorder **ret_recorder, struct port **ret_port)
{
	struct recorder *r;
	int err;

	if (!is_wav_name(cfg->path))
		return err_detail(OH_ENOTSUP,
			"'%s' does not end in .wav, the one format that can be recorded", cfg->path);
	r = mem_zalloc(sizeof(*r));
	if (!r)
		return OH_ENOMEM;
	r->port = (struct port){&recorder_ops, cfg->rate_hz};
	r->cfg = *cfg;
	err = ring_init(&r->ring, sizeof(int16_t), (size_t)cfg->rate_hz * RING_SECONDS);
	if (!err)
		err = wav_open_write(cfg->path, cfg->rate_hz, &r->wav);
	if (!err)
		err = host_service_new(cfg->host, WRITE_MS, write_out, r, &r->service);
	if (err) {
		(void)dispose(r);
		return err;
	}
	r->cfg.path = NULL; /* the caller's */
	*ret_recorder = r;
	*ret_port = &r->port;
	return 0;
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
	if (!atomic_load_explicit(&r->port_gone, memory_order_acquire))
		return err_detail(OH_ESTATE, "the recorder is still on the bridge");
	return dispose(r);
}
