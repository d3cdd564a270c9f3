/* Fields of digest headers and the computation: RFC 7616 3.3, 3.4; RFC 8760 2. */
#include "sip/digest.h"

#include "base/err.h"
#include "sip/grammar.h"
#include "sip/msg.h"

/* ---- fields ---- */

static const struct slice field_names[] = {
#define X(id, name) {name, sizeof(name) - 1},
	DIGEST_FIELDS(X)
#undef X
};

static bool is_clean(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '\r' || s.p[i] == '\n' || s.p[i] == 0)
			return false;
	return true;
}

/* A quoted string, or what stands up to a comma or blank: some servers forget the quotes about a nonce. NULL:
 * malformed. */
static const char *scan_value(const char *p, struct bounds b, struct slice *ret_value)
{
	const char *start = p;

	if (p < b.end && *p == '"') {
		p = sip_skip_quoted(p + 1, b);
		if (p)
			*ret_value = sip_between(start + 1, p - 1);
		return p;
	}
	while (p < b.end && *p != ',' && *p != '"' && !sip_is(*p, CT_LWS))
		p++;
	*ret_value = sip_between(start, p);
	return p > start ? p : NULL;
}

/* token = value; NULL: malformed. */
static const char *scan_field(const char *p, struct bounds b, struct slice *ret_name, struct slice *ret_value)
{
	const char *start = p;

	p = sip_span(p, b.end, CT_TOKEN);
	*ret_name = sip_between(start, p);
	p = sip_skip_lws(p, b.end);
	if (slice_empty(*ret_name) || p == b.end || *p != '=')
		return NULL;
	p = scan_value(sip_skip_lws(p + 1, b.end), b, ret_value);
	return p ? sip_skip_lws(p, b.end) : NULL;
}

static int keep_field(struct digest_fields *fields, struct slice name, struct slice value)
{
	if (!is_clean(value))
		return OH_ESYNTAX;
	for (size_t i = 0; i < N_DIGEST_FIELDS; i++) {
		if (!slice_ieq(name, field_names[i]))
			continue;
		if (slice_present(fields->f[i]))
			return OH_ESYNTAX;
		fields->f[i] = value;
		return 0;
	}
	return 0;
}

int digest_parse_info(struct slice text, struct digest_fields *ret_fields)
{
	struct digest_fields fields = {0};
	struct bounds b = sip_bounds_of(text);
	const char *p = text.p ? sip_skip_lws(text.p, b.end) : NULL;

	while (p && p < b.end) {
		struct slice name, value;

		if (*p == ',') { /* lists may have empty elements (RFC 7230 7) */
			p = sip_skip_lws(p + 1, b.end);
			continue;
		}
		p = scan_field(p, b, &name, &value);
		if (!p || (p < b.end && *p != ',') || keep_field(&fields, name, value) != 0)
			return OH_ESYNTAX;
	}
	if (!p)
		return OH_ESYNTAX;
	*ret_fields = fields;
	return 0;
}

int digest_parse(struct slice value, struct digest_fields *ret_fields)
{
	const char *end = slice_end(value), *p;

	if (!slice_present(value))
		return OH_ESYNTAX;
	p = sip_span(value.p, end, CT_TOKEN);
	if (!slice_ieq(sip_between(value.p, p), SLICE_LIT("Digest")))
		return p == value.p ? OH_ESYNTAX : OH_ENOTSUP;
	if (p == end || !sip_is(*p, CT_LWS))
		return OH_ESYNTAX;
	return digest_parse_info(sip_between(p, end), ret_fields);
}

struct slice digest_unquote(struct slice raw, char *buf, size_t cap)
{
	size_t n = 0;

	if (!slice_present(raw) || slice_index(raw, '\\') == raw.n)
		return raw;
	for (size_t i = 0; i < raw.n; i++) {
		if (raw.p[i] == '\\' && i + 1 < raw.n)
			i++;
		if (n == cap)
			return SLICE_NONE;
		buf[n++] = raw.p[i];
	}
	return slice_make(buf, n);
}

struct slice digest_quote(struct slice value, char *buf, size_t cap)
{
	size_t n = 0;

	for (size_t i = 0; i < value.n; i++) {
		bool escape = value.p[i] == '"' || value.p[i] == '\\';

		if (n + escape >= cap)
			return SLICE_NONE;
		if (escape)
			buf[n++] = '\\';
		buf[n++] = value.p[i];
	}
	return slice_make(buf, n);
}

/* ---- algorithms ---- */

static const struct {
	const char *name, *sess;
	enum tls_hash hash;
} algorithms[N_SIP_AUTH_HASHES] = {
	[SIP_AUTH_MD5] = {"MD5", "MD5-sess", TLS_HASH_MD5},
	[SIP_AUTH_SHA256] = {"SHA-256", "SHA-256-sess", TLS_HASH_SHA256},
	[SIP_AUTH_SHA512_256] = {"SHA-512-256", "SHA-512-256-sess", TLS_HASH_SHA512_256},
};

int digest_algorithm_of(struct slice name, struct digest_algorithm *ret_algorithm)
{
	if (!slice_present(name))
		name = SLICE_LIT("MD5");
	for (size_t i = 0; i < N_SIP_AUTH_HASHES; i++) {
		bool sess = slice_ieq(name, slice_of(algorithms[i].sess));

		if (!sess && !slice_ieq(name, slice_of(algorithms[i].name)))
			continue;
		*ret_algorithm = (struct digest_algorithm){(enum sip_auth_hash)i, sess};
		return 0;
	}
	return OH_ENOTSUP;
}

const char *digest_algorithm_name(struct digest_algorithm a)
{
	return a.sess ? algorithms[a.hash].sess : algorithms[a.hash].name;
}

size_t digest_hex_size(enum sip_auth_hash hash)
{
	return 2 * tls_hash_size(algorithms[hash].hash);
}

int digest_qop_of(struct slice list, enum digest_qop *ret_qop)
{
	struct slice qop;
	bool integrity = false;

	if (!slice_present(list)) {
		*ret_qop = DIGEST_QOP_NONE;
		return 0;
	}
	while (sip_list_next(&list, &qop)) {
		if (slice_ieq(qop, SLICE_LIT("auth"))) {
			*ret_qop = DIGEST_QOP_AUTH;
			return 0;
		}
		integrity |= slice_ieq(qop, SLICE_LIT("auth-int"));
	}
	if (!integrity)
		return OH_ENOTSUP;
	*ret_qop = DIGEST_QOP_AUTH_INT;
	return 0;
}

/* ---- the computation ---- */

/* H(a ":" b ":" c ...). */
static int hash_joined(enum sip_auth_hash hash, const struct slice *texts, size_t n, char ret[TLS_HASH_HEX])
{
	struct slice parts[2 * 6];

	for (size_t i = 0; i < n; i++) {
		parts[2 * i] = texts[i];
		parts[2 * i + 1] = SLICE_LIT(":");
	}
	return tls_hash_hex(algorithms[hash].hash, parts, 2 * n - 1, ret);
}

int digest_ha1(enum sip_auth_hash hash, struct slice user, struct slice realm, struct slice password,
	char ret_ha1[TLS_HASH_HEX])
{
	return hash_joined(hash, (const struct slice[]){user, realm, password}, 3, ret_ha1);
}

int digest_userhash(
	enum sip_auth_hash hash, struct slice user, struct slice realm, char ret_hash[TLS_HASH_HEX])
{
	return hash_joined(hash, (const struct slice[]){user, realm}, 2, ret_hash);
}

/* RFC 7616 3.4.2. */
static int make_a1(const struct digest *d, char ret[TLS_HASH_HEX])
{
	char base[TLS_HASH_HEX];
	struct slice ha1 = d->ha1;
	int err;

	if (!slice_present(ha1)) {
		err = digest_ha1(d->algorithm.hash, d->user, d->realm, d->password, base);
		if (err)
			return err;
		ha1 = slice_of(base);
	}
	if (d->algorithm.sess) {
		err = hash_joined(
			d->algorithm.hash, (const struct slice[]){ha1, d->nonce, d->cnonce}, 3, ret);
	} else {
		memcpy(ret, ha1.p, ha1.n);
		ret[ha1.n] = 0;
		err = 0;
	}
	explicit_bzero(base, sizeof(base));
	return err;
}

/* RFC 7616 3.4.3; an absent body hashes as an empty one (RFC 3261 22.4 number 7). */
static int make_a2(const struct digest *d, char ret[TLS_HASH_HEX])
{
	char body[TLS_HASH_HEX];
	int err;

	if (d->qop != DIGEST_QOP_AUTH_INT)
		return hash_joined(d->algorithm.hash, (const struct slice[]){d->method, d->uri}, 2, ret);
	err = hash_joined(d->algorithm.hash, &d->body, 1, body);
	if (err)
		return err;
	return hash_joined(
		d->algorithm.hash, (const struct slice[]){d->method, d->uri, slice_of(body)}, 3, ret);
}

int digest_compute(const struct digest *d, char ret_response[TLS_HASH_HEX])
{
	char a1[TLS_HASH_HEX], a2[TLS_HASH_HEX];
	struct slice qop = d->qop == DIGEST_QOP_AUTH ? SLICE_LIT("auth") : SLICE_LIT("auth-int");
	int err;

	if (slice_present(d->ha1) && d->ha1.n != digest_hex_size(d->algorithm.hash))
		return OH_EINVAL;
	err = make_a1(d, a1);
	if (err == 0)
		err = make_a2(d, a2);
	if (err == 0 && d->qop == DIGEST_QOP_NONE)
		err = hash_joined(d->algorithm.hash,
			(const struct slice[]){slice_of(a1), d->nonce, slice_of(a2)}, 3, ret_response);
	else if (err == 0)
		err = hash_joined(d->algorithm.hash,
			(const struct slice[]){slice_of(a1), d->nonce, d->nc, d->cnonce, qop, slice_of(a2)},
			6, ret_response);
	explicit_bzero(a1, sizeof(a1));
	return err;
}
