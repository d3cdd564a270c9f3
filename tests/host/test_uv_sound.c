/* Real sound systems: a private PulseAudio with virtual cards, and what ALSA defines without any card. */
#include "world.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

/* Long enough for a machine that does something else. */
#define LIMIT_S 60

/* ---- waiting ---- */

struct until {
	struct world *w;
	struct host_timer *look, *limit;
	bool (*holds)(void *arg);
	void *arg;
	bool held;
};

static void look(void *arg)
{
	struct until *u = arg;

	u->held = u->holds(u->arg);
	if (u->held)
		host_stop(u->w->host);
	else
		host_timer_at(u->look, host_now(u->w->host) + 5 * NS_PER_MS);
}

static void give_up(void *arg)
{
	host_stop(((struct until *)arg)->w->host);
}

static void wait_until(struct world *w, bool (*holds)(void *arg), void *arg)
{
	struct until u = {.w = w, .holds = holds, .arg = arg};

	CHECK_OK(host_timer_new(w->host, look, &u, &u.look));
	CHECK_OK(host_timer_new(w->host, give_up, &u, &u.limit));
	host_timer_at(u.look, 0);
	host_timer_at(u.limit, host_now(w->host) + LIMIT_S * NS_PER_S);
	CHECK_OK(host_run(w->host));
	host_timer_free(u.look);
	host_timer_free(u.limit);
	CHECK(u.held);
}

/* ---- the server ---- */

struct server {
	char folder[64], socket[96], load[160];
	pid_t pid;
};

/* It does not outlive a test that fails. */
static pid_t running;

static void kill_running(void)
{
	if (running)
		kill(running, SIGKILL);
}

static void server_run(struct server *s)
{
	s->pid = running = fork();
	if (s->pid == 0) {
		if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
			_exit(1);
		execlp("pulseaudio", "pulseaudio", "-n", "--daemonize=no", "--use-pid-file=no",
			"--exit-idle-time=-1", "--disable-shm=true", "--realtime=no", "--high-priority=no",
			"-L", s->load, "-L", "module-null-sink sink_name=speaker", "-L",
			"module-null-sink sink_name=micfeed", "-L",
			"module-remap-source source_name=mic master=micfeed.monitor", (char *)NULL);
		_exit(127);
	}
}

static void server_kill(struct server *s)
{
	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
	running = 0;
	unlink(s->socket);
}

static void server_start(struct server *s)
{
	char address[128];

	if (system("command -v pulseaudio >/dev/null")) {
		print_message("# no pulseaudio\n");
		skip();
	}
	snprintf(s->folder, sizeof(s->folder), "/tmp/offhook-sound-XXXXXX");
	CHECK(mkdtemp(s->folder));
	snprintf(s->socket, sizeof(s->socket), "%s/native", s->folder);
	snprintf(s->load, sizeof(s->load), "module-native-protocol-unix socket=%s auth-anonymous=1",
		s->socket);
	snprintf(address, sizeof(address), "unix:%s", s->socket);
	setenv("HOME", s->folder, 1);
	setenv("XDG_RUNTIME_DIR", s->folder, 1);
	setenv("PULSE_SERVER", address, 1);
	atexit(kill_running);
	server_run(s);
}

static void server_end(struct server *s)
{
	char remove[128];

	server_kill(s);
	snprintf(remove, sizeof(remove), "rm -rf '%s'", s->folder);
	CHECK_EQ(system(remove), 0);
}

/* ---- cards ---- */

struct card {
	struct world *w;
	struct host_sound *sound;
	_Atomic uint64_t samples, loud;
	unsigned at;
	int err;
};

/* A tone out, and how loud it is when it comes in. */
static void say(void *arg, int16_t *pcm, size_t n)
{
	struct card *c = arg;

	for (size_t i = 0; i < n; i++)
		pcm[i] = c->at++ % 40 < 20 ? 8000 : -8000;
	atomic_fetch_add(&c->samples, n);
}

static void hear(void *arg, int16_t *pcm, size_t n)
{
	struct card *c = arg;

	for (size_t i = 0; i < n; i++)
		atomic_fetch_add(&c->loud, pcm[i] > 4000);
	atomic_fetch_add(&c->samples, n);
}

static int card_open(struct world *w, struct card *c, const char *id, enum host_sound_side side)
{
	struct host_sound_cfg cfg = {.id = id,
		.side = side,
		.rate_hz = 16000,
		.latency_ms = 40,
		.block = side == HOST_SOUND_CAPTURE ? hear : say,
		.arg = c};

	*c = (struct card){.w = w};
	return host_sound_open(w->host, &cfg, &c->sound);
}

static bool runs(void *arg)
{
	struct card *c = arg;

	return host_sound_state(c->sound, &c->err) == HOST_SOUND_OPEN && atomic_load(&c->samples) > 4000;
}

static bool hears(void *arg)
{
	return atomic_load(&((struct card *)arg)->loud) > 4000;
}

static bool failed(void *arg)
{
	struct card *c = arg;

	return host_sound_state(c->sound, &c->err) == HOST_SOUND_FAILED;
}

static bool is_listed(void *arg)
{
	struct world *w = arg;
	struct host_sound_info infos[8];

	return host_sound_list(w->host, infos, ARRAY_LEN(infos), 100) >= 3 &&
	       host_sound_present(w->host, "pulse:mic");
}

static bool is_gone(void *arg)
{
	return !host_sound_present(((struct world *)arg)->host, "pulse:mic");
}

static const struct host_sound_info *find(const struct host_sound_info *infos, long n, const char *id)
{
	for (long i = 0; i < n; i++) {
		if (!strcmp(infos[i].id, id))
			return &infos[i];
	}
	return NULL;
}

TEST(pulse_lists_its_cards_plays_and_records_and_survives_its_server)
{
	struct server server;
	struct host_sound_info infos[16];
	struct card out, in, other;
	struct world w;
	unsigned changes;
	long n;

	server_start(&server);
	world_open(&w);
	if (!host_sound_default(w.host, 0) || strcmp(host_sound_default(w.host, 0), "pulse") != 0) {
		world_close(&w);
		server_end(&server);
		print_message("# built without libpulse\n");
		skip();
	}
	wait_until(&w, is_listed, &w);
	n = host_sound_list(w.host, infos, ARRAY_LEN(infos), 2000);
	CHECK(find(infos, n, "pulse:speaker") && find(infos, n, "pulse:speaker")->default_playback);
	CHECK(find(infos, n, "pulse:mic") && find(infos, n, "pulse:mic")->capture_channels == 2);
	CHECK(!find(infos, n, "pulse:speaker.monitor"));
	CHECK_EQ(host_sound_list(w.host, NULL, 0, 0), n);

	/* What is said into the virtual microphone is heard there. */
	CHECK_OK(card_open(&w, &out, "pulse:micfeed", HOST_SOUND_PLAYBACK));
	CHECK_OK(card_open(&w, &in, "pulse:mic", HOST_SOUND_CAPTURE));
	wait_until(&w, hears, &in);
	wait_until(&w, runs, &out);
	/* What cannot be a name, and what is none. */
	for (unsigned i = 0; i < 2; i++) {
		CHECK_OK(card_open(&w, &other, i ? "pulse:none" : "pulse:no such card",
			i ? HOST_SOUND_CAPTURE : HOST_SOUND_PLAYBACK));
		wait_until(&w, failed, &other);
		CHECK_EQ(other.err, OH_ENODEV);
		host_sound_close(other.sound);
	}
	CHECK_OK(card_open(&w, &other, "pulse", HOST_SOUND_PLAYBACK));
	wait_until(&w, runs, &other);
	host_sound_close(other.sound);

	/* One is unplugged; the other plays on. */
	CHECK_EQ(system("pactl unload-module module-remap-source"), 0);
	wait_until(&w, failed, &in);
	CHECK_EQ(in.err, OH_ENODEV);
	host_sound_close(in.sound);
	wait_until(&w, is_gone, &w);
	CHECK_EQ(host_sound_state(out.sound, &out.err), HOST_SOUND_OPEN);
	CHECK_OK(card_open(&w, &in, "pulse:micfeed.monitor", HOST_SOUND_CAPTURE));
	wait_until(&w, hears, &in);

	/* The server is killed, and comes back. */
	changes = host_sound_changes(w.host);
	server_kill(&server);
	wait_until(&w, failed, &in);
	CHECK_EQ(in.err, OH_ECONN);
	wait_until(&w, failed, &out);
	host_sound_close(in.sound);
	host_sound_close(out.sound);
	wait_until(&w, is_gone, &w);
	CHECK(host_sound_changes(w.host) != changes);
	if (!card_open(&w, &other, "pulse", HOST_SOUND_CAPTURE)) {
		wait_until(&w, failed, &other);
		CHECK_EQ(other.err, OH_ENODEV);
		host_sound_close(other.sound);
	}
	server_run(&server);
	wait_until(&w, is_listed, &w);
	CHECK_OK(card_open(&w, &in, "pulse", HOST_SOUND_CAPTURE));
	wait_until(&w, runs, &in);
	host_sound_close(in.sound);
	world_close(&w);
	server_end(&server);
}

/* "null" has no clock of its own, and is found on every machine. */
TEST(alsa_plays_and_records_without_a_card)
{
	struct card out, in, none;
	struct world w;

	world_open(&w);
	if (card_open(&w, &out, "alsa:null", HOST_SOUND_PLAYBACK) == OH_ENOSOUND) {
		world_close(&w);
		print_message("# built without alsa-lib\n");
		skip();
	}
	CHECK_OK(card_open(&w, &in, "alsa:null", HOST_SOUND_CAPTURE));
	wait_until(&w, runs, &out);
	wait_until(&w, runs, &in);
	CHECK_OK(card_open(&w, &none, "alsa:plughw:CARD=none,DEV=0", HOST_SOUND_PLAYBACK));
	wait_until(&w, failed, &none);
	CHECK_EQ(none.err, OH_ENODEV);
	CHECK(!host_sound_present(w.host, "alsa:plughw:CARD=none,DEV=0"));
	CHECK(!host_sound_present(w.host, "alsa:null"));
	CHECK(host_sound_list(w.host, NULL, 0, 0) >= 0);
	host_sound_close(none.sound);
	host_sound_close(in.sound);
	host_sound_close(out.sound);
	/* What has ended is taken away with the next opening. */
	CHECK_OK(card_open(&w, &in, "alsa:null", HOST_SOUND_CAPTURE));
	host_sound_close(in.sound);
	world_close(&w);
}

TEST(what_no_system_knows_cannot_be_opened)
{
	struct card c;
	struct world w;

	world_open(&w);
	CHECK_EQ(card_open(&w, &c, "oss:/dev/dsp", HOST_SOUND_CAPTURE), OH_ENODEV);
	CHECK_EQ(card_open(&w, &c, "pulsed", HOST_SOUND_CAPTURE), OH_ENODEV);
	CHECK(!host_sound_present(w.host, "oss"));
	CHECK(host_sound_default(w.host, 9) == NULL);
	world_close(&w);
}

TESTS_ON_UV(RUN(pulse_lists_its_cards_plays_and_records_and_survives_its_server),
	RUN(alsa_plays_and_records_without_a_card), RUN(what_no_system_knows_cannot_be_opened))
