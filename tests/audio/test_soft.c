/* Changes that do not click, ramps, delays and ducking: to the sample. */
#include "audio/bridge_impl.h"
#include "audio/rig.h"
#include "base/err.h"
#include "check.h"

#include <math.h>

#define RATE 8000u
#define N    160u

struct desk {
	struct bridge *b;
	struct mem_port *a, *c, *x, *y; /* two who speak, two who hear */
};

static void says(struct mem_port *m, int16_t value)
{
	for (size_t i = 0; i < RIG_FRAME_MAX; i++)
		m->says[i] = value;
}

static void desk_open(struct desk *d)
{
	d->b = rig_bridge(RATE);
	d->a = rig_add(d->b, RATE, NULL);
	d->c = rig_add(d->b, RATE, NULL);
	d->x = rig_add(d->b, RATE, NULL);
	d->y = rig_add(d->b, RATE, NULL);
	says(d->a, 10000);
	says(d->c, -3000);
}

static struct bridge_link link_of(const struct mem_port *source, const struct mem_port *sink, float level)
{
	return (struct bridge_link){source->slot, sink->slot, level};
}

static int16_t rounded(float f)
{
	f = f > 32767 ? 32767 : f < -32768 ? -32768 : f;
	return (int16_t)(f + (f < 0 ? -0.5f : 0.5f));
}

/* The frame that was heard is a straight line that begins behind `from` and ends at `to`. */
static void check_line(const struct mem_port *m, int from, int to)
{
	for (int i = 0; i < (int)N; i++) {
		int way = (to - from) * (i + 1);
		int want = from + (way + (way < 0 ? -(int)N / 2 : (int)N / 2)) / (int)N;

		if (m->heard[i] != want)
			fail_msg("sample %d: %d, not %d", i, m->heard[i], want);
	}
}

static void check_steady(const struct mem_port *m, int value)
{
	for (size_t i = 0; i < N; i++)
		if (m->heard[i] != value)
			fail_msg("sample %zu: %d, not %d", i, m->heard[i], value);
}

TEST(a_connection_comes_and_goes_over_a_frame)
{
	struct bridge_link l;
	struct desk d;

	desk_open(&d);
	rig_connect(d.b, d.a, d.x, 1);
	rig_tick(d.b);
	check_steady(d.x, 10000);
	/* Somebody who speaks already is heard by one more. */
	rig_connect(d.b, d.a, d.y, 1);
	rig_tick(d.b);
	check_line(d.y, 0, 10000);
	check_steady(d.x, 10000);
	rig_tick(d.b);
	check_steady(d.y, 10000);
	/* Nobody else hears him, who was pulled for this one alone: he is pulled once more. */
	l = link_of(d.a, d.y, 1);
	CHECK_OK(bridge_disconnect(d.b, &l, 1));
	rig_tick(d.b);
	check_line(d.y, 10000, 0);
	check_steady(d.x, 10000);
	l = link_of(d.a, d.x, 1);
	CHECK_OK(bridge_disconnect(d.b, &l, 1));
	d.a->pulls = d.x->pushes = 0;
	rig_tick(d.b);
	check_line(d.x, 10000, 0);
	rig_tick(d.b);
	CHECK_EQ(d.a->pulls, 1);
	CHECK_EQ(d.x->pushes, 1);
	bridge_free(d.b);
}

TEST(what_begins_is_heard_from_its_first_sample)
{
	struct desk d;

	desk_open(&d);
	rig_connect(d.b, d.a, d.x, 1);
	rig_tick(d.b);
	rig_connect(d.b, d.c, d.y, 0.5f);
	rig_tick(d.b);
	check_steady(d.y, -1500);
	/* Where something is heard already it comes in as everybody does. */
	rig_connect(d.b, d.c, d.x, 1);
	rig_tick(d.b);
	check_line(d.x, 10000, 7000);
	bridge_free(d.b);
}

TEST(whoever_leaves_the_bridge_goes_softly)
{
	int freed = 0;
	struct desk d;
	struct mem_port *guest;

	desk_open(&d);
	guest = rig_add(d.b, RATE, &freed);
	says(guest, 2000);
	rig_connect(d.b, d.a, d.x, 1);
	rig_connect(d.b, guest, d.x, 1);
	rig_tick(d.b);
	check_steady(d.x, 12000);
	CHECK_OK(bridge_remove(d.b, guest->slot));
	CHECK_OK(bridge_publish(d.b));
	bridge_tick(d.b, 0, 0);
	check_line(d.x, 12000, 10000);
	CHECK_EQ(freed, 0);
	(void)bridge_reap(d.b);
	CHECK_EQ(freed, 1);
	bridge_free(d.b);
}

TEST(levels_change_over_a_frame)
{
	struct desk d;

	desk_open(&d);
	rig_connect(d.b, d.a, d.x, 1);
	rig_tick(d.b);
	rig_connect(d.b, d.a, d.x, 0.5f);
	rig_tick(d.b);
	check_line(d.x, 10000, 5000);
	CHECK_OK(bridge_set_rx_level(d.b, d.a->slot, 3));
	rig_tick(d.b);
	check_line(d.x, 5000, 15000);
	CHECK_OK(bridge_set_tx_level(d.b, d.x->slot, 0));
	rig_tick(d.b);
	check_line(d.x, 15000, 0);
	CHECK_OK(bridge_set_tx_level(d.b, d.x->slot, 1));
	rig_tick(d.b);
	rig_tick(d.b);
	check_steady(d.x, 15000);
	/* Two plans between two ticks: from what was heard to what is wanted at last. */
	rig_connect(d.b, d.a, d.x, 1);
	CHECK_OK(bridge_publish(d.b));
	rig_connect(d.b, d.c, d.x, 1);
	rig_tick(d.b);
	check_line(d.x, 15000, 27000);
	bridge_free(d.b);
}

/* Nobody else's audio is touched by a change: one mixture among eight that stays the same. */
TEST(others_hear_no_change)
{
	struct bridge *b = rig_bridge(RATE);
	struct mem_port *p[8], *late;

	for (size_t i = 0; i < 8; i++) {
		p[i] = rig_add(b, RATE, NULL);
		says(p[i], (int16_t)(100 * (i + 1)));
	}
	late = rig_add(b, RATE, NULL);
	for (size_t i = 0; i < 8; i++) {
		for (size_t k = 0; k < 8; k++)
			if (i != k)
				rig_connect(b, p[i], p[k], 1);
	}
	rig_tick(b);
	check_steady(p[0], 3500);
	for (size_t i = 0; i < 8; i++)
		rig_connect(b, p[i], late, 1);
	rig_tick(b);
	check_line(late, 0, 3600);
	for (size_t i = 0; i < 8; i++)
		check_steady(p[i], 3600 - 100 * ((int)i + 1));
	rig_tick(b);
	check_steady(late, 3600);
	/* Now the newcomer speaks to all, and the shared sum becomes another one. */
	says(late, 1000);
	for (size_t i = 0; i < 8; i++)
		rig_connect(b, late, p[i], 1);
	rig_tick(b);
	for (size_t i = 0; i < 8; i++)
		check_line(p[i], 3600 - 100 * ((int)i + 1), 4600 - 100 * ((int)i + 1));
	bridge_free(b);
}

/* ---- ramps ---- */

/* So many frames, in which the level goes on a straight line: total samples from one level to the other. */
static void check_ramp(struct desk *d, const struct mem_port *sink, int16_t said, float from, float to,
	uint32_t total, size_t at)
{
	for (; at < total; at += N) {
		rig_tick(d->b);
		for (size_t i = 0; i < N; i++) {
			size_t k = at + i + 1;
			float level = k >= total ? to : from + (to - from) * (float)k / (float)total;

			if (sink->heard[i] != rounded((float)said * level))
				fail_msg("sample %zu: %d, not %g", at + i, sink->heard[i],
					(double)((float)said * level));
		}
	}
}

TEST(a_ramp_is_a_straight_line_and_then_a_weight)
{
	struct bridge_link l;
	struct desk d;

	desk_open(&d);
	rig_connect(d.b, d.a, d.x, 1);
	rig_connect(d.b, d.c, d.y, 1);
	rig_tick(d.b);
	l = link_of(d.a, d.x, 0.25f);
	CHECK_OK(bridge_ramp(d.b, &l, 130));
	CHECK_EQ(d.b->n_channels, 1);
	check_ramp(&d, d.x, 10000, 1, 0.25f, 1040, 0);
	check_steady(d.y, -3000);
	CHECK_EQ(d.b->n_channels, 0); /* it has come to rest */
	rig_tick(d.b);
	check_steady(d.x, 2500);
	l.level = 1;
	CHECK_OK(bridge_ramp(d.b, &l, 100));
	check_ramp(&d, d.x, 10000, 0.25f, 1, 800, 0);
	/* Bit-exact again. */
	for (size_t i = 0; i < N; i++)
		d.a->says[i] = (int16_t)(i * 7919);
	rig_tick(d.b);
	CHECK_MEM(d.x->heard, d.a->says, N * sizeof(int16_t));
	CHECK_EQ(atomic_load(&d.b->published)->n_passages, 0);
	bridge_free(d.b);
}

TEST(a_ramp_that_is_turned_round_goes_on_from_where_it_is)
{
	struct bridge_link l;
	struct desk d;

	desk_open(&d);
	/* Not connected is a level of 0. */
	l = link_of(d.a, d.x, 1);
	CHECK_OK(bridge_ramp(d.b, &l, 100));
	rig_tick(d.b);
	rig_tick(d.b);
	CHECK_EQ(d.x->heard[N - 1], 4000);
	l.level = 0;
	CHECK_OK(bridge_ramp(d.b, &l, 50));
	check_ramp(&d, d.x, 10000, 0.4f, 0, 400, 0);
	rig_tick(d.b);
	CHECK(d.x->got_silence);
	/* In mid-way the plain form is a ramp of a frame. */
	l.level = 1;
	CHECK_OK(bridge_ramp(d.b, &l, 80));
	rig_tick(d.b);
	CHECK_EQ(d.x->heard[N - 1], 2500);
	rig_connect(d.b, d.a, d.x, 0.5f);
	check_ramp(&d, d.x, 10000, 0.25f, 0.5f, N, 0);
	rig_tick(d.b);
	check_steady(d.x, 5000);
	/* And what is cut off in mid-way goes over a frame too. */
	l.level = 2;
	CHECK_OK(bridge_ramp(d.b, &l, 80));
	rig_tick(d.b);
	CHECK_EQ(d.x->heard[N - 1], 8750);
	CHECK_OK(bridge_disconnect(d.b, &l, 1));
	rig_tick(d.b);
	CHECK(d.x->heard[0] > 8700 && d.x->heard[N - 1] == 0);
	CHECK_EQ(d.b->n_channels, 0);
	bridge_free(d.b);
}

TEST(a_slot_ramps_for_all_that_it_gives_or_hears)
{
	float tx = 0, rx = 0;
	struct desk d;

	desk_open(&d);
	rig_connect(d.b, d.a, d.x, 1);
	rig_connect(d.b, d.a, d.y, 0.5f);
	rig_tick(d.b);
	CHECK_OK(bridge_ramp_level(d.b, d.a->slot, false, 2, 60));
	rig_tick(d.b);
	CHECK_EQ(d.x->heard[N - 1], rounded(10000 * (1 + 1.0f / 3)));
	CHECK_EQ(d.y->heard[N - 1], rounded(5000 * (1 + 1.0f / 3)));
	CHECK_OK(bridge_signal(d.b, d.a->slot, &tx, &rx));
	CHECK(fabsf(rx * 32768 - 13333) < 2);
	rig_tick(d.b);
	rig_tick(d.b);
	CHECK_EQ(d.x->heard[N - 1], 20000);
	rig_tick(d.b);
	CHECK_EQ(d.b->n_channels, 0);
	check_steady(d.x, 20000);
	check_steady(d.y, 10000);
	CHECK_OK(bridge_ramp_level(d.b, d.y->slot, true, 0, 40));
	CHECK_OK(bridge_set_tx_level(d.b, d.x->slot, 0.5f));
	check_ramp(&d, d.y, 10000, 1, 0, 320, 0);
	rig_tick(d.b);
	CHECK(d.y->got_silence);
	check_steady(d.x, 10000);
	/* Both at once, and the plain form in mid-way. */
	CHECK_OK(bridge_ramp_level(d.b, d.y->slot, true, 1, 40));
	CHECK_OK(bridge_ramp_level(d.b, d.a->slot, false, 1, 40));
	rig_tick(d.b);
	CHECK_OK(bridge_set_tx_level(d.b, d.y->slot, 2));
	CHECK_OK(bridge_set_rx_level(d.b, d.a->slot, 0.5f));
	rig_tick(d.b);
	CHECK_EQ(d.y->heard[N - 1], 5000);
	rig_tick(d.b);
	check_steady(d.y, 5000);
	CHECK_EQ(d.b->n_channels, 0);
	bridge_free(d.b);
}

/* ---- delays ---- */

TEST(a_delay_is_to_the_sample_and_ends_with_its_last_one)
{
	enum { MS = 33, SAMPLES = MS * 8 };
	struct desk d;
	int16_t next = 1, want = 1;
	size_t silent = 0;

	desk_open(&d);
	rig_connect(d.b, d.a, d.x, 1);
	rig_connect(d.b, d.a, d.y, 1);
	CHECK_OK(bridge_set_delay(d.b, d.a->slot, d.x->slot, MS));
	for (unsigned t = 0; t < 12; t++) {
		d.a->silent = t >= 8;
		for (size_t i = 0; i < N; i++)
			d.a->says[i] = next++;
		rig_tick(d.b);
		if (!d.a->silent)
			CHECK_MEM(d.y->heard, d.a->says, N * sizeof(int16_t));
		for (size_t i = 0; i < N; i++) {
			if (t * N + i < SAMPLES || t * N + i >= 8 * N + SAMPLES)
				CHECK_EQ(d.x->heard[i], 0);
			else
				CHECK_EQ(d.x->heard[i], want++);
		}
		silent += d.x->got_silence;
	}
	CHECK_EQ(want, 8 * N + 1); /* all of it came */
	CHECK_EQ(silent, 2);
	CHECK_OK(bridge_set_delay(d.b, d.a->slot, d.x->slot, MS));
	CHECK_OK(bridge_set_delay(d.b, d.a->slot, d.x->slot, 0));
	CHECK_EQ(d.b->n_channels, 0);
	d.a->silent = false;
	rig_tick(d.b);
	rig_tick(d.b);
	CHECK_MEM(d.x->heard, d.a->says, N * sizeof(int16_t));
	bridge_free(d.b);
}

TEST(a_delayed_connection_can_ramp_and_be_ducked)
{
	struct bridge_duck duck = {.low = 0.5f, .attack_ms = 20, .release_ms = 20};
	struct bridge_link l;
	struct desk d;

	desk_open(&d);
	duck.trigger = d.c->slot;
	d.c->silent = true;
	rig_connect(d.b, d.a, d.x, 1);
	CHECK_OK(bridge_set_delay(d.b, d.a->slot, d.x->slot, 100));
	for (unsigned t = 0; t < 6; t++)
		rig_tick(d.b);
	check_steady(d.x, 10000);
	l = link_of(d.a, d.x, 0.5f);
	CHECK_OK(bridge_ramp(d.b, &l, 40));
	check_ramp(&d, d.x, 10000, 1, 0.5f, 320, 0);
	CHECK_EQ(d.b->n_channels, 1); /* the delay goes on */
	CHECK_OK(bridge_set_duck(d.b, d.a->slot, d.x->slot, &duck));
	d.c->silent = false;
	for (unsigned t = 0; t < 6; t++)
		rig_tick(d.b);
	check_steady(d.x, 2500);
	/* Another delay: its ducking goes on as well. */
	CHECK_OK(bridge_set_delay(d.b, d.a->slot, d.x->slot, 20));
	for (unsigned t = 0; t < 6; t++)
		rig_tick(d.b);
	check_steady(d.x, 2500);
	CHECK_OK(bridge_set_delay(d.b, d.a->slot, d.x->slot, 0));
	for (unsigned t = 0; t < 6; t++)
		rig_tick(d.b);
	check_steady(d.x, 2500);
	CHECK_EQ(d.b->n_channels, 1);
	bridge_free(d.b);
}

/* ---- ducking ---- */

/* Somebody begins to speak: steady values are no silence to the detector for its first seconds. */
TEST(a_connection_is_ducked_while_another_speaks)
{
	struct bridge_duck duck = {.low = 0.25f, .attack_ms = 60, .release_ms = 600};
	struct desk d;
	int last = 10000;
	unsigned ticks = 0;

	desk_open(&d);
	duck.trigger = d.c->slot; /* nobody hears it: it is listened to all the same */
	d.c->silent = true;
	rig_connect(d.b, d.a, d.x, 1);
	CHECK_OK(bridge_set_duck(d.b, d.a->slot, d.x->slot, &duck));
	rig_tick(d.b);
	check_steady(d.x, 10000);
	d.c->silent = false;
	rig_tick(d.b);
	rig_tick(d.b);
	check_steady(d.x, 10000); /* not yet speech: 60 ms make it */
	check_ramp(&d, d.x, 10000, 1, 0.25f, 480, 0);
	rig_tick(d.b);
	check_steady(d.x, 2500);
	/* 400 ms after the last word it comes back, and on its way goes down again at the same pace. */
	d.c->silent = true;
	for (unsigned t = 0; t < 19; t++)
		rig_tick(d.b);
	check_steady(d.x, 2500);
	for (unsigned t = 0; t < 10; t++)
		rig_tick(d.b);
	CHECK_EQ(d.x->heard[N - 1], 5000);
	d.c->silent = false;
	do {
		last = d.x->heard[N - 1];
		rig_tick(d.b);
		ticks++;
	} while (d.x->heard[N - 1] > last);
	CHECK(ticks <= 4);
	while (d.x->heard[N - 1] < last) {
		last = d.x->heard[N - 1];
		rig_tick(d.b);
		ticks++;
	}
	CHECK(ticks <= 7);
	check_steady(d.x, 2500);
	/* No more ducking: up over a release, and a plain weight again. */
	CHECK_OK(bridge_set_duck(d.b, d.a->slot, d.x->slot, NULL));
	check_ramp(&d, d.x, 10000, 0.25f, 1, 4800, 0);
	CHECK_EQ(d.b->n_channels, 0);
	CHECK_OK(bridge_set_duck(d.b, d.a->slot, d.x->slot, NULL));
	bridge_free(d.b);
}

TEST(all_that_a_slot_hears_is_ducked_but_who_speaks)
{
	struct bridge_duck duck = {.low = 0, .attack_ms = 0, .release_ms = 0};
	struct desk d;
	struct mem_port *music;

	desk_open(&d);
	music = rig_add(d.b, RATE, NULL);
	says(music, 500);
	duck.trigger = d.c->slot;
	d.c->silent = true;
	rig_connect(d.b, d.a, d.x, 1);
	rig_connect(d.b, music, d.x, 1);
	rig_connect(d.b, d.c, d.x, 0.5f);
	CHECK_OK(bridge_set_tx_duck(d.b, d.x->slot, NULL));
	CHECK_OK(bridge_set_tx_duck(d.b, d.x->slot, &duck));
	rig_tick(d.b);
	check_steady(d.x, 10500);
	d.c->silent = false;
	rig_tick(d.b);
	rig_tick(d.b);
	check_steady(d.x, 9000);
	rig_tick(d.b);
	rig_tick(d.b);
	check_steady(d.x, -1500);
	/* A ramp of the slot is one of the trigger too; a ramp of the trigger's connection goes past likewise. */
	CHECK_OK(bridge_ramp_level(d.b, d.x->slot, true, 2, 40));
	rig_tick(d.b);
	rig_tick(d.b);
	rig_tick(d.b);
	check_steady(d.x, -3000);
	{
		struct bridge_link l = link_of(d.c, d.x, 1);

		CHECK_OK(bridge_ramp(d.b, &l, 40));
	}
	rig_tick(d.b);
	rig_tick(d.b);
	rig_tick(d.b);
	check_steady(d.x, -6000);
	/* The trigger goes: nobody is ducked for ever. */
	CHECK_OK(bridge_remove(d.b, d.c->slot));
	for (unsigned t = 0; t < 25; t++)
		rig_tick(d.b);
	check_steady(d.x, 21000);
	CHECK_OK(bridge_set_tx_duck(d.b, d.x->slot, NULL));
	rig_tick(d.b);
	rig_tick(d.b);
	CHECK_EQ(d.b->n_channels, 0);
	check_steady(d.x, 21000);
	bridge_free(d.b);
}

/* ---- what is refused ---- */

TEST(impossible_wishes_are_refused)
{
	struct bridge_duck duck = {.low = 0.5f, .attack_ms = 20, .release_ms = 20};
	struct bridge_slot nobody = {77, 1};
	struct bridge_link l;
	struct desk d;

	desk_open(&d);
	l = link_of(d.a, d.x, 1);
	CHECK_EQ(bridge_ramp(d.b, &l, 60001), OH_EINVAL);
	l.level = 65;
	CHECK_EQ(bridge_ramp(d.b, &l, 100), OH_EINVAL);
	l = (struct bridge_link){nobody, d.x->slot, 1};
	CHECK_EQ(bridge_ramp(d.b, &l, 100), OH_ENOENT);
	CHECK_EQ(bridge_ramp_level(d.b, nobody, true, 1, 100), OH_ENOENT);
	CHECK_EQ(bridge_ramp_level(d.b, d.x->slot, true, -1, 100), OH_EINVAL);
	CHECK_EQ(bridge_ramp_level(d.b, d.x->slot, false, 1, 60001), OH_EINVAL);
	CHECK_EQ(bridge_set_delay(d.b, d.a->slot, d.x->slot, 100), OH_ENOENT); /* not connected */
	CHECK_EQ(bridge_set_duck(d.b, d.a->slot, nobody, NULL), OH_ENOENT);
	rig_connect(d.b, d.a, d.x, 1);
	CHECK_EQ(bridge_set_delay(d.b, d.a->slot, d.x->slot, 1001), OH_EINVAL);
	CHECK_EQ(bridge_set_tx_duck(d.b, nobody, NULL), OH_ENOENT);
	duck.trigger = nobody;
	CHECK_EQ(bridge_set_duck(d.b, d.a->slot, d.x->slot, &duck), OH_ENOENT);
	duck.trigger = d.c->slot;
	duck.low = 1.5f;
	CHECK_EQ(bridge_set_duck(d.b, d.a->slot, d.x->slot, &duck), OH_EINVAL);
	duck.low = 0.5f;
	duck.attack_ms = 60001;
	CHECK_EQ(bridge_set_tx_duck(d.b, d.x->slot, &duck), OH_EINVAL);
	duck.attack_ms = 20;
	duck.release_ms = 60001;
	CHECK_EQ(bridge_set_duck(d.b, d.a->slot, d.x->slot, &duck), OH_EINVAL);
	CHECK_EQ(d.b->n_channels, 0);
	bridge_free(d.b);
}

/* Whatever fails for want of memory leaves no trace, and who goes takes his strips along. */
TEST(memory_may_run_out)
{
	struct bridge_duck duck = {.low = 0.5f, .attack_ms = 20, .release_ms = 20};
	struct desk d;

	desk_open(&d);
	duck.trigger = d.c->slot;
	for (unsigned step = 0; step < 6; step++) {
		int err = OH_ENOMEM;

		for (unsigned n = 1; err; n++) {
			struct bridge_link l = link_of(d.a, step < 3 ? d.x : d.y, 0.5f);

			mem_fail_at(n);
			switch (step) {
			case 0:
			case 3:
				err = bridge_ramp(d.b, &l, 100);
				break;
			case 1:
				err = bridge_set_delay(d.b, d.a->slot, d.x->slot, 50);
				break;
			case 2:
				err = bridge_set_tx_duck(d.b, d.x->slot, &duck);
				break;
			case 4:
				err = bridge_ramp_level(d.b, d.a->slot, false, 2, 100);
				break;
			default:
				err = bridge_publish(d.b);
			}
			mem_fail_at(0);
			if (err)
				CHECK_EQ(err, OH_ENOMEM);
		}
	}
	CHECK_EQ(d.b->n_channels, 4);
	rig_tick(d.b);
	CHECK_OK(bridge_remove(d.b, d.x->slot));
	CHECK_EQ(d.b->n_channels, 2);
	rig_tick(d.b);
	bridge_free(d.b);
}

TESTS(RUN(a_connection_comes_and_goes_over_a_frame), RUN(what_begins_is_heard_from_its_first_sample),
	RUN(whoever_leaves_the_bridge_goes_softly), RUN(levels_change_over_a_frame),
	RUN(others_hear_no_change), RUN(a_ramp_is_a_straight_line_and_then_a_weight),
	RUN(a_ramp_that_is_turned_round_goes_on_from_where_it_is),
	RUN(a_slot_ramps_for_all_that_it_gives_or_hears),
	RUN(a_delay_is_to_the_sample_and_ends_with_its_last_one),
	RUN(a_delayed_connection_can_ramp_and_be_ducked), RUN(a_connection_is_ducked_while_another_speaks),
	RUN(all_that_a_slot_hears_is_ducked_but_who_speaks), RUN(impossible_wishes_are_refused),
	RUN(memory_may_run_out))
