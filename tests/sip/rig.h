/*
 * A stack on the simulated host and, across a wire without delay, a peer that is only a socket and a script:
 *
 *	struct rig *r = rig_new();
 *	rig_send(r, rig_request(r, "OPTIONS", "z9hG4bK1", 1, ""));
 *	rig_server(r);                          // what the stack's user got
 *	rig_expect(r, "SIP/2.0 200");           // what the peer got, in order
 *	rig_close(r);
 *
 * Times are milliseconds since rig_new(). Texts that the rig returns live until rig_close().
 */
#ifndef OH_TESTS_SIP_RIG_H
#define OH_TESTS_SIP_RIG_H

#include "check.h"

#include "base/err.h"
#include "host/sim/sim.h"
#include "sip/txn.h"

#define RIG_IP        "192.0.2.1" /* the stack, port 5060 */
#define RIG_PEER_IP   "192.0.2.2" /* the peer, port 5070 */
#define RIG_PEER_PORT 5070
#define RIG_PEER_URI  "sip:bob@192.0.2.2:5070"

/* A message that reached the peer. */
struct rig_msg {
	struct rig_msg *next;
	unsigned at_ms;
	char text[];
};

/* What a transaction told its user, in order. */
struct rig_user {
	unsigned status[16]; /* of the responses */
	size_t n;
	int done, err; /* how often, with which error */
	int cancelled, failed;
};

struct rig {
	struct sim *sim;
	struct host *host, *peer_host;
	struct sip_stack *stack;
	struct sip_transport *udp;
	struct host_dgram *peer;
	struct netaddr stack_addr;
	uint64_t start_ns;

	struct rig_msg *got, *got_last; /* not expected yet */
	struct rig_msg *seen;           /* expected already */
	size_t received;                /* by the peer, in all */

	struct sip_server *server; /* of the last request that reached the user */
	char *request;             /* its text */
	size_t requests, strays;
	struct rig_user user; /* rig_client_handler() and rig_server_handler() write here */
	char *texts[1024];
	size_t n_texts;
};

struct rig *rig_new(void);
/* With this configuration; host and handler are the rig's unless set. NULL: out of memory. */
struct rig *rig_new_with(const struct sip_stack_cfg *cfg);
/* Lets 64 s pass and fails the test when anything is still alive in the stack. */
void rig_close(struct rig *r);
/* Without that check. */
void rig_drop(struct rig *r);

/* ---- time ---- */
unsigned rig_ms(const struct rig *r);
void rig_run_until(struct rig *r, unsigned ms);
void rig_run_for(struct rig *r, unsigned ms);
/* What is on the wire arrives; no time passes. */
void rig_settle(struct rig *r);

/* ---- the peer ---- */
/* text with "\n" for line ends; a Content-Length is added when there is no body. */
void rig_send(struct rig *r, const char *text);
void rig_send_from(struct rig *r, struct host_dgram *from, const char *text);
/* A request from alice at the peer to bob at the stack: request line, Via, From, To, Call-ID, CSeq,
 * Max-Forwards, Contact and further header lines ("A: b\n"). To tag: by writing ";tag=x" behind the method:
 * "BYE;tag=x". */
const char *rig_request(
	struct rig *r, const char *method, const char *branch, unsigned cseq, const char *more);
/* A response to a request that the stack sent: "180 Ringing", its tag or NULL, further header lines. */
const char *rig_response(
	struct rig *r, const char *request, const char *status, const char *tag, const char *more);
void rig_reply(struct rig *r, const char *request, const char *status);
/* The next message that reached the peer begins like this; waits for it for at most 64 s of virtual time. */
const char *rig_expect(struct rig *r, const char *begins);
/* The same, and it came at this time. */
const char *rig_expect_at(struct rig *r, unsigned ms, const char *begins);
/* Nothing (more) has come. */
void rig_expect_nothing(struct rig *r);
/* The value of a header in a message, first line of that name. "" when there is none. */
const char *rig_header(struct rig *r, const char *msg, const char *name);
bool rig_has(const char *msg, const char *piece);

/* The network reports the peer as unreachable, once. */
void rig_unreachable(struct rig *r);

/* ---- the stack's user ---- */
/* A request with this method to the peer. */
struct sip_request rig_out(enum sip_method method);
struct sip_client_handler rig_client_handler(struct rig *r);
struct sip_server_handler rig_server_handler(struct rig *r);
/* Sends it with rig_client_handler(); the test fails when that fails. */
struct sip_client *rig_call(struct rig *r, enum sip_method method);
/* The server transaction of a request that must have arrived. */
struct sip_server *rig_server(struct rig *r);
void rig_respond(struct rig *r, unsigned status);
struct sip_counters rig_counters(const struct rig *r);

#endif
