/* The raw answers that a name server would give from the records of a test (RFC 1035 4.1, RFC 2782, RFC 3403 4). */
#include "host/sim/impl.h"

#include "base/mem.h"
#include "offhook/error.h"

#include <string.h>

enum { TYPE_CNAME = 5 };

#define NAME_MAX_WIRE 255u
#define RDATA_MAX     1024u
#define ALIASES_MAX   20u

struct wire {
	uint8_t *p;
	size_t n, cap; /* n beyond cap: it did not fit */
};

static void put(struct wire *w, const void *data, size_t n)
{
	if (w->n + n <= w->cap && n)
		memcpy(w->p + w->n, data, n);
	w->n += n;
}

static void put_u16(struct wire *w, unsigned v)
{
	uint8_t b[] = {(uint8_t)(v >> 8), (uint8_t)v};

	put(w, b, sizeof(b));
}

static void put_u32(struct wire *w, uint32_t v)
{
	put_u16(w, v >> 16);
	put_u16(w, v & 0xffff);
}

/* "a.example." or "a.example"; "" and "." are the root. */
static void put_name(struct wire *w, const char *name)
{
	struct slice rest = slice_of(name ? name : "");
	uint8_t n;

	while (!slice_empty(rest)) {
		struct slice label = slice_make(rest.p, slice_index(rest, '.'));

		n = (uint8_t)label.n;
		if (n) {
			put(w, &n, 1);
			put(w, label.p, label.n);
		}
		rest = slice_skip(rest, label.n + 1);
	}
	n = 0;
	put(w, &n, 1);
}

static void put_string(struct wire *w, const char *text)
{
	uint8_t n = text ? (uint8_t)strlen(text) : 0;

	put(w, &n, 1);
	put(w, text, n);
}

static int keep(struct sim *s, const char *name, int type, uint32_t ttl_s, const struct wire *w)
{
	struct sim_record what = {.kind = SIM_RECORD_DATA, .type = type, .ttl_s = ttl_s, .n = w->n};

	return w->n <= w->cap ? sim_record_new(s, &what, name, w->p) : OH_ETOOBIG;
}

int sim_dns_srv(struct sim *s, const char *name, const struct sim_srv *srv)
{
	uint8_t buf[RDATA_MAX];
	struct wire w = {buf, 0, sizeof(buf)};

	put_u16(&w, srv->priority);
	put_u16(&w, srv->weight);
	put_u16(&w, srv->port);
	put_name(&w, srv->target);
	return keep(s, name, HOST_DNS_SRV, srv->ttl_s, &w);
}

int sim_dns_naptr(struct sim *s, const char *name, const struct sim_naptr *naptr)
{
	uint8_t buf[RDATA_MAX];
	struct wire w = {buf, 0, sizeof(buf)};

	put_u16(&w, naptr->order);
	put_u16(&w, naptr->preference);
	put_string(&w, naptr->flags);
	put_string(&w, naptr->service);
	put_string(&w, naptr->regexp);
	put_name(&w, naptr->replacement);
	return keep(s, name, HOST_DNS_NAPTR, naptr->ttl_s, &w);
}

int sim_dns_alias(struct sim *s, const char *name, const char *target)
{
	uint8_t buf[RDATA_MAX];
	struct wire w = {buf, 0, sizeof(buf)};

	put_name(&w, target);
	return keep(s, name, TYPE_CNAME, 60, &w);
}

/* All records of this name and type; returns how many. *ret_last: the last of them. */
static unsigned put_records(
	struct wire *w, struct sim *s, const char *name, int type, const struct sim_record **ret_last)
{
	unsigned count = 0;

	LIST_FOREACH (it, &s->dns_records) {
		struct sim_record *r = CONTAINER_OF(it, struct sim_record, node);

		if (r->kind != SIM_RECORD_DATA || r->type != type || !sim_dns_same_name(r->name, name))
			continue;
		put_name(w, r->name);
		put_u16(w, (unsigned)type);
		put_u16(w, 1); /* the class IN */
		put_u32(w, r->ttl_s);
		put_u16(w, (unsigned)r->n);
		put(w, r->data, r->n);
		*ret_last = r;
		count++;
	}
	return count;
}

/* The name in the RDATA of an alias, as text. */
static const char *alias_text(const struct sim_record *r, char text[NAME_MAX_WIRE + 1])
{
	size_t at = 0, n = 0;

	while (r->data[at] && n + r->data[at] < NAME_MAX_WIRE) {
		memcpy(text + n, r->data + at + 1, r->data[at]);
		n += r->data[at];
		text[n++] = '.';
		at += r->data[at] + 1u;
	}
	text[n] = 0;
	return text;
}

size_t sim_dns_write(struct sim *s, const char *name, int type, uint8_t buf[SIM_DNS_ANSWER_MAX])
{
	struct wire w = {buf, 0, SIM_DNS_ANSWER_MAX};
	const struct sim_record *alias;
	char text[NAME_MAX_WIRE + 1];
	const char *owner = name;
	unsigned n = 0, found = 0;

	put_u16(&w, 0);      /* c-ares has matched the id */
	put_u16(&w, 0x8180); /* an answer, recursion desired and available */
	put_u16(&w, 1);
	put_u32(&w, 0);
	put_u16(&w, 0);
	put_name(&w, name);
	put_u16(&w, (unsigned)type);
	put_u16(&w, 1);
	for (unsigned i = 0; i <= ALIASES_MAX; i++) {
		found = put_records(&w, s, owner, type, &alias);
		n += found;
		if (found || !put_records(&w, s, owner, TYPE_CNAME, &alias))
			break;
		n++;
		owner = alias_text(alias, text);
	}
	if (n == 0 || w.n > w.cap)
		return 0;
	buf[7] = (uint8_t)n;
	return w.n;
}
