/*
 * The ways of messages through others: a choice, then header lines of a stranger.
 *
 *	Via            of a request: every Via comes back in its order, the top one says where the request came from, and the
 *	               answer goes where RFC 3261 18.2.2 and RFC 3581 4 say
 *	Record-Route   of an INVITE that comes, or of the 2xx to ours: the dialog's requests carry that route set and that
 *	               target, the first line and the last Route exchanged before a strict router (12.2.1.1)
 *	Route          of an account's choice, a line each: as for a dialog
 *
 * Whatever we send is a sound message.
 */
#include "fuzz.h"

#include "sip/dialog.h"
#include "sip/rig.h"

#define TEXT_MAX 8192u

struct scene {
	struct rig *r;
	/* The newest datagram of the stack. */
	size_t sent, n;
	struct netaddr to;
	char text[SIP_MSG_MAX + 1];
	struct dialog *d;
	struct sip_client *client;
};

static void on_packet(void *arg, const struct sim_packet *p, enum sim_fate fate)
{
	struct scene *s = arg;

	(void)fate;
	if (p->from.port != s->r->stack_addr.port)
		return;
	CHECK(p->n <= sizeof(s->text));
	s->sent++;
	s->n = p->n;
	s->to = p->to;
	memcpy(s->text, p->data, p->n);
}

/* Reads what we sent; it must be sound. */
static void read_sent(const struct scene *s, struct sip_msg *ret_msg)
{
	CHECK(sip_msg_parse(ret_msg, slice_make(s->text, s->n)) == 0);
	if (!ret_msg->is_request || sip_msg_check(ret_msg) == 0)
		return;
	fail_msg("%s: %.*s", ret_msg->fault.what, (int)s->n, s->text);
}

static void inject(struct scene *s, const char *text, int n)
{
	CHECK(host_dgram_send(s->r->peer, &s->r->stack_addr, NULL, text, (size_t)n) == 0);
	rig_settle(s->r);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static size_t blanks(struct slice s)
{
	size_t n = 0;

	while (n < s.n && is_blank(s.p[n]))
		n++;
	return n;
}

/* Blanks, folds among them, count as one: they are printed again without the fold. */
static bool same_text(struct slice a, struct slice b)
{
	while (a.n && b.n) {
		size_t skip_a = blanks(a), skip_b = blanks(b);

		if (!skip_a != !skip_b || (!skip_a && a.p[0] != b.p[0]))
			return false;
		a = slice_skip(a, skip_a ? skip_a : 1);
		b = slice_skip(b, skip_b ? skip_b : 1);
	}
	return a.n == b.n;
}

/* ---- Via ---- */

static void check_way_back(const struct scene *s, const struct sip_via *asked)
{
	struct netaddr want = {0}, named;
	struct slice maddr;
	uint16_t port = asked->port ? asked->port : 5060;

	CHECK(netaddr_parse_ip(SLICE_LIT(RIG_PEER_IP), RIG_PEER_PORT, &want) == 0);
	if (!slice_present(asked->rport))
		want.port = port;
	if (sip_param_find(asked->params, SLICE_LIT("maddr"), &maddr) &&
		netaddr_parse_ip(maddr, port, &named) == 0 && named.family == want.family)
		want = named;
	CHECK(netaddr_eq(&s->to, &want));
}

static void check_vias(struct scene *s, struct sip_msg *asked)
{
	const struct sip_via *had, *has;
	size_t n_had, n_has;
	struct sip_msg answer;

	read_sent(s, &answer);
	CHECK(!answer.is_request);
	if (sip_msg_vias(asked, &had, &n_had) == 0) {
		CHECK(sip_msg_vias(&answer, &has, &n_has) == 0 && n_has == n_had);
		CHECK(slice_ieq(has->host, had->host) && has->port == had->port);
		CHECK(same_text(has->branch, had->branch));
		if (slice_present(had->rport)) {
			CHECK(slice_eq(has->rport, SLICE_LIT("5070")));
			CHECK(slice_eq(has->received, SLICE_LIT(RIG_PEER_IP)));
		}
		for (size_t i = 1; i < n_had; i++)
			CHECK(same_text(had[i].text, has[i].text));
		check_way_back(s, had);
	}
	sip_msg_free(&answer);
}

static void read_via(struct scene *s, struct slice value)
{
	static char text[TEXT_MAX + 512];
	struct sip_msg asked;
	int n = snprintf(text, sizeof(text),
		"OPTIONS sip:bob@" RIG_IP " SIP/2.0\r\nVia: %.*s\r\nMax-Forwards: 70\r\n"
		"From: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n\r\n",
		SLICE_ARG(value));

	inject(s, text, n);
	if (s->r->server)
		rig_respond(s->r, 200);
	rig_settle(s->r);
	CHECK(s->sent <= 1 || s->r->requests);
	if (s->sent && sip_msg_parse(&asked, slice_make(text, (size_t)n)) == 0)
		check_vias(s, &asked);
	sip_msg_free(&asked);
}

/* ---- routes ---- */

struct way {
	struct slice target;
	const struct slice *routes;
	size_t n;
};

/* What we sent goes that way. */
static void check_goes(const struct scene *s, const struct way *way)
{
	const struct sip_addr *list = NULL;
	struct sip_addr first;
	struct sip_msg msg;
	size_t n = 0;
	bool strict;

	read_sent(s, &msg);
	CHECK(msg.is_request);
	CHECK(sip_msg_routes(&msg, SIP_HDR_ROUTE, &list, &n) == 0);
	CHECK(n == way->n);
	strict = n && sip_addr_parse(way->routes[0], &first) == 0 &&
		 !sip_uri_param(&first.uri, SLICE_LIT("lr"), NULL);
	for (size_t i = 0; i + strict < n; i++)
		CHECK(same_text(slice_trim(list[i].text), way->routes[i + strict]));
	CHECK(same_text(strict ? list[n - 1].uri.text : msg.ruri_text, way->target));
	sip_msg_free(&msg);
}

static void nothing(void *arg, struct sip_msg *msg, const struct sip_flow *flow)
{
	(void)arg;
	(void)msg;
	(void)flow;
}

static void over(void *arg, int err)
{
	(void)err;
	((struct scene *)arg)->client = NULL;
}

/* A BYE goes by the route set of the message that made the dialog. */
static void send_bye(struct scene *s, struct sip_msg *made, bool reversed)
{
	const struct sip_client_handler handler = {.response = nothing, .done = over, .arg = s};
	const struct dialog_request bye = {.method = SIP_BYE};
	struct slice routes[DIALOG_ROUTES_MAX];
	struct way way = {dialog_remote_target(s->d), routes, 0};
	const struct sip_addr *list = NULL;

	if (sip_msg_routes(made, SIP_HDR_RECORD_ROUTE, &list, &way.n))
		way.n = 0;
	CHECK(way.n <= DIALOG_ROUTES_MAX);
	for (size_t i = 0; i < way.n; i++)
		routes[i] = slice_trim(list[reversed ? way.n - 1 - i : i].text);
	s->sent = 0;
	if (dialog_send(s->d, &bye, &handler, &s->client) == 0)
		rig_settle(s->r);
	if (s->sent)
		check_goes(s, &way);
}

static void inside(void *arg, struct sip_msg *msg, struct sip_server *server)
{
	(void)arg;
	(void)msg;
	if (server)
		sip_refuse(server, 200, NULL);
}

/* The peer calls, and hears our BYE. */
static void on_invite(void *arg, struct sip_msg *msg, struct sip_server *server)
{
	struct scene *s = arg;
	const struct dialog_handler handler = {inside, s};
	struct sip_reply reply = {
		.status = 200, .record_route = true, .contact = SLICE_LIT("<sip:bob@" RIG_IP ">")};

	if (s->d || msg->method != SIP_INVITE ||
		dialog_new_uas(s->r->stack, &handler, msg, sip_server_flow(server), &s->d)) {
		sip_refuse(server, 400, NULL);
		return;
	}
	reply.to_tag = dialog_local_tag(s->d);
	sip_respond(server, &reply);
	send_bye(s, msg, false);
}

static void read_callee_routes(struct scene *s, struct slice value)
{
	static char text[TEXT_MAX + 512];
	int n = snprintf(text, sizeof(text),
		"INVITE sip:bob@" RIG_IP " SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.2:5070;branch=z9hG4bK1\r\n"
		"Max-Forwards: 70\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: 1\r\nCSeq: 1 "
		"INVITE\r\n"
		"Contact: <sip:a@" RIG_PEER_IP ":5070>\r\nRecord-Route: %.*s\r\n\r\n",
		SLICE_ARG(value));

	inject(s, text, n);
}

/* We have called. */
static void on_answer(void *arg, struct sip_msg *msg, const struct sip_flow *flow)
{
	struct scene *s = arg;
	const struct dialog_uac_cfg cfg = {
		.local_seq = 1, .target = SLICE_LIT(RIG_PEER_URI), .handler = {inside, s}};

	if (!s->d && msg->status / 100 == 2 && dialog_new_uac(s->r->stack, &cfg, msg, flow, &s->d) == 0)
		send_bye(s, msg, true);
}

static void read_caller_routes(struct scene *s, struct slice value)
{
	const struct sip_client_handler handler = {.response = on_answer, .done = over, .arg = s};
	const struct sip_request req = rig_out(SIP_INVITE);
	struct sip_client *client;
	static char text[TEXT_MAX + 512];
	const char *invite;
	int n;

	CHECK(sip_client_send(s->r->stack, &req, &handler, &client) == 0);
	invite = rig_expect(s->r, "INVITE ");
	n = snprintf(text, sizeof(text),
		"SIP/2.0 200 OK\r\nVia: %s\r\nFrom: %s\r\nTo: %s;tag=bob\r\nCall-ID: %s\r\nCSeq: %s\r\n"
		"Contact: <sip:bob@" RIG_PEER_IP ":5070>\r\nRecord-Route: %.*s\r\n\r\n",
		rig_header(s->r, invite, "Via"), rig_header(s->r, invite, "From"),
		rig_header(s->r, invite, "To"), rig_header(s->r, invite, "Call-ID"),
		rig_header(s->r, invite, "CSeq"), SLICE_ARG(value));
	inject(s, text, n);
}

static void read_own_routes(struct scene *s, struct slice value)
{
	const struct sip_client_handler handler = {.response = nothing, .done = over, .arg = s};
	struct slice routes[SIP_ROUTES_MAX + 1];
	struct sip_request req = rig_out(SIP_OPTIONS);
	struct sip_addr addr;

	for (req.routes = routes; value.n && req.n_routes < ARRAY_LEN(routes); req.n_routes++) {
		routes[req.n_routes] = slice_make(value.p, slice_index(value, '\n'));
		value = slice_skip(value, routes[req.n_routes].n + 1);
		/* As accounts do: they read them first, and put brackets round those that have none. */
		if (sip_addr_parse(routes[req.n_routes], &addr) || !addr.angled || addr.star)
			return;
	}
	if (sip_client_send(s->r->stack, &req, &handler, &s->client) == 0)
		rig_settle(s->r);
	if (s->sent)
		check_goes(s, &(struct way){req.target, routes, req.n_routes});
}

void fuzz_one(const uint8_t *data, size_t n)
{
	static void (*const readers[])(struct scene *, struct slice) = {
		read_via, read_callee_routes, read_caller_routes, read_own_routes};
	static struct scene s;
	struct feed f = {data, n};
	unsigned choice = feed_byte(&f) % ARRAY_LEN(readers);
	struct sip_stack_cfg cfg = {0};

	s = (struct scene){.sent = 0};
	if (choice)
		cfg.handler = (struct sip_stack_handler){on_invite, NULL, &s};
	s.r = rig_new_with(&cfg);
	CHECK(s.r);
	sim_tap(s.r->sim, on_packet, &s);
	readers[choice](&s, feed_bytes(&f, f.n < TEXT_MAX ? f.n : TEXT_MAX));
	sip_client_free(s.client);
	dialog_free(s.d);
	rig_close(s.r);
}
