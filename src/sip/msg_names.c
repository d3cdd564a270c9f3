/*
 * Names of methods and header fields (and of statuses, whose list is base/phrase.c). One list each; the hash
 * tables are built from the lists when the program is loaded and only read after that.
 */
#include "sip/msg_impl.h"

#include "base/phrase.h"

static const struct sip_name methods[N_SIP_METHODS] = {
#define X(name) [SIP_##name] = {#name, sizeof(#name) - 1, 0},
	SIP_METHODS(X)
#undef X
};

const struct sip_name sip_hdr_names[N_SIP_HDRS] = {
#define X(id, name, compact, list) [SIP_HDR_##id] = {name, sizeof(name) - 1, compact},
	SIP_HEADERS(X)
#undef X
};

/* Open addressing; 0 is an empty slot. The factors make the lists of today free of collisions, and with one
 * more name they need not: then a second slot is looked at. */
uint8_t sip_hdr_slots[256];
static uint8_t method_slots[64];

static unsigned method_hash(const char *p, size_t n)
{
	return ((unsigned)n * 25 + (unsigned char)p[0] * 17 + (unsigned char)p[1] * 14) & 63;
}

__attribute__((constructor)) static void build_tables(void)
{
	unsigned at;

	for (unsigned id = 1; id < N_SIP_HDRS; id++) {
		for (at = sip_hdr_hash(sip_hdr_names[id].text, sip_hdr_names[id].n); sip_hdr_slots[at];
			at = (at + 1) & 255)
			;
		sip_hdr_slots[at] = (uint8_t)id;
		if (!sip_hdr_names[id].compact)
			continue;
		for (at = sip_hdr_hash(&sip_hdr_names[id].compact, 1); sip_hdr_slots[at]; at = (at + 1) & 255)
			;
		sip_hdr_slots[at] = (uint8_t)id;
	}
	for (unsigned id = 1; id < N_SIP_METHODS; id++) {
		for (at = method_hash(methods[id].text, methods[id].n); method_slots[at]; at = (at + 1) & 63)
			;
		method_slots[at] = (uint8_t)id;
	}
}

enum sip_hdr_id sip_hdr_of(struct slice name)
{
	return sip_hdr_find(name.p, name.n, name.n);
}

const char *sip_hdr_name(enum sip_hdr_id id)
{
	return (unsigned)id < N_SIP_HDRS ? sip_hdr_names[id].text : "";
}

enum sip_method sip_method_of(struct slice name)
{
	if (name.n < 2)
		return SIP_METHOD_OTHER;
	for (unsigned at = method_hash(name.p, name.n); method_slots[at]; at = (at + 1) & 63) {
		const struct sip_name *m = &methods[method_slots[at]];

		if (m->n == name.n && memcmp(m->text, name.p, name.n) == 0)
			return method_slots[at];
	}
	return SIP_METHOD_OTHER;
}

const char *sip_method_name(enum sip_method method)
{
	return (unsigned)method < N_SIP_METHODS ? methods[method].text : "";
}

const char *sip_reason(unsigned status)
{
	static const char *const of_class[] = {"Session Progress", "OK", "Multiple Choices", "Bad Request",
		"Server Internal Error", "Busy Everywhere"};
	const char *known = status_phrase(status);

	if (known)
		return known;
	/* RFC 3261 8.1.3.2: an unknown status means what x00 of its class means; 1xx: 183. */
	return status < 100 || status > 699 ? "" : of_class[status / 100 - 1];
}
