/**
 * @file
 * @ingroup edit
 * Edits: what the messages of a call say besides what the library writes.
 */
#ifndef OFFHOOK_EDIT_H
#define OFFHOOK_EDIT_H

#include "offhook/call.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @defgroup edit Edits
 * Headers and lines of session descriptions that an account's calls say besides, or in place of, their own: for peers that
 * want to hear something particular. They are given beforehand, because signalling never waits for the program; what
 * leaves in the end is seen by a trace (offhook/trace.h). What cannot be said beforehand is the business of a filter
 * (offhook/filter.h). Headers of one message only go with the function that sends it.
 * @{
 */

/** Messages of a call, as bits. */
enum offhook_edit_in {
	OFFHOOK_IN_INVITE = 1,      /**< the first INVITE */
	OFFHOOK_IN_REINVITE = 2,    /**< later ones */
	OFFHOOK_IN_UPDATE = 4,      /**< UPDATE */
	OFFHOOK_IN_PROVISIONAL = 8, /**< 101-199 to an INVITE */
	OFFHOOK_IN_ACCEPTED = 16    /**< 2xx to an INVITE or UPDATE */
};

/** A header that is added. */
struct offhook_header_edit {
	unsigned in;       /**< to which messages: enum offhook_edit_in, or-ed */
	const char *name;  /**< not one that the library writes: Via, From, To, Call-ID, CSeq, Content-... */
	const char *value; /**< one line */
};

/** What is done to a session description. */
enum offhook_sdp_op {
	OFFHOOK_SDP_ADD = 0,    /**< a line more, behind those of its kind */
	OFFHOOK_SDP_REMOVE = 1, /**< lines that begin so are left out */
	OFFHOOK_SDP_REPLACE = 2 /**< lines that begin so become another one of the same kind */
};

/** Where in a session description. */
enum offhook_sdp_part {
	OFFHOOK_SDP_SESSION = 0, /**< before the first m= */
	OFFHOOK_SDP_AUDIO = 1    /**< m=audio and what follows it */
};

/** One edit of our offers and answers. Only a= and b= lines; the others say where the audio is. */
struct offhook_sdp_edit {
	enum offhook_sdp_op op;     /**< what */
	enum offhook_sdp_part part; /**< where */
	const char *begins;         /**< REMOVE and REPLACE: "a=ptime:"; else ignored */
	const char *line;           /**< ADD and REPLACE: "a=ptime:40"; else ignored */
};

/** More edits of either sort are refused. */
#define OFFHOOK_EDITS_MAX 16

/** Edits of an account's calls; size must be set, the rest may be zero. */
struct offhook_edits {
	size_t size;                               /**< set by the caller to sizeof */
	const struct offhook_header_edit *headers; /**< NULL when n_headers is 0 */
	size_t n_headers;                          /**< at most OFFHOOK_EDITS_MAX */
	const struct offhook_sdp_edit *sdp;        /**< NULL when n_sdp is 0; done in this order */
	size_t n_sdp;                              /**< at most OFFHOOK_EDITS_MAX */
};

/**
 * Sets the edits of an account's calls, those that are already there from their next message on. They stay when the account
 * is modified. The library goes by what it has negotiated, not by what an edited description says: a line that promises
 * what is not there is the program's promise.
 *
 * @param phone    borrowed
 * @param account  the account
 * @param edits    copied; NULL = none
 * @return 0, OH_ENOENT, OH_EINVAL (a header, a line, a NULL: the detail names it), OH_ETOOMANY, OH_ENOMEM, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: RFC 3261 7.3, RFC 8866 5.
 */
OFFHOOK_API int offhook_account_set_edits(
	struct offhook_phone *phone, offhook_id account, const struct offhook_edits *edits);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
