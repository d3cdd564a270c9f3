/* Traces and ladders of phones: what they show, whom, and how they end. */
#include "rig.h"

#include "offhook/trace.h"

#include <unistd.h>

struct seen {
	unsigned n, sent, invites;
	char call_id[64], last[2048];
	offhook_id id;
};

static void on_message(void *arg, const struct offhook_trace_message *m)
{
	struct seen *s = arg;

	CHECK_EQ(m->text_bytes, strlen(m->text));
	CHECK_EQ(m->transport, OFFHOOK_UDP);
	CHECK(m->time_ns > 0);
	s->n++;
	s->sent += m->sent == 1;
	s->invites += strncmp(m->text, "INVITE ", 7) == 0;
	snprintf(s->call_id, sizeof(s->call_id), "%s", m->sip_call_id);
	snprintf(s->last, sizeof(s->last), "%s", m->text);
}

static int start(struct side *s, struct seen *seen, offhook_id call)
{
	struct offhook_trace_cfg cfg;

	offhook_trace_cfg_init(&cfg);
	cfg.on_message = on_message;
	cfg.arg = seen;
	cfg.call = call;
	return offhook_trace_start(s->phone, &cfg, &seen->id);
}

TEST(a_trace_sees_every_message_until_it_is_stopped)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_trace_info info = {.size = sizeof(info)};
	struct seen seen = {0};

	CHECK_OK(start(&r->a, &seen, 0));
	rig_talk(r);
	/* INVITE, 200, ACK */
	CHECK_EQ(seen.n, 3);
	CHECK_EQ(seen.sent, 2);
	CHECK_EQ(seen.invites, 1);
	CHECK(strstr(seen.last, "ACK ") == seen.last);
	CHECK_OK(offhook_trace_get_info(r->a.phone, seen.id, &info));
	CHECK_EQ(info.messages, 3);
	CHECK_EQ(info.dropped, 0);
	CHECK_OK(offhook_trace_stop(r->a.phone, seen.id));
	CHECK_EQ(offhook_trace_stop(r->a.phone, seen.id), OH_ENOENT);
	side_hangup(&r->a, 0);
	CHECK(rig_wait(&r->b, "DISCONNECTED"));
	CHECK_EQ(seen.n, 3);
	rig_close(r);
}

TEST(a_trace_of_one_call_sees_only_that_call)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_call_info *info;
	struct seen seen = {0};
	offhook_id first;

	CHECK_EQ(start(&r->a, &seen, 4711), OH_ENOENT);
	rig_talk(r);
	first = r->a.call;
	info = side_info(&r->a);
	CHECK_OK(start(&r->a, &seen, first));
	side_forget(&r->a);
	side_forget(&r->b);
	rig_talk(r);
	CHECK_EQ(seen.n, 0);
	r->a.call = first;
	side_hangup(&r->a, 0);
	CHECK(rig_wait(&r->b, "DISCONNECTED"));
	rig_run_ms(r, 100);
	CHECK_EQ(seen.n, 2);
	CHECK_STR(seen.call_id, info->sip_call_id);
	offhook_call_info_free(info);
	rig_close(r); /* and with it the trace */
}

TEST(wrong_settings_are_told)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_trace_cfg cfg;
	struct seen seen = {0};
	offhook_id id;

	offhook_trace_cfg_init(&cfg);
	CHECK_EQ(offhook_trace_start(r->a.phone, &cfg, &id), OH_EINVAL);
	cfg.hep = "collector";
	CHECK_EQ(offhook_trace_start(r->a.phone, &cfg, &id), OH_EINVAL);
	CHECK(strstr(offhook_error_detail(), "192.0.2.1:9060"));
	cfg.hep = NULL;
	cfg.pcap = "/nonexistent/trace.pcap";
	CHECK_EQ(err_to_errno(offhook_trace_start(r->a.phone, &cfg, &id)), 2);
	for (unsigned i = 0; i < TRACES_MAX; i++)
		CHECK_OK(start(&r->a, &seen, 0));
	CHECK_EQ(start(&r->a, &seen, 0), OH_ETOOMANY);
	CHECK_EQ(offhook_trace_stop(r->a.phone, 1), OH_ENOENT);
	rig_close(r);
}

/* ---- file and collector ---- */

static size_t file_bytes(const char *path, uint8_t *buf, size_t cap)
{
	FILE *f = fopen(path, "rb");
	size_t n;

	assert_non_null(f);
	n = fread(buf, 1, cap, f);
	fclose(f);
	return n;
}

static uint32_t le(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

TEST(a_capture_file_is_whole_when_the_trace_has_stopped)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_trace_cfg cfg;
	static uint8_t buf[65536];
	size_t n, at = 24, records = 0;
	char path[128];
	offhook_id id;

	offhook_trace_cfg_init(&cfg);
	cfg.pcap = rig_path("trace.pcap", path);
	CHECK_OK(offhook_trace_start(r->a.phone, &cfg, &id));
	rig_talk(r);
	side_hangup(&r->b, 0);
	CHECK(rig_wait(&r->a, "DISCONNECTED"));
	rig_run_ms(r, 100);
	CHECK_OK(offhook_trace_stop(r->a.phone, id));
	n = file_bytes(path, buf, sizeof(buf));
	CHECK_EQ(le(buf), 0xa1b23c4du);
	for (; at < n; records++)
		at += 16 + le(buf + at + 8);
	CHECK_EQ(at, n);
	CHECK_EQ(records, 5);
	unlink(path);
	rig_close(r);
}

TEST(a_trace_that_does_not_start_leaves_the_old_file)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_trace_cfg cfg;
	uint8_t buf[64];
	char path[128];
	offhook_id id;
	FILE *f;

	f = fopen(rig_path("old.pcap", path), "w");
	CHECK(f && fputs("what was there, and is longer than a header", f) >= 0);
	fclose(f);
	offhook_trace_cfg_init(&cfg);
	cfg.pcap = path;
	cfg.call = 4711;
	CHECK_EQ(offhook_trace_start(r->a.phone, &cfg, &id), OH_ENOENT);
	CHECK_EQ(file_bytes(path, buf, sizeof(buf)), 43);
	CHECK_EQ(memcmp(buf, "what was there", 14), 0);
	cfg.call = 0;
	CHECK_OK(offhook_trace_start(r->a.phone, &cfg, &id));
	rig_run_ms(r, 1);
	CHECK_EQ(file_bytes(path, buf, sizeof(buf)), 24);
	CHECK_OK(offhook_trace_stop(r->a.phone, id));
	CHECK_EQ(file_bytes(path, buf, sizeof(buf)), 24);
	unlink(path);
	rig_close(r);
}

/* ---- a disk that hangs ---- */

static char told[1024]; /* warnings about the disk */

static void note_warning(void *arg, int level, const char *module, const char *text)
{
	(void)arg;
	if (level == OFFHOOK_LOG_WARN && strcmp(module, "disk") == 0)
		snprintf(told + strlen(told), sizeof(told) - strlen(told), "%s\n", text);
}

static void log_warnings(struct offhook_phone_cfg *cfg)
{
	cfg->on_log = note_warning;
	cfg->log_level = OFFHOOK_LOG_WARN;
}

/* Two recordings, one of them removed before, two captures, one of them stopped before, and a player. */
TEST(what_a_phone_leaves_to_a_disk_that_hangs_is_completed_without_it)
{
	struct rig *r = rig_new_with(OFFHOOK_DELIVER_INLINE, log_warnings);
	static const int16_t silence[48000];
	struct offhook_trace_cfg cfg;
	static uint8_t buf[65536];
	char in[128], early[128], late[128], stopped[128], running[128];
	offhook_id player, slot, first, second, sinks[2], traces[2];

	told[0] = '\0';
	wav_put(rig_path("hang-in.wav", in), silence, ARRAY_LEN(silence), 16000);
	CHECK_OK(offhook_player_new(r->a.phone, in, 1, NULL, &player, &slot));
	CHECK_OK(offhook_recorder_new(r->a.phone, rig_path("early.wav", early), &first, &sinks[0]));
	CHECK_OK(offhook_recorder_new(r->a.phone, rig_path("late.wav", late), &second, &sinks[1]));
	CHECK_OK(offhook_connect(r->a.phone, slot, sinks[0]));
	CHECK_OK(offhook_connect(r->a.phone, slot, sinks[1]));
	offhook_trace_cfg_init(&cfg);
	cfg.pcap = rig_path("stopped.pcap", stopped);
	CHECK_OK(offhook_trace_start(r->a.phone, &cfg, &traces[0]));
	cfg.pcap = rig_path("running.pcap", running);
	CHECK_OK(offhook_trace_start(r->a.phone, &cfg, &traces[1]));
	rig_run_ms(r, 1);
	sim_disk_hangs(r->a.host, true);
	rig_talk(r);
	rig_run_ms(r, 200);
	CHECK_OK(offhook_trace_stop(r->a.phone, traces[0])); /* nobody can wait in this world */
	CHECK_OK(offhook_port_remove(r->a.phone, first));
	rig_run_ms(r, 100);
	offhook_phone_free(r->a.phone);
	r->a.phone = NULL;
	CHECK(strstr(told, early) && strstr(told, late) && strstr(told, stopped) && strstr(told, running));
	CHECK(!strstr(told, in));
	CHECK_EQ(file_bytes(early, buf, sizeof(buf)), 44);
	CHECK_EQ(file_bytes(late, buf, sizeof(buf)), 44);
	CHECK_EQ(file_bytes(stopped, buf, sizeof(buf)), 24);
	CHECK_EQ(file_bytes(running, buf, sizeof(buf)), 24);
	sim_disk_hangs(r->a.host, false);
	CHECK(file_bytes(early, buf, sizeof(buf)) >= 44 + 2 * 200 * 16);
	CHECK(file_bytes(late, buf, sizeof(buf)) >= 44 + 2 * 300 * 16);
	CHECK(file_bytes(stopped, buf, sizeof(buf)) > 24);
	CHECK(file_bytes(running, buf, sizeof(buf)) > 24);
	rig_drop(r);
	unlink(in);
	unlink(early);
	unlink(late);
	unlink(stopped);
	unlink(running);
}

static unsigned to_collector;

static void on_packet(void *arg, const struct sim_packet *p, enum sim_fate fate)
{
	(void)arg;
	(void)fate;
	to_collector += p->to.port == 9060 && p->n > 4 && memcmp(p->data, "HEP3", 4) == 0;
}

TEST(a_collector_gets_a_packet_for_each_message)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_trace_cfg cfg;
	offhook_id id;

	to_collector = 0;
	sim_tap(r->sim, on_packet, NULL);
	offhook_trace_cfg_init(&cfg);
	cfg.hep = "192.0.2.9:9060";
	CHECK_OK(offhook_trace_start(r->a.phone, &cfg, &id));
	rig_talk(r);
	CHECK_EQ(to_collector, 3);
	CHECK_OK(offhook_trace_stop(r->a.phone, id));
	rig_close(r);
}

/* ---- ladders ---- */

static const char *ladder(struct side *s, offhook_id call)
{
	static char buf[16384];
	long n = offhook_call_ladder(s->phone, call, buf, sizeof(buf));

	CHECK(n > 0 && n < (long)sizeof(buf));
	CHECK_EQ(offhook_call_ladder(s->phone, call, NULL, 0), n);
	CHECK_EQ(strlen(buf), n);
	return buf;
}

/* Do these words stand in the text in this order? */
static void in_order(const char *text, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *at = strstr(text, words[i]);

		if (!at)
			print_message("# '%s' is missing in:\n%s\n", words[i], text);
		CHECK(at != NULL);
		text = at + strlen(words[i]);
	}
}

TEST(both_ends_draw_the_same_ladder_from_their_side)
{
	static const char *const at_a[] = {"Call-ID ", "us: 192.0.2.1:5060", "192.0.2.2:5060", "- INVITE ",
		" SDP -", "->|", "|<-", "100 Trying (INVITE ", "|<-", " 200 OK (INVITE ", " SDP ", " ACK ",
		"->|", " BYE ", "->|", "|<-", " 200 OK (BYE "};
	static const char *const at_b[] = {"us: 192.0.2.2:5060", "|<-", " INVITE ", " SDP ",
		"100 Trying (INVITE ", "->|", " 200 OK (INVITE ", " SDP ", "->|", "|<-", " ACK ", "|<-",
		" BYE ", " 200 OK (BYE ", "->|"};
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	offhook_id a, b;

	rig_call(r);
	CHECK(rig_wait(&r->b, "INCOMING"));
	rig_run_ms(r, 210); /* so slow a program that its transaction says 100 */
	CHECK_OK(side_answer(&r->b, 200));
	CHECK(rig_wait(&r->a, "CONFIRMED") && rig_wait(&r->b, "CONFIRMED"));
	a = r->a.call;
	b = r->b.call;
	side_hangup(&r->a, 0);
	CHECK(rig_wait(&r->b, "DISCONNECTED"));
	rig_run_ms(r, 100);
	/* Both calls have ended; their ladders are still known, after the phone was closed too. */
	in_order(ladder(&r->a, a), at_a, ARRAY_LEN(at_a));
	in_order(ladder(&r->b, b), at_b, ARRAY_LEN(at_b));
	CHECK_OK(offhook_phone_close(r->a.phone, 0));
	in_order(ladder(&r->a, a), at_a, ARRAY_LEN(at_a));
	CHECK_EQ(offhook_call_ladder(r->a.phone, 4711, NULL, 0), OH_ENOENT);
	rig_drop(r);
}

TEST(a_long_ladder_keeps_its_beginning_and_its_end)
{
	static const char *const words[] = {"INVITE ", " SDP ", " messages are left out ", " BYE "};
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	offhook_id a;

	rig_talk(r);
	a = r->a.call;
	for (unsigned i = 0; i < 100; i++) {
		side_forget(&r->a);
		CHECK_OK(offhook_call_reinvite(r->a.phone, a, NULL, 0));
		CHECK(rig_wait(&r->a, "MEDIA"));
		rig_run_ms(r, 100);
	}
	side_hangup(&r->a, 0);
	CHECK(rig_wait(&r->b, "DISCONNECTED"));
	rig_run_ms(r, 100);
	in_order(ladder(&r->a, a), words, ARRAY_LEN(words));
	rig_close(r);
}

static enum sim_fate lose_first(void *arg, const struct sim_packet *p, uint64_t *delay_ns)
{
	unsigned *left = arg;

	(void)p;
	(void)delay_ns;
	if (*left == 0)
		return SIM_BY_RULE;
	(*left)--;
	return SIM_DROP;
}

TEST(what_was_sent_again_is_marked)
{
	static const char *const words[] = {" INVITE ", " SDP -", " INVITE ", " SDP again ", " 200 OK "};
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	unsigned left = 1;

	sim_filter(r->sim, lose_first, &left);
	rig_talk(r);
	in_order(ladder(&r->a, r->a.call), words, ARRAY_LEN(words));
	side_hangup(&r->a, 0);
	rig_close(r);
}

TEST(only_so_many_ended_calls_are_remembered)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	offhook_id first = 0;

	for (unsigned i = 0; i <= LADDERS_KEPT; i++) {
		rig_talk(r);
		first = first ? first : r->a.call;
		side_hangup(&r->a, 0);
		side_forget(&r->b);
		CHECK(i < LADDERS_KEPT ? offhook_call_ladder(r->a.phone, first, NULL, 0) > 0
				       : offhook_call_ladder(r->a.phone, first, NULL, 0) == OH_ENOENT);
		rig_run_ms(r, 100);
		side_forget(&r->a);
		side_forget(&r->b);
	}
	rig_close(r);
}

static int traced_call(void *arg)
{
	struct rig *r = rig_try_new(OFFHOOK_DELIVER_INLINE, NULL);
	struct seen seen = {0};
	struct offhook_trace_cfg cfg;
	char path[128];
	int err;

	(void)arg;
	if (!r)
		return OH_ENOMEM;
	offhook_trace_cfg_init(&cfg);
	cfg.on_message = on_message;
	cfg.arg = &seen;
	cfg.pcap = rig_path("oom.pcap", path);
	cfg.hep = "192.0.2.9:9060";
	err = offhook_trace_start(r->a.phone, &cfg, &seen.id);
	if (!err)
		err = rig_try_call(r);
	rig_run_ms(r, 100);
	rig_drop(r);
	unlink(path);
	return err;
}

TEST(memory_runs_out_under_a_trace)
{
	check_every_allocation_fails(traced_call, NULL);
}

TESTS(RUN(a_trace_sees_every_message_until_it_is_stopped), RUN(a_trace_of_one_call_sees_only_that_call),
	RUN(wrong_settings_are_told), RUN(a_capture_file_is_whole_when_the_trace_has_stopped),
	RUN(a_trace_that_does_not_start_leaves_the_old_file),
	RUN(what_a_phone_leaves_to_a_disk_that_hangs_is_completed_without_it),
	RUN(a_collector_gets_a_packet_for_each_message), RUN(both_ends_draw_the_same_ladder_from_their_side),
	RUN(a_long_ladder_keeps_its_beginning_and_its_end), RUN(what_was_sent_again_is_marked),
	RUN(only_so_many_ended_calls_are_remembered), RUN(memory_runs_out_under_a_trace))
