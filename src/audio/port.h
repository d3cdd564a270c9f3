/*
 * A port is anything that gives or takes audio on the bridge: a call's stream, a file, a tone, a sound device, the
 * program. It keeps its own sample rate; the bridge converts at the edge, once, and not at all when rates agree.
 *
 * pull, push and prepare run on the media thread: they never allocate, lock, log, wait for a disk or call the
 * program. free runs on the signalling thread after the media thread has let go.
 */
#ifndef OH_AUDIO_PORT_H
#define OH_AUDIO_PORT_H

#include "rtp/report.h"

#include <stddef.h>

struct host_dgram;
struct host_lane;
struct port;
struct parcel;
struct parcel_want;

struct audio_tick {
	uint64_t now_ns;        /* of the call */
	uint64_t due_ns;        /* as scheduled */
	uint64_t index;         /* ticks since the bridge began */
	struct host_lane *lane; /* for what is sent in this turn; may be NULL */
};

struct port_ops {
	const char *kind; /* "call", "player", "recorder", "tone", "null" ... */
	/* Its turn to be pulled (or pushed) comes: far = true after next, false next. Asks the memory for what the turn
	 * will touch: first what the port knows by heart, then what that points to. NULL: nothing. */
	void (*warm_pull)(const struct port *p, bool far);
	void (*warm_push)(const struct port *p, bool far);
	/* What prepare will read first, as long as the port lives (signalling thread, while a plan is made). NULL: nothing. */
	struct host_dgram *(*socket)(const struct port *p);
	/* Right before its pull of this tick, whether connected or not (a stream drains its sockets). NULL: nothing. */
	void (*prepare)(struct port *p, const struct audio_tick *t);
	/* n = rate_hz * frame_ms / 1000 samples. False: silence, pcm need not be written. NULL: never gives audio. */
	bool (*pull)(struct port *p, int16_t *pcm, size_t n, const struct audio_tick *t);
	/* pcm NULL: nobody is connected, or silence. NULL: never takes audio. */
	void (*push)(struct port *p, const int16_t *pcm, size_t n, const struct audio_tick *t);
	/*
	 * From one port to another of the same kind without samples, when `to` hears nobody else, unchanged, and nobody else
	 * hears p. All four or none: NULL. passes: may it be (signalling thread, while a plan is made)? hand: instead of
	 * pull, false: not in this tick. take: instead of push, behind every hand that was true. resume: before the first
	 * push behind a take, from's first pull being done.
	 */
	bool (*passes)(const struct port *p, const struct port *to, struct parcel_want *ret_want);
	bool (*hand)(struct port *p, struct parcel *parcel, const struct audio_tick *t);
	void (*take)(struct port *p, const struct parcel *parcel, const struct audio_tick *t);
	void (*resume)(struct port *p, const struct port *from);
	void (*free)(struct port *p);
	bool anywhere; /* its turns may be on any thread of those that tick together; it meets no other port there */
	bool pull_always; /* pulled each tick even when nobody listens (its clock must go on) */
	bool push_always; /* pushed each tick even when nobody speaks to it */
};

/* First member of every port's own struct. */
struct port {
	const struct port_ops *ops;
	uint32_t rate_hz; /* 8000, 16000, 24000, 32000 or 48000; a change is told by bridge_rate_changed() */
};

#endif
