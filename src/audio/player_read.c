#include "audio/player_read.h"

#include "audio/resample.h"
#include "base/err.h"
#include "base/mem.h"

#include <string.h>

/* What lies between the files and the reader's owner: less than one reading, what a chunk of a file becomes, and a filter's
 * rest (32 samples of 1 kHz at most). */
#define CONVERTED_MAX (2 * READER_MAX + 4096)
/* Files that may begin in there and are still told apart; of shorter ones some pass unnoticed. */
#define BORDERS_MAX 16u

/* Where the samples of a file begin among those that come out. */
struct border {
	uint64_t out;
	size_t file;
	uint64_t begun_at; /* in the file */
};

struct reader {
	struct reader_cfg cfg; /* without paths */
	struct reader_file *files;
	size_t n_files;

	struct soundfile file;
	size_t at;  /* which file is open */
	bool fresh; /* and nothing was read from it: a pipe cannot even be set to its beginning */
	uint32_t rounds;
	bool barren; /* this round has given nothing so far */

	struct resample *resample; /* NULL: the rates agree */
	uint32_t resample_hz;      /* the rate that it takes; 0: none was needed */
	uint64_t base, fed;        /* samples that came out before it began; that went in since */
	size_t skip;               /* samples of its beginning that are still to be dropped */

	size_t chunk; /* file samples for about 10 ms, even */
	int16_t in[SOUND_CHUNK];
	size_t n_in; /* 1: an odd sample waits for its pair */

	enum { READING, FLUSHED } state; /* FLUSHED: all is read, the rest waits in converted[] */
	int err;
	uint64_t made, given; /* samples since the seek */
	int16_t converted[CONVERTED_MAX];
	size_t n; /* in converted[] */

	struct border here, borders[BORDERS_MAX]; /* of what was given; those that come */
	size_t n_borders;
};

/* ---- the filter ---- */

static void convert(struct reader *r, const int16_t *pcm, size_t n)
{
	size_t room = CONVERTED_MAX - r->n, drop;
	int16_t *to = r->converted + r->n;

	r->fed += n;
	if (r->resample) {
		n = resample_run(r->resample, pcm, n, to, room);
		drop = n < r->skip ? n : r->skip;
		r->skip -= drop;
		n -= drop;
		memmove(to, to + drop, n * sizeof(*to));
	} else {
		memcpy(to, pcm, n * sizeof(*to));
	}
	r->n += n;
	r->made += n;
}

/* How many samples will have come out when all is through that has been read. */
static uint64_t expected(const struct reader *r)
{
	uint64_t in = r->fed + r->n_in;

	return r->resample ? r->base + in * r->cfg.rate_hz / r->resample_hz : r->base + in;
}

/* Silence pushes out what the filter still holds, and not one sample more. */
static void flush(struct reader *r)
{
	static const int16_t silence[SOUND_CHUNK];
	uint64_t all = expected(r);
	size_t n;

	if (!r->resample)
		return;
	if (r->n_in) {
		r->in[1] = 0;
		convert(r, r->in, 2);
		r->n_in = 0;
	}
	for (n = resample_delay(r->resample); n > r->chunk; n -= r->chunk)
		convert(r, silence, r->chunk);
	convert(r, silence, (n + 1) & ~(size_t)1);
	if (r->made > all) {
		r->n -= (size_t)(r->made - all);
		r->made = all;
	}
}

/* For the file that is open now. OH_ENOMEM. */
static int begin_filter(struct reader *r)
{
	uint32_t rate_hz = (uint32_t)r->file.info.samplerate;
	int err = 0;

	if (rate_hz != r->resample_hz) {
		r->resample = resample_free(r->resample);
		r->resample_hz = rate_hz;
		if (rate_hz != r->cfg.rate_hz)
			err = resample_new(rate_hz, r->cfg.rate_hz, &r->resample);
		if (err)
			r->resample_hz = 0;
	} else if (r->resample) {
		resample_reset(r->resample);
	}
	r->chunk = rate_hz / 100 < SOUND_CHUNK ? rate_hz / 100 & ~1u : SOUND_CHUNK;
	r->skip = r->resample ? resample_lead(r->resample) : 0;
	r->base = r->made;
	r->fed = r->n_in = 0;
	return err;
}

/* ---- files ---- */

static int set_to(struct reader *r, uint64_t frame)
{
	if (frame == 0 && r->fresh)
		return 0;
	r->fresh = false;
	return soundfile_seek(&r->file, frame) ? 0 : OH_EFORMAT;
}

/* Opens a file, or goes to the beginning of the one that is open. */
static int open_at(struct reader *r, size_t at)
{
	struct soundfile_read_cfg how = r->cfg.how;
	struct soundfile next;
	int err;

	if (at == r->at && r->file.file)
		return set_to(r, 0);
	how.path = r->files[at].path;
	err = soundfile_open_read(&how, &next);
	if (err)
		return err;
	soundfile_close(&r->file);
	r->file = next;
	r->at = at;
	r->fresh = true;
	return 0;
}

static void finish(struct reader *r, int err)
{
	flush(r);
	r->err = err;
	r->state = FLUSHED;
}

static void add_border(struct reader *r, uint64_t out)
{
	if (r->n_borders == BORDERS_MAX)
		memmove(r->borders, r->borders + 1, --r->n_borders * sizeof(*r->borders));
	r->borders[r->n_borders++] = (struct border){out, r->at, 0};
}

static void next_file(struct reader *r)
{
	size_t next = r->at + 1;
	int err = soundfile_read_err(&r->file);

	if (!err && next == r->n_files) {
		next = 0;
		r->rounds++;
		/* Files without a sample would be read for ever. */
		if (r->rounds == r->cfg.loops || r->barren) {
			finish(r, 0);
			return;
		}
		r->barren = true;
	}
	if (!err)
		err = open_at(r, next);
	if (err) {
		finish(r, err);
		return;
	}
	if ((uint32_t)r->file.info.samplerate != r->resample_hz) {
		flush(r);
		err = begin_filter(r);
	}
	add_border(r, expected(r));
	if (err)
		finish(r, err);
}

static void read_more(struct reader *r)
{
	size_t wanted = r->chunk - r->n_in;
	size_t got = soundfile_read_mono(&r->file, r->in + r->n_in, wanted);
	size_t n = r->n_in + got;
	size_t whole = r->resample ? n & ~(size_t)1 : n; /* a filter that halves takes pairs */

	r->fresh = false;
	r->n_in = 0;
	convert(r, r->in, whole);
	r->n_in = n - whole;
	if (r->n_in)
		r->in[0] = r->in[whole];
	r->barren = r->barren && got == 0;
	if (got < wanted)
		next_file(r);
}

/* ---- reading ---- */

void reader_seek(struct reader *r, size_t file, uint64_t frame)
{
	int err = open_at(r, file);
	uint64_t length = err ? 0 : soundfile_length(&r->file);

	if (length && frame > length)
		frame = length;
	r->made = r->given = 0;
	r->n = r->n_borders = 0;
	r->here = (struct border){0, file, frame};
	r->rounds = 0;
	r->barren = file == 0 && frame == 0;
	if (!err)
		err = begin_filter(r);
	if (!err)
		err = set_to(r, frame);
	r->err = err;
	r->state = err ? FLUSHED : READING;
}

static uint64_t position(const struct reader *r)
{
	const struct reader_file *f = &r->files[r->here.file];
	uint64_t at = r->here.begun_at + (r->given - r->here.out) * f->rate_hz / r->cfg.rate_hz;

	return f->length && at > f->length ? f->length : at;
}

size_t reader_read(struct reader *r, int16_t *pcm, size_t n, struct reader_place *ret_place)
{
	while (r->state == READING && r->n < n)
		read_more(r);
	if (n > r->n)
		n = r->n;
	memcpy(pcm, r->converted, n * sizeof(*pcm));
	r->n -= n;
	memmove(r->converted, r->converted + n, r->n * sizeof(*r->converted));
	r->given += n;
	while (r->n_borders && r->borders[0].out < r->given) {
		r->here = r->borders[0];
		memmove(r->borders, r->borders + 1, --r->n_borders * sizeof(*r->borders));
	}
	*ret_place = (struct reader_place){
		.file = r->here.file, .position = position(r), .ended = r->state == FLUSHED && r->n == 0};
	if (ret_place->ended)
		ret_place->err = r->err;
	return n;
}

/* ---- life ---- */

static int look_at(struct reader *r, size_t at, const char *path)
{
	struct reader_file *f = &r->files[at];
	int err;

	f->path = mem_strdup(path);
	if (!f->path)
		return OH_ENOMEM;
	err = open_at(r, at);
	if (err)
		return err;
	f->length = soundfile_length(&r->file);
	f->rate_hz = (uint32_t)r->file.info.samplerate;
	f->channels = (unsigned)r->file.info.channels;
	f->format = r->file.format;
	return 0;
}

int reader_new(const struct reader_cfg *cfg, struct reader **ret_reader)
{
	struct reader *r;
	int err = 0;

	if (cfg->n_paths == 0 || cfg->n_paths > READER_FILES_MAX)
		return err_detail(
			OH_EINVAL, "%zu files to be played; 1 to %u can be", cfg->n_paths, READER_FILES_MAX);
	r = mem_zalloc(sizeof(*r));
	if (!r)
		return OH_ENOMEM;
	r->cfg = *cfg;
	r->cfg.paths = NULL;
	r->files = mem_zalloc(cfg->n_paths * sizeof(*r->files));
	if (!r->files)
		err = OH_ENOMEM;
	for (size_t i = 0; !err && i < cfg->n_paths; i++) {
		r->n_files++;
		err = look_at(r, i, cfg->paths[i]);
	}
	if (!err) {
		reader_seek(r, 0, 0);
		err = r->err;
	}
	if (err) {
		reader_free(r);
		return err;
	}
	*ret_reader = r;
	return 0;
}

struct reader *reader_free(struct reader *r)
{
	if (!r)
		return NULL;
	soundfile_close(&r->file);
	resample_free(r->resample);
	for (size_t i = 0; i < r->n_files; i++)
		mem_free(r->files[i].path);
	mem_free(r->files);
	mem_free(r);
	return NULL;
}

size_t reader_n_files(const struct reader *r)
{
	return r->n_files;
}

const struct reader_file *reader_file(const struct reader *r, size_t file)
{
	return &r->files[file];
}
