#include "rig.h"

#include <inttypes.h>

static const char *const states[] = {
	"NULL", "CALLING", "INCOMING", "EARLY", "CONNECTING", "CONFIRMED", "DISCONNECTED"};
static const char *const media_states[] = {"NULL", "ACTIVE", "LOCAL_HOLD", "REMOTE_HOLD", "ERROR"};

/* ---- events ---- */

static void note(struct side *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void note(struct side *s, const char *format, ...)
{
	size_t n = strlen(s->log);
	va_list args;

	va_start(args, format);
	vsnprintf(s->log + n, sizeof(s->log) - n, format, args);
	va_end(args);
}

static void note_state(struct side *s, const struct offhook_call_info *c)
{
	if (c->last_status)
		note(s, "%s(%u) ", states[c->state], c->last_status);
	else
		note(s, "%s ", states[c->state]);
}

static void note_buddy(struct side *s, const struct offhook_buddy_info *b)
{
	static const char *const subscriptions[] = {
		"none", "sent", "accepted", "pending", "active", "terminated", "waiting"};
	static const char *const activities[] = {"", ",away", ",busy"};

	note(s, "BUDDY(%s,%s%s%s%s", subscriptions[b->subscription],
		b->status == OFFHOOK_PRESENCE_ONLINE    ? "online"
		: b->status == OFFHOOK_PRESENCE_OFFLINE ? "offline"
							: "?",
		activities[b->activity], *b->note ? "," : "", b->note);
	if (b->code || *b->reason)
		note(s, ";%u,%s", b->code, b->reason);
	note(s, ") ");
}

static void on_event(void *arg, const struct offhook_event *e)
{
	struct side *s = arg;

	if (e->call) {
		s->call = e->id;
		s->slot = e->call->slot;
		s->slot_number = e->call->slot_number;
	}
	if (e->message)
		snprintf(s->message, sizeof(s->message), "%s", e->message);
	switch (e->type) {
	case OFFHOOK_EVENT_CALL_INCOMING:
		note(s, "INCOMING ");
		break;
	case OFFHOOK_EVENT_CALL_STATE:
		note_state(s, e->call);
		break;
	case OFFHOOK_EVENT_CALL_MEDIA:
		note(s, "MEDIA(%s,%d,%s) ", media_states[e->call->media_state], e->call->media_dir,
			e->call->slot ? "slot" : "none");
		break;
	case OFFHOOK_EVENT_CALL_DTMF:
		s->digits[strlen(s->digits)] = e->digit;
		break;
	case OFFHOOK_EVENT_CALL_DTMF_SENT:
		note(s, e->status ? "DTMF_SENT(%u) " : "DTMF_SENT ", e->status);
		break;
	case OFFHOOK_EVENT_CALL_REQUEST:
		note(s, "REQUEST ");
		break;
	case OFFHOOK_EVENT_CALL_RESPONSE:
		note(s, "RESPONSE(%u) ", e->status);
		break;
	case OFFHOOK_EVENT_CALL_RTP:
		break;
	case OFFHOOK_EVENT_CALL_SILENCE:
		note(s, "%s ", e->status ? "SOUND" : "SILENCE");
		break;
	case OFFHOOK_EVENT_ACTIVE_SPEAKER:
		s->other = e->other;
		note(s, e->other ? "FLOOR " : "NO_FLOOR ");
		break;
	case OFFHOOK_EVENT_CONFERENCE_MEMBER:
		s->other = e->other;
		note(s, e->status == 2 ? "THERE " : e->status ? "AWAY " : "GONE ");
		break;
	case OFFHOOK_EVENT_CALL_SPEECH:
		note(s, "%s ", e->status ? "SPEAKS" : "SPOKE");
		break;
	case OFFHOOK_EVENT_CALL_PROGRESS:
		note(s, "PROGRESS(%u) ", e->status);
		break;
	case OFFHOOK_EVENT_HOLD_FAILED:
		note(s, "HOLD_FAILED(%u) ", e->status);
		break;
	case OFFHOOK_EVENT_PLAYER_END:
	case OFFHOOK_EVENT_TONE_END:
		s->file_ends++;
		if (e->status)
			note(s, "END(%u,%s) ", e->status, e->error ? offhook_errname(e->error) : "");
		break;
	case OFFHOOK_EVENT_PLAYER_NEXT:
		note(s, "NEXT(%" PRIu64 ",%s) ", e->count, strrchr(e->text, '-') + 1);
		break;
	case OFFHOOK_EVENT_RECORDER_END:
		note(s, "RECORDED(%u,%s) ", e->status, e->error ? offhook_errname(e->error) : "");
		break;
	case OFFHOOK_EVENT_REGISTRATION:
		note(s, e->error ? "REGISTRATION(%u,%s) " : "REGISTRATION(%u) ", e->status,
			offhook_errname(e->error));
		break;
	case OFFHOOK_EVENT_CALL_MOVED:
		note(s, e->error ? "MOVED(%u,%s) " : "MOVED(%u) ", e->status, offhook_errname(e->error));
		break;
	case OFFHOOK_EVENT_TRANSFER_STATUS:
		note(s, "TRANSFER(%u,%s,%d) ", e->status, e->reason ? e->reason : "", e->final);
		break;
	case OFFHOOK_EVENT_REFER_STATUS:
		note(s, "REFER(%u,%s,%d%s%s) ", e->status, e->reason ? e->reason : "", e->final,
			e->error ? "," : "", e->error ? offhook_errname(e->error) : "");
		break;
	case OFFHOOK_EVENT_REPLACED:
		note(s, "REPLACED ");
		s->other = e->other;
		break;
	case OFFHOOK_EVENT_JOINED:
		note(s, "JOINED ");
		s->other = e->other;
		break;
	case OFFHOOK_EVENT_TRANSFERRED:
		note(s, "TRANSFERRED ");
		s->other = e->other;
		break;
	case OFFHOOK_EVENT_QUESTION:
		s->ticket = e->question->ticket;
		note(s, "QUESTION(%d,%s) ", e->question->kind, e->question->target);
		if (e->question->kind == OFFHOOK_QUESTION_SUBSCRIBE)
			s->watcher = e->id;
		break;
	case OFFHOOK_EVENT_DECISION:
		note(s, "[%s] ", e->text);
		break;
	case OFFHOOK_EVENT_AUDIO_MARK:
		note(s, "MARK(%" PRIu64 ",%s) ", e->count, e->status ? "cleared" : "heard");
		break;
	case OFFHOOK_EVENT_AUDIO_CLEARED:
		note(s, "CLEARED ");
		break;
	case OFFHOOK_EVENT_AUDIO_READABLE:
	case OFFHOOK_EVENT_AUDIO_WRITABLE:
		break;
	case OFFHOOK_EVENT_DEVICE:
		note(s, "DEVICE(%u,%u,%s,%s) ", e->status, (unsigned)e->count, e->text ? e->text : "",
			e->error ? offhook_errname(e->error) : "");
		break;
	case OFFHOOK_EVENT_BUDDY_STATE:
		note_buddy(s, e->buddy);
		break;
	case OFFHOOK_EVENT_DIALOG_INFO:
		note(s, *e->dialog->event ? "DIALOG(%s,%s,%u) " : "DIALOG(%s) ", e->dialog->state,
			e->dialog->event, e->dialog->code);
		break;
	case OFFHOOK_EVENT_MWI:
		note(s, "MWI(%d,%" PRIu32 "/%" PRIu32 ",%s) ", e->waiting->waiting, e->waiting->voice_new,
			e->waiting->voice_old, e->waiting->account);
		break;
	case OFFHOOK_EVENT_PUBLICATION:
		note(s, "PUBLICATION(%u,%s) ", e->status, offhook_errname(e->error));
		break;
	case OFFHOOK_EVENT_TYPING:
		note(s, "TYPING(%u,%s) ", e->status, e->text);
		break;
	case OFFHOOK_EVENT_WATCHER_GONE:
		note(s, "WATCHER_GONE(%u,%s) ", e->status, e->reason ? e->reason : "");
		break;
	case OFFHOOK_EVENT_MESSAGE:
		note(s, "MESSAGE ");
		break;
	case OFFHOOK_EVENT_MESSAGE_SENT:
		note(s, "SENT(%u) ", e->status);
		break;
	case OFFHOOK_EVENT_CALL_REDIRECTED:
		note(s, "REDIRECTED(%s) ", e->text);
		break;
	case OFFHOOK_EVENT_DROPPED:
		note(s, "DROPPED(%" PRIu64 ") ", e->count);
		break;
	}
	if (s->handler)
		s->handler(s, e);
}

/* ---- building ---- */

int side_start(struct side *s, enum offhook_delivery delivery, rig_settings *settings)
{
	struct offhook_phone_cfg cfg;
	struct offhook_transport_cfg udp;
	struct offhook_account_cfg account;
	char uri[64];
	int err = sim_host_new(s->rig->sim, s->ip, &s->host);

	if (err)
		return err;
	offhook_phone_cfg_init(&cfg);
	cfg.delivery = delivery;
	cfg.on_event = on_event;
	cfg.on_event_arg = s;
	if (settings)
		settings(&cfg);
	err = phone_new_on(s->host, &cfg, &s->phone);
	if (err)
		return err;
	offhook_transport_cfg_init(&udp);
	udp.port = 5060;
	err = offhook_transport_add(s->phone, &udp, &s->transport);
	if (err)
		return err;
	offhook_account_cfg_init(&account);
	snprintf(uri, sizeof(uri), "\"%s\" <sip:%s@%s>", s->name, s->name, s->ip);
	account.uri = uri;
	return offhook_account_add(s->phone, &account, &s->account);
}

struct rig *rig_drop(struct rig *r)
{
	if (!r)
		return NULL;
	offhook_phone_free(r->a.phone);
	offhook_phone_free(r->b.phone);
	host_free(r->a.host);
	host_free(r->b.host);
	sim_free(r->sim);
	mem_free(r);
	return NULL;
}

static struct rig *rig_make(uint64_t seed, enum offhook_delivery delivery, rig_settings *settings)
{
	struct rig *r = mem_zalloc(sizeof(*r));

	if (!r)
		return NULL;
	r->a = (struct side){.rig = r, .name = "alice", .ip = RIG_A_IP};
	r->b = (struct side){.rig = r, .name = "bob", .ip = RIG_B_IP};
	if (sim_new(seed, &r->sim) || side_start(&r->a, delivery, settings) ||
		side_start(&r->b, delivery, settings))
		return rig_drop(r);
	return r;
}

struct rig *rig_try_new(enum offhook_delivery delivery, rig_settings *settings)
{
	return rig_make(1, delivery, settings);
}

struct rig *rig_new_seeded(uint64_t seed, enum offhook_delivery delivery)
{
	struct rig *r = rig_make(seed, delivery, NULL);

	assert_non_null(r);
	return r;
}

struct rig *rig_new_with(enum offhook_delivery delivery, rig_settings *settings)
{
	struct rig *r = rig_try_new(delivery, settings);

	assert_non_null(r);
	return r;
}

struct rig *rig_new(enum offhook_delivery delivery)
{
	return rig_new_with(delivery, NULL);
}

void side_check_quiet(struct side *s)
{
	struct offhook_counters c = {.size = sizeof(c)};

	CHECK_OK(offhook_phone_counters(s->phone, &c));
	CHECK_EQ(c.calls, 0);
	CHECK_EQ(c.dialogs, 0);
	CHECK_EQ(c.transactions, 0);
	CHECK_EQ(c.timers, 0);
	CHECK_EQ(c.slots, 0);
	CHECK_EQ(c.events, 0);
	CHECK_EQ(c.rtp_ports, 0);
}

void rig_close(struct rig *r)
{
	side_hangup(&r->a, 0);
	side_hangup(&r->b, 0);
	/* Longer than every timer of a transaction. */
	rig_run_ms(r, 100000);
	side_check_quiet(&r->a);
	side_check_quiet(&r->b);
	rig_drop(r);
}

/* ---- running ---- */

void side_pull(struct side *s)
{
	if (s->phone->cfg.delivery == OFFHOOK_DELIVER_PULL)
		while (offhook_process(s->phone, 0) > 0)
			;
}

void rig_pull(struct rig *r)
{
	side_pull(&r->a);
	side_pull(&r->b);
}

void rig_run_ms(struct rig *r, unsigned ms)
{
	sim_run_for(r->sim, ms * NS_PER_MS);
	rig_pull(r);
}

bool rig_wait(struct side *s, const char *words)
{
	uint64_t until = sim_now(s->rig->sim) + 100 * NS_PER_S;

	while (!strstr(s->log, words) && sim_now(s->rig->sim) < until)
		rig_run_ms(s->rig, 10);
	if (strstr(s->log, words))
		return true;
	print_error("%s has heard '%s'\n", s->name, s->log);
	return false;
}

void side_forget(struct side *s)
{
	s->log[0] = '\0';
}

int rig_try_call(struct rig *r)
{
	struct offhook_call_cfg cfg;

	offhook_call_cfg_init(&cfg);
	cfg.uri = "sip:bob@" RIG_B_IP;
	return offhook_call_make(r->a.phone, r->a.account, &cfg, &r->a.call);
}

void rig_call(struct rig *r)
{
	CHECK_OK(rig_try_call(r));
	rig_pull(r);
}

int side_answer(struct side *s, unsigned code)
{
	struct offhook_answer answer;
	int err;

	offhook_answer_init(&answer);
	answer.code = code;
	err = offhook_call_answer(s->phone, s->call, &answer);
	rig_pull(s->rig);
	return err;
}

int side_hangup(struct side *s, unsigned code)
{
	struct offhook_answer answer;
	int err;

	offhook_answer_init(&answer);
	answer.code = code;
	err = offhook_call_hangup(s->phone, s->call, &answer);
	rig_pull(s->rig);
	return err;
}

void rig_talk(struct rig *r)
{
	rig_call(r);
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK_OK(side_answer(&r->b, 200));
	CHECK(rig_wait(&r->a, "CONFIRMED"));
	CHECK(rig_wait(&r->b, "CONFIRMED"));
}

struct offhook_call_info *side_info(struct side *s)
{
	struct offhook_call_info *info = NULL;

	CHECK_OK(offhook_call_get_info(s->phone, s->call, &info));
	return info;
}
