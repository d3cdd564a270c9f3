/**
 * @file
 * @ingroup question
 * Questions: what the network asks of the program, and how it is answered.
 */
#ifndef OFFHOOK_QUESTION_H
#define OFFHOOK_QUESTION_H

#include "offhook/phone.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @defgroup question Questions
 * A peer asks for something that nobody but the program can decide: an OFFHOOK_EVENT_QUESTION carries a ticket, and
 * offhook_question_answer() answers it, in the handler or later. One that is not answered in 10 seconds, or that nobody
 * listens to, is refused.
 * @{
 */

/** What is asked. */
enum offhook_question_kind {
	/** the peer of a call asks us to call somebody (REFER); `target` is whom. 2xx: the call is placed. Else: 603 */
	OFFHOOK_QUESTION_TRANSFER = 1,
	/** somebody's new call is to take the place of this one (INVITE with Replaces). 2xx: it is answered
	 * and this one ended. Else: 603 */
	OFFHOOK_QUESTION_REPLACES = 2,
	/** somebody wants to be told of a state of ours; `target` is the event package. Else: 403 */
	OFFHOOK_QUESTION_SUBSCRIBE = 3,
	/** the peer of our call says that another address should be called (3xx); `target` is the next of them, `from` whom
	 * we have called, and the message the 3xx, or what the address before this one has answered. 2xx: it is called.
	 * Else: the call ends with the peer's status */
	OFFHOOK_QUESTION_REDIRECT = 4,
	/** somebody's new call wants to join this one (INVITE with Join, where the session settings allow it). 2xx: it is answered,
	 * and an OFFHOOK_EVENT_JOINED tells its id. Else: 603 */
	OFFHOOK_QUESTION_JOIN = 5
};

/** What an OFFHOOK_EVENT_QUESTION asks; the request itself is the event's `message`. */
struct offhook_question {
	size_t size;                     /**< set by the library: as much of this struct as it knows */
	offhook_id ticket;               /**< for offhook_question_answer() */
	enum offhook_question_kind kind; /**< what is asked */
	const char *from;                /**< who asks: the From of the request, without tag */
	const char *
		target; /**< by kind: the URI to call as it stood, with its headers; the event package; else "" */
};

/**
 * Answers a question.
 *
 * @param phone   borrowed
 * @param ticket  of the question
 * @param code    200-299 agrees, 300-699 refuses with this status
 * @param reason  phrase of a refusal; NULL or "" = the standard one; copied
 * @return 0, OH_ENOENT (it was answered, its time has passed, or what it was about is over), OH_EINVAL (code, or a
 *         line break in the reason), OH_ENOMEM, OH_ECLOSED, or the error that kept what was agreed to from
 *         beginning: the asker was refused then
 *
 * Thread: any.  May call back: with inline delivery.  Spec: RFC 3515 2.4.2, RFC 3891 3, RFC 3911 4, RFC 6665 4.2.1.3,
 * RFC 3261 8.1.3.4.
 */
OFFHOOK_API int offhook_question_answer(
	struct offhook_phone *phone, offhook_id ticket, unsigned code, const char *reason);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
