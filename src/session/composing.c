#include "session/composing.h"

#include "base/err.h"
#include "session/xml.h"

#define NS "urn:ietf:params:xml:ns:im-iscomposing"

enum element { IS_COMPOSING, STATE, REFRESH, N_ELEMENTS };
static const struct xml_name names[N_ELEMENTS] = {
	[IS_COMPOSING] = {NS, "isComposing"},
	[STATE] = {NS, "state"},
	[REFRESH] = {NS, "refresh"},
};

static void end(void *arg, const struct xml_element *e)
{
	struct composing *c = arg;
	uint32_t seconds;

	if (e->in != IS_COMPOSING)
		return;
	if (e->what == STATE)
		c->active = slice_eq(e->text, SLICE_LIT("active"));
	else if (e->what == REFRESH && slice_to_u32(e->text, UINT32_MAX, &seconds) == 0 && seconds > 0)
		c->refresh_s = seconds < COMPOSING_MAX_S ? seconds : COMPOSING_MAX_S;
}

int composing_read(struct slice doc, struct composing *ret_composing)
{
	struct composing c = {.refresh_s = COMPOSING_REFRESH_S};
	const struct xml_reader reader = {names, N_ELEMENTS, NULL, end, &c};
	int err = xml_read(doc, &reader);

	if (!err)
		*ret_composing = c;
	return err;
}

struct slice composing_write(const struct composing *c, char buf[COMPOSING_DOC_MAX])
{
	struct xml_writer w;
	struct slice doc = SLICE_NONE;

	xmlw_init(&w, buf, COMPOSING_DOC_MAX);
	xmlw_markup(&w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<isComposing xmlns=\"" NS "\"><state>");
	xmlw_markup(&w, c->active ? "active" : "idle");
	xmlw_markup(&w, "</state>");
	if (c->refresh_s) {
		xmlw_markup(&w, "<refresh>");
		xmlw_number(&w, c->refresh_s);
		xmlw_markup(&w, "</refresh>");
	}
	xmlw_markup(&w, "</isComposing>\n");
	(void)xmlw_end(&w, &doc);
	return doc;
}
