/*
 * A filter between the bytes of a connection and what is spoken over it: TLS, WebSocket, one over the other. It does no
 * I/O, reads no clock and knows no socket: what came is given to it, and what it wants to have sent, or has understood,
 * it hands to the two doors of its sink. So it is tested with two of them face to face, and fuzzed with bytes alone.
 *
 *	socket bytes --> filter_receive() --> sink.up()      payload, for SIP
 *	socket bytes <-- sink.down() <------- filter_send()  payload, from SIP
 *
 * The owner makes a filter, gives it its sink and calls filter_start() when the connection is there; from then on
 * filter_receive() with all that comes. A filter whose handshake is over says FILTER_OPEN; before that filter_send() is
 * an error (OH_EAGAIN): the owner keeps what it has to say. The doors only store or send: neither may free the filter or
 * call it again, so an owner looks at the state and works on the payload when the call has returned.
 *
 * Once FILTER_ENDED or FILTER_FAILED it takes and gives nothing more; what it had to say about it (an alert, a close
 * frame) went through sink.down() before. The owner closes the connection when that is sent.
 */
#ifndef OH_BASE_FILTER_H
#define OH_BASE_FILTER_H

#include "base/slice.h"

struct filter;

enum filter_state {
	FILTER_NEW,     /* not started */
	FILTER_OPENING, /* its handshake is going on */
	FILTER_OPEN,
	FILTER_ENDED, /* the peer has said goodbye in order, or filter_finish() was called */
	FILTER_FAILED /* `err` and `why` tell */
};

/* 0, or an error (OH_ENOMEM, OH_ETOOBIG) that fails the filter. The slice is borrowed until the door returns. */
struct filter_sink {
	int (*down)(void *arg, struct slice bytes);
	/* A piece of the stream; of a filter with `whole` set: one whole message. */
	int (*up)(void *arg, struct slice payload);
	void *arg;
};

#define FILTER_WHY_MAX 160u

/* What a filter is made of: a kind of filter embeds this as its first member. Its functions return 0 or an error; the
 * wrappers below put an error into the state, so they need not. */
struct filter_ops {
	const char *name; /* "tls", "ws": for the log */
	/* Sets FILTER_OPENING, or FILTER_OPEN when there is no handshake. */
	int (*start)(struct filter *f);
	int (*receive)(struct filter *f, struct slice bytes);
	int (*send)(struct filter *f, struct slice payload);
	/* Says goodbye (close_notify, a close frame). */
	int (*finish)(struct filter *f);
	void (*free)(struct filter *f);
	/* Has the peer proved to be this host? NULL: nobody proves anything. */
	bool (*proves)(const struct filter *f, struct slice host);
};

struct filter {
	const struct filter_ops *ops;
	struct filter_sink sink;
	enum filter_state state;
	bool whole; /* message-framed: what goes up is a message each, and so is what is sent */
	int err;
	char why[FILTER_WHY_MAX];
};

/* Fails it: for the filters themselves. The first reason stays. Returns err. */
int filter_fail(struct filter *f, int err, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Once, when the connection is there. 0 or the error that it failed with; so the next two. */
int filter_start(struct filter *f, const struct filter_sink *sink);
int filter_receive(struct filter *f, struct slice bytes);
/* OH_EAGAIN: not open yet, nothing was taken; OH_ESTATE: it is over. */
int filter_send(struct filter *f, struct slice payload);
/* Says goodbye when there is somebody to say it to; FILTER_ENDED unless it had failed. */
void filter_finish(struct filter *f);
/* Has the peer proved, by a certificate that was verified, to be this host? */
bool filter_proves(const struct filter *f, struct slice host);
/* Accepts NULL; returns NULL. Says nothing. */
struct filter *filter_free(struct filter *f);

/* One filter of two: `upper` speaks over `lower` (WebSocket over TLS). Takes both when it succeeds. It is open when both
 * are; upper is started when lower is open. OH_ENOMEM. */
int filter_over(struct filter *lower, struct filter *upper, struct filter **ret_both);

/* ---- who makes them ---- */

/* What a connection is, for the one who makes its filter. */
struct filter_ask {
	bool client; /* we connected */
	struct slice
		name; /* client: the host that was asked for (SNI, the certificate's identity); absent: none is known */
	struct slice peer; /* the peer's address as text: for the log, and for Host when there is no name */
};

/* Makes the filter of each connection of a transport. `free` (may be NULL) is called when the transport goes. */
struct filter_maker {
	int (*make)(void *arg, const struct filter_ask *ask, struct filter **ret_filter);
	void (*free)(void *arg);
	void *arg;
};

#endif
