#include "tls/name.h"

#include "base/netaddr.h"

#include <openssl/x509v3.h>
#include <stdio.h>

/* One identity at a time: the walk is the same for comparing and for telling. Stops when fn says so. */
typedef bool name_fn(void *arg, const char *prefix, struct slice name);

static struct slice text_of(const ASN1_STRING *s)
{
	return slice_make((const char *)ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
}

/* The host of "sip:host", of whatever port and parameters; absent for another scheme or a URI with a user. */
static struct slice sip_domain(struct slice uri)
{
	struct slice host;
	size_t end = 0;

	if (!slice_ieq(slice_make(uri.p, uri.n < 4 ? uri.n : 4), SLICE_LIT("sip:")))
		return SLICE_NONE;
	host = slice_skip(uri, 4);
	if (slice_index(host, '@') < host.n)
		return SLICE_NONE;
	while (end < host.n && !strchr(":;?", host.p[end]))
		end++;
	return slice_make(host.p, end);
}

static bool each_alternative(const GENERAL_NAMES *names, int type, name_fn *fn, void *arg)
{
	bool any = false;

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		struct slice text;

		if (name->type != type)
			continue;
		text = text_of(name->d.ia5);
		if (type == GEN_URI)
			text = sip_domain(text);
		if (slice_empty(text))
			continue;
		any = true;
		if (fn(arg, type == GEN_URI ? "sip:" : "", text))
			break;
	}
	return any;
}

static void common_name(X509 *cert, name_fn *fn, void *arg)
{
	const X509_NAME *subject = X509_get_subject_name(cert);
	int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);

	if (at >= 0)
		fn(arg, "", text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at))));
}

static void each_domain(X509 *cert, name_fn *fn, void *arg)
{
	int critical;
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, &critical, NULL);

	/* -1: there is no such extension. One that cannot be read is there, and says nothing. */
	if (names) {
		if (!each_alternative(names, GEN_URI, fn, arg))
			each_alternative(names, GEN_DNS, fn, arg);
		GENERAL_NAMES_free(names);
	} else if (critical == -1) {
		common_name(cert, fn, arg);
	}
}

/* A name with its root label ("example.com.") is the same name. */
static struct slice without_root(struct slice host)
{
	if (host.n && host.p[host.n - 1] == '.')
		host.n--;
	return host;
}

struct wanted {
	struct slice host;
	bool found;
};

static bool compare(void *arg, const char *prefix, struct slice name)
{
	struct wanted *w = arg;

	(void)prefix;
	/* Without case, whole, and so never by wildcard; a NUL inside is a byte like others. */
	if (!memchr(name.p, '*', name.n))
		w->found = slice_ieq(without_root(name), w->host);
	return w->found;
}

bool tls_name_matches(X509 *cert, struct slice host)
{
	struct wanted w = {.host = without_root(host)};
	struct netaddr ip;
	size_t n;

	if (slice_empty(w.host))
		return false;
	if (netaddr_parse_ip(host, 0, &ip) == 0) {
		n = ip.family == NETADDR_IP4 ? 4 : 16;
		return X509_check_ip(cert, ip.ip, n, 0) == 1;
	}
	each_domain(cert, compare, &w);
	return w.found;
}

/* ---- for people ---- */

struct list_text {
	char *buf;
	size_t cap, n;
};

static void add(struct list_text *l, const char *text, size_t n)
{
	for (size_t i = 0; i < n && l->n + 1 < l->cap; i++)
		l->buf[l->n++] = text[i] > ' ' && text[i] <= '~' ? text[i] : '?';
	l->buf[l->n] = '\0';
}

static bool tell(void *arg, const char *prefix, struct slice name)
{
	struct list_text *l = arg;

	if (l->n && l->n + 2 < l->cap) {
		l->buf[l->n++] = ',';
		l->buf[l->n++] = ' ';
	}
	add(l, prefix, strlen(prefix));
	add(l, name.p, name.n);
	return false;
}

static void tell_ips(X509 *cert, struct list_text *l)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		struct netaddr ip = {0};
		char text[NETADDR_TEXT];
		struct slice bytes;

		if (name->type != GEN_IPADD)
			continue;
		bytes = text_of(name->d.iPAddress);
		if (bytes.n != 4 && bytes.n != 16)
			continue;
		ip.family = bytes.n == 4 ? NETADDR_IP4 : NETADDR_IP6;
		memcpy(ip.ip, bytes.p, bytes.n);
		tell(l, "", slice_of(netaddr_ip_text(&ip, false, text)));
	}
	GENERAL_NAMES_free(names);
}

const char *tls_name_list(X509 *cert, char *buf, size_t cap)
{
	struct list_text l = {.buf = buf, .cap = cap};

	buf[0] = '\0';
	each_domain(cert, tell, &l);
	tell_ips(cert, &l);
	if (!l.n)
		snprintf(buf, cap, "no name");
	return buf;
}
