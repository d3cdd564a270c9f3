/* The door between signalling and the media thread, on real threads: one ticks as fast as it can while the other
 * changes parameters, queues digits and reads figures. What is asserted is small; the thread sanitizer asserts the rest. */
#include "rig_stream.h"

#include <pthread.h>
#include <stdatomic.h>

struct media {
	struct rig *rig;
	atomic_bool stop;
};

static void *tick_away(void *arg)
{
	struct media *m = arg;

	while (!atomic_load(&m->stop))
		rig_run(m->rig, 20);
	return NULL;
}

TEST(parameters_digits_and_figures_cross_while_it_ticks)
{
	struct media m = {.rig = rig_open(1, "PCMU", 20, 20)};
	struct rig_end *a = &m.rig->a;
	size_t digits = 0, asked = 0;
	struct stream_stats s;
	pthread_t thread;

	m.rig->a.params.dir = m.rig->b.params.dir = STREAM_SEND | STREAM_RECV;
	rig_run(m.rig, 100);
	CHECK_EQ(pthread_create(&thread, NULL, tick_away, &m), 0);
	for (unsigned i = 0; i < 2000; i++) {
		struct stream_params p = a->params;

		p.ptime_ms = 10 + i % 6 * 10;
		p.relatch = i % 5 == 0;
		p.tx = codec_find(i % 2 ? SLICE_LIT("PCMA") : SLICE_LIT("PCMU"), 8000, 1);
		p.tx_pt = (uint8_t)p.tx->static_pt;
		CHECK_OK(stream_apply(a->stream, &p));
		digits += stream_dtmf(a->stream, "1", 40, 30) == 0;
		asked++;
		rig_stats(a); /* the law holds in every copy */
		rig_stats(&m.rig->b);
	}
	atomic_store(&m.stop, true);
	pthread_join(thread, NULL);
	CHECK(digits > 0 && digits <= asked);
	CHECK_OK(stream_apply(a->stream, &a->params));
	rig_run(m.rig, 32 * 400);
	s = rig_stats(a);
	CHECK(s.tx_packets > 0);
	CHECK_EQ(m.rig->b.n_digits < RIG_REPORTS - 1 ? m.rig->b.n_digits : digits, digits);
	rig_close(m.rig);
}

TESTS(RUN(parameters_digits_and_figures_cross_while_it_ticks))
