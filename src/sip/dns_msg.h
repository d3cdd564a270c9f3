/*
 * What a name server said: SRV (RFC 2782) and NAPTR (RFC 3403 4) records in a DNS message (RFC 1035 4). The bytes come
 * from the network; they are read once into plain structs. Pure: no I/O, no allocation.
 */
#ifndef OH_SIP_DNS_MSG_H
#define OH_SIP_DNS_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Named limits on what an answer can make us hold or do. */
#define DNS_NAME_MAX    253u /* RFC 1035 2.3.4, as text */
#define DNS_RECORDS_MAX 32u  /* of the wanted kind; more are not looked at */
#define DNS_ALIASES_MAX 8u   /* of a chain of CNAMEs */

struct dns_srv {
	uint16_t priority, weight, port;
	char target[DNS_NAME_MAX + 1]; /* "": the service is not there (RFC 2782, "Target") */
};

struct dns_naptr {
	uint16_t order, preference;
	char flags[4], service[16]; /* "": longer than any that we know */
	bool has_regexp;
	char replacement[DNS_NAME_MAX + 1];
};

struct dns_records {
	uint32_t ttl_s; /* the shortest of the records and of the aliases that led to them */
	size_t n;
	union {
		struct dns_srv srv[DNS_RECORDS_MAX];
		struct dns_naptr naptr[DNS_RECORDS_MAX];
	};
};

/*
 * The records of `type` (HOST_DNS_SRV or HOST_DNS_NAPTR) that the answer section has for `name`, behind its aliases. A
 * record whose name holds anything but letters, digits, '-', '_' is left out. OH_ERESOLVE: no such name, or none of
 * them; OH_ETRANSPORT: the server failed or refused; OH_ESYNTAX: no DNS answer, or cut; OH_ETOOMANY: too many aliases.
 */
int dns_msg_parse(const uint8_t *msg, size_t n, const char *name, int type, struct dns_records *ret_records);

#endif
