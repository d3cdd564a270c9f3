#include "check.h"

#include <dirent.h>
#include <pthread.h>
#include <unistd.h>

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

const char *check_data_path(const char *relative, char *buf, size_t size)
{
	const char *root = getenv("OFFHOOK_TEST_DATA");

	if (!root)
		return NULL;
	snprintf(buf, size, "%s/%s", root, relative);
	return access(buf, R_OK) == 0 ? buf : NULL;
}
