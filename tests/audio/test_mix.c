#include "audio/rig.h"
#include "check.h"

#include "audio/mix.h"

#include <math.h>

enum { N = 480, SOURCES = 60 };

static int16_t pcm[SOURCES][N];
static uint64_t seed = 3;

static void fill(int amplitude)
{
	for (size_t i = 0; i < SOURCES; i++) {
		for (size_t k = 0; k < N; k++)
			pcm[i][k] = (int16_t)((int)(rig_random(&seed) % (2u * (unsigned)amplitude + 1)) -
					      amplitude);
		pcm[i][i] = INT16_MIN;
	}
}

/* A job and the same in 64 bits. */
struct example {
	const int16_t *adds[SOURCES], *subs[SOURCES];
	struct mix_term wholes[SOURCES], parts[SOURCES];
	struct mix_pair pairs[SOURCES];
	struct mix_job job;
	int64_t exact[N];
};

static void include(struct example *e, const int16_t *source, int64_t weight)
{
	for (size_t k = 0; k < N; k++)
		e->exact[k] += source[k] * weight;
}

static int32_t random_part(void)
{
	static const int32_t edges[] = {32767, -32767, 1, -1, 2048, 16384};

	if (rig_random(&seed) % 3 == 0)
		return edges[rig_random(&seed) % ARRAY_LEN(edges)];
	return (int32_t)(rig_random(&seed) % 65535) - 32767;
}

static void make_example(struct example *e, size_t adds, size_t subs, size_t wholes, size_t parts)
{
	memset(e, 0, sizeof(*e));
	for (size_t i = 0; i < adds; i++)
		include(e, e->adds[i] = pcm[rig_random(&seed) % SOURCES], MIX_ONE);
	for (size_t i = 0; i < subs; i++)
		include(e, e->subs[i] = pcm[rig_random(&seed) % SOURCES], -MIX_ONE);
	for (size_t i = 0; i < wholes; i++) {
		e->wholes[i] = (struct mix_term){
			pcm[rig_random(&seed) % SOURCES], (int32_t)(rig_random(&seed) % 129) - 64};
		include(e, e->wholes[i].pcm, (int64_t)e->wholes[i].weight * MIX_ONE);
	}
	for (size_t i = 0; i < parts; i++) {
		e->parts[i] = (struct mix_term){pcm[rig_random(&seed) % SOURCES], random_part()};
		include(e, e->parts[i].pcm, e->parts[i].weight);
	}
	e->job = (struct mix_job){.adds = e->adds,
		.subs = e->subs,
		.wholes = e->wholes,
		.parts = e->pairs,
		.n_adds = adds,
		.n_subs = subs,
		.n_wholes = wholes};
	e->job.n_parts = mix_pair_up(e->parts, parts, e->pairs);
}

static int16_t clamped(int64_t x)
{
	return (int16_t)(x > 32767 ? 32767 : x < -32768 ? -32768 : x);
}

static int16_t with_gain(int64_t sum, float gain)
{
	float f = (float)sum * gain;

	f = f > 32767 ? 32767 : f < -32768 ? -32768 : f;
	return (int16_t)(f + (f < 0 ? -0.5f : 0.5f));
}

static void check_out(const struct mix_ops *ops, const struct mix_job *job, const int64_t *exact, size_t n)
{
	static const float gains[] = {1, 0.5f, 2.7f, 64};
	int16_t out[N];

	for (size_t g = 0; g < ARRAY_LEN(gains); g++) {
		unsigned peak = ops->out(job, gains[g], out, n), high = 0;

		for (size_t k = 0; k < n; k++) {
			int64_t sum = (exact[k] + MIX_ONE / 2) >> MIX_SHIFT;
			int16_t want = gains[g] == 1 ? clamped(sum) : with_gain(sum, gains[g]);

			if (out[k] != want)
				fail_msg("%s, gain %g, sample %zu: %d, not %d", ops->name, (double)gains[g],
					k, out[k], want);
			high = (unsigned)abs(out[k]) > high ? (unsigned)abs(out[k]) : high;
		}
		CHECK_EQ(peak, high);
		CHECK_EQ(ops->peak(out, n), high);
	}
}

static void check_example(const struct mix_ops *ops, const struct example *e, size_t n)
{
	int32_t hi[N], lo[N];
	struct mix_job on_top = e->job;
	int64_t twice[N];

	check_out(ops, &e->job, e->exact, n);
	ops->sum(&e->job, hi, lo, n);
	for (size_t k = 0; k < n; k++) {
		CHECK_EQ((int64_t)hi[k] * MIX_ONE + lo[k], e->exact[k]);
		twice[k] = 2 * e->exact[k];
	}
	/* And the same terms again on that sum. */
	on_top.base_hi = hi;
	on_top.base_lo = lo;
	check_out(ops, &on_top, twice, n);
}

TEST(every_build_computes_the_exact_sum)
{
	static const size_t rows[][4] = {{0, 0, 0, 0}, {1, 0, 0, 0}, {0, 0, 0, 1}, {3, 1, 0, 0}, {0, 0, 0, 2},
		{60, 10, 0, 0}, {5, 5, 3, 7}, {0, 0, 20, 0}, {0, 0, 0, 60}, {20, 0, 4, 59}};
	static const size_t lengths[] = {80, 160, 320, 480};

	fill(32767);
	for (size_t b = 0; mix_ops_at(b); b++) {
		for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
			for (unsigned again = 0; again < 5; again++) {
				struct example e;

				make_example(&e, rows[r][0], rows[r][1], rows[r][2], rows[r][3]);
				check_example(
					mix_ops_at(b), &e, lengths[rig_random(&seed) % ARRAY_LEN(lengths)]);
			}
		}
	}
	CHECK(mix_ops() == mix_ops_at(0));
}

/* A simulation must replay on another machine. */
TEST(every_build_filters_to_the_same_bits)
{
	float x[320 + 24], c[24], want[320], y[320];

	for (size_t i = 0; i < ARRAY_LEN(x); i++)
		x[i] = (float)((int)(rig_random(&seed) % 65536) - 32768);
	for (size_t i = 0; i < ARRAY_LEN(c); i++)
		c[i] = (float)((int)(rig_random(&seed) % 2000) - 1000) / 1999;
	mix_ops_at(0)->fir(x, c, 24, want, 320);
	for (size_t b = 1; mix_ops_at(b); b++) {
		mix_ops_at(b)->fir(x, c, 24, y, 320);
		CHECK_MEM(y, want, 320 * sizeof(*y));
	}
	for (size_t i = 0; i < 320; i++) {
		double sum = 0;

		for (size_t k = 0; k < 24; k++)
			sum += (double)c[k] * (double)x[i + k];
		CHECK(fabs(sum - (double)want[i]) < 0.5);
	}
}

/* To the nearest number, a half away from where it began. */
static int16_t on_the_line(int32_t from, int32_t to, int32_t i, int32_t n)
{
	int32_t way = (to - from) * (i + 1);

	return (int16_t)(from + (way + (way < 0 ? -n / 2 : n / 2)) / n);
}

TEST(every_build_crosses_over_to_the_same_bits)
{
	static const size_t lengths[] = {80, 160, 320, 441, 480, 960};
	static int16_t from[960], to[960], want[960], got[960];

	for (size_t i = 0; i < ARRAY_LEN(from); i++) {
		from[i] = i % 7 ? (int16_t)rig_random(&seed) : INT16_MAX;
		to[i] = i % 7 ? (int16_t)rig_random(&seed) : INT16_MIN;
	}
	for (size_t l = 0; l < ARRAY_LEN(lengths); l++) {
		size_t n = lengths[l];

		mix_ops_at(0)->cross(from, to, n, want);
		for (size_t b = 1; mix_ops_at(b); b++) {
			memcpy(got, to, sizeof(got));
			mix_ops_at(b)->cross(from, got, n, got);
			CHECK_MEM(got, want, n * sizeof(*got));
		}
		for (size_t i = 0; i < n; i++)
			CHECK_EQ(want[i], on_the_line(from[i], to[i], (int32_t)i, (int32_t)n));
	}
}

TESTS(RUN(every_build_computes_the_exact_sum), RUN(every_build_filters_to_the_same_bits),
	RUN(every_build_crosses_over_to_the_same_bits))
