/*
 * Writes Ogg with Vorbis. libsndfile does that too, but it leaves to libogg when a page is full: 4 KiB or 255 packets,
 * which are eight seconds of silence, and a process that dies takes them along. Here a page goes out after half a second
 * of sound at the latest, and the headers at once.
 */
#ifndef OH_AUDIO_VORBIS_OUT_H
#define OH_AUDIO_VORBIS_OUT_H

#include <stddef.h>
#include <stdint.h>

struct vorbis_out;

/* Writes the headers to fd, which stays the caller's. OH_ENOTSUP (libvorbis has nothing for that rate and number of
 * channels), wrapped errno, OH_ENOMEM. */
int vorbis_out_new(int fd, uint32_t rate_hz, unsigned channels, struct vorbis_out **ret_out);
/* n samples of each channel, interleaved. 0 or a wrapped errno. */
int vorbis_out_write(struct vorbis_out *v, const int16_t *pcm, size_t n);
/* Ends the stream and frees. 0 or a wrapped errno; harmless on NULL. */
int vorbis_out_close(struct vorbis_out *v);

#endif
