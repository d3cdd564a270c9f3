/* Certificates of the moment: made by the test that needs them, with keys that nobody else has. P-256. */
#ifndef OH_TESTS_TLS_CERTS_H
#define OH_TESTS_TLS_CERTS_H

#include "base/slice.h"

#include <openssl/x509.h>

struct cert {
	X509 *x509;
	EVP_PKEY *key;
	char *pem, *key_pem; /* terminated */
};

struct cert_cfg {
	const char *cn;            /* NULL: none */
	const char *san;           /* as openssl.cnf has it: "DNS:a.example,URI:sip:a.example"; NULL: none */
	int64_t from_s, until_s;   /* seconds since 1970; 0, 0: always good */
	bool ca;                   /* may issue others */
	const struct cert *issuer; /* NULL: itself */
	int rsa_bits;              /* 0: P-256 */
};

void cert_make(const struct cert_cfg *cfg, struct cert *ret_cert);
void cert_free(struct cert *c);

/* Texts one behind the other in a file of its own; the path in buf. */
void cert_write(const char *a, const char *b, char buf[64]);

#endif
