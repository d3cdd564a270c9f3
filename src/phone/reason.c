/* The Reason headers of a BYE, a CANCEL or a final response. */
#include "phone/reason.h"

/* A quoted string without its quotes and escapes; what would break a line of a log is left out. */
static void take_text(struct slice quoted, char *text, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < quoted.n && n + 1 < size; i++) {
		if (quoted.p[i] == '"')
			continue;
		if (quoted.p[i] == '\\' && i + 1 < quoted.n)
			i++;
		if ((unsigned char)quoted.p[i] >= ' ')
			text[n++] = quoted.p[i];
	}
	text[n] = '\0';
}

/* protocol *(SEMI reason-params) (RFC 3326 2) */
static void read_one(struct slice value, struct reason *r)
{
	size_t n = slice_index(value, ';');
	struct slice protocol = slice_trim(slice_make(value.p, n)), params = slice_skip(value, n + 1);
	struct sip_param param;
	uint32_t cause = 0;

	while (params.n && sip_param_next(&params, &param) == 1) {
		if (!slice_present(param.value))
			continue;
		if (slice_ieq(param.name, SLICE_LIT("cause")) && slice_to_u32(param.value, 999, &cause) != 0)
			cause = 0;
		if (slice_ieq(param.name, SLICE_LIT("text")) && !r->text[0])
			take_text(param.value, r->text, sizeof(r->text));
	}
	if (slice_ieq(protocol, SLICE_LIT("SIP")) && !r->sip)
		r->sip = cause;
	if (slice_ieq(protocol, SLICE_LIT("Q.850")) && !r->q850)
		r->q850 = cause;
}

void reason_read(const struct sip_msg *msg, struct reason *ret_reason)
{
	*ret_reason = (struct reason){.sip = 0};
	for (const struct sip_hdr *h = sip_msg_hdr(msg, SIP_HDR_REASON); h; h = sip_msg_hdr_next(msg, h)) {
		struct slice rest = h->value, one;

		while (sip_list_next(&rest, &one))
			read_one(one, ret_reason);
	}
}
