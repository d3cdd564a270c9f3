/* Settings of sessions, UPDATE and Reason, between two phones and against a stranger. */
#include "peer.h"

static void settings_of(struct side *s, struct offhook_session_cfg cfg)
{
	struct offhook_session_cfg ours;

	offhook_session_cfg_init(&ours);
	cfg.size = ours.size;
	CHECK_OK(offhook_account_set_session(s->phone, s->account, &cfg));
}

/* Early audio is answered reliably; an UPDATE then changes it before anybody has picked up. */
TEST(update_before_and_after_the_answer)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);

	rig_call(r);
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK_EQ(offhook_call_update(r->a.phone, r->a.call, NULL, 0), OH_ESTATE);
	CHECK_OK(side_answer(&r->b, 183));
	CHECK(rig_wait(&r->a, "MEDIA(ACTIVE"));
	rig_run_ms(r, 100);
	side_forget(&r->a);
	CHECK_OK(offhook_call_update(r->a.phone, r->a.call, NULL, 0));
	CHECK(rig_wait(&r->a, "MEDIA(ACTIVE"));
	CHECK_OK(side_answer(&r->b, 200));
	CHECK(rig_wait(&r->a, "CONFIRMED"));
	CHECK(rig_wait(&r->b, "CONFIRMED"));
	rig_run_ms(r, 100);
	side_forget(&r->a);
	side_forget(&r->b);
	CHECK_OK(offhook_call_update(r->b.phone, r->b.call, NULL, 0));
	CHECK_EQ(offhook_call_update(r->b.phone, r->b.call, NULL, 0), OH_EBUSY);
	CHECK_EQ(offhook_call_hold(r->b.phone, r->b.call, NULL, 0), OH_EBUSY);
	CHECK(rig_wait(&r->b, "MEDIA(ACTIVE"));
	CHECK(rig_wait(&r->a, "MEDIA(ACTIVE"));
	CHECK_OK(side_hangup(&r->a, 0));
	CHECK(rig_wait(&r->b, "DISCONNECTED"));
	CHECK_EQ(offhook_call_update(r->a.phone, 1, NULL, 0), OH_ENOENT);
	rig_close(r);
}

TEST(reliable_ringing_when_it_is_required)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);

	settings_of(&r->a, (struct offhook_session_cfg){.reliable = OFFHOOK_RELIABLE_REQUIRED});
	rig_call(r);
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK_OK(side_answer(&r->b, 180));
	CHECK(rig_wait(&r->a, "EARLY(180)"));
	CHECK(strstr(r->a.message, "\r\nRSeq: "));
	CHECK_OK(side_answer(&r->b, 200));
	CHECK(rig_wait(&r->a, "CONFIRMED"));
	CHECK_OK(side_hangup(&r->b, 0));
	rig_close(r);

	r = rig_new(OFFHOOK_DELIVER_INLINE);
	settings_of(&r->a, (struct offhook_session_cfg){.reliable = OFFHOOK_RELIABLE_REQUIRED});
	settings_of(&r->b, (struct offhook_session_cfg){.reliable = OFFHOOK_RELIABLE_OFF});
	rig_call(r);
	CHECK(rig_wait(&r->a, "DISCONNECTED(420)"));
	rig_close(r);
}

/* The first exchange may also begin with the callee: an INVITE without offer, an offer in a reliable 183. */
TEST(early_audio_for_an_invite_without_offer)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct peer p;

	peer_open(&p, r);
	peer_say(&p, "INVITE", NULL, "", 1, "Supported: 100rel\r\nContact: <sip:x@" PEER_IP ">\r\n", "");
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK_OK(side_answer(&r->b, 183));
	rig_run_ms(r, 10);
	while (peer_hear(&p))
		;
	CHECK(peer_got(&p, "SIP/2.0 183 "));
	CHECK(peer_got(&p, "\r\nRequire: 100rel\r\n"));
	CHECK(peer_got(&p, "m=audio "));
	CHECK_OK(side_hangup(&r->b, 0));
	rig_run_ms(r, 40000);
	peer_close(&p);
	rig_close(r);
}

TEST(a_session_timer_of_two_phones)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);

	settings_of(
		&r->b, (struct offhook_session_cfg){.timer = OFFHOOK_TIMER_OFFER, .session_expires_s = 90});
	sim_starve_tickers(r->sim, 1000);
	rig_talk(r);
	rig_run_ms(r, 300000);
	CHECK(!strstr(r->a.log, "DISCONNECTED"));
	CHECK(!strstr(r->b.log, "DISCONNECTED"));
	CHECK_OK(side_hangup(&r->a, 0));
	rig_close(r);
}

static struct {
	char text[96];
	unsigned sip, q850;
} told;

static void on_end(struct side *s, const struct offhook_event *e)
{
	if (s != &s->rig->b || !e->call || e->call->state != OFFHOOK_CALL_DISCONNECTED)
		return;
	snprintf(told.text, sizeof(told.text), "%s", e->call->reason_text);
	told.sip = e->call->reason_sip;
	told.q850 = e->call->reason_q850;
}

TEST(what_a_reason_says_about_the_end)
{
	static const struct {
		const char *value, *text;
		unsigned sip, q850;
	} rows[] = {
		{"Q.850;cause=16;text=\"Terminated\"", "Terminated", 0, 16},
		{"SIP ;cause=200 ;text=\"Call completed \\\"elsewhere\\\"\", Q.850;cause=26",
			"Call completed \"elsewhere\"", 200, 26},
		{"SIP;cause=99999;text", "", 0, 0},
		{"FOO;cause=1", "", 0, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
		struct offhook_header reason = {"Reason", rows[i].value};
		struct offhook_answer how;
		struct offhook_call_info *info;

		offhook_answer_init(&how);
		how.code = 0;
		how.headers = &reason;
		how.n_headers = 1;
		rig_talk(r);
		r->b.handler = on_end;
		info = side_info(&r->b);
		CHECK_STR(info->reason_text, "");
		offhook_call_info_free(info);
		CHECK_OK(offhook_call_hangup(r->a.phone, r->a.call, &how));
		CHECK(rig_wait(&r->b, "DISCONNECTED"));
		CHECK(strstr(r->b.message, rows[i].value));
		CHECK_STR(told.text, rows[i].text);
		CHECK_EQ(told.sip, rows[i].sip);
		CHECK_EQ(told.q850, rows[i].q850);
		rig_close(r);
	}
}

TEST(settings_out_of_range)
{
	static const struct offhook_session_cfg rows[] = {{.reliable = 9}, {.timer = 9},
		{.session_expires_s = 89}, {.min_se_s = 89}, {.session_expires_s = 86401},
		{.options_s = 86401}, {.redirect = 9}, {.dtmf = 9}};
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct offhook_session_cfg cfg = rows[i];

		cfg.size = sizeof(cfg);
		CHECK_EQ(offhook_account_set_session(r->a.phone, r->a.account, &cfg), OH_EINVAL);
	}
	CHECK_EQ(offhook_account_set_session(r->a.phone, 1, NULL), OH_ENOENT);
	CHECK_OK(offhook_account_set_session(r->a.phone, r->a.account, NULL));
	rig_close(r);
}

TESTS(RUN(update_before_and_after_the_answer), RUN(reliable_ringing_when_it_is_required),
	RUN(early_audio_for_an_invite_without_offer), RUN(a_session_timer_of_two_phones),
	RUN(what_a_reason_says_about_the_end), RUN(settings_out_of_range))
