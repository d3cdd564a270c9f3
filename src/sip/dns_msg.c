#include "sip/dns_msg.h"

#include "base/err.h"
#include "base/slice.h"
#include "host/host.h"

enum { TYPE_CNAME = 5, CLASS_IN = 1 };

/* RFC 1035 4.1.1. */
enum { FLAG_ANSWER = 0x8000, FLAG_CUT = 0x0200, RCODE = 0x000f, RCODE_NO_NAME = 3 };

struct reader {
	const uint8_t *msg;
	size_t n, at;
	bool bad; /* something went beyond the end, or is no name; what was read since is 0 */
};

static uint8_t read_u8(struct reader *r)
{
	if (r->at >= r->n) {
		r->bad = true;
		return 0;
	}
	return r->msg[r->at++];
}

static uint16_t read_u16(struct reader *r)
{
	uint16_t high = read_u8(r);

	return (uint16_t)(high << 8 | read_u8(r));
}

static uint32_t read_u32(struct reader *r)
{
	uint32_t high = read_u16(r);

	return high << 16 | read_u16(r);
}

static void skip(struct reader *r, size_t n)
{
	if (n > r->n - r->at)
		r->bad = true;
	else
		r->at += n;
}

/* A name goes into questions, texts and the log: only what a host or a service is called. */
static bool is_name_char(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
	       c == '_';
}

/* RFC 1035 4.1.4. Each pointer must lead further back than the one before: so there are no loops. False: a name that we
 * do not take, though it may be one. */
static bool read_name(struct reader *r, char text[DNS_NAME_MAX + 1])
{
	size_t limit = r->at, behind = 0, n = 0;
	bool good = true;

	for (;;) {
		uint8_t length = read_u8(r);

		if (r->bad || length == 0)
			break;
		if (length >= 0xc0) {
			size_t to = (size_t)(length & 0x3f) << 8 | read_u8(r);

			if (!behind)
				behind = r->at;
			r->bad |= to >= limit;
			if (r->bad)
				break;
			r->at = limit = to;
			continue;
		}
		/* With its dot, which the last one loses below. */
		if (length > 63 || n + length > DNS_NAME_MAX) {
			r->bad = true;
			break;
		}
		for (; length && !r->bad; length--) {
			uint8_t c = read_u8(r);

			good &= is_name_char(c);
			text[n++] = (char)c;
		}
		text[n++] = '.';
	}
	text[n ? n - 1 : 0] = 0;
	if (behind)
		r->at = behind;
	return good && !r->bad;
}

static bool same_name(const char *a, const char *b)
{
	struct slice x = slice_of(a), y = slice_of(b);

	x.n -= x.n > 0 && x.p[x.n - 1] == '.';
	return slice_ieq(x, y);
}

/* A <character-string>; one that is longer than there is room for reads as "". */
static size_t read_string(struct reader *r, char *text, size_t cap)
{
	size_t n = read_u8(r);

	if (n < cap && n <= r->n - r->at) {
		memcpy(text, r->msg + r->at, n);
		text[n] = 0;
	} else {
		text[0] = 0;
	}
	skip(r, n);
	return n;
}

/* Names in RDATA may be compressed by servers that do not know better: r sees the whole message. */
static bool read_srv(struct reader *r, struct dns_srv *srv)
{
	srv->priority = read_u16(r);
	srv->weight = read_u16(r);
	srv->port = read_u16(r);
	return read_name(r, srv->target);
}

static bool read_naptr(struct reader *r, struct dns_naptr *naptr)
{
	char none[1];

	naptr->order = read_u16(r);
	naptr->preference = read_u16(r);
	read_string(r, naptr->flags, sizeof(naptr->flags));
	read_string(r, naptr->service, sizeof(naptr->service));
	naptr->has_regexp = read_string(r, none, sizeof(none)) > 0;
	return read_name(r, naptr->replacement);
}

static bool read_record(struct reader *r, int type, struct dns_records *out)
{
	return type == HOST_DNS_SRV ? read_srv(r, &out->srv[out->n]) : read_naptr(r, &out->naptr[out->n]);
}

/* RFC 2181 8: a TTL with the top bit set is 0. */
static void shorten(struct dns_records *out, uint32_t ttl_s)
{
	if (ttl_s > INT32_MAX)
		ttl_s = 0;
	if (ttl_s < out->ttl_s)
		out->ttl_s = ttl_s;
}

/* The records of `owner`, and where its alias leads ("": it has none). */
static int walk(struct reader r, unsigned count, const char *owner, int type, struct dns_records *out,
	char alias[DNS_NAME_MAX + 1])
{
	char name[DNS_NAME_MAX + 1];

	alias[0] = 0;
	for (unsigned i = 0; i < count; i++) {
		bool named = read_name(&r, name) && same_name(owner, name);
		int of_type = read_u16(&r), of_class = read_u16(&r);
		uint32_t ttl_s = read_u32(&r);
		size_t length = read_u16(&r), end;

		if (r.bad || length > r.n - r.at)
			return OH_ESYNTAX;
		end = r.at + length;
		if (named && of_class == CLASS_IN && (of_type == type || of_type == TYPE_CNAME)) {
			bool good = false;

			if (of_type == TYPE_CNAME) {
				good = read_name(&r, alias);
				alias[0] = good ? alias[0] : 0;
			} else if (out->n < DNS_RECORDS_MAX && read_record(&r, type, out)) {
				good = true;
				out->n++;
			}
			if (r.bad || r.at > end)
				return OH_ESYNTAX;
			if (good)
				shorten(out, ttl_s);
		}
		r.at = end;
	}
	return 0;
}

int dns_msg_parse(const uint8_t *msg, size_t n, const char *name, int type, struct dns_records *ret_records)
{
	struct reader r = {.msg = msg, .n = n};
	char owner[DNS_NAME_MAX + 1], alias[DNS_NAME_MAX + 1];
	unsigned flags, questions, answers;
	int err;

	skip(&r, 2); /* the resolver has matched the id */
	flags = read_u16(&r);
	questions = read_u16(&r);
	answers = read_u16(&r);
	skip(&r, 4);
	if (r.bad || !(flags & FLAG_ANSWER))
		return OH_ESYNTAX;
	if (flags & RCODE)
		return (flags & RCODE) == RCODE_NO_NAME ? OH_ERESOLVE : OH_ETRANSPORT;
	if (flags & FLAG_CUT)
		return OH_ESYNTAX; /* the resolver asks again over TCP; this one did not */
	for (; questions && !r.bad; questions--) {
		read_name(&r, owner);
		skip(&r, 4);
	}
	if (r.bad)
		return OH_ESYNTAX;

	ret_records->n = 0;
	ret_records->ttl_s = INT32_MAX;
	for (unsigned i = 0; i <= DNS_ALIASES_MAX; i++) {
		err = walk(r, answers, i ? owner : name, type, ret_records, alias);
		if (err || ret_records->n)
			return err;
		if (!alias[0])
			return OH_ERESOLVE;
		memcpy(owner, alias, sizeof(owner));
	}
	return OH_ETOOMANY;
}
