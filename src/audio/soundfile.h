/*
 * Sound files on the disk side: WAV, FLAC, Ogg (Vorbis, Opus) and raw PCM. Opening says what is wrong and what would be
 * right; reading gives the mean of the channels. Which format a file has is what its bytes say; only raw ones, which say
 * nothing, go by the end of their names, as do all that are written.
 */
#ifndef OH_AUDIO_SOUNDFILE_H
#define OH_AUDIO_SOUNDFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sndfile.h>

/* Bits, so that a player can be told which it may take. The numbers are those of enum offhook_format. */
enum sound_format { SOUND_WAV = 1, SOUND_FLAC = 2, SOUND_OGG = 4, SOUND_RAW = 8 };

struct vorbis_out;

struct soundfile {
	SNDFILE *file;             /* NULL while `vorbis` is written */
	struct vorbis_out *vorbis; /* else NULL */
	SF_INFO info;
	int fd;
	enum sound_format format;
	float *frames; /* of all channels, room for SOUND_CHUNK; shorts lie there where the file is not in float */
	bool is_float;
	int16_t last; /* that was read */
};

#define SOUND_CHUNK        960u
#define SOUND_CHANNELS_MAX 32

struct soundfile_read_cfg {
	const char *path;
	unsigned formats;      /* of enum sound_format, 0: all */
	uint32_t raw_rate_hz;  /* of files whose names end in .raw, .pcm, .sln (16 bits, little-endian), */
	unsigned raw_channels; /* .ul or .al (G.711); 0: 8000 Hz, one channel */
};

/* Any rate of 1,000 to 384,000 Hz and any sample format that libsndfile decodes. OH_ENOFILE, OH_EFORMAT, wrapped errno,
 * OH_ENOMEM. */
int soundfile_open_read(const struct soundfile_read_cfg *cfg, struct soundfile *ret_file);
/* 16 bits, or what the format makes of them: .wav, .flac, .ogg (Vorbis), .opus; an existing file is overwritten. Whatever
 * happens to the process, a WAV file can be played as far as soundfile_write() has come; the others lack what SOUND_LAG_MS
 * says. OH_ENOTSUP (the name, or a rate that the format does not know), wrapped errno, OH_EFORMAT. */
int soundfile_open_write(const char *path, uint32_t rate_hz, unsigned channels, struct soundfile *ret_file);
/* A FLAC frame is 4,096 samples, at 8 kHz 512 ms, and goes out with the first sample of the next one; pages of Ogg are
 * ended after 500 ms, and an encoder holds back less than 200. */
#define SOUND_LAG_MS 700u
bool soundfile_is_open(const struct soundfile *f);
/* 0 or the wrapped errno of the last write. Harmless on a zeroed or closed one. */
int soundfile_close(struct soundfile *f);

/* Samples of one channel; 0: unknown (a pipe, or FLAC or a page of Ogg that nobody has completed). */
uint64_t soundfile_length(const struct soundfile *f);
/* Up to n <= SOUND_CHUNK samples, the channels' mean; fewer only at the end, or where the disk fails. */
size_t soundfile_read_mono(struct soundfile *f, int16_t *pcm, size_t n);
/* Why a read was short: 0 at the end; else OH_EFORMAT or a wrapped errno. */
int soundfile_read_err(const struct soundfile *f);
/* False: the file cannot do it. */
bool soundfile_seek(struct soundfile *f, uint64_t frame);
/* How many samples of a channel a file that is written has room for; 0: no limit. WAV counts bytes with 32 bits. */
uint64_t soundfile_room(const struct soundfile *f);
/* n samples of each channel, interleaved. 0 or a wrapped errno. */
int soundfile_write(struct soundfile *f, const int16_t *pcm, size_t n);

#endif
