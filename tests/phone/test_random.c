/* Senseless programs on a bad wire: whatever two phones are told to do in whatever order, every call that began ends
 * exactly once, and nothing stays behind. A seed replays its run exactly. */
#include "rig.h"

#define SEEDS 60
#define STEPS 120

static unsigned begun, ended; /* by events: INCOMING or CALLING, DISCONNECTED */
static uint64_t last_serial[2];

static void count(struct side *s, const struct offhook_event *e)
{
	uint64_t *last = &last_serial[s == &s->rig->b];

	/* Pulled by object they come out of turn; otherwise never. */
	CHECK(e->serial != *last);
	*last = e->serial;
	s->log[0] = '\0';
	memset(s->digits, 0, sizeof(s->digits));
	if (e->type == OFFHOOK_EVENT_CALL_INCOMING)
		begun++;
	if (e->type != OFFHOOK_EVENT_CALL_STATE)
		return;
	begun += e->call->state == OFFHOOK_CALL_CALLING;
	ended += e->call->state == OFFHOOK_CALL_DISCONNECTED;
}

static unsigned draw(uint64_t *random, unsigned bound)
{
	*random = *random * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(*random >> 33) % bound;
}

static void step(struct rig *r, uint64_t *random)
{
	static const unsigned codes[] = {180, 183, 199, 200, 200, 200, 302, 404, 486, 603};
	struct side *s = draw(random, 2) ? &r->a : &r->b, *peer = s == &r->a ? &r->b : &r->a;
	struct offhook_request info = {.size = sizeof(info), .method = "INFO"};
	struct offhook_answer answer;
	struct offhook_call_cfg cfg;
	struct offhook_call_info *picture;
	offhook_id ids[4], device, id = 0;
	char uri[64];
	long n = offhook_calls(s->phone, ids, 4);

	if (n > 0)
		id = ids[draw(random, n < 4 ? (unsigned)n : 4)];
	offhook_answer_init(&answer);
	answer.code = codes[draw(random, ARRAY_LEN(codes))];
	switch (draw(random, 12)) {
	case 0:
	case 1:
		offhook_call_cfg_init(&cfg);
		snprintf(uri, sizeof(uri), "sip:x@%s%s", peer->ip, draw(random, 8) ? "" : ":5099");
		cfg.uri = uri;
		if (n < 4)
			CHECK_OK(offhook_call_make(s->phone, 0, &cfg, &id));
		break;
	case 2:
	case 3:
	case 4:
		offhook_call_answer(s->phone, id, &answer);
		break;
	case 5:
		offhook_call_hangup(s->phone, id, draw(random, 2) ? NULL : &answer);
		break;
	case 6:
		offhook_call_hold(s->phone, id, NULL, 0);
		break;
	case 7:
		offhook_call_reinvite(s->phone, id, NULL, 0);
		break;
	case 8:
		offhook_call_dtmf(s->phone, id, "1#", 40, 30);
		break;
	case 9:
		offhook_call_request(s->phone, id, &info);
		break;
	case 10:
		if (offhook_call_get_info(s->phone, id, &picture))
			break;
		CHECK_OK(offhook_slot_of(s->phone, 0, &device));
		offhook_connect(s->phone, device, picture->slot);
		offhook_call_info_free(picture);
		break;
	case 11:
		if (s->phone->cfg.delivery == OFFHOOK_DELIVER_PULL)
			offhook_process_object(s->phone, id, offhook_last_command());
		break;
	}
}

static void end_all(struct side *s)
{
	offhook_id ids[16];
	long n = offhook_calls(s->phone, ids, ARRAY_LEN(ids));

	for (long i = 0; i < n && i < (long)ARRAY_LEN(ids); i++)
		offhook_call_hangup(s->phone, ids[i], NULL);
}

static void play(uint64_t seed, enum offhook_delivery delivery)
{
	struct rig *r = rig_new(delivery);
	struct sim_wire wire = {.delay_ns = 5 * NS_PER_MS,
		.loss = 0.1 * (double)(seed % 3),
		.duplicate = 0.1 * (double)(seed % 2),
		.jitter_ns = 20 * NS_PER_MS,
		.allow_overtake = true};
	uint64_t random = seed;

	begun = ended = 0;
	last_serial[0] = last_serial[1] = 0;
	r->a.handler = r->b.handler = count;
	sim_wire(r->sim, &wire);
	for (int i = 0; i < STEPS; i++) {
		step(r, &random);
		sim_run_for(r->sim, draw(&random, 300) * NS_PER_MS);
		if (draw(&random, 4))
			rig_pull(r);
	}
	end_all(&r->a);
	end_all(&r->b);
	rig_run_ms(r, 100000);
	end_all(&r->a);
	end_all(&r->b);
	rig_close(r);
	if (begun != ended)
		print_error("seed %llu\n", (unsigned long long)seed);
	CHECK(begun > 0);
	CHECK_EQ(begun, ended);
}

TEST(whatever_happens_every_call_ends_once)
{
	for (uint64_t seed = 1; seed <= SEEDS; seed++)
		play(seed, seed % 2 ? OFFHOOK_DELIVER_INLINE : OFFHOOK_DELIVER_PULL);
}

TESTS(RUN(whatever_happens_every_call_ends_once))
