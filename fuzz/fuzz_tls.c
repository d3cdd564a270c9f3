/*
 * Bytes to a TLS session that has not shaken hands, server or client by the first byte; and a program of what can happen
 * to an open one: its ciphertext cut, doubled, flipped. OpenSSL reads the records; the laws are those of our filter.
 */
#include "fuzz.h"

#include "filter_pair.h"
#include "host/sim/sim.h"
#include "tls/certs.h"
#include "tls/tls.h"

static struct world {
	struct sim *sim;
	struct host *host;
	struct cert cert;
	struct tls_ctx *server, *client;
} * world;

/* Keys and contexts cost more than all the rest: made once, outside of what is counted. */
static void make_world(void)
{
	static struct world w;
	const struct cert_cfg cert = {.san = "DNS:a.example"};
	struct tls_cfg cfg;

	CHECK_OK(sim_new(1, &w.sim));
	CHECK_OK(sim_host_new(w.sim, "10.0.0.1", &w.host));
	cert_make(&cert, &w.cert);
	cfg = (struct tls_cfg){.host = w.host,
		.cert_pem = slice_of(w.cert.pem),
		.key_pem = slice_of(w.cert.key_pem),
		.ca_pem = slice_of(w.cert.pem)};
	CHECK_OK(tls_ctx_new(&cfg, &w.server));
	CHECK_OK(tls_ctx_new(&cfg, &w.client));
	world = &w;
}

static void end_world(void)
{
	tls_ctx_free(world->server);
	tls_ctx_free(world->client);
	cert_free(&world->cert);
	host_free(world->host);
	sim_free(world->sim);
	world = NULL;
}

static void check_laws(const struct filter_end *e)
{
	CHECK(e->f->state != FILTER_NEW);
	CHECK_EQ(e->f->state == FILTER_FAILED, e->f->err != 0);
	CHECK_EQ(e->f->state == FILTER_FAILED, e->f->why[0] != '\0');
}

static void open_end(struct filter_end *e, bool client)
{
	const struct filter_ask ask = {.client = client, .name = SLICE_LIT("a.example")};
	struct filter *f;

	CHECK_OK(tls_filter_new(client ? world->client : world->server, &ask, &f));
	CHECK_OK(filter_end_start(e, f));
}

static void alone(struct feed *feed, bool client)
{
	struct filter_end e;

	open_end(&e, client);
	while (feed->n) {
		struct slice some = feed_bytes(feed, 1 + feed_byte(feed));
		char *block = feed_block(some);

		filter_receive(e.f, slice_make(block, some.n));
		free(block);
		check_laws(&e);
	}
	CHECK(e.up.n == 0); /* nobody speaks without having shaken hands */
	filter_end_close(&e);
}

/* Damage to what has been sent and not carried yet. */
static void harm(struct filter_end *e, struct feed *feed)
{
	size_t at = e->down.n ? feed_u16(feed) % e->down.n : 0;

	if (!e->down.n)
		return;
	switch (feed_below(feed, 3)) {
	case 0:
		e->down.p[at] ^= (char)(1 << feed_below(feed, 8));
		break;
	case 1:
		e->down.n = at;
		break;
	default:
		memset(e->down.p + at, feed_byte(feed), 1);
	}
}

static void together(struct feed *feed)
{
	struct filter_end a, b;
	size_t sent = 0;

	open_end(&a, true);
	open_end(&b, false);
	for (int i = 0; i < 64 && feed->n; i++) {
		struct slice text;

		switch (feed_below(feed, 6)) {
		case 0:
			filter_carry(&a, &b, feed_byte(feed));
			break;
		case 1:
			filter_carry(&b, &a, feed_byte(feed));
			break;
		case 2:
			text = feed_bytes(feed, feed_byte(feed));
			if (filter_send(a.f, text) == 0)
				sent += text.n;
			break;
		case 3:
			harm(&a, feed);
			break;
		case 4:
			harm(&b, feed);
			break;
		default:
			filter_finish(a.f);
		}
		check_laws(&a);
		check_laws(&b);
		CHECK(b.up.n <= sent);
	}
	filter_end_close(&a);
	filter_end_close(&b);
}

void fuzz_one(const uint8_t *data, size_t n)
{
	struct feed feed = {data, n};
	unsigned mode = feed_below(&feed, 3);

	make_world();
	if (mode == 2)
		together(&feed);
	else
		alone(&feed, mode == 1);
	end_world();
}
