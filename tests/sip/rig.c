#include "rig.h"

#include "base/netaddr.h"

static struct netaddr addr_of(const char *ip, uint16_t port)
{
	struct netaddr a = {0};

	CHECK_OK(netaddr_parse_ip(slice_of(ip), port, &a));
	return a;
}

/* Texts live until the rig goes, so that a story can look back. */
static char *keep_text(struct rig *r, char *text)
{
	CHECK(text);
	CHECK(r->n_texts < ARRAY_LEN(r->texts));
	r->texts[r->n_texts++] = text;
	return text;
}

static __attribute__((format(printf, 2, 3))) char *print_text(struct rig *r, const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	CHECK(vasprintf(&text, format, args) >= 0);
	va_end(args);
	return keep_text(r, text);
}

/* ---- the peer's socket ---- */

static void peer_readable(void *arg)
{
	struct rig *r = arg;
	char buf[65536];
	struct host_rx rx;

	while (host_dgram_recv(r->peer, buf, sizeof(buf), &rx) == 0) {
		struct rig_msg *m = malloc(sizeof(*m) + rx.n + 1);

		CHECK(m);
		m->next = NULL;
		m->at_ms = rig_ms(r);
		memcpy(m->text, buf, rx.n);
		m->text[rx.n] = 0;
		if (r->got_last)
			r->got_last->next = m;
		else
			r->got = m;
		r->got_last = m;
		r->received++;
	}
}

/* ---- the stack's user ---- */

static void on_request(void *arg, struct sip_msg *msg, struct sip_server *server)
{
	const struct sip_server_handler handler = rig_server_handler(arg);
	struct rig *r = arg;

	r->server = server;
	r->requests++;
	r->request = print_text(r, "%.*s", SLICE_ARG(msg->raw));
	if (msg->method == SIP_INVITE)
		sip_server_handle(server, &handler);
}

static void on_stray(void *arg, struct sip_msg *msg, const struct sip_flow *flow)
{
	struct rig *r = arg;

	(void)msg;
	(void)flow;
	r->strays++;
}

static void on_response(void *arg, struct sip_msg *msg, const struct sip_flow *flow)
{
	struct rig *r = arg;

	(void)flow;
	if (r->user.n < ARRAY_LEN(r->user.status))
		r->user.status[r->user.n] = msg->status;
	r->user.n++;
}

static void on_done(void *arg, int err)
{
	struct rig *r = arg;

	r->user.done++;
	r->user.err = err;
}

static void on_cancel(void *arg, struct sip_msg *msg)
{
	struct rig *r = arg;

	(void)msg;
	r->user.cancelled++;
}

static void on_failed(void *arg, int err)
{
	struct rig *r = arg;

	r->user.failed++;
	r->user.err = err;
}

struct sip_client_handler rig_client_handler(struct rig *r)
{
	return (struct sip_client_handler){.response = on_response, .done = on_done, .arg = r};
}

struct sip_server_handler rig_server_handler(struct rig *r)
{
	return (struct sip_server_handler){
		.cancel = on_cancel, .failed = on_failed, .done = on_done, .arg = r};
}

/* ---- life ---- */

static int open_all(struct rig *r, const struct sip_stack_cfg *cfg)
{
	const struct sim_wire wire = {.delay_ns = 0};
	const struct host_dgram_cfg peer = {.local = addr_of(RIG_PEER_IP, RIG_PEER_PORT)};
	const struct host_dgram_handler watch = {.readable = peer_readable, .arg = r};
	const struct sip_transport_cfg udp = {.type = SIP_TRANSPORT_UDP, .local = r->stack_addr};
	struct sip_stack_cfg mine = *cfg;
	int err = sim_new(1, &r->sim);

	if (!err)
		err = sim_host_new(r->sim, RIG_IP, &r->host);
	if (!err)
		err = sim_host_new(r->sim, RIG_PEER_IP, &r->peer_host);
	if (err)
		return err;
	sim_wire(r->sim, &wire);
	r->start_ns = sim_now(r->sim);
	err = host_dgram_open(r->peer_host, &peer, &r->peer);
	if (!err)
		err = host_dgram_watch(r->peer, &watch);
	mine.host = r->host;
	if (!mine.handler.request)
		mine.handler = (struct sip_stack_handler){on_request, on_stray, r};
	if (!err)
		err = sip_stack_new(&mine, &r->stack);
	if (!err)
		err = sip_transport_new(r->stack, &udp, &r->udp);
	return err;
}

struct rig *rig_new_with(const struct sip_stack_cfg *cfg)
{
	struct rig *r = calloc(1, sizeof(*r));

	CHECK(r);
	r->stack_addr = addr_of(RIG_IP, 5060);
	if (open_all(r, cfg) == 0)
		return r;
	rig_drop(r);
	return NULL;
}

struct rig *rig_new(void)
{
	const struct sip_stack_cfg cfg = {0};
	struct rig *r = rig_new_with(&cfg);

	CHECK(r);
	return r;
}

static void free_msgs(struct rig_msg *m)
{
	while (m) {
		struct rig_msg *next = m->next;

		free(m);
		m = next;
	}
}

void rig_drop(struct rig *r)
{
	sip_stack_free(r->stack);
	host_dgram_close(r->peer);
	host_free(r->host);
	host_free(r->peer_host);
	sim_free(r->sim);
	free_msgs(r->got);
	free_msgs(r->seen);
	for (size_t i = 0; i < r->n_texts; i++)
		free(r->texts[i]);
	free(r);
}

void rig_close(struct rig *r)
{
	struct sip_counters c;

	rig_run_for(r, 64000);
	c = rig_counters(r);
	CHECK_EQ(c.client_txns, 0);
	CHECK_EQ(c.server_txns, 0);
	CHECK_EQ(c.dialogs, 0);
	CHECK_EQ(c.locating, 0);
	CHECK_EQ(c.timers, 0);
	rig_drop(r);
}

struct sip_counters rig_counters(const struct rig *r)
{
	struct sip_counters c;

	sip_stack_counters(r->stack, &c);
	return c;
}

/* ---- time ---- */

unsigned rig_ms(const struct rig *r)
{
	return (unsigned)((sim_now(r->sim) - r->start_ns) / NS_PER_MS);
}

void rig_run_until(struct rig *r, unsigned ms)
{
	sim_run_until(r->sim, r->start_ns + ms * NS_PER_MS);
}

void rig_run_for(struct rig *r, unsigned ms)
{
	sim_run_for(r->sim, ms * NS_PER_MS);
}

void rig_settle(struct rig *r)
{
	sim_run_for(r->sim, 0);
}

/* ---- the peer ---- */

/* Line ends become CRLF; a header block that is not closed gets a Content-Length and its empty line. */
static char *to_wire(struct rig *r, const char *text)
{
	char *wire = malloc(2 * strlen(text) + 64), *p = wire;
	bool closed = strstr(text, "\n\n") != NULL || strstr(text, "\r\n") != NULL;

	CHECK(wire);
	for (const char *t = text; *t; t++) {
		if (*t == '\n' && (t == text || t[-1] != '\r'))
			*p++ = '\r';
		*p++ = *t;
	}
	*p = 0;
	if (!closed)
		strcpy(p, "Content-Length: 0\r\n\r\n");
	return keep_text(r, wire);
}

void rig_send_from(struct rig *r, struct host_dgram *from, const char *text)
{
	const char *wire = to_wire(r, text);

	int err = host_dgram_send(from, &r->stack_addr, NULL, wire, strlen(wire));

	CHECK(err == 0 || err == OH_ENOMEM); /* where allocations fail: lost on the wire */
	rig_settle(r);
}

void rig_send(struct rig *r, const char *text)
{
	rig_send_from(r, r->peer, text);
}

const char *rig_request(
	struct rig *r, const char *method, const char *branch, unsigned cseq, const char *more)
{
	int n = (int)strcspn(method, ";");

	return print_text(r,
		"%.*s sip:bob@" RIG_IP " SIP/2.0\n"
		"Via: SIP/2.0/UDP " RIG_PEER_IP ":5070;branch=%s\n"
		"Max-Forwards: 70\n"
		"From: Alice <sip:alice@example.com>;tag=alice1\n"
		"To: <sip:bob@example.com>%s\n"
		"Call-ID: call1@" RIG_PEER_IP "\n"
		"CSeq: %u %.*s\n"
		"Contact: <sip:alice@" RIG_PEER_IP ":5070>\n%s",
		n, method, branch, method + n, cseq, n, method, more);
}

static char *header_lines(struct rig *r, const char *msg, const char *name)
{
	char *lines = print_text(r, "%*s", (int)strlen(msg), "");
	size_t n = strlen(name);

	*lines = 0;
	for (const char *line = msg; line && *line; line = strchr(line, '\n'), line += line != NULL)
		if (strncmp(line, name, n) == 0 && line[n] == ':')
			strncat(lines, line, strcspn(line, "\r\n")), strcat(lines, "\n");
	return lines;
}

const char *rig_response(
	struct rig *r, const char *request, const char *status, const char *tag, const char *more)
{
	const char *to = rig_header(r, request, "To");
	bool add = tag && !strstr(to, ";tag=");

	return print_text(r, "SIP/2.0 %s\n%sFrom: %s\nTo: %s%s%s\nCall-ID: %s\nCSeq: %s\n%s", status,
		header_lines(r, request, "Via"), rig_header(r, request, "From"), to, add ? ";tag=" : "",
		add ? tag : "", rig_header(r, request, "Call-ID"), rig_header(r, request, "CSeq"), more);
}

void rig_reply(struct rig *r, const char *request, const char *status)
{
	rig_send(r, rig_response(r, request, status, strncmp(status, "100", 3) ? "bob1" : NULL, ""));
}

static bool has_message(void *arg)
{
	return ((struct rig *)arg)->got != NULL;
}

const char *rig_expect(struct rig *r, const char *begins)
{
	struct rig_msg *m;

	if (!sim_run_while_not(r->sim, has_message, r, 64 * NS_PER_S))
		fail_msg("nothing came; expected \"%s\"", begins);
	m = r->got;
	r->got = m->next;
	if (!r->got)
		r->got_last = NULL;
	m->next = r->seen;
	r->seen = m;
	if (strncmp(m->text, begins, strlen(begins)) != 0)
		fail_msg("at %u ms expected \"%s\", got:\n%s", m->at_ms, begins, m->text);
	return m->text;
}

const char *rig_expect_at(struct rig *r, unsigned ms, const char *begins)
{
	const char *text = rig_expect(r, begins);

	CHECK_EQ(r->seen->at_ms, ms);
	return text;
}

void rig_expect_nothing(struct rig *r)
{
	rig_settle(r);
	if (r->got)
		fail_msg("at %u ms expected nothing, got:\n%s", r->got->at_ms, r->got->text);
}

const char *rig_header(struct rig *r, const char *msg, const char *name)
{
	char *lines = header_lines(r, msg, name);
	char *value = *lines ? lines + strlen(name) + 1 : lines;

	value += strspn(value, " ");
	value[strcspn(value, "\n")] = 0;
	return value;
}

bool rig_has(const char *msg, const char *piece)
{
	return strstr(msg, piece) != NULL;
}

static enum sim_fate all_unreachable(void *arg, const struct sim_packet *p, uint64_t *delay_ns)
{
	(void)arg;
	(void)p;
	(void)delay_ns;
	return SIM_UNREACHABLE;
}

void rig_unreachable(struct rig *r)
{
	const struct sip_flow flow = {
		.transport = r->udp, .local = r->stack_addr, .remote = addr_of(RIG_PEER_IP, RIG_PEER_PORT)};

	sim_filter(r->sim, all_unreachable, NULL);
	CHECK_OK(sip_flow_send(&flow, SLICE_LIT("\r\n\r\n")));
	rig_settle(r);
	sim_filter(r->sim, NULL, NULL);
}

/* ---- the stack's user ---- */

struct sip_request rig_out(enum sip_method method)
{
	return (struct sip_request){
		.method = method,
		.target = SLICE_LIT(RIG_PEER_URI),
		.from = SLICE_LIT("<sip:alice@example.com>;tag=alice1"),
		.to = SLICE_LIT("<sip:bob@example.com>"),
		.call_id = SLICE_LIT("call1@" RIG_IP),
		.cseq = 1,
		.contact = SLICE_LIT("<sip:alice@" RIG_IP ">"),
	};
}

struct sip_client *rig_call(struct rig *r, enum sip_method method)
{
	const struct sip_client_handler handler = rig_client_handler(r);
	const struct sip_request req = rig_out(method);
	struct sip_client *c = NULL;

	CHECK_OK(sip_client_send(r->stack, &req, &handler, &c));
	return c;
}

struct sip_server *rig_server(struct rig *r)
{
	struct sip_server *t = r->server;

	CHECK(t);
	r->server = NULL;
	return t;
}

void rig_respond(struct rig *r, unsigned status)
{
	const struct sip_reply reply = {.status = status};

	CHECK(r->server);
	CHECK_OK(sip_respond(r->server, &reply));
	rig_settle(r);
}
