#include "check.h"

#include "base/err.h"
#include "tls/hash.h"

static void hex_of(enum tls_hash type, struct slice text, char out[TLS_HASH_HEX])
{
	CHECK_OK(tls_hash_hex(type, &text, 1, out));
}

TEST(digests_are_those_of_the_books)
{
	/* RFC 1321 A.5, FIPS 180-4 examples. */
	static const struct {
		enum tls_hash type;
		size_t size;
		const char *empty, *abc;
	} rows[] = {
		{TLS_HASH_MD5, 16, "d41d8cd98f00b204e9800998ecf8427e", "900150983cd24fb0d6963f7d28e17f72"},
		{TLS_HASH_SHA1, 20, "da39a3ee5e6b4b0d3255bfef95601890afd80709",
			"a9993e364706816aba3e25717850c26c9cd0d89d"},
		{TLS_HASH_SHA256, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
			"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{TLS_HASH_SHA512_256, 32, "c672b8d1ef56ed28ab87c3622c5114069bdd3ad7b8f9737498d0c01ecef0967a",
			"53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23"},
	};
	char text[TLS_HASH_HEX];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CHECK_EQ(tls_hash_size(rows[i].type), rows[i].size);
		hex_of(rows[i].type, SLICE_LIT(""), text);
		CHECK_STR(text, rows[i].empty);
		hex_of(rows[i].type, SLICE_NONE, text);
		CHECK_STR(text, rows[i].empty);
		hex_of(rows[i].type, SLICE_LIT("abc"), text);
		CHECK_STR(text, rows[i].abc);
	}
}

TEST(parts_give_the_digest_of_the_whole)
{
	const struct slice parts[] = {
		SLICE_LIT("a"), SLICE_NONE, SLICE_LIT("b"), SLICE_LIT(""), SLICE_LIT("c")};
	char text[TLS_HASH_HEX];

	CHECK_OK(tls_hash_hex(TLS_HASH_MD5, parts, ARRAY_LEN(parts), text));
	CHECK_STR(text, "900150983cd24fb0d6963f7d28e17f72");
}

/* RFC 2202 and RFC 4231, their second test cases. */
TEST(hmac_is_that_of_the_books)
{
	const struct slice data = SLICE_LIT("what do ya want for nothing?");
	uint8_t mac[TLS_HASH_MAX];
	char text[TLS_HASH_HEX];

	CHECK_OK(tls_hmac(TLS_HASH_SHA1, SLICE_LIT("Jefe"), data, mac));
	tls_hex(slice_make((char *)mac, 20), text);
	CHECK_STR(text, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
	CHECK_OK(tls_hmac(TLS_HASH_SHA256, SLICE_LIT("Jefe"), data, mac));
	tls_hex(slice_make((char *)mac, 32), text);
	CHECK_STR(text, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	CHECK_OK(tls_hmac(TLS_HASH_MD5, SLICE_NONE, SLICE_NONE, mac));
	tls_hex(slice_make((char *)mac, 16), text);
	CHECK_STR(text, "74e6f7298a9c2d168935f58c001bad88");
}

/* RFC 4648 10. */
TEST(base64_there_and_back)
{
	static const char *const rows[][2] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"},
		{"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice plain = slice_of(rows[i][0]);
		char text[16];
		uint8_t back[8];
		size_t n;

		CHECK_OK(tls_base64(plain, text, TLS_BASE64_SIZE(plain.n)));
		CHECK_STR(text, rows[i][1]);
		CHECK_EQ(tls_base64(plain, text, TLS_BASE64_SIZE(plain.n) - 1), OH_ETOOBIG);
		CHECK_OK(tls_unbase64(slice_of(rows[i][1]), back, plain.n, &n));
		CHECK(slice_eq(slice_make((char *)back, n), plain));
		if (plain.n)
			CHECK_EQ(tls_unbase64(slice_of(rows[i][1]), back, plain.n - 1, &n), OH_ETOOBIG);
	}
}

TEST(what_is_no_base64_is_refused)
{
	static const char *const rows[] = {"Z", "Zg", "Zg=", "Zg===", "Z===", "====", "Zg==Zg==", " Zm9v",
		"Zm9v\n\n\n\n", "Zm9-", "Zm=v", "Zm9v===="};
	uint8_t back[16];
	size_t n;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_EQ(tls_unbase64(slice_of(rows[i]), back, sizeof(back), &n), OH_ESYNTAX);
}

TEST(secrets_compare)
{
	CHECK(tls_equal(SLICE_LIT("abc"), SLICE_LIT("abc")));
	CHECK(tls_equal(SLICE_NONE, SLICE_LIT("")));
	CHECK(!tls_equal(SLICE_LIT("abc"), SLICE_LIT("abd")));
	CHECK(!tls_equal(SLICE_LIT("abc"), SLICE_LIT("abcd")));
}

TESTS(RUN(digests_are_those_of_the_books), RUN(parts_give_the_digest_of_the_whole),
	RUN(hmac_is_that_of_the_books), RUN(base64_there_and_back), RUN(what_is_no_base64_is_refused),
	RUN(secrets_compare))
