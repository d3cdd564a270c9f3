/* From one stream to another without decoding: see parcel.h. */
#include "rtp/stream_impl.h"

bool stream_passes(const struct stream *from, const struct stream *to, struct parcel_want *ret_want)
{
	const struct stream_want *f = &from->want, *t = &to->want;

	if (!f->tx || f->tx != t->tx || f->mode != t->mode || !(f->dir & STREAM_RECV) ||
		!(t->dir & STREAM_SEND))
		return false;
	/* Packets of several ticks would be under way as a whole when somebody joins in their middle; and a call that
	 * leaves out its silence has to hear it. */
	if (t->noise_tx || !t->ptime_ms || to->tick_ms % t->ptime_ms)
		return false;
	*ret_want = (struct parcel_want){t->tx->number, t->tx->clock_hz / 1000 * t->ptime_ms};
	return true;
}

bool stream_hand(struct stream *s, struct parcel *p)
{
	if (!s->cur || !(s->cur->p.dir & STREAM_RECV) || s->rx.quiet == STREAM_NOISE ||
		s->jbuf.dec.rate_hz != s->cur->rate_hz || s->jbuf.dec.clock_hz != s->cur->clock_hz)
		return false;
	stream_excuse(s);
	return jbuf_hand(&s->jbuf, s->now_ns, p);
}
