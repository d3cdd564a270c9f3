/* Levels that move, delays and ducking: the strips of connections and slots. */
#include "audio/bridge_impl.h"

#include "base/err.h"
#include "base/mem.h"

#include <string.h>

/* ---- life ---- */

static void channel_free(struct channel *c)
{
	strip_free_buffers(&c->strip);
	mem_free(c);
}

static void channel_retire(struct retired *r)
{
	channel_free((struct channel *)r);
}

static uint32_t samples(const struct bridge *b, uint32_t ms)
{
	return b->cfg.rate_hz / 1000 * ms;
}

static uint32_t at_least_a_frame(const struct bridge *b, uint32_t ms)
{
	return samples(b, ms) < b->n ? (uint32_t)b->n : samples(b, ms);
}

/* Not yet anybody's. */
static int channel_new(
	const struct bridge *b, const struct channel *like, float level, struct channel **ret_channel)
{
	struct channel *c = mem_zalloc(sizeof(*c));
	int err;

	if (!c)
		return OH_ENOMEM;
	c->of = like->of;
	c->slot = like->slot;
	c->source = like->source;
	c->delay_ms = like->delay_ms;
	c->want.level = level;
	err = strip_init(&c->strip, level, b->stride, samples(b, like->delay_ms));
	if (err) {
		mem_free(c);
		return err;
	}
	c->retired.free = channel_retire;
	*ret_channel = c;
	return 0;
}

/* ---- those of a slot's connections ---- */

static uint32_t place_of(const struct channels *c, uint32_t source)
{
	uint32_t at = 0;

	while (at < c->n && c->v[at]->source < source)
		at++;
	return at;
}

struct channel *bridge_channel_find(const struct channels *c, uint32_t source)
{
	uint32_t at = place_of(c, source);

	return at < c->n && c->v[at]->source == source ? c->v[at] : NULL;
}

static int reserve(struct channels *c)
{
	uint32_t cap = c->cap ? 2 * c->cap : 4;
	struct channel **v;

	if (c->n < c->cap)
		return 0;
	v = mem_realloc(c->v, cap * sizeof(*v));
	if (!v)
		return OH_ENOMEM;
	c->v = v;
	c->cap = cap;
	return 0;
}

/* The room was reserved. */
static void enter(struct bridge *b, struct slot *s, struct channel *c)
{
	uint32_t at;

	b->n_channels++;
	if (c->of == STRIP_RX) {
		s->rx = c;
	} else if (c->of == STRIP_TX) {
		s->tx = c;
	} else {
		at = place_of(&s->channels, c->source);
		memmove(s->channels.v + at + 1, s->channels.v + at,
			(s->channels.n - at) * sizeof(struct channel *));
		s->channels.v[at] = c;
		s->channels.n++;
	}
}

static void leave(struct bridge *b, struct channel *c)
{
	struct slot *s = bridge_slot_at(b, c->slot);
	uint32_t at;

	if (c->of == STRIP_RX) {
		s->rx = NULL;
	} else if (c->of == STRIP_TX) {
		s->tx = NULL;
	} else {
		at = place_of(&s->channels, c->source);
		s->channels.n--;
		memmove(s->channels.v + at, s->channels.v + at + 1,
			(s->channels.n - at) * sizeof(struct channel *));
	}
	b->n_channels--;
	list_remove(&c->moving);
	bridge_retire(b, &c->retired, 0);
	b->dirty = true;
}

void bridge_channel_drop(struct bridge *b, struct slot *sink, uint32_t source)
{
	struct channel *c = bridge_channel_find(&sink->channels, source);

	if (c)
		leave(b, c);
}

void bridge_channels_leave(struct bridge *b, struct slot *s)
{
	if (s->rx)
		leave(b, s->rx);
	if (s->tx)
		leave(b, s->tx);
	mem_free(s->channels.v);
	s->channels = (struct channels){NULL, 0, 0};
}

void bridge_channels_free(struct slot *s)
{
	for (uint32_t i = 0; i < s->channels.n; i++)
		channel_free(s->channels.v[i]);
	mem_free(s->channels.v);
	if (s->rx)
		channel_free(s->rx);
	if (s->tx)
		channel_free(s->tx);
}

void bridge_channels_settle(struct bridge *b)
{
	LIST_FOREACH_SAFE (it, &b->moving) {
		struct channel *c = CONTAINER_OF(it, struct channel, moving);

		if (atomic_load_explicit(&c->strip.rested, memory_order_acquire) != c->want.turn)
			continue;
		list_remove(&c->moving);
		if (!c->want.ducks && !c->delay_ms)
			leave(b, c);
	}
}

/* ---- wishes ---- */

static void wish(struct bridge *b, struct channel *c)
{
	c->want.turn++;
	if (!list_linked(&c->moving))
		list_append(&b->moving, &c->moving);
	b->dirty = true;
}

static void wish_level(struct bridge *b, struct channel *c, float level, uint32_t ms)
{
	c->want.level = level;
	c->want.ramp = at_least_a_frame(b, ms);
	wish(b, c);
	c->want.leveled = c->want.turn;
}

void bridge_channel_level(struct bridge *b, struct channel *c, float level)
{
	if (c->want.level != level || list_linked(&c->moving))
		wish_level(b, c, level, 0);
}

static int check_ms(const char *what, uint32_t ms, uint32_t most)
{
	return ms <= most ? 0 : err_detail(OH_EINVAL, "%s of %u ms: 0 to %u are possible", what, ms, most);
}

int bridge_ramp(struct bridge *b, const struct bridge_link *link, uint32_t ms)
{
	struct channel like = {.of = STRIP_LINK, .slot = link->sink.number, .source = link->source.number},
		       *c;
	struct slot *source, *sink;
	const struct link *l;
	int err = check_ms("a ramp", ms, BRIDGE_RAMP_MAX_MS);

	if (!err)
		err = bridge_check_link(b, link, 0, &source, &sink);
	if (err)
		return err;
	c = bridge_channel_find(&sink->channels, like.source);
	if (!c && samples(b, ms) <= b->n)
		return bridge_connect(b, link, 1);
	l = links_find(&sink->sources, like.source);
	if (!l) {
		err = links_reserve(&sink->sources, 1);
		if (!err)
			err = links_reserve(&source->sinks, 1);
	}
	if (!err && !c) {
		err = reserve(&sink->channels);
		if (!err)
			err = channel_new(b, &like, l ? l->level : 0, &c);
		if (!err)
			enter(b, sink, c);
	}
	if (err)
		return err;
	b->n_links += links_set(&sink->sources, like.source, link->level);
	(void)links_set(&source->sinks, like.slot, link->level);
	wish_level(b, c, link->level, ms);
	return 0;
}

/* That of the slot itself, made when there is none. */
static int own_channel(
	struct bridge *b, struct slot *s, uint32_t number, bool tx, struct channel **ret_channel)
{
	struct channel like = {.of = tx ? STRIP_TX : STRIP_RX, .slot = number}, *c = tx ? s->tx : s->rx;
	int err = c ? 0 : channel_new(b, &like, tx ? s->tx_level : s->rx_level, &c);

	if (err)
		return err;
	if (c != s->tx && c != s->rx)
		enter(b, s, c);
	*ret_channel = c;
	return 0;
}

int bridge_ramp_level(struct bridge *b, struct bridge_slot slot, bool tx, float level, uint32_t ms)
{
	struct slot *s = bridge_slot_used(b, slot);
	struct channel *c;
	int err = check_ms("a ramp", ms, BRIDGE_RAMP_MAX_MS);

	if (err)
		return err;
	if (!s || !(level >= 0 && level <= BRIDGE_LEVEL_MAX) ||
		(!(tx ? s->tx : s->rx) && samples(b, ms) <= b->n))
		return tx ? bridge_set_tx_level(b, slot, level) : bridge_set_rx_level(b, slot, level);
	err = own_channel(b, s, slot.number, tx, &c);
	if (err)
		return err;
	wish_level(b, c, level, ms);
	*(tx ? &s->tx_level : &s->rx_level) = level;
	return 0;
}

/* ---- delays ---- */

static int connected(struct bridge *b, struct bridge_slot source, struct bridge_slot sink,
	struct slot **ret_sink, const struct link **ret_link)
{
	struct bridge_link link = {source, sink, BRIDGE_LEVEL_UNITY};
	struct slot *from;
	int err = bridge_check_link(b, &link, 0, &from, ret_sink);

	if (err)
		return err;
	*ret_link = links_find(&(*ret_sink)->sources, source.number);
	return *ret_link ? 0
			 : err_detail(OH_ENOENT, "slot %u does not hear slot %u", sink.number, source.number);
}

int bridge_set_delay(struct bridge *b, struct bridge_slot source, struct bridge_slot sink, uint32_t ms)
{
	struct channel like = {
		.of = STRIP_LINK, .slot = sink.number, .source = source.number, .delay_ms = ms};
	struct channel *old, *c = NULL;
	const struct link *l;
	struct slot *s;
	int err = check_ms("a delay", ms, BRIDGE_DELAY_MAX_MS);

	if (!err)
		err = connected(b, source, sink, &s, &l);
	if (err)
		return err;
	old = bridge_channel_find(&s->channels, source.number);
	if ((old ? old->delay_ms : 0) == ms)
		return 0;
	/* A strip keeps what is on its way; another delay is another strip. */
	if (ms || (old && old->want.ducks)) {
		err = reserve(&s->channels);
		if (!err)
			err = channel_new(b, &like, l->level, &c);
	}
	if (err)
		return err;
	if (c && old) {
		c->duck = old->duck;
		c->want.ducks = old->want.ducks;
		c->want.low = old->want.low;
		c->want.attack = old->want.attack;
		c->want.release = old->want.release;
	}
	if (old)
		leave(b, old);
	if (c)
		enter(b, s, c);
	bridge_mark(b, s);
	b->dirty = true;
	return 0;
}

/* ---- ducking ---- */

static int check_duck(struct bridge *b, const struct bridge_duck *d)
{
	int err;

	if (!d)
		return 0;
	if (!bridge_slot_used(b, d->trigger))
		return err_detail(OH_ENOENT, "the trigger, slot %u, is gone", d->trigger.number);
	if (!(d->low >= 0 && d->low <= 1))
		return err_detail(OH_EINVAL, "ducking leaves a factor of 0 to 1");
	err = check_ms("an attack", d->attack_ms, BRIDGE_RAMP_MAX_MS);
	return err ? err : check_ms("a release", d->release_ms, BRIDGE_RAMP_MAX_MS);
}

static void wish_duck(struct bridge *b, struct channel *c, const struct bridge_duck *d)
{
	c->want.ducks = d != NULL;
	c->duck = d ? *d : (struct bridge_duck){0};
	if (d) {
		c->want.low = d->low;
		c->want.attack = at_least_a_frame(b, d->attack_ms);
		c->want.release = at_least_a_frame(b, d->release_ms);
	}
	wish(b, c);
}

int bridge_set_duck(
	struct bridge *b, struct bridge_slot source, struct bridge_slot sink, const struct bridge_duck *duck)
{
	struct channel like = {.of = STRIP_LINK, .slot = sink.number, .source = source.number}, *c;
	const struct link *l;
	struct slot *s;
	int err = check_duck(b, duck);

	if (!err)
		err = connected(b, source, sink, &s, &l);
	if (err)
		return err;
	c = bridge_channel_find(&s->channels, source.number);
	if (!c && !duck)
		return 0;
	if (!c) {
		err = reserve(&s->channels);
		if (!err)
			err = channel_new(b, &like, l->level, &c);
		if (err)
			return err;
		enter(b, s, c);
	}
	wish_duck(b, c, duck);
	return 0;
}

static int no_slot(struct bridge_slot slot)
{
	return err_detail(OH_ENOENT, "no slot %u of generation %u", slot.number, slot.generation);
}

int bridge_set_tx_duck(struct bridge *b, struct bridge_slot slot, const struct bridge_duck *duck)
{
	struct slot *s = bridge_slot_used(b, slot);
	struct channel *c;
	int err = check_duck(b, duck);

	if (err)
		return err;
	if (!s)
		return no_slot(slot);
	if (!s->tx && !duck)
		return 0;
	err = own_channel(b, s, slot.number, true, &c);
	if (!err)
		wish_duck(b, c, duck);
	return err;
}

/* ---- what was set ---- */

static struct bridge_duck duck_of(const struct bridge *b, const struct channel *c)
{
	return c && bridge_slot_used(b, c->duck.trigger) ? c->duck : (struct bridge_duck){0};
}

int bridge_link_info(struct bridge *b, struct bridge_slot source, struct bridge_slot sink,
	struct bridge_link_info *ret_info)
{
	const struct channel *c;
	const struct link *l;
	struct slot *s;
	int err = connected(b, source, sink, &s, &l);

	if (err)
		return err;
	c = bridge_channel_find(&s->channels, source.number);
	*ret_info = (struct bridge_link_info){l->level, c ? c->delay_ms : 0, duck_of(b, c)};
	return 0;
}

int bridge_tx_duck(struct bridge *b, struct bridge_slot slot, struct bridge_duck *ret_duck)
{
	const struct slot *s = bridge_slot_used(b, slot);

	if (!s)
		return no_slot(slot);
	*ret_duck = duck_of(b, s->tx);
	return 0;
}
