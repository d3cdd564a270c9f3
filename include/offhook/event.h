/**
 * @file
 * @ingroup event
 * Events: everything that changes leaves the library as one of these.
 */
#ifndef OFFHOOK_EVENT_H
#define OFFHOOK_EVENT_H

#include "offhook/call.h"
#include "offhook/presence.h"
#include "offhook/question.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @defgroup event Events
 * What the library tells the program, and the SIP messages that events carry.
 * @{
 */

/** What happened. */
enum offhook_event_type {
	OFFHOOK_EVENT_CALL_INCOMING =
		1, /**< a new call; `message` is its INVITE. Answer or hang up, now or later */
	OFFHOOK_EVENT_CALL_STATE =
		2, /**< its state changed, or another provisional response came; `message` is what
	                                  *   did it, when a message did: a response with all its headers (the Contacts of
	                                  *   a 3xx), an ACK, a BYE, a CANCEL */
	OFFHOOK_EVENT_CALL_MEDIA =
		3, /**< an offer/answer was completed; the slot's connections are gone when its audio
	                                  *   changed: connect again */
	OFFHOOK_EVENT_CALL_DTMF = 4, /**< a digit came: `digit`, `duration_ms` */
	OFFHOOK_EVENT_CALL_DTMF_SENT =
		5, /**< the queued digits have gone out; by INFO: `status` and its `message`, or `error`, when the peer
	            *   did not take one, and those behind it were not sent */
	OFFHOOK_EVENT_CALL_REQUEST =
		6, /**< an INFO came inside the call and was answered with 200: `message` is
	                                  *   all of it. What asks or changes nothing gets its answer from the
	                                  *   library, other methods get 405 */
	OFFHOOK_EVENT_CALL_RESPONSE =
		7, /**< the fate of offhook_call_request(): `status` and its `message`, or `error` */
	OFFHOOK_EVENT_CALL_RTP =
		8, /**< `status` 0: no RTP for rtp_timeout_ms, and no silence that the peer has announced; 1: the first
	    *   RTP, or RTP again */
	OFFHOOK_EVENT_HOLD_FAILED =
		9, /**< a hold or re-INVITE was refused (`status`, `message`), or its answer was of no use
	                                  *   (`error`); the old session stands */
	OFFHOOK_EVENT_PLAYER_END =
		10, /**< a player has come to its end: `status` is an enum offhook_file_end, `error` (offhook/file.h) */
	OFFHOOK_EVENT_DECISION =
		70, /**< with `decisions` of the phone: something was decided. `status` is an enum offhook_decision,
	                                  *   `text` says what and why; `id` is the call or account, 0: several */
	OFFHOOK_EVENT_TONE_END = 11, /**< a tone with repeats is over */
	OFFHOOK_EVENT_DROPPED =
		12, /**< a queue was full: `count` events of less weight were dropped before this one */
	OFFHOOK_EVENT_REGISTRATION =
		20, /**< how an attempt to register, refresh or unregister ended, or that the binding ran out: `id`
	                                  *   is the account, `status` and `message` the response that decided, if any,
	                                  *   `error` 0 when it went as asked (offhook/registration.h) */
	OFFHOOK_EVENT_CALL_MOVED =
		21, /**< our address has changed under a call, or the machine has slept, and its peer was told where we
	                                  *   are now: `error` 0, it goes on there (`status` 0: nobody had answered yet, and it is made again); else why
	                                  *   that came to nothing, with `status` and `message` of the peer's refusal, if it was one */
	OFFHOOK_EVENT_QUESTION =
		40, /**< the network asks for a decision: `question`; `message` is the request */
	OFFHOOK_EVENT_TRANSFER_STATUS =
		41, /**< how the transfer of this call goes: `status` and `reason` of the call that the peer makes (100
	             *   "Accepted": it will), or of its refusal; `final` when nothing more will be told */
	OFFHOOK_EVENT_REPLACED = 42, /**< the call `other` takes the place of this one, which ends now */
	OFFHOOK_EVENT_TRANSFERRED =
		43, /**< a new call, placed because the peer of the call `other` (0: somebody outside of calls) asked for
	            *   it and the program agreed; its other events follow */
	OFFHOOK_EVENT_REFER_STATUS =
		44, /**< how what offhook_refer() has asked for goes: `status` and `reason` as in TRANSFER_STATUS, or `error`
	             *   when nobody could be asked; `final` when nothing more will be told */
	OFFHOOK_EVENT_JOINED =
		45, /**< the call `other` joins this one, and is answered: once both have audio it is the program that mixes them
	             *   (offhook_connect()) */
	OFFHOOK_EVENT_MESSAGE =
		50, /**< somebody sent a `message` (offhook_message_body()) to `account`; `id` is the call that it came
	                                  *   in, or 0 */
	OFFHOOK_EVENT_MESSAGE_SENT =
		51, /**< the fate of offhook_message_send(): `status` and its `message`, or `error` */
	OFFHOOK_EVENT_CALL_SILENCE =
		100, /**< `status` 0: the peer's packets come, but with nothing but silence for `duration_ms`; 1: sound again,
	              *   after so much of it (offhook_call_listen()) */
	OFFHOOK_EVENT_CALL_SPEECH =
		101, /**< `status` 1: somebody begins to speak at the other end; 0: has ceased to, after `duration_ms` of it
	              *   (offhook_call_listen()) */
	OFFHOOK_EVENT_BUDDY_STATE =
		52, /**< what is known of a buddy, or the subscription to him, has changed: `buddy`; `message` is the
	                                  *   NOTIFY or the response that did it, if any */
	OFFHOOK_EVENT_MWI =
		53, /**< whether messages wait for `account`: `waiting`; `message` is the NOTIFY, asked for or not */
	OFFHOOK_EVENT_DIALOG_INFO = 54, /**< a call of the buddy `id`: `dialog` */
	OFFHOOK_EVENT_PUBLICATION =
		55, /**< how a PUBLISH of `account` ended: `status` and its `message`, or `error` */
	OFFHOOK_EVENT_TYPING =
		56, /**< somebody writes to `account` (`status` 1), or has stopped (0): `text` is his URI; `id` the call
	                                  *   that it is told in, or 0; `message` the request, NULL when his time is over */
	OFFHOOK_EVENT_WATCHER_GONE =
		57, /**< the watcher `id` follows us no longer: `status` of the response that ended it, or 0, and `reason` */
	OFFHOOK_EVENT_ACTIVE_SPEAKER =
		102, /**< of those whom the slot of a watch hears, `other` (a call, player, ...) has the floor now; 0: nobody;
	              *   `id` is the watch (offhook_speaker_watch()), or the conference */
	OFFHOOK_EVENT_CONFERENCE_MEMBER =
		103, /**< of the conference `id`, `other` has come, gone, or come back: `status` is an enum
	              *   offhook_member_state (offhook/conference.h) */
	OFFHOOK_EVENT_AUDIO_MARK =
		80, /**< a port of the program: mark `count` was heard (`status` 0) or cleared (1) */
	OFFHOOK_EVENT_AUDIO_CLEARED = 81, /**< what was queued in a port of the program is gone */
	OFFHOOK_EVENT_AUDIO_READABLE =
		82, /**< samples wait in a port of the program; again after its next read */
	OFFHOOK_EVENT_AUDIO_WRITABLE = 83, /**< a port of the program has room; again after its next write */
	OFFHOOK_EVENT_DEVICE =
		90, /**< a sound device: `status` is an enum offhook_device_change, `count` an enum offhook_device_side,
	            *   `text` the device, `error` and `reason` why; `id` its slot (offhook/device.h) */
	OFFHOOK_EVENT_PLAYER_NEXT =
		95, /**< a player has gone on to another of its files: `count` is its number from 0, `text` its path */
	OFFHOOK_EVENT_RECORDER_END =
		96, /**< a recorder takes no more: `status` is an enum offhook_file_end, `error`; its file is complete when
	                                  *   it is removed (offhook/file.h) */
	OFFHOOK_EVENT_CALL_PROGRESS =
		97, /**< a tone in the call tells something: `status` is an enum offhook_progress, `count` how sure that
	             *   is, in percent, `text` what was heard: frequencies, tone and pause; `duration_ms` of the tone
	             *   (offhook_call_progress_listen()) */
	OFFHOOK_EVENT_CALL_REDIRECTED =
		110 /**< after a 3xx the call goes on to another address: `text`; its state is CALLING again, and what
		     *   early audio it had is gone */
};

/** What was decided: `status` of an OFFHOOK_EVENT_DECISION. */
enum offhook_decision {
	OFFHOOK_DECISION_TARGET = 1,   /**< where a request goes first, and over which connection */
	OFFHOOK_DECISION_FAILOVER = 2, /**< it goes to the next target instead */
	OFFHOOK_DECISION_ASIDE = 3,    /**< a target is put aside for a while */
	OFFHOOK_DECISION_BACK = 4,     /**< a target is tried again, or is back */
	OFFHOOK_DECISION_SIZE = 5, /**< a request is too large for UDP and goes over TCP (RFC 3261 18.1.1) */
	OFFHOOK_DECISION_CONNECTION =
		6,                    /**< a connection of ours failed, or had to give its place to another */
	OFFHOOK_DECISION_CONTACT = 7, /**< our Contact becomes the address that the registrar saw */
	OFFHOOK_DECISION_OFFER = 8,   /**< a session description of the peer's is refused */
	OFFHOOK_DECISION_NETWORK = 9, /**< what becomes of registrations and calls when the network changes */
	OFFHOOK_DECISION_PROOF =
		10 /**< a user or an address is not listened to for a while, or a server has proven nothing */
};

/** One event. Read only; valid until the handler returns. */
struct offhook_event {
	size_t size;                  /**< set by the library: as much of this struct as it knows */
	enum offhook_event_type type; /**< what happened */
	uint64_t serial;              /**< grows by one an event of a phone */
	uint64_t cause; /**< the command that caused it (offhook_last_command()), 0: the network or time */
	offhook_id id;  /**< the object: call, player, tone or account */
	offhook_id account;                   /**< of a call or a registration */
	void *user_data;                      /**< of the object */
	const struct offhook_call_info *call; /**< of a call: as of this event; else NULL */
	unsigned status;                      /**< see the types */
	int error;                            /**< 0 or an enum oh_err */
	char digit;                           /**< 0-9 A-D * # R */
	uint32_t duration_ms;  /**< of a digit, 0 when the peer did not say; of silence or speech */
	uint64_t count;        /**< of dropped events; number of a mark; see the types */
	const char *message;   /**< a SIP message, terminated: see the types; at DISCONNECTED the one from the
	                                  *   peer that ended it; NULL when there is none */
	size_t message_length; /**< its bytes */
	const char *text; /**< of a decision: one line; of a redirected call: the address; of a device: its
	                        *   id; of typing: who; of a player: the file; of progress: what was heard; else NULL */
	const struct offhook_question *question;  /**< of a question; else NULL */
	offhook_id other;                         /**< a second call: see the types; else 0 */
	const char *reason;                       /**< phrase of `status` where the types say so; else NULL */
	int final;                                /**< see the types */
	const struct offhook_buddy_info *buddy;   /**< of a buddy's state; else NULL */
	const struct offhook_waiting *waiting;    /**< of waiting messages; else NULL */
	const struct offhook_dialog_info *dialog; /**< of a buddy's call; else NULL */
	/** who the sender of a message, or of the request behind a question, has proven to be (offhook/auth.h); NULL where
	 * nobody asked. Of a call: in `call` */
	const char *proven_user;
};

/**
 * A header of a SIP message, by name.
 *
 * @param message  as an event carries it
 * @param length   its bytes
 * @param name     without case, long or compact form
 * @param index    0 for the first of that name, 1 for the second, ...
 * @param buf      receives the terminated value, folded lines joined, cut to size
 * @param size     bytes in buf, at least 1
 * @return the length of the whole value, OH_ENOENT when there is none, OH_ESYNTAX when it is no message, OH_EINVAL
 *         (a NULL, or size 0), OH_ENOMEM
 *
 * Thread: any.  May call back: no.  Spec: RFC 3261 7.3.
 */
OFFHOOK_API long offhook_message_header(
	const char *message, size_t length, const char *name, unsigned index, char *buf, size_t size);

/**
 * The body of a SIP message.
 *
 * @param message     as an event carries it
 * @param length      its bytes
 * @param ret_length  receives the bytes of the body; must not be NULL
 * @return the body inside message, or NULL when it is no message
 *
 * Thread: any.  May call back: no.  Spec: RFC 3261 7.4.
 */
OFFHOOK_API const char *offhook_message_body(const char *message, size_t length, size_t *ret_length);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
