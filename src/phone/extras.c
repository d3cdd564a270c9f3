/* Headers that the program adds to a message. */
#include "phone/call_impl.h"

#include "base/mem.h"

/* What the library writes by itself: a second one would change who the message is for, or where it ends. */
static bool is_ours(enum sip_hdr_id id)
{
	switch (id) {
	case SIP_HDR_VIA:
	case SIP_HDR_FROM:
	case SIP_HDR_TO:
	case SIP_HDR_CALL_ID:
	case SIP_HDR_CSEQ:
	case SIP_HDR_CONTENT_LENGTH:
	case SIP_HDR_CONTENT_TYPE:
	case SIP_HDR_MAX_FORWARDS:
		return true;
	default:
		return false;
	}
}

/* RFC 3261 25.1 token. */
static bool is_token(const char *s)
{
	static const char others[] = "-.!%*_+`'~";

	if (!*s)
		return false;
	for (; *s; s++) {
		bool letter =
			(*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || (*s >= '0' && *s <= '9');

		if (!letter && !strchr(others, *s))
			return false;
	}
	return true;
}

int extras_check(const struct offhook_header *h)
{
	if (!h->name || !h->value)
		return err_detail(OH_EINVAL, "a header needs a name and a value");
	if (!is_token(h->name))
		return err_detail(OH_EINVAL, "'%.64s' is not the name of a header", h->name);
	if (is_ours(sip_hdr_of(slice_of(h->name))))
		return err_detail(OH_EINVAL, "the header %.64s is written by the library", h->name);
	if (strpbrk(h->value, "\r\n"))
		return err_detail(OH_EINVAL, "the header %.64s has a line break in its value", h->name);
	return 0;
}

static struct slice put(char **at, const char *text)
{
	size_t n = strlen(text);
	struct slice s = {*at, n};

	memcpy(*at, text, n + 1);
	*at += n + 1;
	return s;
}

int extras_new(const struct offhook_header *headers, size_t n, struct extras **ret_extras)
{
	size_t size = sizeof(struct extras) + n * sizeof(struct sip_extra);
	struct extras *x;
	char *at;

	if (n && !headers)
		return err_detail(OH_EINVAL, "headers is NULL");
	for (size_t i = 0; i < n; i++) {
		int err = extras_check(&headers[i]);

		if (err)
			return err;
		size += strlen(headers[i].name) + strlen(headers[i].value) + 2;
	}
	x = mem_alloc(size);
	if (!x)
		return OH_ENOMEM;
	x->n = n;
	at = (char *)&x->list[n];
	for (size_t i = 0; i < n; i++) {
		x->list[i].name = put(&at, headers[i].name);
		x->list[i].value = put(&at, headers[i].value);
	}
	*ret_extras = x;
	return 0;
}
