#include "correlate.h"

#include <math.h>
#include <sndfile.h>
#include <speex/speex_resampler.h>
#include <stdlib.h>
#include <string.h>

#define RATE      8000
#define PIECE     (RATE / 2)  /* samples compared at a time */
#define MAX_DELAY (RATE * 3)  /* the heard recording may begin this much earlier than the speech in it */
#define SLIP      (RATE / 10) /* a piece is looked for this far around the common delay */
#define QUIET     50.0        /* mean amplitude below which a piece says nothing */

struct sound {
	float *v;
	long n;
};

/* Reads a mono or stereo file and brings it to RATE. */
static int load(const char *path, struct sound *ret)
{
	SF_INFO info = {0};
	SNDFILE *f = sf_open(path, SFM_READ, &info);
	SpeexResamplerState *rs = NULL;
	float *all = NULL, *mono = NULL, *out = NULL;
	spx_uint32_t in_n, out_n;
	int err = -1;

	if (!f)
		return -1;
	if (info.frames <= 0 || info.frames > 100000000 || info.channels < 1)
		goto done;
	all = malloc((size_t)info.frames * (size_t)info.channels * sizeof(*all));
	mono = malloc((size_t)info.frames * sizeof(*mono));
	out_n = (spx_uint32_t)((double)info.frames * RATE / info.samplerate) + RATE;
	out = calloc(out_n, sizeof(*out));
	rs = speex_resampler_init(1, (spx_uint32_t)info.samplerate, RATE, 10, NULL);
	if (!all || !mono || !out || !rs || sf_readf_float(f, all, info.frames) != info.frames)
		goto done;
	for (long i = 0; i < info.frames; i++)
		mono[i] = all[i * info.channels] * 32768.0f;
	speex_resampler_skip_zeros(rs);
	in_n = (spx_uint32_t)info.frames;
	if (speex_resampler_process_float(rs, 0, mono, &in_n, out, &out_n) != RESAMPLER_ERR_SUCCESS)
		goto done;
	*ret = (struct sound){out, (long)out_n};
	out = NULL;
	err = 0;
done:
	if (rs)
		speex_resampler_destroy(rs);
	free(all);
	free(mono);
	free(out);
	sf_close(f);
	return err;
}

static double dot(const float *a, const float *b, long n)
{
	double sum = 0;

	for (long i = 0; i < n; i++)
		sum += (double)(a[i] * b[i]);
	return sum;
}

/* The best normalised correlation of said[at..at+n) within heard, delays from..to; 0 where it
 * does not fit. */
static double best_at(const struct sound *said, long at, long n, const struct sound *heard, long from,
	long to, long *ret_delay, double *ret_gain)
{
	double own = dot(said->v + at, said->v + at, n), best = 0;

	for (long d = from; d <= to; d++) {
		double cross, other;

		if (at + d < 0 || at + d + n > heard->n)
			continue;
		cross = dot(said->v + at, heard->v + at + d, n);
		if (cross <= 0)
			continue;
		other = dot(heard->v + at + d, heard->v + at + d, n);
		if (other <= 0 || cross / sqrt(own * other) <= best)
			continue;
		best = cross / sqrt(own * other);
		*ret_delay = d;
		*ret_gain = sqrt(other / own);
	}
	return best;
}

static int compare(
	const struct sound *said, const struct sound *heard, struct likeness *ret, const char **ret_why)
{
	long common = 0, first = 0;
	double gain = 0, energy_sum = 0, corr_sum = 0, heard_energy = 0, seconds = 0, loudest = 0;

	/* The common delay: where the loudest second of the speech is found. */
	for (long at = 0; at + RATE <= said->n; at += PIECE) {
		double e = dot(said->v + at, said->v + at, RATE);

		if (e > loudest) {
			loudest = e;
			first = at;
		}
	}
	if (loudest < QUIET * QUIET * RATE) {
		*ret_why = "the first recording is silent or shorter than a second";
		return -1;
	}
	best_at(said, first, RATE, heard, -MAX_DELAY, MAX_DELAY, &common, &gain);
	for (long at = 0; at + PIECE <= said->n; at += PIECE) {
		double energy = dot(said->v + at, said->v + at, PIECE), piece_gain = 0, c;
		long delay = common;

		if (energy < QUIET * QUIET * PIECE)
			continue;
		c = best_at(said, at, PIECE, heard, common - SLIP, common + SLIP, &delay, &piece_gain);
		energy_sum += energy;
		corr_sum += energy * c;
		heard_energy += energy * piece_gain * piece_gain;
		seconds += (double)PIECE / RATE;
	}
	if (energy_sum <= 0) {
		*ret_why = "there is nothing to compare";
		return -1;
	}
	*ret = (struct likeness){.correlation = corr_sum / energy_sum,
		.level_db = heard_energy > 0 ? 10 * log10(heard_energy / energy_sum) : -99,
		.delay_s = (double)common / RATE,
		.seconds = seconds};
	return 0;
}

int compare_wavs(
	const char *said_path, const char *heard_path, struct likeness *ret_likeness, const char **ret_why)
{
	struct sound said = {0}, heard = {0};
	int err = -1;

	if (load(said_path, &said))
		*ret_why = "the first recording cannot be read";
	else if (load(heard_path, &heard))
		*ret_why = "the second recording cannot be read";
	else
		err = compare(&said, &heard, ret_likeness, ret_why);
	free(said.v);
	free(heard.v);
	return err;
}
