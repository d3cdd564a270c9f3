/* Any bytes as a message that is shown: at a glance, masked, as a record of a capture and as a packet for a collector. */
#include "fuzz.h"

#include "base/err.h"
#include "sip/capture.h"
#include "sip/mask.h"
#include "sip/peek.h"

static void glance(struct slice bytes, struct capture *c)
{
	struct sip_peek p;

	if (sip_peek(bytes, &p))
		return;
	CHECK(p.status == 0 || (p.status >= 100 && p.status <= 699));
	CHECK(p.call_id.p == NULL ||
		(p.call_id.p >= bytes.p && p.call_id.p + p.call_id.n <= bytes.p + bytes.n));
	c->call_id = p.call_id;
}

/* Twice is once, and what was no secret stays. */
static void mask(struct slice bytes)
{
	char *once = malloc(bytes.n + 1), *twice = malloc(bytes.n + 1);

	memcpy(once, bytes.p, bytes.n);
	sip_mask_secrets(once, bytes.n);
	memcpy(twice, once, bytes.n);
	sip_mask_secrets(twice, bytes.n);
	CHECK_MEM(once, twice, bytes.n);
	for (size_t i = 0; i < bytes.n; i++)
		CHECK(once[i] == bytes.p[i] || once[i] == '*');
	free(once);
	free(twice);
}

static void capture(struct capture *c, bool ip6)
{
	struct capture_streams *streams = calloc(1, sizeof(*streams));
	uint8_t *record = malloc(CAPTURE_PCAP_EXTRA + c->bytes.n), *packet = malloc(CAPTURE_HEP_MAX);
	long n;

	c->local = c->remote = (struct netaddr){.family = ip6 ? NETADDR_IP6 : NETADDR_IP4, .port = 5060};
	CHECK(capture_pcap_record(streams, c, record) <= CAPTURE_PCAP_EXTRA + c->bytes.n);
	n = capture_hep(c, 1, SLICE_NONE, packet, CAPTURE_HEP_MAX);
	CHECK(n == OH_ETOOBIG || (n > 0 && n <= (long)CAPTURE_HEP_MAX));
	free(streams);
	free(record);
	free(packet);
}

void fuzz_one(const uint8_t *data, size_t n)
{
	struct capture c = {.wall_ns = 1};
	char *block;

	if (n < 1)
		return;
	c.transport = data[0] & 1 ? SIP_TRANSPORT_TCP : SIP_TRANSPORT_UDP;
	c.out = data[0] & 2;
	block = feed_block(slice_make((const char *)data + 1, n - 1));
	c.bytes = slice_make(block, n - 1);
	glance(c.bytes, &c);
	mask(c.bytes);
	capture(&c, data[0] & 4);
	free(block);
}
