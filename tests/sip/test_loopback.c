/* The stack on real sockets: host/uv over the loopback. What depends on time is tested on the
 * simulated host. */
#include "../host/world.h"

#include "base/err.h"
#include "sip/txn.h"

struct pair {
	struct world world;
	struct sip_stack *a, *b;
	struct sip_transport *ta, *tb;
	char target[64];
	unsigned status;
	int done, err;
	size_t requests;
};

static void answer(void *arg, struct sip_msg *msg, struct sip_server *server)
{
	const struct sip_reply reply = {.status = msg->method == SIP_INVITE ? 486 : 200};
	struct pair *p = arg;

	p->requests++;
	CHECK_OK(sip_respond(server, &reply));
}

static struct pair *open_pair(void)
{
	struct pair *p = calloc(1, sizeof(*p));
	const struct sip_transport_cfg udp = {
		.type = SIP_TRANSPORT_UDP, .local = {.family = NETADDR_IP4, .ip = {127, 0, 0, 1}}};
	struct sip_stack_cfg cfg = {.handler = {.request = answer, .arg = p}};
	char text[NETADDR_TEXT];
	struct netaddr b;

	CHECK(p);
	world_open(&p->world);
	cfg.host = p->world.host;
	CHECK_OK(sip_stack_new(&cfg, &p->a));
	CHECK_OK(sip_stack_new(&cfg, &p->b));
	CHECK_OK(sip_transport_new(p->a, &udp, &p->ta));
	CHECK_OK(sip_transport_new(p->b, &udp, &p->tb));
	b = sip_transport_local(p->tb);
	snprintf(p->target, sizeof(p->target), "sip:bob@%s", netaddr_text(&b, text));
	return p;
}

static void close_pair(struct pair *p)
{
	sip_stack_free(p->a);
	sip_stack_free(p->b);
	world_close(&p->world);
	free(p);
}

static void on_response(void *arg, struct sip_msg *msg, const struct sip_flow *flow)
{
	struct pair *p = arg;

	CHECK(netaddr_is_loopback(&flow->remote));
	CHECK(netaddr_is_loopback(&flow->local));
	p->status = msg->status;
	host_stop(p->world.host);
}

static void on_done(void *arg, int err)
{
	struct pair *p = arg;

	p->done++;
	p->err = err;
	host_stop(p->world.host);
}

static void ask(struct pair *p, enum sip_method method)
{
	const struct sip_client_handler handler = {.response = on_response, .done = on_done, .arg = p};
	const struct sip_request req = {
		.method = method,
		.target = slice_of(p->target),
		.from = SLICE_LIT("<sip:alice@example.com>;tag=a"),
		.to = SLICE_LIT("<sip:bob@example.com>"),
		.call_id = SLICE_LIT("call@127.0.0.1"),
		.cseq = 1,
	};
	struct sip_client *c;

	CHECK_OK(sip_client_send(p->a, &req, &handler, &c));
	world_run(&p->world);
}

TEST(request_and_response_cross_the_loopback)
{
	struct pair *p = open_pair();
	struct sip_counters c;

	ask(p, SIP_OPTIONS);
	CHECK_EQ(p->status, 200);
	ask(p, SIP_INVITE);
	CHECK_EQ(p->status, 486);
	CHECK_EQ(p->requests, 2);
	sip_stack_counters(p->a, &c);
	CHECK_EQ(c.client_txns, 2);
	CHECK_EQ(c.rx_dropped, 0);
	close_pair(p);
}

/* The kernel's error queue tells that nobody listens, long before timer F. */
TEST(closed_port_is_known_at_once)
{
	struct pair *p = open_pair();

	p->tb = sip_transport_free(p->tb);
	ask(p, SIP_OPTIONS);
	CHECK_EQ(p->status, 0);
	CHECK_EQ(p->done, 1);
	CHECK_EQ(p->err, OH_EUNREACH);
	close_pair(p);
}

TESTS_ON_UV(RUN(request_and_response_cross_the_loopback), RUN(closed_port_is_known_at_once))
