/**
 * @file
 * @ingroup trace
 * Seeing what goes over the wire: SIP messages as they pass, to the program, to a capture file, to a collector; and any
 * call as a ladder of text.
 */
#ifndef OFFHOOK_TRACE_H
#define OFFHOOK_TRACE_H

#include "offhook/phone.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @defgroup trace Traces
 * SIP messages as they pass, and calls as ladders.
 * @{
 */

/** A SIP message as it passed. Valid until the callback returns. */
struct offhook_trace_message {
	size_t size;                           /**< set by the library: as much of this struct as it knows */
	uint64_t time_ns;                      /**< wall clock, nanoseconds since 1970 */
	int sent;                              /**< 1: we sent it; 0: it came */
	enum offhook_transport_type transport; /**< by which kind of transport */
	const char *local;                     /**< our address and port */
	const char *remote;                    /**< the peer's */
	const char *sip_call_id;               /**< its Call-ID, "" when it has none */
	const char *text;  /**< the message, terminated; secrets are masked unless the trace shows them */
	size_t text_bytes; /**< of text */
};

/**
 * Receives each message of a trace.
 *
 * @param arg      of the trace
 * @param message  valid until the callback returns
 *
 * Thread: signalling: it must not block.  Must not call the library.
 */
typedef void offhook_trace_fn(void *arg, const struct offhook_trace_message *message);

/** Settings of a trace; fill with offhook_trace_cfg_init() first. At least one destination is needed. */
struct offhook_trace_cfg {
	size_t size;                  /**< set by offhook_trace_cfg_init() */
	offhook_id call;              /**< only messages of this call (its Call-ID); 0 = all of the phone */
	offhook_trace_fn *on_message; /**< destination: the program; NULL: not */
	void *arg;                    /**< given back to on_message */
	/** destination: a capture file that Wireshark and sngrep read (raw IP; messages of TCP, TLS and WebSocket stand
	 * as plain SIP in TCP segments made up for it); an existing one is overwritten; NULL: none; copied */
	const char *pcap;
	/** destination: a collector of HEP version 3 over UDP, "192.0.2.1:9060" or "[2001:db8::1]:9060"; NULL: none;
	 * copied */
	const char *hep;
	uint32_t hep_agent_id; /**< names us to the collector; default 2001 */
	const char *hep_key;   /**< the collector's password; NULL: none; copied */
	/** non-zero: credentials and media keys are shown as they are. Default: they are masked, everywhere */
	int secrets;
};

/**
 * Fills in the defaults.
 *
 * @param cfg  to be filled; must not be NULL
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API void offhook_trace_cfg_init(struct offhook_trace_cfg *cfg);

/**
 * Starts a trace: from now on each SIP message that passes goes to its destinations. Several may run at once. A file that is there is
 * overwritten; a trace that does not start leaves it as it was.
 *
 * @param phone   borrowed
 * @param cfg     copied
 * @param ret_id  set on success only: to be given to offhook_trace_stop(); freeing the phone stops it too
 * @return 0, OH_EINVAL (no destination; hep is not an address), OH_ENOENT (no such call), OH_ETOOMANY (16 at a time), a wrapped
 *         errno (the file cannot be written), OH_ENOMEM, OH_ECLOSED
 *
 * Thread: any; opens the file in the caller's thread.  May call back: no.  Spec: HEP3 (homer), pcap file format.
 */
OFFHOOK_API int offhook_trace_start(
	struct offhook_phone *phone, const struct offhook_trace_cfg *cfg, offhook_id *ret_id);

/** How a trace is doing. */
struct offhook_trace_info {
	size_t size;       /**< set by the caller to sizeof */
	uint64_t messages; /**< that it has seen */
	uint64_t
		dropped; /**< of these: lost for the file or the collector, because disk or network did not keep up */
};

/**
 * How a trace is doing.
 *
 * @param phone     borrowed
 * @param id        the trace
 * @param ret_info  size must be set; filled as far as that size reaches
 * @return 0, OH_ENOENT, OH_EINVAL, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_trace_get_info(
	struct offhook_phone *phone, offhook_id id, struct offhook_trace_info *ret_info);

/**
 * Stops a trace. Its file is complete when this returns 0, but in an inline handler, which waits for nothing.
 *
 * @param phone  borrowed
 * @param id     the trace
 * @return 0, OH_ENOENT, a wrapped errno (the disk was full: what could be written is there), OH_ETIMEDOUT (the disk hangs: it is
 *         completed when that answers), OH_ECLOSED
 *
 * Thread: any; waits for the disk, disk_limit_ms of the phone at most.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_trace_stop(struct offhook_phone *phone, offhook_id id);

/**
 * A call as a ladder of text: each SIP message of its Call-ID with its time and direction, for people. Works for calls that
 * are alive and for the 32 that ended last; a very long call shows its first and last 64 messages.
 *
 * @param phone  borrowed
 * @param call   the call
 * @param buf    receives the terminated text, cut to size; may be NULL when size is 0
 * @param size   bytes in buf
 * @return the length of the whole text without its end, OH_ENOENT, OH_EINVAL; works after offhook_phone_close() too
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API long offhook_call_ladder(struct offhook_phone *phone, offhook_id call, char *buf, size_t size);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
