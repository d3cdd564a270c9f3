/**
 * @file
 * @ingroup auth
 * Who we are, and who calls us: the passwords of an account, and those that it asks its callers for.
 */
#ifndef OFFHOOK_AUTH_H
#define OFFHOOK_AUTH_H

#include "offhook/phone.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @defgroup auth Credentials
 * Digest authentication in both directions: MD5, SHA-256, SHA-512-256 and their -sess forms.
 * @{
 */

/** A user and what proves it, for one realm. Either password or ha1 is set. */
struct offhook_credential {
	const char *realm;    /**< compared as it stands; NULL or "*": every realm */
	const char *user;     /**< may differ from the user of the account's URI */
	const char *password; /**< in plain; NULL: ha1 is given */
	/** H(user:realm:password) in lower-case hexadecimal, so that the password itself need not be known */
	const char *ha1;
	const char *algorithm; /**< of ha1: "MD5", "SHA-256" or "SHA-512-256"; NULL: MD5 */
};

/** What a challenge inside a call is answered with. */
enum offhook_auth_policy {
	/**
	 * Default. In a call that we made: realms that challenged its INVITE, and realms that a credential names and that
	 * challenged this account before outside of calls. In a call that came in: nothing. So a caller that answers our BYE
	 * with a challenge gets no hash of a password to try words against.
	 */
	OFFHOOK_AUTH_MET = 0,
	/** Every realm that a credential names: for servers that challenge inside calls which they sent us. */
	OFFHOOK_AUTH_NAMED = 1,
	OFFHOOK_AUTH_ANY = 2 /**< whoever asks, "*" too */
};

/** The credentials of an account; fill with offhook_auth_cfg_init() first. Passwords are wiped when it is freed. */
struct offhook_auth_cfg {
	size_t size; /**< set by offhook_auth_cfg_init() */
	const struct offhook_credential
		*credentials; /**< for a challenge: the first that names its realm, else "*" */
	size_t n_credentials; /**< at most 1000 */
	/** non-zero: show them with every request to a server that has challenged before, not only with REGISTER and inside
	 * the call where it did */
	int initial_send;
	enum offhook_auth_policy policy; /**< inside calls */
	/** the algorithms that are answered, best first, such as "SHA-512-256, SHA-256"; NULL: all, in the order in which
	 * the server asks */
	const char *algorithms;
	/** non-zero: a server that was shown credentials has to prove that it knows the password too (RFC 7616 3.5); without
	 * that proof a registration or message ends with OH_EREFUSED, and a call goes on, told by OFFHOOK_EVENT_DECISION */
	int want_proof;
};

/**
 * Looks for a user whom the library does not know.
 *
 * @param arg       find_user_arg of the settings
 * @param user      as the caller writes it
 * @param ret_user  to be filled with password or ha1; its texts must live until the next call of this function
 * @return non-zero when there is such a user
 *
 * Thread: signalling: it must not block.  Must not call the library.
 */
typedef int offhook_find_user_fn(void *arg, const char *user, struct offhook_credential *ret_user);

/**
 * Asks the callers of an account who they are; fill with offhook_challenge_cfg_init() first. Whoever has proven it is named
 * by `proven_user` of the call and of events. Ten wrong passwords from one address in a minute, or thirty for one user, are
 * answered no more until the minute is over (OFFHOOK_EVENT_DECISION says so).
 */
struct offhook_challenge_cfg {
	size_t size;                            /**< set by offhook_challenge_cfg_init() */
	const char *realm;                      /**< what callers see; without quotes and backslashes */
	const struct offhook_credential *users; /**< who may; their realm is ignored */
	size_t n_users;                         /**< at most 1000; 0: nobody may */
	const char *algorithms;                 /**< asked for, best first; NULL: "SHA-256, MD5" */
	uint32_t nonce_s;                       /**< how long a challenge can be answered; 0: 300 */
	offhook_find_user_fn *find_user; /**< asked for users who are not in the list; NULL: there are none */
	void *find_user_arg;             /**< given back to it */
};

/**
 * Fills in the defaults.
 *
 * @param cfg  to be filled; must not be NULL
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API void offhook_auth_cfg_init(struct offhook_auth_cfg *cfg);

/**
 * Fills in the defaults.
 *
 * @param cfg  to be filled; must not be NULL
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API void offhook_challenge_cfg_init(struct offhook_challenge_cfg *cfg);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
