/*
 * The player. The disk thread reads, converts to the bridge's rate and fills a ring with blocks of 10 ms;
 * the media thread takes them out. A seek begins a new epoch: blocks of an older one are thrown away by the
 * media thread, which is the only one that may take from the ring.
 */
#include "audio/ports.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/ring.h"

#include <math.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#define BLOCKS_AHEAD 100u
#define REFILL_MS    100u

/* A file and a position in it as one number, so that both change at once. */
#define FILE_SHIFT 48
#define FRAME_MAX  (((uint64_t)1 << FILE_SHIFT) - 1)

struct block {
	struct reader_place place;
	uint32_t epoch;
	uint16_t n;              /* samples; fewer than a block only at the end */
	int16_t pcm[READER_MAX]; /* the ring's records end after the block's samples at the bridge's rate */
};

struct player {
	struct port port;
	struct player_cfg cfg;
	size_t block_n;
	struct host_service *service;
	struct ring ring;

	/* Disk thread; player_new before that. */
	struct reader *reader;
	uint32_t read_epoch;
	bool read_ended;
	struct block read_block;

	_Atomic uint64_t target; /* of the newest seek */
	_Atomic uint32_t epoch;  /* counts seeks */
	_Atomic bool paused;
	_Atomic float level;

	/* Media thread. */
	struct block block;
	size_t used;          /* of block */
	uint32_t ended_epoch; /* whose end was reached; the first epoch is 1 */
	size_t told_file;
	float level_now;
	_Atomic uint64_t at;
	_Atomic uint32_t at_epoch;
};

static uint64_t pack(size_t file, uint64_t frame)
{
	return (uint64_t)file << FILE_SHIFT | (frame < FRAME_MAX ? frame : FRAME_MAX);
}

/* ---- disk thread ---- */

static void make_block(struct player *p)
{
	struct block *b = &p->read_block;

	b->n = (uint16_t)reader_read(p->reader, b->pcm, p->block_n, &b->place);
	b->epoch = p->read_epoch;
	p->read_ended = b->place.ended;
}

static void begin_epoch(struct player *p, uint32_t epoch)
{
	uint64_t target = atomic_load_explicit(&p->target, memory_order_acquire);

	p->read_epoch = epoch;
	p->read_ended = false;
	reader_seek(p->reader, (size_t)(target >> FILE_SHIFT), target & FRAME_MAX);
}

static void refill(void *arg)
{
	struct player *p = arg;

	for (;;) {
		uint32_t epoch = atomic_load_explicit(&p->epoch, memory_order_acquire);

		if (epoch != p->read_epoch)
			begin_epoch(p, epoch);
		if (p->read_ended || ring_count(&p->ring) >= BLOCKS_AHEAD)
			return;
		make_block(p);
		(void)ring_push(&p->ring, &p->read_block);
	}
}

/* ---- media thread ---- */

/* The next block of this epoch is in p->block with something left in it, or there is none. */
static bool next_block(struct player *p, uint32_t epoch)
{
	while (p->block.epoch != epoch || p->used == p->block.n) {
		if (p->block.epoch == epoch && p->block.place.ended)
			return false;
		if (!ring_pop(&p->ring, &p->block))
			return false;
		p->used = 0;
	}
	return true;
}

/* Drops what a seek made stale even while nobody listens, so that the disk side has room again. */
static void player_prepare(struct port *port, const struct audio_tick *t)
{
	struct player *p = (struct player *)port;
	uint32_t epoch = atomic_load_explicit(&p->epoch, memory_order_acquire);

	(void)t;
	if (p->block.epoch != epoch)
		(void)next_block(p, epoch);
}

static void report(const struct player *p, enum media_report_type type, uint32_t value, uint64_t now_ns)
{
	struct media_report r = {.type = type, .tag = p->cfg.tag, .value = value, .at_ns = now_ns};

	if (p->cfg.report)
		p->cfg.report(p->cfg.report_arg, &r);
}

static void report_end(struct player *p, uint32_t epoch, const struct audio_tick *t)
{
	if (p->ended_epoch == epoch || p->block.epoch != epoch || !p->block.place.ended ||
		p->used < p->block.n)
		return;
	p->ended_epoch = epoch;
	report(p, MEDIA_FILE_END, (uint32_t)-p->block.place.err, t->now_ns);
}

/* A new level is reached in the course of one frame. */
static void apply_level(struct player *p, int16_t *pcm, size_t n)
{
	float to = atomic_load_explicit(&p->level, memory_order_relaxed);
	float from = p->level_now, step = (to - from) / (float)n;

	if (from == 1 && to == 1)
		return;
	for (size_t i = 0; i < n; i++) {
		float x = (float)pcm[i] * (from + step * (float)(i + 1));

		pcm[i] = (int16_t)lrintf(x < -32768.0f ? -32768.0f : x > 32767.0f ? 32767.0f : x);
	}
	p->level_now = to;
}

static bool player_pull(struct port *port, int16_t *pcm, size_t n, const struct audio_tick *t)
{
	struct player *p = (struct player *)port;
	uint32_t epoch = atomic_load_explicit(&p->epoch, memory_order_acquire);
	size_t got = 0;

	if (atomic_load_explicit(&p->paused, memory_order_relaxed))
		return false;
	while (got < n && next_block(p, epoch)) {
		size_t take = p->block.n - p->used < n - got ? p->block.n - p->used : n - got;

		memcpy(pcm + got, p->block.pcm + p->used, take * sizeof(*pcm));
		p->used += take;
		got += take;
	}
	if (got) {
		memset(pcm + got, 0, (n - got) * sizeof(*pcm));
		apply_level(p, pcm, n);
		atomic_store_explicit(
			&p->at, pack(p->block.place.file, p->block.place.position), memory_order_relaxed);
		atomic_store_explicit(&p->at_epoch, epoch, memory_order_release);
		if (p->told_file != p->block.place.file)
			report(p, MEDIA_FILE_NEXT, (uint32_t)p->block.place.file, t->now_ns);
		p->told_file = p->block.place.file;
	}
	report_end(p, epoch, t);
	return got > 0;
}

/* ---- life ---- */

static void dispose(void *arg)
{
	struct player *p = arg;

	reader_free(p->reader);
	ring_free(&p->ring);
	mem_free(p);
}

static void player_free(struct port *port)
{
	struct player *p = (struct player *)port;

	host_service_end(p->service, dispose);
}

static const struct port_ops player_ops = {
	.kind = "player", .prepare = player_prepare, .pull = player_pull, .free = player_free};

int player_new(const struct player_cfg *cfg, struct player **ret_player, struct port **ret_port)
{
	struct player *p = mem_zalloc(sizeof(*p));
	int err;

	if (!p)
		return OH_ENOMEM;
	p->port = (struct port){&player_ops, cfg->read.rate_hz};
	p->cfg = *cfg;
	p->cfg.read.paths = NULL; /* the caller's */
	p->block_n = cfg->read.rate_hz / 100;
	p->epoch = p->at_epoch = p->read_epoch = 1;
	p->paused = cfg->paused;
	p->level = p->level_now = cfg->level;
	err = reader_new(&cfg->read, &p->reader);
	if (err)
		goto fail;
	err = ring_init(&p->ring, offsetof(struct block, pcm) + p->block_n * sizeof(int16_t), BLOCKS_AHEAD);
	if (err)
		goto fail;
	refill(p);
	err = host_service_new(cfg->host, REFILL_MS, refill, p, &p->service);
	if (err)
		goto fail;
	*ret_player = p;
	*ret_port = &p->port;
	return 0;
fail:
	dispose(p);
	return err;
}

/* ---- any thread ---- */

void player_seek(struct player *p, size_t file, uint64_t frame)
{
	atomic_store_explicit(&p->target, pack(file, frame), memory_order_release);
	atomic_fetch_add_explicit(&p->epoch, 1, memory_order_release);
	host_service_kick(p->service);
}

void player_pause(struct player *p, bool paused)
{
	atomic_store_explicit(&p->paused, paused, memory_order_relaxed);
}

void player_set_level(struct player *p, float level)
{
	atomic_store_explicit(&p->level, level, memory_order_relaxed);
}

void player_place(const struct player *p, struct player_place *ret_place)
{
	uint32_t epoch = atomic_load_explicit(&p->epoch, memory_order_acquire);
	uint64_t length, at;

	if (atomic_load_explicit(&p->at_epoch, memory_order_acquire) == epoch)
		at = atomic_load_explicit(&p->at, memory_order_relaxed);
	else
		at = atomic_load_explicit(&p->target, memory_order_acquire);
	*ret_place = (struct player_place){
		.file = (size_t)(at >> FILE_SHIFT),
		.position = at & FRAME_MAX,
		.paused = atomic_load_explicit(&p->paused, memory_order_relaxed),
		.level = atomic_load_explicit(&p->level, memory_order_relaxed),
	};
	length = player_file(p, ret_place->file)->length;
	if (length && ret_place->position > length)
		ret_place->position = length;
}

size_t player_n_files(const struct player *p)
{
	return reader_n_files(p->reader);
}

const struct reader_file *player_file(const struct player *p, size_t file)
{
	return reader_file(p->reader, file);
}
