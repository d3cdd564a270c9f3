/* The inside of the bridge, for the bridge_*.c files only. */
#ifndef OH_AUDIO_BRIDGE_IMPL_H
#define OH_AUDIO_BRIDGE_IMPL_H

#include "audio/bridge.h"
#include "audio/links.h"
#include "audio/mix.h"
#include "audio/resample.h"
#include "audio/strip.h"
#include "base/list.h"
#include "rtp/parcel.h"

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
	bool in_past, out_past;    /* packets went by the filters: what they remember is long past */
	uint16_t alone; /* ticks since samples of one that could pass packets here are all that is heard */
};

/* A port in its slot. */
struct member {
	struct retired retired;
	struct port *port;
	struct edge *edge;
	int16_t *frame; /* its last frame at the bridge's rate, on a cache line; media thread */
	void *frame_block;
	bool began; /* some plan has pulled it; media thread */
};

/* Whose: of a connection, of all that a slot gives, of all that it hears. */
enum strip_of { STRIP_LINK, STRIP_RX, STRIP_TX };

/* A strip as signalling sees it. */
struct channel {
	struct retired retired;
	struct strip strip; /* media thread */
	enum strip_of of;
	uint32_t slot;   /* number; of a connection the sink's ... */
	uint32_t source; /* ... and the source's */
	struct strip_want want;
	struct bridge_duck duck; /* trigger.generation 0: it does not */
	uint32_t delay_ms;
	struct list moving; /* bridge.moving: has not come to rest */
};

/* Of the connections that a slot hears, those with a strip: sorted by source. */
struct channels {
	struct channel **v;
	uint32_t n, cap;
};

enum slot_state { SLOT_FREE, SLOT_USED, SLOT_RESTING };

struct slot {
	enum slot_state state;
	struct member *member;
	float tx_level, rx_level;
	struct links sources, sinks;
	struct channels channels;
	struct channel *rx, *tx;           /* NULL: a constant level */
	uint64_t changed;                  /* the plan in which what it hears became something else at once */
	uint32_t want_sources, want_sinks; /* room asked for while a batch is checked */
	uint32_t number;
	uint32_t generation;     /* of the present or the last user */
	_Atomic uint32_t live;   /* the generation while it is used, else 0; for any thread */
	_Atomic uint64_t meter;  /* generation << 32 | tx << 16 | rx, peaks 0..32768 */
	_Atomic uint32_t asked;  /* ticks + 1 when somebody last asked for its power; 0: nobody has */
	_Atomic uint32_t looked; /* the same for its meter */
	_Atomic uint64_t power;  /* tx << 32 | rx, each a float: mean squares of full scale 1 */
};

/* Slots never move, so that any thread may read a meter: chunk k holds 64 << k slots. */
#define CHUNK_FIRST 64u
#define CHUNKS      26u

/* Terms of one sum: a run in plan->terms, kind by kind in this order. A source is an entry, or past the last of them a
 * connection's passage. */
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
	bool made; /* once more, for the plan after this one */
};

enum feed { FEED_NONE, FEED_DIRECT, FEED_SUM, FEED_MIX };

#define NOBODY UINT32_MAX

/* What goes through a strip: trigger and past are sources, or NOBODY. */
struct passage {
	struct strip *strip;
	struct strip_want want;
	uint32_t source, trigger, past;
	float past_level;
};

struct entry {
	struct port *port;
	const struct port_ops *ops;
	struct host_dgram *socket; /* that its turn reads first, or NULL */
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
	uint32_t tx;              /* the passage that all it hears goes through, or NOBODY */
	const struct entry *to;   /* its packets may go there as they are; NULL: it has to be samples */
	const struct entry *from; /* the other way round */
	bool handed;              /* in this tick they do */
	struct parcel_want want;
};

/* What an entry needs besides in the tick in which its plan takes over from an older one (bridge_turn.c): apart, so that
 * other ticks need not fetch it. */
struct change {
	uint64_t changed; /* as its slot's */
	uint32_t number;  /* of its slot */
	struct member *member;
	struct entry *before; /* its own in the older plan */
	bool fades, begins, pulls, heard, matched;
};

/* What a thread needs for itself while it ticks. */
struct worker {
	int16_t *scratch, *out;
	/* Room for the longest list of terms. */
	const int16_t **pointers;
	struct mix_term *weighted;
	struct mix_pair *pairs;
	uint32_t first, n; /* its turns */
};

struct plan {
	struct retired retired;
	uint64_t serial;
	size_t n_entries, n_sums;
	size_t n_rx, n_links,
		n_passages; /* of the passages, the first ones; then the connections'; then tx */
	struct entry *entries;
	struct change *changes; /* by entry */
	struct passage *passages;
	struct sum *sums;
	struct term *terms;
	const int16_t **now; /* of this tick: the frame of source i, NULL when it is silent */
	uint32_t *turns;     /* entries, thread by thread; of one thread in the order of the slots */
	unsigned n_workers;  /* threads that it takes; the first is the media thread's */
	struct worker *workers;
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
	struct list moving; /* channels */
	size_t n_channels;
	bool dirty;
	_Atomic uint64_t plans; /* serial of the newest one */
	struct retired *retired;

	_Atomic(struct plan *) published;
	_Atomic uint64_t acknowledged; /* serial of the plan that the media thread runs */
	_Atomic uint64_t ticks;

	int16_t *silence; /* media threads */

	/* Media thread. */
	struct plan *running;
	_Atomic bool rested; /* some strip has come to rest: signalling may want to know */
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

/* bridge_links.c. OH_ENOENT, OH_EINVAL; i: the number in the detail. */
int bridge_check_link(struct bridge *b, const struct bridge_link *l, size_t i, struct slot **ret_source,
	struct slot **ret_sink);
/* What the slot hears becomes something else with the next plan: it comes in over one frame. */
static inline void bridge_mark(const struct bridge *b, struct slot *s)
{
	s->changed = atomic_load_explicit(&b->plans, memory_order_relaxed) + 1;
}

/* bridge_channels.c. */
struct channel *bridge_channel_find(const struct channels *c, uint32_t source); /* NULL: none */
/* A level that is reached over one frame. */
void bridge_channel_level(struct bridge *b, struct channel *c, float level);
/* The strip of this connection goes, if there is one. */
void bridge_channel_drop(struct bridge *b, struct slot *sink, uint32_t source);
/* All of a slot that goes: its connections are gone already. */
void bridge_channels_leave(struct bridge *b, struct slot *s);
void bridge_channels_free(struct slot *s);
/* Those that came to rest and have no more to do leave. */
void bridge_channels_settle(struct bridge *b);

/* bridge_turn.c, media thread: one plan takes over from another, and who hears something else hears both for a frame,
 * the one going and the other coming. False: nobody does. */
bool turn_begin(struct plan *old, struct plan *p);
/* After all have spoken. */
void turn_frames(struct bridge *b, struct plan *old, struct plan *p, const struct audio_tick *t);
void turn_sums(const struct bridge *b, struct plan *old, struct plan *p);
/* What entry i hears in this frame, by worker `who` of both plans. NULL: silence. */
const int16_t *turn_feed(struct bridge *b, struct plan *old, struct plan *p, unsigned who, size_t i,
	const struct audio_tick *t, unsigned *ret_peak);
/* The first tick of a plan is over; was_turn: turn_begin() said so. */
void turn_end(struct plan *p, bool was_turn);

/* bridge_tick.c, for the turn. */
bool tick_pull(struct bridge *b, struct worker *d, struct entry *e, const struct audio_tick *t);
void tick_passages(struct bridge *b, struct plan *p, const struct audio_tick *t);
void tick_sum(const struct bridge *b, const struct plan *p, struct sum *s);
/* out: room for a frame that is nobody else's. */
const int16_t *tick_mix(const struct bridge *b, const struct plan *p, struct worker *d, struct entry *e,
	int16_t *out, unsigned *ret_peak);
/* Through the tx passage, if there is one. */
const int16_t *tick_through(struct bridge *b, struct plan *p, const struct entry *e, const int16_t *pcm,
	const struct audio_tick *t);

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
struct heard_set {
	struct heard *v; /* sorted by source */
	uint32_t n;
	uint32_t sum; /* result: the shared sum, or NO_SUM */
	bool alone;   /* must not share */
};
struct sharing {
	size_t n_ports, n_sources; /* sources past the ports are heard by one sink each */
	struct heard_set *sinks;   /* one for each port */
	struct term *terms;        /* result: runs of terms, growing */
	size_t n_terms, terms_cap;
	struct terms *sums; /* result */
	size_t n_sums, sums_cap;
	struct terms *rests; /* result: for each port, what it hears besides its sum */
};
/* OH_ENOMEM. */
int share_sums(struct sharing *s);

#endif
