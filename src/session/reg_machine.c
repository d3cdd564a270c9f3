/*
 * The machine of a registration: what happens in which state, as one table, and how long to wait for what.
 */
#include "session/reg_impl.h"

#include "base/err.h"
#include "base/mem.h"

#define MS_PER_S 1000u

const char *reg_state_name(enum reg_state state)
{
	static const char *const names[] = {
#define X(name) #name,
		REG_STATES(X)
#undef X
	};

	return names[state];
}

/* lo..hi, in ms. */
static uint64_t between(struct reg *r, uint64_t lo, uint64_t hi)
{
	return lo + host_random_below(sip_stack_host(r->stack), (uint32_t)(hi - lo + 1));
}

/* RFC 5626 4.5: W = min(max-time, base-time * 2^failures), then 50 to 100 % of it. */
static uint64_t back_off_ms(struct reg *r)
{
	uint64_t max = (uint64_t)r->setup.wait_max_s * MS_PER_S;
	uint64_t w = (uint64_t)r->setup.wait_base_s * MS_PER_S;

	for (uint32_t i = 0; i < r->failures + r->broken && w < max; i++)
		w *= 2;
	w = w < max ? w : max;
	return between(r, w / 2, w);
}

/* RFC 3261 20.33: Retry-After makes the wait longer, never shorter, but for its 0 to the first refusal (RFC 5626 4.2.1).
 * Everybody whom the same server refused was told the same number: a fifth of it spreads them. */
static uint64_t wait_ms(struct reg *r)
{
	uint64_t wait = back_off_ms(r), told;

	if (r->retry_after_s < 0)
		return wait;
	if (r->retry_after_s == 0 && r->failures == 1)
		return between(r, 0, REG_SPREAD_MS);
	told = (uint64_t)r->retry_after_s * MS_PER_S;
	told += between(r, 0, told / 5);
	return told > wait ? told : wait;
}

/* The lead leaves room for an attempt that times out (64*T1 = 32 s), the longest first wait (60 s) and another attempt;
 * of short bindings it is half. A tenth of the wait is jitter: a thousand that began together drift apart. */
#define LEAD_MIN_S 100u

static uint64_t refresh_ms(struct reg *r)
{
	uint64_t granted = r->grant.expires_s < REG_EXPIRES_MAX_S ? r->grant.expires_s : REG_EXPIRES_MAX_S;
	uint64_t lead = granted / 5 > LEAD_MIN_S ? granted / 5 : LEAD_MIN_S;
	uint64_t late;

	lead = lead < granted / 2 ? lead : granted / 2;
	late = (granted - lead) * MS_PER_S;
	if (late < REG_REFRESH_MIN_S * MS_PER_S)
		late = REG_REFRESH_MIN_S * MS_PER_S;
	return between(r, late - late / 10, late);
}

static void due_in(struct reg *r, uint64_t ms)
{
	sip_stack_arm(r->stack, &r->due, ms);
}

/* ---- what is done ---- */

static void say(struct reg *r, const struct reg_happened *h)
{
	const char *standard = sip_reason(h->status);

	r->status = h->status;
	r->err = h->err;
	mem_free(r->reason);
	r->reason = slice_eq(h->reason, slice_of(standard)) ? NULL : slice_dup(h->reason);
	r->handler.outcome(r->handler.arg, &(struct reg_outcome){.state = r->state,
						   .status = h->status,
						   .reason = h->reason,
						   .err = h->err,
						   .msg = h->msg});
}

static void stay(struct reg *r, const struct reg_happened *h)
{
	(void)r;
	(void)h;
}

static void ask(struct reg *r, const struct reg_happened *h)
{
	(void)h;
	wheel_stop(&r->due);
	reg_ask(r);
}

/* A request could not even be sent. */
static void give_up(struct reg *r, const struct reg_happened *h)
{
	struct reg_happened failed = {.err = r->unsent};

	(void)h;
	reg_ask_drop(r);
	reg_handle(r, REG_EV_FAILED, &failed);
}

/* There is a binding, and another request on its way to better it. */
static void bound(struct reg *r, const struct reg_happened *h)
{
	uint64_t now = host_now(sip_stack_host(r->stack));

	(void)h;
	sip_stack_arm(
		r->stack, &r->expiry, r->grant.until_ns > now ? (r->grant.until_ns - now) / NS_PER_MS : 0);
}

static void granted(struct reg *r, const struct reg_happened *h)
{
	bound(r, h);
	r->failures = 0;
	due_in(r, refresh_ms(r));
	say(r, h);
}

static void wait(struct reg *r, const struct reg_happened *h)
{
	r->failures++;
	reg_forget_way(r);
	due_in(r, wait_ms(r));
	say(r, h);
}

/* A slow question now and then, because a registrar whose database is away refuses everybody. */
static void rest(struct reg *r, const struct reg_happened *h)
{
	uint64_t ms = (uint64_t)r->setup.refused_s * MS_PER_S;

	reg_grant_clear(r);
	wheel_stop(&r->expiry);
	reg_forget_way(r);
	wheel_stop(&r->due);
	if (ms)
		due_in(r, between(r, ms / 2, ms));
	say(r, h);
}

static void lost(struct reg *r, const struct reg_happened *h)
{
	struct reg_happened last = {.status = r->status, .err = r->err ? r->err : OH_ETIMEDOUT};

	(void)h;
	last.reason = slice_of(sip_reason(r->status));
	reg_grant_clear(r);
	say(r, &last);
}

static void move(struct reg *r, const struct reg_happened *h)
{
	(void)h;
	reg_ask_drop(r);
	reg_forget_way(r);
	r->seen = (struct netaddr){0};
	r->failures = 0;
	due_in(r, between(r, 0, REG_SPREAD_MS));
}

/* RFC 5626 4.5: how long to wait depends on whether this way has ever been good. */
static void replace(struct reg *r, const struct reg_happened *h)
{
	bool good = r->grant.answers;

	r->broken += !good;
	r->grant.answers = false; /* over UDP the next one looks the same */
	reg_forget_way(r);
	r->seen = (struct netaddr){0};
	due_in(r, good ? between(r, 0, REG_SPREAD_MS) : back_off_ms(r));
	say(r, h);
}

static void done(struct reg *r, const struct reg_happened *h)
{
	static const struct reg_happened nothing_to_do;

	wheel_stop(&r->due);
	wheel_stop(&r->expiry);
	reg_grant_clear(r);
	reg_forget_way(r);
	r->seen = (struct netaddr){0};
	mem_free(r->contact);
	r->contact = NULL;
	r->failures = 0;
	say(r, h ? h : &nothing_to_do);
}

/* ---- the table ---- */

struct step {
	enum reg_state next;
	void (*act)(struct reg *r, const struct reg_happened *h);
};

/* An empty cell means "ignore". DUE in a state with an open request: it could not be sent. */
static const struct step steps[N_REG_STATES][N_REG_EVENTS] = {
	[REG_IDLE] =
		{
			[REG_EV_START] = {REG_REGISTERING, ask},
		},
	[REG_REGISTERING] =
		{
			[REG_EV_STOP] = {REG_LEAVING, stay},
			[REG_EV_MOVED] = {REG_WAITING, move},
			[REG_EV_DUE] = {REG_REGISTERING, give_up},
			[REG_EV_EXPIRED] = {REG_REGISTERING, lost},
			[REG_EV_BOUND] = {REG_REFRESHING, bound},
			[REG_EV_GRANTED] = {REG_REGISTERED, granted},
			[REG_EV_FAILED] = {REG_WAITING, wait},
			[REG_EV_DENIED] = {REG_REFUSED, rest},
		},
	[REG_REGISTERED] =
		{
			[REG_EV_START] = {REG_REFRESHING, ask},
			[REG_EV_STOP] = {REG_UNREGISTERING, ask},
			[REG_EV_MOVED] = {REG_HOLDING, move},
			[REG_EV_BROKEN] = {REG_HOLDING, replace}, /* else a request or a wait is on already */
			[REG_EV_DUE] = {REG_REFRESHING, ask},
			[REG_EV_EXPIRED] = {REG_WAITING, lost}, /* granted for less than REG_REFRESH_MIN_S */
		},
	[REG_REFRESHING] =
		{
			[REG_EV_STOP] = {REG_LEAVING, stay},
			[REG_EV_MOVED] = {REG_HOLDING, move},
			[REG_EV_DUE] = {REG_REFRESHING, give_up},
			[REG_EV_EXPIRED] = {REG_REGISTERING, lost},
			[REG_EV_BOUND] = {REG_REFRESHING, bound},
			[REG_EV_GRANTED] = {REG_REGISTERED, granted},
			[REG_EV_FAILED] = {REG_HOLDING, wait},
			[REG_EV_DENIED] = {REG_REFUSED, rest},
		},
	[REG_HOLDING] =
		{
			[REG_EV_START] = {REG_REFRESHING, ask},
			[REG_EV_STOP] = {REG_UNREGISTERING, ask},
			[REG_EV_MOVED] = {REG_HOLDING, move},
			[REG_EV_DUE] = {REG_REFRESHING, ask},
			[REG_EV_EXPIRED] = {REG_WAITING, lost}, /* the next attempt keeps its time */
		},
	[REG_WAITING] =
		{
			[REG_EV_START] = {REG_REGISTERING, ask},
			[REG_EV_STOP] = {REG_IDLE, done},
			[REG_EV_MOVED] = {REG_WAITING, move},
			[REG_EV_DUE] = {REG_REGISTERING, ask},
		},
	[REG_REFUSED] =
		{
			[REG_EV_START] = {REG_REGISTERING, ask},
			[REG_EV_STOP] = {REG_IDLE, done},
			[REG_EV_MOVED] = {REG_WAITING,
				move}, /* another network, another registrar behind the name */
			[REG_EV_DUE] = {REG_REGISTERING, ask},
		},
	[REG_LEAVING] =
		{
			[REG_EV_START] = {REG_REGISTERING, stay},
			[REG_EV_DUE] = {REG_LEAVING, give_up},
			[REG_EV_GRANTED] = {REG_UNREGISTERING, ask},
			[REG_EV_FAILED] = {REG_IDLE, done},
			[REG_EV_DENIED] = {REG_IDLE, done},
		},
	[REG_UNREGISTERING] =
		{
			[REG_EV_START] = {REG_RETURNING, stay},
			[REG_EV_DUE] = {REG_UNREGISTERING, give_up},
			[REG_EV_GONE] = {REG_IDLE, done},
			[REG_EV_FAILED] = {REG_IDLE, done},
			[REG_EV_DENIED] = {REG_IDLE, done},
		},
	/* RFC 3261 10.2: no new registration before the one before has its answer or has timed out. */
	[REG_RETURNING] =
		{
			[REG_EV_STOP] = {REG_UNREGISTERING, stay},
			[REG_EV_DUE] = {REG_RETURNING, give_up},
			[REG_EV_GONE] = {REG_REGISTERING, ask},
			[REG_EV_FAILED] = {REG_REGISTERING, ask},
			[REG_EV_DENIED] = {REG_REGISTERING, ask},
		},
};

bool reg_asks(const struct reg *r)
{
	return r->state == REG_REGISTERING || r->state == REG_REFRESHING || r->state == REG_LEAVING ||
	       r->state == REG_UNREGISTERING || r->state == REG_RETURNING;
}

bool reg_leaves(const struct reg *r)
{
	return r->state == REG_UNREGISTERING || r->state == REG_RETURNING;
}

void reg_handle(struct reg *r, enum reg_event ev, const struct reg_happened *h)
{
	const struct step *s = &steps[r->state][ev];

	if (!s->act)
		return;
	if (s->next != r->state)
		host_log(sip_stack_host(r->stack), LOG_DEBUG, "reg", "%.*s: %s -> %s",
			SLICE_ARG(r->own->list[REG_AOR]), reg_state_name(r->state), reg_state_name(s->next));
	r->state = s->next;
	s->act(r, h); /* last: the owner may free it from its callback */
}
