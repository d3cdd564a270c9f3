/*
 * The media engine: a bridge, the thread that ticks it, the ring of reports back to signalling, and the RTP ports
 * from which streams get their sockets. One per phone. The media thread exists while anything needs it (a port besides
 * slot 0, or a device there) and a second longer, so an idle phone costs no wake-ups and one call after the other no
 * thread each. With more than one thread its helpers exist as long, and take turns of calls off it (bridge.h).
 */
#ifndef OH_AUDIO_ENGINE_H
#define OH_AUDIO_ENGINE_H

#include "audio/bridge.h"
#include "host/host.h"

struct engine;

#define ENGINE_THREADS_MAX 32u

struct engine_cfg {
	struct host *host; /* borrowed */
	struct bridge_cfg bridge;
	uint16_t rtp_port_min,
		rtp_port_max; /* even..odd; default 16384-32766; each call takes an even port and the next */
	uint8_t dscp;         /* of RTP, 0..63; 46 = EF */
	/* Reports, on the signalling thread, from engine_dispatch(). */
	media_report_fn *report;
	void *report_arg;
	/* in the ring, default 4096; half of them are reserved for what is told once: DTMF, ends of files, RTP time-outs */
	uint32_t report_places;
	unsigned threads;   /* that tick together, 1..ENGINE_THREADS_MAX; default 1: the media thread alone */
	bool plain_packets; /* no lanes (host.h) */
};
void engine_cfg_defaults(struct engine_cfg *cfg);

int engine_new(const struct engine_cfg *cfg, struct engine **ret_engine);
/* Stops the media thread, frees all ports. Returns NULL. */
struct engine *engine_free(struct engine *e);
struct bridge *engine_bridge(struct engine *e);
/* For the streams among its ports. */
struct jbuf_shelves *engine_shelves(struct engine *e);

/* Signalling thread, from the host's wake handler: hands out the reports that the media thread left (it has called
 * host_wake()), and reaps. */
void engine_dispatch(struct engine *e);
/* Signalling thread, from the host's idle hook: publishes a dirty plan, starts or stops the media thread. When memory
 * or threads are out the old state goes on and the next call tries again. */
void engine_publish(struct engine *e);

/* For ports: how they report (media thread and its helpers; what is told again and again is dropped and counted when half
 * of the places are taken). */
void engine_report(void *engine, const struct media_report *r);

/* ---- RTP sockets ---- */
/* Two sockets on an even port and the next, on this local address (any-address allowed). The search goes round the
 * range from a random start; a port rests 5 s after its release. OH_ENOPORTS: none is free; wrapped errno (EMFILE...). */
int engine_rtp_open(struct engine *e, const struct netaddr *local_ip, struct host_dgram **ret_rtp,
	struct host_dgram **ret_rtcp);
/* Tells that the port pair is closed now. */
void engine_rtp_release(struct engine *e, uint16_t rtp_port);

/* One tick by hand (the simulated host does it by a virtual timer through the same function). */
void media_tick(struct engine *e, const struct host_tick *tick);

struct engine_counters {
	uint64_t ticks, late_ticks, skipped_ticks, reports, reports_dropped;
	size_t rtp_ports_used, rtp_ports_resting;
	bool running;
};
void engine_counters(const struct engine *e, struct engine_counters *ret_counters);

#endif
