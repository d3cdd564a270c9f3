/*
 * ALSA, for machines without a sound server. Opening and closing may block for as long as a driver or plug-in likes, so
 * each open direction has a thread of its own that does everything, and closing does not wait for it: the door between the
 * two is held while samples pass, and threads that have ended are joined later.
 */
#include "host/uv/sound.h"

#include "base/err.h"
#include "base/mem.h"

#include <alsa/asoundlib.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define BLOCK_MAX 480u /* 10 ms at 48 kHz */
#define WAIT_MS   100  /* for the card; then it is looked whether to go on */
/* Some devices have no clock ("null", files): nothing is taken from or given to a card faster than this. Real clocks are
 * nearer to each other, and the difference is less than what the bridge corrects. */
#define FASTEST 0.996

struct alsa {
	struct host *host;
	pthread_mutex_t lock;
	struct list lines; /* all whose thread has not been joined */
};

struct alsa_sound {
	struct uv_sound base;
	struct list node;
	pthread_t thread;
	pthread_mutex_t door;
	bool closed;                    /* behind the door */
	_Atomic bool quit, ended;       /* asked for; the thread has nothing left to do */
	char device[HOST_SOUND_ID_MAX]; /* "": the default one */
	snd_pcm_t *pcm;
	size_t n; /* samples in a block */
	uint64_t next_ns;
};

/* Errors are told by our state, not on the program's standard error. */
static void keep_quiet(
	const char *file, int line, const char *function, int err, const char *format, va_list args)
{
	(void)file, (void)line, (void)function, (void)err, (void)format, (void)args;
}

static void enter(struct alsa_sound *s, enum host_sound_state state, int err)
{
	pthread_mutex_lock(&s->door);
	if (!s->closed)
		host_sound_enter(&s->base.base, state, err);
	pthread_mutex_unlock(&s->door);
}

static void pass(struct alsa_sound *s, int16_t *pcm, size_t n)
{
	pthread_mutex_lock(&s->door);
	if (!s->closed)
		s->base.base.cfg.block(s->base.base.cfg.arg, pcm, n);
	else
		memset(pcm, 0, n * sizeof(*pcm));
	pthread_mutex_unlock(&s->door);
}

/* ---- the card's thread ---- */

static int err_of(long alsa_err)
{
	return alsa_err == -ENOENT || alsa_err == -ENODEV || alsa_err == -ENXIO
		       ? OH_ENODEV
		       : err_from_errno((int)-alsa_err);
}

static int open_pcm(struct alsa_sound *s)
{
	const struct host_sound_cfg *cfg = &s->base.base.cfg;
	snd_pcm_stream_t side =
		cfg->side == HOST_SOUND_CAPTURE ? SND_PCM_STREAM_CAPTURE : SND_PCM_STREAM_PLAYBACK;
	int err = snd_pcm_open(&s->pcm, *s->device ? s->device : "default", side, SND_PCM_NONBLOCK);

	if (err < 0) {
		s->pcm = NULL;
		return err_of(err);
	}
	err = snd_pcm_set_params(s->pcm, SND_PCM_FORMAT_S16, SND_PCM_ACCESS_RW_INTERLEAVED, 1, cfg->rate_hz,
		1, cfg->latency_ms * 1000);
	if (err >= 0 && cfg->side == HOST_SOUND_CAPTURE)
		err = snd_pcm_start(s->pcm);
	return err < 0 ? err_of(err) : 0;
}

/* True: it goes on. */
static bool recover(struct alsa_sound *s, long err)
{
	bool captures = s->base.base.cfg.side == HOST_SOUND_CAPTURE;

	if (err == -EAGAIN) {
		snd_pcm_wait(s->pcm, WAIT_MS);
		return true;
	}
	if (snd_pcm_recover(s->pcm, (int)err, 1) >= 0 && (!captures || snd_pcm_start(s->pcm) >= 0))
		return true;
	enter(s, HOST_SOUND_FAILED, err == -ENODEV ? OH_ECONN : err_of(err));
	return false;
}

/* n samples have passed. */
static void pace(struct alsa_sound *s, size_t n)
{
	uint64_t rate = s->base.base.cfg.rate_hz, now = host_now(s->base.base.host);
	uint64_t slack = s->base.base.cfg.latency_ms * NS_PER_MS;
	struct timespec due;

	s->next_ns += (uint64_t)(FASTEST * (double)(n * NS_PER_S / rate));
	if (s->next_ns + slack < now)
		s->next_ns = now - slack;
	if (s->next_ns <= now)
		return;
	due = (struct timespec){
		.tv_sec = (time_t)(s->next_ns / NS_PER_S), .tv_nsec = (long)(s->next_ns % NS_PER_S)};
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
}

static bool capture(struct alsa_sound *s)
{
	int16_t pcm[BLOCK_MAX];
	snd_pcm_sframes_t got = snd_pcm_readi(s->pcm, pcm, s->n);

	if (got <= 0)
		return recover(s, got < 0 ? got : -EAGAIN);
	pass(s, pcm, (size_t)got);
	pace(s, (size_t)got);
	return true;
}

static bool play(struct alsa_sound *s)
{
	int16_t pcm[BLOCK_MAX];
	snd_pcm_sframes_t room = snd_pcm_avail_update(s->pcm), put;

	if (room < (snd_pcm_sframes_t)s->n)
		return recover(s, room < 0 ? room : -EAGAIN);
	pass(s, pcm, s->n);
	put = snd_pcm_writei(s->pcm, pcm, s->n);
	pace(s, s->n);
	return put >= 0 || recover(s, put);
}

static void *run_line(void *arg)
{
	struct alsa_sound *s = arg;
	bool captures = s->base.base.cfg.side == HOST_SOUND_CAPTURE;
	int err;

	snd_lib_error_set_local(keep_quiet);
	err = open_pcm(s);
	enter(s, err ? HOST_SOUND_FAILED : HOST_SOUND_OPEN, err);
	s->next_ns = host_now(s->base.base.host);
	while (!err && !atomic_load(&s->quit) && (captures ? capture(s) : play(s)))
		continue;
	if (s->pcm)
		snd_pcm_close(s->pcm);
	atomic_store(&s->ended, true);
	return NULL;
}

/* ---- loop thread ---- */

/* Joins the threads that have ended, or all. */
static void reap(struct alsa *a, bool all)
{
	pthread_mutex_lock(&a->lock);
	LIST_FOREACH_SAFE (it, &a->lines) {
		struct alsa_sound *s = CONTAINER_OF(it, struct alsa_sound, node);

		if (!s->closed || (!all && !atomic_load(&s->ended)))
			continue;
		pthread_join(s->thread, NULL);
		list_remove(it);
		pthread_mutex_destroy(&s->door);
		mem_free(s);
	}
	pthread_mutex_unlock(&a->lock);
}

static int alsa_begin(struct host *h, void **ret_state)
{
	struct alsa *a = mem_zalloc(sizeof(*a));

	if (!a)
		return OH_ENOMEM;
	a->host = h;
	pthread_mutex_init(&a->lock, NULL);
	list_init(&a->lines);
	*ret_state = a;
	return 0;
}

static void alsa_end(void *state)
{
	struct alsa *a = state;

	reap(a, true);
	pthread_mutex_destroy(&a->lock);
	mem_free(a);
}

static int alsa_open(void *state, struct host *h, const char *device, const struct host_sound_cfg *cfg,
	struct host_sound **ret_sound)
{
	struct alsa *a = state;
	struct alsa_sound *s;
	int err;

	reap(a, false);
	if (strlen(device) >= sizeof(s->device))
		return OH_ENODEV;
	s = mem_zalloc(sizeof(*s));
	if (!s)
		return OH_ENOMEM;
	s->base.base.host = h;
	s->base.base.cfg = *cfg;
	s->base.base.cfg.id = NULL;
	snprintf(s->device, sizeof(s->device), "%s", device);
	s->n = cfg->rate_hz / 100;
	pthread_mutex_init(&s->door, NULL);
	err = uv_thread_start(&s->thread, "offhook-alsa", run_line, s);
	if (err) {
		pthread_mutex_destroy(&s->door);
		mem_free(s);
		return err;
	}
	pthread_mutex_lock(&a->lock);
	list_append(&a->lines, &s->node);
	pthread_mutex_unlock(&a->lock);
	*ret_sound = &s->base.base;
	return 0;
}

static void alsa_close(struct host_sound *base)
{
	struct alsa_sound *s = (struct alsa_sound *)base;

	pthread_mutex_lock(&s->door);
	s->closed = true;
	pthread_mutex_unlock(&s->door);
	atomic_store(&s->quit, true);
}

/* ---- what there is ---- */

static bool has_side(snd_ctl_t *ctl, snd_pcm_info_t *pcm, int device, snd_pcm_stream_t side)
{
	snd_pcm_info_set_device(pcm, (unsigned)device);
	snd_pcm_info_set_subdevice(pcm, 0);
	snd_pcm_info_set_stream(pcm, side);
	return snd_ctl_pcm_info(ctl, pcm) >= 0;
}

static size_t list_card(snd_ctl_t *ctl, struct host_sound_info *ret_infos, size_t cap)
{
	snd_ctl_card_info_t *card;
	snd_pcm_info_t *pcm;
	int device = -1;
	size_t n = 0;

	snd_ctl_card_info_alloca(&card);
	snd_pcm_info_alloca(&pcm);
	if (snd_ctl_card_info(ctl, card) < 0)
		return 0;
	while (!snd_ctl_pcm_next_device(ctl, &device) && device >= 0) {
		struct host_sound_info i = {.rate_hz = 48000};

		i.capture_channels = has_side(ctl, pcm, device, SND_PCM_STREAM_CAPTURE);
		i.playback_channels = has_side(ctl, pcm, device, SND_PCM_STREAM_PLAYBACK);
		snprintf(i.id, sizeof(i.id), "alsa:plughw:CARD=%s,DEV=%d", snd_ctl_card_info_get_id(card),
			device);
		snprintf(i.name, sizeof(i.name), "%s, %s", snd_ctl_card_info_get_name(card),
			snd_pcm_info_get_name(pcm));
		if (n < cap)
			ret_infos[n] = i;
		n++;
	}
	return n;
}

static long alsa_list(void *state, struct host_sound_info *ret_infos, size_t cap, unsigned wait_ms)
{
	int card = -1;
	size_t n = 0;

	(void)state, (void)wait_ms;
	while (!snd_card_next(&card) && card >= 0) {
		size_t used = n < cap ? n : cap;
		char name[32];
		snd_ctl_t *ctl;

		snprintf(name, sizeof(name), "hw:%d", card);
		if (snd_ctl_open(&ctl, name, SND_CTL_NONBLOCK) < 0)
			continue;
		n += list_card(ctl, ret_infos + used, cap - used);
		snd_ctl_close(ctl);
	}
	return (long)n;
}

/* Cards only: what else the configuration defines is tried when it is chosen. */
static bool alsa_present(void *state, const char *device)
{
	static const char form[] = "plughw:CARD=";
	char name[HOST_SOUND_ID_MAX];

	(void)state;
	if (strncmp(device, form, strlen(form)) != 0)
		return false;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(device + strlen(form), ","), device + strlen(form));
	return snd_card_get_index(name) >= 0;
}

const struct uv_sound_system uv_alsa = {
	.name = "alsa",
	.begin = alsa_begin,
	.end = alsa_end,
	.open = alsa_open,
	.close = alsa_close,
	.list = alsa_list,
	.present = alsa_present,
};
