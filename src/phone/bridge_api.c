/* The bridge as the program sees it: ids instead of slots, and one batch form. */
#include "phone/call_impl.h"
#include "phone/file.h"

#include "base/mem.h"

struct bridge_slot slot_from_id(offhook_id id)
{
	/* Generation 0 is never given out, so whatever is no slot finds none. */
	if (id_kind(id) != ID_SLOT)
		return (struct bridge_slot){0, 0};
	return (struct bridge_slot){id_index(id), id_generation(id)};
}

offhook_id slot_to_id(struct bridge_slot slot)
{
	return id_make(ID_SLOT, slot.generation, slot.number);
}

static int no_slot(int err)
{
	return err == OH_ENOENT ? err_detail(err, "no such slot: its port has been removed, or it never was")
				: err;
}

/* ---- plain numbers ---- */

struct number_args {
	unsigned number;
	offhook_id *ret_id;
};

static int number_run(struct offhook_phone *p, void *arg)
{
	const struct number_args *a = arg;
	struct bridge_slot slot;
	int err = phone_check_open(p);

	if (!err)
		err = no_slot(bridge_slot_of(engine_bridge(p->engine), a->number, &slot));
	if (!err)
		*a->ret_id = slot_to_id(slot);
	return err;
}

int offhook_slot_of(struct offhook_phone *phone, unsigned number, offhook_id *ret_id)
{
	struct number_args args = {number, ret_id};

	return phone_query(phone, number_run, &args);
}

/* ---- connections ---- */

#define LINKS_ON_STACK 8

struct links_args {
	struct bridge_link *links;
	size_t n;
};

static int connect_run(struct offhook_phone *p, void *arg)
{
	const struct links_args *a = arg;
	int err = phone_check_open(p);

	return err ? err : bridge_connect(engine_bridge(p->engine), a->links, a->n);
}

int offhook_connect_many(struct offhook_phone *phone, const struct offhook_link *links, size_t n)
{
	struct bridge_link few[LINKS_ON_STACK];
	struct links_args args = {few, n};
	int err;

	err_detail_clear();
	if (n == 0)
		return 0;
	if (!links)
		return err_detail(OH_EINVAL, "links is NULL");
	if (n > LINKS_ON_STACK)
		args.links = mem_alloc(n * sizeof(*args.links));
	if (!args.links)
		return OH_ENOMEM;
	for (size_t i = 0; i < n; i++)
		args.links[i] = (struct bridge_link){
			slot_from_id(links[i].source), slot_from_id(links[i].sink), links[i].level};
	err = phone_command(phone, connect_run, &args);
	if (args.links != few)
		mem_free(args.links);
	return err;
}

int offhook_connect(struct offhook_phone *phone, offhook_id source, offhook_id sink)
{
	return offhook_connect_many(phone, &(struct offhook_link){source, sink, 1.0f}, 1);
}

static int disconnect_run(struct offhook_phone *p, void *arg)
{
	const struct links_args *a = arg;
	int err = phone_check_open(p);

	return err ? err : no_slot(bridge_disconnect(engine_bridge(p->engine), a->links, a->n));
}

int offhook_disconnect(struct offhook_phone *phone, offhook_id source, offhook_id sink)
{
	struct bridge_link link = {slot_from_id(source), slot_from_id(sink), 1.0f};
	struct links_args args = {&link, 1};

	return phone_command(phone, disconnect_run, &args);
}

/* ---- levels ---- */

struct levels_args {
	struct bridge_slot slot;
	float tx, rx;
};

static int levels_run(struct offhook_phone *p, void *arg)
{
	const struct levels_args *a = arg;
	struct bridge *b = engine_bridge(p->engine);
	struct bridge_slot_info info;
	int err = phone_check_open(p);

	if (!err)
		err = no_slot(bridge_slot_info(b, a->slot, &info));
	if (!err && a->tx >= 0)
		err = bridge_set_tx_level(b, a->slot, a->tx);
	if (!err && a->rx >= 0)
		err = bridge_set_rx_level(b, a->slot, a->rx);
	return err;
}

int offhook_slot_set_levels(struct offhook_phone *phone, offhook_id slot, float tx, float rx)
{
	struct levels_args args = {slot_from_id(slot), tx, rx};

	err_detail_clear();
	/* Negated, so that NaN is refused too. */
	if (!(tx <= BRIDGE_LEVEL_MAX) || !(rx <= BRIDGE_LEVEL_MAX))
		return err_detail(OH_EINVAL, "a level is at most %g", (double)BRIDGE_LEVEL_MAX);
	return phone_command(phone, levels_run, &args);
}

/* ---- questions ---- */

offhook_id slot_owner(const struct offhook_phone *p, offhook_id slot)
{
	LIST_FOREACH (it, &p->calls) {
		struct call *c = CONTAINER_OF(it, struct call, node);

		if (call_media_slot_id(&c->media) == slot)
			return c->id;
	}
	return file_of_slot(p, slot);
}

struct info_args {
	struct bridge_slot slot;
	struct offhook_slot_info info;
};

static int info_run(struct offhook_phone *p, void *arg)
{
	struct info_args *a = arg;
	struct bridge *b = engine_bridge(p->engine);
	struct bridge_slot_info now;
	int err = phone_check_open(p);

	if (!err)
		err = no_slot(bridge_slot_info(b, a->slot, &now));
	if (err)
		return err;
	a->info.id = slot_to_id(now.slot);
	a->info.number = now.slot.number;
	snprintf(a->info.kind, sizeof(a->info.kind), "%s", now.kind);
	a->info.owner = now.slot.number ? slot_owner(p, a->info.id) : 0;
	a->info.rate_hz = now.rate_hz;
	a->info.tx_level = now.tx_level;
	a->info.rx_level = now.rx_level;
	a->info.n_sinks = now.n_sinks;
	a->info.n_sources = now.n_sources;
	return bridge_signal(b, a->slot, &a->info.tx_signal, &a->info.rx_signal);
}

int offhook_slot_get_info(struct offhook_phone *phone, offhook_id slot, struct offhook_slot_info *ret_info)
{
	struct info_args args = {.slot = slot_from_id(slot)};
	int err = phone_query(phone, info_run, &args);

	return err ? err : info_give(ret_info, &args.info, sizeof(args.info));
}

struct list_args {
	offhook_id source; /* 0: all slots */
	offhook_id *ret_ids;
	size_t cap;
	size_t n;
};

static int list_run(struct offhook_phone *p, void *arg)
{
	struct list_args *a = arg;
	struct bridge *b = engine_bridge(p->engine);
	struct bridge_slot *slots = NULL;
	struct bridge_slot_info info;
	int err = phone_check_open(p);

	if (!err && a->source)
		err = no_slot(bridge_slot_info(b, slot_from_id(a->source), &info));
	if (err)
		return err;
	if (a->cap) {
		slots = mem_alloc(a->cap * sizeof(*slots));
		if (!slots)
			return OH_ENOMEM;
	}
	a->n = a->source ? bridge_sinks(b, slot_from_id(a->source), slots, a->cap)
			 : bridge_slots(b, slots, a->cap);
	for (size_t i = 0; i < a->n && i < a->cap; i++)
		a->ret_ids[i] = slot_to_id(slots[i]);
	mem_free(slots);
	return 0;
}

static long list(struct offhook_phone *phone, offhook_id source, offhook_id *ret_ids, size_t cap)
{
	struct list_args args = {source, ret_ids, cap, 0};
	int err = phone_query(phone, list_run, &args);

	return err ? err : (long)args.n;
}

long offhook_slots(struct offhook_phone *phone, offhook_id *ret_slots, size_t cap)
{
	return list(phone, 0, ret_slots, cap);
}

long offhook_slot_sinks(struct offhook_phone *phone, offhook_id slot, offhook_id *ret_sinks, size_t cap)
{
	/* 0 is no slot; inside it stands for "all". */
	return list(phone, slot ? slot : id_make(ID_SLOT, 0, 1), ret_sinks, cap);
}
