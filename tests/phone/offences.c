/* The plain functions and those for large files are two here, as they are in the library. */
#undef _FORTIFY_SOURCE
#undef _FILE_OFFSET_BITS
#include "phone/offences.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { KEPT = 16, DEPTH = 12 };

struct note {
	const char *name;
	void *way[DEPTH];
	int depth;
};

static struct note notes[KEPT];
static _Atomic size_t n_notes, n_ticks;
static _Thread_local bool inside, writing;

void offences_forget(void)
{
	void *way[1];

	/* Its first call loads a library. */
	(void)backtrace(way, 1);
	n_notes = n_ticks = 0;
}

size_t offences(void)
{
	return n_notes;
}

size_t offence_ticks(void)
{
	return n_ticks;
}

int offences_have(const char *name)
{
	for (size_t i = 0; i < n_notes && i < KEPT; i++)
		if (strcmp(notes[i].name, name) == 0)
			return 1;
	return 0;
}

void offences_print(void)
{
	for (size_t i = 0; i < n_notes && i < KEPT; i++) {
		fprintf(stderr, "inside a tick: %s\n", notes[i].name);
		backtrace_symbols_fd(notes[i].way, notes[i].depth, STDERR_FILENO);
	}
}

void offence(const char *name)
{
	size_t at;

	if (!inside || writing)
		return;
	writing = true;
	at = atomic_fetch_add(&n_notes, 1);
	if (at < KEPT) {
		notes[at].name = name;
		notes[at].depth = backtrace(notes[at].way, DEPTH);
	}
	writing = false;
}

/* ---- where a tick begins and ends ---- */

static bool is_media(void)
{
	char name[16];

	return pthread_getname_np(pthread_self(), name, sizeof(name)) == 0 &&
	       strncmp(name, "offhook-media", 13) == 0;
}

static void wakes(bool to_work)
{
	inside = to_work && is_media();
	n_ticks += inside;
}

#define REAL(name) \
	static __typeof__(name) *real; \
	if (!real) \
	real = (__typeof__(name) *)(uintptr_t)dlsym(RTLD_NEXT, #name)

int sem_clockwait(sem_t *sem, clockid_t clock, const struct timespec *due)
{
	int ret;
	REAL(sem_clockwait);

	inside = false;
	ret = real(sem, clock, due);
	wakes(ret < 0 && errno == ETIMEDOUT);
	return ret;
}

/* A helper's: it works when it was told to. The media thread itself waits for its helpers inside its tick. */
int sem_wait(sem_t *sem)
{
	bool was_inside = inside;
	int ret;
	REAL(sem_wait);

	inside = false;
	ret = real(sem);
	if (was_inside)
		inside = true;
	else
		wakes(ret == 0);
	return ret;
}

/* ---- memory ---- */

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t align, size_t n);
void __libc_free(void *p);

void *malloc(size_t n)
{
	offence("malloc");
	return __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
	offence("calloc");
	return __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
	offence("realloc");
	return __libc_realloc(p, n);
}

void *aligned_alloc(size_t align, size_t n)
{
	offence("aligned_alloc");
	return __libc_memalign(align, n);
}

int posix_memalign(void **ret, size_t align, size_t n)
{
	offence("posix_memalign");
	*ret = __libc_memalign(align, n);
	return *ret ? 0 : ENOMEM;
}

void free(void *p)
{
	if (p)
		offence("free");
	__libc_free(p);
}

/* ---- locks and waits ---- */

#define GUARDED(name, params, args) \
	int name params \
	{ \
		REAL(name); \
		offence(#name); \
		return real args; \
	}

GUARDED(pthread_mutex_lock, (pthread_mutex_t * m), (m))
GUARDED(pthread_mutex_trylock, (pthread_mutex_t * m), (m))
GUARDED(pthread_rwlock_rdlock, (pthread_rwlock_t * l), (l))
GUARDED(pthread_rwlock_wrlock, (pthread_rwlock_t * l), (l))
GUARDED(pthread_spin_lock, (pthread_spinlock_t * l), (l))
GUARDED(nanosleep, (const struct timespec *due, struct timespec *left), (due, left))
GUARDED(usleep, (useconds_t us), (us))
GUARDED(poll, (struct pollfd * fds, nfds_t n, int ms), (fds, n, ms))

/* ---- the disk ---- */

#define OPENS(name, told) \
	int name(const char *path, int flags, ...) \
	{ \
		va_list more; \
		mode_t mode; \
		REAL(name); \
\
		va_start(more, flags); \
		mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0; \
		va_end(more); \
		offence(told); \
		return real(path, flags, mode); \
	}

OPENS(open, "open")
OPENS(open64, "open")
GUARDED(fsync, (int fd), (fd))
GUARDED(fdatasync, (int fd), (fd))

#define FOPENS(name) \
	FILE *name(const char *path, const char *mode) \
	{ \
		REAL(name); \
		offence(#name); \
		return real(path, mode); \
	}

FOPENS(fopen)
FOPENS(fopen64)

/* Other descriptors are what the tick is there for. */
static void touch(const char *name, int fd)
{
	struct stat st;

	if (inside && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		offence(name);
}

#define TOUCHES(name, params, args) \
	ssize_t name params \
	{ \
		REAL(name); \
		touch(#name, fd); \
		return real args; \
	}

TOUCHES(read, (int fd, void *buf, size_t n), (fd, buf, n))
TOUCHES(write, (int fd, const void *buf, size_t n), (fd, buf, n))
TOUCHES(pread, (int fd, void *buf, size_t n, off_t at), (fd, buf, n, at))
TOUCHES(pread64, (int fd, void *buf, size_t n, off64_t at), (fd, buf, n, at))
TOUCHES(pwrite64, (int fd, const void *buf, size_t n, off64_t at), (fd, buf, n, at))
TOUCHES(pwrite, (int fd, const void *buf, size_t n, off_t at), (fd, buf, n, at))
TOUCHES(readv, (int fd, const struct iovec *v, int n), (fd, v, n))
TOUCHES(writev, (int fd, const struct iovec *v, int n), (fd, v, n))
