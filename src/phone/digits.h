/*
 * DTMF as INFO requests (application/dtmf-relay, application/dtmf: no RFC, many phones and gateways): ours one after the
 * other, the peer's read; and what comes twice, by INFO, by RTP or as sound, told once. Inside of src/phone only.
 */
#ifndef OH_PHONE_DIGITS_H
#define OH_PHONE_DIGITS_H

#include "base/slice.h"
#include "offhook/session.h"

struct call;
struct digits_out;
struct sip_msg;

/* Limits: digits that wait to be sent; digits that are remembered to know their twins. */
#define DIGITS_WAITING_MAX 32u
#define DIGITS_TWINS       8u
#define DIGITS_TWIN_MS     2000u
#define DIGITS_ECHO_MS     600u /* an event and its own tone: apart by the jitter buffer */

/* ---- ours ---- */

/* The fate of an INFO of ours is told with this token. */
#define DIGITS_TOKEN UINT64_MAX

struct digits_order {
	const char *digits;
	unsigned duration_ms, pause_ms;
	bool relay; /* application/dtmf-relay first; else application/dtmf */
};
/* CALL_DTMF_SENT tells the end. OH_ESTATE (no dialog), OH_ETOOMANY, OH_ENOMEM, OH_ENODTMF (the peer takes no INFO); else as
 * inv_request(). */
int digits_send(struct call *c, const struct digits_order *order);
void digits_answered(struct call *c, struct sip_msg *msg, int err);
/* Returns NULL; NULL is harmless. */
struct digits_out *digits_free(struct digits_out *d);

/* ---- the peer's ---- */

enum digit_way { DIGIT_BY_RTP = 1, DIGIT_BY_INFO = 2, DIGIT_BY_SOUND = 3 };
struct digit_twins {
	struct {
		uint64_t began_ns;
		char digit;
		enum digit_way way; /* 0: none */
	} list[DIGITS_TWINS];
	unsigned next;
};
/* A digit that began then has come this way. False: it came another way a moment ago, and was told. */
bool digit_is_new(struct digit_twins *t, char digit, enum digit_way way, uint64_t began_ns);

/* What an INFO says: '\0': no digit. *ret_ms: 0: it does not say how long. */
char digit_in_info(const struct sip_msg *msg, uint32_t *ret_ms);

#endif
