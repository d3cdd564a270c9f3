#include "phone/uri_text.h"

#include "base/err.h"
#include "base/mem.h"
#include "offhook/phone.h"

#include <stdio.h>

int uri_text_parse(const char *text, struct sip_addr *ret_addr)
{
	struct sip_addr addr = {0};
	struct slice s = slice_trim(slice_of(text));
	int err;

	if (!text)
		return err_detail(OH_EINVAL, "no URI");
	/* Alone it is one URI, whatever it holds; in a header ';' and '?' would end it (RFC 3261 20). */
	if (slice_index(s, '<') < s.n) {
		err = sip_addr_parse(s, &addr);
	} else {
		addr.text = s;
		err = sip_uri_parse(s, &addr.uri);
	}
	if (err == OH_ESYNTAX || (err == OH_EURI && !*err_detail_text()))
		err = err_detail(OH_EURI,
			"'%.100s' is not a SIP address; one is sip:user@host or <sip:user@host>", text);
	if (err)
		return err;
	if (addr.star || (addr.uri.scheme != SIP_SCHEME_SIP && addr.uri.scheme != SIP_SCHEME_SIPS))
		return err_detail(OH_ESCHEME, "'%.100s' is not a sip: or sips: URI", text);
	if (slice_empty(addr.uri.host))
		return err_detail(OH_EURI, "no host in '%.100s'; a SIP URI is sip:user@host", text);
	*ret_addr = addr;
	return 0;
}

int offhook_uri_check(const char *uri)
{
	struct sip_addr addr;

	err_detail_clear();
	return uri_text_parse(uri, &addr);
}

/* A text that is put together from slices; the cap is known beforehand. */
struct text {
	char *buf;
	size_t n;
};

static void put(struct text *t, struct slice s)
{
	if (s.n)
		memcpy(t->buf + t->n, s.p, s.n);
	t->n += s.n;
	t->buf[t->n] = '\0';
}

static void put_str(struct text *t, const char *s)
{
	put(t, slice_of(s));
}

static bool one_of(struct slice name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (slice_ieq(name, slice_of(names[i])))
			return true;
	return false;
}

static void put_uri(
	struct text *t, const struct sip_uri *u, bool port, const char *const *without, size_t n_without)
{
	struct slice rest = u->params;
	struct sip_param param;

	put(t, u->scheme_text);
	put_str(t, ":");
	if (slice_present(u->user)) {
		put(t, u->user);
		if (slice_present(u->password)) {
			put_str(t, ":");
			put(t, u->password);
		}
		put_str(t, "@");
	}
	put(t, u->host);
	if (port && u->port) {
		char digits[8];

		snprintf(digits, sizeof(digits), ":%u", u->port);
		put_str(t, digits);
	}
	while (slice_present(rest) && sip_param_next(&rest, &param) == 1) {
		if (one_of(param.name, without, n_without))
			continue;
		put_str(t, ";");
		put(t, param.name);
		if (slice_present(param.value)) {
			put_str(t, "=");
			put(t, param.value);
		}
	}
}

char *uri_text_identity(const struct sip_addr *addr)
{
	static const char *const without[] = {"method", "maddr", "ttl", "transport", "lr"};
	struct text t = {mem_alloc(addr->text.n + 16), 0};

	if (!t.buf)
		return NULL;
	put_str(&t, "");
	if (!slice_empty(addr->display)) {
		put_str(&t, "\"");
		put(&t, addr->display);
		put_str(&t, "\" ");
	}
	put_str(&t, "<");
	put_uri(&t, &addr->uri, false, without, ARRAY_LEN(without));
	put_str(&t, ">");
	return t.buf;
}

char *uri_text_target(const struct sip_uri *uri)
{
	static const char *const without[] = {"method"};
	struct text t = {mem_alloc(uri->text.n + 16), 0};

	if (!t.buf)
		return NULL;
	put_uri(&t, uri, true, without, ARRAY_LEN(without));
	return t.buf;
}

char *uri_text_secure(const struct sip_addr *addr)
{
	const struct sip_uri *u = &addr->uri;
	struct slice before = slice_make(addr->text.p, (size_t)(u->text.p - addr->text.p));
	struct slice after = slice_skip(addr->text, before.n + u->text.n);
	struct slice rest = slice_skip(u->text, u->scheme_text.n), transport;
	struct text t = {mem_alloc(addr->text.n + 16), 0};

	if (!t.buf)
		return NULL;
	put(&t, before);
	put_str(&t, "sips");
	if (sip_uri_param(u, SLICE_LIT("transport"), &transport) && slice_ieq(transport, SLICE_LIT("tls"))) {
		/* ";transport=" before it */
		size_t at = (size_t)(transport.p - rest.p);

		put(&t, slice_make(rest.p, at - strlen(";transport=")));
		rest = slice_skip(rest, at + transport.n);
	}
	put(&t, rest);
	put(&t, after);
	return t.buf;
}
