/*
 * A call whose address has changed under it (RFC 3261 14: a re-INVITE changes "the parameters of the session or dialog").
 * Audio leaves from the new address at once, because peers that answer to where it comes from hear it at once; a
 * re-INVITE tells the others, with the new Contact. Before that an account registers: its Contact may be what the registrar
 * sees, and a proxy may let in only whom it knows.
 *
 * A callee who has not accepted yet waits until he has: nothing can be said before. A caller's INVITE is answered to where it
 * came from (18.2.2), which is nowhere now: it is taken back and made again.
 *
 * A peer that has moved at the same time is not where his Contact says. When nobody answers there, the next re-INVITE goes to the
 * address that he is called by: his registrar, or the proxy of his domain, knows where he is, and he knows the dialog by its tags
 * (12.2.2). When nobody answers there either the call has ended.
 */
#include "phone/account_reg.h"
#include "phone/call_impl.h"
#include "phone/network.h"

#include "base/mem.h"
#include "base/wheel.h"

#define WAIT_REGISTRATION_MS 4000u /* for its outcome, good or bad */
#define SPREAD_MS            500u  /* a thousand calls are not repaired in one moment */
#define AGAIN_MS             2000u /* there is no way yet, or another offer is open */
#define TRIES_MAX            60u

struct repair {
	struct call *call;
	struct wheel_timer due;
	enum {
		WAITS,   /* for its time, or for the call to be confirmed */
		ASKED,   /* our re-INVITE is open */
		OUTDATED /* ... and says what is no longer true: another one follows */
	} state;
	unsigned tries;
	bool elsewhere; /* nobody is where the peer was: he is asked for where he is called */
};

static void attempt(void *arg);

void call_repair_forget(struct call *c)
{
	if (!c->repair)
		return;
	wheel_stop(&c->repair->due);
	mem_free(c->repair);
	c->repair = NULL;
}

static void arm(struct repair *r, uint32_t ms)
{
	r->state = WAITS;
	sip_stack_arm(r->call->phone->stack, &r->due, ms);
}

static uint32_t first_wait_ms(const struct call *c)
{
	const struct account *a = account_find(c->phone, c->account);

	if (a && account_reg_is_moving(a->reg))
		return WAIT_REGISTRATION_MS;
	return host_random_below(c->phone->host, SPREAD_MS + 1);
}

/* Audio leaves from the new address, and whatever we say next has the new Contact. */
static int follow(struct call *c, struct sip_flow *ret_flow)
{
	char *contact;
	int err;

	*ret_flow = *inv_flow(c->inv);
	err = sip_flow_follow(ret_flow);
	if (err)
		return err;
	call_media_moved(&c->media, ret_flow);
	/* RFC 5630 5.1.1.2, 5.1.2: a sips Contact stays one. */
	err = call_contact(c, ret_flow, c->contact && strncmp(c->contact, "<sips:", 6) == 0, &contact);
	if (err)
		return err;
	mem_free(c->contact);
	c->contact = contact;
	return 0;
}

/* Our INVITE has left from an address that is gone. */
static bool must_call_again(const struct call *c)
{
	return c->role == OFFHOOK_CALLER && c->inv && c->target &&
	       (c->state == OFFHOOK_CALL_CALLING || c->state == OFFHOOK_CALL_EARLY) &&
	       !network_stands(inv_flow(c->inv));
}

void call_repair(struct call *c)
{
	struct repair *r = c->repair;
	struct sip_flow flow;

	if (!r) {
		r = mem_zalloc(sizeof(*r));
		if (!r) {
			call_say_moved(c, 0, OH_ENOMEM, NULL);
			return;
		}
		r->call = c;
		wheel_timer_init(&r->due, attempt, r);
		c->repair = r;
	}
	r->tries = 0;
	(void)follow(c, &flow); /* no way yet: the attempt finds out again */
	if (r->state != WAITS)
		r->state = OUTDATED;
	else if (c->state == OFFHOOK_CALL_CONFIRMED || must_call_again(c))
		arm(r, first_wait_ms(c));
}

void call_repair_confirmed(struct call *c)
{
	if (c->repair && !wheel_armed(&c->repair->due))
		arm(c->repair, 0);
}

void call_repairs_go(struct offhook_phone *p, offhook_id account)
{
	LIST_FOREACH (it, &p->calls) {
		struct call *c = CONTAINER_OF(it, struct call, node);

		if (c->account == account && c->repair && wheel_armed(&c->repair->due) && !c->repair->tries)
			arm(c->repair, host_random_below(p->host, SPREAD_MS / 10));
	}
}

static void over(struct call *c, unsigned status, int err, const struct sip_msg *msg)
{
	call_repair_forget(c);
	call_say_moved(c, status, err, msg);
}

/* The peer is neither where he was nor where he is called: as if he had gone (RFC 3261 12.2.1.2). */
static void nowhere(struct call *c, struct sip_msg *msg)
{
	call_ended(
		c, &(struct call_end){
			   .status = 408, .by = OFFHOOK_ENDED_BY_NETWORK, .error = OH_ETIMEDOUT, .msg = msg});
}

/* Is it he who refuses an offer, and not somebody who does not know him? */
static bool is_of_peer(unsigned status)
{
	return status == 488 || status == 491 || status == 500 || status == 606;
}

/* For now there is no way: the next change of the network, or time, may bring one. */
static void later(struct repair *r, int err)
{
	if (++r->tries < TRIES_MAX)
		arm(r, AGAIN_MS);
	else
		over(r->call, 0, err, NULL);
}

static int ask(struct call *c, const struct sip_flow *flow)
{
	struct slice offer;
	int err;

	inv_moved(c->inv, &flow->local);
	c->media.hold_before = c->media.hold;
	err = call_media_offer(&c->media, flow, &offer);
	if (!err)
		err = inv_reoffer(c->inv, offer, slice_of(c->contact), NULL, 0);
	if (err)
		call_media_rollback(&c->media);
	return err;
}

/* To the callee it is another call; to the program it is the same one. */
static void call_again(struct call *c)
{
	struct call_end end = {.status = 503, .by = OFFHOOK_ENDED_BY_NETWORK};
	uint32_t gone;

	call_repair_forget(c);
	c->again = inv_again(c->inv);
	c->inv = inv_free(c->inv); /* which cancels it */
	c->state = OFFHOOK_CALL_CALLING;
	gone = call_media_close(&c->media);
	if (gone)
		call_say_media(c, gone, 0);
	call_say_state(c, NULL, false);
	end.error = call_place_again(c);
	if (end.error)
		call_ended(c, &end);
	else
		call_say_moved(c, 0, 0, NULL);
}

static void attempt_early(struct repair *r)
{
	struct call *c = r->call;
	struct sip_flow flow = *inv_flow(c->inv);
	int err = sip_flow_follow(&flow);

	if (err)
		later(r, err);
	else if (must_call_again(c))
		call_again(c);
	/* Else it is there again; once confirmed the peer is asked anyway. */
}

static void attempt(void *arg)
{
	struct repair *r = arg;
	struct call *c = r->call;
	struct sip_flow flow;
	int err;

	if (c->state != OFFHOOK_CALL_CONFIRMED) {
		attempt_early(r);
		return;
	}
	err = inv_offer_open(c->inv) ? OH_EBUSY : follow(c, &flow);
	if (!err) {
		err = ask(c, &flow);
		if (err && r->elsewhere) {
			nowhere(c, NULL);
			return;
		}
	}
	if (err)
		later(r, err);
	else
		r->state = ASKED;
}

bool call_is_repaired(const struct call *c)
{
	return c->repair && c->repair->state != WAITS;
}

bool call_repair_goes_on(struct call *c)
{
	struct repair *r = c->repair;
	struct dialog *d = inv_dialog(c->inv);
	struct sip_addr peer;

	if (!call_is_repaired(c))
		return false;
	/* What nobody has answered has left from where we are no more. */
	if (r->state == OUTDATED)
		return true;
	if (r->elsewhere || sip_addr_parse(inv_remote_uri(c->inv), &peer) ||
		slice_eq(peer.uri.text, dialog_remote_target(d)))
		return false;
	r->elsewhere = dialog_retarget(d, peer.uri.text) == 0;
	return r->elsewhere;
}

void call_repair_answered(struct call *c, int err)
{
	if (!call_is_repaired(c))
		return;
	if (c->repair->state == OUTDATED)
		arm(c->repair, 0);
	else
		over(c, 200, err, NULL);
}

bool call_repair_refused(struct call *c, unsigned status, struct sip_msg *msg)
{
	if (!call_is_repaired(c))
		return false;
	/* Nobody has refused it: it never came through. */
	if (c->repair->state == OUTDATED)
		arm(c->repair, 0);
	else if (c->repair->elsewhere && c->repair->tries && !(msg && is_of_peer(status)))
		nowhere(c, msg);
	else if (msg)
		over(c, status, OH_EREFUSED, msg);
	else
		later(c->repair, OH_EUNREACH);
	return true;
}
