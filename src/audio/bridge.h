/*
 * The conference bridge: slots, and directed connections between them with levels. Each sink hears the sum of its
 * sources; 16-bit samples, sums in 32 bits, clamped once at the end. One source to one sink at level 1 is bit-exact.
 *
 * Signalling owns slots and connections. The media thread runs a plan that signalling prepared and published with
 * one atomic exchange. A change marks the plan dirty; bridge_publish(), once per wake-up, builds the new one. What a
 * plan no longer names is freed by bridge_reap() after the media thread has acknowledged a later plan.
 *
 * A level is kept in steps of 1/4096; what a source's rx level and a connection's level make together is cut at
 * BRIDGE_LEVEL_MAX. The sum of the levels that one sink hears is at most 65,535 (so that 32 bits hold it): above that
 * they are scaled down together.
 *
 * Two ports of a kind that can (calls of one codec) pass packets on undecoded while one hears nobody but the other,
 * unchanged, and nobody else hears that one; anything else that wants samples gets them from the same tick on. Packets that
 * need those before them begin to pass in quiet places.
 *
 * Changes are soft: a sink that hears something else with a new plan hears the old and the new one for a frame, the one going
 * and the other coming. Who speaks for the first time with the plan that connects him is heard from his first sample, if nothing
 * else was heard there. Ramps, delays and ducking pass a strip (audio/strip.h), which costs its sink a term.
 *
 * Cost: sinks that hear the same set of sources at the same levels share one sum, and each hears it minus itself:
 * all-to-all over N ports is O(N). A sink that differs from a shared set by k sources costs O(k) more. Building a
 * plan is linear in the connections.
 */
#ifndef OH_AUDIO_BRIDGE_H
#define OH_AUDIO_BRIDGE_H

#include "audio/port.h"

struct bridge;

#define BRIDGE_LEVEL_UNITY 1.0f
#define BRIDGE_LEVEL_MAX   64.0f

struct bridge_cfg {
	uint32_t rate_hz;   /* 8000, 16000 (default), 32000, 48000 */
	uint32_t frame_ms;  /* 10 or 20 (default) */
	uint32_t max_ports; /* 0: memory only; slot 0 counts */
	/*
	 * So many threads tick together: ports that can (calls) have their turns on any of them, by a rule that knows the
	 * plan alone, all others and the sums on the one that ticks. What comes out is the same. run calls fn(fn_arg, k) for
	 * k < n at once and returns when all have returned; NULL: one after the other.
	 */
	unsigned threads; /* 0 = 1 (default) */
	void (*run)(void *run_arg, unsigned n, void (*fn)(void *fn_arg, unsigned who), void *fn_arg);
	void *run_arg;
	/* Of each of the threads, for packets; entries may be NULL, and change while no tick runs. NULL: none. */
	struct host_lane *const *lanes;
};
void bridge_cfg_defaults(struct bridge_cfg *cfg);

/* Slot 0 is there at once: the null device (silent source, swallowing sink). OH_EINVAL, OH_ENOMEM. */
int bridge_new(const struct bridge_cfg *cfg, struct bridge **ret_bridge);
/* No tick may run any more. Frees all ports. Returns NULL. */
struct bridge *bridge_free(struct bridge *b);

/* A slot as the library knows it: number and generation, so that a late command cannot join the wrong people. */
struct bridge_slot {
	uint32_t number, generation;
};
#define BRIDGE_SLOT_0 ((struct bridge_slot){0, 1})

/* ---- signalling thread ---- */

/* Takes the port; it is given and given to from the next published plan on. Lowest free number first. OH_ETOOMANY
 * (max_ports), OH_ENOMEM: the port stays the caller's. */
int bridge_add(struct bridge *b, struct port *port, struct bridge_slot *ret_slot);
/* The port goes, with every connection to and from it; ops->free runs later. The number rests until
 * bridge_number_release(): a program may still hold it. OH_ENOENT. */
int bridge_remove(struct bridge *b, struct bridge_slot slot);
void bridge_number_release(struct bridge *b, uint32_t number);
/* Drops every connection to and from a slot; the port stays (hold, resume, new codec). */
int bridge_disconnect_all(struct bridge *b, struct bridge_slot slot);
/* Replaces the port in slot 0 (a sound device); NULL: the null device again. */
int bridge_set_device(struct bridge *b, struct port *port);
/* Is there something else than the null device? */
bool bridge_has_device(const struct bridge *b);
/* The port's rate has changed (new codec): takes effect with the next plan. */
int bridge_rate_changed(struct bridge *b, struct bridge_slot slot, uint32_t rate_hz);

struct bridge_link {
	struct bridge_slot source, sink;
	float level; /* 0..BRIDGE_LEVEL_MAX, 1 = unchanged */
};
/* Connecting what is connected sets the level and succeeds. source == sink loops back. All or nothing: OH_ENOENT or
 * OH_EINVAL names the first bad link in the error detail. */
int bridge_connect(struct bridge *b, const struct bridge_link *links, size_t n);
/* What is not connected is skipped silently. */
int bridge_disconnect(struct bridge *b, const struct bridge_link *links, size_t n);

/* Connects, or sets the level, on a straight line over ms from what it is now (0: not connected); up to a frame as
 * bridge_connect(). OH_ENOENT, OH_EINVAL, OH_ENOMEM. */
#define BRIDGE_RAMP_MAX_MS 60000u
int bridge_ramp(struct bridge *b, const struct bridge_link *link, uint32_t ms);
/* The same for a slot's tx or rx level. */
int bridge_ramp_level(struct bridge *b, struct bridge_slot slot, bool tx, float level, uint32_t ms);

/* What is said is heard so much later, 0: at once; what is on its way when that changes is lost. OH_ENOENT (also: not
 * connected), OH_EINVAL, OH_ENOMEM. */
#define BRIDGE_DELAY_MAX_MS 1000u
int bridge_set_delay(struct bridge *b, struct bridge_slot source, struct bridge_slot sink, uint32_t ms);

/* While the trigger speaks (audio/vad.h), no more than `low` is left. */
struct bridge_duck {
	struct bridge_slot trigger;
	float low;                      /* 0..1 */
	uint32_t attack_ms, release_ms; /* for the whole way; at least a frame; up to BRIDGE_RAMP_MAX_MS */
};
/* Of one connection; NULL: no more. It ends with the trigger's slot or the connection. OH_ENOENT, OH_EINVAL, OH_ENOMEM. */
int bridge_set_duck(
	struct bridge *b, struct bridge_slot source, struct bridge_slot sink, const struct bridge_duck *duck);
/* Of all that a slot hears but the trigger. */
int bridge_set_tx_duck(struct bridge *b, struct bridge_slot slot, const struct bridge_duck *duck);

/* What was set; of a duck that is none, or whose trigger has gone, the trigger's generation is 0. OH_ENOENT (also: not
 * connected). */
struct bridge_link_info {
	float level; /* there, or on the way there */
	uint32_t delay_ms;
	struct bridge_duck duck;
};
int bridge_link_info(struct bridge *b, struct bridge_slot source, struct bridge_slot sink,
	struct bridge_link_info *ret_info);
int bridge_tx_duck(struct bridge *b, struct bridge_slot slot, struct bridge_duck *ret_duck);

/* Factor on all that the bridge sends to the slot (tx) / receives from it (rx), 0..BRIDGE_LEVEL_MAX. */
int bridge_set_tx_level(struct bridge *b, struct bridge_slot slot, float level);
int bridge_set_rx_level(struct bridge *b, struct bridge_slot slot, float level);
/* Peak of the last frame sent to / received from the slot, 0..1 (level meters; a moment's view). Any thread. What goes
 * from call to call as packets has no level; looking at either meter makes it samples for a second, so the next look shows
 * one. */
int bridge_signal(const struct bridge *b, struct bridge_slot slot, float *ret_tx, float *ret_rx);

/* Mean squares of full scale 1, of what it was sent and gave, over an eighth of a second. Measured while somebody asks once
 * a second; the first answer is zero. OH_ENOENT. */
int bridge_power(struct bridge *b, struct bridge_slot slot, float *ret_tx, float *ret_rx);

/* The current slot of a plain number (what Python sees). OH_ENOENT. */
int bridge_slot_of(const struct bridge *b, uint32_t number, struct bridge_slot *ret_slot);
struct bridge_slot_info {
	struct bridge_slot slot;
	const char *kind;
	uint32_t rate_hz;
	float tx_level, rx_level;
	size_t n_sinks, n_sources;
};
int bridge_slot_info(const struct bridge *b, struct bridge_slot slot, struct bridge_slot_info *ret_info);
/* The slots that hear this one: up to cap into ret_sinks; returns how many there are. */
size_t bridge_sinks(
	const struct bridge *b, struct bridge_slot slot, struct bridge_slot *ret_sinks, size_t cap);
/* The slots that this one hears, likewise. */
size_t bridge_sources(
	const struct bridge *b, struct bridge_slot slot, struct bridge_slot *ret_sources, size_t cap);
size_t bridge_slots(const struct bridge *b, struct bridge_slot *ret_slots, size_t cap);

/* If something changed: builds and publishes the new plan. OH_ENOMEM: the old one goes on and the change is tried
 * again with the next call. */
int bridge_publish(struct bridge *b);
/* Frees what the media thread has let go of. True when something still waits for an acknowledgement. */
bool bridge_reap(struct bridge *b);
/* No thread ticks the bridge now: what is published counts as acknowledged. */
void bridge_acknowledge(struct bridge *b);

/* ---- media thread ---- */
/* One frame. True when a new plan took over, so that signalling has something to reap. */
bool bridge_tick(struct bridge *b, uint64_t due_ns, uint64_t now_ns);

/* ---- any thread ---- */
struct bridge_counters {
	uint64_t ticks, plans;
	size_t ports, links, retired;
};
void bridge_counters(const struct bridge *b, struct bridge_counters *ret_counters);

#endif
