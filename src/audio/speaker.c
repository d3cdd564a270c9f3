#include "audio/speaker.h"

#include "base/mem.h"

#define LEAST_DBOV  (-50.0f) /* softer is no voice */
#define FLOOR_DBOV  (-70.0f) /* no line is believed to be quieter */
#define OUT_DB      8.0f     /* what stands out of the noise */
#define FLOOR_RISE  0.15f    /* dB a step: speech has pauses, noise has none */
#define SMOOTHING   0.3f
#define SILENT_DBOV (-96.0f)

void speaker_init(struct speaker *s)
{
	*s = (struct speaker){0};
}

void speaker_free(struct speaker *s)
{
	mem_free(s->voices);
	*s = (struct speaker){0};
}

/* Two halves: the voices of the last step, and room for those of this one. */
struct speaker_voice *speaker_room(struct speaker *s, size_t n)
{
	struct speaker_voice *voices;

	if (n <= s->cap)
		return s->cap ? s->voices + s->cap : NULL;
	voices = mem_alloc(2 * n * sizeof(*voices));
	if (!voices)
		return NULL;
	for (size_t i = 0; i < s->n; i++)
		voices[i] = s->voices[i];
	mem_free(s->voices);
	s->voices = voices;
	s->cap = n;
	return voices + n;
}

/* Mostly it stands where it stood. */
static const struct speaker_voice *before(const struct speaker *s, uint64_t key, size_t hint)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct speaker_voice *v = &s->voices[(hint + i) % s->n];

		if (v->key == key)
			return v;
	}
	return NULL;
}

static void listen(struct speaker_voice *v, const struct speaker_voice *old)
{
	float level = v->level_dbov < SILENT_DBOV ? SILENT_DBOV : v->level_dbov;
	bool loud;

	v->floor = old ? old->floor + FLOOR_RISE : FLOOR_DBOV;
	loud = level > LEAST_DBOV && level > v->floor + OUT_DB;
	if (v->floor > level)
		v->floor = level;
	if (v->floor < FLOOR_DBOV)
		v->floor = FLOOR_DBOV;
	v->loudness = old ? old->loudness : SILENT_DBOV;
	v->loudness += ((loud ? level : SILENT_DBOV) - v->loudness) * SMOOTHING;
	v->loud_ms = loud ? (old ? old->loud_ms : 0) + SPEAKER_STEP_MS : 0;
	v->quiet_ms = loud ? 0 : (old ? old->quiet_ms : 0) + SPEAKER_STEP_MS;
}

uint64_t speaker_step(struct speaker *s, const struct speaker_cfg *cfg, struct speaker_voice *now, size_t n)
{
	const struct speaker_voice *best = NULL, *current = NULL;

	for (size_t i = 0; i < n; i++) {
		listen(&now[i], before(s, now[i].key, i));
		if (now[i].loud_ms >= cfg->start_ms && now[i].loud_ms &&
			(!best || now[i].loudness > best->loudness))
			best = &now[i];
		if (now[i].key == s->current)
			current = &now[i];
	}
	if (best && best != current &&
		(!current || current->quiet_ms >= cfg->pause_ms ||
			best->loudness > current->loudness + cfg->margin_db))
		s->current = best->key;
	else if (!current || current->quiet_ms >= cfg->quiet_ms)
		s->current = 0;
	for (size_t i = 0; i < n; i++)
		s->voices[i] = now[i];
	s->n = n;
	return s->current;
}
