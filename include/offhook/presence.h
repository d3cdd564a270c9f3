/**
 * @file
 * @ingroup presence
 * Presence: who is there, what calls somebody has, whether messages wait; and what others are told of us.
 */
#ifndef OFFHOOK_PRESENCE_H
#define OFFHOOK_PRESENCE_H

#include "offhook/phone.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @defgroup presence Presence
 * A buddy is somebody whose presence (RFC 3856) or whose calls (RFC 4235) we follow: a subscription that renews itself,
 * comes back after failures, and ends only by order or when the other side wants it so. Each change is an
 * OFFHOOK_EVENT_BUDDY_STATE, or an OFFHOOK_EVENT_DIALOG_INFO a call.
 *
 * A watcher is somebody who follows us: he is asked for by an OFFHOOK_QUESTION_SUBSCRIBE whose event has his id; 200 lets
 * him see, 202 lets him wait for offhook_watcher_set(). He hears of offhook_account_set_presence(), or of the account's
 * calls.
 * @{
 */

/** Is somebody there? */
enum offhook_presence_status {
	OFFHOOK_PRESENCE_UNKNOWN = 0, /**< nothing was heard */
	OFFHOOK_PRESENCE_ONLINE = 1,  /**< open */
	OFFHOOK_PRESENCE_OFFLINE = 2  /**< closed */
};

/** What somebody is doing (RFC 4480), as far as callers should know. */
enum offhook_activity {
	OFFHOOK_ACTIVITY_NONE = 0, /**< nothing in particular */
	OFFHOOK_ACTIVITY_AWAY = 1, /**< not at the telephone */
	OFFHOOK_ACTIVITY_BUSY = 2  /**< there, and not to be disturbed */
};

/** How a subscription stands. */
enum offhook_subscription {
	OFFHOOK_SUBSCRIPTION_NONE = 0,       /**< there is none, and none is wanted */
	OFFHOOK_SUBSCRIPTION_SENT = 1,       /**< asked for */
	OFFHOOK_SUBSCRIPTION_ACCEPTED = 2,   /**< accepted; nothing was heard yet */
	OFFHOOK_SUBSCRIPTION_PENDING = 3,    /**< the other side has not decided yet */
	OFFHOOK_SUBSCRIPTION_ACTIVE = 4,     /**< we hear of every change */
	OFFHOOK_SUBSCRIPTION_TERMINATED = 5, /**< over: refused, or ended by either side */
	OFFHOOK_SUBSCRIPTION_WAITING = 6     /**< broken for now; it is asked for again by itself */
};

/* ---- buddies --------------------------------------------------------------------------------------------------- */

/** Buddies of one phone. */
#define OFFHOOK_BUDDIES_MAX 100000

/** What of a buddy we follow. */
enum offhook_buddy_kind {
	OFFHOOK_BUDDY_PRESENCE = 0, /**< whether he is there */
	OFFHOOK_BUDDY_DIALOGS = 1   /**< his calls */
};

/** A buddy; fill with offhook_buddy_cfg_init() first. */
struct offhook_buddy_cfg {
	size_t size;                  /**< set by offhook_buddy_cfg_init() */
	const char *uri;              /**< whom: "sip:user@host" or with a display name; copied */
	enum offhook_buddy_kind kind; /**< what we follow; default: presence */
	int subscribe;                /**< non-zero: begin at once; default 0 */
	uint32_t expires_s;           /**< asked for, 60..86400; default 3600 */
	uint32_t wait_max_s; /**< longest wait between two attempts that fail, 1..86400; default 300 */
	uint32_t
		refused_wait_s; /**< before whoever does not know us (404 ...) is asked again; 0: never; default 1800 */
	void *user_data; /**< comes back in its events */
};

/**
 * Fills in the defaults.
 *
 * @param cfg  to be filled; must not be NULL
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API void offhook_buddy_cfg_init(struct offhook_buddy_cfg *cfg);

/**
 * Adds a buddy.
 *
 * @param phone    borrowed
 * @param account  who asks; 0 = the default account
 * @param cfg      copied
 * @param ret_id   set on success only
 * @return 0, OH_EURI, OH_ESCHEME, OH_EINVAL (a setting out of range), OH_ENOENT (no such account), OH_ETOOMANY
 *         (OFFHOOK_BUDDIES_MAX), OH_ENOMEM, OH_ECLOSED
 *
 * Thread: any.  May call back: with inline delivery.  Spec: RFC 3856 6.
 */
OFFHOOK_API int offhook_buddy_add(struct offhook_phone *phone, offhook_id account,
	const struct offhook_buddy_cfg *cfg, offhook_id *ret_id);

/**
 * Removes a buddy, and unsubscribes. No event tells of it.
 *
 * @param phone  borrowed
 * @param id     the buddy
 * @return 0, OH_ENOENT, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: RFC 6665 4.1.2.3.
 */
OFFHOOK_API int offhook_buddy_remove(struct offhook_phone *phone, offhook_id id);

/**
 * Begins or ends a subscription. Each step is an OFFHOOK_EVENT_BUDDY_STATE, the first of them caused by this call.
 *
 * @param phone  borrowed
 * @param id     the buddy
 * @param on     non-zero: subscribe, or try at once what waits; 0: unsubscribe
 * @return 0, OH_ENOENT, OH_ECLOSED
 *
 * Thread: any.  May call back: with inline delivery.  Spec: RFC 6665 4.1.2.
 */
OFFHOOK_API int offhook_buddy_subscribe(struct offhook_phone *phone, offhook_id id, int on);

/** What is known of a buddy. */
struct offhook_buddy_info {
	size_t size;                            /**< set by the caller to sizeof; in events by the library */
	offhook_id account;                     /**< who asks */
	enum offhook_buddy_kind kind;           /**< what we follow */
	char uri[512];                          /**< as configured; cut to size */
	enum offhook_presence_status status;    /**< as last heard */
	enum offhook_activity activity;         /**< as last heard */
	char note[256];                         /**< his words, UTF-8; "" = none; cut to size */
	char contact[256];                      /**< where he says that he is; "" = not said */
	enum offhook_subscription subscription; /**< how it stands */
	unsigned code;                          /**< of the response that ended it last; 0: none */
	int error;                              /**< why nothing could be sent, or 0 */
	char reason[64]; /**< phrase of the code, or why the other side ended it ("rejected" ...) */
	uint32_t next_s; /**< WAITING: until the next attempt; ACTIVE, PENDING: until it must be renewed */
};

/**
 * What is known of a buddy now.
 *
 * @param phone     borrowed
 * @param id        the buddy
 * @param ret_info  size must be set; filled as far as that size reaches
 * @return 0, OH_ENOENT, OH_EINVAL, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_buddy_get_info(
	struct offhook_phone *phone, offhook_id id, struct offhook_buddy_info *ret_info);

/** A call of a buddy of the kind OFFHOOK_BUDDY_DIALOGS, as an OFFHOOK_EVENT_DIALOG_INFO tells. Texts: "" = not said. */
struct offhook_dialog_info {
	size_t size;               /**< set by the library: as much of this struct as it knows */
	const char *id;            /**< which of his calls; the same in all events of one call */
	const char *state;         /**< "trying", "proceeding", "early", "confirmed" or "terminated" */
	const char *event;         /**< why it is terminated: "rejected", "local-bye", "replaced" ... */
	unsigned code;             /**< of the response that changed it; 0: not said */
	int initiator;             /**< 1: he has called */
	const char *call_id;       /**< with the tags: for a Replaces header (RFC 3891) */
	const char *local_tag;     /**< his */
	const char *remote_tag;    /**< of the other one */
	const char *local;         /**< his URI */
	const char *remote;        /**< URI of the other one */
	const char *remote_name;   /**< display name of the other one */
	const char *local_target;  /**< where he can be reached for this call */
	const char *remote_target; /**< where the other one can */
};

/* ---- watchers -------------------------------------------------------------------------------------------------- */

/** Who may follow us without that the program is asked. */
enum offhook_watchers {
	OFFHOOK_WATCHERS_ASK = 0,     /**< nobody: each is a question */
	OFFHOOK_WATCHERS_BUDDIES = 1, /**< whoever is a buddy of ours; the others are questions */
	OFFHOOK_WATCHERS_ALL = 2,     /**< everybody */
	OFFHOOK_WATCHERS_NONE = 3     /**< nobody, and no question: 403 */
};

/**
 * Decides about a watcher, again or for the first time after a 202.
 *
 * @param phone   borrowed
 * @param id      the watcher: the id of the event of his question
 * @param state   OFFHOOK_SUBSCRIPTION_PENDING, _ACTIVE or _TERMINATED
 * @param reason  of _TERMINATED, such as "rejected" or "noresource" (RFC 6665 4.1.3); NULL or "": "rejected"; copied
 * @return 0, OH_ENOENT (gone), OH_EINVAL (another state; a reason that is no word), OH_ESTATE (his question is not
 *         answered yet), OH_ENOMEM, OH_ECLOSED
 *
 * Thread: any.  May call back: with inline delivery.  Spec: RFC 6665 4.2.2.
 */
OFFHOOK_API int offhook_watcher_set(
	struct offhook_phone *phone, offhook_id id, enum offhook_subscription state, const char *reason);

/* ---- ourselves ------------------------------------------------------------------------------------------------- */

/** How an account takes part; see offhook_account_cfg. Fill with offhook_presence_cfg_init() first. */
struct offhook_presence_cfg {
	size_t size;                           /**< set by offhook_presence_cfg_init() */
	enum offhook_watchers watchers;        /**< who may see whether we are there; default: ask */
	enum offhook_watchers dialog_watchers; /**< who may see our calls; default: ask */
	int publish; /**< non-zero: what we say is published at the account's server (RFC 3903) too */
	uint32_t publish_expires_s; /**< asked for, 60..86400; default 3600 */
	int mwi; /**< non-zero: ask the account's server whether messages wait (RFC 3842), once registered */
};

/**
 * Fills in the defaults.
 *
 * @param cfg  to be filled; must not be NULL
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API void offhook_presence_cfg_init(struct offhook_presence_cfg *cfg);

/** What others are told of us. */
struct offhook_presence {
	size_t size;                    /**< set by the caller to sizeof */
	int online;                     /**< non-zero: we are there */
	enum offhook_activity activity; /**< what we do */
	const char *note;               /**< our words, UTF-8, at most 255 bytes; NULL: none; copied */
	const char *id; /**< name of this device in what is told (RFC 3863 4.1.2); NULL: "phone"; copied */
};

/**
 * Says how we are: to all who watch this account, and to its server when the account publishes. An account that was never
 * asked to say so is not there.
 *
 * @param phone     borrowed
 * @param account   0 = the default account
 * @param presence  copied
 * @return 0, OH_ENOENT, OH_EINVAL (size; an activity that is none), OH_ETOOBIG (a text), OH_ENOMEM, OH_ECLOSED
 *
 * Thread: any.  May call back: with inline delivery.  Spec: RFC 3856 6.9, RFC 3903 4.
 */
OFFHOOK_API int offhook_account_set_presence(
	struct offhook_phone *phone, offhook_id account, const struct offhook_presence *presence);

/** How many messages wait, as an OFFHOOK_EVENT_MWI tells; the whole text is the body of the event's `message`. */
struct offhook_waiting {
	size_t size;               /**< set by the library: as much of this struct as it knows */
	int waiting;               /**< 1: there are some */
	const char *account;       /**< where they can be heard: a URI; "" = not said */
	int has_voice;             /**< 1: the counts of voice messages were told */
	uint32_t voice_new;        /**< not heard yet */
	uint32_t voice_old;        /**< heard */
	uint32_t voice_new_urgent; /**< of voice_new */
	uint32_t voice_old_urgent; /**< of voice_old */
};

/** @} */

#ifdef __cplusplus
}
#endif
#endif
