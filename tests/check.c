#include "check.h"

#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

/*
 * cmocka 1.1 reports a skipped test as "not ok N # SKIP name", which every reader of TAP takes for a failure.
 * What it prints passes through here line by line, and a skip becomes "ok N - name # SKIP reason"; the reason
 * is the comment that the test printed last.
 */
static struct {
	FILE *out;
	char line[4096], reason[512];
	size_t n;
} tap;

static void tap_line(void)
{
	static const char skip[] = " # SKIP ";
	char *at = strstr(tap.line, skip);

	if (!strncmp(tap.line, "not ok ", 7) && at) {
		*at = '\0';
		fprintf(tap.out, "ok %s - %s # SKIP %s\n", tap.line + 7, at + sizeof(skip) - 1, tap.reason);
	} else {
		if (!strncmp(tap.line, "# ", 2))
			snprintf(tap.reason, sizeof(tap.reason), "%.500s", tap.line + 2);
		fprintf(tap.out, "%s\n", tap.line);
	}
	fflush(tap.out);
}

static ssize_t tap_write(void *cookie, const char *data, size_t n)
{
	(void)cookie;
	for (size_t i = 0; i < n; i++) {
		if (data[i] == '\n' || tap.n == sizeof(tap.line) - 1) {
			tap.line[tap.n] = '\0';
			tap.n = 0;
			tap_line();
		}
		if (data[i] != '\n')
			tap.line[tap.n++] = data[i];
	}
	return (ssize_t)n;
}

void check_tap_begin(void)
{
	cookie_io_functions_t io = {.write = tap_write};
	FILE *filtered = fopencookie(NULL, "w", io);

	if (!filtered)
		return;
	tap.out = stdout;
	setvbuf(filtered, NULL, _IOLBF, 4096);
	stdout = filtered;
}

void check_tap_end(void)
{
	FILE *filtered = stdout;

	if (!tap.out)
		return;
	stdout = tap.out;
	fclose(filtered);
}

struct counts {
	size_t blocks, fds, threads;
};

static size_t entries(const char *path)
{
	DIR *dir = opendir(path);
	size_t n = 0;

	if (!dir)
		return 0;
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static struct counts count_now(void)
{
	return (struct counts){mem_live(), entries("/proc/self/fd"), entries("/proc/self/task")};
}

static struct counts before;

static void *nothing(void *arg)
{
	return arg;
}

/* ThreadSanitizer keeps a thread of its own from the first one on: before they are counted. */
static void start_first_thread(void)
{
	static bool done;
	pthread_t thread;

	if (!done && pthread_create(&thread, NULL, nothing, NULL) == 0)
		pthread_join(thread, NULL);
	done = true;
}

int check_before(void **state)
{
	(void)state;
	start_first_thread();
	mem_fail_at(0);
	before = count_now();
	return 0;
}

void check_threads_gone(void)
{
	while (entries("/proc/self/task") > before.threads)
		sched_yield();
}

int check_after(void **state)
{
	struct counts now = count_now();

	(void)state;
	if (now.blocks != before.blocks || now.fds != before.fds || now.threads != before.threads) {
		fprintf(stderr, "left over: blocks %zu -> %zu, descriptors %zu -> %zu, threads %zu -> %zu\n",
			before.blocks, now.blocks, before.fds, now.fds, before.threads, now.threads);
		return -1;
	}
	return 0;
}

void check_slice(struct slice s, const char *text, const char *file, int line)
{
	if (slice_eq(s, slice_of(text)))
		return;
	print_error("\"%.*s\" != \"%s\"\n", SLICE_ARG(s), text);
	_fail(file, line);
}

void check_every_allocation_fails(int (*story)(void *arg), void *arg)
{
	for (uint64_t n = 1;; n++) {
		size_t blocks = mem_live();

		mem_fail_at(n);
		(void)story(arg);
		if (mem_live() != blocks) {
			mem_fail_at(0);
			fail_msg("allocation %llu failing leaves %zu blocks", (unsigned long long)n,
				mem_live() - blocks);
		}
		if (mem_fail_armed())
			break;
	}
	mem_fail_at(0);
}

int check_ring(int from)
{
	char path[64], target[64];

	for (int fd = from; fd < 1000; fd++) {
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		n = readlink(path, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = '\0';
		if (strstr(target, "io_uring"))
			return fd;
	}
	return -1;
}

const char *check_data_path(const char *relative, char *buf, size_t size)
{
	const char *root = getenv("OFFHOOK_TEST_DATA");

	if (!root)
		return NULL;
	snprintf(buf, size, "%s/%s", root, relative);
	return access(buf, R_OK) == 0 ? buf : NULL;
}
