/* One run: the phone, the event handler, the clock, and the verdict. */
#include "challenge.h"
#include "command.h"
#include "posture.h"
#include "presence.h"
#include "quality.h"
#include "register.h"
#include "seeing.h"
#include "tones.h"

#include <jansson.h>

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct run {
	const struct options *o;
	struct offhook_phone *phone;
	struct seeing seeing;
	struct quality_clock quality;
	offhook_id account, call;
	offhook_id player, player_slot, recorder, recorder_slots[2], tone, tone_slot;
	double now, started, ring_until, confirmed_at; /* seconds of a steady clock; 0 = not yet */
	unsigned calls_done;
	bool connected, file_done, digits_sent, gave_up, done;
	enum exit_status status;
};

static volatile sig_atomic_t interrupted;

static void on_signal(int signo)
{
	(void)signo;
	interrupted = 1;
}

static double steady_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* ---- audio ---- */

/* Whoever the peer hears is heard on the right of the recording. */
static size_t link_to_right(const struct run *r, offhook_id slot, struct offhook_link *links, size_t n)
{
	size_t more = 0;

	for (size_t i = 0; i < n; i++)
		if (links[i].sink == slot)
			links[n + more++] =
				(struct offhook_link){links[i].source, r->recorder_slots[1], links[i].level};
	return more;
}

/* Joins the call's slot with whatever was asked for; again after every media event, because they drop
 * connections. */
static void connect_audio(struct run *r, offhook_id slot)
{
	struct offhook_link links[8];
	size_t n = sound_link(r->o, r->phone, slot, links);
	int err;

	if (r->player)
		links[n++] = (struct offhook_link){r->player_slot, slot, 1};
	if (r->tone)
		links[n++] = (struct offhook_link){r->tone_slot, slot, 1};
	if (r->recorder)
		links[n++] = (struct offhook_link){slot, r->recorder_slots[0], 1};
	if (r->o->echo)
		links[n++] = (struct offhook_link){slot, slot, 1};
	if (r->recorder_slots[1])
		n += link_to_right(r, slot, links, n);
	err = offhook_connect_many(r->phone, links, n);
	if (err)
		complain(r->o, "cannot connect the audio", err);
	else
		r->connected = true;
}

static int open_files(struct run *r)
{
	const struct options *o = r->o;
	int err;

	if (o->n_play) {
		struct offhook_player_cfg cfg;

		offhook_player_cfg_init(&cfg);
		cfg.paths = o->play;
		cfg.n_paths = o->n_play;
		cfg.loops = !o->loop;
		if (o->raw_rate_hz)
			cfg.raw_rate_hz = o->raw_rate_hz;
		err = offhook_player_open(r->phone, &cfg, &r->player, &r->player_slot);
		if (err) {
			complain(o, "--play", err);
			return EXIT_USAGE;
		}
	}
	if (o->record) {
		struct offhook_recorder_cfg cfg;

		offhook_recorder_cfg_init(&cfg);
		cfg.path = o->record;
		cfg.channels = o->stereo ? 2 : 1;
		err = offhook_recorder_open(r->phone, &cfg, &r->recorder, r->recorder_slots);
		if (err) {
			complain(o, o->record, err);
			return EXIT_USAGE;
		}
	}
	return EXIT_OK;
}

static int open_audio(struct run *r)
{
	const struct options *o = r->o;
	int err;

	err = sound_choose(o, r->phone);
	if (err)
		return err;
	err = open_files(r);
	if (err)
		return err;
	if (o->tone || o->tone_hz[0] > 0) {
		err = tones_play(o, r->phone, &r->tone, &r->tone_slot);
		if (err) {
			complain(o, "--tone", err);
			return EXIT_USAGE;
		}
	}
	return EXIT_OK;
}

/* ---- events ---- */

static void hang_up(struct run *r, unsigned code)
{
	struct offhook_answer a;

	if (!r->call)
		return;
	offhook_answer_init(&a);
	a.code = code;
	offhook_call_hangup(r->phone, r->call, &a);
}

static void answer(struct run *r, unsigned code)
{
	const struct options *o = r->o;
	struct offhook_answer a;
	int err;

	offhook_answer_init(&a);
	a.code = code;
	if (code == o->code) {
		a.reason = o->reason;
		a.headers = o->headers;
		a.n_headers = o->n_headers;
	}
	err = offhook_call_answer(r->phone, r->call, &a);
	if (err && err != OH_EENDED) {
		complain(o, "cannot answer", err);
		hang_up(r, 500);
	}
}

static void incoming(struct run *r, const struct offhook_event *e)
{
	struct offhook_answer busy;
	bool taken = !r->call && !strcmp(r->o->command, "answer");
	json_t *json;

	if (!taken) {
		offhook_answer_init(&busy);
		busy.code = 486;
		offhook_call_hangup(r->phone, e->id, &busy);
	}
	if (r->call)
		return;
	json = report_call_json(e->call);
	json_object_set_new(
		json, "proven_user", report_text(e->call->proven_user, strlen(e->call->proven_user)));
	report(r->o, "call.incoming", json, "call from %s%s%s", e->call->remote_uri,
		*e->call->proven_user ? ", proven to be " : "", e->call->proven_user);
	if (!taken)
		return;
	r->call = e->id;
	if (r->o->ring_s > 0) {
		r->ring_until = r->now + r->o->ring_s;
		answer(r, 180);
	} else {
		answer(r, r->o->code);
	}
}

/* What the end of a call means for the exit status. */
static enum exit_status verdict(
	const struct run *r, const struct offhook_call_info *info, const struct offhook_call_stats *s)
{
	bool answering = !strcmp(r->o->command, "answer");

	if (r->gave_up)
		return EXIT_NO_ANSWER;
	if (r->confirmed_at <= 0) {
		if (info->error == OH_ETIMEDOUT || info->last_status == 408)
			return EXIT_NO_ANSWER;
		if (info->error)
			return EXIT_TRANSPORT;
		/* Asked to refuse, and refused: that is what completed means then. */
		return answering && r->o->code >= 300 && info->ended_by == OFFHOOK_ENDED_BY_US
			       ? EXIT_OK
			       : EXIT_CALL_FAILED;
	}
	if (info->ended_by == OFFHOOK_ENDED_BY_NETWORK)
		return EXIT_TRANSPORT;
	/* Half a second is enough for a first packet; shorter calls prove nothing. */
	if (!s->rx_packets && info->call_time_s > 0.5 && (info->media_dir & OFFHOOK_DIR_RECV))
		return EXIT_NO_AUDIO;
	return EXIT_OK;
}

static void disconnected(struct run *r, const struct offhook_event *e)
{
	struct offhook_call_stats stats = {.size = sizeof(stats)};
	struct offhook_call_quality quality = {.size = sizeof(quality)};
	enum exit_status status;

	offhook_call_get_stats(r->phone, e->id, &stats);
	offhook_call_get_quality(r->phone, e->id, &quality);
	report_stats(r->o, e->call, &stats, &quality);
	status = verdict(r, e->call, &stats);
	if (r->status == EXIT_OK)
		r->status = status;
	if (status == EXIT_NO_AUDIO && !r->o->quiet)
		fprintf(stderr, "no audio came from the peer\n");
	r->call = 0;
	r->confirmed_at = r->ring_until = 0;
	r->connected = r->digits_sent = r->file_done = false;
	r->calls_done++;
	if (!strcmp(r->o->command, "dial") || (r->o->count && r->calls_done >= r->o->count))
		r->done = true;
	else if (r->player)
		offhook_player_move(r->phone, r->player, 0, 0);
	r->started = r->now;
}

static void state_changed(struct run *r, const struct offhook_event *e)
{
	const struct offhook_call_info *info = e->call;
	static const char *const names[] = {
		"NULL", "calling", "incoming", "ringing", "connecting", "connected", "ended"};

	if (e->id != r->call) /* one that was refused */
		return;
	if (info->last_status)
		report(r->o, "call.state", report_call_json(info), "%s: %s, %u %s", info->remote_uri,
			names[info->state], info->last_status, info->last_reason);
	else
		report(r->o, "call.state", report_call_json(info), "%s: %s", info->remote_uri,
			names[info->state]);
	if (info->state == OFFHOOK_CALL_CONFIRMED && r->confirmed_at <= 0) {
		r->confirmed_at = r->now;
		if (r->o->dtmf) {
			int err = offhook_call_dtmf(r->phone, e->id, r->o->dtmf, 0, 0);

			if (err)
				complain(r->o, "cannot send DTMF", err);
			r->digits_sent = err != 0;
		}
	}
	if (info->state == OFFHOOK_CALL_DISCONNECTED) {
		disconnected(r, e);
		seeing_call_ended(&r->seeing, e->id, r->now);
	}
}

/* Nobody is called whom the command line does not name, nobody else gets the call, and nobody follows us: said at once, so
 * that the asker does not wait until the question is too old. */
static void asked(const struct run *r, const struct offhook_event *e)
{
	static const char *const kinds[] = {[OFFHOOK_QUESTION_TRANSFER] = "transfer",
		[OFFHOOK_QUESTION_REPLACES] = "replaces",
		[OFFHOOK_QUESTION_SUBSCRIBE] = "subscribe",
		[OFFHOOK_QUESTION_REDIRECT] = "redirect",
		[OFFHOOK_QUESTION_JOIN] = "join"};
	const struct offhook_question *q = e->question;

	offhook_question_answer(r->phone, q->ticket, q->kind == OFFHOOK_QUESTION_SUBSCRIBE ? 403 : 603, NULL);
	report(r->o, "refused",
		json_pack("{s:s, s:o, s:o}", "kind", kinds[q->kind], "from",
			report_text(q->from, strlen(q->from)), "target",
			report_text(q->target, strlen(q->target))),
		"refused: %s asked for %s %s", q->from, kinds[q->kind], q->target);
}

/* INFO or another request inside the call: what it is and what it carries. */
static void requested(const struct run *r, const struct offhook_event *e)
{
	json_t *json = report_call_json(e->call);
	size_t method = strcspn(e->message, " "), n = 0;
	const char *body = offhook_message_body(e->message, e->message_length, &n);
	char type[128];

	if (offhook_message_header(e->message, e->message_length, "Content-Type", 0, type, sizeof(type)) < 0)
		type[0] = '\0';
	json_object_set_new(json, "method", report_text(e->message, method));
	json_object_set_new(json, "content_type", report_text(type, strlen(type)));
	json_object_set_new(json, "body", report_text(body ? body : "", n));
	report(r->o, "call.request", json, "%.*s %s", (int)method, e->message, type);
}

/* Without --duration it is over with the first good answer; that somebody else has to wait is no answer. */
static void registered(struct run *r, const struct offhook_event *e)
{
	switch (register_outcome(r->o, r->phone, e)) {
	case REGISTER_GOES_ON:
		break;
	case REGISTER_DONE:
		if (r->confirmed_at <= 0)
			r->confirmed_at = r->now;
		r->done = r->done || r->o->duration_s <= 0;
		break;
	case REGISTER_FAILED:
		r->status = EXIT_REGISTRATION;
		r->done = true;
		break;
	}
}

/* Without --duration it is over when something is known. */
static void presence(struct run *r, const struct offhook_event *e)
{
	switch (presence_changed(r->o, e)) {
	case PRESENCE_GOES_ON:
		break;
	case PRESENCE_KNOWN:
		if (r->confirmed_at <= 0)
			r->confirmed_at = r->now;
		r->done = r->done || r->o->duration_s <= 0;
		break;
	case PRESENCE_REFUSED:
		r->status = r->confirmed_at > 0 ? EXIT_OK : EXIT_CALL_FAILED;
		r->done = true;
		break;
	}
}

static void on_event(void *arg, const struct offhook_event *e)
{
	struct run *r = arg;

	r->now = steady_seconds();
	switch (e->type) {
	case OFFHOOK_EVENT_CALL_INCOMING:
		incoming(r, e);
		break;
	case OFFHOOK_EVENT_CALL_STATE:
		state_changed(r, e);
		break;
	case OFFHOOK_EVENT_CALL_MEDIA:
		report(r->o, "call.media", report_call_json(e->call), NULL);
		if (e->id == r->call && e->call->slot)
			connect_audio(r, e->call->slot);
		break;
	case OFFHOOK_EVENT_CALL_DTMF: {
		const char digit[2] = {e->digit, '\0'};
		json_t *json = report_call_json(e->call);

		json_object_set_new(json, "digit", json_string(digit));
		json_object_set_new(json, "duration_ms", json_integer((json_int_t)e->duration_ms));
		report(r->o, "call.dtmf", json, "digit %c", e->digit);
		break;
	}
	case OFFHOOK_EVENT_CALL_REQUEST:
		requested(r, e);
		break;
	case OFFHOOK_EVENT_CALL_DTMF_SENT:
		r->digits_sent = true;
		report(r->o, "call.dtmf_sent", report_call_json(e->call), NULL);
		break;
	case OFFHOOK_EVENT_CALL_RTP:
	case OFFHOOK_EVENT_CALL_SILENCE:
	case OFFHOOK_EVENT_CALL_SPEECH:
		quality_event(r->o, r->phone, e);
		break;
	case OFFHOOK_EVENT_CALL_PROGRESS:
		tones_event(r->o, e);
		break;
	case OFFHOOK_EVENT_PLAYER_END:
		r->file_done = true;
		if (e->error)
			complain(r->o, "cannot play on", e->error);
		report(r->o, "player.end", NULL, NULL);
		break;
	case OFFHOOK_EVENT_PLAYER_NEXT:
		report(r->o, "player.next", json_pack("{s:o}", "file", report_text(e->text, strlen(e->text))),
			"plays %s", e->text);
		break;
	case OFFHOOK_EVENT_RECORDER_END:
		complain(r->o, "cannot record on", e->error ? e->error : OH_ETOOBIG); /* a WAV file is full */
		break;
	case OFFHOOK_EVENT_REGISTRATION:
		registered(r, e);
		break;
	case OFFHOOK_EVENT_DEVICE:
		sound_changed(r->o, e);
		break;
	case OFFHOOK_EVENT_MESSAGE_SENT:
		r->status = message_fate(r->o, e);
		r->done = true;
		break;
	case OFFHOOK_EVENT_BUDDY_STATE:
		presence(r, e);
		break;
	case OFFHOOK_EVENT_DIALOG_INFO:
		presence_call(r->o, e);
		break;
	case OFFHOOK_EVENT_QUESTION:
		asked(r, e);
		break;
	case OFFHOOK_EVENT_DROPPED:
		report(r->o, "dropped", json_pack("{s:I}", "count", (json_int_t)e->count), NULL);
		break;
	default:
		break;
	}
}

/* ---- time ---- */

/* Without --duration a call is over when what was to be played and dialled has gone out. */
static bool has_said_everything(const struct run *r)
{
	const struct options *o = r->o;

	if (o->duration_s > 0)
		return r->now - r->confirmed_at >= o->duration_s;
	if (!strcmp(o->command, "answer") || (!o->n_play && !o->dtmf) || o->loop)
		return false;
	return (!o->n_play || r->file_done) && (!o->dtmf || r->digits_sent);
}

static void look_at_the_clock(struct run *r)
{
	r->now = steady_seconds();
	if (interrupted) {
		r->status = EXIT_INTERRUPTED;
		hang_up(r, 0);
		r->done = true;
		return;
	}
	if (report_is_lost()) {
		hang_up(r, 0);
		r->done = true;
		return;
	}
	quality_watch(&r->quality, r->o, r->phone, r->confirmed_at > 0 ? r->call : 0, r->now);
	if (r->ring_until > 0 && r->now >= r->ring_until) {
		r->ring_until = 0;
		answer(r, r->o->code);
	}
	if (r->confirmed_at > 0 && has_said_everything(r)) {
		hang_up(r, 0);
		r->done = r->done || register_wanted(r->o) || presence_wanted(r->o);
	} else if (r->confirmed_at <= 0 && r->o->timeout_s > 0 && r->now - r->started >= r->o->timeout_s &&
		   !(r->call && !strcmp(r->o->command, "answer"))) {
		r->gave_up = true;
		if (r->call) {
			hang_up(r, 0);
		} else {
			r->status = register_wanted(r->o) ? EXIT_REGISTRATION : EXIT_NO_ANSWER;
			r->done = true;
		}
	}
}

/* ---- life ---- */

static int open_phone(struct run *r)
{
	const struct options *o = r->o;
	struct offhook_phone_cfg cfg;
	int err;

	offhook_phone_cfg_init(&cfg);
	cfg.delivery = OFFHOOK_DELIVER_PULL;
	cfg.on_event = on_event;
	cfg.on_event_arg = r;
	cfg.ptime_ms = o->ptime_ms;
	cfg.codecs = o->codecs;
	cfg.jitter_ms = o->jitter_ms;
	cfg.clock_rate_hz = o->clock_rate_hz;
	cfg.nameservers = &o->nameserver;
	cfg.n_nameservers = o->nameserver != NULL;
	cfg.on_log = report_log;
	cfg.log_level = o->trace ? OFFHOOK_LOG_DEBUG : o->quiet ? OFFHOOK_LOG_NONE : OFFHOOK_LOG_WARN;
	cfg.log_messages = o->trace;
	if (!posture_settings(o, &cfg))
		return EXIT_USAGE;
	err = offhook_phone_new(&cfg, &r->phone);
	if (err) {
		complain(o, "cannot start", err);
		return err == OH_EINVAL || err == OH_ENOCODEC ? EXIT_USAGE : EXIT_TRANSPORT;
	}
	quality_listen(o, r->phone);
	err = tones_listen(o, r->phone);
	if (err) {
		complain(o, "--progress", err);
		return EXIT_USAGE;
	}
	return seeing_start(&r->seeing, o, r->phone) ? EXIT_OK : EXIT_USAGE;
}

static int open_account(struct run *r, offhook_id transport)
{
	struct offhook_registration_cfg registration;
	struct offhook_account_cfg cfg;
	struct offhook_session_cfg session;
	struct offhook_auth_cfg auth;
	struct offhook_credential who = {.realm = "*"};
	struct offhook_challenge_cfg challenge;
	struct callers *callers;
	struct secret secret;
	int err, status = challenge_read(r->o, &challenge, &callers);

	if (!status)
		status = secret_read(r->o, &secret);
	if (status) {
		challenge_wipe(callers);
		return status;
	}
	offhook_account_cfg_init(&cfg);
	offhook_auth_cfg_init(&auth);
	cfg.uri = r->o->identity;
	cfg.transport = transport;
	cfg.proxies = r->o->proxies;
	cfg.n_proxies = r->o->n_proxies;
	cfg.servers = r->o->servers;
	cfg.n_servers = r->o->n_servers;
	who.user = secret.user;
	who.password = secret.password;
	auth.credentials = &who;
	auth.n_credentials = 1;
	if (secret.there)
		cfg.auth = &auth;
	if (callers)
		cfg.challenge = &challenge;
	if (register_wanted(r->o)) {
		register_settings(r->o, &registration);
		cfg.uri = r->o->uri;
		cfg.registration = &registration;
	}
	err = offhook_account_add(r->phone, &cfg, &r->account);
	/* A 3xx is reported like any other refusal: nobody is called whom the command line does not name. */
	offhook_session_cfg_init(&session);
	session.redirect = OFFHOOK_REDIRECT_NEVER;
	if (r->o->dtmf_by)
		(void)tones_way(r->o->dtmf_by, &session.dtmf); /* looked at before */
	if (!err)
		err = offhook_account_set_session(r->phone, r->account, &session);
	secret_wipe(&secret);
	challenge_wipe(callers);
	if (err) {
		complain(r->o, r->o->identity ? r->o->identity : "cannot make an account", err);
		return EXIT_USAGE;
	}
	return EXIT_OK;
}

/* Whoever is called by an IPv6 address is called from one. */
static const char *local_address(const struct options *o)
{
	return *o->address || !o->uri || !strchr(o->uri, '[') ? o->address : "::";
}

static enum offhook_transport_type transport_type(const char *name)
{
	static const char *const names[] = {[OFFHOOK_UDP] = "udp",
		[OFFHOOK_TCP] = "tcp",
		[OFFHOOK_TLS] = "tls",
		[OFFHOOK_WS] = "ws",
		[OFFHOOK_WSS] = "wss"};

	for (int i = OFFHOOK_UDP; name && i <= OFFHOOK_WSS; i++)
		if (!strcmp(name, names[i]))
			return (enum offhook_transport_type)i;
	return name ? 0 : OFFHOOK_UDP;
}

static void fill_tls(const struct options *o, struct offhook_tls_cfg *tls)
{
	offhook_tls_cfg_init(tls);
	tls->cert_file = o->cert;
	tls->key_file = o->key;
	tls->ca_file = o->ca;
	tls->verify = !o->no_verify;
	tls->require_client_cert = o->client_cert;
	tls->keylog_file = getenv("SSLKEYLOGFILE");
}

static int listen_for_sip(struct run *r)
{
	const struct options *o = r->o;
	struct offhook_transport_cfg cfg;
	struct offhook_tls_cfg tls;
	struct offhook_transport_info info = {.size = sizeof(info)};
	offhook_id id;
	int err, status;

	offhook_transport_cfg_init(&cfg);
	cfg.type = transport_type(o->transport);
	fill_tls(o, &tls);
	cfg.tls = &tls;
	cfg.address = local_address(o);
	cfg.port = (uint16_t)o->port;
	posture_sources(o, &cfg);
	err = offhook_transport_add(r->phone, &cfg, &id);
	if (err) {
		char what[128];

		snprintf(what, sizeof(what),
			strchr(cfg.address, ':') ? "cannot listen on [%s]:%u" : "cannot listen on %s:%u",
			*cfg.address ? cfg.address : "*", o->port);
		complain(o, what, err);
		return err == OH_EINVAL || err == OH_ENOTSUP || err == OH_EINSECURE ? EXIT_USAGE
										    : EXIT_TRANSPORT;
	}
	status = open_account(r, id);
	if (status == EXIT_OK && !offhook_transport_get_info(r->phone, id, &info))
		report(o, "ready", json_pack("{s:s, s:i}", "address", info.address, "port", (int)info.port),
			strchr(info.address, ':') ? "listening on [%s]:%u" : "listening on %s:%u",
			info.address, info.port);
	return status;
}

static int begin(struct run *r)
{
	struct offhook_call_cfg cfg;
	int err;

	if (message_wanted(r->o))
		return message_send(r->o, r->phone, r->account);
	if (presence_wanted(r->o))
		return presence_begin(r->o, r->phone, r->account);
	if (strcmp(r->o->command, "dial") != 0)
		return EXIT_OK;
	offhook_call_cfg_init(&cfg);
	cfg.uri = r->o->uri;
	cfg.headers = r->o->headers;
	cfg.n_headers = r->o->n_headers;
	err = offhook_call_make(r->phone, r->account, &cfg, &r->call);
	if (err) {
		complain(r->o, r->o->uri, err);
		return err == OH_EURI || err == OH_ESCHEME || err == OH_EINVAL ? EXIT_USAGE : EXIT_TRANSPORT;
	}
	return EXIT_OK;
}

static void close_all(struct run *r)
{
	const offhook_id ports[] = {r->player, r->recorder, r->tone};

	if (!r->phone)
		return;
	while (offhook_process(r->phone, 0) > 0)
		continue;
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		int err = ports[i] ? offhook_port_remove(r->phone, ports[i]) : 0;

		if (err)
			complain(r->o, "cannot complete the recording", err);
	}
	offhook_phone_close(r->phone, 2000);
	seeing_closed(&r->seeing);
	seeing_stop(&r->seeing);
	offhook_phone_free(r->phone);
}

int run(const struct options *o)
{
	struct run r = {.o = o, .now = steady_seconds()};
	struct sigaction act = {.sa_handler = on_signal};

	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	signal(SIGPIPE, SIG_IGN);
	r.started = r.now;
	r.status = (enum exit_status)open_phone(&r);
	if (r.status == EXIT_OK)
		r.status = (enum exit_status)open_audio(&r);
	if (r.status == EXIT_OK)
		r.status = (enum exit_status)listen_for_sip(&r);
	if (r.status == EXIT_OK && posture_wanted(o)) {
		r.status = (enum exit_status)posture_report(o, r.phone);
		r.done = true;
	}
	if (r.status == EXIT_OK)
		r.status = (enum exit_status)begin(&r);
	if (r.status != EXIT_OK)
		r.done = true;
	while (!r.done) {
		offhook_process(r.phone, 50);
		look_at_the_clock(&r);
		seeing_clock(&r.seeing, r.now);
	}
	close_all(&r);
	return r.status;
}
