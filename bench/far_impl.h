/* Inside the far end's process: far.c (control, RTP), far_sip.c (the script). */
#ifndef OH_BENCH_FAR_IMPL_H
#define OH_BENCH_FAR_IMPL_H

#include "far.h"

#include <netinet/in.h>
#include <stddef.h>

enum far_state { FAR_IDLE, FAR_INVITED, FAR_UP, FAR_LEAVING, FAR_OVER };

struct far_leg {
	enum far_state state;
	int rtp; /* -1: none */
	uint16_t rtp_port;
	struct sockaddr_in rtp_to;
	uint16_t seq;
	char to_tag[64];
};

struct far_side {
	int sip, sink; /* sink: bound and never read, so that nobody gets an ICMP error */
	uint16_t sip_port, sink_port;
	unsigned generation; /* of Call-IDs */
	struct far_plan plan;
	unsigned n_legs, n_begun, n_settled;
	struct far_leg legs[FAR_CALLS_MAX];
};

void far_die(const char *what) __attribute__((noreturn, cold));
/* A socket on 127.0.0.1, any port. */
int far_socket(uint16_t *ret_port);

void far_script_call(struct far_side *s);
void far_script_hangup(struct far_side *s);
void far_script_serve(struct far_side *s, unsigned n);

#endif
