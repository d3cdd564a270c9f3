/* Both ends of a TCP connection, on either world: what the tests of streams share. */
#ifndef OH_TESTS_HOST_TALK_H
#define OH_TESTS_HOST_TALK_H

#include "net.h"

struct talker {
	struct host_stream *s;
	char *text; /* all that was received */
	size_t n, pieces;
	unsigned opened, drained, finished, failed;
	int err;
	bool closes; /* by itself, at the end of the other */
};

static inline void talker_opened(void *arg)
{
	((struct talker *)arg)->opened++;
}

static inline void talker_received(void *arg, const void *data, size_t n)
{
	struct talker *t = arg;

	t->text = mem_realloc(t->text, t->n + n + 1);
	memcpy(t->text + t->n, data, n);
	t->n += n;
	t->text[t->n] = 0;
	t->pieces++;
}

static inline void talker_drained(void *arg)
{
	((struct talker *)arg)->drained++;
}

static inline void talker_finished(void *arg)
{
	struct talker *t = arg;

	t->finished++;
	if (t->closes)
		t->s = host_stream_close(t->s);
}

static inline void talker_failed(void *arg, int err)
{
	struct talker *t = arg;

	t->failed++;
	t->err = err;
	t->s = host_stream_close(t->s);
}

static inline struct host_stream_handler talker_handler(struct talker *t)
{
	return (struct host_stream_handler){
		talker_opened, talker_received, talker_drained, talker_finished, talker_failed, t};
}

static inline void talker_connect(struct talker *t, struct host *h, const struct netaddr *to)
{
	const struct host_stream_cfg cfg = {.dscp = 24};
	const struct host_stream_handler handler = talker_handler(t);

	*t = (struct talker){0};
	CHECK_OK(host_stream_connect(h, to, &cfg, &handler, &t->s));
}

static inline void talker_say(struct talker *t, const char *text)
{
	CHECK_OK(host_stream_send(t->s, text, strlen(text)));
}

static inline void talker_end(struct talker *t)
{
	t->s = host_stream_close(t->s);
	mem_free(t->text);
	*t = (struct talker){0};
}

/* Takes one connection after the other; the last is in `t`, the one before is closed. */
struct door {
	struct host_listener *l;
	struct talker t;
	unsigned accepted;
	bool refuses; /* closes at once */
};

static inline void door_accepted(void *arg, struct host_stream *s)
{
	struct door *d = arg;
	const struct host_stream_handler handler = talker_handler(&d->t);

	d->accepted++;
	if (d->refuses) {
		host_stream_close(s);
		return;
	}
	host_stream_close(d->t.s);
	d->t.s = s;
	host_stream_handle(s, &handler);
}

static inline void door_open(struct door *d, struct host *h, const char *ip, uint16_t port)
{
	const struct host_stream_cfg cfg = {.local = addr_of(ip, port), .dscp = 24, .send_max = 4u << 20};
	const struct host_listener_handler handler = {door_accepted, d};

	*d = (struct door){0};
	CHECK_OK(host_listener_open(h, &cfg, &handler, &d->l));
}

static inline void door_close(struct door *d)
{
	talker_end(&d->t);
	d->l = host_listener_close(d->l);
}

#endif
