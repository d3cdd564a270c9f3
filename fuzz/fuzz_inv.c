/*
 * Two ends of a call (tests/session/pair.h) driven by a program in bytes: calling, ringing, answering, re-INVITEs and
 * UPDATEs from both sides, reliable provisionals with offers in their PRACKs, late answers, INFO, hanging up, letting go inside a callback, time, datagrams from a stranger, memory
 * running out; and the fate of each packet (wire.h). What holds whatever the program does: when one end hangs up over a
 * good wire the other end of that call ends too, and when both have let go nothing is left (pair_close).
 */
#include "wire.h"

#include "session/pair.h"

struct play {
	struct feed f;
	struct pair *p;
	struct bad_wire wire;
};

static const char *body(struct play *play)
{
	return feed_below(&play->f, 4) ? "body" : NULL;
}

static void call(struct play *play)
{
	struct end *a = &play->p->a;

	if (a->inv && inv_state(a->inv) != INV_DISCONNECTED)
		return;
	a->inv = inv_free(a->inv);
	a->log[0] = '\0';
	(void)pair_try_call(play->p, body(play));
}

static void reply(struct play *play, struct end *e)
{
	static const unsigned codes[] = {
		180, 183, 180, 200, 200, 200, 200, 100, 302, 404, 486, 488, 603, 700};
	unsigned code = codes[feed_below(&play->f, ARRAY_LEN(codes))];

	(void)end_try_reply(e, code, body(play));
}

static void ask(struct play *play, struct end *e)
{
	static const enum sip_method methods[] = {
		SIP_INFO, SIP_OPTIONS, SIP_MESSAGE, SIP_METHOD_OTHER, SIP_BYE};
	struct dialog_request req = {.method = methods[feed_below(&play->f, ARRAY_LEN(methods))],
		.method_text = SLICE_LIT("NEWS"),
		.body = slice_of(body(play)),
		.content_type = SLICE_LIT("text/plain")};

	(void)inv_request(e->inv, &req, 1);
}

/* How it will behave in its callbacks. */
static void change_mind(struct play *play, struct end *e)
{
	unsigned how = feed_byte(&play->f);

	e->answer = how & 1 ? "answer" : NULL;
	e->again = how & 2 ? "again" : NULL;
	e->in_prack = how & 4 ? "in-prack" : NULL;
	e->verdict = how & 0x10 ? OH_ENOCODEC : 0;
	e->free_at = how & 0x80 ? e->callbacks + 1 + (how >> 5 & 3) : 0;
}

/* What an end does with the call that it has. */
static void act(struct play *play, struct end *e, unsigned what)
{
	if (!e->inv)
		return;
	switch (what) {
	case 0:
	case 1:
	case 2:
		reply(play, e);
		break;
	case 3:
		(void)end_reoffer(e, body(play));
		break;
	case 4:
		(void)end_update(e, body(play));
		break;
	case 5:
		(void)inv_answer_offer(e->inv, slice_of(body(play)), SLICE_NONE);
		break;
	case 6:
		ask(play, e);
		break;
	case 7:
		(void)inv_end(e->inv, feed_byte(&play->f) * 4u, SLICE_NONE, NULL, 0);
		break;
	default:
		e->inv = inv_free(e->inv);
	}
}

static void step(struct play *play)
{
	unsigned op = feed_byte(&play->f);
	struct end *e = op & 1 ? &play->p->b : &play->p->a;

	switch (op >> 4) {
	case 0:
	case 1:
		call(play);
		break;
	case 10:
		change_mind(play, e);
		break;
	case 11:
		if (op & 8)
			wire_inject(&play->wire, e->ip, feed_bytes(&play->f, feed_u16(&play->f) % 1500));
		else
			mem_fail_at(1 + feed_byte(&play->f));
		break;
	case 12:
		pair_run_ms(play->p, feed_byte(&play->f));
		break;
	case 13:
		pair_run_ms(play->p, feed_byte(&play->f) * 100u);
		break;
	case 14:
	case 15:
		pair_settle(play->p);
		break;
	default: /* 2 to 9 */
		act(play, e, (op >> 1 & 7) + (op == 0x9e || op == 0x9f));
	}
}

static bool alive(const struct end *e)
{
	return e->inv && inv_state(e->inv) != INV_DISCONNECTED;
}

static bool same_call(const struct pair *p)
{
	return p->a.inv && p->b.inv && slice_eq(inv_call_id(p->a.inv), inv_call_id(p->b.inv));
}

/* The program is over, the wire is good from here on. */
static void hang_up(struct play *play)
{
	struct pair *p = play->p;
	struct end *first = alive(&p->a) ? &p->a : &p->b, *other = first == &p->a ? &p->b : &p->a;
	bool told = alive(first) && same_call(p) && !play->wire.bent;

	play->wire.fates = SLICE_NONE;
	p->a.free_at = p->b.free_at = 0;
	end_hangup(first);
	pair_run_ms(p, 200000);
	if (told && alive(other))
		fail_msg("%s hung up, %s did not hear of it; %s | %s", first->name, other->name, p->a.log,
			p->b.log);
}

void fuzz_one(const uint8_t *data, size_t n)
{
	struct play play = {.f = {data, n}};
	unsigned first = feed_byte(&play.f);

	play.p = pair_seeded(1 + first);
	play.p->a.policy.reliable = play.p->b.policy.reliable = (enum inv_reliable)(first % 3);
	play.p->b.policy.timer = (enum inv_timer_use)(first / 3 % 4);
	wire_open(&play.wire, play.p->sim, &play.f);
	for (unsigned steps = 0; play.f.n && steps < 300; steps++)
		step(&play);
	mem_fail_at(0);
	hang_up(&play);
	wire_close(&play.wire);
	pair_close(play.p);
}
