#include "audio/device.h"

#include "audio/drift.h"
#include "audio/voice.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/ring.h"

#include <limits.h>
#include <string.h>

#define RING_MS 2000u
/* When the card's clock passes the bridge's, a block of 10 ms less is left from one tick to the next. */
#define MARGIN_S  0.015
#define NOTHING   INT_MAX /* no low-water mark yet */
#define FRAME_MAX 480u    /* 10 ms at 48 kHz */

enum flow {
	FLOW_NEW, /* since it was opened nothing has been read */
	FLOW_DRY, /* not enough has gathered */
	FLOW_ON
};

/* One direction. */
struct lane {
	struct device *device;
	enum host_sound_side side;
	struct host_sound *sound; /* signalling; NULL: closed */
	struct ring ring;
	_Atomic bool open;       /* signalling writes: there is a card, or there soon will be */
	_Atomic float volume;    /* signalling writes */
	_Atomic int low;         /* the reader lowers it, the card's thread takes it: samples */
	_Atomic uint32_t margin; /* samples; the card's thread writes */
	_Atomic uint32_t skip;   /* the card's thread asks the media thread to throw so many away */
	_Atomic uint64_t gaps, cuts;
	_Atomic double speed; /* that lasts, as a share */
	enum flow flow;       /* the reader's */

	/* The card's thread. */
	struct hair hair;
	struct drift drift;
	size_t window; /* samples since the last mark */
	float gain;    /* as it was at the end of the last block */
	int16_t frame[FRAME_MAX];
	size_t n_frame; /* samples gathered for the voice */
};

struct device {
	struct port port; /* first */
	struct device_cfg cfg;
	struct voice *voice; /* NULL: none */
	struct lane capture, playback;
};

static struct lane *lane_of(struct device *d, enum host_sound_side side)
{
	return side == HOST_SOUND_CAPTURE ? &d->capture : &d->playback;
}

/* ---- the ring's reader ---- */

static void note_low(struct lane *l, int left)
{
	int low = atomic_load_explicit(&l->low, memory_order_relaxed);

	while (left < low && !atomic_compare_exchange_weak_explicit(
				     &l->low, &low, left, memory_order_relaxed, memory_order_relaxed))
		continue;
}

static void skip(struct lane *l, size_t n)
{
	size_t waiting = ring_count(&l->ring);

	ring_skip(&l->ring, n < waiting ? n : waiting);
}

/* n samples; false: silence, pcm is not written. */
static bool take(struct lane *l, int16_t *pcm, size_t n)
{
	size_t waiting = ring_count(&l->ring);
	size_t enough = n + atomic_load_explicit(&l->margin, memory_order_relaxed);

	/* After a gap it goes on with some in hand, not with crackles; with what the margin will have grown by, too. */
	if (l->flow == FLOW_DRY)
		enough += n;
	if (l->flow != FLOW_ON && waiting < enough)
		return false;
	if (l->flow == FLOW_NEW) {
		/* What gathered while the card was being opened is old. */
		skip(l, waiting - enough);
		waiting = enough;
	}
	l->flow = waiting >= n ? FLOW_ON : FLOW_DRY;
	note_low(l, (int)waiting - (int)n);
	if (l->flow == FLOW_DRY)
		atomic_fetch_add_explicit(&l->gaps, 1, memory_order_relaxed);
	waiting = ring_read(&l->ring, pcm, n);
	memset(pcm + waiting, 0, (n - waiting) * sizeof(*pcm));
	return true;
}

/* ---- the card's thread ---- */

static void amplify(struct lane *l, int16_t *pcm, size_t n)
{
	float to = atomic_load_explicit(&l->volume, memory_order_relaxed), gain = l->gain;
	float step = (to - gain) / (float)n;

	if (to == 1 && gain == 1)
		return;
	for (size_t i = 0; i < n; i++) {
		float x;

		gain += step;
		x = gain * (float)pcm[i];
		pcm[i] = (int16_t)(x > 32767 ? 32767 : x < -32768 ? -32768 : x);
	}
	l->gain = to;
}

static void cut(struct lane *l, size_t n)
{
	atomic_fetch_add_explicit(&l->cuts, 1, memory_order_relaxed);
	if (l->side == HOST_SOUND_PLAYBACK)
		skip(l, n);
	else
		atomic_store_explicit(&l->skip, (uint32_t)n, memory_order_relaxed);
}

/* n more samples by the card's clock. */
static void follow_clock(struct lane *l, size_t n)
{
	double rate = l->device->cfg.rate_hz, cut_s, speed;
	int low;

	l->window += n;
	if ((double)l->window < rate * DRIFT_WINDOW_S)
		return;
	l->window = 0;
	low = atomic_exchange_explicit(&l->low, NOTHING, memory_order_relaxed);
	if (low == NOTHING)
		return;
	speed = drift_step(&l->drift, low / rate, &cut_s);
	if (cut_s > 0)
		cut(l, (size_t)(cut_s * rate));
	hair_speed(&l->hair, speed);
	atomic_store_explicit(&l->speed, drift_known(&l->drift), memory_order_relaxed);
	atomic_store_explicit(&l->margin, (uint32_t)(l->drift.margin_s * rate), memory_order_relaxed);
}

static void give(struct lane *l, int16_t *pcm, size_t n)
{
	int16_t out[FRAME_MAX];
	size_t got;

	amplify(l, pcm, n);
	hair_put(&l->hair, pcm, n);
	while ((got = hair_get(&l->hair, out, ARRAY_LEN(out))) > 0)
		(void)ring_write(&l->ring, out, got); /* full: nobody ticks the bridge */
	follow_clock(l, n);
}

static void on_captured(void *arg, int16_t *pcm, size_t n)
{
	struct lane *l = arg;
	struct voice *v = l->device->voice;
	size_t frame = l->device->cfg.rate_hz / 1000 * VOICE_FRAME_MS;

	while (n > 0) {
		size_t part = frame - l->n_frame < n ? frame - l->n_frame : n;

		memcpy(l->frame + l->n_frame, pcm, part * sizeof(*pcm));
		l->n_frame += part;
		pcm += part;
		n -= part;
		if (v && l->n_frame < frame)
			return;
		if (v)
			voice_clean(v, l->frame);
		give(l, l->frame, l->n_frame);
		l->n_frame = 0;
	}
}

static void fill(struct lane *l, int16_t *pcm, size_t n)
{
	int16_t in[HAIR_MAX];
	size_t need = hair_need(&l->hair, n);

	if (need && !take(l, in, need))
		memset(in, 0, need * sizeof(*in));
	hair_put(&l->hair, in, need);
	hair_get(&l->hair, pcm, n);
	amplify(l, pcm, n);
	follow_clock(l, n);
}

static void on_wanted(void *arg, int16_t *pcm, size_t n)
{
	struct lane *l = arg;

	while (n > 0) {
		size_t part = n < FRAME_MAX ? n : FRAME_MAX;

		fill(l, pcm, part);
		if (l->device->voice)
			voice_said(l->device->voice, pcm, part);
		pcm += part;
		n -= part;
	}
}

/* ---- the media thread ---- */

static bool device_pull(struct port *p, int16_t *pcm, size_t n, const struct audio_tick *t)
{
	struct lane *l = &((struct device *)p)->capture;

	(void)t;
	if (!atomic_load_explicit(&l->open, memory_order_acquire)) {
		skip(l, SIZE_MAX);
		l->flow = FLOW_NEW;
		return false;
	}
	skip(l, atomic_exchange_explicit(&l->skip, 0, memory_order_relaxed));
	return take(l, pcm, n);
}

static void device_push(struct port *p, const int16_t *pcm, size_t n, const struct audio_tick *t)
{
	static const int16_t silence[HAIR_MAX];
	struct lane *l = &((struct device *)p)->playback;

	(void)t;
	if (atomic_load_explicit(&l->open, memory_order_acquire))
		(void)ring_write(&l->ring, pcm ? pcm : silence, n);
}

static void device_free(struct port *p)
{
	struct device *d = (struct device *)p;

	ring_free(&d->capture.ring);
	ring_free(&d->playback.ring);
	voice_free(d->voice);
	mem_free(d);
}

/* Both always: a ring that nobody empties would play what was said a while ago. */
static const struct port_ops device_ops = {
	.kind = "device",
	.pull = device_pull,
	.push = device_push,
	.free = device_free,
	.pull_always = true,
	.push_always = true,
};

/* ---- signalling ---- */

static int lane_init(struct lane *l, struct device *d, enum host_sound_side side)
{
	l->device = d;
	l->side = side;
	atomic_init(&l->volume, 1.0f);
	return ring_init(&l->ring, sizeof(int16_t), d->cfg.rate_hz / 1000 * RING_MS);
}

int device_new(const struct device_cfg *cfg, struct device **ret_device, struct port **ret_port)
{
	struct voice_cfg voice = {cfg->rate_hz, cfg->echo_ms, cfg->noise, cfg->gain};
	struct device *d = mem_zalloc(sizeof(*d));
	int err;

	if (!d)
		return OH_ENOMEM;
	d->port = (struct port){&device_ops, cfg->rate_hz};
	d->cfg = *cfg;
	err = lane_init(&d->capture, d, HOST_SOUND_CAPTURE);
	if (!err)
		err = lane_init(&d->playback, d, HOST_SOUND_PLAYBACK);
	if (!err)
		err = voice_new(&voice, &d->voice);
	if (err) {
		device_free(&d->port);
		return err;
	}
	*ret_device = d;
	*ret_port = &d->port;
	return 0;
}

/* No card's thread is here now, and of a speaker's ring no reader but us. */
static void lane_reset(struct lane *l)
{
	double rate = l->device->cfg.rate_hz;

	hair_init(&l->hair);
	drift_init(&l->drift, MARGIN_S);
	l->window = l->n_frame = 0;
	l->gain = atomic_load_explicit(&l->volume, memory_order_relaxed);
	atomic_store_explicit(&l->low, NOTHING, memory_order_relaxed);
	atomic_store_explicit(&l->skip, 0, memory_order_relaxed);
	atomic_store_explicit(&l->margin, (uint32_t)(MARGIN_S * rate), memory_order_relaxed);
	atomic_store_explicit(&l->speed, 0, memory_order_relaxed);
	if (l->side == HOST_SOUND_PLAYBACK) {
		skip(l, SIZE_MAX);
		l->flow = FLOW_NEW;
	}
}

int device_open(struct device *d, enum host_sound_side side, const char *id)
{
	struct lane *l = lane_of(d, side);
	struct host_sound_cfg cfg = {
		.id = id,
		.side = side,
		.rate_hz = d->cfg.rate_hz,
		.latency_ms = d->cfg.latency_ms,
		.block = side == HOST_SOUND_CAPTURE ? on_captured : on_wanted,
		.arg = l,
	};
	int err;

	lane_reset(l);
	err = host_sound_open(d->cfg.host, &cfg, &l->sound);
	if (!err)
		atomic_store_explicit(&l->open, true, memory_order_release);
	return err;
}

void device_close(struct device *d, enum host_sound_side side)
{
	struct lane *l = lane_of(d, side);

	atomic_store_explicit(&l->open, false, memory_order_release);
	l->sound = host_sound_close(l->sound);
}

enum host_sound_state device_state(const struct device *d, enum host_sound_side side, int *ret_err)
{
	return host_sound_state(side == HOST_SOUND_CAPTURE ? d->capture.sound : d->playback.sound, ret_err);
}

void device_volume(struct device *d, enum host_sound_side side, float volume)
{
	atomic_store_explicit(&lane_of(d, side)->volume, volume, memory_order_relaxed);
}

void device_figures(const struct device *d, enum host_sound_side side, struct device_figures *ret_figures)
{
	const struct lane *l = side == HOST_SOUND_CAPTURE ? &d->capture : &d->playback;
	double speed = atomic_load_explicit(&l->speed, memory_order_relaxed);

	*ret_figures = (struct device_figures){
		.gaps = atomic_load_explicit(&l->gaps, memory_order_relaxed),
		.cuts = atomic_load_explicit(&l->cuts, memory_order_relaxed),
		/* A microphone that is too fast is read faster, a speaker that is too fast gets its samples slower. */
		.drift_ppm = 1e6 * (side == HOST_SOUND_CAPTURE ? speed : -speed),
		.depth_ms = 1e3 * (double)ring_count(&l->ring) / d->cfg.rate_hz,
	};
}
