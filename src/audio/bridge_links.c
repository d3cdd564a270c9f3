/* Connections, levels, and what one can ask about a slot. */
#include "audio/bridge_impl.h"

#include "base/err.h"

#include <string.h>

static int no_slot(struct bridge_slot id)
{
	return err_detail(OH_ENOENT, "no slot %u of generation %u", id.number, id.generation);
}

static bool level_valid(float level)
{
	return level >= 0 && level <= BRIDGE_LEVEL_MAX; /* false for NaN */
}

int bridge_check_link(struct bridge *b, const struct bridge_link *l, size_t i, struct slot **ret_source,
	struct slot **ret_sink)
{
	struct slot *source = bridge_slot_used(b, l->source), *sink = bridge_slot_used(b, l->sink);

	if (!source || !sink)
		return err_detail(OH_ENOENT, "link %zu: %s slot %u is gone", i, source ? "sink" : "source",
			source ? l->sink.number : l->source.number);
	if (!level_valid(l->level))
		return err_detail(OH_EINVAL, "link %zu: level %g is not within 0..%g", i, (double)l->level,
			(double)BRIDGE_LEVEL_MAX);
	*ret_source = source;
	*ret_sink = sink;
	return 0;
}

/* Counts how much room each slot needs. */
static int check_all(struct bridge *b, const struct bridge_link *links, size_t n, size_t *ret_checked)
{
	for (size_t i = 0; i < n; i++) {
		struct slot *source = NULL, *sink = NULL;
		int err = bridge_check_link(b, &links[i], i, &source, &sink);

		if (err)
			return err;
		source->want_sinks++;
		sink->want_sources++;
		*ret_checked = i + 1;
	}
	return 0;
}

static int reserve_all(struct bridge *b, const struct bridge_link *links, size_t n)
{
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		struct slot *source = bridge_slot_at(b, links[i].source.number);
		struct slot *sink = bridge_slot_at(b, links[i].sink.number);

		err = links_reserve(&source->sinks, source->want_sinks);
		source->want_sinks = 0;
		if (!err)
			err = links_reserve(&sink->sources, sink->want_sources);
		sink->want_sources = 0;
	}
	return err;
}

static void forget_wishes(struct bridge *b, const struct bridge_link *links, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bridge_slot_at(b, links[i].source.number)->want_sinks = 0;
		bridge_slot_at(b, links[i].sink.number)->want_sources = 0;
	}
}

/* True when it is new. */
static bool set_link(struct bridge *b, uint32_t source, struct slot *sink, float level)
{
	struct channel *c = bridge_channel_find(&sink->channels, source);
	const struct link *l = links_find(&sink->sources, source);

	if (c)
		bridge_channel_level(b, c, level);
	else if (!l || l->level != level)
		bridge_mark(b, sink);
	return links_set(&sink->sources, source, level);
}

int bridge_connect(struct bridge *b, const struct bridge_link *links, size_t n)
{
	size_t checked = 0, added = 0;
	int err;

	err = check_all(b, links, n, &checked);
	if (!err)
		err = reserve_all(b, links, n);
	if (err) {
		forget_wishes(b, links, checked);
		return err;
	}
	for (size_t i = 0; i < n; i++) {
		uint32_t source = links[i].source.number, sink = links[i].sink.number;

		added += set_link(b, source, bridge_slot_at(b, sink), links[i].level);
		(void)links_set(&bridge_slot_at(b, source)->sinks, sink, links[i].level);
	}
	b->n_links += added;
	b->dirty |= n > 0;
	return 0;
}

static void drop(struct bridge *b, struct slot *source, uint32_t source_number, struct slot *sink,
	uint32_t sink_number)
{
	if (!links_drop(&sink->sources, source_number))
		return;
	(void)links_drop(&source->sinks, sink_number);
	bridge_channel_drop(b, sink, source_number);
	bridge_mark(b, sink);
	b->n_links--;
	b->dirty = true;
}

int bridge_disconnect(struct bridge *b, const struct bridge_link *links, size_t n)
{
	struct slot *source = NULL, *sink = NULL;

	for (size_t i = 0; i < n; i++) {
		struct bridge_link l = {links[i].source, links[i].sink, BRIDGE_LEVEL_UNITY};
		int err = bridge_check_link(b, &l, i, &source, &sink);

		if (err)
			return err;
	}
	for (size_t i = 0; i < n; i++)
		drop(b, bridge_slot_at(b, links[i].source.number), links[i].source.number,
			bridge_slot_at(b, links[i].sink.number), links[i].sink.number);
	return 0;
}

int bridge_disconnect_all(struct bridge *b, struct bridge_slot slot)
{
	struct slot *s = bridge_slot_used(b, slot);

	if (!s)
		return no_slot(slot);
	while (s->sources.n) {
		uint32_t peer = s->sources.v[s->sources.n - 1].peer;

		drop(b, bridge_slot_at(b, peer), peer, s, slot.number);
	}
	while (s->sinks.n) {
		uint32_t peer = s->sinks.v[s->sinks.n - 1].peer;

		drop(b, s, slot.number, bridge_slot_at(b, peer), peer);
	}
	return 0;
}

/* Who hears it hears something else. */
static void mark_sinks(struct bridge *b, const struct slot *s)
{
	for (uint32_t i = 0; i < s->sinks.n; i++)
		bridge_mark(b, bridge_slot_at(b, s->sinks.v[i].peer));
}

static int set_level(struct bridge *b, struct bridge_slot slot, float level, bool tx)
{
	struct slot *s = bridge_slot_used(b, slot);
	struct channel *c;
	float *at;

	if (!s)
		return no_slot(slot);
	if (!level_valid(level))
		return err_detail(
			OH_EINVAL, "level %g is not within 0..%g", (double)level, (double)BRIDGE_LEVEL_MAX);
	at = tx ? &s->tx_level : &s->rx_level;
	c = tx ? s->tx : s->rx;
	if (c)
		bridge_channel_level(b, c, level);
	else if (*at != level && tx)
		bridge_mark(b, s);
	else if (*at != level)
		mark_sinks(b, s);
	b->dirty |= *at != level;
	*at = level;
	return 0;
}

int bridge_set_tx_level(struct bridge *b, struct bridge_slot slot, float level)
{
	return set_level(b, slot, level, true);
}

int bridge_set_rx_level(struct bridge *b, struct bridge_slot slot, float level)
{
	return set_level(b, slot, level, false);
}

int bridge_signal(const struct bridge *b, struct bridge_slot slot, float *ret_tx, float *ret_rx)
{
	struct slot *s = bridge_slot_at(b, slot.number);
	uint64_t meter;
	uint32_t now;

	if (!s || !slot.generation || atomic_load_explicit(&s->live, memory_order_acquire) != slot.generation)
		return no_slot(slot);
	now = (uint32_t)atomic_load_explicit(&b->ticks, memory_order_relaxed) + 1;
	atomic_store_explicit(&s->looked, now ? now : 1, memory_order_relaxed);
	meter = atomic_load_explicit(&s->meter, memory_order_relaxed);
	if ((uint32_t)(meter >> 32) != slot.generation)
		meter = 0; /* a last word about an earlier user of the number */
	*ret_tx = (float)(meter >> 16 & 0xffff) / 32768.0f;
	*ret_rx = (float)(meter & 0xffff) / 32768.0f;
	return 0;
}

static float float_of(uint32_t bits)
{
	float f;

	memcpy(&f, &bits, sizeof(f));
	return f;
}

int bridge_power(struct bridge *b, struct bridge_slot slot, float *ret_tx, float *ret_rx)
{
	struct slot *s = bridge_slot_at(b, slot.number);
	uint32_t now = (uint32_t)atomic_load_explicit(&b->ticks, memory_order_relaxed) + 1, asked;
	uint64_t power;

	if (!s || !slot.generation || atomic_load_explicit(&s->live, memory_order_acquire) != slot.generation)
		return no_slot(slot);
	/* What was measured for an earlier question is nobody's level now. */
	asked = atomic_load_explicit(&s->asked, memory_order_relaxed);
	if (!bridge_still_asked(b, asked, now))
		atomic_store_explicit(&s->power, 0, memory_order_relaxed);
	power = atomic_load_explicit(&s->power, memory_order_relaxed);
	atomic_store_explicit(&s->asked, now ? now : 1, memory_order_relaxed);
	*ret_tx = float_of((uint32_t)(power >> 32));
	*ret_rx = float_of((uint32_t)power);
	return 0;
}

int bridge_slot_of(const struct bridge *b, uint32_t number, struct bridge_slot *ret_slot)
{
	struct slot *s = bridge_slot_at(b, number);

	if (!s || s->state != SLOT_USED)
		return err_detail(OH_ENOENT, "no slot %u", number);
	*ret_slot = (struct bridge_slot){number, s->generation};
	return 0;
}

int bridge_slot_info(const struct bridge *b, struct bridge_slot slot, struct bridge_slot_info *ret_info)
{
	struct slot *s = bridge_slot_used(b, slot);

	if (!s)
		return no_slot(slot);
	*ret_info = (struct bridge_slot_info){
		.slot = slot,
		.kind = s->member->port->ops->kind,
		.rate_hz = s->member->edge->rate_hz,
		.tx_level = s->tx_level,
		.rx_level = s->rx_level,
		.n_sinks = s->sinks.n,
		.n_sources = s->sources.n,
	};
	return 0;
}

static size_t peers_of(
	const struct bridge *b, const struct links *l, struct bridge_slot *ret_slots, size_t cap)
{
	for (size_t i = 0; i < l->n && i < cap; i++) {
		uint32_t peer = l->v[i].peer;

		ret_slots[i] = (struct bridge_slot){peer, bridge_slot_at(b, peer)->generation};
	}
	return l->n;
}

size_t bridge_sinks(
	const struct bridge *b, struct bridge_slot slot, struct bridge_slot *ret_sinks, size_t cap)
{
	struct slot *s = bridge_slot_used(b, slot);

	return s ? peers_of(b, &s->sinks, ret_sinks, cap) : 0;
}

size_t bridge_sources(
	const struct bridge *b, struct bridge_slot slot, struct bridge_slot *ret_sources, size_t cap)
{
	struct slot *s = bridge_slot_used(b, slot);

	return s ? peers_of(b, &s->sources, ret_sources, cap) : 0;
}

size_t bridge_slots(const struct bridge *b, struct bridge_slot *ret_slots, size_t cap)
{
	size_t n = 0;

	for (uint32_t i = 0; i < b->n_slots; i++) {
		struct slot *s = bridge_slot_at(b, i);

		if (s->state != SLOT_USED)
			continue;
		if (n < cap)
			ret_slots[n] = (struct bridge_slot){i, s->generation};
		n++;
	}
	return n;
}

void bridge_counters(const struct bridge *b, struct bridge_counters *ret_counters)
{
	*ret_counters = (struct bridge_counters){
		.ticks = atomic_load_explicit(&b->ticks, memory_order_relaxed),
		.plans = atomic_load_explicit(&b->plans, memory_order_relaxed),
		.ports = atomic_load_explicit(&b->n_ports, memory_order_relaxed),
		.links = atomic_load_explicit(&b->n_links, memory_order_relaxed),
		.retired = atomic_load_explicit(&b->n_retired, memory_order_relaxed),
	};
}
