/*
 * Files that are to be closed, which the disk thread does: whoever wants to know how that ended waits for it, but no longer
 * than the phone's disk_limit_ms. A disk that hangs keeps what it has been given; when it answers, the file is completed,
 * with or without a phone.
 *
 * A closing belongs to signalling and to the disk thread together, and goes with the later one of them.
 */
#ifndef OH_PHONE_CLOSING_H
#define OH_PHONE_CLOSING_H

#include "base/list.h"

struct closing;
struct offhook_phone;

#define DISK_LIMIT_MS 5000u

/* Of a phone. */
struct closings {
	struct list all;
	struct host_timer *limit; /* the earliest of those that are waited for */
};

/* OH_ENOMEM. */
int closings_init(struct offhook_phone *p);

/* For one file; what it is, such as "trace". Any thread. NULL: memory is out. */
struct closing *closing_new(struct offhook_phone *p, const char *what, const char *path);
/* Of a file that signalling never met; harmless on NULL. Any thread. Returns NULL. */
struct closing *closing_free(struct closing *c);

/* Signalling: from now on this file is to be closed. */
void closing_begin(struct closing *c);
/* Signalling, in a command: its result, if the file is complete already or nobody can wait here. Else its caller goes on
 * when the file is complete, with what closing_done() says, or with OH_ETIMEDOUT. */
int closing_wait(struct closing *c);
/* The disk thread, as its last word about the file. For recorder_close(). */
void closing_done(void *c, int err);

/* Signalling, each time that the loop has nothing else to do. */
void closings_check(struct offhook_phone *p);
/* The end, also after a failed or no init: nobody waits any more. Logs which files are not complete. */
void closings_leave(struct offhook_phone *p);

#endif
