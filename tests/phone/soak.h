/*
 * Many legs for a long time: two phones of one process with real threads, real sockets and real time call each other, four
 * threads tell both of them to do whatever comes to mind, and in the end everything that was begun must end by itself.
 *
 *	OFFHOOK_SOAK_SECONDS=n   how long the threads go on (default 20)
 *	OFFHOOK_SOAK_LEGS=n      how many legs are kept alive, half of them on either phone (default 64)
 *	OFFHOOK_SEED=n           what they do; when is decided by the machine, so a seed replays nothing exactly
 *
 * test_soak.c has the phones, their handlers and the end; soak_moves.c what the threads do; soak_watch.c says who stands when
 * nothing goes on.
 */
#ifndef OH_TESTS_PHONE_SOAK_H
#define OH_TESTS_PHONE_SOAK_H

#include "check.h"

#include "offhook/offhook.h"

#include <pthread.h>
#include <stdatomic.h>

#define SOAK_ACTORS  4u
#define SOAK_RINGING 256u /* calls that wait for a thread to answer them */
#define SOAK_PORTS   32u  /* players, recorders, tones and ports of the program, of one phone */
#define SOAK_EVENTS  128u /* kinds of events */

struct soak_port {
	offhook_id id, slot;
	bool speaks; /* samples can be written to it */
};

struct soak_phone {
	const char *name;
	struct offhook_phone *phone;
	offhook_id transport, account;
	char uri[64];
	uint64_t random; /* of its handler, which one thread runs at a time */
	/* Every call that began, and every one that ended, as events and results tell it. */
	_Atomic uint64_t begun, ended;
	_Atomic uint64_t events[SOAK_EVENTS], confirmed;

	pthread_mutex_t lock; /* of all below */
	offhook_id ringing[SOAK_RINGING], ticket;
	size_t n_ringing;
	struct soak_port ports[SOAK_PORTS];
	size_t n_ports;
};

/* One thread, and what it does just now, for whoever wants to know why it does not go on. */
struct soak_actor {
	struct soak *soak;
	unsigned number;
	pthread_t thread;
	uint64_t random;
	_Atomic(const char *) doing; /* NULL: it waits for its next turn */
	_Atomic(struct soak_phone *) with;
	_Atomic uint64_t about, since_ms;
};

struct soak {
	unsigned seconds, legs;
	uint64_t seed;
	char wav[64]; /* a file to play */
	struct soak_phone phones[2];
	struct soak_actor actors[SOAK_ACTORS];
	_Atomic bool over;

	pthread_mutex_t lock; /* with `moved`: something has happened */
	pthread_cond_t moved;

	pthread_t watchdog;
	_Atomic bool watched;
};

uint64_t soak_now_ms(void);
unsigned soak_draw(uint64_t *random, unsigned bound);
/* Waits until something happens, or so long. */
void soak_wait(struct soak *s, unsigned ms);
void soak_tell(struct soak *s);

/* ---- what the threads do (soak_moves.c) ---- */
/* A thread's work until it is over. */
void *soak_act(void *actor);
/* Fails the test when something was never done with success; tells how often it was. */
void soak_moves_check(void);
/* Answers, refuses, or leaves a call that rings; in a handler too. */
void soak_answer(struct soak_phone *p, uint64_t *random, offhook_id call);
void soak_remove_ports(struct soak_phone *p);

/* ---- who stands (soak_watch.c) ---- */
/* Tells what all threads do, with their stacks, and ends the program. */
void soak_stands(struct soak *s, const char *why) __attribute__((noreturn));
void soak_watch(struct soak *s);
void soak_watch_end(struct soak *s);

#endif
