/*
 * Every message of RFC 4475 and RFC 5118 on real sockets: a phone on the loopback gets the file as one datagram and
 * must answer as expected.tsv says. Nothing sleeps: an OPTIONS behind each message bounds the wait, because a
 * phone answers in order. What a transport of datagrams cannot show ("tcp:...") and what only a parser can show
 * ("parse:...") is not looked at here; the latter is tests/sip/test_torture.c.
 */
#include "check.h"

#include "base/err.h"
#include "offhook/offhook.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#define MESSAGE_MAX 8192
#define ANSWERS_MAX 16
#define WAIT_MS     10000

/* MATRIX: RFC 4475 rows below */
static const char *const names_4475[] = {
	"wsinv",
	"intmeth",
	"esc01",
	"escnull",
	"esc02",
	"lwsdisp",
	"longreq",
	"dblreq",
	"semiuri",
	"transports",
	"mpart01",
	"unreason",
	"noreason",
	"badinv01",
	"clerr",
	"ncl",
	"scalar02",
	"scalarlg",
	"quotbal",
	"ltgtruri",
	"lwsruri",
	"lwsstart",
	"trws",
	"escruri",
	"baddate",
	"regbadct",
	"badaspec",
	"baddn",
	"badvers",
	"mismatch01",
	"mismatch02",
	"bigcode",
	"badbranch",
	"insuf",
	"unkscm",
	"novelsc",
	"unksm2",
	"bext01",
	"invut",
	"regaut01",
	"multi01",
	"mcl01",
	"bcast",
	"zeromf",
	"cparam01",
	"cparam02",
	"regescrt",
	"sdp01",
	"inv2543",
	"test",
	"baddn-fixed",
	"trws-fixed",
	"dblreq-fixed",
};

/* MATRIX: RFC 5118 rows below */
static const char *const names_5118[] = {
	"ipv6-good",
	"ipv6-bad",
	"port-ambiguous",
	"port-unambiguous",
	"via-received-param-with-delim",
	"via-received-param-no-delim",
	"ipv6-in-sdp",
	"mult-ip-in-header",
	"mult-ip-in-sdp",
	"ipv4-mapped-ipv6",
	"ipv6-bug-abnf-3-colons",
	"ipv6-correct-abnf-2-colons",
};

/* ---- the phone and its peer ---- */

/* The ports that the messages' Vias want their answers at. */
static const uint16_t peer_ports[] = {5060, 5050, 6050, 19823};
#define PORTS ARRAY_LEN(peer_ports)

struct peer {
	int family;
	int sockets[PORTS];
	struct sockaddr_storage phone_addr;
	socklen_t phone_addr_n;
	char host[64], phone_host[64]; /* as they stand in a URI */
	uint16_t phone_port;
	struct offhook_phone *phone;
	_Atomic unsigned calls; /* that the program was told of */
	char answers[ANSWERS_MAX][MESSAGE_MAX];
	size_t n_answers;
};

static void on_event(void *arg, const struct offhook_event *e)
{
	struct peer *p = arg;

	if (e->type != OFFHOOK_EVENT_CALL_INCOMING)
		return;
	p->calls++;
	(void)offhook_call_answer(p->phone, e->id, NULL);
}

static socklen_t address(int family, const char *ip, uint16_t port, struct sockaddr_storage *ret_addr)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret_addr;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret_addr;

	memset(ret_addr, 0, sizeof(*ret_addr));
	ret_addr->ss_family = (sa_family_t)family;
	if (family == AF_INET) {
		v4->sin_port = htons(port);
		CHECK_EQ(inet_pton(family, ip, &v4->sin_addr), 1);
		return sizeof(*v4);
	}
	v6->sin6_port = htons(port);
	CHECK_EQ(inet_pton(family, ip, &v6->sin6_addr), 1);
	return sizeof(*v6);
}

static int try_bind(int family, const char *ip, uint16_t port)
{
	struct sockaddr_storage addr;
	socklen_t n = address(family, ip, port, &addr);
	int s = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (s >= 0 && bind(s, (struct sockaddr *)&addr, n) != 0) {
		close(s);
		return -1;
	}
	return s;
}

static void phone_open(struct peer *p, const char *ip)
{
	struct offhook_transport_info info = {.size = sizeof(info)};
	struct offhook_transport_cfg udp;
	struct offhook_account_cfg account;
	struct offhook_phone_cfg cfg;
	offhook_id transport, id;

	offhook_phone_cfg_init(&cfg);
	cfg.delivery = OFFHOOK_DELIVER_INLINE;
	cfg.on_event = on_event;
	cfg.on_event_arg = p;
	CHECK_OK(offhook_phone_new(&cfg, &p->phone));
	offhook_transport_cfg_init(&udp);
	udp.address = ip;
	CHECK_OK(offhook_transport_add(p->phone, &udp, &transport));
	CHECK_OK(offhook_transport_get_info(p->phone, transport, &info));
	offhook_account_cfg_init(&account);
	account.transport = transport;
	CHECK_OK(offhook_account_add(p->phone, &account, &id));
	p->phone_port = info.port;
	p->phone_addr_n = address(p->family, ip, info.port, &p->phone_addr);
}

/* An address of the loopback that no other run of this test has: ports are fixed by the messages. */
static void own_ip4(char buf[64])
{
	unsigned pid = (unsigned)getpid();

	snprintf(buf, 64, "127.%u.%u.%u", 64 + (pid >> 16) % 64, pid >> 8 & 255, (pid & 255) | 1);
}

static struct peer *peer_open(int family)
{
	struct peer *p = calloc(1, sizeof(*p));
	char ip[64] = "::1";

	CHECK(p);
	p->family = family;
	if (family == AF_INET)
		own_ip4(ip);
	snprintf(p->host, sizeof(p->host), family == AF_INET ? "%s" : "[%s]", ip);
	snprintf(p->phone_host, sizeof(p->phone_host), "%s", family == AF_INET ? "127.0.0.1" : "[::1]");
	for (size_t i = 0; i < PORTS; i++) {
		p->sockets[i] = try_bind(family, ip, peer_ports[i]);
		if (p->sockets[i] < 0)
			fail_msg("%s:%u is not free", ip, peer_ports[i]);
	}
	phone_open(p, family == AF_INET ? "127.0.0.1" : "::1");
	return p;
}

static void peer_close(struct peer *p)
{
	offhook_phone_free(p->phone);
	for (size_t i = 0; i < PORTS; i++)
		close(p->sockets[i]);
	free(p);
}

static void tell(struct peer *p, const void *bytes, size_t n)
{
	CHECK_EQ(sendto(p->sockets[0], bytes, n, 0, (struct sockaddr *)&p->phone_addr, p->phone_addr_n), n);
}

/* ---- messages ---- */

/* What stands behind "Name:" in a message of the phone, which writes each header in one way only. */
static const char *header(const char *message, const char *name, char buf[512])
{
	size_t n = strlen(name);

	buf[0] = '\0';
	for (const char *line = strstr(message, "\r\n"); line && line[2] != '\r';
		line = strstr(line, "\r\n")) {
		line += 2;
		if (strncasecmp(line, name, n) == 0 && line[n] == ':') {
			line += n + 1;
			line += strspn(line, " ");
			snprintf(buf, 512, "%.*s", (int)strcspn(line, "\r"), line);
			break;
		}
	}
	return buf;
}

static unsigned status_of(const char *message)
{
	unsigned status = 0;

	return sscanf(message, "SIP/2.0 %u ", &status) == 1 ? status : 0;
}

/* False: nothing came in time. */
static bool listen_once(struct peer *p, int wait_ms)
{
	struct pollfd fds[PORTS];
	bool any = false;

	for (size_t i = 0; i < PORTS; i++)
		fds[i] = (struct pollfd){.fd = p->sockets[i], .events = POLLIN};
	if (poll(fds, PORTS, wait_ms) <= 0)
		return false;
	for (size_t i = 0; i < PORTS; i++) {
		char *to = p->answers[p->n_answers];
		ssize_t n;

		if (!(fds[i].revents & POLLIN))
			continue;
		n = recv(p->sockets[i], to, MESSAGE_MAX - 1, MSG_DONTWAIT);
		if (n < 0)
			continue;
		to[n] = '\0';
		for (ssize_t k = 0; k < n; k++) /* a quoted NUL comes back as it was (intmeth) */
			to[k] = to[k] ? to[k] : '0';
		if (p->n_answers + 1 < ANSWERS_MAX)
			p->n_answers++;
		any = true;
	}
	return any;
}

static const char *newest(const struct peer *p)
{
	return p->n_answers ? p->answers[p->n_answers - 1] : "";
}

/* An OPTIONS behind the message: what has not come before its answer does not come. The answer is taken out. */
static bool probe(struct peer *p)
{
	char text[1024];
	int n = snprintf(text, sizeof(text),
		"OPTIONS sip:probe@%s:%u SIP/2.0\r\nVia: SIP/2.0/UDP %s:5060;branch=z9hG4bK-the-probe\r\n"
		"Max-Forwards: 70\r\nFrom: <sip:probe@%s>;tag=p\r\nTo: <sip:probe@%s>\r\n"
		"Call-ID: the-probe\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
		p->phone_host, p->phone_port, p->host, p->host, p->phone_host);

	tell(p, text, (size_t)n);
	while (listen_once(p, WAIT_MS))
		for (size_t i = 0; i < p->n_answers; i++)
			if (strstr(p->answers[i], "z9hG4bK-the-probe")) {
				memmove(p->answers[i], p->answers[i + 1],
					(ANSWERS_MAX - 1 - i) * MESSAGE_MAX);
				p->n_answers--;
				return true;
			}
	return false;
}

/* A request of the caller inside the dialog of this 200. */
static void follow(struct peer *p, const char *ok, const char *method, unsigned cseq)
{
	char from[512], to[512], call_id[512], text[4096];
	int n = snprintf(text, sizeof(text),
		"%s sip:x@%s:%u SIP/2.0\r\nVia: SIP/2.0/UDP %s:5060;branch=z9hG4bK-%s\r\nMax-Forwards: 70\r\n"
		"From: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %u %s\r\nContent-Length: 0\r\n\r\n",
		method, p->phone_host, p->phone_port, p->host, method, header(ok, "From", from),
		header(ok, "To", to), header(ok, "Call-ID", call_id), cseq, method);

	tell(p, text, (size_t)n);
}

static void end_call(struct peer *p)
{
	char cseq[512];
	unsigned number = (unsigned)strtoul(header(newest(p), "CSeq", cseq), NULL, 10);
	char ok[MESSAGE_MAX];

	snprintf(ok, sizeof(ok), "%s", newest(p));
	follow(p, ok, "ACK", number);
	follow(p, ok, "BYE", number + 1);
	while (!strstr(header(newest(p), "CSeq", cseq), "BYE"))
		CHECK(listen_once(p, WAIT_MS));
}

/* ---- what is expected ---- */

struct row {
	char name[64], file[64], expect[128];
	char bytes[MESSAGE_MAX];
	size_t n;
};

static bool load(const char *folder, struct row *row)
{
	char relative[160], path[512];
	FILE *f;

	snprintf(relative, sizeof(relative), "%s/%s", folder, row->file);
	if (!check_data_path(relative, path, sizeof(path)))
		return false;
	f = fopen(path, "rb");
	CHECK(f);
	row->n = fread(row->bytes, 1, sizeof(row->bytes), f);
	fclose(f);
	return row->n > 0 && row->n < sizeof(row->bytes);
}

/* Does the answer fit one of the words between "-or-"? */
static bool status_fits(const char *words, size_t n, unsigned status)
{
	char one[64];

	snprintf(one, sizeof(one), "%.*s", (int)n, words);
	for (char *word = one, *next; word; word = next) {
		next = strstr(word, "-or-");
		if (next) {
			*next = '\0';
			next += strlen("-or-");
		}
		/* A good INVITE is answered by our program with 200, or refused for its offer. */
		if (strcmp(word, "normal") == 0     ? status == 200 || status == 488
			: strcmp(word, "drop") == 0 ? status == 0
						    : (unsigned)atoi(word) == status)
			return true;
	}
	return false;
}

/* What stands in expected.tsv about datagrams, word by word. Returns the words that are not met, or NULL. */
static const char *unmet(const struct row *row, unsigned status, size_t finals)
{
	static const char *const elsewhere[] = {"parse-ok", "parse:", "no-crash", "tcp:"};

	for (const char *at = row->expect; *at; at += strspn(at, ";")) {
		const char *words = at;
		size_t n = strcspn(at, ";");
		bool skip = false;

		at += n;
		for (size_t i = 0; i < ARRAY_LEN(elsewhere); i++)
			skip = skip || strncmp(words, elsewhere[i], strlen(elsewhere[i])) == 0;
		if (skip)
			continue;
		if (strncmp(words, "one-response", n) == 0) {
			if (finals != 1)
				return words;
			continue;
		}
		if (strncmp(words, "no-match-drop", n) == 0) {
			if (status)
				return words;
			continue;
		}
		if (strncmp(words, "udp:", 4) == 0) {
			words += 4;
			n -= 4;
		}
		if (!status_fits(words, n, status))
			return words;
	}
	return NULL;
}

/* What an answer of this kind must carry (RFC 3261 21.4), whichever message it answers. NULL: all there. */
static const char *missing(const char *answer, unsigned status)
{
	static const struct {
		unsigned status;
		const char *header;
	} rules[] = {{405, "Allow"}, {501, "Allow"}, {415, "Accept"}, {420, "Unsupported"}, {488, "Warning"},
		{200, "Allow"}};
	char value[512];

	/* Who writes asks nothing about calls. */
	if (status == 200 && strstr(header(answer, "CSeq", value), " MESSAGE"))
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		if (rules[i].status == status && !*header(answer, rules[i].header, value))
			return rules[i].header;
	if (status == 400 && strncmp(answer, "SIP/2.0 400 Bad Request\r\n", 25) == 0)
		return "a phrase that names the fault";
	return NULL;
}

static const struct {
	const char *name, *has, *has_not;
} details[] = {
	{"bext01", "nothingSupportsThis, nothingSupportsThisEither", "noProxiesSupportThis"},
	{"invut", "Accept: application/sdp", NULL},
	{"sdp01", NULL, "m=audio"},
	{"transports", "Via: SIP/2.0/UNKNOWN", NULL},
	{"transports", "Via: SIP/2.0/TCP t5.example.com;branch=z9hG4bK0a9idfnee\r\nFrom:", NULL},
	{"longreq", "Via: SIP/2.0/TCP sip1.example.com\r\nVia: SIP/2.0/TCP host.example.com", NULL},
};

static bool detail_fails(const struct row *row, const char *answer)
{
	bool fails = false;

	for (size_t i = 0; i < ARRAY_LEN(details); i++) {
		if (strcmp(details[i].name, row->name) != 0)
			continue;
		fails = fails || (details[i].has && !strstr(answer, details[i].has)) ||
			(details[i].has_not && strstr(answer, details[i].has_not));
	}
	return fails;
}

/* True: answered as it should be. Prints what is wrong. */
static bool judge(struct peer *p, const struct row *row)
{
	const char *answer = "", *wrong;
	unsigned status = 0;
	size_t finals = 0;

	for (size_t i = 0; i < p->n_answers; i++) {
		if (status_of(p->answers[i]) < 200)
			continue;
		answer = p->answers[i];
		status = status_of(answer);
		finals++;
	}
	wrong = unmet(row, status, finals);
	if (!wrong && status)
		wrong = missing(answer, status);
	if (!wrong && detail_fails(row, answer))
		wrong = "details";
	/* What is refused for its form rings nobody. */
	if (!wrong && p->calls != (status == 200 && strncmp(row->bytes, "INVITE", 6) == 0))
		wrong = "as many calls as answers";
	if (wrong)
		print_message("# %s: %zu answers, the last one is below; expected %s, unmet: %s\n# %s\n",
			row->name, finals, row->expect, wrong, answer);
	return !wrong;
}

/* The program is told of a call behind all that came at once, and answers it in the turn after that: what its phone has
 * been asked three times, it has been asked behind both. */
static void settle(struct peer *p)
{
	struct offhook_counters c = {.size = sizeof(c)};

	for (int i = 0; i < 3; i++)
		CHECK_OK(offhook_phone_counters(p->phone, &c));
	while (listen_once(p, 0))
		;
}

static bool answered_right(const struct row *row, int family)
{
	struct peer *p = peer_open(family);
	bool right;

	tell(p, row->bytes, row->n);
	right = probe(p);
	settle(p);
	while (right && strncmp(newest(p), "SIP/2.0 1", 9) == 0)
		right = listen_once(p, WAIT_MS);
	right = right && judge(p, row);
	if (strncmp(newest(p), "SIP/2.0 200", 11) == 0 && strncmp(row->bytes, "INVITE", 6) == 0)
		end_call(p);
	peer_close(p);
	return right;
}

/* ---- the tests ---- */

static FILE *open_table(const char *folder)
{
	char relative[64], path[512];

	snprintf(relative, sizeof(relative), "%s/expected.tsv", folder);
	if (!check_data_path(relative, path, sizeof(path))) {
		print_message("# no %s under OFFHOOK_TEST_DATA\n", relative);
		skip();
	}
	return fopen(path, "r");
}

/* Every row of the table, and each of them is one of our names. */
static void check_table(const char *folder, const char *const *names, size_t n_names, int family)
{
	FILE *f = open_table(folder);
	size_t n = 0, wrong = 0;
	char line[1024];
	struct row row;

	CHECK(f && fgets(line, sizeof(line), f));
	/* Ports of ::1 are fixed: another run of this test waits for its turn. */
	CHECK_OK(flock(fileno(f), family == AF_INET6 ? LOCK_EX : LOCK_SH));
	for (; fgets(line, sizeof(line), f); n++) {
		CHECK_EQ(sscanf(line, "%63[^\t]\t%63[^\t]\t%*[^\t]\t%*[^\t]\t%*[^\t]\t%127[^\t]", row.name,
				 row.file, row.expect),
			3);
		CHECK(n < n_names);
		CHECK_STR(row.name, names[n]);
		CHECK(load(folder, &row));
		/* Its only audio is IPv4: a phone that has nothing but ::1 cannot use it. */
		if (family == AF_INET6 && strcmp(row.name, "mult-ip-in-sdp") == 0)
			strcpy(row.expect, "488");
		wrong += !answered_right(&row, family);
	}
	fclose(f);
	CHECK_EQ(n, n_names);
	CHECK_EQ(wrong, 0);
}

TEST(rfc4475_messages_are_answered_as_expected)
{
	check_table("rfc4475", names_4475, ARRAY_LEN(names_4475), AF_INET);
}

TEST(rfc5118_messages_are_answered_as_expected)
{
	check_table("rfc5118", names_5118, ARRAY_LEN(names_5118), AF_INET);
}

static bool have_ip6(void)
{
	int s = try_bind(AF_INET6, "::1", 0);

	if (s >= 0)
		close(s);
	return s >= 0;
}

TEST(rfc5118_messages_are_answered_as_expected_over_ipv6)
{
	if (!have_ip6()) {
		print_message("# this machine has no ::1\n");
		skip();
	}
	check_table("rfc5118", names_5118, ARRAY_LEN(names_5118), AF_INET6);
}

/* The archive as it is: bare line feeds and lengths that do not fit. Only that the phone goes on. */
TEST(rfc5118_raw_archive_hurts_nobody)
{
	struct row row = {.expect = ""};

	for (size_t i = 0; i < ARRAY_LEN(names_5118); i++) {
		struct peer *p;

		snprintf(row.file, sizeof(row.file), "raw/%s.dat", names_5118[i]);
		if (!load("rfc5118", &row)) {
			print_message("# no rfc5118/%s under OFFHOOK_TEST_DATA\n", row.file);
			skip();
		}
		p = peer_open(AF_INET);
		tell(p, row.bytes, row.n);
		CHECK(probe(p));
		peer_close(p);
	}
}

/* libuv keeps a pair of descriptors for the whole process from its first loop on: before they are counted. */
int main(void)
{
	const struct CMUnitTest tests[] = {RUN(rfc4475_messages_are_answered_as_expected),
		RUN(rfc5118_messages_are_answered_as_expected),
		RUN(rfc5118_messages_are_answered_as_expected_over_ipv6),
		RUN(rfc5118_raw_archive_hurts_nobody)};
	struct offhook_phone *first;
	int failed;

	if (offhook_phone_new(NULL, &first))
		return 1;
	offhook_phone_free(first);
	check_tap_begin();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	check_tap_end();
	return failed;
}
