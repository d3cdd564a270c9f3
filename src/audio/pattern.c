#include "audio/pattern.h"

#include "base/err.h"
#include "rtp/dtmf_sound.h"

#include <stdlib.h>

static int bad(const char *at)
{
	return err_detail(OH_EINVAL,
		"a pattern is HZ[+HZ][:MS] with blanks between, such as 440+480:2000 0:4000; not at '%.32s'",
		at);
}

/* Digits and one point, whatever the locale. NULL: it is none. */
static const char *number(const char *at, double *ret)
{
	double value = 0, unit = 1;
	const char *from = at;

	for (; *at >= '0' && *at <= '9' && at < from + 7; at++)
		value = value * 10 + (*at - '0');
	if (at > from && *at == '.')
		for (at++; *at >= '0' && *at <= '9' && at < from + 12; at++)
			value += (*at - '0') * (unit /= 10);
	*ret = value;
	return at > from ? at : NULL;
}

static bool add(struct pattern_part *p, size_t *n, double hz, double weight)
{
	if (*n == PATTERN_HZ_MAX || hz <= 0)
		return false;
	p->tones[*n].hz = hz;
	p->tones[*n].weight = weight;
	(*n)++;
	return true;
}

/* NULL: bad. */
static const char *frequencies(const char *at, struct pattern_part *p)
{
	size_t n = 0;
	double hz, by;

	at = number(at, &hz);
	if (!at || hz == 0)
		return at;
	if (*at == 'x') {
		at = number(at + 1, &by);
		/* Full depth: a carrier and two of half its strength beside it. */
		return at && add(p, &n, hz, 0.5) && add(p, &n, hz - by, 0.25) && add(p, &n, hz + by, 0.25)
			       ? at
			       : NULL;
	}
	while (add(p, &n, hz, 1)) {
		if (*at != '+')
			return at;
		at = number(at + 1, &hz);
		if (!at)
			return NULL;
	}
	return NULL;
}

int pattern_parse(const char *text, struct pattern_part *parts, size_t cap, size_t *ret_n)
{
	size_t n = 0;

	for (const char *at = text; *at;) {
		struct pattern_part p = {0};
		const char *from = at;
		double ms = 0;

		if (n > 0 && parts[n - 1].ms == 0)
			return err_detail(
				OH_EINVAL, "nothing comes behind a part without an end: '%.32s'", at);
		at = frequencies(at, &p);
		if (at && *at == ':')
			at = number(at + 1, &ms);
		if (!at || (*at && *at != ' ') || ms > PATTERN_MS_MAX || (ms < 1 && !pattern_sounds(&p)))
			return bad(from);
		p.ms = (uint32_t)ms;
		if (n == cap)
			return err_detail(OH_ETOOMANY, "a pattern has at most %zu parts", cap);
		parts[n++] = p;
		while (*at == ' ')
			at++;
	}
	if (!n)
		return bad(text);
	*ret_n = n;
	return 0;
}

int pattern_digits(const char *digits, uint32_t duration_ms, uint32_t pause_ms, struct pattern_part *parts,
	size_t cap, size_t *ret_n)
{
	size_t n = 0;

	for (; *digits; digits++) {
		struct pattern_part tone = {.ms = duration_ms}, pause = {.ms = pause_ms};
		int event = dtmf_event_of(*digits);
		size_t tones = 0;
		double low, high;

		if (event < 0 || !dtmf_hz((unsigned)event, &low, &high))
			return err_detail(OH_EDIGIT, "'%c' has no tone; 0-9 A-D * and # have one", *digits);
		if (n + 2 > cap)
			return err_detail(OH_ETOOMANY, "at most %zu digits", cap / 2);
		(void)add(&tone, &tones, low, 1);
		(void)add(&tone, &tones, high, 1);
		parts[n++] = tone;
		parts[n++] = pause;
	}
	*ret_n = n;
	return 0;
}
