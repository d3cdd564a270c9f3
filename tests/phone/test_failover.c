/*
 * From one server to the next over connections (RFC 3263 4.3), and back: a port where nobody listens, a host that is not
 * there, a certificate of somebody else, a 503. On the simulated wire, with a phone as the good server; then over sockets of
 * this machine.
 */
#include "rig.h"

#include "offhook/tls.h"
#include "tls/certs.h"

#include <poll.h>
#include <unistd.h>

#define FIRST_IP "192.0.2.3"
#define FAR      "sip:bob@far.example.com"

/* How the first server fails. */
enum failure { NO_LISTENER, NO_HOST, OTHER_CERT, SAYS_503 };

struct story {
	struct rig *r;
	struct side first; /* its phone, when there is one */
	struct host *bare; /* its machine, when there is no phone */
	struct cert cert, other;
	char pem[64], other_pem[64];
	enum offhook_transport_type type;
};

static void add(struct side *side, enum offhook_transport_type type, const char *pem)
{
	struct offhook_transport_cfg cfg;
	struct offhook_tls_cfg tls;
	offhook_id id;

	offhook_tls_cfg_init(&tls);
	tls.cert_file = tls.ca_file = pem;
	offhook_transport_cfg_init(&cfg);
	cfg.type = type;
	cfg.address = side->ip;
	cfg.port = 5070;
	cfg.tls = &tls;
	CHECK_OK(offhook_transport_add(side->phone, &cfg, &id));
}

static void says_503(struct offhook_phone_cfg *cfg)
{
	cfg->unmatched = 503;
}

static void first_open(struct story *s, rig_settings *settings, const char *pem)
{
	s->first = (struct side){.rig = s->r, .name = "carol", .ip = FIRST_IP};
	CHECK_OK(side_start(&s->first, OFFHOOK_DELIVER_INLINE, settings));
	add(&s->first, s->type, pem);
}

static void first_close(struct story *s)
{
	offhook_phone_free(s->first.phone);
	host_free(s->first.host);
	s->first = (struct side){0};
	host_free(s->bare);
	s->bare = NULL;
}

static void with_servers(struct story *s)
{
	const char *kind = s->type == OFFHOOK_TLS ? "tls" : "tcp", *list[2];
	struct offhook_account_cfg cfg;
	char first[64], second[64];

	snprintf(first, sizeof(first), "sip:" FIRST_IP ":5070;transport=%s", kind);
	snprintf(second, sizeof(second), "sip:" RIG_B_IP ":5070;transport=%s", kind);
	list[0] = first;
	list[1] = second;
	offhook_account_cfg_init(&cfg);
	cfg.uri = "sip:alice@example.com";
	cfg.servers = list;
	cfg.n_servers = 2;
	CHECK_OK(offhook_account_modify(s->r->a.phone, s->r->a.account, &cfg));
}

static void story_open(struct story *s, enum offhook_transport_type type, enum failure failure)
{
	const struct cert_cfg cert = {.cn = "good", .san = "IP:" RIG_A_IP ",IP:" RIG_B_IP ",IP:" FIRST_IP};
	const struct cert_cfg other = {.cn = "other", .san = "IP:" FIRST_IP};

	*s = (struct story){.r = rig_new(OFFHOOK_DELIVER_INLINE), .type = type};
	cert_make(&cert, &s->cert);
	cert_write(s->cert.pem, s->cert.key_pem, s->pem);
	cert_make(&other, &s->other);
	cert_write(s->other.pem, s->other.key_pem, s->other_pem);
	add(&s->r->a, type, s->pem);
	add(&s->r->b, type, s->pem);
	with_servers(s);
	if (failure == NO_LISTENER)
		CHECK_OK(sim_host_new(s->r->sim, FIRST_IP, &s->bare));
	else if (failure == OTHER_CERT)
		first_open(s, NULL, s->other_pem);
	else if (failure == SAYS_503)
		first_open(s, says_503, s->pem);
}

static void story_close(struct story *s)
{
	rig_run_ms(s->r, 1000000); /* until unused connections close */
	first_close(s);
	unlink(s->pem);
	unlink(s->other_pem);
	cert_free(&s->cert);
	cert_free(&s->other);
	rig_close(s->r);
}

static void call(struct side *s)
{
	struct offhook_call_cfg cfg;

	side_forget(s);
	offhook_call_cfg_init(&cfg);
	cfg.uri = FAR;
	CHECK_OK(offhook_call_make(s->phone, s->account, &cfg, &s->call));
}

static void taken_by(struct story *s, struct side *callee)
{
	call(&s->r->a);
	CHECK(rig_wait(callee, "INCOMING"));
	CHECK_OK(side_answer(callee, 200));
	CHECK(rig_wait(&s->r->a, "CONFIRMED"));
	CHECK_OK(side_hangup(&s->r->a, 0));
	CHECK(rig_wait(callee, "DISCONNECTED"));
	side_forget(callee);
}

static const struct row {
	enum offhook_transport_type type;
	enum failure failure;
} rows[] = {
	{OFFHOOK_TCP, NO_LISTENER},
	{OFFHOOK_TCP, NO_HOST},
	{OFFHOOK_TCP, SAYS_503},
	{OFFHOOK_TLS, NO_LISTENER},
	{OFFHOOK_TLS, NO_HOST},
	{OFFHOOK_TLS, OTHER_CERT},
	{OFFHOOK_TLS, SAYS_503},
};

TEST(a_server_that_fails_is_left_and_taken_again_when_it_is_well)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct story s;

		story_open(&s, rows[i].type, rows[i].failure);
		taken_by(&s, &s.r->b);
		CHECK(!s.first.phone || !strstr(s.first.log, "INCOMING"));
		/* It is known: the next one waits for nobody. */
		call(&s.r->a);
		rig_run_ms(s.r, 100);
		CHECK_STR(s.r->b.log, "INCOMING ");
		CHECK_OK(side_hangup(&s.r->a, 0));
		CHECK(rig_wait(&s.r->b, "DISCONNECTED"));
		side_forget(&s.r->b);
		/* It is well. */
		first_close(&s);
		first_open(&s, NULL, s.pem);
		rig_run_ms(s.r, 40000);
		taken_by(&s, &s.first);
		CHECK_STR(s.r->b.log, "");
		story_close(&s);
	}
}

/* ---- over sockets of this machine ---- */

#define WAIT_MS 10000

struct end {
	struct offhook_phone *phone;
	offhook_id account, call;
	uint16_t port;
	bool incoming, ended;
};

static void on_event(void *arg, const struct offhook_event *e)
{
	struct end *end = arg;

	if (e->call)
		end->call = e->id;
	end->incoming |= e->type == OFFHOOK_EVENT_CALL_INCOMING;
	end->ended |= e->type == OFFHOOK_EVENT_CALL_STATE && e->call->state == OFFHOOK_CALL_DISCONNECTED;
}

static void end_open(struct end *end, enum offhook_transport_type type, const char *pem)
{
	struct offhook_phone_cfg cfg;
	struct offhook_transport_cfg t;
	struct offhook_tls_cfg tls;
	struct offhook_account_cfg account;
	struct offhook_transport_info info = {.size = sizeof(info)};
	offhook_id id;

	*end = (struct end){0};
	offhook_phone_cfg_init(&cfg);
	cfg.delivery = OFFHOOK_DELIVER_PULL;
	cfg.on_event = on_event;
	cfg.on_event_arg = end;
	CHECK_OK(offhook_phone_new(&cfg, &end->phone));
	offhook_tls_cfg_init(&tls);
	tls.cert_file = tls.ca_file = pem;
	offhook_transport_cfg_init(&t);
	t.type = type;
	t.address = "127.0.0.1";
	t.tls = &tls;
	CHECK_OK(offhook_transport_add(end->phone, &t, &id));
	CHECK_OK(offhook_transport_get_info(end->phone, id, &info));
	end->port = info.port;
	offhook_account_cfg_init(&account);
	account.transport = id;
	CHECK_OK(offhook_account_add(end->phone, &account, &end->account));
}

static void wait_for(struct end *a, struct end *b, const bool *flag)
{
	struct pollfd fds[2] = {{.fd = offhook_events_fd(a->phone), .events = POLLIN},
		{.fd = offhook_events_fd(b->phone), .events = POLLIN}};

	while (!*flag && poll(fds, 2, WAIT_MS) > 0) {
		while (offhook_process(a->phone, 0) > 0)
			;
		while (offhook_process(b->phone, 0) > 0)
			;
	}
	CHECK(*flag);
}

static void call_by_servers(struct end *a, const char *kind, uint16_t first, uint16_t second)
{
	struct offhook_account_cfg account;
	struct offhook_call_cfg cfg;
	char x[64], y[64];
	const char *const list[] = {x, y};

	snprintf(x, sizeof(x), "sip:127.0.0.1:%u;transport=%s", first, kind);
	snprintf(y, sizeof(y), "sip:127.0.0.1:%u;transport=%s", second, kind);
	offhook_account_cfg_init(&account);
	account.uri = "sip:alice@example.com";
	account.servers = list;
	account.n_servers = 2;
	CHECK_OK(offhook_account_modify(a->phone, a->account, &account));
	offhook_call_cfg_init(&cfg);
	cfg.uri = FAR;
	CHECK_OK(offhook_call_make(a->phone, a->account, &cfg, &a->call));
}

/* first: a phone whose certificate nobody trusts, or none any more. */
static void real_story(
	enum offhook_transport_type type, const char *kind, bool listens, const char *pem, const char *other)
{
	struct end a, first, second;

	end_open(&first, type, other);
	if (!listens)
		offhook_phone_free(first.phone);
	end_open(&second, type, pem);
	end_open(&a, type, pem);
	call_by_servers(&a, kind, first.port, second.port);
	wait_for(&a, &second, &second.incoming);
	CHECK_OK(offhook_call_hangup(second.phone, second.call, NULL));
	wait_for(&a, &second, &a.ended);
	CHECK(!listens || !first.incoming);
	if (listens)
		offhook_phone_free(first.phone);
	offhook_phone_free(second.phone);
	offhook_phone_free(a.phone);
}

TEST(over_real_sockets_too)
{
	const struct cert_cfg good = {.cn = "good", .san = "IP:127.0.0.1"};
	struct cert cert, other;
	char pem[64], other_pem[64];

	cert_make(&good, &cert);
	cert_write(cert.pem, cert.key_pem, pem);
	cert_make(&good, &other); /* the same name, and an issuer that nobody knows: itself */
	cert_write(other.pem, other.key_pem, other_pem);
	real_story(OFFHOOK_TCP, "tcp", false, pem, other_pem);
	real_story(OFFHOOK_TLS, "tls", false, pem, other_pem);
	real_story(OFFHOOK_TLS, "tls", true, pem, other_pem);
	unlink(pem);
	unlink(other_pem);
	cert_free(&cert);
	cert_free(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(a_server_that_fails_is_left_and_taken_again_when_it_is_well), RUN(over_real_sockets_too)};
	struct offhook_phone *first;

	/* libuv keeps a pair of descriptors for the whole process from its first loop on: before they are counted. */
	if (offhook_phone_new(NULL, &first))
		return 1;
	offhook_phone_free(first);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
