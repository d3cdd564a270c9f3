#include "audio/rig.h"

#include "check.h"

static void count_prepare(struct port *p, const struct audio_tick *t)
{
	(void)t;
	((struct mem_port *)p)->prepares++;
}

static bool give(struct port *p, int16_t *pcm, size_t n, const struct audio_tick *t)
{
	struct mem_port *m = (struct mem_port *)p;

	(void)t;
	m->pulls++;
	if (!m->silent)
		memcpy(pcm, m->says, n * sizeof(*pcm));
	return !m->silent;
}

static void take(struct port *p, const int16_t *pcm, size_t n, const struct audio_tick *t)
{
	struct mem_port *m = (struct mem_port *)p;

	(void)t;
	m->pushes++;
	m->heard_n = n;
	m->got_silence = !pcm;
	if (pcm)
		memcpy(m->heard, pcm, n * sizeof(*pcm));
	else
		memset(m->heard, 0, n * sizeof(*pcm));
}

static void drop(struct port *p)
{
	struct mem_port *m = (struct mem_port *)p;

	if (m->freed)
		(*m->freed)++;
	mem_free(m);
}

static const struct port_ops mem_ops = {
	.kind = "memory", .prepare = count_prepare, .pull = give, .push = take, .free = drop};

struct mem_port *mem_port_new(uint32_t rate_hz, int *freed)
{
	struct mem_port *m = mem_zalloc(sizeof(*m));

	assert_non_null(m);
	m->port = (struct port){&mem_ops, rate_hz};
	m->freed = freed;
	return m;
}

struct bridge *rig_bridge(uint32_t rate_hz)
{
	struct bridge_cfg cfg;
	struct bridge *b = NULL;

	bridge_cfg_defaults(&cfg);
	cfg.rate_hz = rate_hz;
	CHECK_OK(bridge_new(&cfg, &b));
	return b;
}

struct mem_port *rig_add(struct bridge *b, uint32_t rate_hz, int *freed)
{
	struct mem_port *m = mem_port_new(rate_hz, freed);

	CHECK_OK(bridge_add(b, &m->port, &m->slot));
	return m;
}

void rig_connect(struct bridge *b, const struct mem_port *source, const struct mem_port *sink, float level)
{
	struct bridge_link l = {source->slot, sink->slot, level};

	CHECK_OK(bridge_connect(b, &l, 1));
}

void rig_tick(struct bridge *b)
{
	CHECK_OK(bridge_publish(b));
	bridge_tick(b, 0, 0);
	(void)bridge_reap(b);
}

uint32_t rig_random(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33);
}
