/* Hold and resume by re-INVITE. */
#include "phone/call_impl.h"

#include "base/mem.h"

struct hold_args {
	offhook_id call;
	bool hold;
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
	if (c->state != OFFHOOK_CALL_CONFIRMED)
		return err_detail(OH_ESTATE, "the call is not confirmed");
	if (inv_offer_open(c->inv))
		return err_detail(OH_EBUSY, "another offer waits for its answer");
	c->media.hold_before = c->media.hold;
	c->media.hold = a->hold;
	err = call_media_offer(&c->media, inv_flow(c->inv), &offer);
	if (!err)
		err = inv_reoffer(c->inv, offer, slice_of(c->contact), a->extras->list, a->extras->n);
	if (err) {
		call_media_rollback(&c->media);
		return err;
	}
	c->reoffer_cause = p->commands.cause;
	return 0;
}

static int reoffer(struct offhook_phone *phone, offhook_id call, bool hold,
	const struct offhook_header *headers, size_t n_headers)
{
	struct hold_args args = {.call = call, .hold = hold};
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
	return reoffer(phone, call, true, headers, n_headers);
}

int offhook_call_reinvite(
	struct offhook_phone *phone, offhook_id call, const struct offhook_header *headers, size_t n_headers)
{
	return reoffer(phone, call, false, headers, n_headers);
}
