/*
 * Registering with digest: REGISTER, 401, REGISTER with the proof, 200, each for an account of its own, over real sockets to
 * a registrar in another process. CPU of this process by getrusage(); SIPp does the same beside us where it is installed.
 */
#include "callee.h"
#include "report.h"

#include "session/reg.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define ACCOUNTS 3000u
#define ROUNDS   3u
#define WINDOW   16u

/* ---- the registrar: a script, no user agent ---- */

static int put_line(char *at, const char *message, const char *name, const char *more)
{
	const char *line = strstr(message, name);

	return line ? sprintf(at, "%.*s%s\r\n", (int)strcspn(line + 2, "\r"), line + 2, more) : 0;
}

static void answer(int fd, const char *message, const struct sockaddr_in *from)
{
	bool proven = strstr(message, "\r\nAuthorization:") != NULL;
	char text[4096];
	int n = sprintf(text, "SIP/2.0 %s\r\n", proven ? "200 OK" : "401 Unauthorized");

	n += put_line(text + n, message, "\r\nVia:", "");
	n += put_line(text + n, message, "\r\nFrom:", "");
	n += put_line(text + n, message, "\r\nTo:", ";tag=registrar");
	n += put_line(text + n, message, "\r\nCall-ID:", "");
	n += put_line(text + n, message, "\r\nCSeq:", "");
	if (proven)
		n += put_line(text + n, message, "\r\nContact:", "");
	n += sprintf(text + n, "%sContent-Length: 0\r\n\r\n",
		proven ? "Expires: 3600\r\n"
		       : "WWW-Authenticate: Digest realm=\"example.com\", nonce=\"4fb2a8e1c7\", "
			 "algorithm=MD5, qop=\"auth\"\r\n");
	(void)sendto(fd, text, (size_t)n, 0, (const struct sockaddr *)from, sizeof(*from));
}

static pid_t registrar_start(uint16_t *ret_port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t n = sizeof(at);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), room = 4 << 20;
	pid_t pid;

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) ||
		getsockname(fd, (struct sockaddr *)&at, &n))
		callee_require(OH_ETRANSPORT, "the registrar's socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	*ret_port = ntohs(at.sin_port);
	pid = fork();
	if (pid == 0) {
		for (;;) {
			char message[4096];
			ssize_t got;

			n = sizeof(at);
			got = recvfrom(fd, message, sizeof(message) - 1, 0, (struct sockaddr *)&at, &n);
			if (got <= 0)
				_exit(1);
			message[got] = '\0';
			answer(fd, message, &at);
		}
	}
	close(fd);
	return pid;
}

/* ---- ours ---- */

struct side {
	struct host *host;
	struct sip_stack *stack;
	struct sip_transport *udp;
	struct reg *regs[ACCOUNTS];
	unsigned n_begun, n_up;
};

static void on_outcome(void *arg, const struct reg_outcome *o)
{
	struct side *s = arg;

	callee_require(o->err, "REGISTER");
	if (s->n_begun < ACCOUNTS)
		reg_start(s->regs[s->n_begun++]);
	if (++s->n_up == ACCOUNTS)
		host_stop(s->host);
}

static void make(struct side *s, unsigned i, uint16_t port)
{
	struct sip_credential who = {.realm = SLICE_LIT("example.com"), .password = SLICE_LIT("secret")};
	char aor[64], user[16], to[64];
	struct slice registrar;
	struct reg_cfg cfg = {.registrars = &registrar,
		.n_registrars = 1,
		.expires_s = 3600,
		.handler = {.outcome = on_outcome, .arg = s}};

	snprintf(user, sizeof(user), "u%u", i);
	snprintf(aor, sizeof(aor), "<sip:%s@example.com>", user);
	snprintf(to, sizeof(to), "sip:127.0.0.1:%u", port);
	registrar = slice_of(to);
	cfg.aor = slice_of(aor);
	cfg.user = who.user = slice_of(user);
	callee_require(
		sip_auth_new(&(struct sip_auth_cfg){.credentials = &who, .n_credentials = 1}, &cfg.auth),
		"credentials");
	callee_require(reg_new(s->stack, &cfg, &s->regs[i]), "a registration");
	sip_auth_unref(cfg.auth);
}

static void round_of(uint16_t port, double *ret_cpu_us, double *ret_a_second)
{
	static struct side s;
	struct sip_stack_cfg cfg = {.timers = {.t1 = 500}};
	struct sip_transport_cfg udp = {.type = SIP_TRANSPORT_UDP};
	uint64_t began;

	s = (struct side){.n_up = 0};
	callee_require(host_uv_new(&s.host), "the host");
	cfg.host = s.host;
	callee_require(sip_stack_new(&cfg, &s.stack), "the stack");
	callee_require(netaddr_parse_ip(SLICE_LIT("127.0.0.1"), 0, &udp.local), "an address");
	callee_require(sip_transport_new(s.stack, &udp, &s.udp), "a transport");
	for (unsigned i = 0; i < ACCOUNTS; i++)
		make(&s, i, port);
	*ret_cpu_us = callee_cpu_us();
	began = bench_now();
	while (s.n_begun < WINDOW)
		reg_start(s.regs[s.n_begun++]);
	callee_require(host_run(s.host), "the loop");
	*ret_cpu_us = (callee_cpu_us() - *ret_cpu_us) / ACCOUNTS;
	*ret_a_second = ACCOUNTS * 1e9 / (double)(bench_now() - began);
	for (unsigned i = 0; i < ACCOUNTS; i++)
		reg_free(s.regs[i]);
	sip_stack_free(s.stack);
	host_free(s.host);
}

/* ---- SIPp ---- */

static const char scenario[] =
	"<?xml version=\"1.0\"?>\n<scenario name=\"register\">\n"
	"<send retrans=\"500\"><![CDATA[\n"
	"REGISTER sip:[remote_ip]:[remote_port] SIP/2.0\n"
	"Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\n"
	"From: <sip:u[call_number]@example.com>;tag=[pid][call_number]\n"
	"To: <sip:u[call_number]@example.com>\nCall-ID: [call_id]\nCSeq: 1 REGISTER\n"
	"Contact: <sip:u[call_number]@[local_ip]:[local_port]>\nMax-Forwards: 70\nExpires: "
	"3600\nContent-Length: 0\n"
	"]]></send>\n<recv response=\"401\" auth=\"true\"/>\n"
	"<send retrans=\"500\"><![CDATA[\n"
	"REGISTER sip:[remote_ip]:[remote_port] SIP/2.0\n"
	"Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\n"
	"From: <sip:u[call_number]@example.com>;tag=[pid][call_number]\n"
	"To: <sip:u[call_number]@example.com>\nCall-ID: [call_id]\nCSeq: 2 REGISTER\n"
	"Contact: <sip:u[call_number]@[local_ip]:[local_port]>\nMax-Forwards: 70\n"
	"[authentication username=alice password=secret]\nExpires: 3600\nContent-Length: 0\n"
	"]]></send>\n<recv response=\"200\"/>\n</scenario>\n";

static bool write_scenario(char path[32])
{
	int fd = mkstemp(strcpy(path, "/tmp/register-XXXXXX"));
	bool done = fd >= 0 && write(fd, scenario, sizeof(scenario) - 1) == (ssize_t)sizeof(scenario) - 1;

	if (fd >= 0)
		close(fd);
	return done;
}

/* False: it is not installed. */
static bool by_sipp(uint16_t port, double *ret_us)
{
	extern char **environ;
	char target[32], n[16], path[32];
	const char *const args[] = {"sipp", target, "-sf", path, "-i", "127.0.0.1", "-m", n, "-r", "3000",
		"-l", "64", "-nostdin", "-timeout", "30", NULL};
	posix_spawn_file_actions_t quiet;
	struct rusage use;
	pid_t pid;
	int status;

	if (!write_scenario(path))
		callee_require(OH_ENOFILE, "a scenario");
	snprintf(target, sizeof(target), "127.0.0.1:%u", port);
	snprintf(n, sizeof(n), "%u", ACCOUNTS);
	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", 1, 0);
	posix_spawn_file_actions_addopen(&quiet, 2, "/dev/null", 1, 0);
	status = posix_spawnp(&pid, "sipp", &quiet, NULL, (char *const *)(uintptr_t)args, environ);
	posix_spawn_file_actions_destroy(&quiet);
	if (status == 0 && (wait4(pid, &status, 0, &use) != pid || status != 0)) {
		fprintf(stderr, "register: SIPp ended with status %d\n", status);
		exit(1);
	}
	unlink(path);
	if (status != 0)
		return false;
	*ret_us = ((double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1e6 +
			  (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec)) /
		  ACCOUNTS;
	return true;
}

int main(int argc, char **argv)
{
	double cpu[ROUNDS], a_second[ROUNDS], theirs = 0;
	struct report r;
	uint16_t port;
	pid_t registrar;
	bool there;

	report_open(&r, "accounts", argc, argv);
	registrar = registrar_start(&port);
	for (unsigned i = 0; i < ROUNDS; i++)
		round_of(port, &cpu[i], &a_second[i]);
	there = by_sipp(port, &theirs);
	report_row(&r, "REGISTER with digest", bench_median(cpu, ROUNDS), "us", 0, there ? "sipp" : NULL,
		theirs);
	report_row(
		&r, "REGISTER with digest, window of 16", bench_median(a_second, ROUNDS), "/s", 0, NULL, 0);
	kill(registrar, SIGKILL);
	waitpid(registrar, NULL, 0);
	return report_close(&r);
}
