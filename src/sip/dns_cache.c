#include "sip/dns_cache.h"

#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"

enum entry_state { ASKED, KNOWN };

struct entry {
	struct hash_node node;
	struct list link; /* in order of their last question */
	struct dns_cache *cache;
	enum entry_state state;
	int type;
	struct host_dns *query; /* ASKED */
	struct list waiting;
	struct dns_answer answer;
	uint64_t good_until_ns, stale_until_ns;
	char name[];
};

struct dns_cache {
	struct host *host;
	struct hash entries;
	struct list list;
	struct dns_answer failed; /* what could not even be asked */
};

int dns_cache_new(struct host *host, const uint64_t seed[2], struct dns_cache **ret_cache)
{
	struct dns_cache *c = mem_zalloc(sizeof(*c));
	int err;

	if (!c)
		return OH_ENOMEM;
	c->host = host;
	list_init(&c->list);
	err = hash_init(&c->entries, seed);
	if (err) {
		mem_free(c);
		return err;
	}
	*ret_cache = c;
	return 0;
}

static void forget_answer(struct entry *e)
{
	mem_free(e->answer.records);
	mem_free(e->answer.addrs);
	e->answer = (struct dns_answer){0};
}

static void entry_free(struct entry *e)
{
	if (e->query)
		host_dns_cancel(e->query);
	while (!list_empty(&e->waiting))
		list_remove(list_first(&e->waiting));
	forget_answer(e);
	hash_remove(&e->cache->entries, &e->node);
	list_remove(&e->link);
	mem_free(e);
}

struct dns_cache *dns_cache_free(struct dns_cache *c)
{
	if (!c)
		return NULL;
	while (!list_empty(&c->list))
		entry_free(CONTAINER_OF(list_first(&c->list), struct entry, link));
	hash_free(&c->entries);
	mem_free(c);
	return NULL;
}

static uint64_t key_of(const struct dns_cache *c, const char *name, int type)
{
	return hash_key_nocase(&c->entries, slice_of(name), (uint64_t)type);
}

static struct entry *find(struct dns_cache *c, const char *name, int type)
{
	for (struct hash_node *n = hash_first(&c->entries, key_of(c, name, type)); n; n = hash_next(n)) {
		struct entry *e = CONTAINER_OF(n, struct entry, node);

		if (e->type == type && slice_ieq(slice_of(e->name), slice_of(name)))
			return e;
	}
	return NULL;
}

/* The one that was asked for longest ago goes; one that is being asked is needed. False: all are. */
static bool make_room(struct dns_cache *c)
{
	if (c->entries.count < DNS_CACHE_MAX)
		return true;
	LIST_FOREACH_SAFE (it, &c->list) {
		struct entry *e = CONTAINER_OF(it, struct entry, link);

		if (e->state == ASKED)
			continue;
		entry_free(e);
		return true;
	}
	return false;
}

static int entry_new(struct dns_cache *c, const char *name, int type, struct entry **ret_entry)
{
	size_t n = strlen(name) + 1;
	struct entry *e;

	if (!make_room(c))
		return OH_ETOOMANY;
	e = mem_zalloc(sizeof(*e) + n);
	if (!e)
		return OH_ENOMEM;
	e->cache = c;
	e->type = type;
	e->state = KNOWN; /* nothing, and that has run out */
	list_init(&e->waiting);
	memcpy(e->name, name, n);
	hash_insert(&c->entries, &e->node, key_of(c, name, type));
	list_append(&c->list, &e->link);
	*ret_entry = e;
	return 0;
}

/* ---- answers ---- */

static void settle(struct entry *e, uint32_t ttl_s)
{
	struct list waiting;
	uint64_t now = host_now(e->cache->host);

	e->query = NULL;
	e->state = KNOWN;
	e->good_until_ns = now + (ttl_s < DNS_TTL_MAX_S ? ttl_s : DNS_TTL_MAX_S) * NS_PER_S;
	/* Those who ask again from inside their callback wait for the next answer. */
	list_init(&waiting);
	while (!list_empty(&e->waiting)) {
		struct list *first = list_first(&e->waiting);

		list_remove(first);
		list_append(&waiting, first);
	}
	/* A callback may free the cache, with it e: then nobody waits any more. */
	while (!list_empty(&waiting)) {
		struct dns_wait *w = CONTAINER_OF(list_first(&waiting), struct dns_wait, link);

		list_remove(&w->link);
		w->fn(w, &e->answer);
	}
}

/* An answer without addresses or records. What was known before is better, for a while, than nothing. */
static void settle_without(struct entry *e, int err)
{
	bool absent = err == OH_ERESOLVE;

	if (!absent && e->answer.err == 0 && host_now(e->cache->host) < e->stale_until_ns) {
		settle(e, DNS_UNANSWERED_S);
		return;
	}
	forget_answer(e);
	e->answer.err = err;
	settle(e, absent ? DNS_ABSENT_S : DNS_UNANSWERED_S);
}

static void settle_with(struct entry *e, const struct dns_answer *answer, uint32_t ttl_s)
{
	forget_answer(e);
	e->answer = *answer;
	e->stale_until_ns = host_now(e->cache->host) + (ttl_s + (uint64_t)DNS_STALE_S) * NS_PER_S;
	settle(e, ttl_s);
}

static int take_records(struct entry *e, const uint8_t *msg, size_t n)
{
	size_t size = e->type == HOST_DNS_SRV ? sizeof(struct dns_srv) : sizeof(struct dns_naptr);
	struct dns_records records;
	struct dns_answer answer = {0};
	int err = dns_msg_parse(msg, n, e->name, e->type, &records);

	if (err)
		return err;
	size = offsetof(struct dns_records, srv) + records.n * size;
	answer.records = mem_alloc(size);
	if (!answer.records)
		return OH_ENOMEM;
	memcpy(answer.records, &records, size);
	settle_with(e, &answer, records.ttl_s);
	return 0;
}

static void got_records(void *arg, int err, const uint8_t *msg, size_t n)
{
	struct entry *e = arg;

	e->query = NULL;
	if (!err)
		err = take_records(e, msg, n);
	if (err)
		settle_without(e, err);
}

static void got_addrs(void *arg, int err, const struct netaddr *addrs, size_t n, uint32_t ttl_s)
{
	struct dns_answer answer = {.n_addrs = n};
	struct entry *e = arg;

	e->query = NULL;
	if (!err) {
		answer.addrs = mem_alloc(n * sizeof(*addrs));
		err = answer.addrs ? 0 : OH_ENOMEM;
	}
	if (err) {
		settle_without(e, err);
		return;
	}
	memcpy(answer.addrs, addrs, n * sizeof(*addrs));
	settle_with(e, &answer, ttl_s);
}

/* ---- questions ---- */

static int ask(struct entry *e)
{
	struct host *h = e->cache->host;

	switch (e->type) {
	case HOST_DNS_A:
		return host_dns_addrs(h, e->name, NETADDR_IP4, got_addrs, e, &e->query);
	case HOST_DNS_AAAA:
		return host_dns_addrs(h, e->name, NETADDR_IP6, got_addrs, e, &e->query);
	default:
		return host_dns_query(h, e->name, e->type, got_records, e, &e->query);
	}
}

const struct dns_answer *dns_cache_ask(struct dns_cache *c, const char *name, int type, struct dns_wait *w)
{
	struct entry *e = find(c, name, type);
	int err = e ? 0 : entry_new(c, name, type, &e);

	if (!err && e->state == KNOWN && host_now(c->host) < e->good_until_ns)
		return &e->answer;
	if (!err && e->state == KNOWN) {
		err = ask(e);
		if (!err)
			e->state = ASKED;
	}
	if (err) {
		c->failed.err = err;
		return &c->failed;
	}
	list_remove(&e->link);
	list_append(&c->list, &e->link);
	list_append(&e->waiting, &w->link);
	return NULL;
}

void dns_cache_leave(struct dns_wait *w)
{
	list_remove(&w->link);
}
