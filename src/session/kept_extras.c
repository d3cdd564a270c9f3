#include "session/kept_extras.h"

#include "base/err.h"
#include "base/mem.h"

int kept_extras_new(const struct sip_extra *extras, size_t n, struct kept_extras **ret_kept)
{
	size_t size = sizeof(struct kept_extras) + n * sizeof(extras[0]);
	struct kept_extras *kept;
	char *at;

	for (size_t i = 0; i < n; i++)
		size += extras[i].name.n + extras[i].value.n;
	kept = mem_zalloc(size);
	if (!kept)
		return OH_ENOMEM;
	kept->n = n;
	at = (char *)&kept->list[n];
	for (size_t i = 0; i < n; i++) {
		kept->list[i].name =
			slice_make(memcpy(at, extras[i].name.p, extras[i].name.n), extras[i].name.n);
		at += extras[i].name.n;
		kept->list[i].value = slice_make(at, extras[i].value.n);
		if (extras[i].value.n)
			memcpy(at, extras[i].value.p, extras[i].value.n);
		at += extras[i].value.n;
	}
	*ret_kept = kept;
	return 0;
}
