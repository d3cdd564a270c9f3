/*
 * Signalling over connections beside UDP: INVITE-200-ACK-BYE-200 through the INVITE session and everything below it, all calls
 * over one connection. Caller and callee are a process each and both ours, so the rows of the transports compare; CPU of each
 * by getrusage(). SIPp calls us over TCP where it is installed: then its CPU stands beside ours for the same calls.
 */
#include "callee.h"
#include "report.h"
#include "sipp.h"

#include "session/inv.h"
#include "tls/tls.h"

#include <openssl/pem.h>
#include <openssl/x509.h>

#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CALLS  3000u
#define ROUNDS 3u
#define WINDOW 8u

#define SDP \
	"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 16384 RTP/AVP " \
	"0\r\n" \
	"a=rtpmap:0 PCMU/8000\r\na=sendrecv\r\n"

struct end {
	struct host *host;
	struct sip_stack *stack;
	struct sip_transport *transport;
	pthread_t thread;
	struct sip_flow flow;
	char contact[96], target[96], from[64];
	unsigned n_begun, n_over;
	sem_t all_over;
};

static void require(int err, const char *what)
{
	callee_require(err, what);
}

/* ---- a certificate for this run ---- */

static struct slice text_of(BIO *bio)
{
	char *p;
	long n = BIO_get_mem_data(bio, &p);

	return slice_make(p, (size_t)n);
}

/* Texts that live as long as the process. */
static void make_cert(struct slice *ret_cert, struct slice *ret_key)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	BIO *cert = BIO_new(BIO_s_mem()), *secret = BIO_new(BIO_s_mem());

	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), -3600);
	X509_gmtime_adj(X509_getm_notAfter(x), 86400);
	X509_NAME_add_entry_by_txt(
		X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)"bench", -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	X509_set_pubkey(x, key);
	X509_sign(x, key, EVP_sha256());
	PEM_write_bio_X509(cert, x);
	PEM_write_bio_PrivateKey(secret, key, NULL, NULL, 0, NULL, NULL);
	*ret_cert = text_of(cert);
	*ret_key = text_of(secret);
}

/* ---- as callee ---- */

static void on_state(void *arg, struct inv *inv, struct sip_msg *msg)
{
	(void)arg;
	(void)msg;
	if (inv_state(inv) == INV_DISCONNECTED)
		inv_free(inv);
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

static void on_request(void *arg, struct sip_msg *msg, struct sip_server *server)
{
	struct end *e = arg;
	struct inv_handler handler = {.state = on_state, .sdp = on_sdp, .arg = e};
	struct inv_reply reply = {.status = 200, .contact = slice_of(e->contact), .sdp = SLICE_LIT(SDP)};
	struct inv_policy policy = inv_policy_default();
	struct inv *inv;

	require(inv_incoming(e->stack, msg, server, &policy, &handler, &inv), "INVITE");
	require(inv_reply(inv, &reply), "200");
}

/* ---- as caller ---- */

static void dial(struct end *e);

static void on_caller_state(void *arg, struct inv *inv, struct sip_msg *msg)
{
	struct end *e = arg;

	(void)msg;
	if (inv_state(inv) == INV_CONFIRMED) {
		require(inv_end(inv, 0, SLICE_NONE, NULL, 0), "BYE");
	} else if (inv_state(inv) == INV_DISCONNECTED) {
		inv_free(inv);
		if (++e->n_over == CALLS)
			sem_post(&e->all_over);
		dial(e);
	}
}

static void dial(struct end *e)
{
	struct inv_call_cfg cfg = {.target = slice_of(e->target),
		.from = slice_of(e->from),
		.to = slice_of(e->from),
		.contact = slice_of(e->contact),
		.offer = SLICE_LIT(SDP),
		.policy = inv_policy_default(),
		.flow = e->flow,
		.handler = {.state = on_caller_state, .sdp = on_sdp, .arg = e}};
	struct inv *inv;

	if (e->n_begun == CALLS)
		return;
	e->n_begun++;
	require(inv_call(e->stack, &cfg, &inv), "INVITE");
}

static void on_wake(void *arg)
{
	for (unsigned i = 0; i < WINDOW; i++)
		dial(arg);
}

/* ---- life ---- */

static void *run(void *arg)
{
	require(host_run(((struct end *)arg)->host), "loop");
	return NULL;
}

static void add_tls(struct end *e, struct sip_transport_cfg *t)
{
	struct tls_cfg cfg = {.host = e->host, .trust_anyone = true};
	struct tls_ctx *ctx;

	make_cert(&cfg.cert_pem, &cfg.key_pem);
	require(tls_ctx_new(&cfg, &ctx), "TLS");
	tls_ctx_maker(ctx, &t->maker);
}

static void end_open(struct end *e, enum sip_transport_type type)
{
	struct sip_stack_cfg cfg = {.user_agent = SLICE_LIT("offhook"), .handler = {on_request, NULL, e}};
	struct sip_transport_cfg t = {.type = type};
	struct netaddr local;
	struct slice contact;

	*e = (struct end){0};
	sem_init(&e->all_over, 0, 0);
	require(netaddr_parse_ip(SLICE_LIT("127.0.0.1"), 0, &t.local), "address");
	require(host_uv_new(&e->host), "host");
	cfg.host = e->host;
	require(sip_stack_new(&cfg, &e->stack), "stack");
	if (type == SIP_TRANSPORT_TLS)
		add_tls(e, &t);
	require(sip_transport_new(e->stack, &t, &e->transport), "transport");
	local = sip_transport_local(e->transport);
	e->flow = (struct sip_flow){.transport = e->transport, .local = local, .remote = local};
	require(sip_flow_contact(&e->flow, SLICE_LIT("bench"), e->contact, sizeof(e->contact), &contact),
		"Contact");
	snprintf(e->from, sizeof(e->from), "<sip:bench@127.0.0.1>");
	host_on_wake(e->host, on_wake, e);
}

static void end_start(struct end *e)
{
	if (pthread_create(&e->thread, NULL, run, e) != 0)
		require(OH_ENOMEM, "thread");
}

static void end_close(struct end *e)
{
	host_stop(e->host);
	pthread_join(e->thread, NULL);
	sip_stack_free(e->stack);
	host_free(e->host);
	sem_destroy(&e->all_over);
}

/* ---- the callee's process ---- */

struct process {
	pid_t pid;
	int to, from; /* a byte asks for its CPU, the end of `to` ends it */
};

static void say(int fd, const void *p, size_t n)
{
	if (write(fd, p, n) != (ssize_t)n)
		exit(1);
}

static void hear(int fd, void *p, size_t n)
{
	if (read(fd, p, n) == (ssize_t)n)
		return;
	fprintf(stderr, "call_streams: the other process has gone\n");
	exit(1);
}

static void serve(int in, int out, enum sip_transport_type type)
{
	static struct end e;
	char order;

	end_open(&e, type);
	e.n_begun = CALLS; /* it calls nobody */
	end_start(&e);
	say(out, &e.flow.local.port, sizeof(e.flow.local.port));
	while (read(in, &order, 1) == 1) {
		double us = callee_cpu_us();

		say(out, &us, sizeof(us));
	}
	end_close(&e);
	exit(0);
}

/* Before any thread exists. */
static uint16_t process_start(struct process *p, enum sip_transport_type type)
{
	int to[2], from[2];
	uint16_t port;

	if (pipe(to) || pipe(from) || (p->pid = fork()) < 0) {
		perror("call_streams");
		exit(1);
	}
	if (p->pid == 0) {
		close(to[1]);
		close(from[0]);
		serve(to[0], from[1], type);
	}
	close(to[0]);
	close(from[1]);
	p->to = to[1];
	p->from = from[0];
	hear(p->from, &port, sizeof(port));
	return port;
}

static double process_cpu_us(const struct process *p)
{
	double us;

	say(p->to, "", 1);
	hear(p->from, &us, sizeof(us));
	return us;
}

static void process_stop(struct process *p)
{
	close(p->to);
	waitpid(p->pid, NULL, 0);
	close(p->from);
}

/* ---- rounds ---- */

static void round_of(enum sip_transport_type type, double *ret_caller_us, double *ret_callee_us)
{
	static const char *const params[] = {[SIP_TRANSPORT_UDP] = "",
		[SIP_TRANSPORT_TCP] = ";transport=tcp",
		[SIP_TRANSPORT_TLS] = ";transport=tls"};
	static struct end e;
	struct process p;
	double ours, theirs;
	uint16_t port = process_start(&p, type);

	end_open(&e, type);
	e.flow.remote.port = port;
	snprintf(e.target, sizeof(e.target), "sip:far@127.0.0.1:%u%s", port, params[type]);
	theirs = process_cpu_us(&p);
	ours = callee_cpu_us();
	end_start(&e);
	host_wake(e.host);
	sem_wait(&e.all_over);
	*ret_caller_us = (callee_cpu_us() - ours) / CALLS;
	*ret_callee_us = (process_cpu_us(&p) - theirs) / CALLS;
	end_close(&e);
	process_stop(&p);
}

static void report(struct report *r, enum sip_transport_type type)
{
	double caller[ROUNDS], callee[ROUNDS];
	char row[64];

	for (unsigned i = 0; i < ROUNDS; i++)
		round_of(type, &caller[i], &callee[i]);
	snprintf(row, sizeof(row), "signalling over %s, caller", sip_transport_name(type));
	report_row(r, row, bench_median(caller, ROUNDS), "us", 0, NULL, 0);
	snprintf(row, sizeof(row), "signalling over %s, callee", sip_transport_name(type));
	report_row(r, row, bench_median(callee, ROUNDS), "us", 0, NULL, 0);
}

static void report_sipp(struct report *r)
{
	static struct end e;
	double ours, theirs;
	bool there;

	end_open(&e, SIP_TRANSPORT_TCP);
	e.n_begun = CALLS;
	end_start(&e);
	ours = callee_cpu_us();
	there = sipp_call(e.flow.local.port, "t1", CALLS, &theirs);
	ours = (callee_cpu_us() - ours) / CALLS;
	end_close(&e);
	if (there)
		report_row(r, "signalling over TCP, SIPp calls at 1,500/s", ours, "us", 0, "sipp", theirs);
}

int main(int argc, char **argv)
{
	struct report r;

	report_open(&r, "calls", argc, argv);
	report(&r, SIP_TRANSPORT_UDP);
	report(&r, SIP_TRANSPORT_TCP);
	report(&r, SIP_TRANSPORT_TLS);
	report_sipp(&r);
	return report_close(&r);
}
