/*
 * Digests, HMAC and base64 by OpenSSL, for those who name their algorithm on the wire: digest authentication
 * (RFC 7616, RFC 8760), the WebSocket handshake (RFC 6455), STUN. MD5 and SHA-1 are here because these protocols ask
 * for them; nothing new should.
 *
 * Thread: any. Nothing here allocates by base/mem.h or keeps state of its own.
 */
#ifndef OH_TLS_HASH_H
#define OH_TLS_HASH_H

#include "base/slice.h"

enum tls_hash { TLS_HASH_MD5, TLS_HASH_SHA1, TLS_HASH_SHA256, TLS_HASH_SHA512_256 };

/* Bytes of the longest digest; characters of its hexadecimal text with the terminating NUL. */
#define TLS_HASH_MAX 32u
#define TLS_HASH_HEX (2 * TLS_HASH_MAX + 1)

/* Bytes of a digest: 16, 20, 32, 32. */
size_t tls_hash_size(enum tls_hash type);

/* The digest of n slices one behind the other: tls_hash_size() bytes. An absent slice is an empty one.
 * OH_ENOTSUP: this system's OpenSSL forbids the algorithm (MD5 under FIPS rules), OH_ENOMEM. */
int tls_hash(enum tls_hash type, const struct slice *parts, size_t n, uint8_t ret_digest[TLS_HASH_MAX]);

/* The same as lower-case hexadecimal text, terminated. */
int tls_hash_hex(enum tls_hash type, const struct slice *parts, size_t n, char ret_text[TLS_HASH_HEX]);

/* RFC 2104. The key may have any length. Errors as above. */
int tls_hmac(enum tls_hash type, struct slice key, struct slice data, uint8_t ret_mac[TLS_HASH_MAX]);

/* 2 * data.n characters and a NUL into text. */
void tls_hex(struct slice data, char *text);

/* Characters of n bytes in base64, with the NUL. */
#define TLS_BASE64_SIZE(n) (((n) + 2) / 3 * 4 + 1)

/* RFC 4648 4, padded, terminated. OH_ETOOBIG: cap is below TLS_BASE64_SIZE(data.n). */
int tls_base64(struct slice data, char *buf, size_t cap);

/* Strict: whole groups, padding at the end only, nothing around. *ret_n bytes in buf. OH_ESYNTAX, OH_ETOOBIG. */
int tls_unbase64(struct slice text, uint8_t *buf, size_t cap, size_t *ret_n);

/* Equal? In a time that does not tell how far they agree (their lengths are no secret). */
bool tls_equal(struct slice a, struct slice b);

#endif
