#include "audio/soundfile.h"

#include "audio/vorbis_out.h"
#include "base/err.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define PLAYABLE "WAV, FLAC, Ogg (Vorbis, Opus) and raw PCM (.raw, .pcm, .sln, .ul, .al) can be played"

/* What the end of a name says. */
static const struct ending {
	const char *text;
	int written; /* format of a file to be written, 0: not */
	int raw;     /* encoding of a raw file, 0: its bytes say what it is */
} endings[] = {
	{".wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 0},
	{".flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 0},
	{".ogg", SF_FORMAT_OGG | SF_FORMAT_VORBIS, 0},
	{".opus", SF_FORMAT_OGG | SF_FORMAT_OPUS, 0},
	{".raw", 0, SF_FORMAT_PCM_16 | SF_ENDIAN_LITTLE},
	{".pcm", 0, SF_FORMAT_PCM_16 | SF_ENDIAN_LITTLE},
	{".sln", 0, SF_FORMAT_PCM_16 | SF_ENDIAN_LITTLE},
	{".ul", 0, SF_FORMAT_ULAW},
	{".al", 0, SF_FORMAT_ALAW},
};

static const struct ending *ending_of(const char *path)
{
	size_t n = strlen(path);

	for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
		size_t end = strlen(endings[i].text);

		if (n > end && strcasecmp(path + n - end, endings[i].text) == 0)
			return &endings[i];
	}
	return NULL;
}

/* The descriptor is ours, because libsndfile does not tell why an open failed. */
static int open_fd(const char *path, int flags, int *ret_fd)
{
	int fd = open(path, flags | O_CLOEXEC, 0666);
	struct stat st;

	if (fd < 0)
		return err_detail(err_from_errno(errno), "'%s' cannot be opened", path);
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		close(fd);
		return err_detail(OH_EFORMAT, "'%s' is a directory", path);
	}
	*ret_fd = fd;
	return 0;
}

static int open_file(const char *path, int flags, int mode, SF_INFO info, struct soundfile *ret_file)
{
	struct soundfile f = {.info = info};
	int err = open_fd(path, flags, &f.fd);

	if (err)
		return err;
	errno = 0;
	f.file = sf_open_fd(f.fd, mode, &f.info, SF_FALSE);
	if (!f.file) {
		err = mode == SFM_WRITE && errno ? err_from_errno(errno) : OH_EFORMAT;
		close(f.fd);
		return err_detail(
			err, "'%s': %s%s", path, sf_strerror(NULL), mode == SFM_READ ? " " PLAYABLE : "");
	}
	*ret_file = f;
	return 0;
}

/* ---- reading ---- */

/* 0: none that we take. */
static enum sound_format format_of(const SF_INFO *info)
{
	switch (info->format & SF_FORMAT_TYPEMASK) {
	case SF_FORMAT_WAV:
	case SF_FORMAT_WAVEX:
	case SF_FORMAT_RF64:
		return SOUND_WAV;
	case SF_FORMAT_FLAC:
		return SOUND_FLAC;
	case SF_FORMAT_OGG:
		return SOUND_OGG;
	case SF_FORMAT_RAW:
		return SOUND_RAW;
	default:
		return 0;
	}
}

static const char *name_of(const SF_INFO *info)
{
	SF_FORMAT_INFO known = {.format = info->format & SF_FORMAT_TYPEMASK};

	return sf_command(NULL, SFC_GET_FORMAT_INFO, &known, sizeof(known)) == 0 ? known.name : "unknown";
}

static int check_format(const struct soundfile_read_cfg *cfg, const struct soundfile *f)
{
	const SF_INFO *info = &f->info;

	if (!f->format)
		return err_detail(OH_EFORMAT, "'%s' is a file of %s; " PLAYABLE, cfg->path, name_of(info));
	if (cfg->formats && !(cfg->formats & f->format))
		return err_detail(OH_EFORMAT, "'%s' is a file of %s, which was not asked for%s", cfg->path,
			name_of(info), cfg->formats == SOUND_WAV ? ": it is to be WAV" : "");
	if (info->samplerate < 1000 || info->samplerate > 384000)
		return err_detail(OH_EFORMAT, "'%s' has %d samples a second; 1000 to 384000 can be played",
			cfg->path, info->samplerate);
	if (info->channels < 1 || info->channels > SOUND_CHANNELS_MAX)
		return err_detail(OH_EFORMAT, "'%s' has %d channels; 1 to %d can be played", cfg->path,
			info->channels, SOUND_CHANNELS_MAX);
	return 0;
}

static bool is_float(const SF_INFO *info)
{
	int samples = info->format & SF_FORMAT_SUBMASK;

	return samples == SF_FORMAT_FLOAT || samples == SF_FORMAT_DOUBLE || samples == SF_FORMAT_VORBIS ||
	       samples == SF_FORMAT_OPUS;
}

int soundfile_open_read(const struct soundfile_read_cfg *cfg, struct soundfile *ret_file)
{
	const struct ending *ending = ending_of(cfg->path);
	SF_INFO info = {0};
	struct soundfile f;
	int err;

	if (ending && ending->raw) {
		info.format = SF_FORMAT_RAW | ending->raw;
		info.samplerate = cfg->raw_rate_hz ? (int)cfg->raw_rate_hz : 8000;
		info.channels = cfg->raw_channels ? (int)cfg->raw_channels : 1;
	}
	err = open_file(cfg->path, O_RDONLY, SFM_READ, info, &f);
	if (err_to_errno(err) == ENOENT || err_to_errno(err) == ENOTDIR)
		return err_detail(OH_ENOFILE, "there is no file '%s'", cfg->path);
	if (err)
		return err;
	f.format = format_of(&f.info);
	err = check_format(cfg, &f);
	if (!err) {
		f.is_float = is_float(&f.info);
		f.frames = mem_alloc(SOUND_CHUNK * (size_t)f.info.channels * sizeof(*f.frames));
		err = f.frames ? 0 : OH_ENOMEM;
	}
	if (err) {
		soundfile_close(&f);
		return err;
	}
	*ret_file = f;
	return 0;
}

uint64_t soundfile_length(const struct soundfile *f)
{
	bool known = f->info.seekable && f->info.frames > 0 && f->info.frames < SF_COUNT_MAX;

	return known ? (uint64_t)f->info.frames : 0;
}

static int16_t mean(const short *frame, int channels)
{
	int sum = 0;

	for (int i = 0; i < channels; i++)
		sum += frame[i];
	return (int16_t)(sum / channels);
}

/* Full scale is 1; libsndfile's own conversion to integers would scale by the file's peak. What is no number does not count;
 * where no channel has one, what was last heard goes on: nothing else would not click. */
static int16_t mean_float(const float *frame, int channels, int16_t before)
{
	float sum = 0;
	int n = 0;

	for (int i = 0; i < channels; i++) {
		if (isfinite(frame[i])) {
			sum += frame[i];
			n++;
		}
	}
	if (!n)
		return before;
	sum *= 32768.0f / (float)n;
	if (sum <= -32768.0f)
		return INT16_MIN;
	return sum < 32767.0f ? (int16_t)lrintf(sum) : INT16_MAX;
}

size_t soundfile_read_mono(struct soundfile *f, int16_t *pcm, size_t n)
{
	const short *shorts = (const short *)(const void *)f->frames;
	int channels = f->info.channels;
	sf_count_t got;

	errno = 0;
	if (f->is_float)
		got = sf_readf_float(f->file, f->frames, (sf_count_t)n);
	else
		got = sf_readf_short(f->file, (short *)(void *)f->frames, (sf_count_t)n);
	for (sf_count_t i = 0; i < got; i++)
		pcm[i] = f->last = f->is_float ? mean_float(f->frames + i * channels, channels, f->last)
					       : mean(shorts + i * channels, channels);
	return got > 0 ? (size_t)got : 0;
}

int soundfile_read_err(const struct soundfile *f)
{
	switch (sf_error(f->file)) {
	case SF_ERR_NO_ERROR:
		return 0;
	case SF_ERR_SYSTEM:
		return err_from_errno(errno ? errno : EIO);
	default:
		return OH_EFORMAT;
	}
}

bool soundfile_seek(struct soundfile *f, uint64_t frame)
{
	return sf_seek(f->file, (sf_count_t)frame, SEEK_SET) >= 0;
}

/* ---- writing ---- */

#define WRITE_FLAGS (O_RDWR | O_CREAT | O_TRUNC)

static int open_vorbis(const char *path, SF_INFO info, struct soundfile *ret_file)
{
	struct soundfile f = {.info = info};
	int err = open_fd(path, WRITE_FLAGS, &f.fd);

	if (err)
		return err;
	err = vorbis_out_new(f.fd, (uint32_t)info.samplerate, (unsigned)info.channels, &f.vorbis);
	if (err) {
		close(f.fd);
		return err_detail(err, "'%s' cannot be begun as Ogg with Vorbis", path);
	}
	*ret_file = f;
	return 0;
}

/* Whatever happens to the process, the file can be played. */
static void keep_playable(const struct soundfile *f)
{
	double page_ms = 500;

	switch (f->info.format & SF_FORMAT_TYPEMASK) {
	case SF_FORMAT_WAV:
		sf_command(f->file, SFC_SET_UPDATE_HEADER_AUTO, NULL, SF_TRUE);
		sf_command(f->file, SFC_UPDATE_HEADER_NOW, NULL, 0);
		break;
	case SF_FORMAT_OGG:
		sf_command(f->file, SFC_SET_OGG_PAGE_LATENCY_MS, &page_ms, sizeof(page_ms));
		break;
	default: /* FLAC needs no length at its beginning, and each frame is written when it is whole */
		break;
	}
}

int soundfile_open_write(const char *path, uint32_t rate_hz, unsigned channels, struct soundfile *ret_file)
{
	const struct ending *ending = ending_of(path);
	SF_INFO info = {.samplerate = (int)rate_hz, .channels = (int)channels};
	int err;

	if (!ending || !ending->written)
		return err_detail(OH_ENOTSUP,
			"'%s' does not end in .wav, .flac, .ogg or .opus, the formats that can be recorded",
			path);
	info.format = ending->written;
	/* Opus knows its own rates only (RFC 7845 4 is at 48 kHz; libsndfile converts those of RFC 6716 2). */
	if (!sf_format_check(&info) || (info.format == (SF_FORMAT_OGG | SF_FORMAT_OPUS) && rate_hz == 32000))
		return err_detail(OH_ENOTSUP, "'%s': %s files of %u samples a second cannot be recorded",
			path, ending->text, rate_hz);
	if (info.format == (SF_FORMAT_OGG | SF_FORMAT_VORBIS))
		return open_vorbis(path, info, ret_file);
	err = open_file(path, WRITE_FLAGS, SFM_WRITE, info, ret_file);
	if (!err)
		keep_playable(ret_file);
	return err;
}

bool soundfile_is_open(const struct soundfile *f)
{
	return f->file || f->vorbis;
}

uint64_t soundfile_room(const struct soundfile *f)
{
	const uint64_t header = 4096;

	if ((f->info.format & SF_FORMAT_TYPEMASK) != SF_FORMAT_WAV)
		return 0;
	return (UINT32_MAX - header) / (sizeof(int16_t) * (unsigned)f->info.channels);
}

int soundfile_write(struct soundfile *f, const int16_t *pcm, size_t n)
{
	if (f->vorbis)
		return vorbis_out_write(f->vorbis, pcm, n);
	errno = 0;
	if (sf_writef_short(f->file, pcm, (sf_count_t)n) == (sf_count_t)n)
		return 0;
	return err_from_errno(errno ? errno : EIO);
}

int soundfile_close(struct soundfile *f)
{
	bool open = soundfile_is_open(f);
	int err = vorbis_out_close(f->vorbis);

	errno = 0;
	if (f->file && sf_close(f->file))
		err = err_from_errno(errno ? errno : EIO);
	if (open && close(f->fd) && !err)
		err = err_from_errno(errno);
	mem_free(f->frames);
	*f = (struct soundfile){.fd = -1};
	return err;
}
