/* What the tones in calls tell, to programs that want to know. */
#include "phone/call_impl.h"

#include "offhook/tone.h"

void offhook_progress_cfg_init(struct offhook_progress_cfg *cfg)
{
	*cfg = (struct offhook_progress_cfg){.size = sizeof(*cfg), .on = 1};
}

struct progress_args {
	offhook_id call;
	struct hearing_tones want;
};

static int progress_run(struct offhook_phone *p, void *arg)
{
	const struct progress_args *a = arg;
	struct call *c = NULL;
	int err = a->call ? call_operand(p, a->call, &c) : phone_check_open(p);

	if (err)
		return err;
	if (!c) {
		p->listen_tones = a->want;
		return 0;
	}
	err = c->media.stream ? hearing_want_tones(c->media.hearing, &a->want) : 0;
	if (!err)
		c->media.listen_tones = a->want;
	return err;
}

int offhook_call_progress_listen(
	struct offhook_phone *phone, offhook_id call, const struct offhook_progress_cfg *cfg)
{
	struct offhook_progress_cfg ours;
	struct progress_args args = {.call = call};
	int err = 0;

	err_detail_clear();
	offhook_progress_cfg_init(&ours);
	if (cfg)
		err = cfg_take(&ours, sizeof(ours), cfg);
	if (err)
		return err;
	args.want.wanted = ours.on != 0;
	if (ours.country) {
		args.want.country = national_find(slice_of(ours.country));
		if (!args.want.country)
			return err_detail(
				OH_EINVAL, "the tones of the country '%.8s' are not known", ours.country);
	}
	return phone_command(phone, progress_run, &args);
}

/* What was heard, in words: "480+620 Hz, 500 ms on, 490 ms off". */
void call_say_progress(struct call *c, const struct media_report *r)
{
	struct progress_heard h = progress_unpack((struct progress_packed){r->value, r->duration_ms});
	struct event_say say = call_event(c, OFFHOOK_EVENT_CALL_PROGRESS);
	char text[96];
	int n = snprintf(text, sizeof(text), "%u", h.hz[0]);

	if (h.hz[1])
		n += snprintf(text + n, sizeof(text) - (size_t)n, "+%u", h.hz[1]);
	n += snprintf(text + n, sizeof(text) - (size_t)n, " Hz, %u ms on", h.on_ms);
	if (h.off_ms)
		n += snprintf(text + n, sizeof(text) - (size_t)n, ", %u ms off", h.off_ms);
	say.status = h.kind; /* the same numbers */
	say.count = h.confidence;
	say.duration_ms = h.on_ms;
	say.text = slice_make(text, (size_t)n);
	event_emit(c->phone, &say);
}
