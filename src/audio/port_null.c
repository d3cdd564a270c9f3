/* The null port: a silent source, and a sink that swallows. */
#include "audio/ports.h"

static bool null_pull(struct port *p, int16_t *pcm, size_t n, const struct audio_tick *t)
{
	(void)p, (void)pcm, (void)n, (void)t;
	return false;
}

static void null_push(struct port *p, const int16_t *pcm, size_t n, const struct audio_tick *t)
{
	(void)p, (void)pcm, (void)n, (void)t;
}

static void null_free(struct port *p)
{
	(void)p;
}

static const struct port_ops null_ops = {
	.kind = "null", .pull = null_pull, .push = null_push, .free = null_free};

struct port null_port(uint32_t rate_hz)
{
	return (struct port){.ops = &null_ops, .rate_hz = rate_hz};
}
