/*
 * DTMF as telephone-events (RFC 4733): a sender that turns queued digits into event packets, and a receiver
 * that turns event packets into digits, each exactly once. No clock and no I/O: the stream gives time stamps
 * and packets.
 */
#ifndef OH_RTP_DTMF_H
#define OH_RTP_DTMF_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DTMF_QUEUE         32u
#define DTMF_FLASH         16u
#define DTMF_BYTES         4u
#define DTMF_MIN_MS        40u
#define DTMF_MAX_MS        8000u
#define DTMF_MIN_PAUSE     30u
#define DTMF_DEFAULT_MS    160u
#define DTMF_DEFAULT_PAUSE 80u

/* 0..16 for "0-9*#A-D" (either case) and R (flash); negative for anything else. RFC 4733 3.2 table 3. */
int dtmf_event_of(char digit);
/* The other way; 0 when the event is no digit. */
char dtmf_digit_of(unsigned event);

/* ---- out --------------------------------------------------------------------------------------------- */

/* Signalling writes the queue, the media thread reads it. */
struct dtmf_item {
	uint8_t event;
	uint16_t duration_ms, pause_ms;
};

struct dtmf_queue {
	_Atomic uint32_t head, tail; /* written by signalling, by the media thread */
	struct dtmf_item items[DTMF_QUEUE];
};
/* All of them or none. OH_EDIGIT, OH_EINVAL (durations), OH_ETOOMANY. 0 as duration or pause: the default. */
int dtmf_queue_add(struct dtmf_queue *q, const char *digits, unsigned duration_ms, unsigned pause_ms);
/* The media thread. False: none waits. */
bool dtmf_queue_take(struct dtmf_queue *q, struct dtmf_item *ret_item);
bool dtmf_queue_empty(const struct dtmf_queue *q);

struct dtmf_packet {
	uint32_t ts;
	bool marker;
	uint8_t payload[DTMF_BYTES];
};

enum dtmf_tx_state { DTMF_IDLE, DTMF_EVENT, DTMF_REPEAT, DTMF_PAUSE };

struct dtmf_tx {
	/* these and the ends of the queue are all that a packet of audio looks at */
	enum dtmf_tx_state state;
	bool finished; /* the last queued digit has been sent; the owner clears it */
	struct dtmf_queue queue;
	uint32_t clock_hz;
	struct dtmf_item item;
	uint32_t segment_ts; /* where the present segment began */
	uint32_t elapsed;    /* within it */
	uint32_t left;       /* of the event, time stamp units */
	bool first;          /* its next packet carries the mark */
	uint8_t repeats;     /* final packets still to repeat */
	uint8_t segment_repeats;
	uint32_t pause_until;
	struct dtmf_packet final;   /* being repeated */
	struct dtmf_packet segment; /* final packet of the last full segment, repeated beside the new one */
};

#define DTMF_STEP_PACKETS 3u

/*
 * One packet interval of `span` time stamp units that begins at ts has passed: which event packets does it
 * send? None: it carries audio. Never more than DTMF_STEP_PACKETS.
 */
size_t dtmf_tx_step(struct dtmf_tx *t, uint32_t ts, uint32_t span, struct dtmf_packet out[DTMF_STEP_PACKETS]);
/* The direction or the agreement has gone: what was being sent is given up and has its end, what is queued waits. */
void dtmf_tx_stop(struct dtmf_tx *t);

/* ---- in ---------------------------------------------------------------------------------------------- */

#define DTMF_OPEN    4u /* events under way at once; more only by reordering */
#define DTMF_HISTORY 16u
/* Digits that are told at once, and from then on one in so long; faster is nobody, and its reports would take the place of
 * others. */
#define DTMF_BURST   32u
#define DTMF_EACH_MS 20u
#define DTMF_GAP_MS  150u /* without a packet an event is over, whatever its end packets say */

struct dtmf_seen {
	uint32_t ts;      /* where the event began */
	uint32_t last_ts; /* where its last segment began */
	uint8_t event;
	bool valid;
};

struct dtmf_open {
	struct dtmf_seen id;
	uint32_t duration; /* of the last segment */
	uint64_t before;   /* of the full segments */
	uint64_t last_at_ns;
	bool ended;
};

typedef void dtmf_rx_fn(void *arg, char digit, uint32_t duration_ms, uint64_t at_ns);

struct dtmf_rx {
	uint8_t n_open; /* first: all that a tick without digits looks at */
	uint8_t next;   /* in history */
	uint32_t clock_hz;
	dtmf_rx_fn *fn;
	void *arg;
	uint64_t paid_ns;                 /* until then the digits that were told have taken their time */
	struct dtmf_open open[DTMF_OPEN]; /* by time stamp */
	struct dtmf_seen history[DTMF_HISTORY]; /* reported ones */
};

void dtmf_rx_init(struct dtmf_rx *r, uint32_t clock_hz, dtmf_rx_fn *fn, void *arg);
/* One telephone-event packet. May call fn. False: not a telephone-event. */
bool dtmf_rx_packet(
	struct dtmf_rx *r, uint32_t ts, bool marker, const uint8_t *data, size_t n, uint64_t at_ns);
/* Time passes: ends events whose end packets got lost. May call fn. */
void dtmf_rx_tick(struct dtmf_rx *r, uint64_t now_ns);
/* Another source: reports what is open and forgets the time stamps. May call fn. */
void dtmf_rx_restart(struct dtmf_rx *r);

#endif
