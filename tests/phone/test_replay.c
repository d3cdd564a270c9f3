/* A seed replays a call with sound over a bad wire: the same packets at the same nanoseconds, and the same samples heard.
 * The wire alone, for all that phones can do, is in test_random. */
#include "rig.h"
#include "../sip/watch.h"

#include <unistd.h>

#define RATE    16000
#define SECONDS 6
#define N_SAID  ((size_t)RATE * SECONDS)

struct run {
	uint64_t wire;
	int16_t *heard;
	size_t n_heard;
};

static void speak(struct rig *r, const char *said, const char *heard)
{
	offhook_id player, player_slot, recorder, recorder_slot;

	CHECK_OK(offhook_recorder_new(r->b.phone, heard, &recorder, &recorder_slot));
	CHECK_OK(offhook_connect(r->b.phone, r->b.slot, recorder_slot));
	CHECK_OK(offhook_player_new(r->a.phone, said, 0, NULL, &player, &player_slot));
	CHECK_OK(offhook_connect(r->a.phone, player_slot, r->a.slot));
	rig_run_ms(r, 2000);
	CHECK_OK(offhook_call_dtmf(r->a.phone, r->a.call, "15#", 100, 60));
	rig_run_ms(r, SECONDS * 1000);
	CHECK_OK(offhook_port_remove(r->b.phone, recorder));
	CHECK_OK(offhook_port_remove(r->a.phone, player));
}

static struct run run(uint64_t seed)
{
	static int16_t pcm[N_SAID];
	char said[128], heard[128];
	unsigned rate;
	struct watch watch;
	struct rig *r = rig_new_seeded(seed, OFFHOOK_DELIVER_INLINE);
	struct run result;

	watch_start(&watch, r->sim, seed);
	watch.prints = true;
	watch.weather = (struct weather){.loss = 50, .twice = 30, .late = 100, .late_ms = 60};
	speech_like(pcm, N_SAID, RATE, 7); /* the same for every seed: only the wire differs */
	wav_put(rig_path("said.wav", said), pcm, N_SAID, RATE);
	rig_path("heard.wav", heard);
	rig_talk(r);
	speak(r, said, heard);
	rig_close(r);
	result.heard = wav_get(heard, &result.n_heard, &rate);
	result.wire = watch.print;
	CHECK_STR(watch.fault, "");
	watch_stop(&watch);
	unlink(said);
	unlink(heard);
	return result;
}

static bool same_sound(const struct run *a, const struct run *b)
{
	return a->n_heard == b->n_heard && memcmp(a->heard, b->heard, a->n_heard * sizeof(*a->heard)) == 0;
}

static bool is_silence(const struct run *a)
{
	for (size_t i = 0; i < a->n_heard; i++)
		if (a->heard[i] > 1000)
			return false;
	return true;
}

TEST(a_seed_replays_packets_and_samples)
{
	for (uint64_t seed = 1; seed <= 3; seed++) {
		struct run first = run(seed), again = run(seed), other = run(seed + 100);

		CHECK(!is_silence(&first));
		CHECK(first.wire == again.wire);
		CHECK(same_sound(&first, &again));
		CHECK(first.wire != other.wire);
		CHECK(!same_sound(&first, &other));
		free(first.heard);
		free(again.heard);
		free(other.heard);
	}
}

TESTS(RUN(a_seed_replays_packets_and_samples))
