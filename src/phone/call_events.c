/* What the INVITE session and the media thread tell about a call becomes its state and its events. */
#include "phone/call_impl.h"

#include "phone/call_redirect.h"
#include "phone/conference.h"
#include "phone/network.h"
#include "phone/edits.h"
#include "phone/transfer.h"
#include "phone/names.h"
#include "phone/watcher.h"
#include "phone/warning.h"

static offhook_id account_now(const struct call *c)
{
	return account_find(c->phone, c->account) ? c->account : 0;
}

/* An event about this call as it is now. */
struct event_say call_event(const struct call *c, enum offhook_event_type type)
{
	return (struct event_say){
		.type = type,
		.subject = c->subject,
		.account = account_now(c),
		.picture = picture_new(c),
	};
}

/* One line a change, for whoever reads the log instead of the events. */
static void log_change(const struct call *c, const char *what)
{
	struct host *h = c->phone->host;

	if (host_logs(h, LOG_INFO))
		host_log(h, LOG_INFO, "call", "%s %s: %s", c->sip_call_id ? c->sip_call_id : "?",
			c->remote_uri ? c->remote_uri : "?", what);
}

static void log_state(const struct call *c, const struct inv *inv)
{
	char text[128];

	snprintf(text, sizeof(text), "%s %u %.*s", inv_state_name(inv_state(inv)), inv_status(inv),
		(int)(inv_reason(inv).n < 80 ? inv_reason(inv).n : 80),
		inv_reason(inv).n ? inv_reason(inv).p : "");
	log_change(c, text);
}

static void log_media(const struct call *c)
{
	static const char *const names[] = {"none", "active", "held by us", "held by the peer", "failed"};
	char text[96];

	snprintf(text, sizeof(text), "audio %s, %s, slot %u", names[c->media.state], c->media.codec,
		c->media.slot.number);
	log_change(c, text);
}

void call_say_state(struct call *c, const struct sip_msg *msg, bool repeated)
{
	struct event_say say = call_event(c, OFFHOOK_EVENT_CALL_STATE);

	say.repeated = repeated;
	say.message = msg ? msg->raw : SLICE_NONE;
	say.status = c->inv ? inv_status(c->inv) : 0;
	event_emit(c->phone, &say);
	if (!repeated)
		watchers_tell_call(c);
}

struct event *call_say_media(struct call *c, uint32_t slot_gone, uint64_t cause)
{
	struct event_say say = call_event(c, OFFHOOK_EVENT_CALL_MEDIA);

	log_media(c);
	audio_follow(c->phone, c->id);
	conferences_follow(c->phone, c->id);
	say.release_slot = slot_gone;
	say.cause = cause;
	return event_emit(c->phone, &say);
}

/* ---- states ---- */

static void ended(struct call *c, struct inv *inv, struct sip_msg *msg)
{
	struct call_end end = {.status = inv_status(inv), .msg = msg};

	switch (inv_ended_by(inv)) {
	case INV_ENDED_BY_PEER:
		end.by = OFFHOOK_ENDED_BY_PEER;
		break;
	case INV_ENDED_BY_NETWORK:
		end.by = OFFHOOK_ENDED_BY_NETWORK;
		end.error = end.status == 408 ? OH_ETIMEDOUT : OH_EUNREACH;
		/* Somebody is there, but not who we look for, or not as secure as we want. */
		if (inv_end_error(inv) == OH_ETLS || inv_end_error(inv) == OH_ECERT)
			end.error = inv_end_error(inv);
		break;
	default:
		end.by = OFFHOOK_ENDED_BY_US;
	}
	/* RFC 3263 4.3: nobody there, or one who says that another may be. */
	if (c->state == OFFHOOK_CALL_CALLING &&
		(end.by == OFFHOOK_ENDED_BY_NETWORK ||
			(end.by == OFFHOOK_ENDED_BY_PEER && end.status == 503)) &&
		call_try_next(c))
		return;
	if (c->state == OFFHOOK_CALL_CALLING && end.status == 422 && msg && call_try_longer(c, msg))
		return;
	if (c->state == OFFHOOK_CALL_CALLING && msg && call_try_otherwise(c, msg))
		return;
	if (redirect_goes_on(c, &end))
		return;
	call_ended(c, &end);
	replaces_withdrawn(c);
}

static void on_state(void *arg, struct inv *inv, struct sip_msg *msg)
{
	struct call *c = arg;
	enum offhook_call_state before = c->state;
	uint64_t now = host_now(c->phone->host);

	if (c->role == OFFHOOK_CALLER && msg && !msg->is_request && !c->first_response_ns)
		c->first_response_ns = now;
	if (host_logs(c->phone->host, LOG_INFO))
		log_state(c, inv);
	if (inv_state(inv) == INV_EARLY)
		call_forget_ways(c);
	else if (inv_state(inv) != INV_DISCONNECTED)
		call_forget_origin(c);
	switch (inv_state(inv)) {
	case INV_NULL:
	case INV_CALLING:
	case INV_INCOMING:
		return;
	case INV_EARLY:
		c->state = OFFHOOK_CALL_EARLY;
		break;
	case INV_CONNECTING:
		c->state = OFFHOOK_CALL_CONNECTING;
		break;
	case INV_CONFIRMED:
		c->state = OFFHOOK_CALL_CONFIRMED;
		c->confirmed_ns = now;
		break;
	case INV_DISCONNECTED:
		ended(c, inv, msg);
		return;
	}
	call_say_state(c, msg, c->state == before);
	if (c->state == OFFHOOK_CALL_CONFIRMED) {
		call_repair_confirmed(c);
		transfer_other_moved(c, 0);
	}
	if (c->state != OFFHOOK_CALL_CONNECTING)
		transfer_report(c, inv_status(inv), inv_reason(inv), c->state == OFFHOOK_CALL_CONFIRMED);
}

/* ---- descriptions ---- */

static void say_hold_failed(struct call *c, unsigned status, const struct sip_msg *msg, int error)
{
	struct event_say say = call_event(c, OFFHOOK_EVENT_HOLD_FAILED);

	say.status = status;
	say.message = msg ? msg->raw : SLICE_NONE;
	say.error = error;
	say.cause = c->reoffer_cause;
	c->reoffer_cause = 0;
	event_emit(c->phone, &say);
}

void call_say_moved(struct call *c, unsigned status, int err, const struct sip_msg *msg)
{
	struct event_say say = call_event(c, OFFHOOK_EVENT_CALL_MOVED);

	log_change(c, err ? "could not be moved to our new address" : "moved to our new address");
	say.status = status;
	say.error = err;
	say.message = msg ? msg->raw : SLICE_NONE;
	event_emit(c->phone, &say);
}

static int take_answer(struct call *c, struct slice body)
{
	uint32_t gone = 0;
	int err = call_media_take_answer(&c->media, body, &gone);

	if (err && !gone) {
		/* The first one ends the call; a later one leaves things as they were. */
		if (c->state == OFFHOOK_CALL_CONFIRMED && !call_is_repaired(c))
			say_hold_failed(c, 200, NULL, err);
		call_repair_answered(c, err);
		return err;
	}
	/* Audio that has failed is told too. */
	call_say_media(c, gone, c->reoffer_cause);
	c->reoffer_cause = 0;
	call_repair_answered(c, err);
	return err;
}

/* The offer of a re-INVITE: what is wrong with it, or that another try may do. */
static void refuse_offer(struct call *c, struct inv *inv, int err)
{
	struct sip_extra extra = {SLICE_LIT("Retry-After"), SLICE_LIT(CALL_RETRY_AFTER)};
	char warning[WARNING_MAX];
	unsigned status = 500;

	if (err == OH_ESDP || err == OH_ENOCODEC) {
		unsigned code;
		const char *why = oa_fault(c->media.oa, &code);

		status = 488;
		names_offer_refused(c->phone, c->id, why);
		extra = warning_header(code, why, warning);
	}
	(void)inv_refuse_offer(inv, status, &extra, 1);
}

static int take_offer(struct call *c, struct inv *inv, struct slice body)
{
	struct slice text;
	uint32_t gone = 0;
	int err;

	/* Every offer makes an event that must not be lost: a peer whose events pile up is
	 * refused instead. */
	if (!events_room(c->phone, c->subject)) {
		refuse_offer(c, inv, OH_ETOOMANY);
		return OH_ETOOMANY;
	}
	err = call_media_answer(&c->media, inv_flow(inv), body, &text, &gone);
	if (!err)
		err = inv_answer_offer(inv, text, slice_of(c->contact));
	if (err)
		refuse_offer(c, inv, err);
	if (!err || gone)
		call_say_media(c, gone, 0);
	return err;
}

static int on_sdp(void *arg, struct inv *inv, enum inv_sdp kind, struct slice body, bool early)
{
	struct call *c = arg;

	(void)early;
	return kind == INV_SDP_ANSWER ? take_answer(c, body) : take_offer(c, inv, body);
}

static void on_reoffer_failed(void *arg, struct inv *inv, unsigned status, struct sip_msg *msg)
{
	struct call *c = arg;

	(void)inv;
	call_media_rollback(&c->media);
	if (!call_repair_refused(c, status, msg))
		say_hold_failed(c, status, msg, 0);
}

static bool on_unanswered(void *arg, struct inv *inv)
{
	(void)inv;
	return call_repair_goes_on(arg);
}

static struct slice on_reoffer_again(void *arg, struct inv *inv)
{
	struct call *c = arg;
	bool hold = c->media.hold;
	struct slice text;

	/* What is wanted stays wanted; only the description that was refused goes. */
	call_media_rollback(&c->media);
	c->media.hold = hold;
	return call_media_offer(&c->media, inv_flow(inv), &text) ? SLICE_NONE : text;
}

static void on_request(void *arg, struct inv *inv, struct sip_msg *msg, struct sip_server *server)
{
	(void)inv;
	call_take_request(arg, msg, server);
}

static void on_response(void *arg, struct inv *inv, uint64_t token, struct sip_msg *msg, int err)
{
	struct call *c = arg;
	struct event_say say;

	(void)inv;
	if (token == DIGITS_TOKEN) {
		digits_answered(c, msg, err);
		return;
	}
	say = call_event(c, OFFHOOK_EVENT_CALL_RESPONSE);
	say.status = msg ? msg->status : 0;
	say.message = msg ? msg->raw : SLICE_NONE;
	say.error = err;
	say.cause = token;
	event_emit(c->phone, &say);
}

static size_t on_headers(void *arg, enum inv_kind kind, struct sip_extra *list, size_t cap)
{
	const struct call *c = arg;
	const struct account *a = account_find(c->phone, c->account);
	size_t n = 0;

	/* RFC 6665 4.4.4: in what begins dialogs, and its responses. */
	if (kind != KIND_REINVITE && kind != KIND_UPDATE)
		list[n++] = (struct sip_extra){SLICE_LIT("Allow-Events"), slice_of(c->phone->allow_events)};
	return n + (a ? edits_headers(a->edits, kind, &list[n], cap - n) : 0);
}

struct inv_handler call_inv_handler(struct call *c)
{
	return (struct inv_handler){
		.state = on_state,
		.sdp = on_sdp,
		.reoffer_failed = on_reoffer_failed,
		.unanswered = on_unanswered,
		.reoffer_again = on_reoffer_again,
		.headers = on_headers,
		.request = on_request,
		.response = on_response,
		.arg = c,
	};
}

/* ---- from the media thread ---- */

void call_say_digit(struct call *c, char digit, uint32_t duration_ms)
{
	struct event_say say = call_event(c, OFFHOOK_EVENT_CALL_DTMF);

	say.digit = digit;
	say.duration_ms = duration_ms;
	event_emit(c->phone, &say);
}

void call_take_report(struct call *c, const struct media_report *r)
{
	struct event_say say;

	switch (r->type) {
	case MEDIA_DTMF:
	case MEDIA_DTMF_HEARD:
		if (!digit_is_new(&c->twins, (char)r->value,
			    r->type == MEDIA_DTMF ? DIGIT_BY_RTP : DIGIT_BY_SOUND,
			    r->at_ns - r->duration_ms * NS_PER_MS))
			return;
		c->media.digits_received++;
		call_say_digit(c, (char)r->value, r->duration_ms);
		return;
	case MEDIA_DTMF_SENT:
		say = call_event(c, OFFHOOK_EVENT_CALL_DTMF_SENT);
		event_emit(c->phone, &say);
		return;
	case MEDIA_RTP_TIMEOUT:
	case MEDIA_RTP_RESUMED:
		say = call_event(c, OFFHOOK_EVENT_CALL_RTP);
		say.status = r->type == MEDIA_RTP_RESUMED;
		event_emit(c->phone, &say);
		return;
	case MEDIA_SILENCE:
	case MEDIA_SPEECH:
		say = call_event(
			c, r->type == MEDIA_SILENCE ? OFFHOOK_EVENT_CALL_SILENCE : OFFHOOK_EVENT_CALL_SPEECH);
		say.status = r->value;
		say.duration_ms = r->duration_ms;
		event_emit(c->phone, &say);
		return;
	case MEDIA_PROGRESS:
		call_say_progress(c, r);
		return;
	case MEDIA_COLLISION:
		log_change(c, "the peer's audio had our identifier (SSRC): ours is another now");
		return;
	case MEDIA_LATCHED:
	case MEDIA_FILE_END:
	case MEDIA_FILE_NEXT:
	case MEDIA_AUDIO_MARK:
	case MEDIA_AUDIO_CLEARED:
	case MEDIA_AUDIO_READABLE:
	case MEDIA_AUDIO_WRITABLE:
		return;
	}
}
