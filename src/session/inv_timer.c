/*
 * Is the peer still there? Session timers (RFC 4028): whoever is the refresher sends an UPDATE (to a peer that takes it) or a
 * re-INVITE at half the time; who hears none ends the call shortly before the whole time is over. And, as a setting of its
 * own, an OPTIONS inside the dialog from time to time, for peers without session timers.
 */
#include "session/inv_impl.h"

#include <stdio.h>

#define MIN_SE_LEAST_S    90u   /* RFC 4028 4 */
#define EXPIRES_DEFAULT_S 1800u /* RFC 4028 4 */
#define RETRY_MS          2000u /* a refresh that finds an offer open, or was refused */

enum refresher { REFRESHER_NONE, REFRESHER_UAC, REFRESHER_UAS };

struct session_timer {
	struct inv *inv;
	struct wheel_timer timer;
	uint32_t min_se_s; /* as the peer asked for */
	/* The peer's request that is not accepted yet; 0: it asks for nothing. */
	uint32_t asked_s;
	enum refresher asked_refresher;
	/* In force; 0: none. */
	uint32_t interval_s;
	bool ours;                                   /* we refresh */
	uint64_t expires_ns, refresh_ns, options_ns; /* UINT64_MAX: never */
	uint64_t unsent_ns; /* since then no OPTIONS could be sent; UINT64_MAX: they can */
};

static void on_timer(void *arg);

static struct session_timer *clock_of(struct inv *inv)
{
	struct session_timer *c = inv->clock;

	if (c)
		return c;
	c = mem_zalloc(sizeof(*c));
	if (!c)
		return NULL;
	c->inv = inv;
	c->expires_ns = c->refresh_ns = c->options_ns = c->unsent_ns = UINT64_MAX;
	wheel_timer_init(&c->timer, on_timer, c);
	inv->clock = c;
	return c;
}

void timer_free(struct inv *inv)
{
	if (inv->clock)
		wheel_stop(&inv->clock->timer);
	mem_free(inv->clock);
	inv->clock = NULL;
}

static uint64_t now_ns(const struct inv *inv)
{
	return host_now(sip_stack_host(inv->stack));
}

static uint64_t earliest(const struct session_timer *c)
{
	uint64_t due = c->expires_ns < c->refresh_ns ? c->expires_ns : c->refresh_ns;

	return due < c->options_ns ? due : c->options_ns;
}

static void follow(struct session_timer *c)
{
	uint64_t due = earliest(c), now = now_ns(c->inv);

	if (due == UINT64_MAX)
		wheel_stop(&c->timer);
	else
		sip_stack_arm(
			c->inv->stack, &c->timer, due > now ? (due - now + NS_PER_MS - 1) / NS_PER_MS : 0);
}

/* ---- what is agreed ---- */

static bool wants(const struct inv *inv)
{
	return inv->policy.timer >= INV_TIMER_OFFER;
}

static uint32_t least_s(const struct inv *inv)
{
	uint32_t ours = inv->policy.min_se_s > MIN_SE_LEAST_S ? inv->policy.min_se_s : MIN_SE_LEAST_S;

	return inv->clock && inv->clock->min_se_s > ours ? inv->clock->min_se_s : ours;
}

static uint32_t wanted_s(const struct inv *inv)
{
	uint32_t wanted = inv->policy.session_expires_s ? inv->policy.session_expires_s : EXPIRES_DEFAULT_S;

	return wanted > least_s(inv) ? wanted : least_s(inv);
}

/* RFC 4028 10: refreshed at half the time; given up 32 s, or a third of it, before it is over. */
static void run(struct session_timer *c, uint32_t interval_s, bool ours)
{
	uint32_t early = interval_s / 3 < 32 ? interval_s / 3 : 32;
	uint64_t now = now_ns(c->inv);

	c->interval_s = interval_s;
	c->ours = ours;
	c->expires_ns = now + (interval_s - early) * NS_PER_S;
	c->refresh_ns = ours ? now + interval_s * NS_PER_S / 2 : UINT64_MAX;
	follow(c);
}

static void stop(struct session_timer *c)
{
	c->interval_s = 0;
	c->expires_ns = c->refresh_ns = UINT64_MAX;
	follow(c);
}

static enum refresher refresher_in(struct slice params)
{
	struct sip_param param;

	while (slice_present(params) && sip_param_next(&params, &param) == 1) {
		if (!slice_ieq(param.name, SLICE_LIT("refresher")) || !slice_present(param.value))
			continue;
		return slice_ieq(param.value, SLICE_LIT("uac")) ? REFRESHER_UAC : REFRESHER_UAS;
	}
	return REFRESHER_NONE;
}

/* Session-Expires (RFC 4028 4). False: there is none that can be read. */
static bool read_expires(const struct sip_msg *msg, uint32_t *ret_s, enum refresher *ret_refresher)
{
	struct slice value = sip_msg_value(msg, SIP_HDR_SESSION_EXPIRES);
	size_t n = slice_index(value, ';');

	if (!slice_present(value) || sip_msg_seconds(msg, SIP_HDR_SESSION_EXPIRES, ret_s) != 0)
		return false;
	*ret_refresher = n < value.n ? refresher_in(slice_skip(value, n + 1)) : REFRESHER_NONE;
	return true;
}

static void note_min_se(struct inv *inv, const struct sip_msg *msg)
{
	uint32_t min_s;

	if (sip_msg_seconds(msg, SIP_HDR_MIN_SE, &min_s) == 0 && clock_of(inv) &&
		min_s > inv->clock->min_se_s)
		inv->clock->min_se_s = min_s;
}

/* ---- the peer asks ---- */

unsigned timer_asked(struct inv *inv, const struct sip_msg *msg)
{
	bool knows = sip_msg_has_token(msg, SIP_HDR_SUPPORTED, SLICE_LIT("timer"));
	enum refresher refresher;
	uint32_t seconds;

	if (inv->clock)
		inv->clock->asked_s = 0;
	if (inv->policy.timer == INV_TIMER_OFF || !read_expires(msg, &seconds, &refresher))
		return 0;
	if (seconds < least_s(inv)) {
		/* RFC 4028 9: who does not know timers cannot be told; a proxy has asked. */
		if (knows)
			return 422;
		seconds = least_s(inv);
	}
	/* Without memory the call goes on without a timer. */
	if (!clock_of(inv))
		return 0;
	note_min_se(inv, msg);
	inv->clock->asked_s = seconds > least_s(inv) ? seconds : least_s(inv);
	inv->clock->asked_refresher = !knows                        ? REFRESHER_UAS
				      : refresher == REFRESHER_NONE ? REFRESHER_UAC
								    : refresher;
	return 0;
}

void timer_refuse(struct inv *inv, struct sip_server *server)
{
	char text[16];
	struct sip_extra min_se = {SLICE_LIT("Min-SE"), SLICE_NONE};
	bool invite = sip_server_method(server) == SIP_INVITE;

	min_se.value = slice_make(text, (size_t)snprintf(text, sizeof(text), "%u", least_s(inv)));
	if (sip_respond(server, &(struct sip_reply){.status = 422, .extras = &min_se, .n_extras = 1}) ==
		OH_ENOMEM)
		sip_refuse(server, 422, NULL);
	else if (invite)
		sip_server_detach(server);
}

static void put(struct inv_headers *h, uint32_t seconds, enum refresher refresher)
{
	static const char *const roles[] = {[REFRESHER_NONE] = "",
		[REFRESHER_UAC] = ";refresher=uac",
		[REFRESHER_UAS] = ";refresher=uas"};
	int n = snprintf(h->session_expires, sizeof(h->session_expires), "%u%s", seconds, roles[refresher]);

	inv_headers_add(h, "Session-Expires", slice_make(h->session_expires, (size_t)n));
}

static void put_min_se(const struct inv *inv, struct inv_headers *h)
{
	if (least_s(inv) > MIN_SE_LEAST_S)
		inv_headers_add(h, "Min-SE",
			slice_make(h->min_se,
				(size_t)snprintf(h->min_se, sizeof(h->min_se), "%u", least_s(inv))));
}

void timer_put(struct inv *inv, enum inv_kind kind, struct inv_headers *h)
{
	struct session_timer *c = inv->clock;

	if (inv->policy.timer == INV_TIMER_OFF || kind == KIND_PROVISIONAL)
		return;
	if (kind == KIND_ACCEPTED) {
		if (c && c->asked_s)
			put(h, c->asked_s, c->asked_refresher);
		else if (wants(inv))
			put(h, wanted_s(inv), REFRESHER_UAS);
		if (c && c->asked_s && c->asked_refresher == REFRESHER_UAC)
			inv_headers_add(h, "Require", SLICE_LIT("timer"));
		return;
	}
	if (c && c->interval_s)
		put(h, c->interval_s, c->ours ? REFRESHER_UAC : REFRESHER_UAS);
	else if (wants(inv))
		put(h, wanted_s(inv), REFRESHER_NONE);
	else
		return;
	put_min_se(inv, h);
}

void timer_answered(struct inv *inv)
{
	struct session_timer *c = inv->clock;

	if (inv->policy.timer == INV_TIMER_OFF)
		return;
	if (c && c->asked_s)
		run(c, c->asked_s, c->asked_refresher == REFRESHER_UAS);
	else if (wants(inv) && (c = clock_of(inv)) != NULL)
		run(c, wanted_s(inv), true);
	else if (c)
		stop(c);
}

/* ---- we ask ---- */

void timer_taken(struct inv *inv, const struct sip_msg *msg)
{
	enum refresher refresher;
	struct session_timer *c;
	uint32_t seconds;

	if (inv->policy.timer == INV_TIMER_OFF)
		return;
	if (read_expires(msg, &seconds, &refresher) && seconds > 0) {
		c = clock_of(inv);
		/* Of a peer that asks for seconds we would do nothing but refresh. */
		if (c)
			run(c, seconds > MIN_SE_LEAST_S ? seconds : MIN_SE_LEAST_S,
				refresher != REFRESHER_UAS);
	} else if (wants(inv)) {
		/* RFC 4028 7.2: the peer knows no timers, but its answers tell that it is there. */
		c = clock_of(inv);
		if (c)
			run(c, wanted_s(inv), true);
	} else if (inv->clock) {
		stop(inv->clock);
	}
}

void timer_too_short(struct inv *inv, const struct sip_msg *msg)
{
	note_min_se(inv, msg);
	if (inv->clock && inv->clock->interval_s && inv->clock->interval_s < least_s(inv))
		inv->clock->interval_s = least_s(inv);
}

/* ---- time ---- */

static void refresh_soon(struct inv *inv, uint32_t delay_ms)
{
	struct session_timer *c = inv->clock;

	if (!c || c->refresh_ns == UINT64_MAX)
		return;
	c->refresh_ns = now_ns(inv) + delay_ms * NS_PER_MS;
	follow(c);
}

static void refreshed(struct inv *inv, struct sip_msg *msg, int err, uint64_t token)
{
	(void)token;
	if (msg && msg->status < 300) {
		(void)dialog_refresh_target(inv->dialog, msg);
		inv_note_peer(inv, msg);
		timer_taken(inv, msg);
		return;
	}
	if (msg && msg->status == 422)
		timer_too_short(inv, msg);
	if (msg && (msg->status == 405 || msg->status == 501))
		inv->peer_allows &= ~(1u << SIP_UPDATE);
	refresh_soon(inv, RETRY_MS);
	inv_judge_response(inv, msg, err);
}

static void reinvite(struct inv *inv)
{
	struct op_reoffer op = {.offer = SLICE_NONE};

	if (inv->handler.reoffer_again)
		op.offer = inv->handler.reoffer_again(inv->handler.arg, inv);
	if (!slice_empty(op.offer) && inv->phase == PHASE_CONFIRMED)
		(void)inv_handle(inv, &(struct ev){.kind = EV_REOFFER, .op = &op});
}

static void refresh(struct inv *inv)
{
	bool update = inv->peer_allows & 1u << SIP_UPDATE;

	/* Until its response, which sets the time anew, it is tried again now and then. */
	refresh_soon(inv, RETRY_MS);
	if (inv->phase != PHASE_CONFIRMED || inv->want || inv->sdp != SDP_SETTLED ||
		inv_request_open(inv, refreshed))
		return;
	if (update)
		(void)update_send_plain(inv, NULL, 0, refreshed);
	else
		reinvite(inv);
}

/* The end of the call that nobody has asked for says why (RFC 3326). */
static void lost(struct inv *inv, unsigned status, const char *why)
{
	char text[96];
	struct sip_extra reason = {SLICE_LIT("Reason"), SLICE_NONE};
	int n = snprintf(text, sizeof(text), "SIP;cause=%u;text=\"%s\"", status, why);

	reason.value = slice_make(text, (size_t)n);
	inv_hangup(inv, &(struct op_end){.by = INV_ENDED_BY_NETWORK,
				.status = status,
				.reason = slice_of(why),
				.extras = &reason,
				.n_extras = 1});
}

/* A refused connection or an ICMP error is no answer either (RFC 3261 8.1.3.1, 12.2.1.2), but it comes at once: whoever is
 * between us may be starting anew. It must last as long as it takes to hear nothing. */
static bool unsent_too_long(struct inv *inv, int err)
{
	struct session_timer *c = inv->clock;
	uint64_t now = now_ns(inv);

	if (!err) {
		c->unsent_ns = UINT64_MAX;
		return false;
	}
	if (c->unsent_ns == UINT64_MAX)
		c->unsent_ns = now;
	return now - c->unsent_ns >= 64 * (uint64_t)sip_stack_timers(inv->stack)->t1 * NS_PER_MS;
}

static void alive(struct inv *inv, struct sip_msg *msg, int err, uint64_t token)
{
	(void)token;
	if (err == OH_ETIMEDOUT || (msg && (msg->status == 481 || msg->status == 408)) ||
		unsent_too_long(inv, msg ? 0 : err))
		lost(inv, msg ? msg->status : 408, "Peer Does Not Answer");
}

static void ask_alive(struct inv *inv)
{
	const struct dialog_request options = {.method = SIP_OPTIONS};

	inv->clock->options_ns = now_ns(inv) + inv->policy.options_s * NS_PER_S;
	follow(inv->clock);
	if (inv->phase == PHASE_CONFIRMED && !inv_request_open(inv, alive))
		(void)inv_request_send(inv, inv->dialog, &options, alive, 0);
}

void timer_watch(struct inv *inv)
{
	if (inv->policy.options_s && clock_of(inv)) {
		inv->clock->options_ns = now_ns(inv) + inv->policy.options_s * NS_PER_S;
		follow(inv->clock);
	}
}

static void on_timer(void *arg)
{
	struct session_timer *c = arg;
	struct inv *inv = c->inv;
	uint64_t now = now_ns(inv);

	inv_ref(inv);
	if (now >= c->expires_ns) {
		lost(inv, 408, "Session Timer Expired");
	} else {
		follow(c);
		if (now >= c->options_ns)
			ask_alive(inv);
		if (inv->clock == c && now >= c->refresh_ns)
			refresh(inv);
	}
	inv_unref(inv);
}
