/*
 * The WAV player. The disk thread reads, converts to the bridge's rate and fills a ring with blocks of 10 ms;
 * the media thread takes them out. A seek begins a new epoch: blocks of an older one are thrown away by the
 * media thread, which is the only one that may take from the ring.
 */
#include "audio/ports.h"

#include "audio/resample.h"
#include "audio/wav.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/ring.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#define BLOCK_MAX     480u /* 10 ms at 48 kHz */
#define BLOCKS_AHEAD  100u
#define REFILL_MS     100u
#define CONVERTED_MAX (BLOCK_MAX + WAV_CHUNK * 2)

struct block {
	uint64_t position; /* in the file, after it */
	uint32_t epoch;
	uint16_t n; /* samples; fewer than a block only at the end */
	bool last;
	int16_t pcm[BLOCK_MAX]; /* the ring's records end after the block's samples at the bridge's rate */
};

/* What the disk side has in hand. */
struct reader {
	struct wav wav;
	struct resample *resample; /* NULL: the rates agree */
	uint32_t epoch;
	uint64_t begun_at, made; /* the seek's target; samples made since, at the bridge's rate */
	enum { READING, FLUSHED, ENDED } state; /* FLUSHED: the file is read, its rest waits in converted[] */
	size_t chunk;                           /* file samples for about 10 ms, even */
	size_t n;                               /* in converted[] */
	int16_t converted[CONVERTED_MAX];
	struct block block;
};

struct player {
	struct port port;
	struct player_cfg cfg;
	size_t block_n;
	struct host_service *service;
	struct reader reader; /* disk thread; player_new before that */
	struct ring ring;

	_Atomic uint64_t target; /* of the newest seek */
	_Atomic uint32_t epoch;  /* counts seeks */

	/* Media thread. */
	struct block block;
	size_t used;          /* of block */
	uint32_t ended_epoch; /* whose end was reached; the first epoch is 1 */
	_Atomic uint64_t position;
	_Atomic uint32_t position_epoch;
};

/* ---- disk thread ---- */

static uint64_t file_position(const struct player *p)
{
	const struct reader *r = &p->reader;
	uint64_t length = (uint64_t)r->wav.info.frames;
	uint64_t at = r->begun_at + r->made * (uint64_t)r->wav.info.samplerate / p->cfg.bridge_rate_hz;

	if (!length)
		return at;
	return p->cfg.loop ? at % length : at < length ? at : length;
}

/* Reads the next chunk; in a loop the beginning follows the end without a gap. */
static size_t read_chunk(struct player *p, int16_t *pcm)
{
	struct reader *r = &p->reader;
	size_t n = wav_read_mono(&r->wav, pcm, r->chunk);

	while (p->cfg.loop && n < r->chunk) {
		size_t more;

		if (sf_seek(r->wav.file, 0, SEEK_SET) < 0)
			break;
		more = wav_read_mono(&r->wav, pcm + n, r->chunk - n);
		if (!more)
			break;
		n += more;
	}
	return n;
}

static void convert(struct reader *r, const int16_t *pcm, size_t n)
{
	size_t room = CONVERTED_MAX - r->n;

	if (r->resample) {
		r->n += resample_run(r->resample, pcm, n, r->converted + r->n, room);
	} else {
		memcpy(r->converted + r->n, pcm, n * sizeof(*pcm));
		r->n += n;
	}
}

/* Silence pushes out what the filter still holds. */
static void flush(struct reader *r)
{
	static const int16_t silence[WAV_CHUNK];
	size_t n;

	if (!r->resample)
		return;
	for (n = resample_delay(r->resample); n > r->chunk; n -= r->chunk)
		convert(r, silence, r->chunk);
	convert(r, silence, (n + 1) & ~(size_t)1);
}

static void read_more(struct player *p)
{
	struct reader *r = &p->reader;
	int16_t pcm[WAV_CHUNK + 1];
	size_t n = read_chunk(p, pcm);

	if (n < r->chunk)
		r->state = FLUSHED;
	if (r->resample && n % 2) /* a filter that halves takes pairs */
		pcm[n++] = 0;
	convert(r, pcm, n);
	if (r->state == FLUSHED)
		flush(r);
}

static void make_block(struct player *p)
{
	struct reader *r = &p->reader;
	size_t n;

	while (r->state == READING && r->n < p->block_n)
		read_more(p);
	n = r->n < p->block_n ? r->n : p->block_n;
	memcpy(r->block.pcm, r->converted, n * sizeof(*r->converted));
	r->n -= n;
	memmove(r->converted, r->converted + n, r->n * sizeof(*r->converted));
	r->made += n;
	if (r->state == FLUSHED && r->n == 0)
		r->state = ENDED;
	r->block.n = (uint16_t)n;
	r->block.epoch = r->epoch;
	r->block.last = r->state == ENDED;
	r->block.position = file_position(p);
}

static void begin_epoch(struct player *p, uint32_t epoch)
{
	struct reader *r = &p->reader;
	uint64_t target = atomic_load_explicit(&p->target, memory_order_acquire);
	uint64_t length = (uint64_t)r->wav.info.frames;

	if (length && target > length)
		target = length;
	r->epoch = epoch;
	r->begun_at = target;
	r->made = 0;
	r->n = 0;
	r->state = sf_seek(r->wav.file, (sf_count_t)target, SEEK_SET) < 0 ? FLUSHED : READING;
	if (r->resample)
		resample_reset(r->resample);
}

static void refill(void *arg)
{
	struct player *p = arg;
	struct reader *r = &p->reader;

	for (;;) {
		uint32_t epoch = atomic_load_explicit(&p->epoch, memory_order_acquire);

		if (epoch != r->epoch)
			begin_epoch(p, epoch);
		if (r->state == ENDED || ring_count(&p->ring) >= BLOCKS_AHEAD)
			return;
		make_block(p);
		(void)ring_push(&p->ring, &r->block);
	}
}

/* ---- media thread ---- */

/* The next block of this epoch is in p->block with something left in it, or there is none. */
static bool next_block(struct player *p, uint32_t epoch)
{
	while (p->block.epoch != epoch || p->used == p->block.n) {
		if (p->block.epoch == epoch && p->block.last)
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

static void report_end(struct player *p, uint32_t epoch, const struct audio_tick *t)
{
	struct media_report r = {.type = MEDIA_FILE_END, .tag = p->cfg.tag, .at_ns = t->now_ns};

	if (p->ended_epoch == epoch || p->block.epoch != epoch || !p->block.last || p->used < p->block.n)
		return;
	p->ended_epoch = epoch;
	if (p->cfg.report)
		p->cfg.report(p->cfg.report_arg, &r);
}

static bool player_pull(struct port *port, int16_t *pcm, size_t n, const struct audio_tick *t)
{
	struct player *p = (struct player *)port;
	uint32_t epoch = atomic_load_explicit(&p->epoch, memory_order_acquire);
	size_t got = 0;

	while (got < n && next_block(p, epoch)) {
		size_t take = p->block.n - p->used < n - got ? p->block.n - p->used : n - got;

		memcpy(pcm + got, p->block.pcm + p->used, take * sizeof(*pcm));
		p->used += take;
		got += take;
	}
	if (got) {
		memset(pcm + got, 0, (n - got) * sizeof(*pcm));
		atomic_store_explicit(&p->position, p->block.position, memory_order_relaxed);
		atomic_store_explicit(&p->position_epoch, epoch, memory_order_release);
	}
	report_end(p, epoch, t);
	return got > 0;
}

/* ---- life ---- */

static void player_free(struct port *port)
{
	struct player *p = (struct player *)port;

	host_service_free(p->service);
	wav_close(&p->reader.wav);
	resample_free(p->reader.resample);
	ring_free(&p->ring);
	mem_free(p);
}

static const struct port_ops player_ops = {
	.kind = "player", .prepare = player_prepare, .pull = player_pull, .free = player_free};

static int open_reader(struct player *p)
{
	struct reader *r = &p->reader;
	uint32_t rate_hz;
	int err = wav_open_read(p->cfg.path, &r->wav);

	if (err)
		return err;
	rate_hz = (uint32_t)r->wav.info.samplerate;
	r->chunk = rate_hz / 100 < WAV_CHUNK ? rate_hz / 100 & ~1u : WAV_CHUNK;
	if (rate_hz == p->cfg.bridge_rate_hz)
		return 0;
	return resample_new(rate_hz, p->cfg.bridge_rate_hz, &r->resample);
}

int player_new(const struct player_cfg *cfg, struct player **ret_player, struct port **ret_port)
{
	struct player *p = mem_zalloc(sizeof(*p));
	int err;

	if (!p)
		return OH_ENOMEM;
	p->port = (struct port){&player_ops, cfg->bridge_rate_hz};
	p->cfg = *cfg;
	p->block_n = cfg->bridge_rate_hz / 100;
	p->epoch = p->position_epoch = 1;
	err = open_reader(p);
	if (err)
		goto fail;
	err = ring_init(&p->ring, offsetof(struct block, pcm) + p->block_n * sizeof(int16_t), BLOCKS_AHEAD);
	if (err)
		goto fail;
	refill(p);
	err = host_service_new(cfg->host, REFILL_MS, refill, p, &p->service);
	if (err)
		goto fail;
	p->cfg.path = NULL; /* the caller's */
	*ret_player = p;
	*ret_port = &p->port;
	return 0;
fail:
	player_free(&p->port);
	return err;
}

int player_seek(struct player *p, uint64_t frame)
{
	atomic_store_explicit(&p->target, frame, memory_order_release);
	atomic_fetch_add_explicit(&p->epoch, 1, memory_order_release);
	host_service_kick(p->service);
	return 0;
}

uint64_t player_position(const struct player *p)
{
	uint32_t epoch = atomic_load_explicit(&p->epoch, memory_order_acquire);
	uint64_t length = player_length(p), target;

	if (atomic_load_explicit(&p->position_epoch, memory_order_acquire) == epoch)
		return atomic_load_explicit(&p->position, memory_order_relaxed);
	target = atomic_load_explicit(&p->target, memory_order_acquire);
	return length && target > length ? length : target;
}

uint64_t player_length(const struct player *p)
{
	return (uint64_t)p->reader.wav.info.frames;
}
