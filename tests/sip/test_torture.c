/*
 * Every message of RFC 4475 and RFC 5118 through the parser: sound, or a fault with the right status and
 * words; and of the sound ones the facts that the RFC says a parser must see. What the upper layers then
 * answer is theirs.
 */
#include "check.h"

#include "offhook/error.h"
#include "sip/writer.h"

#define FILE_MAX 8192

/* MATRIX: RFC 4475 rows below */
static const struct row {
	const char *name; /* as in expected.tsv */
	unsigned status;  /* fault, 0 = sound */
	const char *what;
} rows_4475[] =
	{
		{"wsinv", 0, NULL},
		{"intmeth", 0, NULL},
		{"esc01", 0, NULL},
		{"escnull", 0, NULL},
		{"esc02", 0, NULL},
		{"lwsdisp", 0, NULL},
		{"longreq", 0, NULL},
		{"dblreq", 0, NULL},
		{"semiuri", 0, NULL},
		{"transports", 0, NULL},
		{"mpart01", 0, NULL},
		{"unreason", 0, NULL},
		{"noreason", 0, NULL},
		{"badinv01", 400, "Bad Via"},
		{"clerr", 400, "Content-Length larger than the body"},
		{"ncl", 400, "Bad Content-Length"},
		{"scalar02", 400, "Bad CSeq"},
		{"scalarlg", 400, "Bad CSeq"},
		{"quotbal", 400, "Bad To"},
		{"ltgtruri", 400, "Bad Request-URI"},
		{"lwsruri", 400, "Bad Request-URI"},
		{"lwsstart", 400, "White space in the start line"},
		{"trws", 400, "White space in the start line"},
		{"escruri", 400, "Headers in the Request-URI"},
		{"baddate", 0, NULL},
		{"regbadct", 400, "Bad Contact"},
		{"badaspec", 400, "Bad To"},
		{"baddn", 400, "No empty line after the headers"},
		{"badvers", 505, "Version Not Supported"},
		{"mismatch01", 400, "CSeq method is not the request's"},
		{"mismatch02", 501, "Not Implemented"},
		{"bigcode", 400, "Bad status code"},
		{"badbranch", 0, NULL},
		{"insuf", 400, "No From"},
		{"unkscm", 0, NULL},
		{"novelsc", 0, NULL},
		{"unksm2", 0, NULL},
		{"bext01", 0, NULL},
		{"invut", 0, NULL},
		{"regaut01", 0, NULL},
		{"multi01", 400, "More than one From"},
		{"mcl01", 400, "More than one Content-Length"},
		{"bcast", 400, "More than one Via in a response"},
		{"zeromf", 0, NULL},
		{"cparam01", 0, NULL},
		{"cparam02", 0, NULL},
		{"regescrt", 0, NULL},
		{"sdp01", 0, NULL},
		{"inv2543", 0, NULL},
		{"test", 400, "No SIP version in the start line"},
		{"baddn-fixed", 400, "Bad From"},
		{"trws-fixed", 400, "White space in the start line"},
		{"dblreq-fixed", 0, NULL},
},
  /* MATRIX: RFC 5118 rows below */
	rows_5118[] = {
		{"ipv6-good", 0, NULL},
		{"ipv6-bad", 400, "Bad Request-URI"},
		{"port-ambiguous", 0, NULL},
		{"port-unambiguous", 0, NULL},
		{"via-received-param-with-delim", 0, NULL},
		{"via-received-param-no-delim", 0, NULL},
		{"ipv6-in-sdp", 0, NULL},
		{"mult-ip-in-header", 0, NULL},
		{"mult-ip-in-sdp", 0, NULL},
		{"ipv4-mapped-ipv6", 0, NULL},
		{"ipv6-bug-abnf-3-colons", 0, NULL},
		{"ipv6-correct-abnf-2-colons", 0, NULL},
};

/* ---- the data ---- */

static size_t read_whole(const char *relative, char *buf, size_t cap)
{
	char path[512];
	FILE *f;
	size_t n;

	if (!check_data_path(relative, path, sizeof(path))) {
		print_message("# no %s under OFFHOOK_TEST_DATA\n", relative);
		skip();
	}
	f = fopen(path, "rb");
	assert_non_null(f);
	n = fread(buf, 1, cap, f);
	fclose(f);
	CHECK(n < cap);
	return n;
}

/* A message of the corpus, parsed; its bytes are in a block of their own size, so that a sanitizer sees a
 * read beyond them. */
struct sample {
	char *bytes;
	struct sip_msg msg;
};

static struct sample *load(const char *relative)
{
	static struct sample sample;
	char buf[FILE_MAX];
	size_t n = read_whole(relative, buf, sizeof(buf));

	sample.bytes = malloc(n);
	memcpy(sample.bytes, buf, n);
	CHECK_OK(sip_msg_parse(&sample.msg, slice_make(sample.bytes, n)));
	return &sample;
}

static void done(struct sample *s)
{
	sip_msg_free(&s->msg);
	free(s->bytes);
}

static struct sip_msg *load_sound(const char *relative)
{
	struct sample *s = load(relative);

	if (sip_msg_check(&s->msg) != 0)
		fail_msg("%s: %u %s", relative, s->msg.fault.status, s->msg.fault.what);
	return &s->msg;
}

static void unload(struct sip_msg *m)
{
	done((struct sample *)(void *)((char *)m - offsetof(struct sample, msg)));
}

/* ---- the verdicts ---- */

static struct slice column(struct slice *line, char sep)
{
	size_t n = slice_index(*line, sep);
	struct slice one = slice_make(line->p, n);

	*line = slice_skip(*line, n + 1);
	return one;
}

/* Is what the parser says one of the things that expected.tsv admits? A fault is answered with its status, or
 * the response that has it is dropped; a sound message goes on to those who know the rest. */
static bool admitted(const struct sip_msg *m, struct slice expect)
{
	char text[128], status[16];

	snprintf(text, sizeof(text), "%.*s", SLICE_ARG(expect));
	if (!m->fault.status)
		return strcmp(text, "400") != 0 && strcmp(text, "505") != 0 && strcmp(text, "drop") != 0;
	snprintf(status, sizeof(status), "%u", m->fault.status);
	return strstr(text, m->is_request ? status : "drop") != NULL;
}

static void check_corpus(const char *folder, const struct row *rows, size_t n_rows)
{
	char list[16384], path[128];
	size_t seen = 0;

	snprintf(path, sizeof(path), "%s/expected.tsv", folder);
	struct slice rest = slice_make(list, read_whole(path, list, sizeof(list)));

	(void)column(&rest, '\n');
	while (rest.n) {
		struct slice line = column(&rest, '\n'), name = column(&line, '\t'),
			     file = column(&line, '\t');
		const struct row *row = NULL;
		struct sample *s;

		for (size_t i = 0; i < n_rows; i++) {
			if (slice_eq(name, slice_of(rows[i].name)))
				row = &rows[i];
		}
		if (!row)
			fail_msg("%s: no row for %.*s", folder, SLICE_ARG(name));
		seen++;
		for (int i = 0; i < 3; i++)
			(void)column(&line, '\t');

		snprintf(path, sizeof(path), "%s/%.*s", folder, SLICE_ARG(file));
		s = load(path);
		CHECK_EQ(sip_msg_check(&s->msg), row->status ? OH_ESYNTAX : 0);
		if (s->msg.fault.status != row->status || !admitted(&s->msg, column(&line, '\t')))
			fail_msg("%s: %u %s", row->name, s->msg.fault.status, s->msg.fault.what);
		if (row->status)
			assert_string_equal(s->msg.fault.what, row->what);
		done(s);
	}
	CHECK_EQ(seen, n_rows);
}

TEST(rfc4475_every_message_has_its_verdict)
{
	check_corpus("rfc4475", rows_4475, ARRAY_LEN(rows_4475));
}

TEST(rfc5118_every_message_has_its_verdict)
{
	check_corpus("rfc5118", rows_5118, ARRAY_LEN(rows_5118));
}

/* ---- the facts ---- */

TEST(rfc4475_3_1_1_1_wsinv_folding_and_odd_case)
{
	struct sip_msg *m = load_sound("rfc4475/wsinv.dat");
	const struct sip_via *vias;
	const struct sip_addr *addr, *routes;
	const struct sip_cseq *cseq;
	struct slice value;
	uint32_t number;
	size_t n;

	CHECK_OK(sip_msg_to(m, &addr));
	CHECK_SLICE(addr->uri.text, "sip:vivekg@chair-dnrc.example.com");
	CHECK_SLICE(sip_msg_to_tag(m), "1918181833n");
	CHECK_OK(sip_msg_from(m, &addr));
	CHECK_SLICE(addr->display, "J Rosenberg \\\\\\\"");
	CHECK_SLICE(sip_msg_from_tag(m), "98asjd8");
	CHECK_OK(sip_msg_max_forwards(m, &number));
	CHECK_EQ(number, 68);
	CHECK_OK(sip_msg_cseq(m, &cseq));
	CHECK_EQ(cseq->number, 9);
	CHECK_EQ(cseq->method, SIP_INVITE);
	CHECK_EQ(m->body.n, 150);
	CHECK_SLICE(sip_msg_value(m, SIP_HDR_SUBJECT), "");
	CHECK_SLICE(sip_msg_hdr_named(m, SLICE_LIT("UnknownHeaderWithUnusualValue"))->value, ";;,,;;,;");

	CHECK_OK(sip_msg_vias(m, &vias, &n));
	CHECK_EQ(n, 3);
	CHECK_SLICE(vias[0].transport, "UDP");
	CHECK_SLICE(vias[0].host, "192.0.2.2");
	CHECK_SLICE(vias[0].branch, "390skdjuw");
	CHECK(!vias[0].magic);
	CHECK_SLICE(vias[1].host, "spindle.example.com");
	CHECK_SLICE(vias[1].branch, "z9hG4bK9ikj8");
	CHECK_SLICE(vias[2].host, "192.168.255.111");
	CHECK_SLICE(vias[2].branch, "z9hG4bK30239");
	CHECK(vias[2].magic);

	CHECK_OK(sip_msg_routes(m, SIP_HDR_ROUTE, &routes, &n));
	CHECK_EQ(n, 1);
	CHECK(sip_uri_param(&routes[0].uri, SLICE_LIT("lr"), NULL));
	CHECK(sip_uri_param(&routes[0].uri, SLICE_LIT("unknown-no-value"), &value) && value.n == 0);
	CHECK_OK(sip_msg_contact(m, &addr));
	CHECK_SLICE(addr->display, "Quoted string \\\"\\\"");
	CHECK(sip_param_find(addr->params, SLICE_LIT("newparam"), &value));
	CHECK_SLICE(value, "newvalue");
	CHECK(sip_param_find(addr->params, SLICE_LIT("secondparam"), NULL));
	CHECK(sip_param_find(addr->params, SLICE_LIT("q"), &value));
	CHECK_SLICE(value, "0.33");
	unload(m);
}

TEST(rfc4475_3_1_1_2_intmeth_every_legal_character)
{
	struct sip_msg *m = load_sound("rfc4475/intmeth.dat");
	const struct sip_uri *uri;
	const struct sip_via *via;
	const struct sip_addr *addr;
	struct slice value;
	char text[1024];

	CHECK_EQ(m->method, SIP_METHOD_OTHER);
	CHECK_SLICE(m->method_text, "!interesting-Method0123456789_*+`.%indeed'~");
	CHECK_OK(sip_msg_ruri(m, &uri));
	CHECK_SLICE(uri->user, "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*");
	CHECK_SLICE(uri->password, "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)");
	CHECK_SLICE(uri->host, "example.com");
	CHECK_OK(sip_msg_via(m, &via));
	CHECK_SLICE(via->branch, "z9hG4bK-.!%66*_+`'~");
	CHECK_OK(sip_msg_to(m, &addr));
	CHECK_EQ(addr->display.n, 20);
	CHECK_MEM(addr->display.p, "BEL:\\\x07 NUL:\\\0 DEL:\\\x7f", 20);
	CHECK_SLICE(addr->uri.user, "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*");
	CHECK_OK(sip_msg_from(m, &addr));
	CHECK_SLICE(addr->display, "token1~` token2'+_ token3*%!.-");
	CHECK(sip_param_find(addr->params, SLICE_LIT("fromParam''~+*_!.-%"), &value));
	CHECK_SLICE(value,
		"\"\xd1\x80\xd0\xb0\xd0\xb1\xd0\xbe\xd1\x82\xd0\xb0\xd1\x8e\xd1\x89\xd0\xb8\xd0\xb9\"");
	CHECK_SLICE(sip_msg_from_tag(m), "_token~1'+`*%!-.");
	CHECK_SLICE(sip_msg_call_id(m), "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{");

	/* The response gives it all back, the quoted NUL too. */
	struct sip_writer w;
	sipw_init(&w, text, sizeof(text));
	sipw_status_line(&w, 501, SLICE_NONE);
	sipw_copy(&w, m, SIP_HDR_TO);
	sipw_hdr(&w, SIP_HDR_TO, sip_msg_value(m, SIP_HDR_TO));
	CHECK_OK(sipw_end(&w, &value));
	unload(m);
}

static void check_unescaped(struct slice text, const char *want, size_t n)
{
	char buf[128];

	CHECK_EQ(sip_unescape(text, buf, sizeof(buf)), (long)n);
	CHECK_MEM(buf, want, n);
}

TEST(rfc4475_3_1_1_3_escapes_are_undone_once_and_only_where_they_mean_something)
{
	struct sip_msg *m = load_sound("rfc4475/esc01.dat");
	const struct sip_uri *uri;
	const struct sip_addr *addr;
	struct slice value;

	CHECK_OK(sip_msg_ruri(m, &uri));
	check_unescaped(uri->user, "sips:user@example.com", 21);
	CHECK_SLICE(uri->host, "example.net");
	CHECK_OK(sip_msg_contact(m, &addr));
	CHECK(sip_uri_param(&addr->uri, SLICE_LIT("lr"), NULL));
	CHECK(sip_uri_param(&addr->uri, SLICE_LIT("name"), &value));
	check_unescaped(value, "value%41", 8);
	CHECK_SLICE(sip_msg_content_type(m), "application/sdp");
	unload(m);
}

TEST(rfc4475_3_1_1_4_an_escaped_nul_ends_nothing)
{
	struct sip_msg *m = load_sound("rfc4475/escnull.dat");
	const struct sip_hdr *h = sip_msg_hdr(m, SIP_HDR_CONTACT);
	struct sip_addr first, second;

	CHECK_OK(sip_addr_parse(h->value, &first));
	CHECK_OK(sip_addr_parse(sip_msg_hdr_next(m, h)->value, &second));
	check_unescaped(first.uri.user, "\0", 1);
	check_unescaped(second.uri.user, "\0\0", 2);
	CHECK(!sip_uri_eq(&first.uri, &second.uri));
	CHECK(sip_uri_eq(&first.uri, &first.uri));
	unload(m);
}

TEST(rfc4475_3_1_1_5_percent_is_no_escape_in_method_name_or_display)
{
	struct sip_msg *m = load_sound("rfc4475/esc02.dat");
	const struct sip_hdr *h = sip_msg_hdr(m, SIP_HDR_CONTACT);
	const struct sip_addr *addr;

	CHECK_EQ(m->method, SIP_METHOD_OTHER);
	CHECK_SLICE(m->method_text, "RE%47IST%45R");
	CHECK_OK(sip_msg_to(m, &addr));
	CHECK_SLICE(addr->display, "%Z%45");
	CHECK_SLICE(h->value, "<sip:alias1@host1.example.com>");
	h = sip_msg_hdr_next(m, h);
	CHECK_SLICE(h->value, "<sip:alias3@host3.example.com>");
	CHECK(sip_msg_hdr_next(m, h) == NULL);
	unload(m);
}

TEST(rfc4475_3_1_1_6_a_display_name_may_touch_the_bracket)
{
	struct sip_msg *m = load_sound("rfc4475/lwsdisp.dat");
	const struct sip_addr *addr;

	CHECK_OK(sip_msg_from(m, &addr));
	CHECK_SLICE(addr->display, "caller");
	CHECK_SLICE(addr->uri.text, "sip:caller@example.com");
	unload(m);
}

TEST(rfc4475_3_1_1_7_longreq_all_34_vias_in_order)
{
	struct sip_msg *m = load_sound("rfc4475/longreq.dat");
	const struct sip_via *vias;
	size_t n;

	CHECK_OK(sip_msg_vias(m, &vias, &n));
	CHECK_EQ(n, 34);
	for (size_t i = 0; i < 33; i++) {
		char host[32];

		snprintf(host, sizeof(host), "sip%zu.example.com", 33 - i);
		CHECK_SLICE(vias[i].host, host);
	}
	CHECK_SLICE(vias[33].received, "192.0.2.5");
	CHECK_EQ(m->body.n, 150);
	unload(m);
}

TEST(rfc4475_3_1_1_8_what_follows_the_body_is_noise)
{
	struct sip_msg *m = load_sound("rfc4475/dblreq.dat");

	CHECK_EQ(m->method, SIP_REGISTER);
	CHECK_EQ(m->body.n, 0);
	CHECK(m->raw.n < 750);
	unload(m);
}

TEST(rfc4475_3_1_1_9_a_semicolon_may_belong_to_the_user)
{
	struct sip_msg *m = load_sound("rfc4475/semiuri.dat");
	const struct sip_uri *uri;

	CHECK_OK(sip_msg_ruri(m, &uri));
	check_unescaped(uri->user, "user;par=u@example.net", 22);
	CHECK_SLICE(uri->host, "example.com");
	CHECK(!slice_present(uri->params));
	CHECK(sip_msg_has_token(m, SIP_HDR_ACCEPT, SLICE_LIT("multipart/signed")));
	unload(m);
}

TEST(rfc4475_3_1_1_10_unknown_transports_below_the_top)
{
	static const char *const names[] = {"UDP", "SCTP", "TLS", "UNKNOWN", "TCP"};
	struct sip_msg *m = load_sound("rfc4475/transports.dat");
	const struct sip_via *vias;
	size_t n;

	CHECK_OK(sip_msg_vias(m, &vias, &n));
	CHECK_EQ(n, ARRAY_LEN(names));
	for (size_t i = 0; i < n; i++)
		CHECK_SLICE(vias[i].transport, names[i]);
	unload(m);
}

TEST(rfc4475_3_1_1_11_a_binary_body_is_framed_by_its_length)
{
	struct sip_msg *m = load_sound("rfc4475/mpart01.dat");

	CHECK_EQ(m->body.n, 553);
	CHECK(memchr(m->body.p, 0, m->body.n) != NULL);
	CHECK_SLICE(sip_msg_content_type(m), "multipart/mixed");
	unload(m);
}

TEST(rfc4475_3_1_1_12_and_13_reason_phrases)
{
	struct sip_msg *m = load_sound("rfc4475/unreason.dat");

	CHECK_EQ(m->status, 200);
	CHECK_EQ(m->method, SIP_INVITE);
	CHECK(slice_starts(m->reason, SLICE_LIT("= 2**3 * 5**2 \xd0\xbd\xd0\xbe")));
	unload(m);
	m = load_sound("rfc4475/noreason.dat");
	CHECK_EQ(m->status, 100);
	CHECK_SLICE(m->reason, "");
	unload(m);
}

TEST(rfc4475_odd_but_sound_uris)
{
	struct sip_msg *m = load_sound("rfc4475/unkscm.dat");
	const struct sip_uri *uri;
	const struct sip_addr *addr;
	const struct sip_via *via;

	CHECK_OK(sip_msg_ruri(m, &uri));
	CHECK_EQ(uri->scheme, SIP_SCHEME_OTHER);
	CHECK_SLICE(uri->scheme_text, "nobodyKnowsThisScheme");
	unload(m);

	m = load_sound("rfc4475/novelsc.dat");
	CHECK_OK(sip_msg_ruri(m, &uri));
	CHECK_SLICE(uri->scheme_text, "soap.beep");
	unload(m);

	m = load_sound("rfc4475/unksm2.dat");
	CHECK_OK(sip_msg_to(m, &addr));
	CHECK_SLICE(addr->uri.scheme_text, "isbn");
	CHECK_OK(sip_msg_from(m, &addr));
	CHECK_SLICE(addr->uri.scheme_text, "http");
	CHECK_OK(sip_msg_contact(m, &addr));
	CHECK_SLICE(addr->uri.text, "name:John_Smith");
	unload(m);

	m = load_sound("rfc4475/badbranch.dat");
	CHECK_OK(sip_msg_via(m, &via));
	CHECK_SLICE(via->branch, "z9hG4bK");
	CHECK(!via->magic);
	unload(m);
}

TEST(rfc4475_3_3_12_to_14_whose_parameter_it_is)
{
	struct sip_msg *m = load_sound("rfc4475/cparam01.dat");
	const struct sip_addr *addr;

	CHECK_OK(sip_msg_contact(m, &addr));
	CHECK_SLICE(addr->params, "unknownparam");
	CHECK(!slice_present(addr->uri.params));
	unload(m);

	m = load_sound("rfc4475/cparam02.dat");
	CHECK_OK(sip_msg_contact(m, &addr));
	CHECK(!slice_present(addr->params));
	CHECK_SLICE(addr->uri.params, "unknownparam");
	unload(m);

	m = load_sound("rfc4475/regescrt.dat");
	CHECK_OK(sip_msg_contact(m, &addr));
	CHECK_SLICE(addr->uri.headers, "Route=%3Csip:sip.example.com%3E");
	unload(m);
}

TEST(rfc4475_3_4_1_an_old_call)
{
	struct sip_msg *m = load_sound("rfc4475/inv2543.dat");
	const struct sip_addr *routes;
	const struct sip_via *via;
	size_t n;
	uint32_t number;

	CHECK_EQ(sip_msg_max_forwards(m, &number), OH_ENOENT);
	CHECK_OK(sip_msg_via(m, &via));
	CHECK(!slice_present(via->branch));
	CHECK(!slice_present(sip_msg_from_tag(m)));
	CHECK_OK(sip_msg_routes(m, SIP_HDR_RECORD_ROUTE, &routes, &n));
	CHECK_EQ(n, 1);
	CHECK(slice_starts(m->body, SLICE_LIT("v=0")));
	CHECK(m->body.p + m->body.n == m->raw.p + m->raw.n);
	unload(m);
}

TEST(rfc4475_the_faulty_ones_still_give_what_an_answer_needs)
{
	struct sample *s = load("rfc4475/badvers.dat");
	const struct sip_via *via;

	CHECK_OK(sip_msg_via(&s->msg, &via));
	CHECK_EQ(s->msg.method, SIP_OPTIONS);
	done(s);
	s = load("rfc4475/insuf.dat");
	CHECK_OK(sip_msg_via(&s->msg, &via));
	CHECK_SLICE(via->branch, "z9hG4bKkdj.insuf");
	CHECK(!slice_present(sip_msg_call_id(&s->msg)));
	done(s);
}

static void check_ip(struct slice host, const char *want)
{
	struct sip_uri uri = {.host = host};
	struct netaddr got, wanted;

	CHECK_OK(sip_uri_netaddr(&uri, &got));
	CHECK_OK(netaddr_parse_ip(slice_of(want), 0, &wanted));
	CHECK(netaddr_eq_ip(&got, &wanted));
}

TEST(rfc5118_addresses_and_ports)
{
	static const struct {
		const char *file, *host, *ip;
		uint16_t port;
	} rows[] = {
		{"rfc5118/ipv6-good.dat", "[2001:db8::10]", "2001:db8::10", 0},
		{"rfc5118/port-ambiguous.dat", "[2001:db8::10:5070]", "2001:db8::10:5070", 0},
		{"rfc5118/port-unambiguous.dat", "[2001:db8::10]", "2001:db8::10", 5070},
		{"rfc5118/ipv6-bug-abnf-3-colons.dat", "[2001:db8:::192.0.2.1]", "2001:db8::192.0.2.1", 0},
		{"rfc5118/ipv6-correct-abnf-2-colons.dat", "[2001:db8::192.0.2.1]", "2001:db8::192.0.2.1", 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sip_msg *m = load_sound(rows[i].file);
		const struct sip_uri *uri;

		CHECK_OK(sip_msg_ruri(m, &uri));
		CHECK_SLICE(uri->host, rows[i].host);
		CHECK_EQ(uri->port, rows[i].port);
		check_ip(uri->host, rows[i].ip);
		unload(m);
	}
}

TEST(rfc5118_vias)
{
	struct sip_msg *m = load_sound("rfc5118/via-received-param-with-delim.dat");
	const struct sip_via *via, *vias;
	size_t n;

	CHECK_OK(sip_msg_via(m, &via));
	CHECK_SLICE(via->received, "[2001:db8::9:255]");
	check_ip(via->received, "2001:db8::9:255");
	unload(m);

	m = load_sound("rfc5118/via-received-param-no-delim.dat");
	CHECK_OK(sip_msg_via(m, &via));
	CHECK_SLICE(via->received, "2001:db8::9:255");
	CHECK_SLICE(via->branch, "z9hG4bKas3");
	unload(m);

	m = load_sound("rfc5118/mult-ip-in-header.dat");
	CHECK_OK(sip_msg_vias(m, &vias, &n));
	CHECK_EQ(n, 3);
	CHECK_SLICE(vias[0].host, "[2001:db8::9:1]");
	CHECK_EQ(vias[0].port, 6050);
	CHECK_SLICE(vias[1].host, "192.0.2.1");
	CHECK_SLICE(vias[2].host, "[2001:db8::9:255]");
	CHECK_SLICE(vias[2].received, "192.0.2.200");
	unload(m);

	m = load_sound("rfc5118/ipv4-mapped-ipv6.dat");
	CHECK_OK(sip_msg_via(m, &via));
	CHECK_EQ(via->port, 19823);
	check_ip(via->host, "::ffff:192.0.2.10");
	unload(m);
}

/* The archive's own files, with bare LF line ends and lengths that do not fit: hostile input, no more. */
TEST(rfc5118_raw_files_do_no_harm)
{
	char path[128];

	for (size_t i = 0; i < ARRAY_LEN(rows_5118); i++) {
		struct sample *s;

		snprintf(path, sizeof(path), "rfc5118/raw/%s.dat", rows_5118[i].name);
		s = load(path);
		(void)sip_msg_check(&s->msg);
		CHECK(s->msg.n_hdrs >= 7);
		done(s);
	}
}

TESTS(RUN(rfc4475_every_message_has_its_verdict), RUN(rfc5118_every_message_has_its_verdict),
	RUN(rfc4475_3_1_1_1_wsinv_folding_and_odd_case), RUN(rfc4475_3_1_1_2_intmeth_every_legal_character),
	RUN(rfc4475_3_1_1_3_escapes_are_undone_once_and_only_where_they_mean_something),
	RUN(rfc4475_3_1_1_4_an_escaped_nul_ends_nothing),
	RUN(rfc4475_3_1_1_5_percent_is_no_escape_in_method_name_or_display),
	RUN(rfc4475_3_1_1_6_a_display_name_may_touch_the_bracket),
	RUN(rfc4475_3_1_1_7_longreq_all_34_vias_in_order),
	RUN(rfc4475_3_1_1_8_what_follows_the_body_is_noise),
	RUN(rfc4475_3_1_1_9_a_semicolon_may_belong_to_the_user),
	RUN(rfc4475_3_1_1_10_unknown_transports_below_the_top),
	RUN(rfc4475_3_1_1_11_a_binary_body_is_framed_by_its_length),
	RUN(rfc4475_3_1_1_12_and_13_reason_phrases), RUN(rfc4475_odd_but_sound_uris),
	RUN(rfc4475_3_3_12_to_14_whose_parameter_it_is), RUN(rfc4475_3_4_1_an_old_call),
	RUN(rfc4475_the_faulty_ones_still_give_what_an_answer_needs), RUN(rfc5118_addresses_and_ports),
	RUN(rfc5118_vias), RUN(rfc5118_raw_files_do_no_harm))
