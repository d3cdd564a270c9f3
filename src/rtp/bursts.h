/*
 * How losses lie in the sequence of packets: bursts and gaps as the VoIP metrics of RFC 3611 4.7.2 define them, and the
 * mean run that the E-model wants. A packet's fate is settled when BURSTS_WAIT later ones are known: until then it may
 * still come, or turn out to have come too late. Plain values; the media thread.
 */
#ifndef OH_RTP_BURSTS_H
#define OH_RTP_BURSTS_H

#include <stdbool.h>
#include <stdint.h>

#define BURSTS_GMIN 16u /* RFC 3611 4.7.2: received ones that part two bursts */
#define BURSTS_WAIT 32u
#define BURSTS_JUMP 3000u /* a minute of packets; a longer way is another sequence (RFC 3550 A.1) */

enum bursts_fate { BURSTS_HEARD, BURSTS_DISCARDED, BURSTS_LOST };

/* What is settled. */
struct bursts_count {
	uint64_t expected, lost, discarded;
	uint64_t runs; /* of lost or discarded ones in a row */
};

struct bursts {
	struct bursts_count count;
	/* Bursts that are over. */
	uint64_t bursts, burst_packets, burst_losses;

	bool known;
	uint32_t newest;       /* extended number */
	uint32_t came, thrown; /* bit n: newest - n was received; was discarded */
	uint32_t n_open;       /* of these, how many count */
	bool in_run;           /* the last settled one was not heard */
	bool any;              /* there was a loss: the cluster below is one */
	uint64_t first, last;  /* of the open cluster, by count.expected */
	uint64_t cluster_losses;
};

/* A packet with this extended number came. A jump of more than BURSTS_JUMP begins a new sequence. */
void bursts_packet(struct bursts *b, uint32_t ext, bool discarded);
/* The sequence is over (another source, a restart, the end): what is open is settled. */
void bursts_end(struct bursts *b);

struct bursts_report {
	double burst_density, gap_density; /* lost or discarded share within, 0..1 */
	double burst_packets, gap_packets; /* mean length */
	uint64_t bursts;
};
/* As if enough good packets followed (4.7.2). */
struct bursts_report bursts_report(const struct bursts *b);
/* Mean run of losses over the mean of independent ones, at least 1. */
double bursts_ratio(const struct bursts_count *c);
/* Lost or discarded share, 0..1. */
double bursts_share(const struct bursts_count *c);

#endif
