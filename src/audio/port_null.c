/* The null port: a silent source, and a sink that swallows. */
#include "audio/ports.h"

#include "base/err.h"
#include "base/mem.h"

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
	mem_free(p);
}

static const struct port_ops null_ops = {
	.kind = "null", .pull = null_pull, .push = null_push, .free = null_free};

int null_new(uint32_t rate_hz, struct port **ret_port)
{
	struct port *p = mem_zalloc(sizeof(*p));

	if (!p)
		return OH_ENOMEM;
	p->ops = &null_ops;
	p->rate_hz = rate_hz;
	*ret_port = p;
	return 0;
}
