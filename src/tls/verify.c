/*
 * The peer's certificate: the chain as RFC 5280 has it, by the host's clock, then the name as RFC 5922 has it. Called by
 * OpenSSL in the middle of a handshake; what it finds becomes the alert that the peer gets and the reason that our side
 * reads.
 */
#include "base/err.h"
#include "tls/impl.h"
#include "tls/name.h"

#include <openssl/x509v3.h>

static const char *date_text(const ASN1_TIME *t, char *buf, size_t cap)
{
	struct tm tm;

	if (!ASN1_TIME_to_tm(t, &tm) || !strftime(buf, cap, "%Y-%m-%d %H:%M UTC", &tm))
		snprintf(buf, cap, "an unreadable date");
	return buf;
}

/* "CN = ..." of whoever it is. Printable by OpenSSL's own rules. */
static void person_text(const X509_NAME *name, char *buf, size_t cap)
{
	BIO *bio = BIO_new(BIO_s_mem());
	int n = 0;

	if (bio && X509_NAME_print_ex(bio, name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB) >= 0)
		n = BIO_read(bio, buf, (int)cap - 1);
	buf[n > 0 ? n : 0] = '\0';
	BIO_free(bio);
}

static bool is_unknown_issuer(int error)
{
	return error == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT ||
	       error == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN ||
	       error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT ||
	       error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
	       error == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE;
}

static void fail_chain(struct tls_filter *f, X509_STORE_CTX *store)
{
	X509 *cert = X509_STORE_CTX_get_current_cert(store);
	int error = X509_STORE_CTX_get_error(store);
	const char *whose = X509_STORE_CTX_get_error_depth(store) > 0 ? "the issuer's certificate"
			    : f->client                               ? "the server's certificate"
								      : "the client's certificate";
	char text[80];

	if (error == X509_V_ERR_CERT_HAS_EXPIRED && cert) {
		filter_fail(&f->base, OH_ECERT, "%s expired on %s", whose,
			date_text(X509_get0_notAfter(cert), text, sizeof(text)));
	} else if (error == X509_V_ERR_CERT_NOT_YET_VALID && cert) {
		filter_fail(&f->base, OH_ECERT, "%s is not valid before %s", whose,
			date_text(X509_get0_notBefore(cert), text, sizeof(text)));
	} else if (is_unknown_issuer(error) && cert) {
		person_text(X509_get_issuer_name(cert), text, sizeof(text));
		filter_fail(&f->base, OH_ECERT, "unknown CA: %s was issued by '%s', whom we do not trust",
			whose, text);
	} else {
		filter_fail(&f->base, OH_ECERT, "%s: %s", whose, X509_verify_cert_error_string(error));
	}
}

static bool check_name(struct tls_filter *f, X509 *cert)
{
	char names[FILTER_WHY_MAX];

	if (!f->name) {
		filter_fail(&f->base, OH_ECERT, "no host is known that the server's certificate should name");
		return false;
	}
	if (tls_name_matches(cert, slice_of(f->name)))
		return true;
	filter_fail(&f->base, OH_ECERT, "the server's certificate is not for '%.60s' but for %s", f->name,
		tls_name_list(cert, names, sizeof(names)));
	return false;
}

int tls_verify(X509_STORE_CTX *store, void *ctx)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_filter *f = SSL_get_app_data(ssl);
	time_t now = (time_t)(host_wall(((struct tls_ctx *)ctx)->host) / NS_PER_S);

	if (f->client && f->ctx->trust_anyone)
		return 1;
	X509_STORE_CTX_set_time(store, 0, now);
	if (X509_verify_cert(store) != 1) {
		fail_chain(f, store);
		return 0;
	}
	if (f->client && !check_name(f, X509_STORE_CTX_get0_cert(store))) {
		X509_STORE_CTX_set_error(store, X509_V_ERR_HOSTNAME_MISMATCH);
		return 0;
	}
	return 1;
}
