/* URIs, addresses and parameters: RFC 3261 19.1, 20.10, 25.1 and RFC 3966, a row a case. */
#include "check.h"

#include "offhook/error.h"
#include "sip/uri.h"

/* NULL: absent. port 0: none. */
static const struct {
	const char *text;
	enum sip_scheme scheme;
	const char *user, *password, *host, *params, *headers;
	uint16_t port;
} good[] = {
	{"sip:biloxi.com", SIP_SCHEME_SIP, NULL, NULL, "biloxi.com", NULL, NULL, 0},
	{"sip:alice@atlanta.com", SIP_SCHEME_SIP, "alice", NULL, "atlanta.com", NULL, NULL, 0},
	{"sip:alice:secretword@atlanta.com;transport=tcp", SIP_SCHEME_SIP, "alice", "secretword",
		"atlanta.com", "transport=tcp", NULL, 0},
	{"sips:alice@atlanta.com?subject=project%20x&priority=urgent", SIP_SCHEME_SIPS, "alice", NULL,
		"atlanta.com", NULL, "subject=project%20x&priority=urgent", 0},
	{"SIP:+1-212-555-1212:1234@gateway.com:5080;user=phone", SIP_SCHEME_SIP, "+1-212-555-1212", "1234",
		"gateway.com", "user=phone", NULL, 5080},
	{"sips:1212@gateway.com", SIP_SCHEME_SIPS, "1212", NULL, "gateway.com", NULL, NULL, 0},
	{"sip:alice@192.0.2.4", SIP_SCHEME_SIP, "alice", NULL, "192.0.2.4", NULL, NULL, 0},
	{"sip:atlanta.com;method=REGISTER?to=alice%40atlanta.com", SIP_SCHEME_SIP, NULL, NULL, "atlanta.com",
		"method=REGISTER", "to=alice%40atlanta.com", 0},
	{"sip:alice;day=tuesday@atlanta.com", SIP_SCHEME_SIP, "alice;day=tuesday", NULL, "atlanta.com", NULL,
		NULL, 0},
	{"sip:a?b/c@h", SIP_SCHEME_SIP, "a?b/c", NULL, "h", NULL, NULL, 0},
	{"sip:*31#5551@h", SIP_SCHEME_SIP, "*31#5551", NULL, "h", NULL, NULL, 0},
	{"sip:a:@h", SIP_SCHEME_SIP, "a", "", "h", NULL, NULL, 0},
	{"sip:a%40b@h", SIP_SCHEME_SIP, "a%40b", NULL, "h", NULL, NULL, 0},
	{"sip:[2001:db8::1]:5061;lr", SIP_SCHEME_SIP, NULL, NULL, "[2001:db8::1]", "lr", NULL, 5061},
	{"sip:[::ffff:192.0.2.1]", SIP_SCHEME_SIP, NULL, NULL, "[::ffff:192.0.2.1]", NULL, NULL, 0},
	{"sip:u@my_service.local;maddr=[::1];lr=", SIP_SCHEME_SIP, "u", NULL, "my_service.local",
		"maddr=[::1];lr=", NULL, 0},
	{"sip:h?a=", SIP_SCHEME_SIP, NULL, NULL, "h", NULL, "a=", 0},
	{"sip:h:65535", SIP_SCHEME_SIP, NULL, NULL, "h", NULL, NULL, 65535},
	{"tel:+1-201-555-0123", SIP_SCHEME_TEL, "+1-201-555-0123", NULL, NULL, NULL, NULL, 0},
	{"TEL:7042;phone-context=example.com", SIP_SCHEME_TEL, "7042", NULL, NULL,
		"phone-context=example.com", NULL, 0},
	{"tel:*21#", SIP_SCHEME_TEL, "*21#", NULL, NULL, NULL, NULL, 0},
	{"http://www.example.com/?q=1", SIP_SCHEME_OTHER, NULL, NULL, NULL, NULL, NULL, 0},
	{"sipx:what", SIP_SCHEME_OTHER, NULL, NULL, NULL, NULL, NULL, 0},
	{"telnet:x", SIP_SCHEME_OTHER, NULL, NULL, NULL, NULL, NULL, 0},
};

static void check_part(struct slice s, const char *want)
{
	CHECK_EQ(slice_present(s), want != NULL);
	if (want)
		CHECK_SLICE(s, want);
}

/* In a block of its own size and again within a longer text: words are read in steps that must
 * not go beyond. */
TEST(every_part_of_a_uri_is_found)
{
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		size_t n = strlen(good[i].text);
		char *block = malloc(n);
		struct sip_uri u;

		memcpy(block, good[i].text, n);
		CHECK_OK(sip_uri_parse(slice_make(block, n), &u));
		CHECK_EQ(u.scheme, good[i].scheme);
		CHECK_SLICE(u.text, good[i].text);
		check_part(u.user, good[i].user);
		check_part(u.password, good[i].password);
		check_part(u.host, good[i].host);
		check_part(u.params, good[i].params);
		check_part(u.headers, good[i].headers);
		CHECK_EQ(u.port, good[i].port);
		free(block);
	}
}

TEST(what_is_no_uri_is_refused)
{
	static const char *const bad[] = {"", ":", "sip", "sip:", "alice@atlanta.com", "sip:@h", "sip:a@",
		"sip:a@b@c", "sip:h:", "sip:h:0", "sip:h:65536", "sip:h:99999999999999999999", "sip:h:5x",
		"sip:a b@h", "sip:a@h ", " sip:a@h", "sip:a@h;", "sip:a@h;;lr", "sip:a@h;=x", "sip:a@h;p=a b",
		"sip:h?", "sip:h?a", "sip:h?=b", "sip:h?a=b&", "sip:h?a=b&&c=d", "sip:a%4@h", "sip:a%zz@h",
		"sip:a%@h", "sip:a@h;x=%4", "sip:h?a=%", "sip:<a@h>", "<sip:a@h>", "sip:2001:db8::10",
		"sip:[2001:db8::10", "sip:2001:db8::10]", "sip:[]", "sip:[1.2.3.4.5]", "sip:[g::1]",
		"sip:[::1]x", "sip:a\"b@h", "sip:\xc3\xa9@h", "sip:.h", "sip:-h", "tel:", "tel:+", "tel:-",
		"tel:+1x", "tel:+1;", "tel:+1;;ext=1", "1x:y", "x:", "x:a b", "x:<a>", "sip:a\0b@h"};
	struct sip_uri u, before;

	memset(&before, 0x55, sizeof(before));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		size_t n = i + 1 == ARRAY_LEN(bad) ? 9 : strlen(bad[i]);

		u = before;
		if (sip_uri_parse(slice_make(bad[i], n), &u) != OH_EURI)
			fail_msg("'%s' passed", bad[i]);
		CHECK_MEM(&u, &before, sizeof(u));
	}
	CHECK_EQ(sip_uri_parse(SLICE_NONE, &u), OH_EURI);
}

TEST(parameters_have_a_limit)
{
	char text[1024] = "sip:h";

	for (unsigned i = 0; i < SIP_URI_PARAMS_MAX; i++)
		strcat(text, ";a");
	struct sip_uri u;
	CHECK_OK(sip_uri_parse(slice_of(text), &u));
	strcat(text, ";a");
	CHECK_EQ(sip_uri_parse(slice_of(text), &u), OH_EURI);
}

static const struct {
	bool equal;
	const char *a, *b;
} pairs[] = {
	/* the examples of RFC 3261 19.1.4 */
	{true, "sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"},
	{true, "sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"},
	{true, "sip:carol@chicago.com", "sip:carol@chicago.com;security=on"},
	{true, "sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on"},
	{true, "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
		"sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com"},
	{true, "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
		"sip:alice@atlanta.com?priority=urgent&subject=project%20x"},
	{false, "SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"},
	{false, "sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"},
	{false, "sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"},
	{false, "sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"},
	{false, "sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"},
	{false, "sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"},
	{false, "sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"},
	/* each rule on its own */
	{false, "sip:a@h", "sips:a@h"},
	{false, "sip:a@h", "sip:h"},
	{false, "sip:a:p@h", "sip:a@h"},
	{false, "sip:a:p@h", "sip:a:P@h"},
	{true, "sip:a:%70@h", "sip:a:p@h"},
	{false, "sip:a%3Bb@h", "sip:a;b@h"},
	{true, "sip:a%3bb@h", "sip:a%3Bb@h"},
	{false, "sip:a%00@h", "sip:a%00%00@h"},
	{false, "sip:a%41@h", "sip:a%61@h"},
	{false, "sip:h;user=phone", "sip:h"},
	{false, "sip:h;ttl=1", "sip:h"},
	{false, "sip:h;method=INVITE", "sip:h"},
	{false, "sip:h;maddr=1.2.3.4", "sip:h"},
	{true, "sip:h;lr", "sip:h"},
	{false, "sip:h;x", "sip:h;x=1"},
	{true, "sip:h;%78=1", "sip:h;X=1"},
	/* forbidden by 19.1.1, but still equal to itself: the first of the two counts */
	{true, "sip:h;maddr=1.2.3.4;maddr=1.2.3.5", "sip:h;maddr=1.2.3.4"},
	{false, "sip:h?a=1&a=1&a=2", "sip:h?a=1&a=2&a=2"},
	{true, "sip:h?a=1&a=2", "sip:h?A=2&a=1"},
	{false, "sip:h?a=1", "sip:h?a=1&b=2"},
	{true, "sip:[2001:DB8::1]", "sip:[2001:db8:0:0::1]"},
	{false, "sip:[2001:db8::1]", "sip:[2001:db8::2]"},
	{true, "sip:[::ffff:192.0.2.1]", "sip:192.0.2.1"},
	{true, "sip:a@[2001:db8:::192.0.2.1]", "sip:a@[2001:db8::192.0.2.1]"},
	/* RFC 3966 4 */
	{true, "tel:+1-201-555-0123", "tel:+1(201)555.0123"},
	{true, "tel:+1201;ext=55", "TEL:+1201;EXT=5-5"},
	{false, "tel:+1201", "tel:1201"},
	{false, "tel:+1201;ext=55", "tel:+1201"},
	{false, "tel:+1201;x=1;y=2", "tel:+1201;y=2;x=2"},
	{true, "tel:+1201;x=1;y=2", "tel:+1201;y=2;X=1"},
	{true, "tel:7042;phone-context=+1-914", "tel:7042;phone-context=+1914"},
	{true, "tel:7042;phone-context=Example.com", "tel:7042;phone-context=example.COM"},
	{false, "tel:7042;phone-context=a-b.com", "tel:7042;phone-context=ab.com"},
	{true, "tel:7A2", "tel:7a2"},
	{false, "tel:+1201", "sip:+1201@h;user=phone"},
	/* others, to the letter */
	{true, "HTTP://x/Y", "http://x/Y"},
	{false, "http://x/Y", "http://x/y"},
};

TEST(equality_follows_every_rule_both_ways)
{
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		struct sip_uri a, b;

		CHECK_OK(sip_uri_parse(slice_of(pairs[i].a), &a));
		CHECK_OK(sip_uri_parse(slice_of(pairs[i].b), &b));
		if (sip_uri_eq(&a, &b) != pairs[i].equal || sip_uri_eq(&b, &a) != pairs[i].equal)
			fail_msg("%s %s %s", pairs[i].a, pairs[i].equal ? "!=" : "==", pairs[i].b);
		CHECK(sip_uri_eq(&a, &a));
	}
}

static const struct {
	const char *text;
	int n; /* elements, or the error that ends them */
	const char *display, *uri, *params;
} addrs[] = {
	{"sip:a@h", 1, NULL, "sip:a@h", NULL},
	{" sip:a@h ; tag = x ", 1, NULL, "sip:a@h", "tag = x"},
	{"<sip:a@h;lr>;tag=x", 1, NULL, "sip:a@h;lr", "tag=x"},
	{"Bob<sip:a@h>", 1, "Bob", "sip:a@h", NULL},
	{"Bob  T. Smith <sip:a@h>\t", 1, "Bob  T. Smith", "sip:a@h", NULL},
	{"J\xc3\xbcrgen <sip:a@h>", 1, "J\xc3\xbcrgen", "sip:a@h", NULL},
	{"\"\" <sip:a@h>", 1, "", "sip:a@h", NULL},
	{"\"a \\\" , <;> \\\\\"\r\n\t<sip:a@h>;q=\"x;,\\\"\"", 1, "a \\\" , <;> \\\\", "sip:a@h",
		"q=\"x;,\\\"\""},
	{"<sip:a@h>,<sip:b@h>;x, sip:c@h", 3, NULL, "sip:a@h", NULL},
	{"<sip:a@h,b>", OH_EURI, NULL, NULL, NULL},
	{"", 0, NULL, NULL, NULL},
	{" \r\n ", 0, NULL, NULL, NULL},
	{",", OH_EURI, NULL, NULL, NULL},
	{"<sip:a@h>,", OH_ESYNTAX, NULL, NULL, NULL},
	{"<sip:a@h>;", OH_ESYNTAX, NULL, NULL, NULL},
	{"<sip:a@h>;;x", OH_ESYNTAX, NULL, NULL, NULL},
	{"<sip:a@h>;x=", OH_ESYNTAX, NULL, NULL, NULL},
	{"<sip:a@h>;x=\"y", OH_ESYNTAX, NULL, NULL, NULL},
	{"<sip:a@h> junk", OH_ESYNTAX, NULL, NULL, NULL},
	{"\"a <sip:a@h>", OH_ESYNTAX, NULL, NULL, NULL},
	{"\"a\" sip:a@h", OH_ESYNTAX, NULL, NULL, NULL},
	{"\"a\\", OH_ESYNTAX, NULL, NULL, NULL},
	{"<sip:a@h", OH_EURI, NULL, NULL, NULL},
	{"<>", OH_EURI, NULL, NULL, NULL},
	{"<x:>", OH_EURI, NULL, NULL, NULL},
	{"< sip:a@h >", OH_EURI, NULL, NULL, NULL},
	{"sip:a@h?x=y", OH_EURI, NULL, NULL, NULL},
	{"Bell, A <sip:a@h>", OH_EURI, NULL, NULL, NULL},
};

TEST(name_addrs_and_lists_of_them)
{
	for (size_t i = 0; i < ARRAY_LEN(addrs); i++) {
		struct slice rest = slice_of(addrs[i].text);
		struct sip_addr addr, first = {0};
		int n = 0, more;

		while ((more = sip_addr_next(&rest, &addr)) == 1) {
			if (n++ == 0)
				first = addr;
		}
		if ((more < 0 ? more : n) != addrs[i].n)
			fail_msg("'%s': %d elements, then %d", addrs[i].text, n, more);
		CHECK_EQ(sip_addr_parse(slice_of(addrs[i].text), &addr) == 0, addrs[i].n == 1);
		if (addrs[i].n < 1)
			continue;
		check_part(first.display, addrs[i].display);
		CHECK_SLICE(first.uri.text, addrs[i].uri);
		check_part(first.params, addrs[i].params);
	}
	struct sip_addr star;
	CHECK_OK(sip_addr_parse(SLICE_LIT("*"), &star));
	CHECK(star.star && !slice_present(star.uri.text));
}

TEST(parameters_by_name)
{
	struct slice value, params = SLICE_LIT("a; B = 2 ;c=\"x;y\";tag=t");
	struct sip_uri u;
	char buf[8];

	CHECK(sip_param_find(params, SLICE_LIT("A"), &value));
	CHECK(slice_present(value) && slice_empty(value));
	CHECK(sip_param_find(params, SLICE_LIT("b"), &value));
	CHECK_SLICE(value, "2");
	CHECK(sip_param_find(params, SLICE_LIT("c"), &value));
	CHECK_SLICE(value, "\"x;y\"");
	CHECK(sip_param_find(params, SLICE_LIT("TAG"), NULL));
	CHECK(!sip_param_find(params, SLICE_LIT("ta"), NULL));
	CHECK(!sip_param_find(SLICE_NONE, SLICE_LIT("ta"), NULL));

	CHECK_OK(sip_uri_parse(SLICE_LIT("sip:h;LR;n%61me=v%61lue%25"), &u));
	CHECK(sip_uri_param(&u, SLICE_LIT("lr"), &value) && slice_empty(value));
	CHECK(sip_uri_param(&u, SLICE_LIT("name"), &value));
	CHECK_EQ(sip_unescape(value, buf, sizeof(buf)), 6);
	CHECK_MEM(buf, "value%", 6);
	CHECK_EQ(sip_unescape(value, buf, 5), OH_ETOOBIG);
	CHECK_EQ(sip_unescape(SLICE_LIT("a%4"), buf, sizeof(buf)), OH_ESYNTAX);
	CHECK(!sip_uri_param(&u, SLICE_LIT("nam"), NULL));
}

TESTS(RUN(every_part_of_a_uri_is_found), RUN(what_is_no_uri_is_refused), RUN(parameters_have_a_limit),
	RUN(equality_follows_every_rule_both_ways), RUN(name_addrs_and_lists_of_them),
	RUN(parameters_by_name))
