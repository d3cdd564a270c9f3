#include "check.h"

#include "base/netaddr.h"
#include "base/rate.h"
#include "offhook/error.h"

TEST(addresses_are_read_and_printed)
{
	static const struct {
		const char *text, *ip, *full;
		bool any, loopback;
	} rows[] = {
		{"127.0.0.1", "127.0.0.1", "127.0.0.1:5060", false, true},
		{"0.0.0.0", "0.0.0.0", "0.0.0.0:5060", true, false},
		{"::1", "::1", "[::1]:5060", false, true},
		{"[2001:DB8::1]", "2001:db8::1", "[2001:db8::1]:5060", false, false},
		{"::", "::", "[::]:5060", true, false},
		{"fe80::1%3", "fe80::1%3", "[fe80::1%3]:5060", false, false},
	};
	char buf[NETADDR_TEXT];
	struct netaddr a;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CHECK_OK(netaddr_parse_ip(slice_of(rows[i].text), 5060, &a));
		CHECK_STR(netaddr_ip_text(&a, false, buf), rows[i].ip);
		CHECK_STR(netaddr_text(&a, buf), rows[i].full);
		CHECK_EQ(netaddr_is_any(&a), rows[i].any);
		CHECK_EQ(netaddr_is_loopback(&a), rows[i].loopback);
	}
	a = (struct netaddr){0};
	CHECK(netaddr_is_any(&a));
	CHECK_STR(netaddr_text(&a, buf), ":0");
}

TEST(what_is_no_address_is_refused)
{
	static const char *const texts[] = {"", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.4 ",
		"a.b.c.d", "[1.2.3.4]", "[::1", "::1]", "[", "[]", "::g", "fe80::1%eth0", "fe80::1%",
		"1:2:3:4:5:6:7:8:9", "1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111", "localhost"};
	struct netaddr a = {.port = 1}, same = a;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		CHECK_EQ(netaddr_parse_ip(slice_of(texts[i]), 5060, &a), OH_EINVAL);
		CHECK_MEM(&a, &same, sizeof(a));
	}
	CHECK_EQ(netaddr_parse_ip(SLICE_LIT("127.0.0.1\0x"), 0, &a), OH_EINVAL);
	CHECK_EQ(netaddr_parse_ip(SLICE_NONE, 0, &a), OH_EINVAL);
}

TEST(addresses_compare_with_and_without_the_port)
{
	struct netaddr a, b;

	CHECK_OK(netaddr_parse_ip(slice_of("1.2.3.4"), 1, &a));
	CHECK_OK(netaddr_parse_ip(slice_of("1.2.3.4"), 2, &b));
	b.ip[9] = 7; /* beyond the four bytes of IPv4 */
	CHECK(netaddr_eq_ip(&a, &b) && !netaddr_eq(&a, &b));
	b.port = 1;
	CHECK(netaddr_eq(&a, &b));
	CHECK_OK(netaddr_parse_ip(slice_of("fe80::1%1"), 1, &a));
	CHECK_OK(netaddr_parse_ip(slice_of("fe80::1%2"), 1, &b));
	CHECK(!netaddr_eq_ip(&a, &b));
}

TEST(so_many_a_period_and_no_more)
{
	struct rate r;

	rate_init(&r, 2, 100);
	CHECK(rate_allow(&r, 1000) && rate_allow(&r, 1050));
	CHECK(!rate_allow(&r, 1060) && !rate_allow(&r, 1099));
	CHECK_EQ(r.dropped, 2);
	CHECK(rate_allow(&r, 1100));
	CHECK_EQ(r.dropped, 0);
	rate_init(&r, 0, 100);
	CHECK(!rate_allow(&r, 1));
}

TESTS(RUN(addresses_are_read_and_printed), RUN(what_is_no_address_is_refused),
	RUN(addresses_compare_with_and_without_the_port), RUN(so_many_a_period_and_no_more))
