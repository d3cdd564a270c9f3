/* A bridge with ports in memory: what each says is set by the test, what each heard is kept. */
#ifndef OH_TESTS_AUDIO_RIG_H
#define OH_TESTS_AUDIO_RIG_H

#include "audio/bridge.h"

#define RIG_FRAME_MAX 960

struct mem_port {
	struct port port;
	int16_t says[RIG_FRAME_MAX], heard[RIG_FRAME_MAX];
	size_t heard_n;
	bool silent;      /* pull returns false */
	bool got_silence; /* the last push was NULL */
	unsigned pulls, pushes, prepares;
	int *freed; /* counts */
	struct bridge_slot slot;
};

/* The test aborts when memory is out. freed may be NULL. */
struct mem_port *mem_port_new(uint32_t rate_hz, int *freed);
/* A bridge of this rate, 20 ms. */
struct bridge *rig_bridge(uint32_t rate_hz);
/* New port, added. */
struct mem_port *rig_add(struct bridge *b, uint32_t rate_hz, int *freed);
void rig_connect(struct bridge *b, const struct mem_port *source, const struct mem_port *sink, float level);
/* Publishes, ticks once, reaps. */
void rig_tick(struct bridge *b);

/* A small generator of our own: tests draw no randomness from the system. */
uint32_t rig_random(uint64_t *state);

#endif
