/**
 * @file
 * @ingroup call
 * Calls: made, received, answered, held, ended.
 */
#ifndef OFFHOOK_CALL_H
#define OFFHOOK_CALL_H

#include "offhook/phone.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @defgroup call Calls
 * Making, answering, holding and ending calls; digits and requests inside them; what they are and how they sound.
 * @{
 */

/** The states of a call, numbered as pjsua does. */
enum offhook_call_state {
	OFFHOOK_CALL_NULL = 0,        /**< not yet anything; no event tells it */
	OFFHOOK_CALL_CALLING = 1,     /**< INVITE sent */
	OFFHOOK_CALL_INCOMING = 2,    /**< INVITE received */
	OFFHOOK_CALL_EARLY = 3,       /**< a provisional response other than 100 was sent or received */
	OFFHOOK_CALL_CONNECTING = 4,  /**< a 2xx was sent or received, the ACK is still to come or go */
	OFFHOOK_CALL_CONFIRMED = 5,   /**< the ACK has passed */
	OFFHOOK_CALL_DISCONNECTED = 6 /**< it is over; the id dies when this event was handled */
};

/** The states of a call's audio, numbered as pjsua does. */
enum offhook_media_state {
	OFFHOOK_MEDIA_NULL = 0,        /**< nothing agreed yet, refused, or the call is over */
	OFFHOOK_MEDIA_ACTIVE = 1,      /**< agreed; `media_dir` says which ways */
	OFFHOOK_MEDIA_LOCAL_HOLD = 2,  /**< we hold: music may be sent */
	OFFHOOK_MEDIA_REMOTE_HOLD = 3, /**< the peer does not want our audio */
	OFFHOOK_MEDIA_ERROR = 4        /**< agreed, but our side of it failed */
};

/** Directions of a call's audio, as bits, numbered as pjsua does. */
enum offhook_media_dir {
	OFFHOOK_DIR_NONE = 0, /**< neither */
	OFFHOOK_DIR_SEND = 1, /**< we send */
	OFFHOOK_DIR_RECV = 2, /**< we receive */
	OFFHOOK_DIR_BOTH = 3  /**< both */
};

/** Which side sent the INVITE. */
enum offhook_call_role {
	OFFHOOK_CALLER = 0, /**< we */
	OFFHOOK_CALLEE = 1  /**< the peer */
};

/** Who ended a call. */
enum offhook_ended_by {
	OFFHOOK_NOT_ENDED = 0,       /**< it has not ended */
	OFFHOOK_ENDED_BY_US = 1,     /**< hung up or refused by this program */
	OFFHOOK_ENDED_BY_PEER = 2,   /**< hung up, refused or cancelled by the other side */
	OFFHOOK_ENDED_BY_NETWORK = 3 /**< time-out or transport failure */
};

/** A picture of a call at one moment. Immutable. */
struct offhook_call_info {
	size_t size;                          /**< set by the library: as much of this struct as it knows */
	offhook_id id;                        /**< the call */
	offhook_id account;                   /**< 0 when it was removed */
	void *user_data;                      /**< of the call */
	enum offhook_call_role role;          /**< which side we are */
	enum offhook_call_state state;        /**< as of this moment */
	enum offhook_media_state media_state; /**< of its audio */
	enum offhook_media_dir media_dir;     /**< keeps its last value after the end */
	offhook_id slot;                      /**< its audio on the bridge; 0 when it has none */
	int slot_number;                      /**< the plain number of that slot; -1 when it has none */
	/** last SIP status of the INVITE; the final cause after the end; 0 before any */
	unsigned last_status;
	const char *last_reason;        /**< its phrase, "" before any */
	enum offhook_ended_by ended_by; /**< who ended it */
	int error; /**< why it failed where no SIP status says it: OH_ERESOLVE, OH_EUNREACH, ... or 0 */
	const char *local_uri;     /**< caller: the account's URI; callee: the To of the INVITE */
	const char *local_contact; /**< "<sip:...>", "" before it is known */
	const char *remote_uri; /**< caller: the URI as given; callee: the From of the INVITE, without tag */
	const char *remote_contact; /**< "<sip:...>", "" before it is known */
	const char *sip_call_id;    /**< the Call-ID of its messages */
	const char *codec;          /**< "PCMU/8000/1", "" before audio is agreed */
	double call_time_s;         /**< since CONFIRMED, frozen at the end; 0 before */
	double total_time_s;        /**< since the INVITE, frozen at the end */
	/** what the Reason of the peer's BYE, CANCEL or refusal says (RFC 3326), "" when nothing; cut to 95 bytes */
	const char *reason_text;
	unsigned reason_sip;  /**< its SIP cause, such as 200 for "Call completed elsewhere"; 0 = not told */
	unsigned reason_q850; /**< its Q.850 cause, such as 16 for a normal clearing; 0 = not told */
	/** who the caller has proven to be, where the account asks (offhook/auth.h); "" where nobody asked */
	const char *proven_user;
	/** an incoming call's first P-Asserted-Identity, as it stands, when the account trusts the one who says so
	 * (offhook/identity.h); else "" */
	const char *asserted_identity;
};

struct offhook_session_cfg;
struct offhook_identity_cfg;

/** Settings of an outgoing call; fill with offhook_call_cfg_init() first. */
struct offhook_call_cfg {
	size_t size;                          /**< set by offhook_call_cfg_init() */
	const char *uri;                      /**< whom: "sip:bob@host", "\"Bob\" <sip:...>" */
	const struct offhook_header *headers; /**< added to the INVITE; copied */
	size_t n_headers;                     /**< how many */
	void *user_data;                      /**< comes back in its events */
	/** Expires of the INVITE: when nobody has answered by then, it is cancelled and the call ends
	 * with 487; 0 (default) = as long as the callee rings */
	uint32_t expires_s;
	const struct offhook_session_cfg
		*session; /**< session.h; NULL (default) = as the account's; copied */
	const struct offhook_identity_cfg
		*identity; /**< identity.h; NULL (default) = as the account's; copied */
	/** offered in this call, as the phone's setting of that name; NULL (default) = as the account's; copied */
	const char *codecs;
};

/**
 * Fills in the defaults.
 *
 * @param cfg  to be filled; must not be NULL
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API void offhook_call_cfg_init(struct offhook_call_cfg *cfg);

/**
 * Makes a call. The INVITE is on its way when this returns (or the look-up of the host's name is); its fate comes as
 * events, the first of them CALLING. Of the addresses of a host name the next one is tried when one does not answer,
 * cannot be reached or answers 503.
 *
 * @param phone     borrowed
 * @param account   who calls; 0 = the default account
 * @param cfg       copied
 * @param ret_call  set on success only, before any event of it is handled by another thread's handler; a handler
 *                  knows its call by user_data anyway
 * @return 0, OH_EURI, OH_ESCHEME, OH_ENOENT (no such account, or none at all), OH_ETRANSPORT (none fits), OH_EUNREACH
 *         (no route to a numeric host), OH_ETOOMANY (max_calls), OH_ENOPORTS, a wrapped errno, OH_EINVAL, OH_ENOCODEC
 *         (codecs), OH_ENOMEM, OH_ECLOSED; a host name that has no address is told later, by DISCONNECTED with status
 *         503 and OH_ERESOLVE
 *
 * Thread: any.  May call back: with inline delivery the CALLING event.  Spec: RFC 3261 13.2,
 * RFC 3263 4.3.
 */
OFFHOOK_API int offhook_call_make(struct offhook_phone *phone, offhook_id account,
	const struct offhook_call_cfg *cfg, offhook_id *ret_call);

/**
 * Gives an incoming call its user data: from now on its events carry it.
 *
 * @param phone      borrowed
 * @param call       the call
 * @param user_data  anything; the library does not look into it
 * @return 0, OH_ENOENT, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_call_set_user_data(struct offhook_phone *phone, offhook_id call, void *user_data);

/** How to answer or end a call; fill with offhook_answer_init() first. */
struct offhook_answer {
	size_t size;                          /**< set by offhook_answer_init() */
	unsigned code;                        /**< SIP status; default 200 (answer), 0 = by state (hang up) */
	const char *reason;                   /**< phrase; NULL or "" = the standard one */
	const struct offhook_header *headers; /**< added to the message */
	size_t n_headers;                     /**< how many */
	/** Reason of a BYE, CANCEL or refusal: why, as a Q.850 cause, 1-127; 0 (default) = not told */
	unsigned reason_q850;
	unsigned reason_sip;     /**< ... as a SIP status, 200-699; 0 (default) = not told */
	const char *reason_text; /**< ... in words, with either; NULL (default): none */
	/** accepted in this call, when this answer is the first that describes its audio: as the phone's setting of that
	 * name; NULL (default) = as the account's; copied. An offer without any of the account's was refused before */
	const char *codecs;
};

/**
 * Fills in the defaults: code 200.
 *
 * @param answer  to be filled; must not be NULL
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API void offhook_answer_init(struct offhook_answer *answer);

/**
 * Answers an incoming call: 101-199 provisional (183 brings early audio), 2xx accepts, 3xx-6xx refuses.
 *
 * @param phone   borrowed
 * @param call    an incoming call that has no final answer yet
 * @param answer  copied; NULL = 200
 * @return 0, OH_ESTATE (nothing to answer), OH_EENDED, OH_ENOENT, OH_EINVAL (code out of 101-699), OH_ENOCODEC (the
 *         call was refused with 488), OH_ENOPORTS or a wrapped errno (no media: the call still rings), OH_ETOOBIG,
 *         OH_ENOMEM, OH_ECLOSED
 *
 * Thread: any.  May call back: with inline delivery.  Spec: RFC 3261 13.3.
 */
OFFHOOK_API int offhook_call_answer(
	struct offhook_phone *phone, offhook_id call, const struct offhook_answer *answer);

/**
 * Ends a call in whatever state it is: CANCEL, a final response, or BYE. DISCONNECTED with this code follows at once;
 * what SIP still owes the peer goes on behind it.
 *
 * @param phone   borrowed
 * @param call    the call
 * @param answer  copied; NULL or code 0 = by state: 200 confirmed, 603 to an incoming, 487 to an outgoing call
 * @return 0, OH_EENDED, OH_ENOENT, OH_EINVAL (code not 0 or 200-699, a header, or a reason), OH_ENOMEM, OH_ECLOSED
 *
 * Thread: any.  May call back: with inline delivery.  Spec: RFC 3261 9, 13.3.1.3, 15, RFC 3326.
 */
OFFHOOK_API int offhook_call_hangup(
	struct offhook_phone *phone, offhook_id call, const struct offhook_answer *answer);

/**
 * Puts a call on hold by a re-INVITE (sendonly, or inactive when the peer holds too). The result comes as
 * a CALL_MEDIA event.
 *
 * @param phone      borrowed
 * @param call       a confirmed call
 * @param headers    added to the re-INVITE; NULL when n_headers is 0; copied
 * @param n_headers  how many
 * @return 0, OH_ESTATE (not confirmed), OH_EBUSY (another offer is open), OH_EENDED, OH_ENOENT, OH_EINVAL,
 *         OH_ENOMEM, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: RFC 3264 8.4, RFC 6337 5.3.
 */
OFFHOOK_API int offhook_call_hold(
	struct offhook_phone *phone, offhook_id call, const struct offhook_header *headers, size_t n_headers);

/**
 * Sends a re-INVITE that releases our hold (and renews the session when there was none).
 *
 * @param phone      borrowed
 * @param call       a confirmed call
 * @param headers    added to the re-INVITE; NULL when n_headers is 0; copied
 * @param n_headers  how many
 * @return as offhook_call_hold()
 *
 * Thread: any.  May call back: no.  Spec: RFC 3261 14, RFC 3264 8.4.
 */
OFFHOOK_API int offhook_call_reinvite(
	struct offhook_phone *phone, offhook_id call, const struct offhook_header *headers, size_t n_headers);

/**
 * Sends DTMF digits, one after another, as RTP events, tones or INFO requests (offhook_session_cfg.dtmf); returns at once. A
 * CALL_DTMF_SENT event tells the end.
 *
 * @param phone        borrowed
 * @param call         a call with audio
 * @param digits       0-9 A-D * # and R (flash; not as a tone), without case; at most 32 wait at a time
 * @param duration_ms  of each, 40-8000; 0 = 160
 * @param pause_ms     between two, 30-8000; 0 = 80
 * @return 0, OH_ENOMEDIA, OH_ENODTMF (the peer takes none), OH_ESTATE (INFO before a dialog), OH_EDIGIT, OH_ETOOMANY (none of them is sent), OH_EENDED,
 *         OH_ENOENT, OH_EINVAL, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: RFC 4733 2, RFC 6086, ITU-T Q.23.
 */
OFFHOOK_API int offhook_call_dtmf(struct offhook_phone *phone, offhook_id call, const char *digits,
	unsigned duration_ms, unsigned pause_ms);

/** A request inside a call. */
struct offhook_request {
	size_t size;        /**< set by the caller to sizeof */
	const char *method; /**< "INFO", "MESSAGE", ...; not INVITE, ACK, BYE, CANCEL, PRACK, UPDATE */
	const struct offhook_header *headers; /**< added to it */
	size_t n_headers;                     /**< how many */
	const char *content_type;             /**< NULL without body */
	const void *body;                     /**< any bytes; NULL without */
	size_t body_length;                   /**< bytes */
};

/**
 * Sends a request inside a call; its final status comes as a CALL_RESPONSE event with the same command serial.
 *
 * @param phone    borrowed
 * @param call     a call that is confirmed or early
 * @param request  copied
 * @return 0, OH_ESTATE (no dialog yet), OH_EENDED, OH_ENOENT, OH_EINVAL (method), OH_ETOOBIG, OH_ENOMEM, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: RFC 3261 12.2, RFC 6086.
 */
OFFHOOK_API int offhook_call_request(
	struct offhook_phone *phone, offhook_id call, const struct offhook_request *request);

/**
 * A picture of a call. Inside a handler of one of its events: as of that event; else as of now. A call whose end was not yet
 * handled still answers.
 *
 * @param phone     borrowed
 * @param call      the call
 * @param ret_info  set on success only; to be given to offhook_call_info_free()
 * @return 0, OH_ENOENT, OH_ENOMEM, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_call_get_info(
	struct offhook_phone *phone, offhook_id call, struct offhook_call_info **ret_info);

/**
 * Gives back a picture.
 *
 * @param info  taken; NULL is harmless
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API void offhook_call_info_free(struct offhook_call_info *info);

/**
 * The calls that are alive; those too whose end was not yet handled.
 *
 * @param phone      borrowed
 * @param ret_calls  receives up to cap ids; may be NULL when cap is 0
 * @param cap        places in ret_calls
 * @return how many calls there are (may be more than cap), or OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API long offhook_calls(struct offhook_phone *phone, offhook_id *ret_calls, size_t cap);

/** Figures of a call's audio. Times in ms, counts since the call began. */
struct offhook_call_stats {
	size_t size;              /**< set by the caller to sizeof */
	uint64_t rx_packets;      /**< RTP that came */
	uint64_t rx_bytes;        /**< of its payload */
	uint64_t rx_lost;         /**< expected by sequence number, never came */
	uint64_t rx_late;         /**< came after its time to be played */
	uint64_t rx_duplicate;    /**< came twice */
	uint64_t rx_discarded;    /**< no room, senseless, or far too early */
	uint64_t rx_reordered;    /**< came behind a later one */
	uint64_t rx_concealed;    /**< frames filled because nothing was there to be played */
	uint64_t rx_digits;       /**< DTMF, by RTP or INFO */
	double rx_jitter_ms;      /**< of what comes, now */
	double rx_jitter_max_ms;  /**< its highest */
	uint64_t tx_packets;      /**< RTP that went */
	uint64_t tx_bytes;        /**< of its payload */
	uint64_t tx_digits;       /**< DTMF taken to be sent */
	uint64_t peer_lost;       /**< of what we sent, as the peer tells by RTCP */
	double peer_jitter_ms;    /**< of what we sent, as the peer tells by RTCP */
	double rtt_ms;            /**< 0: not known */
	uint32_t buffer_ms;       /**< in the jitter buffer now */
	char codec[32];           /**< "PCMU/8000/1" */
	char remote[72];          /**< where RTP goes: address and port */
	double setup_ms;          /**< from INVITE to CONFIRMED, 0 before */
	double first_response_ms; /**< from INVITE to the first response, 0 before */
	uint64_t rx_stretched; /**< times that what is heard was stretched, because packets need more time */
	uint64_t rx_cut;       /**< times that it was shortened again */
	uint32_t
		buffer_goal_ms; /**< how late a packet may come and still be played, as the jitter buffer wants it */
	uint64_t tx_passed; /**< of tx_packets: as they came from the call that is heard, undecoded */
};

/**
 * The figures of a call's audio; after the end those of its last moment, until the end was handled.
 *
 * @param phone      borrowed
 * @param call       the call
 * @param ret_stats  size must be set; filled as far as that size reaches
 * @return 0, OH_ENOENT, OH_EINVAL, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: RFC 3550 6.4, A.3, A.8.
 */
OFFHOOK_API int offhook_call_get_stats(
	struct offhook_phone *phone, offhook_id call, struct offhook_call_stats *ret_stats);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
