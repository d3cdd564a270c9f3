#include "parse_peer.h"

/* Its headers are not written for our warnings. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wundef"
#include <sofia-sip/msg.h>
#include <sofia-sip/msg_addr.h>
#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_protos.h>
#include <sofia-sip/su_alloc.h>
#include <sofia-sip/url.h>
#pragma GCC diagnostic pop

#include <string.h>

static void init(void)
{
}

static size_t typed(const char *text, size_t n)
{
	msg_t *msg = msg_make(sip_default_mclass(), 0, text, (ssize_t)n);
	sip_t *sip = msg ? sip_object(msg) : NULL;
	size_t sum = 0;

	/* It has parsed everything by now. */
	if (sip && sip->sip_request && sip->sip_via && sip->sip_from && sip->sip_to && sip->sip_call_id &&
		sip->sip_cseq && sip->sip_max_forwards && sip->sip_contact && sip->sip_record_route &&
		sip->sip_content_length) {
		sum = strlen(sip->sip_request->rq_url->url_host) + strlen(sip->sip_via->v_branch) +
		      strlen(sip->sip_from->a_url->url_user) + strlen(sip->sip_to->a_url->url_user) +
		      strlen(sip->sip_call_id->i_id) + sip->sip_cseq->cs_seq +
		      sip->sip_max_forwards->mf_count + strlen(sip->sip_contact->m_url->url_host) +
		      strlen(sip->sip_record_route->r_url->url_host) + sip->sip_content_length->l_length;
	}
	msg_destroy(msg);
	return sum;
}

static void *load(const char *text, size_t n)
{
	return msg_make(sip_default_mclass(), 0, text, (ssize_t)n);
}

static size_t print(void *message)
{
	msg_t *msg = message;
	su_home_t *home = su_home_new(sizeof(*home));
	size_t n = 0;
	char *text = msg_as_string(home, msg, NULL, 0, &n);

	n = text ? n : 0;
	su_home_unref(home);
	return n;
}

static void unload(void *message)
{
	msg_destroy(message);
}

static void *uri(const char *text)
{
	static su_home_t home[1] = {SU_HOME_INIT(home)};

	return url_make(home, text);
}

static size_t uri_equal(const void *a, const void *b)
{
	return url_cmp_all(a, b) == 0;
}

const struct parse_peer peer_sofia = {"sofia-sip", init, typed, load, print, unload, uri, uri_equal};
