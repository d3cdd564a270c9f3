/* Digest: the credentials of an account and what they answer to challenges. */
#include "check.h"

#include "base/err.h"
#include "sip/auth.h"

#define MD5_HA1    "939e7578ed9e3c518a452acee763bce9"
#define SHA256_HA1 "7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232"

TEST(what_an_account_may_be_given)
{
	static const struct {
		struct sip_credential c;
		int err;
	} rows[] = {
		{{SLICE_LIT("example.com"), SLICE_LIT("alice"), SLICE_LIT("secret"), {{0}}}, 0},
		{{SLICE_LIT("*"), SLICE_LIT("alice"), SLICE_LIT(""), {{0}}}, 0},
		{{SLICE_LIT("example.com"), SLICE_LIT("alice"), SLICE_NONE, {SLICE_LIT(MD5_HA1)}}, 0},
		{{SLICE_LIT("example.com"), SLICE_LIT("alice"), SLICE_NONE, {{0}, SLICE_LIT(SHA256_HA1)}}, 0},
		{{SLICE_LIT("example.com"), SLICE_LIT("alice"), SLICE_NONE, {SLICE_LIT(SHA256_HA1)}},
			OH_EINVAL},
		{{SLICE_LIT("example.com"), SLICE_LIT("alice"), SLICE_NONE,
			 {SLICE_LIT("939E7578ed9e3c518a452acee763bce9")}},
			OH_EINVAL},
		{{SLICE_LIT("example.com"), SLICE_LIT("alice"), SLICE_NONE, {{0}}}, OH_EINVAL},
		{{SLICE_LIT("example.com"), SLICE_NONE, SLICE_LIT("secret"), {{0}}}, OH_EINVAL},
		{{SLICE_NONE, SLICE_LIT("alice"), SLICE_LIT("secret"), {{0}}}, OH_EINVAL},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sip_auth_cfg cfg = {.credentials = &rows[i].c, .n_credentials = 1};
		struct sip_auth *a = NULL;

		CHECK_EQ(sip_auth_new(&cfg, &a), rows[i].err);
		CHECK(!strstr(err_detail_text(), "secret") && !strstr(err_detail_text(), "alice"));
		sip_auth_unref(a);
	}
}

static int keep_two(void *arg)
{
	static const struct sip_credential two[] = {
		{SLICE_LIT("one"), SLICE_LIT("alice"), SLICE_LIT("secret"), {{0}}},
		{SLICE_LIT("*"), SLICE_LIT("bob"), SLICE_LIT("secret"), {{0}}},
	};
	struct sip_auth *a;
	int err =
		sip_auth_new(&(struct sip_auth_cfg){.credentials = two, .n_credentials = ARRAY_LEN(two)}, &a);

	(void)arg;
	if (err)
		return err;
	CHECK(sip_auth_ref(a) == a);
	CHECK(!sip_auth_unref(a));
	CHECK(!sip_auth_unref(a));
	return 0;
}

TEST(credentials_without_memory)
{
	check_every_allocation_fails(keep_two, NULL);
}

TESTS(RUN(what_an_account_may_be_given), RUN(credentials_without_memory))
