#include "soak.h"

#include <dirent.h>
#include <execinfo.h>
#include <inttypes.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* A command waits for signalling, for the media thread's next frame or for the disk; never for the network. Under a
 * sanitizer, on a machine with other things to do, that takes seconds at the worst. */
#define STALL_MS 60000u
#define FRAMES   48

static sem_t printed;

static void print_stack(int sig)
{
	void *frames[FRAMES];
	int n = backtrace(frames, FRAMES);

	(void)sig;
	backtrace_symbols_fd(frames, n, STDERR_FILENO);
	sem_post(&printed);
}

static void print_name(const char *task)
{
	char path[300], name[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%s/comm", task);
	f = fopen(path, "r");
	if (!f)
		return;
	if (!fgets(name, sizeof(name), f))
		name[0] = '\0';
	fclose(f);
	name[strcspn(name, "\n")] = '\0';
	fprintf(stderr, "thread %s (%s):\n", task, name);
}

/* Each thread writes down its own; addr2line makes lines of it. */
static void print_stacks(void)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *e;

	sem_init(&printed, 0, 0);
	signal(SIGUSR2, print_stack);
	while (dir && (e = readdir(dir))) {
		struct timespec limit;

		if (e->d_name[0] == '.')
			continue;
		print_name(e->d_name);
		clock_gettime(CLOCK_REALTIME, &limit);
		limit.tv_sec += 2;
		if (syscall(SYS_tgkill, getpid(), atoi(e->d_name), SIGUSR2) == 0)
			(void)sem_timedwait(&printed, &limit);
	}
	if (dir)
		closedir(dir);
}

static void print_actors(struct soak *s)
{
	uint64_t now = soak_now_ms();

	for (size_t i = 0; i < SOAK_ACTORS; i++) {
		struct soak_actor *a = &s->actors[i];
		const char *doing = a->doing;
		struct soak_phone *with = a->with;

		if (doing)
			fprintf(stderr, "thread %u: %s on phone %s, object %" PRIx64 ", for %" PRIu64 " ms\n",
				a->number, doing, with ? with->name : "-", a->about, now - a->since_ms);
		else
			fprintf(stderr, "thread %u: waits for its turn\n", a->number);
	}
}

/* May wait for ever where signalling stands; it comes last. */
static void print_phone(struct soak_phone *p)
{
	struct offhook_counters c = {.size = sizeof(c)};
	offhook_id calls[64];
	long n;

	if (offhook_phone_counters(p->phone, &c))
		return;
	fprintf(stderr,
		"phone %s: begun %" PRIu64 ", ended %" PRIu64 "; alive: calls %" PRIu64 ", dialogs %" PRIu64
		", transactions %" PRIu64 ", timers %" PRIu64 ", slots %" PRIu64 ", events %" PRIu64
		", RTP ports %" PRIu64 ", late ticks %" PRIu64 " of %" PRIu64 "\n",
		p->name, p->begun, p->ended, c.calls, c.dialogs, c.transactions, c.timers, c.slots, c.events,
		c.rtp_ports, c.late_ticks, c.media_ticks);
	n = offhook_calls(p->phone, calls, ARRAY_LEN(calls));
	for (long i = 0; i < n && i < (long)ARRAY_LEN(calls); i++) {
		struct offhook_call_info *info;

		if (offhook_call_get_info(p->phone, calls[i], &info))
			continue;
		fprintf(stderr, "  call %" PRIx64 ": %s, state %d, audio %d, status %u, %.1f s, %s\n",
			info->id, info->role == OFFHOOK_CALLER ? "caller" : "callee", (int)info->state,
			(int)info->media_state, info->last_status, info->total_time_s, info->sip_call_id);
		offhook_call_info_free(info);
	}
}

void soak_stands(struct soak *s, const char *why)
{
	fprintf(stderr, "\nsoak, seed %" PRIu64 ": %s\n", s->seed, why);
	print_actors(s);
	print_stacks();
	for (size_t i = 0; i < ARRAY_LEN(s->phones); i++)
		print_phone(&s->phones[i]);
	abort();
}

static void *watch(void *arg)
{
	struct soak *s = arg;

	while (s->watched) {
		soak_wait(s, 1000);
		for (size_t i = 0; i < SOAK_ACTORS; i++) {
			struct soak_actor *a = &s->actors[i];
			/* In this order: what it does now has begun then, or later. */
			uint64_t since = a->since_ms;

			if (a->doing && since && since == a->since_ms && soak_now_ms() > since + STALL_MS)
				soak_stands(s, "a thread does not come back");
		}
	}
	return NULL;
}

void soak_watch(struct soak *s)
{
	s->watched = true;
	CHECK_OK(pthread_create(&s->watchdog, NULL, watch, s));
}

void soak_watch_end(struct soak *s)
{
	s->watched = false;
	soak_tell(s);
	pthread_join(s->watchdog, NULL);
}
