/* What an INVITE says about its caller, for the program: one block of memory with the struct, its lists and its texts. */
#include "offhook/identity.h"

#include "base/err.h"
#include "base/list.h"
#include "base/mem.h"
#include "session/caller.h"

/* Texts besides those of the lists, and of one element of a list. */
#define TEXTS_MAX     8u
#define TEXTS_IN_LIST 5u

struct block {
	struct offhook_caller caller;
	struct offhook_diversion diversions[OFFHOOK_CALLER_LIST_MAX];
	struct offhook_history history[OFFHOOK_CALLER_LIST_MAX];
	char *at;
	char texts[];
};

/* Terminated, and without the line breaks of folding (RFC 3261 7.3.1). The texts are parts of the message that do not
 * overlap: together they are no longer than it. */
static const char *keep(struct block *b, struct slice text)
{
	const char *begin = b->at;

	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] != '\r' && text.p[i] != '\n')
			*b->at++ = text.p[i];
	*b->at++ = '\0';
	return begin;
}

static const char *keep_uri(struct block *b, const struct sip_uri *uri)
{
	return keep(b, slice_make(uri->text.p, slice_index(uri->text, '?')));
}

static void take_from(struct block *b, struct sip_msg *m)
{
	const struct sip_addr *from;

	if (sip_msg_from(m, &from) != 0) {
		b->caller.uri = b->caller.name = "";
		return;
	}
	b->caller.uri = keep(b, from->uri.text);
	b->caller.name = keep(b, from->display);
}

/* The elements of P-Asserted-Identity may stand in one line or in two. */
static void take_asserted(struct block *b, const struct sip_msg *m)
{
	const char **places[] = {&b->caller.asserted, &b->caller.asserted_other};
	size_t n = 0;

	b->caller.asserted = b->caller.asserted_other = "";
	for (const struct sip_hdr *h = sip_msg_hdr(m, SIP_HDR_P_ASSERTED_IDENTITY); h;
		h = sip_msg_hdr_next(m, h)) {
		struct slice rest = h->value, one;

		while (n < ARRAY_LEN(places) && sip_list_next(&rest, &one))
			*places[n++] = keep(b, one);
	}
}

static void take_diversions(struct block *b, const struct sip_msg *m)
{
	for (const struct sip_hdr *h = sip_msg_hdr(m, SIP_HDR_DIVERSION); h; h = sip_msg_hdr_next(m, h)) {
		struct slice rest = h->value;
		struct diversion d;

		while (b->caller.n_diversions < ARRAY_LEN(b->diversions) && diversion_next(&rest, &d) == 1)
			b->diversions[b->caller.n_diversions++] =
				(struct offhook_diversion){.uri = keep_uri(b, &d.addr.uri),
					.name = keep(b, d.addr.display),
					.reason = keep(b, d.reason),
					.privacy = keep(b, d.privacy),
					.counter = d.counter};
	}
	b->caller.diversions = b->diversions;
}

static void take_history(struct block *b, const struct sip_msg *m)
{
	for (const struct sip_hdr *h = sip_msg_hdr(m, SIP_HDR_HISTORY_INFO); h; h = sip_msg_hdr_next(m, h)) {
		struct slice rest = h->value;
		struct history one;

		while (b->caller.n_history < ARRAY_LEN(b->history) && history_next(&rest, &one) == 1)
			b->history[b->caller.n_history++] =
				(struct offhook_history){.uri = keep_uri(b, &one.addr.uri),
					.name = keep(b, one.addr.display),
					.index = keep(b, one.index),
					.why = slice_present(one.why) ? one.why.p : "",
					.from = keep(b, one.from),
					.cause = one.cause,
					.hidden = one.hidden};
	}
	b->caller.history = b->history;
}

static void take_wish(struct offhook_caller *c, const struct sip_msg *m)
{
	static const enum offhook_answer_mode modes[] = {[ANSWER_MODE_NONE] = OFFHOOK_ANSWER_MODE_NONE,
		[ANSWER_MODE_MANUAL] = OFFHOOK_ANSWER_MODE_MANUAL,
		[ANSWER_MODE_AUTO] = OFFHOOK_ANSWER_MODE_AUTO};
	struct answer_wish wish;

	answer_wish_read(m, &wish);
	c->answer_mode = modes[wish.mode];
	c->answer_mode_required = wish.required;
	c->answer_after_s = wish.after_s;
}

static void fill(struct block *b, struct sip_msg *m)
{
	struct slice alert = sip_msg_value(m, SIP_HDR_ALERT_INFO), first;

	b->at = b->texts;
	b->caller.size = sizeof(b->caller);
	take_from(b, m);
	take_asserted(b, m);
	b->caller.preferred = keep(b, sip_msg_value(m, SIP_HDR_P_PREFERRED_IDENTITY));
	b->caller.privacy = keep(b, sip_msg_value(m, SIP_HDR_PRIVACY));
	b->caller.alert_info = keep(b, sip_list_next(&alert, &first) ? first : SLICE_NONE);
	take_diversions(b, m);
	take_history(b, m);
	take_wish(&b->caller, m);
}

int offhook_caller_read(const char *message, size_t length, struct offhook_caller **ret_caller)
{
	size_t texts = length + TEXTS_MAX + 2 * TEXTS_IN_LIST * OFFHOOK_CALLER_LIST_MAX;
	struct sip_msg *m;
	struct block *b;
	int err;

	err_detail_clear();
	if (!message || !ret_caller)
		return err_detail(OH_EINVAL, "message and ret_caller are needed");
	m = mem_alloc(sizeof(*m));
	if (!m)
		return OH_ENOMEM;
	err = sip_msg_parse(m, slice_make(message, length));
	b = err ? NULL : mem_zalloc(sizeof(*b) + texts);
	if (b) {
		fill(b, m);
		*ret_caller = &b->caller;
	} else if (err != OH_ENOMEM) {
		err = err ? OH_ESYNTAX : OH_ENOMEM;
	}
	sip_msg_free(m);
	mem_free(m);
	return err;
}

void offhook_caller_free(struct offhook_caller *caller)
{
	if (caller)
		mem_free(CONTAINER_OF(caller, struct block, caller));
}
