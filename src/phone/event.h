/*
 * Events on their way to the program.
 *
 * Signalling makes them and keeps them in its outbox until the end of what it is doing; then they are handed over:
 * inline delivery runs the handlers there and then, the other two push them through a lock-free queue to whoever hands
 * out (the library's event thread, or the program in offhook_process()). Only those who hand out share a lock, and
 * nobody holds it while a handler runs.
 *
 *	signalling: event_emit() -> outbox -> events_flush() -> inbox | consumer: -> waiting -> handler -> handled
 *
 * What must happen on signalling after a handler has returned (the id of an ended call dies, a slot's number may be
 * given out again) travels back as a command.
 */
#ifndef OH_PHONE_EVENT_H
#define OH_PHONE_EVENT_H

#include "base/hash.h"
#include "base/list.h"
#include "base/slice.h"
#include "offhook/event.h"
#include "phone/command.h"

#include <pthread.h>
#include <stdbool.h>

struct offhook_phone;

/* Above so many waiting events of one object, those of less weight are dropped and counted. */
#define EVENTS_PER_OBJECT_MAX 1000u
#define EVENTS_QUEUED_DEFAULT 100000u

/* What events are about: shared by the object and its events, because events outlive it. */
struct subject {
	_Atomic unsigned refs;
	offhook_id id;
	void *_Atomic user_data;
	_Atomic uint32_t queued;  /* events not yet handled */
	struct hash_node waiting; /* consumer: found by id while events wait */
	struct list events;       /* consumer: struct event.by_subject */
};
/* NULL: memory is out. */
struct subject *subject_new(void *user_data);
struct subject *subject_ref(struct subject *s);
struct subject *subject_unref(struct subject *s);

/* A picture of a call: immutable once shared, and counted. */
struct picture {
	_Atomic unsigned refs;
	struct offhook_call_info info;
	char text[]; /* what info points into */
};
struct picture *picture_ref(struct picture *pic);
struct picture *picture_unref(struct picture *pic);

struct event {
	struct mpsc_node inbox;
	struct list all, by_subject; /* outbox, then waiting */
	struct offhook_event pub;
	struct subject *subject; /* NULL: about no object */
	struct picture *picture;
	char *message, *text;
	struct offhook_question *question; /* one block */
	void *block;                       /* what pub.buddy, .waiting or .dialog points into */
	char *reason, *proven_user;
	uint32_t release_slot; /* this slot number may be given out again when it was handled; 0 = none */
	bool ends_call;        /* the id dies when it was handled */
	struct command handled;
};

struct events {
	/* signalling */
	struct list outbox;
	uint64_t serial;
	uint64_t dropped; /* since the last DROPPED event */
	/* both */
	struct mpsc inbox;
	_Atomic uint64_t queued; /* emitted and not yet handled */
	_Atomic bool over;       /* no more will come */
	int fd;                  /* readable while events wait; -1 with inline delivery */
	/* those who hand out */
	pthread_mutex_t lock; /* held for list work only, never while a handler runs */
	struct list waiting;
	struct hash subjects;
	pthread_t owner; /* who hands out, while depth > 0 */
	unsigned depth;
	unsigned n_waiting_turn; /* threads that wait until depth is 0 */
	int turn;                /* readable for them then; -1 unless events are pulled */
	bool turn_rung;          /* it is readable */
	/* the event thread */
	pthread_t thread;
	bool threaded;
	_Atomic bool quit;
};

/* OH_ENOMEM or a wrapped errno. seed: 16 random bytes. */
int events_init(struct events *q, enum offhook_delivery delivery, const uint64_t seed[2]);
/* Starts the event thread. A wrapped errno. */
int events_start(struct offhook_phone *p);
/* Joins it; what still waits stays. */
void events_stop(struct offhook_phone *p);
/* Drops what waits and gives everything back. */
void events_free(struct offhook_phone *p);

/* What an event is to say. Slices and pointers are borrowed, the picture is taken (in case of
 * failure too). */
struct event_say {
	enum offhook_event_type type;
	struct subject *subject;
	offhook_id account;
	struct picture *picture;
	bool repeated; /* says little new: of less weight */
	unsigned status;
	int error;
	char digit;
	uint32_t duration_ms;
	struct slice message, text;
	offhook_id id; /* without subject */
	uint64_t count;
	uint64_t cause; /* 0: the command that runs now, or none */
	uint32_t release_slot;
	bool ends_call;
	struct offhook_question *question; /* taken, in case of failure too */
	/* One of them at most, each a block of its own; taken, in case of failure too. */
	struct offhook_buddy_info *buddy;
	struct offhook_waiting *waiting;
	struct offhook_dialog_info *dialog;
	offhook_id other;
	struct slice reason;
	struct slice proven_user;
	bool final;
	struct event *spare; /* made in advance for what must not fail; taken */
};
/* An empty event for `spare`; NULL: memory is out. */
struct event *event_new(void);
void event_free(struct event *e);
/* Signalling. The event, good until the next flush, for event_retract(); NULL: dropped (limit or memory). */
struct event *event_emit(struct offhook_phone *p, const struct event_say *say);
/* It did not happen after all. */
void event_retract(struct offhook_phone *p, struct event *e);
/* Is there room for one more of an object? What the network can cause without end is refused when not. */
bool events_room(const struct offhook_phone *p, const struct subject *subject);
/* Signalling: hands over what was emitted. */
void events_flush(struct offhook_phone *p);
/* Pull delivery: whoever waits for events learns that none will come any more. */
void events_over(struct offhook_phone *p);
/* Makes the descriptor readable. */
void events_wake(struct events *q);

/* The picture of this call as of the event that this thread is handling, with a reference for the caller;
 * NULL: it is handling none of that call. */
struct picture *event_current_picture(const struct offhook_phone *p, offhook_id call);
/* Is this thread inside a handler of this phone? */
bool event_is_handling(const struct offhook_phone *p);

/* event_deliver.c, for event.c: runs the handler in this thread and takes the event. */
void event_deliver(struct offhook_phone *p, struct event *e);

#endif
