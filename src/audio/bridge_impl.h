/* The inside of the bridge, for the bridge_*.c files only. */
#ifndef OH_AUDIO_BRIDGE_IMPL_H
#define OH_AUDIO_BRIDGE_IMPL_H

#include "audio/bridge.h"
#include "audio/links.h"
#include "audio/mix.h"
#include "audio/resample.h"

#include <stdatomic.h>

#define CACHE_LINE 64u

/* The first line within a block that has room for one more. */
static inline void *on_cache_line(void *block)
{
	return (void *)(((uintptr_t)block + CACHE_LINE - 1) & ~(uintptr_t)(CACHE_LINE - 1));
}

/* First member of what plans refer to. It is freed once the media thread runs plan `serial` or a later one;
 * serial 0: the plan without it has not been published yet. */
struct retired {
	struct retired *next;
	uint64_t serial;
	void (*free)(struct retired *r);
};

/* What a port needs at the bridge's edge for its own rate. Media thread state; replaced when the rate
 * changes. */
struct edge {
	struct retired retired;
	uint32_t rate_hz;
	size_t n;                  /* samples in a frame at that rate */
	struct resample *in, *out; /* NULL: the rates agree */
	uint8_t in_tail, out_tail; /* frames of silence that the filters still have to see */
};

/* A port in its slot. */
struct member {
	struct retired retired;
	struct port *port;
	struct edge *edge;
	int16_t *frame; /* its last frame at the bridge's rate, on a cache line; media thread */
	void *frame_block;
};

enum slot_state { SLOT_FREE, SLOT_USED, SLOT_RESTING };

struct slot {
	enum slot_state state;
	struct member *member;
	float tx_level, rx_level;
	struct links sources, sinks;
	uint32_t want_sources, want_sinks; /* room asked for while a batch is checked */
	uint32_t index;                    /* in the plan being built */
	uint32_t generation;               /* of the present or the last user */
	_Atomic uint32_t live;             /* the generation while it is used, else 0; for any thread */
	_Atomic uint64_t meter;            /* generation << 32 | tx << 16 | rx, peaks 0..32768 */
	_Atomic uint32_t asked;            /* ticks + 1 when somebody last asked for its power; 0: nobody has */
	_Atomic uint64_t power;            /* tx << 32 | rx, each a float: mean squares of full scale 1 */
};

/* Slots never move, so that any thread may read a meter: chunk k holds 64 << k slots. */
#define CHUNK_FIRST 64u
#define CHUNKS      26u

/* Terms of one sum: a run in plan->terms, kind by kind in this order. */
struct term {
	uint32_t source;
	int32_t weight;
};
struct terms {
	uint32_t first, n_adds, n_subs, n_wholes, n_parts;
};

#define NO_SUM UINT32_MAX

/* A sum that several sinks share. */
struct sum {
	struct terms terms;
	int32_t *hi, *lo; /* lo NULL: all weights are whole */
	int16_t *pcm;     /* the finished frame, when some sink hears just this; else NULL */
	unsigned peak;
	bool live; /* of this tick: some source speaks */
};

enum feed { FEED_NONE, FEED_DIRECT, FEED_SUM, FEED_MIX };

struct entry {
	struct port *port;
	const struct port_ops *ops;
	struct edge *edge;
	int16_t *frame;
	struct slot *slot;
	uint32_t generation;
	uint64_t meter;   /* as last written */
	unsigned rx_peak; /* of this tick, before rx_gain */
	bool measured;    /* somebody asks for its power */
	float rx_power;   /* of this tick, likewise */
	float rx_gain;
	enum feed feed;
	bool pulls, heard; /* heard: by somebody, else the frame is thrown away */
	bool pushes;
	float gain;
	uint32_t base; /* FEED_DIRECT: the source; else the sum, or NO_SUM */
	struct terms terms;
};

struct plan {
	struct retired retired;
	uint64_t serial;
	size_t n_entries, n_sums;
	struct entry *entries;
	struct sum *sums;
	struct term *terms;
	const int16_t **now; /* of this tick: the frame of entry i, NULL when it is silent */
	/* Room for the longest list of terms. */
	const int16_t **pointers;
	struct mix_term *weighted;
	struct mix_pair *pairs;
	void *block; /* where all of these lie, but for the terms */
};

struct bridge {
	struct bridge_cfg cfg;
	size_t n, stride; /* samples in a frame, and what a buffer of one has room for */
	const struct mix_ops *mix;
	struct slot *chunks[CHUNKS];
	_Atomic uint32_t n_slots; /* in the chunks, used or not */
	uint32_t lowest_free;     /* no free number is below */
	_Atomic size_t n_ports, n_links, n_retired;
	struct port null_device;
	bool dirty;
	_Atomic uint64_t plans; /* serial of the newest one */
	struct retired *retired;

	_Atomic(struct plan *) published;
	_Atomic uint64_t acknowledged; /* serial of the plan that the media thread runs */
	_Atomic uint64_t ticks;

	/* Media thread. */
	int16_t *silence, *scratch, *out;
};

/* So long a question for the power of a slot is good for. */
#define ASKED_MS 1000u
/* Both in ticks + 1; asked 0: nobody has. */
static inline bool bridge_still_asked(const struct bridge *b, uint32_t asked, uint32_t now)
{
	return asked && now - asked <= ASKED_MS / b->cfg.frame_ms;
}

/* NULL: there is none of that number. */
struct slot *bridge_slot_at(const struct bridge *b, uint32_t number);
/* NULL: nobody is there, or somebody else. */
struct slot *bridge_slot_used(const struct bridge *b, struct bridge_slot id);

/* Puts it on the list of those that wait for an acknowledgement. */
void bridge_retire(struct bridge *b, struct retired *r, uint64_t serial);

/* bridge_edge.c. OH_EINVAL (rate), OH_ENOMEM. */
int edge_new(const struct bridge *b, uint32_t rate_hz, struct edge **ret_edge);
struct edge *edge_free(struct edge *e);

/* bridge_plan.c. OH_ENOMEM. */
int plan_new(struct bridge *b, uint64_t serial, struct plan **ret_plan);
struct plan *plan_free(struct plan *p);

/* bridge_share.c: what each sink hears, and which sinks share a sum. */
struct heard {
	uint32_t source;
	int32_t weight;
};
struct hearing {
	struct heard *v; /* sorted by source */
	uint32_t n;
	uint32_t sum; /* result: the shared sum, or NO_SUM */
	bool alone;   /* must not share */
};
struct sharing {
	size_t n_ports;
	struct hearing *sinks; /* one for each port */
	struct term *terms;    /* result: runs of terms, growing */
	size_t n_terms, terms_cap;
	struct terms *sums; /* result */
	size_t n_sums, sums_cap;
	struct terms *rests; /* result: for each port, what it hears besides its sum */
};
/* OH_ENOMEM. */
int share_sums(struct sharing *s);

#endif
