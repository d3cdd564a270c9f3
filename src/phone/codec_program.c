/* A codec of the program's own, dressed as one of ours. The state that an owner keeps names the codec and what the
 * program has made. */
#include "phone/codecs.h"

#include "base/err.h"
#include "base/list.h"
#include "base/mem.h"

#include <stdio.h>

#define PACKET_BYTES 1400u

struct program_codec {
	struct codec codec; /* first */
	struct offhook_codec given;
	char encoding[24], fmtp[CODEC_FMTP_MAX];
};

struct program_state {
	const struct program_codec *of;
	void *own;
};

void offhook_codec_init(struct offhook_codec *codec)
{
	*codec = (struct offhook_codec){
		.size = sizeof(*codec), .channels = 1, .payload_type = -1, .frame_ms = 10};
}

const struct codec *program_codec_of(const struct program_codec *p)
{
	return &p->codec;
}

static const struct program_codec *of_codec(const struct codec *c)
{
	return CONTAINER_OF(c, struct program_codec, codec);
}

static int open_state(const struct codec *c, void *state, int encoder, uint32_t mode)
{
	struct program_state *s = state;

	s->of = of_codec(c);
	s->own = NULL;
	return s->of->given.open ? s->of->given.open(s->of->given.arg, encoder, mode, &s->own) : 0;
}

static int enc_init(const struct codec *c, void *state, const struct codec_params *p)
{
	return open_state(c, state, 1, p->mode);
}

static int dec_init(const struct codec *c, void *state)
{
	return open_state(c, state, 0, 0);
}

static void free_state(void *state)
{
	struct program_state *s = state;

	if (s->of->given.close)
		s->of->given.close(s->of->given.arg, s->own);
}

/* What a program returns is held against what it was given room for. */
static long encode(void *state, const int16_t *pcm, size_t n, uint8_t *out, size_t cap)
{
	struct program_state *s = state;
	int bytes = s->of->given.encode(s->of->given.arg, s->own, pcm, n, out, cap);

	return bytes < 0 || (size_t)bytes > cap ? OH_EINVAL : bytes;
}

static long decode(void *state, const uint8_t *data, size_t n, int16_t *pcm, size_t cap)
{
	struct program_state *s = state;
	int count = s->of->given.decode(s->of->given.arg, s->own, data, n, pcm, cap);

	return count <= 0 || (size_t)count > cap ? OH_ESYNTAX : count;
}

static long samples(const struct codec *c, const uint8_t *data, size_t n)
{
	int count = of_codec(c)->given.samples(of_codec(c)->given.arg, data, n);

	return count > 0 ? count : OH_ESYNTAX;
}

static bool conceal(void *state, const struct codec_gap *gap, int16_t *pcm, size_t n)
{
	struct program_state *s = state;

	(void)gap;
	return s->of->given.conceal && s->of->given.conceal(s->of->given.arg, s->own, pcm, n);
}

static void describe(const struct codec *c, const struct codec_params *want, char *buf, size_t size)
{
	(void)want;
	snprintf(buf, size, "%s", of_codec(c)->fmtp);
}

static void limit(const struct codec *c, struct slice fmtp, struct codec_params *want)
{
	const struct offhook_codec *given = &of_codec(c)->given;
	char text[CODEC_FMTP_MAX];

	if (!given->read_fmtp)
		return;
	snprintf(text, sizeof(text), "%.*s", SLICE_ARG(fmtp));
	want->mode = given->read_fmtp(given->arg, text);
}

static bool is_name(const char *text)
{
	size_t n = text ? strlen(text) : 0;

	for (size_t i = 0; i < n; i++)
		if (text[i] <= ' ' || text[i] >= 0x7f || text[i] == '/' || text[i] == ',')
			return false;
	return n > 0 && n < sizeof(((struct program_codec *)NULL)->encoding);
}

static bool is_fmtp(const char *text)
{
	for (const char *p = text; p && *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	return !text || strlen(text) < CODEC_FMTP_MAX;
}

static bool is_rate(uint32_t hz)
{
	return hz == 8000 || hz == 16000 || hz == 24000 || hz == 32000 || hz == 48000;
}

int program_codec_check(const struct offhook_codec *g)
{
	if (!is_name(g->encoding))
		return err_detail(
			OH_EINVAL, "encoding is 1 to 23 visible characters without slash and comma");
	if (!is_rate(g->rate_hz))
		return err_detail(OH_EINVAL, "rate_hz is 8000, 16000, 24000, 32000 or 48000");
	if (g->clock_hz < 8000 || g->clock_hz > 96000 || g->clock_hz % 1000 ||
		(g->clock_hz % g->rate_hz && g->rate_hz % g->clock_hz))
		return err_detail(OH_EINVAL, "clock_hz is 8000 to 96000 in thousands, and a multiple of "
					     "rate_hz or the other way round");
	if (g->channels < 1 || g->channels > 255)
		return err_detail(OH_EINVAL, "channels is 1 to 255");
	if (g->payload_type < -1 || g->payload_type > 34 || g->payload_type == 13)
		return err_detail(OH_EINVAL, "payload_type is -1, or 0 to 34 but not 13");
	if (g->frame_ms < 10 || g->frame_ms > 60 || g->frame_ms % 10)
		return err_detail(OH_EINVAL, "frame_ms is 10 to 60 in steps of 10");
	if (g->bits_per_s == 0 || g->bits_per_s > PACKET_BYTES * 8000 / g->frame_ms)
		return err_detail(
			OH_EINVAL, "bits_per_s is above 0, and frame_ms of it are at most 1400 bytes");
	if (!is_fmtp(g->fmtp))
		return err_detail(OH_EINVAL, "fmtp is at most 111 characters and one line");
	if (!g->encode || !g->decode || !g->samples)
		return err_detail(OH_EINVAL, "encode, decode and samples are needed");
	return 0;
}

int program_codec_new(const struct offhook_codec *given, uint8_t number, struct program_codec **ret_program)
{
	struct program_codec *p = mem_zalloc(sizeof(*p));

	if (!p)
		return OH_ENOMEM;
	p->given = *given;
	snprintf(p->encoding, sizeof(p->encoding), "%s", given->encoding);
	snprintf(p->fmtp, sizeof(p->fmtp), "%s", given->fmtp ? given->fmtp : "");
	p->given.encoding = p->encoding;
	p->given.fmtp = p->fmtp;
	p->codec = (struct codec){.encoding = p->encoding,
		.clock_hz = given->clock_hz,
		.rate_hz = given->rate_hz,
		.number = number,
		.channels = (uint8_t)given->channels,
		.static_pt = given->payload_type,
		.bits_per_s = given->bits_per_s,
		.enc_bytes = sizeof(struct program_state),
		.dec_bytes = sizeof(struct program_state),
		.enc_init = enc_init,
		.dec_init = dec_init,
		.enc_free = free_state,
		.dec_free = free_state,
		.encode = encode,
		.decode = decode,
		.samples = samples,
		.conceal = conceal,
		.describe = describe,
		.limit = limit};
	for (uint32_t ms = given->frame_ms; ms <= 60; ms += given->frame_ms)
		p->codec.packets |= (uint8_t)(1u << (ms / 10 - 1));
	*ret_program = p;
	return 0;
}

struct program_codec *program_codec_free(struct program_codec *p)
{
	mem_free(p);
	return NULL;
}
