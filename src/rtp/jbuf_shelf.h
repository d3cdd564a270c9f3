/*
 * Where the jitter buffers of an engine keep their cells: several on one shelf, in rows. A row has the first few cells of
 * each of them, the next one the next few. Memory that nobody has written to costs no page, so calls cost what they use: one
 * row while the network is quiet, more when bursts have come. In a block of its own each buffer would share its pages with
 * whatever is or was beside it, and all of them would be there.
 *
 * Taken and given on signalling's side; the media thread has only the cells. Spec: none.
 */
#ifndef OH_RTP_JBUF_SHELF_H
#define OH_RTP_JBUF_SHELF_H

#include "base/list.h"

#include <stdint.h>

#define JBUF_ROW          4u  /* cells of one buffer in a row */
#define JBUF_SHELF_PLACES 16u /* buffers */

struct jbuf_cell;
struct jbuf_shelf;

struct jbuf_shelves {
	struct list all; /* those with free places first */
};

struct jbuf_room {
	struct jbuf_shelf *shelf; /* NULL: a block of its own */
	struct jbuf_cell *cells;  /* the first row's */
	uint32_t step;            /* to those of the next row, in cells */
};

void jbuf_shelves_init(struct jbuf_shelves *s);
/* All places have been given back. */
void jbuf_shelves_free(struct jbuf_shelves *s);

/* shelves: borrowed until the room is given back; NULL: a block of its own. OH_ENOMEM. */
int jbuf_room_take(struct jbuf_shelves *shelves, struct jbuf_room *ret_room);
/* One that was never taken (all zero) is nothing to give. The last empty shelf stays: the next call begins without it. */
void jbuf_room_give(struct jbuf_shelves *shelves, struct jbuf_room *room);

#endif
