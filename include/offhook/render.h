/**
 * @file
 * @ingroup render
 * Phones in a world of their own, where time goes as fast as the machine can: a conference of an hour becomes a file in
 * seconds.
 */
#ifndef OFFHOOK_RENDER_H
#define OFFHOOK_RENDER_H

#include "offhook/phone.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @defgroup render Rendering
 * Faster than real time. A world has a clock that goes on only in offhook_render_run(), a network that joins its own phones
 * alone, loses nothing and takes a millisecond, and no threads. Files are real ones: players read and recorders write as
 * ever, and the same program with the same seed and files writes the same bytes each time.
 *
 *     offhook_render_new(1, &world);
 *     offhook_render_phone(world, "192.0.2.1", NULL, &phone);
 *     offhook_player_new(phone, "voice.wav", 1, NULL, &player, &from);
 *     offhook_recorder_new(phone, "hour.wav", &recorder, &to);
 *     offhook_connect(phone, from, to);
 *     offhook_render_run(world, 3600 * 1000);
 *     offhook_port_remove(phone, recorder);
 *     offhook_phone_free(phone);
 *     offhook_render_free(world);
 *
 * Everything here, and everything that is called on its phones, belongs to one thread at a time. Events are handed out by
 * the thread that lets time pass or calls a function, from within that function; OFFHOOK_DELIVER_PULL works as ever. What
 * waits for time to pass (reading from a program's port) does not wait: write and read between two runs.
 * @{
 */

/** A world of its own. */
struct offhook_render;

/**
 * Makes a world without phones.
 *
 * @param seed        of all that is drawn by chance in it
 * @param ret_render  set on success only
 * @return 0, OH_EINVAL (NULL), OH_ENOMEM
 *
 * Thread: any; the world belongs to its caller.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_render_new(uint64_t seed, struct offhook_render **ret_render);

/**
 * Makes a phone in a world, on a machine of its own. It is freed by offhook_phone_free(), before the world is.
 *
 * @param render     borrowed
 * @param address    of the machine: an IPv4 or IPv6 address as text that no other has; where phones call one another
 * @param cfg        copied; NULL takes the defaults. Thread delivery becomes inline
 * @param ret_phone  set on success only
 * @return 0, OH_EINVAL (no address, or what the detail names), a wrapped EADDRINUSE (another machine has it), OH_ENOMEM,
 *         and what offhook_phone_new() returns
 *
 * Thread: the world's.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_render_phone(struct offhook_render *render, const char *address,
	const struct offhook_phone_cfg *cfg, struct offhook_phone **ret_phone);

/**
 * Lets time pass: all that is due happens.
 *
 * @param render  borrowed
 * @param ms      how much, in the world's time
 * @return 0, OH_EINVAL (NULL)
 *
 * Thread: the world's, not from a handler.  May call back: any event of its phones.  Spec: none.
 */
OFFHOOK_API int offhook_render_run(struct offhook_render *render, uint32_t ms);

/**
 * Ends a world. Its phones have been freed.
 *
 * @param render  may be NULL
 *
 * Thread: the world's.  May call back: no.  Spec: none.
 */
OFFHOOK_API void offhook_render_free(struct offhook_render *render);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
