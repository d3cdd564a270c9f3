#include "tls/hash.h"

#include "base/err.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>

static const struct {
	const char *name;
	size_t size;
} hashes[] = {
	[TLS_HASH_MD5] = {"MD5", 16},
	[TLS_HASH_SHA1] = {"SHA1", 20},
	[TLS_HASH_SHA256] = {"SHA256", 32},
	[TLS_HASH_SHA512_256] = {"SHA512-256", 32},
};

/* Looked up once a process: the search through the providers costs more than a digest. Kept until its end. */
static EVP_MD *fetched[ARRAY_LEN(hashes)];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void fetch_all(void)
{
	for (size_t i = 0; i < ARRAY_LEN(hashes); i++)
		fetched[i] = EVP_MD_fetch(NULL, hashes[i].name, NULL);
}

static const EVP_MD *fetch(enum tls_hash type)
{
	pthread_once(&once, fetch_all);
	return fetched[type];
}

size_t tls_hash_size(enum tls_hash type)
{
	return hashes[type].size;
}

static int unsupported(enum tls_hash type)
{
	return err_detail(OH_ENOTSUP, "OpenSSL on this system does not allow %s", hashes[type].name);
}

int tls_hash(enum tls_hash type, const struct slice *parts, size_t n, uint8_t ret_digest[TLS_HASH_MAX])
{
	const EVP_MD *md = fetch(type);
	uint8_t digest[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *ctx;
	int ok;

	if (!md)
		return unsupported(type);
	ctx = EVP_MD_CTX_new();
	if (!ctx)
		return OH_ENOMEM;
	ok = EVP_DigestInit_ex2(ctx, md, NULL);
	for (size_t i = 0; ok && i < n; i++)
		ok = EVP_DigestUpdate(ctx, parts[i].p, parts[i].n);
	ok = ok && EVP_DigestFinal_ex(ctx, digest, NULL);
	EVP_MD_CTX_free(ctx);
	if (!ok)
		return OH_ENOMEM;
	memcpy(ret_digest, digest, hashes[type].size);
	OPENSSL_cleanse(digest, sizeof(digest));
	return 0;
}

int tls_hash_hex(enum tls_hash type, const struct slice *parts, size_t n, char ret_text[TLS_HASH_HEX])
{
	uint8_t digest[TLS_HASH_MAX];
	int err = tls_hash(type, parts, n, digest);

	if (err)
		return err;
	tls_hex(slice_make((const char *)digest, hashes[type].size), ret_text);
	return 0;
}

int tls_hmac(enum tls_hash type, struct slice key, struct slice data, uint8_t ret_mac[TLS_HASH_MAX])
{
	const EVP_MD *md = fetch(type);
	uint8_t mac[EVP_MAX_MD_SIZE];

	if (!md)
		return unsupported(type);
	/* No pointer would mean "the key of before" to it. */
	if (!HMAC(md, key.p ? key.p : "", (int)key.n, (const uint8_t *)data.p, data.n, mac, NULL))
		return OH_ENOMEM;
	memcpy(ret_mac, mac, hashes[type].size);
	return 0;
}

void tls_hex(struct slice data, char *text)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < data.n; i++) {
		*text++ = digits[(uint8_t)data.p[i] >> 4];
		*text++ = digits[(uint8_t)data.p[i] & 15];
	}
	*text = '\0';
}

int tls_base64(struct slice data, char *buf, size_t cap)
{
	if (data.n > INT32_MAX / 2 || cap < TLS_BASE64_SIZE(data.n))
		return OH_ETOOBIG;
	buf[0] = '\0';
	if (data.n)
		EVP_EncodeBlock((uint8_t *)buf, (const uint8_t *)data.p, (int)data.n);
	return 0;
}

/* The '=' at the end, at most two; what is no base64 shows later. */
static size_t padding(struct slice text)
{
	if (text.n < 4 || text.p[text.n - 1] != '=')
		return 0;
	return text.p[text.n - 2] == '=' ? 2 : 1;
}

int tls_unbase64(struct slice text, uint8_t *buf, size_t cap, size_t *ret_n)
{
	size_t pad = padding(text), done = 0;

	if (text.n % 4)
		return OH_ESYNTAX;
	/* EVP_DecodeBlock() takes white space around and padding anywhere: so look first. */
	for (size_t i = 0; i < text.n - pad; i++) {
		char c = text.p[i];

		if (!(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
			c != '+' && c != '/')
			return OH_ESYNTAX;
	}
	if (text.n / 4 * 3 - pad > cap)
		return OH_ETOOBIG;
	/* Group by group: the last one writes three bytes, for which buf may have no room. */
	for (size_t i = 0; i < text.n; i += 4) {
		size_t n = i + 4 == text.n ? 3 - pad : 3;
		uint8_t group[3];

		if (EVP_DecodeBlock(group, (const uint8_t *)text.p + i, 4) != 3)
			return OH_ESYNTAX;
		memcpy(buf + done, group, n);
		done += n;
	}
	*ret_n = done;
	return 0;
}

bool tls_equal(struct slice a, struct slice b)
{
	return a.n == b.n && (a.n == 0 || CRYPTO_memcmp(a.p, b.p, a.n) == 0);
}
