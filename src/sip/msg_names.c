/*
 * Names of methods, header fields and statuses. One list each; the hash tables are built from the lists when
 * the program is loaded and only read after that.
 */
#include "sip/msg_impl.h"

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

/* RFC 3261 21 and the registry: 3262, 3265/6665, 3323-3329, 3903, 4028, 4412, 5393, 6442, 6809, 8224, 8599,
 * 8688. */
static const struct {
	unsigned status;
	const char *phrase;
} phrases[] = {
	{100, "Trying"},
	{180, "Ringing"},
	{181, "Call Is Being Forwarded"},
	{182, "Queued"},
	{183, "Session Progress"},
	{199, "Early Dialog Terminated"},
	{200, "OK"},
	{202, "Accepted"},
	{204, "No Notification"},
	{300, "Multiple Choices"},
	{301, "Moved Permanently"},
	{302, "Moved Temporarily"},
	{305, "Use Proxy"},
	{380, "Alternative Service"},
	{400, "Bad Request"},
	{401, "Unauthorized"},
	{402, "Payment Required"},
	{403, "Forbidden"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
	{406, "Not Acceptable"},
	{407, "Proxy Authentication Required"},
	{408, "Request Timeout"},
	{410, "Gone"},
	{412, "Conditional Request Failed"},
	{413, "Request Entity Too Large"},
	{414, "Request-URI Too Long"},
	{415, "Unsupported Media Type"},
	{416, "Unsupported URI Scheme"},
	{417, "Unknown Resource-Priority"},
	{420, "Bad Extension"},
	{421, "Extension Required"},
	{422, "Session Interval Too Small"},
	{423, "Interval Too Brief"},
	{424, "Bad Location Information"},
	{428, "Use Identity Header"},
	{429, "Provide Referrer Identity"},
	{430, "Flow Failed"},
	{433, "Anonymity Disallowed"},
	{436, "Bad Identity Info"},
	{437, "Unsupported Credential"},
	{438, "Invalid Identity Header"},
	{439, "First Hop Lacks Outbound Support"},
	{440, "Max-Breadth Exceeded"},
	{469, "Bad Info Package"},
	{470, "Consent Needed"},
	{480, "Temporarily Unavailable"},
	{481, "Call/Transaction Does Not Exist"},
	{482, "Loop Detected"},
	{483, "Too Many Hops"},
	{484, "Address Incomplete"},
	{485, "Ambiguous"},
	{486, "Busy Here"},
	{487, "Request Terminated"},
	{488, "Not Acceptable Here"},
	{489, "Bad Event"},
	{491, "Request Pending"},
	{493, "Undecipherable"},
	{494, "Security Agreement Required"},
	{500, "Server Internal Error"},
	{501, "Not Implemented"},
	{502, "Bad Gateway"},
	{503, "Service Unavailable"},
	{504, "Server Time-out"},
	{505, "Version Not Supported"},
	{513, "Message Too Large"},
	{580, "Precondition Failure"},
	{600, "Busy Everywhere"},
	{603, "Decline"},
	{604, "Does Not Exist Anywhere"},
	{606, "Not Acceptable"},
	{607, "Unwanted"},
	{608, "Rejected"},
};

const char *sip_reason(unsigned status)
{
	static const char *const of_class[] = {"Session Progress", "OK", "Multiple Choices", "Bad Request",
		"Server Internal Error", "Busy Everywhere"};

	for (size_t i = 0; i < ARRAY_LEN(phrases); i++) {
		if (phrases[i].status == status)
			return phrases[i].phrase;
	}
	/* RFC 3261 8.1.3.2: an unknown status means what x00 of its class means; 1xx: 183. */
	return status < 100 || status > 699 ? "" : of_class[status / 100 - 1];
}
