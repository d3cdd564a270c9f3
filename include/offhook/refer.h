/**
 * @file
 * @ingroup refer
 * REFER outside of calls: asking somebody, such as a desk phone or a server, to place a call.
 */
#ifndef OFFHOOK_REFER_H
#define OFFHOOK_REFER_H

#include "offhook/phone.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @defgroup refer Asking others to call
 * Click to dial, call park: a phone or server that we have no call with is asked to call somebody, OFFHOOK_EVENT_REFER_STATUS
 * tells how that goes. Inside a call it is a transfer (offhook/transfer.h). Being asked: see `refer_outside_calls` of the
 * phone and OFFHOOK_QUESTION_TRANSFER.
 * @{
 */

/** What somebody is asked for; all of it is copied. */
struct offhook_refer {
	size_t size;     /**< set by the caller to sizeof */
	const char *uri; /**< whom we ask: "sip:user@host" or with a display name */
	const char
		*refer_to; /**< whom he is to call; may have headers, "sip:...?Subject=x"; NULL with `call` */
	offhook_id
		call; /**< a confirmed call of ours in which he is to take our place; 0: none, then refer_to is needed */
	/** non-zero: we do not want to hear how it goes (RFC 4488); only where nobody forks requests on the way. Whether he
	 * agrees to call is told all the same, and whoever does not know this tells the rest too */
	int without_progress;
	const char *referred_by; /**< who asks, a URI; NULL: the account; "": not said (RFC 3892) */
	const struct offhook_header *headers; /**< further headers, or NULL */
	size_t n_headers;                     /**< how many */
	void *user_data;                      /**< comes back in its events */
};

/**
 * Asks somebody to place a call. OFFHOOK_EVENT_REFER_STATUS events with this id tell how it goes, the last of them has `final`
 * set.
 *
 * @param phone    borrowed
 * @param account  who asks; 0 = the default account
 * @param refer    copied
 * @param ret_id   set on success only: names the request until its last event; may be NULL
 * @return 0, OH_EURI, OH_ESCHEME, OH_EINVAL (size; a header; neither refer_to nor call, or both), OH_ENOENT (no such account or
 *         call), OH_EENDED, OH_ESTATE (the call is not confirmed), OH_ETOOBIG, OH_ETOOMANY (1,000 are open), OH_ETRANSPORT,
 *         OH_EUNREACH, OH_ENOMEM, OH_ECLOSED, a wrapped errno
 *
 * Thread: any.  May call back: with inline delivery.  Spec: RFC 3515 2.4, RFC 3892 2.1, RFC 4488 4, RFC 5359 2.15, 2.18.
 */
OFFHOOK_API int offhook_refer(struct offhook_phone *phone, offhook_id account,
	const struct offhook_refer *refer, offhook_id *ret_id);

/**
 * Wants to hear no more of it; it is not taken back by that.
 *
 * @param phone  borrowed
 * @param id     as offhook_refer() has given it
 * @return 0, OH_ENOENT (its last event was told), OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: RFC 3515 2.4.4.
 */
OFFHOOK_API int offhook_refer_stop(struct offhook_phone *phone, offhook_id id);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
