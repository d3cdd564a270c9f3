#include "service.h"

#include "session/proxy.h"

static void open_service(struct service *s, const struct service_flow *flow)
{
	struct proxy_cfg proxy = {.ip = SERVICE_PROXY_IP,
		.next = flow->proxy_to,
		.realm = flow->proxy_realm,
		.answer = flow->proxy_answer,
		.record_route = true};

	memcpy(proxy.then, flow->proxy_then, sizeof(flow->proxy_then));

	*s = (struct service){.r = rig_new_with(OFFHOOK_DELIVER_INLINE, flow->settings)};
	s->a = &s->r->a;
	s->b = &s->r->b;
	s->carol = (struct side){.rig = s->r, .name = "carol", .ip = SERVICE_C_IP};
	CHECK_OK(side_start(&s->carol, OFFHOOK_DELIVER_INLINE, flow->settings));
	s->dave = (struct side){.rig = s->r, .name = "dave", .ip = SERVICE_D_IP};
	s->erin = (struct side){.rig = s->r, .name = "erin", .ip = SERVICE_E_IP};
	if (flow->more > 0)
		CHECK_OK(side_start(&s->dave, OFFHOOK_DELIVER_INLINE, flow->settings));
	if (flow->more > 1)
		CHECK_OK(side_start(&s->erin, OFFHOOK_DELIVER_INLINE, flow->settings));
	if (flow->proxy_to)
		s->proxy = proxy_new(s->r->sim, &proxy);
}

static void end_all(struct side *s)
{
	offhook_id calls[8];
	long n = s->phone ? offhook_calls(s->phone, calls, ARRAY_LEN(calls)) : 0;

	for (long i = 0; i < n; i++)
		(void)offhook_call_hangup(s->phone, calls[i], NULL);
}

static void close_service(struct service *s)
{
	end_all(s->a);
	end_all(s->b);
	end_all(&s->carol);
	end_all(&s->dave);
	end_all(&s->erin);
	/* Longer than every timer of a transaction. */
	rig_run_ms(s->r, 100000);
	side_check_quiet(s->a);
	side_check_quiet(s->b);
	side_check_quiet(&s->carol);
	if (s->dave.phone)
		side_check_quiet(&s->dave);
	if (s->erin.phone)
		side_check_quiet(&s->erin);
	proxy_free(s->proxy);
	offhook_phone_free(s->carol.phone);
	host_free(s->carol.host);
	offhook_phone_free(s->dave.phone);
	host_free(s->dave.host);
	offhook_phone_free(s->erin.phone);
	host_free(s->erin.host);
	rig_drop(s->r);
}

struct fault {
	enum sim_fate kind;
	uint64_t serial, delay_ns, n_packets; /* from 1 */
};

static enum sim_fate fate(void *arg, const struct sim_packet *p, uint64_t *delay_ns)
{
	struct fault *f = arg;

	if (p->from.port != 5060)
		return SIM_BY_RULE;
	if (++f->n_packets != f->serial)
		return SIM_BY_RULE;
	*delay_ns = f->delay_ns;
	return f->kind;
}

static uint64_t run_once(const struct service_flow *flow, struct fault *f)
{
	struct service s;

	open_service(&s, flow);
	sim_filter(s.r->sim, fate, f);
	flow->script(&s);
	close_service(&s);
	return f->n_packets;
}

void service_flow_run(const struct service_flow *flow)
{
	static const struct {
		enum sim_fate kind;
		unsigned delay_ms;
		const char *name;
	} fates[] = {{SIM_DROP, 0, "lost"}, {SIM_DOUBLE, 0, "doubled"}, {SIM_DELAY, 5, "late"},
		{SIM_DELAY, 700, "very late"}};
	struct fault none = {.kind = SIM_BY_RULE};
	uint64_t n = run_once(flow, &none);

	for (size_t i = 0; i < ARRAY_LEN(fates); i++) {
		for (uint64_t serial = 1; serial <= n; serial++) {
			struct fault f = {.kind = fates[i].kind,
				.serial = serial,
				.delay_ns = fates[i].delay_ms * NS_PER_MS};

			print_message("# packet %u of %u %s\n", (unsigned)serial, (unsigned)n, fates[i].name);
			run_once(flow, &f);
		}
	}
}

/* ---- words of the stories ---- */

offhook_id service_call(struct side *from, const char *uri)
{
	struct offhook_call_cfg cfg;
	offhook_id id = 0;

	offhook_call_cfg_init(&cfg);
	cfg.uri = uri;
	CHECK_OK(offhook_call_make(from->phone, from->account, &cfg, &id));
	return id;
}

enum offhook_call_state service_state(struct side *s, offhook_id call)
{
	struct offhook_call_info *info;
	enum offhook_call_state state;

	if (offhook_call_get_info(s->phone, call, &info))
		return OFFHOOK_CALL_DISCONNECTED;
	state = info->state;
	offhook_call_info_free(info);
	return state;
}

static bool wait_state(struct side *s, offhook_id call, enum offhook_call_state state)
{
	for (int i = 0; i < 10000 && service_state(s, call) != state; i++)
		rig_run_ms(s->rig, 10);
	return service_state(s, call) == state;
}

bool service_wait_media(struct side *s, offhook_id call, enum offhook_media_state state)
{
	for (int i = 0; i < 10000; i++) {
		struct offhook_call_info *info;
		bool there;

		CHECK_OK(offhook_call_get_info(s->phone, call, &info));
		there = info->media_state == state;
		offhook_call_info_free(info);
		if (there)
			return true;
		rig_run_ms(s->rig, 10);
	}
	return false;
}

offhook_id service_talk(struct side *caller, struct side *callee)
{
	char uri[64];
	offhook_id id;

	snprintf(uri, sizeof(uri), "sip:%s@%s", callee->name, callee->ip);
	side_forget(callee);
	id = service_call(caller, uri);
	CHECK(rig_wait(callee, "INCOMING"));
	CHECK_OK(side_answer(callee, 180));
	rig_run_ms(caller->rig, 20);
	CHECK_OK(side_answer(callee, 200));
	CHECK(wait_state(caller, id, OFFHOOK_CALL_CONFIRMED));
	CHECK(wait_state(callee, callee->call, OFFHOOK_CALL_CONFIRMED));
	return id;
}

void service_hangup(struct side *s, offhook_id call, struct side *other)
{
	side_forget(other);
	CHECK_OK(offhook_call_hangup(s->phone, call, NULL));
	CHECK(rig_wait(other, "DISCONNECTED"));
}

void service_agree(struct side *s, const struct offhook_event *e)
{
	if (e->type == OFFHOOK_EVENT_QUESTION)
		CHECK_OK(offhook_question_answer(s->phone, e->question->ticket, 200, NULL));
}
