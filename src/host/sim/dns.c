/* Names: what a test wrote down, answered after a moment. A query is an event and nothing else. */
#include "host/sim/impl.h"

#include "base/mem.h"
#include "offhook/error.h"

#include <string.h>

#define SIM_DNS_DELAY_NS NS_PER_MS
#define SIM_DNS_ADDRS    64 /* addresses a name can have */
#define TYPE_ADDR        0  /* an address record, of either family; no DNS type has this number */

struct record {
	struct list node;
	char *name;
	int type;
	struct netaddr addr;
	uint8_t *answer;
	size_t n;
	uint64_t delay_ns;
};

struct sim_query {
	struct host_dns base;
	struct sim_event due;
	char *name;
	int type; /* TYPE_ADDR or a DNS type */
	int family;
	host_dns_fn *fn;
	host_addrs_fn *addrs_fn;
	void *arg;
};

static struct record *record_free(struct record *r)
{
	if (!r)
		return NULL;
	list_remove(&r->node);
	mem_free(r->name);
	mem_free(r->answer);
	mem_free(r);
	return NULL;
}

void sim_dns_close(struct sim *s)
{
	while (!list_empty(&s->dns_records))
		record_free(CONTAINER_OF(s->dns_records.next, struct record, node));
}

/* "Example.COM." is "example.com". */
static bool same_name(const char *a, const char *b)
{
	struct slice x = slice_of(a), y = slice_of(b);

	x.n -= x.n > 0 && x.p[x.n - 1] == '.';
	y.n -= y.n > 0 && y.p[y.n - 1] == '.';
	return slice_ieq(x, y);
}

static struct record *record_new(const char *name, int type)
{
	struct record *r = mem_zalloc(sizeof(*r));

	if (!r)
		return NULL;
	r->type = type;
	r->name = mem_strdup(name);
	return r->name ? r : record_free(r);
}

int sim_dns_addr(struct sim *s, const char *name, const char *ip)
{
	struct netaddr addr;
	struct record *r;
	int err = netaddr_parse_ip(slice_of(ip), 0, &addr);

	if (err)
		return err;
	r = record_new(name, TYPE_ADDR);
	if (!r)
		return OH_ENOMEM;
	r->addr = addr;
	list_append(&s->dns_records, &r->node);
	return 0;
}

static struct record *find_answer(struct sim *s, const char *name, int type)
{
	LIST_FOREACH (it, &s->dns_records) {
		struct record *r = CONTAINER_OF(it, struct record, node);

		if (r->type == type && same_name(r->name, name))
			return r;
	}
	return NULL;
}

int sim_dns_answer(struct sim *s, const char *name, int type, const void *answer, size_t n, uint64_t delay_ns)
{
	struct record *r = record_new(name, type);

	if (!r)
		return OH_ENOMEM;
	r->answer = mem_alloc(n);
	if (!r->answer) {
		record_free(r);
		return OH_ENOMEM;
	}
	if (n > 0)
		memcpy(r->answer, answer, n);
	r->n = n;
	r->delay_ns = delay_ns;
	record_free(find_answer(s, name, type));
	list_append(&s->dns_records, &r->node);
	return 0;
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
	struct record *r = find_answer(q->due.sim, q->name, q->type);
	host_dns_fn *fn = q->fn;
	void *fn_arg = q->arg;
	uint8_t *copy;

	q->base.host->counters.queries--;
	query_free(q);
	if (!r || r->n == 0) {
		fn(fn_arg, r ? OH_ETIMEDOUT : OH_ERESOLVE, NULL, 0);
		return;
	}
	/* Of its exact size and our own: a parser that reads on is caught, and the test may replace the
	 * record. */
	copy = mem_alloc(r->n);
	if (copy) {
		memcpy(copy, r->answer, r->n);
		fn(fn_arg, 0, copy, r->n);
	} else {
		fn(fn_arg, OH_ETRANSPORT, NULL, 0);
	}
	mem_free(copy);
}

static size_t collect(struct sim *s, const char *name, int family, struct netaddr addrs[SIM_DNS_ADDRS])
{
	size_t n = 0;

	if (netaddr_parse_ip(slice_of(name), 0, &addrs[0]) == 0)
		return !family || addrs[0].family == family;
	LIST_FOREACH (it, &s->dns_records) {
		struct record *r = CONTAINER_OF(it, struct record, node);

		if (r->type == TYPE_ADDR && n < SIM_DNS_ADDRS && (!family || r->addr.family == family) &&
			same_name(r->name, name))
			addrs[n++] = r->addr;
	}
	return n;
}

static void answer_addrs(void *arg)
{
	struct sim_query *q = arg;
	struct netaddr addrs[SIM_DNS_ADDRS];
	size_t n = collect(q->due.sim, q->name, q->family, addrs);
	host_addrs_fn *fn = q->addrs_fn;
	void *fn_arg = q->arg;

	q->base.host->counters.queries--;
	query_free(q);
	fn(fn_arg, n > 0 ? 0 : OH_ERESOLVE, addrs, n);
}

static int ask(struct host *h, const struct sim_query *wanted, const char *name, uint64_t delay_ns,
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
	sim_event_at(&q->due, s->now_ns + delay_ns);
	*ret_query = &q->base;
	return 0;
}

int sim_dns_query(
	struct host *h, const char *name, int type, host_dns_fn *fn, void *arg, struct host_dns **ret_query)
{
	struct sim_query wanted = {.type = type, .fn = fn, .arg = arg};
	struct record *r = find_answer(sim_host_of(h)->sim, name, type);

	return ask(h, &wanted, name, r ? r->delay_ns : SIM_DNS_DELAY_NS, ret_query);
}

int sim_dns_addrs(struct host *h, const char *name, int family, host_addrs_fn *fn, void *arg,
	struct host_dns **ret_query)
{
	struct sim_query wanted = {.family = family, .addrs_fn = fn, .arg = arg};

	return ask(h, &wanted, name, SIM_DNS_DELAY_NS, ret_query);
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
