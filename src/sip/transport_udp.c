/* SIP over UDP (RFC 3261 18): one socket a transport, one message a datagram, answers from the
 * address asked. */
#include "sip/keepalive_impl.h"

/* Datagrams in one go before timers and other sockets get their turn; the watch is level-triggered. */
#define DATAGRAMS_A_TURN 64

static void readable(void *arg)
{
	struct sip_transport *t = arg;
	struct sip_stack *s = t->stack;

	/* What a message causes may close the socket. */
	for (int i = 0; i < DATAGRAMS_A_TURN && t->dgram; i++) {
		struct host_rx rx;
		struct sip_flow flow = {.transport = t};

		if (host_dgram_recv(t->dgram, s->in, sizeof(s->in), &rx))
			break;
		flow.local = rx.to;
		flow.remote = rx.from;
		/* RFC 5626 3.5.2: STUN begins with two bits that no SIP message begins with. */
		if (rx.n && (unsigned char)s->in[0] < 4)
			sip_stun_receive(s, &flow, slice_make(s->in, rx.n));
		else
			sip_receive(s, &flow, slice_make(s->in, rx.n));
	}
}

static void unreachable(void *arg, const struct netaddr *peer, int err)
{
	struct sip_transport *t = arg;

	(void)err; /* ECONNREFUSED, EHOSTUNREACH ...: to SIP all the same */
	sip_txns_unreachable(t->stack, t, peer);
	sip_keepalives_unreachable(t->stack, t, peer);
}

int sip_udp_open(struct sip_transport *t, const struct sip_transport_cfg *cfg)
{
	const struct host_dgram_cfg socket = {
		.local = cfg->local, .dscp = cfg->dscp, .rcvbuf = SIP_UDP_RCVBUF};
	const struct host_dgram_handler handler = {readable, unreachable, t};
	int err = host_dgram_open(t->stack->host, &socket, &t->dgram);

	if (err)
		return err;
	err = host_dgram_watch(t->dgram, &handler);
	if (err) {
		t->dgram = host_dgram_close(t->dgram);
		return err;
	}
	t->local = host_dgram_local(t->dgram);
	return 0;
}
