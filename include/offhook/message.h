/**
 * @file
 * @ingroup message
 * Short messages: one SIP request each, with its fate.
 */
#ifndef OFFHOOK_MESSAGE_H
#define OFFHOOK_MESSAGE_H

#include "offhook/phone.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @defgroup message Messages
 * Pager-mode messages (RFC 3428). One that comes is an OFFHOOK_EVENT_MESSAGE: the library has answered it with 200 by
 * then, or with 503 when the program does not keep up. Inside a call a message is sent by offhook_call_request(). Who is
 * writing one is told too (RFC 3994): an OFFHOOK_EVENT_TYPING.
 * @{
 */

/** Above so many bytes of body a message is refused: it may not be longer than what a UDP packet holds (RFC 3428 8). */
#define OFFHOOK_MESSAGE_BODY_MAX 1300

/** A message; all of it is copied. */
struct offhook_message {
	size_t size;                          /**< set by the caller to sizeof */
	const char *uri;                      /**< whom: "sip:user@host" or with a display name */
	const char *content_type;             /**< NULL: "text/plain;charset=UTF-8" */
	const void *body;                     /**< NULL: empty */
	size_t body_length;                   /**< its bytes, at most OFFHOOK_MESSAGE_BODY_MAX */
	const struct offhook_header *headers; /**< further headers, or NULL */
	size_t n_headers;                     /**< how many */
	void *user_data;                      /**< comes back in the event of its fate */
};

/**
 * Sends a message. Its fate comes as an OFFHOOK_EVENT_MESSAGE_SENT with this id: `status` and `message` are the final
 * response, or `error` says why there is none. 2xx means that the next server or the recipient has taken it.
 *
 * @param phone    borrowed
 * @param account  who sends it; 0 = the default account
 * @param message  copied
 * @param ret_id   set on success only: names the message until its fate was told; may be NULL
 * @return 0, OH_EURI, OH_ESCHEME, OH_EINVAL (size; a header; a line break in the content type), OH_ETOOBIG, OH_ENOENT
 *         (no such account), OH_ETOOMANY (10,000 are under way), OH_ETRANSPORT, OH_EUNREACH, OH_ENOMEM, OH_ECLOSED, a
 *         wrapped errno
 *
 * Thread: any.  May call back: with inline delivery.  Spec: RFC 3428 4.
 */
OFFHOOK_API int offhook_message_send(struct offhook_phone *phone, offhook_id account,
	const struct offhook_message *message, offhook_id *ret_id);

/**
 * Tells somebody that our user is writing to him, or has stopped without sending. Its fate is told
 * inside a call only (OFFHOOK_EVENT_CALL_RESPONSE). To be repeated while
 * the writing goes on, not more often than each minute; a message that is sent ends it by itself.
 *
 * @param phone   borrowed
 * @param account who writes; 0 = the default account
 * @param uri     whom: "sip:user@host" or with a display name; copied; NULL: the peer of the call
 * @param call    inside this call; 0: outside of calls, then uri is needed
 * @param active  non-zero: he writes; 0: he has stopped
 * @return 0; as offhook_message_send(); with a call as offhook_call_request(); OH_EINVAL (neither uri nor call)
 *
 * Thread: any.  May call back: with inline delivery.  Spec: RFC 3994 3.2.
 */
OFFHOOK_API int offhook_message_typing(
	struct offhook_phone *phone, offhook_id account, const char *uri, offhook_id call, int active);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
