/*
 * A call that is sent elsewhere by what a stranger writes: each block of header lines, ended by a form feed, is the answer
 * (302) to the next INVITE that reaches him. Whatever he writes, every INVITE is a sound message, no URI is called twice,
 * their number is bounded, and the call ends once.
 */
#include "fuzz.h"

#include "phone/call_redirect.h"
#include "phone/peer.h"

#define MORE_MAX 2048u

struct play {
	struct feed f;
	struct peer peer;
	unsigned heard; /* messages */
	size_t n_called;
	uint32_t cseq;
	char called[REDIRECT_TARGETS_MAX + 1][SIP_MSG_RURI_MAX + 64];
	offhook_id call;
	unsigned ends;
};

static struct play *playing; /* for the handler */

static void note_called(struct play *p, struct sip_msg *msg)
{
	const struct sip_cseq *cseq;
	struct sip_uri uri, before;

	CHECK(sip_msg_cseq(msg, &cseq) == 0);
	if (cseq->number == p->cseq)
		return; /* sent again */
	CHECK(p->n_called < ARRAY_LEN(p->called) && cseq->number > p->cseq);
	p->cseq = cseq->number;
	CHECK(sip_uri_parse(msg->ruri_text, &uri) == 0);
	for (size_t i = 0; i < p->n_called; i++)
		CHECK(sip_uri_parse(slice_of(p->called[i]), &before) == 0 && !sip_uri_eq(&uri, &before));
	snprintf(p->called[p->n_called++], sizeof(p->called[0]), "%.*s", SLICE_ARG(msg->ruri_text));
}

static void on_packet(void *arg, const struct sim_packet *p, enum sim_fate fate)
{
	struct sip_msg msg;

	(void)fate;
	/* The one who calls; sound is none of ours. */
	if (p->from.ip[3] != 1 || p->from.port != 5060)
		return;
	CHECK(sip_msg_parse(&msg, slice_make((const char *)p->data, p->n)) == 0);
	CHECK(!msg.is_request || sip_msg_check(&msg) == 0);
	if (msg.is_request && msg.method == SIP_INVITE)
		note_called(arg, &msg);
	sip_msg_free(&msg);
}

/* The stranger may name any of the phones, the caller among them: they are busy. */
static void handle(struct side *s, const struct offhook_event *e)
{
	struct offhook_answer busy;

	s->log[0] = '\0';
	offhook_answer_init(&busy);
	busy.code = 486;
	if (e->type == OFFHOOK_EVENT_CALL_INCOMING)
		CHECK(offhook_call_answer(s->phone, e->id, &busy) == 0);
	if (e->type == OFFHOOK_EVENT_CALL_STATE && e->id == playing->call &&
		e->call->state == OFFHOOK_CALL_DISCONNECTED)
		playing->ends++;
}

static void answer(struct play *p)
{
	struct slice all = slice_make((const char *)p->f.p, p->f.n);
	struct slice block = feed_bytes(&p->f, slice_index(all, '\f'));
	char more[MORE_MAX];

	(void)feed_byte(&p->f);
	snprintf(more, sizeof(more), "%.*s", (int)(block.n < MORE_MAX - 3 ? block.n : MORE_MAX - 3), block.p);
	snprintf(more + strlen(more), 3, "\r\n");
	peer_respond(&p->peer, "302 Elsewhere", more, "");
}

static void settings(struct offhook_phone_cfg *cfg)
{
	cfg->t1_ms = 100;
}

static void call(struct side *s, offhook_id *ret_id)
{
	struct offhook_session_cfg session;
	struct offhook_call_cfg cfg;

	offhook_session_cfg_init(&session);
	session.redirect = OFFHOOK_REDIRECT_FOLLOW;
	CHECK(offhook_account_set_session(s->phone, s->account, &session) == 0);
	offhook_call_cfg_init(&cfg);
	cfg.uri = "sip:peer@" PEER_IP;
	CHECK(offhook_call_make(s->phone, s->account, &cfg, ret_id) == 0);
}

void fuzz_one(const uint8_t *data, size_t n)
{
	static struct play p;
	struct rig *r = rig_new_with(OFFHOOK_DELIVER_INLINE, settings);

	p = (struct play){.f = {data, n}};
	playing = &p;
	sim_starve_tickers(r->sim, 1000);
	sim_tap(r->sim, on_packet, &p);
	r->a.handler = r->b.handler = handle;
	peer_open(&p.peer, r);
	call(&r->a, &p.call);
	/* Each target has its 64 T1. */
	for (int i = 0; !p.ends && i < 64 * 20; i++) {
		if (peer_hear(&p.peer) && strncmp(p.peer.got, "INVITE", 6) == 0)
			answer(&p);
		rig_run_ms(r, 100);
	}
	CHECK(p.ends == 1);
	peer_close(&p.peer);
	rig_close(r);
	CHECK(p.ends == 1);
}
