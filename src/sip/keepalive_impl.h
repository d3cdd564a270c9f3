/* What the transports tell the keep-alives. Inside of src/sip only. */
#ifndef OH_SIP_KEEPALIVE_IMPL_H
#define OH_SIP_KEEPALIVE_IMPL_H

#include "sip/keepalive.h"
#include "sip/stack_impl.h"

void sip_keepalives_conn_gone(struct sip_stack *s, uint64_t conn, int err);
void sip_keepalives_transport_gone(struct sip_stack *s, struct sip_transport *t);
/* ICMP. */
void sip_keepalives_unreachable(struct sip_stack *s, struct sip_transport *t, const struct netaddr *peer);
/* A STUN message has come over UDP: a request is answered, an answer finds whose it is. */
void sip_stun_receive(struct sip_stack *s, const struct sip_flow *flow, struct slice bytes);

#endif
