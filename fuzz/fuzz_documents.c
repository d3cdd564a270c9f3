/* Bodies of NOTIFY and MESSAGE: a choice of reader, then a document. What was read can be written and read again. */
#include "fuzz.h"

#include "base/err.h"
#include "session/composing.h"
#include "session/pkg_dialog.h"
#include "session/pkg_mwi.h"
#include "session/pkg_presence.h"

static void check_err(int err)
{
	CHECK(err == 0 || err == OH_ESYNTAX || err == OH_ETOOBIG);
}

static void read_pidf(struct slice doc)
{
	char buf[PIDF_DOC_MAX];
	struct pidf p, again;
	struct slice text;
	int err = pidf_read(doc, &p);

	check_err(err);
	if (err || p.basic == PIDF_UNKNOWN)
		return;
	CHECK(pidf_write(SLICE_LIT("sip:a@x"), &p, buf, sizeof(buf), &text) == 0);
	CHECK(pidf_read(text, &again) == 0);
	CHECK(again.basic == p.basic && again.activity == p.activity);
	CHECK_STR(again.note, p.note);
	CHECK_STR(again.contact, p.contact);
}

static void each(void *arg, const struct dialog_info_doc *doc, const struct dialog_info *d)
{
	struct xml_writer *w = arg;

	(void)doc;
	CHECK(d->id[0] && d->state <= DIALOG_TERMINATED);
	dialog_info_put(w, d);
}

static void count(void *arg, const struct dialog_info_doc *doc, const struct dialog_info *d)
{
	(void)doc;
	(void)d;
	++*(unsigned *)arg;
}

static void read_dialogs(struct slice doc)
{
	static char buf[16384];
	struct xml_writer w;
	struct dialog_info_reader writes = {each, &w}, counts;
	struct dialog_info_doc head;
	struct slice text;
	unsigned n = 0;
	int err;

	xmlw_init(&w, buf, sizeof(buf));
	dialog_info_begin(&w, SLICE_LIT("sip:a@x"), 1);
	err = dialog_info_read(doc, &writes, &head);
	check_err(err);
	if (err || dialog_info_end(&w, &text))
		return;
	counts = (struct dialog_info_reader){count, &n};
	CHECK(dialog_info_read(text, &counts, &head) == 0 && head.version == 1);
}

static void read_mwi(struct slice body)
{
	struct mwi m;
	int err = mwi_read(body, &m);

	check_err(err);
	if (err)
		return;
	CHECK(m.n_classes <= MWI_CLASSES_MAX);
	for (size_t i = 0; i < m.n_classes; i++)
		CHECK(m.classes[i].name.p >= body.p && slice_end(m.classes[i].name) <= slice_end(body));
	(void)mwi_voice(&m);
}

static void read_composing(struct slice doc)
{
	struct composing c;
	int err = composing_read(doc, &c);

	check_err(err);
	CHECK(err || (c.refresh_s > 0 && c.refresh_s <= COMPOSING_MAX_S));
}

void fuzz_one(const uint8_t *data, size_t n)
{
	static void (*const readers[])(struct slice) = {read_pidf, read_dialogs, read_mwi, read_composing};
	struct feed f = {data, n};
	unsigned choice = feed_byte(&f);
	struct slice doc = feed_bytes(&f, f.n);
	char *block = feed_block(doc);

	readers[choice % ARRAY_LEN(readers)](slice_make(block, doc.n));
	free(block);
}
