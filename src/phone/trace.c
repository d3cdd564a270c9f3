/* Traces: starting and stopping them, and the fan-out of each message. trace.h. */
#include "phone/trace_sink.h"

#include "base/mem.h"
#include "sip/mask.h"
#include "sip/peek.h"

void offhook_trace_cfg_init(struct offhook_trace_cfg *cfg)
{
	*cfg = (struct offhook_trace_cfg){.size = sizeof(*cfg), .hep_agent_id = 2001};
}

int traces_init(struct traces *t, const uint64_t seed[2])
{
	list_init(&t->sinks);
	list_init(&t->ended);
	return hash_init(&t->ladders, seed);
}

void traces_free(struct offhook_phone *p)
{
	struct traces *t = &p->traces;

	if (!t->sinks.next)
		return;
	LIST_FOREACH_SAFE (it, &t->sinks) {
		struct trace_sink *s = CONTAINER_OF(it, struct trace_sink, node);

		list_remove(&s->node);
		ids_remove(&p->ids, s->id);
		(void)sink_close(s);
	}
	ladders_free_all(p);
	hash_free(&t->ladders);
}

/* ---- each message ---- */
static bool wanted(const struct trace_sink *s, struct slice call_id)
{
	return !s->call_id || slice_eq(slice_of(s->call_id), call_id);
}

static void to_sinks(struct offhook_phone *p, struct capture *c)
{
	struct slice plain = c->bytes, masked = SLICE_NONE;
	char *copy = NULL;
	struct sip_peek peek;

	if (!sip_peek(plain, &peek))
		c->call_id = peek.call_id;
	LIST_FOREACH (it, &p->traces.sinks) {
		struct trace_sink *s = CONTAINER_OF(it, struct trace_sink, node);

		if (!wanted(s, c->call_id))
			continue;
		if (!s->secrets && !copy) {
			copy = mem_alloc(plain.n + 1);
			if (copy) {
				memcpy(copy, plain.p, plain.n);
				sip_mask_secrets(copy, plain.n);
				masked = slice_make(copy, plain.n);
			}
		}
		c->bytes = s->secrets ? plain : masked;
		sink_take(s, c);
	}
	mem_free(copy);
}

void trace_message(struct offhook_phone *p, bool out, const struct sip_flow *flow, struct slice bytes)
{
	struct ladder_message m = {out, &flow->local, &flow->remote, bytes};

	ladder_note(p, &m);
	if (p->traces.n_sinks) {
		struct capture c = {
			.out = out,
			.transport = sip_transport_type(flow->transport),
			.local = flow->local,
			.remote = flow->remote,
			.wall_ns = host_wall(p->host),
			.bytes = bytes,
		};

		to_sinks(p, &c);
	}
}
