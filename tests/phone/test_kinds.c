/*
 * Every kind of transport over sockets of this machine: a call over each of them, by IPv4 and by IPv6, and the DSCP that its
 * sockets have, those of the listener, those that connect and those that were accepted.
 */
#include "check.h"

#include "base/err.h"
#include "offhook/offhook.h"
#include "offhook/tls.h"
#include "tls/certs.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAIT_MS     10000
#define CALLER_DSCP 46
#define CALLEE_DSCP 26

struct end {
	struct offhook_phone *phone;
	uint16_t port;
	offhook_id call;
	bool incoming, confirmed, ended;
	char message[4096]; /* of the newest event that had one */
};

static void on_event(void *arg, const struct offhook_event *e)
{
	struct end *end = arg;

	if (e->message)
		snprintf(end->message, sizeof(end->message), "%s", e->message);
	if (e->call)
		end->call = e->id;
	end->incoming |= e->type == OFFHOOK_EVENT_CALL_INCOMING;
	if (e->type == OFFHOOK_EVENT_CALL_STATE) {
		end->confirmed |= e->call->state == OFFHOOK_CALL_CONFIRMED;
		end->ended |= e->call->state == OFFHOOK_CALL_DISCONNECTED;
	}
}

struct row {
	enum offhook_transport_type type;
	const char *address, *uri; /* the port goes into it */
};

static void end_open(struct end *end, const struct row *row, const char *pem, uint8_t dscp)
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
	t.type = row->type;
	t.address = row->address;
	t.tls = &tls;
	t.dscp = dscp;
	CHECK_OK(offhook_transport_add(end->phone, &t, &id));
	CHECK_OK(offhook_transport_get_info(end->phone, id, &info));
	end->port = info.port;
	offhook_account_cfg_init(&account);
	account.transport = id;
	CHECK_OK(offhook_account_add(end->phone, &account, &id));
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

/* ---- DSCP ---- */

static uint16_t port_of(const struct sockaddr_storage *s)
{
	if (s->ss_family == AF_INET)
		return ntohs(((const struct sockaddr_in *)(const void *)s)->sin_port);
	return s->ss_family == AF_INET6 ? ntohs(((const struct sockaddr_in6 *)(const void *)s)->sin6_port)
					: 0;
}

static int dscp_of(int fd, int family)
{
	int tos = 0;
	socklen_t n = sizeof(tos);

	CHECK_EQ(family == AF_INET6 ? getsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &tos, &n)
				    : getsockopt(fd, IPPROTO_IP, IP_TOS, &tos, &n),
		0);
	return tos >> 2;
}

/* All sockets of this process that are bound to, or connected with, this port. */
static unsigned check_dscp(uint16_t port, int bound, int connected)
{
	unsigned found = 0;

	for (int fd = 0; fd < 1024; fd++) {
		struct sockaddr_storage own = {0}, peer = {0};
		socklen_t n = sizeof(own), m = sizeof(peer);

		if (getsockname(fd, (struct sockaddr *)&own, &n))
			continue;
		(void)getpeername(fd, (struct sockaddr *)&peer, &m);
		if (port_of(&own) == port) {
			CHECK_EQ(dscp_of(fd, own.ss_family), bound);
			found++;
		} else if (port_of(&peer) == port) {
			CHECK_EQ(dscp_of(fd, own.ss_family), connected);
			found++;
		}
	}
	return found;
}

/* ---- calls ---- */

static void talk(const struct row *row, const char *pem)
{
	struct offhook_call_cfg cfg;
	struct end a, b;
	char uri[96], host[32];
	bool ip6 = strchr(row->address, ':') != NULL;

	end_open(&a, row, pem, CALLER_DSCP);
	end_open(&b, row, pem, CALLEE_DSCP);
	offhook_call_cfg_init(&cfg);
	snprintf(uri, sizeof(uri), row->uri, b.port); /* NOLINT: the formats are below */
	cfg.uri = uri;
	CHECK_OK(offhook_call_make(a.phone, 0, &cfg, &a.call));
	wait_for(&a, &b, &b.incoming);
	snprintf(host, sizeof(host), ip6 ? "[%s]:%u" : "%s:%u", row->address, a.port);
	CHECK(strstr(b.message, host));
	CHECK_OK(offhook_call_answer(b.phone, b.call, NULL));
	wait_for(&a, &b, &a.confirmed);
	/* A socket of UDP each; or the listener, what it accepted, and what connected. */
	CHECK_EQ(check_dscp(b.port, CALLEE_DSCP, CALLER_DSCP), row->type == OFFHOOK_UDP ? 1 : 3);
	CHECK_EQ(check_dscp(a.port, CALLER_DSCP, CALLEE_DSCP), 1);
	CHECK_OK(offhook_call_hangup(b.phone, b.call, NULL));
	wait_for(&a, &b, &a.ended);
	offhook_phone_free(a.phone);
	offhook_phone_free(b.phone);
}

static const struct row rows[] = {
	{OFFHOOK_UDP, "127.0.0.1", "sip:127.0.0.1:%u"},
	{OFFHOOK_TCP, "127.0.0.1", "sip:127.0.0.1:%u;transport=tcp"},
	{OFFHOOK_TLS, "127.0.0.1", "sips:127.0.0.1:%u"},
	{OFFHOOK_WS, "127.0.0.1", "sip:127.0.0.1:%u;transport=ws"},
	{OFFHOOK_WSS, "127.0.0.1", "sips:127.0.0.1:%u;transport=ws"},
	{OFFHOOK_UDP, "::1", "sip:[::1]:%u"},
	{OFFHOOK_TCP, "::1", "sip:[::1]:%u;transport=tcp"},
	{OFFHOOK_TLS, "::1", "sips:[::1]:%u"},
	{OFFHOOK_WS, "::1", "sip:[::1]:%u;transport=ws"},
	{OFFHOOK_WSS, "::1", "sips:[::1]:%u;transport=ws"},
};

TEST(a_call_over_every_kind_of_transport_by_both_families)
{
	const struct cert_cfg cfg = {.cn = "here", .san = "IP:127.0.0.1,IP:::1"};
	struct cert cert;
	char pem[64];

	cert_make(&cfg, &cert);
	cert_write(cert.pem, cert.key_pem, pem);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		talk(&rows[i], pem);
	unlink(pem);
	cert_free(&cert);
}

int main(void)
{
	const struct CMUnitTest tests[] = {RUN(a_call_over_every_kind_of_transport_by_both_families)};
	struct offhook_phone *first;

	/* libuv keeps a pair of descriptors for the whole process from its first loop on: before they are counted. */
	if (offhook_phone_new(NULL, &first))
		return 1;
	offhook_phone_free(first);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
