/*
 * Digest on the wire (RFC 7616 3, RFC 8760): the fields of challenges and credentials, and the one computation that
 * client and server share. Pure: no memory, no time, no chance.
 */
#ifndef OH_SIP_DIGEST_H
#define OH_SIP_DIGEST_H

#include "sip/auth.h"
#include "tls/hash.h"

/* One list: constant, name. */
#define DIGEST_FIELDS(X) \
	X(REALM, "realm") \
	X(NONCE, "nonce") \
	X(OPAQUE, "opaque") \
	X(STALE, "stale") \
	X(ALGORITHM, "algorithm") \
	X(QOP, "qop") \
	X(USERHASH, "userhash") \
	X(CHARSET, "charset") \
	X(USERNAME, "username") \
	X(USERNAME_EXT, "username*") \
	X(URI, "uri") \
	X(RESPONSE, "response") \
	X(CNONCE, "cnonce") \
	X(NC, "nc") \
	X(RSPAUTH, "rspauth") \
	X(NEXTNONCE, "nextnonce")
enum digest_field {
#define X(id, name) DIGEST_##id,
	DIGEST_FIELDS(X)
#undef X
		N_DIGEST_FIELDS
};

/* Values as they stood: what is between quotes, escapes and all, or the token. Absent: not there. */
struct digest_fields {
	struct slice f[N_DIGEST_FIELDS];
};

/* A value of WWW-Authenticate, Authorization and their proxy forms. OH_ENOTSUP: another scheme; OH_ESYNTAX: malformed,
 * a field that stands twice, a line break or NUL in a value. Fields that we do not know are passed over. */
int digest_parse(struct slice value, struct digest_fields *ret_fields);
/* The same without a scheme: Authentication-Info. */
int digest_parse_info(struct slice value, struct digest_fields *ret_fields);

/* The value that a field stands for: without the backslashes of its escapes. Absent when buf is too small. */
struct slice digest_unquote(struct slice raw, char *buf, size_t cap);
/* What stands for `value` between quotes; absent when buf is too small. */
struct slice digest_quote(struct slice value, char *buf, size_t cap);

struct digest_algorithm {
	enum sip_auth_hash hash;
	bool sess;
};
/* An absent name is MD5. OH_ENOTSUP. */
int digest_algorithm_of(struct slice name, struct digest_algorithm *ret_algorithm);
const char *digest_algorithm_name(struct digest_algorithm algorithm);
size_t digest_hex_size(enum sip_auth_hash hash);

enum digest_qop { DIGEST_QOP_NONE, DIGEST_QOP_AUTH, DIGEST_QOP_AUTH_INT };
/* What we take of a list of them: auth before auth-int (which a box that rewrites bodies breaks). Absent: none at all,
 * RFC 2069. OH_ENOTSUP. */
int digest_qop_of(struct slice list, enum digest_qop *ret_qop);

struct digest {
	struct digest_algorithm algorithm;
	enum digest_qop qop;
	struct slice ha1; /* hexadecimal; absent: made from the next three */
	struct slice user, realm, password;
	struct slice nonce, cnonce, nc; /* values, not quoted; nc in 8 digits */
	struct slice method;            /* empty: for rspauth (RFC 7616 3.5) */
	struct slice uri, body;
};
/* The response, in hexadecimal. Errors as tls_hash(). */
int digest_compute(const struct digest *d, char ret_response[TLS_HASH_HEX]);
/* H(user ":" realm), RFC 7616 3.4.4. */
int digest_userhash(
	enum sip_auth_hash hash, struct slice user, struct slice realm, char ret_hash[TLS_HASH_HEX]);
/* H(user ":" realm ":" password). */
int digest_ha1(enum sip_auth_hash hash, struct slice user, struct slice realm, struct slice password,
	char ret_ha1[TLS_HASH_HEX]);

#endif
