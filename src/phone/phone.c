/* The life of a phone: its host, its threads, its layers, built from the bottom up and taken down from the
 * top. */
#include "phone/conference.h"
#include "phone/levels.h"
#include "phone/pager.h"
#include "phone/phone_impl.h"

#include "base/mem.h"
#include "phone/account_reg.h"
#include "phone/account_way.h"
#include "phone/buddy.h"
#include "phone/filter.h"
#include "phone/refer.h"
#include "phone/typing.h"
#include "phone/watcher.h"
#include "session/inv.h"
#include "sip/mask.h"
#include "phone/names.h"
#include "phone/network.h"

static _Thread_local struct {
	const struct offhook_phone *phone;
	enum phone_thread which;
} this_thread;

void phone_enter_thread(struct offhook_phone *p, enum phone_thread which)
{
	this_thread.phone = p;
	this_thread.which = which;
}

enum phone_thread phone_thread_of(const struct offhook_phone *p)
{
	return this_thread.phone == p ? this_thread.which : PHONE_FOREIGN_THREAD;
}

bool phone_is_here(const struct offhook_phone *p)
{
	return !p->own_host || phone_thread_of(p) == PHONE_LOOP_THREAD;
}

int phone_check_open(const struct offhook_phone *p)
{
	return p->state == PHONE_CLOSED ? err_detail(OH_ECLOSED, "the phone is closed") : 0;
}

int phone_check_taking(const struct offhook_phone *p)
{
	return p->state != PHONE_OPEN ? err_detail(OH_ECLOSED, "the phone is closing or closed") : 0;
}

/* ---- the loop's hooks ---- */

static void on_wake(void *arg)
{
	struct offhook_phone *p = arg;

	commands_run(p);
	engine_dispatch(p->engine);
}

static void on_idle(void *arg)
{
	struct offhook_phone *p = arg;

	if (p->settling)
		return;
	p->settling = true;
	sounds_step(p);
	events_flush(p);
	engine_publish(p->engine);
	files_check_finishing(p);
	closings_check(p);
	phone_check_closed(p);
	p->settling = false;
}

void phone_settle(struct offhook_phone *p)
{
	events_flush(p);
	if (!p->own_host)
		on_idle(p);
}

static void *loop_thread(void *arg)
{
	struct offhook_phone *p = arg;

	pthread_setname_np(pthread_self(), "offhook-sip");
	phone_enter_thread(p, PHONE_LOOP_THREAD);
	host_run(p->host);
	return NULL;
}

/* ---- the log ---- */

static void log_line(void *arg, enum log_level level, const char *module, const char *text)
{
	struct offhook_phone *p = arg;

	p->cfg.on_log(p->cfg.log_arg, (int)level, module, text);
}

static void trace(void *arg, bool out, const struct sip_flow *flow, struct slice bytes)
{
	struct offhook_phone *p = arg;
	char local[NETADDR_TEXT], remote[NETADDR_TEXT], *copy;

	trace_message(p, out, flow, bytes);
	if (!p->cfg.log_messages || !host_logs(p->host, LOG_DEBUG))
		return;
	host_log(p->host, LOG_DEBUG, "sip", "%s %zu bytes, %s %s %s", out ? "sent" : "received", bytes.n,
		netaddr_text(&flow->local, local), out ? "->" : "<-", netaddr_text(&flow->remote, remote));
	copy = mem_alloc(bytes.n + 1);
	if (!copy)
		return;
	memcpy(copy, bytes.p, bytes.n);
	sip_mask_secrets(copy, bytes.n);
	host_log_text(p->host, LOG_DEBUG, "sip", slice_make(copy, bytes.n));
	mem_free(copy);
}

/* ---- building ---- */

static int check_cfg(const struct offhook_phone_cfg *c)
{
	if (c->delivery > OFFHOOK_DELIVER_PULL)
		return err_detail(OH_EINVAL, "delivery: no such way");
	if (c->clock_rate_hz != 8000 && c->clock_rate_hz != 16000 && c->clock_rate_hz != 32000 &&
		c->clock_rate_hz != 48000)
		return err_detail(OH_EINVAL, "clock_rate_hz is 8000, 16000, 32000 or 48000");
	if (c->frame_ms != 10 && c->frame_ms != 20)
		return err_detail(OH_EINVAL, "frame_ms is 10 or 20");
	if (c->ptime_ms < 10 || c->ptime_ms > 60 || c->ptime_ms % 10)
		return err_detail(OH_EINVAL, "ptime_ms is 10 to 60 in steps of 10");
	if (c->jitter_ms > 500)
		return err_detail(OH_EINVAL, "jitter_ms is at most 500");
	if (c->jitter_min_ms > 500 || c->jitter_max_ms > 500)
		return err_detail(OH_EINVAL, "jitter_min_ms and jitter_max_ms are at most 500");
	if (c->jitter_max_ms && c->jitter_max_ms < c->jitter_min_ms)
		return err_detail(OH_EINVAL, "jitter_max_ms is not below jitter_min_ms");
	if (c->rtp_port_min < 2 || c->rtp_port_max <= c->rtp_port_min)
		return err_detail(OH_EINVAL, "rtp_port_min is at least 2 and below rtp_port_max");
	if (c->media_threads > ENGINE_THREADS_MAX)
		return err_detail(OH_EINVAL, "media_threads is at most %u", ENGINE_THREADS_MAX);
	if (c->t1_ms > 60000)
		return err_detail(OH_EINVAL, "t1_ms is at most 60000");
	if (c->log_level < OFFHOOK_LOG_NONE || c->log_level > OFFHOOK_LOG_TRACE)
		return err_detail(OH_EINVAL, "log_level is 0 to 5");
	return 0;
}

/* Somebody accepts a call that we gave up (RFC 3261 13.2.2.4). */
static void stray_2xx(void *arg, struct sip_msg *msg, const struct sip_flow *flow)
{
	struct offhook_phone *p = arg;

	inv_end_stray(p->stack, msg, flow);
}

static int new_stack(struct offhook_phone *p)
{
	struct sip_stack_cfg cfg = {
		.host = p->host,
		.user_agent = slice_of(p->user_agent),
		.timers = {.t1 = p->cfg.t1_ms},
		.handler = {.request = incoming_request, .stray_2xx = stray_2xx, .arg = p},
		.admit = guard_admit,
		.admit_conn = guard_admit_conn,
		.admit_arg = p,
		.plain_names = p->cfg.plain_names != 0,
		.decision = p->cfg.decisions || host_logs(p->host, LOG_INFO) ? names_decided : NULL,
		.decision_arg = p,
		.edit = p->cfg.filter ? filter_run : NULL,
		.edit_arg = p,
		.trace = trace,
		.trace_arg = p,
	};

	int err = sip_stack_new(&cfg, &p->stack);

	if (err)
		return err;
	subs_init(&p->subs, p->stack);
	p->allow_events[sub_allow_events(&p->subs, p->allow_events).n] = '\0';
	return 0;
}

static int new_engine(struct offhook_phone *p)
{
	struct engine_cfg cfg;

	engine_cfg_defaults(&cfg);
	cfg.host = p->host;
	cfg.bridge.rate_hz = p->cfg.clock_rate_hz;
	cfg.bridge.frame_ms = p->cfg.frame_ms;
	cfg.bridge.max_ports = p->cfg.max_ports;
	cfg.threads = p->cfg.media_threads ? p->cfg.media_threads : 1;
	cfg.plain_packets = p->cfg.plain_packets != 0;
	cfg.rtp_port_min = p->cfg.rtp_port_min;
	cfg.rtp_port_max = p->cfg.rtp_port_max;
	cfg.report = tag_report;
	cfg.report_arg = p;
	return engine_new(&cfg, &p->engine);
}

static void init_lists(struct offhook_phone *p)
{
	list_init(&p->transports);
	list_init(&p->accounts);
	list_init(&p->regs);
	list_init(&p->calls);
	list_init(&p->files);
	list_init(&p->speakers);
	list_init(&p->conferences);
	list_init(&p->questions);
	list_init(&p->pagers);
	list_init(&p->refers);
	list_init(&p->composers);
	list_init(&p->buddies);
	list_init(&p->watchers);
	list_init(&p->finishing);
	mpsc_init(&p->commands.inbox);
}

static int build(struct offhook_phone *p, const struct offhook_phone_cfg *cfg)
{
	uint64_t seed[2];
	int err;

	init_lists(p);
	p->cfg = *cfg;
	p->cfg.size = sizeof(p->cfg);
	if (!p->own_host && p->cfg.delivery == OFFHOOK_DELIVER_THREAD)
		p->cfg.delivery = OFFHOOK_DELIVER_INLINE;
	host_random(p->host, seed, sizeof(seed));
	err = events_init(&p->events, p->cfg.delivery, seed);
	if (err)
		return err;
	if (p->cfg.disk_limit_ms == 0)
		p->cfg.disk_limit_ms = DISK_LIMIT_MS;
	if (p->cfg.max_queued_events == 0)
		p->cfg.max_queued_events = EVENTS_QUEUED_DEFAULT;
	if (cfg->user_agent && *cfg->user_agent) {
		p->user_agent = mem_strdup(cfg->user_agent);
		if (!p->user_agent)
			return OH_ENOMEM;
	}
	p->cfg.user_agent = p->user_agent;
	err = phone_codecs_init(
		&p->codecs, cfg->clock_rate_hz, slice_of(cfg->codecs ? cfg->codecs : CODEC_DEFAULT));
	if (err)
		return err;
	p->cfg.codecs = NULL;
	err = guard_init(&p->guard, cfg, seed);
	if (err)
		return err;
	err = account_way_new(
		&(struct way_cfg){
			.proxies = cfg->proxies, .n_proxies = cfg->n_proxies, .secure = cfg->secure_only},
		&p->way);
	if (err)
		return err;
	p->cfg.proxies = NULL;
	err = names_setup(p->host, cfg);
	if (err)
		return err;
	p->cfg.nameservers = NULL;
	if (p->cfg.on_log && p->cfg.log_level > OFFHOOK_LOG_NONE)
		host_log_to(p->host, (enum log_level)p->cfg.log_level, log_line, p);

	err = closings_init(p);
	if (err)
		return err;
	hearing_cfg_defaults(&p->listen);
	host_random(p->host, seed, sizeof(seed));
	err = hash_init(&p->tags, seed);
	if (!err)
		err = traces_init(&p->traces, seed);
	if (!err)
		err = audio_table_init(&p->audio, seed);
	if (err)
		return err;
	err = new_stack(p);
	if (err)
		return err;
	err = new_engine(p);
	if (err)
		return err;
	err = sounds_init(p);
	if (err)
		return err;
	host_on_wake(p->host, on_wake, p);
	host_on_idle(p->host, on_idle, p);
	network_watch(p);
	return 0;
}

static int start(struct offhook_phone *p)
{
	int err = 0;

	if (p->cfg.delivery == OFFHOOK_DELIVER_THREAD)
		err = events_start(p);
	if (err || !p->own_host)
		return err;
	err = pthread_create(&p->loop, NULL, loop_thread, p);
	if (err)
		return err_from_errno(err);
	p->looping = true;
	return 0;
}

/* Takes the host when own_host, in case of failure too. */
static int phone_new_with(struct host *host, bool own_host, const struct offhook_phone_cfg *cfg,
	struct offhook_phone **ret_phone)
{
	struct offhook_phone *p = mem_zalloc(sizeof(*p));
	int err;

	if (!p) {
		if (own_host)
			host_free(host);
		return OH_ENOMEM;
	}
	p->host = host;
	p->own_host = own_host;
	err = build(p, cfg);
	if (!err)
		err = start(p);
	if (err) {
		p->state = PHONE_CLOSED;
		offhook_phone_free(p);
		return err;
	}
	*ret_phone = p;
	return 0;
}

static int settings(const struct offhook_phone_cfg *cfg, struct offhook_phone_cfg *ret_cfg)
{
	offhook_phone_cfg_init(ret_cfg);
	if (cfg) {
		int err = cfg_take(ret_cfg, sizeof(*ret_cfg), cfg);

		if (err)
			return err;
	}
	return check_cfg(ret_cfg);
}

int phone_new_on(struct host *host, const struct offhook_phone_cfg *cfg, struct offhook_phone **ret_phone)
{
	struct offhook_phone_cfg ours;
	int err = settings(cfg, &ours);

	return err ? err : phone_new_with(host, false, &ours, ret_phone);
}

int offhook_phone_new(const struct offhook_phone_cfg *cfg, struct offhook_phone **ret_phone)
{
	struct offhook_phone_cfg ours;
	struct host *host;
	int err;

	err_detail_clear();
	if (!ret_phone)
		return err_detail(OH_EINVAL, "ret_phone is NULL");
	err = settings(cfg, &ours);
	if (err)
		return err;
	err = host_uv_new(&host);
	if (err)
		return err;
	return phone_new_with(host, true, &ours, ret_phone);
}

/* ---- taking down ---- */

/* What was closed is complete, or the disk hangs and keeps it. */
static void leave_disk(struct offhook_phone *p)
{
	if (!host_services_leave(p->host, p->cfg.disk_limit_ms))
		host_log(p->host, LOG_WARN, "disk", "no answer for %u ms: it is left alone",
			p->cfg.disk_limit_ms);
	closings_leave(p);
}

/* The threads have ended: everything belongs to this one now. */
static void take_down(struct offhook_phone *p)
{
	struct host *host = p->own_host ? p->host : NULL;

	phone_enter_thread(p, PHONE_LOOP_THREAD);
	host_on_wake(p->host, NULL, NULL);
	host_on_idle(p->host, NULL, NULL);
	(void)host_on_network(p->host, NULL, NULL);
	/* What handlers left behind. */
	commands_run(p);
	host_timer_free(p->close_limit);
	speakers_free(p);
	conferences_free_all(p);
	if (p->engine) {
		calls_free_all(p);
		files_free_all(p);
		sounds_free(p);
	}
	p->engine = engine_free(p->engine);
	files_check_finishing(p); /* with the engine all ports have been let go of */
	pagers_free_all(p);
	refers_free_all(p);
	typing_free_all(p);
	buddies_free_all(p);
	watchers_free_all(p);
	accounts_free_all(p);
	account_regs_free_all(p);
	transports_free_all(p);
	sip_stack_free(p->stack);
	traces_free(p);
	leave_disk(p);
	events_free(p);
	ids_free(&p->ids);
	audio_table_free(&p->audio);
	hash_free(&p->tags);
	guard_free(&p->guard);
	phone_codecs_free(&p->codecs);
	mem_free(p->way);
	phone_enter_thread(NULL, PHONE_FOREIGN_THREAD);
	if (!host)
		host_log_to(p->host, 0, NULL, NULL);
	mem_free(p->user_agent);
	host_free(host);
	mem_free(p);
}

void offhook_phone_free(struct offhook_phone *phone)
{
	if (!phone)
		return;
	if (phone->state != PHONE_CLOSED)
		offhook_phone_close(phone, 0);
	events_stop(phone);
	if (phone->looping) {
		host_stop(phone->host);
		pthread_join(phone->loop, NULL);
	}
	take_down(phone);
}
