/* In which order the records of a service are tried. Inside of src/sip only. */
#ifndef OH_SIP_DNS_ORDER_H
#define OH_SIP_DNS_ORDER_H

#include "host/host.h"
#include "sip/dns_msg.h"

/* RFC 2782, "Priority" and "Weight": by priority, within one by chance in proportion to the weights. */
void dns_srv_order(struct host *h, struct dns_srv *list, size_t n);
/* RFC 3403 4.1: by order, then preference. */
void dns_naptr_order(struct dns_naptr *list, size_t n);

#endif
