#include "codec/codec.h"

#include "codec/codecs.h"

#include "base/err.h"

#include <stdio.h>

static const struct codec *const all[] = {
	&codec_pcmu,
	&codec_pcma,
	&codec_g722,
#ifdef HAVE_OPUS
	&codec_opus_48,
#endif
#ifdef HAVE_SPANDSP
	&codec_gsm,
	&codec_g726_32,
	&codec_g726_40,
	&codec_g726_24,
	&codec_g726_16,
	&codec_aal2_g726_32,
	&codec_aal2_g726_40,
	&codec_aal2_g726_24,
	&codec_aal2_g726_16,
#endif
	&codec_l16_16,
	&codec_l16_8,
	&codec_l16_48,
	&codec_l16_32,
	&codec_l16_24,
	NULL,
};

/* What another build of this library has, and by whose means. */
static const struct {
	const char *prefix, *library;
} optional[] = {{"opus", "libopus"}, {"GSM", "spandsp"}, {"G726-", "spandsp"}, {"AAL2-G726-", "spandsp"}};

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

const struct codec *codec_at_rate(const struct codec *c, uint32_t rate_hz)
{
#ifdef HAVE_OPUS
	static const struct codec *const rates[] = {&codec_opus_48, &codec_opus_24, &codec_opus_16};

	if (c == &codec_opus_48) {
		for (size_t i = 0; i < sizeof(rates) / sizeof(*rates); i++)
			if (rates[i]->rate_hz <= rate_hz)
				return rates[i];
		return &codec_opus_8;
	}
#endif
	(void)rate_hz;
	return c;
}

uint32_t codec_packet_ms(const struct codec *c, uint32_t ms)
{
	uint32_t best = 0;

	for (uint32_t k = 1; k <= 6; k++)
		if (c->packets >> (k - 1) & 1 && (!best || 10 * k <= ms))
			best = 10 * k;
	return best;
}

static bool has_rate(const struct codec *c, uint32_t hz)
{
	return !hz || c->clock_hz == hz || c->rate_hz == hz;
}

/* Adds what one element of a choice names, counting on when there is no more room; returns how many there were. */
static size_t choose_one(const struct codec *const *from, size_t n_from, struct slice name, uint32_t hz,
	const struct codec **codecs, size_t cap, size_t *n)
{
	size_t found = 0;

	for (size_t i = 0; i < n_from; i++) {
		size_t k = 0;

		if (!slice_ieq(slice_of(from[i]->encoding), name) || !has_rate(from[i], hz))
			continue;
		found++;
		while (k < *n && k < cap && codecs[k] != from[i])
			k++;
		if (k == *n && *n < cap)
			codecs[k] = from[i];
		*n += k == *n;
	}
	return found;
}

static int unknown(const struct codec *const *from, size_t n_from, struct slice element)
{
	char have[256] = "", lack[64] = "";
	size_t n = 0;

	for (size_t i = 0; i < n_from && n < sizeof(have); i++)
		n += (size_t)snprintf(have + n, sizeof(have) - n, "%s%s/%u", i ? ", " : "", from[i]->encoding,
			from[i]->clock_hz);
	for (size_t i = 0; i < sizeof(optional) / sizeof(*optional); i++) {
		struct slice prefix = slice_of(optional[i].prefix);
		bool built = false;

		for (size_t k = 0; all[k]; k++)
			built |= strncasecmp(all[k]->encoding, prefix.p, prefix.n) == 0;
		if (!built && element.n >= prefix.n && strncasecmp(element.p, prefix.p, prefix.n) == 0)
			snprintf(lack, sizeof(lack), " in this build, which is without %s",
				optional[i].library);
	}
	return err_detail(OH_ENOCODEC, "no codec '%.*s'%s; there are %s", SLICE_ARG(element), lack, have);
}

/* "NAME[/RATE[/CHANNELS]]": hz and channels are 0 when they are not there. */
static int read_name(struct slice element, struct slice *ret_name, uint32_t *ret_hz, uint32_t *ret_channels)
{
	size_t slash = slice_index(element, '/');
	struct slice rest = slice_skip(element, slash < element.n ? slash + 1 : slash), rate = rest;

	*ret_name = slice_make(element.p, slash);
	*ret_hz = *ret_channels = 0;
	if (slash == element.n)
		return 0;
	rate.n = slice_index(rest, '/');
	if (slice_to_u32(rate, 192000, ret_hz) ||
		(rate.n < rest.n && slice_to_u32(slice_skip(rest, rate.n + 1), 255, ret_channels)))
		return OH_EINVAL;
	return 0;
}

int codec_choose(const struct codec *const *from, size_t n_from, struct slice text,
	const struct codec **ret_codecs, size_t cap, size_t *ret_n)
{
	size_t n = 0;

	while (text.n) {
		size_t comma = slice_index(text, ',');
		struct slice element = slice_trim(slice_make(text.p, comma)), name;
		uint32_t hz, channels;

		text = slice_skip(text, comma + 1);
		if (read_name(element, &name, &hz, &channels))
			return err_detail(
				OH_EINVAL, "'%.*s': a codec is NAME or NAME/RATE", SLICE_ARG(element));
		if (!choose_one(from, n_from, name, hz, ret_codecs, cap, &n))
			return unknown(from, n_from, element);
	}
	if (!n)
		return err_detail(OH_EINVAL, "no codec is chosen");
	if (n > cap)
		return err_detail(OH_EINVAL, "more than %zu codecs are chosen", cap);
	*ret_n = n;
	return 0;
}

const struct codec *codec_named(const struct codec *const *from, size_t n_from, struct slice text)
{
	uint32_t hz, channels;
	struct slice name;

	if (read_name(text, &name, &hz, &channels))
		return NULL;
	for (size_t i = 0; i < n_from; i++)
		if (slice_ieq(slice_of(from[i]->encoding), name) && hz && has_rate(from[i], hz) &&
			(!channels || from[i]->channels == channels))
			return from[i];
	return NULL;
}

struct slice codec_fmtp_value(struct slice fmtp, const char *name)
{
	while (fmtp.n) {
		size_t end = slice_index(fmtp, ';');
		struct slice item = slice_make(fmtp.p, end);
		size_t eq = slice_index(item, '=');

		if (eq < item.n && slice_ieq(slice_trim(slice_make(item.p, eq)), slice_of(name)))
			return slice_trim(slice_skip(item, eq + 1));
		fmtp = slice_skip(fmtp, end < fmtp.n ? end + 1 : end);
	}
	return SLICE_NONE;
}

int codec_no_enc(const struct codec *c, void *state, const struct codec_params *p)
{
	(void)c;
	(void)state;
	(void)p;
	return 0;
}

int codec_no_dec(const struct codec *c, void *state)
{
	(void)c;
	(void)state;
	return 0;
}

void codec_no_free(void *state)
{
	(void)state;
}
