/* Calls from the program's point of view: which events, in which order, and what each handler sees. */
#include "rig.h"

static const enum offhook_delivery deliveries[] = {OFFHOOK_DELIVER_INLINE, OFFHOOK_DELIVER_PULL};

TEST(a_call_is_made_answered_and_ended)
{
	for (size_t i = 0; i < ARRAY_LEN(deliveries); i++) {
		struct rig *r = rig_new(deliveries[i]);

		rig_call(r);
		CHECK_STR(r->a.log, "CALLING ");
		CHECK(rig_wait(&r->b, "INCOMING"));
		CHECK_OK(side_answer(&r->b, 180));
		CHECK(rig_wait(&r->a, "EARLY(180)"));
		CHECK_OK(side_answer(&r->b, 200));
		CHECK(rig_wait(&r->b, "CONFIRMED"));
		rig_run_ms(r, 3000);
		CHECK_OK(side_hangup(&r->a, 0));
		CHECK(rig_wait(&r->b, "DISCONNECTED"));
		CHECK_STR(r->a.log, "CALLING EARLY(180) CONNECTING(200) MEDIA(ACTIVE,3,slot) CONFIRMED(200) "
				    "DISCONNECTED(200) ");
		CHECK_STR(r->b.log, "INCOMING EARLY(180) MEDIA(ACTIVE,3,slot) CONNECTING(200) CONFIRMED(200) "
				    "DISCONNECTED(200) ");
		rig_close(r);
	}
}

TEST(audio_in_a_183_comes_after_early_and_once)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);

	rig_call(r);
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK_OK(side_answer(&r->b, 183));
	CHECK(rig_wait(&r->a, "MEDIA"));
	rig_run_ms(r, 500);
	CHECK_OK(side_answer(&r->b, 200));
	CHECK(rig_wait(&r->a, "CONFIRMED"));
	CHECK(rig_wait(&r->b, "CONFIRMED"));
	CHECK_STR(r->a.log, "CALLING EARLY(183) MEDIA(ACTIVE,3,slot) CONNECTING(200) CONFIRMED(200) ");
	CHECK_STR(r->b.log, "INCOMING EARLY(183) MEDIA(ACTIVE,3,slot) CONNECTING(200) CONFIRMED(200) ");
	rig_close(r);
}

/* ---- ends ---- */

TEST(every_refusal_reaches_the_caller_with_its_phrase)
{
	static const unsigned codes[] = {301, 400, 404, 480, 486, 500, 503, 600, 603, 699};

	for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
		struct rig *r = rig_new(OFFHOOK_DELIVER_PULL);
		struct offhook_answer answer;
		struct offhook_call_info *info;

		rig_call(r);
		CHECK(rig_wait(&r->b, "INCOMING"));
		offhook_answer_init(&answer);
		answer.code = codes[i];
		answer.reason = "Not Today";
		CHECK_OK(offhook_call_answer(r->b.phone, r->b.call, &answer));
		/* Its end was not handled yet: it still answers. */
		sim_run_for(r->sim, 100 * NS_PER_MS);
		CHECK_OK(offhook_call_get_info(r->a.phone, r->a.call, &info));
		CHECK_EQ(info->state, OFFHOOK_CALL_DISCONNECTED);
		CHECK_EQ(info->last_status, codes[i]);
		CHECK_STR(info->last_reason, "Not Today");
		CHECK_EQ(info->ended_by, OFFHOOK_ENDED_BY_PEER);
		CHECK_EQ(info->slot_number, -1);
		offhook_call_info_free(info);
		rig_close(r);
	}
}

TEST(a_hang_up_has_its_code_by_state_and_is_told_at_once)
{
	static const struct {
		unsigned answers; /* 0: it rings */
		bool caller;
		unsigned code, seen, seen_by_peer;
		const char *phrase;
	} rows[] = {
		{0, true, 0, 487, 487, "Request Terminated"},
		{0, true, 603, 603, 487, "Decline"},
		{0, false, 0, 603, 603, "Decline"},
		{0, false, 486, 486, 486, "Busy Here"},
		{200, true, 0, 200, 200, NULL},
		{200, true, 603, 603, 200, "Decline"},
		{200, false, 0, 200, 200, NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
		struct side *s = rows[i].caller ? &r->a : &r->b, *peer = rows[i].caller ? &r->b : &r->a;
		char words[32];

		rig_call(r);
		CHECK(rig_wait(&r->b, "INCOMING"));
		CHECK_OK(side_answer(&r->b, rows[i].answers ? rows[i].answers : 180));
		CHECK(rig_wait(&r->a, rows[i].answers ? "CONFIRMED" : "EARLY"));
		rig_run_ms(r, 100);
		CHECK_OK(side_hangup(s, rows[i].code));
		snprintf(words, sizeof(words), "DISCONNECTED(%u)", rows[i].seen);
		CHECK(strstr(s->log, words) != NULL);
		snprintf(words, sizeof(words), "DISCONNECTED(%u)", rows[i].seen_by_peer);
		CHECK(rig_wait(peer, words));
		rig_close(r);
	}
}

TEST(a_caller_who_gives_up_at_once_leaves_nothing)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);

	rig_call(r);
	CHECK_OK(side_hangup(&r->a, 0));
	CHECK_STR(r->a.log, "CALLING DISCONNECTED(487) ");
	rig_close(r);
	CHECK(true);
}

TEST(nobody_there_ends_with_408)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_call_cfg cfg;

	offhook_call_cfg_init(&cfg);
	cfg.uri = "sip:nobody@192.0.2.77";
	CHECK_OK(offhook_call_make(r->a.phone, 0, &cfg, &r->a.call));
	CHECK(rig_wait(&r->a, "DISCONNECTED"));
	CHECK(strstr(r->a.log, "(408)") || strstr(r->a.log, "(503)"));
	rig_close(r);
}

static int last_error;
static void keep_error(struct side *s, const struct offhook_event *e)
{
	(void)s;
	if (e->call && e->call->state == OFFHOOK_CALL_DISCONNECTED)
		last_error = e->error;
}

TEST(a_name_without_address_fails_later_with_its_error)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_call_cfg cfg;

	r->a.handler = keep_error;
	offhook_call_cfg_init(&cfg);
	cfg.uri = "sip:bob@nowhere.example";
	CHECK_OK(offhook_call_make(r->a.phone, 0, &cfg, &r->a.call));
	CHECK_STR(r->a.log, "CALLING ");
	CHECK(rig_wait(&r->a, "DISCONNECTED(503)"));
	CHECK_EQ(last_error, OH_ERESOLVE);

	/* One that has an address is called. */
	side_forget(&r->a);
	CHECK_OK(sim_dns_addr(r->sim, "bob.example", RIG_B_IP));
	cfg.uri = "<sip:bob@bob.example>";
	CHECK_OK(offhook_call_make(r->a.phone, 0, &cfg, &r->a.call));
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK_OK(side_hangup(&r->a, 0));

	/* And one given up while its name is looked up has nothing to cancel. */
	side_forget(&r->a);
	cfg.uri = "sip:bob@other.example";
	CHECK_OK(offhook_call_make(r->a.phone, 0, &cfg, &r->a.call));
	CHECK_OK(side_hangup(&r->a, 0));
	CHECK_STR(r->a.log, "CALLING DISCONNECTED(487) ");
	rig_close(r);
}

/* ---- what handlers see and do ---- */

static void check_moment(struct side *s, const struct offhook_event *e)
{
	struct offhook_call_info *info;

	if (!e->call)
		return;
	CHECK_OK(offhook_call_get_info(s->phone, e->id, &info));
	CHECK_EQ(info->state, e->call->state);
	CHECK_EQ(info->media_state, e->call->media_state);
	CHECK_EQ(info->slot, e->call->slot);
	switch (info->state) {
	case OFFHOOK_CALL_CALLING:
	case OFFHOOK_CALL_INCOMING:
		CHECK_EQ(info->last_status, 0);
		CHECK_STR(info->last_reason, "");
		CHECK(e->type == OFFHOOK_EVENT_CALL_MEDIA || info->slot_number == -1);
		break;
	case OFFHOOK_CALL_CONFIRMED:
		CHECK_EQ(info->media_state, OFFHOOK_MEDIA_ACTIVE);
		CHECK(info->slot_number > 0);
		CHECK_STR(info->codec, "PCMU/8000/1");
		CHECK(info->remote_contact[0] == '<');
		CHECK_EQ(info->call_time_s, 0);
		break;
	case OFFHOOK_CALL_DISCONNECTED:
		CHECK_EQ(info->media_state, OFFHOOK_MEDIA_NULL);
		CHECK_EQ(info->slot_number, -1);
		CHECK_EQ(info->slot, 0);
		CHECK(info->call_time_s > 1.9 && info->call_time_s < 2.1);
		CHECK_EQ(offhook_call_hangup(s->phone, e->id, NULL), OH_EENDED);
		break;
	default:
		break;
	}
	offhook_call_info_free(info);
}

TEST(inside_a_handler_the_picture_is_of_that_very_moment)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_PULL);
	struct offhook_call_info *info;

	r->a.handler = r->b.handler = check_moment;
	CHECK_OK(rig_try_call(r));
	rig_wait(&r->b, "INCOMING");
	CHECK_OK(side_answer(&r->b, 200));
	/* Everything happens before anybody looks: the moments stay apart. */
	sim_run_for(r->sim, 2 * NS_PER_S);
	CHECK_OK(offhook_call_hangup(r->a.phone, r->a.call, NULL));
	CHECK_OK(offhook_call_get_info(r->a.phone, r->a.call, &info));
	CHECK_EQ(info->state, OFFHOOK_CALL_DISCONNECTED);
	CHECK_STR(info->remote_uri, "sip:bob@192.0.2.2");
	CHECK_STR(info->local_uri, "\"alice\" <sip:alice@192.0.2.1>");
	CHECK_STR(info->local_contact, "<sip:alice@192.0.2.1:5060>");
	offhook_call_info_free(info);
	rig_pull(r);
	CHECK(rig_wait(&r->b, "DISCONNECTED"));
	rig_close(r);
}

TEST(the_callee_sees_who_calls_as_the_invite_says)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_call_info *info;
	char value[128];
	size_t n;

	rig_call(r);
	CHECK(rig_wait(&r->b, "INCOMING"));
	info = side_info(&r->b);
	CHECK_STR(info->remote_uri, "\"alice\" <sip:alice@192.0.2.1>");
	CHECK_STR(info->local_uri, "<sip:bob@192.0.2.2>");
	CHECK_STR(info->remote_contact, "<sip:alice@192.0.2.1:5060>");
	CHECK_STR(info->local_contact, "<sip:bob@192.0.2.2:5060>");
	CHECK_EQ(info->account, r->b.account);
	CHECK_EQ(info->role, OFFHOOK_CALLEE);
	offhook_call_info_free(info);

	n = strlen(r->b.message);
	CHECK(offhook_message_header(r->b.message, n, "cseq", 0, value, sizeof(value)) > 0);
	CHECK(strstr(value, "INVITE") != NULL);
	CHECK(offhook_message_header(r->b.message, n, "f", 0, value, sizeof(value)) > 0);
	CHECK(strstr(value, "alice") != NULL);
	CHECK_EQ(offhook_message_header(r->b.message, n, "From", 1, value, sizeof(value)), OH_ENOENT);
	CHECK_EQ(offhook_message_header("nonsense", 8, "From", 0, value, sizeof(value)), OH_ESYNTAX);
	CHECK_MEM(offhook_message_body(r->b.message, n, &n), "v=0", 3);
	CHECK(n > 50);
	rig_close(r);
}

static void answer_inside(struct side *s, const struct offhook_event *e)
{
	struct offhook_call_info *info;

	if (e->type != OFFHOOK_EVENT_CALL_INCOMING)
		return;
	CHECK_OK(side_answer(s, 180));
	/* What happened inside this handler has been seen by this thread: the picture is the newer one. */
	CHECK_OK(offhook_call_get_info(s->phone, e->id, &info));
	CHECK_EQ(info->state, OFFHOOK_CALL_EARLY);
	offhook_call_info_free(info);
	CHECK_OK(side_answer(s, 200));
}

TEST(a_handler_may_answer)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);

	r->b.handler = answer_inside;
	rig_call(r);
	CHECK(rig_wait(&r->a, "CONFIRMED"));
	CHECK(rig_wait(&r->b, "CONFIRMED"));
	CHECK_STR(r->b.log, "INCOMING EARLY(180) MEDIA(ACTIVE,3,slot) CONNECTING(200) CONFIRMED(200) ");
	rig_close(r);
}

static void hang_up_inside(struct side *s, const struct offhook_event *e)
{
	struct offhook_call_info *info;

	if (!e->call || e->call->state != OFFHOOK_CALL_CONFIRMED)
		return;
	CHECK_OK(offhook_call_hangup(s->phone, e->id, NULL));
	/* Its end has been handled, inside here: the id is dead. */
	CHECK(strstr(s->log, "DISCONNECTED") != NULL);
	CHECK_EQ(offhook_call_get_info(s->phone, e->id, &info), OH_ENOENT);
	CHECK_EQ(offhook_call_hangup(s->phone, e->id, NULL), OH_ENOENT);
}

TEST(a_handler_may_hang_up)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);

	r->a.handler = hang_up_inside;
	rig_call(r);
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK_OK(side_answer(&r->b, 200));
	CHECK(rig_wait(&r->b, "DISCONNECTED(200)"));
	rig_close(r);
}

static unsigned redials;
static void redial(struct side *s, const struct offhook_event *e)
{
	if (e->call && e->call->state == OFFHOOK_CALL_DISCONNECTED && redials++ < 3)
		CHECK_OK(rig_try_call(s->rig));
}
static void refuse(struct side *s, const struct offhook_event *e)
{
	if (e->type == OFFHOOK_EVENT_CALL_INCOMING)
		CHECK_OK(side_hangup(s, 486));
}

TEST(a_handler_of_the_end_may_call_again)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);

	redials = 0;
	r->a.handler = redial;
	r->b.handler = refuse;
	rig_call(r);
	rig_run_ms(r, 1000);
	CHECK_EQ(redials, 4);
	CHECK_STR(r->a.log, "CALLING DISCONNECTED(486) CALLING DISCONNECTED(486) CALLING DISCONNECTED(486) "
			    "CALLING DISCONNECTED(486) ");
	rig_close(r);
}

TEST(user_data_given_in_the_first_handler_comes_with_all_later_events)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_PULL);
	int mine;
	struct offhook_call_info *info;

	CHECK_OK(rig_try_call(r));
	rig_wait(&r->b, "INCOMING");
	CHECK_OK(offhook_call_set_user_data(r->b.phone, r->b.call, &mine));
	info = side_info(&r->b);
	CHECK(info->user_data == &mine);
	offhook_call_info_free(info);
	rig_close(r);
}

static offhook_id both_ends[2];

static void keep_ends(struct side *s, const struct offhook_event *e)
{
	if (e->call)
		both_ends[e->call->role == OFFHOOK_CALLEE] = e->id;
	if (e->type == OFFHOOK_EVENT_CALL_INCOMING)
		CHECK_OK(offhook_call_answer(s->phone, e->id, NULL));
}

TEST(a_phone_may_call_itself)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_call_info *info;
	struct offhook_call_cfg cfg;

	r->a.handler = keep_ends;
	offhook_call_cfg_init(&cfg);
	cfg.uri = "sip:alice@" RIG_A_IP;
	CHECK_OK(offhook_call_make(r->a.phone, 0, &cfg, &r->a.call));
	rig_run_ms(r, 500);
	for (int i = 0; i < 2; i++) {
		CHECK_OK(offhook_call_get_info(r->a.phone, both_ends[i], &info));
		CHECK_EQ(info->state, OFFHOOK_CALL_CONFIRMED);
		CHECK_EQ(info->media_state, OFFHOOK_MEDIA_ACTIVE);
		offhook_call_info_free(info);
	}
	CHECK_OK(offhook_call_hangup(r->a.phone, both_ends[0], NULL));
	rig_run_ms(r, 500);
	CHECK_EQ(offhook_calls(r->a.phone, NULL, 0), 0);
	rig_close(r);
}

/* ---- ids ---- */

TEST(an_ended_call_answers_until_its_end_was_handled)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_PULL);
	struct offhook_call_info *info;
	offhook_id old;

	rig_talk(r);
	old = r->a.call;
	CHECK_OK(offhook_call_hangup(r->a.phone, old, NULL));
	CHECK_EQ(offhook_call_hangup(r->a.phone, old, NULL), OH_EENDED);
	CHECK_EQ(offhook_call_answer(r->a.phone, old, NULL), OH_EENDED);
	CHECK_EQ(offhook_call_hold(r->a.phone, old, NULL, 0), OH_EENDED);
	CHECK_EQ(offhook_call_dtmf(r->a.phone, old, "1", 0, 0), OH_EENDED);
	CHECK_EQ(offhook_calls(r->a.phone, NULL, 0), 1);
	CHECK_OK(offhook_call_get_info(r->a.phone, old, &info));
	offhook_call_info_free(info);
	rig_pull(r);
	CHECK_EQ(offhook_call_get_info(r->a.phone, old, &info), OH_ENOENT);
	CHECK_EQ(offhook_call_hangup(r->a.phone, old, NULL), OH_ENOENT);
	CHECK_EQ(offhook_calls(r->a.phone, NULL, 0), 0);

	/* The next call has another id, however often. */
	for (int i = 0; i < 50; i++) {
		rig_call(r);
		CHECK(r->a.call != old);
		CHECK_OK(side_hangup(&r->a, 0));
		CHECK_EQ(offhook_call_hangup(r->a.phone, old, NULL), OH_ENOENT);
		rig_run_ms(r, 20);
	}
	CHECK_EQ(offhook_call_hangup(r->a.phone, 0, NULL), OH_ENOENT);
	CHECK_EQ(offhook_call_hangup(r->a.phone, r->a.account, NULL), OH_ENOENT);
	CHECK_EQ(offhook_call_hangup(r->a.phone, UINT64_MAX, NULL), OH_ENOENT);
	rig_close(r);
}

TEST(a_slot_number_rests_until_the_end_was_handled)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_PULL);
	int first;
	offhook_id slot;

	rig_talk(r);
	first = r->a.slot_number;
	slot = r->a.slot;
	CHECK_EQ(first, 1);
	CHECK_OK(offhook_connect(r->a.phone, slot, slot));
	CHECK_OK(offhook_call_hangup(r->a.phone, r->a.call, NULL));
	CHECK_EQ(offhook_connect(r->a.phone, slot, slot), OH_ENOENT);

	/* Not handled: a new call gets another number. */
	CHECK_OK(rig_try_call(r));
	sim_run_for(r->sim, 100 * NS_PER_MS);
	while (offhook_process(r->b.phone, 0) > 0)
		;
	CHECK_OK(offhook_call_answer(r->b.phone, r->b.call, NULL));
	sim_run_for(r->sim, 100 * NS_PER_MS);
	rig_pull(r);
	CHECK_EQ(r->a.slot_number, 2);
	CHECK_OK(side_hangup(&r->a, 0));

	/* Handled: the lowest again. */
	rig_run_ms(r, 1000);
	side_forget(&r->a);
	side_forget(&r->b);
	rig_talk(r);
	CHECK_EQ(r->a.slot_number, 1);
	CHECK_EQ(offhook_connect(r->a.phone, slot, slot), OH_ENOENT);
	rig_close(r);
}

/* ---- pulling by object ---- */

TEST(the_events_of_one_command_can_be_taken_out_of_turn)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_PULL);
	offhook_id first, second;
	uint64_t cause;

	CHECK_OK(rig_try_call(r));
	first = r->a.call;
	CHECK_OK(rig_try_call(r));
	second = r->a.call;
	cause = offhook_last_command();
	CHECK_EQ(offhook_process_object(r->a.phone, second, cause), 1);
	CHECK_STR(r->a.log, "CALLING ");
	CHECK_EQ(r->a.call, second);
	CHECK_EQ(offhook_process_object(r->a.phone, second, cause), 0);
	CHECK_EQ(offhook_process_object(r->a.phone, first, cause), 0);
	CHECK_OK(offhook_call_hangup(r->a.phone, first, NULL));
	/* CALLING, which came before, and the end that the hang-up caused. */
	CHECK_EQ(offhook_process_object(r->a.phone, first, offhook_last_command()), 2);
	CHECK_STR(r->a.log, "CALLING CALLING DISCONNECTED(487) ");
	CHECK_EQ(offhook_process(r->a.phone, 0), 0);
	CHECK_OK(offhook_call_hangup(r->a.phone, second, NULL));
	CHECK_EQ(offhook_process(r->a.phone, 0), 1);
	rig_close(r);
}

/* ---- limits ---- */

static void two_calls(struct offhook_phone_cfg *cfg)
{
	cfg->max_calls = 2;
}

TEST(above_max_calls_the_network_gets_486_and_the_program_an_error)
{
	struct rig *r = rig_new_with(OFFHOOK_DELIVER_INLINE, two_calls);

	rig_call(r);
	rig_call(r);
	CHECK_EQ(rig_try_call(r), OH_ETOOMANY);
	CHECK(strstr(offhook_error_detail(), "max_calls") != NULL);
	rig_run_ms(r, 100);
	CHECK_STR(r->b.log, "INCOMING INCOMING ");
	CHECK_EQ(offhook_calls(r->b.phone, NULL, 0), 2);
	rig_run_ms(r, 100);
	/* Room again at a, but not at b. */
	CHECK_OK(side_hangup(&r->a, 0));
	side_forget(&r->a);
	CHECK_OK(offhook_account_remove(r->b.phone, r->b.account));
	rig_run_ms(r, 100);
	rig_call(r);
	CHECK(rig_wait(&r->a, "DISCONNECTED(404)"));
	for (offhook_id ids[2]; offhook_calls(r->a.phone, ids, 2) > 0;)
		CHECK_OK(offhook_call_hangup(r->a.phone, ids[0], NULL));
	rig_run_ms(r, 100);
	rig_close(r);
}

static void one_at_b(struct offhook_phone_cfg *cfg)
{
	cfg->max_queued_events = 3;
}

TEST(who_does_not_keep_up_with_events_gets_no_more_calls)
{
	struct rig *r = rig_new_with(OFFHOOK_DELIVER_PULL, one_at_b);

	for (int i = 0; i < 4; i++) {
		CHECK_OK(rig_try_call(r));
		sim_run_for(r->sim, 100 * NS_PER_MS);
		while (offhook_process(r->a.phone, 0) > 0)
			;
	}
	CHECK(strstr(r->a.log, "DISCONNECTED(503)") != NULL);
	CHECK(strstr(r->a.message, "Retry-After: 5") != NULL);
	CHECK_EQ(offhook_calls(r->b.phone, NULL, 0), 3);
	for (offhook_id ids[3]; offhook_calls(r->a.phone, ids, 3) > 0;) {
		CHECK_OK(offhook_call_hangup(r->a.phone, ids[0], NULL));
		rig_run_ms(r, 100);
	}
	rig_close(r);
}

TEST(bad_arguments_are_named)
{
	static const struct {
		const char *uri;
		int err;
	} rows[] = {
		{"sip:", OH_EURI},
		{"bob", OH_EURI},
		{"", OH_EURI},
		{"<sip:bob@host", OH_EURI},
		{"sip:bob@ho st", OH_EURI},
		{"tel:+123456", OH_ESCHEME},
		{"http://host/", OH_ESCHEME},
		{NULL, OH_EINVAL},
	};
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_header bad = {"X-Bad", "a\r\nVia: b"}, ours = {"Call-ID", "x"};
	struct offhook_call_cfg cfg;
	offhook_id call;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		offhook_call_cfg_init(&cfg);
		cfg.uri = rows[i].uri;
		CHECK_EQ(offhook_call_make(r->a.phone, 0, &cfg, &call), rows[i].err);
		CHECK(offhook_error_detail()[0] != '\0');
		CHECK_EQ(offhook_uri_check(rows[i].uri), rows[i].err);
	}
	cfg.uri = "sip:bob@192.0.2.2";
	CHECK_OK(offhook_uri_check(cfg.uri));
	CHECK_OK(offhook_uri_check("Bob <sip:bob@192.0.2.2:5080;transport=udp>"));
	cfg.n_headers = 1;
	cfg.headers = &bad;
	CHECK_EQ(offhook_call_make(r->a.phone, 0, &cfg, &call), OH_EINVAL);
	cfg.headers = &ours;
	CHECK_EQ(offhook_call_make(r->a.phone, 0, &cfg, &call), OH_EINVAL);
	CHECK_EQ(offhook_call_make(r->a.phone, 77, &cfg, &call), OH_ENOENT);
	cfg.size = 0;
	CHECK_EQ(offhook_call_make(r->a.phone, 0, &cfg, &call), OH_EINVAL);
	rig_call(r);
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK_EQ(side_answer(&r->b, 100), OH_EINVAL);
	CHECK_EQ(side_answer(&r->b, 700), OH_EINVAL);
	CHECK_EQ(side_answer(&r->a, 200), OH_ESTATE);
	CHECK_EQ(side_hangup(&r->a, 180), OH_EINVAL);
	CHECK_EQ(offhook_call_hold(r->a.phone, r->a.call, NULL, 0), OH_ESTATE);
	CHECK_EQ(offhook_call_dtmf(r->a.phone, r->a.call, "1", 0, 0), OH_ENOMEDIA);
	rig_close(r);
}

TEST(program_headers_travel)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_header h[] = {{"X-Customer", "4711"}, {"Subject", "hello"}};
	struct offhook_call_cfg cfg;
	char value[32];

	offhook_call_cfg_init(&cfg);
	cfg.uri = "\"Bob B.\" <sip:bob@192.0.2.2>";
	cfg.headers = h;
	cfg.n_headers = ARRAY_LEN(h);
	CHECK_OK(offhook_call_make(r->a.phone, 0, &cfg, &r->a.call));
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK_EQ(offhook_message_header(
			 r->b.message, strlen(r->b.message), "x-customer", 0, value, sizeof(value)),
		4);
	CHECK_STR(value, "4711");
	CHECK_EQ(offhook_message_header(r->b.message, strlen(r->b.message), "s", 0, value, 3), 5);
	CHECK_STR(value, "he");
	rig_close(r);
}

TEST(a_transport_that_goes_takes_its_calls_along)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);

	rig_talk(r);
	CHECK_OK(offhook_transport_remove(r->a.phone, r->a.transport));
	CHECK(strstr(r->a.log, "DISCONNECTED(503)") != NULL);
	CHECK_EQ(rig_try_call(r), OH_ETRANSPORT);
	CHECK(rig_wait(&r->b, "DISCONNECTED(200)"));
	CHECK_EQ(offhook_transport_remove(r->a.phone, r->a.transport), OH_ENOENT);
	rig_close(r);
}

TEST(closing_ends_calls_and_then_nothing_goes)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);

	rig_talk(r);
	/* On the simulated host nobody can wait. */
	CHECK_EQ(offhook_phone_close(r->a.phone, 0), OH_ETIMEDOUT);
	CHECK(strstr(r->a.log, "DISCONNECTED(200)") != NULL);
	CHECK_EQ(rig_try_call(r), OH_ECLOSED);
	CHECK_EQ(offhook_phone_close(r->a.phone, 0), OH_ECLOSED);
	CHECK(rig_wait(&r->b, "DISCONNECTED(200)"));
	rig_drop(r);
}

static size_t unanswered(const struct side *s)
{
	struct sip_counters c;

	sip_stack_counters(s->phone->stack, &c);
	return c.unanswered;
}

TEST(what_a_closing_phone_still_owes_is_counted)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);

	/* CANCEL: it waits for the 100 (RFC 3261 9.1); until the INVITE has its end, and at the callee until its 487 is
	 * acknowledged. */
	rig_call(r);
	CHECK_EQ(unanswered(&r->a), 1);
	CHECK(rig_wait(&r->b, "INCOMING"));
	rig_run_ms(r, 210);
	CHECK_OK(side_hangup(&r->a, 0));
	CHECK_EQ(unanswered(&r->a), 2);
	rig_run_ms(r, 10);
	CHECK_EQ(unanswered(&r->a), 0);
	CHECK_EQ(unanswered(&r->b), 0);

	/* A callee that answers and hangs up at once owes a BYE, which waits for the ACK. */
	side_forget(&r->b);
	rig_call(r);
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK_OK(side_answer(&r->b, 200));
	CHECK_OK(side_hangup(&r->b, 0));
	CHECK_EQ(unanswered(&r->b), 1);
	CHECK(strstr(r->b.log, "DISCONNECTED") != NULL);
	CHECK(rig_wait(&r->a, "DISCONNECTED(200)"));
	rig_run_ms(r, 10);
	CHECK_EQ(unanswered(&r->b), 0);
	rig_close(r);
}

/* ---- the log ---- */

static char log_text[16384];

static void keep_log(void *arg, int level, const char *module, const char *text)
{
	size_t n = strlen(log_text);

	(void)arg;
	snprintf(log_text + n, sizeof(log_text) - n, "%d %s %.60s\n", level, module, text);
}

static void with_log(struct offhook_phone_cfg *cfg)
{
	cfg->log_level = OFFHOOK_LOG_DEBUG;
	cfg->log_messages = 1;
	cfg->on_log = keep_log;
}

TEST(the_log_tells_states_and_messages)
{
	struct rig *r;

	log_text[0] = '\0';
	r = rig_new_with(OFFHOOK_DELIVER_INLINE, with_log);
	rig_talk(r);
	CHECK(strstr(log_text, "INVITE sip:bob@192.0.2.2 SIP/2.0") != NULL);
	CHECK(strstr(log_text, "CONFIRMED 200 OK") != NULL);
	CHECK(strstr(log_text, "audio active") != NULL);
	CHECK(strstr(log_text, "192.0.2.1:5060 -> 192.0.2.2:5060") != NULL);
	rig_close(r);
}

/* ---- memory ---- */

static int whole_call(void *arg)
{
	enum offhook_delivery delivery = *(const enum offhook_delivery *)arg;
	struct rig *r = rig_try_new(delivery, NULL);

	if (!r)
		return OH_ENOMEM;
	if (rig_try_call(r) == 0) {
		rig_run_ms(r, 50);
		if (r->b.call)
			side_answer(&r->b, 200);
		rig_run_ms(r, 100);
		if (r->a.slot)
			offhook_connect(r->a.phone, r->a.slot, r->a.slot);
		rig_run_ms(r, 100);
		side_hangup(&r->a, 0);
		rig_run_ms(r, 40000);
	}
	rig_drop(r);
	return 0;
}

TEST(every_allocation_of_a_call_may_fail)
{
	for (size_t i = 0; i < ARRAY_LEN(deliveries); i++)
		check_every_allocation_fails(whole_call, (void *)&deliveries[i]);
}

TESTS(RUN(a_call_is_made_answered_and_ended), RUN(audio_in_a_183_comes_after_early_and_once),
	RUN(every_refusal_reaches_the_caller_with_its_phrase),
	RUN(a_hang_up_has_its_code_by_state_and_is_told_at_once),
	RUN(a_caller_who_gives_up_at_once_leaves_nothing), RUN(nobody_there_ends_with_408),
	RUN(a_name_without_address_fails_later_with_its_error),
	RUN(inside_a_handler_the_picture_is_of_that_very_moment),
	RUN(the_callee_sees_who_calls_as_the_invite_says), RUN(a_handler_may_answer),
	RUN(a_handler_may_hang_up), RUN(a_handler_of_the_end_may_call_again),
	RUN(user_data_given_in_the_first_handler_comes_with_all_later_events),
	RUN(an_ended_call_answers_until_its_end_was_handled),
	RUN(a_slot_number_rests_until_the_end_was_handled),
	RUN(the_events_of_one_command_can_be_taken_out_of_turn),
	RUN(above_max_calls_the_network_gets_486_and_the_program_an_error),
	RUN(who_does_not_keep_up_with_events_gets_no_more_calls), RUN(bad_arguments_are_named),
	RUN(program_headers_travel), RUN(a_transport_that_goes_takes_its_calls_along),
	RUN(closing_ends_calls_and_then_nothing_goes), RUN(what_a_closing_phone_still_owes_is_counted),
	RUN(a_phone_may_call_itself), RUN(the_log_tells_states_and_messages),
	RUN(every_allocation_of_a_call_may_fail))
