/* Hold and resume: media states, directions, slots and connections at both ends. */
#include "rig.h"

static size_t links_of(struct side *s)
{
	struct offhook_slot_info info = {.size = sizeof(info)};

	CHECK_OK(offhook_slot_get_info(s->phone, s->slot, &info));
	CHECK_STR(info.kind, "call");
	CHECK_EQ(info.owner, s->call);
	return info.n_sinks + info.n_sources;
}

static void connect_both_ways(struct side *s)
{
	offhook_id device;

	CHECK_OK(offhook_slot_of(s->phone, 0, &device));
	CHECK_OK(offhook_connect(s->phone, s->slot, device));
	CHECK_OK(offhook_connect(s->phone, device, s->slot));
	CHECK_EQ(links_of(s), 2);
}

static void check_media(struct side *s, enum offhook_media_state state, enum offhook_media_dir dir)
{
	struct offhook_call_info *info = side_info(s);

	CHECK_EQ(info->media_state, state);
	CHECK_EQ(info->media_dir, dir);
	CHECK(info->slot_number > 0);
	CHECK_EQ(info->state, OFFHOOK_CALL_CONFIRMED);
	offhook_call_info_free(info);
}

TEST(hold_and_resume_from_each_end)
{
	for (int caller = 0; caller < 2; caller++) {
		struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
		struct side *s = caller ? &r->a : &r->b, *peer = caller ? &r->b : &r->a;

		rig_talk(r);
		connect_both_ways(s);
		connect_both_ways(peer);
		side_forget(s);
		side_forget(peer);
		CHECK_OK(offhook_call_hold(s->phone, s->call, NULL, 0));
		CHECK_EQ(offhook_call_hold(s->phone, s->call, NULL, 0), OH_EBUSY);
		CHECK(rig_wait(s, "MEDIA(LOCAL_HOLD,1,slot)"));
		CHECK(rig_wait(peer, "MEDIA(REMOTE_HOLD,2,slot)"));
		check_media(s, OFFHOOK_MEDIA_LOCAL_HOLD, OFFHOOK_DIR_SEND);
		check_media(peer, OFFHOOK_MEDIA_REMOTE_HOLD, OFFHOOK_DIR_RECV);
		CHECK_EQ(links_of(s), 0);
		CHECK_EQ(links_of(peer), 0);
		/* The slots stay, for music. */
		connect_both_ways(s);
		connect_both_ways(peer);

		rig_run_ms(r, 2000);
		CHECK_OK(offhook_call_reinvite(s->phone, s->call, NULL, 0));
		CHECK(rig_wait(s, "MEDIA(ACTIVE,3,slot)"));
		CHECK(rig_wait(peer, "MEDIA(ACTIVE,3,slot)"));
		CHECK_EQ(links_of(s), 0);
		CHECK_EQ(links_of(peer), 0);
		CHECK_STR(s->log, "MEDIA(LOCAL_HOLD,1,slot) MEDIA(ACTIVE,3,slot) ");
		CHECK_STR(peer->log, "MEDIA(REMOTE_HOLD,2,slot) MEDIA(ACTIVE,3,slot) ");

		/* Nothing changes: an event all the same, and the connections stay. */
		rig_run_ms(r, 500);
		connect_both_ways(s);
		side_forget(s);
		CHECK_OK(offhook_call_reinvite(s->phone, s->call, NULL, 0));
		CHECK(rig_wait(s, "MEDIA(ACTIVE,3,slot)"));
		CHECK_EQ(links_of(s), 2);
		rig_run_ms(r, 1000);
		rig_close(r);
	}
}

TEST(both_hold_and_let_go_one_after_the_other)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_PULL);

	rig_talk(r);
	CHECK_OK(offhook_call_hold(r->a.phone, r->a.call, NULL, 0));
	rig_run_ms(r, 500);
	CHECK_OK(offhook_call_hold(r->b.phone, r->b.call, NULL, 0));
	rig_run_ms(r, 500);
	check_media(&r->a, OFFHOOK_MEDIA_LOCAL_HOLD, OFFHOOK_DIR_NONE);
	check_media(&r->b, OFFHOOK_MEDIA_LOCAL_HOLD, OFFHOOK_DIR_NONE);

	/* The first lets go: it is held now, and the other one's music comes. */
	CHECK_OK(offhook_call_reinvite(r->a.phone, r->a.call, NULL, 0));
	rig_run_ms(r, 500);
	check_media(&r->a, OFFHOOK_MEDIA_REMOTE_HOLD, OFFHOOK_DIR_RECV);
	check_media(&r->b, OFFHOOK_MEDIA_LOCAL_HOLD, OFFHOOK_DIR_SEND);
	CHECK_OK(offhook_call_reinvite(r->b.phone, r->b.call, NULL, 0));
	rig_run_ms(r, 500);
	check_media(&r->a, OFFHOOK_MEDIA_ACTIVE, OFFHOOK_DIR_BOTH);
	check_media(&r->b, OFFHOOK_MEDIA_ACTIVE, OFFHOOK_DIR_BOTH);
	rig_close(r);
}

TEST(both_hold_at_the_same_moment)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);

	rig_talk(r);
	CHECK_OK(offhook_call_hold(r->a.phone, r->a.call, NULL, 0));
	CHECK_OK(offhook_call_hold(r->b.phone, r->b.call, NULL, 0));
	/* 491 to both; each tries again in its own band (RFC 3261 14.1). */
	rig_run_ms(r, 10000);
	check_media(&r->a, OFFHOOK_MEDIA_LOCAL_HOLD, OFFHOOK_DIR_NONE);
	check_media(&r->b, OFFHOOK_MEDIA_LOCAL_HOLD, OFFHOOK_DIR_NONE);
	CHECK(strstr(r->a.log, "HOLD_FAILED") == NULL);
	CHECK(strstr(r->b.log, "HOLD_FAILED") == NULL);
	rig_close(r);
}

static enum sim_fate lose_to_b(void *arg, const struct sim_packet *p, uint64_t *delay_ns)
{
	const bool *lose = arg;

	(void)delay_ns;
	return *lose && p->from.port == 5060 ? SIM_DROP : SIM_BY_RULE;
}

TEST(a_hold_that_nobody_answers_leaves_the_session_or_ends_the_call)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	bool lose = false;

	rig_talk(r);
	rig_run_ms(r, 1000);
	sim_filter(r->sim, lose_to_b, &lose);
	lose = true;
	CHECK_OK(offhook_call_hold(r->a.phone, r->a.call, NULL, 0));
	rig_run_ms(r, 40000);
	lose = false;
	/* RFC 3261 14.1: no answer at all ends the call. */
	CHECK(strstr(r->a.log, "HOLD_FAILED(408)") || strstr(r->a.log, "DISCONNECTED(408)"));
	rig_run_ms(r, 40000);
	rig_close(r);
}

TESTS(RUN(hold_and_resume_from_each_end), RUN(both_hold_and_let_go_one_after_the_other),
	RUN(both_hold_at_the_same_moment),
	RUN(a_hold_that_nobody_answers_leaves_the_session_or_ends_the_call))
