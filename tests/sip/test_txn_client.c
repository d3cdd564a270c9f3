/* Client transactions: RFC 3261 17.1, RFC 6026. */
#include "rig.h"

/* RFC 3261 17.1.1.2: T1 = 500 ms, the wait doubles, and it is over at 64*T1. */
TEST(invite_over_udp_backs_off_then_times_out)
{
	static const unsigned sent_at_ms[] = {0, 500, 1500, 3500, 7500, 15500, 31500};
	struct rig *r = rig_new();

	rig_call(r, SIP_INVITE);
	for (size_t i = 0; i < ARRAY_LEN(sent_at_ms); i++)
		rig_expect_at(r, sent_at_ms[i], "INVITE sip:bob@192.0.2.2:5070 SIP/2.0\r\n");
	rig_run_until(r, 31999);
	CHECK_EQ(r->user.done, 0);
	rig_run_until(r, 32000);
	CHECK_EQ(r->user.done, 1);
	CHECK_EQ(r->user.err, OH_ETIMEDOUT);
	rig_close(r);
}

TESTS(RUN(invite_over_udp_backs_off_then_times_out))
