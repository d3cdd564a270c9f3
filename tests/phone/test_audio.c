/* What is said at one end is what is heard at the other: file, bridge, stream, wire, stream, bridge, file. */
#include "rig.h"

#include "codec/codec.h"
#include "phone/call_impl.h"
#include "phone/call_media_impl.h"

#include <math.h>
#include <unistd.h>

#define SECONDS_MAX 20
#define SECONDS     4

static unsigned rig_seconds = SECONDS;

static uint32_t rig_rate;
static const char *rig_codecs;
static unsigned rig_ptime_ms = 20, rig_frame_ms = 20;

static void at_rate(struct offhook_phone_cfg *cfg)
{
	cfg->clock_rate_hz = rig_rate;
	cfg->codecs = rig_codecs;
	cfg->ptime_ms = rig_ptime_ms;
	cfg->frame_ms = rig_frame_ms;
}

struct talk {
	offhook_id player, recorder, player_slot, recorder_slot;
	char said_path[128], heard_path[128];
	int16_t said[SECONDS_MAX * 16000]; /* or less at a higher rate */
	size_t n_said;
};

static int16_t through_a_law(enum codec_number law, int16_t sample)
{
	return law == CODEC_PCMU   ? g711_ulaw_decode(g711_ulaw_encode(sample))
	       : law == CODEC_PCMA ? g711_alaw_decode(g711_alaw_encode(sample))
				   : sample;
}

/* The speaker plays a file into the call, the listener records what comes out of it. */
static void speak(struct side *speaker, struct side *listener, struct talk *t, unsigned rate_hz,
	uint64_t seed, enum codec_number law)
{
	char name[32];

	t->n_said = rig_seconds * rate_hz;
	speech_like(t->said, t->n_said, rate_hz, seed);
	for (size_t i = 0; i < t->n_said; i++)
		t->said[i] = through_a_law(law, t->said[i]);
	snprintf(name, sizeof(name), "said-by-%s.wav", speaker->name);
	rig_path(name, t->said_path);
	snprintf(name, sizeof(name), "heard-by-%s.wav", listener->name);
	rig_path(name, t->heard_path);
	wav_put(t->said_path, t->said, t->n_said, rate_hz);
	CHECK_OK(offhook_recorder_new(listener->phone, t->heard_path, &t->recorder, &t->recorder_slot));
	CHECK_OK(offhook_connect(listener->phone, listener->slot, t->recorder_slot));
	rig_run_ms(listener->rig, 40); /* a connection comes in over a frame; from then on no bit changes */
	CHECK_OK(offhook_player_new(speaker->phone, t->said_path, 0, speaker, &t->player, &t->player_slot));
	CHECK_OK(offhook_connect(speaker->phone, t->player_slot, speaker->slot));
}

static int16_t *finish(
	struct rig *r, struct side *speaker, struct side *listener, struct talk *t, size_t *ret_n)
{
	unsigned rate;
	int16_t *heard;

	CHECK_EQ(speaker->file_ends, 1);
	CHECK_OK(offhook_port_remove(speaker->phone, t->player));
	CHECK_EQ(offhook_port_remove(speaker->phone, t->player), OH_ENOENT);
	CHECK_OK(offhook_port_remove(listener->phone, t->recorder));
	rig_run_ms(r, 100);
	heard = wav_get(t->heard_path, ret_n, &rate);
	CHECK_EQ(rate, rig_rate);
	unlink(t->said_path);
	unlink(t->heard_path);
	return heard;
}

static bool contains(const int16_t *heard, size_t n_heard, const int16_t *said, size_t n_said)
{
	for (size_t lag = 0; lag + n_said <= n_heard; lag++)
		if (memcmp(heard + lag, said, n_said * 2) == 0)
			return true;
	return false;
}

TEST(companded_speech_arrives_bit_by_bit_both_ways)
{
	static struct talk ab, ba;
	int16_t *heard_by_b, *heard_by_a;
	size_t n_b, n_a, lag = 0;
	struct rig *r;

	rig_rate = 8000;
	r = rig_new_with(OFFHOOK_DELIVER_INLINE, at_rate);
	rig_talk(r);
	rig_run_ms(r, 200);
	speak(&r->a, &r->b, &ab, 8000, 1, CODEC_PCMU);
	speak(&r->b, &r->a, &ba, 8000, 2, CODEC_PCMU);
	rig_run_ms(r, SECONDS * 1000 + 500);
	heard_by_b = finish(r, &r->a, &r->b, &ab, &n_b);
	heard_by_a = finish(r, &r->b, &r->a, &ba, &n_a);
	CHECK(contains(heard_by_b, n_b, ab.said, ab.n_said));
	CHECK(contains(heard_by_a, n_a, ba.said, ba.n_said));
	/* The measure can tell them apart. */
	CHECK(correlation(ab.said, ab.n_said, heard_by_b, n_b, 2000, &lag) > 0.999);
	CHECK(correlation(ab.said, ab.n_said, heard_by_a, n_a, 2000, &lag) < 0.5);
	free(heard_by_b);
	free(heard_by_a);
	rig_close(r);
}

/* Linear audio loses nothing: any packet time over either frame, 60 ms of 16 kHz being cut to what one datagram holds. */
TEST(linear_audio_arrives_bit_by_bit_in_packets_of_any_length)
{
	static const struct {
		const char *codec;
		unsigned rate_hz;
	} rows[] = {{"L16/16000", 16000}, {"L16/8000", 8000}};
	static struct talk ab;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (rig_frame_ms = 10; rig_frame_ms <= 20; rig_frame_ms += 10) {
			for (rig_ptime_ms = 10; rig_ptime_ms <= 60; rig_ptime_ms += 10) {
				struct offhook_call_stats st = {.size = sizeof(st)};
				struct rig *r;
				int16_t *heard;
				size_t n;

				rig_rate = rows[i].rate_hz;
				rig_codecs = rows[i].codec;
				r = rig_new_with(OFFHOOK_DELIVER_INLINE, at_rate);
				rig_talk(r);
				rig_run_ms(r, 200);
				speak(&r->a, &r->b, &ab, rig_rate, 4, CODEC_NONE);
				rig_run_ms(r, SECONDS * 1000 + 500);
				CHECK_OK(offhook_call_get_stats(r->a.phone, r->a.call, &st));
				CHECK(strstr(st.codec, rows[i].codec) == st.codec);
				heard = finish(r, &r->a, &r->b, &ab, &n);
				CHECK(contains(heard, n, ab.said, ab.n_said));
				free(heard);
				rig_close(r);
			}
		}
	}
	rig_codecs = NULL;
	rig_frame_ms = rig_ptime_ms = 20;
}

/* Twenty seconds on a clean wire, without one bit changed. */
TEST(what_can_be_exact_is_exact_for_twenty_seconds)
{
	static const struct {
		const char *codec;
		unsigned rate_hz;
		enum codec_number law;
	} rows[] = {{"PCMU", 8000, CODEC_PCMU}, {"PCMA", 8000, CODEC_PCMA}, {"L16/16000", 16000, CODEC_NONE}};
	static struct talk ab;

	rig_seconds = SECONDS_MAX;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rig *r;
		int16_t *heard;
		size_t n;

		rig_rate = rows[i].rate_hz;
		rig_codecs = rows[i].codec;
		r = rig_new_with(OFFHOOK_DELIVER_INLINE, at_rate);
		rig_talk(r);
		rig_run_ms(r, 200);
		speak(&r->a, &r->b, &ab, rig_rate, 6, rows[i].law);
		rig_run_ms(r, SECONDS_MAX * 1000 + 500);
		heard = finish(r, &r->a, &r->b, &ab, &n);
		CHECK(contains(heard, n, ab.said, ab.n_said));
		free(heard);
		rig_close(r);
	}
	rig_seconds = SECONDS;
	rig_codecs = NULL;
}

TEST(speech_is_heard_through_every_codec)
{
	static const struct {
		const char *codec;
		unsigned rate_hz;
	} rows[] = {{"G722", 16000}, {"G722", 8000}, {"opus", 8000}, {"opus", 16000}, {"opus", 32000},
		{"opus", 48000}, {"GSM", 16000}, {"G726-32", 8000}, {"AAL2-G726-40", 8000},
		{"L16/24000", 32000}, {"L16/32000", 32000}, {"L16/48000", 48000}};
	static struct talk ab;

	rig_seconds = 2;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct offhook_call_stats st = {.size = sizeof(st)};
		size_t n, lag = 0;
		int16_t *heard;
		struct rig *r;

		rig_rate = rows[i].rate_hz;
		rig_codecs = rows[i].codec;
		r = rig_try_new(OFFHOOK_DELIVER_INLINE, at_rate);
		if (!r) /* this build lacks it */
			continue;
		rig_talk(r);
		rig_run_ms(r, 200);
		speak(&r->a, &r->b, &ab, rig_rate, 8, CODEC_NONE);
		rig_run_ms(r, 2500);
		CHECK_OK(offhook_call_get_stats(r->b.phone, r->b.call, &st));
		CHECK_EQ(st.rx_discarded + st.rx_lost + st.rx_late + st.rx_concealed, 0);
		heard = finish(r, &r->a, &r->b, &ab, &n);
		CHECK(correlation(ab.said, ab.n_said, heard, n, rig_rate / 8, &lag) > 0.9);
		free(heard);
		rig_close(r);
	}
	rig_seconds = SECONDS;
	rig_codecs = NULL;
}

static struct call *only_call(struct side *s)
{
	return CONTAINER_OF(s->phone->calls.next, struct call, node);
}

/* Both codecs were agreed, so the other end may change from one to the other without asking (RFC 3264 6.1). */
TEST(speech_is_heard_whichever_agreed_codec_brings_it)
{
	static const char *const choices[] = {"L16/16000, PCMU", "PCMU, L16/16000"};
	static struct talk ab;

	for (size_t i = 0; i < ARRAY_LEN(choices); i++) {
		struct offhook_call_stats st = {.size = sizeof(st)};
		struct stream_params params;
		struct call_media *m;
		size_t n, lag = 0;
		int16_t *heard;
		struct rig *r;

		rig_rate = 16000;
		rig_codecs = choices[i];
		r = rig_new_with(OFFHOOK_DELIVER_INLINE, at_rate);
		rig_talk(r);
		rig_run_ms(r, 200);
		m = &only_call(&r->a)->media;
		params = m->params;
		CHECK_EQ(params.n_rx, 2);
		params.tx = params.rx[1].codec;
		params.tx_pt = params.rx[1].pt;
		CHECK_OK(call_media_run(m, &params));
		rig_run_ms(r, 200);
		speak(&r->a, &r->b, &ab, 16000, 5, CODEC_NONE);
		rig_run_ms(r, SECONDS * 1000 + 500);
		CHECK_OK(offhook_call_get_stats(r->b.phone, r->b.call, &st));
		CHECK_EQ(st.rx_discarded + st.rx_lost, 0);
		heard = finish(r, &r->a, &r->b, &ab, &n);
		CHECK(correlation(ab.said, ab.n_said, heard, n, 6000, &lag) > 0.98);
		free(heard);
		rig_close(r);
	}
	rig_codecs = NULL;
}

TEST(speech_at_16_khz_arrives_alike)
{
	static struct talk ab;
	size_t n, lag = 0;
	int16_t *heard;
	struct rig *r;

	rig_rate = 16000;
	r = rig_new_with(OFFHOOK_DELIVER_PULL, at_rate);
	rig_talk(r);
	speak(&r->a, &r->b, &ab, 16000, 3, CODEC_NONE);
	rig_run_ms(r, SECONDS * 1000 + 500);
	heard = finish(r, &r->a, &r->b, &ab, &n);
	CHECK(correlation(ab.said, ab.n_said, heard, n, 3000, &lag) > 0.98);
	CHECK(lag < 16000 / 5);
	free(heard);
	rig_close(r);
}

TEST(a_tone_ends_and_figures_tell_of_a_clean_wire)
{
	struct rig *r;
	struct offhook_tone_cfg tone;
	struct offhook_call_stats st = {.size = sizeof(st)};
	struct offhook_slot_info slot = {.size = sizeof(slot)};
	offhook_id id, tone_slot;

	rig_rate = 16000;
	r = rig_new_with(OFFHOOK_DELIVER_INLINE, at_rate);
	rig_talk(r);
	offhook_tone_cfg_init(&tone);
	tone.on_ms = 200;
	tone.off_ms = 200;
	tone.repeats = 3;
	tone.level = 0.5;
	CHECK_OK(offhook_tone_new(r->a.phone, &tone, &id, &tone_slot));
	CHECK_OK(offhook_connect(r->a.phone, tone_slot, r->a.slot));
	rig_run_ms(r, 150);
	CHECK_OK(offhook_slot_get_info(r->b.phone, r->b.slot, &slot));
	CHECK(slot.rx_signal > 0.3 && slot.rx_signal < 0.6);
	CHECK_EQ(slot.rate_hz, 8000);
	rig_run_ms(r, 9850);
	CHECK_EQ(r->a.file_ends, 1);
	CHECK_OK(offhook_call_get_stats(r->b.phone, r->b.call, &st));
	CHECK(st.rx_packets > 490 && st.rx_packets < 510);
	CHECK(st.tx_packets > 490 && st.tx_packets < 510);
	CHECK_EQ(st.rx_lost + st.rx_late + st.rx_duplicate + st.rx_discarded, 0);
	CHECK_STR(st.codec, "PCMU/8000/1");
	CHECK(strstr(st.remote, "192.0.2.1:") != NULL);
	CHECK(st.setup_ms >= 2 && st.setup_ms < 50);
	CHECK_OK(offhook_port_remove(r->a.phone, id));
	tone.hz1 = 1;
	CHECK_EQ(offhook_tone_new(r->a.phone, &tone, &id, &tone_slot), OH_EINVAL);
	rig_close(r);
}

TEST(music_on_hold_is_heard_by_the_one_who_is_held)
{
	struct rig *r;
	struct offhook_tone_cfg tone;
	struct offhook_slot_info slot = {.size = sizeof(slot)};
	offhook_id id, tone_slot;

	rig_rate = 16000;
	r = rig_new_with(OFFHOOK_DELIVER_INLINE, at_rate);
	rig_talk(r);
	offhook_tone_cfg_init(&tone);
	CHECK_OK(offhook_tone_new(r->a.phone, &tone, &id, &tone_slot));
	CHECK_OK(offhook_call_hold(r->a.phone, r->a.call, NULL, 0));
	CHECK(rig_wait(&r->a, "LOCAL_HOLD"));
	rig_run_ms(r, 100);
	CHECK_OK(offhook_slot_get_info(r->b.phone, r->b.slot, &slot));
	CHECK(slot.rx_signal < 0.001);
	CHECK_OK(offhook_connect(r->a.phone, tone_slot, r->a.slot));
	rig_run_ms(r, 200);
	CHECK_OK(offhook_slot_get_info(r->b.phone, r->b.slot, &slot));
	CHECK(slot.rx_signal > 0.1);
	CHECK_OK(offhook_port_remove(r->a.phone, id));
	rig_close(r);
}

static char rtp_story[64];

static void keep_rtp(struct side *s, const struct offhook_event *e)
{
	(void)s;
	if (e->type == OFFHOOK_EVENT_CALL_RTP)
		strcat(rtp_story, e->status ? "comes " : "stops ");
}

static enum sim_fate no_rtp(void *arg, const struct sim_packet *p, uint64_t *delay_ns)
{
	(void)delay_ns;
	return *(const bool *)arg && p->from.port != 5060 ? SIM_DROP : SIM_BY_RULE;
}

TEST(rtp_that_stops_and_comes_back_is_told)
{
	struct rig *r;
	bool lose = false;

	rig_rate = 16000;
	rtp_story[0] = '\0';
	r = rig_new_with(OFFHOOK_DELIVER_INLINE, at_rate);
	r->a.handler = keep_rtp;
	sim_filter(r->sim, no_rtp, &lose);
	rig_talk(r);
	rig_run_ms(r, 1000);
	CHECK_STR(rtp_story, "comes ");
	lose = true;
	rig_run_ms(r, 15000);
	CHECK_STR(rtp_story, "comes stops ");
	lose = false;
	rig_run_ms(r, 1000);
	CHECK_STR(rtp_story, "comes stops comes ");
	rig_close(r);
}

TEST(files_that_cannot_be_used_are_named)
{
	struct rig *r;
	offhook_id id, slot;
	char path[128];
	FILE *f;

	rig_rate = 16000;
	r = rig_new_with(OFFHOOK_DELIVER_INLINE, at_rate);
	CHECK_EQ(offhook_player_new(r->a.phone, "/nowhere/x.wav", 0, NULL, &id, &slot), OH_ENOFILE);
	f = fopen(rig_path("junk.wav", path), "w");
	fputs("this is not a WAV file, whatever its name says", f);
	fclose(f);
	CHECK_EQ(offhook_player_new(r->a.phone, path, 0, NULL, &id, &slot), OH_EFORMAT);
	unlink(path);
	CHECK_EQ(offhook_recorder_new(r->a.phone, "/tmp/x.mp3", &id, &slot), OH_ENOTSUP);
	CHECK_EQ(offhook_recorder_new(r->a.phone, "/nowhere/x.wav", &id, &slot), err_from_errno(2));
	CHECK_EQ(offhook_port_remove(r->a.phone, r->a.account), OH_ENOENT);
	rig_close(r);
}

TEST(slots_are_listed_and_joined_by_many)
{
	struct rig *r;
	offhook_id tones[20], slots[20], list[32];
	struct offhook_link links[40];
	struct offhook_tone_cfg tone;
	size_t n = 0;

	rig_rate = 16000;
	r = rig_new_with(OFFHOOK_DELIVER_INLINE, at_rate);
	offhook_tone_cfg_init(&tone);
	for (size_t i = 0; i < 20; i++)
		CHECK_OK(offhook_tone_new(r->a.phone, &tone, &tones[i], &slots[i]));
	CHECK_EQ(offhook_slots(r->a.phone, list, 32), 21);
	CHECK_EQ(list[1], slots[0]);
	for (size_t i = 1; i < 20; i++)
		links[n++] = (struct offhook_link){slots[0], slots[i], 0.5f};
	CHECK_OK(offhook_connect_many(r->a.phone, links, n));
	CHECK_EQ(offhook_slot_sinks(r->a.phone, slots[0], list, 32), 19);
	CHECK_EQ(offhook_slot_sinks(r->a.phone, slots[1], list, 32), 0);
	CHECK_EQ(offhook_slot_sinks(r->a.phone, 0, list, 32), OH_ENOENT);

	/* All or none. */
	CHECK_OK(offhook_port_remove(r->a.phone, tones[19]));
	links[0].source = slots[1];
	links[1].source = slots[19];
	CHECK_EQ(offhook_connect_many(r->a.phone, links, 2), OH_ENOENT);
	CHECK(offhook_error_detail()[0] != '\0');
	CHECK_EQ(offhook_slot_sinks(r->a.phone, slots[1], NULL, 0), 0);
	CHECK_EQ(offhook_slot_sinks(r->a.phone, slots[0], NULL, 0), 18);
	links[0].level = 65.0f;
	CHECK_EQ(offhook_connect_many(r->a.phone, links, 1), OH_EINVAL);
	CHECK_EQ(offhook_slot_set_levels(r->a.phone, slots[0], 65.0f, -1), OH_EINVAL);
	CHECK_EQ(offhook_slot_set_levels(r->a.phone, slots[0], NAN, -1), OH_EINVAL);
	CHECK_EQ(offhook_slot_set_levels(r->a.phone, slots[0], -1, NAN), OH_EINVAL);
	CHECK_OK(offhook_slot_set_levels(r->a.phone, slots[0], 0.0f, 2.0f));
	CHECK_OK(offhook_disconnect(r->a.phone, slots[0], slots[1]));
	CHECK_OK(offhook_disconnect(r->a.phone, slots[0], slots[1]));
	for (size_t i = 0; i < 19; i++)
		CHECK_OK(offhook_port_remove(r->a.phone, tones[i]));
	rig_close(r);
}

TESTS(RUN(companded_speech_arrives_bit_by_bit_both_ways),
	RUN(linear_audio_arrives_bit_by_bit_in_packets_of_any_length),
	RUN(what_can_be_exact_is_exact_for_twenty_seconds), RUN(speech_is_heard_through_every_codec),
	RUN(speech_is_heard_whichever_agreed_codec_brings_it), RUN(speech_at_16_khz_arrives_alike),
	RUN(a_tone_ends_and_figures_tell_of_a_clean_wire), RUN(music_on_hold_is_heard_by_the_one_who_is_held),
	RUN(rtp_that_stops_and_comes_back_is_told), RUN(files_that_cannot_be_used_are_named),
	RUN(slots_are_listed_and_joined_by_many))
