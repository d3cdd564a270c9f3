/*
 * What a body is to a call: its session description, alone or as a part of a multipart body (RFC 5621), or
 * something that nobody here understands.
 */
#include "session/inv_impl.h"

#include "sip/multipart.h"

/* Parts within parts: more is no message but an attack. */
#define NESTED_MAX 4u

static unsigned read_body(const struct sip_part *p, unsigned depth, struct slice *ret_sdp);

/* RFC 3261 20.11: what its sender calls optional may be left unread. */
static bool is_optional(struct slice disposition)
{
	struct slice handling;

	return sip_media_param(disposition, SLICE_LIT("handling"), &handling) &&
	       slice_ieq(handling, SLICE_LIT("optional"));
}

/* RFC 3261 20.11: the disposition of a session description is "session" unless it says otherwise, as an early one
 * does (RFC 3959). */
static bool is_session(const struct sip_part *p)
{
	struct slice disposition = sip_media_type(p->disposition);

	return slice_ieq(sip_media_type(p->type), SDP_TYPE) &&
	       (!slice_present(disposition) || slice_ieq(disposition, SLICE_LIT("session")));
}

/* RFC 2045 6.2: these three say "as it is". */
static bool is_plain(struct slice encoding)
{
	return !slice_present(encoding) || slice_ieq(encoding, SLICE_LIT("7bit")) ||
	       slice_ieq(encoding, SLICE_LIT("8bit")) || slice_ieq(encoding, SLICE_LIT("binary"));
}

/* RFC 3261 23.2: enciphered, and we have no key to it. Only what is merely signed is no secret. */
static bool is_enciphered(struct slice content_type)
{
	struct slice type = sip_media_type(content_type), kind;

	if (slice_ieq(type, SLICE_LIT("multipart/encrypted")))
		return true;
	if (!slice_ieq(type, SLICE_LIT("application/pkcs7-mime")))
		return false;
	return !sip_media_param(content_type, SLICE_LIT("smime-type"), &kind) ||
	       slice_ieq(kind, SLICE_LIT("enveloped-data"));
}

/* RFC 2046 5.1.4: the same said several times, the best last. */
static unsigned read_alternative(struct sip_multipart *m, unsigned depth, struct slice *ret_sdp)
{
	struct sip_part part;
	unsigned fault = 415;
	int more;

	while ((more = sip_multipart_next(m, &part)) == 1) {
		struct slice sdp = SLICE_NONE;
		unsigned this_fault = read_body(&part, depth, &sdp);

		if (this_fault)
			continue;
		fault = 0;
		*ret_sdp = sdp;
	}
	return more ? 400 : fault;
}

/* RFC 2046 5.1.3: any other kind is read as mixed. Each part counts, unless it may be left out. */
static unsigned read_mixed(struct sip_multipart *m, unsigned depth, struct slice *ret_sdp)
{
	struct sip_part part;
	int more;

	while ((more = sip_multipart_next(m, &part)) == 1) {
		struct slice sdp = SLICE_NONE;
		unsigned fault = read_body(&part, depth, &sdp);

		if (fault && !is_optional(part.disposition))
			return fault;
		if (!slice_present(*ret_sdp))
			*ret_sdp = sdp;
	}
	return more ? 400 : 0;
}

static unsigned read_body(const struct sip_part *p, unsigned depth, struct slice *ret_sdp)
{
	struct slice type = sip_media_type(p->type);
	struct sip_multipart parts;

	if (is_enciphered(p->type))
		return 493;
	if (is_session(p) && is_plain(p->encoding)) {
		*ret_sdp = p->body;
		return 0;
	}
	if (type.n < 10 || !slice_ieq(slice_make(type.p, 10), SLICE_LIT("multipart/")) || depth == NESTED_MAX)
		return 415;
	if (sip_multipart_begin(p->type, p->body, &parts))
		return 400;
	if (slice_ieq(type, SLICE_LIT("multipart/alternative")))
		return read_alternative(&parts, depth + 1, ret_sdp);
	return read_mixed(&parts, depth + 1, ret_sdp);
}

static unsigned read_message(const struct sip_msg *msg, struct slice *ret_sdp)
{
	struct slice encoding = sip_msg_value(msg, SIP_HDR_CONTENT_ENCODING);
	struct sip_part whole = {.type = sip_msg_value(msg, SIP_HDR_CONTENT_TYPE),
		.disposition = sip_msg_value(msg, SIP_HDR_CONTENT_DISPOSITION),
		.body = msg->body};
	unsigned fault;

	if (slice_empty(msg->body))
		return 0;
	/* Compressed or otherwise changed: a description in it cannot be read either. */
	if (slice_present(encoding) && !slice_ieq(encoding, SLICE_LIT("identity")))
		fault = 415;
	else
		fault = read_body(&whole, 0, ret_sdp);
	return is_optional(whole.disposition) ? 0 : fault;
}

struct slice inv_sdp_of(const struct sip_msg *msg)
{
	struct slice sdp = SLICE_NONE;

	return read_message(msg, &sdp) ? SLICE_NONE : sdp;
}

unsigned inv_body_fault(const struct sip_msg *msg)
{
	struct slice sdp = SLICE_NONE;

	return read_message(msg, &sdp);
}
