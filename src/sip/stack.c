/*
 * The root of the SIP stack: what all its parts share. One host timer drives the wheel on which every SIP
 * timer turns; random tokens come from a keyed counter; dialogs are found by their tags.
 */
#include "sip/stack_impl.h"

#include "base/err.h"
#include "base/mem.h"

#include <stdio.h>

/* RFC 3261 table 4, in ms. */
enum { T1_MS = 500, T2_MS = 4000, T4_MS = 5000 };

#define SERVER_TXNS_MAX  100000u
#define SERVER_BYTES_MAX ((size_t)256 << 20)

static void timers_due(void *arg);

static uint32_t allowed_methods(void)
{
	struct slice rest = SLICE_LIT(SIP_STACK_ALLOW), method;
	uint32_t bits = 0;

	while (sip_list_next(&rest, &method))
		bits |= 1u << sip_method_of(method);
	return bits;
}

static void cfg_fill(struct sip_stack *s, const struct sip_stack_cfg *cfg)
{
	s->cfg = *cfg;
	s->cfg.user_agent = slice_of(s->user_agent);
	if (!s->cfg.timers.t1)
		s->cfg.timers.t1 = T1_MS;
	if (!s->cfg.timers.t2)
		s->cfg.timers.t2 = T2_MS;
	if (!s->cfg.timers.t4)
		s->cfg.timers.t4 = T4_MS;
	if (!s->cfg.timers.try_ms)
		s->cfg.timers.try_ms = SIP_TRY_T1 * s->cfg.timers.t1;
	if (!s->cfg.max_server_txns)
		s->cfg.max_server_txns = SERVER_TXNS_MAX;
	if (!s->cfg.max_server_bytes)
		s->cfg.max_server_bytes = SERVER_BYTES_MAX;
}

static int tables_init(struct sip_stack *s)
{
	struct hash *tables[] = {
		&s->clients, &s->servers, &s->merges, &s->dialogs, &s->conns_by_id, &s->conns_by_peer};
	uint64_t seed[2];

	host_random(s->host, seed, sizeof(seed));
	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		int err = hash_init(tables[i], seed);

		if (err)
			return err;
	}
	return peer_names_init(&s->names, seed);
}

int sip_stack_new(const struct sip_stack_cfg *cfg, struct sip_stack **ret_stack)
{
	struct sip_stack *s = mem_zalloc(sizeof(*s));
	int err;

	if (!s)
		return OH_ENOMEM;
	s->host = cfg->host;
	list_init(&s->client_list);
	list_init(&s->server_list);
	list_init(&s->users);
	list_init(&s->transports);
	list_init(&s->closed_transports);
	list_init(&s->locates);
	list_init(&s->keepalives);
	list_init(&s->names.list);
	rate_init(&s->log_rate, SIP_LOG_LINES_PER_S, NS_PER_S);
	rate_init(&s->drop_rate, SIP_DROP_LINES_PER_S, NS_PER_S);
	rate_init(&s->unreach_rate, SIP_UNREACH_SCANS_PER_S, NS_PER_S);
	host_random(s->host, s->token_seed, sizeof(s->token_seed));
	s->allowed = allowed_methods();

	err = OH_ENOMEM;
	if (slice_present(cfg->user_agent)) {
		s->user_agent = slice_dup(cfg->user_agent);
		if (!s->user_agent)
			goto fail;
	}
	cfg_fill(s, cfg);
	err = tables_init(s);
	if (err)
		goto fail;
	err = dns_cache_new(s->host, s->clients.seed, &s->dns);
	if (err)
		goto fail;
	err = wheel_new(host_now(s->host), &s->wheel);
	if (err)
		goto fail;
	s->timer_due = UINT64_MAX;
	err = host_timer_new(s->host, timers_due, s, &s->timer);
	if (err)
		goto fail;
	*ret_stack = s;
	return 0;
fail:
	sip_stack_free(s);
	return err;
}

/* ---- what stands on the stack ---- */

void sip_stack_attach(struct sip_stack *s, struct sip_stack_user *user)
{
	list_append(&s->users, &user->link);
}

void sip_stack_detach(struct sip_stack_user *user)
{
	list_remove(&user->link);
}

size_t sip_stack_ending(const struct sip_stack *s)
{
	size_t n = 0;

	LIST_FOREACH (it, &s->users) {
		const struct sip_stack_user *user = CONTAINER_OF(it, struct sip_stack_user, link);

		if (user->ending(user))
			n++;
	}
	return n;
}

static void users_free_all(struct sip_stack *s)
{
	struct list *first;

	while ((first = list_first(&s->users)) != NULL) {
		struct sip_stack_user *user = CONTAINER_OF(first, struct sip_stack_user, link);

		list_remove(first);
		user->stack_gone(user);
	}
}

struct sip_stack *sip_stack_free(struct sip_stack *s)
{
	if (!s)
		return NULL;
	users_free_all(s);
	sip_txns_free_all(s);
	sip_locates_free_all(s);
	sip_transports_free_all(s);
	dns_cache_free(s->dns);
	sip_targets_free(&s->targets);
	host_timer_free(s->timer);
	wheel_free(s->wheel);
	hash_free(&s->clients);
	hash_free(&s->servers);
	hash_free(&s->merges);
	hash_free(&s->dialogs);
	hash_free(&s->conns_by_id);
	hash_free(&s->conns_by_peer);
	peer_names_free(&s->names);
	mem_free(s->user_agent);
	mem_free(s);
	return NULL;
}

struct host *sip_stack_host(const struct sip_stack *s)
{
	return s->host;
}

const struct sip_timers *sip_stack_timers(const struct sip_stack *s)
{
	return &s->cfg.timers;
}

struct slice sip_stack_user_agent(const struct sip_stack *s)
{
	return s->cfg.user_agent;
}

/* ---- time ---- */

/* The host timer is moved only when something is due earlier than it: a timer that was stopped costs at most
 * one wake-up for nothing, which is cheaper than following every stop. */
static void timer_follow(struct sip_stack *s)
{
	uint64_t next = wheel_next(s->wheel);

	if (next >= s->timer_due)
		return;
	s->timer_due = next;
	host_timer_at(s->timer, next);
}

static void timers_due(void *arg)
{
	struct sip_stack *s = arg;

	s->timer_due = 0; /* what is armed meanwhile is looked at once, below */
	wheel_advance(s->wheel, host_now(s->host));
	s->timer_due = UINT64_MAX;
	timer_follow(s);
}

void sip_stack_arm(struct sip_stack *s, struct wheel_timer *t, uint64_t delay_ms)
{
	wheel_arm(s->wheel, t, host_now(s->host) + delay_ms * NS_PER_MS);
	timer_follow(s);
}

/* ---- chance ---- */

/* 12 characters of base 36 hold 62 bits, as many as one hash value gives. */
#define TOKEN_CHUNK 12u

void sip_stack_token(struct sip_stack *s, char *buf, size_t n)
{
	const struct hash keyed = {.seed = {s->token_seed[0], s->token_seed[1]}};
	uint64_t bits = 0;

	for (size_t i = 0; i < n; i++) {
		if (i % TOKEN_CHUNK == 0) {
			uint64_t count = s->tokens++;

			bits = hash_key(&keyed, slice_make((const char *)&count, sizeof(count)), 0);
		}
		buf[i] = "0123456789abcdefghijklmnopqrstuvwxyz"[bits % 36];
		bits /= 36;
	}
	buf[n] = 0;
}

/* ---- what is alive ---- */

void sip_stack_owe(struct sip_stack *s, int change)
{
	s->counters.unanswered += (size_t)change;
}

void sip_stack_counters(const struct sip_stack *s, struct sip_counters *ret_counters)
{
	struct sip_counters c = s->counters;

	c.dialogs = s->dialogs.count;
	c.timers = wheel_count(s->wheel);
	*ret_counters = c;
}

void sip_stack_log(struct sip_stack *s, enum log_level level, const char *format, ...)
{
	char text[512];
	va_list args;

	if (!host_logs(s->host, level) || !rate_allow(&s->log_rate, host_now(s->host)))
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	host_log(s->host, level, "sip", "%s", text);
}

void sip_decided(struct sip_stack *s, enum sip_decision kind, uint64_t about, const char *format, ...)
{
	char text[512];
	va_list args;

	if (!s->cfg.decision)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	s->cfg.decision(s->cfg.decision_arg, kind, about, text);
}

/* ---- dialogs ---- */

/* RFC 3261 12: Call-ID, local tag and remote tag. Call-IDs compare by case, tags as all parameters without
 * it. */
static uint64_t dialog_hash(
	const struct sip_stack *s, struct slice call_id, struct slice local, struct slice remote)
{
	uint64_t h = hash_key(&s->dialogs, call_id, 0);

	h = hash_key_nocase(&s->dialogs, local, h);
	return hash_key_nocase(&s->dialogs, remote, h);
}

void sip_dialog_add(struct sip_stack *s, struct sip_dialog_entry *e)
{
	hash_insert(&s->dialogs, &e->node, dialog_hash(s, e->call_id, e->local_tag, e->remote_tag));
}

void sip_dialog_remove(struct sip_stack *s, struct sip_dialog_entry *e)
{
	if (sip_dialog_find(s, e->call_id, e->local_tag, e->remote_tag) == e)
		hash_remove(&s->dialogs, &e->node);
}

struct sip_dialog_entry *sip_dialog_find(
	struct sip_stack *s, struct slice call_id, struct slice local_tag, struct slice remote_tag)
{
	uint64_t hash = dialog_hash(s, call_id, local_tag, remote_tag);

	for (struct hash_node *n = hash_first(&s->dialogs, hash); n; n = hash_next(n)) {
		struct sip_dialog_entry *e = CONTAINER_OF(n, struct sip_dialog_entry, node);

		if (slice_eq(e->call_id, call_id) && slice_ieq(e->local_tag, local_tag) &&
			slice_ieq(e->remote_tag, remote_tag))
			return e;
	}
	return NULL;
}
