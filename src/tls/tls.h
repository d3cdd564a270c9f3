/*
 * TLS by OpenSSL, without a socket: a context says who we are and whom we trust, and makes a filter (base/filter.h) of
 * each connection. Certificates are judged by the host's wall clock, so a test can let one expire.
 *
 * Whose certificate is good for which name is RFC 5922 (tls/name.h). When a handshake fails, the filter's `why` says for
 * people what was wrong and on whose side; its `err` is OH_ECERT when the peer's certificate was not accepted, OH_ETLS for
 * the rest (no version or cipher in common, the peer's alert, not TLS at all).
 *
 * A client keeps the last session of some servers and resumes it: the certificate was judged when it was made.
 *
 * Thread: signalling.
 */
#ifndef OH_TLS_TLS_H
#define OH_TLS_TLS_H

#include "base/filter.h"
#include "host/host.h"

struct tls_ctx;

enum tls_version { TLS_VERSION_DEFAULT, TLS_VERSION_1_2, TLS_VERSION_1_3 };

/* Sessions that a client context keeps, one a server. */
#define TLS_SESSIONS_MAX 64u

struct tls_cfg {
	struct host *host; /* borrowed: wall clock and log */
	/* Our certificate with its chain, and its key, not encrypted: PEM as a file, or as text when the slice is present.
	 * The key's file absent: it stands in the file of the certificate. Without a certificate a context serves clients
	 * only: incoming connections are refused. */
	const char *cert_file, *key_file;
	struct slice cert_pem, key_pem;
	/* Whom we trust: a file, a folder of hashed names, text; none of them: what the system trusts. */
	const char *ca_file, *ca_folder;
	struct slice ca_pem;
	bool trust_anyone; /* client: takes every certificate of a server, of every name */
	/* Server: asks for a certificate and refuses those without a valid one. Its name is not compared: nobody was
	 * asked for (RFC 5922 7.4). */
	bool require_client_cert;
	enum tls_version min_version; /* default: 1.2 */
	const char *ciphers;          /* OpenSSL's list, of TLS 1.2; NULL: OpenSSL's own */
	/* Client: the name to ask for and to look for in the certificate, instead of the host of the URI. */
	const char *name;
	const char *keylog_file; /* secrets of all sessions go there, for Wireshark; NULL: never */
};

/* OH_ENOFILE or OH_ECERT (a file or text cannot be read or used; the key does not fit; with detail), OH_EINVAL (a
 * certificate without a key, no such cipher), OH_ENOMEM. Everything is copied. */
int tls_ctx_new(const struct tls_cfg *cfg, struct tls_ctx **ret_ctx);
/* Its filters must be gone. Accepts NULL; returns NULL. */
struct tls_ctx *tls_ctx_free(struct tls_ctx *ctx);

/* Has it a certificate to serve with? */
bool tls_ctx_can_serve(const struct tls_ctx *ctx);

/* OH_EREFUSED: a server without a certificate; OH_ENOMEM. */
int tls_filter_new(struct tls_ctx *ctx, const struct filter_ask *ask, struct filter **ret_filter);
/* As the maker of a transport's filters; freeing the maker frees the context. */
void tls_ctx_maker(struct tls_ctx *ctx, struct filter_maker *ret_maker);

/* What an open session is: texts that live as long as the filter. */
struct tls_info {
	const char *version, *cipher; /* "TLSv1.3", "TLS_AES_256_GCM_SHA384" */
	bool resumed;
};
void tls_filter_info(const struct filter *f, struct tls_info *ret_info);

#endif
