/* Event and Subscription-State: RFC 6665 8.4. */
#include "session/sub_impl.h"

#include "sip/grammar.h"

/* token *( SEMI generic-param ) */
static int split(struct slice value, struct slice *ret_word, struct slice *ret_params)
{
	struct slice word = slice_trim(value);
	size_t n = slice_index(word, ';');

	*ret_params = n < word.n ? slice_skip(word, n + 1) : SLICE_NONE;
	word.n = n;
	word = slice_trim(word);
	if (slice_empty(word) || sip_span(word.p, slice_end(word), CT_TOKEN) != slice_end(word))
		return OH_ESYNTAX;
	*ret_word = word;
	return 0;
}

int sub_event_parse(struct slice value, struct slice *ret_package, struct slice *ret_id)
{
	struct slice name, rest, id = SLICE_NONE;
	struct sip_param param;
	int more, err = slice_present(value) ? split(value, &name, &rest) : OH_ESYNTAX;

	if (err)
		return err;
	while ((more = sip_param_next(&rest, &param)) == 1)
		if (slice_ieq(param.name, SLICE_LIT("id")) && slice_present(param.value))
			id = param.value;
	if (more < 0)
		return more;
	*ret_package = name;
	*ret_id = id;
	return 0;
}

static enum sub_state state_of(struct slice word)
{
	if (slice_ieq(word, SLICE_LIT("pending")))
		return SUB_PENDING;
	if (slice_ieq(word, SLICE_LIT("terminated")))
		return SUB_TERMINATED;
	return SUB_ACTIVE;
}

int sub_state_parse(struct slice value, struct sub_header_state *ret_state)
{
	struct sub_header_state s = {.expires_s = SUB_SECONDS_UNKNOWN};
	struct slice word, rest;
	struct sip_param param;
	int more, err = slice_present(value) ? split(value, &word, &rest) : OH_ESYNTAX;

	if (err)
		return err;
	s.state = state_of(word);
	while ((more = sip_param_next(&rest, &param)) == 1) {
		uint32_t seconds;
		bool number = slice_present(param.value) &&
			      slice_to_u32(param.value, SUB_SECONDS_UNKNOWN - 1, &seconds) == 0;

		if (slice_ieq(param.name, SLICE_LIT("reason")))
			s.reason = param.value;
		else if (number && slice_ieq(param.name, SLICE_LIT("expires")))
			s.expires_s = seconds;
		else if (number && slice_ieq(param.name, SLICE_LIT("retry-after")))
			s.retry_after_s = seconds;
	}
	if (more < 0)
		return more;
	*ret_state = s;
	return 0;
}
