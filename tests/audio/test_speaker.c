/* Who has the floor: scripted levels of three people. */
#include "check.h"

#include "audio/speaker.h"

static const struct speaker_cfg cfg = {.start_ms = 300, .pause_ms = 600, .quiet_ms = 2000, .margin_db = 6};
static struct speaker s;

/* So many steps with these levels of voices 1, 2, 3; who has the floor then. */
static unsigned steps(unsigned n, float one, float two, float three)
{
	uint64_t who = 0;

	for (unsigned i = 0; i < n; i++) {
		struct speaker_voice *now = speaker_room(&s, 3);

		now[0] = (struct speaker_voice){.key = 1, .level_dbov = one};
		now[1] = (struct speaker_voice){.key = 2, .level_dbov = two};
		now[2] = (struct speaker_voice){.key = 3, .level_dbov = three};
		who = speaker_step(&s, &cfg, now, 3);
	}
	return (unsigned)who;
}

TEST(one_after_the_other)
{
	speaker_init(&s);
	CHECK_EQ(steps(10, -80, -80, -80), 0);
	CHECK_EQ(steps(2, -20, -80, -80), 0); /* too short to be sure */
	CHECK_EQ(steps(1, -20, -80, -80), 1);
	CHECK_EQ(steps(5, -80, -80, -80), 1); /* a pause */
	CHECK_EQ(steps(2, -80, -22, -80), 1); /* a cough */
	CHECK_EQ(steps(5, -20, -80, -80), 1);
	CHECK_EQ(steps(7, -80, -22, -80), 2);
	CHECK_EQ(steps(19, -80, -80, -80), 2);
	CHECK_EQ(steps(1, -80, -80, -80), 0);
	speaker_free(&s);
}

/* Two at once: who has the floor keeps it, until the other one is clearly louder. */
TEST(an_interruption_has_to_be_louder)
{
	speaker_init(&s);
	CHECK_EQ(steps(20, -25, -80, -80), 1);
	CHECK_EQ(steps(20, -25, -23, -80), 1);
	CHECK_EQ(steps(20, -25, -15, -80), 2);
	CHECK_EQ(steps(20, -20, -15, -80), 2);
	speaker_free(&s);
}

/* A room that is loud all the time is nobody who speaks; who speaks in it is heard. */
TEST(steady_noise_has_no_floor)
{
	speaker_init(&s);
	(void)steps(400, -80, -80, -40);
	CHECK_EQ(steps(10, -80, -80, -40), 0);
	CHECK_EQ(steps(10, -80, -80, -20), 3);
	CHECK_EQ(steps(40, -80, -80, -40), 0);
	CHECK_EQ(steps(10, -30, -80, -40), 1);
	speaker_free(&s);
}

/* Who has gone has no floor, and who comes and goes moves the others without being mistaken for them. */
TEST(people_come_and_go)
{
	struct speaker_voice *now;

	speaker_init(&s);
	CHECK_EQ(steps(10, -20, -80, -80), 1);
	for (unsigned i = 0; i < 10; i++) {
		now = speaker_room(&s, 5);
		for (unsigned k = 0; k < 5; k++)
			now[k] = (struct speaker_voice){.key = 10 + k, .level_dbov = k == 4 ? -20 : -80};
		CHECK_EQ(speaker_step(&s, &cfg, now, 5), i < 2 ? 0 : 14);
	}
	now = speaker_room(&s, 2);
	now[0] = (struct speaker_voice){.key = 14, .level_dbov = -20};
	now[1] = (struct speaker_voice){.key = 10, .level_dbov = -80};
	CHECK_EQ(speaker_step(&s, &cfg, now, 2), 14);
	CHECK_EQ(speaker_step(&s, &cfg, speaker_room(&s, 0), 0), 0);
	mem_fail_at(1);
	CHECK(speaker_room(&s, 100) == NULL);
	speaker_free(&s);
}

TESTS(RUN(one_after_the_other), RUN(an_interruption_has_to_be_louder), RUN(steady_noise_has_no_floor),
	RUN(people_come_and_go))
