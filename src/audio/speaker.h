/*
 * Who of several people speaks. Every SPEAKER_STEP_MS the owner gives the level of each; what stands out of a voice's own
 * noise is loud. Somebody who has been loud for a while gets the floor when the present speaker has fallen silent, or when
 * he is clearly louder for as long; and who has it keeps it through short pauses and short interjections. When nobody has
 * been loud for a longer while, nobody has it.
 *
 * Plain values; one thread.
 */
#ifndef OH_AUDIO_SPEAKER_H
#define OH_AUDIO_SPEAKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPEAKER_STEP_MS 100u

struct speaker_cfg {
	uint32_t start_ms; /* loud for so long */
	uint32_t
		pause_ms; /* the present one has not been loud for so long: somebody else may have the floor */
	uint32_t quiet_ms; /* nobody has been: nobody has it */
	float margin_db;   /* louder by so much, somebody else gets it at once */
};

struct speaker_voice {
	uint64_t key;          /* not 0 */
	float level_dbov;      /* of this step */
	float floor, loudness; /* dBov: of its noise; smoothed, of what stood out */
	uint32_t loud_ms, quiet_ms;
};

struct speaker {
	struct speaker_voice *voices;
	size_t n, cap;
	uint64_t current; /* 0: nobody */
};

void speaker_init(struct speaker *s);
void speaker_free(struct speaker *s);
/* Room for the levels of n voices: their keys and level_dbov are to be written, in any order that changes little from
 * step to step. NULL: memory is out, or n is 0. */
struct speaker_voice *speaker_room(struct speaker *s, size_t n);
/* One step with the n voices that were written into the room. Who has the floor now; 0: nobody. */
uint64_t speaker_step(struct speaker *s, const struct speaker_cfg *cfg, struct speaker_voice *now, size_t n);

#endif
