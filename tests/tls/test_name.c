#include "certs.h"
#include "check.h"

#include "tls/name.h"

#include <openssl/x509v3.h>

/* RFC 5922 7.1, 7.2. */
TEST(the_name_in_a_certificate_is_found_as_rfc_5922_says)
{
	static const struct {
		const char *cn, *san, *host;
		bool good;
	} rows[] = {
		{NULL, "URI:sip:example.com", "example.com", true},
		{NULL, "URI:SIP:Example.COM", "example.com", true},
		{NULL, "URI:sip:example.com:5061;transport=tls", "example.com", true},
		{NULL, "URI:sip:example.com", "example.com.", true},
		{NULL, "URI:sip:other.example,URI:sip:example.com", "example.com", true},
		/* A user is a person and no domain; sips and https are no sip. */
		{NULL, "URI:sip:alice@example.com", "example.com", false},
		{NULL, "URI:sips:example.com", "example.com", false},
		{NULL, "URI:https://example.com", "example.com", false},
		/* DNS names count when no domain stands in a URI, and only then. */
		{NULL, "DNS:example.com", "example.com", true},
		{NULL, "DNS:EXAMPLE.com", "example.com", true},
		{NULL, "URI:sip:alice@example.com,DNS:example.com", "example.com", true},
		{NULL, "URI:sip:other.example,DNS:example.com", "example.com", false},
		{NULL, "URI:sip:other.example,DNS:example.com", "other.example", true},
		/* Whole names, no wildcards. */
		{NULL, "DNS:example.com", "sip.example.com", false},
		{NULL, "DNS:sip.example.com", "example.com", false},
		{NULL, "DNS:*.example.com", "sip.example.com", false},
		{NULL, "DNS:*.example.com", "*.example.com", false},
		{NULL, "URI:sip:*.example.com", "sip.example.com", false},
		/* The common name, when there is no other name at all. */
		{"example.com", NULL, "example.com", true},
		{"example.com", "DNS:other.example", "example.com", false},
		{"example.com", "email:a@example.com", "example.com", false},
		{"*.example.com", NULL, "sip.example.com", false},
		{"Example Ltd", NULL, "example.com", false},
		{NULL, NULL, "example.com", false},
		{"example.com", NULL, "", false},
		/* Addresses are looked for among the addresses. */
		{NULL, "IP:192.0.2.1", "192.0.2.1", true},
		{NULL, "IP:192.0.2.1", "192.0.2.2", false},
		{NULL, "DNS:192.0.2.1", "192.0.2.1", false},
		{"192.0.2.1", NULL, "192.0.2.1", false},
		{NULL, "URI:sip:192.0.2.1", "192.0.2.1", false},
		{NULL, "IP:2001:db8::1", "2001:db8:0::1", true},
		{NULL, "IP:2001:db8::1", "2001:db8::2", false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct cert_cfg cfg = {.cn = rows[i].cn, .san = rows[i].san};
		struct cert c;

		cert_make(&cfg, &c);
		if (tls_name_matches(c.x509, slice_of(rows[i].host)) != rows[i].good)
			fail_msg("row %zu: CN %s, %s for '%s'", i, rows[i].cn, rows[i].san, rows[i].host);
		cert_free(&c);
	}
}

/* "example.com\0.evil.example" once fooled those who took it for a C string. */
TEST(a_name_with_a_nul_is_not_the_name_before_it)
{
	const struct cert_cfg cfg = {.cn = NULL};
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_IA5STRING *text = ASN1_IA5STRING_new();
	char list[64];
	struct cert c;

	cert_make(&cfg, &c);
	ASN1_STRING_set(text, "example.com\0.evil.example", 25);
	GENERAL_NAME_set0_value(name, GEN_DNS, text);
	sk_GENERAL_NAME_push(names, name);
	CHECK(X509_add1_ext_i2d(c.x509, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT));
	GENERAL_NAMES_free(names);
	CHECK(!tls_name_matches(c.x509, SLICE_LIT("example.com")));
	CHECK_STR(tls_name_list(c.x509, list, sizeof(list)), "example.com?.evil.example");
	cert_free(&c);
}

TEST(the_names_of_a_certificate_as_text)
{
	static const struct {
		const char *cn, *san, *text;
	} rows[] = {
		{"x", "DNS:a.example,URI:sip:b.example,IP:192.0.2.1,URI:sip:c.example",
			"sip:b.example, sip:c.example, 192.0.2.1"},
		{"x", "DNS:a.example,IP:2001:db8::1", "a.example, 2001:db8::1"},
		{"a.example", NULL, "a.example"},
		{NULL, NULL, "no name"},
		{NULL, "DNS:a-name-that-is-longer-than-what-there-is-room-for.example",
			"a-name-that-is-longer-than-what-there-i"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct cert_cfg cfg = {.cn = rows[i].cn, .san = rows[i].san};
		char list[40];
		struct cert c;

		cert_make(&cfg, &c);
		CHECK_STR(tls_name_list(c.x509, list, sizeof(list)), rows[i].text);
		cert_free(&c);
	}
}

TESTS(RUN(the_name_in_a_certificate_is_found_as_rfc_5922_says),
	RUN(a_name_with_a_nul_is_not_the_name_before_it), RUN(the_names_of_a_certificate_as_text))
