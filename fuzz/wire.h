/*
 * The wire of the targets that drive two stacks: each packet takes the next of the bytes that the program begins with,
 * and meets the fate it names: arrives, is lost, doubled, delayed or unreachable, or a copy with a byte changed arrives in
 * its place. Where the bytes end the wire is a good one.
 */
#ifndef OH_FUZZ_WIRE_H
#define OH_FUZZ_WIRE_H

#include "fuzz.h"

#include "host/sim/sim.h"

#define STRANGER_IP "192.0.2.3" /* where changed copies come from, and whatever else a program sends */

struct bad_wire {
	struct slice fates;
	size_t packets;
	bool bent; /* a changed one has arrived: the ends may differ */
	struct host *host;
	struct host_dgram *stranger;
};

/* Takes its bytes from the front of the program. */
void wire_open(struct bad_wire *w, struct sim *sim, struct feed *f);
void wire_close(struct bad_wire *w);
/* A datagram from the stranger to port 5060 of an address. */
void wire_inject(struct bad_wire *w, const char *to_ip, struct slice text);

#endif
