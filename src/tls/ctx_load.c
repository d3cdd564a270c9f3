/* Certificates, keys and trusted issuers, from files or from text, into a context. A failure names what it was about:
 * it comes to somebody who has mixed up two paths. */
#include "base/err.h"
#include "tls/impl.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

/* What is read: for the text of an error. */
struct source {
	const char *what, *file; /* file NULL: it was text */
};

static int unusable(const struct source *src)
{
	const char *why = ERR_reason_error_string(ERR_peek_last_error());

	return err_detail(OH_ECERT, "%s%s%s cannot be used: %s", src->what, src->file ? " in " : "",
		src->file ? src->file : "", why ? why : "no such PEM block in it");
}

static int open_source(const struct source *src, struct slice text, BIO **ret_bio)
{
	BIO *bio;

	ERR_clear_error();
	if (src->file) {
		bio = BIO_new_file(src->file, "re");
		if (!bio)
			return err_detail(errno == ENOENT ? OH_ENOFILE : err_from_errno(errno),
				"cannot read %s '%s': %s", src->what, src->file,
				offhook_strerror(errno == ENOENT ? OH_ENOFILE : err_from_errno(errno)));
	} else {
		bio = BIO_new_mem_buf(text.p, (int)text.n);
		if (!bio)
			return OH_ENOMEM;
	}
	*ret_bio = bio;
	return 0;
}

/* An encrypted key is an error and not a question at the terminal. */
static int no_passphrase(char *buf, int size, int writing, void *arg)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

/* All certificates of the source, to fn in their order; at least one. */
static int each_cert(const struct source *src, struct slice text,
	int (*fn)(SSL_CTX *ssl, X509 *cert, size_t at), SSL_CTX *ssl)
{
	BIO *bio = NULL;
	size_t n = 0;
	int err = open_source(src, text, &bio);

	if (err)
		return err;
	for (X509 *cert; !err && (cert = PEM_read_bio_X509_AUX(bio, NULL, no_passphrase, NULL)); n++) {
		err = fn(ssl, cert, n) ? 0 : unusable(src);
		X509_free(cert);
	}
	BIO_free(bio);
	return !err && !n ? unusable(src) : err;
}

static int use_cert(SSL_CTX *ssl, X509 *cert, size_t at)
{
	return at == 0 ? SSL_CTX_use_certificate(ssl, cert) : (int)SSL_CTX_add1_chain_cert(ssl, cert);
}

static int trust_cert(SSL_CTX *ssl, X509 *cert, size_t at)
{
	(void)at;
	return X509_STORE_add_cert(SSL_CTX_get_cert_store(ssl), cert);
}

static int load_key(const struct source *src, struct slice text, SSL_CTX *ssl)
{
	EVP_PKEY *key;
	BIO *bio = NULL;
	int err = open_source(src, text, &bio);

	if (err)
		return err;
	key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	BIO_free(bio);
	if (!key)
		return unusable(src);
	err = SSL_CTX_use_PrivateKey(ssl, key) ? 0 : unusable(src);
	EVP_PKEY_free(key);
	return err;
}

static int load_identity(struct tls_ctx *ctx, const struct tls_cfg *cfg)
{
	struct source cert = {"the certificate", slice_present(cfg->cert_pem) ? NULL : cfg->cert_file};
	struct source key = {"the private key", slice_present(cfg->key_pem) ? NULL : cfg->key_file};
	struct slice key_text = cfg->key_pem;
	int err;

	if (!cert.file && !slice_present(cfg->cert_pem)) {
		if (key.file || slice_present(key_text))
			return err_detail(OH_EINVAL, "a private key without a certificate");
		return 0;
	}
	if (!key.file && !slice_present(key_text)) {
		key.file = cert.file;
		key_text = cfg->cert_pem;
	}
	err = each_cert(&cert, cfg->cert_pem, use_cert, ctx->ssl);
	if (!err)
		err = load_key(&key, key_text, ctx->ssl);
	ctx->can_serve = !err;
	return err;
}

static int load_trust(SSL_CTX *ssl, const struct tls_cfg *cfg)
{
	const struct source file = {"the trusted certificates", cfg->ca_file};
	const struct source text = {"the trusted certificates", NULL};
	bool named = cfg->ca_file || cfg->ca_folder || slice_present(cfg->ca_pem);
	int err = 0;

	if (!named)
		SSL_CTX_set_default_verify_paths(ssl);
	if (cfg->ca_file)
		err = each_cert(&file, SLICE_NONE, trust_cert, ssl);
	if (!err && slice_present(cfg->ca_pem))
		err = each_cert(&text, cfg->ca_pem, trust_cert, ssl);
	if (!err && cfg->ca_folder && !SSL_CTX_load_verify_dir(ssl, cfg->ca_folder))
		err = err_detail(
			OH_ECERT, "cannot use the folder of trusted certificates '%s'", cfg->ca_folder);
	return err;
}

int tls_load(struct tls_ctx *ctx, const struct tls_cfg *cfg)
{
	int err = load_identity(ctx, cfg);

	return err ? err : load_trust(ctx->ssl, cfg);
}
