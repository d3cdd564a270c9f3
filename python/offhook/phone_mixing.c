/* Phone's methods about levels, ramps, delays, ducking, and conferences. */
#include "ext.h"

/* ---- who is how loud ---- */

static PyObject *slot_levels(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"slot", NULL};
	struct phone_object *self = (struct phone_object *)op;
	struct offhook_slot_levels l = {.size = sizeof(l)};
	unsigned long long slot;
	int err;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "K", names, &slot))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = offhook_slot_get_levels(self->phone, slot, &l);
	Py_END_ALLOW_THREADS return err
		? raise_error(err)
		: Py_BuildValue("{s:d,s:d,s:d,s:d}", "tx_peak_dbov", l.tx_peak_dbov, "tx_rms_dbov",
			  l.tx_rms_dbov, "rx_peak_dbov", l.rx_peak_dbov, "rx_rms_dbov", l.rx_rms_dbov);
}

static PyObject *speaker_watch(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"slot", "start_ms", "pause_ms", "quiet_ms", "margin_db", "user", NULL};
	struct phone_object *self = (struct phone_object *)op;
	struct offhook_speaker_cfg cfg;
	unsigned long long slot, user = 0;
	offhook_id id = 0;
	int err;

	offhook_speaker_cfg_init(&cfg);
	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "K|IIIdK", names, &slot, &cfg.start_ms, &cfg.pause_ms,
		    &cfg.quiet_ms, &cfg.margin_db, &user))
		return NULL;
	cfg.user_data = (void *)(uintptr_t)user;
	Py_BEGIN_ALLOW_THREADS err = offhook_speaker_watch(self->phone, slot, &cfg, &id);
	Py_END_ALLOW_THREADS return err ? raise_error(err) : PyLong_FromUnsignedLongLong(id);
}

static PyObject *speaker_unwatch(PyObject *op, PyObject *args, PyObject *kwargs)
{
	return with_id(op, args, kwargs, offhook_speaker_unwatch);
}

/* ---- mixing ---- */

static PyObject *link_ramp(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"source", "sink", "level", "ms", NULL};
	struct phone_object *self = (struct phone_object *)op;
	unsigned long long source, sink;
	unsigned ms = 0;
	float level;
	int err;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "KKf|I", names, &source, &sink, &level, &ms))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = offhook_link_ramp(self->phone, source, sink, level, ms);
	Py_END_ALLOW_THREADS return none_or_error(err);
}

/* None leaves as it is. -1 with an exception set. */
static int ramp_way(struct phone_object *self, unsigned long long slot, enum offhook_slot_way way,
	PyObject *level, unsigned ms)
{
	double value;
	int err;

	if (level == Py_None)
		return 0;
	value = PyFloat_AsDouble(level);
	if (PyErr_Occurred())
		return -1;
	Py_BEGIN_ALLOW_THREADS err = offhook_slot_ramp(self->phone, slot, way, (float)value, ms);
	Py_END_ALLOW_THREADS if (err) raise_error(err);
	return err ? -1 : 0;
}

static PyObject *slot_ramp(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"slot", "tx", "rx", "ms", NULL};
	struct phone_object *self = (struct phone_object *)op;
	PyObject *tx = Py_None, *rx = Py_None;
	unsigned long long slot;
	unsigned ms = 0;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "K|OOI", names, &slot, &tx, &rx, &ms))
		return NULL;
	if (ramp_way(self, slot, OFFHOOK_SLOT_TX, tx, ms) || ramp_way(self, slot, OFFHOOK_SLOT_RX, rx, ms))
		return NULL;
	Py_RETURN_NONE;
}

static PyObject *link_delay(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"source", "sink", "ms", NULL};
	struct phone_object *self = (struct phone_object *)op;
	unsigned long long source, sink;
	unsigned ms;
	int err;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "KKI", names, &source, &sink, &ms))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = offhook_link_delay(self->phone, source, sink, ms);
	Py_END_ALLOW_THREADS return none_or_error(err);
}

static PyObject *link_duck(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"source", "sink", "trigger", "depth_db", "attack_ms", "release_ms", NULL};
	struct phone_object *self = (struct phone_object *)op;
	struct offhook_duck_cfg cfg;
	unsigned long long source, sink, trigger = 0;
	int err;

	offhook_duck_cfg_init(&cfg);
	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "KK|KdII", names, &source, &sink, &trigger,
		    &cfg.depth_db, &cfg.attack_ms, &cfg.release_ms))
		return NULL;
	cfg.trigger = trigger;
	Py_BEGIN_ALLOW_THREADS err = offhook_link_duck(self->phone, source, sink, trigger ? &cfg : NULL);
	Py_END_ALLOW_THREADS return none_or_error(err);
}

static PyObject *slot_duck(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"slot", "trigger", "depth_db", "attack_ms", "release_ms", NULL};
	struct phone_object *self = (struct phone_object *)op;
	struct offhook_duck_cfg cfg;
	unsigned long long slot, trigger = 0;
	int err;

	offhook_duck_cfg_init(&cfg);
	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "K|KdII", names, &slot, &trigger, &cfg.depth_db,
		    &cfg.attack_ms, &cfg.release_ms))
		return NULL;
	cfg.trigger = trigger;
	Py_BEGIN_ALLOW_THREADS err = offhook_slot_duck(self->phone, slot, trigger ? &cfg : NULL);
	Py_END_ALLOW_THREADS return none_or_error(err);
}

/* ---- conferences ---- */

static PyObject *conference_new(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"speaker", "start_ms", "pause_ms", "quiet_ms", "margin_db", "user", NULL};
	struct phone_object *self = (struct phone_object *)op;
	struct offhook_conference_cfg cfg;
	struct offhook_speaker_cfg speaker;
	unsigned long long user = 0;
	offhook_id id = 0;
	int speaks = 0, err;

	offhook_conference_cfg_init(&cfg);
	offhook_speaker_cfg_init(&speaker);
	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|pIIIdK", names, &speaks, &speaker.start_ms,
		    &speaker.pause_ms, &speaker.quiet_ms, &speaker.margin_db, &user))
		return NULL;
	cfg.speaker = speaks ? &speaker : NULL;
	cfg.user_data = (void *)(uintptr_t)user;
	Py_BEGIN_ALLOW_THREADS err = offhook_conference_new(self->phone, &cfg, &id);
	Py_END_ALLOW_THREADS return err ? raise_error(err) : PyLong_FromUnsignedLongLong(id);
}

static PyObject *conference_end(PyObject *op, PyObject *args, PyObject *kwargs)
{
	return with_id(op, args, kwargs, offhook_conference_end);
}

static PyObject *add_or_set(PyObject *op, PyObject *args, PyObject *kwargs,
	int (*command)(struct offhook_phone *, offhook_id, offhook_id, const struct offhook_member_cfg *))
{
	static char *names[] = {"id", "member", "role", "to", "muted", "level", NULL};
	struct phone_object *self = (struct phone_object *)op;
	struct offhook_member_cfg cfg;
	unsigned long long id, member, to = 0;
	int role = 0, err;

	offhook_member_cfg_init(&cfg);
	if (!PyArg_ParseTupleAndKeywords(
		    args, kwargs, "KK|iKpf", names, &id, &member, &role, &to, &cfg.muted, &cfg.level))
		return NULL;
	cfg.role = (enum offhook_member_role)role;
	cfg.to = to;
	Py_BEGIN_ALLOW_THREADS err = command(self->phone, id, member, &cfg);
	Py_END_ALLOW_THREADS return none_or_error(err);
}

static PyObject *conference_add(PyObject *op, PyObject *args, PyObject *kwargs)
{
	return add_or_set(op, args, kwargs, offhook_conference_add);
}

static PyObject *conference_set(PyObject *op, PyObject *args, PyObject *kwargs)
{
	return add_or_set(op, args, kwargs, offhook_conference_set);
}

static PyObject *conference_remove(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"id", "member", NULL};

	return with_two_ids(op, args, kwargs, names, offhook_conference_remove);
}

static PyObject *conference_members(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"id", NULL};
	unsigned long long id;

	return PyArg_ParseTupleAndKeywords(args, kwargs, "K", names, &id)
		       ? all_ids(op, id, offhook_conference_members)
		       : NULL;
}

static PyObject *conference_member(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"id", "member", NULL};
	struct phone_object *self = (struct phone_object *)op;
	struct offhook_member_info i = {.size = sizeof(i)};
	unsigned long long id, member;
	int err;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "KK", names, &id, &member))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = offhook_conference_get_member(self->phone, id, member, &i);
	Py_END_ALLOW_THREADS return err
		? raise_error(err)
		: Py_BuildValue("{s:K,s:i,s:i,s:K,s:O,s:d,s:O}", "id", (unsigned long long)i.id, "state",
			  (int)i.state, "role", (int)i.role, "to", (unsigned long long)i.to, "muted",
			  i.muted ? Py_True : Py_False, "level", (double)i.level, "speaking",
			  i.speaking ? Py_True : Py_False);
}

PyMethodDef phone_mixing_methods[] = {
	{"slot_levels", KEYWORDS(slot_levels),
		"slot_levels(slot) -> dict: peaks and powers in dBov; ask at least once a second for powers"},
	{"speaker_watch", KEYWORDS(speaker_watch),
		"speaker_watch(slot, start_ms=300, pause_ms=600, quiet_ms=2000, margin_db=6, user=0) -> id: "
		"events about who has the floor among those whom the slot hears"},
	{"speaker_unwatch", KEYWORDS(speaker_unwatch), "speaker_unwatch(id)"},
	{"link_ramp", KEYWORDS(link_ramp),
		"link_ramp(source, sink, level, ms=0): connects, or sets the level, on a straight line"},
	{"slot_ramp", KEYWORDS(slot_ramp), "slot_ramp(slot, tx=None, rx=None, ms=0): None leaves as it is"},
	{"link_delay", KEYWORDS(link_delay),
		"link_delay(source, sink, ms): what is said is heard so much later, 0 to 1,000 ms"},
	{"link_duck", KEYWORDS(link_duck),
		"link_duck(source, sink, trigger=0, depth_db=15, attack_ms=60, release_ms=600): source is "
		"softer for sink while trigger speaks; trigger 0: no more"},
	{"slot_duck", KEYWORDS(slot_duck),
		"slot_duck(slot, trigger=0, depth_db=15, attack_ms=60, release_ms=600): all that slot hears "
		"but the trigger is softer while it speaks; trigger 0: no more"},
	{"conference_new", KEYWORDS(conference_new),
		"conference_new(speaker=False, start_ms=300, pause_ms=600, quiet_ms=2000, margin_db=6, "
		"user=0) -> id; speaker: events about who has the floor"},
	{"conference_end", KEYWORDS(conference_end), "conference_end(id)"},
	{"conference_add", KEYWORDS(conference_add),
		"conference_add(id, member, role=0, to=0, muted=False, level=1): member is a call, a port or "
		"a slot; role 0 talks, 1 listens, 2 whispers to `to`"},
	{"conference_set", KEYWORDS(conference_set),
		"conference_set(id, member, role=0, to=0, muted=False, level=1): all of it holds from now "
		"on"},
	{"conference_remove", KEYWORDS(conference_remove), "conference_remove(id, member)"},
	{"conference_members", KEYWORDS(conference_members), "conference_members(id) -> list of ids"},
	{"conference_member", KEYWORDS(conference_member),
		"conference_member(id, member) -> dict: state is 1 away, 2 there"},
	{NULL, NULL, 0, NULL},
};
