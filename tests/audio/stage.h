/*
 * A machine with an engine and two calls on its bridge. The far ends are bare sockets, so that every packet that leaves
 * can be held against what came.
 */
#ifndef OH_TESTS_AUDIO_STAGE_H
#define OH_TESTS_AUDIO_STAGE_H

#include "audio/bridge.h"
#include "host/sim/sim.h"
#include "rtp/rtp.h"
#include "rtp/stream.h"

#define MS    NS_PER_MS
#define PT    0
#define DTMF  101
#define BYTES 160u
#define HEARD 600u

struct heard {
	struct rtp_packet h;
	uint8_t payload[CODEC_FRAME_MAX];
};

struct stage;

/* A far end and our call with it. */
struct leg {
	struct host_dgram *far, *far_rtcp;
	struct stream *stream;
	struct netaddr ours;
	struct bridge_slot slot;
	uint32_t n_sent;
	struct heard *heard;
	size_t n_heard;
};

struct stage {
	struct sim *sim;
	struct host *host, *away;
	struct engine *engine;
	struct bridge *bridge;
	struct stream_params params;
	struct leg a, b;
	/* what is said in a packet: `bytes` of them by `sound`, or by `make`, which returns how many */
	uint8_t (*sound)(uint32_t i);
	uint32_t bytes;
	size_t (*make)(struct stage *s, struct leg *l, uint8_t *to);
	uint32_t ms;     /* of a far end's packets */
	uint32_t now_ms; /* so long they have been talking */
	/* fate of the n-th packet of a */
	bool (*lost)(uint32_t n);
};

/* Every code but minus zero, which comes back from the mix as plus zero. */
uint8_t every_code(uint32_t i);

void stage_open(struct stage *s, uint32_t bridge_hz, const char *codec, uint32_t clock_hz);
/* The same with all that is agreed: remote addresses are filled in. */
void stage_open_params(struct stage *s, uint32_t bridge_hz, const struct stream_params *p);
void stage_params(struct stream_params *p, const struct codec *c, uint32_t ptime_ms);
void stage_close(struct stage *s);
/* The call's agreement with its far end is made anew. */
void stage_apply(struct leg *l, struct stream_params p);
void link_up(struct stage *s, struct bridge_slot from, struct bridge_slot to, float level);
void link_down(struct stage *s, struct bridge_slot from, struct bridge_slot to);
/* Both hear each other. */
void join(struct stage *s);
/* Both ends send their packets for so long: whole tens of ms. */
void talk_for(struct stage *s, uint32_t ms);
/* So many packets of both. */
void talk(struct stage *s, unsigned frames);
void hear(struct leg *l);
/* Packets passed on to this end; checks the conservation of those that came from it. */
uint64_t passed(const struct leg *l);

#endif
