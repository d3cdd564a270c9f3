/* What the offer/answer tests share: our side, and a second side to talk to. */
#ifndef OH_TESTS_SDP_OA_RIG_H
#define OH_TESTS_SDP_OA_RIG_H

#include "check.h"

#include "base/err.h"
#include "sdp/oa.h"

#define PCMU \
	{ \
		"PCMU", 8000, 1, 0, "" \
	}
#define PCMA \
	{ \
		"PCMA", 8000, 1, 8, "" \
	}
#define ILBC \
	{ \
		"iLBC", 8000, 1, 97, "" \
	}
#define OPUS \
	{ \
		"opus", 48000, 2, 98, "useinbandfec=1" \
	}

static const struct oa_codec g711[] = {PCMU, PCMA};

static inline struct oa_local local_at(
	const char *ip, uint16_t port, const struct oa_codec *codecs, size_t n_codecs)
{
	struct oa_local l = {.codecs = codecs, .n_codecs = n_codecs, .want = SDP_SENDRECV};

	CHECK_OK(netaddr_parse_ip(slice_of(ip), port, &l.rtp));
	return l;
}

static inline struct oa *oa_made(uint64_t session_id)
{
	struct oa *oa = NULL;

	CHECK_OK(oa_new(session_id, &oa));
	return oa;
}

static inline void check_addr(const struct netaddr *a, const char *text)
{
	char buf[NETADDR_TEXT];

	CHECK_STR(netaddr_text(a, buf), text);
}

static inline void check_has(struct slice text, const char *part)
{
	if (!memmem(text.p, text.n, part, strlen(part)))
		fail_msg("no \"%s\" in:\n%.*s", part, SLICE_ARG(text));
}

static inline void check_has_not(struct slice text, const char *part)
{
	if (memmem(text.p, text.n, part, strlen(part)))
		fail_msg("\"%s\" in:\n%.*s", part, SLICE_ARG(text));
}

static inline bool among(struct slice format, const struct sdp_media *m)
{
	for (size_t i = 0; i < m->n_formats; i++)
		if (slice_eq(m->formats[i], format))
			return true;
	return false;
}

/* RFC 3264 6: as many lines, in the same order, of the same type; formats from the offer; a possible
 * direction. */
static inline void check_answer(struct slice offer, struct slice reply, const struct oa_audio *audio)
{
	unsigned live = 0;
	struct sdp o, r;

	CHECK_OK(sdp_parse(&o, offer));
	CHECK_OK(sdp_parse(&r, reply));
	CHECK_EQ(r.n_media, o.n_media);
	for (size_t i = 0; i < r.n_media; i++) {
		const struct sdp_media *mo = &o.media[i], *mr = &r.media[i];

		CHECK(slice_ieq(mo->type, mr->type));
		CHECK(slice_ieq(mo->proto, mr->proto));
		CHECK(mr->n_formats > 0);
		for (size_t f = 0; f < mr->n_formats; f++)
			CHECK(among(mr->formats[f], mo));
		if (mr->port == 0)
			continue;
		live++;
		CHECK(mo->port != 0);
		CHECK_EQ(mr->dir & ~sdp_dir_reverse(mo->dir), 0);
		CHECK_EQ(audio->dir & ~mr->dir, 0);
		CHECK(audio->n_codecs > 0 && audio->tx_pt >= 0 && audio->tx_pt == audio->codec.pt);
	}
	CHECK_EQ(live, audio->status == OA_ACTIVE);
	sdp_free(&o);
	sdp_free(&r);
}

#endif
