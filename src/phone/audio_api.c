/* The program's own audio: ports made on signalling, used by any thread. */
#include "phone/call_impl.h"
#include "phone/file.h"

#include "base/mem.h"
#include "offhook/audio.h"

#define PLAY_MS  2000u
#define HEARD_MS 1000u

/* ---- the table ---- */

int audio_table_init(struct audio_table *t, const uint64_t seed[2])
{
	int err = hash_init(&t->entries, seed);

	if (err)
		return err;
	pthread_mutex_init(&t->lock, NULL);
	t->ready = true;
	return 0;
}

void audio_table_free(struct audio_table *t)
{
	if (!t->ready)
		return;
	hash_free(&t->entries);
	pthread_mutex_destroy(&t->lock);
	t->ready = false;
}

static uint64_t key_of(const struct audio_table *t, offhook_id id)
{
	return hash_key(&t->entries, slice_make((const char *)&id, sizeof(id)), 0);
}

void audio_table_add(struct audio_table *t, struct audio_entry *e)
{
	pthread_mutex_lock(&t->lock);
	hash_insert(&t->entries, &e->node, key_of(t, e->id));
	pthread_mutex_unlock(&t->lock);
}

void audio_table_remove(struct audio_table *t, struct audio_entry *e, int why)
{
	if (!e->program)
		return;
	pthread_mutex_lock(&t->lock);
	hash_remove(&t->entries, &e->node);
	pthread_mutex_unlock(&t->lock);
	program_end(e->program, why);
	e->program = program_unref(e->program);
}

/* With a reference for the caller. *ret_entry: a copy. */
static int find(struct offhook_phone *p, offhook_id id, struct audio_entry *ret_entry)
{
	struct audio_table *t;
	int err = OH_ENOENT;

	err_detail_clear();
	if (!p)
		return err_detail(OH_EINVAL, "phone is NULL");
	t = &p->audio;
	pthread_mutex_lock(&t->lock);
	for (struct hash_node *n = hash_first(&t->entries, key_of(t, id)); n; n = hash_next(n)) {
		struct audio_entry *e = CONTAINER_OF(n, struct audio_entry, node);

		if (e->id == id) {
			*ret_entry = *e;
			program_ref(e->program);
			err = 0;
		}
	}
	pthread_mutex_unlock(&t->lock);
	return err ? err_detail(err, "no such audio port: it was removed, or it never was") : 0;
}

/* ---- making one ---- */

void offhook_audio_cfg_init(struct offhook_audio_cfg *cfg)
{
	*cfg = (struct offhook_audio_cfg){
		.size = sizeof(*cfg), .rate_hz = 16000, .play_ms = PLAY_MS, .heard_ms = HEARD_MS};
}

/* The port hears the call and speaks to it. What cannot be connected now is with the next change of its audio. */
static void join(struct file *f)
{
	struct call *c = f->audio.call ? call_find(f->phone, f->audio.call) : NULL;
	struct bridge_link links[2];

	if (!c || !c->media.slot.generation)
		return;
	links[0] = (struct bridge_link){f->slot, c->media.slot, BRIDGE_LEVEL_UNITY};
	links[1] = (struct bridge_link){c->media.slot, f->slot, BRIDGE_LEVEL_UNITY};
	if (bridge_connect(engine_bridge(f->phone->engine), links, 2))
		host_log(f->phone->host, LOG_WARN, "call", "a program's port cannot be connected: %s",
			err_detail_text());
}

void audio_follow(struct offhook_phone *p, offhook_id call)
{
	LIST_FOREACH (it, &p->files) {
		struct file *f = CONTAINER_OF(it, struct file, node);

		if (f->type == FILE_AUDIO && f->audio.call == call)
			join(f);
	}
}

void audio_call_ended(struct offhook_phone *p, offhook_id call)
{
	LIST_FOREACH (it, &p->files) {
		struct file *f = CONTAINER_OF(it, struct file, node);

		if (f->type == FILE_AUDIO && f->audio.call == call)
			program_end(f->audio.program, OH_EENDED);
	}
}

void audio_phone_closed(struct offhook_phone *p)
{
	LIST_FOREACH (it, &p->files) {
		struct file *f = CONTAINER_OF(it, struct file, node);

		if (f->type == FILE_AUDIO)
			program_end(f->audio.program, OH_ECLOSED);
	}
}

void audio_report(struct file *f, const struct media_report *r)
{
	struct event_say say = {.subject = f->subject, .account = 0};

	switch ((int)r->type) {
	case MEDIA_AUDIO_MARK:
		say.type = OFFHOOK_EVENT_AUDIO_MARK;
		say.status = r->duration_ms;
		say.count = r->value;
		break;
	case MEDIA_AUDIO_CLEARED:
		say.type = OFFHOOK_EVENT_AUDIO_CLEARED;
		break;
	case MEDIA_AUDIO_READABLE:
	case MEDIA_AUDIO_WRITABLE:
		say.type = r->type == MEDIA_AUDIO_READABLE ? OFFHOOK_EVENT_AUDIO_READABLE
							   : OFFHOOK_EVENT_AUDIO_WRITABLE;
		say.repeated = true;
		/* What finds no room in the queue is told with the next tick. */
		if (event_emit(f->phone, &say))
			program_told(f->audio.program, r->type == MEDIA_AUDIO_READABLE);
		return;
	default:
		return;
	}
	event_emit(f->phone, &say);
}

struct put_args {
	struct file *file;
	struct port *port;
	uint32_t tag;
	struct audio_entry entry;
};

static int put_run(struct offhook_phone *p, void *arg)
{
	const struct put_args *a = arg;
	struct file *f = a->file;
	struct call *c;
	int err = a->entry.call ? call_operand(p, a->entry.call, &c) : 0;

	if (!err)
		err = file_enter(f, a->port, a->tag);
	if (err)
		return err;
	f->audio = a->entry;
	f->audio.id = f->id;
	f->audio.slot = file_slot_id(f);
	audio_table_add(&p->audio, &f->audio);
	join(f);
	return 0;
}

/* Takes the port. */
static int put(struct file *f, const struct offhook_audio_cfg *cfg, struct program *program,
	struct port *port, uint32_t tag)
{
	struct put_args args = {
		f, port, tag, {.call = cfg->call, .rate_hz = cfg->rate_hz, .program = program}};
	int err = phone_command(f->phone, put_run, &args);

	if (err)
		port->ops->free(port);
	return err;
}

int offhook_audio_new(struct offhook_phone *phone, const struct offhook_audio_cfg *cfg, offhook_id *ret_id,
	offhook_id *ret_slot)
{
	struct offhook_audio_cfg ours;
	struct program_cfg program = {0};
	struct program *a;
	struct port *port;
	struct file *f;
	int err = 0;

	err_detail_clear();
	if (!phone || !ret_id)
		return err_detail(OH_EINVAL, "%s is NULL", phone ? "ret_id" : "phone");
	offhook_audio_cfg_init(&ours);
	if (cfg)
		err = cfg_take(&ours, sizeof(ours), cfg);
	if (err)
		return err;
	program.host = phone->host;
	program.rate_hz = ours.rate_hz;
	program.tick_ms = phone->cfg.frame_ms;
	program.play_ms = ours.play_ms;
	program.heard_ms = ours.heard_ms;
	program.tell = ours.events != 0;
	program.tag = tag_draw(phone);
	program.report = engine_report;
	program.report_arg = phone->engine;
	f = file_new(phone, FILE_AUDIO, ours.user_data);
	if (!f)
		return OH_ENOMEM;
	err = program_new(&program, &a, &port);
	if (!err) {
		err = put(f, &ours, a, port, program.tag);
		if (err)
			program_unref(a);
	}
	if (err) {
		file_free(f);
		return err;
	}
	*ret_id = f->audio.id;
	if (ret_slot)
		*ret_slot = f->audio.slot;
	return 0;
}

/* ---- using it: any thread ---- */

/* On a simulated host time stands still while a program waits. */
static int may_wait(const struct offhook_phone *p, int wait_ms)
{
	return p->own_host ? wait_ms : 0;
}

long offhook_audio_write(
	struct offhook_phone *phone, offhook_id id, const int16_t *pcm, size_t n, int wait_ms)
{
	struct audio_entry e;
	long err = find(phone, id, &e);

	if (err)
		return err;
	err = pcm || !n ? program_write(e.program, pcm, n, may_wait(phone, wait_ms))
			: err_detail(OH_EINVAL, "pcm is NULL");
	program_unref(e.program);
	return err;
}

long offhook_audio_read(struct offhook_phone *phone, offhook_id id, int16_t *pcm, size_t n, int wait_ms,
	struct offhook_audio_heard *ret_heard)
{
	struct offhook_audio_heard out = {.size = sizeof(out)};
	struct program_heard heard = {0, 0};
	struct audio_entry e;
	long err = find(phone, id, &e);

	if (err)
		return err;
	err = pcm || !n ? program_read(e.program, pcm, n, may_wait(phone, wait_ms), &heard)
			: err_detail(OH_EINVAL, "pcm is NULL");
	program_unref(e.program);
	if (err < 0 || !ret_heard)
		return err;
	out.position = heard.position;
	out.dropped = heard.dropped;
	return info_give(ret_heard, &out, sizeof(out)) ? OH_EINVAL : err;
}

int offhook_audio_clear(struct offhook_phone *phone, offhook_id id, uint32_t fade_ms, uint64_t *ret_queued)
{
	struct audio_entry e;
	uint64_t queued;
	int err = find(phone, id, &e);

	if (err)
		return err;
	queued = program_clear(e.program, fade_ms);
	if (ret_queued)
		*ret_queued = queued;
	program_unref(e.program);
	return 0;
}

int offhook_audio_mark(struct offhook_phone *phone, offhook_id id, uint32_t number)
{
	struct audio_entry e;
	int err = find(phone, id, &e);

	if (err)
		return err;
	err = program_mark(e.program, number);
	program_unref(e.program);
	return err;
}

int offhook_audio_pause(struct offhook_phone *phone, offhook_id id, int paused)
{
	struct audio_entry e;
	int err = find(phone, id, &e);

	if (err)
		return err;
	program_pause(e.program, paused != 0);
	program_unref(e.program);
	return 0;
}

int offhook_audio_fd(struct offhook_phone *phone, offhook_id id, enum offhook_audio_side side)
{
	struct audio_entry e;
	int fd, err = find(phone, id, &e);

	if (err)
		return err;
	if (side == OFFHOOK_AUDIO_READ)
		fd = program_fd_read(e.program);
	else
		fd = side == OFFHOOK_AUDIO_WRITE ? program_fd_write(e.program)
						 : err_detail(OH_EINVAL, "side is read or write");
	program_unref(e.program);
	return fd;
}

static double ms(uint64_t ns)
{
	return (double)ns / (double)NS_PER_MS;
}

int offhook_audio_get_info(struct offhook_phone *phone, offhook_id id, struct offhook_audio_info *ret_info)
{
	struct program_ledger l;
	struct audio_entry e;
	int err = find(phone, id, &e);

	if (err)
		return err;
	program_ledger(e.program, &l);
	program_unref(e.program);
	return info_give(ret_info,
		&(struct offhook_audio_info){
			.size = sizeof(*ret_info),
			.rate_hz = e.rate_hz,
			.slot = e.slot,
			.call = e.call,
			.written = l.written,
			.heard = l.heard,
			.cleared = l.cleared,
			.queued = l.queued,
			.captured = l.captured,
			.read = l.read,
			.dropped = l.dropped,
			.ran_dry = l.ran_dry,
			.turns = l.turns,
			.turn_last_ms = ms(l.turn_last_ns),
			.turn_mean_ms = l.turns ? ms(l.turn_sum_ns) / (double)l.turns : 0,
			.turn_max_ms = ms(l.turn_max_ns),
		},
		sizeof(*ret_info));
}
