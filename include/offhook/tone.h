/**
 * @file
 * @ingroup tone
 * Tones: digits that are heard.
 */
#ifndef OFFHOOK_TONE_H
#define OFFHOOK_TONE_H

#include "offhook/session.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @defgroup tone Tones
 * What telephones say without words: digits.
 * @{
 */

/**
 * Says whether digits are looked for in the audio of a call from now on; what offhook_session_cfg.dtmf_hear said is
 * forgotten.
 *
 * @param phone  borrowed
 * @param call   the call
 * @param hear   whether
 * @return 0, OH_EINVAL, OH_ENOENT, OH_EENDED, OH_ENOMEM, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: ITU-T Q.24.
 */
OFFHOOK_API int offhook_call_hear_dtmf(
	struct offhook_phone *phone, offhook_id call, enum offhook_dtmf_hear hear);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
