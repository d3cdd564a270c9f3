/*
 * What waits costs memory: 100,000 registrations that are refreshed now and then, 100,000 calls that nobody says anything
 * in. Growth of PSS from a tenth of them to all, by one; everything that was under way has run out before. On the simulated
 * host, so that half a minute of timers takes no time; without media.
 */
#include "callee.h"
#include "report.h"

#include "host/sim/sim.h"
#include "session/inv.h"
#include "session/reg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALL     100000u
#define FIRST   (ALL / 10)
#define WINDOW  500u /* begun in one moment */
#define A_IP    "192.0.2.1"
#define B_IP    "192.0.2.2"
#define REST_NS (40 * NS_PER_S) /* longer than any transaction */

struct machine {
	struct host *host;
	struct sip_stack *stack;
	struct sip_transport *udp;
};

static struct sim *sim;
static unsigned n_up;

static void require(int err, const char *what)
{
	callee_require(err, what);
}

static void machine_open(
	struct machine *m, const char *ip, void (*request)(void *, struct sip_msg *, struct sip_server *))
{
	struct sip_stack_cfg cfg = {.handler = {.request = request, .arg = m}};
	struct sip_transport_cfg udp = {.type = SIP_TRANSPORT_UDP};

	require(sim_host_new(sim, ip, &m->host), "a machine");
	cfg.host = m->host;
	cfg.max_server_txns = UINT32_MAX;
	cfg.max_server_bytes = SIZE_MAX;
	require(sip_stack_new(&cfg, &m->stack), "a stack");
	require(netaddr_parse_ip(slice_of(ip), 5060, &udp.local), "an address");
	require(sip_transport_new(m->stack, &udp, &m->udp), "a transport");
}

/* Has this many, in kB, by one. */
static double grow(void (*begin)(unsigned n))
{
	double first = 0, last;

	n_up = 0;
	for (unsigned n = 0; n < ALL; n++) {
		if (n == FIRST) {
			sim_run_for(sim, REST_NS);
			first = callee_pss_kb();
		}
		begin(n);
		if (n % WINDOW == WINDOW - 1)
			sim_run_for(sim, 20 * NS_PER_MS);
	}
	sim_run_for(sim, REST_NS);
	last = callee_pss_kb();
	if (n_up != ALL) {
		fprintf(stderr, "idle_memory: %u of %u are up\n", n_up, ALL);
		exit(1);
	}
	return (last - first) / (ALL - FIRST);
}

/* ---- registrations ---- */

static struct machine phones, other;
static struct host_dgram *registrar;

static int put_line(char *at, const char *message, const char *name)
{
	const char *line = strstr(message, name);

	return line ? sprintf(at, "%.*s\r\n", (int)strcspn(line + 2, "\r"), line + 2) : 0;
}

/* Says yes to everybody for two hours. */
static void on_readable(void *arg)
{
	static const char *const lines[] = {
		"\r\nVia:", "\r\nFrom:", "\r\nTo:", "\r\nCall-ID:", "\r\nCSeq:", "\r\nContact:"};
	char message[4096], answer[4096];
	struct host_rx rx;

	(void)arg;
	while (host_dgram_recv(registrar, message, sizeof(message) - 1, &rx) == 0) {
		int n = sprintf(answer, "SIP/2.0 200 OK\r\n");

		message[rx.n] = '\0';
		for (size_t i = 0; i < ARRAY_LEN(lines); i++)
			n += put_line(answer + n, message, lines[i]);
		n += sprintf(answer + n, "Expires: 7200\r\nContent-Length: 0\r\n\r\n");
		(void)host_dgram_send(registrar, &rx.from, NULL, answer, (size_t)n);
	}
}

static void on_outcome(void *arg, const struct reg_outcome *o)
{
	(void)arg;
	n_up += o->state == REG_REGISTERED;
}

/* Each with a password of its own. They end with the process. */
static void begin_registration(unsigned n)
{
	static const struct slice to = SLICE_LIT("sip:" B_IP);
	struct sip_credential who = {.realm = SLICE_LIT("example.com"), .password = SLICE_LIT("secret")};
	struct reg_cfg cfg = {.registrars = &to,
		.n_registrars = 1,
		.expires_s = 7200,
		.rewrite = true,
		.handler = {.outcome = on_outcome}};
	char aor[64], user[16];
	struct reg *r;

	snprintf(user, sizeof(user), "u%u", n);
	snprintf(aor, sizeof(aor), "<sip:%s@example.com>", user);
	cfg.aor = slice_of(aor);
	cfg.user = who.user = slice_of(user);
	require(sip_auth_new(&(struct sip_auth_cfg){.credentials = &who, .n_credentials = 1}, &cfg.auth),
		"credentials");
	require(reg_new(phones.stack, &cfg, &r), "a registration");
	sip_auth_unref(cfg.auth);
	reg_start(r);
}

static double registrations(void)
{
	struct host_dgram_cfg dgram = {.local = {.family = NETADDR_IP4}};
	const struct host_dgram_handler handler = {.readable = on_readable};
	struct host *host;

	require(sim_new(1, &sim), "a world");
	machine_open(&phones, A_IP, NULL);
	require(sim_host_new(sim, B_IP, &host), "a machine");
	require(netaddr_parse_ip(SLICE_LIT(B_IP), 5060, &dgram.local), "an address");
	dgram.rcvbuf = 64u << 20;
	require(host_dgram_open(host, &dgram, &registrar), "a socket");
	require(host_dgram_watch(registrar, &handler), "a socket");
	return grow(begin_registration);
}

/* ---- calls ---- */

#define SDP \
	"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 16384 RTP/AVP " \
	"0\r\n"

static void on_state(void *arg, struct inv *inv, struct sip_msg *msg)
{
	(void)arg;
	(void)msg;
	n_up += inv_is_caller(inv) && inv_state(inv) == INV_CONFIRMED;
}

static int on_sdp(void *arg, struct inv *inv, enum inv_sdp kind, struct slice body, bool early)
{
	(void)arg;
	(void)inv;
	(void)kind;
	(void)body;
	(void)early;
	return 0;
}

static const struct inv_handler handler = {.state = on_state, .sdp = on_sdp};

static void on_request(void *arg, struct sip_msg *msg, struct sip_server *server)
{
	const struct inv_policy policy = inv_policy_default();
	const struct inv_reply yes = {
		.status = 200, .contact = SLICE_LIT("<sip:bob@" B_IP ">"), .sdp = SLICE_LIT(SDP)};
	struct machine *m = arg;
	struct inv *inv;

	require(inv_incoming(m->stack, msg, server, &policy, &handler, &inv), "an incoming call");
	require(inv_reply(inv, &yes), "an answer");
}

static void begin_call(unsigned n)
{
	struct inv_call_cfg cfg = {.target = SLICE_LIT("sip:bob@" B_IP),
		.from = SLICE_LIT("<sip:alice@" A_IP ">"),
		.to = SLICE_LIT("<sip:bob@" B_IP ">"),
		.contact = SLICE_LIT("<sip:alice@" A_IP ">"),
		.offer = SLICE_LIT(SDP),
		.policy = inv_policy_default(),
		.handler = handler,
		.flow = {.transport = phones.udp}};
	struct inv *inv;

	(void)n;
	require(netaddr_parse_ip(SLICE_LIT(A_IP), 5060, &cfg.flow.local), "an address");
	require(netaddr_parse_ip(SLICE_LIT(B_IP), 5060, &cfg.flow.remote), "an address");
	require(inv_call(phones.stack, &cfg, &inv), "a call");
}

/* Both ends are in this process. */
static double calls(void)
{
	require(sim_new(1, &sim), "a world");
	machine_open(&phones, A_IP, on_request);
	machine_open(&other, B_IP, on_request);
	return grow(begin_call) / 2;
}

int main(int argc, char **argv)
{
	struct report r;

	report_open(&r, "accounts", argc, argv);
	report_row(&r, "memory of an idle registration, of 100,000", registrations(), "kB", 0, NULL, 0);
	report_row(&r, "memory of an idle call without media, of 100,000", calls(), "kB", 4, NULL, 0);
	return report_close(&r);
}
