/* Digits out and in, and the figures of a call. */
#include "phone/call_impl.h"

#include "offhook/tone.h"

struct dtmf_args {
	offhook_id call;
	const char *digits;
	unsigned duration_ms, pause_ms;
};

static bool goes_by_info(const struct call *c)
{
	return c->rules.dtmf == OFFHOOK_DTMF_INFO_RELAY || c->rules.dtmf == OFFHOOK_DTMF_INFO;
}

static int send_info(struct call *c, const struct dtmf_args *a)
{
	const struct digits_order order = {
		a->digits, a->duration_ms, a->pause_ms, c->rules.dtmf != OFFHOOK_DTMF_INFO};

	return digits_send(c, &order);
}

static int send_rtp(struct call *c, const struct dtmf_args *a)
{
	if (!c->media.stream)
		return err_detail(OH_ENOMEDIA, "the call has no audio");
	if (c->media.params.dtmf_sound && strpbrk(a->digits, "Rr"))
		return err_detail(OH_EDIGIT, "a flash (R) has no sound");
	return stream_dtmf(c->media.stream, a->digits, a->duration_ms, a->pause_ms);
}

static int dtmf_run(struct offhook_phone *p, void *arg)
{
	const struct dtmf_args *a = arg;
	struct call *c;
	int err = call_operand(p, a->call, &c);

	if (err)
		return err;
	err = goes_by_info(c) ? send_info(c, a) : send_rtp(c, a);
	if (!err)
		c->media.digits_sent += strlen(a->digits);
	return err;
}

static bool in_range(unsigned value, unsigned min, unsigned max)
{
	return value == 0 || (value >= min && value <= max);
}

int offhook_call_dtmf(struct offhook_phone *phone, offhook_id call, const char *digits, unsigned duration_ms,
	unsigned pause_ms)
{
	struct dtmf_args args = {call, digits, duration_ms, pause_ms};

	err_detail_clear();
	if (!digits || !*digits)
		return err_detail(OH_EINVAL, "no digits");
	if (!in_range(duration_ms, 40, 8000) || !in_range(pause_ms, 30, 8000))
		return err_detail(OH_EINVAL, "a digit lasts 40 to 8000 ms, a pause 30 to 8000 ms");
	for (const char *d = digits; *d; d++)
		if (!strchr("0123456789ABCDabcd*#Rr", *d))
			return err_detail(OH_EDIGIT, "'%c' is not a digit; they are 0-9 A-D * # and R", *d);
	return phone_command(phone, dtmf_run, &args);
}

/* ---- digits in ---- */

struct hear_args {
	offhook_id call;
	enum offhook_dtmf_hear hear;
};

static int hear_run(struct offhook_phone *p, void *arg)
{
	const struct hear_args *a = arg;
	enum offhook_dtmf_hear before;
	struct call *c;
	int err = call_operand(p, a->call, &c);

	if (err)
		return err;
	before = c->rules.hear;
	c->rules.hear = a->hear;
	err = call_media_hear_digits(&c->media);
	if (err)
		c->rules.hear = before;
	return err;
}

int offhook_call_hear_dtmf(struct offhook_phone *phone, offhook_id call, enum offhook_dtmf_hear hear)
{
	struct hear_args args = {call, hear == OFFHOOK_DTMF_HEAR_DEFAULT ? OFFHOOK_DTMF_HEAR_AUTO : hear};

	err_detail_clear();
	if ((unsigned)hear > OFFHOOK_DTMF_HEAR_ON)
		return err_detail(OH_EINVAL, "this is no enum offhook_dtmf_hear");
	return phone_command(phone, hear_run, &args);
}

/* ---- figures ---- */

struct stats_args {
	offhook_id call;
	struct offhook_call_stats stats;
};

static double ms_between(uint64_t from, uint64_t to)
{
	return from && to > from ? (double)(to - from) / (double)NS_PER_MS : 0;
}

static int stats_run(struct offhook_phone *p, void *arg)
{
	struct stats_args *a = arg;
	struct call *c;
	int err = call_asked(p, a->call, &c);

	if (err)
		return err;
	call_media_stats(&c->media, &a->stats);
	a->stats.setup_ms = ms_between(c->begun_ns, c->confirmed_ns);
	a->stats.first_response_ms = ms_between(c->begun_ns, c->first_response_ns);
	return 0;
}

int offhook_call_get_stats(struct offhook_phone *phone, offhook_id call, struct offhook_call_stats *ret_stats)
{
	struct stats_args args = {.call = call};
	int err = phone_query(phone, stats_run, &args);

	return err ? err : info_give(ret_stats, &args.stats, sizeof(args.stats));
}
