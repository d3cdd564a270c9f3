/*
 * Every codec against what others make of the same samples, and against what was said.
 *
 * The check sums of G.722 are those of libavcodec 59 in both directions, which spandsp confirms below full scale; those of
 * GSM are libgsm's 1.0.22. The first codewords of G.726 are spandsp's own; that its packings are the two that RFC 3551
 * 4.5.4 tells apart is checked by hand.
 */
#include "check.h"

#include "codec/codec.h"
#include "offhook/error.h"
#include "speech.h"

#define N 32000u

static int16_t said[N], heard[N + 6000];
static uint8_t wire[N * 2];

static const struct codec *codec(const char *name, uint32_t clock_hz, unsigned channels)
{
	return codec_find(slice_of(name), clock_hz, channels);
}

static uint32_t crc32(const void *data, size_t n)
{
	const uint8_t *p = data;
	uint32_t crc = ~0u;

	for (size_t i = 0; i < n; i++) {
		crc ^= p[i];
		for (int k = 0; k < 8; k++)
			crc = crc >> 1 ^ (0xedb88320u & -(crc & 1));
	}
	return ~crc;
}

struct state {
	_Alignas(16) char bytes[CODEC_STATE_MAX];
};

/* All of said[], in packets of ms; returns the bytes. Their lengths go to sizes[]. */
static size_t encode_all(const struct codec *c, const struct codec_params *how, uint32_t ms, size_t *sizes)
{
	size_t step = c->rate_hz / 1000 * ms, n = 0;
	struct state s;

	CHECK(c->enc_bytes <= CODEC_STATE_MAX && c->dec_bytes <= CODEC_STATE_MAX);
	CHECK_OK(c->enc_init(c, &s, how));
	for (size_t i = 0; i + step <= N; i += step) {
		long bytes = c->encode(&s, said + i, step, wire + n, CODEC_FRAME_MAX);

		CHECK(bytes >= 0);
		*sizes++ = (size_t)bytes;
		n += (size_t)bytes;
	}
	c->enc_free(&s);
	return n;
}

static size_t decode_all(const struct codec *c, uint32_t ms, const size_t *sizes)
{
	size_t step = c->rate_hz / 1000 * ms, n = 0, at = 0;
	struct state s;

	CHECK_OK(c->dec_init(c, &s));
	for (size_t i = 0; i + step <= N; i += step) {
		CHECK_EQ(c->samples(c, wire + at, *sizes), step);
		CHECK_EQ(c->decode(&s, wire + at, *sizes, heard + n, step), step);
		at += *sizes++;
		n += step;
	}
	c->dec_free(&s);
	return n;
}

/* Normalised correlation of said[from..to) and what was heard lag later. */
static double alike(size_t from, size_t to, size_t lag)
{
	double xy = 0, xx = 1, yy = 1;

	for (size_t i = from; i < to; i++) {
		xy += (double)said[i] * heard[i + lag];
		xx += (double)said[i] * said[i];
		yy += (double)heard[i + lag] * heard[i + lag];
	}
	return xy / sqrt(xx * yy);
}

/* That of all, at the delay of up to 30 ms where an eighth of it fits best. */
static double likeness(size_t n, uint32_t rate_hz)
{
	double most = -1;
	size_t best = 0;

	for (size_t lag = 0; lag < rate_hz * 3 / 100; lag++) {
		double now = alike(n / 4, n / 4 + n / 8, lag);

		if (now > most)
			most = now, best = lag;
	}
	return alike(0, n - best, best);
}

TEST(g722_is_bit_exact)
{
	const struct codec *c = codec("G722", 8000, 1);
	struct codec_params how = {0};
	size_t sizes[N / 320];

	speech_make(7, said, N);
	CHECK_EQ(crc32(said, sizeof(said)), 0x92efa3fa); /* the sums below are about these samples */
	CHECK_EQ(encode_all(c, &how, 20, sizes), N / 2);
	CHECK_EQ(crc32(wire, N / 2), 0x23b5cad2);
	CHECK_EQ(decode_all(c, 20, sizes), N);
	CHECK_EQ(crc32(heard, N * 2), 0x1324e86c);
}

TEST(g722_takes_whole_pairs_and_what_fits)
{
	const struct codec *c = codec("G722", 8000, 1);
	struct codec_params how = {0};
	struct state s;

	CHECK_OK(c->enc_init(c, &s, &how));
	CHECK_EQ(c->encode(&s, said, 3, wire, 100), OH_EINVAL);
	CHECK_EQ(c->encode(&s, said, 320, wire, 159), OH_ETOOBIG);
	CHECK_OK(c->dec_init(c, &s));
	CHECK_EQ(c->decode(&s, wire, 0, heard, 100), OH_ESYNTAX);
	CHECK_EQ(c->samples(c, wire, 0), OH_ESYNTAX);
	CHECK_EQ(c->decode(&s, wire, 160, heard, 11), 10);
}

TEST(gsm_is_bit_exact)
{
	/* What everybody sends for silence. */
	static const uint8_t silence[33] = {0xd8, 0x20, 0xa2, 0xe1, 0x5a, 0x50, 0x00, 0x49, 0x24, 0x92, 0x49,
		0x24, 0x50, 0x00, 0x49, 0x24, 0x92, 0x49, 0x24, 0x50, 0x00, 0x49, 0x24, 0x92, 0x49, 0x24,
		0x50, 0x00, 0x49, 0x24, 0x92, 0x49, 0x24};
	const struct codec *c = codec("GSM", 8000, 1);
	struct codec_params how = {0};
	size_t sizes[N / 160];
	struct state s;

	if (!c)
		skip();
	speech_make(7, said, N);
	CHECK_EQ(encode_all(c, &how, 20, sizes), N / 160 * 33);
	CHECK_EQ(crc32(wire, N / 160 * 33), 0x9efa1009);
	CHECK_EQ(decode_all(c, 20, sizes), N);
	CHECK_EQ(crc32(heard, N * 2), 0xb5090efe);

	memset(said, 0, sizeof(said));
	CHECK_OK(c->enc_init(c, &s, &how));
	CHECK_EQ(c->encode(&s, said, 160, wire, 33), 33);
	CHECK_MEM(wire, silence, sizeof(silence));
	CHECK_EQ(c->encode(&s, said, 80, wire, 33), OH_EINVAL);
	CHECK_EQ(c->encode(&s, said, 320, wire, 65), OH_ETOOBIG);
	c->enc_free(&s);

	/* Whole frames with their signature only. */
	CHECK_OK(c->dec_init(c, &s));
	CHECK_EQ(c->samples(c, wire, 32), OH_ESYNTAX);
	CHECK_EQ(c->samples(c, wire, 0), OH_ESYNTAX);
	CHECK_EQ(c->decode(&s, wire, 33, heard, 159), 0);
	wire[0] ^= 0x10;
	CHECK_EQ(c->samples(c, wire, 33), OH_ESYNTAX);
	CHECK_EQ(c->decode(&s, wire, 33, heard, 160), OH_ESYNTAX);
	c->dec_free(&s);
}

/* The n-th codeword of `bits`, from the least or from the most significant bit on. */
static unsigned codeword(const uint8_t *data, size_t n, unsigned bits, bool from_least)
{
	unsigned word = 0;

	for (unsigned b = 0; b < bits; b++) {
		size_t at = n * bits + b;
		unsigned bit = from_least ? data[at / 8] >> at % 8 & 1 : data[at / 8] >> (7 - at % 8) & 1;

		word |= bit << (from_least ? b : bits - 1 - b);
	}
	return word;
}

TEST(g726_has_two_packings_of_the_same_codewords)
{
	static const struct {
		const char *plain, *aal2;
		unsigned bits;
		uint32_t
			crc; /* of the plain one: spandsp's encoder passes the vectors of the Recommendation */
	} rows[] = {{"G726-16", "AAL2-G726-16", 2, 0xd84c1fd3}, {"G726-24", "AAL2-G726-24", 3, 0x097b8067},
		{"G726-32", "AAL2-G726-32", 4, 0x830ae6e3}, {"G726-40", "AAL2-G726-40", 5, 0x0a9bbbaf}};
	static uint8_t plain[N];
	struct codec_params how = {0};
	size_t sizes[N / 160];

	speech_make(7, said, N);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct codec *c = codec(rows[i].plain, 8000, 1), *aal2 = codec(rows[i].aal2, 8000, 1);
		size_t bytes = N / 8 * rows[i].bits;
		struct state s;

		if (!c)
			skip();
		CHECK_EQ(encode_all(c, &how, 20, sizes), bytes);
		CHECK_EQ(crc32(wire, bytes), rows[i].crc);
		memcpy(plain, wire, bytes);
		CHECK_EQ(encode_all(aal2, &how, 20, sizes), bytes);
		for (size_t k = 0; k < N; k++)
			CHECK_EQ(codeword(plain, k, rows[i].bits, true),
				codeword(wire, k, rows[i].bits, false));

		/* A full last octet, or it is none. */
		CHECK_OK(c->enc_init(c, &s, &how));
		CHECK_EQ(c->encode(&s, said, 161, wire, 200), 161 * rows[i].bits % 8 ? OH_EINVAL : 161);
		CHECK_EQ(c->encode(&s, said, 160, wire, 20 * rows[i].bits - 1), OH_ETOOBIG);
		c->enc_free(&s);
		CHECK_EQ(c->samples(c, wire, 0), OH_ESYNTAX);
		CHECK_OK(c->dec_init(c, &s));
		CHECK_EQ(c->decode(&s, wire, 0, heard, 100), OH_ESYNTAX);
		CHECK_EQ(c->decode(&s, wire, 20 * rows[i].bits, heard, 100), 96);
		c->dec_free(&s);
	}
	CHECK_EQ(codec("G726-40", 8000, 1)->samples(codec("G726-40", 8000, 1), wire, 6), OH_ESYNTAX);
}

/* An overdriven voice is clipped; it does not come back at the other end of the scale. */
TEST(beyond_full_scale_nothing_turns_over)
{
	const struct codec *const *all = codec_list();
	struct codec_params how = {0};
	size_t sizes[N / 80];

	for (size_t i = 0; all[i]; i++) {
		size_t n, turned = 0;

		/* 300 Hz, square but for its edges. */
		for (size_t k = 0; k < N; k++) {
			double x = 60000 * sin(2 * M_PI * 300 * (double)k / all[i]->rate_hz);

			said[k] = (int16_t)(x > 32767 ? 32767 : x < -32768 ? -32768 : x);
		}
		(void)encode_all(all[i], &how, 10 + 10 * (codec_packet_ms(all[i], 10) != 10), sizes);
		n = decode_all(all[i], 10 + 10 * (codec_packet_ms(all[i], 10) != 10), sizes);
		for (size_t k = n / 2 + 1; k < n; k++)
			turned += abs(heard[k] - heard[k - 1]) > 50000;
		CHECK_EQ(turned, 0);
	}
}

TEST(a_voice_comes_back_from_every_codec_in_packets_of_every_length)
{
	const struct codec *const *all = codec_list();
	struct codec_params how = {0};
	size_t sizes[N / 80];

	for (size_t i = 0; all[i]; i++) {
		const struct codec *c = codec_at_rate(all[i], 8000);
		bool lossy = c->number > CODEC_L16_48;
		/* 16 and 24 kbit/s are not meant for speech by themselves (RFC 3551 4.5.4). */
		double least = c->bits_per_s <= 16000 && c->number != CODEC_GSM ? 0.85 : lossy ? 0.9 : 0.99;

		speech_make(3, said, N);
		for (size_t k = 0; k < N; k++)
			said[k] /= 2;
		for (uint32_t ms = 10; ms <= 60; ms += 10) {
			if (codec_packet_ms(c, ms) != ms || c->bits_per_s / 8000 * ms > CODEC_FRAME_MAX)
				continue;
			(void)encode_all(c, &how, ms, sizes);
			CHECK(likeness(decode_all(c, ms, sizes), c->rate_hz) >= least);
		}
	}
}

/* ---- Opus -------------------------------------------------------------------------------------------- */

static const struct codec *opus(uint32_t rate_hz)
{
	const struct codec *c = codec("opus", 48000, 2);

	if (!c)
		skip();
	return codec_at_rate(c, rate_hz);
}

TEST(opus_works_at_every_rate_of_a_bridge)
{
	static const struct {
		uint32_t bridge_hz, rate_hz;
	} rows[] = {{8000, 8000}, {16000, 16000}, {24000, 24000}, {32000, 24000}, {48000, 48000}};
	struct codec_params how = {0};
	size_t sizes[N / 160];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct codec *c = opus(rows[i].bridge_hz);
		double x = 0;

		CHECK_EQ(c->rate_hz, rows[i].rate_hz);
		for (size_t k = 0; k < N; k++) {
			x += 2 * M_PI * (600 + 200 * sin((double)k / 3000)) / c->rate_hz;
			said[k] = (int16_t)(9000 * sin(x) + 3000 * sin(3 * x));
		}
		(void)encode_all(c, &how, 20, sizes);
		CHECK(likeness(decode_all(c, 20, sizes), c->rate_hz) > 0.9);
	}
}

/* The packet behind the gap brings the lost one back when its sender has been told of losses; else it is guessed. */
TEST(opus_repairs_a_lost_packet_from_the_one_behind_it)
{
	struct codec_params fec = {.fec = CODEC_FEC_BY_LOSS}, none = {.fec = CODEC_FEC_NEVER};
	const struct codec_params *how[] = {&none, &fec};
	const struct codec *c = opus(8000);
	double error[2];

	speech_make(3, said, N);
	for (size_t run = 0; run < 2; run++) {
		struct state e, whole, lossy;
		uint8_t packet[2][400];
		long bytes[2];
		double sum = 0, power = 0;

		CHECK_OK(c->enc_init(c, &e, how[run]));
		CHECK_OK(c->dec_init(c, &whole));
		CHECK_OK(c->dec_init(c, &lossy));
		c->steer(&e, 20); /* of 256 are lost */
		bytes[0] = c->encode(&e, said, 160, packet[0], 400);
		for (size_t i = 1; i < N / 160; i++) {
			int16_t real[160], got[160];
			const uint8_t *now = packet[(i - 1) % 2], *next = packet[i % 2];

			bytes[i % 2] = c->encode(&e, said + 160 * i, 160, packet[i % 2], 400);
			CHECK_EQ(c->decode(&whole, now, (size_t)bytes[(i - 1) % 2], real, 160), 160);
			if (i % 8) {
				CHECK_EQ(c->decode(&lossy, now, (size_t)bytes[(i - 1) % 2], got, 160), 160);
				continue;
			}
			CHECK(c->conceal(
				&lossy, &(struct codec_gap){160, next, (size_t)bytes[i % 2]}, got, 160));
			for (size_t k = 0; k < 160; k++) {
				sum += (got[k] - real[k]) * (double)(got[k] - real[k]);
				power += (double)real[k] * real[k];
			}
		}
		error[run] = sum / power;
		c->enc_free(&e);
		c->dec_free(&whole);
		c->dec_free(&lossy);
	}
	CHECK(error[1] < error[0] / 2);
}

/* The jitter buffer asks for any number of samples, and the packet behind the gap may come when half of it is over. */
TEST(opus_fills_gaps_of_any_length)
{
	const struct codec *c = opus(16000);
	struct codec_params how = {.fec = CODEC_FEC_ALWAYS};
	struct state e, d;
	uint8_t packet[400];
	long bytes;

	speech_make(3, said, N);
	CHECK_OK(c->enc_init(c, &e, &how));
	CHECK_OK(c->dec_init(c, &d));
	for (size_t i = 0; i < 60; i++) {
		bytes = c->encode(&e, said + 320 * i, 320, packet, sizeof(packet));
		CHECK(bytes > 0);
	}
	CHECK_EQ(c->decode(&d, packet, (size_t)bytes, heard, 320), 320);
	for (size_t n = 1; n < 700; n += 37) {
		struct codec_gap nobody = {0}, soon = {n + 123, packet, (size_t)bytes},
				 here = {n, packet, (size_t)bytes};

		CHECK(c->conceal(&d, &nobody, heard, n));
		CHECK(c->conceal(&d, &soon, heard, n));
		CHECK(c->conceal(&d, &here, heard, n));
		CHECK_EQ(c->decode(&d, packet, (size_t)bytes, heard, 320), 320);
	}
	/* A packet that is none, and one without anything. */
	CHECK(c->conceal(&d, &(struct codec_gap){320, packet, 0}, heard, 320));
	CHECK(c->conceal(&d, &(struct codec_gap){320, (const uint8_t *)"\xff", 1}, heard, 320));
	CHECK_EQ(c->decode(&d, packet, 0, heard, 320), OH_ESYNTAX);
	CHECK_EQ(c->decode(&d, (const uint8_t *)"\xff", 1, heard, 320), OH_ESYNTAX);
	CHECK_EQ(c->samples(c, packet, 0), OH_ESYNTAX);
	CHECK_EQ(c->encode(&e, said, 319, packet, sizeof(packet)), OH_EINVAL);
	c->enc_free(&e);
	c->dec_free(&d);
}

static size_t bytes_of(struct state *e, const struct codec *c, size_t *ret_sent)
{
	uint8_t packet[CODEC_FRAME_MAX];
	size_t sum = 0;

	*ret_sent = 0;
	for (size_t i = 0; i + 320 <= N; i += 320) {
		long bytes = c->encode(e, said + i, 320, packet, sizeof(packet));

		CHECK(bytes >= 0);
		sum += (size_t)bytes;
		*ret_sent += bytes > 0;
	}
	return sum;
}

TEST(opus_sends_less_while_much_is_lost_and_recovers)
{
	const struct codec *c = opus(16000);
	struct codec_params how = {.bits_per_s = 32000};
	size_t before, during, after, sent;
	struct state e;

	speech_make(3, said, N);
	CHECK_OK(c->enc_init(c, &e, &how));
	before = bytes_of(&e, c, &sent);
	for (size_t i = 0; i < 4; i++)
		c->steer(&e, 64);
	during = bytes_of(&e, c, &sent);
	CHECK(during < before * 3 / 4);
	for (size_t i = 0; i < 20; i++)
		c->steer(&e, 0);
	after = bytes_of(&e, c, &sent);
	CHECK(after > before * 9 / 10);
	c->enc_free(&e);
}

TEST(opus_leaves_out_silence_when_it_may)
{
	const struct codec *c = opus(16000);
	struct codec_params loud = {0}, quiet = {.dtx = true};
	size_t sent;
	struct state e;

	memset(said, 0, sizeof(said));
	CHECK_OK(c->enc_init(c, &e, &loud));
	(void)bytes_of(&e, c, &sent);
	CHECK_EQ(sent, N / 320);
	c->enc_free(&e);
	CHECK_OK(c->enc_init(c, &e, &quiet));
	(void)bytes_of(&e, c, &sent);
	CHECK(sent < N / 320 / 3);
	c->enc_free(&e);
}

/* RFC 7587 6.1 and 7: each side says what it would like to get. */
TEST(opus_says_what_it_wants_and_heeds_what_the_peer_wants)
{
	static const struct {
		uint32_t rate_hz;
		struct codec_params want;
		const char *text;
	} said_rows[] = {
		{48000, {0}, "useinbandfec=1"},
		{16000, {.dtx = true},
			"maxplaybackrate=16000;sprop-maxcapturerate=16000;useinbandfec=1;usedtx=1"},
		{16000, {.bits_per_s = 510000, .fec = CODEC_FEC_ALWAYS, .dtx = true, .cbr = true},
			"maxplaybackrate=16000;sprop-maxcapturerate=16000;maxaveragebitrate=510000;"
			"useinbandfec=1;"
			"usedtx=1;cbr=1"},
		{48000, {.fec = CODEC_FEC_NEVER}, "useinbandfec=0"},
	};
	static const struct {
		const char *fmtp;
		struct codec_params want, got;
	} heard_rows[] = {
		{"", {0}, {.fec = CODEC_FEC_NEVER}},
		{"useinbandfec=1; stereo=1; sprop-stereo=1", {0}, {0}},
		{"minptime=10;UseInbandFEC=1 ; usedtx=1;cbr=1", {0}, {.dtx = true, .cbr = true}},
		{"useinbandfec=0", {.fec = CODEC_FEC_ALWAYS}, {.fec = CODEC_FEC_ALWAYS}},
		{"useinbandfec=1;maxplaybackrate=8000;maxaveragebitrate=12000", {0},
			{.max_hz = 8000, .bits_per_s = 12000}},
		{"useinbandfec=1;maxaveragebitrate=64000", {.bits_per_s = 20000}, {.bits_per_s = 20000}},
		/* Out of range: not said (RFC 7587 6.1). */
		{"useinbandfec=1;maxaveragebitrate=5999;maxplaybackrate=7999", {0}, {0}},
		{"useinbandfec=1;maxaveragebitrate=510001;maxplaybackrate=x", {0}, {0}},
		{";;=;useinbandfec;useinbandfec=1;", {0}, {0}},
	};
	char text[CODEC_FMTP_MAX];

	for (size_t i = 0; i < ARRAY_LEN(said_rows); i++) {
		const struct codec *c = opus(said_rows[i].rate_hz);

		c->describe(c, &said_rows[i].want, text, sizeof(text));
		CHECK_STR(text, said_rows[i].text);
	}
	for (size_t i = 0; i < ARRAY_LEN(heard_rows); i++) {
		struct codec_params want = heard_rows[i].want;
		const struct codec_params *got = &heard_rows[i].got;

		opus(48000)->limit(opus(48000), slice_of(heard_rows[i].fmtp), &want);
		CHECK_EQ(want.bits_per_s, got->bits_per_s);
		CHECK_EQ(want.max_hz, got->max_hz);
		CHECK_EQ(want.fec, got->fec);
		CHECK_EQ(want.dtx, got->dtx);
		CHECK_EQ(want.cbr, got->cbr);
	}
}

/* A peer that plays less gets less: its bandwidth is in the first byte of the packet (RFC 6716 3.1). */
TEST(opus_sends_no_more_than_the_peer_can_play)
{
	static const struct {
		uint32_t max_hz;
		unsigned widest; /* the highest configuration of a SILK or CELT packet of that bandwidth */
	} rows[] = {{8000, 3}, {12000, 7}, {16000, 11}};
	const struct codec *c = opus(48000);

	for (size_t k = 0; k < N; k++)
		said[k] = (int16_t)(rand() % 8000 - 4000);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct codec_params how = {.max_hz = rows[i].max_hz};
		uint8_t packet[CODEC_FRAME_MAX];
		struct state e;

		CHECK_OK(c->enc_init(c, &e, &how));
		for (size_t k = 0; k + 960 <= N; k += 960) {
			unsigned config;

			CHECK(c->encode(&e, said + k, 960, packet, sizeof(packet)) > 0);
			config = packet[0] >> 3;
			/* 16..19 is narrowband, 20..23 wideband of the other kind. */
			CHECK(config <= rows[i].widest || (config >= 16 && config <= 19) ||
				(rows[i].max_hz == 16000 && config <= 23));
		}
		c->enc_free(&e);
	}
}

static int make_opus(void *arg)
{
	const struct codec *c = opus(48000);
	struct codec_params how = {0};
	struct state e, d;
	int err = c->enc_init(c, &e, &how);

	(void)arg;
	if (err)
		return err;
	err = c->dec_init(c, &d);
	c->enc_free(&e);
	if (!err)
		c->dec_free(&d);
	return err;
}

TEST(opus_lives_without_memory)
{
	if (!codec("opus", 48000, 2))
		skip();
	check_every_allocation_fails(make_opus, NULL);
}

TESTS(RUN(g722_is_bit_exact), RUN(g722_takes_whole_pairs_and_what_fits), RUN(gsm_is_bit_exact),
	RUN(g726_has_two_packings_of_the_same_codewords), RUN(beyond_full_scale_nothing_turns_over),
	RUN(a_voice_comes_back_from_every_codec_in_packets_of_every_length),
	RUN(opus_works_at_every_rate_of_a_bridge), RUN(opus_repairs_a_lost_packet_from_the_one_behind_it),
	RUN(opus_fills_gaps_of_any_length), RUN(opus_sends_less_while_much_is_lost_and_recovers),
	RUN(opus_leaves_out_silence_when_it_may), RUN(opus_says_what_it_wants_and_heeds_what_the_peer_wants),
	RUN(opus_sends_no_more_than_the_peer_can_play), RUN(opus_lives_without_memory))
