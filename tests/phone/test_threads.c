/* Phones with real threads and sockets on loopback. What is tested is that nothing is lost, hurt or left behind, whoever
 * calls from wherever; ThreadSanitizer looks on. Nothing here sleeps or measures time: threads wait for events. */
#include "check.h"

#include "base/err.h"
#include "offhook/offhook.h"
#include "phone/phone_impl.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

struct end {
	struct offhook_phone *phone;
	offhook_id transport, account;
	char uri[128];
	sem_t incoming, confirmed, ended;
	_Atomic offhook_id call;
	_Atomic unsigned n_incoming, n_ended, n_requests;
	bool answers;  /* by itself, in its handler */
	sem_t *blocks; /* the handler of INCOMING waits for it */
	int seen[8];
};

static void on_event(void *arg, const struct offhook_event *e)
{
	struct end *end = arg;

	if (e->type == OFFHOOK_EVENT_CALL_INCOMING) {
		atomic_store(&end->call, e->id);
		atomic_fetch_add(&end->n_incoming, 1);
		sem_post(&end->incoming);
		if (end->blocks)
			sem_wait(end->blocks);
		if (end->answers)
			offhook_call_answer(end->phone, e->id, NULL);
	}
	if (e->type == OFFHOOK_EVENT_CALL_REQUEST)
		atomic_fetch_add(&end->n_requests, 1);
	if (e->type != OFFHOOK_EVENT_CALL_STATE)
		return;
	if (e->call->state == OFFHOOK_CALL_CONFIRMED)
		sem_post(&end->confirmed);
	if (e->call->state == OFFHOOK_CALL_DISCONNECTED) {
		atomic_fetch_add(&end->n_ended, 1);
		sem_post(&end->ended);
	}
}

static void wait_for(sem_t *sem)
{
	while (sem_wait(sem) != 0)
		;
}

static void end_open(struct end *end, enum offhook_delivery delivery)
{
	struct offhook_phone_cfg cfg;
	struct offhook_transport_cfg udp;
	struct offhook_transport_info info = {.size = sizeof(info)};
	struct offhook_account_cfg account;

	sem_init(&end->incoming, 0, 0);
	sem_init(&end->confirmed, 0, 0);
	sem_init(&end->ended, 0, 0);
	offhook_phone_cfg_init(&cfg);
	cfg.delivery = delivery;
	cfg.on_event = on_event;
	cfg.on_event_arg = end;
	CHECK_OK(offhook_phone_new(&cfg, &end->phone));
	offhook_transport_cfg_init(&udp);
	udp.address = "127.0.0.1";
	CHECK_OK(offhook_transport_add(end->phone, &udp, &end->transport));
	CHECK_OK(offhook_transport_get_info(end->phone, end->transport, &info));
	CHECK_STR(info.address, "127.0.0.1");
	snprintf(end->uri, sizeof(end->uri), "sip:someone@127.0.0.1:%u", info.port);
	offhook_account_cfg_init(&account);
	account.transport = end->transport;
	CHECK_OK(offhook_account_add(end->phone, &account, &end->account));
}

static void end_close(struct end *end)
{
	offhook_phone_free(end->phone);
	sem_destroy(&end->incoming);
	sem_destroy(&end->confirmed);
	sem_destroy(&end->ended);
}

static offhook_id call(struct end *from, const struct end *to)
{
	struct offhook_call_cfg cfg;
	offhook_id id = 0;

	offhook_call_cfg_init(&cfg);
	cfg.uri = to->uri;
	CHECK_OK(offhook_call_make(from->phone, 0, &cfg, &id));
	return id;
}

TEST(a_phone_comes_and_goes)
{
	static const enum offhook_delivery deliveries[] = {
		OFFHOOK_DELIVER_THREAD, OFFHOOK_DELIVER_INLINE, OFFHOOK_DELIVER_PULL};

	for (size_t i = 0; i < ARRAY_LEN(deliveries); i++) {
		struct end end = {0};

		end_open(&end, deliveries[i]);
		CHECK_OK(offhook_phone_close(end.phone, 2000));
		CHECK_EQ(offhook_phone_close(end.phone, 2000), OH_ECLOSED);
		end_close(&end);
	}
}

static int open_and_free(void *arg)
{
	struct offhook_phone_cfg cfg;
	struct offhook_transport_cfg udp;
	struct offhook_phone *phone;
	offhook_id id;
	int err;

	offhook_phone_cfg_init(&cfg);
	cfg.delivery = *(const enum offhook_delivery *)arg;
	err = offhook_phone_new(&cfg, &phone);
	if (err)
		return err;
	offhook_transport_cfg_init(&udp);
	udp.address = "127.0.0.1";
	err = offhook_transport_add(phone, &udp, &id);
	offhook_phone_free(phone);
	return err;
}

TEST(every_allocation_of_a_start_may_fail)
{
	static enum offhook_delivery deliveries[] = {OFFHOOK_DELIVER_THREAD, OFFHOOK_DELIVER_PULL};

	for (size_t i = 0; i < ARRAY_LEN(deliveries); i++)
		check_every_allocation_fails(open_and_free, &deliveries[i]);
}

TEST(two_phones_talk_and_close_says_goodbye)
{
	static const enum offhook_delivery deliveries[] = {OFFHOOK_DELIVER_THREAD, OFFHOOK_DELIVER_INLINE};

	for (size_t i = 0; i < ARRAY_LEN(deliveries); i++) {
		struct end a = {0}, b = {.answers = true};
		struct offhook_call_stats st = {.size = sizeof(st)};
		offhook_id id;

		end_open(&a, deliveries[i]);
		end_open(&b, deliveries[i]);
		id = call(&a, &b);
		wait_for(&a.confirmed);
		wait_for(&b.confirmed);
		CHECK_OK(offhook_call_get_stats(a.phone, id, &st));
		CHECK(st.setup_ms > 0);
		/* Returns when the peer has confirmed, so that the peer's end is on its way. */
		CHECK_OK(offhook_phone_close(a.phone, 5000));
		CHECK_EQ(a.n_ended, 1);
		wait_for(&b.ended);
		CHECK_OK(offhook_phone_close(b.phone, 5000));
		end_close(&a);
		end_close(&b);
	}
}

TEST(a_handler_that_blocks_stops_nothing_else)
{
	struct end a = {0}, b = {0};
	sem_t gate;

	sem_init(&gate, 0, 0);
	end_open(&a, OFFHOOK_DELIVER_THREAD);
	end_open(&b, OFFHOOK_DELIVER_THREAD);
	b.blocks = &gate;
	call(&a, &b);
	wait_for(&b.incoming);
	/* Its handler stands still now, but the call can be answered and ended from here. */
	CHECK_OK(offhook_call_answer(b.phone, b.call, NULL));
	wait_for(&a.confirmed);
	CHECK_OK(offhook_call_hangup(b.phone, b.call, NULL));
	wait_for(&a.ended);
	CHECK_EQ(b.n_ended, 0);
	sem_post(&gate);
	wait_for(&b.ended);
	end_close(&a);
	end_close(&b);
	sem_destroy(&gate);
}

/* A socket without a phone behind it asks for a call; its number. */
static int ask_by_hand(const struct end *whom)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	char invite[1024];
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), n;

	to.sin_port = htons((uint16_t)strtoul(strrchr(whom->uri, ':') + 1, NULL, 10));
	CHECK_OK(connect(fd, (struct sockaddr *)&to, sizeof(to)));
	n = snprintf(invite, sizeof(invite),
		"INVITE %s SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bK1\r\nMax-Forwards: "
		"70\r\n"
		"From: <sip:hand@127.0.0.1>;tag=1\r\nTo: <%s>\r\nCall-ID: by-hand\r\nCSeq: 1 INVITE\r\n"
		"Contact: <sip:hand@127.0.0.1>\r\nContent-Length: 0\r\n\r\n",
		whom->uri, whom->uri);
	CHECK_EQ(send(fd, invite, (size_t)n, 0), n);
	return fd;
}

static void expect_by_hand(int fd, const char *begin)
{
	char text[2048];
	ssize_t n = recv(fd, text, sizeof(text) - 1, 0);

	CHECK(n > 0);
	text[n] = '\0';
	if (strncmp(text, begin, strlen(begin)) != 0)
		fail_msg("%s instead of %s", text, begin);
}

/* RFC 3261 17.2.1: the caller has its 100, one, also while the program's handler stands still or nobody pulls. */
TEST(a_slow_program_leaves_no_caller_without_a_100)
{
	static const enum offhook_delivery deliveries[] = {OFFHOOK_DELIVER_THREAD, OFFHOOK_DELIVER_PULL};

	for (size_t i = 0; i < ARRAY_LEN(deliveries); i++) {
		struct end b = {0};
		sem_t gate;
		int fd;

		sem_init(&gate, 0, 0);
		end_open(&b, deliveries[i]);
		b.blocks = &gate;
		fd = ask_by_hand(&b);
		expect_by_hand(fd, "SIP/2.0 100 Trying\r\n");
		sem_post(&gate);
		if (deliveries[i] == OFFHOOK_DELIVER_PULL)
			CHECK(offhook_process(b.phone, -1) > 0);
		wait_for(&b.incoming);
		CHECK_OK(offhook_call_hangup(b.phone, b.call, NULL));
		expect_by_hand(fd, "SIP/2.0 603 ");
		close(fd);
		end_close(&b);
		sem_destroy(&gate);
	}
}

TEST(pulled_events_wake_their_descriptor)
{
	struct end a = {0}, b = {.answers = true};
	struct pollfd fd = {.events = POLLIN};
	int n;

	end_open(&a, OFFHOOK_DELIVER_PULL);
	end_open(&b, OFFHOOK_DELIVER_THREAD);
	fd.fd = offhook_events_fd(a.phone);
	CHECK_EQ(offhook_events_fd(b.phone), OH_ESTATE);
	CHECK_EQ(offhook_process(b.phone, 0), OH_ESTATE);
	CHECK_EQ(poll(&fd, 1, 0), 0);
	CHECK_EQ(offhook_process(a.phone, 0), 0);
	call(&a, &b);
	CHECK_EQ(poll(&fd, 1, 0), 1);
	while (sem_trywait(&a.confirmed) != 0)
		CHECK(offhook_process(a.phone, -1) > 0);
	CHECK_OK(offhook_phone_close(a.phone, 5000));
	CHECK_EQ(a.n_ended, 0);
	while ((n = offhook_process(a.phone, -1)) > 0)
		;
	CHECK_EQ(n, OH_ECLOSED);
	CHECK_EQ(a.n_ended, 1);
	end_close(&a);
	end_close(&b);
}

static volatile sig_atomic_t n_alarms;

static void on_alarm(int signo)
{
	(void)signo;
	n_alarms = n_alarms + 1;
}

/* A program that waits without limit can still be told to stop. */
TEST(a_signal_ends_the_wait_for_events)
{
	const struct itimerval often = {{0, 20000}, {0, 20000}}, never = {{0, 0}, {0, 0}};
	struct sigaction act = {.sa_handler = on_alarm}, before;
	struct end a = {0};

	end_open(&a, OFFHOOK_DELIVER_PULL);
	sigaction(SIGALRM, &act, &before);
	n_alarms = 0;
	setitimer(ITIMER_REAL, &often, NULL);
	while (!n_alarms)
		CHECK_EQ(offhook_process(a.phone, -1), 0);
	setitimer(ITIMER_REAL, &never, NULL);
	sigaction(SIGALRM, &before, NULL);
	end_close(&a);
}

struct puller {
	struct end *end;
	sem_t begun;
	_Atomic int tid;
	int n;
};

static void *pull(void *arg)
{
	struct puller *p = arg;

	atomic_store(&p->tid, gettid());
	sem_post(&p->begun);
	p->n = offhook_process(p->end->phone, -1);
	return NULL;
}

static char state_of(int tid)
{
	char path[64], text[512] = "";
	const char *state;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	f = fopen(path, "r");
	CHECK(f && fgets(text, sizeof(text), f));
	fclose(f);
	state = strrchr(text, ')'); /* behind the name */
	return state ? state[2] : '?';
}

/* One that goes round and round is not seen asleep that often in a row. */
static bool falls_asleep(int tid)
{
	for (unsigned looks = 0, asleep = 0; looks < 100000; looks++) {
		asleep = state_of(tid) == 'S' ? asleep + 1 : 0;
		if (asleep == 200)
			return true;
	}
	return false;
}

TEST(who_waits_for_his_turn_to_pull_sleeps)
{
	struct end a = {0}, b = {0};
	struct puller one = {.end = &a}, other = {.end = &a};
	pthread_t threads[2];
	sem_t gate;

	sem_init(&gate, 0, 0);
	sem_init(&one.begun, 0, 0);
	sem_init(&other.begun, 0, 0);
	a.blocks = &gate;
	end_open(&a, OFFHOOK_DELIVER_PULL);
	end_open(&b, OFFHOOK_DELIVER_THREAD);
	CHECK_EQ(pthread_create(&threads[0], NULL, pull, &one), 0);
	call(&b, &a);
	wait_for(&a.incoming); /* the first is in its handler */
	call(&b, &a);          /* and more waits */
	while (offhook_calls(a.phone, NULL, 0) < 2)
		sched_yield();
	CHECK_EQ(pthread_create(&threads[1], NULL, pull, &other), 0);
	wait_for(&other.begun);
	CHECK(falls_asleep(other.tid));
	CHECK_EQ(offhook_process(a.phone, 0), 0);
	sem_post(&gate);
	sem_post(&gate);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	CHECK(one.n > 0 && other.n > 0);
	CHECK_EQ(a.n_incoming, 2);
	sem_destroy(&one.begun);
	sem_destroy(&other.begun);
	end_close(&b);
	end_close(&a);
	sem_destroy(&gate);
}

/* ---- many at once ---- */

#define STRESS_THREADS 4
#define STRESS_STEPS   400
#define STRESS_CALLS   8

struct worker {
	struct end *me, *peer;
	uint64_t random;
	pthread_t thread;
};

static unsigned draw(struct worker *w, unsigned bound)
{
	w->random = w->random * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(w->random >> 33) % bound;
}

/* One of the calls that are alive just now; it may be gone the next moment. */
static offhook_id any_call(struct worker *w)
{
	offhook_id ids[STRESS_CALLS];
	long n = offhook_calls(w->me->phone, ids, STRESS_CALLS);

	if (n > STRESS_CALLS)
		n = STRESS_CALLS;
	return n > 0 ? ids[draw(w, (unsigned)n)] : 0;
}

static void join_to_device(struct worker *w, offhook_id id)
{
	struct offhook_call_info *info;
	offhook_id device;

	if (offhook_call_get_info(w->me->phone, id, &info))
		return;
	offhook_slot_of(w->me->phone, 0, &device);
	offhook_connect(w->me->phone, info->slot, device);
	offhook_connect(w->me->phone, device, info->slot);
	offhook_call_info_free(info);
}

/* Something speaks, something records, and both go while the media thread is at work. */
static void pass_by(struct worker *w)
{
	struct offhook_tone_cfg cfg;
	offhook_id tone, tone_slot, recorder, recorder_slot;
	char path[64];

	snprintf(path, sizeof(path), "/tmp/offhook-stress-%p.wav", (void *)w);
	offhook_tone_cfg_init(&cfg);
	CHECK_OK(offhook_tone_new(w->me->phone, &cfg, &tone, &tone_slot));
	CHECK_OK(offhook_recorder_new(w->me->phone, path, &recorder, &recorder_slot));
	CHECK_OK(offhook_connect(w->me->phone, tone_slot, recorder_slot));
	CHECK_OK(offhook_port_remove(w->me->phone, recorder));
	CHECK_OK(offhook_port_remove(w->me->phone, tone));
	unlink(path);
}

/* Most of these fail, because another thread was faster: that is the point. */
static void *work(void *arg)
{
	struct worker *w = arg;
	struct offhook_request info = {.size = sizeof(info), .method = "INFO"};

	for (int i = 0; i < STRESS_STEPS; i++) {
		offhook_id id = any_call(w);

		if (i % 50 == 0)
			pass_by(w);
		switch (draw(w, 9)) {
		case 0:
		case 1:
			if (offhook_calls(w->me->phone, NULL, 0) < STRESS_CALLS)
				call(w->me, w->peer);
			break;
		case 2:
		case 3:
			offhook_call_answer(w->me->phone, id, NULL);
			break;
		case 4:
			offhook_call_hangup(w->me->phone, id, NULL);
			break;
		case 5:
			join_to_device(w, id);
			break;
		case 6:
			offhook_call_request(w->me->phone, id, &info);
			break;
		case 7:
			offhook_call_hold(w->me->phone, id, NULL, 0);
			break;
		case 8:
			offhook_call_dtmf(w->me->phone, id, "1", 0, 0);
			break;
		}
	}
	return NULL;
}

/* ---- a disk that hangs ---- */

/* A raw file that is a pipe: the disk thread waits in it until the test writes more or closes it. */
struct hanging {
	char dir[64], pipe[96], wav[96], pcap[96];
	int fd;
	offhook_id player, slot;
};

static void hang(struct hanging *h, struct offhook_phone *phone)
{
	/* What is read ahead when it is opened, and a little, which ends in the middle of a reading. */
	static const char silence[16000 + 1600 - 80];
	const char *paths[] = {h->pipe};
	struct offhook_player_info info = {.size = sizeof(info)};
	struct offhook_player_cfg cfg;
	offhook_id device;
	int waiting = 1;

	snprintf(h->dir, sizeof(h->dir), "/tmp/offhook-hanging-XXXXXX");
	assert_non_null(mkdtemp(h->dir));
	snprintf(h->pipe, sizeof(h->pipe), "%s/x.raw", h->dir);
	snprintf(h->wav, sizeof(h->wav), "%s/x.wav", h->dir);
	snprintf(h->pcap, sizeof(h->pcap), "%s/x.pcap", h->dir);
	CHECK_EQ(mkfifo(h->pipe, 0600), 0);
	h->fd = open(h->pipe, O_RDWR | O_CLOEXEC);
	CHECK(h->fd >= 0);
	CHECK_EQ(write(h->fd, silence, sizeof(silence)), sizeof(silence));
	offhook_player_cfg_init(&cfg);
	cfg.paths = paths;
	cfg.n_paths = 1;
	CHECK_OK(offhook_player_open(phone, &cfg, &h->player, &h->slot));
	CHECK_OK(offhook_player_get_info(phone, h->player, &info));
	CHECK(info.length == 0 && info.format == OFFHOOK_FORMAT_RAW); /* who knows how much will come */
	CHECK_OK(offhook_slot_of(phone, 0, &device));
	CHECK_OK(offhook_connect(phone, h->slot, device));
	while (waiting) {
		CHECK_EQ(ioctl(h->fd, FIONREAD, &waiting), 0);
		sched_yield();
	}
}

static void hang_end(const struct hanging *h)
{
	unlink(h->pipe);
	unlink(h->wav);
	unlink(h->pcap);
	rmdir(h->dir);
}

static long long bytes_of(const char *path)
{
	struct stat st;

	CHECK_EQ(stat(path, &st), 0);
	return st.st_size;
}

TEST(a_disk_that_hangs_delays_nobody)
{
	struct hanging h;
	offhook_id device;
	struct end end = {0};

	end_open(&end, OFFHOOK_DELIVER_THREAD);
	hang(&h, end.phone);
	CHECK_OK(offhook_port_remove(end.phone, h.player));
	/* The media thread lets go, signalling gives the port back: and answers. */
	while (offhook_slots(end.phone, NULL, 0) > 1)
		sched_yield();
	for (int i = 0; i < 1000; i++)
		CHECK_OK(offhook_slot_of(end.phone, 0, &device));
	CHECK_OK(offhook_phone_close(end.phone, 1000));
	close(h.fd);
	end_close(&end);
	hang_end(&h);
}

/* Counts files that are named. */
static void on_log(void *arg, int level, const char *module, const char *text)
{
	if (level == OFFHOOK_LOG_WARN && strcmp(module, "disk") == 0 && strstr(text, "not complete"))
		atomic_fetch_add((_Atomic unsigned *)arg, 1);
}

/* Those who want to know how their files ended give up, the phone goes; the files are completed when the disk answers. */
TEST(whoever_waits_for_a_disk_that_hangs_does_so_no_longer_than_the_limit)
{
	struct offhook_phone_cfg cfg;
	struct offhook_trace_cfg trace_cfg;
	struct offhook_phone *phone;
	offhook_id trace, kept, recorder, slot;
	uint64_t frames = 0;
	_Atomic unsigned warnings = 0;
	struct hanging h;

	offhook_phone_cfg_init(&cfg);
	cfg.disk_limit_ms = 1;
	cfg.log_level = OFFHOOK_LOG_WARN;
	cfg.on_log = on_log;
	cfg.log_arg = (void *)&warnings;
	CHECK_OK(offhook_phone_new(&cfg, &phone));
	hang(&h, phone);
	CHECK_OK(offhook_recorder_new(phone, h.wav, &recorder, &slot));
	CHECK_OK(offhook_connect(phone, h.slot, slot));
	offhook_trace_cfg_init(&trace_cfg);
	trace_cfg.pcap = h.pcap;
	CHECK_OK(offhook_trace_start(phone, &trace_cfg, &kept));
	CHECK_OK(offhook_trace_start(phone, &trace_cfg, &trace));
	while (frames < 320)
		CHECK_OK(offhook_recorder_position(phone, recorder, &frames, NULL));
	CHECK_EQ(offhook_trace_stop(phone, trace), OH_ETIMEDOUT);
	CHECK(strstr(offhook_error_detail(), h.pcap));
	CHECK_EQ(offhook_port_remove(phone, recorder), OH_ETIMEDOUT);
	CHECK(strstr(offhook_error_detail(), h.wav));
	CHECK_EQ(offhook_trace_stop(phone, trace), OH_ENOENT);
	CHECK_EQ(warnings, 2);
	CHECK_EQ(bytes_of(h.wav), 44);
	offhook_phone_free(phone);
	CHECK_EQ(warnings, 5); /* the trace that still ran as well */
	CHECK_EQ(bytes_of(h.wav), 44);
	close(h.fd);
	check_threads_gone();
	CHECK(bytes_of(h.wav) >= 44 + 2 * 320);
	CHECK_EQ(bytes_of(h.pcap), 24);
	hang_end(&h);
}

/* The build for ThreadSanitizer is such a one; in others this looks for what is not there. */
TEST(a_library_without_sound_systems_says_that_it_was_built_so)
{
	static const struct {
		const char *id;
		int err;
	} rows[] = {{NULL, OH_ENOSOUND}, {"pulse", OH_ENOSOUND}, {"alsa:default", OH_ENOSOUND},
		{"oss", OH_ENODEV}, {"pulses", OH_ENODEV}};
	struct offhook_device_cfg cfg;
	struct offhook_phone *phone;

	CHECK_OK(offhook_phone_new(NULL, &phone));
	offhook_device_cfg_init(&cfg);
	for (size_t i = 0; i < ARRAY_LEN(rows) && !*host_sound_default(phone->host, 0); i++) {
		cfg.capture = cfg.playback = rows[i].id;
		CHECK_OK(offhook_device_set(phone, &cfg));
		CHECK_EQ(offhook_device_open(phone), rows[i].err);
		CHECK(strstr(offhook_error_detail(), offhook_strerror(rows[i].err)));
		CHECK_EQ(offhook_devices(phone, NULL, 0), 0);
	}
	offhook_phone_free(phone);
}

TEST(many_threads_do_everything_at_random)
{
	static const enum offhook_delivery deliveries[] = {OFFHOOK_DELIVER_THREAD, OFFHOOK_DELIVER_INLINE};

	for (size_t k = 0; k < ARRAY_LEN(deliveries); k++) {
		struct end ends[2] = {0};
		struct worker workers[STRESS_THREADS];

		end_open(&ends[0], deliveries[k]);
		end_open(&ends[1], deliveries[k]);
		for (size_t i = 0; i < STRESS_THREADS; i++) {
			workers[i] = (struct worker){&ends[i % 2], &ends[1 - i % 2], i + 1, 0};
			CHECK_OK(pthread_create(&workers[i].thread, NULL, work, &workers[i]));
		}
		for (size_t i = 0; i < STRESS_THREADS; i++)
			pthread_join(workers[i].thread, NULL);
		CHECK_OK(offhook_phone_close(ends[0].phone, 10000));
		CHECK(ends[0].n_incoming > 0 && ends[0].n_ended > 0);
		CHECK_OK(offhook_phone_close(ends[1].phone, 10000));
		end_close(&ends[0]);
		end_close(&ends[1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {RUN(a_phone_comes_and_goes),
		RUN(every_allocation_of_a_start_may_fail), RUN(two_phones_talk_and_close_says_goodbye),
		RUN(a_handler_that_blocks_stops_nothing_else),
		RUN(a_slow_program_leaves_no_caller_without_a_100), RUN(pulled_events_wake_their_descriptor),
		RUN(a_signal_ends_the_wait_for_events), RUN(who_waits_for_his_turn_to_pull_sleeps),
		RUN(a_disk_that_hangs_delays_nobody),
		RUN(whoever_waits_for_a_disk_that_hangs_does_so_no_longer_than_the_limit),
		RUN(a_library_without_sound_systems_says_that_it_was_built_so),
		RUN(many_threads_do_everything_at_random)};
	struct offhook_phone *first;

	/* libuv keeps a pair of descriptors for the whole process from its first loop on: before they are counted. */
	if (offhook_phone_new(NULL, &first))
		return 1;
	offhook_phone_free(first);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
