/**
 * @file
 * @ingroup session
 * Sessions: how a call's signalling may behave beyond the basics.
 */
#ifndef OFFHOOK_SESSION_H
#define OFFHOOK_SESSION_H

#include "offhook/call.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @defgroup session Sessions
 * Reliable provisional responses, session timers, the question whether the peer is there, and UPDATE.
 * @{
 */

/** Reliable provisional responses (RFC 3262). */
enum offhook_reliable {
	OFFHOOK_RELIABLE_DEFAULT = 0, /**< as SUPPORTED */
	OFFHOOK_RELIABLE_OFF = 1,     /**< neither offered nor taken; a caller that insists gets 420 */
	/** offered and taken; a provisional of ours goes reliably when it brings early audio, or when the caller insists */
	OFFHOOK_RELIABLE_SUPPORTED = 2,
	OFFHOOK_RELIABLE_REQUIRED = 3 /**< every provisional; a caller that cannot gets 421 */
};

/** Session timers (RFC 4028). */
enum offhook_session_timer {
	OFFHOOK_TIMER_DEFAULT = 0, /**< as ACCEPT */
	OFFHOOK_TIMER_OFF = 1,     /**< none; a caller that insists gets 420 */
	OFFHOOK_TIMER_ACCEPT = 2,  /**< when the peer asks for one */
	OFFHOOK_TIMER_OFFER = 3,   /**< we ask for one, and refresh it even when the peer knows none */
	OFFHOOK_TIMER_REQUIRE =
		4 /**< as OFFER, and a peer that knows none is refused with 421, or refuses us with 420 */
};

/** What becomes of an outgoing call that is answered by a 3xx (RFC 3261 8.1.3.4). */
enum offhook_redirect {
	OFFHOOK_REDIRECT_DEFAULT = 0, /**< as ASK */
	OFFHOOK_REDIRECT_NEVER = 1,   /**< it ends with that status */
	/** an OFFHOOK_QUESTION_REDIRECT for each address that would be called next; without a listener as NEVER */
	OFFHOOK_REDIRECT_ASK = 2,
	OFFHOOK_REDIRECT_FOLLOW = 3 /**< each address is called, until one answers or none is left */
};

/** How offhook_call_dtmf() sends digits. */
enum offhook_dtmf {
	OFFHOOK_DTMF_DEFAULT = 0, /**< as AUTO */
	OFFHOOK_DTMF_AUTO = 1,    /**< as RTP events when they were negotiated, else as IN_BAND */
	OFFHOOK_DTMF_RTP = 2,     /**< as RTP events (RFC 4733) */
	OFFHOOK_DTMF_INFO_RELAY =
		3,             /**< as INFO with application/dtmf-relay, or with the other type after a 415 */
	OFFHOOK_DTMF_INFO = 4, /**< as INFO with application/dtmf */
	OFFHOOK_DTMF_IN_BAND = 5 /**< as tones in the audio (ITU-T Q.23), in its place while they last */
};

/** Whether digits are looked for in the audio that comes, too. They are told as those that come as events are. */
enum offhook_dtmf_hear {
	OFFHOOK_DTMF_HEAR_DEFAULT = 0, /**< as AUTO */
	OFFHOOK_DTMF_HEAR_OFF = 1,     /**< no */
	OFFHOOK_DTMF_HEAR_AUTO = 2,    /**< when no RTP events were negotiated */
	OFFHOOK_DTMF_HEAR_ON = 3       /**< yes; one that comes as an event, too, is told once */
};

/** Settings of sessions; fill with offhook_session_cfg_init() first. */
struct offhook_session_cfg {
	size_t size;                      /**< set by offhook_session_cfg_init() */
	enum offhook_reliable reliable;   /**< default SUPPORTED */
	enum offhook_session_timer timer; /**< default ACCEPT */
	uint32_t session_expires_s;       /**< what we ask for, at least 90; 0 (default) = 1800 */
	uint32_t min_se_s; /**< a peer that asks for less gets 422; at least 90; 0 (default) = 90 */
	/** how often the peer of a confirmed call is asked by OPTIONS whether it is there; no answer ends the call with
	 * 408 "Peer Does Not Answer"; 0 (default) = never */
	uint32_t options_s;
	/** default ASK. A 300, 301 or 302 leads to the SIP addresses in its Contacts, those with the highest q first, at most
	 * 10 of one call and none twice, and from sips: only to sips:. Headers in such an address are left out, and it
	 * gets no credentials unless the account's own proxy or domain asks for them. OFFHOOK_EVENT_CALL_REDIRECTED tells
	 * that the call goes on; a call that finds nobody ends with the last refusal */
	enum offhook_redirect redirect;
	enum offhook_dtmf dtmf; /**< default AUTO */
	/** non-zero: whoever calls may ask to join one of our calls (RFC 3911), which is an OFFHOOK_QUESTION_JOIN; default: such a
	 * call is one like any other */
	int join;
	enum offhook_dtmf_hear dtmf_hear; /**< default AUTO; for a call under way: offhook_call_hear_dtmf() */
};

/**
 * Fills in the defaults.
 *
 * @param cfg  to be filled; must not be NULL
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API void offhook_session_cfg_init(struct offhook_session_cfg *cfg);

/**
 * Sets how the calls of an account behave, those that come and those that it makes from now on. It stays when the account is
 * modified.
 *
 * @param phone    borrowed
 * @param account  the account
 * @param cfg      copied; NULL = the defaults
 * @return 0, OH_ENOENT, OH_EINVAL (a setting out of range: the detail names it), OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: RFC 3262, RFC 4028, RFC 3261 8.1.3.4, RFC 3911.
 */
OFFHOOK_API int offhook_account_set_session(
	struct offhook_phone *phone, offhook_id account, const struct offhook_session_cfg *cfg);

/**
 * Sends an UPDATE with an offer, which may change a call's audio before it is answered as well as after. The result
 * comes as a CALL_MEDIA or HOLD_FAILED event. A hold stays as it is.
 *
 * @param phone      borrowed
 * @param call       a confirmed call, or an early one whose first offer was answered reliably
 * @param headers    added to the UPDATE; NULL when n_headers is 0; copied
 * @param n_headers  how many
 * @return 0, OH_ESTATE (no dialog, or too early for an offer), OH_ENOTSUP (the peer takes no UPDATE), OH_EBUSY (another
 *         offer is open), OH_EENDED, OH_ENOENT, OH_EINVAL, OH_ETOOBIG, OH_ENOMEM, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: RFC 3311 5.1, RFC 6337 4.3.
 */
OFFHOOK_API int offhook_call_update(
	struct offhook_phone *phone, offhook_id call, const struct offhook_header *headers, size_t n_headers);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
