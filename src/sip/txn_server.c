/*
 * Server transactions: INVITE (RFC 3261 17.2.1 with the Accepted state of RFC 6026) and all others (17.2.2
 * with RFC 4320). One table for both.
 *
 * A transaction that waits for its user's answer is never freed behind the user's back: an INVITE tells its
 * end by `done`, and any other ends with the user's final response.
 */
#include "sip/txn_server_impl.h"

#include "base/err.h"
#include "base/mem.h"

#define PROMPT_100_MS 200u /* RFC 3261 17.2.1: a 100 unless the user answers within 200 ms */

enum server_event {
	RX_REQUEST, /* a retransmission */
	RX_ACK,
	TX_1XX,
	TX_2XX,
	TX_300_699,
	RETRY_DUE,   /* the 100, timer G */
	GIVE_UP_DUE, /* timers H, I, J, L, and the client's F */
	SEND_FAILED,
	N_EVENTS
};

typedef int action(struct sip_server *t, int err);

static action send_last, repeat_last, prompt, repeat_doubling, forget, tell_failed, report, report_timeout,
	nothing;

struct step {
	enum server_state next;
	action *act;
};

/* An empty cell means "ignore", for the user's own events OH_ESTATE. */
/* clang-format off */
static const struct step steps[N_STATES][N_EVENTS] = {
	[I_TRYING] = {
		[TX_1XX]      = {I_PROCEEDING, send_last},
		[TX_2XX]      = {I_ACCEPTED, send_last},
		[TX_300_699]  = {I_COMPLETED, send_last},
		[RETRY_DUE]   = {I_PROCEEDING, prompt},
	},
	[I_PROCEEDING] = {
		[RX_REQUEST]  = {I_PROCEEDING, repeat_last},
		[TX_1XX]      = {I_PROCEEDING, send_last},
		[TX_2XX]      = {I_ACCEPTED, send_last},
		[TX_300_699]  = {I_COMPLETED, send_last},
		[SEND_FAILED] = {I_PROCEEDING, tell_failed},
	},
	[I_COMPLETED] = {
		[RX_REQUEST]  = {I_COMPLETED, repeat_last},
		[RX_ACK]      = {I_CONFIRMED, nothing},
		[RETRY_DUE]   = {I_COMPLETED, repeat_doubling},   /* timer G */
		[GIVE_UP_DUE] = {TERMINATED, report_timeout},     /* timer H */
		[SEND_FAILED] = {I_COMPLETED, tell_failed},
	},
	[I_CONFIRMED] = {
		[RX_ACK]      = {I_CONFIRMED, nothing},
		[GIVE_UP_DUE] = {TERMINATED, report},             /* timer I */
	},
	[I_ACCEPTED] = {
		[GIVE_UP_DUE] = {TERMINATED, report},             /* timer L */
		[SEND_FAILED] = {I_ACCEPTED, tell_failed},
	},
	[N_TRYING] = {
		[TX_2XX]      = {N_COMPLETED, send_last},
		[TX_300_699]  = {N_COMPLETED, send_last},
		[RETRY_DUE]   = {N_PROCEEDING, prompt},           /* RFC 4320 4.1 */
		[GIVE_UP_DUE] = {N_EXPIRED, nothing},
	},
	[N_PROCEEDING] = {
		[RX_REQUEST]  = {N_PROCEEDING, repeat_last},
		[TX_2XX]      = {N_COMPLETED, send_last},
		[TX_300_699]  = {N_COMPLETED, send_last},
		[GIVE_UP_DUE] = {N_EXPIRED, nothing},
	},
	[N_EXPIRED] = {
		[TX_2XX]      = {TERMINATED, forget},
		[TX_300_699]  = {TERMINATED, forget},
	},
	[N_COMPLETED] = {
		[RX_REQUEST]  = {N_COMPLETED, repeat_last},
		[GIVE_UP_DUE] = {TERMINATED, report},             /* timer J */
	},
};
/* clang-format on */

static void timer_due(void *arg);

static const struct sip_timers *timers(const struct sip_server *t)
{
	return sip_stack_timers(t->stack);
}

/* How long the client's timer E takes to reach T2: 3.5 s by default. */
static uint32_t until_e_is_t2(const struct sip_timers *timers)
{
	uint32_t sum = 0;

	for (uint32_t e = timers->t1; e < timers->t2; e *= 2)
		sum += e;
	return sum;
}

/* How much a stranger can make us keep is limited in bytes too (sip_stack_cfg.max_server_bytes). */
static char *keep_text(struct sip_server *t, struct slice text)
{
	char *copy = mem_alloc(text.n);

	if (!copy)
		return NULL;
	memcpy(copy, text.p, text.n);
	t->stack->server_bytes += text.n;
	return copy;
}

static void drop_head(struct sip_server *t)
{
	if (!t->head.p)
		return;
	t->stack->server_bytes -= t->head.n;
	mem_free(t->head.p);
	t->head.p = NULL;
}

static void drop_last(struct sip_server *t)
{
	t->stack->server_bytes -= t->last_n;
	mem_free(t->last);
	t->last = NULL;
	t->last_n = 0;
}

/* The one writer of the state; it arms the timers of the new one and gives back what it does not need. */
static void enter(struct sip_server *t, enum server_state state)
{
	struct sip_stack *s = t->stack;
	const struct sip_timers *ms = timers(t);
	bool reliable = sip_flow_reliable(&t->flow);

	s->counters.unanswered += state == I_COMPLETED;
	s->counters.unanswered -= t->state == I_COMPLETED;
	t->state = state;
	switch (state) {
	case I_TRYING:
		txn_timer_set(s, &t->timer, PROMPT_100_MS, TXN_NEVER);
		break;
	case I_PROCEEDING:
		txn_timer_set(s, &t->timer, 0, TXN_NEVER);
		break;
	case I_COMPLETED:
		drop_head(t);
		txn_timer_set(s, &t->timer, reliable ? 0 : ms->t1, 64ull * ms->t1);
		break;
	case I_CONFIRMED:
		drop_last(t);
		txn_timer_set(s, &t->timer, 0, reliable ? 0 : ms->t4);
		break;
	case I_ACCEPTED:
		drop_head(t);
		txn_timer_set(s, &t->timer, 0, 64ull * ms->t1);
		break;
	case N_TRYING:
		txn_timer_set(s, &t->timer, until_e_is_t2(ms), 64ull * ms->t1);
		break;
	case N_PROCEEDING: /* the client's F goes on */
		txn_timer_retry(s, &t->timer, 0);
		break;
	case N_COMPLETED:
		drop_head(t);
		txn_timer_set(s, &t->timer, 0, reliable ? 0 : 64ull * ms->t1);
		break;
	case N_EXPIRED:
	case TERMINATED:
	case N_STATES:
		wheel_stop(&t->timer.wheel);
		break;
	}
}

static int handle(struct sip_server *t, enum server_event event, int err)
{
	const struct step *step = &steps[t->state][event];

	if (!step->act)
		return OH_ESTATE;
	if (step->next != t->state)
		enter(t, step->next);
	return step->act(t, err); /* last, because the user may do anything in its callback */
}

static void timer_due(void *arg)
{
	struct sip_server *t = arg;

	handle(t, txn_timer_is_over(t->stack, &t->timer) ? GIVE_UP_DUE : RETRY_DUE, 0);
}

/* ---- life ---- */

static void destroy(struct sip_server *t)
{
	struct sip_stack *s = t->stack;

	wheel_stop(&t->timer.wheel);
	s->counters.unanswered -= t->state == I_COMPLETED;
	hash_remove(&s->servers, &t->node);
	hash_remove(&s->merges, &t->merge);
	list_remove(&t->link);
	s->counters.server_txns--;
	drop_head(t);
	drop_last(t);
	mem_free(t->proof);
	mem_free(t);
}

static int keep_head(struct sip_server *t, struct sip_msg *request)
{
	struct reply_head printed;
	int err = reply_head_print(t->stack, request, &t->flow, &printed);

	if (err)
		return err;
	t->head = printed;
	t->head.p = keep_text(t, slice_make(printed.p, printed.n));
	if (!t->head.p)
		return OH_ENOMEM;
	return reply_address(request, &t->flow, &t->reply_to);
}

int server_new(struct sip_stack *s, struct sip_msg *request, const struct server_key *key,
	const struct sip_flow *flow, struct sip_server **ret_server)
{
	struct sip_server *t = mem_zalloc(sizeof(*t) + key->n);
	struct slice to_tag = sip_msg_to_tag(request);
	int err;

	if (!t)
		return OH_ENOMEM;
	t->stack = s;
	t->method = request->method;
	t->flow = *flow;
	t->magic = key->magic;
	t->key_n = key->n;
	memcpy(t->key, key->text, key->n);
	/* A To tag longer than ours are belongs to no dialog of ours, so it never comes here. */
	if (to_tag.n && to_tag.n <= SIP_TO_TAG_MAX)
		memcpy(t->to_tag, to_tag.p, to_tag.n);
	wheel_timer_init(&t->timer.wheel, timer_due, t);
	err = keep_head(t, request);
	if (err) {
		drop_head(t);
		mem_free(t);
		return err;
	}
	hash_insert(&s->servers, &t->node, key->hash);
	hash_insert(&s->merges, &t->merge, server_merge_hash(s, request));
	list_append(&s->server_list, &t->link);
	s->counters.server_txns++;
	enter(t, t->method == SIP_INVITE ? I_TRYING : N_TRYING);
	*ret_server = t;
	return 0;
}

/* ---- actions ---- */

static int nothing(struct sip_server *t, int err)
{
	(void)t;
	return err;
}

static int send_last(struct sip_server *t, int err)
{
	struct sip_flow back = t->flow;

	(void)err;
	back.remote = t->reply_to;
	return sip_flow_send(&back, slice_make(t->last, t->last_n));
}

static int repeat_last(struct sip_server *t, int err)
{
	if (!t->last) /* no memory for the 100, until now */
		return prompt(t, err);
	t->stack->counters.tx_retransmits++;
	return send_last(t, err);
}

static int repeat_doubling(struct sip_server *t, int err)
{
	uint32_t next_ms = t->timer.retry_ms * 2, t2 = timers(t)->t2;

	txn_timer_retry(t->stack, &t->timer, next_ms < t2 ? next_ms : t2);
	return repeat_last(t, err);
}

static int prepare(struct sip_server *t, const struct sip_reply *reply);

/* Out of memory: the client retransmits, as if the 100 had been lost. */
static int prompt(struct sip_server *t, int err)
{
	const struct sip_reply trying = {.status = 100};

	err = prepare(t, &trying);
	return err ? err : send_last(t, 0);
}

static int forget(struct sip_server *t, int err)
{
	(void)err;
	destroy(t);
	return OH_ETIMEDOUT;
}

static int tell_failed(struct sip_server *t, int err)
{
	if (t->handler.failed)
		t->handler.failed(t->handler.arg, err);
	return err;
}

static int report(struct sip_server *t, int err)
{
	if (t->handler.done)
		t->handler.done(t->handler.arg, err);
	destroy(t);
	return 0;
}

static int report_timeout(struct sip_server *t, int err)
{
	(void)err;
	return report(t, OH_ETIMEDOUT);
}

/* ---- what comes in ---- */

void server_repeated(struct sip_server *t)
{
	handle(t, RX_REQUEST, 0);
}

bool server_acked(struct sip_server *t)
{
	return handle(t, RX_ACK, 0) == 0;
}

static bool is_pending(const struct sip_server *t)
{
	return t->state == I_TRYING || t->state == I_PROCEEDING || t->state == N_TRYING ||
	       t->state == N_PROCEEDING;
}

void server_cancelled(struct sip_server *t, struct sip_msg *cancel)
{
	const struct sip_reply terminated = {.status = 487};

	if (t->method != SIP_INVITE || !is_pending(t))
		return;
	if (t->handler.cancel)
		t->handler.cancel(t->handler.arg, cancel);
	else
		sip_respond(t, &terminated);
}

struct slice server_to_tag(const struct sip_server *t, char *buf)
{
	if (!t->to_tag[0])
		return reply_tag(hash_key(&t->stack->servers, slice_make(t->key, t->key_n), 1), buf);
	strcpy(buf, t->to_tag);
	return slice_of(buf);
}

void server_settle(struct sip_stack *s, const struct server_key *key)
{
	struct sip_server *t = server_find(s, key, SIP_INVITE);

	if (t && is_pending(t) && !t->handler.done)
		sip_server_detach(t);
}

/* ---- the user ---- */

void sip_server_handle(struct sip_server *t, const struct sip_server_handler *handler)
{
	t->handler = *handler;
}

static enum server_event event_of(unsigned status)
{
	return status < 200 ? TX_1XX : status < 300 ? TX_2XX : TX_300_699;
}

static bool may_send(const struct sip_server *t, unsigned status)
{
	if (status < 100 || status > 699)
		return false;
	return t->method == SIP_INVITE || (status >= 200 && status != 408); /* RFC 4320 4.1, 4.2 */
}

int server_prove(struct sip_server *t, struct slice user, struct slice info)
{
	struct server_proof *p = mem_alloc(sizeof(*p) + user.n + info.n);

	if (!p)
		return OH_ENOMEM;
	memcpy(p->texts, user.p, user.n);
	p->user = slice_make(p->texts, user.n);
	if (info.n)
		memcpy(p->texts + user.n, info.p, info.n);
	p->info = slice_make(p->texts + user.n, info.n);
	mem_free(t->proof);
	t->proof = p;
	return 0;
}

struct slice sip_server_proven(const struct sip_server *t)
{
	return t->proof ? t->proof->user : SLICE_NONE;
}

/* Prints the reply and keeps it as the last. The To tag stays the same from the first response on. */
static int prepare(struct sip_server *t, const struct sip_reply *reply)
{
	char buf[SIP_TO_TAG_MAX + 1];
	struct slice tag = SLICE_NONE, text;
	char *copy;
	int err;

	if (reply->status > 100)
		tag = slice_present(reply->to_tag) ? reply->to_tag : server_to_tag(t, buf);
	if (tag.n > SIP_TO_TAG_MAX)
		return OH_EINVAL;
	err = reply_print(t->stack, &t->head, reply, tag,
		t->proof && reply->status / 100 == 2 ? t->proof->info : SLICE_NONE, &text);
	if (err)
		return err;
	copy = keep_text(t, text);
	if (!copy)
		return OH_ENOMEM;
	drop_last(t);
	t->last = copy;
	t->last_n = text.n;
	if (!t->head.to_tagged && tag.n) {
		memcpy(t->to_tag, tag.p, tag.n);
		t->to_tag[tag.n] = 0;
	}
	return 0;
}

int sip_respond(struct sip_server *t, const struct sip_reply *reply)
{
	enum server_event event = event_of(reply->status);
	int err = 0;

	if (!may_send(t, reply->status))
		return OH_EINVAL;
	if (!steps[t->state][event].act)
		return OH_ESTATE;
	if (t->state != N_EXPIRED)
		err = prepare(t, reply);
	if (err)
		return err;
	err = handle(t, event, 0);
	/* From the socket these two would be read as "nothing has happened, answer again". */
	return err == OH_ENOMEM || err == OH_ETOOBIG ? OH_ETRANSPORT : err;
}

int sip_respond_again(struct sip_server *t)
{
	if (!t->last || (t->state != I_PROCEEDING && t->state != I_ACCEPTED))
		return OH_ESTATE;
	return repeat_last(t, 0);
}

/* Without memory for a response to repeat, or with one that cannot be printed, the transaction goes at once:
 * the client's retransmission comes as a new request. */
void sip_refuse(struct sip_server *t, unsigned status, const char *reason)
{
	const struct sip_reply reply = {.status = status, .reason = slice_of(reason)};

	t->handler = (struct sip_server_handler){0};
	if (is_pending(t))
		sip_respond(t, &reply);
	if (is_pending(t) || t->state == N_EXPIRED)
		destroy(t);
}

void sip_server_detach(struct sip_server *t)
{
	if (t->state == I_ACCEPTED)
		drop_last(t);
	sip_refuse(t, 500, NULL);
}

enum sip_method sip_server_method(const struct sip_server *t)
{
	return t->method;
}

const struct sip_flow *sip_server_flow(const struct sip_server *t)
{
	return &t->flow;
}

/* ---- all of them at once ---- */

/* Callbacks may end and make transactions while we go through them, so those meant are first put aside. */
static void put_aside(
	struct sip_stack *s, struct sip_transport *transport, const struct netaddr *peer, struct list *to)
{
	list_init(to);
	LIST_FOREACH_SAFE (it, &s->server_list) {
		struct sip_server *t = CONTAINER_OF(it, struct sip_server, link);

		if (t->flow.transport != transport || (peer && !netaddr_eq(&t->reply_to, peer)))
			continue;
		list_remove(&t->link);
		list_append(to, &t->link);
	}
}

static struct sip_server *put_back_first(struct sip_stack *s, struct list *from)
{
	struct sip_server *t = CONTAINER_OF(list_first(from), struct sip_server, link);

	list_remove(&t->link);
	list_append(&s->server_list, &t->link);
	return t;
}

void server_unreachable(
	struct sip_stack *s, struct sip_transport *transport, const struct netaddr *peer, int err)
{
	struct list meant;

	put_aside(s, transport, peer, &meant);
	while (!list_empty(&meant))
		handle(put_back_first(s, &meant), SEND_FAILED, err);
}

/* What waits for a user that hears no `done` waits on, and its answer will go nowhere. */
void server_transport_gone(struct sip_stack *s, struct sip_transport *transport)
{
	struct list meant;

	put_aside(s, transport, NULL, &meant);
	while (!list_empty(&meant)) {
		struct sip_server *t = put_back_first(s, &meant);

		if (t->state == N_EXPIRED || (is_pending(t) && !t->handler.done))
			continue;
		enter(t, TERMINATED);
		report(t, OH_ETRANSPORT);
	}
}

void server_free_all(struct sip_stack *s)
{
	while (!list_empty(&s->server_list))
		destroy(CONTAINER_OF(list_first(&s->server_list), struct sip_server, link));
}
