#include "rtp/jbuf_shelf.h"

#include "base/mem.h"
#include "offhook/error.h"
#include "rtp/jbuf.h"

#include <assert.h>

#define FULL ((1u << JBUF_SHELF_PLACES) - 1)
#define LINE 64u /* of a cache: cells are whole ones */

static_assert(JBUF_CELLS % JBUF_ROW == 0, "rows are whole");
static_assert(sizeof(struct jbuf_cell) % LINE == 0, "a cell is whole cache lines");

struct jbuf_shelf {
	struct list node;
	uint32_t used; /* a bit for each place */
	struct jbuf_cell *cells;
};

void jbuf_shelves_init(struct jbuf_shelves *s)
{
	list_init(&s->all);
}

void jbuf_shelves_free(struct jbuf_shelves *s)
{
	LIST_FOREACH_SAFE (it, &s->all)
		mem_free(CONTAINER_OF(it, struct jbuf_shelf, node));
}

static struct jbuf_shelf *first(const struct jbuf_shelves *s)
{
	return list_empty(&s->all) ? NULL : CONTAINER_OF(list_first(&s->all), struct jbuf_shelf, node);
}

static void put_first(struct jbuf_shelves *s, struct jbuf_shelf *shelf)
{
	list_append(s->all.next, &shelf->node); /* before what is first now */
}

/* Not cleared: what is not written to costs no page. */
static struct jbuf_shelf *shelf_new(struct jbuf_shelves *s)
{
	struct jbuf_shelf *shelf =
		mem_alloc(sizeof(*shelf) + LINE + JBUF_SHELF_PLACES * JBUF_CELLS * sizeof(*shelf->cells));

	if (!shelf)
		return NULL;
	shelf->used = 0;
	shelf->cells = (struct jbuf_cell *)(((uintptr_t)(shelf + 1) + LINE - 1) / LINE * LINE);
	put_first(s, shelf);
	return shelf;
}

static int take_block(struct jbuf_room *ret_room)
{
	struct jbuf_cell *cells = mem_alloc(JBUF_CELLS * sizeof(*cells));

	if (!cells)
		return OH_ENOMEM;
	*ret_room = (struct jbuf_room){.cells = cells, .step = JBUF_ROW};
	return 0;
}

int jbuf_room_take(struct jbuf_shelves *shelves, struct jbuf_room *ret_room)
{
	struct jbuf_shelf *shelf;
	unsigned place;

	if (!shelves)
		return take_block(ret_room);
	shelf = first(shelves);
	if (!shelf || shelf->used == FULL)
		shelf = shelf_new(shelves);
	if (!shelf)
		return OH_ENOMEM;
	place = (unsigned)__builtin_ctz(~shelf->used);
	shelf->used |= 1u << place;
	if (shelf->used == FULL) {
		list_remove(&shelf->node);
		list_append(&shelves->all, &shelf->node);
	}
	*ret_room = (struct jbuf_room){.shelf = shelf,
		.cells = shelf->cells + place * JBUF_ROW,
		.step = JBUF_SHELF_PLACES * JBUF_ROW};
	return 0;
}

static void give_place(struct jbuf_shelves *s, const struct jbuf_room *room)
{
	struct jbuf_shelf *shelf = room->shelf;

	shelf->used &= ~(1u << (size_t)(room->cells - shelf->cells) / JBUF_ROW);
	list_remove(&shelf->node);
	if (!shelf->used && first(s) && first(s)->used != FULL)
		mem_free(shelf);
	else
		put_first(s, shelf);
}

void jbuf_room_give(struct jbuf_shelves *shelves, struct jbuf_room *room)
{
	if (room->shelf)
		give_place(shelves, room);
	else
		mem_free(room->cells);
	*room = (struct jbuf_room){0};
}
