#include "parse_peer.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wundef"
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
#include <osipparser2/osip_parser.h>
#pragma GCC diagnostic pop

#include <stdlib.h>
#include <string.h>

static void init(void)
{
	parser_init();
}

static void *load(const char *text, size_t n)
{
	osip_message_t *m = NULL;

	if (osip_message_init(&m) != 0)
		return NULL;
	if (osip_message_parse(m, text, n) == 0)
		return m;
	osip_message_free(m);
	return NULL;
}

static size_t typed(const char *text, size_t n)
{
	osip_message_t *m = load(text, n);
	osip_via_t *via;
	osip_contact_t *contact;
	osip_record_route_t *route;
	osip_generic_param_t *branch;
	osip_header_t *hops;
	size_t sum = 0;

	if (!m)
		return 0;
	via = osip_list_get(&m->vias, 0);
	contact = osip_list_get(&m->contacts, 0);
	route = osip_list_get(&m->record_routes, 0);
	osip_message_header_get_byname(m, "max-forwards", 0, &hops);
	osip_via_param_get_byname(via, (char *)"branch", &branch);
	if (branch && hops && contact && route)
		sum = strlen(m->req_uri->host) + strlen(branch->gvalue) + strlen(m->from->url->username) +
		      strlen(m->to->url->username) + strlen(m->call_id->number) +
		      (size_t)atoi(m->cseq->number) + (size_t)atoi(hops->hvalue) +
		      strlen(contact->url->host) + strlen(route->url->host) +
		      (size_t)atoi(m->content_length->value);
	osip_message_free(m);
	return sum;
}

static size_t print(void *message)
{
	char *text = NULL;
	size_t n = 0;

	osip_message_force_update(message); /* or it hands out the text of last time */
	if (osip_message_to_str(message, &text, &n) != 0)
		return 0;
	osip_free(text);
	return n;
}

static void unload(void *message)
{
	osip_message_free(message);
}

const struct parse_peer peer_osip = {"osip2", init, typed, load, print, unload, NULL, NULL};
