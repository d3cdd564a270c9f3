#include "audio/mix.h"

const struct mix_ops *mix_ops(void)
{
	return mix_ops_at(0);
}

const struct mix_ops *mix_ops_at(size_t i)
{
#ifdef OH_MIX_AVX2
	if (__builtin_cpu_supports("avx2") && i-- == 0)
		return &mix_ops_avx2;
#endif
	return i == 0 ? &mix_ops_base : NULL;
}

static uint32_t magnitude(const struct mix_term *t)
{
	return (uint32_t)(t->weight < 0 ? -t->weight : t->weight);
}

size_t mix_pair_up(const struct mix_term *terms, size_t n, struct mix_pair *ret_pairs)
{
	static const int16_t silence[MIX_FRAME_MAX];
	const struct mix_term nothing = {silence, 0};
	/* 32768 * 65535 and a folded rest are just below 2^31. */
	uint32_t room = 65535;
	size_t n_pairs = 0;

	for (size_t i = 0; i < n; i += 2) {
		const struct mix_term *a = &terms[i], *b = i + 1 < n ? &terms[i + 1] : &nothing;
		uint32_t need = magnitude(a) + magnitude(b);
		bool fold = need > room;

		room = (fold ? 65535 : room) - need;
		ret_pairs[n_pairs++] =
			(struct mix_pair){a->pcm, b->pcm, (int16_t)a->weight, (int16_t)b->weight, fold};
	}
	return n_pairs;
}
