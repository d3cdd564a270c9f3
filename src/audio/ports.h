/* The ports of today: call stream, WAV player and recorder, tone generator, null. Each makes a struct port that
 * bridge_add() takes; the typed handle stays valid until ops->free ran (the owner removes the slot and forgets it).
 * Handle functions: signalling thread (or the creating one before bridge_add), lock-free towards the media thread. */
#ifndef OH_AUDIO_PORTS_H
#define OH_AUDIO_PORTS_H

#include "audio/hearing.h"
#include "audio/pattern.h"
#include "audio/port.h"
#include "host/host.h"

struct stream;
struct stream_converter;

/* ---- a call's stream (port_stream.c): takes the stream; released: called after stream_free with the RTP port ---- */
/* What is heard of it; lives as long as the port. */
struct hearing *port_stream_hearing(struct port *p);
struct port *port_stream_new(struct stream *s, void (*released)(void *arg, uint16_t rtp_port), void *arg,
	uint16_t rtp_port); /* NULL: memory is out */
/* For a stream's cfg: what this layer's filters do for a peer that changes the sample rate. */
extern const struct stream_converter port_stream_converter;

/* ---- WAV player (player.c): any rate and any sample format that libsndfile decodes (16-bit PCM and G.711 among
 * them), the mean of its channels; a ring of 1 s that the host's disk service refills. It plays while somebody is
 * connected to it. ---- */
struct player;
struct player_cfg {
	struct host *host;
	const char *path; /* borrowed for the call */
	bool loop;
	uint32_t bridge_rate_hz; /* the file is converted on the disk side to this rate */
	uint32_t tag;            /* in MEDIA_FILE_END */
	media_report_fn *report;
	void *report_arg;
};
/* Opens and prefills in the calling thread (may block on the disk; call from the program's thread). OH_ENOFILE,
 * OH_EFORMAT, wrapped errno, OH_ENOMEM. Gives silence after its end until player_seek(). */
int player_new(const struct player_cfg *cfg, struct player **ret_player, struct port **ret_port);
/* Position in samples of the file's own rate, past the end = the end; restarts a finished player. What was queued is
 * dropped. Any thread, one at a time. */
int player_seek(struct player *p, uint64_t frame);
uint64_t player_position(const struct player *p); /* of what has been given to the bridge, file samples */
uint64_t player_length(const struct player *p);   /* file samples, 0 = unknown */

/* ---- WAV recorder (recorder.c): mono 16-bit at the bridge rate; header refreshed while recording ---- */
struct recorder;
struct recorder_cfg {
	struct host *host;
	/* must end in .wav (OH_ENOTSUP otherwise); an existing file is overwritten; borrowed for the
	 * call */
	const char *path;
	uint32_t rate_hz;
	/* The port has been freed: recorder_finish() may be called now, by another thread too. May be NULL. Signalling
	 * thread. */
	void (*released)(void *arg);
	void *released_arg;
};
/* OH_ENOTSUP, wrapped errno (ENOENT: no such directory), OH_ENOMEM. Frames are counted while something is connected to
 * it; silence then is recorded too. */
int recorder_new(const struct recorder_cfg *cfg, struct recorder **ret_recorder, struct port **ret_port);
uint64_t recorder_frames(const struct recorder *r);
uint64_t recorder_dropped(const struct recorder *r); /* samples lost because the disk did not keep up */
/* Completes the file when the port has been freed: blocks until all is written. The handle ends here. The order is:
 * bridge_remove, (reaped: ops->free, cfg.released), recorder_finish from any thread that may wait for a disk. A port
 * that never reached a bridge is freed by its ops->free first. OH_ESTATE: the port is not freed yet, the handle stays.
 * Else 0 or the wrapped errno of the first write that failed (ENOSPC); the handle is gone either way. */
int recorder_finish(struct recorder *r);

/* ---- tone generator (tone.c) ---- */
#define TONE_LEVEL_DEFAULT 0.25
struct tone_cfg {
	const struct pattern_part *parts; /* copied; 20..0.45*rate Hz, at least one that sounds */
	size_t n_parts;                   /* at least 1 */
	double level;                     /* 0..1 of full scale, each frequency; 0 = TONE_LEVEL_DEFAULT */
	unsigned repeats;                 /* of all parts, 0: for ever; then silence and MEDIA_FILE_END */
	uint32_t rate_hz;
	uint32_t tag;
	media_report_fn *report;
	void *report_arg;
};
/* OH_EINVAL (detail), OH_ENOMEM. */
int tone_new(const struct tone_cfg *cfg, struct port **ret_port);

/* ---- null (port_null.c): silent source, swallowing sink ---- */
int null_new(uint32_t rate_hz, struct port **ret_port);

#endif
