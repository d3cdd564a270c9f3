/* Which codecs are offered, accepted and used: chosen by the phone, an account and a call; ordered by priority; set; and
 * the program's own. */
#include "peer.h"

#include "phone/call_impl.h"

static const char *rig_codecs;
static uint32_t rig_rate_hz;

static void with_codecs(struct offhook_phone_cfg *cfg)
{
	cfg->codecs = rig_codecs;
	cfg->clock_rate_hz = rig_rate_hz ? rig_rate_hz : cfg->clock_rate_hz;
}

static struct rig *rig_with(const char *codecs, uint32_t rate_hz)
{
	struct rig *r;

	rig_codecs = codecs;
	rig_rate_hz = rate_hz;
	r = rig_new_with(OFFHOOK_DELIVER_INLINE, with_codecs);
	rig_codecs = NULL;
	rig_rate_hz = 0;
	return r;
}

static bool have(const char *name, uint32_t clock_hz, unsigned channels)
{
	return codec_find(slice_of(name), clock_hz, channels) != NULL;
}

static struct call *only_call(struct side *s)
{
	return CONTAINER_OF(s->phone->calls.next, struct call, node);
}

/* What the side's call speaks, and what it said last. */
static const char *spoken(struct side *s)
{
	return only_call(s)->media.codec;
}

static bool said(struct side *s, const char *words)
{
	struct slice text = oa_local_text(only_call(s)->media.oa);
	char buf[2048];

	snprintf(buf, sizeof(buf), "%.*s", SLICE_ARG(text));
	if (strstr(buf, words))
		return true;
	print_message("# no \"%s\" in\n%s\n", words, buf);
	return false;
}

static void modify(struct side *s, const char *codecs)
{
	struct offhook_account_cfg cfg;

	offhook_account_cfg_init(&cfg);
	cfg.transport = s->transport;
	cfg.codecs = codecs;
	CHECK_OK(offhook_account_modify(s->phone, s->account, &cfg));
}

static int make(struct rig *r, const char *codecs)
{
	struct offhook_call_cfg cfg;

	offhook_call_cfg_init(&cfg);
	cfg.uri = "sip:" RIG_B_IP;
	cfg.codecs = codecs;
	return offhook_call_make(r->a.phone, 0, &cfg, &r->a.call);
}

static int answer(struct side *s, const char *codecs)
{
	struct offhook_answer a;

	offhook_answer_init(&a);
	a.codecs = codecs;
	return offhook_call_answer(s->phone, s->call, &a);
}

static void talk(struct rig *r)
{
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK_OK(side_answer(&r->b, 200));
	CHECK(rig_wait(&r->a, "CONFIRMED"));
	CHECK(rig_wait(&r->b, "CONFIRMED"));
}

static void hang_up(struct rig *r)
{
	CHECK_OK(side_hangup(&r->a, 0));
	CHECK(rig_wait(&r->b, "DISCONNECTED"));
	rig_run_ms(r, 100);
	side_forget(&r->a);
	side_forget(&r->b);
}

TEST(the_phone_the_account_and_the_call_choose_in_this_order)
{
	struct rig *r = rig_with("PCMU, PCMA, G722, L16/16000", 0);

	CHECK_OK(make(r, NULL));
	talk(r);
	CHECK_STR(spoken(&r->a), "PCMU/8000/1");
	hang_up(r);
	modify(&r->a, "G722, PCMA");
	CHECK_OK(make(r, NULL));
	talk(r);
	CHECK_STR(spoken(&r->a), "G722/8000/1");
	CHECK(said(&r->a, " RTP/AVP 9 8 101\r\n"));
	hang_up(r);
	/* A call's own choice may name what nobody else does. */
	CHECK_OK(make(r, "L16/16000"));
	talk(r);
	CHECK_STR(spoken(&r->a), "L16/16000/1");
	hang_up(r);
	/* Who is called chooses too: what the account takes, and less than that in one call. */
	modify(&r->b, "PCMA, L16");
	CHECK_OK(make(r, NULL));
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK_EQ(answer(&r->b, "Speex"), OH_ENOCODEC);
	CHECK_OK(answer(&r->b, NULL));
	CHECK(rig_wait(&r->b, "CONFIRMED"));
	CHECK_STR(spoken(&r->b), "PCMA/8000/1");
	hang_up(r);
	CHECK_OK(make(r, "L16/8000, PCMA"));
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK_OK(answer(&r->b, "PCMA"));
	CHECK(rig_wait(&r->b, "CONFIRMED"));
	CHECK_STR(spoken(&r->b), "PCMA/8000/1");
	/* And it stays so when the audio is agreed anew. */
	CHECK_OK(offhook_call_hold(r->a.phone, r->a.call, NULL, 0));
	CHECK(rig_wait(&r->b, "REMOTE_HOLD"));
	CHECK_STR(spoken(&r->b), "PCMA/8000/1");
	hang_up(r);
	/* Nothing in common: no bell rings. */
	CHECK_OK(make(r, "PCMU"));
	CHECK(rig_wait(&r->a, "DISCONNECTED(488"));
	rig_run_ms(r, 100);
	CHECK_STR(r->b.log, "");
	rig_close(r);
}

TEST(a_choice_that_is_none_is_refused_and_changes_nothing)
{
	struct offhook_account_cfg cfg;
	struct rig *r = rig_with(NULL, 0);
	offhook_id id;

	CHECK_EQ(make(r, "PCMU, Speex"), OH_ENOCODEC);
	CHECK_EQ(make(r, ""), OH_EINVAL);
	offhook_account_cfg_init(&cfg);
	cfg.transport = r->a.transport;
	cfg.codecs = "PCMU/99";
	CHECK_EQ(offhook_account_add(r->a.phone, &cfg, &id), OH_ENOCODEC);
	CHECK_EQ(offhook_account_modify(r->a.phone, r->a.account, &cfg), OH_ENOCODEC);
	CHECK_OK(make(r, NULL));
	talk(r);
	CHECK_STR(spoken(&r->a), "PCMU/8000/1");
	hang_up(r);
	rig_close(r);
}

/* An account that is changed or removed leaves its calls as they were. */
TEST(a_call_keeps_its_choice)
{
	struct rig *r = rig_with(NULL, 0);

	modify(&r->a, "G722");
	modify(&r->b, "G722");
	CHECK_OK(make(r, NULL));
	talk(r);
	modify(&r->a, "PCMU");
	CHECK_OK(offhook_account_remove(r->b.phone, r->b.account));
	side_forget(&r->a);
	CHECK_OK(offhook_call_hold(r->a.phone, r->a.call, NULL, 0));
	CHECK(rig_wait(&r->a, "LOCAL_HOLD"));
	CHECK(said(&r->a, " RTP/AVP 9 101\r\n"));
	CHECK_STR(spoken(&r->b), "G722/8000/1");
	CHECK_OK(side_hangup(&r->a, 0));
	CHECK(rig_wait(&r->b, "DISCONNECTED"));
	rig_close(r);
}

static int priority_of(struct offhook_phone *p, const char *name)
{
	struct offhook_codec_info infos[PHONE_CODECS_MAX];
	size_t n;

	CHECK_OK(offhook_codecs(p, infos, ARRAY_LEN(infos), &n));
	CHECK(n <= ARRAY_LEN(infos));
	for (size_t i = 0; i < n; i++) {
		CHECK(i == 0 || infos[i].priority <= infos[i - 1].priority);
		if (strcmp(infos[i].name, name) == 0)
			return infos[i].priority;
	}
	return -1;
}

TEST(priorities_order_what_is_offered)
{
	struct rig *r = rig_with("PCMU, PCMA", 0);
	struct offhook_phone *p = r->a.phone;
	struct offhook_codec_info first[2];
	size_t n;

	CHECK_EQ(priority_of(p, "PCMU/8000/1"), OFFHOOK_CODEC_PRIORITY);
	CHECK_EQ(priority_of(p, "G722/8000/1"), 0);
	CHECK_OK(offhook_codec_set_priority(p, "G722/16000", 255));
	CHECK_OK(offhook_codec_set_priority(p, "pcma/8000/1", 200));
	CHECK_OK(offhook_codecs(p, first, 2, &n));
	CHECK(n > 7);
	CHECK_STR(first[0].name, "G722/8000/1");
	CHECK_EQ(first[0].rate_hz, 16000);
	CHECK_EQ(first[0].payload_type, 9);
	CHECK_EQ(first[0].ptime_ms, 20);
	CHECK_STR(first[1].name, "PCMA/8000/1");
	CHECK_OK(make(r, NULL));
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK_OK(side_answer(&r->b, 200));
	CHECK(rig_wait(&r->a, "CONFIRMED"));
	CHECK(said(&r->b, " RTP/AVP 8 0 101\r\n")); /* the order of the offer */
	hang_up(r);

	CHECK_EQ(offhook_codec_set_priority(p, "Speex/8000", 1), OH_ENOCODEC);
	CHECK_EQ(offhook_codec_set_priority(p, "PCMU", 1), OH_ENOCODEC);
	CHECK_EQ(offhook_codec_set_priority(p, "PCMU/8000/2", 1), OH_ENOCODEC);
	CHECK_EQ(offhook_codec_set_priority(p, "PCMU/x", 1), OH_EINVAL);
	CHECK_EQ(offhook_codec_set_priority(p, "PCMU/8000", 256), OH_EINVAL);
	CHECK_EQ(offhook_codec_set_priority(p, NULL, 1), OH_EINVAL);
	CHECK_EQ(offhook_codecs(p, NULL, 1, &n), OH_EINVAL);
	CHECK_OK(offhook_codecs(p, NULL, 0, &n));

	/* With all of them off no call can come or go. */
	CHECK_OK(offhook_codec_set_priority(p, "G722/8000", 0));
	CHECK_OK(offhook_codec_set_priority(p, "PCMU/8000", 0));
	CHECK_OK(offhook_codec_set_priority(p, "PCMA/8000", 0));
	CHECK_EQ(make(r, NULL), OH_ENOCODEC);
	CHECK_OK(offhook_call_make(r->b.phone, 0,
		&(struct offhook_call_cfg){.size = sizeof(struct offhook_call_cfg), .uri = "sip:" RIG_A_IP},
		&r->b.call));
	CHECK(rig_wait(&r->b, "DISCONNECTED(488"));
	rig_close(r);
}

TEST(settings_of_codecs_are_checked_and_given_back)
{
	static const struct {
		struct offhook_codec_cfg cfg;
		const char *detail;
	} bad[] = {{{.ptime_ms = 15}, "ptime_ms"}, {{.ptime_ms = 70}, "ptime_ms"},
		{{.bits_per_s = 5999}, "bits_per_s"}, {{.bits_per_s = 510001}, "bits_per_s"},
		{{.max_rate_hz = 44100}, "max_rate_hz"}, {{.fec = (enum offhook_fec)3}, "fec"},
		{{.complexity = 11}, "complexity"}};
	struct rig *r = rig_with(NULL, 0);
	struct offhook_codec_cfg cfg;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		cfg = bad[i].cfg;
		cfg.size = sizeof(cfg);
		CHECK_EQ(offhook_codec_set(r->a.phone, "PCMU/8000", &cfg), OH_EINVAL);
		CHECK(strstr(err_detail_text(), bad[i].detail));
	}
	offhook_codec_cfg_init(&cfg);
	cfg.ptime_ms = 40;
	cfg.vad = 1;
	cfg.plc = 0;
	CHECK_OK(offhook_codec_set(r->a.phone, "PCMU/8000", &cfg));
	CHECK_EQ(offhook_codec_set(r->a.phone, "PCMX/8000", &cfg), OH_ENOCODEC);
	CHECK_EQ(offhook_codec_set(r->a.phone, NULL, &cfg), OH_EINVAL);
	offhook_codec_cfg_init(&cfg);
	CHECK_OK(offhook_codec_get(r->a.phone, "PCMU/8000", &cfg));
	CHECK_EQ(cfg.ptime_ms, 40);
	CHECK_EQ(cfg.vad, 1);
	CHECK_EQ(cfg.plc, 0);
	CHECK_EQ(offhook_codec_get(r->a.phone, "PCMX/8000", &cfg), OH_ENOCODEC);
	CHECK_EQ(offhook_codec_get(r->a.phone, NULL, &cfg), OH_EINVAL);
	CHECK_OK(make(r, NULL));
	talk(r);
	CHECK(said(&r->a, "a=ptime:40\r\n"));
	CHECK(said(&r->a, " RTP/AVP 0 8 13 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 "
			  "PCMA/8000\r\na=rtpmap:13 CN/8000\r\n"));
	CHECK(said(&r->b, " RTP/AVP 0 8 13 101\r\n"));
	CHECK(only_call(&r->a)->media.params.noise.tx);
	CHECK(only_call(&r->a)->media.params.bare);
	/* Who has not asked for it takes it, and sends all the same. */
	CHECK(only_call(&r->b)->media.params.noise.rx && !only_call(&r->b)->media.params.noise.tx);
	CHECK_EQ(only_call(&r->b)->media.params.ptime_ms, 40);
	rig_run_ms(r, 3000);
	{
		struct offhook_call_stats st = {.size = sizeof(st)};

		CHECK_OK(offhook_call_get_stats(r->a.phone, r->a.call, &st));
		CHECK(st.tx_packets < 10 && st.rx_packets > 70);
		CHECK_EQ(st.rx_lost, 0);
	}
	hang_up(r);
	rig_close(r);
}

TEST(opus_takes_the_rate_of_the_bridge_or_less)
{
	static const struct {
		uint32_t bridge_hz, max_hz, rate_hz;
		const char *fmtp;
	} rows[] = {{8000, 0, 8000, "maxplaybackrate=8000;"}, {16000, 0, 16000, "maxplaybackrate=16000;"},
		{16000, 8000, 8000, "maxplaybackrate=8000;"}, {32000, 0, 24000, "maxplaybackrate=24000;"},
		{48000, 0, 48000, "a=fmtp:96 useinbandfec=1\r\n"},
		{8000, 48000, 8000, "maxplaybackrate=8000;"}};

	if (!have("opus", 48000, 2))
		skip();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rig *r = rig_with("opus, PCMU", rows[i].bridge_hz);
		struct offhook_call_stats st = {.size = sizeof(st)};
		struct offhook_codec_cfg cfg;

		offhook_codec_cfg_init(&cfg);
		cfg.max_rate_hz = rows[i].max_hz;
		CHECK_OK(offhook_codec_set(r->a.phone, "opus/48000", &cfg));
		CHECK_OK(make(r, NULL));
		talk(r);
		CHECK_STR(spoken(&r->a), "opus/48000/2");
		CHECK(said(&r->a, rows[i].fmtp));
		CHECK(said(&r->a, "a=rtpmap:96 opus/48000/2\r\n"));
		CHECK_EQ(only_call(&r->a)->media.params.tx->rate_hz, rows[i].rate_hz);
		CHECK_EQ(only_call(&r->b)->media.params.how.max_hz,
			rows[i].rate_hz < 48000 ? rows[i].rate_hz : 0);
		/* telephone-event at both clocks (RFC 4733 2.1); a digit goes over at Opus's. */
		CHECK(said(&r->a, "telephone-event/48000\r\n"));
		CHECK(said(&r->a, "telephone-event/8000\r\n"));
		rig_run_ms(r, 500);
		CHECK_OK(offhook_call_dtmf(r->a.phone, r->a.call, "15#", 0, 0));
		rig_run_ms(r, 2000);
		CHECK_STR(r->b.digits, "15#");
		CHECK_OK(offhook_call_get_stats(r->b.phone, r->b.call, &st));
		CHECK_EQ(st.rx_lost + st.rx_late + st.rx_discarded + st.rx_concealed, 0);
		hang_up(r);
		rig_close(r);
	}
}

#define OFFER(audio) \
	"v=0\r\no=- 1 1 IN IP4 " PEER_IP "\r\ns=-\r\nc=IN IP4 " PEER_IP \
	"\r\nt=0 0\r\nm=audio 4000 RTP/AVP " audio

/* A browser's offer, stereo and all: answered in mono, with its numbers; what it likes to get is heeded. */
TEST(a_stereo_offer_is_answered_in_mono)
{
	struct rig *r;
	struct peer p;

	if (!have("opus", 48000, 2))
		skip();
	r = rig_with("opus, PCMU", 16000);
	peer_open(&p, r);
	peer_say(&p, "INVITE", "bob", "", 1, "",
		OFFER("111 0 126 110\r\na=rtpmap:111 OPUS/48000/2\r\n"
		      "a=fmtp:111 "
		      "minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1;maxaveragebitrate=16000;usedtx=1;"
		      "cbr=1\r\n"
		      "a=rtpmap:126 telephone-event/8000\r\na=rtpmap:110 "
		      "telephone-event/48000\r\na=ptime:30\r\n"));
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK_OK(side_answer(&r->b, 200));
	CHECK(peer_hear(&p));
	CHECK(said(&r->b, " RTP/AVP 111 0 126 110\r\na=rtpmap:111 opus/48000/2\r\n"
			  "a=fmtp:111 maxplaybackrate=16000;sprop-maxcapturerate=16000;useinbandfec=1\r\n"));
	CHECK_EQ(only_call(&r->b)->media.params.tx_pt, 111);
	CHECK_EQ(only_call(&r->b)->media.params.dtmf_tx_pt, 110);
	CHECK_EQ(only_call(&r->b)->media.params.how.bits_per_s, 16000);
	CHECK_EQ(only_call(&r->b)->media.params.how.fec, CODEC_FEC_BY_LOSS);
	CHECK(only_call(&r->b)->media.params.how.dtx && only_call(&r->b)->media.params.how.cbr);
	/* Opus has no packets of 30 ms. */
	CHECK_EQ(only_call(&r->b)->media.params.ptime_ms, 20);
	CHECK_OK(side_hangup(&r->b, 0));
	rig_run_ms(r, 40000);
	peer_close(&p);
	rig_close(r);
}

/* ---- the program's own ---- */

/* Every second sample, as it stands; its state counts. */
struct half_codec {
	unsigned opened, closed, concealed;
	uint32_t mode;
	int fails;
};

static uint32_t half_read(void *arg, const char *fmtp)
{
	(void)arg;
	return strcmp(fmtp, "depth=16") == 0 ? 16 : 0;
}

static int half_open(void *arg, int encoder, uint32_t mode, void **ret_state)
{
	struct half_codec *h = arg;

	if (h->fails)
		return OH_ENOMEM;
	h->opened++;
	if (encoder)
		h->mode = mode;
	*ret_state = h;
	return 0;
}

static void half_close(void *arg, void *state)
{
	CHECK(arg == state);
	((struct half_codec *)arg)->closed++;
}

static int half_encode(void *arg, void *state, const int16_t *pcm, size_t n, uint8_t *bytes, size_t cap)
{
	CHECK(arg == state && n <= cap);
	for (size_t i = 0; i < n; i += 2)
		memcpy(bytes + i, &pcm[i], 2);
	return (int)n;
}

static int half_decode(void *arg, void *state, const uint8_t *bytes, size_t n, int16_t *pcm, size_t cap)
{
	CHECK(arg == state && n <= cap);
	for (size_t i = 0; i < n; i += 2) {
		memcpy(&pcm[i], bytes + i, 2);
		pcm[i + 1] = pcm[i];
	}
	return (int)n;
}

static int half_samples(void *arg, const uint8_t *bytes, size_t n)
{
	(void)arg;
	(void)bytes;
	return n % 2 ? -1 : (int)n;
}

static int half_conceal(void *arg, void *state, int16_t *pcm, size_t n)
{
	CHECK(arg == state);
	memset(pcm, 0, 2 * n);
	((struct half_codec *)arg)->concealed++;
	return 1;
}

static struct offhook_codec half_codec(struct half_codec *h)
{
	struct offhook_codec c;

	offhook_codec_init(&c);
	c.encoding = "X-HALF";
	c.clock_hz = c.rate_hz = 16000;
	c.bits_per_s = 128000;
	c.fmtp = "depth=16";
	c.arg = h;
	c.read_fmtp = half_read;
	c.open = half_open;
	c.close = half_close;
	c.encode = half_encode;
	c.decode = half_decode;
	c.samples = half_samples;
	c.conceal = half_conceal;
	return c;
}

TEST(a_program_brings_its_own_codec)
{
	struct rig *r = rig_with(NULL, 16000);
	struct half_codec a = {0}, b = {0};
	struct offhook_codec codec = half_codec(&a);
	struct offhook_call_stats st = {.size = sizeof(st)};

	CHECK_OK(offhook_codec_add(r->a.phone, &codec));
	codec.arg = &b;
	codec.frame_ms = 20;
	CHECK_OK(offhook_codec_add(r->b.phone, &codec));
	CHECK_EQ(offhook_codec_add(r->b.phone, &codec), OH_EINVAL);
	CHECK_EQ(priority_of(r->a.phone, "X-HALF/16000/1"), OFFHOOK_CODEC_PRIORITY);
	CHECK_OK(make(r, "X-HALF, PCMU"));
	talk(r);
	CHECK_STR(spoken(&r->a), "X-HALF/16000/1");
	CHECK(said(&r->a, "a=fmtp:96 depth=16\r\n"));
	CHECK_EQ(a.mode, 16);
	rig_run_ms(r, 1000);
	sim_wire(r->sim, &(struct sim_wire){.loss = 1, .delay_ns = NS_PER_MS});
	rig_run_ms(r, 60);
	sim_wire(r->sim, &(struct sim_wire){.delay_ns = NS_PER_MS});
	rig_run_ms(r, 1000);
	CHECK_OK(offhook_call_get_stats(r->b.phone, r->b.call, &st));
	CHECK(st.rx_packets > 90 && st.rx_discarded == 0);
	CHECK(b.concealed > 0);
	hang_up(r);
	rig_close(r);
	CHECK(a.opened > 0 && a.opened == a.closed);
	CHECK(b.opened > 0 && b.opened == b.closed);
}

static int half_nothing(void *arg, void *state, const int16_t *pcm, size_t n, uint8_t *bytes, size_t cap)
{
	(void)arg;
	(void)state;
	(void)pcm;
	(void)n;
	(void)bytes;
	return (int)cap + 1; /* a lie */
}

static int half_lie(void *arg, void *state, const uint8_t *bytes, size_t n, int16_t *pcm, size_t cap)
{
	(void)arg;
	(void)state;
	(void)bytes;
	(void)n;
	(void)pcm;
	return (int)cap + 1;
}

TEST(a_codec_that_lies_or_fails_hurts_nobody)
{
	struct rig *r = rig_with(NULL, 16000);
	struct half_codec h = {0};
	struct offhook_codec codec = half_codec(&h);
	struct offhook_call_stats st = {.size = sizeof(st)};

	codec.decode = half_lie;
	codec.read_fmtp = NULL;
	codec.conceal = NULL;
	CHECK_OK(offhook_codec_add(r->a.phone, &codec));
	codec.encoding = "X-MUTE";
	codec.encode = half_nothing;
	codec.open = NULL;
	codec.close = NULL;
	codec.fmtp = NULL;
	CHECK_OK(offhook_codec_add(r->a.phone, &codec));
	codec = half_codec(&h);
	CHECK_OK(offhook_codec_add(r->b.phone, &codec));
	codec.encoding = "X-MUTE";
	codec.arg = NULL;
	codec.open = NULL;
	codec.close = NULL;
	CHECK_OK(offhook_codec_add(r->b.phone, &codec));
	CHECK_OK(make(r, "X-HALF"));
	talk(r);
	rig_run_ms(r, 500);
	CHECK_OK(offhook_call_get_stats(r->a.phone, r->a.call, &st));
	CHECK(st.rx_discarded > 15);
	hang_up(r);
	CHECK_OK(make(r, "X-MUTE"));
	talk(r);
	rig_run_ms(r, 500);
	CHECK_OK(offhook_call_get_stats(r->b.phone, r->b.call, &st));
	CHECK_EQ(st.rx_packets, 0);
	hang_up(r);
	/* No state to be had: the call has no audio, and the next one has. */
	h.fails = 1;
	CHECK_OK(make(r, "X-HALF"));
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK_EQ(side_answer(&r->b, 200), OH_ENOMEM);
	h.fails = 0;
	CHECK_OK(side_answer(&r->b, 200));
	CHECK(rig_wait(&r->a, "CONFIRMED"));
	hang_up(r);
	rig_close(r);
}

TEST(a_codec_out_of_range_is_refused_with_the_reason)
{
	static const struct {
		const char *encoding;
		uint32_t clock_hz, rate_hz, channels;
		int payload_type;
		uint32_t bits_per_s, frame_ms;
		const char *fmtp, *detail;
	} rows[] = {
		{NULL, 8000, 8000, 1, -1, 64000, 20, NULL, "encoding"},
		{"", 8000, 8000, 1, -1, 64000, 20, NULL, "encoding"},
		{"a/b", 8000, 8000, 1, -1, 64000, 20, NULL, "encoding"},
		{"a b", 8000, 8000, 1, -1, 64000, 20, NULL, "encoding"},
		{"abcdefghijklmnopqrstuvwx", 8000, 8000, 1, -1, 64000, 20, NULL, "encoding"},
		{"X", 8000, 11025, 1, -1, 64000, 20, NULL, "rate_hz"},
		{"X", 11025, 8000, 1, -1, 64000, 20, NULL, "clock_hz"},
		{"X", 32000, 48000, 1, -1, 64000, 20, NULL, "clock_hz"},
		{"X", 192000, 48000, 1, -1, 64000, 20, NULL, "clock_hz"},
		{"X", 8000, 8000, 0, -1, 64000, 20, NULL, "channels"},
		{"X", 8000, 8000, 1, 96, 64000, 20, NULL, "payload_type"},
		{"X", 8000, 8000, 1, 13, 64000, 20, NULL, "payload_type"},
		{"X", 8000, 8000, 1, -1, 0, 20, NULL, "bits_per_s"},
		{"X", 8000, 8000, 1, -1, 600000, 20, NULL, "bits_per_s"},
		{"X", 8000, 8000, 1, -1, 64000, 25, NULL, "frame_ms"},
		{"X", 8000, 8000, 1, -1, 64000, 20, "a\r\n", "fmtp"},
		{"PCMU", 8000, 8000, 1, -1, 64000, 20, NULL, "already"},
		{"X", 8000, 8000, 1, 9, 64000, 20, NULL, "payload_type 9 is that of G722"},
	};
	struct rig *r = rig_with(NULL, 16000);
	struct half_codec h = {0};
	struct offhook_codec codec;
	char name[24];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		codec = half_codec(&h);
		codec.encoding = rows[i].encoding;
		codec.clock_hz = rows[i].clock_hz;
		codec.rate_hz = rows[i].rate_hz;
		codec.channels = rows[i].channels;
		codec.payload_type = rows[i].payload_type;
		codec.bits_per_s = rows[i].bits_per_s;
		codec.frame_ms = rows[i].frame_ms;
		codec.fmtp = rows[i].fmtp;
		CHECK_EQ(offhook_codec_add(r->a.phone, &codec), OH_EINVAL);
		CHECK(strstr(err_detail_text(), rows[i].detail));
	}
	codec = half_codec(&h);
	codec.samples = NULL;
	CHECK_EQ(offhook_codec_add(r->a.phone, &codec), OH_EINVAL);
	CHECK_EQ(offhook_codec_add(r->a.phone, NULL), OH_EINVAL);
	codec = half_codec(&h);
	codec.encoding = name;
	for (unsigned i = 0; i < PROGRAM_CODECS_MAX; i++) {
		snprintf(name, sizeof(name), "X-%u", i);
		CHECK_OK(offhook_codec_add(r->a.phone, &codec));
	}
	snprintf(name, sizeof(name), "X-TOO-MANY");
	CHECK_EQ(offhook_codec_add(r->a.phone, &codec), OH_ETOOMANY);
	rig_close(r);
}

/* ---- memory ---- */

static int whole_story(void *arg)
{
	struct half_codec h = {0};
	struct offhook_codec codec = half_codec(&h);
	struct offhook_account_cfg cfg;
	struct offhook_answer a;
	struct rig *r;
	int err;

	(void)arg;
	rig_codecs = have("opus", 48000, 2) ? "opus, G722, PCMU" : "G722, PCMU";
	r = rig_try_new(OFFHOOK_DELIVER_INLINE, with_codecs);
	rig_codecs = NULL;
	if (!r)
		return OH_ENOMEM;
	err = offhook_codec_add(r->a.phone, &codec);
	if (!err)
		err = offhook_codec_set_priority(r->a.phone, "PCMA/8000", 7);
	offhook_account_cfg_init(&cfg);
	cfg.transport = r->b.transport;
	cfg.codecs = "PCMA, G722, opus";
	if (!have("opus", 48000, 2))
		cfg.codecs = "PCMA, G722";
	if (!err)
		err = offhook_account_modify(r->b.phone, r->b.account, &cfg);
	if (!err)
		err = make(r, rig_codecs ? rig_codecs : "G722, PCMA");
	rig_run_ms(r, 100);
	if (!err && strstr(r->b.log, "INCOMING")) {
		offhook_answer_init(&a);
		a.codecs = "G722";
		err = offhook_call_answer(r->b.phone, r->b.call, &a);
		rig_run_ms(r, 100);
	}
	rig_drop(r);
	CHECK_EQ(h.opened, h.closed);
	return err;
}

TEST(lack_of_memory_at_any_moment)
{
	check_every_allocation_fails(whole_story, NULL);
}

TESTS(RUN(the_phone_the_account_and_the_call_choose_in_this_order),
	RUN(a_choice_that_is_none_is_refused_and_changes_nothing), RUN(a_call_keeps_its_choice),
	RUN(priorities_order_what_is_offered), RUN(settings_of_codecs_are_checked_and_given_back),
	RUN(opus_takes_the_rate_of_the_bridge_or_less), RUN(a_stereo_offer_is_answered_in_mono),
	RUN(a_program_brings_its_own_codec), RUN(a_codec_that_lies_or_fails_hurts_nobody),
	RUN(a_codec_out_of_range_is_refused_with_the_reason), RUN(lack_of_memory_at_any_moment))
