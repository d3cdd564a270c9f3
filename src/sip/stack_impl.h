/*
 * Inside of the stack, for the files of src/sip only: the struct itself, and the seams between transport,
 * transactions and dialogs.
 *
 * A message comes in like this:
 *
 *	transport_udp.c  reads the datagram; or conn_io.c, conn_frame.c: cut a message out of a stream
 *	transport.c      sip_receive(): parses, traces, sorts
 *	txn_client.c     a response finds its client transaction
 *	uas.c            a request passes the checks of RFC 3261 8.2 in order; refusals are answered without state
 *	txn_server.c     a repetition is absorbed, a new request gets a transaction
 *	dialog.c / user  the new request is handed over
 */
#ifndef OH_SIP_STACK_IMPL_H
#define OH_SIP_STACK_IMPL_H

#include "base/hash.h"
#include "base/list.h"
#include "base/rate.h"
#include "base/wheel.h"
#include "sip/peer_name.h"
#include "sip/dns_cache.h"
#include "sip/target.h"
#include "sip/dialog.h"

struct sip_stack {
	struct host *host; /* borrowed */
	struct sip_stack_cfg cfg;
	char *user_agent;

	struct wheel *wheel;
	struct host_timer *timer;
	uint64_t timer_due; /* what the host timer is armed for; 0 while the wheel turns */

	uint64_t token_seed[2], tokens; /* a keyed counter: unguessable, and no system call a token */

	struct hash clients; /* struct sip_client by branch */
	struct hash servers; /* struct sip_server by its key */
	struct hash merges;  /* struct sip_server by From tag, Call-ID, CSeq */
	struct hash dialogs; /* struct sip_dialog_entry */
	struct list client_list, server_list;
	struct list users; /* struct sip_stack_user */
	struct list transports, closed_transports, locates;
	struct list keepalives;
	bool sent_astray;                       /* sip_stack_moved() */
	struct hash conns_by_id, conns_by_peer; /* struct sip_conn */
	uint64_t conns_made;
	struct peer_names names;
	char secure_fault[FILTER_WHY_MAX]; /* why the last session of TLS could not be */
	struct dns_cache *dns;
	struct targets targets;

	uint32_t allowed;    /* bit per enum sip_method, from SIP_STACK_ALLOW */
	size_t server_bytes; /* texts that server transactions keep */
	struct sip_counters counters;
	struct rate log_rate;     /* what strangers can make us log */
	struct rate drop_rate;    /* ... by what is no message, or none for us */
	struct rate unreach_rate; /* what ICMP can make us search */

	char in[SIP_MSG_MAX +
		1]; /* where every datagram is received and its message lies while it is worked on */
	char out[SIP_MSG_MAX + 1];  /* where every message is printed */
	char head[SIP_MSG_MAX + 1]; /* where the reply head of a request is printed */
};

#define SIP_PORT 5060u

/* Named limits on what strangers can cause, a second. */
#define SIP_LOG_LINES_PER_S     10u
#define SIP_DROP_LINES_PER_S    1u /* about messages that are not worked on; each tells how many had none */
#define SIP_UNREACH_SCANS_PER_S 50u

/* Room for a burst of some thousand messages while the loop is busy. */
#define SIP_UDP_RCVBUF (1u << 20)

/* A line about something that a stranger sent: rate-limited. */
void sip_stack_log(struct sip_stack *s, enum log_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* ---- dialogs: a dialog embeds an entry, and the stack hands it the requests that carry its tags ---- */

void sip_dialog_add(struct sip_stack *s, struct sip_dialog_entry *e);
/* Harmless when it is not there. */
void sip_dialog_remove(struct sip_stack *s, struct sip_dialog_entry *e);
struct sip_dialog_entry *sip_dialog_find(
	struct sip_stack *s, struct slice call_id, struct slice local_tag, struct slice remote_tag);

/* ---- transports ---- */

struct sip_transport {
	struct list link;
	struct sip_stack *stack;
	enum sip_transport_type type;
	struct netaddr local; /* as bound: perhaps any-address, real port */
	char *public_host;
	uint16_t public_port;
	struct host_dgram *dgram; /* UDP; NULL: closed */
	bool streams;             /* it makes connections; false: closed, or UDP */
	bool connect_only;
	struct host_listener *listener; /* streams, unless connect_only */
	struct list conns;              /* struct sip_conn */
	size_t n_conns;
	struct filter_maker maker;
	uint8_t dscp;
	uint32_t max_conns, max_conns_ip, idle_s;
	struct netaddr route_to, route_from; /* the last answer of host_route() ... */
	uint64_t route_until;                /* ... good until then */
};

/* Receives one datagram's or stream's worth of bytes that came by `flow`. */
void sip_receive(struct sip_stack *s, const struct sip_flow *flow, struct slice bytes);
/* Counts and logs a message that is not worked on. */
void sip_drop(struct sip_stack *s, const struct sip_flow *flow, const char *why);
/* Logs one that was answered because something is wrong with it. */
void sip_log_faulty(struct sip_stack *s, const struct sip_flow *flow, const char *why);
/* The address of ours that a message on t to `remote` leaves from. OH_EUNREACH or a wrapped errno. */
int sip_transport_source(struct sip_transport *t, const struct netaddr *remote, struct netaddr *ret_local);
int sip_udp_open(struct sip_transport *t, const struct sip_transport_cfg *cfg);
int sip_stream_open(struct sip_transport *t, const struct sip_transport_cfg *cfg);
void sip_stream_close(struct sip_transport *t);
int sip_stream_send(const struct sip_flow *f, struct slice bytes);
static inline bool sip_transport_is_open(const struct sip_transport *t)
{
	return t->dgram || t->streams;
}
void sip_transports_free_all(struct sip_stack *s);

/* ---- transactions ---- */

void sip_client_receive(struct sip_stack *s, struct sip_msg *response, const struct sip_flow *flow);
void sip_uas_receive(struct sip_stack *s, struct sip_msg *request, const struct sip_flow *flow);
/* The network says that the peer cannot be reached: OH_EUNREACH for its transactions. */
void sip_txns_unreachable(struct sip_stack *s, struct sip_transport *t, const struct netaddr *peer);
/* A connection has gone: err for what waits on it for an answer. */
void sip_txns_conn_gone(struct sip_stack *s, const struct sip_flow *flow, int err);
/* The transport closes: nothing may refer to it afterwards. */
void sip_txns_transport_gone(struct sip_stack *s, struct sip_transport *t);
void sip_locates_transport_gone(struct sip_stack *s, struct sip_transport *t);
/* Frees them all without calling back. */
void sip_txns_free_all(struct sip_stack *s);
void sip_locates_free_all(struct sip_stack *s);

#endif
