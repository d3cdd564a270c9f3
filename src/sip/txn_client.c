/*
 * Client transactions: INVITE (RFC 3261 17.1.1 with the Accepted state of RFC 6026) and all others (17.1.2).
 * One table for both: their states are different ones, their events are the same.
 *
 * A transaction is freed in one place, finish(), when its machine reaches TERMINATED. The user's
 * sip_client_free() only takes the user away from it. A CANCEL is a transaction of its own, made by the
 * INVITE's and held until the first provisional allows it to go (9.1).
 */
#include "sip/client_impl.h"

#include "base/err.h"
#include "base/mem.h"

#define TIMER_D_MS 32000u /* not 64*T1: the server's T1 may be longer than ours (RFC 3261 17.1.1.2) */

enum client_event {
	RX_1XX,
	RX_2XX,
	RX_300_699,
	RETRY_DUE,   /* timers A, E */
	GIVE_UP_DUE, /* timers B, D, F, K, M, and what bounds ABORTED and CANCELLING */
	SEND_FAILED,
	CANCEL, /* the user's, or the user has gone */
	N_EVENTS
};

/* What came with an event: a response and its way, or an error. */
struct input {
	struct sip_msg *msg;
	const struct sip_flow *flow;
	int err;
};

static const struct input no_input;

typedef void action(struct sip_client *c, const struct input *in);

static action pass_up, ack_and_pass_up, ack_again, retransmit_at_t2, retransmit_doubling, report,
	report_timeout, report_aborted, send_cancel, cancel_and_pass_up, abort_lookup, nothing;

struct step {
	enum client_state next;
	action *act;
};

/* An empty cell means "ignore": a late retransmission, or a timer that lost a race. */
/* clang-format off */
static const struct step steps[N_STATES][N_EVENTS] = {
	[LOCATING] = {
		[SEND_FAILED] = {TERMINATED, report},
		[CANCEL]      = {ABORTED, abort_lookup},
	},
	[ABORTED] = {
		[GIVE_UP_DUE] = {TERMINATED, report_aborted},
	},
	[CALLING] = {
		[RX_1XX]      = {PROCEEDING, pass_up},
		[RX_2XX]      = {ACCEPTED, pass_up},
		[RX_300_699]  = {COMPLETED, ack_and_pass_up},
		[RETRY_DUE]   = {CALLING, retransmit_doubling},     /* timer A */
		[GIVE_UP_DUE] = {TERMINATED, report_timeout},         /* timer B */
		[SEND_FAILED] = {TERMINATED, report},
		[CANCEL]      = {CALLING_CANCEL, nothing},
	},
	[CALLING_CANCEL] = {
		[RX_1XX]      = {CANCELLING, cancel_and_pass_up},
		[RX_2XX]      = {ACCEPTED, pass_up},
		[RX_300_699]  = {COMPLETED, ack_and_pass_up},
		[RETRY_DUE]   = {CALLING_CANCEL, retransmit_doubling},
		[GIVE_UP_DUE] = {TERMINATED, report_timeout},
		[SEND_FAILED] = {TERMINATED, report},
	},
	[PROCEEDING] = {
		[RX_1XX]      = {PROCEEDING, pass_up},
		[RX_2XX]      = {ACCEPTED, pass_up},
		[RX_300_699]  = {COMPLETED, ack_and_pass_up},
		[SEND_FAILED] = {TERMINATED, report},
		[CANCEL]      = {CANCELLING, send_cancel},
	},
	[CANCELLING] = {
		[RX_1XX]      = {CANCELLING, pass_up},
		[RX_2XX]      = {ACCEPTED, pass_up},                  /* it crossed the CANCEL */
		[RX_300_699]  = {COMPLETED, ack_and_pass_up},
		[GIVE_UP_DUE] = {TERMINATED, report_timeout},         /* RFC 3261 9.1: 64*T1 after the CANCEL */
		[SEND_FAILED] = {TERMINATED, report},
	},
	[COMPLETED] = {
		[RX_300_699]  = {COMPLETED, ack_again},
		[GIVE_UP_DUE] = {TERMINATED, report},                 /* timer D */
		[SEND_FAILED] = {TERMINATED, report},
	},
	[ACCEPTED] = {
		[RX_2XX]      = {ACCEPTED, pass_up},                  /* another fork, or a repeat */
		[GIVE_UP_DUE] = {TERMINATED, report},                 /* timer M */
	},
	[TRYING] = {
		[RX_1XX]      = {N_PROCEEDING, pass_up},
		[RX_2XX]      = {N_COMPLETED, pass_up},
		[RX_300_699]  = {N_COMPLETED, pass_up},
		[RETRY_DUE]   = {TRYING, retransmit_doubling},      /* timer E */
		[GIVE_UP_DUE] = {TERMINATED, report_timeout},         /* timer F */
		[SEND_FAILED] = {TERMINATED, report},
	},
	[N_PROCEEDING] = {
		[RX_1XX]      = {N_PROCEEDING, pass_up},
		[RX_2XX]      = {N_COMPLETED, pass_up},
		[RX_300_699]  = {N_COMPLETED, pass_up},
		[RETRY_DUE]   = {N_PROCEEDING, retransmit_at_t2},      /* timer E, at T2 */
		[GIVE_UP_DUE] = {TERMINATED, report_timeout},         /* timer F */
		[SEND_FAILED] = {TERMINATED, report},
	},
	[N_COMPLETED] = {
		[GIVE_UP_DUE] = {TERMINATED, report},                 /* timer K */
	},
};
/* clang-format on */

static void timer_due(void *arg);

static const struct sip_timers *timers(const struct sip_client *c)
{
	return sip_stack_timers(c->out.stack);
}

static void drop_cancel(struct sip_client *c);

/* Sent, and no final response yet? */
static bool is_unanswered(enum client_state state)
{
	switch (state) {
	case CALLING:
	case CALLING_CANCEL:
	case PROCEEDING:
	case CANCELLING:
	case TRYING:
	case N_PROCEEDING:
		return true;
	default:
		return false;
	}
}

/* The one writer of the state; it arms the timers of the new one and gives back what it does not need. */
static void enter(struct sip_client *c, enum client_state state)
{
	struct sip_stack *s = c->out.stack;
	bool reliable = sip_flow_reliable(&c->out.flow);
	uint32_t t1 = timers(c)->t1;

	s->counters.unanswered += is_unanswered(state);
	s->counters.unanswered -= is_unanswered(c->state);
	c->state = state;
	switch (state) {
	case LOCATING: /* the resolver has its own time limit */
	case HELD:
	case CALLING_CANCEL: /* A and B go on */
		break;
	case N_PROCEEDING: /* E and F go on; somebody is there, so the whole of F */
		if (client_patience_ms(c) < 64ull * t1)
			txn_timer_set(s, &c->timer, c->timer.retry_ms, 64ull * t1);
		break;
	case ABORTED:
		txn_timer_set(s, &c->timer, 0, 0);
		break;
	case CALLING:
	case TRYING:
		txn_timer_set(s, &c->timer, reliable ? 0 : t1, client_patience_ms(c));
		break;
	case PROCEEDING: /* no limit: the callee may ring as long as it likes */
		if (!c->auth &&
			!client_has_ways(
				c)) /* else a proxy behind the one that said 100 may still challenge */
			outgoing_trim(&c->out);
		txn_timer_set(s, &c->timer, 0, TXN_NEVER);
		break;
	case CANCELLING:
		outgoing_trim(&c->out);
		txn_timer_set(s, &c->timer, 0, 64ull * t1);
		break;
	case COMPLETED:
		drop_cancel(c);
		outgoing_trim(&c->out);
		txn_timer_set(s, &c->timer, 0, reliable ? 0 : TIMER_D_MS);
		break;
	case ACCEPTED:
		drop_cancel(c);
		outgoing_keep_credentials(&c->out);
		txn_timer_set(s, &c->timer, 0, 64ull * t1);
		break;
	case N_COMPLETED:
		outgoing_drop(&c->out);
		txn_timer_set(s, &c->timer, 0, reliable ? 0 : timers(c)->t4);
		break;
	case TERMINATED:
	case N_STATES:
		wheel_stop(&c->timer.wheel);
		break;
	}
}

/* ---- life ---- */

static struct sip_client *client_new(
	struct sip_stack *s, enum sip_method method, const struct sip_client_handler *handler)
{
	struct sip_client *c = mem_zalloc(sizeof(*c));

	if (!c)
		return NULL;
	c->out.stack = s;
	c->method = method;
	if (handler)
		c->handler = *handler;
	wheel_timer_init(&c->timer.wheel, timer_due, c);
	return c;
}

/* From now on responses find it, and the stack owns it. */
static void publish(struct sip_client *c)
{
	struct sip_stack *s = c->out.stack;

	hash_insert(&s->clients, &c->node, hash_key_nocase(&s->clients, outgoing_branch(&c->out), 0));
	list_append(&s->client_list, &c->link);
	s->counters.client_txns++;
}

static void destroy(struct sip_client *c)
{
	struct sip_stack *s = c->out.stack;

	drop_cancel(c);
	wheel_stop(&c->timer.wheel);
	s->counters.unanswered -= is_unanswered(c->state);
	if (list_linked(&c->link)) {
		hash_remove(&s->clients, &c->node);
		list_remove(&c->link);
		s->counters.client_txns--;
	}
	outgoing_drop(&c->out);
	sip_auth_unref(c->auth);
	mem_free(c->tried);
	mem_free(c->ways);
	mem_free(c);
}

static void drop_cancel(struct sip_client *c)
{
	if (c->cancel)
		destroy(c->cancel);
	c->cancel = NULL;
}

static int launch(struct sip_client *c)
{
	int err = outgoing_send(&c->out);

	if (err)
		return err;
	if (!list_linked(&c->link))
		publish(c);
	enter(c, c->method == SIP_INVITE ? CALLING : TRYING);
	return 0;
}

static void handle(struct sip_client *c, enum client_event event, const struct input *in)
{
	const struct step *step = &steps[c->state][event];

	if (!step->act)
		return;
	if (step->next != c->state)
		enter(c, step->next);
	step->act(c, in); /* last, because the user may do anything in its callback */
}

static void fail(struct sip_client *c, int err)
{
	const struct input in = {.err = err};

	if (client_ways_failed(c, err))
		return;
	handle(c, SEND_FAILED, &in);
}

/* To the first target that can be sent to. */
static int launch_somewhere(struct sip_client *c)
{
	int err;

	c->ways = c->out.others;
	c->out.others = NULL;
	do
		err = launch(c);
	while (err && client_ways_unsent(c, err));
	return err;
}

static void located(void *arg, int err)
{
	struct sip_client *c = arg;

	if (!err)
		err = launch_somewhere(c);
	if (err)
		fail(c, err);
}

static void timer_due(void *arg)
{
	struct sip_client *c = arg;

	bool over = txn_timer_is_over(c->out.stack, &c->timer);

	if (!over || !client_ways_failed(c, OH_ETIMEDOUT))
		handle(c, over ? GIVE_UP_DUE : RETRY_DUE, &no_input);
}

int sip_client_send(struct sip_stack *s, const struct sip_request *req,
	const struct sip_client_handler *handler, struct sip_client **ret_client)
{
	struct sip_client *c = client_new(s, req->method, handler);
	char buf[CLIENT_CREDENTIALS_MAX];
	struct slice credentials;
	int err;

	if (!c)
		return OH_ENOMEM;
	c->spare = req->spare;
	c->secure = request_wants_tls(req);
	c->about = req->about;
	err = client_auth_begin(c, req, buf, &credentials);
	if (err == 0)
		err = outgoing_start(&c->out, s, req, credentials, located, c);
	if (err)
		goto fail;
	if (c->out.query) {
		publish(c);
		enter(c, LOCATING);
	} else {
		err = launch_somewhere(c);
		if (err)
			goto fail;
	}
	*ret_client = c;
	return 0;
fail:
	destroy(c);
	return err;
}

void client_replace(struct sip_client *c, struct outgoing *next)
{
	struct sip_stack *s = c->out.stack;
	bool published = list_linked(&c->link);

	if (published)
		hash_remove(&s->clients, &c->node);
	outgoing_drop(&c->out);
	c->out = *next;
	if (published)
		hash_insert(&s->clients, &c->node, hash_key_nocase(&s->clients, outgoing_branch(&c->out), 0));
}

int client_restart(struct sip_client *c, struct outgoing *next, struct sip_msg *response)
{
	const struct input in = {.msg = response};
	struct sip_stack *s = c->out.stack;
	struct sip_client *old = client_new(s, c->method, NULL);
	int err;

	if (!old) {
		outgoing_drop(next);
		return OH_ENOMEM;
	}
	hash_remove(&s->clients, &c->node);
	old->out = c->out;
	c->out = *next;
	hash_insert(&s->clients, &c->node, hash_key_nocase(&s->clients, outgoing_branch(&c->out), 0));
	publish(old);
	enter(old, c->method == SIP_INVITE ? COMPLETED : N_COMPLETED);
	if (response && c->method == SIP_INVITE)
		ack_again(old, &in);
	err = launch(c);
	if (err)
		fail(c, err); /* last: c may be gone */
	return 0;
}

static bool cancellable(const struct sip_client *c)
{
	return c->state == CALLING || c->state == PROCEEDING;
}

static int prepare_cancel(struct sip_client *c, const struct sip_extra *extras, size_t n_extras)
{
	struct sip_client *cancel = client_new(c->out.stack, SIP_CANCEL, NULL);
	int err;

	if (!cancel)
		return OH_ENOMEM;
	err = outgoing_cancel(&cancel->out, &c->out, extras, n_extras);
	if (err) {
		destroy(cancel);
		return err;
	}
	enter(cancel, HELD);
	c->cancel = cancel;
	return 0;
}

int sip_client_cancel(struct sip_client *c, const struct sip_extra *extras, size_t n_extras)
{
	int err = 0;

	if (c->method != SIP_INVITE)
		return OH_ESTATE;
	if (cancellable(c))
		err = prepare_cancel(c, extras, n_extras);
	if (!err)
		handle(c, CANCEL, &no_input);
	return err;
}

struct sip_client *sip_client_free(struct sip_client *c)
{
	if (!c)
		return NULL;
	c->handler = (struct sip_client_handler){0};
	if (c->state == LOCATING)
		destroy(c);
	else if (cancellable(c) && c->method == SIP_INVITE && sip_client_cancel(c, NULL, 0))
		enter(c, CANCELLING); /* out of memory: without a CANCEL, but with an end */
	return NULL;
}

struct slice sip_client_branch(const struct sip_client *c)
{
	return outgoing_branch(&c->out);
}

bool sip_client_is_secure(const struct sip_client *c)
{
	return c->secure;
}

uint64_t sip_client_about(const struct sip_client *c)
{
	return c->about;
}

const struct sip_flow *sip_client_flow(const struct sip_client *c)
{
	return &c->out.flow;
}

/* ---- actions ---- */

static void nothing(struct sip_client *c, const struct input *in)
{
	(void)c;
	(void)in;
}

static void pass_up(struct sip_client *c, const struct input *in)
{
	const struct sip_stack_handler *user = &c->out.stack->cfg.handler;

	if (c->handler.response)
		c->handler.response(c->handler.arg, in->msg, in->flow);
	else if (c->state == ACCEPTED && user->stray_2xx)
		user->stray_2xx(user->arg, in->msg, in->flow);
}

static void ack_again(struct sip_client *c, const struct input *in)
{
	int err = outgoing_ack(&c->out, in->msg);

	/* Ignored beyond the log: the server repeats its refusal, and then we try again. */
	if (err)
		sip_stack_log(c->out.stack, LOG_WARN, "cannot acknowledge: %s", offhook_strerror(err));
}

static void ack_and_pass_up(struct sip_client *c, const struct input *in)
{
	ack_again(c, in);
	pass_up(c, in);
}

static void retransmit(struct sip_client *c, uint32_t next_ms)
{
	int err = outgoing_send(&c->out);

	c->out.stack->counters.tx_retransmits++;
	if (err)
		fail(c, err); /* last: c may be gone */
	else
		txn_timer_retry(c->out.stack, &c->timer, next_ms);
}

/* RFC 3261 17.1.1.2 timer A, 17.1.2.2 timer E: the latter has a ceiling. */
static void retransmit_doubling(struct sip_client *c, const struct input *in)
{
	uint32_t next_ms = c->timer.retry_ms * 2, t2 = timers(c)->t2;

	(void)in;
	retransmit(c, c->state == TRYING && next_ms > t2 ? t2 : next_ms);
}

static void retransmit_at_t2(struct sip_client *c, const struct input *in)
{
	(void)in;
	retransmit(c, timers(c)->t2);
}

static void send_cancel(struct sip_client *c, const struct input *in)
{
	struct sip_client *cancel = c->cancel;

	(void)in;
	c->cancel = NULL;
	if (cancel && launch(cancel))
		destroy(cancel); /* the time limit of CANCELLING ends the INVITE */
}

static void cancel_and_pass_up(struct sip_client *c, const struct input *in)
{
	send_cancel(c, in);
	pass_up(c, in);
}

static void abort_lookup(struct sip_client *c, const struct input *in)
{
	(void)in;
	outgoing_drop(&c->out);
}

static void end(struct sip_client *c, int err)
{
	if (c->handler.done)
		c->handler.done(c->handler.arg, err);
	destroy(c);
}

static void report(struct sip_client *c, const struct input *in)
{
	end(c, in->err);
}

static void report_timeout(struct sip_client *c, const struct input *in)
{
	(void)in;
	end(c, OH_ETIMEDOUT);
}

static void report_aborted(struct sip_client *c, const struct input *in)
{
	(void)in;
	end(c, OH_EENDED);
}

/* ---- what comes in ---- */

static struct sip_client *find(struct sip_stack *s, struct slice branch, enum sip_method method)
{
	uint64_t hash = hash_key_nocase(&s->clients, branch, 0);

	for (struct hash_node *n = hash_first(&s->clients, hash); n; n = hash_next(n)) {
		struct sip_client *c = CONTAINER_OF(n, struct sip_client, node);

		/* A CANCEL has the branch of its INVITE: the method of the CSeq tells them apart (17.1.3). */
		if (c->method == method && slice_ieq(outgoing_branch(&c->out), branch))
			return c;
	}
	return NULL;
}

static enum client_event event_of(unsigned status)
{
	return status < 200 ? RX_1XX : status < 300 ? RX_2XX : RX_300_699;
}

static void receive(struct sip_client *c, struct sip_msg *response, const struct sip_flow *flow)
{
	const struct input in = {response, flow, 0};
	enum client_event event = event_of(response->status);

	if (client_ways_answered(c, response))
		return;
	if (event == RX_300_699 && client_auth_answer(c, response))
		return;
	if (event != RX_1XX && !client_auth_done(c, response))
		end(c, OH_EREFUSED); /* what is repeated is a response to nothing then */
	else
		handle(c, event, &in);
}

void sip_client_receive(struct sip_stack *s, struct sip_msg *response, const struct sip_flow *flow)
{
	const struct sip_via *via;
	struct sip_client *c = NULL;

	if (sip_msg_via(response, &via) == 0)
		c = find(s, via->branch, response->method);
	if (c)
		receive(c, response, flow);
	else if (response->method == SIP_INVITE && event_of(response->status) == RX_2XX &&
		 s->cfg.handler.stray_2xx)
		s->cfg.handler.stray_2xx(s->cfg.handler.arg, response, flow);
	else
		sip_drop(s, flow, "a response to nothing we asked");
}

/* ---- all of them at once ---- */

static bool goes_to(const struct sip_client *c, const struct sip_flow *flow)
{
	const struct sip_flow *own = &c->out.flow;

	if (own->transport != flow->transport)
		return false;
	if (!flow->remote.family)
		return true;
	return (own->conn && own->conn == flow->conn) || netaddr_eq(&own->remote, &flow->remote);
}

/* Callbacks may free and make transactions while we go through them, so those meant are first put aside. */
static void put_aside(struct sip_stack *s, const struct sip_flow *flow, struct list *to)
{
	list_init(to);
	LIST_FOREACH_SAFE (it, &s->client_list) {
		struct sip_client *c = CONTAINER_OF(it, struct sip_client, link);

		if (!goes_to(c, flow))
			continue;
		list_remove(&c->link);
		list_append(to, &c->link);
	}
}

static struct sip_client *put_back_first(struct sip_stack *s, struct list *from)
{
	struct sip_client *c = CONTAINER_OF(list_first(from), struct sip_client, link);

	list_remove(&c->link);
	list_append(&s->client_list, &c->link);
	return c;
}

void client_conn_gone(struct sip_stack *s, const struct sip_flow *flow, int err)
{
	struct list meant;

	put_aside(s, flow, &meant);
	while (!list_empty(&meant)) {
		struct sip_client *c = put_back_first(s, &meant);

		if (is_unanswered(c->state))
			fail(c, err);
	}
}

void client_unreachable(struct sip_stack *s, struct sip_transport *t, const struct netaddr *peer, int err)
{
	const struct sip_flow flow = {.transport = t, .remote = *peer};
	struct list meant;

	put_aside(s, &flow, &meant);
	while (!list_empty(&meant))
		fail(put_back_first(s, &meant), err);
}

/* In whatever state: nothing can be sent or received any more. A final response that came stays a success. */
void client_transport_gone(struct sip_stack *s, struct sip_transport *t)
{
	const struct sip_flow flow = {.transport = t};
	struct list meant;

	put_aside(s, &flow, &meant);
	while (!list_empty(&meant)) {
		struct sip_client *c = put_back_first(s, &meant);
		bool answered = c->state == COMPLETED || c->state == ACCEPTED || c->state == N_COMPLETED;

		enter(c, TERMINATED);
		end(c, answered ? 0 : OH_ETRANSPORT);
	}
}

void client_free_all(struct sip_stack *s)
{
	while (!list_empty(&s->client_list))
		destroy(CONTAINER_OF(list_first(&s->client_list), struct sip_client, link));
}
