/* The small parts: ids, URIs as programs write them, headers that programs add. */
#include "rig.h"

#include "phone/call_impl.h"
#include "phone/uri_text.h"

TEST(an_id_never_comes_back)
{
	struct id_table t = {0};
	offhook_id ids[100], old[100];
	int object;

	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 100; i++) {
			CHECK_OK(ids_add(&t, ID_CALL, &object, &ids[i]));
			CHECK(ids_find(&t, ID_CALL, ids[i]) == &object);
			CHECK(ids_find(&t, ID_FILE, ids[i]) == NULL);
			if (round) {
				CHECK(ids[i] != old[i]);
				CHECK(ids_find(&t, ID_CALL, old[i]) == NULL);
			}
		}
		for (int i = 0; i < 100; i++) {
			ids_remove(&t, ids[i]);
			ids_remove(&t, ids[i]);
			CHECK(ids_find(&t, ID_CALL, ids[i]) == NULL);
		}
		memcpy(old, ids, sizeof(old));
	}
	CHECK(ids_find(&t, ID_CALL, 0) == NULL);
	CHECK(ids_find(&t, ID_CALL, UINT64_MAX) == NULL);
	/* An index whose generations are used up is retired. */
	CHECK_OK(ids_add(&t, ID_CALL, &object, &ids[0]));
	t.entries[id_index(ids[0])].generation = UINT32_MAX;
	ids_remove(&t, id_make(ID_CALL, UINT32_MAX, id_index(ids[0])));
	for (int i = 1; i < 100; i++) {
		CHECK_OK(ids_add(&t, ID_CALL, &object, &ids[i]));
		CHECK(id_index(ids[i]) != id_index(ids[0]));
	}
	ids_free(&t);
}

TEST(uris_become_what_from_to_and_the_request_line_allow)
{
	static const struct {
		const char *text, *identity, *target;
	} rows[] = {
		{"sip:bob@host", "<sip:bob@host>", "sip:bob@host"},
		{"sip:host:5080", "<sip:host>", "sip:host:5080"},
		{"<sip:bob@host:5080;transport=udp;user=phone>", "<sip:bob@host;user=phone>",
			"sip:bob@host:5080;transport=udp;user=phone"},
		{"sip:bob@host;transport=udp", "<sip:bob@host>", "sip:bob@host;transport=udp"},
		{"\"Bob \\\"B\\\"\" <sip:bob@host>", "\"Bob \\\"B\\\"\" <sip:bob@host>", "sip:bob@host"},
		{"Bob <sip:bob@host>", "\"Bob\" <sip:bob@host>", "sip:bob@host"},
		{"sip:b%6fb:pw@host;lr;maddr=1.2.3.4;ttl=1;method=BYE?Subject=x", "<sip:b%6fb:pw@host>",
			"sip:b%6fb:pw@host;lr;maddr=1.2.3.4;ttl=1"},
		{"sip:[2001:db8::1]:5060", "<sip:[2001:db8::1]>", "sip:[2001:db8::1]:5060"},
		{"  sips:bob@host  ", "<sips:bob@host>", "sips:bob@host"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sip_addr addr;
		char *text;

		CHECK_OK(uri_text_parse(rows[i].text, &addr));
		text = uri_text_identity(&addr);
		CHECK_STR(text, rows[i].identity);
		mem_free(text);
		text = uri_text_target(&addr.uri);
		CHECK_STR(text, rows[i].target);
		mem_free(text);
	}
}

TEST(headers_of_the_program_are_checked)
{
	static const struct {
		struct offhook_header header;
		int err;
	} rows[] = {
		{{"X-A", "b"}, 0},
		{{"Subject", ""}, 0},
		{{"X A", "b"}, OH_EINVAL},
		{{"X:A", "b"}, OH_EINVAL},
		{{"", "b"}, OH_EINVAL},
		{{"X", "a\nb"}, OH_EINVAL},
		{{"X", "a\rb"}, OH_EINVAL},
		{{"Via", "x"}, OH_EINVAL},
		{{"v", "x"}, OH_EINVAL},
		{{"content-length", "7"}, OH_EINVAL},
		{{"c", "text/plain"}, OH_EINVAL},
		{{NULL, "b"}, OH_EINVAL},
		{{"X", NULL}, OH_EINVAL},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct extras *x = NULL;

		CHECK_EQ(extras_new(&rows[i].header, 1, &x), rows[i].err);
		if (!rows[i].err) {
			CHECK_SLICE(x->list[0].name, rows[i].header.name);
			CHECK_SLICE(x->list[0].value, rows[i].header.value);
		}
		mem_free(x);
	}
}

TEST(settings_out_of_range_are_named)
{
	struct offhook_phone *phone;
	offhook_id id;
	struct offhook_phone_cfg cfg;

	CHECK_EQ(offhook_phone_new(NULL, NULL), OH_EINVAL);
	offhook_phone_cfg_init(&cfg);
	cfg.clock_rate_hz = 44100;
	CHECK_EQ(offhook_phone_new(&cfg, &phone), OH_EINVAL);
	CHECK(strstr(offhook_error_detail(), "clock_rate_hz") != NULL);
	offhook_phone_cfg_init(&cfg);
	cfg.ptime_ms = 15;
	CHECK_EQ(offhook_phone_new(&cfg, &phone), OH_EINVAL);
	offhook_phone_cfg_init(&cfg);
	cfg.rtp_port_max = cfg.rtp_port_min;
	CHECK_EQ(offhook_phone_new(&cfg, &phone), OH_EINVAL);
	cfg.size = 0;
	CHECK_EQ(offhook_phone_new(&cfg, &phone), OH_EINVAL);
	CHECK_EQ(offhook_phone_close(NULL, 0), OH_EINVAL);
	CHECK_EQ(offhook_call_hangup(NULL, 1, NULL), OH_EINVAL);
	CHECK_EQ(offhook_events_fd(NULL), OH_EINVAL);
	CHECK_EQ(offhook_process(NULL, 0), OH_EINVAL);
	CHECK_EQ(offhook_process_object(NULL, 1, 1), OH_EINVAL);
	CHECK_EQ(offhook_player_new(NULL, "x", 0, NULL, &id, &id), OH_EINVAL);
	CHECK_EQ(offhook_recorder_new(NULL, "x", &id, &id), OH_EINVAL);
	CHECK_EQ(offhook_tone_new(NULL, NULL, &id, &id), OH_EINVAL);
	offhook_phone_free(NULL);
}

TEST(a_newer_program_and_an_older_library_understand_each_other)
{
	struct {
		struct offhook_call_cfg cfg;
		char more[32]; /* of a later version */
	} newer = {0};
	struct offhook_call_cfg ours = {.size = sizeof(ours)};
	struct {
		size_t size;
		uint64_t calls;
	} older = {sizeof(older), 7};
	struct offhook_counters now = {.size = sizeof(now), .calls = 3, .dialogs = 5};

	newer.cfg.size = sizeof(newer);
	newer.cfg.uri = "sip:x";
	CHECK_OK(cfg_take(&ours, sizeof(ours), &newer));
	CHECK_EQ(ours.size, sizeof(ours));
	CHECK_STR(ours.uri, "sip:x");
	CHECK_OK(info_give(&older, &now, sizeof(now)));
	CHECK_EQ(older.size, sizeof(older));
	CHECK_EQ(older.calls, 3);
}

TESTS(RUN(an_id_never_comes_back), RUN(uris_become_what_from_to_and_the_request_line_allow),
	RUN(headers_of_the_program_are_checked), RUN(settings_out_of_range_are_named),
	RUN(a_newer_program_and_an_older_library_understand_each_other))
