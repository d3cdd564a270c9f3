#include "session/standing.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/wheel.h"
#include "session/patience.h"
#include "session/xml.h"

struct standing {
	struct standing_cfg cfg;
	enum standing_state state;
	struct sub *sub;
	struct sip_locate *locate;
	struct wheel_timer timer; /* WAITING; ENDED: the slow one */
	uint64_t again_ns;
	uint64_t there_ns; /* since when it is PENDING or ACTIVE; 0: it never was */
	unsigned failures; /* in a row */
	bool starting;     /* inside standing_start(): the owner sees the result without a callback */
	unsigned status;
	int err;
	char reason[STANDING_REASON_MAX];
};

static struct sip_stack *stack_of(const struct standing *w)
{
	return w->cfg.subs->stack;
}

static uint64_t now(const struct standing *w)
{
	return host_now(sip_stack_host(stack_of(w)));
}

static void changed(struct standing *w, struct sip_msg *msg)
{
	if (!w->starting)
		w->cfg.owner.changed(w->cfg.owner.arg, msg);
}

/* ---- when it ends ---- */

enum verdict { AT_ONCE, LATER, SLOWLY, NEVER };

/* RFC 6665 4.1.3. */
static enum verdict judge_reason(struct slice reason)
{
	if (slice_ieq(reason, SLICE_LIT("deactivated")) || slice_ieq(reason, SLICE_LIT("timeout")))
		return AT_ONCE;
	if (slice_ieq(reason, SLICE_LIT("rejected")) || slice_ieq(reason, SLICE_LIT("noresource")) ||
		slice_ieq(reason, SLICE_LIT("invariant")))
		return NEVER;
	return LATER;
}

static enum verdict judge(const struct sub_end *end)
{
	switch (end->status) {
	case 0:
		return judge_reason(end->reason);
	case 481:
		return AT_ONCE;
	case 408:
	case 480:
	case 500:
	case 502:
	case 503:
	case 504:
		return LATER;
	case 403: /* RFC 3856 6.5: somebody does not want us to know */
	case 405:
	case 489:
	case 501:
		return NEVER;
	default:
		return end->status >= 600 ? NEVER : SLOWLY;
	}
}

static void wait_for(struct standing *w, enum standing_state state, uint64_t ms)
{
	w->state = state;
	w->again_ns = now(w) + ms * NS_PER_MS;
	sip_stack_arm(stack_of(w), &w->timer, ms);
}

static void broke(struct standing *w, enum verdict verdict, uint32_t retry_after_s)
{
	struct host *h = sip_stack_host(stack_of(w));
	uint32_t slow_s = w->cfg.refused_s > retry_after_s ? w->cfg.refused_s : retry_after_s;

	if (w->there_ns && now(w) - w->there_ns >= STANDING_LIVED_S * NS_PER_S)
		w->failures = 0;
	w->there_ns = 0;
	if (verdict == NEVER || (verdict == SLOWLY && !w->cfg.refused_s)) {
		w->state = STANDING_ENDED;
		return;
	}
	if (verdict == SLOWLY) {
		wait_for(w, STANDING_ENDED, patience_ms(h, 0, 0, slow_s));
		return;
	}
	w->failures++;
	wait_for(w, STANDING_WAITING,
		verdict == AT_ONCE && w->failures == 1 && !retry_after_s
			? 0
			: patience_ms(h, w->failures, w->cfg.wait_max_s, retry_after_s));
}

static void unsendable(struct standing *w, int err)
{
	w->err = err;
	w->status = 0;
	w->reason[0] = '\0';
	broke(w, LATER, 0);
	changed(w, NULL);
}

/* ---- what the subscription tells ---- */

static void on_accepted(void *arg, struct sub *sub, struct sip_msg *msg)
{
	struct standing *w = arg;

	(void)sub;
	if (w->state != STANDING_ASKING)
		return;
	w->state = STANDING_ACCEPTED;
	changed(w, msg);
}

static void on_notify(void *arg, struct sub *sub, const struct sub_news *news)
{
	struct standing *w = arg;

	(void)sub;
	if (news->state.state != SUB_TERMINATED) {
		w->state = news->state.state == SUB_PENDING ? STANDING_PENDING : STANDING_ACTIVE;
		w->status = 0;
		w->err = 0;
		w->reason[0] = '\0';
		if (!w->there_ns)
			w->there_ns = now(w);
	}
	w->cfg.owner.notify(w->cfg.owner.arg, news);
}

static void on_ended(void *arg, struct sub *sub, const struct sub_end *end)
{
	struct standing *w = arg;

	(void)sub;
	w->sub = sub_free(w->sub);
	w->status = end->status;
	w->err = 0;
	xml_copy(w->reason, sizeof(w->reason), end->reason);
	broke(w, judge(end), end->retry_after_s);
	changed(w, end->msg);
}

/* ---- asking ---- */

static int subscribe(struct standing *w, const struct sip_flow *flow)
{
	const struct standing_owner *owner = &w->cfg.owner;
	struct sub_cfg cfg = {.package = w->cfg.package,
		.method = SIP_SUBSCRIBE,
		.expires_s = w->cfg.expires_s,
		.handler = {.notify = on_notify, .accepted = on_accepted, .ended = on_ended, .arg = w}};
	struct whom whom = {.routes = NULL};
	struct sub_whom to;
	char *contact;
	int err = owner->whom(owner->arg, &whom);

	if (!err)
		err = owner->contact(owner->arg, flow, &contact);
	if (err)
		return err;
	cfg.contact = slice_of(contact);
	to = (struct sub_whom){.target = whom.target,
		.from = whom.from,
		.to = whom.to,
		.routes = whom.routes,
		.n_routes = whom.n_routes,
		.flow = *flow,
		.auth = whom.auth};
	err = sub_subscribe(w->cfg.subs, &cfg, &to, &w->sub);
	mem_free(contact);
	return err;
}

static void on_located(void *arg, int err, const struct sip_flow *flows, size_t n)
{
	struct standing *w = arg;

	w->locate = NULL;
	/* Each attempt that failed leads to the next target (RFC 3263 4.3). */
	if (!err)
		err = subscribe(w, &flows[w->failures % n]);
	if (err)
		unsendable(w, err);
}

/* RFC 3261 8.1.2: the first route decides. */
static int next_hop(const struct whom *whom, struct sip_uri *ret_uri)
{
	struct sip_addr first;
	int err;

	if (!whom->n_routes)
		return sip_uri_parse(whom->target, ret_uri);
	err = sip_addr_parse(whom->routes[0], &first);
	if (!err)
		*ret_uri = first.uri;
	return err;
}

static void ask(struct standing *w)
{
	struct whom whom = {.routes = NULL};
	struct sip_uri hop;
	struct sip_flow own;
	int err = w->cfg.owner.whom(w->cfg.owner.arg, &whom);

	wheel_stop(&w->timer);
	w->state = STANDING_ASKING;
	if (!err && whom.flow) {
		own = *whom.flow;
		on_located(w, 0, &own, 1);
		return;
	}
	if (!err)
		err = next_hop(&whom, &hop);
	if (!err)
		err = sip_locate(stack_of(w), &hop, whom.prefer, on_located, w, &w->locate);
	if (err)
		unsendable(w, err);
}

static void on_timer(void *arg)
{
	struct standing *w = arg;

	/* One word about both: that it asks again, or that it could not. */
	w->starting = true;
	ask(w);
	w->starting = false;
	changed(w, NULL);
}

/* ---- the owner ---- */

int standing_new(const struct standing_cfg *cfg, struct standing **ret_standing)
{
	struct standing *w = mem_zalloc(sizeof(*w));

	if (!w)
		return OH_ENOMEM;
	w->cfg = *cfg;
	wheel_timer_init(&w->timer, on_timer, w);
	*ret_standing = w;
	return 0;
}

void standing_start(struct standing *w)
{
	if (w->state != STANDING_OFF && w->state != STANDING_WAITING && w->state != STANDING_ENDED)
		return;
	w->failures = 0;
	w->starting = true;
	ask(w);
	w->starting = false;
}

void standing_stop(struct standing *w)
{
	wheel_stop(&w->timer);
	sip_locate_cancel(w->locate);
	w->locate = NULL;
	w->sub = sub_free(w->sub);
	w->state = STANDING_OFF;
	w->there_ns = 0;
	w->status = 0;
	w->err = 0;
	w->reason[0] = '\0';
}

struct standing *standing_free(struct standing *w)
{
	if (!w)
		return NULL;
	standing_stop(w);
	mem_free(w);
	return NULL;
}

void standing_ask_again(struct standing *w)
{
	if (w->sub)
		(void)sub_refresh(w->sub, w->cfg.expires_s == SUB_SECONDS_UNKNOWN ? w->cfg.package->expires_s
										  : w->cfg.expires_s);
}

static uint32_t next_s(const struct standing *w)
{
	if (w->sub)
		return sub_seconds_left(w->sub);
	if (!wheel_armed(&w->timer) || w->again_ns <= now(w))
		return 0;
	return (uint32_t)((w->again_ns - now(w) + NS_PER_S - 1) / NS_PER_S);
}

void standing_info(const struct standing *w, struct standing_info *ret_info)
{
	*ret_info = (struct standing_info){.state = w->state,
		.status = w->status,
		.err = w->err,
		.reason = w->reason,
		.next_s = next_s(w)};
}
