/**
 * @file
 * @ingroup registration
 * Registrations: how an account tells its registrar where it is, and how it stays known there.
 */
#ifndef OFFHOOK_REGISTRATION_H
#define OFFHOOK_REGISTRATION_H

#include "offhook/phone.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @defgroup registration Registrations
 * An account with a registrar is kept registered by itself: it refreshes in time, waits and tries again when nobody
 * answers, goes to a backup and comes back, follows its own address. Every outcome is an event. An account without a
 * registrar (a trunk known by its address) is just an identity.
 * @{
 */

/** Registrars of one account, backups included. */
#define OFFHOOK_REGISTRARS_MAX 8

/** How the way to the registrar is kept open. */
enum offhook_keepalive {
	/** answered where the registrar does Outbound with us, else blind */
	OFFHOOK_KEEPALIVE_AUTO = 0,
	/**
	 * The registrar, or the proxy before it, answers: to CRLF CRLF over a connection, to STUN over UDP. Without its answer
	 * the way has failed, and is made anew. As often as its Flow-Timer says, else every 95 to 120 s over a connection and
	 * 23 to 29 s over UDP.
	 */
	OFFHOOK_KEEPALIVE_ANSWERED = 1,
	OFFHOOK_KEEPALIVE_BLIND = 2 /**< keepalive_data every keepalive_s; nobody has to answer */
};

/** How an account registers; fill with offhook_registration_cfg_init() first. */
struct offhook_registration_cfg {
	size_t size; /**< set by offhook_registration_cfg_init() */
	/** where: "sip:example.test"; copied. NULL: the host of the account's URI (RFC 3261 10.2.6) */
	const char *registrar;
	const char *const *backups; /**< registrars to ask when the one before cannot be reached; copied */
	size_t n_backups;           /**< at most OFFHOOK_REGISTRARS_MAX - 1 */
	int register_on_add;        /**< 0: offhook_account_register() begins; default 1 */
	uint32_t expires_s;         /**< asked for; the registrar decides; 1..86400, default 300 */
	uint32_t
		wait_max_s; /**< longest wait between two attempts that nobody answers, 1..86400; default 60 */
	/** how often one asks again whom the registrar has refused for good (403, 404, wrong password);
	 * 0: never by itself; default 1800 */
	uint32_t refused_wait_s;
	const char
		*contact_params; /**< header parameters of the Contact, such as "q=0.5"; copied; NULL: none */
	/** non-zero: behind a NAT the Contact becomes the address that the registrar saw; default 1. Over TCP and TLS that is
	 * one end of the connection and is gone with it: calls through a proxy that is started anew can be ended by their
	 * peers only where use_gruu is, or where this is 0 and others can connect to us */
	int contact_rewrite;
	uint32_t
		keepalive_s; /**< something is sent over the way to the registrar so often, see keepalive; 0: never; default 15 */
	const char *keepalive_data; /**< what is sent blindly; default "\r\n"; copied */
	/** which device this is, for ever: "urn:uuid:..." or the UUID alone (RFC 5626 4.1); copied; NULL: none */
	const char *instance_id;
	/** which of its registrations (RFC 5626 4.2); above 0 asks for Outbound and needs instance_id; default 0 */
	uint32_t reg_id;
	int use_gruu; /**< non-zero: ask for addresses that reach this device alone (RFC 5627); needs instance_id */
	enum offhook_keepalive keepalive; /**< default: auto */
};

/**
 * Fills in the defaults.
 *
 * @param cfg  to be filled; must not be NULL
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API void offhook_registration_cfg_init(struct offhook_registration_cfg *cfg);

/** What a registration is doing. */
enum offhook_registration_state {
	OFFHOOK_REGISTRATION_NONE = 0,    /**< the account has no registrar */
	OFFHOOK_REGISTRATION_OFF = 1,     /**< not registered, and not wanted */
	OFFHOOK_REGISTRATION_TRYING = 2,  /**< asked, not bound */
	OFFHOOK_REGISTRATION_ACTIVE = 3,  /**< bound; a refresh may be under way or have failed for now */
	OFFHOOK_REGISTRATION_WAITING = 4, /**< not bound; the next attempt has its time */
	OFFHOOK_REGISTRATION_REFUSED = 5, /**< not bound, because the registrar does not want it */
	OFFHOOK_REGISTRATION_LEAVING = 6  /**< is being unregistered */
};

/** What is known of a registration. */
struct offhook_registration_info {
	size_t size;                           /**< set by the caller to sizeof */
	enum offhook_registration_state state; /**< now */
	unsigned status;          /**< of the last outcome: a SIP status, 0 when nobody answered */
	int error;                /**< of the last outcome: 0 or an enum oh_err */
	char reason[128];         /**< the phrase of that status */
	uint32_t granted_s;       /**< what the registrar granted; 0: not bound */
	uint32_t next_s;          /**< until the next request; 0: none planned, or one is under way */
	uint32_t failures;        /**< attempts in a row that nobody answered or that were put off */
	uint32_t registrar;       /**< 0: the first one, else which backup */
	int outbound;             /**< 1: RFC 5626 is in force */
	char contact[512];        /**< as registered, "<sip:...>" */
	char pub_gruu[512];       /**< the public GRUU, "" = none */
	char temp_gruu[512];      /**< the newest temporary GRUU, "" = none */
	char service_route[1024]; /**< Route values for calls (RFC 3608), comma between; "" = none */
	uint32_t
		flow_timer_s; /**< the registrar wants to hear from us so often (RFC 5626 4.4); 0: it has not said */
};

/**
 * What is known of an account's registration.
 *
 * @param phone     borrowed
 * @param id        the account
 * @param ret_info  size must be set; filled as far as that size reaches
 * @return 0, OH_ENOENT, OH_EINVAL, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: RFC 3261 10.2.
 */
OFFHOOK_API int offhook_account_get_registration(
	struct offhook_phone *phone, offhook_id id, struct offhook_registration_info *ret_info);

/**
 * Registers (or refreshes, or tries again at once), or unregisters. The outcome is an OFFHOOK_EVENT_REGISTRATION.
 *
 * @param phone  borrowed
 * @param id     the account
 * @param on     non-zero: register; 0: unregister and stay so
 * @return 0, OH_ENOENT, OH_ESTATE (the account has no registrar), OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: RFC 3261 10.2.1, 10.2.2, 10.2.4.
 */
OFFHOOK_API int offhook_account_register(struct offhook_phone *phone, offhook_id id, int on);

/**
 * The machine's addresses may have changed, or it has slept: all registrations are made anew over the way that is there
 * now, and the peer of every call is told where we are (OFFHOOK_EVENT_CALL_MOVED). The library notices by itself where the
 * system tells it; what it cannot see is another NAT box before the same address.
 *
 * @param phone  borrowed
 * @return 0, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: RFC 5626 4.5.
 */
OFFHOOK_API int offhook_network_changed(struct offhook_phone *phone);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
