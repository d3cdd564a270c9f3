/*
 * Senseless programs with everything that phones do besides plain calls: three phones, which register, call each other over
 * UDP, over TCP and through a proxy, ring reliably (PRACK), offer by UPDATE, hold, send their callers elsewhere (3xx), transfer
 * each other (blind and attended) and follow each other's presence and calls, while packets are lost, doubled and late, ways
 * are cut, connections break, and the registrar goes and comes back:
 *
 *	- a call's state only goes forward, but for one that is sent elsewhere; each side hears of its end exactly once, with who
 *	  ended it and why; a transfer comes to its end once; a subscription that is gone tells nothing;
 *	- once it is calm, no call stands at one end alone, and both ends agree on the directions of its sound;
 *	- whoever wants to follow somebody does, and knows what that one has said last; nobody is told of calls that are over;
 *	- the registrar knows each phone, once;
 *	- in the end nothing is left;
 *	- and all of that has happened, many times.
 */
#include "seeds.h"
#include "told.h"

#include "session/proxy.h"
#include "session/registrar.h"

#define SCHEDULES (CHECK_SANITIZED ? 60 : 150)

#define PROXY_IP    "192.0.2.20"
#define CALLS_MAX   3 /* that a phone begins while it has others */
#define RECORDS_MAX 400
#define BUDDIES_MAX 4
#define DIALOGS_MAX 64
#define T1_MS       100u
#define WEIGHT      50 /* a quarter of an hour of three phones each */

struct play {
	uint64_t random;
	struct rig rig;
	struct side third;
	struct told told;
	struct registrar *registrar;
	struct proxy *proxy;
	struct sim_wire weather;
	uint64_t cut_until_ns[TOLD_PHONES][TOLD_PHONES];
	unsigned notes;
};

static struct play *playing;

static unsigned draw(unsigned bound)
{
	playing->random = playing->random * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(playing->random >> 33) % bound;
}

static void pass_ms(unsigned ms)
{
	sim_run_for(playing->rig.sim, ms * NS_PER_MS);
}

/* ---- what the programs do ---- */

static offhook_id some_call(struct side *s, long *ret_n)
{
	offhook_id ids[16];
	long n = offhook_calls(s->phone, ids, ARRAY_LEN(ids));

	*ret_n = n;
	if (n > (long)ARRAY_LEN(ids))
		n = ARRAY_LEN(ids);
	return n > 0 ? ids[draw((unsigned)n)] : 0;
}

/* The number of the phone at the other end of a call; -1: not known. */
static int peer_of(struct side *s, offhook_id call)
{
	struct offhook_call_info *info;
	int peer = -1;

	if (offhook_call_get_info(s->phone, call, &info))
		return -1;
	for (int i = 0; i < TOLD_PHONES; i++)
		if (strstr(info->remote_contact, playing->told.phones[i].side->ip))
			peer = i;
	offhook_call_info_free(info);
	return peer;
}

/* Sends the caller to the third phone, who is neither of both. */
static void answer(int side, offhook_id call)
{
	static const unsigned codes[] = {180, 183, 183, 200, 200, 200, 200, 302, 302, 486};
	struct side *s = playing->told.phones[side].side;
	int peer = peer_of(s, call);
	struct offhook_answer a;
	struct offhook_header elsewhere = {.name = "Contact"};
	char value[64];

	offhook_answer_init(&a);
	a.code = codes[draw(ARRAY_LEN(codes))];
	if (a.code == 302 && peer >= 0) {
		snprintf(value, sizeof(value), "<sip:x@192.0.2.%d>", TOLD_PHONES + 1 - side - peer);
		elsewhere.value = value;
		a.headers = &elsewhere;
		a.n_headers = 1;
	}
	(void)offhook_call_answer(s->phone, call, &a);
}

static void on_incoming(int side, offhook_id call)
{
	if (draw(2))
		answer(side, call);
}

static void on_question(int side, offhook_id ticket)
{
	(void)offhook_question_answer(
		playing->told.phones[side].side->phone, ticket, draw(6) ? 202 : 603, NULL);
}

/* Somebody else; where: room for 64 bytes. */
static const char *somebody(int side, int not_him, char *where)
{
	int whom = (side + 1 + (int)draw(TOLD_PHONES - 1)) % TOLD_PHONES;

	if (whom == not_him)
		whom = 3 - side - not_him;
	snprintf(where, 64, "sip:x@%s%s", playing->told.phones[whom].side->ip,
		draw(3) ? "" : ";transport=tcp");
	return where;
}

static void make(int side, long n_calls)
{
	struct told_phone *p = &playing->told.phones[side];
	struct offhook_call_cfg cfg;
	char uri[64];
	offhook_id id;

	if (n_calls >= CALLS_MAX)
		return;
	offhook_call_cfg_init(&cfg);
	cfg.uri = somebody(side, -1, uri);
	cfg.expires_s = 60;
	/* The proxy speaks UDP alone. */
	(void)offhook_call_make(
		p->side->phone, strstr(uri, "tcp") || draw(3) ? p->side->account : p->proxied, &cfg, &id);
}

static void transfer(int side, offhook_id call)
{
	struct side *s = playing->told.phones[side].side;
	struct record *r = told_record(&playing->told, side, call);
	int peer = peer_of(s, call), err;
	char uri[64];
	long n;
	offhook_id other;

	if (!r || r->transferring || peer < 0)
		return;
	r->transferring = true;
	r->attended = draw(2);
	if (r->attended) {
		other = some_call(s, &n);
		err = peer_of(s, other) == peer ? OH_EINVAL
						: offhook_call_transfer_to(s->phone, call, other, NULL, 0);
	} else {
		err = offhook_call_transfer(s->phone, call, somebody(side, peer, uri), NULL, 0);
	}
	if (err)
		r->transferring = false;
}

static void follow(int side)
{
	struct told_phone *p = &playing->told.phones[side];
	struct buddy *b = &p->buddies[draw(BUDDIES_MAX)];
	struct offhook_buddy_cfg cfg;
	char uri[64];

	if (b->id) {
		b->wanted = draw(3);
		if (b->wanted || draw(2)) {
			CHECK_OK(offhook_buddy_subscribe(p->side->phone, b->id, b->wanted));
		} else {
			CHECK_OK(offhook_buddy_remove(p->side->phone, b->id));
			b->id = 0;
		}
		return;
	}
	*b = (struct buddy){.whom = (side + 1 + (int)draw(TOLD_PHONES - 1)) % TOLD_PHONES,
		.kind = draw(2) ? OFFHOOK_BUDDY_DIALOGS : OFFHOOK_BUDDY_PRESENCE,
		.wanted = true};
	snprintf(uri, sizeof(uri), "sip:x@%s%s", playing->told.phones[b->whom].side->ip,
		draw(3) ? "" : ";transport=tcp");
	offhook_buddy_cfg_init(&cfg);
	cfg.uri = uri;
	cfg.kind = b->kind;
	cfg.subscribe = 1;
	cfg.expires_s = 60;
	cfg.wait_max_s = 10;
	cfg.refused_wait_s = 10;
	p->adding = true;
	CHECK_OK(offhook_buddy_add(p->side->phone, p->side->account, &cfg, &b->id));
	p->adding = false;
}

static void say_presence(struct told_phone *p)
{
	char note[16];
	struct offhook_presence say = {.size = sizeof(say), .note = note};

	p->online = draw(4);
	p->activity = (enum offhook_activity)draw(3);
	p->note = ++playing->notes;
	snprintf(note, sizeof(note), "%u", p->note);
	say.online = p->online;
	say.activity = p->activity;
	CHECK_OK(offhook_account_set_presence(p->side->phone, p->side->account, &say));
}

static void act(int side)
{
	struct told_phone *p = &playing->told.phones[side];
	struct side *s = p->side;
	long n;
	offhook_id id = some_call(s, &n);

	switch (draw(20)) {
	case 0:
	case 1:
	case 2:
	case 3:
		make(side, n);
		break;
	case 4:
	case 5:
	case 6:
	case 7:
		answer(side, id);
		break;
	case 8:
		if (draw(2))
			(void)offhook_call_hangup(s->phone, id, NULL);
		break;
	case 9:
		(void)offhook_call_hold(s->phone, id, NULL, 0);
		break;
	case 10:
		(void)offhook_call_reinvite(s->phone, id, NULL, 0);
		break;
	case 11:
	case 12:
		(void)offhook_call_update(s->phone, id, NULL, 0);
		break;
	case 13:
	case 14:
	case 15:
		transfer(side, id);
		break;
	case 16:
	case 17:
		follow(side);
		break;
	case 18:
		say_presence(p);
		break;
	default:
		CHECK_OK(offhook_account_register(s->phone, p->home, draw(3) > 0));
		break;
	}
}

/* ---- what the world does ---- */

static void set_wires(void)
{
	const struct sim_wire hole = {.loss = 1};

	sim_wire(playing->rig.sim, &playing->weather);
	for (int i = 0; i < TOLD_PHONES; i++)
		for (int k = 0; k < TOLD_PHONES; k++)
			CHECK_OK(sim_wire_between(playing->rig.sim, playing->told.phones[i].side->ip,
				playing->told.phones[k].side->ip,
				playing->cut_until_ns[i][k] > sim_now(playing->rig.sim) ? &hole
											: &playing->weather));
}

static void change_weather(void)
{
	static const double losses[] = {0, 0, 0.05, 0.1, 0.2, 0.3}, sometimes[] = {0, 0, 0.05, 0.2};

	playing->weather = (struct sim_wire){.loss = losses[draw(ARRAY_LEN(losses))],
		.duplicate = sometimes[draw(ARRAY_LEN(sometimes))],
		.reorder = sometimes[draw(ARRAY_LEN(sometimes))],
		.delay_ns = NS_PER_MS,
		.jitter_ns = draw(2) ? 0 : 20 * NS_PER_MS,
		.reorder_ns = T1_MS / 2 * NS_PER_MS,
		.allow_overtake = true};
}

static void happen(void)
{
	int side = (int)draw(TOLD_PHONES);

	switch (draw(60)) {
	case 0:
	case 1:
		change_weather();
		break;
	case 2:
		playing->cut_until_ns[side][draw(TOLD_PHONES)] =
			sim_now(playing->rig.sim) + draw(draw(4) ? 3000 : 30000) * NS_PER_MS;
		break;
	case 3:
	case 4:
		sim_break_connections(playing->told.phones[side].side->host);
		deeds[BROKEN]++;
		break;
	case 5:
		registrar_down(playing->registrar);
		break;
	case 6:
	case 7:
		registrar_up(playing->registrar, draw(2));
		break;
	default:
		act(side);
		break;
	}
}

/* ---- when it is calm ---- */

/* Who is called answers; who calls loses patience: a refusal that was lost as often as it was sent leaves a call ringing. */
static void settle_ringing(bool patient)
{
	for (size_t i = 0; i < playing->told.n_records; i++) {
		const struct record *r = &playing->told.records[i];
		struct offhook_phone *phone = playing->told.phones[r->side].side->phone;

		if (r->state >= OFFHOOK_CALL_CONNECTING)
			continue;
		if (offhook_call_answer(phone, r->id, NULL) && !patient)
			(void)offhook_call_hangup(phone, r->id, NULL);
	}
}

static bool directions_agree(const struct offhook_call_info *a, const struct offhook_call_info *b)
{
	bool a_holds = a->media_state == OFFHOOK_MEDIA_LOCAL_HOLD;
	bool b_holds = b->media_state == OFFHOOK_MEDIA_LOCAL_HOLD;

	if (!a->slot || !b->slot ||
		(a->media_dir & OFFHOOK_DIR_SEND) != (b->media_dir & OFFHOOK_DIR_RECV) / 2 ||
		(a->media_dir & OFFHOOK_DIR_RECV) / 2 != (b->media_dir & OFFHOOK_DIR_SEND))
		return false;
	if (a_holds || b_holds)
		return (a_holds || a->media_state == OFFHOOK_MEDIA_REMOTE_HOLD) &&
		       (b_holds || b->media_state == OFFHOOK_MEDIA_REMOTE_HOLD);
	return a->media_state == OFFHOOK_MEDIA_ACTIVE && b->media_state == OFFHOOK_MEDIA_ACTIVE;
}

/* Its other end: a living call with its Call-ID. */
static const struct record *other_end(const struct record *r)
{
	for (size_t i = 0; i < playing->told.n_records; i++) {
		const struct record *o = &playing->told.records[i];

		if (o != r && o->state != OFFHOOK_CALL_DISCONNECTED && strcmp(o->call_id, r->call_id) == 0)
			return o;
	}
	return NULL;
}

static void check_agreement(const struct record *r)
{
	const struct record *other = other_end(r);
	struct offhook_call_info *a, *b;

	if (!other || r->state != OFFHOOK_CALL_CONFIRMED || other->state != OFFHOOK_CALL_CONFIRMED)
		fail_msg("%s: phone %d is in state %d, the other end in %d", r->call_id, r->side + 1,
			(int)r->state, other ? (int)other->state : -1);
	CHECK_OK(offhook_call_get_info(playing->told.phones[r->side].side->phone, r->id, &a));
	CHECK_OK(offhook_call_get_info(playing->told.phones[other->side].side->phone, other->id, &b));
	CHECK(a->role != b->role);
	if (!directions_agree(a, b))
		fail_msg("%s: phone %d: media %d, direction %d; phone %d: %d, %d", r->call_id, r->side + 1,
			(int)a->media_state, (int)a->media_dir, other->side + 1, (int)b->media_state,
			(int)b->media_dir);
	offhook_call_info_free(a);
	offhook_call_info_free(b);
	if (r->transferring)
		fail_msg("%s: phone %d hears no end of its transfer", r->call_id, r->side + 1);
	deeds[STOOD]++;
}

static void check_buddy(int side, const struct buddy *b)
{
	const struct told_phone *whom = &playing->told.phones[b->whom];
	struct offhook_buddy_info info = {.size = sizeof(info)};
	char note[16] = "";

	CHECK_OK(offhook_buddy_get_info(playing->told.phones[side].side->phone, b->id, &info));
	if ((info.subscription == OFFHOOK_SUBSCRIPTION_ACTIVE) != b->wanted)
		fail_msg("phone %d wants to follow %d: %d, and it is %d (%u, %s)", side + 1, b->whom + 1,
			b->wanted, (int)info.subscription, info.code, info.reason);
	if (!b->wanted || b->kind != OFFHOOK_BUDDY_PRESENCE)
		return;
	if (whom->note)
		snprintf(note, sizeof(note), "%u", whom->note);
	if ((info.status == OFFHOOK_PRESENCE_ONLINE) != whom->online || info.activity != whom->activity ||
		strcmp(info.note, note) != 0)
		fail_msg("phone %d knows of %d: %d, %d, '%s'; he has said %d, %d, '%s'", side + 1,
			b->whom + 1, (int)info.status, (int)info.activity, info.note, whom->online,
			(int)whom->activity, note);
}

static void check_registered(const struct told_phone *p)
{
	const char *bound = registrar_contacts(playing->registrar, p->aor);

	if (!strstr(bound, p->side->ip) || strchr(bound, ' '))
		fail_msg("%s is at '%s', not at %s alone", p->aor, bound, p->side->ip);
}

static void calm_down(void)
{
	memset(playing->cut_until_ns, 0, sizeof(playing->cut_until_ns));
	playing->weather = (struct sim_wire){.delay_ns = NS_PER_MS};
	set_wires();
	registrar_up(playing->registrar, false);
	for (int i = 0; i < TOLD_PHONES; i++)
		CHECK_OK(offhook_account_register(
			playing->told.phones[i].side->phone, playing->told.phones[i].home, 1));
	/* Sessions of 90 s and bindings of 120 s have run out, whoever had not heard of an end has asked; and what a transfer's
	 * peer did not get told of is over after 600 s. */
	for (int i = 0; i < 65; i++) {
		settle_ringing(i < 10);
		pass_ms(10000);
	}
	for (size_t i = 0; i < playing->told.n_records; i++)
		if (playing->told.records[i].state != OFFHOOK_CALL_DISCONNECTED)
			check_agreement(&playing->told.records[i]);
	for (int i = 0; i < TOLD_PHONES; i++) {
		check_registered(&playing->told.phones[i]);
		for (size_t k = 0; k < BUDDIES_MAX; k++)
			if (playing->told.phones[i].buddies[k].id)
				check_buddy(i, &playing->told.phones[i].buddies[k]);
	}
}

/* ---- one schedule ---- */

static void settings(struct offhook_phone_cfg *cfg)
{
	cfg->t1_ms = T1_MS;
}

static void open_transport(struct told_phone *p)
{
	struct offhook_transport_cfg tcp;

	offhook_transport_cfg_init(&tcp);
	tcp.type = OFFHOOK_TCP;
	tcp.port = 5060;
	CHECK_OK(offhook_transport_add(p->side->phone, &tcp, &p->tcp));
}

/* Who calls and is called, lets everybody follow, and refreshes the sessions of its calls. */
static void set_account(struct told_phone *p, offhook_id account, struct offhook_account_cfg *cfg)
{
	struct offhook_presence_cfg presence;
	struct offhook_session_cfg session;

	offhook_presence_cfg_init(&presence);
	presence.watchers = presence.dialog_watchers = OFFHOOK_WATCHERS_ALL;
	cfg->presence = &presence;
	CHECK_OK(offhook_account_modify(p->side->phone, account, cfg));
	cfg->presence = NULL;
	offhook_session_cfg_init(&session);
	session.reliable = draw(2) ? OFFHOOK_RELIABLE_SUPPORTED : OFFHOOK_RELIABLE_REQUIRED;
	session.timer = OFFHOOK_TIMER_OFFER;
	session.session_expires_s = 90;
	session.redirect = OFFHOOK_REDIRECT_FOLLOW;
	CHECK_OK(offhook_account_set_session(p->side->phone, account, &session));
}

static void open_accounts(struct told_phone *p)
{
	static const char *const proxies[] = {"sip:" PROXY_IP ";lr"};
	struct offhook_registration_cfg reg;
	struct offhook_account_cfg cfg;
	char uri[64];

	offhook_account_cfg_init(&cfg);
	snprintf(uri, sizeof(uri), "sip:%s@%s", p->side->name, p->side->ip);
	cfg.uri = uri;
	set_account(p, p->side->account, &cfg);
	cfg.proxies = proxies;
	cfg.n_proxies = 1;
	CHECK_OK(offhook_account_add(p->side->phone, &cfg, &p->proxied));
	set_account(p, p->proxied, &cfg);
	offhook_account_cfg_init(&cfg);
	offhook_registration_cfg_init(&reg);
	reg.registrar = "sip:" REGISTRAR_IP;
	reg.expires_s = 120;
	cfg.registration = &reg;
	snprintf(p->aor, sizeof(p->aor), "sip:%s@example.com", p->side->name);
	cfg.uri = p->aor;
	CHECK_OK(offhook_account_add(p->side->phone, &cfg, &p->home));
}

static void begin(struct play *p, uint64_t seed)
{
	static const char *const names[] = {"alice", "bob", "carol"}, *const ips[] = {RIG_A_IP, RIG_B_IP,
									      "192.0.2.3"};
	struct side *sides[] = {&p->rig.a, &p->rig.b, &p->third};

	*p = (struct play){.random = seed * 0x9e3779b97f4a7c15u, .weather = {.delay_ns = NS_PER_MS}};
	playing = p;
	CHECK_OK(sim_new(seed, &p->rig.sim));
	p->told.incoming = on_incoming;
	p->told.asked = on_question;
	told_begin(&p->told, p->rig.sim);
	/* Sound is what costs; others look after it. */
	sim_starve_tickers(p->rig.sim, 1000);
	p->registrar = registrar_new(p->rig.sim, &(struct registrar_cfg){.max_s = 120});
	p->proxy = proxy_new(
		p->rig.sim, &(struct proxy_cfg){.ip = PROXY_IP, .next = RIG_A_IP, .record_route = true});
	for (int i = 0; i < TOLD_PHONES; i++) {
		p->told.phones[i].side = sides[i];
		*sides[i] =
			(struct side){.rig = &p->rig, .name = names[i], .ip = ips[i], .handler = told_handle};
		CHECK_OK(side_start(sides[i], OFFHOOK_DELIVER_INLINE, settings));
		open_transport(&p->told.phones[i]);
		open_accounts(&p->told.phones[i]);
	}
}

static void end_calls(void)
{
	for (int i = 0; i < TOLD_PHONES; i++) {
		struct side *s = playing->told.phones[i].side;
		offhook_id ids[64];
		long n = offhook_calls(s->phone, ids, ARRAY_LEN(ids));

		for (long k = 0; k < n && k < (long)ARRAY_LEN(ids); k++)
			(void)offhook_call_hangup(s->phone, ids[k], NULL);
	}
}

static void check_told_of_ends(struct told_phone *p)
{
	for (size_t k = 0; k < BUDDIES_MAX; k++) {
		const struct buddy *b = &p->buddies[k];

		if (b->id && b->wanted && b->n_dialogs)
			fail_msg("%s believes that phone %d still has call %s", p->side->name, b->whom + 1,
				b->dialogs[0]);
	}
}

static void finish(struct play *p)
{
	end_calls();
	pass_ms(100000);
	for (size_t i = 0; i < p->told.n_records; i++)
		CHECK_EQ(p->told.records[i].state, OFFHOOK_CALL_DISCONNECTED);
	for (int i = 0; i < TOLD_PHONES; i++) {
		struct told_phone *f = &p->told.phones[i];

		check_told_of_ends(f);
		for (size_t k = 0; k < BUDDIES_MAX; k++)
			if (f->buddies[k].id)
				CHECK_OK(offhook_buddy_remove(f->side->phone, f->buddies[k].id));
		CHECK_OK(offhook_account_remove(f->side->phone, f->home));
	}
	pass_ms(100000);
	for (int i = 0; i < TOLD_PHONES; i++)
		CHECK_OK(offhook_transport_remove(p->told.phones[i].side->phone, p->told.phones[i].tcp));
	pass_ms(1000);
	for (int i = 0; i < TOLD_PHONES; i++) {
		side_check_quiet(p->told.phones[i].side);
		offhook_phone_free(p->told.phones[i].side->phone);
		host_free(p->told.phones[i].side->host);
	}
	proxy_free(p->proxy);
	registrar_free(p->registrar);
	sim_free(p->rig.sim);
	playing = NULL;
}

static void play(uint64_t seed)
{
	static struct play p;
	size_t blocks = mem_live();
	unsigned steps;

	begin(&p, seed);
	steps = 20 + draw(150);
	while (steps--) {
		happen();
		set_wires();
		pass_ms(draw(20) ? draw(500) : draw(20000));
	}
	calm_down();
	finish(&p);
	CHECK_EQ(mem_live(), blocks);
}

TEST(whatever_phones_are_asked_for_they_agree_and_nothing_is_left)
{
	bool counts = seeds_play(
		&(struct seeds){"tests/phone/test_phone_random_services", SCHEDULES, WEIGHT}, play);

	for (size_t i = 0; i < N_DEEDS; i++) {
		print_message("# %llu %s\n", (unsigned long long)deeds[i], deed_names[i]);
		/* What never happens is not tested. */
		CHECK(!counts || deeds[i] >= SCHEDULES / 20);
	}
}

TESTS(RUN_SEEDS(whatever_phones_are_asked_for_they_agree_and_nothing_is_left))
