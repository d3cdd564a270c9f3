#include "session/pkg_mwi.h"

#include "base/err.h"

/* RFC 3842 3.4. Whoever keeps the messages is asked, never a telephone. */
const struct sub_package pkg_mwi = {
	.name = "message-summary",
	.accept = MWI_TYPE,
	.use = SUB_SUBSCRIBE_ONLY,
	.expires_s = 3600,
	.min_s = 60,
	.max_s = 86400,
};

static bool next_line(struct slice *rest, struct slice *ret_line)
{
	size_t n;

	if (slice_empty(*rest))
		return false;
	n = slice_index(*rest, '\n');
	*ret_line = slice_trim(slice_make(rest->p, n));
	*rest = slice_skip(*rest, n + 1);
	return true;
}

static int split(struct slice line, struct slice *ret_name, struct slice *ret_value)
{
	size_t n = slice_index(line, ':');

	if (n == 0 || n == line.n)
		return OH_ESYNTAX;
	*ret_name = slice_trim(slice_make(line.p, n));
	*ret_value = slice_trim(slice_skip(line, n + 1));
	return 0;
}

/* "2/8" */
static int pair(struct slice text, uint32_t *ret_new, uint32_t *ret_old)
{
	size_t n = slice_index(text, '/');
	uint32_t first, second;

	if (n == text.n || slice_to_u32(slice_trim(slice_make(text.p, n)), UINT32_MAX, &first) != 0 ||
		slice_to_u32(slice_trim(slice_skip(text, n + 1)), UINT32_MAX, &second) != 0)
		return OH_ESYNTAX;
	*ret_new = first;
	*ret_old = second;
	return 0;
}

/* "2/8 (0/2)" */
static int counts(struct slice value, struct mwi_class *c)
{
	size_t n = slice_index(value, '(');
	struct slice urgent = n < value.n ? slice_skip(value, n + 1) : SLICE_NONE;
	int err = pair(slice_trim(slice_make(value.p, n)), &c->new_count, &c->old_count);

	if (err || !slice_present(urgent))
		return err;
	n = slice_index(urgent, ')');
	if (n == urgent.n)
		return OH_ESYNTAX;
	return pair(slice_make(urgent.p, n), &c->new_urgent, &c->old_urgent);
}

static int take_status(struct slice line, bool *ret_waiting)
{
	struct slice name, value;

	if (split(line, &name, &value) || !slice_ieq(name, SLICE_LIT("Messages-Waiting")))
		return OH_ESYNTAX;
	*ret_waiting = slice_ieq(value, SLICE_LIT("yes"));
	return *ret_waiting || slice_ieq(value, SLICE_LIT("no")) ? 0 : OH_ESYNTAX;
}

int mwi_read(struct slice body, struct mwi *ret_mwi)
{
	struct mwi m = {.account = SLICE_NONE};
	struct slice rest = body, line, name, value;
	int err;

	/* Some servers begin with an empty line. */
	do {
		if (!next_line(&rest, &line))
			return OH_ESYNTAX;
	} while (slice_empty(line));
	err = take_status(line, &m.waiting);
	/* What follows an empty line belongs to single messages (RFC 3842 5.2 opt-msg-headers). */
	while (!err && next_line(&rest, &line) && !slice_empty(line)) {
		err = split(line, &name, &value);
		if (!err && slice_ieq(name, SLICE_LIT("Message-Account"))) {
			m.account = value;
		} else if (!err && m.n_classes < MWI_CLASSES_MAX) {
			struct mwi_class c = {.name = name};

			err = counts(value, &c);
			m.classes[m.n_classes++] = c;
		}
	}
	if (!err)
		*ret_mwi = m;
	return err;
}

const struct mwi_class *mwi_voice(const struct mwi *mwi)
{
	for (size_t i = 0; i < mwi->n_classes; i++)
		if (slice_ieq(mwi->classes[i].name, SLICE_LIT("Voice-Message")))
			return &mwi->classes[i];
	return NULL;
}
