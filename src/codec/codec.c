#include "codec/codec.h"

#include "codec/codecs.h"

#include "base/err.h"

#include <stdio.h>

static const struct codec *const all[] = {&codec_pcmu, &codec_pcma, &codec_l16_16, &codec_l16_8, NULL};

const struct codec *const *codec_list(void)
{
	return all;
}

const struct codec *codec_find(struct slice encoding, uint32_t clock_hz, unsigned channels)
{
	for (size_t i = 0; all[i]; i++) {
		/* RFC 8866 6.6: encoding names are compared without case. */
		if (all[i]->clock_hz == clock_hz && all[i]->channels == channels &&
			slice_ieq(slice_of(all[i]->encoding), encoding))
			return all[i];
	}
	return NULL;
}

/* Adds what one element of a choice names; returns how many there were. */
static size_t choose_one(
	struct slice name, uint32_t clock_hz, const struct codec **codecs, size_t cap, size_t *n)
{
	size_t found = 0;

	for (size_t i = 0; all[i]; i++) {
		size_t k = 0;

		if (!slice_ieq(slice_of(all[i]->encoding), name) ||
			(clock_hz && all[i]->clock_hz != clock_hz))
			continue;
		found++;
		while (k < *n && codecs[k] != all[i])
			k++;
		if (k == *n && *n < cap)
			codecs[(*n)++] = all[i];
	}
	return found;
}

static int unknown(struct slice element)
{
	char have[128] = "";
	size_t n = 0;

	for (size_t i = 0; all[i] && n < sizeof(have); i++)
		n += (size_t)snprintf(have + n, sizeof(have) - n, "%s%s/%u", i ? ", " : "", all[i]->encoding,
			all[i]->clock_hz);
	return err_detail(OH_ENOCODEC, "no codec '%.*s'; there are %s", SLICE_ARG(element), have);
}

int codec_choose(struct slice text, const struct codec **ret_codecs, size_t cap, size_t *ret_n)
{
	size_t n = 0;

	while (text.n) {
		size_t comma = slice_index(text, ',');
		struct slice element = slice_trim(slice_make(text.p, comma)), name = element;
		size_t slash = slice_index(element, '/');
		uint32_t clock_hz = 0;

		text = slice_skip(text, comma + 1);
		name.n = slash;
		if (slash < element.n && slice_to_u32(slice_skip(element, slash + 1), 192000, &clock_hz))
			return err_detail(
				OH_EINVAL, "'%.*s': a codec is NAME or NAME/RATE", SLICE_ARG(element));
		if (!choose_one(name, clock_hz, ret_codecs, cap, &n))
			return unknown(element);
	}
	if (!n)
		return err_detail(OH_EINVAL, "no codec is chosen");
	*ret_n = n;
	return 0;
}
