/* Who has which pair of RTP ports: an even one and the next. The search goes round from a random start, so
 * that a pair comes again as late as possible, and a released pair rests before it is given again: packets of
 * the old call are still under way. */
#ifndef OH_AUDIO_RTP_PORTS_H
#define OH_AUDIO_RTP_PORTS_H

#include <stddef.h>
#include <stdint.h>

#define RTP_PORT_REST_NS 5000000000u

struct rtp_ports {
	uint16_t first; /* even */
	uint32_t n_pairs, next;
	size_t used;
	uint32_t *free_at; /* by pair: tenths of a second since the start, UINT32_MAX while it is used */
	uint64_t start_ns;
};

/* min..max are whole pairs: min is rounded up to even, max down to odd. OH_EINVAL: no pair fits; OH_ENOMEM.
 * random: where the search starts. */
int rtp_ports_init(struct rtp_ports *r, uint16_t min, uint16_t max, uint32_t random, uint64_t now_ns);
void rtp_ports_free(struct rtp_ports *r);

/* The next free even port, now used; 0: none. */
uint16_t rtp_ports_take(struct rtp_ports *r, uint64_t now_ns);
/* It rests from now on. */
void rtp_ports_rest(struct rtp_ports *r, uint16_t port, uint64_t now_ns);
/* It is free at once: nobody has used it. */
void rtp_ports_put_back(struct rtp_ports *r, uint16_t port);

size_t rtp_ports_resting(const struct rtp_ports *r, uint64_t now_ns);

#endif
