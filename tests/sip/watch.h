/*
 * A bystander on the wire between phones, or between two ends of a session. It decides what becomes of each packet, so it knows what arrives where and
 * when, and holds every SIP message against the rules: one final response to an INVITE, one ACK to each 2xx that
 * arrives (RFC 3261 13.2.2.4), no offer while one is open in either direction (RFC 3264 4, RFC 6337 3), a repetition
 * equals the first sending. What it saw of each call's end tells whether both ends can know of it.
 */
#ifndef OH_TESTS_SIP_WATCH_H
#define OH_TESTS_SIP_WATCH_H

#include "host/sim/sim.h"

#define WATCH_PHONES  3  /* 192.0.2.1, .2, .3 */
#define WATCH_INVITES 24 /* of one end of a call: the first and the newest */
#define NEVER         UINT64_MAX

struct weather {
	unsigned loss, twice, late; /* of 1000 packets */
	unsigned late_ms;           /* at most */
};

/* One INVITE of one end, with the moments at which things arrive. */
struct seen_invite {
	uint32_t cseq;
	unsigned final;
	uint64_t print; /* of its bytes */
	uint64_t arrived_ns, final_sent_ns, final_arrived_ns;
	unsigned n_finals, n_acks; /* arrived here, sent from here */
};

/* One Call-ID; end 0 sent the first INVITE. */
struct talk {
	uint64_t id;
	int phones[2];
	struct seen_invite invites[2][WATCH_INVITES];
	unsigned n_invites[2];
	uint64_t begun_ns, response_ns; /* the first INVITE left; any response to it came */
	uint64_t tagged_ns;             /* end 0 got a response that makes a dialog */
	uint64_t cancel_ns, bye_ns[2];
	unsigned n_byes[2], n_cancels;
};

struct watch {
	struct sim *sim;
	uint64_t random;
	struct weather weather;
	bool silent[WATCH_PHONES];
	bool gone[WATCH_PHONES]; /* closed: it need not answer any more */
	bool deaf[WATCH_PHONES]; /* gone, or it lost its transport once: what it owed then it need not do */
	bool no_sound;           /* RTP and RTCP vanish */
	struct talk *talks;
	size_t n_talks, cap;
	uint64_t print;     /* of all packets with their times */
	bool prints, tells; /* tells: each message is printed */
	char fault[160];    /* the first rule that was broken; empty: none */
};

void watch_start(struct watch *w, struct sim *sim, uint64_t seed);
void watch_stop(struct watch *w);

/* The rules that can be held only when all is over. */
void watch_check_acks(struct watch *w);
void watch_fault(struct watch *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

uint64_t talk_id(const char *sip_call_id);
struct talk *watch_talk(const struct watch *w, uint64_t id); /* or NULL */
/* Did a message that ends the call come from this end to the other while it could act on it? */
bool talk_heard_end(const struct talk *t, int from_end);

#endif
