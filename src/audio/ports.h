/* The ports of today: call stream, WAV player and recorder, tone generator, null. Each makes a struct port that
 * bridge_add() takes; the typed handle stays valid until ops->free ran (the owner removes the slot and forgets it).
 * Handle functions: signalling thread (or the creating one before bridge_add), lock-free towards the media thread. */
#ifndef OH_AUDIO_PORTS_H
#define OH_AUDIO_PORTS_H

#include "audio/port.h"
#include "host/host.h"

struct stream;

/* ---- a call's stream (port_stream.c): takes the stream; released: called after stream_free with the RTP port ---- */
struct port *port_stream_new(struct stream *s, void (*released)(void *arg, uint16_t rtp_port), void *arg,
	uint16_t rtp_port);                                       /* NULL: memory is out */

/* ---- WAV player (player.c): any rate, 16-bit PCM or G.711 mono (stereo is mixed down); a ring of 1 s that the
 * host's disk service refills ---- */
struct player;
struct player_cfg {
	struct host *host;
	const char *path;
	bool loop;
	uint32_t bridge_rate_hz;     /* the file is converted on the disk side to this rate */
	uint32_t tag;                /* in MEDIA_FILE_END */
	media_report_fn *report;
	void *report_arg;
};
/* Opens and prefills in the calling thread (may block on the disk; call from the program's thread). OH_ENOFILE,
 * OH_EFORMAT, wrapped errno, OH_ENOMEM. Gives silence after its end until player_seek(). */
int player_new(const struct player_cfg *cfg, struct player **ret_player, struct port **ret_port);
/* Position in samples of the file's own rate; restarts a finished player. What was queued is dropped. */
int player_seek(struct player *p, uint64_t frame);
uint64_t player_position(const struct player *p);   /* of what has been given to the bridge, file samples */
uint64_t player_length(const struct player *p);     /* file samples, 0 = unknown */

/* ---- WAV recorder (recorder.c): mono 16-bit at the bridge rate; header refreshed while recording ---- */
struct recorder;
struct recorder_cfg {
	struct host *host;
	const char *path;            /* must end in .wav (OH_ENOTSUP otherwise); an existing file is overwritten */
	uint32_t rate_hz;
};
int recorder_new(const struct recorder_cfg *cfg, struct recorder **ret_recorder, struct port **ret_port);
uint64_t recorder_frames(const struct recorder *r);
uint64_t recorder_dropped(const struct recorder *r); /* samples lost because the disk did not keep up */
/* Completes the file when the port has been freed: blocks until all is written. The handle ends here. The order is:
 * bridge_remove, (reaped: ops->free), recorder_finish from any thread that may wait for a disk. */
int recorder_finish(struct recorder *r);

/* ---- tone generator (tone.c) ---- */
struct tone_cfg {
	double hz1, hz2;             /* 0: none; 20..0.45*rate */
	unsigned on_ms, off_ms;      /* off 0: steady */
	double level;                /* 0..1 of full scale, each frequency; default 0.25 */
	unsigned repeats;            /* 0: for ever; then silence and MEDIA_FILE_END */
	uint32_t rate_hz;
	uint32_t tag;
	media_report_fn *report;
	void *report_arg;
};
int tone_new(const struct tone_cfg *cfg, struct port **ret_port);

/* ---- null (port_null.c): silent source, swallowing sink ---- */
int null_new(uint32_t rate_hz, struct port **ret_port);

#endif
