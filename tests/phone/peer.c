#include "peer.h"

void peer_open(struct peer *p, struct rig *r)
{
	struct host_dgram_cfg cfg = {.local = {.family = NETADDR_IP4, .port = 5060}};

	*p = (struct peer){.r = r};
	CHECK_OK(sim_host_new(r->sim, PEER_IP, &p->host));
	CHECK_OK(host_dgram_open(p->host, &cfg, &p->dgram));
	CHECK_OK(netaddr_parse_ip(SLICE_LIT(RIG_B_IP), 5060, &p->phone));
}

void peer_close(struct peer *p)
{
	host_dgram_close(p->dgram);
	host_free(p->host);
}

bool peer_hear(struct peer *p)
{
	struct host_rx rx;
	bool any = false;

	rig_run_ms(p->r, 50);
	while (host_dgram_recv(p->dgram, p->got, sizeof(p->got) - 1, &rx) == 0) {
		p->got[rx.n] = '\0';
		p->from = rx.from;
		any = true;
	}
	return any;
}

void peer_send(struct peer *p, const char *text, size_t n)
{
	int err = host_dgram_send(p->dgram, &p->phone, NULL, text, n);

	/* An allocation that a test makes fail is one more lost packet. */
	if (err != OH_ENOMEM)
		CHECK_OK(err);
	p->got[0] = '\0';
	peer_hear(p);
}

/* The header line of this name, its end included, from the newest message. */
static void copy_line(const struct peer *p, const char *name, const char *behind, char *out, size_t size)
{
	char begin[32];
	const char *at;
	size_t n = strlen(out);

	snprintf(begin, sizeof(begin), "\r\n%s: ", name);
	at = strstr(p->got, begin);
	assert_non_null(at);
	snprintf(out + n, size - n, "%.*s%s\r\n", (int)strcspn(at + 2, "\r"), at + 2, behind);
}

/* Does the newest message ask for a dialog that is not there yet? */
static bool makes_dialog(const struct peer *p)
{
	const char *to = strstr(p->got, "\r\nTo: ");

	return (strstr(p->got, "INVITE ") == p->got || strstr(p->got, "SUBSCRIBE ") == p->got) && to &&
	       !memmem(to, strcspn(to + 2, "\r") + 2, ";tag=", 5);
}

void peer_respond(struct peer *p, const char *status, const char *more, const char *body)
{
	char text[8192];
	size_t n;

	snprintf(text, sizeof(text), "SIP/2.0 %s\r\n", status);
	copy_line(p, "Via", "", text, sizeof(text));
	copy_line(p, "From", "", text, sizeof(text));
	copy_line(p, "To", makes_dialog(p) ? ";tag=peer" : "", text, sizeof(text));
	copy_line(p, "Call-ID", "", text, sizeof(text));
	copy_line(p, "CSeq", "", text, sizeof(text));
	n = strlen(text);
	snprintf(text + n, sizeof(text) - n,
		"Contact: <sip:peer@" PEER_IP ">\r\n%s%sContent-Length: %zu\r\n\r\n%s", more,
		*body ? "Content-Type: application/sdp\r\n" : "", strlen(body), body);
	CHECK_OK(host_dgram_send(p->dgram, &p->from, NULL, text, strlen(text)));
}

void peer_ask(struct peer *p, const struct peer_request *req)
{
	static char text[60000];
	const char *user = req->user ? req->user : "bob", *body = req->body ? req->body : "";
	char line[256];
	int n;

	snprintf(line, sizeof(line), "sip:%s@" RIG_B_IP " SIP/2.0", user);
	n = snprintf(text, sizeof(text),
		"%s %s\r\n"
		"Via: SIP/2.0/UDP " PEER_IP ":5060;branch=z9hG4bK-%u\r\n"
		"Max-Forwards: 70\r\nFrom: <sip:stranger@" PEER_IP ">;tag=us\r\n"
		"To: <sip:%s@" RIG_B_IP ">%s%s\r\nCall-ID: one\r\nCSeq: %u %s\r\n"
		"Contact: <sip:stranger@" PEER_IP ">\r\n%s%s%s%sContent-Length: %zu\r\n\r\n%s",
		req->method, req->line ? req->line : line, ++p->serial, user, req->tag ? ";tag=" : "",
		req->tag ? req->tag : "", req->cseq, req->method, req->more ? req->more : "",
		*body ? "Content-Type: " : "", *body ? req->type ? req->type : "application/sdp" : "",
		*body ? "\r\n" : "", strlen(body), body);
	peer_send(p, text, (size_t)n);
}

void peer_say(struct peer *p, const char *method, const char *user, const char *tag, unsigned cseq,
	const char *more, const char *body)
{
	struct peer_request req = {.method = method,
		.user = user,
		.tag = *tag ? tag : NULL,
		.cseq = cseq,
		.more = more,
		.body = body};

	peer_ask(p, &req);
}

void peer_tag(const struct peer *p, char tag[64])
{
	const char *at = strstr(p->got, "\r\nTo:");
	const char *found = at ? strstr(at, ";tag=") : NULL;

	assert_non_null(found);
	CHECK_EQ(sscanf(found, ";tag=%63[^;\r\n]", tag), 1);
}

bool peer_got(const struct peer *p, const char *words)
{
	if (strstr(p->got, words))
		return true;
	print_error("no '%s' in:\n%s\n", words, p->got);
	return false;
}
