/* A stream of bytes for a stack that listens on TCP. The first byte says how the stream is cut; however that is, the same
 * messages come out of it, and afterwards nothing is left. */
#include "fuzz.h"

#include "host/sim/sim.h"
#include "sip/txn.h"

struct heard {
	uint64_t messages, bytes;
};

static void trace(void *arg, bool out, const struct sip_flow *flow, struct slice bytes)
{
	struct heard *h = arg;

	(void)flow;
	if (out)
		return;
	h->messages++;
	for (size_t i = 0; i < bytes.n; i++)
		h->bytes = h->bytes * 31 + (uint8_t)bytes.p[i];
}

static void request(void *arg, struct sip_msg *msg, struct sip_server *server)
{
	(void)arg;
	(void)msg;
	sip_refuse(server, 404, NULL);
}

static void swallow(void *arg, const void *data, size_t n)
{
	(void)arg;
	(void)data;
	(void)n;
}

static void ignore(void *arg)
{
	(void)arg;
}

static struct netaddr addr_of(const char *ip, uint16_t port)
{
	struct netaddr a = {0};

	CHECK_OK(netaddr_parse_ip(slice_of(ip), port, &a));
	return a;
}

static struct heard hear(const uint8_t *data, size_t n, size_t segment)
{
	struct heard heard = {0};
	const struct netaddr here = addr_of("192.0.2.1", 5060);
	const struct sip_transport_cfg tcp = {.type = SIP_TRANSPORT_TCP, .local = here};
	const struct host_stream_cfg cfg = {0};
	const struct host_stream_handler handler = {.received = swallow, .finished = ignore};
	struct sip_stack_cfg stack_cfg = {.handler.request = request, .trace = trace, .trace_arg = &heard};
	struct sip_transport *transport;
	struct sip_stack *stack;
	struct host *host, *peer;
	struct host_stream *s;
	struct sip_counters c;
	struct sim *sim;

	CHECK_OK(sim_new(1, &sim));
	CHECK_OK(sim_host_new(sim, "192.0.2.1", &host));
	CHECK_OK(sim_host_new(sim, "192.0.2.2", &peer));
	stack_cfg.host = host;
	CHECK_OK(sip_stack_new(&stack_cfg, &stack));
	CHECK_OK(sip_transport_new(stack, &tcp, &transport));
	sim_segments(sim, segment);
	CHECK_OK(host_stream_connect(peer, &here, &cfg, &handler, &s));
	host_stream_send(s, data, n);
	sim_run_for(sim, 5 * NS_PER_S);
	host_stream_close(s);
	sim_run_for(sim, 100 * NS_PER_S);
	sip_stack_counters(stack, &c);
	CHECK_EQ(c.conns, 0);
	CHECK_EQ(c.server_txns, 0);
	sip_stack_free(stack);
	host_free(host);
	host_free(peer);
	sim_free(sim);
	return heard;
}

void fuzz_one(const uint8_t *data, size_t n)
{
	struct heard whole, cut;

	if (n < 2)
		return;
	whole = hear(data + 1, n - 1, 0);
	cut = hear(data + 1, n - 1, 1 + data[0]);
	CHECK_EQ(whole.messages, cut.messages);
	CHECK_EQ(whole.bytes, cut.bytes);
}
