/* Requests outside any dialog: a new call, or the question what we can do. */
#include "phone/call_impl.h"

#include "base/mem.h"
#include "phone/account_way.h"
#include "phone/names.h"
#include "phone/auto_answer.h"
#include "phone/identity.h"
#include "phone/pager.h"
#include "phone/presence.h"
#include "phone/transfer.h"
#include "phone/warning.h"
#include "phone/watcher.h"
#include "session/pkg_mwi.h"

#define ASSERTED_MAX 1024u /* bytes of an identity that we keep */

void options_answer(const struct offhook_phone *p, bool join, struct sip_server *server)
{
	const struct sip_extra capabilities[] = {
		{SLICE_LIT("Allow"), SLICE_LIT(SIP_STACK_ALLOW)},
		{SLICE_LIT("Accept"), SLICE_LIT(INV_ACCEPT)},
		{SLICE_LIT("Supported"), join ? SLICE_LIT(SIP_STACK_SUPPORTED ", " SIP_STACK_ALLOWED_JOIN)
					      : SLICE_LIT(SIP_STACK_SUPPORTED)},
		{SLICE_LIT("Allow-Events"), slice_of(p->allow_events)}, /* RFC 6665 4.4.4 */
	};
	struct sip_reply reply = {.status = 200, .extras = capabilities, .n_extras = ARRAY_LEN(capabilities)};

	/* Sent in vain: the asker repeats its question. */
	if (sip_respond(server, &reply) == OH_ENOMEM)
		sip_refuse(server, 503, NULL);
}

static void refuse(struct sip_server *server, unsigned status, struct sip_extra extra)
{
	struct sip_reply reply = {.status = status, .extras = &extra, .n_extras = 1};

	if (sip_respond(server, &reply) == OH_ENOMEM)
		sip_refuse(server, status, NULL);
}

/* What keeps us from taking any call at all. True: answered. */
static bool refused_now(struct offhook_phone *p, struct sip_server *server)
{
	if (p->state != PHONE_OPEN) {
		sip_refuse(server, 503, NULL);
		return true;
	}
	if (!events_room(p, NULL)) {
		refuse(server, 503,
			(struct sip_extra){SLICE_LIT("Retry-After"), SLICE_LIT(CALL_RETRY_AFTER)});
		return true;
	}
	if (call_room(p)) {
		sip_refuse(server, 486, NULL);
		return true;
	}
	return false;
}

/* An offer that we could never answer is refused before anybody hears a bell (RFC 3261 13.3.1.3). True:
 * answered. */
static bool refused_offer(struct offhook_phone *p, const struct account *a, const struct sip_msg *msg,
	struct sip_server *server)
{
	struct slice offer = inv_sdp_of(msg);
	char why[128], warning[WARNING_MAX];
	unsigned code;
	int err;

	if (slice_empty(offer))
		return false;
	err = call_media_check_offer(p, a->codecs, sip_server_flow(server), offer, &code, why, sizeof(why));
	if (err == OH_ENOMEM) {
		sip_refuse(server, 500, NULL);
	} else if (err) {
		names_offer_refused(p, 0, why);
		refuse(server, 488, warning_header(code, why, warning));
	}
	return err != 0;
}

/* RFC 5630 5.1.2: our Contact would have to be a sips URI, and where this came from nobody reaches us by TLS. True:
 * answered. */
static bool refused_scheme(struct sip_msg *msg, struct sip_server *server)
{
	char warning[WARNING_MAX];

	if (!sip_msg_wants_sips(msg) ||
		sip_transport_is_secure(sip_transport_type(sip_server_flow(server)->transport)))
		return false;
	refuse(server, 480, warning_header(380, "SIPS Not Allowed", warning));
	return true;
}

/* RFC 3261 22.2: who is not known is asked first, and not told what we could do. True: answered. */
static bool refused_caller(struct account *a, struct sip_msg *msg, struct sip_server *server)
{
	return a->challenge && sip_auth_server_check(a->challenge, msg, server) != 0;
}

/* The INVITE and its 100 have passed already. */
static void start_ladder(struct call *c, const struct sip_msg *msg)
{
	const struct sip_flow *flow = inv_flow(c->inv);

	c->ladder = ladder_new(c->phone, c->sip_call_id, c->id);
	ladder_add(
		c->phone, c->ladder, &(struct ladder_message){false, &flow->local, &flow->remote, msg->raw});
}

/* RFC 3325 5: of what the network says about the caller only that of somebody whom we trust counts. */
static int take_asserted(struct call *c, const struct account *a, const struct sip_msg *msg)
{
	struct slice rest = sip_msg_value(msg, SIP_HDR_P_ASSERTED_IDENTITY), first;
	char line[ASSERTED_MAX];
	long n;

	if (!slice_present(rest) || !sip_list_next(&rest, &first) ||
		!identity_trusts(a, &inv_flow(c->inv)->remote))
		return 0;
	n = sip_unfold(first, line, sizeof(line));
	if (n < 0)
		return 0;
	c->asserted = slice_dup(slice_make(line, (size_t)n));
	return c->asserted ? 0 : OH_ENOMEM;
}

static int fill(struct call *c, struct account *a, struct sip_msg *msg)
{
	struct inv *inv = c->inv;

	c->account = c->media.account = a->id;
	call_media_choose(&c->media, a->codecs);
	c->rules = a->rules;
	c->local_uri = slice_dup(inv_local_uri(inv));
	c->remote_uri = slice_dup(inv_remote_uri(inv));
	c->sip_call_id = slice_dup(inv_call_id(inv));
	if (!c->local_uri || !c->remote_uri || !c->sip_call_id)
		return OH_ENOMEM;
	start_ladder(c, msg);
	if (take_asserted(c, a, msg))
		return OH_ENOMEM;
	c->end_picture = picture_new(c);
	if (!c->end_picture)
		return OH_ENOMEM;
	return account_contact_as(a, inv_flow(inv), sip_msg_wants_sips(msg), &c->contact);
}

/* It is to take the place of another one, or to join it: nobody hears of it before the program has agreed. */
static void take_replacing(
	struct call *c, const struct replaces_wish *wish, struct account *a, struct sip_msg *msg)
{
	int err = fill(c, a, msg);

	if (!err)
		err = replaces_ask(c, wish, msg);
	if (!err)
		return;
	inv_end(c->inv, err == OH_EREFUSED ? question_refusal(OFFHOOK_QUESTION_REPLACES) : 500, SLICE_NONE,
		NULL, 0);
	call_discard(c);
}

static void take_call(struct offhook_phone *p, struct sip_msg *msg, struct sip_server *server,
	struct account *a, const struct replaces_wish *wish)
{
	struct inv_handler handler;
	struct event_say say;
	struct call *c;

	if (call_new(p, OFFHOOK_CALLEE, NULL, &c)) {
		sip_refuse(server, 500, NULL);
		return;
	}
	c->proven_user = slice_dup(sip_server_proven(server));
	if (slice_present(sip_server_proven(server)) && !c->proven_user) {
		sip_refuse(server, 500, NULL);
		call_discard(c);
		return;
	}
	handler = call_inv_handler(c);
	if (inv_incoming(p->stack, msg, server, &a->rules.policy, &handler, &c->inv)) {
		/* It has been refused already. */
		call_discard(c);
		return;
	}
	inv_set_auth(c->inv, a->auth);
	if (a->way->secure)
		inv_set_secure(c->inv);
	if (wish->old) {
		take_replacing(c, wish, a, msg);
		return;
	}
	c->state = OFFHOOK_CALL_INCOMING;
	say = (struct event_say){
		.type = OFFHOOK_EVENT_CALL_INCOMING,
		.subject = c->subject,
		.account = a->id,
		.message = msg->raw,
	};
	if (fill(c, a, msg) == 0)
		say.picture = picture_new(c);
	if (say.picture && event_emit(p, &say)) {
		watchers_tell_call(c);
		auto_answer_begin(c, a, msg);
		return;
	}
	/* Memory is out. A call that the program cannot be told of does not stay. */
	c->state = OFFHOOK_CALL_NULL;
	inv_end(c->inv, 500, SLICE_NONE, NULL, 0);
	call_discard(c);
}

/* RFC 3911 4: in an INVITE only. True: answered. */
static bool refused_join(const struct account *a, const struct sip_msg *msg, struct sip_server *server)
{
	if (!a->rules.policy.join || msg->method == SIP_INVITE || !sip_msg_hdr_named(msg, SLICE_LIT("Join")))
		return false;
	sip_refuse(server, 400, "Join Without INVITE");
	return true;
}

/* Whom the request is for; NULL: it was answered, because it is for nobody or its sender has to prove who he is. */
static struct account *asked_for(struct offhook_phone *p, struct sip_msg *msg, struct sip_server *server)
{
	const struct sip_uri *ruri;
	struct account *a;

	if (sip_msg_ruri(msg, &ruri)) {
		sip_refuse(server, 400, "Bad Request-URI");
		return NULL;
	}
	a = account_match(p, ruri, sip_server_flow(server));
	if (!a)
		sip_refuse(server, 404, NULL);
	if (!a || refused_caller(a, msg, server) || refused_join(a, msg, server))
		return NULL;
	return a;
}

/* What asks for no call: how many there are is no matter. */
static void take_other(struct offhook_phone *p, struct sip_msg *msg, struct sip_server *server)
{
	struct account *a;

	if (p->state != PHONE_OPEN) {
		sip_refuse(server, 503, NULL);
		return;
	}
	a = asked_for(p, msg, server);
	if (!a)
		return;
	if (msg->method == SIP_SUBSCRIBE)
		watcher_take(p, a, msg, server);
	else if (msg->method == SIP_MESSAGE)
		pager_take(p, a, NULL, msg, server);
	else
		presence_unasked_notify(p, a, msg, server);
}

/* RFC 3842 4.1: the only state that some servers tell without having been asked. */
static bool is_summary(const struct sip_msg *msg)
{
	struct slice package, id;

	return msg->method == SIP_NOTIFY &&
	       sub_event_parse(sip_msg_value(msg, SIP_HDR_EVENT), &package, &id) == 0 &&
	       slice_eq(package, slice_of(pkg_mwi.name));
}

void incoming_request(void *phone, struct sip_msg *msg, struct sip_server *server)
{
	struct offhook_phone *p = phone;
	struct account *a;
	struct replaces_wish wish;

	if (msg->method == SIP_SUBSCRIBE || msg->method == SIP_MESSAGE || is_summary(msg)) {
		take_other(p, msg, server);
		return;
	}
	if (msg->method != SIP_INVITE && msg->method != SIP_OPTIONS && msg->method != SIP_REFER) {
		/* BYE, INFO: of a dialog that we do not know (RFC 3261 12.2.2). */
		sip_refuse(server, 481, NULL);
		return;
	}
	/* An OPTIONS is answered with what an INVITE would get (RFC 3261 11.2). */
	if (refused_now(p, server))
		return;
	/* Whoever can reach us could make us call anybody. */
	if (msg->method == SIP_REFER && !p->cfg.refer_outside_calls) {
		sip_refuse(server, 603, NULL);
		return;
	}
	a = asked_for(p, msg, server);
	if (!a)
		return;
	if (msg->method == SIP_REFER)
		transfer_take(p, NULL, msg, server);
	else if (msg->method == SIP_OPTIONS)
		options_answer(p, a->rules.policy.join, server);
	else if (!refused_scheme(msg, server) && !replaces_refused(p, a, msg, server, &wish) &&
		 !refused_offer(p, a, msg, server) && !auto_answer_refused(a, msg, server))
		take_call(p, msg, server, a, &wish);
}
