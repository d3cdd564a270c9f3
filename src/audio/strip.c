#include "audio/strip.h"

#include "base/err.h"
#include "base/mem.h"

#include <math.h>

#define CACHE_LINE 64u

int strip_init(struct strip *s, float level, size_t stride, size_t delay)
{
	*s = (struct strip){.level = {level, level, 0, 0}, .duck = {1, 1, 0, 0}};
	vad_init(&s->vad);
	s->block = mem_zalloc((stride + delay) * sizeof(int16_t) + CACHE_LINE);
	if (!s->block)
		return OH_ENOMEM;
	s->frame = (void *)(((uintptr_t)s->block + CACHE_LINE - 1) & ~(uintptr_t)(CACHE_LINE - 1));
	s->ring = delay ? s->frame + stride : NULL;
	s->ring_n = delay;
	return 0;
}

void strip_free_buffers(struct strip *s)
{
	mem_free(s->block);
}

/* ---- glides ---- */

static bool at_rest(const struct glide *g)
{
	return g->done >= g->total;
}

/* After k more samples. */
static float value(const struct glide *g, size_t k)
{
	size_t at = g->done + k;

	return at >= g->total ? g->goal : g->from + (g->goal - g->from) * (float)at / (float)g->total;
}

static void glide_to(struct glide *g, float goal, uint32_t total)
{
	*g = (struct glide){value(g, 0), goal, 0, total};
}

static void pass(struct glide *g, size_t n)
{
	g->done = at_rest(g) ? g->total : g->done + (uint32_t)n;
}

/* ---- one frame ---- */

/* What is wanted may change in mid-way: the pace stays that of the whole way. */
static void mind_trigger(struct strip *s, const struct strip_want *w, const struct strip_input *in)
{
	struct vad_cfg cfg;
	bool speaks;
	float goal, way;

	vad_cfg_defaults(&cfg);
	speaks = w->ducks && vad_frame(&s->vad, &cfg, in->trigger, in->n, in->frame_ms);
	goal = speaks ? w->low : 1;
	if (goal == s->duck.goal)
		return;
	way = fabsf(goal - value(&s->duck, 0)) / (1 - w->low);
	if (!w->ducks || !(way < 1))
		way = 1;
	glide_to(&s->duck, goal, (uint32_t)(way * (float)(speaks ? w->attack : w->release)));
}

static const int16_t *delayed(struct strip *s, const int16_t *pcm, size_t n)
{
	if (!s->ring)
		return pcm;
	if (!pcm && !s->sounding)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		s->frame[i] = s->ring[s->ring_at];
		s->ring[s->ring_at] = pcm ? pcm[i] : 0;
		if (++s->ring_at == s->ring_n)
			s->ring_at = 0;
	}
	if (pcm)
		s->sounding = s->ring_n;
	else
		s->sounding -= s->sounding < n ? s->sounding : n;
	return s->frame;
}

static int16_t to_int16(float f)
{
	f = f < (float)INT16_MAX ? f : (float)INT16_MAX;
	f = f > (float)INT16_MIN ? f : (float)INT16_MIN;
	return (int16_t)(int32_t)(f + copysignf(0.5f, f));
}

static const int16_t *scaled(struct strip *s, const int16_t *pcm, const struct strip_input *in)
{
	bool moves = !at_rest(&s->level) || !at_rest(&s->duck);
	float level = s->level.goal, duck = s->duck.goal;

	if (!moves && level == 1 && duck == 1 && !in->past)
		return pcm;
	if (!pcm && !in->past)
		return NULL;
	for (size_t i = 0; i < in->n; i++) {
		float sum = 0;

		if (moves) {
			level = value(&s->level, i + 1);
			duck = value(&s->duck, i + 1);
		}
		if (pcm)
			sum = (float)pcm[i] * duck;
		if (in->past)
			sum += (float)in->past[i] * in->past_level;
		s->frame[i] = to_int16(sum * level);
	}
	return s->frame;
}

const int16_t *strip_run(
	struct strip *s, const struct strip_want *w, const struct strip_input *in, bool *ret_rested)
{
	if (s->ran == in->tick + 1)
		return s->out;
	s->ran = in->tick + 1;
	if (s->leveled != w->leveled) {
		s->leveled = w->leveled;
		glide_to(&s->level, w->level, w->ramp);
	}
	mind_trigger(s, w, in);
	s->out = scaled(s, delayed(s, in->pcm, in->n), in);
	pass(&s->level, in->n);
	pass(&s->duck, in->n);
	if (at_rest(&s->level) && at_rest(&s->duck) &&
		atomic_load_explicit(&s->rested, memory_order_relaxed) != w->turn) {
		atomic_store_explicit(&s->rested, w->turn, memory_order_release);
		*ret_rested = true;
	}
	return s->out;
}
