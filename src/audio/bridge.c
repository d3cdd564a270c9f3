/* Slots: who is there, under which number and generation, and what becomes of those who left. */
#include "audio/bridge_impl.h"
#include "audio/ports.h"

#include "base/err.h"
#include "base/mem.h"

/* ---- members ---- */

static struct member *member_free(struct member *m)
{
	if (!m)
		return NULL;
	edge_free(m->edge);
	mem_free(m->frame_block);
	mem_free(m);
	return NULL;
}

static void member_retire(struct retired *r)
{
	struct member *m = (struct member *)r;

	m->port->ops->free(m->port);
	member_free(m);
}

static int member_new(const struct bridge *b, struct port *port, struct member **ret_member)
{
	struct member *m = mem_zalloc(sizeof(*m));
	int err = OH_ENOMEM;

	if (!m)
		return OH_ENOMEM;
	m->retired.free = member_retire;
	m->port = port;
	m->frame_block = mem_zalloc(b->stride * sizeof(*m->frame) + CACHE_LINE);
	if (!m->frame_block)
		goto fail;
	m->frame = on_cache_line(m->frame_block);
	err = edge_new(b, port->rate_hz, &m->edge);
	if (err)
		goto fail;
	*ret_member = m;
	return 0;
fail:
	member_free(m);
	return err;
}

/* ---- the table of slots ---- */

static void locate(uint32_t number, unsigned *ret_chunk, uint32_t *ret_place)
{
	uint32_t from_one = number / CHUNK_FIRST + 1;
	unsigned chunk = 31u - (unsigned)__builtin_clz(from_one);

	*ret_chunk = chunk;
	*ret_place = number - ((CHUNK_FIRST << chunk) - CHUNK_FIRST);
}

struct slot *bridge_slot_at(const struct bridge *b, uint32_t number)
{
	unsigned chunk;
	uint32_t place;

	if (number >= atomic_load_explicit(&b->n_slots, memory_order_acquire))
		return NULL;
	locate(number, &chunk, &place);
	return &b->chunks[chunk][place];
}

struct slot *bridge_slot_used(const struct bridge *b, struct bridge_slot id)
{
	struct slot *s = bridge_slot_at(b, id.number);

	return s && s->state == SLOT_USED && s->generation == id.generation ? s : NULL;
}

/* The next number past all that exist. */
static int table_grow(struct bridge *b)
{
	uint32_t number = b->n_slots, place;
	unsigned chunk;

	if (number == UINT32_MAX / 2)
		return OH_ETOOMANY;
	locate(number, &chunk, &place);
	if (!b->chunks[chunk])
		b->chunks[chunk] = mem_zalloc((CHUNK_FIRST << chunk) * sizeof(struct slot));
	if (!b->chunks[chunk])
		return OH_ENOMEM;
	b->chunks[chunk][place].number = number;
	atomic_store_explicit(&b->n_slots, number + 1, memory_order_release);
	return 0;
}

static int take_number(struct bridge *b, uint32_t *ret_number)
{
	uint32_t number = b->lowest_free;
	int err;

	while (number < b->n_slots && bridge_slot_at(b, number)->state != SLOT_FREE)
		number++;
	if (number == b->n_slots) {
		err = table_grow(b);
		if (err)
			return err;
	}
	b->lowest_free = number;
	*ret_number = number;
	return 0;
}

static void slot_begin(struct slot *s, struct member *m)
{
	s->state = SLOT_USED;
	s->member = m;
	s->tx_level = s->rx_level = BRIDGE_LEVEL_UNITY;
	s->generation++;
	atomic_store_explicit(&s->meter, (uint64_t)s->generation << 32, memory_order_relaxed);
	atomic_store_explicit(&s->asked, 0, memory_order_relaxed);
	atomic_store_explicit(&s->looked, 0, memory_order_relaxed);
	atomic_store_explicit(&s->power, 0, memory_order_relaxed);
	atomic_store_explicit(&s->live, s->generation, memory_order_release);
}

/* ---- life ---- */

void bridge_cfg_defaults(struct bridge_cfg *cfg)
{
	*cfg = (struct bridge_cfg){.rate_hz = 16000, .frame_ms = 20, .threads = 1};
}

static bool cfg_valid(const struct bridge_cfg *cfg)
{
	return (cfg->rate_hz == 8000 || cfg->rate_hz == 16000 || cfg->rate_hz == 32000 ||
		       cfg->rate_hz == 48000) &&
	       (cfg->frame_ms == 10 || cfg->frame_ms == 20);
}

int bridge_new(const struct bridge_cfg *cfg, struct bridge **ret_bridge)
{
	struct bridge_slot slot0;
	struct bridge *b;
	int err = OH_ENOMEM;

	if (!cfg_valid(cfg))
		return err_detail(OH_EINVAL,
			"a bridge of %u Hz with frames of %u ms; rates are 8000, 16000, 32000 and "
			"48000, frames 10 and 20",
			cfg->rate_hz, cfg->frame_ms);
	b = mem_zalloc(sizeof(*b));
	if (!b)
		return OH_ENOMEM;
	b->cfg = *cfg;
	if (!b->cfg.threads)
		b->cfg.threads = 1;
	b->n = cfg->rate_hz / 1000 * cfg->frame_ms;
	b->stride = mix_stride(b->n);
	b->mix = mix_ops();
	list_init(&b->moving);
	b->null_device = null_port(cfg->rate_hz);
	b->silence = mem_zalloc(MIX_FRAME_MAX * sizeof(*b->silence));
	if (!b->silence)
		goto fail;
	err = bridge_add(b, &b->null_device, &slot0);
	if (err)
		goto fail;
	*ret_bridge = b;
	return 0;
fail:
	bridge_free(b);
	return err;
}

struct bridge *bridge_free(struct bridge *b)
{
	if (!b)
		return NULL;
	for (uint32_t i = 0; i < b->n_slots; i++) {
		struct slot *s = bridge_slot_at(b, i);

		if (s->member)
			member_retire(&s->member->retired);
		bridge_channels_free(s);
		links_free(&s->sources);
		links_free(&s->sinks);
	}
	while (b->retired) {
		struct retired *r = b->retired;

		b->retired = r->next;
		r->free(r);
	}
	plan_free(atomic_load(&b->published));
	for (unsigned i = 0; i < CHUNKS; i++)
		mem_free(b->chunks[i]);
	mem_free(b->silence);
	mem_free(b);
	return NULL;
}

int bridge_add(struct bridge *b, struct port *port, struct bridge_slot *ret_slot)
{
	struct member *m;
	uint32_t number;
	int err;

	if (b->cfg.max_ports && b->n_ports >= b->cfg.max_ports)
		return err_detail(OH_ETOOMANY, "the bridge has its %u ports", b->cfg.max_ports);
	err = member_new(b, port, &m);
	if (err)
		return err;
	err = take_number(b, &number);
	if (err) {
		member_free(m);
		return err;
	}
	slot_begin(bridge_slot_at(b, number), m);
	b->lowest_free = number + 1;
	b->n_ports++;
	b->dirty = true;
	*ret_slot = (struct bridge_slot){number, bridge_slot_at(b, number)->generation};
	return 0;
}

/* Frees after the publication that is to come. */
static void retire_later(struct bridge *b, struct retired *r)
{
	bridge_retire(b, r, 0);
	b->dirty = true;
}

int bridge_remove(struct bridge *b, struct bridge_slot slot)
{
	struct slot *s = bridge_slot_used(b, slot);

	if (!s || slot.number == 0)
		return err_detail(
			OH_ENOENT, "no slot %u of generation %u to remove", slot.number, slot.generation);
	(void)bridge_disconnect_all(b, slot);
	bridge_channels_leave(b, s);
	links_free(&s->sources);
	links_free(&s->sinks);
	atomic_store_explicit(&s->live, 0, memory_order_release);
	retire_later(b, &s->member->retired);
	s->member = NULL;
	s->state = SLOT_RESTING;
	b->n_ports--;
	return 0;
}

void bridge_number_release(struct bridge *b, uint32_t number)
{
	struct slot *s = bridge_slot_at(b, number);

	if (!s || s->state != SLOT_RESTING)
		return;
	s->state = SLOT_FREE;
	if (number < b->lowest_free)
		b->lowest_free = number;
}

int bridge_set_device(struct bridge *b, struct port *port)
{
	struct slot *s = bridge_slot_at(b, 0);
	struct member *m;
	int err;

	err = member_new(b, port ? port : &b->null_device, &m);
	if (err)
		return err;
	retire_later(b, &s->member->retired);
	s->member = m;
	return 0;
}

bool bridge_has_device(const struct bridge *b)
{
	return bridge_slot_at(b, 0)->member->port != &b->null_device;
}

int bridge_rate_changed(struct bridge *b, struct bridge_slot slot, uint32_t rate_hz)
{
	struct slot *s = bridge_slot_used(b, slot);
	struct edge *e;
	int err;

	if (!s)
		return err_detail(OH_ENOENT, "no slot %u of generation %u", slot.number, slot.generation);
	if (s->member->edge->rate_hz == rate_hz)
		return 0;
	err = edge_new(b, rate_hz, &e);
	if (err)
		return err;
	retire_later(b, &s->member->edge->retired);
	s->member->edge = e;
	s->member->port->rate_hz = rate_hz;
	return 0;
}

/* ---- what leaves ---- */

void bridge_retire(struct bridge *b, struct retired *r, uint64_t serial)
{
	r->serial = serial;
	r->next = b->retired;
	b->retired = r;
	b->n_retired++;
}

int bridge_publish(struct bridge *b)
{
	struct plan *p, *old;
	int err;

	if (!b->dirty)
		return 0;
	err = plan_new(b, b->plans + 1, &p);
	if (err)
		return err;
	b->plans++;
	b->dirty = false;
	for (struct retired *r = b->retired; r; r = r->next) {
		if (!r->serial)
			r->serial = b->plans;
	}
	old = atomic_exchange_explicit(&b->published, p, memory_order_acq_rel);
	if (old)
		bridge_retire(b, &old->retired, b->plans);
	return 0;
}

bool bridge_reap(struct bridge *b)
{
	uint64_t acknowledged = atomic_load_explicit(&b->acknowledged, memory_order_acquire);
	struct retired **at = &b->retired, *gone = NULL;

	bridge_channels_settle(b);
	while (*at) {
		struct retired *r = *at;

		if (!r->serial || r->serial > acknowledged) {
			at = &r->next;
			continue;
		}
		*at = r->next;
		r->next = gone;
		gone = r;
		b->n_retired--;
	}
	/* Off the list first: a port's free may come back into the bridge. */
	while (gone) {
		struct retired *r = gone;

		gone = r->next;
		r->free(r);
	}
	return b->retired != NULL;
}

void bridge_acknowledge(struct bridge *b)
{
	b->running = NULL;
	atomic_store_explicit(&b->acknowledged, b->plans, memory_order_release);
}
