/*
 * Packets that pass on undecoded, codec by codec: how it sounds when samples take their place and when they come back.
 * What B's far end hears is decoded there and held against a run in which packets never pass, and against A's packets
 * decoded by somebody who heard all of them.
 */
#include "audio/rig.h"
#include "audio/stage.h"
#include "check.h"

#include "rtp/speech.h"

#include <math.h>

#define JOINED  252u /* packets: a third one joins, leaves, and all is over */
#define LEFT    280u
#define OVER    505u
#define PACKETS 520u
#define AFTER   10u /* packets behind a change that are looked at */
#define LOUD    20000
#define NOTHING (-120.0)
#define WORSE   4.0     /* dB, than a call that never passed packets */
#define PAUSE   (-48.0) /* dB to the loudest that is said */

struct sent {
	uint8_t data[CODEC_FRAME_MAX];
	size_t n;
};

/* What A says and what it is encoded to; what B's far end hears. */
struct talk {
	struct stage s;
	const struct codec *codec;
	size_t packet; /* samples */
	void *enc;
	int16_t *speech, *heard, *true_to_a;
	struct sent *sent;
	uint64_t passed_at_left;
};

static void *state_of(uint16_t bytes)
{
	return mem_zalloc(bytes ? bytes : 1);
}

/* The voice of 8000 Hz at another rate, as loud as it can be. */
static void make_speech(int16_t *to, size_t n, uint32_t rate_hz)
{
	size_t times = rate_hz / 8000, n_8 = n / times + 2;
	int16_t *from = mem_alloc(n_8 * sizeof(*from));
	int most = 1;

	speech_make(7, from, n_8);
	for (size_t i = 0; i < n_8; i++)
		most = abs(from[i]) > most ? abs(from[i]) : most;
	for (size_t i = 0; i < n; i++) {
		int a = from[i / times], b = from[i / times + 1], part = (int)(i % times);

		to[i] = (int16_t)((a + (b - a) * part / (int)times) * LOUD / most);
	}
	mem_free(from);
}

static size_t say_speech(struct stage *s, struct leg *l, uint8_t *to)
{
	struct talk *t = (struct talk *)s;
	struct sent *sent = &t->sent[l->n_sent];

	if (l != &s->a)
		return 0;
	sent->n = (size_t)t->codec->encode(
		t->enc, t->speech + l->n_sent * t->packet, t->packet, sent->data, CODEC_FRAME_MAX);
	memcpy(to, sent->data, sent->n);
	return sent->n;
}

/* All that the far end of B got, as it sounds there. */
static void decode_heard(struct talk *t)
{
	void *dec = state_of(t->codec->dec_bytes);

	CHECK_OK(t->codec->dec_init(t->codec, dec));
	for (size_t i = 0; i < t->s.b.n_heard; i++) {
		const struct heard *h = &t->s.b.heard[i];

		CHECK_EQ(h->h.seq, (uint16_t)(t->s.b.heard[0].h.seq + i));
		CHECK_EQ(t->codec->decode(dec, h->payload, h->h.n, t->heard + i * t->packet, t->packet),
			(long)t->packet);
	}
	t->codec->dec_free(dec);
	mem_free(dec);
}

static void decode_sent(struct talk *t)
{
	void *dec = state_of(t->codec->dec_bytes);

	CHECK_OK(t->codec->dec_init(t->codec, dec));
	for (size_t i = 0; i < t->s.a.n_sent; i++)
		(void)t->codec->decode(
			dec, t->sent[i].data, t->sent[i].n, t->true_to_a + i * t->packet, t->packet);
	t->codec->dec_free(dec);
	mem_free(dec);
}

/* A vowel without end. */
static void make_vowel(int16_t *to, size_t n, uint32_t rate_hz)
{
	for (size_t i = 0; i < n; i++) {
		double s = (double)i / rate_hz, phase = 2 * M_PI * (140 * s + sin(2 * M_PI * 5 * s));

		to[i] = (int16_t)(LOUD * (0.4 * sin(phase) + 0.25 * sin(5 * phase) + 0.15 * sin(8 * phase)));
	}
}

typedef void sound_fn(int16_t *to, size_t n, uint32_t rate_hz);

static void talk_run(struct talk *t, const struct codec *c, sound_fn *sound, bool passes)
{
	struct stream_params p;
	struct mem_port *ear, *mouth;
	size_t n;

	*t = (struct talk){.codec = c};
	stage_params(&p, c, 20);
	p.how.complexity = 1;
	stage_open_params(&t->s, c->rate_hz, &p);
	t->packet = c->rate_hz / 1000 * 20;
	n = PACKETS * t->packet;
	t->speech = mem_zalloc(n * sizeof(*t->speech));
	t->heard = mem_zalloc(n * sizeof(*t->heard));
	t->true_to_a = mem_zalloc(n * sizeof(*t->true_to_a));
	t->sent = mem_zalloc(PACKETS * sizeof(*t->sent));
	t->enc = state_of(c->enc_bytes);
	CHECK_OK(c->enc_init(c, t->enc, &p.how));
	sound(t->speech, n, c->rate_hz);
	t->s.make = say_speech;

	ear = mem_port_new(c->rate_hz, NULL);
	CHECK_OK(bridge_add(t->s.bridge, &ear->port, &ear->slot));
	mouth = mem_port_new(c->rate_hz, NULL);
	mouth->silent = true;
	CHECK_OK(bridge_add(t->s.bridge, &mouth->port, &mouth->slot));
	if (!passes)
		link_up(&t->s, t->s.a.slot, ear->slot, 1);
	join(&t->s);
	talk(&t->s, JOINED);
	link_up(&t->s, mouth->slot, t->s.b.slot, 1);
	talk(&t->s, LEFT - JOINED);
	t->passed_at_left = passed(&t->s.b);
	CHECK((t->passed_at_left > 40) == passes);
	link_down(&t->s, mouth->slot, t->s.b.slot);
	talk(&t->s, OVER - LEFT);
	CHECK((passed(&t->s.b) > t->passed_at_left) == passes);
	decode_heard(t);
	decode_sent(t);
}

static void talk_end(struct talk *t)
{
	t->codec->enc_free(t->enc);
	mem_free(t->enc);
	mem_free(t->speech);
	mem_free(t->heard);
	mem_free(t->true_to_a);
	mem_free(t->sent);
	stage_close(&t->s);
}

static double db_apart(const int16_t *a, const int16_t *b, size_t n)
{
	int most = 0;

	for (size_t i = 0; i < n; i++)
		most = abs(a[i] - b[i]) > most ? abs(a[i] - b[i]) : most;
	return most ? 20 * log10(most / (double)LOUD) : NOTHING;
}

static bool is_sent(const struct talk *t, size_t heard, size_t sent)
{
	const struct heard *h = &t->s.b.heard[heard];

	return h->h.n == t->sent[sent].n && !memcmp(h->payload, t->sent[sent].data, h->h.n);
}

struct row {
	const char *name;
	uint32_t clock_hz;
	unsigned channels;
	uint32_t rate_hz;
	size_t delay;  /* samples, when all is decoded and encoded */
	double midway; /* dB, where packets begin in a sound without an end; 0: not tried */
};

static const struct row rows[] = {
	{"PCMU", 8000, 1, 8000, 0, 0},
	{"G722", 8000, 1, 16000, 22, -8},
	{"G726-32", 8000, 1, 8000, 0, NOTHING},
	{"G726-40", 8000, 1, 8000, 0, 0},
	{"GSM", 8000, 1, 8000, 0, -14},
	{"opus", 48000, 2, 16000, 104, 0},
	{"opus", 48000, 2, 48000, 309, -10},
};

static const struct codec *codec_of(const struct row *row)
{
	return codec_at_rate(codec_find(slice_of(row->name), row->clock_hz, row->channels), row->rate_hz);
}

/* How far is what the far end hears in these packets from what A said, so many samples later? Where packets give way to
 * samples or the other way round, that much is heard twice or not at all; it is not looked at. */
static double db_off(const struct talk *t, const struct row *row, size_t first, size_t later)
{
	size_t at = first * t->packet + 2 * row->delay;

	return db_apart(t->heard + at, t->true_to_a + at - later, AFTER * t->packet);
}

/* The first packet behind samples that is one of A's, as are those behind it. */
static size_t first_passed(const struct talk *t)
{
	size_t i = LEFT + 1;

	while (i < OVER - AFTER - 1 && !(is_sent(t, i, i) && is_sent(t, i + 1, i + 1)))
		i++;
	return i;
}

static void check_db(const struct row *row, const char *where, double db, double most)
{
	if (db > most)
		fail_msg("%s/%u, %s: %.1f dB, and %.1f would do", row->name, row->rate_hz, where, db, most);
}

/* Somebody joins in the middle of a word: by then encoder and decoder know what they did not hear. He leaves: packets
 * begin again in a pause. */
TEST(a_change_is_heard_no_more_than_the_codec)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *row = &rows[i];
		struct talk t, never;

		talk_run(&t, codec_of(row), make_speech, true);
		talk_run(&never, codec_of(row), make_speech, false);
		check_db(row, "samples again", db_off(&t, row, JOINED, row->delay),
			db_off(&never, row, JOINED, row->delay) + WORSE);
		check_db(row, "packets again", db_off(&t, row, first_passed(&t), 0), PAUSE);
		talk_end(&t);
		talk_end(&never);
	}
}

TEST(where_no_pause_comes_packets_begin_at_last)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct talk t;

		if (rows[i].midway == 0)
			continue;
		talk_run(&t, codec_of(&rows[i]), make_vowel, true);
		check_db(&rows[i], "midway", db_off(&t, &rows[i], first_passed(&t), 0), rows[i].midway);
		talk_end(&t);
	}
}

TESTS(RUN(a_change_is_heard_no_more_than_the_codec), RUN(where_no_pause_comes_packets_begin_at_last))
