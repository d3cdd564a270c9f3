/**
 * @file
 * @ingroup filter
 * Filters: every message of ours, seen and changed before it leaves.
 */
#ifndef OFFHOOK_FILTER_H
#define OFFHOOK_FILTER_H

#include "offhook/phone.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @defgroup filter Filters
 * What offhook/edit.h cannot say beforehand: a function of the program (`filter` of the phone's settings) that is shown every
 * request and every response of ours, inside and outside of calls, once, when it has been written and has not left. What repeats
 * it, sends it to another address or once more with a proof goes as the filter has left it.
 *
 * It runs on the signalling thread, in the middle of its work, and everything waits for it. So it may not wait, and of the library
 * it may call only the functions of this group, offhook_message_header() and offhook_message_body(); the others refuse with
 * OH_EBUSY, and another thread that it waited for would wait for it.
 *
 * What says where the message goes and what it belongs to cannot be changed: the first line, Via, Route, Record-Route, From, To,
 * Call-ID, CSeq, Max-Forwards, RSeq, RAck, the proofs; Content-Type and Content-Length come with the body. The library goes by what
 * it has written itself: a session description, a Contact or an extension that is changed here is the program's promise.
 * @{
 */

/**
 * The message as it is now. A request has no Via yet.
 *
 * @param draft       as the filter got it
 * @param ret_length  receives its bytes; must not be NULL
 * @return for offhook_message_header() and _body(); good until the next change; not terminated
 *
 * Thread: signalling, inside the filter.  May call back: no.  Spec: RFC 3261 7.
 */
OFFHOOK_API const char *offhook_draft_message(const struct offhook_draft *draft, size_t *ret_length);

/**
 * The status of a response.
 *
 * @param draft  as the filter got it
 * @return 100 to 699; 0: it is a request
 *
 * Thread: signalling, inside the filter.  May call back: no.  Spec: RFC 3261 7.2.
 */
OFFHOOK_API unsigned offhook_draft_status(const struct offhook_draft *draft);

/**
 * The method of a request, or of the request that a response answers.
 *
 * @param draft  as the filter got it
 * @param buf    receives the terminated name, cut to size
 * @param size   bytes in buf, at least 1
 * @return the length of the whole name, or OH_EINVAL (a NULL, or size 0)
 *
 * Thread: signalling, inside the filter.  May call back: no.  Spec: RFC 3261 7.1.
 */
OFFHOOK_API long offhook_draft_method(const struct offhook_draft *draft, char *buf, size_t size);

/**
 * Puts one header in the place of all of that name, or removes them.
 *
 * @param draft  as the filter got it
 * @param name   without case, long or compact form
 * @param value  one line; NULL: they are removed
 * @return 0, OH_EINVAL (no name, one that cannot be changed, a line break; it is logged too), OH_ETOOBIG, OH_ENOMEM: nothing was
 *         changed then
 *
 * Thread: signalling, inside the filter.  May call back: no.  Spec: RFC 3261 7.3.
 */
OFFHOOK_API int offhook_draft_set_header(struct offhook_draft *draft, const char *name, const char *value);

/**
 * Adds a header behind those of its name.
 *
 * @param draft  as the filter got it
 * @param name   see offhook_draft_set_header()
 * @param value  one line
 * @return as offhook_draft_set_header(); OH_EINVAL also: value is NULL
 *
 * Thread: signalling, inside the filter.  May call back: no.  Spec: RFC 3261 7.3.
 */
OFFHOOK_API int offhook_draft_add_header(struct offhook_draft *draft, const char *name, const char *value);

/**
 * Puts another body in the place of the message's.
 *
 * @param draft         as the filter got it
 * @param content_type  such as "application/sdp"; NULL when length is 0
 * @param body          its bytes; NULL when length is 0
 * @param length        how many; 0: the message has no body then
 * @return 0, OH_EINVAL (no type or no bytes, a line break in the type), OH_ETOOBIG, OH_ENOMEM: nothing was changed then
 *
 * Thread: signalling, inside the filter.  May call back: no.  Spec: RFC 3261 7.4.
 */
OFFHOOK_API int offhook_draft_set_body(
	struct offhook_draft *draft, const char *content_type, const void *body, size_t length);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
