/* Telephone-events. Bytes as packets of a peer: only digits come out, and no more of them than packets. Then digits of
 * ours over a wire that loses and doubles: each digit of which a packet arrived is heard, once and in order. */
#include "fuzz.h"

#include "rtp/dtmf.h"

#define NS_MS 1000000ull

struct ear {
	char heard[4096];
	size_t n;
	uint64_t last_ns;
};

static void on_digit(void *arg, char digit, uint32_t duration_ms, uint64_t at_ns)
{
	struct ear *e = arg;

	(void)duration_ms;
	(void)at_ns;
	CHECK(dtmf_event_of(digit) >= 0);
	if (e->n < sizeof(e->heard))
		e->heard[e->n] = digit;
	e->n++;
}

static void strange_peer(struct feed f)
{
	struct ear e = {.n = 0};
	uint64_t now = 1000 * NS_MS;
	uint32_t ts = feed_u32(&f);
	struct dtmf_rx rx;
	size_t packets = 0;

	dtmf_rx_init(&rx, feed_below(&f, 2) ? 8000 : 48000, on_digit, &e);
	while (f.n) {
		unsigned op = feed_byte(&f);
		struct slice text;

		if (op & 1)
			ts += op & 2 ? feed_u32(&f) : op & 4 ? 0xffff : 160u * feed_byte(&f);
		if (op & 8)
			now += feed_byte(&f) * NS_MS;
		text = feed_bytes(&f, op & 0x10 ? feed_below(&f, 8) : DTMF_BYTES);
		packets += dtmf_rx_packet(&rx, ts, op & 0x20, (const uint8_t *)text.p, text.n, now);
		if (op & 0x40)
			dtmf_rx_tick(&rx, now);
		if (op == 0xff)
			dtmf_rx_restart(&rx);
		CHECK(rx.n_open <= DTMF_OPEN);
	}
	dtmf_rx_restart(&rx);
	CHECK(rx.n_open == 0 && e.n <= packets);
}

/* Digits and how long, from the bytes; then one byte decides the fate of each packet. */
static void bad_wire(struct feed f)
{
	struct dtmf_tx tx = {.clock_hz = 8000};
	struct ear e = {.n = 0};
	struct dtmf_rx rx;
	char digits[DTMF_QUEUE + 1] = "", reached[DTMF_QUEUE + 1];
	unsigned n = 1 + feed_below(&f, DTMF_QUEUE), duration = 40 + feed_byte(&f);
	uint32_t ts = feed_u32(&f), last_ts = 0;
	size_t n_reached = 0;

	for (unsigned i = 0; i < n; i++)
		digits[i] = dtmf_digit_of(feed_below(&f, 17));
	CHECK_OK(dtmf_queue_add(&tx.queue, digits, duration, 30 + feed_byte(&f)));
	dtmf_rx_init(&rx, 8000, on_digit, &e);
	for (uint64_t now = NS_MS; !tx.finished; now += 20 * NS_MS, ts += 160) {
		struct dtmf_packet out[DTMF_STEP_PACKETS];
		size_t k = dtmf_tx_step(&tx, ts, 160, out);

		for (size_t i = 0; i < k; i++) {
			unsigned fate = feed_byte(&f);

			if (fate % 4 == 3)
				continue;
			/* All packets of an event repeat where it began. */
			if (!n_reached || out[i].ts != last_ts)
				reached[n_reached++] = dtmf_digit_of(out[i].payload[0]);
			last_ts = out[i].ts;
			for (unsigned copies = fate % 4 == 2 ? 2 : 1; copies; copies--)
				CHECK(dtmf_rx_packet(
					&rx, out[i].ts, out[i].marker, out[i].payload, DTMF_BYTES, now));
		}
		dtmf_rx_tick(&rx, now);
	}
	dtmf_rx_restart(&rx);
	CHECK_EQ(e.n, n_reached);
	CHECK_MEM(e.heard, reached, n_reached);
}

void fuzz_one(const uint8_t *data, size_t n)
{
	struct feed f = {data, n};

	if (feed_below(&f, 2))
		strange_peer(f);
	else
		bad_wire(f);
}
