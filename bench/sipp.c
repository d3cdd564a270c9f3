#include "sipp.h"

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>

bool sipp_call(uint16_t port, const char *transport, unsigned calls, double *ret_us)
{
	extern char **environ;
	char target[32], count[16];
	const char *const args[] = {"sipp", target, "-sn", "uac", "-i", "127.0.0.1", "-t", transport, "-m",
		count, "-r", "1500", "-l", "200", "-nostdin", "-timeout", "20", NULL};
	struct rusage use;
	posix_spawn_file_actions_t quiet;
	pid_t pid;
	int status;

	snprintf(target, sizeof(target), "127.0.0.1:%u", port);
	snprintf(count, sizeof(count), "%u", calls);
	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", 1, 0);
	posix_spawn_file_actions_addopen(&quiet, 2, "/dev/null", 1, 0);
	status = posix_spawnp(&pid, "sipp", &quiet, NULL, (char *const *)(uintptr_t)args, environ);
	posix_spawn_file_actions_destroy(&quiet);
	if (status != 0)
		return false;
	if (wait4(pid, &status, 0, &use) != pid || status != 0) {
		fprintf(stderr, "bench: SIPp ended with status %d\n", status);
		exit(1);
	}
	*ret_us = ((double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1e6 +
			  (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec)) /
		  calls;
	return true;
}
