/* Calls from the program's point of view: which events, in which order, and what each handler sees. */
#include "rig.h"

TEST(a_call_is_made_answered_and_ended)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);

	rig_call(r);
	CHECK_STR(r->a.log, "CALLING ");
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK_OK(side_answer(&r->b, 180));
	CHECK(rig_wait(&r->a, "EARLY(180)"));
	CHECK_OK(side_answer(&r->b, 200));
	CHECK(rig_wait(&r->b, "CONFIRMED"));
	rig_run_ms(r, 3000);
	CHECK_OK(side_hangup(&r->a, 0));
	CHECK(rig_wait(&r->b, "DISCONNECTED"));
	CHECK_STR(r->a.log, "CALLING EARLY(180) CONNECTING(200) MEDIA(ACTIVE,3,slot) CONFIRMED(200) "
			    "DISCONNECTED(200) ");
	CHECK_STR(r->b.log, "INCOMING EARLY(180) MEDIA(ACTIVE,3,slot) CONNECTING(200) CONFIRMED(200) "
			    "DISCONNECTED(200) ");
	rig_close(r);
}

TESTS(RUN(a_call_is_made_answered_and_ended))
