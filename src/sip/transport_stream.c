/* The stream transports: TCP, and what speaks over it through a filter. The listener here; connections in conn.c. */
#include "sip/conn.h"

#include "base/err.h"

static void accepted(void *arg, struct host_stream *stream)
{
	sip_conn_accept(arg, stream);
}

int sip_stream_open(struct sip_transport *t, const struct sip_transport_cfg *cfg)
{
	const struct host_stream_cfg socket = {
		.local = cfg->local, .dscp = cfg->dscp, .send_max = SIP_CONN_OUT_MAX};
	const struct host_listener_handler handler = {accepted, t};
	int err = 0;

	t->local = cfg->local;
	t->local.port = 0;
	if (!cfg->connect_only) {
		err = host_listener_open(t->stack->host, &socket, &handler, &t->listener);
		if (err)
			return err;
		t->local = host_listener_local(t->listener);
	}
	t->streams = true;
	t->dscp = cfg->dscp;
	t->maker = cfg->maker;
	t->max_conns = cfg->max_conns ? cfg->max_conns : SIP_CONNS_MAX;
	t->max_conns_ip = cfg->max_conns_ip ? cfg->max_conns_ip : SIP_CONNS_IP_MAX;
	t->idle_s = cfg->idle_s ? cfg->idle_s : SIP_CONN_IDLE_S;
	return 0;
}

void sip_stream_close(struct sip_transport *t)
{
	t->streams = false;
	t->listener = host_listener_close(t->listener);
	sip_conns_free_all(t);
	if (t->maker.free)
		t->maker.free(t->maker.arg);
	t->maker = (struct filter_maker){0};
}

/* RFC 3261 18.1.1, 18.2.2. */
int sip_stream_send(const struct sip_flow *f, struct slice bytes)
{
	struct sip_conn *c;
	int err = sip_conn_for(f, &c);

	if (!err)
		err = sip_conn_send(c, bytes);
	if (!err)
		sip_conn_used(c);
	return err;
}

struct slice sip_stack_secure_fault(const struct sip_stack *s)
{
	return slice_of(s->secure_fault);
}

bool sip_flow_is_connected(const struct sip_flow *f)
{
	const struct sip_conn *c =
		f->transport && f->conn ? sip_conn_find(f->transport->stack, f->conn) : NULL;

	return c && c->state != CONN_CLOSING;
}
