/* What OpenSSL says when a session fails, in words for people. */
#include "base/err.h"
#include "tls/impl.h"

#include <openssl/err.h>

static const struct {
	int reason, err;
	const char *text;
} reasons[] = {
	{SSL_R_UNSUPPORTED_PROTOCOL, OH_ETLS, "no TLS version in common"},
	{SSL_R_VERSION_TOO_LOW, OH_ETLS, "no TLS version in common"},
	{SSL_R_WRONG_SSL_VERSION, OH_ETLS, "no TLS version in common"},
	{SSL_R_NO_PROTOCOLS_AVAILABLE, OH_ETLS, "no TLS version is left by the settings of this system"},
	{SSL_R_NO_SHARED_CIPHER, OH_ETLS, "no cipher in common"},
	{SSL_R_WRONG_VERSION_NUMBER, OH_ETLS, "the peer does not speak TLS"},
	{SSL_R_HTTP_REQUEST, OH_ETLS, "the peer does not speak TLS"},
	{SSL_R_HTTPS_PROXY_REQUEST, OH_ETLS, "the peer does not speak TLS"},
	{SSL_R_UNEXPECTED_MESSAGE, OH_ETLS, "the peer does not follow the TLS handshake"},
	{SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, OH_ECERT, "the client showed no certificate"},
	{ERR_R_MALLOC_FAILURE, OH_ENOMEM, "out of memory"},
};

static int fail_by_reason(struct tls_filter *f, unsigned long error)
{
	int reason = ERR_GET_REASON(error);
	const char *text = ERR_reason_error_string(error);

	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (reasons[i].reason == reason)
			return filter_fail(&f->base, reasons[i].err, "%s", reasons[i].text);
	return filter_fail(&f->base, OH_ETLS, "TLS failed: %s", text ? text : "no reason given");
}

/* OpenSSL 3.0 has no word for this one of TLS 1.3. */
static const char *alert_text(int alert)
{
	return alert == TLS13_AD_CERTIFICATE_REQUIRED ? "certificate required"
						      : SSL_alert_desc_string_long(alert);
}

int tls_fail(struct tls_filter *f)
{
	unsigned long error = ERR_peek_error();
	int alert = ERR_GET_REASON(error) - SSL_AD_REASON_OFFSET;

	/* tls_verify() knew more, and the first reason stays. */
	if (ERR_GET_LIB(error) == ERR_LIB_SSL && alert >= 0 && alert <= UINT8_MAX)
		filter_fail(
			&f->base, OH_ETLS, "the peer refuses: %s (TLS alert %d)", alert_text(alert), alert);
	else
		fail_by_reason(f, error);
	ERR_clear_error();
	return f->base.err;
}
