/* Lists of those who may send requests: to a transport, to an account; and what the others get. */
#include "peer.h"

#include "base/mem.h"
#include "offhook/security.h"
#include "phone/sources.h"

static bool allows(const char *entry, const char *from)
{
	struct sources *s = NULL;
	struct netaddr addr;
	bool yes;

	CHECK_OK(sources_new(&entry, 1, &s));
	CHECK_OK(netaddr_parse_ip(slice_of(from), 4711, &addr));
	yes = sources_allow(s, &addr);
	mem_free(s);
	return yes;
}

TEST(an_entry_is_an_address_or_a_prefix)
{
	static const struct {
		const char *entry, *from;
		bool yes;
	} rows[] = {
		{"192.0.2.1", "192.0.2.1", true},
		{"192.0.2.1", "192.0.2.2", false},
		{" 192.0.2.0/24 ", "192.0.2.255", true},
		{"192.0.2.0/24", "192.0.3.0", false},
		{"192.0.2.128/25", "192.0.2.127", false},
		{"192.0.2.128/25", "192.0.2.200", true},
		{"192.0.2.8/29", "192.0.2.15", true},
		{"192.0.2.8/29", "192.0.2.16", false},
		{"0.0.0.0/0", "203.0.113.9", true},
		{"0.0.0.0/0", "2001:db8::1", false},
		{"2001:db8::/32", "2001:db8:ffff::1", true},
		{"2001:db8::/32", "2001:db9::1", false},
		{"[2001:db8::1]", "2001:db8::1", true},
		{"::/0", "::1", true},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_EQ(allows(rows[i].entry, rows[i].from), rows[i].yes);
}

TEST(an_entry_that_is_none_is_refused)
{
	static const char *const rows[] = {"", "nonsense", "192.0.2.0/33", "192.0.2.0/", "192.0.2.0/-1",
		"2001:db8::/129", "/8", "192.0.2.0/8/8", NULL};
	const char *many[OFFHOOK_SOURCES_MAX + 1];
	struct sources *s = NULL;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CHECK_EQ(sources_new(&rows[i], 1, &s), OH_EINVAL);
		CHECK(s == NULL);
	}
	for (size_t i = 0; i < ARRAY_LEN(many); i++)
		many[i] = "192.0.2.1";
	CHECK_EQ(sources_new(many, ARRAY_LEN(many), &s), OH_EINVAL);
	CHECK_OK(sources_new(NULL, 0, &s));
	CHECK(s == NULL && sources_allow(s, &(struct netaddr){0}) && sources_count(s) == 0);
}

/* ---- in a phone ---- */

static void silent(struct offhook_phone_cfg *cfg)
{
	cfg->disallowed = OFFHOOK_UNMATCHED_DROP;
}

static void busy(struct offhook_phone_cfg *cfg)
{
	cfg->disallowed = 486;
}

static const char *const others[] = {"203.0.113.0/24"}, *const ours[] = {"203.0.113.0/24", PEER_IP};

static const char *told(struct peer *p)
{
	static char status[4];
	static unsigned cseq;

	p->got[0] = 0;
	peer_say(p, "OPTIONS", "bob", "", ++cseq, "", "");
	if (!p->got[0])
		return "";
	snprintf(status, sizeof(status), "%.3s", p->got + 8);
	return status;
}

/* The account of the second phone, anew. */
static void account_allows(struct side *s, const char *const *list, size_t n)
{
	struct offhook_account_cfg cfg;

	offhook_account_cfg_init(&cfg);
	cfg.uri = "sip:bob@" RIG_B_IP;
	cfg.transport = s->transport;
	cfg.allow_from = list;
	cfg.n_allow_from = n;
	CHECK_OK(offhook_account_modify(s->phone, s->account, &cfg));
}

TEST(who_is_not_in_the_list_of_the_account_hears_what_was_chosen)
{
	static const struct {
		rig_settings *settings;
		const char *const *list;
		size_t n;
		const char *answer;
	} rows[] = {
		{NULL, NULL, 0, "200"},
		{NULL, ours, 2, "200"},
		{NULL, others, 1, "403"},
		{silent, others, 1, ""},
		{busy, others, 1, "486"},
		{silent, ours, 2, "200"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rig *r = rig_new_with(OFFHOOK_DELIVER_INLINE, rows[i].settings);
		struct peer p;

		peer_open(&p, r);
		account_allows(&r->b, rows[i].list, rows[i].n);
		CHECK_STR(told(&p), rows[i].answer);
		peer_close(&p);
		rig_close(r);
	}
}

TEST(a_list_of_the_transport_holds_for_all_its_accounts)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_transport_cfg cfg;
	struct offhook_security_row rows[32];
	struct peer p;
	size_t n;
	offhook_id id;

	peer_open(&p, r);
	offhook_transport_cfg_init(&cfg);
	cfg.address = RIG_B_IP;
	cfg.port = 5070;
	cfg.allow_from = others;
	cfg.n_allow_from = 1;
	CHECK_OK(offhook_transport_add(r->b.phone, &cfg, &id));
	CHECK_STR(told(&p), "200");
	p.phone.port = 5070;
	CHECK_STR(told(&p), "403");
	CHECK_OK(offhook_phone_security(r->b.phone, rows, ARRAY_LEN(rows), &n));
	for (size_t i = 0; i < n; i++)
		if (!strcmp(rows[i].name, "allow_from"))
			CHECK(rows[i].ok && !strcmp(rows[i].value, "1"));
	cfg.port = 5071;
	cfg.allow_from = &(const char *){"nonsense"};
	CHECK_EQ(offhook_transport_add(r->b.phone, &cfg, &id), OH_EINVAL);
	peer_close(&p);
	rig_close(r);
}

/* A TCP transport of the second phone for these alone; the first one calls it. */
static void call_by_tcp(struct rig *r, const char *const *list, size_t n)
{
	struct offhook_transport_cfg cfg;
	struct offhook_call_cfg call;
	offhook_id id;

	offhook_transport_cfg_init(&cfg);
	cfg.type = OFFHOOK_TCP;
	cfg.address = RIG_A_IP;
	CHECK_OK(offhook_transport_add(r->a.phone, &cfg, &id));
	cfg.address = RIG_B_IP;
	cfg.port = 5070;
	cfg.allow_from = list;
	cfg.n_allow_from = n;
	CHECK_OK(offhook_transport_add(r->b.phone, &cfg, &id));
	offhook_call_cfg_init(&call);
	call.uri = "sip:bob@" RIG_B_IP ":5070;transport=tcp";
	CHECK_OK(offhook_call_make(r->a.phone, r->a.account, &call, &r->a.call));
}

TEST(a_connection_from_elsewhere_ends_before_a_word)
{
	static const struct {
		const char *list, *end;
		bool talking; /* a call is with him by another transport: only his request is refused */
	} rows[] = {
		{"203.0.113.0/24", "DISCONNECTED(503)", false},
		{"203.0.113.0/24", "DISCONNECTED(403)", true},
		{RIG_A_IP, "EARLY(180)", false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
		offhook_id first = 0;

		if (rows[i].talking) {
			rig_talk(r);
			first = r->a.call;
		}
		side_forget(&r->b);
		call_by_tcp(r, &rows[i].list, 1);
		rig_run_ms(r, 100);
		if (strstr(r->b.log, "INCOMING"))
			CHECK_OK(side_answer(&r->b, 180));
		CHECK(rig_wait(&r->a, rows[i].end));
		CHECK_EQ(strstr(r->b.log, "INCOMING") != NULL, i == 2);
		if (first)
			CHECK_OK(offhook_call_hangup(r->a.phone, first, NULL));
		side_hangup(&r->a, 0);
		rig_run_ms(r, 1000);
		rig_drop(r);
	}
}

/* A call that stands is not asked where its peer is now. */
TEST(what_comes_inside_of_a_call_passes)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);

	rig_talk(r);
	account_allows(&r->b, others, 1);
	CHECK_OK(side_hangup(&r->a, 0));
	CHECK(rig_wait(&r->a, "DISCONNECTED(200)"));
	rig_close(r);
}

TESTS(RUN(an_entry_is_an_address_or_a_prefix), RUN(an_entry_that_is_none_is_refused),
	RUN(who_is_not_in_the_list_of_the_account_hears_what_was_chosen),
	RUN(a_list_of_the_transport_holds_for_all_its_accounts), RUN(what_comes_inside_of_a_call_passes),
	RUN(a_connection_from_elsewhere_ends_before_a_word))
