#include "base/slice.h"

#include "base/mem.h"
#include "offhook/error.h"

/* Not tolower(): that one asks the locale, and a protocol has none. */
static unsigned char lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

int slice_icmp(struct slice a, struct slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;

	for (size_t i = 0; i < n; i++) {
		int diff = lower(a.p[i]) - lower(b.p[i]);

		if (diff)
			return diff;
	}
	return (a.n > b.n) - (a.n < b.n);
}

bool slice_ieq(struct slice a, struct slice b)
{
	return a.n == b.n && slice_icmp(a, b) == 0;
}

bool slice_starts(struct slice s, struct slice prefix)
{
	return s.n >= prefix.n && slice_eq(slice_make(s.p, prefix.n), prefix);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice slice_trim(struct slice s)
{
	while (s.n > 0 && is_blank(s.p[0]))
		s = slice_skip(s, 1);
	while (s.n > 0 && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

struct slice slice_skip(struct slice s, size_t n)
{
	if (n > s.n)
		n = s.n;
	/* An absent slice stays absent: NULL takes no offset. */
	return s.p ? slice_make(s.p + n, s.n - n) : s;
}

size_t slice_index(struct slice s, char c)
{
	const char *hit = s.n > 0 ? memchr(s.p, c, s.n) : NULL;

	return hit ? (size_t)(hit - s.p) : s.n;
}

int slice_to_u64(struct slice s, uint64_t max, uint64_t *ret_value)
{
	uint64_t value = 0;
	bool above = false;

	if (s.n == 0)
		return OH_EINVAL;
	/* To the end even when it is too large already: "999x" is no number, whatever its size. */
	for (size_t i = 0; i < s.n; i++) {
		unsigned digit = (unsigned char)s.p[i] - (unsigned)'0';

		if (digit > 9)
			return OH_EINVAL;
		above = above || value > max / 10 || (value == max / 10 && digit > max % 10);
		if (!above)
			value = value * 10 + digit;
	}
	if (above)
		return OH_ERANGE;
	*ret_value = value;
	return 0;
}

int slice_to_u32(struct slice s, uint32_t max, uint32_t *ret_value)
{
	uint64_t value;
	int err = slice_to_u64(s, max, &value);

	if (!err)
		*ret_value = (uint32_t)value;
	return err;
}

char *slice_dup(struct slice s)
{
	char *copy;

	if (!s.p)
		return NULL;
	copy = mem_alloc(s.n + 1);
	if (!copy)
		return NULL;
	memcpy(copy, s.p, s.n);
	copy[s.n] = '\0';
	return copy;
}
