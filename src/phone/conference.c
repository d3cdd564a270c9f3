/*
 * Conferences: each pair of members is connected or not, by what both are; the bridge makes one sum of it. A member's
 * connections are made in one batch, so that what fails leaves no trace.
 */
#include "phone/conference.h"

#include "base/mem.h"
#include "offhook/conference.h"
#include "phone/call_impl.h"
#include "phone/file.h"
#include "phone/floor.h"

struct member {
	struct list node; /* conference.members */
	offhook_id id;
	struct offhook_member_cfg cfg;
	struct bridge_slot slot; /* generation 0: away */
};

struct conference {
	struct list node; /* offhook_phone.conferences */
	struct offhook_phone *phone;
	offhook_id id;
	struct subject *subject;
	struct list members;
	size_t n;
	struct floor floor;
};

static const struct bridge_slot no_slot;

/* ---- who is who ---- */

/* Where a member is heard now; generation 0: nowhere. OH_ENOENT, OH_EENDED: there is no such member (any more). */
static int slot_of_member(struct offhook_phone *p, offhook_id id, struct bridge_slot *ret_slot)
{
	struct bridge_slot_info info;
	struct call *c;
	struct file *f;
	int err;

	*ret_slot = no_slot;
	if (id_kind(id) == ID_CALL) {
		err = call_operand(p, id, &c);
		/* Who is held must not be sung to by the others' exchange. */
		if (!err && c->media.state == OFFHOOK_MEDIA_ACTIVE)
			*ret_slot = c->media.slot;
		return err;
	}
	f = ids_find(&p->ids, ID_FILE, id);
	if (f) {
		*ret_slot = f->slot;
		return 0;
	}
	if (bridge_slot_info(engine_bridge(p->engine), slot_from_id(id), &info))
		return err_detail(OH_ENOENT, "no such call, port or slot");
	*ret_slot = info.slot;
	return 0;
}

/* A slot stands for the call or port behind it. */
static offhook_id member_id(const struct offhook_phone *p, offhook_id id)
{
	offhook_id owner = id_kind(id) == ID_SLOT ? slot_owner(p, id) : 0;

	return owner ? owner : id;
}

static struct member *member_find(const struct conference *c, offhook_id id)
{
	LIST_FOREACH (it, &c->members) {
		struct member *m = CONTAINER_OF(it, struct member, node);

		if (m->id == id)
			return m;
	}
	return NULL;
}

static void tell(struct conference *c, offhook_id member, enum offhook_member_state state)
{
	struct event_say say = {.type = OFFHOOK_EVENT_CONFERENCE_MEMBER,
		.subject = c->subject,
		.other = member,
		.status = state};

	event_emit(c->phone, &say);
}

/* ---- who hears whom ---- */

static bool is_heard(const struct member *m)
{
	return m->cfg.role != OFFHOOK_MEMBER_LISTENS && !m->cfg.muted;
}

static bool hears(const struct member *sink, const struct member *source)
{
	return is_heard(source) &&
	       (source->cfg.role != OFFHOOK_MEMBER_WHISPERS || source->cfg.to == sink->id);
}

/* A slot may have gone a moment ago. */
static bool is_there(const struct conference *c, const struct member *m)
{
	struct bridge_slot_info info;

	return m->slot.generation && !bridge_slot_info(engine_bridge(c->phone->engine), m->slot, &info);
}

static size_t add_pair(
	const struct member *source, const struct member *sink, bool wanted, struct bridge_link *links)
{
	if (hears(sink, source) != wanted)
		return 0;
	*links = (struct bridge_link){source->slot, sink->slot, source->cfg.level};
	return 1;
}

/* The connections between m and all others that are there: those that should be, or those that should not. */
static size_t links_with(
	const struct conference *c, const struct member *m, bool wanted, struct bridge_link *links)
{
	size_t n = 0;

	LIST_FOREACH (it, &c->members) {
		const struct member *k = CONTAINER_OF(it, struct member, node);

		if (k == m || !is_there(c, k))
			continue;
		n += add_pair(m, k, wanted, links + n);
		n += add_pair(k, m, wanted, links + n);
	}
	return n;
}

/* Makes it so for one who is there. OH_ENOMEM, OH_ENOENT: nothing has changed. */
static int join(struct conference *c, const struct member *m)
{
	struct bridge *b = engine_bridge(c->phone->engine);
	struct bridge_link *links;
	int err;

	if (!m->slot.generation)
		return 0;
	links = mem_alloc((2 * c->n + 1) * sizeof(*links));
	if (!links)
		return OH_ENOMEM;
	err = bridge_connect(b, links, links_with(c, m, true, links));
	if (!err)
		(void)bridge_disconnect(b, links, links_with(c, m, false, links));
	mem_free(links);
	return err;
}

/* Nobody hears it any more, nor it anybody. Needs no memory. */
static void part(struct conference *c, struct member *m)
{
	struct bridge *b = engine_bridge(c->phone->engine);

	LIST_FOREACH (it, &c->members) {
		const struct member *k = CONTAINER_OF(it, struct member, node);
		struct bridge_link links[2] = {{m->slot, k->slot, 1}, {k->slot, m->slot, 1}};

		/* One whose slot is gone already has no connections. */
		if (k != m && k->slot.generation && m->slot.generation)
			(void)bridge_disconnect(b, links, 2);
	}
	m->slot = no_slot;
}

static void member_free(struct conference *c, struct member *m)
{
	part(c, m);
	list_remove(&m->node);
	c->n--;
	mem_free(m);
}

/* ---- what happens to members ---- */

static void follow(struct conference *c, struct member *m)
{
	bool was = m->slot.generation, is;
	struct bridge_slot slot = no_slot;

	(void)slot_of_member(c->phone, m->id, &slot);
	if (!slot.generation)
		part(c, m);
	m->slot = slot;
	if (join(c, m)) {
		host_log(c->phone->host, LOG_WARN, "call", "a member of a conference cannot be connected: %s",
			err_detail_text());
		part(c, m); /* what of it was connected before */
	}
	is = m->slot.generation;
	if (is != was)
		tell(c, m->id, is ? OFFHOOK_MEMBER_THERE : OFFHOOK_MEMBER_AWAY);
}

void conferences_follow(struct offhook_phone *p, offhook_id call)
{
	LIST_FOREACH (it, &p->conferences) {
		struct conference *c = CONTAINER_OF(it, struct conference, node);
		struct member *m = member_find(c, call);

		if (m)
			follow(c, m);
	}
}

void conferences_gone(struct offhook_phone *p, offhook_id member)
{
	LIST_FOREACH (it, &p->conferences) {
		struct conference *c = CONTAINER_OF(it, struct conference, node);
		struct member *m = member_find(c, member);

		if (!m)
			continue;
		member_free(c, m);
		tell(c, member, OFFHOOK_MEMBER_GONE);
	}
}

/* ---- the floor ---- */

static size_t candidates(void *arg, struct bridge_slot *ret_slots, size_t cap)
{
	const struct conference *c = arg;
	size_t n = 0;

	LIST_FOREACH (it, &c->members) {
		const struct member *m = CONTAINER_OF(it, struct member, node);

		if (!m->slot.generation || !is_heard(m) || m->cfg.role == OFFHOOK_MEMBER_WHISPERS)
			continue;
		if (n < cap)
			ret_slots[n] = m->slot;
		n++;
	}
	return n;
}

static offhook_id name(void *arg, struct bridge_slot slot)
{
	const struct conference *c = arg;

	return member_id(c->phone, slot_to_id(slot));
}

/* ---- life ---- */

static struct conference *conference_free(struct conference *c)
{
	if (!c)
		return NULL;
	floor_close(&c->floor);
	LIST_FOREACH_SAFE (it, &c->members)
		member_free(c, CONTAINER_OF(it, struct member, node));
	if (c->id) {
		ids_remove(&c->phone->ids, c->id);
		list_remove(&c->node);
	}
	subject_unref(c->subject);
	mem_free(c);
	return NULL;
}

void conferences_free_all(struct offhook_phone *p)
{
	LIST_FOREACH_SAFE (it, &p->conferences)
		conference_free(CONTAINER_OF(it, struct conference, node));
}

void offhook_conference_cfg_init(struct offhook_conference_cfg *cfg)
{
	*cfg = (struct offhook_conference_cfg){.size = sizeof(*cfg)};
}

void offhook_member_cfg_init(struct offhook_member_cfg *cfg)
{
	*cfg = (struct offhook_member_cfg){.size = sizeof(*cfg), .level = 1};
}

struct conference_args {
	struct offhook_conference_cfg cfg;
	struct offhook_speaker_cfg speaker;
	offhook_id id, member;
	struct offhook_member_cfg how;
	struct offhook_member_info info;
	offhook_id *ret_ids;
	size_t cap, n;
};

static int new_run(struct offhook_phone *p, void *arg)
{
	struct conference_args *a = arg;
	struct floor_cfg watch = {.phone = p, .candidates = candidates, .name = name};
	struct conference *c;
	offhook_id id = 0;
	int err = phone_check_open(p);

	if (err)
		return err;
	c = mem_zalloc(sizeof(*c));
	if (!c)
		return OH_ENOMEM;
	c->phone = p;
	list_init(&c->members);
	watch.arg = c;
	watch.subject = c->subject = subject_new(a->cfg.user_data);
	err = c->subject ? 0 : OH_ENOMEM;
	if (!err && a->cfg.speaker)
		err = floor_open(&c->floor, &watch, &a->speaker);
	if (!err)
		err = ids_add(&p->ids, ID_CONFERENCE, c, &id);
	if (err) {
		conference_free(c);
		return err;
	}
	c->id = c->subject->id = *a->ret_ids = id;
	list_append(&p->conferences, &c->node);
	return 0;
}

int offhook_conference_new(
	struct offhook_phone *phone, const struct offhook_conference_cfg *cfg, offhook_id *ret_id)
{
	struct conference_args args = {.ret_ids = ret_id};
	int err = 0;

	err_detail_clear();
	offhook_conference_cfg_init(&args.cfg);
	if (cfg)
		err = cfg_take(&args.cfg, sizeof(args.cfg), cfg);
	offhook_speaker_cfg_init(&args.speaker);
	if (!err && args.cfg.speaker)
		err = cfg_take(&args.speaker, sizeof(args.speaker), args.cfg.speaker);
	if (!err)
		err = floor_check(&args.speaker);
	return err ? err : phone_command(phone, new_run, &args);
}

static int find(struct offhook_phone *p, offhook_id id, struct conference **ret_conference)
{
	int err = phone_check_open(p);

	if (err)
		return err;
	*ret_conference = ids_find(&p->ids, ID_CONFERENCE, id);
	return *ret_conference ? 0 : err_detail(OH_ENOENT, "no such conference");
}

static int find_member(struct offhook_phone *p, const struct conference_args *a,
	struct conference **ret_conference, struct member **ret_member)
{
	int err = find(p, a->id, ret_conference);

	if (err)
		return err;
	*ret_member = member_find(*ret_conference, member_id(p, a->member));
	return *ret_member ? 0 : err_detail(OH_ENOENT, "not in this conference");
}

static int end_run(struct offhook_phone *p, void *arg)
{
	const struct conference_args *a = arg;
	struct conference *c = NULL;
	int err = find(p, a->id, &c);

	if (!err)
		conference_free(c);
	return err;
}

int offhook_conference_end(struct offhook_phone *phone, offhook_id id)
{
	struct conference_args args = {.id = id};

	return phone_command(phone, end_run, &args);
}

/* ---- members ---- */

static int take_how(struct conference_args *a, const struct offhook_member_cfg *cfg)
{
	int err;

	err_detail_clear();
	offhook_member_cfg_init(&a->how);
	err = cfg ? cfg_take(&a->how, sizeof(a->how), cfg) : 0;
	if (err)
		return err;
	if (a->how.role < OFFHOOK_MEMBER_TALKS || a->how.role > OFFHOOK_MEMBER_WHISPERS)
		return err_detail(OH_EINVAL, "role is an enum offhook_member_role");
	if ((a->how.role == OFFHOOK_MEMBER_WHISPERS) != (a->how.to != 0))
		return err_detail(OH_EINVAL, "to is who hears a whisper, and 0 for other roles");
	if (!(a->how.level >= 0 && a->how.level <= BRIDGE_LEVEL_MAX)) /* so that NaN is refused too */
		return err_detail(OH_EINVAL, "level is 0 to %g", (double)BRIDGE_LEVEL_MAX);
	return 0;
}

static int check_free(const struct offhook_phone *p, offhook_id member)
{
	LIST_FOREACH (it, &p->conferences) {
		if (member_find(CONTAINER_OF(it, struct conference, node), member))
			return err_detail(OH_EBUSY, "is in a conference already");
	}
	return 0;
}

static int add_run(struct offhook_phone *p, void *arg)
{
	struct conference_args *a = arg;
	struct conference *c = NULL;
	struct bridge_slot slot;
	struct member *m;
	int err = find(p, a->id, &c);

	a->member = member_id(p, a->member);
	a->how.to = member_id(p, a->how.to);
	if (!err)
		err = slot_of_member(p, a->member, &slot);
	if (!err)
		err = check_free(p, a->member);
	if (err)
		return err;
	m = mem_zalloc(sizeof(*m));
	if (!m)
		return OH_ENOMEM;
	m->id = a->member;
	m->cfg = a->how;
	m->slot = slot;
	err = join(c, m);
	if (err) {
		mem_free(m);
		return err;
	}
	list_append(&c->members, &m->node);
	c->n++;
	tell(c, m->id, slot.generation ? OFFHOOK_MEMBER_THERE : OFFHOOK_MEMBER_AWAY);
	return 0;
}

int offhook_conference_add(
	struct offhook_phone *phone, offhook_id id, offhook_id member, const struct offhook_member_cfg *cfg)
{
	struct conference_args args = {.id = id, .member = member};
	int err = take_how(&args, cfg);

	return err ? err : phone_command(phone, add_run, &args);
}

static int set_run(struct offhook_phone *p, void *arg)
{
	struct conference_args *a = arg;
	struct offhook_member_cfg before;
	struct conference *c;
	struct member *m;
	int err = find_member(p, a, &c, &m);

	if (err)
		return err;
	a->how.to = member_id(p, a->how.to);
	before = m->cfg;
	m->cfg = a->how;
	err = join(c, m);
	if (err)
		m->cfg = before;
	return err;
}

int offhook_conference_set(
	struct offhook_phone *phone, offhook_id id, offhook_id member, const struct offhook_member_cfg *cfg)
{
	struct conference_args args = {.id = id, .member = member};
	int err = take_how(&args, cfg);

	return err ? err : phone_command(phone, set_run, &args);
}

static int remove_run(struct offhook_phone *p, void *arg)
{
	const struct conference_args *a = arg;
	struct conference *c;
	struct member *m;
	int err = find_member(p, a, &c, &m);

	if (err)
		return err;
	tell(c, m->id, OFFHOOK_MEMBER_GONE);
	member_free(c, m);
	return 0;
}

int offhook_conference_remove(struct offhook_phone *phone, offhook_id id, offhook_id member)
{
	struct conference_args args = {.id = id, .member = member};

	return phone_command(phone, remove_run, &args);
}

/* ---- who is in ---- */

static int members_run(struct offhook_phone *p, void *arg)
{
	struct conference_args *a = arg;
	struct conference *c = NULL;
	size_t n = 0;
	int err = find(p, a->id, &c);

	if (err)
		return err;
	LIST_FOREACH (it, &c->members) {
		if (n == a->cap)
			break;
		a->ret_ids[n++] = CONTAINER_OF(it, struct member, node)->id;
	}
	a->n = c->n;
	return 0;
}

long offhook_conference_members(
	struct offhook_phone *phone, offhook_id id, offhook_id *ret_members, size_t cap)
{
	struct conference_args args = {.id = id, .ret_ids = ret_members, .cap = cap};
	int err = phone_query(phone, members_run, &args);

	return err ? err : (long)args.n;
}

static int get_run(struct offhook_phone *p, void *arg)
{
	struct conference_args *a = arg;
	struct conference *c;
	struct member *m;
	int err = find_member(p, a, &c, &m);

	if (err)
		return err;
	a->info.id = m->id;
	a->info.state = m->slot.generation ? OFFHOOK_MEMBER_THERE : OFFHOOK_MEMBER_AWAY;
	a->info.role = m->cfg.role;
	a->info.to = m->cfg.to;
	a->info.muted = m->cfg.muted;
	a->info.level = m->cfg.level;
	a->info.speaking = c->floor.timer && c->floor.holder == m->id;
	return 0;
}

int offhook_conference_get_member(
	struct offhook_phone *phone, offhook_id id, offhook_id member, struct offhook_member_info *ret_info)
{
	struct conference_args args = {.id = id, .member = member};
	int err = phone_query(phone, get_run, &args);

	return err ? err : info_give(ret_info, &args.info, sizeof(args.info));
}
