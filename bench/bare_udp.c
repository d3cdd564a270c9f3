/*
 * What the kernel takes for the packets of N calls, and nothing else: one thread, N sockets, 172 bytes, one
 *sendto() and one recv() a packet, one sweep a frame, no epoll, CPU by getrusage(). The other side is a
 *second process that does the same half a frame later, so that a packet always waits when it is asked for.
 *
 *	bare_udp CALLS SECONDS      prints us of CPU for a second of one call, one side
 */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PACKET    172
#define FRAME_NS  20000000ll
#define CALLS_MAX 4000

static int sockets[2][CALLS_MAX];
static struct sockaddr_in addresses[2][CALLS_MAX];
static int n_calls;

static void open_sockets(int side)
{
	for (int i = 0; i < n_calls; i++) {
		struct sockaddr_in *a = &addresses[side][i];
		socklen_t n = sizeof(*a);
		int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

		*a = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
		if (fd < 0 || bind(fd, (struct sockaddr *)a, n) ||
			getsockname(fd, (struct sockaddr *)a, &n)) {
			perror("bare_udp");
			exit(1);
		}
		sockets[side][i] = fd;
	}
}

static unsigned long sweep(int side)
{
	char packet[PACKET] = {(char)0x80}, in[2048];
	unsigned long got = 0;

	for (int i = 0; i < n_calls; i++) {
		got += recv(sockets[side][i], in, sizeof(in), 0) == PACKET;
		(void)sendto(sockets[side][i], packet, sizeof(packet), 0,
			(struct sockaddr *)&addresses[!side][i], sizeof(addresses[0][0]));
	}
	return got;
}

static struct timespec later(struct timespec t, long long ns)
{
	ns += t.tv_nsec;
	return (struct timespec){t.tv_sec + ns / 1000000000, ns % 1000000000};
}

static unsigned long run(int side, struct timespec due, unsigned frames)
{
	unsigned long got = 0;

	due = later(due, side * FRAME_NS / 2);
	for (unsigned i = 0; i < frames; i++) {
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
		got += sweep(side);
		due = later(due, FRAME_NS);
	}
	return got;
}

static double cpu_us(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

int main(int argc, char **argv)
{
	unsigned frames;
	unsigned long got;
	struct timespec begin;
	double before;
	pid_t other;

	n_calls = argc == 3 ? atoi(argv[1]) : 0;
	frames = argc == 3 ? 50u * (unsigned)atoi(argv[2]) : 0;
	if (n_calls < 1 || n_calls > CALLS_MAX || frames < 1) {
		fprintf(stderr, "usage: bare_udp CALLS SECONDS  (at most %d calls)\n", CALLS_MAX);
		return 2;
	}
	open_sockets(0);
	open_sockets(1);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	begin = later(begin, FRAME_NS);
	other = fork();
	if (other == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		run(1, begin, frames);
		_exit(0);
	}
	before = cpu_us();
	got = run(0, begin, frames);
	printf("%.2f\n", (cpu_us() - before) / n_calls / (frames / 50.0));
	if (got < (unsigned long)n_calls * (frames - 1) * 9 / 10) {
		fprintf(stderr, "bare_udp: only %lu packets came, the machine was too busy\n", got);
		return 1;
	}
	return 0;
}
