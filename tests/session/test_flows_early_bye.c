/*
 * A caller that ends the early dialog by BYE and not by CANCEL, which RFC 3261 15 allows and RFC 5407 3.1.3 and its
 * appendix A describe. Ours sends CANCEL; so the caller here is made by hand of a transaction and a dialog, and end b is
 * ours.
 */
#include "flow.h"

static const char cleared[] = "Normal call clearing";

struct caller {
	struct sip_stack *stack;
	struct sip_client *invite, *bye;
	struct dialog *dialog; /* of the first response that made one */
	struct sip_ack *ack;
	unsigned status; /* final, of the INVITE */
	unsigned bye_status;
};

#define CSEQ 7

static void nothing_inside(void *arg, struct sip_msg *msg, struct sip_server *server)
{
	(void)arg;
	(void)msg;
	if (server)
		sip_refuse(server, 481, NULL);
}

static void on_invite_response(void *arg, struct sip_msg *msg, const struct sip_flow *flow)
{
	struct dialog_uac_cfg cfg = {.local_seq = CSEQ, .handler = {nothing_inside, NULL}};
	struct caller *c = arg;

	if (!c->dialog && msg->status > 100 && msg->status < 300)
		CHECK_OK(dialog_new_uac(c->stack, &cfg, msg, flow, &c->dialog));
	if (msg->status >= 200)
		c->status = msg->status;
	if (msg->status < 200 || msg->status > 299)
		return;
	/* The ACK is always sent, whatever has become of the dialog (RFC 5407 3.1.3). */
	if (c->ack)
		sip_ack_again(c->ack);
	else
		CHECK_OK(dialog_ack(c->dialog, &(struct dialog_ack){.cseq = CSEQ}, &c->ack));
}

static void on_invite_done(void *arg, int err)
{
	struct caller *c = arg;

	(void)err;
	c->invite = NULL;
}

static void on_bye_response(void *arg, struct sip_msg *msg, const struct sip_flow *flow)
{
	struct caller *c = arg;

	(void)flow;
	c->bye_status = msg->status;
}

static void on_bye_done(void *arg, int err)
{
	struct caller *c = arg;

	(void)err;
	c->bye = NULL;
}

static void invite(struct caller *c, struct pair *p)
{
	const struct sip_client_handler handler = {
		.response = on_invite_response, .done = on_invite_done, .arg = c};
	const struct sip_request req = {.method = SIP_INVITE,
		.target = SLICE_LIT("sip:bob@" END_B_IP),
		.from = SLICE_LIT("Alice <sip:alice@example.com>;tag=by-hand"),
		.to = SLICE_LIT("<sip:bob@example.com>"),
		.call_id = SLICE_LIT("by-hand"),
		.cseq = CSEQ,
		.contact = SLICE_LIT("<sip:alice@" END_A_IP ">"),
		.content_type = SLICE_LIT("application/sdp"),
		.body = SLICE_LIT("offer-1")};

	c->stack = p->a.stack;
	CHECK_OK(sip_client_send(c->stack, &req, &handler, &c->invite));
}

/* Once there is a dialog, early or not. */
static void bye(struct caller *c, struct pair *p)
{
	const struct sip_client_handler handler = {
		.response = on_bye_response, .done = on_bye_done, .arg = c};
	const struct dialog_request req = {.method = SIP_BYE};

	for (int i = 0; i < 100 && !c->dialog; i++)
		pair_run_ms(p, 100);
	CHECK(c->dialog);
	CHECK_OK(dialog_send(c->dialog, &req, &handler, &c->bye));
}

static void finish(struct caller *c, struct pair *p)
{
	pair_run_ms(p, 100000);
	CHECK(!c->invite);
	CHECK(!c->bye);
	CHECK_EQ(c->bye_status, 200);
	sip_ack_free(c->ack);
	dialog_free(c->dialog);
}

static void ring(struct caller *c, struct pair *p)
{
	invite(c, p);
	CHECK(pair_wait(&p->b, INV_INCOMING));
	end_reply(&p->b, 180, NULL);
	pair_run_ms(p, 1000);
}

static void bye_crosses_200(struct pair *p)
{
	struct caller c = {0};

	ring(&c, p);
	end_reply(&p->b, 200, "answer-1");
	bye(&c, p);
	finish(&c, p);
	CHECK_EQ(c.status, 200);
}

/* MATRIX: RFC 5407 3.1.3 */
TEST(rfc5407_3_1_3_early_bye_crosses_the_200)
{
	flow_run(&(struct flow){.script = bye_crosses_200,
		.a = "",
		.b = "INCOMING offer:offer-1 EARLY(180) CONNECTING(200) DISCONNECTED(200)",
		.ends = {{"", cleared}},
		.apart = true});
}

static void bye_while_it_rings(struct pair *p)
{
	struct caller c = {0};

	ring(&c, p);
	for (int i = 0; i < 3 && !c.dialog; i++) { /* the 180 was lost: another one makes the early dialog */
		end_reply(&p->b, 183, NULL);
		pair_run_ms(p, 1000);
	}
	bye(&c, p);
	finish(&c, p);
	CHECK_EQ(c.status, 487);
}

/* RFC 3261 15.1.2: what is still open gets 487. */
/* MATRIX: RFC 5407 A */
TEST(rfc5407_a_early_bye_ends_the_invite_too)
{
	flow_run(&(struct flow){.script = bye_while_it_rings,
		.a = "",
		.b = "INCOMING offer:offer-1 EARLY(180) DISCONNECTED(487)",
		.ends = {{"", "Request Terminated"}}});
}

TESTS(RUN(rfc5407_3_1_3_early_bye_crosses_the_200), RUN(rfc5407_a_early_bye_ends_the_invite_too))
