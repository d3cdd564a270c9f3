/* Python values from the library's structs, and back. */
#include "ext.h"

#include <string.h>

static const char *text_of(PyObject *tuple, Py_ssize_t at)
{
	PyObject *o = PyTuple_GetItem(tuple, at);
	Py_ssize_t n;
	const char *text;

	if (!o || !PyUnicode_Check(o)) {
		PyErr_SetString(PyExc_TypeError, "a header is a tuple of two str: (name, value)");
		return NULL;
	}
	text = PyUnicode_AsUTF8AndSize(o, &n);
	if (text && strlen(text) != (size_t)n) {
		PyErr_SetString(PyExc_ValueError, "a header holds a NUL character");
		return NULL;
	}
	return text;
}

/* A text or None at this place of a tuple of four. */
static int credential_text(PyObject *tuple, Py_ssize_t at, const char **ret_text)
{
	PyObject *o = PyTuple_GetItem(tuple, at);
	Py_ssize_t n;

	*ret_text = NULL;
	if (!o)
		return -1;
	if (o == Py_None)
		return 0;
	*ret_text = PyUnicode_Check(o) ? PyUnicode_AsUTF8AndSize(o, &n) : NULL;
	if (*ret_text && strlen(*ret_text) == (size_t)n)
		return 0;
	if (!PyErr_Occurred())
		PyErr_SetString(PyExc_TypeError,
			"a credential is (realm, user, password, ha1): str without NUL, or None");
	return -1;
}

/* A tuple of what is in a list now, which another thread may change meanwhile; empty for None. NULL with an exception that
 * says what is right. */
static PyObject *keep(PyObject *source, Py_ssize_t max, const char *right)
{
	if (!source || source == Py_None)
		return PyTuple_New(0);
	if (PyList_Check(source) && PyList_Size(source) <= max)
		return PyList_AsTuple(source);
	PyErr_Format(PyExc_TypeError, "a list of at most %zd %s is needed", max, right);
	return NULL;
}

static int credentials_of(PyObject *kept, struct offhook_credential *ret_credentials)
{
	Py_ssize_t n = PyTuple_Size(kept);

	for (Py_ssize_t i = 0; i < n; i++) {
		struct offhook_credential c = {.realm = NULL};
		PyObject *tuple = PyTuple_GetItem(kept, i);

		if (!tuple || !PyTuple_Check(tuple) || PyTuple_Size(tuple) != 4) {
			PyErr_SetString(
				PyExc_TypeError, "a credential is a tuple (realm, user, password, ha1)");
			return -1;
		}
		if (credential_text(tuple, 0, &c.realm) || credential_text(tuple, 1, &c.user) ||
			credential_text(tuple, 2, &c.password) || credential_text(tuple, 3, &c.ha1))
			return -1;
		ret_credentials[i] = c;
	}
	return 0;
}

static int texts_of(PyObject *kept, const char **ret_texts)
{
	Py_ssize_t n = PyTuple_Size(kept);

	for (Py_ssize_t i = 0; i < n; i++) {
		PyObject *o = PyTuple_GetItem(kept, i);
		Py_ssize_t bytes = 0;

		ret_texts[i] = o && PyUnicode_Check(o) ? PyUnicode_AsUTF8AndSize(o, &bytes) : NULL;
		if (ret_texts[i] && strlen(ret_texts[i]) == (size_t)bytes)
			continue;
		if (!PyErr_Occurred())
			PyErr_SetString(PyExc_TypeError, "a list of str without NUL is needed");
		return -1;
	}
	return 0;
}

static int headers_of(PyObject *kept, struct offhook_header *ret_headers)
{
	Py_ssize_t n = PyTuple_Size(kept);

	for (Py_ssize_t i = 0; i < n; i++) {
		PyObject *pair = PyTuple_GetItem(kept, i);

		if (!pair || !PyTuple_Check(pair) || PyTuple_Size(pair) != 2) {
			PyErr_SetString(PyExc_TypeError, "a header is a tuple of two str: (name, value)");
			return -1;
		}
		ret_headers[i].name = text_of(pair, 0);
		ret_headers[i].value = ret_headers[i].name ? text_of(pair, 1) : NULL;
		if (!ret_headers[i].value)
			return -1;
	}
	return 0;
}

/* What is kept, when all of it was right. */
static PyObject *kept_or_not(PyObject *kept, int err, size_t *ret_n)
{
	if (!err)
		*ret_n = (size_t)PyTuple_Size(kept);
	else
		Py_CLEAR(kept);
	return kept;
}

PyObject *credentials_from(PyObject *source, struct offhook_credential *ret_credentials, size_t *ret_n)
{
	PyObject *kept = keep(source, MAX_CREDENTIALS, "credentials");

	return kept ? kept_or_not(kept, credentials_of(kept, ret_credentials), ret_n) : NULL;
}

PyObject *texts_from(PyObject *source, const char **ret_texts, size_t max, size_t *ret_n)
{
	PyObject *kept = keep(source, (Py_ssize_t)max, "str");

	return kept ? kept_or_not(kept, texts_of(kept, ret_texts), ret_n) : NULL;
}

PyObject *headers_from(PyObject *source, struct offhook_header *ret_headers, size_t *ret_n)
{
	PyObject *kept = keep(source, MAX_HEADERS, "headers: (name, value)");

	return kept ? kept_or_not(kept, headers_of(kept, ret_headers), ret_n) : NULL;
}

PyObject *str_from(const char *text)
{
	return text ? PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "replace")
		    : PyUnicode_FromString("");
}

static PyObject *str_or_none(const char *text)
{
	return text ? str_from(text) : Py_NewRef(Py_None);
}

static unsigned long long token(const void *user_data)
{
	return (unsigned long long)(uintptr_t)user_data;
}

PyObject *dict_from_call_info(const struct offhook_call_info *i)
{
	return Py_BuildValue(
		"{s:K,s:K,s:K,s:i,s:i,s:i,s:i,s:K,s:i,s:I,s:N,s:i,s:i,s:N,s:N,s:N,s:N,s:N,s:N,s:d,s:d,s:N,"
		"s:N,s:I,s:I,s:N}",
		"id", i->id, "account", i->account, "user", token(i->user_data), "role", (int)i->role,
		"state", (int)i->state, "media_state", (int)i->media_state, "media_dir", (int)i->media_dir,
		"slot", i->slot, "slot_number", i->slot_number, "last_status", i->last_status, "last_reason",
		str_from(i->last_reason), "ended_by", (int)i->ended_by, "error", i->error, "local_uri",
		str_from(i->local_uri), "local_contact", str_from(i->local_contact), "remote_uri",
		str_from(i->remote_uri), "remote_contact", str_from(i->remote_contact), "sip_call_id",
		str_from(i->sip_call_id), "codec", str_from(i->codec), "call_time", i->call_time_s,
		"total_time", i->total_time_s, "proven_user", str_from(i->proven_user), "reason_text",
		str_from(i->reason_text), "reason_sip", i->reason_sip, "reason_q850", i->reason_q850,
		"asserted_identity", str_from(i->asserted_identity));
}

PyObject *dict_from_call_stats(const struct offhook_call_stats *s)
{
	return Py_BuildValue("{s:K,s:K,s:K,s:K,s:K,s:K,s:K,s:K,s:K,s:d,s:d,s:K,s:K,s:K,s:K,s:d,s:d,s:I,s:N,s:"
			     "N,s:d,s:d,s:K,s:K,s:I,s:K}",
		"rx_packets", s->rx_packets, "rx_bytes", s->rx_bytes, "rx_lost", s->rx_lost, "rx_late",
		s->rx_late, "rx_duplicate", s->rx_duplicate, "rx_discarded", s->rx_discarded, "rx_reordered",
		s->rx_reordered, "rx_concealed", s->rx_concealed, "rx_digits", s->rx_digits, "rx_jitter_ms",
		s->rx_jitter_ms, "rx_jitter_max_ms", s->rx_jitter_max_ms, "tx_packets", s->tx_packets,
		"tx_bytes", s->tx_bytes, "tx_digits", s->tx_digits, "peer_lost", s->peer_lost,
		"peer_jitter_ms", s->peer_jitter_ms, "rtt_ms", s->rtt_ms, "buffer_ms", s->buffer_ms, "codec",
		str_from(s->codec), "remote", str_from(s->remote), "setup_ms", s->setup_ms,
		"first_response_ms", s->first_response_ms, "rx_stretched", s->rx_stretched, "rx_cut",
		s->rx_cut, "buffer_goal_ms", s->buffer_goal_ms, "tx_passed", s->tx_passed);
}

static PyObject *dict_from_question(const struct offhook_question *q)
{
	return Py_BuildValue("{s:K,s:i,s:N,s:N}", "ticket", q->ticket, "kind", (int)q->kind, "from",
		str_from(q->from), "target", str_from(q->target));
}

static PyObject *dict_from_waiting(const struct offhook_waiting *w)
{
	return Py_BuildValue("{s:i,s:N,s:i,s:I,s:I,s:I,s:I}", "waiting", w->waiting, "account",
		str_from(w->account), "has_voice", w->has_voice, "voice_new", w->voice_new, "voice_old",
		w->voice_old, "voice_new_urgent", w->voice_new_urgent, "voice_old_urgent",
		w->voice_old_urgent);
}

static PyObject *dict_from_dialog(const struct offhook_dialog_info *d)
{
	return Py_BuildValue("{s:N,s:N,s:N,s:I,s:i,s:N,s:N,s:N,s:N,s:N,s:N,s:N,s:N}", "id", str_from(d->id),
		"state", str_from(d->state), "event", str_from(d->event), "code", d->code, "initiator",
		d->initiator, "call_id", str_from(d->call_id), "local_tag", str_from(d->local_tag),
		"remote_tag", str_from(d->remote_tag), "local", str_from(d->local), "remote",
		str_from(d->remote), "remote_name", str_from(d->remote_name), "local_target",
		str_from(d->local_target), "remote_target", str_from(d->remote_target));
}

/* What only some events have; None when this one has nothing of the kind. */
static PyObject *detail_of(const struct offhook_event *e)
{
	if (e->buddy)
		return dict_from_buddy_info(e->buddy);
	if (e->waiting)
		return dict_from_waiting(e->waiting);
	if (e->dialog)
		return dict_from_dialog(e->dialog);
	return Py_NewRef(Py_None);
}

PyObject *dict_from_event(const struct offhook_event *e)
{
	const char digit[2] = {e->digit, '\0'};
	PyObject *call = e->call ? dict_from_call_info(e->call) : Py_NewRef(Py_None);
	PyObject *question = call && e->question ? dict_from_question(e->question) : Py_NewRef(Py_None);

	if (!call || !question) {
		Py_XDECREF(call);
		Py_XDECREF(question);
		return NULL;
	}
	return Py_BuildValue(
		"{s:i,s:K,s:K,s:K,s:K,s:K,s:N,s:I,s:i,s:N,s:I,s:K,s:y#,s:N,s:K,s:N,s:i,s:N,s:N,s:N}", "type",
		(int)e->type, "serial", e->serial, "cause", e->cause, "id", e->id, "account", e->account,
		"user", token(e->user_data), "call", call, "status", e->status, "error", e->error, "digit",
		str_from(digit), "duration_ms", e->duration_ms, "count", e->count, "message", e->message,
		(Py_ssize_t)e->message_length, "question", question, "other", e->other, "reason",
		str_or_none(e->reason), "final", e->final, "text", str_or_none(e->text), "detail",
		detail_of(e), "proven_user", str_or_none(e->proven_user));
}

PyObject *dict_from_slot_info(const struct offhook_slot_info *i)
{
	return Py_BuildValue("{s:K,s:I,s:s,s:K,s:I,s:d,s:d,s:d,s:d,s:n,s:n}", "id", i->id, "number",
		i->number, "kind", i->kind, "owner", i->owner, "rate", i->rate_hz, "tx_level",
		(double)i->tx_level, "rx_level", (double)i->rx_level, "tx_signal", (double)i->tx_signal,
		"rx_signal", (double)i->rx_signal, "n_sinks", (Py_ssize_t)i->n_sinks, "n_sources",
		(Py_ssize_t)i->n_sources);
}

PyObject *dict_from_account_info(const struct offhook_account_info *i)
{
	return Py_BuildValue("{s:N,s:K,s:i,s:i,s:K}", "uri", str_from(i->uri), "transport", i->transport,
		"is_default", i->is_default, "priority", i->priority, "user", token(i->user_data));
}

PyObject *dict_from_registration(const struct offhook_registration_info *i)
{
	return Py_BuildValue("{s:i,s:I,s:i,s:N,s:I,s:I,s:I,s:I,s:N,s:i,s:N,s:N,s:N}", "state", (int)i->state,
		"status", i->status, "error", i->error, "reason", str_from(i->reason), "granted_s",
		i->granted_s, "next_s", i->next_s, "failures", i->failures, "registrar", i->registrar,
		"contact", str_from(i->contact), "outbound", i->outbound, "pub_gruu", str_from(i->pub_gruu),
		"temp_gruu", str_from(i->temp_gruu), "service_route", str_from(i->service_route));
}

PyObject *dict_from_buddy_info(const struct offhook_buddy_info *i)
{
	return Py_BuildValue("{s:K,s:i,s:N,s:i,s:i,s:N,s:N,s:i,s:I,s:i,s:N,s:I}", "account", i->account,
		"kind", (int)i->kind, "uri", str_from(i->uri), "status", (int)i->status, "activity",
		(int)i->activity, "note", str_from(i->note), "contact", str_from(i->contact), "subscription",
		(int)i->subscription, "code", i->code, "error", i->error, "reason", str_from(i->reason),
		"next_s", i->next_s);
}

PyObject *dict_from_audio_info(const struct offhook_audio_info *i)
{
	return Py_BuildValue("{s:I,s:K,s:K,s:K,s:K,s:K,s:K,s:K,s:K,s:K,s:K,s:K,s:d,s:d,s:d}", "rate",
		i->rate_hz, "slot", i->slot, "call", i->call, "written", i->written, "heard", i->heard,
		"cleared", i->cleared, "queued", i->queued, "captured", i->captured, "read", i->read,
		"dropped", i->dropped, "ran_dry", i->ran_dry, "turns", i->turns, "turn_last_ms",
		i->turn_last_ms, "turn_mean_ms", i->turn_mean_ms, "turn_max_ms", i->turn_max_ms);
}

PyObject *dict_from_trace_message(const struct offhook_trace_message *m)
{
	return Py_BuildValue("{s:K,s:i,s:i,s:N,s:N,s:N,s:N}", "time_ns", m->time_ns, "sent", m->sent,
		"transport", (int)m->transport, "local", str_from(m->local), "remote", str_from(m->remote),
		"sip_call_id", str_from(m->sip_call_id), "text",
		PyUnicode_DecodeUTF8(m->text, (Py_ssize_t)m->text_bytes, "replace"));
}

PyObject *dict_from_transport_info(const struct offhook_transport_info *i)
{
	return Py_BuildValue("{s:i,s:s,s:i,s:s}", "type", (int)i->type, "address", i->address, "port",
		(int)i->port, "local", i->local);
}

PyObject *dict_from_counters(const struct offhook_counters *c)
{
	return Py_BuildValue("{s:K,s:K,s:K,s:K,s:K,s:K,s:K,s:K,s:K,s:K,s:K}", "calls", c->calls, "dialogs",
		c->dialogs, "transactions", c->transactions, "timers", c->timers, "transports", c->transports,
		"accounts", c->accounts, "slots", c->slots, "events", c->events, "rtp_ports", c->rtp_ports,
		"media_ticks", c->media_ticks, "late_ticks", c->late_ticks);
}

PyObject *list_from_ids(const offhook_id *ids, size_t n)
{
	PyObject *list = PyList_New((Py_ssize_t)n);

	for (size_t i = 0; list && i < n; i++) {
		PyObject *id = PyLong_FromUnsignedLongLong(ids[i]);

		if (!id || PyList_SetItem(list, (Py_ssize_t)i, id))
			Py_CLEAR(list);
	}
	return list;
}
