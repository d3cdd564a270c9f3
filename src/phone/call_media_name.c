/*
 * A peer that gives a name for its audio instead of an address (RFC 8866 5.7 allows it): the name is looked up while the
 * stream already runs and sends nothing; the peer's own first packet may tell the address earlier (RFC 4961). What was
 * found stands as long as the peer goes on giving that name.
 */
#include "phone/call_media_impl.h"

#include "base/mem.h"
#include "phone/phone_impl.h"

void call_media_forget_name(struct call_media *m)
{
	if (m->name_query)
		host_dns_cancel(m->name_query);
	m->name_query = NULL;
	mem_free(m->peer_name);
	m->peer_name = NULL;
	m->peer_ip = (struct netaddr){0};
}

static void aim(const struct call_media *m, struct stream_params *params)
{
	uint16_t rtp = params->remote_rtp.port, rtcp = params->remote_rtcp.port;

	params->remote_rtp = params->remote_rtcp = m->peer_ip;
	params->remote_rtp.port = rtp;
	params->remote_rtcp.port = rtcp;
}

static void found(void *arg, int err, const struct netaddr *addrs, size_t n, uint32_t ttl_s)
{
	struct call_media *m = arg;
	struct stream_params params = m->params;

	(void)ttl_s;
	m->name_query = NULL;
	if (!err && n == 0)
		err = OH_ERESOLVE;
	if (!err && m->stream) {
		m->peer_ip = addrs[0];
		aim(m, &params);
		params.relatch = false;
		err = stream_apply(m->stream, &params);
	}
	if (err) {
		host_log(m->phone->host, LOG_WARN, "media", "no address for the peer's audio at %.200s: %s",
			m->peer_name, offhook_strerror(err));
		/* The next description that has it asks again. */
		call_media_forget_name(m);
	} else {
		m->params = params;
	}
}

void call_media_find_peer(struct call_media *m, const struct oa_audio *a, struct stream_params *params)
{
	int err = OH_ENOMEM;

	if (!a->remote_host) {
		call_media_forget_name(m);
		return;
	}
	if (!m->peer_name || strcmp(m->peer_name, a->remote_host) != 0) {
		call_media_forget_name(m);
		m->peer_name = mem_strdup(a->remote_host);
		if (m->peer_name)
			err = host_dns_addrs(
				m->phone->host, m->peer_name, m->published.family, found, m, &m->name_query);
		if (err)
			host_log(m->phone->host, LOG_WARN, "media",
				"cannot look up the peer's audio address: %s", offhook_strerror(err));
	}
	aim(m, params);
}
