#include "sip/draft.h"

#include "base/err.h"
#include "base/mem.h"
#include "sip/txn_impl.h"
#include "sip/stack_impl.h"

bool sip_draft_is_fixed(struct slice name)
{
	switch (sip_hdr_of(name)) {
	case SIP_HDR_VIA:
	case SIP_HDR_ROUTE:
	case SIP_HDR_RECORD_ROUTE:
	case SIP_HDR_FROM:
	case SIP_HDR_TO:
	case SIP_HDR_CALL_ID:
	case SIP_HDR_CSEQ:
	case SIP_HDR_MAX_FORWARDS:
	case SIP_HDR_CONTENT_LENGTH:
	case SIP_HDR_CONTENT_TYPE: /* with its body */
	case SIP_HDR_RSEQ:
	case SIP_HDR_RACK:
	case SIP_HDR_AUTHORIZATION:
	case SIP_HDR_PROXY_AUTHORIZATION:
		return true;
	default:
		return false;
	}
}

/* One pass over the tail. */
struct change {
	struct slice name, value; /* name absent: none; value absent: removed */
	bool one_more;            /* those that are there stay */
	struct slice type, body;
};

static bool is_meant(const struct change *c, struct slice name)
{
	enum sip_hdr_id id = sip_hdr_of(name);

	if (!slice_present(c->name) || c->one_more)
		return false;
	return id == SIP_HDR_OTHER ? slice_ieq(name, c->name) : id == sip_hdr_of(c->name);
}

static bool is_of_body(struct slice name)
{
	enum sip_hdr_id id = sip_hdr_of(name);

	return id == SIP_HDR_CONTENT_TYPE || id == SIP_HDR_CONTENT_LENGTH;
}

/* The header lines of the tail, changed, into w. */
static void put_headers(struct sip_writer *w, const struct sip_draft *d, const struct change *c)
{
	struct slice rest = slice_make(d->text + d->tail, d->body - d->tail);
	bool put = !slice_present(c->name) || !slice_present(c->value);

	while (rest.n > 2) {
		struct slice line = slice_make(rest.p, slice_index(rest, '\n') + 1),
			     name = slice_trim(slice_make(line.p, slice_index(line, ':')));

		rest = slice_skip(rest, line.n);
		if (is_of_body(name))
			continue;
		if (!is_meant(c, name)) {
			sipw_put(w, line);
		} else if (!put) {
			sipw_hdr_named(w, c->name, c->value);
			put = true;
		}
	}
	if (!put)
		sipw_hdr_named(w, c->name, c->value);
}

static int apply(struct sip_draft *d, const struct change *c)
{
	size_t room = d->cap - d->tail;
	char *buf = mem_alloc(room);
	struct sip_writer w;
	struct slice tail;
	int err;

	if (!buf)
		return OH_ENOMEM;
	sipw_init(&w, buf, room);
	put_headers(&w, d, c);
	sipw_body(&w, c->type, c->body);
	err = sipw_end(&w, &tail);
	if (!err) {
		memcpy(d->text + d->tail, tail.p, tail.n);
		d->n = d->tail + tail.n;
		d->body = d->n - c->body.n;
	}
	mem_free(buf);
	return err;
}

/* The value of Content-Type as it stands there. */
static struct slice type_of(const struct sip_draft *d)
{
	struct slice rest = slice_make(d->text + d->tail, d->body - d->tail);

	while (rest.n > 2) {
		struct slice line = slice_make(rest.p, slice_index(rest, '\n') + 1);
		size_t colon = slice_index(line, ':');

		if (sip_hdr_of(slice_trim(slice_make(line.p, colon))) == SIP_HDR_CONTENT_TYPE)
			return slice_trim(slice_skip(line, colon + 1));
		rest = slice_skip(rest, line.n);
	}
	return SLICE_NONE;
}

static int change_header(struct sip_draft *d, struct slice name, struct slice value, bool one_more)
{
	const struct change c = {.name = name,
		.value = value,
		.one_more = one_more,
		.type = type_of(d),
		.body = slice_make(d->text + d->body, d->n - d->body)};

	return sip_draft_is_fixed(name) ? OH_EINVAL : apply(d, &c);
}

int sip_draft_set(struct sip_draft *d, struct slice name, struct slice value)
{
	return change_header(d, name, value, false);
}

int sip_draft_add(struct sip_draft *d, struct slice name, struct slice value)
{
	return change_header(d, name, value, true);
}

int sip_draft_set_body(struct sip_draft *d, struct slice type, struct slice body)
{
	return apply(d, &(struct change){.type = type, .body = body});
}

size_t draft_show(struct sip_stack *s, struct slice *text, size_t tail)
{
	size_t end = tail;
	struct sip_draft d;

	/* The empty line. */
	while (memcmp(text->p + end, "\r\n", 2) != 0)
		end += slice_index(slice_make(text->p + end, text->n - end), '\n') + 1;
	d = (struct sip_draft){
		.text = s->out, .n = text->n, .cap = sizeof(s->out), .tail = tail, .body = end + 2};
	s->cfg.edit(s->cfg.edit_arg, &d);
	*text = slice_make(s->out, d.n);
	return d.body;
}
