/*
 * Closing: every call is ended, every subscription, publication and registration taken back, and the closer waits until the peers know, or until its limit.
 *
 * It waits for two things: that no request of ours and no refusal still lacks its answer, and, unless the
 * program pulls its events itself, that the handlers of the ends have run.
 */
#include "phone/phone_impl.h"

#include "base/mem.h"
#include "phone/account_reg.h"
#include "phone/buddy.h"
#include "phone/presence.h"
#include "phone/watcher.h"

struct close_args {
	uint32_t limit_ms;
};

static bool all_said(const struct offhook_phone *p)
{
	struct sip_counters c;

	sip_stack_counters(p->stack, &c);
	/* A callee that hung up before the ACK has its BYE still to send. */
	return c.unanswered == 0 && sip_stack_ending(p->stack) == 0 && account_regs_gone(p);
}

static bool all_handled(const struct offhook_phone *p)
{
	return p->cfg.delivery == OFFHOOK_DELIVER_PULL || p->n_calls == 0;
}

static void closed(struct offhook_phone *p)
{
	p->state = PHONE_CLOSED;
	audio_phone_closed(p);
	sounds_close(p);
	p->close_limit = host_timer_free(p->close_limit);
	events_over(p);
}

static void let_closer_go(struct offhook_phone *p, int result)
{
	struct command *closer = p->closer;

	closed(p);
	p->closer = NULL;
	events_flush(p);
	command_finish(closer, result);
}

void phone_check_closed(struct offhook_phone *p)
{
	if (p->closer && all_said(p) && all_handled(p))
		let_closer_go(p, 0);
}

static void limit_passed(void *arg)
{
	struct offhook_phone *p = arg;
	size_t calls = p->n_calls;

	if (p->closer)
		let_closer_go(p, err_detail(OH_ETIMEDOUT, "%s",
					 calls ? "not every event of an end was handled in time"
					       : "a peer has not answered in time"));
}

static int close_run(struct offhook_phone *p, void *arg)
{
	const struct close_args *a = arg;
	int err;

	if (p->state != PHONE_OPEN)
		return err_detail(OH_ECLOSED, "the phone is closing or closed");
	p->state = PHONE_CLOSING;
	questions_refuse_all(p);
	calls_end_all(p);
	watchers_stop_all(p);
	buddies_stop_all(p);
	presence_stop_all(p);
	account_regs_leave_all(p);
	if (all_said(p) && (all_handled(p) || a->limit_ms == 0)) {
		closed(p);
		return 0;
	}
	if (a->limit_ms == 0) {
		closed(p);
		return err_detail(OH_ETIMEDOUT, "not waited for the peers");
	}
	err = host_timer_new(p->host, limit_passed, p, &p->close_limit);
	p->closer = err ? NULL : command_defer(p);
	if (!p->closer) {
		closed(p);
		return err ? err : err_detail(OH_ETIMEDOUT, "nobody can wait here");
	}
	host_timer_at(p->close_limit, host_now(p->host) + a->limit_ms * NS_PER_MS);
	return 0;
}

int offhook_phone_close(struct offhook_phone *phone, uint32_t limit_ms)
{
	struct close_args args = {limit_ms};

	err_detail_clear();
	if (phone && phone->cfg.delivery != OFFHOOK_DELIVER_PULL && event_is_handling(phone))
		return err_detail(OH_ESTATE, "a handler cannot close the phone that called it");
	return phone_command(phone, close_run, &args);
}
