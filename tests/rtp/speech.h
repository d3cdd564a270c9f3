/*
 * Something that behaves like a voice: syllables of a pulse train with a moving pitch through three resonances, hissed
 * consonants, pauses of every length, over the noise of a quiet room. The same for the same seed.
 */
#ifndef OH_TESTS_RTP_SPEECH_H
#define OH_TESTS_RTP_SPEECH_H

#include <math.h>
#include <stdint.h>
#include <stddef.h>

static inline double draw(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state / 4294967296.0;
}

struct resonance {
	double a, b, y1, y2;
};

static inline void resonance_set(struct resonance *r, double hz, double width)
{
	double radius = exp(-M_PI * width / 8000);

	r->a = 2 * radius * cos(2 * M_PI * hz / 8000);
	r->b = -radius * radius;
}

static inline double resonance_run(struct resonance *r, double x)
{
	double y = x * (1 - r->a - r->b) + r->a * r->y1 + r->b * r->y2;

	r->y2 = r->y1;
	r->y1 = y;
	return y;
}

static inline void speech_make(uint32_t seed, int16_t *pcm, size_t n)
{
	static const double vowels[][3] = {{730, 1090, 2440}, {270, 2290, 3010}, {530, 1840, 2480},
		{300, 870, 2240}, {570, 840, 2410}, {640, 1190, 2390}};
	uint32_t rng = seed * 2654435761u + 1;
	struct resonance r[3] = {{0}};
	double phase = 0, pitch = 120, level = 0;
	size_t at = 0;

	while (at < n) {
		/* A phrase of some syllables, then a pause. */
		unsigned syllables = 3 + (unsigned)(draw(&rng) * 8);
		double voice = 95 + 90 * draw(&rng);

		for (unsigned s = 0; s < syllables && at < n; s++) {
			const double *v = vowels[(unsigned)(draw(&rng) * 6)];
			size_t hiss = draw(&rng) < .5 ? (size_t)(draw(&rng) * 800) : 0;
			size_t length = hiss + 800 + (size_t)(draw(&rng) * 1400);
			double goal = voice * (0.85 + 0.3 * draw(&rng)), loud = 0.5 + draw(&rng);

			for (unsigned i = 0; i < 3; i++)
				resonance_set(&r[i], v[i], 60 + 40 * i);
			for (size_t i = 0; i < length && at < n; i++, at++) {
				double noise = draw(&rng) - .5, x = 0, y;

				pitch += (goal - pitch) / 1200;
				level += ((i + 400 < length ? loud : 0) - level) / 120;
				if (i < hiss) {
					y = noise * 2500;
				} else {
					phase += pitch / 8000;
					if (phase >= 1) {
						phase -= 1;
						x = 30000;
					}
					x += noise * 200;
					y = resonance_run(&r[0], x) + .5 * resonance_run(&r[1], x) +
					    .25 * resonance_run(&r[2], x);
				}
				y = y * level + 30 * (draw(&rng) - .5);
				pcm[at] = (int16_t)(y > 32000 ? 32000 : y < -32000 ? -32000 : y);
			}
		}
		for (size_t i = 0, pause = 1200 + (size_t)(draw(&rng) * 6400); i < pause && at < n; i++, at++)
			pcm[at] = (int16_t)lrint(30 * (draw(&rng) - .5));
	}
}

#endif
