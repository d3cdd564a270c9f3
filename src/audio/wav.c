#include "audio/wav.h"

#include "base/err.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdbool.h>
#include <unistd.h>

/* The descriptor is ours, because libsndfile does not tell why an open failed. */
static int wav_open(const char *path, int flags, int mode, SF_INFO info, struct wav *ret_wav)
{
	struct wav w = {.info = info, .fd = open(path, flags | O_CLOEXEC, 0666)};

	if (w.fd < 0)
		return err_detail(err_from_errno(errno), "'%s' cannot be opened", path);
	w.file = sf_open_fd(w.fd, mode, &w.info, SF_FALSE);
	if (!w.file) {
		close(w.fd);
		return err_detail(OH_EFORMAT, "'%s': %s", path, sf_strerror(NULL));
	}
	*ret_wav = w;
	return 0;
}

static int check_format(const char *path, const SF_INFO *info)
{
	int container = info->format & SF_FORMAT_TYPEMASK;

	if (container != SF_FORMAT_WAV && container != SF_FORMAT_WAVEX && container != SF_FORMAT_RF64)
		return err_detail(OH_EFORMAT, "'%s' is not a WAV file", path);
	if (info->samplerate < 1000 || info->samplerate > 384000)
		return err_detail(OH_EFORMAT, "'%s' has %d samples a second; 1000 to 384000 can be played",
			path, info->samplerate);
	if (info->channels < 1 || info->channels > WAV_CHANNELS_MAX)
		return err_detail(OH_EFORMAT, "'%s' has %d channels; 1 to %d can be played", path,
			info->channels, WAV_CHANNELS_MAX);
	return 0;
}

static bool is_float(const SF_INFO *info)
{
	int samples = info->format & SF_FORMAT_SUBMASK;

	return samples == SF_FORMAT_FLOAT || samples == SF_FORMAT_DOUBLE;
}

int wav_open_read(const char *path, struct wav *ret_wav)
{
	struct wav w;
	int err = wav_open(path, O_RDONLY, SFM_READ, (SF_INFO){0}, &w);

	if (err_to_errno(err) == ENOENT || err_to_errno(err) == ENOTDIR)
		return err_detail(OH_ENOFILE, "there is no file '%s'", path);
	if (err)
		return err;
	err = check_format(path, &w.info);
	if (!err) {
		w.is_float = is_float(&w.info);
		w.frames = mem_alloc(WAV_CHUNK * (size_t)w.info.channels * sizeof(*w.frames));
		err = w.frames ? 0 : OH_ENOMEM;
	}
	if (err) {
		wav_close(&w);
		return err;
	}
	*ret_wav = w;
	return 0;
}

int wav_open_write(const char *path, uint32_t rate_hz, struct wav *ret_wav)
{
	SF_INFO info = {
		.samplerate = (int)rate_hz, .channels = 1, .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16};
	int err = wav_open(path, O_RDWR | O_CREAT | O_TRUNC, SFM_WRITE, info, ret_wav);

	if (err)
		return err;
	/* Whatever happens to the process, the file can be played as far as it goes. */
	sf_command(ret_wav->file, SFC_SET_UPDATE_HEADER_AUTO, NULL, SF_TRUE);
	sf_command(ret_wav->file, SFC_UPDATE_HEADER_NOW, NULL, 0);
	return 0;
}

int wav_close(struct wav *w)
{
	int err = 0;

	if (w->file) {
		errno = 0;
		if (sf_close(w->file))
			err = err_from_errno(errno ? errno : EIO);
		if (close(w->fd) && !err)
			err = err_from_errno(errno);
	}
	mem_free(w->frames);
	*w = (struct wav){.fd = -1};
	return err;
}

static int16_t mean(const short *frame, int channels)
{
	int sum = 0;

	for (int i = 0; i < channels; i++)
		sum += frame[i];
	return (int16_t)(sum / channels);
}

/* Full scale is 1; libsndfile's own conversion to integers would scale by the file's peak. */
static int16_t mean_float(const float *frame, int channels)
{
	float sum = 0;

	for (int i = 0; i < channels; i++)
		sum += frame[i];
	sum *= 32768.0f / (float)channels;
	if (!(sum > -32768.0f)) /* a NaN as well */
		return INT16_MIN;
	return sum < 32767.0f ? (int16_t)lrintf(sum) : INT16_MAX;
}

size_t wav_read_mono(struct wav *w, int16_t *pcm, size_t n)
{
	const short *shorts = (const short *)(const void *)w->frames;
	int channels = w->info.channels;
	sf_count_t got;

	if (w->is_float)
		got = sf_readf_float(w->file, w->frames, (sf_count_t)n);
	else
		got = sf_readf_short(w->file, (short *)(void *)w->frames, (sf_count_t)n);
	for (sf_count_t i = 0; i < got; i++)
		pcm[i] = w->is_float ? mean_float(w->frames + i * channels, channels)
				     : mean(shorts + i * channels, channels);
	return got > 0 ? (size_t)got : 0;
}

int wav_write(struct wav *w, const int16_t *pcm, size_t n)
{
	errno = 0;
	if (sf_writef_short(w->file, pcm, (sf_count_t)n) == (sf_count_t)n)
		return 0;
	return err_from_errno(errno ? errno : EIO);
}
