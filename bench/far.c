#include "far_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RTP_HEADER 12
#define PCMU_BYTES 160
#define FRAME_NS   20000000

enum order { ORDER_CALL, ORDER_MEDIA, ORDER_SERVE, ORDER_HANGUP };

struct command {
	enum order order;
	struct far_plan plan;
	unsigned n; /* ms, or calls */
};

struct far {
	int control;
	pid_t pid;
	uint16_t port;
};

void far_die(const char *what)
{
	fprintf(stderr, "bench, far end: %s%s%s\n", what, errno ? ": " : "", errno ? strerror(errno) : "");
	exit(1);
}

int far_socket(uint16_t *ret_port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, n) || getsockname(fd, (struct sockaddr *)&a, &n))
		far_die("socket");
	*ret_port = ntohs(a.sin_port);
	return fd;
}

/* ---- RTP ---- */

static void sweep(struct far_side *s, const struct far_codec *codec)
{
	uint8_t in[2048], out[RTP_HEADER + FAR_PAYLOAD_MAX];

	memcpy(out + RTP_HEADER, codec->payload, codec->n_payload);
	for (unsigned i = 0; i < s->n_legs; i++) {
		struct far_leg *leg = &s->legs[i];
		uint16_t seq = leg->seq++;
		uint32_t fields[2] = {htonl((uint32_t)codec->ts_step * seq), htonl(i + 1)};

		if (leg->state != FAR_UP || leg->rtp < 0)
			continue;
		while (recv(leg->rtp, in, sizeof(in), 0) > 0)
			;
		out[0] = 0x80;
		out[1] = codec->pt;
		out[2] = (uint8_t)(seq >> 8);
		out[3] = (uint8_t)seq;
		memcpy(out + 4, fields, sizeof(fields));
		(void)sendto(leg->rtp, out, RTP_HEADER + codec->n_payload, 0, (struct sockaddr *)&leg->rtp_to,
			sizeof(leg->rtp_to));
	}
}

/* Something that is no silence: in the mu-law code of a middling level, both signs. */
static struct far_codec pcmu(void)
{
	struct far_codec c = {.ts_step = PCMU_BYTES, .n_payload = PCMU_BYTES};

	for (size_t i = 0; i < PCMU_BYTES; i++)
		c.payload[i] = (uint8_t)(0x20 + (i * 7) % 64 + (i & 1 ? 0x80 : 0));
	return c;
}

static void run_media(struct far_side *s, unsigned ms)
{
	struct far_codec codec = s->plan.codec.n_payload ? s->plan.codec : pcmu();
	struct timespec due;

	clock_gettime(CLOCK_MONOTONIC, &due);
	for (unsigned i = 0; i < ms / 20; i++) {
		sweep(s, &codec);
		due.tv_nsec += FRAME_NS;
		if (due.tv_nsec >= 1000000000) {
			due.tv_nsec -= 1000000000;
			due.tv_sec++;
		}
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
	}
}

/* ---- the process ---- */

static void make_legs(struct far_side *s, const struct far_plan *plan)
{
	unsigned first = plan->keep ? s->n_legs : 0; /* calls that are up stay so */

	if (first + plan->n > FAR_CALLS_MAX)
		far_die("too many calls");
	s->generation += !plan->keep || !first;
	s->plan = *plan;
	for (unsigned i = first; i < first + plan->n; i++) {
		s->legs[i] = (struct far_leg){.rtp = -1};
		if (plan->media)
			s->legs[i].rtp = far_socket(&s->legs[i].rtp_port);
	}
	s->n_legs = first + plan->n;
	s->n_begun = s->n_settled = first;
}

static void drop_legs(struct far_side *s)
{
	for (unsigned i = 0; i < s->n_legs; i++) {
		if (s->legs[i].rtp >= 0)
			close(s->legs[i].rtp);
	}
	s->n_legs = 0;
}

static void obey(struct far_side *s, const struct command *c)
{
	switch (c->order) {
	case ORDER_CALL:
		make_legs(s, &c->plan);
		far_script_call(s);
		if (!c->plan.keep)
			drop_legs(s);
		break;
	case ORDER_MEDIA:
		run_media(s, c->n);
		break;
	case ORDER_SERVE:
		far_script_serve(s, c->n);
		break;
	case ORDER_HANGUP:
		far_script_hangup(s);
		drop_legs(s);
		break;
	}
}

static void live(int control)
{
	static struct far_side side;
	struct command c;

	/* Whoever made us may be killed: then nobody needs us. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	side.sip = far_socket(&side.sip_port);
	side.sink = far_socket(&side.sink_port);
	side.generation = (unsigned)getpid() << 8;
	if (write(control, &side.sip_port, sizeof(side.sip_port)) != sizeof(side.sip_port))
		exit(1);
	while (read(control, &c, sizeof(c)) == sizeof(c)) {
		errno = 0;
		obey(&side, &c);
		if (write(control, "", 1) != 1)
			break;
	}
	exit(0);
}

/* ---- our side ---- */

struct far *far_start(void)
{
	struct far *f = calloc(1, sizeof(*f));
	int ends[2];

	if (!f || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		far_die("start");
	fflush(NULL);
	f->pid = fork();
	if (f->pid < 0)
		far_die("fork");
	if (f->pid == 0) {
		close(ends[0]);
		live(ends[1]);
	}
	close(ends[1]);
	f->control = ends[0];
	if (read(f->control, &f->port, sizeof(f->port)) != sizeof(f->port))
		far_die("it did not start");
	return f;
}

uint16_t far_port(const struct far *f)
{
	return f->port;
}

static void tell(struct far *f, const struct command *c)
{
	if (write(f->control, c, sizeof(*c)) != sizeof(*c))
		far_die("it is gone");
}

void far_wait(struct far *f)
{
	char done;

	errno = 0;
	if (read(f->control, &done, 1) != 1)
		far_die("it gave up");
}

void far_call(struct far *f, const struct far_plan *plan)
{
	tell(f, &(struct command){ORDER_CALL, *plan, 0});
	far_wait(f);
}

void far_media(struct far *f, unsigned ms)
{
	tell(f, &(struct command){.order = ORDER_MEDIA, .n = ms});
}

void far_serve(struct far *f, unsigned n)
{
	tell(f, &(struct command){.order = ORDER_SERVE, .n = n});
}

void far_hangup(struct far *f)
{
	tell(f, &(struct command){.order = ORDER_HANGUP});
	far_wait(f);
}

void far_stop(struct far *f)
{
	close(f->control);
	waitpid(f->pid, NULL, 0);
	free(f);
}
