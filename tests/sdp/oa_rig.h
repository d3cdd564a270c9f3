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

#endif
