/* What a program wants to hear of in its calls: silence and speech. */
#include "phone/call_impl.h"

#include "offhook/quality.h"

void offhook_listen_cfg_init(struct offhook_listen_cfg *cfg)
{
	struct hearing_cfg ours;

	hearing_cfg_defaults(&ours);
	*cfg = (struct offhook_listen_cfg){
		.size = sizeof(*cfg),
		.silence_ms = ours.silence_ms,
		.silence_dbov = (double)ours.silence_dbov,
		.speech = ours.speech,
		.speech_start_ms = ours.vad.start_ms,
		.speech_hang_ms = ours.vad.hang_ms,
		.speech_snr_db = (double)ours.vad.snr_db,
	};
}

/* Written so that NaN is refused too. */
static bool within(double v, double least, double most)
{
	return v >= least && v <= most;
}

static int check(const struct offhook_listen_cfg *cfg)
{
	if (!within(cfg->silence_dbov, -96, 0))
		return err_detail(OH_EINVAL, "silence_dbov is -96 to 0");
	if (cfg->speech_start_ms > 1000)
		return err_detail(OH_EINVAL, "speech_start_ms is 0 to 1,000");
	if (cfg->speech_hang_ms > 10000)
		return err_detail(OH_EINVAL, "speech_hang_ms is 0 to 10,000");
	if (!within(cfg->speech_snr_db, 3, 30))
		return err_detail(OH_EINVAL, "speech_snr_db is 3 to 30");
	return 0;
}

struct listen_args {
	offhook_id call;
	struct hearing_cfg cfg;
};

static int listen_run(struct offhook_phone *p, void *arg)
{
	const struct listen_args *a = arg;
	struct call *c = NULL;
	int err = a->call ? call_operand(p, a->call, &c) : phone_check_open(p);

	if (err)
		return err;
	if (!c) {
		p->listen = a->cfg;
		return 0;
	}
	c->media.listen = a->cfg;
	if (c->media.stream)
		hearing_want(c->media.hearing, &a->cfg);
	return 0;
}

int offhook_call_listen(struct offhook_phone *phone, offhook_id call, const struct offhook_listen_cfg *cfg)
{
	struct offhook_listen_cfg ours;
	struct listen_args args = {.call = call};
	int err;

	err_detail_clear();
	offhook_listen_cfg_init(&ours);
	err = cfg_take(&ours, sizeof(ours), cfg);
	if (!err)
		err = check(&ours);
	if (err)
		return err;
	args.cfg = (struct hearing_cfg){
		.silence_ms = ours.silence_ms,
		.silence_dbov = (float)ours.silence_dbov,
		.speech = ours.speech != 0,
		.vad = {ours.speech_start_ms, ours.speech_hang_ms, (float)ours.speech_snr_db},
	};
	return phone_command(phone, listen_run, &args);
}
