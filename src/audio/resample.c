#include "audio/resample.h"

#include "base/err.h"
#include "base/mem.h"

#include <stdbool.h>
#include <speex/speex_resampler.h>

/* Of 0..10: speech at 8 kHz keeps all it has, and a call between 16 and 24 kHz costs what a half-band costs
 * twice. */
#define SPEEX_QUALITY 4

struct resample {
	uint32_t in_hz, out_hz;
	struct half half;
	SpeexResamplerState *speex; /* NULL: by half */
};

static bool is_half_step(uint32_t low, uint32_t high)
{
	return high == 2 * low && (low == 8000 || low == 16000 || low == 24000);
}

int resample_new(uint32_t in_hz, uint32_t out_hz, struct resample **ret_resample)
{
	struct resample *r;
	int err = RESAMPLER_ERR_SUCCESS;

	if (in_hz < 1000 || in_hz > 384000 || out_hz < 1000 || out_hz > 384000 || in_hz == out_hz)
		return OH_EINVAL;
	r = mem_zalloc(sizeof(*r));
	if (!r)
		return OH_ENOMEM;
	r->in_hz = in_hz;
	r->out_hz = out_hz;
	if (!is_half_step(in_hz, out_hz) && !is_half_step(out_hz, in_hz)) {
		r->speex = speex_resampler_init(1, in_hz, out_hz, SPEEX_QUALITY, &err);
		if (!r->speex) {
			resample_free(r);
			return OH_ENOMEM;
		}
	}
	*ret_resample = r;
	return 0;
}

struct resample *resample_free(struct resample *r)
{
	if (r && r->speex)
		speex_resampler_destroy(r->speex);
	mem_free(r);
	return NULL;
}

size_t resample_run(struct resample *r, const int16_t *in, size_t n, int16_t *out, size_t cap)
{
	spx_uint32_t taken = (spx_uint32_t)n, given = (spx_uint32_t)cap;

	if (r->speex) {
		speex_resampler_process_int(r->speex, 0, in, &taken, out, &given);
		return given;
	}
	if (r->out_hz > r->in_hz) {
		n = 2 * n <= cap ? n : cap / 2;
		half_up(&r->half, in, n, out);
		return 2 * n;
	}
	n = n / 2 <= cap ? n : 2 * cap;
	half_down(&r->half, in, n, out);
	return n / 2;
}

void resample_reset(struct resample *r)
{
	r->half = (struct half){{0}, {0}};
	if (r->speex)
		speex_resampler_reset_mem(r->speex);
}

size_t resample_delay(const struct resample *r)
{
	if (r->speex)
		return (size_t)speex_resampler_get_input_latency(r->speex) + 1;
	return r->out_hz > r->in_hz ? HALF_MID : 2 * HALF_MID;
}

size_t resample_lead(const struct resample *r)
{
	if (r->speex)
		return (size_t)speex_resampler_get_output_latency(r->speex);
	return r->out_hz > r->in_hz ? 2 * HALF_MID : HALF_MID - 1;
}
