#include "audio/mix.h"

const struct mix_ops *mix_ops(void)
{
#ifdef OH_MIX_AVX2
	if (__builtin_cpu_supports("avx2"))
		return &mix_ops_avx2;
#endif
	return &mix_ops_base;
}
