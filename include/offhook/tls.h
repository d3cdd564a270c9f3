/**
 * @file
 * @ingroup tls
 * Settings of transports over TLS (OFFHOOK_TLS, OFFHOOK_WSS).
 */
#ifndef OFFHOOK_TLS_H
#define OFFHOOK_TLS_H

#include "offhook/phone.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @defgroup tls TLS
 * Who we are and whom we trust, for transports over TLS.
 * @{
 */

/** Oldest version that is spoken. */
enum offhook_tls_version {
	OFFHOOK_TLS_1_2 = 12, /**< the default */
	OFFHOOK_TLS_1_3 = 13  /**< nothing older than 1.3 */
};

/** Settings of TLS; fill with offhook_tls_cfg_init() first. Files are PEM and are read when the transport is added. */
struct offhook_tls_cfg {
	size_t size;           /**< set by offhook_tls_cfg_init() */
	const char *cert_file; /**< our certificate and its chain; NULL: none, and nobody can connect to us */
	const char *key_file;  /**< its key, not encrypted; NULL: it stands in cert_file */
	const char
		*ca_file; /**< issuers that we trust; this and ca_folder NULL: those that the system trusts */
	const char *ca_folder; /**< a folder of them, by hashed names */
	/** 1: a server's certificate must be valid and name the host that we wanted (RFC 5922); 0: anyone is taken, and
	 * somebody between us can listen and speak; default 1 */
	int verify;
	int require_client_cert; /**< 1: who connects to us shows a valid certificate; default 0 */
	enum offhook_tls_version min_version; /**< default OFFHOOK_TLS_1_2 */
	const char *ciphers;                  /**< OpenSSL's list for TLS 1.2; NULL: OpenSSL's own */
	const char
		*name; /**< ask for and look for this name instead of the host of the URI; NULL: that host */
	const char *
		keylog_file; /**< the secrets of all sessions are written there, for Wireshark; NULL: never */
};

/**
 * Fills in the defaults.
 *
 * @param cfg  to be filled; must not be NULL
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API void offhook_tls_cfg_init(struct offhook_tls_cfg *cfg);

/** @} */

#ifdef __cplusplus
}
#endif

#endif
