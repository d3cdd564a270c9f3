/*
 * Senseless programs on machines that move: two phones with a registrar call each other, hold and hang up, while their
 * addresses change under them, go and come back, the machines sleep, the registrar is started anew with or without its
 * memory, and packets are lost:
 *
 *	- a call's state only goes forward, and each side hears of its end exactly once;
 *	- once it is calm, no call stands at one end alone, and sound goes both ways;
 *	- the registrar knows each phone by the address that it has now, and by no other;
 *	- in the end nothing is left.
 *
 * A seed replays its run exactly. OFFHOOK_SCHEDULES=n plays that many, OFFHOOK_SEED=n that one.
 */
#include "rig.h"
#include "seeds.h"

#include "session/registrar.h"

#define SCHEDULES (CHECK_SANITIZED ? 40 : 150)

#define CALLS_MAX   3 /* at a time, of a phone's own making */
#define RECORDS_MAX 128
#define T1_MS       200u

/* What one side was told about one call. */
struct record {
	offhook_id id;
	enum offhook_call_state state;
};

struct mover {
	struct side *side;
	char ip[32];
	unsigned moves;
	bool away; /* it has no address now */
	offhook_id account;
	char aor[64];
	struct record records[RECORDS_MAX];
	size_t n_records;
};

struct play {
	uint64_t random;
	struct rig *r;
	struct registrar *registrar;
	struct mover movers[2];
};

static struct play *playing;
static size_t stood; /* calls that have come through a storm, over all schedules */

static unsigned draw(unsigned bound)
{
	playing->random = playing->random * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(playing->random >> 33) % bound;
}

/* ---- what the programs are told ---- */

static struct mover *mover_of(const struct side *s)
{
	return &playing->movers[s == &playing->r->b];
}

static void handle(struct side *s, const struct offhook_event *e)
{
	struct mover *m = mover_of(s);
	struct record *r = NULL;

	s->log[0] = '\0';
	if (!e->call || !playing)
		return;
	for (size_t i = 0; i < m->n_records; i++)
		if (m->records[i].id == e->id)
			r = &m->records[i];
	if (!r) {
		CHECK(m->n_records < RECORDS_MAX);
		r = &m->records[m->n_records++];
		*r = (struct record){e->id, OFFHOOK_CALL_NULL};
	}
	CHECK(r->state != OFFHOOK_CALL_DISCONNECTED);
	/* A caller who moves before the answer calls again. */
	CHECK(e->call->state >= r->state || e->call->state == OFFHOOK_CALL_CALLING);
	r->state = e->call->state;
}

/* ---- what the programs do ---- */

static offhook_id some_call(struct mover *m, long *ret_n)
{
	offhook_id ids[8];

	*ret_n = offhook_calls(m->side->phone, ids, ARRAY_LEN(ids));
	return *ret_n > 0 ? ids[draw(*ret_n < 8 ? (unsigned)*ret_n : 8)] : 0;
}

static void make(struct mover *m, long n_calls)
{
	struct offhook_call_cfg cfg;
	char uri[64];
	offhook_id id;

	if (n_calls >= CALLS_MAX)
		return;
	offhook_call_cfg_init(&cfg);
	snprintf(uri, sizeof(uri), "sip:x@%s", playing->movers[m == playing->movers].ip);
	cfg.uri = uri;
	cfg.expires_s = 60;
	(void)offhook_call_make(m->side->phone, m->account, &cfg, &id);
}

static void act(struct mover *m)
{
	static const unsigned codes[] = {180, 183, 200, 200, 200, 200, 486};
	struct offhook_answer answer;
	long n;
	offhook_id id = some_call(m, &n);

	offhook_answer_init(&answer);
	answer.code = codes[draw(ARRAY_LEN(codes))];
	switch (draw(9)) {
	case 0:
	case 1:
		make(m, n);
		break;
	case 2:
	case 3:
	case 4:
		(void)offhook_call_answer(m->side->phone, id, &answer);
		break;
	case 5:
		if (draw(3) == 0)
			(void)offhook_call_hangup(m->side->phone, id, NULL);
		break;
	case 6:
		(void)offhook_call_hold(m->side->phone, id, NULL, 0);
		break;
	case 7:
		(void)offhook_call_reinvite(m->side->phone, id, NULL, 0);
		break;
	default:
		(void)offhook_account_register(m->side->phone, m->account, 1);
		break;
	}
}

/* ---- what the world does ---- */

static void go(struct mover *m)
{
	if (m->away)
		return;
	CHECK_OK(sim_host_move(m->side->host, m->ip, NULL));
	m->away = true;
}

/* To an address that nobody had before. */
static void come(struct mover *m)
{
	unsigned net = m == playing->movers ? 100 : 101;
	char ip[32];

	m->moves++;
	snprintf(ip, sizeof(ip), "198.51.%u.%u", net, m->moves);
	CHECK_OK(sim_host_move(m->side->host, m->away ? NULL : m->ip, ip));
	snprintf(m->ip, sizeof(m->ip), "%s", ip);
	m->away = false;
}

static void happen(void)
{
	static const unsigned losses[] = {0, 0, 0, 5, 20};
	struct mover *m = &playing->movers[draw(2)];
	struct sim_wire wire = {.delay_ns = 5 * NS_PER_MS, .jitter_ns = 5 * NS_PER_MS};

	switch (draw(60)) {
	case 0:
	case 1:
		come(m);
		break;
	case 2:
		go(m);
		break;
	case 3:
		sim_host_slept(m->side->host);
		break;
	case 4:
		CHECK_OK(offhook_network_changed(m->side->phone));
		break;
	case 5:
		registrar_down(playing->registrar);
		break;
	case 6:
	case 7:
		registrar_up(playing->registrar, draw(2));
		break;
	case 8:
		wire.loss = losses[draw(ARRAY_LEN(losses))] / 100.0;
		sim_wire(playing->r->sim, &wire);
		break;
	default:
		act(m);
		break;
	}
}

/* ---- when it is calm ---- */

static void pass_ms(unsigned ms)
{
	sim_run_for(playing->r->sim, ms * NS_PER_MS);
}

static size_t confirmed(struct mover *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n_records; i++)
		n += m->records[i].state == OFFHOOK_CALL_CONFIRMED;
	return n;
}

static void check_sound(struct mover *m)
{
	for (size_t i = 0; i < m->n_records; i++) {
		struct offhook_call_stats before = {.size = sizeof(before)}, after = {.size = sizeof(after)};
		struct offhook_call_info *info;
		bool listens;

		if (m->records[i].state != OFFHOOK_CALL_CONFIRMED)
			continue;
		CHECK_OK(offhook_call_get_info(m->side->phone, m->records[i].id, &info));
		listens = info->slot && info->media_dir & OFFHOOK_DIR_RECV;
		offhook_call_info_free(info);
		CHECK_OK(offhook_call_get_stats(m->side->phone, m->records[i].id, &before));
		pass_ms(5000);
		CHECK_OK(offhook_call_get_stats(m->side->phone, m->records[i].id, &after));
		if (listens && after.rx_packets <= before.rx_packets)
			fail_msg("%s hears nothing from %s, only what is foreign: %d", m->side->name,
				after.remote, (int)after.rx_discarded);
	}
}

static void check_registered(struct mover *m)
{
	const char *bound = registrar_contacts(playing->registrar, m->aor);
	char want[64];

	snprintf(want, sizeof(want), "@%s:5060", m->ip);
	if (!strstr(bound, want) || strchr(bound, ' '))
		fail_msg("%s is at '%s', not at %s alone", m->aor, bound, m->ip);
}

static void calm_down(void)
{
	const struct sim_wire good = {.delay_ns = NS_PER_MS};

	sim_wire(playing->r->sim, &good);
	registrar_up(playing->registrar, false);
	for (size_t i = 0; i < 2; i++)
		if (playing->movers[i].away)
			come(&playing->movers[i]);
	/* Bindings of addresses from before have run out, INVITEs have found their end. */
	pass_ms(400000);
	for (size_t i = 0; i < 2; i++)
		CHECK_OK(offhook_network_changed(playing->movers[i].side->phone));
	pass_ms(100000);
	CHECK_EQ(confirmed(&playing->movers[0]), confirmed(&playing->movers[1]));
	stood += confirmed(&playing->movers[0]);
	for (size_t i = 0; i < 2; i++) {
		check_registered(&playing->movers[i]);
		check_sound(&playing->movers[i]);
	}
}

/* ---- one schedule ---- */

static void settings(struct offhook_phone_cfg *cfg)
{
	cfg->t1_ms = T1_MS;
}

static void begin(struct play *p, uint64_t seed)
{
	struct offhook_registration_cfg reg;
	struct offhook_account_cfg account;

	*p = (struct play){.random = seed * 0x9e3779b97f4a7c15u};
	playing = p;
	p->r = rig_new_with(OFFHOOK_DELIVER_INLINE, settings);
	p->registrar = registrar_new(p->r->sim, &(struct registrar_cfg){.max_s = 120, .password = "secret"});
	sim_starve_tickers(p->r->sim, 50);
	for (size_t i = 0; i < 2; i++) {
		static const struct offhook_credential who = {.user = "x", .password = "secret"};
		struct offhook_auth_cfg auth;
		struct mover *m = &p->movers[i];

		m->side = i ? &p->r->b : &p->r->a;
		m->side->handler = handle;
		snprintf(m->ip, sizeof(m->ip), "%s", m->side->ip);
		snprintf(m->aor, sizeof(m->aor), "sip:%s@example.com", m->side->name);
		offhook_auth_cfg_init(&auth);
		auth.credentials = &who;
		auth.n_credentials = 1;
		offhook_registration_cfg_init(&reg);
		reg.registrar = "sip:" REGISTRAR_IP;
		reg.expires_s = 120;
		offhook_account_cfg_init(&account);
		account.uri = m->aor;
		account.auth = &auth;
		account.registration = &reg;
		account.make_default = 1;
		CHECK_OK(offhook_account_add(m->side->phone, &account, &m->account));
	}
	pass_ms(1000);
}

static void finish(struct play *p)
{
	for (size_t i = 0; i < 2; i++) {
		offhook_id ids[16];
		struct mover *m = &p->movers[i];
		long n = offhook_calls(m->side->phone, ids, ARRAY_LEN(ids));

		for (long k = 0; k < n; k++)
			(void)offhook_call_hangup(m->side->phone, ids[k], NULL);
		CHECK_OK(offhook_account_remove(m->side->phone, m->account));
	}
	pass_ms(100000);
	for (size_t i = 0; i < 2; i++)
		for (size_t k = 0; k < p->movers[i].n_records; k++)
			CHECK_EQ(p->movers[i].records[k].state, OFFHOOK_CALL_DISCONNECTED);
	playing = NULL;
	registrar_free(p->registrar);
	p->r->a.handler = p->r->b.handler = NULL;
	rig_close(p->r);
}

static void play(uint64_t seed)
{
	static struct play p;
	unsigned steps;

	begin(&p, seed);
	steps = 50 + draw(150);
	while (steps--) {
		happen();
		pass_ms(draw(20) ? draw(1500) : draw(20000));
	}
	calm_down();
	finish(&p);
}

TEST(wherever_the_machines_go_calls_and_registrations_follow)
{
	bool counts = seeds_play(&(struct seeds){"tests/phone/test_phone_random_moves", SCHEDULES, 1}, play);

	CHECK(!counts || stood > 0);
}

TESTS(RUN_SEEDS(wherever_the_machines_go_calls_and_registrations_follow))
