/*
 * Senseless programs on a bad wire: whatever two or three phones are told to do in whatever order, by their programs and
 * from inside their handlers, while packets are lost, doubled and late, phones fall silent and phones are closed:
 *
 *	- a call's state only goes forward, and each side hears of its end exactly once;
 *	- the wire carries nothing that it must not (watch.h);
 *	- once it is calm, both ends of a call agree: on its state, and on the directions of its sound;
 *	- in the end nothing is left.
 *
 * A seed replays its run exactly. OFFHOOK_SCHEDULES=n plays that many, OFFHOOK_SEED=n that one, OFFHOOK_TRACE=1 prints the wire.
 */
#include "rig.h"
#include "seeds.h"
#include "../sip/watch.h"

#define SCHEDULES (CHECK_SANITIZED ? 500 : 2000)

#define CALLS_MAX   4 /* that a phone begins while it has others */
#define RECORDS_MAX 256
#define TONES_MAX   8

/* What one side was told about one call. */
struct record {
	int side;
	offhook_id id;
	uint64_t talk;
	char name[8]; /* of the Call-ID */
	enum offhook_call_state state;
	enum offhook_ended_by ended_by;
	struct offhook_call_info now; /* when asked; its texts are gone */
};

struct tone {
	struct side *side;
	offhook_id id;
};

struct play {
	uint64_t seed, random;
	struct rig rig;
	struct side third, *sides[WATCH_PHONES];
	int n_sides;
	uint64_t heard_until_ns[WATCH_PHONES]; /* a silent phone: how long */
	uint64_t serials[WATCH_PHONES];
	bool reflexes, in_reflex;
	struct watch watch;
	struct record records[RECORDS_MAX];
	size_t n_records;
	struct tone tones[TONES_MAX];
	size_t n_tones;
};

static unsigned t1_ms;       /* of the phones of this schedule */
static struct play *playing; /* for the handlers, and for whoever reports a failure */

static unsigned draw(unsigned bound)
{
	playing->random = playing->random * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(playing->random >> 33) % bound;
}

static uint64_t now_ns(void)
{
	return sim_now(playing->rig.sim);
}

/* ---- what the programs are told ---- */

static struct record *record_of(int side, offhook_id id)
{
	for (size_t i = playing->n_records; i-- > 0;)
		if (playing->records[i].side == side && playing->records[i].id == id)
			return &playing->records[i];
	return NULL;
}

static void begin_record(int side, offhook_id id, const struct offhook_call_info *call)
{
	struct record *r;

	if (playing->n_records == RECORDS_MAX) {
		watch_fault(&playing->watch, "more calls than anybody asked for");
		return;
	}
	r = &playing->records[playing->n_records++];
	*r = (struct record){
		.side = side, .id = id, .talk = talk_id(call->sip_call_id), .state = call->state};
	snprintf(r->name, sizeof(r->name), "%.6s", call->sip_call_id);
}

static void note_state(int side, const struct offhook_event *e)
{
	struct record *r = record_of(side, e->id);
	/* A call that a transfer placed has been told of before it is CALLING. */
	bool placed = r && r->state == OFFHOOK_CALL_CALLING;
	bool first =
		e->type == OFFHOOK_EVENT_CALL_INCOMING || e->type == OFFHOOK_EVENT_TRANSFERRED ||
		(e->type == OFFHOOK_EVENT_CALL_STATE && e->call->state == OFFHOOK_CALL_CALLING && !placed) ||
		/* Pulled by object: before the event of the call whose place it takes. */
		(e->type == OFFHOOK_EVENT_CALL_MEDIA && e->call->state == OFFHOOK_CALL_INCOMING && !r);

	if (first != !r) {
		watch_fault(&playing->watch, "phone %d: event %d, state %d of a call that %s", side + 1,
			(int)e->type, (int)e->call->state, r ? "is known" : "never began");
		return;
	}
	if (first) {
		begin_record(side, e->id, e->call);
		return;
	}
	if (r->state == OFFHOOK_CALL_DISCONNECTED || e->call->state < r->state)
		watch_fault(&playing->watch, "phone %d: event %d, state %d after state %d", side + 1,
			(int)e->type, (int)e->call->state, (int)r->state);
	if (playing->watch.tells)
		print_message("# %9.3f  phone %d: %.6s in state %d, status %u\n", (double)now_ns() / 1e9,
			side + 1, e->call->sip_call_id, (int)e->call->state, e->call->last_status);
	r->state = e->call->state;
	r->ended_by = e->call->ended_by;
}

static void act(int side);

/* The call that takes another one's place is known from then on. */
static void note_replaced(int side, const struct offhook_event *e)
{
	struct offhook_call_info *info;

	if (offhook_call_get_info(playing->sides[side]->phone, e->other, &info)) {
		watch_fault(&playing->watch, "phone %d: a call is replaced by none", side + 1);
		return;
	}
	if (!record_of(side, e->other)) {
		begin_record(side, e->other, info);
		playing->records[playing->n_records - 1].state = OFFHOOK_CALL_INCOMING;
	}
	offhook_call_info_free(info);
}

static void handle(struct side *s, const struct offhook_event *e)
{
	int side = s->ip[strlen(s->ip) - 1] - '1';

	/* Pulled by object they come out of turn; otherwise never. */
	if (e->serial == playing->serials[side])
		watch_fault(&playing->watch, "phone %d: serial %llu twice", side + 1,
			(unsigned long long)e->serial);
	playing->serials[side] = e->serial;
	s->log[0] = '\0';
	memset(s->digits, 0, sizeof(s->digits));
	if (e->call)
		note_state(side, e);
	if (e->type == OFFHOOK_EVENT_REPLACED)
		note_replaced(side, e);
	/* Some are answered now, some later by chance, some never. */
	if (e->type == OFFHOOK_EVENT_QUESTION && draw(2))
		offhook_question_answer(s->phone, e->question->ticket, draw(4) ? 202 : 486, NULL);
	if (!playing->reflexes || playing->in_reflex || draw(4))
		return;
	playing->in_reflex = true;
	act(side);
	playing->in_reflex = false;
}

/* ---- what the programs do ---- */

static void make(struct side *s, offhook_id *id, long n_calls)
{
	struct side *peer = playing->sides[draw((unsigned)playing->n_sides)];
	struct offhook_call_cfg cfg;
	char uri[64];

	if (n_calls >= CALLS_MAX || peer == s)
		return;
	offhook_call_cfg_init(&cfg);
	snprintf(uri, sizeof(uri), "sip:x@%s%s", peer->ip, draw(16) ? "" : ":5099");
	cfg.uri = uri;
	offhook_call_make(s->phone, 0, &cfg, id);
}

static void connect(struct side *s, offhook_id call, offhook_id other_call)
{
	struct offhook_call_info *a, *b;

	if (offhook_call_get_info(s->phone, call, &a))
		return;
	if (offhook_call_get_info(s->phone, other_call, &b) == 0) {
		offhook_connect(s->phone, a->slot, b->slot);
		offhook_connect(s->phone, b->slot, a->slot);
		if (draw(3) == 0)
			offhook_disconnect(s->phone, a->slot, b->slot);
		offhook_call_info_free(b);
	}
	offhook_call_info_free(a);
}

static void beep(struct side *s, offhook_id call)
{
	struct offhook_tone_cfg cfg;
	struct offhook_call_info *info;
	offhook_id tone, slot;

	if (offhook_call_get_info(s->phone, call, &info))
		return;
	offhook_tone_cfg_init(&cfg);
	cfg.on_ms = cfg.off_ms = 100;
	cfg.repeats = 3;
	if (offhook_tone_new(s->phone, &cfg, &tone, &slot) == 0) {
		offhook_connect(s->phone, slot, info->slot);
		if (playing->n_tones == TONES_MAX || draw(2))
			offhook_port_remove(s->phone, tone);
		else
			playing->tones[playing->n_tones++] = (struct tone){s, tone};
	}
	offhook_call_info_free(info);
}

static void end_tones(void)
{
	while (playing->n_tones) {
		const struct tone *t = &playing->tones[--playing->n_tones];

		if (t->side->phone)
			offhook_port_remove(t->side->phone, t->id);
	}
}

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
	for (int i = 0; i < playing->n_sides; i++)
		if (strstr(info->remote_contact, playing->sides[i]->ip))
			peer = i;
	offhook_call_info_free(info);
	return peer;
}

/* Nobody is sent to himself: the wire's watch tells the ends of a call by their addresses. */
static void transfer(struct side *s, offhook_id call)
{
	int peer = peer_of(s, call), to = (int)draw((unsigned)playing->n_sides);
	long n;
	offhook_id other = some_call(s, &n);
	char uri[64];

	snprintf(uri, sizeof(uri), "sip:x@%s", playing->sides[to]->ip);
	switch (draw(4)) {
	case 0:
	case 1:
		if (peer >= 0 && to != peer)
			offhook_call_transfer(s->phone, call, uri, NULL, 0);
		break;
	case 2:
		if (peer >= 0 && peer_of(s, other) >= 0 && peer_of(s, other) != peer)
			offhook_call_transfer_to(s->phone, call, other, NULL, 0);
		break;
	default:
		offhook_call_transfer_stop(s->phone, call);
		break;
	}
}

static void act(int side)
{
	static const unsigned codes[] = {
		180, 180, 180, 183, 183, 199, 200, 200, 200, 200, 200, 200, 200, 200, 200, 302, 486, 603};
	struct side *s = playing->sides[side];
	struct offhook_request info = {.size = sizeof(info), .method = draw(4) ? "INFO" : "MESSAGE"};
	struct offhook_answer answer;
	long n;
	offhook_id id, made;

	if (playing->watch.gone[side])
		return;
	id = some_call(s, &n);
	offhook_answer_init(&answer);
	answer.code = codes[draw(ARRAY_LEN(codes))];
	switch (draw(21)) {
	case 0:
	case 1:
	case 2:
		make(s, &made, n);
		break;
	case 3:
	case 4:
	case 5:
	case 6:
		offhook_call_answer(s->phone, id, &answer);
		break;
	case 7:
		if (draw(2))
			offhook_call_hangup(s->phone, id, draw(2) ? NULL : &answer);
		break;
	case 8:
	case 9:
	case 10:
		offhook_call_hold(s->phone, id, NULL, 0);
		break;
	case 11:
	case 12:
	case 13:
		offhook_call_reinvite(s->phone, id, NULL, 0);
		break;
	case 14:
		offhook_call_dtmf(s->phone, id, "1#", 40, 30);
		break;
	case 15:
		offhook_call_request(s->phone, id, &info);
		break;
	case 16:
		connect(s, id, draw(3) ? some_call(s, &n) : id);
		break;
	case 17:
		beep(s, id);
		break;
	case 18:
		if (s->phone->cfg.delivery == OFFHOOK_DELIVER_PULL && !playing->in_reflex)
			offhook_process_object(s->phone, id, offhook_last_command());
		break;
	case 19:
		transfer(s, id);
		break;
	case 20:
		offhook_question_answer(s->phone, s->ticket, draw(2) ? 200 : 603, NULL);
		break;
	}
}

/* ---- what the world does ---- */

static void change_weather(void)
{
	static const unsigned losses[] = {0, 0, 0, 50, 100, 200, 300}, sometimes[] = {0, 0, 50, 200};

	playing->watch.weather = (struct weather){
		.loss = losses[draw(ARRAY_LEN(losses))],
		.twice = sometimes[draw(ARRAY_LEN(sometimes))],
		.late = sometimes[draw(ARRAY_LEN(sometimes))],
		/* Below T1: what is later than that may outlive its transaction. */
		.late_ms = draw(2) ? 20 : t1_ms * 9 / 10,
	};
}

static void fall_silent(int side)
{
	playing->watch.silent[side] = true;
	playing->heard_until_ns[side] = now_ns() + draw(draw(6) ? 3000 : 40000) * NS_PER_MS;
}

static void end_silences(void)
{
	for (int i = 0; i < playing->n_sides; i++)
		if (playing->heard_until_ns[i] <= now_ns())
			playing->watch.silent[i] = false;
}

static void close_phone(int side)
{
	struct side *s = playing->sides[side];

	if (playing->watch.gone[side])
		return;
	playing->watch.gone[side] = playing->watch.deaf[side] = true;
	offhook_phone_close(s->phone, draw(2) ? 0 : 2000);
	side_pull(s);
	if (draw(2))
		s->phone = (offhook_phone_free(s->phone), NULL);
}

/* Its transport is closed, which ends its calls without a word, and opened anew. */
static void move_transport(int side)
{
	struct side *s = playing->sides[side];
	struct offhook_transport_cfg udp;

	if (playing->watch.gone[side])
		return;
	playing->watch.deaf[side] = true;
	CHECK_OK(offhook_transport_remove(s->phone, s->transport));
	offhook_transport_cfg_init(&udp);
	udp.port = 5060;
	CHECK_OK(offhook_transport_add(s->phone, &udp, &s->transport));
}

static void happen(void)
{
	int side = (int)draw((unsigned)playing->n_sides);

	switch (draw(40)) {
	case 0:
		change_weather();
		break;
	case 1:
		fall_silent(side);
		break;
	case 2:
		if (draw(8) == 0)
			close_phone(side);
		else if (draw(8) == 0)
			move_transport(side);
		break;
	default:
		act(side);
		break;
	}
}

static void pull_all(void)
{
	for (int i = 0; i < playing->n_sides; i++)
		if (playing->sides[i]->phone)
			side_pull(playing->sides[i]);
}

static void pass_ms(unsigned ms)
{
	sim_run_for(playing->rig.sim, ms * NS_PER_MS);
}

/* ---- when it is calm ---- */

static const struct offhook_call_info *look(struct record *r)
{
	struct side *s = playing->sides[r->side];
	struct offhook_call_info *info;

	r->now = (struct offhook_call_info){.state = OFFHOOK_CALL_DISCONNECTED};
	if (!playing->watch.gone[r->side] && offhook_call_get_info(s->phone, r->id, &info) == 0) {
		r->now = *info;
		offhook_call_info_free(info);
	}
	return &r->now;
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

static void check_living(const struct record *caller, const struct record *callee)
{
	const struct offhook_call_info *a = &caller->now, *b = &callee->now;
	bool ringing = a->state <= OFFHOOK_CALL_EARLY && b->state <= OFFHOOK_CALL_EARLY;
	bool talking = a->state == OFFHOOK_CALL_CONFIRMED && b->state == OFFHOOK_CALL_CONFIRMED;

	if (!ringing && !talking)
		watch_fault(&playing->watch, "%s: caller %d in state %d, callee %d in %d", caller->name,
			caller->side + 1, (int)a->state, callee->side + 1, (int)b->state);
	if (talking && !directions_agree(a, b))
		watch_fault(&playing->watch, "phone %d: media %d, direction %d; phone %d: %d, %d",
			caller->side + 1, (int)a->media_state, (int)a->media_dir, callee->side + 1,
			(int)b->media_state, (int)b->media_dir);
}

/* One end is over, the other is not: only when no word of it has come through. */
static void check_left_alone(const struct talk *t, const struct record *over, const struct record *other)
{
	int end = over->side == t->phones[0] ? 0 : 1;
	/* No CANCEL may go before a response came (RFC 3261 9.1); timer B ends the waiting for one. */
	bool unheard = end == 0 && t->response_ns >= t->begun_ns + 64 * t1_ms * NS_PER_MS;
	bool said = t->n_byes[end] || (end == 0 ? t->n_cancels > 0 : t->invites[0][0].final >= 300);

	if (talk_heard_end(t, end))
		watch_fault(&playing->watch, "%s: phone %d ended and phone %d, who was told, is in state %d",
			over->name, over->side + 1, other->side + 1, (int)other->now.state);
	else if (!said && !unheard && !playing->watch.deaf[over->side])
		watch_fault(&playing->watch,
			"%s: phone %d ended (by %d) without a word; phone %d is in state %d", over->name,
			over->side + 1, (int)over->ended_by, other->side + 1, (int)other->now.state);
}

static void check_agreement(struct record *r)
{
	const struct talk *t = watch_talk(&playing->watch, r->talk);
	struct record *other = NULL;

	if (!t || t->phones[0] != r->side)
		return; /* each call once, by its caller; one to nowhere has none */
	for (size_t i = 0; i < playing->n_records; i++)
		if (playing->records[i].talk == r->talk && &playing->records[i] != r)
			other = &playing->records[i];
	look(r);
	if (!other) {
		if (r->now.state != OFFHOOK_CALL_DISCONNECTED && !playing->watch.gone[t->phones[1]])
			watch_fault(&playing->watch, "%s: phone %d is in state %d with nobody", r->name,
				r->side + 1, (int)r->now.state);
		return;
	}
	look(other);
	if (r->now.state != OFFHOOK_CALL_DISCONNECTED && other->now.state != OFFHOOK_CALL_DISCONNECTED)
		check_living(r, other);
	else if (r->now.state != OFFHOOK_CALL_DISCONNECTED)
		check_left_alone(t, other, r);
	else if (other->now.state != OFFHOOK_CALL_DISCONNECTED)
		check_left_alone(t, r, other);
}

static void end_all(void)
{
	for (int i = 0; i < playing->n_sides; i++) {
		offhook_id ids[32];
		long n = playing->watch.gone[i]
				 ? 0
				 : offhook_calls(playing->sides[i]->phone, ids, ARRAY_LEN(ids));

		for (long k = 0; k < n && k < (long)ARRAY_LEN(ids); k++)
			offhook_call_hangup(playing->sides[i]->phone, ids[k], NULL);
	}
	pull_all();
}

/* ---- one schedule ---- */

static void settings(struct offhook_phone_cfg *cfg)
{
	cfg->t1_ms = t1_ms;
	cfg->frame_ms = draw(4) ? 20 : 10;
	cfg->clock_rate_hz = draw(4) ? 16000 : 8000;
	cfg->ptime_ms = 10 + 10 * draw(6);
	if (draw(8) == 0)
		cfg->max_calls = 1 + draw(3);
	if (draw(8) == 0)
		cfg->max_ports = 2 + draw(3);
	if (draw(8) == 0)
		cfg->max_queued_events = 1 + draw(30);
	if (draw(8) == 0)
		cfg->rtp_port_max = (uint16_t)(cfg->rtp_port_min + 1 + 2 * draw(3));
}

static void begin(struct play *p, uint64_t seed)
{
	static const char *const names[] = {"alice", "bob", "carol"}, *const ips[] = {RIG_A_IP, RIG_B_IP,
									      "192.0.2.3"};
	enum offhook_delivery delivery;

	playing = p;
	p->seed = seed;
	p->random = seed * 0x9e3779b97f4a7c15u;
	p->sides[0] = &p->rig.a;
	p->sides[1] = &p->rig.b;
	p->sides[2] = &p->third;
	p->n_sides = draw(3) ? 2 : 3;
	p->reflexes = draw(2);
	t1_ms = draw(4) ? 100 : 500;
	delivery = draw(3) ? OFFHOOK_DELIVER_INLINE : OFFHOOK_DELIVER_PULL;
	CHECK_OK(sim_new(seed, &p->rig.sim));
	/* Sound is what costs; one schedule in sixteen has all of it. */
	if (draw(16))
		sim_starve_tickers(p->rig.sim, 50);
	for (int i = 0; i < p->n_sides; i++) {
		*p->sides[i] =
			(struct side){.rig = &p->rig, .name = names[i], .ip = ips[i], .handler = handle};
		CHECK_OK(side_start(p->sides[i], delivery, settings));
	}
	watch_start(&p->watch, p->rig.sim, seed);
	p->watch.tells = getenv("OFFHOOK_TRACE") != NULL;
}

static void check_rules(struct play *p)
{
	if (p->watch.fault[0])
		fail_msg("%s", p->watch.fault);
}

static void calm_down(struct play *p)
{
	p->reflexes = false;
	p->watch.weather = (struct weather){.loss = 0};
	memset(p->watch.silent, 0, sizeof(p->watch.silent));
	sim_starve_tickers(p->rig.sim, 50);
	/* Two transactions that time out, or all tries of a re-INVITE. */
	pass_ms(128 * t1_ms + 25000);
	pull_all();
	for (size_t i = 0; i < p->n_records; i++)
		check_agreement(&p->records[i]);
	check_rules(p);
}

static void finish(struct play *p)
{
	end_tones();
	end_all();
	pass_ms(64 * t1_ms + 40000);
	end_all(); /* a call that came in meanwhile */
	pass_ms(100000);
	pull_all();
	for (size_t i = 0; i < p->n_records; i++)
		if (p->records[i].state != OFFHOOK_CALL_DISCONNECTED && !p->watch.gone[p->records[i].side])
			watch_fault(&p->watch, "phone %d has heard of no end", p->records[i].side + 1);
	watch_check_acks(&p->watch);
	check_rules(p);
	for (int i = 0; i < p->n_sides; i++) {
		if (!p->watch.gone[i])
			side_check_quiet(p->sides[i]);
		offhook_phone_free(p->sides[i]->phone);
		host_free(p->sides[i]->host);
	}
	sim_free(p->rig.sim);
	watch_stop(&p->watch);
}

/* Returns the print of the wire, when asked for: all packets with their times. */
static uint64_t play(uint64_t seed, bool prints)
{
	static struct play p;
	size_t blocks = mem_live();
	unsigned steps;
	uint64_t print;

	p = (struct play){.n_sides = 0};
	begin(&p, seed);
	p.watch.prints = prints;
	steps = 20 + draw(200);
	while (steps--) {
		happen();
		pass_ms(draw(20) ? draw(300) : draw(draw(4) ? 2000 : 20000));
		end_silences();
		if (draw(4))
			pull_all();
		check_rules(&p);
	}
	calm_down(&p);
	print = p.watch.print;
	finish(&p);
	CHECK_EQ(mem_live(), blocks);
	playing = NULL;
	return print;
}

/* ---- many ---- */

#define PROGRAM "tests/phone/test_phone_random"

static void play_one(uint64_t seed)
{
	play(seed, false);
}

TEST(whatever_happens_every_call_ends_once_and_both_ends_agree)
{
	seeds_play(&(struct seeds){PROGRAM, SCHEDULES, 1}, play_one);
}

TEST(a_seed_replays_its_run_to_the_byte_and_nanosecond)
{
	uint64_t before = 0;

	for (uint64_t seed = 1; seed <= 40; seed++) {
		uint64_t print;

		seeds_now(PROGRAM, seed);
		print = play(seed, true);
		CHECK(print == play(seed, true));
		CHECK(print != before);
		before = print;
	}
	seeds_now(PROGRAM, 0);
}

TESTS(RUN_SEEDS(whatever_happens_every_call_ends_once_and_both_ends_agree),
	RUN_SEEDS(a_seed_replays_its_run_to_the_byte_and_nanosecond))
