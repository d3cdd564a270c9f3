/*
 * The program's audio ports by id, for threads of the program that read and write without a detour through signalling. The
 * lock is held for a look-up, never longer, and never by the media thread.
 */
#ifndef OH_PHONE_AUDIO_TABLE_H
#define OH_PHONE_AUDIO_TABLE_H

#include "audio/program.h"
#include "base/hash.h"
#include "offhook/phone.h"

#include <pthread.h>

struct offhook_phone;

struct audio_entry {
	struct hash_node node;
	offhook_id id, slot, call;
	uint32_t rate_hz;
	struct program *program; /* one reference is the entry's; NULL: no entry */
};

struct audio_table {
	pthread_mutex_t lock;
	struct hash entries;
	bool ready;
};

/* OH_ENOMEM. seed: 16 random bytes. */
int audio_table_init(struct audio_table *t, const uint64_t seed[2]);
void audio_table_free(struct audio_table *t);
/* Signalling: e is filled but for its node. */
void audio_table_add(struct audio_table *t, struct audio_entry *e);
/* Signalling: ends the port for those who wait in it. Harmless for one that is not in. */
void audio_table_remove(struct audio_table *t, struct audio_entry *e, int why);

#endif
