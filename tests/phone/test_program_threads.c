/* The doors of the program's port with real threads: writers and readers that wait, others that clear, mark and ask, and the
 * port removed under all of them. For ThreadSanitizer above all. */
#include "check.h"

#include "base/err.h"
#include "offhook/offhook.h"

#include <pthread.h>
#include <stdatomic.h>

#define ROUNDS   3
#define PER_SIDE 2

struct stage {
	struct offhook_phone *phone;
	offhook_id port, slot;
	_Atomic uint64_t wrote, read, dropped;
	_Atomic bool stop;
};

static void *writer(void *arg)
{
	struct stage *s = arg;
	int16_t pcm[441];
	long n;

	for (size_t i = 0; i < ARRAY_LEN(pcm); i++)
		pcm[i] = (int16_t)(i * 50);
	while ((n = offhook_audio_write(s->phone, s->port, pcm, ARRAY_LEN(pcm), -1)) > 0)
		s->wrote += (uint64_t)n;
	CHECK_EQ(n, OH_ENOENT);
	return NULL;
}

static void *reader(void *arg)
{
	struct stage *s = arg;
	struct offhook_audio_heard heard = {.size = sizeof(heard)};
	int16_t pcm[333];
	long n;

	while ((n = offhook_audio_read(s->phone, s->port, pcm, ARRAY_LEN(pcm), -1, &heard)) > 0) {
		s->read += (uint64_t)n;
		s->dropped += heard.dropped;
	}
	CHECK_EQ(n, OH_ENOENT);
	return NULL;
}

static void *meddler(void *arg)
{
	struct stage *s = arg;
	struct offhook_audio_info info = {.size = sizeof(info)};
	uint64_t heard = 0;

	while (!s->stop) {
		if (offhook_audio_get_info(s->phone, s->port, &info))
			break;
		CHECK_EQ(info.written, info.heard + info.cleared + info.queued);
		CHECK(info.heard >= heard);
		heard = info.heard;
		(void)offhook_audio_mark(s->phone, s->port, 1);
		(void)offhook_audio_clear(s->phone, s->port, 3, NULL);
		(void)offhook_audio_pause(s->phone, s->port, 0);
	}
	return NULL;
}

static void wait_until(const struct stage *s, uint64_t samples)
{
	struct offhook_audio_info info = {.size = sizeof(info)};
	int16_t pcm[1];

	/* Each read waits for the next sample: no sleep, no spinning. */
	do {
		if (offhook_audio_read(s->phone, s->port, pcm, 1, 1000, NULL) < 0)
			return;
		CHECK_OK(offhook_audio_get_info(s->phone, s->port, &info));
	} while (info.captured < samples);
}

TEST(a_port_goes_under_everybody_who_uses_it)
{
	struct stage s = {0};
	struct offhook_phone_cfg cfg;

	offhook_phone_cfg_init(&cfg);
	CHECK_OK(offhook_phone_new(&cfg, &s.phone));
	for (unsigned round = 0; round < ROUNDS; round++) {
		pthread_t threads[2 * PER_SIDE + 1];
		size_t n = 0;

		s.stop = false;
		CHECK_OK(offhook_audio_new(s.phone, NULL, &s.port, &s.slot));
		CHECK_OK(offhook_connect(s.phone, s.slot, s.slot));
		for (unsigned i = 0; i < PER_SIDE; i++) {
			CHECK_OK(pthread_create(&threads[n++], NULL, writer, &s));
			CHECK_OK(pthread_create(&threads[n++], NULL, reader, &s));
		}
		CHECK_OK(pthread_create(&threads[n++], NULL, meddler, &s));
		wait_until(&s, 16000 / 4);
		CHECK_OK(offhook_port_remove(s.phone, s.port));
		s.stop = true;
		while (n)
			CHECK_OK(pthread_join(threads[--n], NULL));
	}
	CHECK(s.wrote > 0 && s.read > 0);
	offhook_phone_free(s.phone);
}

TEST(a_phone_that_closes_lets_everybody_go)
{
	struct stage s = {0};
	struct offhook_phone_cfg cfg;
	int16_t pcm[320];

	offhook_phone_cfg_init(&cfg);
	CHECK_OK(offhook_phone_new(&cfg, &s.phone));
	CHECK_OK(offhook_audio_new(s.phone, NULL, &s.port, &s.slot));
	CHECK_OK(offhook_phone_close(s.phone, 0));
	CHECK_EQ(offhook_audio_read(s.phone, s.port, pcm, ARRAY_LEN(pcm), -1, NULL), OH_ECLOSED);
	offhook_phone_free(s.phone);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(a_port_goes_under_everybody_who_uses_it), RUN(a_phone_that_closes_lets_everybody_go)};
	struct offhook_phone *first;
	int failed;

	/* libuv keeps a pair of descriptors for the whole process from its first loop on: before they are counted. */
	if (offhook_phone_new(NULL, &first))
		return 1;
	offhook_phone_free(first);
	check_tap_begin();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	check_tap_end();
	return failed;
}
