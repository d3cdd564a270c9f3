#include "phone/filter.h"

#include "offhook/filter.h"
#include "phone/call_impl.h"
#include "sip/draft.h"

struct offhook_draft {
	struct offhook_phone *phone;
	struct sip_draft *sip;
};

void filter_run(void *phone, struct sip_draft *draft)
{
	struct offhook_phone *p = phone;
	struct offhook_draft shown = {p, draft};

	p->commands.barred = true;
	p->cfg.filter(p->cfg.filter_arg, &shown);
	p->commands.barred = false;
}

/* ---- looking ---- */

const char *offhook_draft_message(const struct offhook_draft *draft, size_t *ret_length)
{
	*ret_length = draft->sip->n;
	return draft->sip->text;
}

unsigned offhook_draft_status(const struct offhook_draft *draft)
{
	struct slice text = slice_make(draft->sip->text, draft->sip->n);
	uint32_t status;

	if (!slice_starts(text, SLICE_LIT("SIP/2.0 ")) ||
		slice_to_u32(slice_make(text.p + strlen("SIP/2.0 "), 3), 699, &status) != 0)
		return 0;
	return status;
}

long offhook_draft_method(const struct offhook_draft *draft, char *buf, size_t size)
{
	char cseq[64];
	const char *method;

	if (!draft || !buf || !size)
		return err_detail(OH_EINVAL, "a NULL, or no room");
	if (offhook_message_header(draft->sip->text, draft->sip->n, "CSeq", 0, cseq, sizeof(cseq)) < 0)
		cseq[0] = '\0';
	method = strchr(cseq, ' ');
	method = method ? method + 1 : "";
	snprintf(buf, size, "%s", method);
	return (long)strlen(method);
}

/* ---- changing ---- */

static int refused(const struct offhook_draft *draft, const char *name)
{
	/* The program can make as many of these as it sends messages, and no stranger more. */
	host_log(draft->phone->host, LOG_WARN, "filter", "the header %.64s is left as it is", name);
	return err_detail(OH_EINVAL, "the header %.64s cannot be changed", name);
}

static int check(const struct offhook_draft *draft, const char *name, const char *value)
{
	int err = extras_check(&(struct offhook_header){name, value});

	if (name && sip_draft_is_fixed(slice_of(name)))
		return refused(draft, name);
	return err;
}

int offhook_draft_set_header(struct offhook_draft *draft, const char *name, const char *value)
{
	int err = check(draft, name, value ? value : "");

	return err ? err : sip_draft_set(draft->sip, slice_of(name), value ? slice_of(value) : SLICE_NONE);
}

int offhook_draft_add_header(struct offhook_draft *draft, const char *name, const char *value)
{
	int err = check(draft, name, value);

	return err ? err : sip_draft_add(draft->sip, slice_of(name), slice_of(value));
}

int offhook_draft_set_body(
	struct offhook_draft *draft, const char *content_type, const void *body, size_t length)
{
	if (length && (!body || !content_type || !*content_type))
		return err_detail(OH_EINVAL, "a body needs its bytes and a content type");
	return sip_draft_set_body(draft->sip, slice_of(content_type), slice_make(body, length));
}
