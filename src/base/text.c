#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>

struct text text_in(char *buf, size_t cap)
{
	*buf = '\0';
	return (struct text){.p = buf, .cap = cap};
}

void text_put(struct text *t, struct slice s)
{
	size_t room = t->cap - 1 - t->n, n = s.n < room ? s.n : room;

	if (t->cut || !s.n)
		return;
	memcpy(t->p + t->n, s.p, n);
	t->n += n;
	t->p[t->n] = '\0';
	t->cut = n < s.n;
}

void text_u32(struct text *t, uint32_t decimal)
{
	char digits[10];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + decimal % 10);
	while (decimal /= 10);
	text_put(t, slice_make(digits + at, sizeof(digits) - at));
}

void text_format(struct text *t, const char *format, ...)
{
	size_t room = t->cap - t->n;
	va_list args;
	int n;

	if (t->cut)
		return;
	va_start(args, format);
	n = vsnprintf(t->p + t->n, room, format, args);
	va_end(args);
	t->cut = n < 0 || (size_t)n >= room;
	t->n = t->cut ? t->cap - 1 : t->n + (size_t)n;
}
