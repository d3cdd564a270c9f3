/* Hold and resume by re-INVITE. */
#include "phone/call_impl.h"

#include "base/mem.h"
#include "offhook/session.h"

enum what { HOLD, RESUME, UPDATE };

struct hold_args {
	offhook_id call;
	enum what what;
	struct extras *extras;
};

static int hold_run(struct offhook_phone *p, void *arg)
{
	const struct hold_args *a = arg;
	struct slice offer;
	struct call *c;
	int err = call_operand(p, a->call, &c);

	if (err)
		return err;
	if (a->what == UPDATE && !c->inv)
		return err_detail(OH_ESTATE, "the call has no dialog yet");
	if (a->what == UPDATE && (err = inv_may_update(c->inv, true)) != 0)
		return err;
	if (a->what != UPDATE && c->state != OFFHOOK_CALL_CONFIRMED)
		return err_detail(OH_ESTATE, "the call is not confirmed");
	if (inv_offer_open(c->inv))
		return err_detail(OH_EBUSY, "another offer waits for its answer");
	c->media.hold_before = c->media.hold;
	if (a->what != UPDATE)
		c->media.hold = a->what == HOLD;
	err = call_media_offer(&c->media, inv_flow(c->inv), &offer);
	if (!err)
		err = (a->what == UPDATE ? inv_update : inv_reoffer)(
			c->inv, offer, slice_of(c->contact), a->extras->list, a->extras->n);
	if (err) {
		call_media_rollback(&c->media);
		return err;
	}
	c->reoffer_cause = p->commands.cause;
	return 0;
}

static int reoffer(struct offhook_phone *phone, offhook_id call, enum what what,
	const struct offhook_header *headers, size_t n_headers)
{
	struct hold_args args = {.call = call, .what = what};
	int err;

	err_detail_clear();
	err = extras_new(headers, n_headers, &args.extras);
	if (!err)
		err = phone_command(phone, hold_run, &args);
	mem_free(args.extras);
	return err;
}

int offhook_call_hold(
	struct offhook_phone *phone, offhook_id call, const struct offhook_header *headers, size_t n_headers)
{
	return reoffer(phone, call, HOLD, headers, n_headers);
}

int offhook_call_reinvite(
	struct offhook_phone *phone, offhook_id call, const struct offhook_header *headers, size_t n_headers)
{
	return reoffer(phone, call, RESUME, headers, n_headers);
}

int offhook_call_update(
	struct offhook_phone *phone, offhook_id call, const struct offhook_header *headers, size_t n_headers)
{
	return reoffer(phone, call, UPDATE, headers, n_headers);
}
