/*
 * Subscriptions between two stacks on a simulated wire. The package is "refer" by REFER, and a package of the test's own
 * by SUBSCRIBE: what the machine does is the same for all of them.
 */
#include "pair.h"

#include "session/pkg_refer.h"
#include "session/sub.h"

static const struct sub_package weather = {
	.name = "weather",
	.accept = "text/plain",
	.use = SUB_BOTH_WAYS,
	.expires_s = 600,
	.min_s = 60,
	.max_s = 3600,
};

static const struct sub_package headlines = {
	.name = "news", .accept = "text/plain", .use = SUB_SUBSCRIBE_ONLY, .expires_s = 600, .max_s = 600};
static const struct sub_package *const packages[] = {&pkg_refer, &weather, &headlines};

struct party {
	struct rig *rig;
	struct host *host;
	struct sip_stack *stack;
	struct sip_transport *udp;
	struct subs subs;
	struct sub *sub;
	struct sip_server *waits; /* a request that nobody has taken */
	char log[2048];
	const char *state; /* what the notifier tells when asked again */
	bool refuse_all;
};

struct rig {
	struct sim *sim;
	struct party a, b; /* a subscribes to b */
	int last_error;
};

static void note(struct party *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void note(struct party *p, const char *format, ...)
{
	size_t n = strlen(p->log);
	va_list args;

	va_start(args, format);
	vsnprintf(p->log + n, sizeof(p->log) - n, format, args);
	va_end(args);
}

static void on_notify(void *arg, struct sub *sub, const struct sub_news *news)
{
	struct party *p = arg;

	(void)sub;
	note(p, "%s:%.*s ", sub_state_name(news->state.state), SLICE_ARG(news->msg->body));
}

static void on_accepted(void *arg, struct sub *sub, struct sip_msg *msg)
{
	(void)sub;
	note(arg, "%u ", msg->status);
}

static int tell(struct party *p, enum sub_state state, const char *body)
{
	struct sub_notice n = {.state = state,
		.reason = state == SUB_TERMINATED ? SLICE_LIT("noresource") : SLICE_NONE,
		.content_type = slice_of(sub_package(p->sub)->accept),
		.body = slice_of(body)};

	return sub_notify(p->sub, &n);
}

static void on_asked_again(void *arg, struct sub *sub)
{
	struct party *p = arg;

	(void)sub;
	note(p, "again ");
	if (p->state)
		(void)tell(p, SUB_ACTIVE, p->state);
}

static void on_ended(void *arg, struct sub *sub, const struct sub_end *end)
{
	struct party *p = arg;

	(void)sub;
	note(p, "ended(%u,%.*s,%u) ", end->status, SLICE_ARG(end->reason), end->retry_after_s);
}

static struct sub_handler handler_of(struct party *p)
{
	return (struct sub_handler){on_notify, on_accepted, on_asked_again, on_ended, p};
}

static void on_request(void *arg, struct sip_msg *msg, struct sip_server *server)
{
	struct party *p = arg;
	struct sub_incoming in = {.contact = SLICE_LIT("<sip:b@" END_B_IP ">"), .handler = handler_of(p)};

	if ((msg->method != SIP_SUBSCRIBE && msg->method != SIP_REFER) || p->refuse_all || p->sub) {
		sip_refuse(server, 481, NULL);
		return;
	}
	p->rig->last_error = sub_incoming(&p->subs, &in, msg, server, &p->sub);
}

static int party_open(struct rig *r, struct party *p, const char *ip)
{
	struct sip_stack_cfg cfg = {.handler = {.request = on_request, .arg = p}};
	struct sip_transport_cfg udp = {.type = SIP_TRANSPORT_UDP};
	int err = sim_host_new(r->sim, ip, &p->host);

	p->rig = r;
	cfg.host = p->host;
	if (!err)
		err = netaddr_parse_ip(slice_of(ip), 5060, &udp.local);
	if (!err)
		err = sip_stack_new(&cfg, &p->stack);
	if (!err)
		err = sip_transport_new(p->stack, &udp, &p->udp);
	if (!err)
		subs_init(&p->subs, p->stack);
	p->subs.packages = packages;
	p->subs.n_packages = ARRAY_LEN(packages);
	return err;
}

static void party_drop(struct party *p)
{
	p->sub = sub_free(p->sub);
	sip_stack_free(p->stack);
	host_free(p->host);
}

static struct rig *rig_drop(struct rig *r)
{
	party_drop(&r->a);
	party_drop(&r->b);
	sim_free(r->sim);
	mem_free(r);
	return NULL;
}

static struct rig *rig_try(void)
{
	struct rig *r = mem_zalloc(sizeof(*r));

	if (!r)
		return NULL;
	if (sim_new(1, &r->sim) || party_open(r, &r->a, END_A_IP) || party_open(r, &r->b, END_B_IP))
		return rig_drop(r);
	return r;
}

static struct rig *rig_new(void)
{
	struct rig *r = rig_try();

	assert_non_null(r);
	return r;
}

static void run_s(struct rig *r, unsigned s)
{
	sim_run_for(r->sim, s * NS_PER_S);
}

static void run_ms(struct rig *r, unsigned ms)
{
	sim_run_for(r->sim, ms * NS_PER_MS);
}

static void check_quiet(struct party *p)
{
	struct sip_counters c;

	sip_stack_counters(p->stack, &c);
	CHECK_EQ(c.dialogs, 0);
	CHECK_EQ(c.client_txns + c.server_txns, 0);
	CHECK_EQ(c.timers, 0);
	CHECK_EQ(p->subs.n_notifiers, 0);
}

static void rig_close(struct rig *r)
{
	r->a.sub = sub_free(r->a.sub);
	run_s(r, 40);
	r->b.sub = sub_free(r->b.sub);
	run_s(r, 100);
	check_quiet(&r->a);
	check_quiet(&r->b);
	rig_drop(r);
}

static int ask(struct rig *r, const struct sub_package *package, uint32_t expires_s)
{
	struct sip_extra refer_to = {SLICE_LIT("Refer-To"), SLICE_LIT("<sip:carol@example.test>")};
	bool refer = package == &pkg_refer;
	struct sub_cfg cfg = {.package = package,
		.method = refer ? SIP_REFER : SIP_SUBSCRIBE,
		.contact = SLICE_LIT("<sip:a@" END_A_IP ">"),
		.extras = &refer_to,
		.n_extras = refer,
		.expires_s = expires_s,
		.handler = handler_of(&r->a)};
	struct sub_whom whom = {.target = SLICE_LIT("sip:b@" END_B_IP),
		.from = SLICE_LIT("<sip:a@example.test>"),
		.to = SLICE_LIT("<sip:b@example.test>")};

	whom.flow.transport = r->a.udp;
	whom.flow.local = sip_transport_local(r->a.udp);
	if (netaddr_parse_ip(SLICE_LIT(END_B_IP), 5060, &whom.flow.remote))
		return OH_EINVAL;
	return sub_subscribe(&r->a.subs, &cfg, &whom, &r->a.sub);
}

static int reply(struct rig *r, unsigned status)
{
	return sub_reply(r->b.sub, &(struct sub_reply){.status = status});
}

/* REFER outside a dialog: the package that there is by name. */
static void refer(struct rig *r)
{
	CHECK_OK(ask(r, &pkg_refer, SUB_SECONDS_UNKNOWN));
	run_ms(r, 10);
	assert_non_null(r->b.sub);
}

TEST(a_refer_is_accepted_and_told_of_until_the_end)
{
	struct rig *r = rig_new();

	refer(r);
	CHECK_EQ(sub_state(r->b.sub), SUB_ASKED);
	CHECK_OK(reply(r, 202));
	CHECK_EQ(reply(r, 202), OH_ESTATE);
	CHECK_OK(tell(&r->b, SUB_ACTIVE, "SIP/2.0 100 Trying\r\n"));
	run_ms(r, 10);
	CHECK_EQ(sub_state(r->a.sub), SUB_ACTIVE);
	CHECK_OK(tell(&r->b, SUB_TERMINATED, "SIP/2.0 200 OK\r\n"));
	CHECK_EQ(tell(&r->b, SUB_ACTIVE, ""), OH_ESTATE);
	run_ms(r, 10);
	CHECK_STR(r->a.log,
		"202 active:SIP/2.0 100 Trying\r\n terminated:SIP/2.0 200 OK\r\n ended(0,noresource,0) ");
	CHECK_STR(r->b.log, "");
	rig_close(r);
}

TEST(a_refer_is_refused)
{
	struct rig *r = rig_new();

	refer(r);
	CHECK_OK(reply(r, 603));
	run_ms(r, 10);
	CHECK_STR(r->a.log, "ended(603,Decline,0) ");
	CHECK_STR(r->b.log, "");
	rig_close(r);
}

/* RFC 4488. */
TEST(a_refer_without_subscription)
{
	struct rig *r = rig_new();

	refer(r);
	CHECK_OK(sub_reply(r->b.sub, &(struct sub_reply){.status = 200, .without_sub = true}));
	run_ms(r, 10);
	CHECK_STR(r->a.log, "200 ended(0,norefersub,0) ");
	rig_close(r);
}

/* RFC 6665 4.1.2.4: timer N. */
TEST(a_subscription_that_nobody_tells_of_ends_after_64_T1)
{
	struct rig *r = rig_new();

	refer(r);
	CHECK_OK(reply(r, 202));
	run_s(r, 31);
	CHECK_STR(r->a.log, "202 ");
	run_s(r, 2);
	CHECK_STR(r->a.log, "202 ended(408,,0) ");
	/* Who tells it all the same hears 481. */
	CHECK_OK(tell(&r->b, SUB_ACTIVE, "SIP/2.0 100 Trying\r\n"));
	run_ms(r, 10);
	CHECK_STR(r->b.log, "ended(481,Call/Transaction Does Not Exist,0) ");
	rig_close(r);
}

TEST(the_newest_state_goes_when_the_one_under_way_was_answered)
{
	struct rig *r = rig_new();

	refer(r);
	CHECK_OK(reply(r, 202));
	CHECK_OK(tell(&r->b, SUB_ACTIVE, "SIP/2.0 100 Trying\r\n"));
	CHECK_OK(tell(&r->b, SUB_ACTIVE, "SIP/2.0 180 Ringing\r\n"));
	CHECK_OK(tell(&r->b, SUB_ACTIVE, "SIP/2.0 183 Session Progress\r\n"));
	CHECK_OK(tell(&r->b, SUB_TERMINATED, "SIP/2.0 200 OK\r\n"));
	r->b.sub = sub_free(r->b.sub); /* goes on behind its owner */
	run_ms(r, 20);
	CHECK_STR(r->a.log,
		"202 active:SIP/2.0 100 Trying\r\n terminated:SIP/2.0 200 OK\r\n ended(0,noresource,0) ");
	rig_close(r);
}

TEST(each_end_may_go_at_any_time)
{
	struct rig *r = rig_new();

	/* The subscriber: the next NOTIFY ends it. */
	refer(r);
	CHECK_OK(reply(r, 202));
	CHECK_OK(tell(&r->b, SUB_ACTIVE, ""));
	run_ms(r, 10);
	r->a.sub = sub_free(r->a.sub);
	CHECK_OK(tell(&r->b, SUB_ACTIVE, ""));
	run_ms(r, 10);
	CHECK_STR(r->b.log, "ended(481,Call/Transaction Does Not Exist,0) ");
	r->b.sub = sub_free(r->b.sub);

	/* The notifier. */
	r->a.log[0] = '\0';
	refer(r);
	CHECK_OK(reply(r, 202));
	CHECK_OK(tell(&r->b, SUB_PENDING, ""));
	run_ms(r, 10);
	r->b.sub = sub_free(r->b.sub);
	run_ms(r, 10);
	CHECK_STR(r->a.log, "202 pending: terminated: ended(0,noresource,0) ");
	r->a.sub = sub_free(r->a.sub);

	/* The notifier before its answer. */
	r->a.log[0] = '\0';
	refer(r);
	r->b.sub = sub_free(r->b.sub);
	run_ms(r, 10);
	CHECK_STR(r->a.log, "ended(480,Temporarily Unavailable,0) ");
	rig_close(r);
}

TEST(a_notifier_ends_what_nobody_renews)
{
	struct rig *r = rig_new();

	refer(r);
	CHECK_OK(reply(r, 202));
	CHECK_OK(tell(&r->b, SUB_ACTIVE, ""));
	run_s(r, 599);
	CHECK_STR(r->b.log, "");
	run_s(r, 2);
	CHECK_STR(r->b.log, "ended(0,timeout,0) ");
	CHECK_STR(r->a.log, "202 active: ended(0,timeout,0) ");
	rig_close(r);
}

TEST(a_subscribe_to_what_we_do_not_notify_of_gets_489_and_to_refer_403)
{
	static const struct sub_package unheard = {
		.name = "Weather", .accept = "text/plain", .use = SUB_BOTH_WAYS, .expires_s = 600};
	struct rig *r = rig_new();
	struct sub_package by_hand = pkg_refer;

	CHECK_OK(ask(r, &headlines, SUB_SECONDS_UNKNOWN));
	run_ms(r, 10);
	CHECK_STR(r->a.log, "ended(489,Bad Event,0) ");
	CHECK_EQ(r->last_error, OH_ENOTSUP);
	r->a.sub = sub_free(r->a.sub);
	r->a.log[0] = '\0';

	/* The names of events are compared byte by byte. */
	CHECK_OK(ask(r, &unheard, SUB_SECONDS_UNKNOWN));
	run_ms(r, 10);
	CHECK_STR(r->a.log, "ended(489,Bad Event,0) ");
	r->a.sub = sub_free(r->a.sub);
	r->a.log[0] = '\0';

	by_hand.use = SUB_BOTH_WAYS;
	CHECK_OK(ask(r, &by_hand, SUB_SECONDS_UNKNOWN));
	run_ms(r, 10);
	CHECK_STR(r->a.log, "ended(403,Forbidden,0) ");
	rig_close(r);
}

static void subscribe(struct rig *r, uint32_t expires_s)
{
	r->b.state = "sun";
	CHECK_OK(ask(r, &weather, expires_s));
	run_ms(r, 10);
	assert_non_null(r->b.sub);
	CHECK_OK(reply(r, 200));
	CHECK_OK(tell(&r->b, SUB_ACTIVE, "rain"));
	run_ms(r, 10);
}

TEST(a_subscription_is_renewed_until_it_is_freed)
{
	struct rig *r = rig_new();

	subscribe(r, SUB_SECONDS_UNKNOWN);
	CHECK_STR(r->a.log, "200 active:rain ");
	run_s(r, 560);
	CHECK_STR(r->b.log, "");
	run_s(r, 10);
	CHECK_STR(r->b.log, "again ");
	run_s(r, 3600);
	CHECK_EQ(sub_state(r->a.sub), SUB_ACTIVE);
	CHECK_EQ(sub_state(r->b.sub), SUB_ACTIVE);
	CHECK(sub_seconds_left(r->b.sub) > 0);
	r->a.log[0] = r->b.log[0] = '\0';
	r->a.sub = sub_free(r->a.sub);
	run_ms(r, 10);
	CHECK_STR(r->b.log, "again ended(0,timeout,0) ");
	CHECK_STR(r->a.log, "");
	rig_close(r);
}

TEST(times_are_shortened_by_the_notifier_and_too_short_ones_asked_anew)
{
	struct rig *r = rig_new();

	subscribe(r, 100000);
	CHECK_EQ(sub_seconds_left(r->a.sub), 3600);
	r->a.sub = sub_free(r->a.sub);
	run_s(r, 1);
	r->b.sub = sub_free(r->b.sub);
	r->a.log[0] = '\0';

	/* 423 with Min-Expires: once more with 60 s. */
	subscribe(r, 10);
	CHECK_EQ(sub_seconds_left(r->a.sub), 60);
	CHECK_STR(r->a.log, "200 active:rain ");
	CHECK_OK(sub_refresh(r->a.sub, 5));
	CHECK_EQ(sub_refresh(r->a.sub, 5), OH_EBUSY);
	run_ms(r, 10);
	CHECK_EQ(sub_seconds_left(r->a.sub), 60);
	CHECK_STR(r->a.log, "200 active:rain active:sun ");
	rig_close(r);
}

/* RFC 6665 4.4.3. */
TEST(a_poll_brings_the_state_once)
{
	struct rig *r = rig_new();

	subscribe(r, 0);
	CHECK_STR(r->a.log, "200 terminated:rain ended(0,timeout,0) ");
	CHECK_STR(r->b.log, "ended(0,timeout,0) ");
	rig_close(r);
}

TEST(a_subscriber_that_has_gone_is_told_no_more)
{
	struct rig *r = rig_new();

	subscribe(r, SUB_SECONDS_UNKNOWN);
	sip_transport_free(r->a.udp);
	r->a.sub = sub_free(r->a.sub);
	CHECK_OK(tell(&r->b, SUB_ACTIVE, "snow"));
	run_s(r, 40);
	CHECK(strstr(r->b.log, "ended(408,,0)") || strstr(r->b.log, "ended(503,,0)"));
	rig_close(r);
}

TEST(a_notifier_that_has_gone_ends_it_with_the_next_renewal)
{
	struct rig *r = rig_new();

	subscribe(r, SUB_SECONDS_UNKNOWN);
	r->b.sub = sub_free(r->b.sub);
	sip_transport_free(r->b.udp); /* its last NOTIFY is lost too */
	run_s(r, 700);
	CHECK(strstr(r->a.log, "ended(") != NULL);
	rig_close(r);
}

TEST(too_many_subscriptions_are_refused)
{
	struct rig *r = rig_new();

	r->b.subs.max_notifiers = 0;
	CHECK_OK(ask(r, &pkg_refer, SUB_SECONDS_UNKNOWN));
	run_ms(r, 10);
	CHECK_EQ(r->last_error, OH_ETOOMANY);
	CHECK_STR(r->a.log, "ended(503,Service Unavailable,60) ");
	rig_close(r);
}

static int whole_life(void *arg)
{
	struct rig *r = rig_try();
	int err = r ? ask(r, &pkg_refer, SUB_SECONDS_UNKNOWN) : OH_ENOMEM;

	(void)arg;
	if (!r)
		return err;
	run_ms(r, 10);
	if (r->b.sub && reply(r, 202) == 0) {
		(void)tell(&r->b, SUB_ACTIVE, "SIP/2.0 100 Trying\r\n");
		(void)tell(&r->b, SUB_TERMINATED, "SIP/2.0 200 OK\r\n");
	}
	run_s(r, 100);
	rig_drop(r);
	return err;
}

TEST(every_allocation_of_a_subscription_may_fail)
{
	check_every_allocation_fails(whole_life, NULL);
}

static enum sim_fate fate(void *arg, const struct sim_packet *p, uint64_t *delay_ns)
{
	struct fault *f = arg;

	(void)p;
	f->n_packets++;
	if (f->n_packets != f->serial)
		return SIM_BY_RULE;
	*delay_ns = f->delay_ns;
	return f->kind;
}

/* RFC 3515 4.1 with each message lost, doubled and late. */
TEST(a_refer_survives_the_loss_doubling_and_delay_of_each_message)
{
	static const struct {
		enum sim_fate kind;
		unsigned delay_ms;
	} fates[] = {{SIM_DROP, 0}, {SIM_DOUBLE, 0}, {SIM_DELAY, 30}, {SIM_DELAY, 700}};

	for (size_t i = 0; i < ARRAY_LEN(fates); i++) {
		for (uint64_t n = 1; n <= 6; n++) {
			struct rig *r = rig_new();
			struct fault f = {.kind = fates[i].kind,
				.serial = n,
				.delay_ns = fates[i].delay_ms * NS_PER_MS};

			sim_filter(r->sim, fate, &f);
			CHECK_OK(ask(r, &pkg_refer, SUB_SECONDS_UNKNOWN));
			run_s(r, 3);
			assert_non_null(r->b.sub);
			CHECK_OK(reply(r, 202));
			CHECK_OK(tell(&r->b, SUB_ACTIVE, "SIP/2.0 100 Trying\r\n"));
			run_s(r, 3);
			CHECK_OK(tell(&r->b, SUB_TERMINATED, "SIP/2.0 200 OK\r\n"));
			run_s(r, 5);
			CHECK(f.n_packets >= 6);
			CHECK(strstr(r->a.log, "terminated:SIP/2.0 200 OK\r\n ended(0,noresource,0) ") !=
				NULL);
			rig_close(r);
		}
	}
}

TEST(headers_of_events_are_read)
{
	static const struct {
		const char *value, *name, *id;
	} events[] = {{"refer", "refer", NULL}, {"refer;id=93809824", "refer", "93809824"},
		{" presence ; x=1 ; ID=a", "presence", "a"}, {"", NULL, NULL}, {";id=1", NULL, NULL},
		{"a b", NULL, NULL}, {"a;id=1;", NULL, NULL}};
	static const struct {
		const char *value;
		int state; /* -1: malformed */
		uint32_t expires, retry;
		const char *reason;
	} states[] = {{"active;expires=60", SUB_ACTIVE, 60, 0, ""},
		{"pending", SUB_PENDING, SUB_SECONDS_UNKNOWN, 0, ""},
		{"terminated;reason=probation;retry-after=7", SUB_TERMINATED, SUB_SECONDS_UNKNOWN, 7,
			"probation"},
		{"Terminated", SUB_TERMINATED, SUB_SECONDS_UNKNOWN, 0, ""},
		{"running;expires=99999999999", SUB_ACTIVE, SUB_SECONDS_UNKNOWN, 0, ""}, {"", -1, 0, 0, ""},
		{"active;;", -1, 0, 0, ""}, {"=", -1, 0, 0, ""}};

	for (size_t i = 0; i < ARRAY_LEN(events); i++) {
		struct slice name, id;
		int err = sub_event_parse(slice_of(events[i].value), &name, &id);

		CHECK_EQ(err == 0, events[i].name != NULL);
		if (err)
			continue;
		CHECK_SLICE(name, events[i].name);
		CHECK_EQ(slice_present(id), events[i].id != NULL);
		if (events[i].id)
			CHECK_SLICE(id, events[i].id);
	}
	for (size_t i = 0; i < ARRAY_LEN(states); i++) {
		struct sub_header_state s;
		int err = sub_state_parse(slice_of(states[i].value), &s);

		CHECK_EQ(err == 0, states[i].state >= 0);
		if (err)
			continue;
		CHECK_EQ(s.state, states[i].state);
		CHECK_EQ(s.expires_s, states[i].expires);
		CHECK_EQ(s.retry_after_s, states[i].retry);
		CHECK_SLICE(s.reason, states[i].reason);
	}
}

TEST(sipfrags_and_replaces_are_read_and_written)
{
	static const struct {
		const char *body;
		unsigned status; /* 0: malformed */
		const char *reason;
	} frags[] = {{"SIP/2.0 100 Trying\r\n", 100, "Trying"}, {"SIP/2.0 200 OK", 200, "OK"},
		{"SIP/2.0 503\r\n", 503, ""}, {"sip/2.0 486 Busy\r\nWarning: 399 x \"y\"\r\n", 486, "Busy"},
		{"SIP/2.0 99 x", 0, ""}, {"SIP/2.0 700 x", 0, ""}, {"SIP/2.0 1000", 0, ""}, {"", 0, ""},
		{"INVITE sip:a@b SIP/2.0", 0, ""}, {"SIP/2.0 20", 0, ""}};
	static const struct {
		const char *value;
		bool good, early;
	} replaces[] = {{"a@b;to-tag=1;from-tag=2", true, false},
		{"a;from-tag=2;to-tag=1;early-only", true, true}, {"a;to-tag=1", false, false},
		{"a", false, false}, {";to-tag=1;from-tag=2", false, false}, {"", false, false},
		{"a;to-tag;from-tag=1", false, false}};
	char buf[64];
	struct slice text;

	for (size_t i = 0; i < ARRAY_LEN(frags); i++) {
		unsigned status = 0;
		struct slice reason = SLICE_NONE;

		CHECK_EQ(sipfrag_parse(slice_of(frags[i].body), &status, &reason) == 0, frags[i].status != 0);
		if (!frags[i].status)
			continue;
		CHECK_EQ(status, frags[i].status);
		CHECK_SLICE(reason, frags[i].reason);
	}
	for (size_t i = 0; i < ARRAY_LEN(replaces); i++) {
		struct replaces r;

		CHECK_EQ(replaces_parse(slice_of(replaces[i].value), &r) == 0, replaces[i].good);
		if (replaces[i].good)
			CHECK_EQ(r.early_only, replaces[i].early);
	}
	CHECK_OK(sipfrag_write(180, SLICE_NONE, buf, sizeof(buf), &text));
	CHECK_SLICE(text, "SIP/2.0 180 Ringing\r\n");
	CHECK_EQ(sipfrag_write(180, SLICE_LIT("a\r\nb"), buf, sizeof(buf), &text), OH_EINVAL);
	CHECK_EQ(sipfrag_write(180, SLICE_NONE, buf, 10, &text), OH_ETOOBIG);
}

TESTS(RUN(a_refer_is_accepted_and_told_of_until_the_end), RUN(a_refer_is_refused),
	RUN(a_refer_without_subscription), RUN(a_subscription_that_nobody_tells_of_ends_after_64_T1),
	RUN(the_newest_state_goes_when_the_one_under_way_was_answered), RUN(each_end_may_go_at_any_time),
	RUN(a_notifier_ends_what_nobody_renews),
	RUN(a_subscribe_to_what_we_do_not_notify_of_gets_489_and_to_refer_403),
	RUN(a_subscription_is_renewed_until_it_is_freed),
	RUN(times_are_shortened_by_the_notifier_and_too_short_ones_asked_anew),
	RUN(a_poll_brings_the_state_once), RUN(a_subscriber_that_has_gone_is_told_no_more),
	RUN(a_notifier_that_has_gone_ends_it_with_the_next_renewal), RUN(too_many_subscriptions_are_refused),
	RUN(every_allocation_of_a_subscription_may_fail),
	RUN(a_refer_survives_the_loss_doubling_and_delay_of_each_message), RUN(headers_of_events_are_read),
	RUN(sipfrags_and_replaces_are_read_and_written))
