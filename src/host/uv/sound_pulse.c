/*
 * PulseAudio, and PipeWire by its server for PulseAudio's clients. One connection and one thread (libpulse's own, whose lock
 * is held while it runs us) for all devices of a host; nothing here waits for the server but a program that asks for the
 * list. A server that is not there is not started.
 */
#include "host/uv/sound.h"

#include "base/mem.h"
#include "offhook/error.h"

#include <pulse/pulseaudio.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define PULSE_BLOCK_MS 10u /* the smallest that is asked for */

enum list_state {
	LIST_UNKNOWN, /* nobody has asked yet, or the answer is on its way */
	LIST_KNOWN,
	LIST_NONE /* no server */
};

enum asking { ASKING_NOT, ASKING, ASKING_AGAIN /* something changed meanwhile */ };

struct pulse {
	struct host *host;
	pa_threaded_mainloop *loop;
	/* Under the lock of the loop. */
	pa_context *context; /* NULL: none */
	struct list streams;
	enum asking asking;
	struct host_sound_info *coming; /* the answer as far as it is there */
	size_t n_coming;
	char sink[HOST_SOUND_ID_MAX], source[HOST_SOUND_ID_MAX]; /* the defaults */

	pthread_mutex_t lock; /* of what follows; for moments, and inside of the loop's */
	pthread_cond_t told;
	enum list_state state;
	struct host_sound_info *infos;
	size_t n;
};

struct pulse_sound {
	struct uv_sound base;
	struct list node;
	struct pulse *pulse;
	char device[HOST_SOUND_ID_MAX]; /* "": the default one */
	pa_stream *stream;              /* NULL: the connection is still being made */
};

static int err_of(int pulse_err)
{
	switch (pulse_err) {
	case PA_ERR_NOENTITY:
	case PA_ERR_INVALID: /* no name of a device */
	case PA_ERR_KILLED:  /* by the server, when the device has gone that was chosen */
		return OH_ENODEV;
	case PA_ERR_CONNECTIONREFUSED:
	case PA_ERR_INVALIDSERVER:
		return OH_ENODEV; /* no server, no device */
	case PA_ERR_ACCESS:
	case PA_ERR_AUTHKEY:
		return OH_EREFUSED;
	case PA_ERR_TIMEOUT:
		return OH_ETIMEDOUT;
	case PA_ERR_BUSY:
		return OH_EBUSY;
	default:
		return OH_ECONN;
	}
}

/* ---- the list ---- */

/* Takes infos. */
static void list_become(struct pulse *p, enum list_state state, struct host_sound_info *infos, size_t n)
{
	bool changed;

	pthread_mutex_lock(&p->lock);
	changed = p->state == LIST_KNOWN ? state != LIST_KNOWN || n != p->n ||
						   (n && memcmp(infos, p->infos, n * sizeof(*infos)) != 0)
					 : p->state == LIST_NONE && state == LIST_KNOWN;
	mem_free(p->infos);
	p->state = state;
	p->infos = infos;
	p->n = n;
	pthread_cond_broadcast(&p->told);
	pthread_mutex_unlock(&p->lock);
	if (changed)
		host_sound_list_changed(p->host);
}

static void ask(struct pulse *p);

static void answered(struct pulse *p)
{
	enum asking asking = p->asking;

	p->asking = ASKING_NOT;
	if (asking == ASKING_AGAIN) {
		ask(p);
		return;
	}
	list_become(p, LIST_KNOWN, p->coming, p->n_coming);
	p->coming = NULL;
	p->n_coming = 0;
}

static struct host_sound_info *next_info(struct pulse *p, const char *name, const char *description)
{
	struct host_sound_info *i;

	if (!p->coming || p->n_coming == HOST_SOUND_LIST_MAX ||
		strlen(name) + sizeof("pulse:") > sizeof(i->id))
		return NULL;
	i = &p->coming[p->n_coming++];
	memset(i, 0, sizeof(*i));
	snprintf(i->id, sizeof(i->id), "pulse:%s", name);
	snprintf(i->name, sizeof(i->name), "%s", description ? description : name);
	return i;
}

static void on_source(pa_context *c, const pa_source_info *s, int end, void *arg)
{
	struct pulse *p = arg;
	struct host_sound_info *i;

	(void)c;
	if (end) {
		answered(p);
		return;
	}
	/* What a speaker plays is no microphone. */
	i = s->monitor_of_sink == PA_INVALID_INDEX ? next_info(p, s->name, s->description) : NULL;
	if (!i)
		return;
	i->capture_channels = s->sample_spec.channels;
	i->rate_hz = s->sample_spec.rate;
	i->default_capture = !strcmp(s->name, p->source);
}

static void on_sink(pa_context *c, const pa_sink_info *s, int end, void *arg)
{
	struct pulse *p = arg;
	struct host_sound_info *i;

	(void)c;
	i = end ? NULL : next_info(p, s->name, s->description);
	if (!i)
		return;
	i->playback_channels = s->sample_spec.channels;
	i->rate_hz = s->sample_spec.rate;
	i->default_playback = !strcmp(s->name, p->sink);
}

static void on_server(pa_context *c, const pa_server_info *s, void *arg)
{
	struct pulse *p = arg;

	(void)c;
	snprintf(p->sink, sizeof(p->sink), "%s", s && s->default_sink_name ? s->default_sink_name : "");
	snprintf(p->source, sizeof(p->source), "%s",
		s && s->default_source_name ? s->default_source_name : "");
}

static void forget(pa_operation *o)
{
	if (o)
		pa_operation_unref(o);
}

/* Answers come in the order of the questions. */
static void ask(struct pulse *p)
{
	if (p->asking != ASKING_NOT) {
		p->asking = ASKING_AGAIN;
		return;
	}
	p->asking = ASKING;
	mem_free(p->coming);
	p->n_coming = 0;
	p->coming = mem_alloc(HOST_SOUND_LIST_MAX * sizeof(*p->coming)); /* without memory: an empty list */
	forget(pa_context_get_server_info(p->context, on_server, p));
	forget(pa_context_get_sink_info_list(p->context, on_sink, p));
	forget(pa_context_get_source_info_list(p->context, on_source, p));
}

static void on_news(pa_context *c, pa_subscription_event_type_t type, uint32_t index, void *arg)
{
	pa_subscription_event_type_t what = type & PA_SUBSCRIPTION_EVENT_TYPE_MASK;
	pa_subscription_event_type_t whose = type & PA_SUBSCRIPTION_EVENT_FACILITY_MASK;

	(void)c, (void)index;
	/* Devices change with every turn of a volume; the server, when another one is the default. */
	if (what != PA_SUBSCRIPTION_EVENT_CHANGE || whose == PA_SUBSCRIPTION_EVENT_SERVER)
		ask(arg);
}

/* ---- streams ---- */

static void on_state(pa_stream *stream, void *arg)
{
	struct pulse_sound *s = arg;

	switch (pa_stream_get_state(stream)) {
	case PA_STREAM_READY:
		host_sound_enter(&s->base.base, HOST_SOUND_OPEN, 0);
		break;
	case PA_STREAM_FAILED:
		host_sound_enter(&s->base.base, HOST_SOUND_FAILED,
			err_of(pa_context_errno(pa_stream_get_context(stream))));
		break;
	case PA_STREAM_TERMINATED:
		host_sound_enter(&s->base.base, HOST_SOUND_FAILED, OH_ECONN);
		break;
	case PA_STREAM_UNCONNECTED:
	case PA_STREAM_CREATING:
		break;
	}
}

static void on_wanted(pa_stream *stream, size_t bytes, void *arg)
{
	const struct host_sound_cfg *cfg = &((struct pulse_sound *)arg)->base.base.cfg;

	while (bytes >= sizeof(int16_t)) {
		size_t n = bytes;
		void *data;

		if (pa_stream_begin_write(stream, &data, &n) < 0 || n < sizeof(int16_t))
			return;
		n = (n < bytes ? n : bytes) / sizeof(int16_t) * sizeof(int16_t);
		cfg->block(cfg->arg, data, n / sizeof(int16_t));
		if (pa_stream_write(stream, data, n, NULL, 0, PA_SEEK_RELATIVE) < 0)
			return;
		bytes -= n;
	}
}

/* A hole is as long as what is missing. */
static void give_silence(const struct host_sound_cfg *cfg, size_t n)
{
	int16_t silence[480] = {0};

	while (n > 0) {
		size_t part = n < ARRAY_LEN(silence) ? n : ARRAY_LEN(silence);

		cfg->block(cfg->arg, silence, part);
		n -= part;
	}
}

static void on_captured(pa_stream *stream, size_t bytes, void *arg)
{
	const struct host_sound_cfg *cfg = &((struct pulse_sound *)arg)->base.base.cfg;

	while (pa_stream_readable_size(stream) > 0 && pa_stream_readable_size(stream) != (size_t)-1) {
		const void *data;

		if (pa_stream_peek(stream, &data, &bytes) < 0 || !bytes)
			return;
		if (data)
			cfg->block(cfg->arg, (int16_t *)(uintptr_t)data, bytes / sizeof(int16_t));
		else
			give_silence(cfg, bytes / sizeof(int16_t));
		pa_stream_drop(stream);
	}
}

static int stream_connect(struct pulse_sound *s)
{
	const struct host_sound_cfg *cfg = &s->base.base.cfg;
	uint32_t ms = cfg->rate_hz / 1000 * (uint32_t)sizeof(int16_t);
	uint32_t half = cfg->latency_ms / 2 > PULSE_BLOCK_MS ? cfg->latency_ms / 2 : PULSE_BLOCK_MS;
	pa_buffer_attr attr = {
		.maxlength = (uint32_t)-1,
		.tlength = cfg->latency_ms * ms,
		.prebuf = 0, /* what comes late is late, and does not stop the rest */
		.minreq = PULSE_BLOCK_MS * ms,
		.fragsize = half * ms,
	};
	/* One that was chosen is not swapped for another behind our back. */
	pa_stream_flags_t flags =
		PA_STREAM_ADJUST_LATENCY | (*s->device ? PA_STREAM_DONT_MOVE : PA_STREAM_NOFLAGS);
	const char *device = *s->device ? s->device : NULL;

	if (cfg->side == HOST_SOUND_PLAYBACK)
		return pa_stream_connect_playback(s->stream, device, &attr, flags, NULL, NULL);
	return pa_stream_connect_record(s->stream, device, &attr, flags);
}

/* The connection stands. */
static void stream_begin(struct pulse_sound *s)
{
	pa_sample_spec spec = {.format = PA_SAMPLE_S16NE, .rate = s->base.base.cfg.rate_hz, .channels = 1};
	pa_proplist *about = pa_proplist_new();

	pa_proplist_sets(about, PA_PROP_MEDIA_ROLE, "phone");
	s->stream = pa_stream_new_with_proplist(s->pulse->context, "call", &spec, NULL, about);
	pa_proplist_free(about);
	if (s->stream) {
		pa_stream_set_state_callback(s->stream, on_state, s);
		pa_stream_set_write_callback(s->stream, on_wanted, s);
		pa_stream_set_read_callback(s->stream, on_captured, s);
	}
	if (!s->stream || stream_connect(s) < 0)
		host_sound_enter(
			&s->base.base, HOST_SOUND_FAILED, err_of(pa_context_errno(s->pulse->context)));
}

static void stream_end(struct pulse_sound *s)
{
	if (!s->stream)
		return;
	pa_stream_set_state_callback(s->stream, NULL, NULL);
	pa_stream_set_write_callback(s->stream, NULL, NULL);
	pa_stream_set_read_callback(s->stream, NULL, NULL);
	pa_stream_disconnect(s->stream);
	pa_stream_unref(s->stream);
	s->stream = NULL;
}

/* ---- the connection ---- */

static void on_context(pa_context *c, void *arg)
{
	struct pulse *p = arg;

	switch (pa_context_get_state(c)) {
	case PA_CONTEXT_READY:
		pa_context_set_subscribe_callback(c, on_news, p);
		forget(pa_context_subscribe(c,
			PA_SUBSCRIPTION_MASK_SINK | PA_SUBSCRIPTION_MASK_SOURCE | PA_SUBSCRIPTION_MASK_SERVER,
			NULL, NULL));
		ask(p);
		LIST_FOREACH (it, &p->streams) {
			struct pulse_sound *s = CONTAINER_OF(it, struct pulse_sound, node);

			if (!s->stream && s->base.base.state == HOST_SOUND_OPENING)
				stream_begin(s);
		}
		break;
	case PA_CONTEXT_FAILED:
	case PA_CONTEXT_TERMINATED:
		/* Streams that were there hear of it by themselves. */
		LIST_FOREACH (it, &p->streams) {
			struct pulse_sound *s = CONTAINER_OF(it, struct pulse_sound, node);

			if (!s->stream)
				host_sound_enter(
					&s->base.base, HOST_SOUND_FAILED, err_of(pa_context_errno(c)));
		}
		list_become(p, LIST_NONE, NULL, 0);
		break;
	default:
		break;
	}
}

static void disconnect(struct pulse *p)
{
	if (!p->context)
		return;
	pa_context_set_state_callback(p->context, NULL, NULL);
	pa_context_set_subscribe_callback(p->context, NULL, NULL);
	pa_context_disconnect(p->context);
	pa_context_unref(p->context);
	p->context = NULL;
	p->asking = ASKING_NOT;
}

/* Under the loop's lock. A connection is there, or being made. Streams of an old one keep that to themselves. */
static int connect_server(struct pulse *p)
{
	if (p->context && PA_CONTEXT_IS_GOOD(pa_context_get_state(p->context)))
		return 0;
	disconnect(p);
	p->context = pa_context_new(pa_threaded_mainloop_get_api(p->loop), "offhook");
	if (!p->context)
		return OH_ENOMEM;
	pa_context_set_state_callback(p->context, on_context, p);
	if (pa_context_connect(p->context, NULL, PA_CONTEXT_NOAUTOSPAWN, NULL) < 0) {
		int err = err_of(pa_context_errno(p->context));

		disconnect(p);
		list_become(p, LIST_NONE, NULL, 0);
		return err;
	}
	return 0;
}

/* ---- the system ---- */

static void pulse_end(void *state)
{
	struct pulse *p = state;

	if (p->loop) {
		pa_threaded_mainloop_lock(p->loop);
		disconnect(p);
		pa_threaded_mainloop_unlock(p->loop);
		pa_threaded_mainloop_stop(p->loop);
		pa_threaded_mainloop_free(p->loop);
	}
	mem_free(p->coming);
	mem_free(p->infos);
	pthread_cond_destroy(&p->told);
	pthread_mutex_destroy(&p->lock);
	mem_free(p);
}

static int pulse_begin(struct host *h, void **ret_state)
{
	struct pulse *p = mem_zalloc(sizeof(*p));

	if (!p)
		return OH_ENOMEM;
	p->host = h;
	list_init(&p->streams);
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->told, NULL);
	p->loop = pa_threaded_mainloop_new();
	if (p->loop)
		pa_threaded_mainloop_set_name(p->loop, "offhook-pulse");
	if (!p->loop || pa_threaded_mainloop_start(p->loop) < 0) {
		pulse_end(p);
		return OH_ENOMEM;
	}
	*ret_state = p;
	return 0;
}

static int pulse_open(void *state, struct host *h, const char *device, const struct host_sound_cfg *cfg,
	struct host_sound **ret_sound)
{
	struct pulse *p = state;
	struct pulse_sound *s;
	int err;

	if (strlen(device) >= sizeof(s->device))
		return OH_ENODEV;
	s = mem_zalloc(sizeof(*s));
	if (!s)
		return OH_ENOMEM;
	s->base.base.host = h;
	s->base.base.cfg = *cfg;
	s->base.base.cfg.id = NULL;
	s->pulse = p;
	snprintf(s->device, sizeof(s->device), "%s", device);
	pa_threaded_mainloop_lock(p->loop);
	err = connect_server(p);
	if (!err) {
		list_append(&p->streams, &s->node);
		if (pa_context_get_state(p->context) == PA_CONTEXT_READY)
			stream_begin(s);
	}
	pa_threaded_mainloop_unlock(p->loop);
	if (err) {
		mem_free(s);
		return err;
	}
	*ret_sound = &s->base.base;
	return 0;
}

static void pulse_close(struct host_sound *base)
{
	struct pulse_sound *s = (struct pulse_sound *)base;

	pa_threaded_mainloop_lock(s->pulse->loop);
	list_remove(&s->node);
	stream_end(s);
	pa_threaded_mainloop_unlock(s->pulse->loop);
	mem_free(s);
}

/* Does what can be done for somebody to know. */
static void look(struct pulse *p)
{
	pa_threaded_mainloop_lock(p->loop);
	(void)connect_server(p);
	pa_threaded_mainloop_unlock(p->loop);
}

static long pulse_list(void *state, struct host_sound_info *ret_infos, size_t cap, unsigned wait_ms)
{
	struct pulse *p = state;
	uint64_t until = host_now(p->host) + wait_ms * NS_PER_MS;
	struct timespec limit = {.tv_sec = (time_t)(until / NS_PER_S), .tv_nsec = (long)(until % NS_PER_S)};
	size_t n;

	look(p);
	pthread_mutex_lock(&p->lock);
	while (wait_ms && p->state == LIST_UNKNOWN) {
		if (pthread_cond_clockwait(&p->told, &p->lock, CLOCK_MONOTONIC, &limit))
			break;
	}
	n = p->n;
	for (size_t i = 0; i < n && i < cap; i++)
		ret_infos[i] = p->infos[i];
	pthread_mutex_unlock(&p->lock);
	return (long)n;
}

static bool pulse_present(void *state, const char *device)
{
	struct pulse *p = state;
	bool found;

	look(p);
	pthread_mutex_lock(&p->lock);
	found = p->state == LIST_KNOWN && !*device;
	for (size_t i = 0; i < p->n && !found; i++)
		found = !strcmp(p->infos[i].id + strlen("pulse:"), device);
	pthread_mutex_unlock(&p->lock);
	return found;
}

const struct uv_sound_system uv_pulse = {
	.name = "pulse",
	.begin = pulse_begin,
	.end = pulse_end,
	.open = pulse_open,
	.close = pulse_close,
	.list = pulse_list,
	.present = pulse_present,
};
