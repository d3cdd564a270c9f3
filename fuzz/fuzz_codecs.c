/*
 * Every codec's decoder, and comfort noise, with whatever the network sends: a packet gives as many samples as it said,
 * a gap of any length is filled whole, and what cannot be a packet is none. The first byte chooses the codec. Also the
 * fmtp that comes with it.
 */
#include "fuzz.h"

#include "codec/codec.h"
#include "codec/noise.h"

static void noise(struct feed *f)
{
	struct noise n = {0};
	int16_t pcm[160];

	while (f->n) {
		struct slice text = feed_bytes(f, feed_byte(f) % 40);

		(void)noise_hear(&n, (const uint8_t *)text.p, text.n);
		noise_play(&n, pcm, 160);
	}
}

/* The peer's wishes, then its packets, some of them lost. */
static void codec(struct feed *f, const struct codec *c)
{
	static int16_t pcm[CODEC_PCM_MAX];
	_Alignas(16) char enc[CODEC_STATE_MAX], dec[CODEC_STATE_MAX];
	struct codec_params how = {0};
	uint8_t packet[CODEC_FRAME_MAX];
	size_t n = c->rate_hz / 1000 * codec_packet_ms(c, 20);

	if (c->limit)
		c->limit(c, feed_bytes(f, feed_byte(f)), &how);
	if (c->enc_init(c, enc, &how) || c->dec_init(c, dec))
		abort();
	while (f->n) {
		unsigned op = feed_byte(f);
		struct slice text = feed_bytes(f, op & 0x3f ? op & 0x3f : feed_u16(f) % CODEC_FRAME_MAX);
		const uint8_t *data = (const uint8_t *)text.p;
		long samples = c->samples(c, data, text.n), got;

		CHECK(samples != 0);
		if (op < 0x80) {
			got = c->decode(dec, data, text.n, pcm, CODEC_PCM_MAX);
			CHECK(samples < 0 || samples > (long)CODEC_PCM_MAX || got == samples || got < 0);
		} else if (op < 0xc0 && c->conceal) {
			struct codec_gap gap = {feed_u16(f) % CODEC_PCM_MAX, op & 0x40 ? data : NULL, text.n};

			(void)c->conceal(dec, &gap, pcm, 1 + feed_u16(f) % 960);
		} else {
			if (c->steer)
				c->steer(enc, op);
			got = c->encode(enc, pcm, n, packet, sizeof(packet));
			CHECK(got <= (long)sizeof(packet));
		}
	}
	c->enc_free(enc);
	c->dec_free(dec);
}

void fuzz_one(const uint8_t *data, size_t n)
{
	static const uint32_t rates[] = {8000, 16000, 24000, 48000};
	struct feed f = {data, n};
	const struct codec *const *all = codec_list();
	size_t count = 0, which;

	while (all[count])
		count++;
	which = feed_byte(&f) % (count + 1);
	if (which == count)
		noise(&f);
	else
		codec(&f, codec_at_rate(all[which], rates[feed_byte(&f) % 4]));
}
