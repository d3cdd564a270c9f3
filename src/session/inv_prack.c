/*
 * Reliable provisional responses: RFC 3262, with the offers and answers that they and their PRACK carry (RFC 3262 5,
 * RFC 6337 2.2 patterns 3 to 5).
 *
 * As callee one provisional at a time is under way; what the owner says meanwhile waits behind it, the 2xx only when a
 * description is among them (RFC 3262 3). As caller each early dialog counts by itself.
 */
#include "session/inv_impl.h"

#include <stdio.h>

/* ---- as caller ---- */

static bool read_rseq(const struct sip_msg *msg, uint32_t *ret_rseq)
{
	return sip_msg_has_token(msg, SIP_HDR_REQUIRE, SLICE_LIT("100rel")) &&
	       slice_to_u32(slice_trim(sip_msg_value(msg, SIP_HDR_RSEQ)), UINT32_MAX, ret_rseq) == 0 &&
	       *ret_rseq != 0;
}

static uint32_t *counter_of(struct inv *inv, struct sip_msg *msg, struct dialog **ret_dialog)
{
	struct early *f = NULL;

	switch (early_find(inv, sip_msg_to_tag(msg), &f)) {
	case 0:
		*ret_dialog = inv->dialog;
		return &inv->peer_rseq;
	case 1:
		*ret_dialog = f->dialog;
		return &f->peer_rseq;
	default:
		return NULL;
	}
}

int prack_due(struct inv *inv, struct sip_msg *msg)
{
	struct dialog *d;
	uint32_t rseq, *counter;

	if (inv->policy.reliable == INV_RELIABLE_OFF || !read_rseq(msg, &rseq))
		return 0;
	counter = counter_of(inv, msg, &d);
	/* A repeat is answered by the PRACK that is repeated itself; one that has overtaken another comes again. */
	return counter && (*counter == 0 || rseq == *counter + 1) ? 1 : -1;
}

static void plain_done(struct inv *inv, struct sip_msg *msg, int err, uint64_t token)
{
	/* Without it the peer refuses the INVITE, which says it all. */
	(void)inv;
	(void)msg;
	(void)err;
	(void)token;
}

/* It tells of the end of an exchange, which may then go on by UPDATE. */
static void described_done(struct inv *inv, struct sip_msg *msg, int err, uint64_t token)
{
	plain_done(inv, msg, err, token);
}

static int send_prack(
	struct inv *inv, struct dialog *d, uint32_t rseq, uint32_t cseq, struct slice body, inv_done_fn *done)
{
	char text[48];
	struct sip_extra rack = {SLICE_LIT("RAck"), SLICE_NONE};
	struct dialog_request req = {.method = SIP_PRACK,
		.extras = &rack,
		.n_extras = 1,
		.content_type = slice_empty(body) ? SLICE_NONE : SDP_TYPE,
		.body = body};

	rack.value = slice_make(text, (size_t)snprintf(text, sizeof(text), "%u %u INVITE", rseq, cseq));
	return inv_request_send(inv, d, &req, done, (uint64_t)rseq << 32 | cseq);
}

/* Our offer in a PRACK is answered in its response, or refused (RFC 6337 2.3 pattern 5). */
static void offered_done(struct inv *inv, struct sip_msg *msg, int err, uint64_t token)
{
	struct slice answer = msg && msg->status < 300 ? inv_sdp_of(msg) : SLICE_NONE;

	(void)err;
	inv->sdp = SDP_SETTLED;
	if (slice_empty(answer)) {
		/* Refused, but the provisional itself still waits for its PRACK. */
		if (msg && msg->status == 488)
			(void)send_prack(inv, inv->dialog, (uint32_t)(token >> 32), (uint32_t)token,
				SLICE_NONE, plain_done);
		if (inv->handler.reoffer_failed)
			inv->handler.reoffer_failed(inv->handler.arg, inv, msg ? msg->status : 408, msg);
	} else if (inv->handler.sdp) {
		(void)inv->handler.sdp(inv->handler.arg, inv, INV_SDP_ANSWER, answer, true);
	}
}

bool prack_described_open(const struct inv *inv)
{
	return inv_request_open(inv, described_done) || inv_request_open(inv, offered_done);
}

bool offer_is_beside(const struct inv *inv)
{
	return inv->sdp == SDP_OURS && (update_offer_open(inv) || inv_request_open(inv, offered_done));
}

int prack_send(struct inv *inv, struct sip_msg *msg, enum prack_kind kind, struct slice body)
{
	static inv_done_fn *const done[] = {
		[PRACK_PLAIN] = plain_done, [PRACK_DESCRIBED] = described_done, [PRACK_OFFER] = offered_done};
	const struct sip_cseq *cseq;
	struct dialog *d;
	uint32_t rseq, *counter = counter_of(inv, msg, &d);
	int err = OH_ESYNTAX;

	if (!counter || !read_rseq(msg, &rseq) || sip_msg_cseq(msg, &cseq) != 0)
		return err;
	err = send_prack(inv, d, rseq, cseq->number, body, done[kind]);
	/* Not sent: the provisional will be repeated. */
	if (err == 0)
		*counter = rseq;
	return err;
}

/* ---- as callee ---- */

/* A provisional or 2xx of the owner that waits; one block. */
struct kept_reply {
	struct list link;
	struct inv_reply r;
	struct sip_extra extras[];
};

static struct slice put(char **at, struct slice text)
{
	struct slice copy = slice_make(*at, text.n);

	if (!slice_present(text))
		return SLICE_NONE;
	if (text.n)
		memcpy(*at, text.p, text.n);
	*at += text.n;
	return copy;
}

static struct kept_reply *keep(const struct inv_reply *r)
{
	size_t size = sizeof(struct kept_reply) + r->n_extras * sizeof(r->extras[0]) + r->reason.n +
		      r->contact.n + r->sdp.n;
	struct kept_reply *k;
	char *at;

	for (size_t i = 0; i < r->n_extras; i++)
		size += r->extras[i].name.n + r->extras[i].value.n;
	k = mem_zalloc(size);
	if (!k)
		return NULL;
	at = (char *)&k->extras[r->n_extras];
	k->r = *r;
	k->r.extras = k->extras;
	k->r.reason = put(&at, r->reason);
	k->r.contact = put(&at, r->contact);
	k->r.sdp = put(&at, r->sdp);
	for (size_t i = 0; i < r->n_extras; i++)
		k->extras[i] = (struct sip_extra){put(&at, r->extras[i].name), put(&at, r->extras[i].value)};
	return k;
}

static void queue_drop(struct reliable *rel)
{
	LIST_FOREACH_SAFE (it, &rel->queue) {
		list_remove(it);
		mem_free(CONTAINER_OF(it, struct kept_reply, link));
	}
}

struct reliable *rel_free(struct inv *inv)
{
	struct reliable *rel = inv->rel;

	if (!rel)
		return NULL;
	wheel_stop(&rel->timer);
	queue_drop(rel);
	mem_free(rel);
	return NULL;
}

bool rel_wanted(const struct inv *inv, const struct inv_reply *r)
{
	if (r->status >= 200 || !(inv->peer_supports & EXT_100REL) ||
		inv->policy.reliable == INV_RELIABLE_OFF)
		return false;
	return inv->policy.reliable == INV_RELIABLE_REQUIRED || inv->peer_requires_100rel ||
	       !slice_empty(r->sdp);
}

bool inv_describes_early(const struct inv *inv)
{
	return rel_wanted(inv, &(struct inv_reply){.status = 183, .sdp = SLICE_LIT("v=0")});
}

bool rel_waits(const struct inv *inv, const struct inv_reply *r)
{
	const struct reliable *rel = inv->rel;

	if (!rel || rel->open == REL_NONE)
		return false;
	if (r->status < 200 || rel->open == REL_DESCRIBED)
		return true;
	LIST_FOREACH (it, &rel->queue) {
		if (!slice_empty(CONTAINER_OF(it, struct kept_reply, link)->r.sdp))
			return true;
	}
	return false;
}

int rel_queue(struct inv *inv, const struct inv_reply *r)
{
	struct kept_reply *k;
	size_t n = 0;

	LIST_FOREACH (it, &inv->rel->queue) {
		n++;
	}
	if (n >= INV_QUEUE_MAX)
		return err_detail(OH_ETOOMANY, "%zu provisionals wait for the PRACK of the one before", n);
	k = keep(r);
	if (!k)
		return OH_ENOMEM;
	list_append(&inv->rel->queue, &k->link);
	return 0;
}

static void on_timer(void *arg)
{
	struct reliable *rel = arg;

	inv_handle(rel->inv, &(struct ev){.kind = EV_RELIABLE_TIMER});
}

int rel_prepare(struct inv *inv, struct inv_headers *h, char rseq[16])
{
	struct reliable *rel = inv->rel;

	if (!rel) {
		rel = mem_zalloc(sizeof(*rel));
		if (!rel)
			return OH_ENOMEM;
		rel->inv = inv;
		/* RFC 3262 3: from 1 to 2**31 - 1; a small one leaves room to count. */
		rel->rseq = host_random_below(sip_stack_host(inv->stack), 30000);
		list_init(&rel->queue);
		wheel_timer_init(&rel->timer, on_timer, rel);
		inv->rel = rel;
	}
	inv_headers_add(h, "Require", SLICE_LIT("100rel"));
	inv_headers_add(h, "RSeq", slice_make(rseq, (size_t)snprintf(rseq, 16, "%u", rel->rseq + 1)));
	return 0;
}

void rel_sent(struct inv *inv, bool described)
{
	struct reliable *rel = inv->rel;
	uint32_t t1 = sip_stack_timers(inv->stack)->t1;

	rel->rseq++;
	rel->open = described ? REL_DESCRIBED : REL_PLAIN;
	rel->wait_ms = t1;
	rel->give_up_ns = host_now(sip_stack_host(inv->stack)) + 64 * t1 * NS_PER_MS;
	sip_stack_arm(inv->stack, &rel->timer, rel->wait_ms);
}

void rel_over(struct inv *inv)
{
	if (!inv->rel)
		return;
	wheel_stop(&inv->rel->timer);
	queue_drop(inv->rel);
}

/* RFC 3262 3: the wait doubles without end, and after 64*T1 the INVITE is refused with a 5xx. */
int prack_missing(struct inv *inv, const struct ev *ev)
{
	struct reliable *rel = inv->rel;

	(void)ev;
	if (host_now(sip_stack_host(inv->stack)) >= rel->give_up_ns) {
		uas_refuse(inv, 504);
		inv_finish(inv, PHASE_OVER,
			&(struct op_end){
				.by = INV_ENDED_BY_NETWORK, .status = 504, .reason = SLICE_LIT("No PRACK")});
		return 0;
	}
	(void)sip_respond_again(inv->server);
	rel->wait_ms *= 2;
	sip_stack_arm(inv->stack, &rel->timer, rel->wait_ms);
	return 0;
}

/* "rseq cseq INVITE" (RFC 3262 7.2). */
static bool fits(const struct inv *inv, const struct sip_msg *prack)
{
	struct slice rest = slice_trim(sip_msg_value(prack, SIP_HDR_RACK)), word[3];
	uint32_t rseq, cseq;

	for (size_t i = 0; i < ARRAY_LEN(word); i++) {
		size_t n = 0;

		while (n < rest.n && !strchr(" \t\r\n", rest.p[n]))
			n++;
		word[i] = slice_make(rest.p, n);
		rest = slice_trim(slice_skip(rest, n));
	}
	return inv->rel && inv->rel->open != REL_NONE && slice_to_u32(word[0], UINT32_MAX, &rseq) == 0 &&
	       slice_to_u32(word[1], UINT32_MAX, &cseq) == 0 && rseq == inv->rel->rseq &&
	       cseq == inv->server_cseq && slice_eq(word[2], SLICE_LIT("INVITE"));
}

static void accept_prack(struct sip_server *server)
{
	if (sip_respond(server, &(struct sip_reply){.status = 200}) == OH_ENOMEM)
		sip_refuse(server, 200, NULL);
}

/* What has waited for this PRACK goes on its way. */
static void go_on(struct inv *inv)
{
	struct list *first;

	while (inv->rel && inv->rel->open == REL_NONE && (first = list_first(&inv->rel->queue)) != NULL) {
		struct kept_reply *k = CONTAINER_OF(first, struct kept_reply, link);

		list_remove(first);
		uas_reply_queued(inv, &k->r);
		mem_free(k);
	}
}

static void acknowledged(struct inv *inv)
{
	/* Asked for an answer, the owner may have let go of the call. */
	if (!inv->rel)
		return;
	wheel_stop(&inv->rel->timer);
	inv->rel->open = REL_NONE;
}

/* Our offer was in the provisional. */
static void take_answer(struct inv *inv, struct sip_msg *msg)
{
	struct slice answer = inv_sdp_of(msg);

	inv->sdp = SDP_SETTLED;
	if (!slice_empty(answer) && (!inv->handler.sdp || inv->handler.sdp(inv->handler.arg, inv,
								  INV_SDP_ANSWER, answer, true) == 0))
		return;
	if (!inv_ended(inv))
		inv_hangup(inv, &(struct op_end){.by = INV_ENDED_BY_US, .status = 488});
}

int prack_came(struct inv *inv, const struct ev *ev)
{
	struct slice offer = inv_sdp_of(ev->msg);
	enum phase phase = inv->phase;

	if (!fits(inv, ev->msg)) {
		sip_refuse(ev->server, 481, NULL);
		return 0;
	}
	if (inv->sdp == SDP_OURS && !offer_is_beside(inv)) {
		acknowledged(inv);
		accept_prack(ev->server);
		take_answer(inv, ev->msg);
	} else if (slice_empty(offer)) {
		acknowledged(inv);
		accept_prack(ev->server);
	} else if (inv->sdp != SDP_SETTLED) {
		refuse_later(inv, ev->server);
	} else if (offer_ask(inv, ev->server, inv->dialog, offer)) {
		acknowledged(inv);
	}
	if (inv->phase == phase)
		go_on(inv);
	return 0;
}
