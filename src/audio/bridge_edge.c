/* The edge of the bridge, where a port's rate meets the bridge's. */
#include "audio/bridge_impl.h"

#include "base/err.h"
#include "base/mem.h"

static bool rate_valid(uint32_t hz)
{
	return hz == 8000 || hz == 16000 || hz == 24000 || hz == 32000 || hz == 48000;
}

static void edge_retire(struct retired *r)
{
	edge_free((struct edge *)r);
}

int edge_new(const struct bridge *b, uint32_t rate_hz, struct edge **ret_edge)
{
	struct edge *e;
	int err = 0;

	if (!rate_valid(rate_hz))
		return err_detail(OH_EINVAL,
			"a port of %u Hz; 8000, 16000, 24000, 32000 and 48000 are possible", rate_hz);
	e = mem_zalloc(sizeof(*e));
	if (!e)
		return OH_ENOMEM;
	e->retired.free = edge_retire;
	e->rate_hz = rate_hz;
	e->n = rate_hz / 1000 * b->cfg.frame_ms;
	if (rate_hz != b->cfg.rate_hz)
		err = resample_new(rate_hz, b->cfg.rate_hz, &e->in);
	if (!err && rate_hz != b->cfg.rate_hz)
		err = resample_new(b->cfg.rate_hz, rate_hz, &e->out);
	if (err) {
		edge_free(e);
		return err;
	}
	*ret_edge = e;
	return 0;
}

struct edge *edge_free(struct edge *e)
{
	if (!e)
		return NULL;
	resample_free(e->in);
	resample_free(e->out);
	mem_free(e);
	return NULL;
}
