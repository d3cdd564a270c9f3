/*
 * The tick of real media threads, watched: two phones on loopback with all that a tick can have to do, and no offence
 * (offences.h) in any of them. First the watch itself is tried on ports that do what they must not.
 */
#include "check.h"
#include "phone/offences.h"
#include "phone/rig.h"

#include "audio/engine.h"
#include "offhook/offhook.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

/* ---- the watch sees each of them ---- */

struct offender {
	struct port port;
	void (*act)(struct offender *o);
	struct host *host;
	struct engine *engine;
	pthread_mutex_t mutex;
	pthread_rwlock_t rwlock;
	int fd;
	void *block;
};

static void take_memory(struct offender *o)
{
	o->block = malloc(10);
}

static void clear_memory(struct offender *o)
{
	o->block = calloc(10, 1);
}

static void move_memory(struct offender *o)
{
	o->block = realloc(o->block, 1000);
}

static void free_memory(struct offender *o)
{
	free(o->block);
	o->block = NULL;
}

static void take_lock(struct offender *o)
{
	CHECK_OK(pthread_mutex_lock(&o->mutex));
	CHECK_OK(pthread_mutex_unlock(&o->mutex));
}

static void read_lock(struct offender *o)
{
	CHECK_OK(pthread_rwlock_rdlock(&o->rwlock));
	CHECK_OK(pthread_rwlock_unlock(&o->rwlock));
}

static void wait_a_little(struct offender *o)
{
	(void)o;
	usleep(1);
}

static void write_line(struct offender *o)
{
	host_log(o->host, LOG_TRACE, "test", "a line");
}

static void open_file(struct offender *o)
{
	(void)o;
	close(open("/dev/null", O_RDONLY));
}

static void write_file(struct offender *o)
{
	CHECK_EQ(write(o->fd, "x", 1), 1);
}

static void read_file(struct offender *o)
{
	char c;

	CHECK(read(o->fd, &c, 1) >= 0);
}

static void sync_file(struct offender *o)
{
	(void)fsync(o->fd);
}

static void keep_quiet(struct offender *o)
{
	(void)o;
}

static bool offend(struct port *p, int16_t *pcm, size_t n, const struct audio_tick *t)
{
	struct offender *o = (struct offender *)p;

	(void)pcm, (void)n, (void)t;
	if (o->act) {
		o->act(o);
		o->act = NULL;
		engine_report(o->engine, &(struct media_report){.type = MEDIA_FILE_END});
	}
	return false;
}

static void keep(struct port *p)
{
	(void)p;
}

static const struct port_ops offender_ops = {
	.kind = "offender", .pull = offend, .free = keep, .pull_always = true};

static void on_report(void *arg, const struct media_report *r)
{
	(void)r;
	host_stop(((struct offender *)arg)->host);
}

static void on_wake(void *arg)
{
	engine_dispatch(((struct offender *)arg)->engine);
}

static void on_idle(void *arg)
{
	engine_publish(((struct offender *)arg)->engine);
}

static void on_line(void *arg, enum log_level level, const char *module, const char *text)
{
	(void)arg, (void)level, (void)module, (void)text;
	offence("log");
}

static void let_offend(struct offender *o, void (*act)(struct offender *o))
{
	struct engine_cfg cfg;
	struct bridge_slot slot;

	CHECK_OK(host_uv_new(&o->host));
	host_log_to(o->host, LOG_TRACE, on_line, NULL);
	engine_cfg_defaults(&cfg);
	cfg.host = o->host;
	cfg.report = on_report;
	cfg.report_arg = o;
	CHECK_OK(engine_new(&cfg, &o->engine));
	o->port = (struct port){&offender_ops, 16000};
	o->act = act;
	CHECK_OK(bridge_add(engine_bridge(o->engine), &o->port, &slot));
	host_on_wake(o->host, on_wake, o);
	host_on_idle(o->host, on_idle, o);
	host_wake(o->host);
	CHECK_OK(host_run(o->host));
	engine_free(o->engine);
	host_free(o->host);
}

TEST(the_watch_sees_every_kind_of_offence)
{
	static const struct {
		const char *name;
		void (*act)(struct offender *o);
	} rows[] = {{"malloc", take_memory}, {"realloc", move_memory}, {"free", free_memory},
		{"calloc", clear_memory}, {"free", free_memory}, {"pthread_mutex_lock", take_lock},
		{"pthread_rwlock_rdlock", read_lock}, {"usleep", wait_a_little}, {"log", write_line},
		{"open", open_file}, {"write", write_file}, {"read", read_file}, {"fsync", sync_file}};
	struct offender o = {.mutex = PTHREAD_MUTEX_INITIALIZER, .rwlock = PTHREAD_RWLOCK_INITIALIZER};
	char path[128];

	o.fd = open(rig_path("offence", path), O_RDWR | O_CREAT | O_TRUNC, 0600);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		offences_forget();
		let_offend(&o, rows[i].act);
		if (!offences_have(rows[i].name))
			fail_msg("%s has not been seen", rows[i].name);
	}
	/* And it sees no others. */
	offences_forget();
	let_offend(&o, keep_quiet);
	CHECK(offence_ticks() > 0);
	CHECK_EQ(offences(), 0);
	close(o.fd);
	unlink(path);
}

/* ---- calls ---- */

enum { CALLS = 18, SOURCES = 4, FRAMES = 140, WAIT_MS = 10000 };

struct end {
	struct offhook_phone *phone;
	uint16_t port;
	offhook_id calls[CALLS], slots[CALLS];
	size_t n_calls, n_digits;
};

struct stage {
	struct end a, b;
	offhook_id ports[SOURCES], slots[SOURCES]; /* of a: player, tone, the program, recorder */
};

static size_t find(const struct end *end, offhook_id call)
{
	size_t i = 0;

	while (i < end->n_calls && end->calls[i] != call)
		i++;
	return i;
}

static void on_event(void *arg, const struct offhook_event *e)
{
	struct end *end = arg;
	size_t i;

	end->n_digits += e->type == OFFHOOK_EVENT_CALL_DTMF;
	if (!e->call)
		return;
	i = find(end, e->id);
	if (i == end->n_calls && i < CALLS)
		end->calls[end->n_calls++] = e->id;
	if (i < CALLS)
		end->slots[i] = e->call->slot;
	if (e->type == OFFHOOK_EVENT_CALL_INCOMING)
		CHECK_OK(offhook_call_answer(end->phone, e->id, NULL));
}

static void on_log(void *arg, int level, const char *module, const char *text)
{
	(void)arg, (void)level, (void)module, (void)text;
	offence("log");
}

/* The first list, in a build that has Opus. */
static const char *with_opus(const char *codecs, const char *without)
{
	return codec_find(SLICE_LIT("opus"), 48000, 2) ? codecs : without;
}

static void end_open(struct end *end, unsigned threads)
{
	struct offhook_phone_cfg cfg;
	struct offhook_transport_cfg udp;
	struct offhook_transport_info info = {.size = sizeof(info)};
	struct offhook_account_cfg account;
	offhook_id id;

	*end = (struct end){0};
	offhook_phone_cfg_init(&cfg);
	cfg.delivery = OFFHOOK_DELIVER_PULL;
	cfg.on_event = on_event;
	cfg.on_event_arg = end;
	cfg.media_threads = threads;
	cfg.codecs = with_opus("PCMU, G722, opus", "PCMU, G722");
	cfg.log_level = OFFHOOK_LOG_TRACE;
	cfg.on_log = on_log;
	CHECK_OK(offhook_phone_new(&cfg, &end->phone));
	offhook_transport_cfg_init(&udp);
	udp.address = "127.0.0.1";
	CHECK_OK(offhook_transport_add(end->phone, &udp, &id));
	CHECK_OK(offhook_transport_get_info(end->phone, id, &info));
	end->port = info.port;
	offhook_account_cfg_init(&account);
	account.transport = id;
	CHECK_OK(offhook_account_add(end->phone, &account, &id));
}

static void make_call(struct stage *s, const char *codecs)
{
	struct offhook_call_cfg cfg;
	char uri[64];
	offhook_id id;

	offhook_call_cfg_init(&cfg);
	snprintf(uri, sizeof(uri), "sip:127.0.0.1:%u", s->b.port);
	cfg.uri = uri;
	cfg.codecs = codecs;
	CHECK_OK(offhook_call_make(s->a.phone, 0, &cfg, &id));
}

/* The tick itself is the clock: 20 ms more have been heard. */
static void frame(struct stage *s)
{
	int16_t pcm[320];

	CHECK_EQ(offhook_audio_read(s->a.phone, s->ports[2], pcm, ARRAY_LEN(pcm), WAIT_MS, NULL),
		ARRAY_LEN(pcm));
	CHECK(offhook_audio_write(s->a.phone, s->ports[2], pcm, ARRAY_LEN(pcm), 0) >= 0);
	while (offhook_process(s->a.phone, 0) > 0)
		;
	while (offhook_process(s->b.phone, 0) > 0)
		;
}

static void add_tone(struct stage *s)
{
	struct offhook_tone_cfg cfg;

	offhook_tone_cfg_init(&cfg);
	CHECK_OK(offhook_tone_new(s->a.phone, &cfg, &s->ports[1], &s->slots[1]));
}

static void open_sources(struct stage *s, const char *in, const char *out)
{
	int16_t pcm[4000];

	speech_like(pcm, ARRAY_LEN(pcm), 8000, 1);
	wav_put(in, pcm, ARRAY_LEN(pcm), 8000);
	CHECK_OK(offhook_player_new(s->a.phone, in, 1, NULL, &s->ports[0], &s->slots[0]));
	add_tone(s);
	CHECK_OK(offhook_audio_new(s->a.phone, NULL, &s->ports[2], &s->slots[2]));
	CHECK_OK(offhook_recorder_new(s->a.phone, out, &s->ports[3], &s->slots[3]));
	CHECK_OK(offhook_connect(s->a.phone, s->slots[0], s->slots[2]));
}

/* Who is not there, or held, is passed over. */
static void join(struct stage *s, unsigned round)
{
	const struct end *b = &s->b;

	for (size_t i = 0; i < s->a.n_calls; i++) {
		(void)offhook_connect(s->a.phone, s->slots[(i + round) % 3], s->a.slots[i]);
		(void)offhook_connect(s->a.phone, s->a.slots[i], s->slots[2 + (i + round) % 2]);
		(void)offhook_slot_set_levels(s->a.phone, s->a.slots[i], 1.5f, 0.5f);
	}
	/* A conference, or two by two. */
	for (size_t i = 0; i < b->n_calls; i++) {
		for (size_t k = 0; k < b->n_calls; k++) {
			if (round % 2 ? k / 2 == i / 2 && k != i : k != i)
				(void)offhook_connect(b->phone, b->slots[i], b->slots[k]);
			else
				(void)offhook_disconnect(b->phone, b->slots[i], b->slots[k]);
		}
	}
}

static void change(struct stage *s, unsigned i)
{
	struct offhook_listen_cfg listen;
	struct offhook_phone *a = s->a.phone;

	if (i % 20 == 10)
		join(s, i / 20);
	switch (i) {
	case 15:
		offhook_listen_cfg_init(&listen);
		listen.speech = 1;
		listen.silence_ms = 100;
		CHECK_OK(offhook_call_listen(s->b.phone, s->b.calls[0], &listen));
		break;
	case 25:
		for (size_t k = 0; k < s->a.n_calls; k++)
			CHECK_OK(offhook_call_dtmf(a, s->a.calls[k], "12", 0, 0));
		break;
	case 40:
		CHECK_OK(offhook_call_hold(a, s->a.calls[0], NULL, 0));
		CHECK_OK(offhook_player_seek(a, s->ports[0], 1000));
		break;
	case 55:
		CHECK_OK(offhook_audio_mark(a, s->ports[2], 1));
		CHECK_OK(offhook_audio_clear(a, s->ports[2], 5, NULL));
		break;
	case 70:
		CHECK_OK(offhook_call_reinvite(a, s->a.calls[0], NULL, 0));
		CHECK_OK(offhook_port_remove(a, s->ports[1]));
		add_tone(s);
		break;
	case 90:
		CHECK_OK(offhook_call_hangup(a, s->a.calls[1], NULL));
		break;
	case 100:
		make_call(s, "PCMU");
		break;
	case 120:
		CHECK_OK(offhook_port_remove(a, s->ports[3]));
		break;
	}
}

static void talk(unsigned threads)
{
	const char *const wide = with_opus("opus, G722", "G722");
	const char *const codecs[] = {"PCMU", "PCMU", wide, wide, "G722"};
	struct stage s;
	char in[128], out[128];

	end_open(&s.a, threads);
	end_open(&s.b, threads);
	open_sources(&s, rig_path("tick-in.wav", in), rig_path("tick-out.wav", out));
	offences_forget();
	for (size_t i = 0; i + 1 < CALLS; i++)
		make_call(&s, codecs[i % ARRAY_LEN(codecs)]);
	for (unsigned i = 0; i < FRAMES; i++) {
		frame(&s);
		change(&s, i);
	}
	CHECK_EQ(s.b.n_calls, CALLS);
	CHECK(s.b.n_digits > 0);
	CHECK(offence_ticks() >= FRAMES);
	if (offences()) {
		offences_print();
		fail_msg("%zu offences", offences());
	}
	offhook_phone_free(s.a.phone);
	offhook_phone_free(s.b.phone);
	unlink(in);
	unlink(out);
}

TEST(a_tick_takes_no_memory_no_lock_no_log_and_no_disk)
{
	talk(1);
}

TEST(nor_does_a_tick_of_several_threads)
{
	talk(2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {RUN(the_watch_sees_every_kind_of_offence),
		RUN(a_tick_takes_no_memory_no_lock_no_log_and_no_disk),
		RUN(nor_does_a_tick_of_several_threads)};
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
