/* Headers and lines of descriptions that the program wants in the messages of its calls. */
#include "rig.h"

#include "offhook/edit.h"

static const struct offhook_header_edit headers[] = {
	{OFFHOOK_IN_INVITE, "X-First", "1"},
	{OFFHOOK_IN_REINVITE | OFFHOOK_IN_UPDATE, "X-Later", "2"},
	{OFFHOOK_IN_PROVISIONAL, "X-Ringing", "3"},
	{OFFHOOK_IN_ACCEPTED, "X-Accepted", "4"},
};
static const struct offhook_sdp_edit lines[] = {
	{OFFHOOK_SDP_ADD, OFFHOOK_SDP_AUDIO, NULL, "b=AS:80"},
	{OFFHOOK_SDP_ADD, OFFHOOK_SDP_SESSION, NULL, "a=tool:x"},
	{OFFHOOK_SDP_REPLACE, OFFHOOK_SDP_AUDIO, "a=ptime:", "a=ptime:40"},
};

static int set(struct side *s)
{
	struct offhook_edits edits = {.size = sizeof(edits),
		.headers = headers,
		.n_headers = ARRAY_LEN(headers),
		.sdp = lines,
		.n_sdp = ARRAY_LEN(lines)};

	return offhook_account_set_edits(s->phone, s->account, &edits);
}

static bool has(const struct side *s, const char *words)
{
	return strstr(s->message, words) != NULL;
}

TEST(each_message_has_what_is_for_it)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);

	CHECK_OK(set(&r->a));
	CHECK_OK(set(&r->b));
	rig_call(r);
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK(has(&r->b, "\r\nX-First: 1\r\n") && !has(&r->b, "X-Later") && !has(&r->b, "X-Accepted"));
	CHECK(has(&r->b, "\r\na=tool:x\r\nm=audio ") && has(&r->b, "\r\nb=AS:80\r\na="));
	CHECK(has(&r->b, "\r\na=ptime:40\r\n") && !has(&r->b, "a=ptime:20"));
	CHECK_OK(side_answer(&r->b, 183));
	CHECK(rig_wait(&r->a, "EARLY(183)"));
	CHECK(has(&r->a, "\r\nX-Ringing: 3\r\n") && has(&r->a, "\r\nb=AS:80\r\n"));
	CHECK_OK(side_answer(&r->b, 200));
	CHECK(rig_wait(&r->a, "CONFIRMED"));
	CHECK(has(&r->a, "\r\nX-Accepted: 4\r\n") && !has(&r->a, "X-Ringing"));
	/* The description of the 183 was not looked at twice, and what was agreed is what is agreed. */
	CHECK(strstr(r->a.log, "MEDIA(ACTIVE,3,slot)"));
	CHECK_OK(side_hangup(&r->a, 0));
	CHECK(rig_wait(&r->b, "DISCONNECTED"));
	rig_close(r);
}

static char newest[4096]; /* SIP message on the wire */

static enum sim_fate note_packet(void *arg, const struct sim_packet *p, uint64_t *delay_ns)
{
	(void)arg;
	(void)delay_ns;
	if (p->from.port == 5060)
		snprintf(newest, sizeof(newest), "%.*s", (int)p->n, (const char *)p->data);
	return SIM_BY_RULE;
}

TEST(they_reach_calls_that_are_there_and_go_again)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct sim *sim = r->sim;

	rig_talk(r);
	sim_filter(sim, note_packet, NULL);
	CHECK_OK(set(&r->a));
	CHECK_OK(offhook_call_hold(r->a.phone, r->a.call, NULL, 0));
	CHECK(strstr(newest, "\r\nX-Later: 2\r\n") && strstr(newest, "\r\nb=AS:80\r\n"));
	CHECK(rig_wait(&r->b, "REMOTE_HOLD"));
	CHECK(rig_wait(&r->a, "LOCAL_HOLD"));
	rig_run_ms(r, 100);
	CHECK_OK(offhook_account_set_edits(r->a.phone, r->a.account, NULL));
	CHECK_OK(offhook_call_reinvite(r->a.phone, r->a.call, NULL, 0));
	CHECK(strstr(newest, "INVITE ") == newest && !strstr(newest, "X-Later") &&
		!strstr(newest, "b=AS:80"));
	rig_run_ms(r, 100);
	sim_filter(sim, NULL, NULL);
	rig_close(r);
}

TEST(edits_that_cannot_be)
{
	static const struct offhook_header_edit bad_headers[] = {
		{0, "X-A", "1"}, {32, "X-A", "1"}, {1, "Via", "1"}, {1, "X-A", "1\r\n2"}, {1, NULL, "1"}};
	static const struct offhook_sdp_edit bad_lines[] = {{9, OFFHOOK_SDP_AUDIO, "a=x", "a=y"},
		{OFFHOOK_SDP_ADD, 9, NULL, "a=y"},
		{OFFHOOK_SDP_ADD, OFFHOOK_SDP_AUDIO, NULL, "c=IN IP4 1.2.3.4"},
		{OFFHOOK_SDP_ADD, OFFHOOK_SDP_AUDIO, NULL, NULL},
		{OFFHOOK_SDP_REMOVE, OFFHOOK_SDP_AUDIO, "m=", NULL}};
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_edits edits = {.size = sizeof(edits)};

	for (size_t i = 0; i < ARRAY_LEN(bad_headers); i++) {
		edits.headers = &bad_headers[i];
		edits.n_headers = 1;
		CHECK_EQ(offhook_account_set_edits(r->a.phone, r->a.account, &edits), OH_EINVAL);
	}
	edits.n_headers = 0;
	for (size_t i = 0; i < ARRAY_LEN(bad_lines); i++) {
		edits.sdp = &bad_lines[i];
		edits.n_sdp = 1;
		CHECK_EQ(offhook_account_set_edits(r->a.phone, r->a.account, &edits), OH_EINVAL);
	}
	edits.sdp = NULL;
	CHECK_EQ(offhook_account_set_edits(r->a.phone, r->a.account, &edits), OH_EINVAL);
	edits.n_sdp = OFFHOOK_EDITS_MAX + 1;
	CHECK_EQ(offhook_account_set_edits(r->a.phone, r->a.account, &edits), OH_ETOOMANY);
	edits.n_sdp = 0;
	edits.headers = NULL;
	edits.n_headers = 1;
	CHECK_EQ(offhook_account_set_edits(r->a.phone, r->a.account, &edits), OH_EINVAL);
	edits.n_headers = OFFHOOK_EDITS_MAX + 1;
	CHECK_EQ(offhook_account_set_edits(r->a.phone, r->a.account, &edits), OH_ETOOMANY);
	CHECK_EQ(offhook_account_set_edits(r->a.phone, 1, NULL), OH_ENOENT);
	rig_close(r);
}

static int edited_call_with_failing_memory(void *arg)
{
	struct rig *r = rig_try_new(OFFHOOK_DELIVER_INLINE, NULL);
	int err = r ? 0 : OH_ENOMEM;

	(void)arg;
	if (!err)
		err = set(&r->a);
	if (!err)
		err = set(&r->b);
	if (!err)
		err = rig_try_call(r);
	if (!err) {
		rig_run_ms(r, 100);
		(void)side_answer(&r->b, 200);
		rig_run_ms(r, 1000);
	}
	rig_drop(r);
	return err;
}

TEST(every_allocation_of_an_edited_call_may_fail)
{
	check_every_allocation_fails(edited_call_with_failing_memory, NULL);
}

TESTS(RUN(each_message_has_what_is_for_it), RUN(they_reach_calls_that_are_there_and_go_again),
	RUN(edits_that_cannot_be), RUN(every_allocation_of_an_edited_call_may_fail))
