/*
 * Names of methods, header fields and statuses. One list each; the hash tables are built from the lists when
 * the program is loaded and only read after that.
 */
#include "sip/msg_impl.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define NAME_ROOM 32 /* the longest name, rounded up to whole vectors */

struct name {
	char text[NAME_ROOM];
	uint8_t n;
};

static const struct name methods[N_SIP_METHODS] = {
#define X(name) [SIP_##name] = {#name, sizeof(#name) - 1},
	SIP_METHODS(X)
#undef X
};

static const struct name hdrs[N_SIP_HDRS] = {
#define X(id, name, compact, list) [SIP_HDR_##id] = {name, sizeof(name) - 1},
	SIP_HEADERS(X)
#undef X
};

static const char compacts[N_SIP_HDRS] = {
#define X(id, name, compact, list) [SIP_HDR_##id] = compact,
	SIP_HEADERS(X)
#undef X
};

/* Open addressing; 0 is an empty slot. The factors make the lists of today free of collisions, and with one
 * more name they need not: then a second slot is looked at. */
static uint8_t hdr_slots[256];
static uint8_t method_slots[64];

static unsigned hdr_hash(const char *p, size_t n)
{
	return ((unsigned)n * 39 + (p[0] | 0x20u) * 132 + (p[n - 1] | 0x20u) * 151) & 255;
}

static unsigned method_hash(const char *p, size_t n)
{
	return ((unsigned)n * 25 + (unsigned char)p[0] * 17 + (unsigned char)p[1] * 14) & 63;
}

__attribute__((constructor)) static void build_tables(void)
{
	unsigned at;

	for (unsigned id = 1; id < N_SIP_HDRS; id++) {
		for (at = hdr_hash(hdrs[id].text, hdrs[id].n); hdr_slots[at]; at = (at + 1) & 255)
			;
		hdr_slots[at] = (uint8_t)id;
		if (!compacts[id])
			continue;
		for (at = hdr_hash(&compacts[id], 1); hdr_slots[at]; at = (at + 1) & 255)
			;
		hdr_slots[at] = (uint8_t)id;
	}
	for (unsigned id = 1; id < N_SIP_METHODS; id++) {
		for (at = method_hash(methods[id].text, methods[id].n); method_slots[at]; at = (at + 1) & 63)
			;
		method_slots[at] = (uint8_t)id;
	}
}

#ifdef __SSE2__
/* Names are letters and '-' only, so one OR folds their case. What it also folds, CR and '-', framing
 * refused. */
static bool name_eq_16(const char *p, const char *name, size_t n)
{
	__m128i fold = _mm_set1_epi8(0x20);
	__m128i a = _mm_or_si128(_mm_loadu_si128((const void *)p), fold);
	__m128i b = _mm_or_si128(_mm_loadu_si128((const void *)name), fold);
	unsigned same = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(a, b));

	return (~same & ((1u << n) - 1)) == 0;
}
#endif

static bool hdr_is(unsigned id, const char *p, size_t n, size_t readable)
{
	const struct name *name = &hdrs[id];

	if (n == 1)
		return (*p | 0x20) == compacts[id];
	if (n != name->n)
		return false;
#ifdef __SSE2__
	if (n <= 16 && readable >= 16)
		return name_eq_16(p, name->text, n);
#endif
	(void)readable;
	return slice_ieq(slice_make(p, n), slice_make(name->text, n));
}

enum sip_hdr_id sip_hdr_find(const char *p, size_t n, size_t readable)
{
	if (n == 0)
		return SIP_HDR_OTHER;
	for (unsigned at = hdr_hash(p, n); hdr_slots[at]; at = (at + 1) & 255) {
		if (hdr_is(hdr_slots[at], p, n, readable))
			return hdr_slots[at];
	}
	return SIP_HDR_OTHER;
}

enum sip_hdr_id sip_hdr_of(struct slice name)
{
	return sip_hdr_find(name.p, name.n, name.n);
}

const char *sip_hdr_name(enum sip_hdr_id id)
{
	return (unsigned)id < N_SIP_HDRS ? hdrs[id].text : "";
}

enum sip_method sip_method_of(struct slice name)
{
	if (name.n < 2)
		return SIP_METHOD_OTHER;
	for (unsigned at = method_hash(name.p, name.n); method_slots[at]; at = (at + 1) & 63) {
		const struct name *m = &methods[method_slots[at]];

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
