/*
 * Our side of the benchmarks' calls, through the public API: a phone on loopback that answers whoever calls,
 * and joins every two calls on the bridge when asked to.
 */
#ifndef OH_BENCH_CALLEE_H
#define OH_BENCH_CALLEE_H

#include <offhook/offhook.h>

#include <stdatomic.h>
#include <stdbool.h>

struct callee_cfg {
	enum offhook_delivery delivery;
	uint32_t clock_rate_hz;
	bool join;          /* calls two by two, both ways */
	const char *codecs; /* NULL: the default */
	bool mixed;         /* each call is listened to, so joined ones do not pass packets on undecoded */
	bool plain;         /* each packet goes by itself */
};

struct callee {
	struct callee_cfg cfg;
	struct offhook_phone *phone;
	offhook_id account;
	uint16_t port;            /* SIP, on 127.0.0.1 */
	offhook_id odd;           /* slot that waits for its pair */
	_Atomic unsigned n_ended; /* calls whose end was handled */
	_Atomic unsigned n_media; /* times that audio became active */
	/* Of the calls that it makes itself: handed each event before the callee does anything.
	 * May be NULL. */
	void (*on_event)(void *arg, const struct offhook_event *event);
	void *arg;
};

/* Ends the program with a sentence when err is not 0. */
void callee_require(int err, const char *what);
void callee_open(struct callee *c, const struct callee_cfg *cfg);
/* Waits until so many calls are over in all. */
void callee_wait_ended(struct callee *c, unsigned n);
void callee_close(struct callee *c);

/* CPU of this process, user and system, by getrusage(); us. */
double callee_cpu_us(void);
/* Proportional share of memory of this process, kB. */
double callee_pss_kb(void);
void callee_sleep_ms(unsigned ms);

#endif
