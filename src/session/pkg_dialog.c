#include "session/pkg_dialog.h"

#include "base/err.h"

/* RFC 4235 3.4: an hour. */
const struct sub_package pkg_dialog = {
	.name = "dialog",
	.accept = DIALOG_INFO_TYPE,
	.use = SUB_BOTH_WAYS,
	.expires_s = 3600,
	.min_s = 60,
	.max_s = 86400,
};

#define NS "urn:ietf:params:xml:ns:dialog-info"

enum element { DIALOG_INFO, DIALOG, STATE, LOCAL, REMOTE, IDENTITY, TARGET, N_ELEMENTS };
static const struct xml_name names[N_ELEMENTS] = {
	[DIALOG_INFO] = {NS, "dialog-info"},
	[DIALOG] = {NS, "dialog"},
	[STATE] = {NS, "state"},
	[LOCAL] = {NS, "local"},
	[REMOTE] = {NS, "remote"},
	[IDENTITY] = {NS, "identity"},
	[TARGET] = {NS, "target"},
};

static const char *const state_names[] = {
#define X(name, word) [name] = (word),
	DIALOG_INFO_STATES(X)
#undef X
};

const char *dialog_info_state_name(enum dialog_info_state state)
{
	return (size_t)state < ARRAY_LEN(state_names) ? state_names[state] : "?";
}

/* ---- reading ---- */

struct reading {
	const struct dialog_info_reader *reader;
	bool telling; /* the second time */
	bool bad;
	struct dialog_info_doc doc;
	struct dialog_info d;
	bool has_state;
};

static void copy_attr(char buf[DIALOG_INFO_TEXT_MAX], const struct xml_element *e, const char *name)
{
	xml_copy(buf, DIALOG_INFO_TEXT_MAX, xml_attr(e, name));
}

static struct dialog_info_party *party(struct reading *r, int in)
{
	return in == LOCAL ? &r->d.local : in == REMOTE ? &r->d.remote : NULL;
}

static void begin_dialog(struct reading *r, const struct xml_element *e)
{
	memset(&r->d, 0, sizeof(r->d)); /* readers compare whole structs */
	r->has_state = false;
	copy_attr(r->d.id, e, "id");
	copy_attr(r->d.call_id, e, "call-id");
	copy_attr(r->d.local_tag, e, "local-tag");
	copy_attr(r->d.remote_tag, e, "remote-tag");
	r->d.initiator = slice_eq(xml_attr(e, "direction"), SLICE_LIT("initiator"));
}

static void begin(void *arg, const struct xml_element *e)
{
	struct reading *r = arg;
	struct dialog_info_party *p = party(r, e->in);

	if (e->what == DIALOG_INFO && e->in == XML_UNKNOWN) {
		copy_attr(r->doc.entity, e, "entity");
		r->bad = slice_to_u32(xml_attr(e, "version"), UINT32_MAX, &r->doc.version) != 0;
		r->doc.full = !slice_eq(xml_attr(e, "state"), SLICE_LIT("partial"));
	} else if (e->what == DIALOG) {
		begin_dialog(r, e);
	} else if (e->what == STATE && e->in == DIALOG) {
		xml_copy(r->d.event, sizeof(r->d.event), xml_attr(e, "event"));
		(void)slice_to_u32(xml_attr(e, "code"), 699, &r->d.code);
	} else if (e->what == IDENTITY && p) {
		copy_attr(p->display, e, "display");
	} else if (e->what == TARGET && p) {
		copy_attr(p->target, e, "uri");
	}
}

static void take_state(struct reading *r, struct slice word)
{
	for (size_t i = 0; i < ARRAY_LEN(state_names); i++) {
		if (!slice_eq(word, slice_of(state_names[i])))
			continue;
		r->d.state = (enum dialog_info_state)i;
		r->has_state = true;
	}
}

static void end(void *arg, const struct xml_element *e)
{
	struct reading *r = arg;
	struct dialog_info_party *p = party(r, e->in);

	if (e->what == STATE && e->in == DIALOG)
		take_state(r, e->text);
	else if (e->what == IDENTITY && p)
		xml_copy(p->identity, sizeof(p->identity), e->text);
	else if (e->what == DIALOG && r->telling && r->has_state && *r->d.id)
		r->reader->each(r->reader->arg, &r->doc, &r->d);
}

int dialog_info_read(
	struct slice text, const struct dialog_info_reader *reader, struct dialog_info_doc *ret_doc)
{
	struct reading r = {.reader = reader};
	const struct xml_reader xml = {names, N_ELEMENTS, begin, end, &r};
	int err = xml_read(text, &xml);

	if (!err && r.bad)
		err = OH_ESYNTAX;
	if (err)
		return err;
	*ret_doc = r.doc;
	r.telling = true;
	return xml_read(text, &xml);
}

/* ---- writing ---- */

static void put_attr(struct xml_writer *w, const char *before, const char *text)
{
	if (!*text)
		return;
	xmlw_markup(w, before);
	xmlw_text(w, slice_of(text));
	xmlw_markup(w, "\"");
}

static void put_party(struct xml_writer *w, const char *name, const struct dialog_info_party *p)
{
	if (!*p->identity && !*p->target)
		return;
	xmlw_markup(w, "<");
	xmlw_markup(w, name);
	xmlw_markup(w, ">");
	if (*p->identity) {
		xmlw_markup(w, "<identity");
		put_attr(w, " display=\"", p->display);
		xmlw_markup(w, ">");
		xmlw_text(w, slice_of(p->identity));
		xmlw_markup(w, "</identity>");
	}
	if (*p->target) {
		put_attr(w, "<target uri=\"", p->target);
		xmlw_markup(w, "/>");
	}
	xmlw_markup(w, "</");
	xmlw_markup(w, name);
	xmlw_markup(w, ">\n");
}

void dialog_info_begin(struct xml_writer *w, struct slice entity, uint32_t version)
{
	xmlw_markup(
		w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<dialog-info xmlns=\"" NS "\" version=\"");
	xmlw_number(w, version);
	xmlw_markup(w, "\" state=\"full\" entity=\"");
	xmlw_text(w, entity);
	xmlw_markup(w, "\">\n");
}

void dialog_info_put(struct xml_writer *w, const struct dialog_info *d)
{
	put_attr(w, "<dialog id=\"", d->id);
	put_attr(w, " call-id=\"", d->call_id);
	put_attr(w, " local-tag=\"", d->local_tag);
	put_attr(w, " remote-tag=\"", d->remote_tag);
	put_attr(w, " direction=\"", d->initiator ? "initiator" : "recipient");
	xmlw_markup(w, ">\n<state");
	put_attr(w, " event=\"", d->event);
	if (d->code) {
		xmlw_markup(w, " code=\"");
		xmlw_number(w, d->code);
		xmlw_markup(w, "\"");
	}
	xmlw_markup(w, ">");
	xmlw_markup(w, dialog_info_state_name(d->state));
	xmlw_markup(w, "</state>\n");
	put_party(w, "local", &d->local);
	put_party(w, "remote", &d->remote);
	xmlw_markup(w, "</dialog>\n");
}

int dialog_info_end(struct xml_writer *w, struct slice *ret_text)
{
	xmlw_markup(w, "</dialog-info>\n");
	return xmlw_end(w, ret_text);
}
