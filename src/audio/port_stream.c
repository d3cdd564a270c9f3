/* A call's stream on the bridge. Its clock goes on whether somebody is connected or not: RTP that comes is
 * played out, RTP that goes does not stop. */
#include "audio/ports.h"

#include "base/mem.h"
#include "rtp/stream.h"

struct port_stream {
	struct port port;
	struct stream *stream;
	void (*released)(void *arg, uint16_t rtp_port);
	void *arg;
	uint16_t rtp_port;
};

static void call_warm_pull(const struct port *p, bool far)
{
	stream_warm_pull(((const struct port_stream *)p)->stream, far);
}

static void call_warm_push(const struct port *p, bool far)
{
	stream_warm_push(((const struct port_stream *)p)->stream, far);
}

static void call_prepare(struct port *p, const struct audio_tick *t)
{
	stream_receive(((struct port_stream *)p)->stream, t->now_ns);
}

static bool call_pull(struct port *p, int16_t *pcm, size_t n, const struct audio_tick *t)
{
	(void)t;
	return stream_pull(((struct port_stream *)p)->stream, pcm, n);
}

static void call_push(struct port *p, const int16_t *pcm, size_t n, const struct audio_tick *t)
{
	stream_push(((struct port_stream *)p)->stream, pcm, n, t->now_ns);
}

static void call_free(struct port *p)
{
	struct port_stream *ps = (struct port_stream *)p;

	stream_free(ps->stream);
	if (ps->released)
		ps->released(ps->arg, ps->rtp_port);
	mem_free(ps);
}

static const struct port_ops call_ops = {
	.kind = "call",
	.warm_pull = call_warm_pull,
	.warm_push = call_warm_push,
	.prepare = call_prepare,
	.pull = call_pull,
	.push = call_push,
	.free = call_free,
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
	return &ps->port;
}
