/**
 * @file
 * @ingroup security
 * How a phone stands in the open: what strangers can reach, and what holds them off.
 */
#ifndef OFFHOOK_SECURITY_H
#define OFFHOOK_SECURITY_H

#include "offhook/phone.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @defgroup security Security
 * One call that lists the security posture of a phone.
 * @{
 */

/** One line of the list. */
struct offhook_security_row {
	char name[32];  /**< what it is about, such as "unmatched" */
	char value[96]; /**< as it is now */
	int ok;         /**< 1: fit for the open Internet; 0: look at `text` */
	char text[160]; /**< what that means, and what would change it */
};

/**
 * Lists what strangers can reach of a phone and what holds them off: each transport, who may call, the limits, what the log
 * shows.
 *
 * @param phone     borrowed
 * @param rows      filled with the first `capacity` rows; may be NULL when that is 0
 * @param capacity  how many there is room for
 * @param ret_n     receives how many rows there are; must not be NULL
 * @return 0, OH_EINVAL, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_phone_security(
	struct offhook_phone *phone, struct offhook_security_row *rows, size_t capacity, size_t *ret_n);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
