/* Headers and lines of descriptions that the program wants in the messages of its calls; the filter that sees all of them. */
#include "peer.h"

#include "offhook/edit.h"
#include "offhook/filter.h"

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

/* ---- filters ---- */

/* Which messages a filter has seen, and which have left without its mark. */
static char shown[1024];
static unsigned n_unmarked, n_left;

static void mark(void *arg, struct offhook_draft *draft)
{
	char method[16], value[64];

	(void)arg;
	CHECK(offhook_draft_method(draft, method, sizeof(method)) > 0);
	snprintf(value, sizeof(value), "%s %u", method, offhook_draft_status(draft));
	if (!strstr(shown, value))
		snprintf(shown + strlen(shown), sizeof(shown) - strlen(shown), "%s, ", value);
	CHECK_OK(offhook_draft_set_header(draft, "X-Mark", value));
}

static void marking(struct offhook_phone_cfg *cfg)
{
	cfg->filter = mark;
}

static enum sim_fate look_for_mark(void *arg, const struct sim_packet *p, uint64_t *delay_ns)
{
	char text[4096];

	(void)arg;
	(void)delay_ns;
	snprintf(text, sizeof(text), "%.*s", (int)p->n, (const char *)p->data);
	if (p->from.port != 5060 || p->n < 20)
		return SIM_BY_RULE;
	n_left++;
	n_unmarked += strstr(text, "\r\nX-Mark: ") == NULL;
	return SIM_BY_RULE;
}

/* Both ends mark what they send. */
TEST(a_filter_sees_every_message_that_leaves)
{
	static const char *const all[] = {"INVITE 0, ", "INVITE 100, ", "INVITE 180, ", "INVITE 200, ",
		"ACK 0, ", "INVITE 487, ", "INVITE 486, ", "CANCEL 0, ", "CANCEL 200, ", "INFO 0, ",
		"INFO 200, ", "BYE 0, ", "BYE 200, ", "MESSAGE 0, ", "MESSAGE 200, "};
	const struct offhook_message message = {.size = sizeof(message), .uri = "sip:bob@" RIG_B_IP};
	const struct offhook_request info = {.size = sizeof(info), .method = "INFO"};
	struct rig *r = rig_new_with(OFFHOOK_DELIVER_INLINE, marking);

	shown[0] = '\0';
	n_left = n_unmarked = 0;
	sim_filter(r->sim, look_for_mark, NULL);
	rig_call(r);
	CHECK(rig_wait(&r->b, "INCOMING"));
	rig_run_ms(r, 210);
	CHECK_OK(side_answer(&r->b, 180));
	CHECK(rig_wait(&r->a, "EARLY"));
	CHECK(strstr(r->a.message, "\r\nX-Mark: INVITE 180\r\n"));
	CHECK_OK(side_hangup(&r->a, 0));
	CHECK(rig_wait(&r->b, "DISCONNECTED"));
	side_forget(&r->b);
	rig_call(r);
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK_OK(side_answer(&r->b, 486));
	CHECK(rig_wait(&r->a, "DISCONNECTED(486)"));
	side_forget(&r->a);
	side_forget(&r->b);
	rig_talk(r);
	CHECK_OK(offhook_call_request(r->a.phone, r->a.call, &info));
	CHECK(rig_wait(&r->a, "RESPONSE(200)"));
	CHECK_OK(offhook_message_send(r->a.phone, 0, &message, NULL));
	CHECK(rig_wait(&r->a, "SENT(200)"));
	CHECK_OK(side_hangup(&r->a, 0));
	CHECK(rig_wait(&r->b, "DISCONNECTED"));
	rig_run_ms(r, 1000);
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		if (!strstr(shown, all[i]))
			print_error("not shown: %s\n", all[i]);
		CHECK(strstr(shown, all[i]) != NULL);
	}
	CHECK(n_left > 15);
	CHECK_EQ(n_unmarked, 0);
	sim_filter(r->sim, NULL, NULL);
	rig_close(r);
}

/* What a refusal without a transaction says is shown, too, and so is the ACK to one. */
TEST(a_filter_sees_what_strangers_are_told)
{
	struct rig *r = rig_new_with(OFFHOOK_DELIVER_INLINE, marking);
	struct peer p;

	peer_open(&p, r);
	peer_say(&p, "BYE", "bob", "tag", 1, "", "");
	CHECK(peer_got(&p, "SIP/2.0 481 ") && peer_got(&p, "\r\nX-Mark: BYE 481\r\n"));
	peer_say(&p, "OPTIONS", "bob", "", 2, "Require: nothing\r\n", "");
	CHECK(peer_got(&p, "SIP/2.0 420 ") && peer_got(&p, "\r\nX-Mark: OPTIONS 420\r\n"));
	peer_close(&p);
	rig_close(r);
}

/* What it does to an INVITE, and what it tries in vain. */
static void rewrite(void *arg, struct offhook_draft *draft)
{
	static const char *const fixed[] = {"Via", "Route", "From", "t", "Call-ID", "CSeq", "Content-Length",
		"Content-Type", "Max-Forwards"};
	struct side *s = arg;
	char method[16], from[128], body[2048];
	const char *text, *sdp;
	size_t n, n_sdp;

	CHECK(offhook_draft_method(draft, method, sizeof(method)) > 0);
	if (strcmp(method, "INVITE") != 0 || offhook_draft_status(draft) != 0)
		return;
	text = offhook_draft_message(draft, &n);
	CHECK(offhook_message_header(text, n, "From", 0, from, sizeof(from)) > 0);
	CHECK(strstr(from, "alice"));
	sdp = offhook_message_body(text, n, &n_sdp);
	CHECK(n_sdp > 0);
	snprintf(body, sizeof(body), "%.*sa=tool:filter\r\n", (int)n_sdp, sdp);
	CHECK_OK(offhook_draft_set_header(draft, "Allow-Events", NULL));
	CHECK_OK(offhook_draft_set_header(draft, "k", "timer"));
	CHECK_OK(offhook_draft_set_header(draft, "Contact", "<sip:alice@" RIG_A_IP ">;isfocus"));
	CHECK_OK(offhook_draft_add_header(draft, "X-Two", "1"));
	CHECK_OK(offhook_draft_add_header(draft, "X-Two", "2"));
	CHECK_OK(offhook_draft_set_body(draft, "application/sdp", body, strlen(body)));
	/* In vain, and without a trace. */
	for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
		CHECK_EQ(offhook_draft_set_header(draft, fixed[i], "x"), OH_EINVAL);
	CHECK_EQ(offhook_draft_add_header(draft, "X-Bad", "a\r\nb"), OH_EINVAL);
	CHECK_EQ(offhook_draft_add_header(draft, "X-Bad", NULL), OH_EINVAL);
	CHECK_EQ(offhook_draft_add_header(draft, "a b", "c"), OH_EINVAL);
	CHECK_EQ(offhook_draft_set_body(draft, NULL, "x", 1), OH_EINVAL);
	CHECK_EQ(offhook_draft_set_body(draft, "a\r\nb", "x", 1), OH_EINVAL);
	CHECK_EQ(offhook_draft_method(draft, method, 0), OH_EINVAL);
	CHECK_EQ(offhook_call_hangup(s->phone, s->call, NULL), OH_EBUSY);
	CHECK_EQ(offhook_calls(s->phone, NULL, 0), OH_EBUSY);
}

static void rewriting(struct offhook_phone_cfg *cfg)
{
	if (strcmp(((struct side *)cfg->on_event_arg)->name, "alice") != 0)
		return;
	cfg->filter = rewrite;
	cfg->filter_arg = cfg->on_event_arg;
}

TEST(a_filter_changes_headers_and_the_description)
{
	struct rig *r = rig_new_with(OFFHOOK_DELIVER_INLINE, rewriting);
	const char *first;

	rig_call(r);
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK(has(&r->b, "\r\nSupported: timer\r\n") || has(&r->b, "\r\nk: timer\r\n"));
	CHECK(!has(&r->b, "100rel") && !has(&r->b, "Allow-Events") && !has(&r->b, "X-Bad"));
	CHECK(has(&r->b, "\r\nContact: <sip:alice@" RIG_A_IP ">;isfocus\r\n"));
	first = strstr(r->b.message, "\r\nContact:");
	CHECK(first && !strstr(first + 1, "\r\nContact:"));
	CHECK(has(&r->b, "\r\nX-Two: 1\r\nX-Two: 2\r\nContent-Type: application/sdp\r\nContent-Length: "));
	CHECK(has(&r->b, "\r\na=tool:filter\r\n"));
	CHECK_OK(side_answer(&r->b, 200));
	CHECK(rig_wait(&r->a, "CONFIRMED"));
	CHECK(rig_wait(&r->b, "CONFIRMED"));
	/* What it may not do inside it may outside. */
	CHECK_OK(side_hangup(&r->a, 0));
	CHECK(rig_wait(&r->b, "DISCONNECTED"));
	rig_close(r);
}

static void bare(void *arg, struct offhook_draft *draft)
{
	static char huge[70000];

	(void)arg;
	memset(huge, 'x', sizeof(huge));
	CHECK_EQ(offhook_draft_set_body(draft, "text/plain", huge, sizeof(huge)), OH_ETOOBIG);
	CHECK_OK(offhook_draft_set_body(draft, NULL, NULL, 0));
}

static void baring(struct offhook_phone_cfg *cfg)
{
	cfg->filter = bare;
}

TEST(a_filter_takes_a_body_away)
{
	const struct offhook_message message = {
		.size = sizeof(message), .uri = "sip:bob@" RIG_B_IP, .body = "hello", .body_length = 5};
	struct rig *r = rig_new_with(OFFHOOK_DELIVER_INLINE, baring);

	CHECK_OK(offhook_message_send(r->a.phone, 0, &message, NULL));
	CHECK(rig_wait(&r->b, "MESSAGE"));
	CHECK(has(&r->b, "\r\nContent-Length: 0\r\n\r\n") && !has(&r->b, "Content-Type") &&
		!has(&r->b, "hello"));
	rig_close(r);
}

static void mark_or_not(void *arg, struct offhook_draft *draft)
{
	(void)arg;
	(void)offhook_draft_set_header(draft, "X-Mark", "1");
	(void)offhook_draft_set_body(draft, "text/plain", "x", 1);
}

static void marking_or_not(struct offhook_phone_cfg *cfg)
{
	cfg->filter = mark_or_not;
}

static int filtered_with_failing_memory(void *arg)
{
	const struct offhook_message message = {.size = sizeof(message), .uri = "sip:bob@" RIG_B_IP};
	struct rig *r = rig_try_new(OFFHOOK_DELIVER_INLINE, marking_or_not);
	int err = r ? offhook_message_send(r->a.phone, 0, &message, NULL) : OH_ENOMEM;

	(void)arg;
	if (r)
		rig_run_ms(r, 1000);
	rig_drop(r);
	return err;
}

TEST(every_allocation_of_a_filter_may_fail)
{
	check_every_allocation_fails(filtered_with_failing_memory, NULL);
}

TESTS(RUN(each_message_has_what_is_for_it), RUN(they_reach_calls_that_are_there_and_go_again),
	RUN(edits_that_cannot_be), RUN(every_allocation_of_an_edited_call_may_fail),
	RUN(a_filter_sees_every_message_that_leaves), RUN(a_filter_sees_what_strangers_are_told),
	RUN(a_filter_changes_headers_and_the_description), RUN(a_filter_takes_a_body_away),
	RUN(every_allocation_of_a_filter_may_fail))
