/* Players, recorders and tones: made in the program's thread (it may wait for a disk), put on the bridge by
 * signalling. */
#include "phone/file.h"

#include "base/mem.h"
#include "phone/conference.h"

static offhook_id slot_id(struct bridge_slot slot)
{
	return slot.generation ? slot_to_id(slot) : 0;
}

offhook_id file_slot_id(const struct file *f)
{
	return slot_id(f->slot);
}

offhook_id file_of_slot(const struct offhook_phone *p, offhook_id slot)
{
	LIST_FOREACH (it, &p->files) {
		struct file *f = CONTAINER_OF(it, struct file, node);

		if (slot_id(f->slot) == slot || slot_id(f->slot2) == slot)
			return f->id;
	}
	return 0;
}

struct file *file_find(const struct offhook_phone *p, offhook_id id, enum file_type type)
{
	struct file *f = ids_find(&p->ids, ID_FILE, id);

	return f && f->type == type ? f : NULL;
}

static void tell_end(struct file *f, enum offhook_file_end why, int err)
{
	struct event_say say = {
		.type = f->type == FILE_TONE       ? OFFHOOK_EVENT_TONE_END
			: f->type == FILE_RECORDER ? OFFHOOK_EVENT_RECORDER_END
						   : OFFHOOK_EVENT_PLAYER_END,
		.subject = f->subject,
		.status = why,
		.error = err,
	};

	f->ended = true;
	event_emit(f->phone, &say);
}

static void tell_next(struct file *f, uint32_t file)
{
	struct event_say say = {
		.type = OFFHOOK_EVENT_PLAYER_NEXT,
		.subject = f->subject,
		.count = file,
		.text = slice_of(player_file(f->player, file)->path),
	};

	event_emit(f->phone, &say);
}

static void report(struct tagged *t, const struct media_report *r)
{
	struct file *f = CONTAINER_OF(t, struct file, tagged);

	if (f->type == FILE_AUDIO)
		audio_report(f, r);
	else if (r->type == MEDIA_FILE_END)
		tell_end(f, r->value ? OFFHOOK_FILE_END_DISK : OFFHOOK_FILE_END_COMPLETE, -(int)r->value);
	else if (r->type == MEDIA_FILE_NEXT)
		tell_next(f, r->value);
}

struct file *file_new(struct offhook_phone *p, enum file_type type, void *user_data)
{
	struct file *f = mem_zalloc(sizeof(*f));

	if (!f)
		return NULL;
	f->phone = p;
	f->type = type;
	f->tagged.report = report;
	f->subject = subject_new(user_data);
	if (!f->subject) {
		mem_free(f);
		return NULL;
	}
	return f;
}

void file_free(struct file *f)
{
	subject_unref(f->subject);
	closing_free(f->closing);
	mem_free(f);
}

/* ---- onto the bridge ---- */

static void leave(struct file *f);

struct add_args {
	struct file *file;
	struct port *port;
	uint32_t tag;
	offhook_id *ret_id, *ret_slot;
};

static int add_port(struct offhook_phone *p, struct port *port, struct bridge_slot *ret_slot)
{
	int err = bridge_add(engine_bridge(p->engine), port, ret_slot);

	return err == OH_ETOOMANY ? err_detail(err, "max_ports is %u", p->cfg.max_ports) : err;
}

int file_enter(struct file *f, struct port *port, uint32_t tag)
{
	struct offhook_phone *p = f->phone;
	int err = phone_check_taking(p);

	if (!err)
		err = ids_add(&p->ids, ID_FILE, f, &f->id);
	if (err)
		return err;
	err = add_port(p, port, &f->slot);
	if (err) {
		ids_remove(&p->ids, f->id);
		return err;
	}
	f->subject->id = f->id;
	f->tagged.tag = tag;
	tag_enter(p, &f->tagged);
	list_append(&p->files, &f->node);
	return 0;
}

static int add_run(struct offhook_phone *p, void *arg)
{
	const struct add_args *a = arg;
	int err = file_enter(a->file, a->port, a->tag);

	(void)p;
	if (err)
		return err;
	*a->ret_id = a->file->id;
	*a->ret_slot = file_slot_id(a->file);
	return 0;
}

int file_put_on_bridge(
	struct file *f, struct port *port, uint32_t tag, offhook_id *ret_id, offhook_id *ret_slot)
{
	struct add_args args = {f, port, tag, ret_id, ret_slot};
	int err = phone_command(f->phone, add_run, &args);

	if (err)
		port->ops->free(port);
	return err;
}

struct add_recorder_args {
	struct file *file;
	struct port *const *ports;
	uint32_t tag;
	bool half_there;
	offhook_id *ret_id, *ret_slots;
};

static int add_recorder_run(struct offhook_phone *p, void *arg)
{
	struct add_recorder_args *a = arg;
	struct file *f = a->file;
	int err = file_enter(f, a->ports[0], a->tag);

	if (err)
		return err;
	if (a->ports[1])
		err = add_port(p, a->ports[1], &f->slot2);
	if (err) {
		/* The media thread may have the first port already: it goes as if it were removed. */
		a->half_there = true;
		a->ports[1]->ops->free(a->ports[1]);
		leave(f);
		return err;
	}
	*a->ret_id = f->id;
	a->ret_slots[0] = slot_id(f->slot);
	a->ret_slots[1] = slot_id(f->slot2);
	return 0;
}

int file_put_recorder_on_bridge(struct file *f, struct port *const ports[2], uint32_t tag, offhook_id *ret_id,
	offhook_id ret_slots[2])
{
	struct add_recorder_args args = {f, ports, tag, false, ret_id, ret_slots};
	int err = phone_command(f->phone, add_recorder_run, &args);

	if (!err || args.half_there)
		return err;
	for (size_t i = 0; i < 2 && ports[i]; i++)
		ports[i]->ops->free(ports[i]);
	recorder_finish(f->recorder);
	file_free(f);
	return err;
}

/* ---- removing ---- */

static void give_up_slot(struct bridge *b, struct bridge_slot *slot)
{
	bridge_remove(b, *slot);
	bridge_number_release(b, slot->number);
	*slot = (struct bridge_slot){0, 0};
}

static void take_off(struct file *f)
{
	struct bridge *b = engine_bridge(f->phone->engine);

	audio_table_remove(&f->phone->audio, &f->audio, OH_ENOENT);
	conferences_gone(f->phone, f->id);
	sound_end(&f->ringer);
	list_remove(&f->node);
	ids_remove(&f->phone->ids, f->id);
	tag_leave(f->phone, &f->tagged);
	/* No event of the slot tells it: the program itself has given it up. */
	give_up_slot(b, &f->slot);
	if (f->slot2.generation)
		give_up_slot(b, &f->slot2);
	f->player = NULL;
}

/* Off the bridge; a recorder stays until the media thread and the disk have done with it. */
static void leave(struct file *f)
{
	struct offhook_phone *p = f->phone;

	take_off(f);
	if (f->type != FILE_RECORDER) {
		file_free(f);
		return;
	}
	closing_begin(f->closing);
	list_append(&p->finishing, &f->node);
}

static int remove_run(struct offhook_phone *p, void *arg)
{
	struct file *f = ids_find(&p->ids, ID_FILE, *(const offhook_id *)arg);
	struct closing *closing;
	int err = phone_check_open(p);

	if (err)
		return err;
	if (!f)
		return err_detail(OH_ENOENT, "no such player, recorder or tone");
	if (f->type == FILE_PLAYER && f->tell_removal && !f->ended)
		tell_end(f, OFFHOOK_FILE_END_REMOVED, 0);
	closing = f->closing;
	leave(f);
	return closing ? closing_wait(closing) : 0;
}

void files_check_finishing(struct offhook_phone *p)
{
	LIST_FOREACH_SAFE (it, &p->finishing) {
		struct file *f = CONTAINER_OF(it, struct file, node);
		struct closing *closing = f->closing;

		if (!f->released)
			continue;
		list_remove(&f->node);
		f->closing = NULL; /* the disk's and closings' */
		recorder_close(f->recorder, closing_done, closing);
		file_free(f);
	}
}

int offhook_port_remove(struct offhook_phone *phone, offhook_id id)
{
	return phone_command(phone, remove_run, &id);
}

void files_free_all(struct offhook_phone *p)
{
	LIST_FOREACH_SAFE (it, &p->files)
		leave(CONTAINER_OF(it, struct file, node));
}
