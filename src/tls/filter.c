/* TLS of one connection, over memory: ciphertext in and out by the filter's doors (base/filter.h). */
#include "base/err.h"
#include "base/mem.h"
#include "tls/impl.h"
#include "tls/name.h"

#include <openssl/err.h>

static struct tls_filter *tls_of(struct filter *f)
{
	return (struct tls_filter *)f;
}

/* What OpenSSL wants to have sent, goes. */
static int flush(struct tls_filter *f)
{
	char *bytes;
	long n = BIO_get_mem_data(f->out, &bytes);
	int err = n > 0 ? f->base.sink.down(f->base.sink.arg, slice_make(bytes, (size_t)n)) : 0;

	BIO_reset(f->out);
	return err;
}

/* After a call that did not succeed: is more to come first, or is it over? */
static int look_at(struct tls_filter *f, int result)
{
	switch (SSL_get_error(f->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		return 0;
	case SSL_ERROR_ZERO_RETURN:
		f->base.state = FILTER_ENDED; /* close_notify */
		return 0;
	default:
		return tls_fail(f);
	}
}

static int shake(struct tls_filter *f)
{
	int result;

	ERR_clear_error();
	result = SSL_do_handshake(f->ssl);
	if (result != 1)
		return look_at(f, result);
	f->base.state = FILTER_OPEN;
	host_log(f->ctx->host, LOG_DEBUG, "tls", "%s %s, %s%s", f->client ? "connected to" : "accepted",
		f->name ? f->name : "a client", SSL_get_version(f->ssl),
		SSL_session_reused(f->ssl) ? ", resumed" : "");
	return 0;
}

static int read_all(struct tls_filter *f)
{
	while (f->base.state == FILTER_OPEN) {
		size_t n;
		int result, err;

		ERR_clear_error();
		result = SSL_read_ex(f->ssl, f->ctx->plain, sizeof(f->ctx->plain), &n);
		if (result != 1)
			return look_at(f, result);
		err = f->base.sink.up(f->base.sink.arg, slice_make((const char *)f->ctx->plain, n));
		if (err)
			return err;
	}
	return 0;
}

/* The alert that tells the peer why goes out as well. */
static int flush_after(struct tls_filter *f, int err)
{
	int err_down = flush(f);

	return err ? err : err_down;
}

static int start(struct filter *base)
{
	struct tls_filter *f = tls_of(base);

	return flush_after(f, f->client ? shake(f) : 0);
}

static int receive(struct filter *base, struct slice bytes)
{
	struct tls_filter *f = tls_of(base);
	int err = 0;

	if (slice_empty(bytes))
		return 0;
	if (BIO_write(f->in, bytes.p, (int)bytes.n) != (int)bytes.n)
		return OH_ENOMEM;
	if (base->state == FILTER_OPENING)
		err = shake(f);
	if (!err)
		err = read_all(f);
	return flush_after(f, err);
}

static int send(struct filter *base, struct slice payload)
{
	struct tls_filter *f = tls_of(base);
	size_t n;
	int err = 0;

	if (slice_empty(payload))
		return 0;
	ERR_clear_error();
	if (SSL_write_ex(f->ssl, payload.p, payload.n, &n) != 1)
		err = tls_fail(f);
	return flush_after(f, err);
}

static int finish(struct filter *base)
{
	struct tls_filter *f = tls_of(base);

	if (base->state != FILTER_OPEN)
		return 0; /* there is no session to say goodbye in */
	ERR_clear_error();
	SSL_shutdown(f->ssl);
	ERR_clear_error();
	return flush(f);
}

static void free_filter(struct filter *base)
{
	struct tls_filter *f = tls_of(base);

	/* A connection that was lost in the middle may be resumed; OpenSSL would throw its session away. */
	if (f->ssl && base->state != FILTER_FAILED)
		SSL_set_shutdown(f->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(f->ssl);
	mem_free(f->name);
	mem_free(f);
}

static bool proves(const struct filter *base, struct slice host)
{
	const struct tls_filter *f = (const struct tls_filter *)base;
	X509 *cert = SSL_get0_peer_certificate(f->ssl);

	return cert && !f->ctx->trust_anyone && SSL_get_verify_result(f->ssl) == X509_V_OK &&
	       tls_name_matches(cert, host);
}

static const struct filter_ops ops = {"tls", start, receive, send, finish, free_filter, proves};

/* An address in brackets, as it stands in a URI, is meant without them. */
static char *name_of(const struct tls_ctx *ctx, const struct filter_ask *ask)
{
	struct slice name = ask->name;

	if (ctx->name)
		return mem_strdup(ctx->name);
	if (name.n > 2 && name.p[0] == '[' && name.p[name.n - 1] == ']')
		name = slice_make(name.p + 1, name.n - 2);
	return slice_dup(name);
}

/* RFC 6066 3: a name of the DNS; an address is none. */
static void ask_for_name(struct tls_filter *f)
{
	struct netaddr ip;

	if (f->name && netaddr_parse_ip(slice_of(f->name), 0, &ip) != 0)
		SSL_set_tlsext_host_name(f->ssl, f->name);
}

static void as_client(struct tls_filter *f)
{
	SSL_set_connect_state(f->ssl);
	SSL_set_verify(f->ssl, f->ctx->trust_anyone ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
	ask_for_name(f);
	tls_session_offer(f);
}

static void as_server(struct tls_filter *f)
{
	const int ask = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;

	SSL_set_accept_state(f->ssl);
	SSL_set_verify(f->ssl, f->ctx->require_client_cert ? ask : SSL_VERIFY_NONE, NULL);
}

static int set_up(struct tls_filter *f)
{
	BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());

	f->ssl = SSL_new(f->ctx->ssl);
	if (!in || !out || !f->ssl) {
		BIO_free(in);
		BIO_free(out);
		return OH_ENOMEM;
	}
	SSL_set_app_data(f->ssl, f);
	SSL_set_bio(f->ssl, in, out);
	f->in = in;
	f->out = out;
	(f->client ? as_client : as_server)(f);
	return 0;
}

int tls_filter_new(struct tls_ctx *ctx, const struct filter_ask *ask, struct filter **ret_filter)
{
	bool named = ask->client && (ctx->name || slice_present(ask->name));
	struct tls_filter *f;

	if (!ask->client && !ctx->can_serve)
		return err_detail(OH_EREFUSED, "without a certificate nobody can connect to us over TLS");
	f = mem_zalloc(sizeof(*f));
	if (!f)
		return OH_ENOMEM;
	f->base.ops = &ops;
	f->ctx = ctx;
	f->client = ask->client;
	if (named)
		f->name = name_of(ctx, ask);
	if ((named && !f->name) || set_up(f)) {
		free_filter(&f->base);
		return OH_ENOMEM;
	}
	*ret_filter = &f->base;
	return 0;
}

void tls_filter_info(const struct filter *base, struct tls_info *ret_info)
{
	const struct tls_filter *f = (const struct tls_filter *)base;

	ret_info->version = SSL_get_version(f->ssl);
	ret_info->cipher = SSL_get_cipher_name(f->ssl);
	ret_info->resumed = SSL_session_reused(f->ssl) == 1;
}
