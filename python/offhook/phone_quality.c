/* Phone's methods about how calls sound. */
#include "ext.h"

static PyObject *dict_from_quality(const struct offhook_call_quality *q)
{
	return Py_BuildValue(
		"{s:d,s:d,s:d,s:d,s:d,s:d,s:d,s:d,s:d,s:K,s:d,s:d,s:K,s:d,s:d,s:d,s:d,s:d,s:d,s:d,s:d,s:d,"
		"s:O,s:d,s:d,s:d,s:d,s:i,s:i,s:d,s:K,s:K}",
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
		"xr_sent", q->xr_sent, "xr_received", q->xr_received);
}

static PyObject *call_quality(PyObject *op, PyObject *args)
{
	struct phone_object *self = (struct phone_object *)op;
	struct offhook_call_quality quality = {.size = sizeof(quality)};
	unsigned long long call;
	int err;

	if (!PyArg_ParseTuple(args, "K", &call))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = offhook_call_get_quality(self->phone, call, &quality);
	Py_END_ALLOW_THREADS return err ? raise_error(err) : dict_from_quality(&quality);
}

PyMethodDef phone_quality_methods[] = {
	{"call_quality", call_quality, METH_VARARGS,
		"call_quality(call) -> dict: how it sounds at both ends"},
	{NULL, NULL, 0, NULL},
};
