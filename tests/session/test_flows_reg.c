/*
 * The flows of RFC 3665 section 2 as a user agent sees them, each on a clean wire and then once for each packet lost,
 * doubled, and delayed past its neighbours: whatever happens, registrar and user agent come to believe the same.
 */
#include "reg_rig.h"

struct reg_flow {
	void (*script)(struct reg_rig *r);
	struct registrar_cfg registrar;
	reg_rig_edit *edit;
	const char *log;      /* of the clean run */
	enum reg_state state; /* at the end of each */
	const char *contacts;
};

struct fault {
	enum sim_fate kind;
	uint64_t serial, delay_ns, n_packets;
};

static enum sim_fate fate_of(void *arg, const struct sim_packet *packet, uint64_t *delay_ns)
{
	struct fault *f = arg;

	(void)packet;
	if (++f->n_packets != f->serial)
		return SIM_BY_RULE;
	*delay_ns = f->delay_ns;
	return f->kind;
}

static uint64_t run(const struct reg_flow *flow, struct fault *f)
{
	struct reg_rig *r = reg_rig_new(&flow->registrar, flow->edit);
	uint64_t n;

	sim_filter(r->sim, fate_of, f);
	flow->script(r);
	n = f->n_packets;
	reg_rig_run_ms(r, 40000);
	CHECK_STR(registrar_contacts(r->registrar, REG_RIG_AOR), flow->contacts);
	CHECK_EQ(reg_rig_info(r).state, flow->state);
	if (f->kind == SIM_BY_RULE)
		CHECK_STR(r->log, flow->log);
	reg_rig_close(r);
	return n;
}

static void reg_flow_run(const struct reg_flow *flow)
{
	static const struct fault kinds[] = {{.kind = SIM_DROP}, {.kind = SIM_DOUBLE},
		{.kind = SIM_DELAY, .delay_ns = 4 * NS_PER_MS},
		{.kind = SIM_DELAY, .delay_ns = 700 * NS_PER_MS}};
	struct fault none = {.kind = SIM_BY_RULE};
	uint64_t n = run(flow, &none);

	CHECK(n >= 2);
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		for (uint64_t serial = 1; serial <= n; serial++) {
			struct fault f = kinds[k];

			f.serial = serial;
			run(flow, &f);
		}
	}
}

/* ---- scripts ---- */

static void registers(struct reg_rig *r)
{
	reg_start(r->reg);
	CHECK(reg_rig_wait(r, REG_REGISTERED, 10));
}

static void refreshes(struct reg_rig *r)
{
	registers(r);
	reg_start(r->reg);
	CHECK(reg_rig_wait(r, REG_REGISTERED, 10));
}

static void asks_for_the_list(struct reg_rig *r)
{
	registers(r);
	CHECK_OK(reg_fetch(r->reg));
	CHECK_EQ(reg_fetch(r->reg), OH_EBUSY);
	reg_rig_run_ms(r, 5000);
	CHECK_STR(r->bindings, REG_RIG_BOUND);
}

static void cancels(struct reg_rig *r)
{
	registers(r);
	reg_stop(r->reg);
	CHECK(reg_rig_wait(r, REG_IDLE, 10));
}

static void is_refused(struct reg_rig *r)
{
	reg_start(r->reg);
	CHECK(reg_rig_wait(r, REG_REFUSED, 10));
}

static void of_another_device(struct reg_cfg *cfg)
{
	cfg->contact = SLICE_LIT("<sip:alice@192.0.2.77>");
}

/* Another device of the same user registers beside the first one. */
static void updates_the_list(struct reg_rig *r)
{
	struct reg_cfg cfg = {.registrars = &(struct slice){"sip:" REGISTRAR_IP, strlen("sip:" REGISTRAR_IP)},
		.n_registrars = 1,
		.aor = SLICE_LIT("<" REG_RIG_AOR ">"),
		.user = SLICE_LIT("alice"),
		.auth = r->auth,
		.handler = reg_rig_handler(r)};
	struct reg *first = r->reg;

	registers(r);
	CHECK_OK(reg_new(r->stack, &cfg, &r->reg));
	registers(r);
	reg_free(first);
}

/* ---- flows ---- */

#define WITH_DIGEST \
	{ \
		.max_s = 300 \
	}

/* MATRIX: RFC 3665 2.1 */
TEST(rfc3665_2_1_successful_new_registration)
{
	reg_flow_run(&(struct reg_flow){
		registers, WITH_DIGEST, NULL, "REGISTERED(200)", REG_REGISTERED, REG_RIG_BOUND});
}

/* MATRIX: RFC 3665 2.2 */
TEST(rfc3665_2_2_update_of_contact_list)
{
	reg_flow_run(&(struct reg_flow){updates_the_list, WITH_DIGEST, of_another_device,
		"REGISTERED(200) REGISTERED(200)", REG_REGISTERED, "sip:alice@192.0.2.77 " REG_RIG_BOUND});
}

/* MATRIX: RFC 3665 2.3 */
TEST(rfc3665_2_3_request_for_current_contact_list)
{
	reg_flow_run(&(struct reg_flow){
		asks_for_the_list, WITH_DIGEST, NULL, "REGISTERED(200)", REG_REGISTERED, REG_RIG_BOUND});
}

/* MATRIX: RFC 3665 2.4 */
TEST(rfc3665_2_4_cancellation_of_registration)
{
	reg_flow_run(
		&(struct reg_flow){cancels, WITH_DIGEST, NULL, "REGISTERED(200) IDLE(200)", REG_IDLE, ""});
}

/* MATRIX: RFC 3665 2.5 */
TEST(rfc3665_2_5_unsuccessful_registration)
{
	reg_flow_run(&(struct reg_flow){
		is_refused, {.password = "another"}, NULL, "REFUSED(401,OH_EREGISTRAR)", REG_REFUSED, ""});
}

TEST(a_registration_is_refreshed)
{
	reg_flow_run(&(struct reg_flow){refreshes, WITH_DIGEST, NULL, "REGISTERED(200) REGISTERED(200)",
		REG_REGISTERED, REG_RIG_BOUND});
}

TEST(a_short_interval_is_made_longer)
{
	reg_flow_run(&(struct reg_flow){registers, {.min_s = 400, .password = "secret"}, NULL,
		"REGISTERED(200)", REG_REGISTERED, REG_RIG_BOUND});
}

TESTS(RUN(rfc3665_2_1_successful_new_registration), RUN(rfc3665_2_2_update_of_contact_list),
	RUN(rfc3665_2_3_request_for_current_contact_list), RUN(rfc3665_2_4_cancellation_of_registration),
	RUN(rfc3665_2_5_unsuccessful_registration), RUN(a_registration_is_refreshed),
	RUN(a_short_interval_is_made_longer))
