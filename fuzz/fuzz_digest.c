/* Digest headers: "i" before the rest makes it Authentication-Info, else it is a challenge or credentials. What is read
 * lies inside the header, and a value that we quote again is read back as it was. */
#include "fuzz.h"

#include "sip/digest.h"

static void check_fields(struct slice value, const struct digest_fields *f)
{
	char buf[64];

	for (size_t i = 0; i < N_DIGEST_FIELDS; i++) {
		struct slice one = f->f[i], plain = digest_unquote(one, buf, sizeof(buf));

		CHECK(!one.p || (one.p >= value.p && one.p + one.n <= value.p + value.n));
		CHECK(!slice_present(plain) || plain.n <= one.n);
	}
}

/* What we write of a field is read back as it was. */
static void check_quoted(const struct digest_fields *f)
{
	char quoted[256], plain[128], line[300];
	struct slice value = digest_unquote(f->f[DIGEST_REALM], plain, sizeof(plain)), again;
	struct digest_fields second;
	char buf[256];

	if (!slice_present(value))
		return;
	again = digest_quote(value, quoted, sizeof(quoted));
	if (!slice_present(again))
		return;
	snprintf(line, sizeof(line), "Digest realm=\"%.*s\"", SLICE_ARG(again));
	CHECK_OK(digest_parse(slice_of(line), &second));
	CHECK(slice_eq(digest_unquote(second.f[DIGEST_REALM], buf, sizeof(buf)), value));
}

void fuzz_one(const uint8_t *bytes, size_t n)
{
	struct slice data = {(const char *)bytes, n};
	struct digest_fields fields;
	struct digest_algorithm algorithm;
	enum digest_qop qop;

	if (data.n && data.p[0] == 'i') {
		if (digest_parse_info(slice_skip(data, 1), &fields) == 0)
			check_fields(data, &fields);
		return;
	}
	if (digest_parse(data, &fields) != 0)
		return;
	check_fields(data, &fields);
	check_quoted(&fields);
	(void)digest_algorithm_of(fields.f[DIGEST_ALGORITHM], &algorithm);
	(void)digest_qop_of(fields.f[DIGEST_QOP], &qop);
}
