/* A call's stream on the bridge. Its clock goes on whether somebody is connected or not: RTP that comes is
 * played out, RTP that goes does not stop. */
#include "audio/ports.h"

#include "audio/resample.h"
#include "base/mem.h"
#include "rtp/stream.h"

#define LEVELS_TICKS 50u /* how often the stream learns what its voice is like */

struct port_stream {
	struct port port;
	struct stream *stream;
	void (*released)(void *arg, uint16_t rtp_port);
	void *arg;
	uint16_t rtp_port;
	struct hearing hearing;
};

static void call_warm_pull(const struct port *p, bool far)
{
	stream_warm_pull(((const struct port_stream *)p)->stream, far);
}

static void call_warm_push(const struct port *p, bool far)
{
	stream_warm_push(((const struct port_stream *)p)->stream, far);
}

static struct host_dgram *call_socket(const struct port *p)
{
	return stream_socket(((const struct port_stream *)p)->stream);
}

static void call_prepare(struct port *p, const struct audio_tick *t)
{
	stream_receive(((struct port_stream *)p)->stream, t->now_ns);
}

static bool call_pull(struct port *p, int16_t *pcm, size_t n, const struct audio_tick *t)
{
	struct port_stream *ps = (struct port_stream *)p;
	bool live = stream_pull(ps->stream, pcm, n);
	uint32_t tick_ms = stream_tick_ms(ps->stream);

	hearing_tick(&ps->hearing, pcm, n, live, tick_ms, t->now_ns);
	hearing_digits_tick(&ps->hearing, pcm, n, live, stream_in_event(ps->stream),
		stream_made_up(ps->stream), tick_ms, t->now_ns);
	hearing_tones_tick(&ps->hearing, pcm, n, live, tick_ms, t->now_ns);
	if (ps->hearing.vad.begun && t->index % LEVELS_TICKS == 0)
		stream_levels(ps->stream, ps->hearing.vad.level_dbov, ps->hearing.vad.noise_dbov);
	return live;
}

static void call_push(struct port *p, const int16_t *pcm, size_t n, const struct audio_tick *t)
{
	stream_push(((struct port_stream *)p)->stream, pcm, n, t->lane, t->now_ns);
}

static bool call_passes(const struct port *p, const struct port *to, struct parcel_want *ret_want)
{
	return stream_passes(
		((const struct port_stream *)p)->stream, ((const struct port_stream *)to)->stream, ret_want);
}

static bool call_hand(struct port *p, struct parcel *parcel, const struct audio_tick *t)
{
	struct port_stream *ps = (struct port_stream *)p;

	(void)t;
	return !hearing_is_wanted(&ps->hearing) && stream_hand(ps->stream, parcel);
}

static void call_take(struct port *p, const struct parcel *parcel, const struct audio_tick *t)
{
	stream_take(((struct port_stream *)p)->stream, parcel, t->lane, t->now_ns);
}

static void call_resume(struct port *p, const struct port *from)
{
	stream_resume(((struct port_stream *)p)->stream, ((const struct port_stream *)from)->stream);
}

static void call_free(struct port *p)
{
	struct port_stream *ps = (struct port_stream *)p;

	stream_free(ps->stream);
	hearing_free(&ps->hearing);
	if (ps->released)
		ps->released(ps->arg, ps->rtp_port);
	mem_free(ps);
}

static const struct port_ops call_ops = {
	.kind = "call",
	.warm_pull = call_warm_pull,
	.warm_push = call_warm_push,
	.socket = call_socket,
	.prepare = call_prepare,
	.pull = call_pull,
	.push = call_push,
	.passes = call_passes,
	.hand = call_hand,
	.take = call_take,
	.resume = call_resume,
	.free = call_free,
	.anywhere = true,
	.pull_always = true,
	.push_always = true,
};

struct port *port_stream_new(
	struct stream *s, void (*released)(void *arg, uint16_t rtp_port), void *arg, uint16_t rtp_port)
{
	struct port_stream *ps = mem_zalloc(sizeof(*ps));

	if (!ps)
		return NULL;
	ps->port = (struct port){.ops = &call_ops, .rate_hz = stream_rate(s)};
	ps->stream = s;
	ps->released = released;
	ps->arg = arg;
	ps->rtp_port = rtp_port;
	hearing_init(&ps->hearing, NULL, NULL, 0);
	return &ps->port;
}

struct hearing *port_stream_hearing(struct port *p)
{
	return &((struct port_stream *)p)->hearing;
}

/* ---- sample rates ---- */

static int convert_make(uint32_t from_hz, uint32_t to_hz, void **ret_state)
{
	struct resample *r;
	int err = resample_new(from_hz, to_hz, &r);

	if (!err)
		*ret_state = r;
	return err;
}

static void convert_run(void *state, const int16_t *from, size_t n, int16_t *to, size_t n_to)
{
	resample_run(state, from, n, to, n_to);
}

static void convert_reset(void *state)
{
	resample_reset(state);
}

static void convert_free(void *state)
{
	resample_free(state);
}

const struct stream_converter port_stream_converter = {
	.make = convert_make, .run = convert_run, .reset = convert_reset, .free = convert_free};
