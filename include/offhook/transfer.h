/**
 * @file
 * @ingroup transfer
 * Transfers: asking the peer of a call to call somebody else, and being asked.
 *
 * We ask: offhook_call_transfer() or offhook_call_transfer_to(); OFFHOOK_EVENT_TRANSFER_STATUS events tell how it goes,
 * the last of them has `final` set. The call stays up: what to do with it is the program's decision.
 *
 * We are asked: an OFFHOOK_EVENT_QUESTION of kind OFFHOOK_QUESTION_TRANSFER about the call. After a yes the library places
 * the new call, which begins with OFFHOOK_EVENT_TRANSFERRED, and tells the peer how it goes. The old call stays up until
 * somebody ends it.
 *
 * Somebody else's call takes the place of ours: an OFFHOOK_QUESTION_REPLACES about our call, then
 * OFFHOOK_EVENT_REPLACED with both ids; the new call is answered and the old one ends. Or it joins ours
 * (offhook_session_cfg.join): an OFFHOOK_QUESTION_JOIN, then OFFHOOK_EVENT_JOINED, and both go on. To ask for either, call with a
 * "Replaces" or "Join" header of the Call-ID and tags that a call's OFFHOOK_EVENT_DIALOG_INFO has told.
 */
#ifndef OFFHOOK_TRANSFER_H
#define OFFHOOK_TRANSFER_H

#include "offhook/call.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @defgroup transfer Transfers
 * Sending the peer of a call to somebody else, blind or after talking to them; being sent; being replaced.
 * @{
 */

/**
 * Asks the peer of a call to call somebody (blind transfer).
 *
 * @param phone      borrowed
 * @param call       a confirmed call
 * @param uri        whom: "sip:carol@host", "<sip:...>"; may have headers, "<sip:...?Subject=x>"; copied
 * @param headers    added to the REFER; NULL when n_headers is 0; copied
 * @param n_headers  how many
 * @return 0, OH_EURI, OH_ESCHEME, OH_ESTATE (not confirmed), OH_EBUSY (another transfer of this call is open), OH_EENDED,
 *         OH_ENOENT, OH_EINVAL (a header), OH_ETOOBIG, OH_ETOOMANY (too many subscriptions in this dialog), OH_ENOMEM,
 *         OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: RFC 3515, RFC 3892, RFC 5589 6.
 */
OFFHOOK_API int offhook_call_transfer(struct offhook_phone *phone, offhook_id call, const char *uri,
	const struct offhook_header *headers, size_t n_headers);

/**
 * Asks the peer of a call to take our place in another one (attended transfer). When the other one still rings, the request
 * waits until it was answered; when it ends before, the transfer fails with its status.
 *
 * @param phone      borrowed
 * @param call       a confirmed call: its peer will call
 * @param other      another one of this phone, confirmed or not yet: its peer will be called
 * @param headers    added to the REFER; NULL when n_headers is 0; copied
 * @param n_headers  how many
 * @return as offhook_call_transfer(); OH_EINVAL also: call and other are the same
 *
 * Thread: any.  May call back: no.  Spec: RFC 3891, RFC 5589 7, 7.6.
 */
OFFHOOK_API int offhook_call_transfer_to(struct offhook_phone *phone, offhook_id call, offhook_id other,
	const struct offhook_header *headers, size_t n_headers);

/**
 * Wants to hear no more of a call's transfer; it is not taken back by that. One that still waits for the other call is
 * given up.
 *
 * @param phone  borrowed
 * @param call   the call
 * @return 0, OH_ESTATE (there is no transfer open), OH_EENDED, OH_ENOENT, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: RFC 3515 2.4.4.
 */
OFFHOOK_API int offhook_call_transfer_stop(struct offhook_phone *phone, offhook_id call);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
