/*
 * Two ends of a call, told at random to offer (by INVITE, UPDATE or PRACK), ask for an offer, answer, let one wait, hang up, on a wire that
 * loses, doubles and overtakes. Unlike phones, sessions make offers late: in a 2xx, with the answer in its ACK. When it is
 * calm both ends are in the same state and have agreed on the same offer and answer; the rules of the wire are those of
 * watch.h. A seed replays its run: OFFHOOK_SEED=n, with OFFHOOK_TRACE=1 the wire is printed; OFFHOOK_SCHEDULES=n.
 */
#include "../sip/watch.h"
#include "pair.h"
#include "seeds.h"

#define SCHEDULES 3000

static struct play {
	uint64_t seed, random;
	struct pair *pair;
	struct watch watch;
	unsigned texts, ends[2]; /* DISCONNECTED, as each end was told */
	char answers[2][16], agains[2][16], pracks[2][16];
} play;

static unsigned draw(unsigned bound)
{
	play.random = play.random * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(play.random >> 33) % bound;
}

static char *text(char buf[16], char kind)
{
	snprintf(buf, 16, "%c%u", kind, ++play.texts);
	return buf;
}

/* What it was told since the last look. */
static void look(struct end *e)
{
	unsigned *n = &play.ends[e == &play.pair->b];

	for (const char *at = e->log; (at = strstr(at, "DISCONNECTED")) != NULL; at++)
		++*n;
	if (*n > 1)
		watch_fault(&play.watch, "%s was told twice that it is over", e->name);
	if (play.watch.tells && e->log[0])
		print_message("# %9.3f  %s: %s\n", (double)sim_now(play.pair->sim) / 1e9, e->name, e->log);
	e->log[0] = '\0';
}

/* ---- what the ends do ---- */

static void answer_late(struct end *e)
{
	char buf[16];

	if (*e->their_offer && inv_answer_offer(e->inv, slice_of(text(buf, 'a')), SLICE_NONE) == 0) {
		snprintf(e->session, sizeof(e->session), "%s/%s", e->their_offer, buf);
		e->their_offer[0] = '\0';
	}
}

static void reply(struct end *e)
{
	static const unsigned codes[] = {180, 183, 183, 200, 200, 200, 200, 200, 486};
	unsigned code = codes[draw(ARRAY_LEN(codes))];
	bool first = *e->their_offer;
	char buf[16];

	if (inv_state(e->inv) > INV_EARLY || inv_is_caller(e->inv))
		return;
	/* Our own offer has to wait for the 2xx. */
	(void)end_try_reply(
		e, code, code == 200 || (code == 183 && first) ? text(buf, first ? 'a' : 'o') : NULL);
}

static void act(struct end *e)
{
	const struct dialog_request info = {.method = SIP_INFO};
	int side = e == &play.pair->b;
	char buf[16];

	if (!e->inv)
		return;
	e->answer = draw(5) ? text(play.answers[side], 'a') : NULL;
	e->again = draw(8) ? text(play.agains[side], 'o') : NULL;
	e->in_prack = draw(3) ? NULL : text(play.pracks[side], 'o');
	switch (draw(17)) {
	case 0:
	case 1:
	case 2:
		reply(e);
		break;
	case 3:
	case 4:
	case 5:
		(void)end_reoffer(e, text(buf, 'o'));
		break;
	case 6:
	case 7:
	case 8:
		(void)end_reoffer(e, NULL);
		break;
	case 9:
	case 10:
		answer_late(e);
		break;
	case 11:
		(void)inv_request(e->inv, &info, 1);
		break;
	case 12:
		if (draw(6) == 0)
			end_hangup(e);
		break;
	case 14:
	case 15:
		(void)end_update(e, text(buf, 'o'));
		break;
	case 16:
		(void)end_update(e, NULL);
		break;
	case 13:
		play.watch.silent[side] = draw(3) == 0;
		break;
	}
}

/* ---- one schedule ---- */

static void check_agreement(void)
{
	struct inv *a = play.pair->a.inv, *b = play.pair->b.inv;
	enum inv_state is_a = inv_state(a), is_b = b ? inv_state(b) : INV_DISCONNECTED;
	const struct watch *w = &play.watch;
	const struct talk *t = NULL;

	for (size_t i = 0; i < w->cap; i++)
		if (w->talks[i].id)
			t = &w->talks[i];
	if (is_a == INV_DISCONNECTED && is_b == INV_DISCONNECTED)
		return;
	if (is_a == INV_DISCONNECTED || is_b == INV_DISCONNECTED) {
		CHECK(t);
		if (talk_heard_end(t, is_b == INV_DISCONNECTED))
			watch_fault(&play.watch, "alice is %s, bob is %s, and the end was heard",
				inv_state_name(is_a), inv_state_name(is_b));
	} else if (is_a == INV_CONFIRMED || is_b == INV_CONFIRMED) {
		if (is_a != is_b || inv_offer_open(a) || inv_offer_open(b))
			watch_fault(&play.watch, "alice is %s, bob is %s, open: %d, %d", inv_state_name(is_a),
				inv_state_name(is_b), inv_offer_open(a), inv_offer_open(b));
		if (strcmp(play.pair->a.session, play.pair->b.session) != 0)
			watch_fault(&play.watch, "alice has agreed on %s, bob on %s", play.pair->a.session,
				play.pair->b.session);
	} else if (is_a > INV_EARLY || is_b > INV_EARLY) {
		watch_fault(
			&play.watch, "alice is %s, bob is %s", inv_state_name(is_a), inv_state_name(is_b));
	}
}

static void begin(uint64_t seed)
{
	char buf[16];

	play = (struct play){.seed = seed, .random = seed * 0x9e3779b97f4a7c15u};
	play.pair = pair_seeded(seed);
	watch_start(&play.watch, play.pair->sim, seed);
	play.watch.tells = getenv("OFFHOOK_TRACE") != NULL;
	play.watch.weather = (struct weather){
		.loss = 100 * draw(4), .twice = 50 * draw(4), .late = 100 * draw(4), .late_ms = 450};
	for (size_t i = 0; i < 2; i++)
		(i ? &play.pair->b : &play.pair->a)->policy =
			(struct inv_policy){.reliable = (enum inv_reliable)draw(2 + draw(2)),
				.timer = (enum inv_timer_use)draw(3),
				.session_expires_s = 90};
	pair_call(play.pair, draw(3) ? text(buf, 'o') : NULL);
}

static void run(uint64_t seed)
{
	unsigned steps;

	begin(seed);
	steps = 10 + draw(100);
	while (steps-- && !play.watch.fault[0]) {
		act(draw(2) ? &play.pair->a : &play.pair->b);
		pair_run_ms(play.pair, draw(20) ? draw(300) : draw(20000));
		look(&play.pair->a);
		look(&play.pair->b);
	}
	play.watch.weather = (struct weather){.loss = 0};
	memset(play.watch.silent, 0, sizeof(play.watch.silent));
	/* As long as the slowest: a re-INVITE that was taken up and never answered, and its CANCEL. */
	for (int i = 0; i < 300; i++) {
		pair_run_ms(play.pair, 1000);
		look(&play.pair->a);
		look(&play.pair->b);
	}
	if (!play.watch.fault[0])
		check_agreement();
	if (!play.watch.fault[0])
		pair_finish(play.pair);
	watch_check_acks(&play.watch);
	if (play.watch.fault[0])
		fail_msg("%s", play.watch.fault);
	pair_drop(play.pair);
	watch_stop(&play.watch);
}

TEST(both_ends_agree_on_offer_and_answer_whatever_happens)
{
	seeds_play(&(struct seeds){"tests/session/test_session_inv_schedules", SCHEDULES, 1}, run);
}

TESTS(RUN_SEEDS(both_ends_agree_on_offer_and_answer_whatever_happens))
