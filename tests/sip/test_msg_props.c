/*
 * What holds for every message (msg_laws.h) holds for those cut short, changed in a byte or read with memory
 * running out.
 */
#include "msg_laws.h"

#include "base/err.h"

#include <dirent.h>

#define TEXT_MAX 8192

static const char own_request[] =
	"INVITE sip:bob:pw@biloxi.example.com:5061;transport=udp;lr SIP/2.0\r\n"
	"Via: SIP/2.0/UDP pc33.example.com:5061;branch=z9hG4bK776asdhds;rport,SIP / 2.0 / TCP "
	"[2001:db8::1]:99 ;x=\"a,b\"\r\n"
	"Max-Forwards: 70\r\n"
	"To: Bob <sip:bob@biloxi.example.com?a=b&c=%44>\r\n"
	"f: \"Al, \\\"A\\\"\" <sips:al%20ice@[::ffff:1.2.3.4]:5;x>;tag=19283\r\n"
	"Call-ID: a84b4c76e66710@pc33.example.com\r\n"
	"CSeq: 314159 INVITE\r\n"
	"m: <tel:+1-201;ext=5>;expires=60, sip:a@h;q=0.5\r\n"
	"Record-Route: <sip:p1.example.com;lr>,\r\n <sip:p2.example.com;lr>\r\n"
	"Route: <x:opaque>\r\n"
	"Supported: 100rel , replaces,,timer\r\n"
	"Expires: 5 (x);y=z\r\n"
	"X-Odd_Name \t:  some\r\n\tvalue  \r\n"
	"c: application/sdp;charset=\"utf-8\"\r\n"
	"l: 4\r\n\r\nv=0\n";

static const char own_response[] =
	"SIP/2.0 183 Session \"Progress\"\r\n"
	"v: SIP/2.0/TLS h.example.com;received=2001:db8::9;branch=z9hG4bKx\r\n"
	"t:<sip:a@b>;tag=z\r\ni:1\r\nf:sip:c@d;tag=y\r\nCSeq:1\r\n INVITE\r\nRetry-After: "
	"18000;duration=3600\r\n\r\nbody";

static const char own_with_bare_lf[] =
	"REGISTER sip:h SIP/2.0\nVia: SIP/2.0/UDP h\nFrom: sip:a@h\nTo: sip:a@h\nCall-ID: x\nCSeq: 1 "
	"REGISTER\nContact: *\n\n";

static const char *const own[] = {own_request, own_response, own_with_bare_lf};

TEST(own_messages_print_and_survive_every_cut)
{
	for (size_t i = 0; i < ARRAY_LEN(own); i++) {
		for (size_t n = 0; n <= strlen(own[i]); n++)
			msg_laws(own[i], n);
	}
}

TEST(own_messages_survive_every_changed_byte)
{
	static const char instead[] = "\0\r\n\t \"<>;:,@%[]=?*\\(/0\x80\xff";
	char text[TEXT_MAX];

	for (size_t i = 0; i < ARRAY_LEN(own); i++) {
		size_t n = strlen(own[i]);

		memcpy(text, own[i], n);
		for (size_t at = 0; at < n; at++) {
			for (size_t k = 0; k < sizeof(instead) - 1; k++) {
				text[at] = instead[k];
				msg_laws(text, n);
			}
			text[at] = own[i][at];
		}
	}
}

/* A byte put in or taken out moves everything behind it to another place of a block. */
TEST(own_messages_survive_bytes_lost_and_doubled)
{
	char text[TEXT_MAX];

	for (size_t i = 0; i < ARRAY_LEN(own); i++) {
		size_t n = strlen(own[i]);

		for (size_t at = 0; at < n; at++) {
			memcpy(text, own[i], at);
			memcpy(text + at, own[i] + at + 1, n - at - 1);
			msg_laws(text, n - 1);
			memcpy(text, own[i], at + 1);
			memcpy(text + at + 1, own[i] + at, n - at);
			msg_laws(text, n + 1);
		}
	}
}

static void try_file(const char *path)
{
	static char text[TEXT_MAX], changed[TEXT_MAX];
	FILE *f = fopen(path, "rb");
	size_t n;
	uint32_t seed = 1;

	assert_non_null(f);
	n = fread(text, 1, sizeof(text), f);
	fclose(f);
	for (size_t cut = 0; cut <= n; cut++)
		msg_laws(text, cut);
	for (unsigned i = 0; i < 500; i++) {
		memcpy(changed, text, n);
		seed = seed * 1664525u + 1013904223u;
		changed[(seed >> 8) % n] = (char)(seed >> 24);
		msg_laws(changed, n);
	}
}

TEST(the_torture_messages_survive_too)
{
	static const char *const folders[] = {"rfc4475", "rfc4475/fixed", "rfc5118", "rfc5118/raw"};
	char path[512], file[1024];

	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		struct dirent *entry;
		DIR *dir;
		size_t n = 0;

		if (!check_data_path(folders[i], path, sizeof(path))) {
			print_message("# no %s under OFFHOOK_TEST_DATA\n", folders[i]);
			skip();
		}
		dir = opendir(path);
		assert_non_null(dir);
		while ((entry = readdir(dir))) {
			if (!strstr(entry->d_name, ".dat"))
				continue;
			snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
			try_file(file);
			n++;
		}
		closedir(dir);
		CHECK(n >= 3);
	}
}

/* More headers than the message has room for, and longer lists. */
static int read_a_big_message(void *arg)
{
	static struct sip_msg m;
	const struct sip_via *vias;
	const struct sip_addr *routes;
	struct slice *text = arg;
	size_t n;
	int err = sip_msg_parse(&m, *text);

	err = err ? err : sip_msg_check(&m);
	err = err ? err : sip_msg_vias(&m, &vias, &n);
	err = err ? err : sip_msg_routes(&m, SIP_HDR_ROUTE, &routes, &n);
	err = err ? err : sip_msg_routes(&m, SIP_HDR_RECORD_ROUTE, &routes, &n);
	/* Memory that was out is asked for again. */
	if (err == OH_ENOMEM && m.n_hdrs > 100)
		CHECK_OK(sip_msg_vias(&m, &vias, &n));
	sip_msg_free(&m);
	CHECK(err == 0 || err == OH_ENOMEM);
	return err;
}

TEST(every_allocation_may_fail)
{
	static char buf[16384];
	size_t n = (size_t)snprintf(buf, sizeof(buf),
		"OPTIONS sip:h SIP/2.0\r\nFrom: <sip:a@h>\r\nTo: <sip:a@h>\r\nCall-ID: 1\r\nCSeq: 1 "
		"OPTIONS\r\n");
	struct slice text;

	for (int i = 0; i < 50; i++)
		n += (size_t)snprintf(buf + n, sizeof(buf) - n,
			"Via: SIP/2.0/UDP h%d\r\nRoute: <sip:r%d;lr>\r\nRecord-Route: <sip:r%d;lr>\r\n", i, i,
			i);
	n += (size_t)snprintf(buf + n, sizeof(buf) - n, "\r\n");
	text = slice_make(buf, n);
	CHECK_OK(read_a_big_message(&text));
	check_every_allocation_fails(read_a_big_message, &text);
}

TESTS(RUN(own_messages_print_and_survive_every_cut), RUN(own_messages_survive_every_changed_byte),
	RUN(own_messages_survive_bytes_lost_and_doubled), RUN(the_torture_messages_survive_too),
	RUN(every_allocation_may_fail))
