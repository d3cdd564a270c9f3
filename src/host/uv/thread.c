/* Threads of the library take no signals: those belong to the program. */
#include "host/uv/impl.h"

#include "base/err.h"

#include <signal.h>
#include <stdio.h>

int uv_thread_start(pthread_t *ret_thread, const char *name, void *(*fn)(void *arg), void *arg)
{
	char short_name[16];
	sigset_t all, before;
	int failed;

	/* Blocked around the start: a new thread inherits the mask. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(ret_thread, NULL, fn, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failed)
		return err_from_errno(failed);
	if (name) {
		snprintf(short_name, sizeof(short_name), "%s", name);
		pthread_setname_np(*ret_thread, short_name);
	}
	return 0;
}
