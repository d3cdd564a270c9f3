/*
 * Commands: the door through which every thread of the program reaches signalling.
 *
 * On the signalling thread itself (an inline handler) and on the simulated host a command runs at once. From
 * any other thread it goes through a lock-free queue and the caller waits. A command that changes something
 * has a serial; the events that it causes carry it.
 */
#ifndef OH_PHONE_COMMAND_H
#define OH_PHONE_COMMAND_H

#include "base/err.h"
#include "base/ring.h"

#include <stdio.h>

#include <semaphore.h>

struct offhook_phone;

/* Runs on the signalling thread; `arg` is the caller's own, alive as long as it waits. */
typedef int command_fn(struct offhook_phone *p, void *arg);

struct command {
	struct mpsc_node node; /* first */
	command_fn *fn;
	void *arg;
	uint64_t serial; /* 0: a query, or a message of the library to itself */
	int result;
	sem_t *done; /* NULL: nobody waits, and fn may free the command */
	char detail[ERR_DETAIL_MAX];
};

struct commands {
	struct mpsc inbox;
	_Atomic uint64_t serial;
	struct command *running; /* signalling only: what runs right now; NULL when it was deferred */
	uint64_t cause;          /* its serial, or 0 */
	bool barred;             /* signalling only: a filter of the program's runs */
};

/* Any thread: runs fn on the signalling thread and returns its result; the error detail comes with it. Takes
 * a serial (offhook_last_command()). */
int phone_command(struct offhook_phone *p, command_fn *fn, void *arg);
/* The same for questions, which cause no events: no serial. */
int phone_query(struct offhook_phone *p, command_fn *fn, void *arg);
/* Any thread: nobody waits. cmd belongs to fn from then on. */
void command_post(struct offhook_phone *p, struct command *cmd);

/* Inside fn: its caller goes on waiting after fn has returned, until command_finish(). NULL when the caller
 * cannot wait because it is the signalling thread itself. */
struct command *command_defer(struct offhook_phone *p);
void command_finish(struct command *cmd, int result);

/* Signalling: runs what waits. */
void commands_run(struct offhook_phone *p);

#endif
