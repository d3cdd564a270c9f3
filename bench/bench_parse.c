/*
 * What a message costs: 64 different INVITEs of about 1.1 kB with 17 headers, taken in turn, so that no
 * branch predictor knows the message by heart. Median of several rounds, ns a message. Peers do the same work
 * in the same run, in alternating rounds, through the interface that their users have; they copy the text,
 * which is theirs to choose. They cannot only frame, so that row stands alone.
 */
#include "parse_peer.h"
#include "report.h"

#include "sip/writer.h"

#include <stdlib.h>

#define VARIANTS 64u
#define ROUNDS   11u
#define PASSES   150u /* over all variants in a round */

static struct variant {
	char text[2048];
	size_t n;
	struct sip_msg msg; /* for the row "print" */
	void *theirs;
} variants[VARIANTS];

static const char *const uri_pairs[][2] = {
	{"sip:%61lice@atlanta.example.com;transport=TCP", "sip:alice@AtLanTa.example.CoM;Transport=tcp"},
	{"sip:carol@chicago.example.com", "sip:carol@chicago.example.com;newparam=5"},
	{"sip:bob@10.1.2.3:5062;transport=udp;lr", "sip:bob@10.1.2.3:5062;lr;transport=udp"},
	{"sip:bob@biloxi.example.com;transport=udp", "sip:bob@biloxi.example.com:5060;transport=udp"},
};
#define URI_PAIRS (sizeof(uri_pairs) / sizeof(uri_pairs[0]))

static struct sip_uri uris[URI_PAIRS][2];
static void *their_uris[URI_PAIRS][2];
static volatile size_t sink;

/* ---- the messages ---- */

static uint32_t seed = 12345;

static unsigned draw(unsigned below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 16) % below;
}

/* min..max letters and digits */
static const char *word(unsigned min, unsigned max)
{
	static char ring[32][64];
	static unsigned at;
	char *w = ring[at++ % 32];
	unsigned n = min + draw(max - min + 1);

	for (unsigned i = 0; i < n; i++)
		w[i] = "abcdefghijklmnopqrstuvwxyz0123456789"[draw(36)];
	w[n] = '\0';
	return w;
}

static void make_variant(struct variant *v)
{
	const char *user = word(4, 10), *host = word(8, 16), *peer = word(4, 10), *own = word(5, 12);
	char body[512], lines[17][192];
	unsigned order[17], n_lines = 0;
	int body_n;

	body_n = snprintf(body, sizeof(body),
		"v=0\r\no=- %u %u IN IP4 10.0.%u.%u\r\ns=-\r\nc=IN IP4 10.0.0.7\r\nt=0 0\r\n"
		"m=audio %u RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
		"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\na=maxptime:60\r\n"
		"a=rtcp:16385 IN IP4 10.0.0.7\r\na=ssrc:1234567890 cname:offhook\r\na=sendrecv\r\n",
		draw(60000), draw(60000), draw(256), draw(256), 16384 + 2 * draw(8000));
#define LINE(...) snprintf(lines[n_lines++], sizeof(lines[0]), __VA_ARGS__)
	LINE("Via: SIP/2.0/UDP 10.1.%u.%u:5060;rport;branch=z9hG4bK%s\r\n", draw(256), draw(256),
		word(10, 24));
	LINE("Max-Forwards: %u\r\n", 60 + draw(11));
	LINE("Record-Route: <sip:10.2.%u.%u;lr;ftag=%s>\r\n", draw(256), draw(256), word(6, 12));
	LINE("From: \"%s %s\" <sip:%s@%s.example.com>;tag=%s\r\n", word(3, 8), word(4, 10), user, host,
		word(8, 16));
	LINE("To: <sip:%s@%s.example.com>\r\n", peer, host);
	LINE("Call-ID: %s@%s.example.com\r\n", word(16, 32), own);
	LINE("CSeq: %u INVITE\r\n", 1 + draw(30000));
	LINE("Contact: <sip:%s@10.1.%u.%u:%u;transport=udp>\r\n", user, draw(256), draw(256),
		5060 + draw(900));
	LINE("User-Agent: %s/%u.%u\r\n", word(5, 14), draw(9), draw(20));
	LINE("Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK, REFER, NOTIFY\r\n");
	LINE("Supported: replaces, 100rel, timer\r\n");
	LINE("Session-Expires: %u;refresher=uac\r\n", 600 + draw(3000));
	LINE("Min-SE: 90\r\n");
	LINE("Date: Mon, 23 Nov 2026 05:%02u:%02u GMT\r\n", draw(60), draw(60));
	LINE("X-%s: %s\r\n", word(4, 12), word(10, 30));
	LINE("Content-Type: application/sdp\r\n");
	LINE("Content-Length: %d\r\n", body_n);
#undef LINE
	/* Neither do all peers send them in the same order. */
	for (unsigned i = 0; i < n_lines; i++)
		order[i] = i;
	for (unsigned i = 0; i < 6; i++) {
		unsigned a = 1 + draw(n_lines - 1), b = 1 + draw(n_lines - 1), swap = order[a];

		order[a] = order[b];
		order[b] = swap;
	}
	v->n = (size_t)snprintf(
		v->text, sizeof(v->text), "INVITE sip:%s@%s.example.com SIP/2.0\r\n", peer, host);
	for (unsigned i = 0; i < n_lines; i++)
		v->n += (size_t)snprintf(v->text + v->n, sizeof(v->text) - v->n, "%s", lines[order[i]]);
	v->n += (size_t)snprintf(v->text + v->n, sizeof(v->text) - v->n, "\r\n%s", body);
}

/* ---- the work ---- */

static size_t frame(const struct variant *v)
{
	static struct sip_msg m;
	size_t n;

	if (sip_msg_parse(&m, slice_make(v->text, v->n)) != 0 || m.fault.status)
		return 0;
	n = m.n_hdrs;
	sip_msg_free(&m);
	return n;
}

static size_t typed(const struct variant *v)
{
	static struct sip_msg m;
	const struct sip_uri *uri;
	const struct sip_via *via;
	const struct sip_addr *from, *to, *contact, *routes;
	const struct sip_cseq *cseq;
	uint32_t hops, length;
	size_t n_routes, sum;

	if (sip_msg_parse(&m, slice_make(v->text, v->n)) != 0 || sip_msg_ruri(&m, &uri) != 0 ||
		sip_msg_via(&m, &via) != 0 || sip_msg_from(&m, &from) != 0 || sip_msg_to(&m, &to) != 0 ||
		sip_msg_cseq(&m, &cseq) != 0 || sip_msg_contact(&m, &contact) != 0 ||
		sip_msg_max_forwards(&m, &hops) != 0 || sip_msg_content_length(&m, &length) != 0 ||
		sip_msg_routes(&m, SIP_HDR_RECORD_ROUTE, &routes, &n_routes) != 0 || n_routes == 0)
		return 0;
	sum = uri->host.n + via->branch.n + from->uri.user.n + to->uri.user.n + sip_msg_call_id(&m).n +
	      cseq->number + hops + contact->uri.host.n + routes[0].uri.host.n + length;
	sip_msg_free(&m);
	return sum;
}

/* What the stack does with every request that comes. */
static size_t checked(const struct variant *v)
{
	static struct sip_msg m;
	int err = sip_msg_parse(&m, slice_make(v->text, v->n));

	err = err ? err : sip_msg_check(&m);
	sip_msg_free(&m);
	return err == 0;
}

static size_t print(const struct variant *v)
{
	static char buf[4096];
	struct slice text;

	return sip_msg_print(&v->msg, buf, sizeof(buf), &text) == 0 ? text.n : 0;
}

static const struct parse_peer *peer;

static size_t their_typed(const struct variant *v)
{
	return peer->typed(v->text, v->n);
}

static size_t their_print(const struct variant *v)
{
	return peer->print(v->theirs);
}

static size_t uri_equal(const struct variant *v)
{
	struct sip_uri *pair = uris[(size_t)(v - variants) % URI_PAIRS];

	return 1 + sip_uri_eq(&pair[0], &pair[1]);
}

static size_t their_uri_equal(const struct variant *v)
{
	void **pair = their_uris[(size_t)(v - variants) % URI_PAIRS];

	return 1 + peer->uri_equal(pair[0], pair[1]);
}

/* ---- the clock ---- */

typedef size_t work_fn(const struct variant *v);

/* ns for one message, over one round */
static double round_of(work_fn *work)
{
	uint64_t begin = bench_cpu(); /* not the wall: the machine has other things to do */

	for (unsigned pass = 0; pass < PASSES; pass++) {
		for (unsigned i = 0; i < VARIANTS; i++) {
			size_t n = work(&variants[i]);

			if (!n) {
				fprintf(stderr, "bench_parse: variant %u was refused\n", i);
				exit(1);
			}
			sink += n;
		}
	}
	return (double)(bench_cpu() - begin) / (PASSES * VARIANTS);
}

static void measure(struct report *r, const char *row, double goal, work_fn *ours, work_fn *theirs)
{
	double mine[ROUNDS], other[ROUNDS];

	for (unsigned i = 0; i < ROUNDS; i++) {
		mine[i] = round_of(ours);
		other[i] = theirs ? round_of(theirs) : 0;
	}
	report_row(r, row, bench_median(mine, ROUNDS), "ns", goal, theirs ? peer->name : NULL,
		theirs ? bench_median(other, ROUNDS) : 0);
}

/* Unused where no peer is installed. */
__attribute__((unused)) static void measure_beside(struct report *r, const struct parse_peer *p)
{
	peer = p;
	p->init();
	for (unsigned i = 0; i < VARIANTS; i++)
		variants[i].theirs = p->load(variants[i].text, variants[i].n);
	measure(r, "typed", 600, typed, their_typed);
	measure(r, "print", 0, print, their_print);
	for (unsigned i = 0; p->uri && i < URI_PAIRS; i++) {
		for (int side = 0; side < 2; side++)
			their_uris[i][side] = p->uri(uri_pairs[i][side]);
	}
	if (p->uri_equal)
		measure(r, "uri-compare", 0, uri_equal, their_uri_equal);
	for (unsigned i = 0; i < VARIANTS; i++)
		p->unload(variants[i].theirs);
}

int main(int argc, char **argv)
{
	struct report r;
	size_t bytes = 0;

	report_open(&r, "parse", argc, argv);
	for (unsigned i = 0; i < VARIANTS; i++) {
		make_variant(&variants[i]);
		bytes += variants[i].n;
		if (sip_msg_parse(&variants[i].msg, slice_make(variants[i].text, variants[i].n)) != 0)
			return 1;
	}
	for (unsigned i = 0; i < URI_PAIRS; i++) {
		for (int side = 0; side < 2; side++) {
			if (sip_uri_parse(slice_of(uri_pairs[i][side]), &uris[i][side]) != 0)
				return 1;
		}
	}
	printf("# %u INVITEs in turn, %zu headers, %zu bytes on average\n", VARIANTS, variants[0].msg.n_hdrs,
		bytes / VARIANTS);
	measure(&r, "frame", 370, frame, NULL);
	measure(&r, "typed", 600, typed, NULL);
	measure(&r, "check", 0, checked, NULL);
	measure(&r, "print", 0, print, NULL);
	measure(&r, "uri-compare", 0, uri_equal, NULL);
#ifdef HAVE_SOFIA_SIP
	measure_beside(&r, &peer_sofia);
#endif
#ifdef HAVE_OSIP2
	measure_beside(&r, &peer_osip);
#endif
	return report_close(&r);
}
