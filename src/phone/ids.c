#include "phone/ids.h"

#include "base/mem.h"

/* kind: 4 bits, generation: 32, index: 28. */
#define INDEX_BITS 28
#define INDEX_MAX  ((1u << INDEX_BITS) - 1u)

offhook_id id_make(enum id_kind kind, uint32_t generation, uint32_t index)
{
	return (offhook_id)kind << 60 | (offhook_id)generation << INDEX_BITS | (index & INDEX_MAX);
}

enum id_kind id_kind(offhook_id id)
{
	return (enum id_kind)(id >> 60);
}

uint32_t id_generation(offhook_id id)
{
	return (uint32_t)(id >> INDEX_BITS);
}

uint32_t id_index(offhook_id id)
{
	return (uint32_t)id & INDEX_MAX;
}

static int grow(struct id_table *t)
{
	uint32_t cap = t->cap ? t->cap * 2 : 16;
	struct id_entry *entries;

	if (cap > INDEX_MAX)
		return OH_ETOOMANY;
	entries = mem_realloc(t->entries, cap * sizeof(*entries));
	if (!entries)
		return OH_ENOMEM;
	t->entries = entries;
	t->cap = cap;
	return 0;
}

int ids_add(struct id_table *t, enum id_kind kind, void *object, offhook_id *ret_id)
{
	struct id_entry *e;
	uint32_t index;

	if (t->free_first) {
		index = t->free_first - 1;
		e = &t->entries[index];
		t->free_first = e->next_free;
		if (!t->free_first)
			t->free_last = 0;
	} else {
		int err = t->n == t->cap ? grow(t) : 0;

		if (err)
			return err;
		index = t->n++;
		e = &t->entries[index];
		e->generation = 1;
	}
	e->object = object;
	e->kind = kind;
	e->next_free = 0;
	*ret_id = id_make(kind, e->generation, index);
	return 0;
}

static struct id_entry *entry_of(const struct id_table *t, offhook_id id)
{
	uint32_t index = id_index(id);

	if (index >= t->n)
		return NULL;
	struct id_entry *e = &t->entries[index];

	return e->object && e->generation == id_generation(id) && e->kind == id_kind(id) ? e : NULL;
}

void *ids_find(const struct id_table *t, enum id_kind kind, offhook_id id)
{
	struct id_entry *e = entry_of(t, id);

	return e && e->kind == kind ? e->object : NULL;
}

void ids_remove(struct id_table *t, offhook_id id)
{
	struct id_entry *e = entry_of(t, id);
	uint32_t index = id_index(id);

	if (!e)
		return;
	e->object = NULL;
	/* An index that has used up its generations is never given out again. */
	if (++e->generation == 0)
		return;
	e->next_free = 0;
	if (t->free_last)
		t->entries[t->free_last - 1].next_free = index + 1;
	else
		t->free_first = index + 1;
	t->free_last = index + 1;
}

void ids_free(struct id_table *t)
{
	mem_free(t->entries);
	*t = (struct id_table){0};
}
