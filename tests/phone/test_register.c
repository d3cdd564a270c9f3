/* Accounts with a registrar: what the program orders and hears, and what its calls take from the registration. */
#include "rig.h"

#include "session/registrar.h"

#define AOR        "sip:alice@example.com"
#define INSTANCE   "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
#define REGISTRARS "sip:" REGISTRAR_IP

struct home {
	struct rig *rig;
	struct registrar *registrar;
	struct offhook_registration_cfg registration;
	struct offhook_account_cfg account;
	offhook_id id; /* alice's second account, with a registrar */
};

static struct home *home_new(const struct registrar_cfg *cfg)
{
	struct home *h = calloc(1, sizeof(*h));

	CHECK(h);
	h->rig = rig_new(OFFHOOK_DELIVER_INLINE);
	h->registrar = registrar_new(h->rig->sim, cfg);
	offhook_registration_cfg_init(&h->registration);
	h->registration.registrar = REGISTRARS;
	h->registration.keepalive_s = 0;
	offhook_account_cfg_init(&h->account);
	h->account.uri = AOR;
	h->account.registration = &h->registration;
	return h;
}

static void add(struct home *h)
{
	CHECK_OK(offhook_account_add(h->rig->a.phone, &h->account, &h->id));
	rig_run_ms(h->rig, 20);
}

static void home_close(struct home *h)
{
	(void)offhook_account_remove(h->rig->a.phone, h->id);
	(void)offhook_account_remove(h->rig->b.phone, h->id);
	rig_run_ms(h->rig, 40000);
	registrar_free(h->registrar);
	rig_close(h->rig);
	free(h);
}

static struct offhook_registration_info info_of(struct home *h)
{
	struct offhook_registration_info info = {.size = sizeof(info)};

	CHECK_OK(offhook_account_get_registration(h->rig->a.phone, h->id, &info));
	return info;
}

static const char *contacts(struct home *h)
{
	return registrar_contacts(h->registrar, AOR);
}

TEST(an_account_registers_when_it_is_added_and_leaves_when_it_is_removed)
{
	struct home *h = home_new(&(struct registrar_cfg){.max_s = 120});
	struct offhook_registration_info info;

	h->account.user_data = h;
	add(h);
	CHECK_STR(h->rig->a.log, "REGISTRATION(200) ");
	info = info_of(h);
	CHECK_EQ(info.state, OFFHOOK_REGISTRATION_ACTIVE);
	CHECK_EQ(info.status, 200);
	CHECK_STR(info.reason, "OK");
	CHECK_EQ(info.granted_s, 120);
	CHECK(info.next_s >= 54 && info.next_s <= 60);
	CHECK(strstr(info.contact, "<sip:alice@" RIG_A_IP ":5060;line=") == info.contact);
	CHECK(strstr(info.contact, contacts(h)));
	CHECK_OK(offhook_account_remove(h->rig->a.phone, h->id));
	rig_run_ms(h->rig, 20);
	CHECK_STR(contacts(h), "");
	CHECK_STR(h->rig->a.log, "REGISTRATION(200) ");
	home_close(h);
}

TEST(the_program_registers_and_unregisters)
{
	struct home *h = home_new(&(struct registrar_cfg){0});
	struct side *a = &h->rig->a;

	h->registration.register_on_add = 0;
	add(h);
	CHECK_EQ(info_of(h).state, OFFHOOK_REGISTRATION_OFF);
	CHECK_EQ(h->registrar->requests, 0);
	CHECK_OK(offhook_account_register(a->phone, h->id, 1));
	CHECK_EQ(info_of(h).state, OFFHOOK_REGISTRATION_TRYING);
	rig_run_ms(h->rig, 20);
	CHECK_OK(offhook_account_register(a->phone, h->id, 0));
	CHECK_EQ(info_of(h).state, OFFHOOK_REGISTRATION_LEAVING);
	rig_run_ms(h->rig, 20);
	CHECK_STR(a->log, "REGISTRATION(200) REGISTRATION(200) ");
	CHECK_EQ(info_of(h).state, OFFHOOK_REGISTRATION_OFF);
	CHECK_STR(contacts(h), "");
	CHECK_EQ(offhook_account_register(a->phone, a->account, 1), OH_ESTATE);
	CHECK_EQ(offhook_account_register(a->phone, 12345, 1), OH_ENOENT);
	home_close(h);
}

TEST(a_refusal_comes_with_its_reason)
{
	struct home *h = home_new(&(struct registrar_cfg){.answer = "403 Not You\r\n"});
	struct offhook_registration_info info;

	add(h);
	CHECK_STR(h->rig->a.log, "REGISTRATION(403,OH_EREGISTRAR) ");
	CHECK(strstr(h->rig->a.message, "SIP/2.0 403 Not You"));
	info = info_of(h);
	CHECK_EQ(info.state, OFFHOOK_REGISTRATION_REFUSED);
	CHECK_STR(info.reason, "Not You");
	CHECK_EQ(info.error, OH_EREGISTRAR);
	CHECK(info.next_s >= 900 && info.next_s <= 1800);
	home_close(h);
}

TEST(settings_out_of_range_are_refused_by_name)
{
	struct home *h = home_new(&(struct registrar_cfg){0});
	const struct offhook_registration_cfg good = h->registration;
	struct {
		struct offhook_registration_cfg cfg;
		int err;
	} rows[] = {{good, OH_EINVAL}, {good, OH_EINVAL}, {good, OH_EINVAL}, {good, OH_EINVAL},
		{good, OH_EINVAL}, {good, OH_EURI}, {good, OH_ESCHEME}, {good, OH_EINVAL}};

	rows[0].cfg.expires_s = 0;
	rows[1].cfg.wait_max_s = 0;
	rows[2].cfg.reg_id = 1;
	rows[3].cfg.instance_id = "my phone";
	rows[4].cfg.use_gruu = 1;
	rows[5].cfg.registrar = "sip:";
	rows[6].cfg.registrar = "tel:+1";
	rows[7].cfg.n_backups = OFFHOOK_REGISTRARS_MAX;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		h->registration = rows[i].cfg;
		CHECK_EQ(offhook_account_add(h->rig->a.phone, &h->account, &h->id), rows[i].err);
		CHECK(*offhook_error_detail());
	}
	home_close(h);
}

/* RFC 3261 10.2.6. */
TEST(without_a_registrar_the_domain_is_asked)
{
	struct home *h = home_new(&(struct registrar_cfg){0});

	CHECK_OK(sim_dns_addr(h->rig->sim, "example.com", REGISTRAR_IP));
	h->registration.registrar = NULL;
	add(h);
	CHECK(strstr(h->registrar->last, "REGISTER sip:example.com SIP/2.0") == h->registrar->last);
	home_close(h);
}

TEST(other_settings_replace_the_registration)
{
	struct home *h = home_new(&(struct registrar_cfg){0});
	struct offhook_account_info info = {.size = sizeof(info)};

	add(h);
	h->account.uri = "sip:carol@example.com";
	h->account.priority = 4;
	CHECK_OK(offhook_account_modify(h->rig->a.phone, h->id, &h->account));
	rig_run_ms(h->rig, 20);
	CHECK_STR(contacts(h), "");
	CHECK(strstr(registrar_contacts(h->registrar, "sip:carol@example.com"), "sip:carol@" RIG_A_IP));
	CHECK_OK(offhook_account_get_info(h->rig->a.phone, h->id, &info));
	CHECK_STR(info.uri, "sip:carol@example.com");
	CHECK_EQ(info.priority, 4);
	h->account.uri = "nonsense";
	CHECK_EQ(offhook_account_modify(h->rig->a.phone, h->id, &h->account), OH_EURI);
	h->account.uri = "sip:carol@example.com";
	h->account.registration = NULL;
	CHECK_OK(offhook_account_modify(h->rig->a.phone, h->id, &h->account));
	rig_run_ms(h->rig, 20);
	CHECK_EQ(info_of(h).state, OFFHOOK_REGISTRATION_NONE);
	CHECK_STR(registrar_contacts(h->registrar, "sip:carol@example.com"), "");
	home_close(h);
}

TEST(closing_waits_until_the_registrar_knows)
{
	struct home *h = home_new(&(struct registrar_cfg){0});

	add(h);
	CHECK_EQ(offhook_phone_close(h->rig->a.phone, 0), OH_ETIMEDOUT);
	rig_run_ms(h->rig, 20);
	CHECK_STR(contacts(h), "");
	registrar_free(h->registrar);
	rig_drop(h->rig);
	free(h);
}

TEST(an_account_waits_for_its_transport)
{
	struct home *h = home_new(&(struct registrar_cfg){0});
	struct offhook_transport_cfg udp;
	struct side *a = &h->rig->a;

	CHECK_OK(offhook_transport_remove(a->phone, a->transport));
	add(h);
	CHECK_STR(a->log, "REGISTRATION(0,OH_ETRANSPORT) ");
	offhook_transport_cfg_init(&udp);
	udp.port = 5070;
	CHECK_OK(offhook_transport_add(a->phone, &udp, &a->transport));
	rig_run_ms(h->rig, 600);
	CHECK_STR(a->log, "REGISTRATION(0,OH_ETRANSPORT) REGISTRATION(200) ");
	CHECK(strstr(contacts(h), ":5070;line="));
	home_close(h);
}

/* ---- calls ---- */

/* Two accounts of the same user: only the Contact tells them apart. */
TEST(a_call_to_what_was_registered_finds_its_account)
{
	struct home *h = home_new(&(struct registrar_cfg){0});
	struct offhook_account_cfg other = h->account;
	struct offhook_call_cfg call;
	struct offhook_call_info *info;
	offhook_id same, id;
	char uri[512];

	other.priority = 9;
	CHECK_OK(offhook_account_add(h->rig->a.phone, &other, &same));
	add(h);
	offhook_call_cfg_init(&call);
	snprintf(uri, sizeof(uri), "%s", info_of(h).contact);
	call.uri = uri;
	CHECK_OK(offhook_call_make(h->rig->b.phone, h->rig->b.account, &call, &id));
	CHECK(rig_wait(&h->rig->a, "INCOMING"));
	info = side_info(&h->rig->a);
	CHECK_EQ(info->account, h->id);
	offhook_call_info_free(info);
	CHECK_OK(side_hangup(&h->rig->a, 0));
	CHECK_OK(offhook_account_remove(h->rig->a.phone, same));
	home_close(h);
}

/* RFC 3608 5: calls go by the service route; RFC 5627 4.4.1: with a GRUU as Contact. */
TEST(a_call_goes_by_the_service_route_with_the_gruu_as_contact)
{
	struct home *h =
		home_new(&(struct registrar_cfg){.headers = "Service-Route: <sip:" RIG_B_IP ";lr>\r\n",
			.params = ";pub-gruu=\"" AOR ";gr=urn:x\""});
	struct offhook_call_cfg call;
	offhook_id id;

	h->registration.instance_id = "urn:uuid:" INSTANCE;
	h->registration.use_gruu = 1;
	add(h);
	CHECK_STR(info_of(h).service_route, "<sip:" RIG_B_IP ";lr>");
	CHECK_STR(info_of(h).pub_gruu, AOR ";gr=urn:x");
	offhook_call_cfg_init(&call);
	call.uri = "sip:bob@nowhere.example.com"; /* has no address: only the route leads there */
	CHECK_OK(offhook_call_make(h->rig->a.phone, h->id, &call, &id));
	CHECK(rig_wait(&h->rig->b, "INCOMING"));
	CHECK(strstr(h->rig->b.message, "\r\nRoute: <sip:" RIG_B_IP ";lr>\r\n"));
	CHECK(strstr(h->rig->b.message, "\r\nContact: <" AOR ";gr=urn:x>\r\n"));
	CHECK_OK(side_hangup(&h->rig->b, 486));
	home_close(h);
}

/* RFC 5626 4.3: over the flow of the registration, whatever the target. */
TEST(a_call_takes_the_flow_of_an_outbound_registration)
{
	struct home *h = home_new(&(struct registrar_cfg){.headers = "Require: outbound\r\n"});
	struct offhook_call_cfg call;
	unsigned before;
	offhook_id id;

	h->registration.instance_id = INSTANCE;
	h->registration.reg_id = 1;
	add(h);
	CHECK_EQ(info_of(h).outbound, 1);
	CHECK(strstr(info_of(h).contact, ";ob;line="));
	registrar_down(h->registrar);
	before = h->registrar->datagrams;
	offhook_call_cfg_init(&call);
	call.uri = "sip:bob@nowhere.example.com";
	CHECK_OK(offhook_call_make(h->rig->a.phone, h->id, &call, &id));
	rig_run_ms(h->rig, 20);
	CHECK(h->registrar->datagrams > before);
	CHECK_OK(side_hangup(&h->rig->a, 0));
	home_close(h);
}

static void add_udp(struct side *s, uint16_t port, offhook_id *ret_id)
{
	struct offhook_transport_cfg udp;

	offhook_transport_cfg_init(&udp);
	udp.port = port;
	CHECK_OK(offhook_transport_add(s->phone, &udp, ret_id));
}

TEST(an_account_goes_over_the_transport_that_it_is_bound_to)
{
	struct home *h = home_new(&(struct registrar_cfg){0});
	struct side *a = &h->rig->a;
	struct offhook_account_info info = {.size = sizeof(info)};
	offhook_id other;

	add_udp(a, 5070, &other);
	add(h);
	CHECK(strstr(contacts(h), ":5060"));
	CHECK_OK(offhook_account_set_transport(a->phone, h->id, other));
	rig_run_ms(h->rig, 600);
	CHECK(strstr(contacts(h), RIG_A_IP ":5070") && !strchr(contacts(h), ' '));
	CHECK_OK(offhook_account_get_info(a->phone, h->id, &info));
	CHECK_EQ(info.transport, other);
	CHECK_EQ(h->registrar->requests, 2);
	CHECK_OK(offhook_account_set_transport(a->phone, h->id, other)); /* as it is */
	rig_run_ms(h->rig, 600);
	CHECK_EQ(h->registrar->requests, 2);
	CHECK_OK(offhook_account_set_transport(a->phone, a->account, 0)); /* one without a registrar */
	CHECK_EQ(offhook_account_set_transport(a->phone, h->id, 12345), OH_ENOENT);
	CHECK_EQ(offhook_account_set_transport(a->phone, 12345, other), OH_ENOENT);
	CHECK_OK(offhook_account_set_transport(a->phone, h->id, 0));
	rig_run_ms(h->rig, 600);
	CHECK_OK(offhook_account_remove(a->phone, h->id));
	rig_run_ms(h->rig, 40000);
	CHECK_OK(offhook_transport_remove(a->phone, other));
	home_close(h);
}

/* A trunk: nothing is registered, whichever gateway calls whatever number is let in, and calls go out as configured. */
TEST(a_trunk_takes_calls_from_all_its_gateways_and_registers_nowhere)
{
	static const char *const gateways[] = {"192.0.2.71", "192.0.2.72", "192.0.2.73"};
	static const char *const numbers[] = {
		"sip:100@" RIG_B_IP ":5080", "sip:+15551234@pbx.example.com:5080"};
	struct home *h = home_new(&(struct registrar_cfg){0});
	struct side *b = &h->rig->b;
	struct offhook_account_cfg trunk;
	struct offhook_call_cfg call;
	struct offhook_call_info *info;
	offhook_id transport, id;

	add_udp(b, 5080, &transport);
	CHECK_OK(sim_dns_addr(h->rig->sim, "pbx.example.com", RIG_B_IP));
	h->registration.register_on_add = 0;
	offhook_account_cfg_init(&trunk);
	trunk.transport = transport; /* no user: all of them */
	trunk.registration = NULL;
	CHECK_OK(offhook_account_add(b->phone, &trunk, &id));
	for (size_t i = 0; i < ARRAY_LEN(gateways) * ARRAY_LEN(numbers); i++) {
		if (i % ARRAY_LEN(numbers) == 0)
			CHECK_OK(sim_host_move(h->rig->a.host,
				i ? gateways[i / ARRAY_LEN(numbers) - 1] : RIG_A_IP,
				gateways[i / ARRAY_LEN(numbers)]));
		side_forget(b);
		offhook_call_cfg_init(&call);
		call.uri = numbers[i % ARRAY_LEN(numbers)];
		CHECK_OK(offhook_call_make(h->rig->a.phone, h->rig->a.account, &call, &h->rig->a.call));
		CHECK(rig_wait(b, "INCOMING"));
		info = side_info(b);
		CHECK_EQ(info->account, id);
		offhook_call_info_free(info);
		CHECK_OK(side_hangup(b, 0));
		rig_run_ms(h->rig, 1000);
	}
	CHECK_EQ(h->registrar->requests, 0);
	rig_run_ms(h->rig, 40000);
	CHECK_OK(offhook_transport_remove(b->phone, transport));
	registrar_free(h->registrar);
	rig_close(h->rig);
	free(h);
}

/* ---- the way there ---- */

TEST(keepalives_hold_the_way_open)
{
	struct home *h = home_new(&(struct registrar_cfg){.max_s = 3600});
	unsigned before;

	h->registration.expires_s = 3600;
	h->registration.keepalive_s = 15;
	add(h);
	before = h->registrar->datagrams;
	rig_run_ms(h->rig, 600 * 1000);
	CHECK(h->registrar->datagrams - before >= 40);
	CHECK(h->registrar->datagrams - before <= 50);
	CHECK_EQ(h->registrar->requests, 1);
	home_close(h);
}

/* RFC 3581: the Contact is what the registrar saw, and nothing else is bound. */
TEST(behind_a_nat_the_outer_address_is_registered)
{
	struct rig *r = mem_zalloc(sizeof(*r));
	struct home h = {.rig = r};
	struct sim_nat *nat;
	struct offhook_phone_cfg cfg;
	struct offhook_transport_cfg udp;
	const char *bound;

	CHECK(r);
	CHECK_OK(sim_new(1, &r->sim));
	CHECK_OK(sim_nat_new(r->sim, SIM_NAT_PORT_RESTRICTED, "198.51.100.1", 0, &nat));
	CHECK_OK(sim_nat_host_new(nat, "10.0.0.2", &r->a.host));
	h.registrar = registrar_new(r->sim, &(struct registrar_cfg){0});
	offhook_phone_cfg_init(&cfg);
	CHECK_OK(phone_new_on(r->a.host, &cfg, &r->a.phone));
	offhook_transport_cfg_init(&udp);
	udp.port = 5060;
	CHECK_OK(offhook_transport_add(r->a.phone, &udp, &r->a.transport));
	offhook_registration_cfg_init(&h.registration);
	h.registration.registrar = REGISTRARS;
	offhook_account_cfg_init(&h.account);
	h.account.uri = AOR;
	h.account.registration = &h.registration;
	CHECK_OK(offhook_account_add(r->a.phone, &h.account, &h.id));
	sim_run_for(r->sim, 100 * NS_PER_MS);
	bound = contacts(&h);
	CHECK(strstr(bound, "sip:alice@198.51.100.1:") == bound && !strchr(bound, ' '));
	CHECK_EQ(h.registrar->requests, 2);
	/* Another binding in the box, with another port: followed at the next refresh, again alone. */
	sim_nat_reset(nat);
	CHECK_OK(offhook_network_changed(r->a.phone));
	sim_run_for(r->sim, 1000 * NS_PER_MS);
	CHECK(strstr(contacts(&h), "sip:alice@198.51.100.1:") && !strchr(contacts(&h), ' '));
	CHECK_OK(offhook_account_remove(r->a.phone, h.id));
	sim_run_for(r->sim, 100 * NS_PER_MS);
	CHECK_STR(contacts(&h), "");
	registrar_free(h.registrar);
	rig_drop(r);
}

/* ---- memory ---- */

static int whole_life(void *arg)
{
	struct rig *r = rig_try_new(OFFHOOK_DELIVER_INLINE, NULL);
	struct registrar *registrar;
	struct offhook_registration_cfg reg;
	struct offhook_account_cfg account;
	offhook_id id;
	int err;

	(void)arg;
	if (!r)
		return OH_ENOMEM;
	registrar = registrar_try_new(
		r->sim, &(struct registrar_cfg){.headers = "Service-Route: <sip:x;lr>\r\n"});
	if (!registrar) {
		rig_drop(r);
		return OH_ENOMEM;
	}
	offhook_registration_cfg_init(&reg);
	reg.registrar = REGISTRARS;
	reg.instance_id = INSTANCE;
	reg.reg_id = 1;
	offhook_account_cfg_init(&account);
	account.uri = AOR;
	account.registration = &reg;
	err = offhook_account_add(r->a.phone, &account, &id);
	if (!err) {
		rig_run_ms(r, 70000);
		err = offhook_account_modify(r->a.phone, id, &account);
		rig_run_ms(r, 70000);
		CHECK(*registrar_contacts(registrar, AOR));
		(void)offhook_account_remove(r->a.phone, id);
		rig_run_ms(r, 70000);
	}
	registrar_free(registrar);
	rig_drop(r);
	return err;
}

TEST(every_allocation_may_fail)
{
	check_every_allocation_fails(whole_life, NULL);
}

TESTS(RUN(an_account_registers_when_it_is_added_and_leaves_when_it_is_removed),
	RUN(the_program_registers_and_unregisters), RUN(a_refusal_comes_with_its_reason),
	RUN(settings_out_of_range_are_refused_by_name), RUN(without_a_registrar_the_domain_is_asked),
	RUN(other_settings_replace_the_registration), RUN(closing_waits_until_the_registrar_knows),
	RUN(an_account_waits_for_its_transport), RUN(a_call_to_what_was_registered_finds_its_account),
	RUN(a_call_goes_by_the_service_route_with_the_gruu_as_contact),
	RUN(a_call_takes_the_flow_of_an_outbound_registration),
	RUN(an_account_goes_over_the_transport_that_it_is_bound_to),
	RUN(a_trunk_takes_calls_from_all_its_gateways_and_registers_nowhere),
	RUN(keepalives_hold_the_way_open), RUN(behind_a_nat_the_outer_address_is_registered),
	RUN(every_allocation_may_fail))
