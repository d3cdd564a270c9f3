/*
 * Two phones on one simulated wire, 1 ms apart, each with a transport on port 5060 and an account. What a
 * phone tells is written down as one line of words that a story compares:
 *
 *	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
 *	rig_call(r);
 *	CHECK(rig_wait(&r->b, "INCOMING"));
 *	...
 *	CHECK_STR(r->a.log, "CALLING CONNECTING(200) MEDIA(ACTIVE,3,slot) CONFIRMED(200) ");
 *	rig_close(r);
 */
#ifndef OH_TESTS_PHONE_RIG_H
#define OH_TESTS_PHONE_RIG_H

#include "check.h"

#include "base/err.h"
#include "host/sim/sim.h"
#include "phone/phone_impl.h"

#define RIG_A_IP "192.0.2.1"
#define RIG_B_IP "192.0.2.2"

struct side {
	struct rig *rig;
	const char *name, *ip;
	struct host *host;
	struct offhook_phone *phone;
	offhook_id transport, account;
	offhook_id call; /* of the newest call event */
	offhook_id slot; /* of its audio, as of the newest event; 0: none */
	int slot_number;
	offhook_id other;   /* of the newest event that told of a second call */
	offhook_id ticket;  /* of the newest question */
	offhook_id watcher; /* who asked it, when he wants to follow us */
	char log[8192];
	char digits[64];
	char message[4096]; /* of the newest event that had one */
	unsigned file_ends;
	/* What the program does in its handler; NULL: nothing. */
	void (*handler)(struct side *s, const struct offhook_event *e);
};

struct rig {
	struct sim *sim;
	struct side a, b;
};

/* Changes the settings of both phones before they are made. */
typedef void rig_settings(struct offhook_phone_cfg *cfg);
/* NULL: something failed (a failing allocation). */
struct rig *rig_try_new(enum offhook_delivery delivery, rig_settings *settings);
struct rig *rig_new(enum offhook_delivery delivery);
struct rig *rig_new_seeded(uint64_t seed, enum offhook_delivery delivery);
struct rig *rig_new_with(enum offhook_delivery delivery, rig_settings *settings);
/* Lets everything run out, fails the test when a counter is not zero, and frees. */
void rig_close(struct rig *r);
/* Just frees. */
struct rig *rig_drop(struct rig *r);

void rig_run_ms(struct rig *r, unsigned ms);
/* Hands out events where they are pulled. */
void rig_pull(struct rig *r);
/* At most 100 s pass until the log of a side holds these words; does it? */
bool rig_wait(struct side *s, const char *words);
void side_forget(struct side *s); /* an empty log */

/* ---- one side by itself, for a story with other or more of them: rig, name and ip are set ---- */
int side_start(struct side *s, enum offhook_delivery delivery, rig_settings *settings);
void side_pull(struct side *s);
/* Fails the test when a counter is not zero. */
void side_check_quiet(struct side *s);

/* a calls b. */
int rig_try_call(struct rig *r);
void rig_call(struct rig *r);
int side_answer(struct side *s, unsigned code);
int side_hangup(struct side *s, unsigned code);
/* a calls b, b answers at once; both are confirmed. */
void rig_talk(struct rig *r);

/* A picture of the side's call, to be freed. */
struct offhook_call_info *side_info(struct side *s);

/* ---- sound ---- */
/* A path of this test program's own; the caller unlinks the file. */
const char *rig_path(const char *name, char buf[128]);
/* Writes a mono 16-bit WAV. */
void wav_put(const char *path, const int16_t *pcm, size_t n, unsigned rate_hz);
/* Reads one; the caller frees. */
int16_t *wav_get(const char *path, size_t *ret_n, unsigned *ret_rate_hz);
/* Something like speech: bursts of changing tones over n samples. */
void speech_like(int16_t *pcm, size_t n, unsigned rate_hz, uint64_t seed);
/* The best normalised correlation of what was said with what was heard, over lags 0..max_lag. */
double correlation(const int16_t *said, size_t n_said, const int16_t *heard, size_t n_heard, size_t max_lag,
	size_t *ret_lag);

#endif
