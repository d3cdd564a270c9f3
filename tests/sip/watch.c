#include "watch.h"

#include "check.h"
#include "sip/msg.h"

#define SIP_PORT       5060
#define SOUND_PORT_MIN 16384
#define WIRE_DELAY_NS  NS_PER_MS
#define FNV_START      0xcbf29ce484222325u

static uint64_t fnv(uint64_t h, const void *data, size_t n)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * 0x100000001b3u;
	return h;
}

void watch_fault(struct watch *w, const char *format, ...)
{
	va_list args;

	if (w->fault[0])
		return;
	va_start(args, format);
	vsnprintf(w->fault, sizeof(w->fault), format, args);
	va_end(args);
}

/* ---- calls by Call-ID ---- */

uint64_t talk_id(const char *sip_call_id)
{
	return fnv(FNV_START, sip_call_id, strlen(sip_call_id));
}

static struct talk *place(const struct watch *w, uint64_t id)
{
	size_t i = id & (w->cap - 1);

	while (w->talks[i].id && w->talks[i].id != id)
		i = (i + 1) & (w->cap - 1);
	return &w->talks[i];
}

struct talk *watch_talk(const struct watch *w, uint64_t id)
{
	struct talk *t = w->cap ? place(w, id) : NULL;

	return t && t->id ? t : NULL;
}

static void grow(struct watch *w)
{
	struct talk *old = w->talks;
	size_t n = w->cap;

	w->cap = n ? n * 2 : 16;
	w->talks = calloc(w->cap, sizeof(*w->talks));
	assert_non_null(w->talks);
	for (size_t i = 0; i < n; i++)
		if (old[i].id)
			*place(w, old[i].id) = old[i];
	free(old);
}

static struct talk *begin_talk(struct watch *w, uint64_t id, int from, int to)
{
	struct talk *t;

	if (2 * ++w->n_talks > w->cap)
		grow(w);
	t = place(w, id);
	*t = (struct talk){.id = id,
		.phones = {from, to},
		.begun_ns = sim_now(w->sim),
		.response_ns = NEVER,
		.tagged_ns = NEVER,
		.cancel_ns = NEVER,
		.bye_ns = {NEVER, NEVER}};
	return t;
}

/* ---- the rules ---- */

/* One message with its way: who, when sent, when it arrives (NEVER: not), how often. */
struct passing {
	struct sip_msg *msg;
	struct talk *talk;
	int end; /* of the talk, that sent it */
	uint32_t cseq;
	uint64_t now, arrives;
	unsigned copies;
};

static struct seen_invite *newest(struct talk *t, int end)
{
	return t->n_invites[end] ? &t->invites[end][t->n_invites[end] - 1] : NULL;
}

static struct seen_invite *find_invite(struct talk *t, int end, uint32_t cseq)
{
	for (unsigned i = t->n_invites[end]; i-- > 0;)
		if (t->invites[end][i].cseq == cseq)
			return &t->invites[end][i];
	return NULL;
}

static void earliest(uint64_t *at, uint64_t ns)
{
	if (ns < *at)
		*at = ns;
}

static bool is_deaf(const struct watch *w, const struct talk *t)
{
	return w->deaf[t->phones[0]] || w->deaf[t->phones[1]];
}

static void see_invite(struct watch *w, const struct passing *p)
{
	struct talk *t = p->talk;
	struct seen_invite *v = find_invite(t, p->end, p->cseq), *own = newest(t, p->end),
			   *peer = newest(t, !p->end);
	uint64_t print = fnv(FNV_START, p->msg->raw.p, p->msg->raw.n);

	if (v) {
		if (v->print != print)
			watch_fault(w, "the INVITE %u is repeated with other bytes", p->cseq);
		earliest(&v->arrived_ns, p->arrives);
		return;
	}
	if (own && own->cseq > p->cseq && t->n_invites[p->end] < WATCH_INVITES)
		watch_fault(w, "CSeq goes back from %u to %u", own->cseq, p->cseq);
	/* One to a port that nobody holds any more ends by an error of the network. */
	if (own && own->final_arrived_ns > p->now && !is_deaf(w, t))
		watch_fault(w, "INVITE %u while the offer in %u is open", p->cseq, own->cseq);
	if (peer && peer->arrived_ns < p->now && !peer->final && !is_deaf(w, t))
		watch_fault(w, "INVITE %u while the peer's %u waits for an answer", p->cseq, peer->cseq);
	if (t->n_invites[p->end] == WATCH_INVITES) {
		t->n_invites[p->end]--;
		memmove(&t->invites[p->end][1], &t->invites[p->end][2], (WATCH_INVITES - 2) * sizeof(*v));
	}
	t->invites[p->end][t->n_invites[p->end]++] = (struct seen_invite){.cseq = p->cseq,
		.print = print,
		.arrived_ns = p->arrives,
		.final_sent_ns = NEVER,
		.final_arrived_ns = NEVER};
}

static void see_final(struct watch *w, const struct passing *p, struct seen_invite *v)
{
	const struct seen_invite *own = newest(p->talk, p->end);
	unsigned status = p->msg->status;

	if (v->final && v->final != status && !is_deaf(w, p->talk))
		watch_fault(w, "INVITE %u is answered with %u and %u", v->cseq, v->final, status);
	if (!v->final && status < 300 && own && own->final_arrived_ns > p->now && !is_deaf(w, p->talk))
		watch_fault(
			w, "the offer in %u is accepted while the own one in %u is open", v->cseq, own->cseq);
	if (!v->final)
		v->final_sent_ns = p->now;
	v->final = status;
	v->n_finals += p->copies;
	earliest(&v->final_arrived_ns, p->arrives);
}

static void see_response(struct watch *w, const struct passing *p)
{
	struct seen_invite *v = find_invite(p->talk, !p->end, p->cseq);

	if (p->msg->method != SIP_INVITE)
		return;
	if (!v) {
		if (!newest(p->talk, !p->end) || newest(p->talk, !p->end)->cseq < p->cseq)
			watch_fault(w, "%u to the INVITE %u that was not sent", p->msg->status, p->cseq);
		return;
	}
	if (p->end == 1)
		earliest(&p->talk->response_ns, p->arrives);
	if (p->end == 1 && p->msg->status > 100 && p->msg->status < 300)
		earliest(&p->talk->tagged_ns, p->arrives);
	if (p->msg->status >= 200)
		see_final(w, p, v);
}

static void see_request(struct watch *w, const struct passing *p)
{
	struct talk *t = p->talk;
	struct seen_invite *v;

	switch (p->msg->method) {
	case SIP_INVITE:
		see_invite(w, p);
		break;
	case SIP_ACK:
		v = find_invite(t, p->end, p->cseq);
		if (v && v->final_arrived_ns > p->now)
			watch_fault(w, "ACK %u before a final response came", p->cseq);
		else if (v)
			v->n_acks++;
		break;
	case SIP_CANCEL:
		if (p->end == 0 && t->invites[0][0].cseq == p->cseq) {
			t->n_cancels++;
			earliest(&t->cancel_ns, p->arrives);
		}
		break;
	case SIP_BYE:
		t->n_byes[p->end]++;
		earliest(&t->bye_ns[p->end], p->arrives);
		break;
	default:
		break;
	}
}

/* The ladder, for whoever replays a seed. */
static void tell(const struct watch *w, const struct sip_msg *msg, const struct sip_cseq *cseq, int from,
	int to, uint64_t arrives)
{
	char what[16] = "";

	if (!msg->is_request)
		snprintf(what, sizeof(what), "%u to ", msg->status);
	print_message("# %9.3f  %d -> %d  %.6s  %s%.*s %u%s", (double)sim_now(w->sim) / 1e9, from + 1, to + 1,
		sip_msg_call_id(msg).p, what, SLICE_ARG(cseq->method_text), cseq->number,
		msg->body.n ? " +SDP" : "");
	if (arrives == NEVER)
		print_message(" (lost)\n");
	else
		print_message(" (%.3f)\n", (double)arrives / 1e9);
}

static void see(
	struct watch *w, const struct sim_packet *packet, int from, int to, uint64_t arrives, unsigned copies)
{
	struct passing p = {.now = sim_now(w->sim), .arrives = arrives, .copies = copies};
	struct sip_msg msg;
	const struct sip_cseq *cseq;
	struct slice id;
	uint64_t key;

	if (sip_msg_parse(&msg, slice_make((const char *)packet->data, packet->n)) == 0 &&
		sip_msg_cseq(&msg, &cseq) == 0 && sip_msg_check(&msg) == 0) {
		id = sip_msg_call_id(&msg);
		key = fnv(FNV_START, id.p, id.n);
		p.msg = &msg;
		p.cseq = cseq->number;
		p.talk = watch_talk(w, key);
		if (!p.talk && msg.is_request && msg.method == SIP_INVITE)
			p.talk = begin_talk(w, key, from, to);
		if (w->tells)
			tell(w, &msg, cseq, from, to, arrives);
		if (p.talk) {
			p.end = p.talk->phones[1] == from;
			if (msg.is_request)
				see_request(w, &p);
			else
				see_response(w, &p);
		}
	} else {
		watch_fault(w, "a packet that is no SIP: %s", msg.fault.what ? msg.fault.what : "?");
	}
	sip_msg_free(&msg);
}

bool talk_heard_end(const struct talk *t, int from_end)
{
	const struct seen_invite *first = &t->invites[0][0];

	/* Without a dialog a caller cannot know whom a BYE is for. */
	if (from_end == 1)
		return (t->bye_ns[1] != NEVER && t->bye_ns[1] >= t->tagged_ns) ||
		       (first->final >= 300 && first->final_arrived_ns != NEVER);
	return t->bye_ns[0] != NEVER || (t->cancel_ns != NEVER && t->cancel_ns < first->final_sent_ns);
}

void watch_check_acks(struct watch *w)
{
	for (size_t i = 0; i < w->cap; i++) {
		struct talk *t = &w->talks[i];

		for (int end = 0; end < 2; end++) {
			for (unsigned k = 0; k < t->n_invites[end]; k++) {
				const struct seen_invite *v = &t->invites[end][k];
				bool owed = v->final >= 200 && v->final < 300 && !is_deaf(w, t);

				if (v->n_acks > v->n_finals || (owed && v->n_acks != v->n_finals))
					watch_fault(w, "INVITE %u: %u finals (%u) arrived, %u ACKs went",
						v->cseq, v->n_finals, v->final, v->n_acks);
			}
		}
	}
}

/* ---- the wire ---- */

static unsigned draw(struct watch *w, unsigned bound)
{
	w->random = w->random * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(w->random >> 33) % bound;
}

static enum sim_fate fate_of(struct watch *w, int from, int to, uint64_t *ret_wait_ns)
{
	unsigned luck = draw(w, 1000), wait = draw(w, w->weather.late_ms + 1);

	if (w->silent[from] || w->silent[to] || luck < w->weather.loss)
		return SIM_DROP;
	if ((luck -= w->weather.loss) < w->weather.twice)
		return SIM_DOUBLE;
	if (luck - w->weather.twice >= w->weather.late)
		return SIM_DELIVER;
	*ret_wait_ns = wait * NS_PER_MS;
	return SIM_DELAY;
}

static enum sim_fate pass(void *arg, const struct sim_packet *p, uint64_t *ret_wait_ns)
{
	struct watch *w = arg;
	int from = p->from.ip[3] - 1, to = p->to.ip[3] - 1;
	bool sound = p->from.port >= SOUND_PORT_MIN;
	uint64_t arrives, now = sim_now(w->sim);
	enum sim_fate fate;

	if (to < 0 || to >= WATCH_PHONES || (!sound && p->to.port != SIP_PORT))
		return SIM_BY_RULE;
	fate = sound && w->no_sound ? SIM_DROP : fate_of(w, from, to, ret_wait_ns);
	arrives = fate == SIM_DROP ? NEVER : now + WIRE_DELAY_NS + *ret_wait_ns;
	if (w->prints) {
		uint64_t stamp[] = {now, arrives, p->from.port, p->to.port, (uint64_t)from};

		w->print = fnv(fnv(w->print, stamp, sizeof(stamp)), p->data, p->n);
	}
	if (!sound)
		see(w, p, from, to, arrives, fate == SIM_DROP ? 0 : fate == SIM_DOUBLE ? 2 : 1);
	return fate;
}

void watch_start(struct watch *w, struct sim *sim, uint64_t seed)
{
	static const struct sim_wire plain = {.delay_ns = WIRE_DELAY_NS, .allow_overtake = true};

	*w = (struct watch){.sim = sim, .random = seed * 0x9e3779b97f4a7c15u, .print = FNV_START};
	sim_wire(sim, &plain);
	sim_filter(sim, pass, w);
}

void watch_stop(struct watch *w)
{
	free(w->talks);
	*w = (struct watch){.sim = NULL};
}
