/* Digest on the wire: the vectors of RFC 7616 3.9, RFC 2617 3.5 and RFC 3261 22.4, and headers that are none. */
#include "check.h"

#include "offhook/error.h"
#include "sip/digest.h"

#define NONCE_7616  "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
#define CNONCE_7616 "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"

static const struct digest mufasa = {.qop = DIGEST_QOP_AUTH,
	.user = {"Mufasa", 6},
	.realm = {"http-auth@example.org", 21},
	.password = {"Circle of Life", 14},
	.nonce = {NONCE_7616, sizeof(NONCE_7616) - 1},
	.cnonce = {CNONCE_7616, sizeof(CNONCE_7616) - 1},
	.nc = {"00000001", 8},
	.method = {"GET", 3},
	.uri = {"/dir/index.html", 15}};

static void check_response(const struct digest *d, const char *expected)
{
	char response[TLS_HASH_HEX];

	CHECK_OK(digest_compute(d, response));
	CHECK_STR(response, expected);
}

/* The hash of the name in 3.9.2 is what erratum 4897 makes of it. */
TEST(vectors_of_rfc_7616)
{
	struct digest d = mufasa;
	char hash[TLS_HASH_HEX];

	check_response(&d, "8ca523f5e9506fed4657c9700eebdbec");
	d.algorithm.hash = SIP_AUTH_SHA256;
	check_response(&d, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
	CHECK_OK(digest_userhash(SIP_AUTH_SHA512_256, SLICE_LIT("J\xc3\xa4s\xc3\xb8n Doe"),
		SLICE_LIT("api@example.org"), hash));
	CHECK_STR(hash, "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b");
}

/* RFC 2617 3.5; without qop the response is that of RFC 2069; -sess with a ready H(A1) is the same as with a password. */
TEST(vectors_of_older_days)
{
	struct digest d = {.qop = DIGEST_QOP_AUTH,
		.user = SLICE_LIT("Mufasa"),
		.realm = SLICE_LIT("testrealm@host.com"),
		.password = SLICE_LIT("Circle Of Life"),
		.nonce = SLICE_LIT("dcd98b7102dd2f0e8b11d0f600bfb0c093"),
		.cnonce = SLICE_LIT("0a4f113b"),
		.nc = SLICE_LIT("00000001"),
		.method = SLICE_LIT("GET"),
		.uri = SLICE_LIT("/dir/index.html")};
	char with_password[TLS_HASH_HEX], with_hash[TLS_HASH_HEX];

	check_response(&d, "6629fae49393a05397450978507c4ef1");
	d.qop = DIGEST_QOP_NONE;
	check_response(&d, "670fd8c2df070c60b045671b8b24ff02");
	d.qop = DIGEST_QOP_AUTH_INT;
	d.algorithm.sess = true;
	CHECK_OK(digest_compute(&d, with_password));
	d.ha1 = SLICE_LIT("939e7578ed9e3c518a452acee763bce9");
	d.password = SLICE_NONE;
	CHECK_OK(digest_compute(&d, with_hash));
	CHECK_STR(with_password, with_hash);
	d.ha1 = SLICE_LIT("939e");
	CHECK_EQ(digest_compute(&d, with_hash), OH_EINVAL);
}

TEST(headers_good_and_bad)
{
	static const struct {
		const char *value;
		int err;
		const char *realm, *nonce;
	} rows[] = {
		{"Digest realm=\"a\", nonce=\"b\"", 0, "a", "b"},
		{"digest\r\n realm=\"a\"\t,\r\n\tnonce = \"b\"", 0, "a", "b"},
		{"Digest REALM=a,NONCE=b==", 0, "a", "b=="},
		{"Digest realm=\"\",nonce=\"\"", 0, "", ""},
		{"Digest ,, realm=\"a, b=\\\"c\\\"\", unknown=\"x\" ,nonce=\"b\",", 0, "a, b=\\\"c\\\"", "b"},
		{"Digest unknown=1, unknown=2, realm=\"a\", nonce=\"b\"", 0, "a", "b"},
		{"Digest realm=\"a\", nonce=\"b\", realm=\"c\"", OH_ESYNTAX, NULL, NULL},
		{"Digest realm=\"a", OH_ESYNTAX, NULL, NULL},
		{"Digest realm=\"a\\\"", OH_ESYNTAX, NULL, NULL},
		{"Digest realm=\"a\" nonce=\"b\"", OH_ESYNTAX, NULL, NULL},
		{"Digest realm=, nonce=\"b\"", OH_ESYNTAX, NULL, NULL},
		{"Digest realm", OH_ESYNTAX, NULL, NULL},
		{"Digest =\"a\"", OH_ESYNTAX, NULL, NULL},
		{"Digest realm=\"a\r\n b\", nonce=\"c\"", OH_ESYNTAX, NULL, NULL},
		{"Digest", OH_ESYNTAX, NULL, NULL},
		{"Digestrealm=\"a\"", OH_ENOTSUP, NULL, NULL},
		{"Basic realm=\"a\"", OH_ENOTSUP, NULL, NULL},
		{"", OH_ESYNTAX, NULL, NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct digest_fields fields;

		CHECK_EQ(digest_parse(slice_of(rows[i].value), &fields), rows[i].err);
		if (rows[i].err)
			continue;
		CHECK_SLICE(fields.f[DIGEST_REALM], rows[i].realm);
		CHECK_SLICE(fields.f[DIGEST_NONCE], rows[i].nonce);
		CHECK(!slice_present(fields.f[DIGEST_OPAQUE]));
	}
}

TEST(quotes_go_on_and_off)
{
	char buf[8], quoted[8];

	CHECK_SLICE(digest_unquote(SLICE_LIT("a\\\"b\\\\"), buf, sizeof(buf)), "a\"b\\");
	CHECK_SLICE(digest_quote(SLICE_LIT("a\"b\\"), quoted, sizeof(quoted)), "a\\\"b\\\\");
	CHECK(!slice_present(digest_unquote(SLICE_LIT("\\a23456789"), buf, sizeof(buf))));
	CHECK(!slice_present(digest_quote(SLICE_LIT("123456\""), quoted, sizeof(quoted) - 1)));
}

TEST(names_of_algorithms_and_qops)
{
	static const struct {
		const char *list;
		int err;
		enum digest_qop qop;
	} rows[] = {
		{NULL, 0, DIGEST_QOP_NONE},
		{"auth", 0, DIGEST_QOP_AUTH},
		{"auth-int", 0, DIGEST_QOP_AUTH_INT},
		{"auth-int,auth", 0, DIGEST_QOP_AUTH},
		{" AUTH , x", 0, DIGEST_QOP_AUTH},
		{"token", OH_ENOTSUP, DIGEST_QOP_NONE},
		{"", OH_ENOTSUP, DIGEST_QOP_NONE},
	};
	struct digest_algorithm a;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		enum digest_qop qop = DIGEST_QOP_NONE;

		CHECK_EQ(digest_qop_of(slice_of(rows[i].list), &qop), rows[i].err);
		CHECK_EQ(qop, rows[i].qop);
	}
	CHECK_OK(digest_algorithm_of(SLICE_NONE, &a));
	CHECK_STR(digest_algorithm_name(a), "MD5");
	for (int i = 0; i < 2 * N_SIP_AUTH_HASHES; i++) {
		struct digest_algorithm one = {(enum sip_auth_hash)(i / 2), i % 2 != 0};

		CHECK_OK(digest_algorithm_of(slice_of(digest_algorithm_name(one)), &a));
		CHECK(a.hash == one.hash && a.sess == one.sess);
	}
	CHECK_EQ(digest_algorithm_of(SLICE_LIT("SHA-1"), &a), OH_ENOTSUP);
}

TESTS(RUN(vectors_of_rfc_7616), RUN(vectors_of_older_days), RUN(headers_good_and_bad),
	RUN(quotes_go_on_and_off), RUN(names_of_algorithms_and_qops))
