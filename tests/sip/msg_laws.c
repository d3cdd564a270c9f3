#include "msg_laws.h"

#include "offhook/error.h"
#include "sip/writer.h"

/* Printing may add a blank behind each colon. */
#define TEXT_MAX (SIP_MSG_MAX + SIP_MSG_HDRS_MAX)

/* Everything that can be asked of a message. */
static void ask_everything(struct sip_msg *m)
{
	const struct sip_uri *uri;
	const struct sip_via *via, *vias;
	const struct sip_addr *addr, *other, *list;
	const struct sip_cseq *cseq;
	struct netaddr ip;
	uint32_t number;
	size_t n;
	static char buf[TEXT_MAX];

	(void)sip_msg_check(m);
	if (sip_msg_ruri(m, &uri) == 0) {
		(void)sip_uri_param(uri, SLICE_LIT("transport"), NULL);
		(void)sip_uri_netaddr(uri, &ip);
		(void)sip_unescape(uri->user, buf, sizeof(buf));
	}
	(void)sip_msg_via(m, &via);
	(void)sip_msg_cseq(m, &cseq);
	(void)sip_msg_contact(m, &addr);
	if (sip_msg_from(m, &addr) == 0 && sip_msg_to(m, &other) == 0)
		CHECK_EQ(sip_uri_eq(&addr->uri, &other->uri), sip_uri_eq(&other->uri, &addr->uri));
	(void)sip_msg_from_tag(m);
	(void)sip_msg_to_tag(m);
	(void)sip_msg_max_forwards(m, &number);
	(void)sip_msg_content_length(m, &number);
	(void)sip_msg_seconds(m, SIP_HDR_EXPIRES, &number);
	(void)sip_msg_vias(m, &vias, &n);
	(void)sip_msg_routes(m, SIP_HDR_ROUTE, &list, &n);
	(void)sip_msg_routes(m, SIP_HDR_RECORD_ROUTE, &list, &n);
	(void)sip_msg_content_type(m);
	(void)sip_msg_has_token(m, SIP_HDR_SUPPORTED, SLICE_LIT("timer"));
	(void)sip_msg_hdr_named(m, SLICE_LIT("X-Odd_Name"));
	for (size_t i = 0; i < m->n_hdrs; i++) {
		CHECK(sip_unfold(m->hdrs[i].value, buf, sizeof(buf)) <= (long)m->hdrs[i].value.n);
		CHECK(m->hdrs[i].value.p + m->hdrs[i].value.n <= m->raw.p + m->raw.n || m->fault.status);
	}
}

static bool flat_eq(struct slice a, struct slice b)
{
	static char flat[2][TEXT_MAX];
	long n = sip_unfold(a, flat[0], TEXT_MAX);

	return n >= 0 && n == sip_unfold(b, flat[1], TEXT_MAX) && memcmp(flat[0], flat[1], (size_t)n) == 0;
}

static void check_print_gives_the_same(struct sip_msg *m)
{
	static struct sip_msg again;
	static char buf[TEXT_MAX];
	struct slice text;
	int err = sip_msg_print(m, buf, sizeof(buf), &text);

	/* A NUL that is not quoted may stand in a header that nobody read; it is not sent on. */
	if (err == OH_EINVAL && memchr(m->raw.p, 0, m->raw.n))
		return;
	CHECK_OK(err);
	CHECK_OK(sip_msg_parse(&again, text));
	if (sip_msg_check(&again) != 0)
		fail_msg("printed: %u %s", again.fault.status, again.fault.what);
	CHECK_EQ(again.method, m->method);
	CHECK_EQ(again.status, m->status);
	CHECK(slice_eq(again.ruri_text, m->ruri_text));
	CHECK(slice_eq(again.reason, m->reason));
	CHECK(slice_eq(again.body, m->body));
	CHECK_EQ(again.n_hdrs, m->n_hdrs);
	for (size_t i = 0; i < m->n_hdrs; i++) {
		CHECK_EQ(again.hdrs[i].id, m->hdrs[i].id);
		CHECK(slice_eq(again.hdrs[i].name, m->hdrs[i].name));
		CHECK(flat_eq(again.hdrs[i].value, m->hdrs[i].value));
	}
	sip_msg_free(&again);
}

void msg_laws(const char *text, size_t n)
{
	static struct sip_msg m;
	char *block = malloc(n + !n);
	size_t used;

	memcpy(block, text, n);
	if (sip_msg_parse(&m, slice_make(block, n)) == 0) {
		bool sound;

		ask_everything(&m);
		sound = sip_msg_check(&m) == 0;
		CHECK_EQ(sound, m.fault.status == 0);
		if (sound)
			check_print_gives_the_same(&m);
	}
	sip_msg_free(&m);
	if (sip_msg_parse_stream(&m, slice_make(block, n), &used) == 0) {
		CHECK(used <= n);
		ask_everything(&m);
	}
	sip_msg_free(&m);
	free(block);
}
