/* Many legs for a long time: see soak.h. */
#include "soak.h"

#include "base/err.h"
#include "rig.h"

#include <inttypes.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* Short, so that what SIP keeps of ended transactions (64*T1) is gone soon. */
#define T1_MS      150u
#define DRAIN_MS   (64 * T1_MS + 5000 + 60000) /* ..., and RTP ports rest; the rest is for the machine */
#define LEGS_MAX   20000u
#define DESCRIPTOR 16384u

/* ---- time and chance ---------------------------------------------------------------------------------------------- */

uint64_t soak_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

unsigned soak_draw(uint64_t *random, unsigned bound)
{
	*random = *random * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(*random >> 33) % bound;
}

void soak_wait(struct soak *s, unsigned ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&s->lock);
	(void)pthread_cond_timedwait(&s->moved, &s->lock, &until);
	pthread_mutex_unlock(&s->lock);
}

void soak_tell(struct soak *s)
{
	pthread_mutex_lock(&s->lock);
	pthread_cond_broadcast(&s->moved);
	pthread_mutex_unlock(&s->lock);
}

static unsigned setting(const char *name, unsigned otherwise, unsigned most)
{
	const char *text = getenv(name);
	unsigned long n = text ? strtoul(text, NULL, 10) : otherwise;

	return n < 2 ? 2 : n > most ? most : (unsigned)n;
}

/* ---- what the programs are told ----------------------------------------------------------------------------------- */

static struct soak soak;

static bool let_ring(struct soak_phone *p, offhook_id call)
{
	bool room;

	pthread_mutex_lock(&p->lock);
	room = p->n_ringing < SOAK_RINGING;
	if (room)
		p->ringing[p->n_ringing++] = call;
	pthread_mutex_unlock(&p->lock);
	return room;
}

/* As a program does: its audio is connected again with each change. */
static void connect_audio(struct soak_phone *p, const struct offhook_call_info *call)
{
	offhook_id device;

	if (!call->slot || soak_draw(&p->random, 2) || offhook_slot_of(p->phone, 0, &device))
		return;
	offhook_connect(p->phone, call->slot, device);
	offhook_connect(p->phone, device, call->slot);
}

static void ask_for_decision(struct soak_phone *p, const struct offhook_question *q)
{
	if (soak_draw(&p->random, 2)) {
		offhook_question_answer(p->phone, q->ticket, soak_draw(&p->random, 4) ? 202 : 603, NULL);
		return;
	}
	pthread_mutex_lock(&p->lock);
	p->ticket = q->ticket;
	pthread_mutex_unlock(&p->lock);
}

static void on_event(void *arg, const struct offhook_event *e)
{
	struct soak_phone *p = arg;

	p->events[e->type < SOAK_EVENTS ? e->type : 0]++;
	switch (e->type) {
	case OFFHOOK_EVENT_CALL_INCOMING:
		p->begun++;
		if (soak_draw(&p->random, 4) == 0 || !let_ring(p, e->id))
			soak_answer(p, &p->random, e->id);
		break;
	case OFFHOOK_EVENT_TRANSFERRED:
	case OFFHOOK_EVENT_REPLACED:
		p->begun++;
		break;
	case OFFHOOK_EVENT_CALL_STATE:
		p->confirmed += e->call->state == OFFHOOK_CALL_CONFIRMED;
		p->ended += e->call->state == OFFHOOK_CALL_DISCONNECTED;
		break;
	case OFFHOOK_EVENT_CALL_MEDIA:
		connect_audio(p, e->call);
		break;
	case OFFHOOK_EVENT_QUESTION:
		ask_for_decision(p, e->question);
		break;
	default:
		return;
	}
	soak_tell(&soak);
}

/* ---- the phones --------------------------------------------------------------------------------------------------- */

static void phone_open(struct soak_phone *p, const char *name, enum offhook_delivery delivery)
{
	struct offhook_transport_info info = {.size = sizeof(info)};
	struct offhook_phone_cfg cfg;
	struct offhook_transport_cfg udp;
	struct offhook_account_cfg account;
	struct offhook_device_cfg device;

	p->name = name;
	p->random = soak.seed ^ (uint64_t)delivery << 40;
	pthread_mutex_init(&p->lock, NULL);
	offhook_phone_cfg_init(&cfg);
	cfg.delivery = delivery;
	cfg.on_event = on_event;
	cfg.on_event_arg = p;
	cfg.codecs = "PCMU, PCMA, L16/8000, G722";
	cfg.t1_ms = T1_MS;
	CHECK_OK(offhook_phone_new(&cfg, &p->phone));
	offhook_device_cfg_init(&device);
	device.capture = device.playback = OFFHOOK_DEVICE_NULL;
	CHECK_OK(offhook_device_set(p->phone, &device));
	offhook_transport_cfg_init(&udp);
	udp.address = "127.0.0.1";
	CHECK_OK(offhook_transport_add(p->phone, &udp, &p->transport));
	CHECK_OK(offhook_transport_get_info(p->phone, p->transport, &info));
	snprintf(p->uri, sizeof(p->uri), "sip:%s@127.0.0.1:%u", name, info.port);
	offhook_account_cfg_init(&account);
	account.transport = p->transport;
	CHECK_OK(offhook_account_add(p->phone, &account, &p->account));
}

static void phone_free(struct soak_phone *p)
{
	CHECK_OK(offhook_phone_close(p->phone, 5000));
	offhook_phone_free(p->phone);
	pthread_mutex_destroy(&p->lock);
}

/* ---- the end ------------------------------------------------------------------------------------------------------ */

/* Of a phone's calls all, or those alone that it has with itself, hear that it is over. */
static void hang_up_calls(struct soak_phone *p, bool all)
{
	static offhook_id ids[LEGS_MAX];
	const char *port = strrchr(p->uri, ':');
	long n = offhook_calls(p->phone, ids, ARRAY_LEN(ids));

	for (long i = 0; i < n && i < (long)ARRAY_LEN(ids); i++) {
		struct offhook_call_info *info;

		if (offhook_call_get_info(p->phone, ids[i], &info))
			continue;
		if (all || strstr(info->remote_contact, port))
			offhook_call_hangup(p->phone, ids[i], NULL);
		offhook_call_info_free(info);
	}
}

static bool is_quiet(struct soak_phone *p)
{
	struct offhook_counters c = {.size = sizeof(c)};

	CHECK_OK(offhook_phone_counters(p->phone, &c));
	return !c.calls && !c.dialogs && !c.transactions && !c.timers && !c.slots && !c.events &&
	       !c.rtp_ports;
}

/* The first phone says goodbye; the second one must come to its end by what it hears. What transfers still begin ends the
 * same way. */
static void drain(void)
{
	uint64_t begun = soak_now_ms(), limit = begun + DRAIN_MS;

	for (size_t i = 0; i < ARRAY_LEN(soak.phones); i++)
		soak_remove_ports(&soak.phones[i]);
	do {
		hang_up_calls(&soak.phones[0], true);
		hang_up_calls(&soak.phones[1], false);
		if (soak_now_ms() > limit)
			soak_stands(&soak, "something does not end");
		soak_wait(&soak, 100);
	} while (!is_quiet(&soak.phones[0]) || !is_quiet(&soak.phones[1]));
	print_message("# all has ended after %" PRIu64 " ms\n", soak_now_ms() - begun);
}

/* What must have happened, or this tests nothing. */
static void check_events(void)
{
	static const struct {
		const char *name;
		enum offhook_event_type type;
	} wanted[] = {
		{"incoming", OFFHOOK_EVENT_CALL_INCOMING},
		{"media", OFFHOOK_EVENT_CALL_MEDIA},
		{"digits", OFFHOOK_EVENT_CALL_DTMF},
		{"digits sent", OFFHOOK_EVENT_CALL_DTMF_SENT},
		{"requests", OFFHOOK_EVENT_CALL_REQUEST},
		{"responses", OFFHOOK_EVENT_CALL_RESPONSE},
		{"players' ends", OFFHOOK_EVENT_PLAYER_END},
		{"tones' ends", OFFHOOK_EVENT_TONE_END},
		{"questions", OFFHOOK_EVENT_QUESTION},
		{"transfers' fates", OFFHOOK_EVENT_TRANSFER_STATUS},
		{"calls by transfer", OFFHOOK_EVENT_TRANSFERRED},
	};
	const struct soak_phone *p = soak.phones;

	for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
		uint64_t n = p[0].events[wanted[i].type] + p[1].events[wanted[i].type];

		print_message("# %-20s %8" PRIu64 "\n", wanted[i].name, n);
		if (!n)
			fail_msg("never told: %s", wanted[i].name);
	}
	for (size_t i = 0; i < ARRAY_LEN(soak.phones); i++) {
		print_message("# phone %s: %" PRIu64 " calls began, %" PRIu64 " ended, %" PRIu64
			      " confirmed\n",
			p[i].name, p[i].begun, p[i].ended, p[i].confirmed);
		CHECK_EQ(p[i].begun, p[i].ended);
		CHECK(p[i].confirmed >= soak.legs / 2);
	}
}

static void prepare(void)
{
	const char *seed = getenv("OFFHOOK_SEED");
	pthread_condattr_t monotonic;
	int16_t pcm[8000];

	soak.seconds = setting("OFFHOOK_SOAK_SECONDS", 20, 1000000);
	soak.legs = setting("OFFHOOK_SOAK_LEGS", 64, LEGS_MAX);
	soak.seed = seed ? strtoull(seed, NULL, 10) : soak_now_ms();
	print_message("# OFFHOOK_SEED=%" PRIu64 " OFFHOOK_SOAK_SECONDS=%u OFFHOOK_SOAK_LEGS=%u\n", soak.seed,
		soak.seconds, soak.legs);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&soak.moved, &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_mutex_init(&soak.lock, NULL);
	snprintf(soak.wav, sizeof(soak.wav), "/tmp/offhook-soak-%d.wav", (int)getpid());
	speech_like(pcm, ARRAY_LEN(pcm), 8000, 1);
	wav_put(soak.wav, pcm, ARRAY_LEN(pcm), 8000);
}

TEST(what_many_threads_have_begun_ends_by_itself)
{
	uint64_t end_ms;

	prepare();
	end_ms = soak_now_ms() + soak.seconds * 1000;
	phone_open(&soak.phones[0], "a", OFFHOOK_DELIVER_THREAD);
	phone_open(&soak.phones[1], "b", OFFHOOK_DELIVER_INLINE);
	soak_watch(&soak);
	for (unsigned i = 0; i < SOAK_ACTORS; i++) {
		soak.actors[i].soak = &soak;
		soak.actors[i].number = i + 1;
		soak.actors[i].random = soak.seed * 31 + i;
		CHECK_OK(pthread_create(&soak.actors[i].thread, NULL, soak_act, &soak.actors[i]));
	}
	while (soak_now_ms() < end_ms)
		soak_wait(&soak, (unsigned)(end_ms - soak_now_ms()) + 1);
	soak.over = true;
	soak_tell(&soak);
	for (unsigned i = 0; i < SOAK_ACTORS; i++)
		pthread_join(soak.actors[i].thread, NULL);
	drain();
	soak_watch_end(&soak);
	soak_moves_check();
	check_events();
	phone_free(&soak.phones[0]);
	phone_free(&soak.phones[1]);
	unlink(soak.wav);
	pthread_cond_destroy(&soak.moved);
	pthread_mutex_destroy(&soak.lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {RUN(what_many_threads_have_begun_ends_by_itself)};
	struct rlimit files;
	struct offhook_phone *first;
	int failed;

	/* Two sockets a leg. */
	getrlimit(RLIMIT_NOFILE, &files);
	if (files.rlim_cur < DESCRIPTOR)
		files.rlim_cur = files.rlim_max < DESCRIPTOR ? files.rlim_max : DESCRIPTOR;
	setrlimit(RLIMIT_NOFILE, &files);
	/* Whatever cards this machine has stay silent. */
	setenv("PULSE_SERVER", "unix:/nonexistent", 1);
	setenv("ALSA_CONFIG_PATH", "/dev/null", 1);
	/* libuv keeps a pair of descriptors for the whole process from its first loop on: before they are counted. */
	if (offhook_phone_new(NULL, &first))
		return 1;
	offhook_phone_free(first);
	check_tap_begin();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	check_tap_end();
	return failed;
}
