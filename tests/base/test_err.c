#include "check.h"

#include "base/err.h"
#include "base/phrase.h"

#include <errno.h>
#include <pthread.h>

/* Below all of the list in error.h, which may have gaps. */
#define LAST_ERR (-100)

TEST(every_error_has_a_name_a_sentence_and_a_pjsua_code_with_its_symbol)
{
	for (int err = OH_OK; err >= LAST_ERR; err--) {
		char text[128], unknown[32];
		int code = offhook_err_to_pjsua(err);

		if (strcmp(offhook_errname(err), "OH_E?") == 0) {
			CHECK(err < OH_ECONN);
			continue;
		}
		CHECK_EQ(strncmp(offhook_errname(err), "OH_", 3), 0);
		CHECK(strlen(offhook_strerror(err)) > 4);
		CHECK_EQ(code == 0, err == OH_OK);
		offhook_pjsua_strerror(code, text, sizeof(text));
		snprintf(unknown, sizeof(unknown), "Unknown error %d", code);
		CHECK(strcmp(text, unknown) != 0);
		if (code >= 70000 && code < 120000)
			CHECK(strstr(text, " (PJ_") != NULL);
		for (int other = err - 1; other >= LAST_ERR; other--)
			CHECK(strcmp(offhook_errname(err), offhook_errname(other)) != 0);
	}
	CHECK_STR(offhook_strerror(LAST_ERR - 1), "not an error number of this library");
	CHECK_STR(offhook_errname(1), "OH_E?");
	CHECK_EQ(offhook_err_to_pjsua(LAST_ERR - 1), 70001);
}

TEST(errors_of_the_system_travel_wrapped)
{
	CHECK_EQ(err_to_errno(err_from_errno(EADDRINUSE)), EADDRINUSE);
	CHECK_EQ(err_to_errno(OH_EINVAL), 0);
	CHECK_EQ(err_to_errno(OH_EOS), 0);
	CHECK_EQ(err_from_errno(0), OH_EBUG);
	CHECK_STR(offhook_errname(err_from_errno(ENOENT)), "OH_EOS");
	CHECK_STR(offhook_strerror(err_from_errno(ENOENT)), "No such file or directory");
	CHECK_EQ(offhook_err_to_pjsua(err_from_errno(EADDRINUSE)), 120098);
	CHECK(strlen(offhook_strerror(err_from_errno(99999))) > 4);
	CHECK(strlen(offhook_strerror(INT32_MIN)) > 4);
}

TEST(pjsua_codes_read_as_they_always_did)
{
	static const struct {
		int code;
		const char *text;
	} rows[] = {
		{0, "Success"},
		{70004, "Invalid value or argument (PJ_EINVAL)"},
		{70006, "Not found (PJ_ENOTFOUND)"},
		{70009, "timeout (PJ_ETIMEDOUT)"},
		{70010, "Too many objects of the specified type (PJ_ETOOMANY)"},
		{70012, "Unsupported (PJ_ENOTSUP)"},
		{70013, "Invalid operation (PJ_EINVALIDOP)"},
		{70018, "name resolution failed (PJ_ERESOLVE)"},
		{120002, "No such file or directory"},
		{120098, "Address already in use"},
		{170486, "Busy Here"},
		{170603, "Decline"},
		{171005, "Missing route set (for tel: URI) (PJSIP_ENOROUTESET)"},
		{171039, "Invalid URI (PJSIP_EINVALIDURI)"},
		{171042, "Invalid Request URI (PJSIP_EINVALIDREQURI)"},
		{171060, "Unsupported transport (PJSIP_EUNSUPTRANSPORT)"},
		{171140, "INVITE session already terminated (PJSIP_ESESSIONTERMINATED)"},
		{171141, "Invalid INVITE session state (PJSIP_ESESSIONSTATE)"},
		{220106, "Invalid DTMF digit (PJMEDIA_RTP_EINDTMF)"},
		{220107, "Remote does not support RFC 2833 (PJMEDIA_RTP_EREMNORFC2833)"},
		{220180, "Not a valid WAVE file (PJMEDIA_ENOTVALIDWAVE)"},
		{420006, "Unable to find default audio device (PJMEDIA_EAUD_NODEFDEV)"},
		{170499, "Unknown error 170499"},
		{-5, "Unknown error -5"},
	};
	char text[128];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_STR(offhook_pjsua_strerror(rows[i].code, text, sizeof(text)), rows[i].text);
	CHECK_STR(offhook_pjsua_strerror(70013, text, 8), "Invalid");
	CHECK_STR(offhook_pjsua_strerror(70013, text, 1), "");
	CHECK(status_phrase(100) && !status_phrase(99) && !status_phrase(700));
}

static void *other_thread(void *arg)
{
	(void)arg;
	CHECK_STR(offhook_error_detail(), "");
	err_detail(OH_EINVAL, "from the other thread");
	return NULL;
}

TEST(each_thread_has_its_own_detail)
{
	pthread_t thread;

	CHECK_EQ(err_detail(OH_EURI, "no host in '%s'", "sip:"), OH_EURI);
	CHECK_EQ(pthread_create(&thread, NULL, other_thread, NULL), 0);
	pthread_join(thread, NULL);
	CHECK_STR(offhook_error_detail(), "no host in 'sip:'");
	err_detail(OH_EINVAL, "%400s", "long");
	CHECK_EQ(strlen(err_detail_text()), ERR_DETAIL_MAX - 1);
	err_detail_clear();
	CHECK_STR(offhook_error_detail(), "");
}

TESTS(RUN(every_error_has_a_name_a_sentence_and_a_pjsua_code_with_its_symbol),
	RUN(errors_of_the_system_travel_wrapped), RUN(pjsua_codes_read_as_they_always_did),
	RUN(each_thread_has_its_own_detail))
