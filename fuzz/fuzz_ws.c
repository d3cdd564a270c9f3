/*
 * WebSocket: a request to a server, an answer to a client, then frames; or frames to one whose handshake is over. In
 * pieces as the bytes say; the same bytes at once must come to the same.
 */
#include "fuzz.h"

#include "filter_pair.h"
#include "host/sim/sim.h"
#include "sip/ws_impl.h"

static void check_laws(const struct filter_end *e)
{
	CHECK(e->f->state != FILTER_NEW);
	CHECK_EQ(e->f->state == FILTER_FAILED, e->f->err != 0);
	CHECK_EQ(e->f->state == FILTER_FAILED, e->f->why[0] != '\0');
}

static void open_end(struct filter_end *e, const struct filter_maker *maker, bool client, bool shaken)
{
	const struct filter_ask ask = {
		.client = client, .name = SLICE_LIT("a"), .peer = SLICE_LIT("10.0.0.1:80")};
	struct filter *f;

	CHECK_OK(maker->make(maker->arg, &ask, &f));
	CHECK_OK(filter_end_start(e, f));
	if (shaken)
		f->state = FILTER_OPEN;
}

static void feed_end(struct filter_end *e, struct slice bytes, size_t piece)
{
	while (bytes.n) {
		size_t n = piece && piece < bytes.n ? piece : bytes.n;
		char *block = feed_block(slice_make(bytes.p, n));

		filter_receive(e->f, slice_make(block, n));
		free(block);
		check_laws(e);
		bytes = slice_skip(bytes, n);
	}
}

void fuzz_one(const uint8_t *data, size_t n)
{
	struct feed feed = {data, n};
	struct ws_cfg cfg = {.path = SLICE_LIT("/"), .max_message = 1000};
	unsigned mode = feed_byte(&feed);
	bool client = mode & 1, shaken = mode & 2;
	size_t piece = 1 + (mode >> 2);
	struct filter_end whole, parts;
	struct filter_maker maker;
	struct sim *sim;

	CHECK_OK(sim_new(1, &sim));
	CHECK_OK(sim_host_new(sim, "10.0.0.1", &cfg.host));
	CHECK_OK(ws_maker_new(&cfg, NULL, &maker));
	open_end(&whole, &maker, client, shaken);
	open_end(&parts, &maker, client, shaken);
	feed_end(&whole, slice_make((const char *)feed.p, feed.n), 0);
	feed_end(&parts, slice_make((const char *)feed.p, feed.n), piece);
	CHECK_EQ(whole.f->err, parts.f->err);
	CHECK_EQ(whole.f->state, parts.f->state);
	CHECK_STR(whole.f->why, parts.f->why);
	CHECK_EQ(whole.messages, parts.messages);
	CHECK_EQ(whole.up.n, parts.up.n);
	CHECK(!whole.up.n || memcmp(whole.up.p, parts.up.p, whole.up.n) == 0);
	filter_end_close(&whole);
	filter_end_close(&parts);
	maker.free(maker.arg);
	host_free(cfg.host);
	sim_free(sim);
}
