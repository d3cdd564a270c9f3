/*
 * Ids: what the program holds instead of pointers. An id is kind, generation and index; the generation grows
 * each time an index changes hands, so a stale id finds nothing. Signalling thread only.
 */
#ifndef OH_PHONE_IDS_H
#define OH_PHONE_IDS_H

#include "offhook/phone.h"

#include <stddef.h>

enum id_kind {
	ID_NONE,
	ID_TRANSPORT,
	ID_ACCOUNT,
	ID_CALL,
	ID_FILE,
	ID_SLOT,
	ID_QUESTION,
	ID_TRACE,
	ID_MESSAGE,
	ID_BUDDY,
	ID_WATCHER,
	ID_REFER,
	ID_SPEAKER,
	ID_CONFERENCE,
};

struct id_entry {
	void *object; /* NULL: free */
	uint32_t generation;
	uint32_t next_free; /* index + 1 */
	enum id_kind kind;
};

struct id_table {
	struct id_entry *entries;
	uint32_t n, cap;
	uint32_t free_first, free_last; /* index + 1; a queue, so that an index rests as long as it can */
};

/* An id from its parts; ID_SLOT ids are made of the bridge's own number and generation. */
offhook_id id_make(enum id_kind kind, uint32_t generation, uint32_t index);
enum id_kind id_kind(offhook_id id);
uint32_t id_generation(offhook_id id);
uint32_t id_index(offhook_id id);

/* OH_ENOMEM. */
int ids_add(struct id_table *t, enum id_kind kind, void *object, offhook_id *ret_id);
/* NULL: never given out, of another kind, or gone. */
void *ids_find(const struct id_table *t, enum id_kind kind, offhook_id id);
void ids_remove(struct id_table *t, offhook_id id);
void ids_free(struct id_table *t);

#endif
