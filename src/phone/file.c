/* Players, recorders and tones: made in the program's thread (it may wait for a disk), put on the bridge by
 * signalling. */
#include "phone/file.h"

#include "base/mem.h"
#include "phone/conference.h"

offhook_id file_slot_id(const struct file *f)
{
	return f->slot.generation ? id_make(ID_SLOT, f->slot.generation, f->slot.number) : 0;
}

offhook_id file_of_slot(const struct offhook_phone *p, offhook_id slot)
{
	LIST_FOREACH (it, &p->files) {
		struct file *f = CONTAINER_OF(it, struct file, node);

		if (file_slot_id(f) == slot)
			return f->id;
	}
	return 0;
}

struct file *file_find(const struct offhook_phone *p, offhook_id id, enum file_type type)
{
	struct file *f = ids_find(&p->ids, ID_FILE, id);

	return f && f->type == type ? f : NULL;
}

static void report(struct tagged *t, const struct media_report *r)
{
	struct file *f = CONTAINER_OF(t, struct file, tagged);
	struct event_say say = {
		.type = f->type == FILE_TONE ? OFFHOOK_EVENT_TONE_END : OFFHOOK_EVENT_PLAYER_END,
		.subject = f->subject,
	};

	if (f->type == FILE_AUDIO)
		audio_report(f, r);
	else if (r->type == MEDIA_FILE_END)
		event_emit(f->phone, &say);
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
	mem_free(f);
}

/* ---- onto the bridge ---- */

struct add_args {
	struct file *file;
	struct port *port;
	uint32_t tag;
	offhook_id *ret_id, *ret_slot;
};

int file_enter(struct file *f, struct port *port, uint32_t tag)
{
	struct offhook_phone *p = f->phone;
	int err = phone_check_taking(p);

	if (!err)
		err = ids_add(&p->ids, ID_FILE, f, &f->id);
	if (err)
		return err;
	err = bridge_add(engine_bridge(p->engine), port, &f->slot);
	if (err) {
		ids_remove(&p->ids, f->id);
		return err == OH_ETOOMANY ? err_detail(err, "max_ports is %u", p->cfg.max_ports) : err;
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

/* ---- removing ---- */

static void take_off(struct file *f)
{
	struct bridge *b = engine_bridge(f->phone->engine);

	audio_table_remove(&f->phone->audio, &f->audio, OH_ENOENT);
	conferences_gone(f->phone, f->id);
	sound_end(&f->ringer);
	list_remove(&f->node);
	ids_remove(&f->phone->ids, f->id);
	tag_leave(f->phone, &f->tagged);
	bridge_remove(b, f->slot);
	/* No event tells it: the program itself has given it up. */
	bridge_number_release(b, f->slot.number);
	f->slot = (struct bridge_slot){0, 0};
	f->player = NULL;
}

struct remove_args {
	offhook_id id;
	struct recorder *recorder; /* to be finished by the caller, which may wait for the disk */
};

static int remove_run(struct offhook_phone *p, void *arg)
{
	struct remove_args *a = arg;
	struct file *f = ids_find(&p->ids, ID_FILE, a->id);
	int err = phone_check_open(p);

	if (err)
		return err;
	if (!f)
		return err_detail(OH_ENOENT, "no such player, recorder or tone");
	take_off(f);
	if (f->type != FILE_RECORDER) {
		file_free(f);
		return 0;
	}
	/* From signalling itself nobody can wait: then it is finished behind the caller's back. */
	list_append(&p->finishing, &f->node);
	f->remover = command_defer(p);
	if (f->remover)
		a->recorder = f->recorder;
	return 0;
}

void files_check_finishing(struct offhook_phone *p)
{
	LIST_FOREACH_SAFE (it, &p->finishing) {
		struct file *f = CONTAINER_OF(it, struct file, node);

		if (!f->port_gone)
			continue;
		list_remove(&f->node);
		if (f->remover)
			command_finish(f->remover, 0);
		else
			recorder_finish(f->recorder);
		file_free(f);
	}
}

int offhook_port_remove(struct offhook_phone *phone, offhook_id id)
{
	struct remove_args args = {.id = id};
	int err = phone_command(phone, remove_run, &args);

	return !err && args.recorder ? recorder_finish(args.recorder) : err;
}

void files_free_all(struct offhook_phone *p)
{
	LIST_FOREACH_SAFE (it, &p->files) {
		struct file *f = CONTAINER_OF(it, struct file, node);

		take_off(f);
		if (f->type == FILE_RECORDER)
			list_append(&p->finishing, &f->node);
		else
			file_free(f);
	}
}

void files_finish_all(struct offhook_phone *p)
{
	LIST_FOREACH_SAFE (it, &p->finishing) {
		struct file *f = CONTAINER_OF(it, struct file, node);

		list_remove(&f->node);
		recorder_finish(f->recorder);
		file_free(f);
	}
}
