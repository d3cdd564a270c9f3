/* An answer of a name server, as SRV and as NAPTR: names stay names, and what is counted is there. */
#include "fuzz.h"

#include "base/err.h"
#include "host/host.h"
#include "sip/dns_msg.h"

static void check_name(const char *name)
{
	size_t n = strnlen(name, DNS_NAME_MAX + 1);

	CHECK(n <= DNS_NAME_MAX);
	CHECK(strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == n);
}

static void as(const uint8_t *data, size_t n, int type)
{
	struct dns_records *r = malloc(sizeof(*r));
	int err;

	CHECK(r);
	err = dns_msg_parse(data, n, "_sip._udp.example.com", type, r);
	if (err) {
		CHECK(err == OH_ESYNTAX || err == OH_ERESOLVE || err == OH_ETRANSPORT || err == OH_ETOOMANY);
	} else {
		CHECK(r->n > 0 && r->n <= DNS_RECORDS_MAX && r->ttl_s <= INT32_MAX);
		for (size_t i = 0; i < r->n; i++)
			check_name(type == HOST_DNS_SRV ? r->srv[i].target : r->naptr[i].replacement);
	}
	free(r);
}

void fuzz_one(const uint8_t *data, size_t n)
{
	as(data, n, HOST_DNS_SRV);
	as(data, n, HOST_DNS_NAPTR);
}
