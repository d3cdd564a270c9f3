#include "session/pkg_presence.h"

#include "base/err.h"
#include "session/xml.h"

/* RFC 3856 6.4: an hour. */
const struct sub_package pkg_presence = {
	.name = "presence",
	.accept = PIDF_TYPE,
	.use = SUB_BOTH_WAYS,
	.expires_s = 3600,
	.min_s = 60,
	.max_s = 86400,
};

#define NS_PIDF "urn:ietf:params:xml:ns:pidf"

/* RPID's elements are taken from any namespace: its drafts had others, and phones still send those. */
enum element { PRESENCE, TUPLE, STATUS, BASIC, CONTACT, NOTE, PERSON, ACTIVITIES, N_ELEMENTS };
static const struct xml_name names[N_ELEMENTS] = {
	[PRESENCE] = {NS_PIDF, "presence"},
	[TUPLE] = {NS_PIDF, "tuple"},
	[STATUS] = {NS_PIDF, "status"},
	[BASIC] = {NS_PIDF, "basic"},
	[CONTACT] = {NS_PIDF, "contact"},
	[NOTE] = {NULL, "note"},
	[PERSON] = {NULL, "person"},
	[ACTIVITIES] = {NULL, "activities"},
};

/* RFC 4480 3.2: what somebody who wants to call has to know of them. */
static const struct {
	const char *name;
	enum pidf_activity activity;
} activities[] = {
	{"away", PIDF_AWAY},
	{"permanent-absence", PIDF_AWAY},
	{"sleeping", PIDF_AWAY},
	{"vacation", PIDF_AWAY},
	{"busy", PIDF_BUSY},
	{"appointment", PIDF_BUSY},
	{"meeting", PIDF_BUSY},
	{"on-the-phone", PIDF_BUSY},
	{"performance", PIDF_BUSY},
	{"presentation", PIDF_BUSY},
};

/* The same names when we write. */
static const char *const activity_names[] = {[PIDF_AWAY] = "away", [PIDF_BUSY] = "busy"};

/* How much a note counts: the person's most. */
enum weight { NO_NOTE, OF_TUPLE, OF_PRESENCE, OF_PERSON };

struct reading {
	struct pidf pidf;
	enum weight note_weight;
	/* The tuple that is being read. */
	enum pidf_basic basic;
	char contact[PIDF_TEXT_MAX], id[PIDF_TEXT_MAX];
};

static void begin(void *arg, const struct xml_element *e)
{
	struct reading *r = arg;

	if (e->what == TUPLE) {
		r->basic = PIDF_UNKNOWN;
		r->contact[0] = '\0';
		xml_copy(r->id, sizeof(r->id), xml_attr(e, "id"));
	}
}

static void take_activity(struct reading *r, struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(activities); i++)
		if (r->pidf.activity == PIDF_NO_ACTIVITY && slice_eq(name, slice_of(activities[i].name)))
			r->pidf.activity = activities[i].activity;
}

static void take_note(struct reading *r, int in, struct slice text)
{
	enum weight weight = in == PERSON     ? OF_PERSON
			     : in == PRESENCE ? OF_PRESENCE
			     : in == TUPLE    ? OF_TUPLE
					      : NO_NOTE;

	if (weight <= r->note_weight || slice_empty(text))
		return;
	r->note_weight = weight;
	xml_copy(r->pidf.note, sizeof(r->pidf.note), text);
}

static void take_tuple(struct reading *r)
{
	struct pidf *p = &r->pidf;

	if (r->basic == PIDF_UNKNOWN || p->basic == PIDF_OPEN || p->basic == r->basic)
		return;
	p->basic = r->basic;
	memcpy(p->contact, r->contact, sizeof(p->contact));
	memcpy(p->id, r->id, sizeof(p->id));
}

static void end(void *arg, const struct xml_element *e)
{
	struct reading *r = arg;

	if (e->in == ACTIVITIES)
		take_activity(r, e->name);
	switch (e->what) {
	case BASIC:
		if (e->in == STATUS)
			r->basic = slice_ieq(e->text, SLICE_LIT("open"))     ? PIDF_OPEN
				   : slice_ieq(e->text, SLICE_LIT("closed")) ? PIDF_CLOSED
									     : PIDF_UNKNOWN;
		break;
	case CONTACT:
		if (e->in == TUPLE)
			xml_copy(r->contact, sizeof(r->contact), e->text);
		break;
	case NOTE:
		take_note(r, e->in, e->text);
		break;
	case TUPLE:
		take_tuple(r);
		break;
	default:
		break;
	}
}

int pidf_read(struct slice doc, struct pidf *ret_pidf)
{
	struct reading r = {.basic = PIDF_UNKNOWN};
	const struct xml_reader reader = {names, N_ELEMENTS, begin, end, &r};
	int err = xml_read(doc, &reader);

	if (!err)
		*ret_pidf = r.pidf;
	return err;
}

/* ---- writing ---- */

static void put_person(struct xml_writer *w, const struct pidf *p)
{
	if (p->activity == PIDF_NO_ACTIVITY)
		return;
	xmlw_markup(w, "<dm:person id=\"person\"><rpid:activities><rpid:");
	xmlw_markup(w, activity_names[p->activity]);
	xmlw_markup(w, "/></rpid:activities>");
	if (*p->note) {
		xmlw_markup(w, "<dm:note>");
		xmlw_text(w, slice_of(p->note));
		xmlw_markup(w, "</dm:note>");
	}
	xmlw_markup(w, "</dm:person>\n");
}

int pidf_write(struct slice entity, const struct pidf *p, char *buf, size_t cap, struct slice *ret_doc)
{
	struct xml_writer w;

	xmlw_init(&w, buf, cap);
	xmlw_markup(&w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<presence xmlns=\"" NS_PIDF
			"\" xmlns:dm=\"urn:ietf:params:xml:ns:pidf:data-model\""
			" xmlns:rpid=\"urn:ietf:params:xml:ns:pidf:rpid\" entity=\"");
	xmlw_text(&w, entity);
	xmlw_markup(&w, "\">\n<tuple id=\"");
	xmlw_text(&w, *p->id ? slice_of(p->id) : SLICE_LIT("phone"));
	xmlw_markup(&w, p->basic == PIDF_OPEN ? "\"><status><basic>open</basic></status>"
					      : "\"><status><basic>closed</basic></status>");
	if (*p->contact) {
		xmlw_markup(&w, "<contact>");
		xmlw_text(&w, slice_of(p->contact));
		xmlw_markup(&w, "</contact>");
	}
	xmlw_markup(&w, "</tuple>\n");
	if (*p->note) {
		xmlw_markup(&w, "<note>");
		xmlw_text(&w, slice_of(p->note));
		xmlw_markup(&w, "</note>\n");
	}
	put_person(&w, p);
	xmlw_markup(&w, "</presence>\n");
	return xmlw_end(&w, ret_doc);
}
