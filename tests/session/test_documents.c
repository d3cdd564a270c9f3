/* What stands in the bodies of NOTIFY, PUBLISH and MESSAGE: presence, dialogs, message waiting, typing. */
#include "check.h"

#include "base/err.h"
#include "session/composing.h"
#include "session/pkg_dialog.h"
#include "session/pkg_mwi.h"
#include "session/pkg_presence.h"
#include "session/xml.h"

#define PIDF_BEGIN "<presence xmlns='urn:ietf:params:xml:ns:pidf' entity='sip:a@x'>"
#define OPEN(id)   "<tuple id='" id "'><status><basic>open</basic></status>"
#define SHUT(id)   "<tuple id='" id "'><status><basic>closed</basic></status>"

/* ---- XML ---- */

static int read_xml(const char *text, size_t n)
{
	static const struct xml_name names[] = {{NULL, "root"}, {NULL, "a"}};
	const struct xml_reader reader = {names, ARRAY_LEN(names), NULL, NULL, NULL};

	return xml_read(slice_make(text, n), &reader);
}

TEST(xml_that_is_no_document_of_ours_is_refused)
{
	static const struct {
		const char *text;
		int err;
	} rows[] = {
		{"<root/>", 0},
		{"<?xml version='1.0' encoding='UTF-8'?><root a='1'><b>x</b></root>\n", 0},
		{"", OH_ESYNTAX},
		{"<other/>", OH_ESYNTAX},
		{"<root>", OH_ESYNTAX},
		{"<root></rood>", OH_ESYNTAX},
		{"<root/><root/>", OH_ESYNTAX},
		{"<root>&undefined;</root>", OH_ESYNTAX},
		{"<root>\xff</root>", OH_ESYNTAX},
		{"<!DOCTYPE root><root/>", OH_ESYNTAX},
		{"<!DOCTYPE root [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><root>&b;</root>", OH_ESYNTAX},
		{"<!DOCTYPE root SYSTEM 'file:///etc/passwd'><root/>", OH_ESYNTAX},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_EQ(read_xml(rows[i].text, strlen(rows[i].text)), rows[i].err);
}

/* count times the text `piece`, between before and after. */
static int read_many(const char *before, const char *piece, size_t count, const char *after)
{
	size_t n = strlen(before), each = strlen(piece);
	char *doc = malloc(n + count * each + strlen(after) + 1);
	int err;

	memcpy(doc, before, n);
	for (size_t i = 0; i < count; i++, n += each)
		memcpy(doc + n, piece, each);
	strcpy(doc + n, after);
	err = read_xml(doc, strlen(doc));
	free(doc);
	return err;
}

TEST(xml_has_its_limits)
{
	char attrs[2048] = "<root";

	CHECK_EQ(read_many("<root>", "<a>", XML_DEPTH_MAX, ""), OH_ETOOBIG);
	CHECK_EQ(read_many("<root>", "<a/>", XML_ELEMENTS_MAX - 1, "</root>"), 0);
	CHECK_EQ(read_many("<root>", "<a/>", XML_ELEMENTS_MAX, "</root>"), OH_ETOOBIG);
	CHECK_EQ(read_many("<root>", "x", 60000, "</root>"), 0);
	CHECK_EQ(read_many("<root>", "x", XML_SIZE_MAX, "</root>"), OH_ETOOBIG);
	for (unsigned i = 0; i <= XML_ATTRS_MAX; i++)
		snprintf(attrs + strlen(attrs), sizeof(attrs) - strlen(attrs), " a%u='1'", i);
	CHECK_EQ(read_many(attrs, "", 0, "/>"), OH_ETOOBIG);
}

TEST(xml_is_copied_and_written_by_whole_characters)
{
	char buf[256], four[4];
	struct xml_writer w;
	struct slice doc;

	xml_copy(four, sizeof(four), SLICE_LIT("ab\xc3\xa9"));
	CHECK_STR(four, "ab");
	xml_copy(four, sizeof(four), SLICE_LIT("a\xc3\xa9"));
	CHECK_STR(four, "a\xc3\xa9");
	xml_copy(four, sizeof(four), SLICE_LIT("a \nb"));
	CHECK_STR(four, "a");
	xml_copy(four, sizeof(four), SLICE_NONE);
	CHECK_STR(four, "");
	xmlw_init(&w, buf, sizeof(buf));
	xmlw_text(&w, SLICE_LIT("<&>\"'\t\n\r \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xc0\x80 \xed\xa0\x80 "
				"\xef\xbf\xbf \xf0\x9f\xbf\xbe \x01"
				"\xf8\xe2\x82"));
	xmlw_number(&w, 4294967295u);
	CHECK_OK(xmlw_end(&w, &doc));
	CHECK_SLICE(doc, "&lt;&amp;&gt;&quot;&apos;&#9;&#10;&#13; \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 ?? "
			 "??? ??? \xf0\x9f\xbf\xbe ????"
			 "4294967295");
	xmlw_init(&w, buf, 10);
	xmlw_markup(&w, "<root>");
	xmlw_markup(&w, "</root>");
	CHECK_EQ(xmlw_end(&w, &doc), OH_ETOOBIG);
}

/* ---- presence ---- */

TEST(presence_documents_of_many_phones)
{
	static const struct {
		const char *doc;
		enum pidf_basic basic;
		enum pidf_activity activity;
		const char *note, *contact;
	} rows[] = {
		{PIDF_BEGIN "</presence>", PIDF_UNKNOWN, PIDF_NO_ACTIVITY, "", ""},
		{PIDF_BEGIN OPEN("1") "</tuple></presence>", PIDF_OPEN, PIDF_NO_ACTIVITY, "", ""},
		{PIDF_BEGIN SHUT("1") "<contact> sip:a@pc </contact></tuple></presence>", PIDF_CLOSED,
			PIDF_NO_ACTIVITY, "", "sip:a@pc"},
		/* One open tuple is enough, and its contact counts. */
		{PIDF_BEGIN SHUT("1") "<contact>sip:1</contact></tuple>" OPEN(
			 "2") "<contact>sip:2</contact></tuple>" SHUT("3") "</tuple></presence>",
			PIDF_OPEN, PIDF_NO_ACTIVITY, "", "sip:2"},
		/* Who has more to say about the person is believed. */
		{PIDF_BEGIN OPEN("1") "<note>tuple</note></tuple><note>all</note></presence>", PIDF_OPEN,
			PIDF_NO_ACTIVITY, "all", ""},
		{PIDF_BEGIN "<note xml:lang='en'>all</note>" OPEN(
			 "1") "</tuple>"
			      "<dm:person xmlns:dm='urn:ietf:params:xml:ns:pidf:data-model'"
			      " xmlns:rpid='urn:ietf:params:xml:ns:pidf:rpid' "
			      "id='p'><rpid:activities><rpid:note>x</rpid:note>"
			      "<rpid:on-the-phone/><rpid:away/></rpid:activities><dm:note>person</dm:note></"
			      "dm:person></presence>",
			PIDF_OPEN, PIDF_BUSY, "person", ""},
		{PIDF_BEGIN OPEN("1") "</tuple><person "
				      "xmlns='urn:x'><activities><away/></activities></person></presence>",
			PIDF_OPEN, PIDF_AWAY, "", ""},
		{PIDF_BEGIN "<tuple id='1'><status><basic>perhaps</basic></status></tuple></presence>",
			PIDF_UNKNOWN, PIDF_NO_ACTIVITY, "", ""},
		/* Not where it belongs. */
		{PIDF_BEGIN "<basic>open</basic><contact>sip:no</contact></presence>", PIDF_UNKNOWN,
			PIDF_NO_ACTIVITY, "", ""},
		{"<p:presence "
		 "xmlns:p='urn:ietf:params:xml:ns:pidf'><p:tuple><p:status><p:basic>OPEN</p:basic></p:status>"
		 "</p:tuple></p:presence>",
			PIDF_OPEN, PIDF_NO_ACTIVITY, "", ""},
	};
	struct pidf p;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CHECK_OK(pidf_read(slice_of(rows[i].doc), &p));
		CHECK_EQ(p.basic, rows[i].basic);
		CHECK_EQ(p.activity, rows[i].activity);
		CHECK_STR(p.note, rows[i].note);
		CHECK_STR(p.contact, rows[i].contact);
	}
	CHECK_EQ(pidf_read(SLICE_LIT("<presence/>"), &p), OH_ESYNTAX); /* no namespace: not PIDF */
	CHECK_EQ(pidf_read(SLICE_NONE, &p), OH_ESYNTAX);
}

TEST(presence_that_is_written_can_be_read)
{
	static const struct pidf said[] = {
		{.basic = PIDF_OPEN},
		{.basic = PIDF_CLOSED, .note = "gone < back soon"},
		{.basic = PIDF_OPEN,
			.activity = PIDF_AWAY,
			.note = "\"lunch\" & tea",
			.contact = "sip:a@192.0.2.1",
			.id = "t7"},
		{.basic = PIDF_OPEN, .activity = PIDF_BUSY},
	};
	char buf[PIDF_DOC_MAX], big[PIDF_TEXT_MAX * 2];
	struct slice doc;
	struct pidf read, worst = {.basic = PIDF_OPEN, .activity = PIDF_AWAY};

	for (size_t i = 0; i < ARRAY_LEN(said); i++) {
		CHECK_OK(pidf_write(SLICE_LIT("sip:alice@example.test"), &said[i], buf, sizeof(buf), &doc));
		CHECK_OK(pidf_read(doc, &read));
		CHECK_EQ(read.basic, said[i].basic);
		CHECK_EQ(read.activity, said[i].activity);
		CHECK_STR(read.note, said[i].note);
		CHECK_STR(read.contact, said[i].contact);
		CHECK_STR(read.id, *said[i].id ? said[i].id : "phone");
	}
	memset(worst.note, '"', sizeof(worst.note) - 1);
	memset(worst.contact, '"', sizeof(worst.contact) - 1);
	memset(worst.id, '"', sizeof(worst.id) - 1);
	memset(big, '"', sizeof(big));
	CHECK_OK(pidf_write(slice_make(big, sizeof(big)), &worst, buf, sizeof(buf), &doc));
	CHECK_EQ(pidf_write(SLICE_LIT("sip:a"), &said[0], buf, 100, &doc), OH_ETOOBIG);
}

/* RFC 3863 sets no limit to a note. What is left of a long one is the same text wherever it is cut, so that who passes it on
 * does not change it at each step. */
TEST(long_notes_are_cut_where_they_read_the_same_again)
{
	static const struct {
		const char *fill, *then; /* n times the first, then the other */
		size_t n, kept;
	} rows[] = {
		{"x", "yz", 254, 254 + 1},
		{"x", " yz", 254, 254},
		{"x", "\r\n\t yz", 252, 252},
		{"x", "\xc3\xa9z", 254, 254},
		{"x", "\xf4\x8f\xbf\xbdz", 252, 252},
		{"x", " \xc3\xa9z", 253, 253},
		/* Blanks before it count among what is held of an element, XML_TEXT_MAX bytes. */
		{" ", "\xc3\xa9\xc3\xa9\xc3\xa9", 1019, 4},
		{" ", "\xf0\x9f\xbf\xbe\xf0\x9f\xbf\xbe", 1018, 4},
		{" ", "x", 1024, 0},
	};
	char doc[2048], buf[PIDF_DOC_MAX];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t n = (size_t)snprintf(doc, sizeof(doc),
			"<presence xmlns='urn:ietf:params:xml:ns:pidf'><tuple "
			"id='1'><status><basic>open</basic>"
			"</status></tuple><note>");
		struct pidf read, again;
		struct slice text;

		for (size_t k = 0; k < rows[i].n; k++)
			doc[n++] = rows[i].fill[0];
		n += (size_t)snprintf(doc + n, sizeof(doc) - n, "%s</note></presence>", rows[i].then);
		CHECK_OK(pidf_read(slice_make(doc, n), &read));
		CHECK_EQ(strlen(read.note), rows[i].kept);
		CHECK_OK(pidf_write(SLICE_LIT("sip:a@x"), &read, buf, sizeof(buf), &text));
		CHECK_OK(pidf_read(text, &again));
		CHECK_STR(again.note, read.note);
	}
}

/* ---- message waiting ---- */

TEST(message_summaries)
{
	static const struct {
		const char *body;
		bool waiting;
		size_t n_classes;
		uint32_t counts[4];
	} rows[] = {
		{"Messages-Waiting: no\r\n", false, 0, {0}},
		{"Messages-Waiting: yes\r\nMessage-Account: sip:alice@vmail.example.com\r\nVoice-Message: "
		 "2/8 (0/2)\r\n",
			true, 1, {2, 8, 0, 2}},
		{"\r\nmessages-waiting : YES\nFax-Message: 0/1\nvoice-message: 4 / 0\n", true, 2,
			{4, 0, 0, 0}},
		{"Messages-Waiting: yes\r\nVoice-Message: 4294967295/0(1/1)\r\n\r\nTo: <alice@x>\r\nno "
		 "header\r\n",
			true, 1, {4294967295u, 0, 1, 1}},
	};
	static const char *const bad[] = {
		"",
		"\r\n\r\n",
		"Voice-Message: 1/0\r\n",
		"Messages-Waiting: maybe\r\n",
		"Messages-Waiting: yes\r\nVoice-Message\r\n",
		"Messages-Waiting: yes\r\nVoice-Message: one/two\r\n",
		"Messages-Waiting: yes\r\nVoice-Message: 1\r\n",
		"Messages-Waiting: yes\r\nVoice-Message: 1/4294967296\r\n",
		"Messages-Waiting: yes\r\nVoice-Message: 1/1 (1/1\r\n",
		"Messages-Waiting: yes\r\nVoice-Message: 1/1 (1)\r\n",
	};
	struct mwi m;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct mwi_class *voice;

		CHECK_OK(mwi_read(slice_of(rows[i].body), &m));
		CHECK_EQ(m.waiting, rows[i].waiting);
		CHECK_EQ(m.n_classes, rows[i].n_classes);
		voice = mwi_voice(&m);
		CHECK_EQ(voice != NULL, rows[i].n_classes > 0);
		if (!voice)
			continue;
		CHECK_EQ(voice->new_count, rows[i].counts[0]);
		CHECK_EQ(voice->old_count, rows[i].counts[1]);
		CHECK_EQ(voice->new_urgent, rows[i].counts[2]);
		CHECK_EQ(voice->old_urgent, rows[i].counts[3]);
	}
	CHECK_OK(mwi_read(slice_of(rows[1].body), &m));
	CHECK_SLICE(m.account, "sip:alice@vmail.example.com");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		CHECK_EQ(mwi_read(slice_of(bad[i]), &m), OH_ESYNTAX);
}

/* ---- dialogs ---- */

struct heard {
	unsigned n;
	struct dialog_info last;
};

static void each(void *arg, const struct dialog_info_doc *doc, const struct dialog_info *d)
{
	struct heard *h = arg;

	(void)doc;
	h->n++;
	h->last = *d;
}

static int read_dialogs(const char *text, struct heard *h, struct dialog_info_doc *ret_doc)
{
	const struct dialog_info_reader reader = {each, h};

	memset(h, 0, sizeof(*h));
	return dialog_info_read(slice_of(text), &reader, ret_doc);
}

#define DI "<dialog-info xmlns='urn:ietf:params:xml:ns:dialog-info' "

TEST(dialog_documents)
{
	struct dialog_info_doc doc;
	struct heard h;

	/* RFC 4235 4.2, with more of what an element may hold. */
	CHECK_OK(read_dialogs(DI
		"version='1' state='full' entity='sip:alice@example.com'>"
		"<dialog id='123456' call-id='c' local-tag='l' remote-tag='r' direction='initiator'>"
		"<state event='rejected' code='486'>terminated</state><duration>274</duration>"
		"<local><identity display='Alice'>sip:alice@example.com</identity>"
		"<target uri='sip:alice@pc33.example.com'><param pname='isfocus' "
		"pval='true'/></target></local>"
		"<remote><identity display='Bob'>sip:bob@example.org</identity>"
		"<target uri='sip:bobster@phone21.example.org'/></remote></dialog></dialog-info>",
		&h, &doc));
	CHECK_EQ(doc.version, 1);
	CHECK(doc.full);
	CHECK_STR(doc.entity, "sip:alice@example.com");
	CHECK_EQ(h.n, 1);
	CHECK_STR(h.last.id, "123456");
	CHECK(h.last.initiator);
	CHECK_EQ(h.last.state, DIALOG_TERMINATED);
	CHECK_STR(h.last.event, "rejected");
	CHECK_EQ(h.last.code, 486);
	CHECK_STR(h.last.local.target, "sip:alice@pc33.example.com");
	CHECK_STR(h.last.remote.display, "Bob");
	CHECK_STR(h.last.remote.identity, "sip:bob@example.org");

	/* Without id or state it is none; the others are told of. */
	CHECK_OK(read_dialogs(DI
		"version='0' state='partial'><dialog><state>early</state></dialog><dialog id='1'/>"
		"<dialog id='2'><state>odd</state></dialog><dialog id='3'><state>early</state></dialog>"
		"</dialog-info>",
		&h, &doc));
	CHECK(!doc.full);
	CHECK_EQ(h.n, 1);
	CHECK_STR(h.last.id, "3");

	CHECK_EQ(read_dialogs(DI "version='-1'/>", &h, &doc), OH_ESYNTAX);
	CHECK_EQ(read_dialogs(DI "/>", &h, &doc), OH_ESYNTAX);
	CHECK_EQ(read_dialogs(DI "version='1'><dialog id='1'><state>early</state></dialog>", &h, &doc),
		OH_ESYNTAX);
	CHECK_EQ(h.n, 0);
	CHECK_STR(dialog_info_state_name(DIALOG_PROCEEDING), "proceeding");
	CHECK_STR(dialog_info_state_name((enum dialog_info_state)99), "?");
}

TEST(dialogs_that_are_written_can_be_read)
{
	static const struct dialog_info said = {.id = "<1>",
		.call_id = "a\"b@x",
		.local_tag = "l",
		.remote_tag = "r",
		.state = DIALOG_CONFIRMED,
		.event = "replaced",
		.code = 200,
		.local = {"sip:a@x", "Al & Co", "sip:a@192.0.2.1"},
		.remote = {.target = "sip:b@192.0.2.2"}};
	static const struct dialog_info bare = {.id = "2", .state = DIALOG_TRYING, .initiator = true};
	char buf[4096];
	struct xml_writer w;
	struct slice text;
	struct dialog_info_doc doc;
	struct heard h;

	xmlw_init(&w, buf, sizeof(buf) - 1);
	dialog_info_begin(&w, SLICE_LIT("sip:a@x"), 7);
	dialog_info_put(&w, &bare);
	dialog_info_put(&w, &said);
	CHECK_OK(dialog_info_end(&w, &text));
	buf[text.n] = '\0';
	CHECK_OK(read_dialogs(buf, &h, &doc));
	CHECK_EQ(doc.version, 7);
	CHECK_EQ(h.n, 2);
	CHECK_MEM(&h.last, &said, sizeof(said));
}

/* ---- typing ---- */

TEST(composing_documents)
{
	static const struct {
		const char *inside;
		bool active;
		uint32_t refresh_s;
	} rows[] = {
		{"<state>active</state><contenttype>text/plain</contenttype><refresh>90</refresh>", true, 90},
		{"<state>active</state>", true, COMPOSING_REFRESH_S},
		{"<state>active</state><refresh>4000000000</refresh>", true, COMPOSING_MAX_S},
		{"<state>active</state><refresh>0</refresh>", true, COMPOSING_REFRESH_S},
		{"<state>idle</state><lastactive>2003-01-27T10:43:00Z</lastactive>", false,
			COMPOSING_REFRESH_S},
		{"<x><state>active</state></x>", false, COMPOSING_REFRESH_S},
	};
	char buf[COMPOSING_DOC_MAX];
	struct composing c;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		snprintf(buf, sizeof(buf),
			"<isComposing xmlns='urn:ietf:params:xml:ns:im-iscomposing'>%s</isComposing>",
			rows[i].inside);
		CHECK_OK(composing_read(slice_of(buf), &c));
		CHECK_EQ(c.active, rows[i].active);
		CHECK_EQ(c.refresh_s, rows[i].refresh_s);
	}
	CHECK_EQ(composing_read(SLICE_LIT("<isComposing/>"), &c), OH_ESYNTAX);
	CHECK_OK(composing_read(composing_write(&(struct composing){true, 60}, buf), &c));
	CHECK(c.active && c.refresh_s == 60);
	CHECK_OK(composing_read(composing_write(&(struct composing){false, 0}, buf), &c));
	CHECK(!c.active);
}

static int without_memory(void *arg)
{
	struct pidf p;

	(void)arg;
	return pidf_read(SLICE_LIT(PIDF_BEGIN OPEN("1") "<note>x</note></tuple></presence>"), &p);
}

TEST(documents_without_memory)
{
	check_every_allocation_fails(without_memory, NULL);
}

TESTS(RUN(xml_that_is_no_document_of_ours_is_refused), RUN(xml_has_its_limits),
	RUN(xml_is_copied_and_written_by_whole_characters), RUN(presence_documents_of_many_phones),
	RUN(presence_that_is_written_can_be_read), RUN(long_notes_are_cut_where_they_read_the_same_again),
	RUN(message_summaries), RUN(dialog_documents), RUN(dialogs_that_are_written_can_be_read),
	RUN(composing_documents), RUN(documents_without_memory))
