/* Phone's methods about how calls sound. */
#include "ext.h"

static PyObject *dict_from_quality(const struct offhook_call_quality *q)
{
	return Py_BuildValue(
		"{s:d,s:d,s:d,s:d,s:d,s:d,s:d,s:d,s:d,s:K,s:d,s:d,s:K,s:d,s:d,s:d,s:d,s:d,s:d,s:d,s:d,s:d,"
		"s:O,s:d,s:d,s:d,s:d,s:i,s:i,s:d,s:K,s:K,s:I,s:O,s:d,s:d,"
		"s:d,s:d,s:d,s:d,s:d,s:d}",
		"rx_r", q->rx_r, "rx_mos_lq", q->rx_mos_lq, "rx_mos_cq", q->rx_mos_cq, "rx_all_r",
		q->rx_all_r, "rx_all_mos_lq", q->rx_all_mos_lq, "rx_all_mos_cq", q->rx_all_mos_cq,
		"rx_worst_r", q->rx_worst_r, "rx_worst_mos_lq", q->rx_worst_mos_lq, "rx_worst_mos_cq",
		q->rx_worst_mos_cq, "rx_seconds", q->rx_seconds, "rx_loss_percent", q->rx_loss_percent,
		"rx_discard_percent", q->rx_discard_percent, "rx_bursts", q->rx_bursts,
		"rx_burst_loss_percent", q->rx_burst_loss_percent, "rx_gap_loss_percent",
		q->rx_gap_loss_percent, "rx_burst_ms", q->rx_burst_ms, "rx_gap_ms", q->rx_gap_ms,
		"rx_waited_ms", q->rx_waited_ms, "rx_delay_ms", q->rx_delay_ms, "tx_r", q->tx_r, "tx_mos_lq",
		q->tx_mos_lq, "tx_mos_cq", q->tx_mos_cq, "tx_told", q->tx_told ? Py_True : Py_False,
		"tx_loss_percent", q->tx_loss_percent, "tx_discard_percent", q->tx_discard_percent,
		"tx_burst_loss_percent", q->tx_burst_loss_percent, "tx_delay_ms", q->tx_delay_ms,
		"tx_signal_dbm0", q->tx_signal_dbm0, "tx_noise_dbm0", q->tx_noise_dbm0, "rtt_ms", q->rtt_ms,
		"xr_sent", q->xr_sent, "xr_received", q->xr_received, "rx_silent_ms", q->rx_silent_ms,
		"rx_speaking", q->rx_speaking ? Py_True : Py_False, "rx_signal_dbov", q->rx_signal_dbov,
		"rx_noise_dbov", q->rx_noise_dbov, "rx_wide_r", q->rx_wide_r, "rx_wide_mos_lq",
		q->rx_wide_mos_lq, "rx_wide_mos_cq", q->rx_wide_mos_cq, "rx_all_wide_r", q->rx_all_wide_r,
		"rx_all_wide_mos_lq", q->rx_all_wide_mos_lq, "rx_all_wide_mos_cq", q->rx_all_wide_mos_cq);
}

static PyObject *call_quality(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"call", NULL};
	struct phone_object *self = (struct phone_object *)op;
	struct offhook_call_quality quality = {.size = sizeof(quality)};
	unsigned long long call;
	int err;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "K", names, &call))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = offhook_call_get_quality(self->phone, call, &quality);
	Py_END_ALLOW_THREADS return err ? raise_error(err) : dict_from_quality(&quality);
}

static PyObject *call_explain(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"call", NULL};
	struct phone_object *self = (struct phone_object *)op;
	unsigned long long call;
	char text[4096];
	long n;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "K", names, &call))
		return NULL;
	Py_BEGIN_ALLOW_THREADS n = offhook_call_explain(self->phone, call, text, sizeof(text));
	Py_END_ALLOW_THREADS return n < 0 ? raise_error((int)n) : PyUnicode_FromString(text);
}

static PyObject *call_listen(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"call", "silence_ms", "silence_dbov", "speech", "speech_start_ms",
		"speech_hang_ms", "speech_snr_db", NULL};
	struct phone_object *self = (struct phone_object *)op;
	struct offhook_listen_cfg cfg;
	unsigned long long call = 0;
	int err;

	offhook_listen_cfg_init(&cfg);
	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|KIdpIId", names, &call, &cfg.silence_ms,
		    &cfg.silence_dbov, &cfg.speech, &cfg.speech_start_ms, &cfg.speech_hang_ms,
		    &cfg.speech_snr_db))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = offhook_call_listen(self->phone, call, &cfg);
	Py_END_ALLOW_THREADS return none_or_error(err);
}

PyMethodDef phone_quality_methods[] = {
	{"call_quality", KEYWORDS(call_quality), "call_quality(call) -> dict: how it sounds at both ends"},
	{"call_explain", KEYWORDS(call_explain),
		"call_explain(call) -> str: what of its audio flows and what does not, and why"},
	{"call_listen", KEYWORDS(call_listen),
		"call_listen(call=0, silence_ms=0, silence_dbov=-60, speech=False, speech_start_ms=60, "
		"speech_hang_ms=400, "
		"speech_snr_db=8): events about silence and speech; call 0: of each call from now on"},
	{NULL, NULL, 0, NULL},
};
