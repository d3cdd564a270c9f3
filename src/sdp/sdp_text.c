#include "sdp/sdp_text.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>

static int grow(struct sdp_text *t, size_t cap)
{
	char *p = mem_realloc(t->p, cap);

	if (!p)
		return OH_ENOMEM;
	t->p = p;
	t->cap = cap;
	return 0;
}

void sdp_text_init(struct sdp_text *t, size_t cap)
{
	*t = (struct sdp_text){0};
	t->err = grow(t, cap);
}

void sdp_text_free(struct sdp_text *t)
{
	mem_free(t->p);
	*t = (struct sdp_text){0};
}

char *sdp_text_take(struct sdp_text *t)
{
	char *fitting = mem_realloc(t->p, t->n + 1);
	char *p = fitting ? fitting : t->p; /* then it keeps the room */

	t->p = NULL;
	return p;
}

void sdp_text_add(struct sdp_text *t, const char *format, ...)
{
	va_list args;
	int n;

	if (t->err)
		return;
	va_start(args, format);
	n = vsnprintf(t->p + t->n, t->cap - t->n, format, args);
	va_end(args);
	if (n >= 0 && (size_t)n >= t->cap - t->n) {
		t->err = grow(t, 2 * t->cap + (size_t)n);
		if (t->err)
			return;
		va_start(args, format);
		n = vsnprintf(t->p + t->n, t->cap - t->n, format, args);
		va_end(args);
	}
	if (n < 0)
		t->err = OH_EBUG;
	else
		t->n += (size_t)n;
}

void sdp_text_put(struct sdp_text *t, struct slice s)
{
	if (!t->err && s.n >= t->cap - t->n)
		t->err = grow(t, 2 * t->cap + s.n);
	if (t->err || !s.n)
		return;
	memcpy(t->p + t->n, s.p, s.n);
	t->n += s.n;
}

void sdp_text_u32(struct sdp_text *t, uint32_t decimal)
{
	char digits[12];
	struct text number = text_in(digits, sizeof(digits));

	text_u32(&number, decimal);
	sdp_text_put(t, text_slice(&number));
}
