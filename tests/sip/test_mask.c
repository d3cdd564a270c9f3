/* What is shown of a message, and what is not. */
#include "check.h"

#include "sip/mask.h"

static const struct {
	const char *plain, *shown;
} rows[] = {
	/* Digest: the response alone, whatever stands around it. */
	{"Authorization: Digest username=\"bob\", nonce=\"n\", response=\"0123abcd\", uri=\"sip:x\"\r\n\r\n",
		"Authorization: Digest username=\"bob\", nonce=\"n\", response=\"********\", "
		"uri=\"sip:x\"\r\n\r\n"},
	{"proxy-authorization :  digest response = \"0123\",realm=\"response=1\"\r\n",
		"proxy-authorization :  digest response = \"****\",realm=\"response=1\"\r\n"},
	{"Authorization: Digest response=0123,x=1", "Authorization: Digest response=****,x=1"},
	{"Authorization: Digest a=b,\r\n\tRESPONSE=\"xyz\"\r\nTo: response=\"xyz\"\r\n",
		"Authorization: Digest a=b,\r\n\tRESPONSE=\"***\"\r\nTo: response=\"xyz\"\r\n"},
	{"Authorization: Digest response=\"never closed", "Authorization: Digest response=\"************"},
	{"Authorization: Digest xresponse=\"a\", response",
		"Authorization: Digest xresponse=\"a\", response"},
	/* Other schemes: everything. */
	{"Authorization: Basic Ym9iOnNlY3JldA==\r\n x\r\nVia: y\r\n",
		"Authorization: Basic*****************\r\n *\r\nVia: y\r\n"},
	{"Authorization:\r\n Digest response=\"a\"\r\n", "Authorization:\r\n *******************\r\n"},
	{"Authorization\r\nX: y\r\n", "Authorization\r\nX: y\r\n"},
	/* A challenge tells no secret. */
	{"WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n",
		"WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n"},
	/* Session descriptions; what looks like one among the headers is none. */
	{"a=crypto:1 X inline:KEY\r\n\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 "
	 "inline:WVNfX19z|2^20|1:4;inline:abc X=1\r\n",
		"a=crypto:1 X inline:KEY\r\n\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 "
		"inline:********|2^20|1:4;inline:*** X=1\r\n"},
	{"\na=ice-pwd:asd88fgpdd\nk=clear:x\na=ice-ufrag:F7gI\n",
		"\na=ice-pwd:**********\nk=*******\na=ice-ufrag:F7gI\n"},
	{"\r\na=crypto:1 inline:", "\r\na=crypto:1 inline:"},
	{"", ""},
};

TEST(secrets_are_covered_and_nothing_else)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t n = strlen(rows[i].plain);
		char *text = malloc(n ? n : 1); /* so that a sanitizer sees one byte too far */

		memcpy(text, rows[i].plain, n);
		sip_mask_secrets(text, n);
		CHECK_EQ(n, strlen(rows[i].shown));
		if (memcmp(text, rows[i].shown, n) != 0)
			print_message("# row %zu: %.*s\n", i, (int)n, text);
		CHECK_MEM(text, rows[i].shown, n);
		free(text);
	}
}

/* Cut anywhere, a message loses no secret: what is left of it is covered as well. */
TEST(a_message_cut_short_shows_no_secret)
{
	static const char message[] =
		"INVITE sip:b@x SIP/2.0\r\nAuthorization: Digest response=\"SSSSSSSS\"\r\n"
		"Proxy-Authorization: Bearer SSSSSSSS\r\n\r\na=crypto:1 A inline:SSSSSSSS|2\r\n";

	for (size_t n = 0; n < sizeof(message); n++) {
		char *text = malloc(n ? n : 1);

		memcpy(text, message, n);
		sip_mask_secrets(text, n);
		for (size_t i = 0; i + 2 < n; i++)
			CHECK(memcmp(text + i, "SSS", 3) != 0);
		free(text);
	}
}

TESTS(RUN(secrets_are_covered_and_nothing_else), RUN(a_message_cut_short_shows_no_secret))
