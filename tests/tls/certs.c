#include "certs.h"

#include "check.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <unistd.h>

static void extend(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *e;
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	CHECK(e);
	CHECK(X509_add_ext(x, e, -1));
	X509_EXTENSION_free(e);
}

static void set_time(ASN1_TIME *t, int64_t s, const char *otherwise)
{
	if (s)
		CHECK(ASN1_TIME_set(t, (time_t)s));
	else
		CHECK(ASN1_TIME_set_string(t, otherwise));
}

static char *text_of(BIO *bio)
{
	char *p, *text;
	long n = BIO_get_mem_data(bio, &p);

	text = malloc((size_t)n + 1);
	CHECK(text);
	memcpy(text, p, (size_t)n);
	text[n] = '\0';
	BIO_free(bio);
	return text;
}

static void make_texts(struct cert *c)
{
	BIO *cert = BIO_new(BIO_s_mem()), *key = BIO_new(BIO_s_mem());

	CHECK(PEM_write_bio_X509(cert, c->x509));
	CHECK(PEM_write_bio_PrivateKey(key, c->key, NULL, NULL, 0, NULL, NULL));
	c->pem = text_of(cert);
	c->key_pem = text_of(key);
}

void cert_make(const struct cert_cfg *cfg, struct cert *ret_cert)
{
	static long serial;
	struct cert c = {.x509 = X509_new(),
		.key = cfg->rsa_bits ? EVP_RSA_gen((unsigned)cfg->rsa_bits) : EVP_EC_gen("P-256")};
	const struct cert *issuer = cfg->issuer ? cfg->issuer : &c;
	X509_NAME *subject;

	CHECK(c.x509 && c.key);
	subject = X509_get_subject_name(c.x509);
	X509_set_version(c.x509, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(c.x509), ++serial);
	set_time(X509_getm_notBefore(c.x509), cfg->from_s, "20000101000000Z");
	set_time(X509_getm_notAfter(c.x509), cfg->until_s, "20991231235959Z");
	if (cfg->cn)
		CHECK(X509_NAME_add_entry_by_txt(
			subject, "CN", MBSTRING_UTF8, (const uint8_t *)cfg->cn, -1, -1, 0));
	X509_set_issuer_name(c.x509, X509_get_subject_name(issuer->x509));
	X509_set_pubkey(c.x509, c.key);
	extend(c.x509, issuer->x509, NID_basic_constraints, cfg->ca ? "critical,CA:TRUE" : "CA:FALSE");
	if (cfg->san)
		extend(c.x509, issuer->x509, NID_subject_alt_name, cfg->san);
	CHECK(X509_sign(c.x509, issuer->key, EVP_sha256()));
	make_texts(&c);
	*ret_cert = c;
}

void cert_free(struct cert *c)
{
	X509_free(c->x509);
	EVP_PKEY_free(c->key);
	free(c->pem);
	free(c->key_pem);
	*c = (struct cert){0};
}

void cert_write(const char *a, const char *b, char buf[64])
{
	FILE *file;
	int fd;

	strcpy(buf, "/tmp/offhook-test-XXXXXX");
	fd = mkstemp(buf);
	CHECK(fd >= 0);
	file = fdopen(fd, "w");
	CHECK(file);
	fputs(a, file);
	fputs(b ? b : "", file);
	fclose(file);
}
