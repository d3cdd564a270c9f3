/*
 * Inside the library errors are 0 or a negative enum oh_err (include/offhook/error.h). An operating system's errno
 * travels wrapped. A SIP status is a number of its own and never travels as an error.
 *
 * The detail of a failure ("what, where, what would be right") is left for the caller in a text that belongs to
 * the calling thread; err_detail() sets it and returns the code, so that a refusal is one line:
 *
 *	return err_detail(OH_EURI, "no host in '%s'; a SIP URI is sip:user@host", text);
 */
#ifndef OH_BASE_ERR_H
#define OH_BASE_ERR_H

#include "offhook/error.h"

#define ERR_DETAIL_MAX 256

/* OH_EOS with the errno inside. */
static inline int err_from_errno(int saved_errno)
{
	return saved_errno > 0 ? OH_EOS - saved_errno : OH_EBUG;
}

/* The errno inside, or 0 when err is not an operating system's. */
static inline int err_to_errno(int err)
{
	return err < OH_EOS ? OH_EOS - err : 0;
}

int err_detail(int err, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The text of this thread, "" when there is none. */
const char *err_detail_text(void);
void err_detail_clear(void);

#endif
