/* Names: what a test wrote down, answered after a moment. A query is an event and nothing else. */
#include "host/sim/impl.h"

#include "base/mem.h"
#include "offhook/error.h"

#include <string.h>

#define SIM_DNS_DELAY_NS NS_PER_MS
#define SIM_DNS_ADDRS    64 /* addresses a name can have */

struct sim_query {
	struct host_dns base;
	struct sim_event due;
	char *name;
	int type;   /* of DNS, for fn */
	int family; /* for addrs_fn */
	bool lost;
	host_dns_fn *fn;
	host_addrs_fn *addrs_fn;
	void *arg;
};

static struct sim_record *record_free(struct sim_record *r)
{
	if (!r)
		return NULL;
	list_remove(&r->node);
	mem_free(r->name);
	mem_free(r->data);
	mem_free(r);
	return NULL;
}

void sim_dns_close(struct sim *s)
{
	while (!list_empty(&s->dns_records))
		record_free(CONTAINER_OF(s->dns_records.next, struct sim_record, node));
}

/* "Example.COM." is "example.com". */
bool sim_dns_same_name(const char *a, const char *b)
{
	struct slice x = slice_of(a), y = slice_of(b);

	x.n -= x.n > 0 && x.p[x.n - 1] == '.';
	y.n -= y.n > 0 && y.p[y.n - 1] == '.';
	return slice_ieq(x, y);
}

void sim_dns_forget(struct sim *s, const char *name)
{
	LIST_FOREACH_SAFE (it, &s->dns_records) {
		struct sim_record *r = CONTAINER_OF(it, struct sim_record, node);

		if (sim_dns_same_name(r->name, name))
			record_free(r);
	}
}

int sim_record_new(struct sim *s, const struct sim_record *what, const char *name, const void *data)
{
	struct sim_record *r = mem_zalloc(sizeof(*r));

	if (!r)
		return OH_ENOMEM;
	*r = *what;
	r->name = mem_strdup(name);
	r->data = mem_alloc(what->n + 1);
	if (!r->name || !r->data) {
		record_free(r);
		return OH_ENOMEM;
	}
	if (what->n > 0)
		memcpy(r->data, data, what->n);
	list_append(&s->dns_records, &r->node);
	return 0;
}

int sim_dns_addr_for(struct sim *s, const char *name, const char *ip, uint32_t ttl_s)
{
	struct sim_record what = {.kind = SIM_RECORD_ADDR, .ttl_s = ttl_s};
	int err = netaddr_parse_ip(slice_of(ip), 0, &what.addr);

	return err ? err : sim_record_new(s, &what, name, NULL);
}

int sim_dns_addr(struct sim *s, const char *name, const char *ip)
{
	return sim_dns_addr_for(s, name, ip, 0);
}

static struct sim_record *find_answer(struct sim *s, const char *name, int type)
{
	LIST_FOREACH (it, &s->dns_records) {
		struct sim_record *r = CONTAINER_OF(it, struct sim_record, node);

		if (r->kind == SIM_RECORD_WHOLE_ANSWER && r->type == type && sim_dns_same_name(r->name, name))
			return r;
	}
	return NULL;
}

int sim_dns_answer(struct sim *s, const char *name, int type, const void *answer, size_t n, uint64_t delay_ns)
{
	struct sim_record what = {
		.kind = SIM_RECORD_WHOLE_ANSWER, .type = type, .n = n, .delay_ns = delay_ns};
	struct sim_record *before = find_answer(s, name, type);
	int err = sim_record_new(s, &what, name, answer);

	if (!err)
		record_free(before);
	return err;
}

unsigned sim_dns_asked(const struct sim *s)
{
	return s->dns_asked;
}

void sim_dns_lose(struct sim *s, unsigned nth, uint64_t delay_ns)
{
	s->dns_lost = nth ? s->dns_asked + nth : 0;
	s->dns_lost_ns = delay_ns;
}

static void query_free(struct sim_query *q)
{
	sim_event_close(&q->due);
	mem_free(q->name);
	mem_free(q);
}

static void answer_raw(void *arg)
{
	struct sim_query *q = arg;
	struct sim *s = q->due.sim;
	struct sim_record *whole = find_answer(s, q->name, q->type);
	uint8_t written[SIM_DNS_ANSWER_MAX], *copy = NULL;
	const uint8_t *answer = whole ? whole->data : written;
	size_t n = whole ? whole->n : sim_dns_write(s, q->name, q->type, written);
	bool lost = q->lost || (whole && n == 0);
	host_dns_fn *fn = q->fn;
	void *fn_arg = q->arg;

	q->base.host->counters.queries--;
	query_free(q);
	if (lost || n == 0) {
		fn(fn_arg, lost ? OH_ETIMEDOUT : OH_ERESOLVE, NULL, 0);
		return;
	}
	/* Of its exact size and our own: a parser that reads on is caught, and the test may replace the
	 * record. */
	copy = mem_alloc(n);
	if (copy) {
		memcpy(copy, answer, n);
		fn(fn_arg, 0, copy, n);
	} else {
		fn(fn_arg, OH_ETRANSPORT, NULL, 0);
	}
	mem_free(copy);
}

static size_t collect(
	struct sim *s, const char *name, int family, struct netaddr addrs[SIM_DNS_ADDRS], uint32_t *ret_ttl_s)
{
	size_t n = 0;

	*ret_ttl_s = 0;
	if (netaddr_parse_ip(slice_of(name), 0, &addrs[0]) == 0)
		return !family || addrs[0].family == family;
	LIST_FOREACH (it, &s->dns_records) {
		struct sim_record *r = CONTAINER_OF(it, struct sim_record, node);

		if (r->kind != SIM_RECORD_ADDR || n == SIM_DNS_ADDRS ||
			(family && r->addr.family != family) || !sim_dns_same_name(r->name, name))
			continue;
		addrs[n++] = r->addr;
		*ret_ttl_s = n == 1 || r->ttl_s < *ret_ttl_s ? r->ttl_s : *ret_ttl_s;
	}
	return n;
}

static void answer_addrs(void *arg)
{
	struct sim_query *q = arg;
	struct netaddr addrs[SIM_DNS_ADDRS];
	uint32_t ttl_s;
	size_t n = q->lost ? 0 : collect(q->due.sim, q->name, q->family, addrs, &ttl_s);
	host_addrs_fn *fn = q->addrs_fn;
	void *fn_arg = q->arg;
	int none = q->lost ? OH_ETIMEDOUT : OH_ERESOLVE;

	q->base.host->counters.queries--;
	query_free(q);
	if (n > 0)
		fn(fn_arg, 0, addrs, n, ttl_s);
	else
		fn(fn_arg, none, addrs, 0, 0);
}

/* Whether and when a question is answered: by what the test said of it. */
static uint64_t fate(struct sim *s, struct sim_query *q, int type)
{
	struct sim_record *whole = type ? find_answer(s, q->name, type) : NULL;

	if (++s->dns_asked == s->dns_lost) {
		q->lost = true;
		return s->dns_lost_ns;
	}
	if (!whole)
		return SIM_DNS_DELAY_NS;
	q->lost = whole->n == 0;
	return whole->delay_ns;
}

static int ask(struct host *h, const struct sim_query *wanted, const char *name, int type,
	struct host_dns **ret_query)
{
	struct sim *s = sim_host_of(h)->sim;
	struct sim_query *q = mem_zalloc(sizeof(*q));

	if (!q)
		return OH_ENOMEM;
	*q = *wanted;
	q->base.host = h;
	q->name = mem_strdup(name);
	if (!q->name || sim_event_init(&q->due, s, sim_host_of(h), q->fn ? answer_raw : answer_addrs, q)) {
		query_free(q);
		return OH_ENOMEM;
	}
	sim_event_at(&q->due, s->now_ns + fate(s, q, type));
	*ret_query = &q->base;
	return 0;
}

int sim_dns_query(
	struct host *h, const char *name, int type, host_dns_fn *fn, void *arg, struct host_dns **ret_query)
{
	struct sim_query wanted = {.type = type, .fn = fn, .arg = arg};

	return ask(h, &wanted, name, type, ret_query);
}

int sim_dns_addrs(struct host *h, const char *name, int family, host_addrs_fn *fn, void *arg,
	struct host_dns **ret_query)
{
	struct sim_query wanted = {.family = family, .addrs_fn = fn, .arg = arg};
	int type = family == NETADDR_IP4 ? HOST_DNS_A : family == NETADDR_IP6 ? HOST_DNS_AAAA : 0;

	return ask(h, &wanted, name, type, ret_query);
}

void sim_dns_cancel(struct host_dns *q)
{
	query_free((struct sim_query *)q);
}

int sim_dns_servers(struct host *h, const struct netaddr *servers, size_t n)
{
	(void)h;
	(void)servers;
	return n == 0 ? OH_EINVAL : 0;
}
