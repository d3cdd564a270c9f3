#include "phone/auto_answer.h"

#include "offhook/identity.h"
#include "phone/identity.h"
#include "session/caller.h"

#define DELAY_MAX_MS 600000u

/* Somebody whom we know: by where he is, or because he has proved who he is, else he would not be here. */
static bool is_known(const struct account *a, const struct sip_flow *flow)
{
	return a->challenge || identity_trusts(a, &flow->remote);
}

static bool is_answered(const struct account *a, const struct answer_wish *wish, const struct sip_flow *flow)
{
	switch (a->auto_answer) {
	case OFFHOOK_AUTO_ANSWER_REQUESTED:
		return wish->mode == ANSWER_MODE_AUTO && is_known(a, flow);
	case OFFHOOK_AUTO_ANSWER_ALWAYS:
		return wish->mode != ANSWER_MODE_MANUAL || !wish->required;
	case OFFHOOK_AUTO_ANSWER_OFF:
		break;
	}
	return false;
}

bool auto_answer_refused(const struct account *a, const struct sip_msg *msg, struct sip_server *server)
{
	struct answer_wish wish;

	/* A program that does without us may do as it likes. */
	if (a->auto_answer == OFFHOOK_AUTO_ANSWER_OFF)
		return false;
	answer_wish_read(msg, &wish);
	if (!wish.required ||
		is_answered(a, &wish, sip_server_flow(server)) == (wish.mode == ANSWER_MODE_AUTO))
		return false;
	sip_refuse(server, 403,
		wish.mode == ANSWER_MODE_AUTO ? "automatic answer forbidden" : "manual answer forbidden");
	return true;
}

static void on_due(void *arg)
{
	struct call *c = arg;

	/* What keeps it from being answered is told to whoever asks for it by himself; it rings on. */
	if (c->state == OFFHOOK_CALL_INCOMING || c->state == OFFHOOK_CALL_EARLY)
		(void)call_answer_with(c, 200);
}

void auto_answer_begin(struct call *c, const struct account *a, const struct sip_msg *msg)
{
	struct answer_wish wish;
	uint32_t delay_ms = a->auto_answer_ms;

	answer_wish_read(msg, &wish);
	if (!is_answered(a, &wish, inv_flow(c->inv)))
		return;
	if (wish.after_s * 1000 > delay_ms)
		delay_ms = wish.after_s * 1000;
	wheel_timer_init(&c->auto_answer, on_due, c);
	sip_stack_arm(c->phone->stack, &c->auto_answer, delay_ms);
}

/* ---- the API ---- */

struct set_args {
	offhook_id account;
	enum offhook_auto_answer which;
	uint32_t delay_ms;
};

static int set_run(struct offhook_phone *p, void *arg)
{
	const struct set_args *args = arg;
	struct account *a = account_find(p, args->account);
	int err = phone_check_open(p);

	if (err)
		return err;
	if (!a)
		return err_detail(OH_ENOENT, "no such account");
	a->auto_answer = args->which;
	a->auto_answer_ms = args->delay_ms;
	return 0;
}

int offhook_account_set_auto_answer(
	struct offhook_phone *phone, offhook_id account, enum offhook_auto_answer which, uint32_t delay_ms)
{
	struct set_args args = {account, which, delay_ms};

	err_detail_clear();
	if ((unsigned)which > OFFHOOK_AUTO_ANSWER_ALWAYS)
		return err_detail(OH_EINVAL, "which is no enum offhook_auto_answer");
	if (delay_ms > DELAY_MAX_MS)
		return err_detail(OH_EINVAL, "delay_ms is at most %u", DELAY_MAX_MS);
	return phone_command(phone, set_run, &args);
}
