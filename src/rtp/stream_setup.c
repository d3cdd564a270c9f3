#include "rtp/stream_impl.h"

#include "base/mem.h"
#include "offhook/error.h"

#define ALIGNED(n) (((n) + 15) & ~(size_t)15)

static bool valid(const struct stream_params *p)
{
	if (!p->tx || codec_packet_ms(p->tx, p->ptime_ms) != p->ptime_ms || p->n_rx > STREAM_CODECS_MAX ||
		p->n_dtmf_rx_more > STREAM_EVENTS_MAX || (p->dir & ~3u) || p->dtmf_tx_pt > 127 ||
		p->dtmf_rx_pt > 127)
		return false;
	for (size_t i = 0; i < p->n_rx; i++)
		if (!p->rx[i].codec || p->rx[i].pt > 127)
			return false;
	return true;
}

static void *carve(char **at, size_t bytes)
{
	void *piece = *at;

	*at += ALIGNED(bytes);
	return piece;
}

/* The longest packet at the highest rate that may come. */
static size_t spill_of(const struct stream_params *p)
{
	uint32_t rate_hz = p->tx->rate_hz;

	for (size_t i = 0; i < p->n_rx; i++)
		if (p->rx[i].codec->rate_hz > rate_hz)
			rate_hz = p->rx[i].codec->rate_hz;
	return rate_hz * STREAM_PACKET_MS_MAX / 1000;
}

void *stream_setup_converter(const struct stream_setup *set, uint32_t from_hz)
{
	for (size_t i = 0; i < set->n_convert; i++)
		if (set->convert[i].from_hz == from_hz)
			return set->convert[i].state;
	return NULL;
}

int stream_setup_decoder(const struct stream_setup *set, uint8_t codec)
{
	for (size_t i = 0; i < set->p.n_rx; i++)
		if (set->p.rx[i].codec->number == codec)
			return (int)i;
	return -1;
}

bool stream_setup_plays(const struct stream_setup *set, const struct codec *c)
{
	return c->rate_hz == set->rate_hz || stream_setup_converter(set, c->rate_hz);
}

static int make_converters(struct stream_setup *set)
{
	for (size_t i = 0; set->converter && i < set->p.n_rx; i++) {
		uint32_t from_hz = set->p.rx[i].codec->rate_hz;
		int err;

		if (stream_setup_plays(set, set->p.rx[i].codec) || set->n_convert == STREAM_RATES_MAX)
			continue;
		err = set->converter->make(from_hz, set->rate_hz, &set->convert[set->n_convert].state);
		if (err < 0)
			return err;
		set->convert[set->n_convert++].from_hz = from_hz;
	}
	return 0;
}

int stream_setup_new(const struct stream_params *p, const struct stream_converter *converter,
	uint32_t tick_ms, struct stream_setup **ret_setup)
{
	size_t tick, packet, spill, gather, noise, bytes;
	struct stream_setup *set;
	char *at;
	int err = 0;

	if (!valid(p))
		return OH_EINVAL;
	tick = p->tx->rate_hz * tick_ms / 1000;
	packet = p->tx->rate_hz * p->ptime_ms / 1000;
	spill = spill_of(p);
	gather = tick % packet ? packet : 0;
	noise = p->noise.rx || p->noise.tx ? sizeof(*set->noise) : 0;
	bytes = ALIGNED(sizeof(*set)) + ALIGNED(p->tx->enc_bytes) + ALIGNED(gather * 2) + ALIGNED(spill * 2) +
		ALIGNED(noise);
	for (size_t i = 0; i < p->n_rx; i++)
		bytes += ALIGNED(p->rx[i].codec->dec_bytes);
	set = mem_zalloc(bytes);
	if (!set)
		return OH_ENOMEM;
	at = (char *)set + ALIGNED(sizeof(*set));
	set->p = *p;
	set->converter = converter;
	set->clock_hz = p->tx->clock_hz;
	set->rate_hz = p->tx->rate_hz;
	set->tick_ts = codec_ts(p->tx, tick);
	set->packet_ts = codec_ts(p->tx, packet);
	set->tick_samples = tick;
	set->packet_samples = packet;
	set->enc = carve(&at, p->tx->enc_bytes);
	set->gather = gather ? carve(&at, gather * 2) : NULL;
	set->noise = noise ? carve(&at, noise) : NULL;
	err = p->tx->enc_init(p->tx, set->enc, &p->how);
	if (err < 0)
		goto fail;
	set->enc_made = true;
	for (; set->decs_made < p->n_rx; set->decs_made++) {
		const struct codec *c = p->rx[set->decs_made].codec;

		set->dec[set->decs_made] = carve(&at, c->dec_bytes);
		err = c->dec_init(c, set->dec[set->decs_made]);
		if (err < 0)
			goto fail;
	}
	set->spill = carve(&at, spill * 2); /* last: seldom touched */
	set->spill_cap = spill;
	err = make_converters(set);
	if (err < 0)
		goto fail;
	*ret_setup = set;
	return 0;
fail:
	stream_setup_free(set);
	return err;
}

struct stream_setup *stream_setup_free(struct stream_setup *set)
{
	if (!set)
		return NULL;
	if (set->enc_made)
		set->p.tx->enc_free(set->enc);
	for (size_t i = 0; i < set->decs_made; i++)
		set->p.rx[i].codec->dec_free(set->dec[i]);
	for (size_t i = 0; i < set->n_convert; i++)
		set->converter->free(set->convert[i].state);
	mem_free(set);
	return NULL;
}

bool stream_same_way(const struct codec_params *a, const struct codec_params *b)
{
	return a->bits_per_s == b->bits_per_s && a->max_hz == b->max_hz && a->fec == b->fec &&
	       a->complexity == b->complexity && a->mode == b->mode && a->dtx == b->dtx && a->cbr == b->cbr;
}

static void swap_state(void *a, void *b, size_t n)
{
	char keep[CODEC_STATE_MAX];

	memcpy(keep, a, n);
	memcpy(a, b, n);
	memcpy(b, keep, n);
}

void stream_setup_inherit(struct stream_setup *set, struct stream_setup *old)
{
	if (set->p.tx == old->p.tx && stream_same_way(&set->p.how, &old->p.how))
		swap_state(set->enc, old->enc, set->p.tx->enc_bytes);
	for (size_t i = 0; i < set->decs_made; i++) {
		const struct codec *c = set->p.rx[i].codec;
		int k = stream_setup_decoder(old, c->number);

		/* Under a second type it is not used. */
		if (stream_setup_decoder(set, c->number) == (int)i && k >= 0 && old->p.rx[k].codec == c)
			swap_state(set->dec[i], old->dec[k], c->dec_bytes);
	}
	if (set->noise && old->noise)
		*set->noise = *old->noise;
	if (set->gather && old->gather && set->packet_samples == old->packet_samples)
		memcpy(set->gather, old->gather, set->packet_samples * sizeof(int16_t));
}
