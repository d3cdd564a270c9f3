/* The jitter buffer: packets with any time stamp, span and age, ticks as samples or packets, new codecs, in any order. At
 * every moment put == played + late + duplicate + full + invalid + early + buffered, and a tick is filled whole. */
#include "fuzz.h"

#include "base/err.h"
#include "codec/codec.h"
#include "rtp/jbuf.h"

#include <string.h>

#define NS_MS 1000000ull

static int16_t spill[CODEC_PCM_MAX];

/* Codec 1 refuses what begins with a zero; codec 2 gives less than it said. */
static long decode(void *arg, uint8_t codec, const uint8_t *data, size_t n, int16_t *pcm, size_t cap)
{
	(void)arg;
	if (codec == 1 && n && data[0] == 0)
		return OH_ESYNTAX;
	if (codec == 2)
		n /= 2;
	n = n < cap ? n : cap;
	for (size_t i = 0; i < n; i++)
		pcm[i] = g711_ulaw_decode(data[i]);
	return (long)n;
}

static void check_law(const struct jbuf *j, uint64_t put)
{
	const struct jbuf_stats *s = &j->stats;

	CHECK_EQ(s->put, put);
	CHECK_EQ(s->put, s->played + s->late + s->duplicate + s->full + s->invalid + s->early + s->buffered);
	CHECK(s->buffered <= JBUF_CELLS);
	CHECK(j->past_cells <= JBUF_CELLS - j->n_free);
	CHECK(j->handing || !j->ahead_ms);
	CHECK(j->spill_at + j->spill_n <= ARRAY_LEN(spill));
	CHECK(jbuf_target_ms(j) <= 2 * JBUF_SPAN_MS);
	(void)jbuf_has_tick(j);
	(void)jbuf_depth_ms(j);
}

struct wire {
	struct feed f;
	uint32_t ts;
	uint64_t now_ns;
};

/* Codec 3 conceals by itself, and looks at what stands behind the gap. */
static bool conceal(void *arg, uint8_t codec, const struct codec_gap *gap, int16_t *pcm, size_t n)
{
	unsigned sum = codec;

	(void)arg;
	for (size_t i = 0; gap->next && i < gap->n; i++)
		sum += gap->next[i];
	/* It is all there, or a sanitizer tells. */
	CHECK(sum < UINT32_MAX);
	memset(pcm, 1, n * sizeof(*pcm));
	return true;
}

/* A tick as packets, or else as samples. */
static void hand_or_get(struct jbuf *j, uint64_t now_ns, unsigned how, int16_t *pcm, size_t n)
{
	static const uint16_t lengths[] = {20, 10, 40, 60};
	static uint8_t sent[CODEC_FRAME_MAX];
	struct parcel p = {.want = {(uint8_t)(how & 3), how & 1, lengths[how >> 2 & 3]}};

	if (!jbuf_hand(j, now_ns, &p)) {
		(void)jbuf_get(j, now_ns, pcm, n);
		return;
	}
	CHECK(p.n <= PARCEL_PACKETS);
	for (unsigned i = 0; i < p.n; i++) {
		CHECK(p.packets[i].at_ms < j->tick_ms);
		if (p.packets[i].kind == PARCEL_PACKET)
			CHECK(jbuf_copy(p.store, p.packets[i].cell, sent) <= sizeof(sent));
	}
}

static struct jbuf_packet next_packet(struct wire *w, const uint8_t *data, size_t n)
{
	static const uint32_t far[] = {0x7fffffff, 0x80000000, 0x80000001, 8000, (uint32_t)-8000, 40000};
	unsigned how = feed_byte(&w->f);
	struct jbuf_packet p = {.data = data, .codec = (uint8_t)(how >> 6), .marker = how & 0x20};

	p.n = how & 0x10 ? feed_u16(&w->f) % (n + 1) : 160;
	p.span = how & 8 ? feed_u16(&w->f) : (uint32_t)p.n;
	switch (how & 7) {
	case 0: /* again */
		break;
	case 1: /* near */
		w->ts += (uint32_t)(int8_t)feed_byte(&w->f) * 40u;
		break;
	case 2: /* far */
		w->ts += far[feed_below(&w->f, ARRAY_LEN(far))];
		break;
	default:
		w->ts += 160;
	}
	p.ts = w->ts;
	p.at_ns = w->now_ns - feed_below(&w->f, 64) * NS_MS;
	return p;
}

/* A tick for each packet of a conversation, the packets as late as the bytes say: what adapts and scales. */
static uint64_t converse(struct wire *w, struct jbuf *j, const uint8_t *data, uint64_t put)
{
	uint32_t span = j->dec.clock_hz / 1000 * j->tick_ms;
	size_t n_pcm = j->dec.rate_hz / 1000 * j->tick_ms;
	int16_t pcm[960];

	for (unsigned packets = feed_byte(&w->f); w->f.n && packets; packets--) {
		unsigned late = feed_byte(&w->f);
		struct jbuf_packet p = {
			.data = data + late, .n = 160, .ts = w->ts, .span = span, .at_ns = w->now_ns};

		if (late < 0xc0) {
			p.at_ns -= late % 64 * NS_MS;
			p.ts -= late / 64 * span;
			jbuf_put(j, &p);
			put++;
		}
		w->ts += span;
		w->now_ns += j->tick_ms * NS_MS;
		(void)jbuf_get(j, w->now_ns, pcm, n_pcm);
		check_law(j, put);
	}
	return put;
}

void fuzz_one(const uint8_t *data, size_t n)
{
	static const uint32_t rates[] = {8000, 16000, 48000};
	static uint8_t sound[CODEC_FRAME_MAX + 100];
	struct wire w = {.f = {data, n}, .now_ns = 1000 * NS_MS};
	uint32_t tick_ms = feed_below(&w.f, 2) ? 10 : 20, min_ms = feed_byte(&w.f);
	struct jbuf_decoder dec = {.decode = decode, .clock_hz = 8000, .rate_hz = 8000, .spill = spill};
	const struct jbuf_cfg cfg = {.tick_ms = tick_ms, .min_ms = min_ms, .max_ms = min_ms & 1 ? min_ms : 0};
	int16_t pcm[960];
	uint64_t put = 0;
	struct jbuf j;

	for (size_t i = 0; i < sizeof(sound); i++)
		sound[i] = (uint8_t)(i * 37);
	dec.spill_cap = ARRAY_LEN(spill);
	CHECK_OK(jbuf_init(&j, &cfg));
	jbuf_bind(&j, &dec);
	while (w.f.n) {
		unsigned op = feed_byte(&w.f);
		struct jbuf_packet p;

		if (op < 0x10) {
			put = converse(&w, &j, sound, put);
		} else if (op < 0x80) {
			p = next_packet(&w, sound, sizeof(sound));
			put++;
			jbuf_put(&j, &p);
		} else if (op >= 0xe0 && op < 0xf0) {
			w.now_ns += tick_ms * NS_MS;
			hand_or_get(&j, w.now_ns, op, pcm, dec.rate_hz / 1000 * tick_ms);
			j.whole = op & 1;
		} else if (op < 0xf0) {
			w.now_ns += tick_ms * NS_MS + (op & 8 ? (op & 7) * NS_MS / 4 : 0);
			(void)jbuf_get(&j, w.now_ns, pcm, dec.rate_hz / 1000 * tick_ms);
		} else if (op < 0xf8) {
			dec.rate_hz = dec.clock_hz = rates[op % 3];
			if (op & 4)
				dec.clock_hz = 8000;
			if (op == 0xf3) /* a clock that is finer than the samples */
				dec.clock_hz = 48000;
			dec.conceal = op & 2 ? conceal : NULL;
			jbuf_bind(&j, &dec);
		} else if (op < 0xfc) {
			jbuf_restart(&j);
		} else {
			w.now_ns += feed_u16(&w.f) * NS_MS;
			j.excused = op & 1;
		}
		check_law(&j, put);
	}
	jbuf_free(&j);
}
