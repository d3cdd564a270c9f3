/* WAV files on the disk side: opening with errors that say what is wrong, reading as mono. */
#ifndef OH_AUDIO_WAV_H
#define OH_AUDIO_WAV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sndfile.h>

struct wav {
	SNDFILE *file;
	SF_INFO info;
	int fd;
	float *frames; /* of all channels, room for WAV_CHUNK; shorts lie there where the file is not in float
			*/
	bool is_float;
};

#define WAV_CHUNK        960u
#define WAV_CHANNELS_MAX 32

/* WAV of any rate of 1,000 to 384,000 Hz and any sample format that libsndfile decodes. OH_ENOFILE,
 * OH_EFORMAT, wrapped errno, OH_ENOMEM. */
int wav_open_read(const char *path, struct wav *ret_wav);
/* Mono, 16 bits; an existing file is overwritten. Wrapped errno, OH_EFORMAT, OH_ENOMEM. */
int wav_open_write(const char *path, uint32_t rate_hz, struct wav *ret_wav);
/* 0 or the wrapped errno of the last write. Harmless on a zeroed or closed one. */
int wav_close(struct wav *w);

/* Up to n <= WAV_CHUNK samples, the channels' mean; fewer only at the end (or where the disk fails). */
size_t wav_read_mono(struct wav *w, int16_t *pcm, size_t n);
/* 0 or a wrapped errno. */
int wav_write(struct wav *w, const int16_t *pcm, size_t n);

#endif
