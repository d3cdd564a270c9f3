/**
 * @file
 * @ingroup identity
 * Identity: who we say we are, and whom we believe.
 */
#ifndef OFFHOOK_IDENTITY_H
#define OFFHOOK_IDENTITY_H

#include "offhook/call.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @defgroup identity Identity
 * Calls without a name, names that the network vouches for, and what an INVITE says about its caller and its way.
 *
 * A From is what the caller likes to write. A network that has checked who calls says so in P-Asserted-Identity, which is
 * worth as much as the one who sends it: it is shown (offhook_call_info.asserted_identity) when the INVITE came from an
 * address that the account trusts.
 * @{
 */

/** Who an account says it is, and whom it believes; fill with offhook_identity_cfg_init() first. */
struct offhook_identity_cfg {
	size_t size; /**< set by offhook_identity_cfg_init() */
	/** non-zero: From is "Anonymous" <sip:anonymous@anonymous.invalid> and Contact has no user; default 0. The addresses
	 * of this machine can be seen as before: to hide these is the work of a proxy that is asked by `privacy` */
	int anonymous;
	/** Privacy of the INVITE: of "id", "user", "header", "session", "history", "critical", "none", with ";" between;
	 * NULL (default): "id" when anonymous, else no such header */
	const char *privacy;
	/** P-Preferred-Identity: which of our identities the proxy shall vouch for: "sip:alice@example.com",
	 * "\"Alice\" <sip:...>", "tel:+49..."; NULL (default): none */
	const char *preferred_identity;
	/** P-Asserted-Identity: for trunks that trust us; NULL (default): none */
	const char *asserted_identity;
	int trust_registrar; /**< non-zero: believed is what comes from the address where we are registered; default 0 */
	/** ... and from these: "192.0.2.1 198.51.100.0/24 2001:db8::/32", with blanks or commas between, at most 64; NULL
	 * (default): nobody. Over UDP an address is easily forged from within its network */
	const char *trusted;
};

/**
 * Fills in the defaults.
 *
 * @param cfg  to be filled; must not be NULL
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API void offhook_identity_cfg_init(struct offhook_identity_cfg *cfg);

/**
 * Sets who an account is in the calls that it makes from now on, and whom it believes in those that come. It stays when
 * the account is modified. A header of the program's own in a call's settings comes before one of the same name from here.
 *
 * @param phone    borrowed
 * @param account  the account
 * @param cfg      copied; NULL = the defaults
 * @return 0, OH_ENOENT, OH_EINVAL (privacy or trusted cannot be read, a line break: the detail names it), OH_EURI, OH_ESCHEME
 *         (not sip, sips or tel), OH_ENOMEM, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: RFC 3323 4, RFC 3325 9.
 */
OFFHOOK_API int offhook_account_set_identity(
	struct offhook_phone *phone, offhook_id account, const struct offhook_identity_cfg *cfg);

/** Who has sent a call on to us (Diversion). */
struct offhook_diversion {
	const char *uri;     /**< whom it was for: "sip:bob@example.com" */
	const char *name;    /**< display name, "" when there is none */
	const char *reason;  /**< "unconditional", "user-busy", "no-answer", ...; "" = not told */
	const char *privacy; /**< "full", "name", "uri", "off"; "" = not told */
	uint32_t counter;    /**< how often; 1 unless told */
};

/** A station on the way of a call (History-Info). */
struct offhook_history {
	const char *uri;   /**< the target, without the headers in it */
	const char *name;  /**< display name, "" when there is none */
	const char *index; /**< "1.1.2": its place in the tree of targets; "" = not told */
	const char *
		why; /**< how it was found: "rc" (same user), "mp" (another user), "np" (no change); "" = not told */
	const char *from; /**< the index that it was made from; "" = not told */
	unsigned cause;   /**< why it did not take the call: a SIP status; 0 = not told */
	int hidden;       /**< 1: it is asked not to be shown to users */
};

/** How a call wants to be answered. */
enum offhook_answer_mode {
	OFFHOOK_ANSWER_MODE_NONE = 0,   /**< as ever */
	OFFHOOK_ANSWER_MODE_MANUAL = 1, /**< by a human */
	OFFHOOK_ANSWER_MODE_AUTO = 2    /**< by itself */
};

/** What an INVITE says about its caller, its way and its wishes; nothing of it is checked. */
struct offhook_caller {
	size_t size;      /**< set by the library: as much of this struct as it knows */
	const char *uri;  /**< of the From */
	const char *name; /**< of the From, "" when there is none */
	const char *
		asserted; /**< the first P-Asserted-Identity as it stands, "" when there is none. See above */
	const char *asserted_other; /**< the second: one of the two is a tel: URI; "" when there is none */
	const char *preferred;      /**< the P-Preferred-Identity as it stands, "" when there is none */
	const char *privacy;        /**< the Privacy as it stands, "" when there is none */
	const char *alert_info;     /**< the first Alert-Info as it stands, "" when there is none */
	const struct offhook_diversion *diversions; /**< the last one to divert it first */
	size_t n_diversions;                        /**< how many, at most OFFHOOK_CALLER_LIST_MAX */
	const struct offhook_history *history;      /**< in the order of the message */
	size_t n_history;                           /**< how many, at most OFFHOOK_CALLER_LIST_MAX */
	enum offhook_answer_mode answer_mode; /**< Answer-Mode, or Call-Info and Alert-Info of desk phones */
	int answer_mode_required;             /**< 1: to be refused rather than answered another way */
	uint32_t answer_after_s;              /**< AUTO: so long after the call has come */
};

/** Above so many diversions, or stations, the rest is left out. */
#define OFFHOOK_CALLER_LIST_MAX 32

/**
 * Reads what an INVITE says about its caller. An element that cannot be read ends its list.
 *
 * @param message     as OFFHOOK_EVENT_CALL_INCOMING carries it
 * @param length      its bytes
 * @param ret_caller  set on success only; to be given to offhook_caller_free()
 * @return 0, OH_ESYNTAX (it is no message), OH_EINVAL (a NULL), OH_ENOMEM
 *
 * Thread: any.  May call back: no.  Spec: RFC 3323, RFC 3325, RFC 5806, RFC 7044, RFC 5373.
 */
OFFHOOK_API int offhook_caller_read(const char *message, size_t length, struct offhook_caller **ret_caller);

/**
 * Gives back what offhook_caller_read() has made.
 *
 * @param caller  taken; NULL is harmless
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API void offhook_caller_free(struct offhook_caller *caller);

/** Which calls are answered without the program. */
enum offhook_auto_answer {
	OFFHOOK_AUTO_ANSWER_OFF = 0, /**< none */
	/** those that ask for it, from an address that is trusted (offhook_identity_cfg) or after a challenge of the
	 * account's was answered; one that insists and may not is refused with 403 */
	OFFHOOK_AUTO_ANSWER_REQUESTED = 1,
	OFFHOOK_AUTO_ANSWER_ALWAYS = 2 /**< all, but for those that insist on a human */
};

/**
 * Answers calls by itself. The program hears of each as ever (OFFHOOK_EVENT_CALL_INCOMING) and may answer or end it before.
 * It stays when the account is modified.
 *
 * @param phone     borrowed
 * @param account   the account
 * @param which     those
 * @param delay_ms  so long after the call has come, or as the call asks for if that is longer; at most 600000
 * @return 0, OH_ENOENT, OH_EINVAL, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: RFC 5373 4.5.
 */
OFFHOOK_API int offhook_account_set_auto_answer(
	struct offhook_phone *phone, offhook_id account, enum offhook_auto_answer which, uint32_t delay_ms);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
