/*
 * The far end of the benchmarks' calls: a process of its own, so that what it costs is not on our bill. It
 * speaks just enough SIP for sound peers on loopback (a script, no user agent), and RTP by one sweep a frame
 * over its sockets, never blocking in one: so a packet to it wakes nobody, and a sendto() costs the same
 * whoever makes it.
 *
 * far_start() forks: before any thread exists. The other functions tell the process what to do; what goes
 * wrong there or here ends the benchmark with a sentence.
 */
#ifndef OH_BENCH_FAR_H
#define OH_BENCH_FAR_H

#include <stdbool.h>
#include <stdint.h>

struct far;

struct far *far_start(void);
/* Its SIP port on 127.0.0.1. */
uint16_t far_port(const struct far *f);
void far_stop(struct far *f);

/* What it speaks: one packet of 20 ms, over and over. */
#define FAR_PAYLOAD_MAX 320u
struct far_codec {
	char rtpmap[32]; /* "opus/48000/2"; "": PCMU */
	uint8_t pt;
	uint16_t ts_step;   /* of a packet */
	uint16_t n_payload; /* bytes */
	uint8_t payload[FAR_PAYLOAD_MAX];
};

struct far_plan {
	uint16_t port;          /* whom it calls, on 127.0.0.1 */
	unsigned n;             /* calls, at most FAR_CALLS_MAX at a time */
	unsigned window;        /* so many are set up at a time */
	bool keep;              /* they stay up (FAR_HANGUP); else BYE follows the ACK */
	bool media;             /* each has an RTP socket; else all name one that is never read */
	struct far_codec codec; /* all zero: PCMU */
};
#define FAR_CALLS_MAX 8000u

/* Makes the calls; returns when all are up, or over. */
void far_call(struct far *f, const struct far_plan *plan);
/* RTP both ways on all calls that are up, for so long: one packet each every 20 ms. Returns at once. */
void far_media(struct far *f, unsigned ms);
/* Answers calls, until n have been ended by the caller. Returns at once. */
void far_serve(struct far *f, unsigned n);
/* ... until that is done. */
void far_wait(struct far *f);
/* BYE to all that are up. */
void far_hangup(struct far *f);

#endif
