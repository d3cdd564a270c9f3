/* The ports of today: call stream, file player and recorder, tone generator, null. Each makes a struct port that
 * bridge_add() takes; the typed handle stays valid until ops->free ran (the owner removes the slot and forgets it).
 * Handle functions: signalling thread (or the creating one before bridge_add), lock-free towards the media thread. */
#ifndef OH_AUDIO_PORTS_H
#define OH_AUDIO_PORTS_H

#include "audio/hearing.h"
#include "audio/pattern.h"
#include "audio/player_read.h"
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

/* ---- player (player.c): files one after another, as player_read.h has them; a ring of 1 s that the host's disk service
 * refills. It plays while somebody is connected to it. ---- */
struct player;
struct player_cfg {
	struct host *host;
	struct reader_cfg read; /* its paths are borrowed for the call; its rate is the bridge's */
	float level;            /* 0..PLAYER_LEVEL_MAX, 1: unchanged */
	bool paused;
	uint32_t tag; /* in MEDIA_FILE_END and MEDIA_FILE_NEXT */
	media_report_fn *report;
	void *report_arg;
};
#define PLAYER_LEVEL_MAX 64.0f
/* Opens and prefills in the calling thread (may block on the disk; call from the program's thread). OH_ENOFILE,
 * OH_EFORMAT, wrapped errno, OH_EINVAL, OH_ENOMEM. Gives silence after its end until player_seek(). Its port's free waits
 * for no disk: the file is closed behind its back. */
int player_new(const struct player_cfg *cfg, struct player **ret_player, struct port **ret_port);
/* Position in samples of the file's own rate, past the end = the end; restarts a finished player. What was queued is
 * dropped. Any thread, one at a time. */
void player_seek(struct player *p, size_t file, uint64_t frame);
void player_pause(struct player *p, bool paused);
void player_set_level(struct player *p, float level); /* in force within a frame, without a click */
struct player_place {
	size_t file;
	uint64_t position; /* of what has been given to the bridge, file samples */
	bool paused;
	float level;
};
void player_place(const struct player *p, struct player_place *ret_place);
size_t player_n_files(const struct player *p);
const struct reader_file *player_file(const struct player *p, size_t file);

/* ---- recorder (recorder.c): 16 bits at the bridge's rate, format by the end of the name; all in one channel, or two ports
 * that write one channel each, sample by sample beside each other ---- */
struct recorder;
struct recorder_cfg {
	struct host *host;
	/* As soundfile_open_write(); borrowed for the call */
	const char *path;
	uint32_t rate_hz;
	unsigned channels;   /* 1 or 2 */
	uint64_t max_frames; /* then it takes no more; 0: without limit */
	uint32_t tag;        /* in MEDIA_FILE_END: all is taken that may be, or the disk failed */
	media_report_fn *report;
	void *report_arg;
	/* The ports have been freed: recorder_finish() or recorder_close() may be called now, by another thread too. May be
	 * NULL. Signalling thread. */
	void (*released)(void *arg);
	void *released_arg;
};
/* ret_ports: one a channel. OH_ENOTSUP, wrapped errno (ENOENT: no such directory), OH_ENOMEM. Frames are counted while
 * something is connected to one of them; silence then is recorded too. */
int recorder_new(const struct recorder_cfg *cfg, struct recorder **ret_recorder, struct port *ret_ports[2]);
/* What comes meanwhile is left out. Any thread. */
void recorder_pause(struct recorder *r, bool paused);
uint64_t recorder_frames(const struct recorder *r);
uint64_t recorder_dropped(const struct recorder *r); /* frames lost because the disk did not keep up */
/* Completes the file when the ports have been freed: blocks until all is written. The handle ends here. The order is:
 * bridge_remove, (reaped: ops->free, cfg.released), recorder_finish from any thread that may wait for a disk. A port
 * that never reached a bridge is freed by its ops->free first. OH_ESTATE: a port is not freed yet, the handle stays.
 * Else 0 or the wrapped errno of the first write that failed (ENOSPC); the handle is gone either way. */
int recorder_finish(struct recorder *r);
/* The same for who may not wait: when the ports have been freed, the disk thread completes the file and calls closed with
 * the result. On the simulated host that has happened when this returns. */
void recorder_close(struct recorder *r, void (*closed)(void *arg, int err), void *arg);

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
/* A value: it has no memory of its own to free. */
struct port null_port(uint32_t rate_hz);

#endif
