/* Secrets made unreadable: mask.h. Works line by line, for messages of ours and of anybody else's, sound or not. */
#include "sip/mask.h"

#include "base/slice.h"

enum where { IN_HEADERS, IN_DIGEST, IN_OTHER_SCHEME, IN_BODY };

static bool starts_ieq(struct slice s, struct slice prefix)
{
	return s.n >= prefix.n && slice_ieq(slice_make(s.p, prefix.n), prefix);
}

/* The slice lies in the caller's own text. */
static void star(struct slice s)
{
	memset((char *)(uintptr_t)s.p, '*', s.n);
}

/* The value of each `response` of a line of Digest parameters. */
static void mask_response(struct slice line)
{
	static const struct slice name = SLICE_LIT("response");

	for (size_t i = 0; i + name.n < line.n; i++) {
		struct slice rest = slice_skip(line, i), value;
		bool begins = i == 0 || line.p[i - 1] == ',' || line.p[i - 1] == ' ' || line.p[i - 1] == '\t';

		if (!begins || !starts_ieq(rest, name))
			continue;
		rest = slice_trim(slice_skip(rest, name.n));
		if (slice_empty(rest) || rest.p[0] != '=')
			continue;
		value = slice_trim(slice_skip(rest, 1));
		if (!slice_empty(value) && value.p[0] == '"') {
			value = slice_skip(value, 1);
			value.n = slice_index(value, '"');
		} else {
			value.n = slice_index(value, ',');
		}
		star(value);
		i = (size_t)(value.p - line.p) + value.n;
	}
}

/* A header's first line: which kind is it? Masks what stands in it. */
static enum where header(struct slice line)
{
	size_t colon = slice_index(line, ':'), scheme;
	struct slice name = slice_trim(slice_make(line.p, colon)), value;

	if (colon == line.n || (!slice_ieq(name, SLICE_LIT("Authorization")) &&
				       !slice_ieq(name, SLICE_LIT("Proxy-Authorization"))))
		return IN_HEADERS;
	value = slice_trim(slice_skip(line, colon + 1));
	/* A value that begins on the next line is of a scheme not seen yet: all of it goes. */
	scheme = slice_index(value, ' ');
	if (!slice_ieq(slice_make(value.p, scheme), SLICE_LIT("Digest"))) {
		star(slice_skip(value, scheme));
		return IN_OTHER_SCHEME;
	}
	mask_response(slice_skip(value, scheme));
	return IN_DIGEST;
}

/* a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:KEY|2^20|1:32;inline:KEY */
static void mask_crypto(struct slice line)
{
	static const struct slice inline_key = SLICE_LIT("inline:");

	for (size_t i = 0; i + inline_key.n < line.n; i++) {
		size_t end = i + inline_key.n;

		if (!starts_ieq(slice_skip(line, i), inline_key))
			continue;
		while (end < line.n && !memchr("|; \t", line.p[end], 4))
			end++;
		star(slice_make(line.p + i + inline_key.n, end - i - inline_key.n));
		i = end - 1;
	}
}

static void body(struct slice line)
{
	static const struct slice pwd = SLICE_LIT("a=ice-pwd:");

	if (starts_ieq(line, SLICE_LIT("a=crypto:")))
		mask_crypto(line);
	else if (starts_ieq(line, pwd))
		star(slice_skip(line, pwd.n));
	else if (slice_starts(line, SLICE_LIT("k=")))
		star(slice_skip(line, 2));
}

static enum where folded(struct slice line, enum where where)
{
	if (where == IN_DIGEST)
		mask_response(line);
	else if (where == IN_OTHER_SCHEME)
		star(slice_trim(line));
	return where;
}

void sip_mask_secrets(char *text, size_t n)
{
	struct slice rest = slice_make(text, n);
	enum where where = IN_HEADERS;

	while (rest.n) {
		size_t end = slice_index(rest, '\n');
		struct slice line = slice_make(rest.p, end);

		rest = slice_skip(rest, end + 1);
		if (line.n && line.p[line.n - 1] == '\r')
			line.n--;
		if (where == IN_BODY)
			body(line);
		else if (!line.n)
			where = IN_BODY;
		else if (line.p[0] == ' ' || line.p[0] == '\t')
			where = folded(line, where);
		else
			where = header(line);
	}
}
