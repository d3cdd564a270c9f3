#include "audio/vorbis_out.h"

#include "base/err.h"
#include "base/mem.h"

#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

#include <vorbis/vorbisenc.h>

/* Between those of libvorbis, -0.1..1: some 50 kbit/s of a channel at 16 kHz. */
#define QUALITY 0.4f
/* A file has one stream only, so that its number need not differ from others (RFC 3533 4). */
#define SERIAL 1

struct vorbis_out {
	int fd;
	vorbis_info info;
	vorbis_dsp_state dsp;
	vorbis_block block;
	ogg_stream_state stream;
	ogg_int64_t paged; /* samples of a channel in pages that have left */
};

static int put(int fd, const unsigned char *bytes, long n)
{
	while (n > 0) {
		ssize_t written = write(fd, bytes, (size_t)n);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return err_from_errno(written ? errno : EIO);
		bytes += written;
		n -= written;
	}
	return 0;
}

/* Full pages, or, when `all`, whatever there is. */
static int put_pages(struct vorbis_out *v, bool all)
{
	ogg_page page;
	int err = 0;

	while (!err && (all ? ogg_stream_flush(&v->stream, &page) : ogg_stream_pageout(&v->stream, &page))) {
		err = put(v->fd, page.header, page.header_len);
		if (!err)
			err = put(v->fd, page.body, page.body_len);
		if (ogg_page_granulepos(&page) >= 0)
			v->paged = ogg_page_granulepos(&page);
	}
	return err;
}

/* What the encoder has ready. */
static int put_packets(struct vorbis_out *v)
{
	ogg_packet packet;
	int err = 0;

	while (!err && vorbis_analysis_blockout(&v->dsp, &v->block) == 1) {
		vorbis_analysis(&v->block, NULL);
		vorbis_bitrate_addblock(&v->block);
		while (!err && vorbis_bitrate_flushpacket(&v->dsp, &packet) == 1) {
			ogg_stream_packetin(&v->stream, &packet);
			err = put_pages(v, packet.granulepos - v->paged >= v->info.rate / 2);
		}
	}
	return err;
}

/* Vorbis I 4.2: the first packet has a page for itself, and sound begins on a page of its own. */
static int put_headers(struct vorbis_out *v)
{
	ogg_packet first, comments, books;
	vorbis_comment comment;
	int err;

	vorbis_comment_init(&comment);
	vorbis_analysis_headerout(&v->dsp, &comment, &first, &comments, &books);
	ogg_stream_packetin(&v->stream, &first);
	err = put_pages(v, true);
	ogg_stream_packetin(&v->stream, &comments);
	ogg_stream_packetin(&v->stream, &books);
	if (!err)
		err = put_pages(v, true);
	vorbis_comment_clear(&comment);
	return err;
}

static void dispose(struct vorbis_out *v)
{
	ogg_stream_clear(&v->stream);
	vorbis_block_clear(&v->block);
	vorbis_dsp_clear(&v->dsp);
	vorbis_info_clear(&v->info);
	mem_free(v);
}

int vorbis_out_new(int fd, uint32_t rate_hz, unsigned channels, struct vorbis_out **ret_out)
{
	struct vorbis_out *v = mem_zalloc(sizeof(*v));
	int err = 0;

	if (!v)
		return OH_ENOMEM;
	v->fd = fd;
	vorbis_info_init(&v->info);
	if (vorbis_encode_init_vbr(&v->info, channels, rate_hz, QUALITY)) {
		vorbis_info_clear(&v->info);
		mem_free(v);
		return OH_ENOTSUP;
	}
	if (vorbis_analysis_init(&v->dsp, &v->info) || vorbis_block_init(&v->dsp, &v->block) ||
		ogg_stream_init(&v->stream, SERIAL))
		err = OH_ENOMEM;
	if (!err)
		err = put_headers(v);
	if (err) {
		dispose(v);
		return err;
	}
	*ret_out = v;
	return 0;
}

int vorbis_out_write(struct vorbis_out *v, const int16_t *pcm, size_t n)
{
	int channels = v->info.channels;
	float **to;

	if (n == 0) /* to libvorbis that is the end */
		return 0;
	to = vorbis_analysis_buffer(&v->dsp, (int)n);
	for (size_t i = 0; i < n; i++)
		for (int c = 0; c < channels; c++)
			to[c][i] = (float)*pcm++ / 32768.0f;
	vorbis_analysis_wrote(&v->dsp, (int)n);
	return put_packets(v);
}

int vorbis_out_close(struct vorbis_out *v)
{
	int err;

	if (!v)
		return 0;
	vorbis_analysis_wrote(&v->dsp, 0);
	err = put_packets(v);
	if (!err)
		err = put_pages(v, true);
	dispose(v);
	return err;
}
