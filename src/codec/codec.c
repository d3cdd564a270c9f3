#include "codec/codec.h"

#include "codec/codecs.h"

static const struct codec *const all[] = {&codec_pcmu, &codec_pcma, NULL};

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
