/*
 * The way of an account's requests outside of calls: through proxies, loose and strict (RFC 3261 8.1.2, 12.2.1.1, 16.4), and
 * to the first of several servers that is well (RFC 3263 4.3), for registrations, calls and messages alike.
 */
#include "rig.h"

#include "offhook/message.h"
#include "session/registrar.h"

#define AOR       "sip:alice@example.com"
#define FAR       "sip:bob@far.example.com"
#define SECOND_IP "192.0.2.11"

struct office {
	struct rig *rig;
	struct registrar *first, *second; /* whatever they are asked, they write it down */
	struct offhook_registration_cfg registration;
	struct offhook_account_cfg account;
	offhook_id id;
};

static struct office *office_new(rig_settings *settings, const struct registrar_cfg *cfg)
{
	struct office *o = calloc(1, sizeof(*o));
	struct registrar_cfg second = *cfg;

	CHECK(o);
	second.ip = SECOND_IP;
	o->rig = rig_new_with(OFFHOOK_DELIVER_INLINE, settings);
	o->first = registrar_new(o->rig->sim, cfg);
	o->second = registrar_new(o->rig->sim, &second);
	offhook_registration_cfg_init(&o->registration);
	o->registration.registrar = "sip:example.com";
	o->registration.keepalive_s = 0;
	o->registration.expires_s = 60;
	offhook_account_cfg_init(&o->account);
	o->account.uri = AOR;
	return o;
}

static void office_close(struct office *o)
{
	if (o->id)
		CHECK_OK(offhook_account_remove(o->rig->a.phone, o->id));
	rig_run_ms(o->rig, 40000);
	registrar_free(o->first);
	registrar_free(o->second);
	rig_close(o->rig);
	free(o);
}

static void add(struct office *o)
{
	CHECK_OK(offhook_account_add(o->rig->a.phone, &o->account, &o->id));
	rig_run_ms(o->rig, 20);
}

static int call(struct office *o, const char *uri)
{
	struct offhook_call_cfg cfg;

	offhook_call_cfg_init(&cfg);
	cfg.uri = uri;
	return offhook_call_make(o->rig->a.phone, o->id, &cfg, &o->rig->a.call);
}

/* Headers of the last request at a server, in the order in which they stand, as one text. */
static bool saw(const struct registrar *r, const char *words)
{
	if (r->last && strstr(r->last, words))
		return true;
	printf("# expected %s\n# in %s\n", words, r->last ? r->last : "nothing");
	return false;
}

static const struct registrar_cfg busy = {.answer = "486 Busy Here\r\n"};

static const char *const loose[] = {"sip:" REGISTRAR_IP ";lr", "\"P\" <sip:192.0.2.50;lr;x=1>"};
#define LOOSE_ROUTES "\r\nRoute: <sip:" REGISTRAR_IP ";lr>\r\nRoute: \"P\" <sip:192.0.2.50;lr;x=1>\r\n"

TEST(rfc3261_8_1_2_requests_carry_the_proxies_as_routes)
{
	struct office *o = office_new(NULL, &busy);
	struct offhook_message m = {.size = sizeof(m), .uri = FAR, .body = "hello", .body_length = 5};

	o->account.proxies = loose;
	o->account.n_proxies = 2;
	add(o);
	CHECK_OK(call(o, FAR));
	CHECK(rig_wait(&o->rig->a, "DISCONNECTED(486)"));
	CHECK(saw(o->first, "ACK " FAR " SIP/2.0\r\n") && saw(o->first, LOOSE_ROUTES));
	CHECK_OK(offhook_message_send(o->rig->a.phone, o->id, &m, NULL));
	rig_run_ms(o->rig, 20);
	CHECK(saw(o->first, "MESSAGE " FAR " SIP/2.0\r\n") && saw(o->first, LOOSE_ROUTES));
	office_close(o);
}

TEST(a_registration_passes_the_proxies)
{
	struct office *o = office_new(NULL, &(struct registrar_cfg){0});

	o->account.proxies = loose;
	o->account.n_proxies = 2;
	o->account.registration = &o->registration;
	add(o);
	CHECK_STR(o->rig->a.log, "REGISTRATION(200) ");
	CHECK(saw(o->first, "REGISTER sip:example.com SIP/2.0\r\n") && saw(o->first, LOOSE_ROUTES));
	office_close(o);
}

TEST(rfc3261_12_2_1_1_a_proxy_without_lr_stands_in_the_first_line)
{
	static const char *const strict[] = {"sip:old@" REGISTRAR_IP, "sip:192.0.2.50;lr"};
	struct office *o = office_new(NULL, &busy);

	o->account.proxies = strict;
	o->account.n_proxies = 2;
	add(o);
	CHECK_OK(call(o, FAR));
	CHECK(rig_wait(&o->rig->a, "DISCONNECTED(486)"));
	CHECK(saw(o->first, "ACK sip:old@" REGISTRAR_IP " SIP/2.0\r\n"));
	CHECK(saw(o->first, "\r\nRoute: <sip:192.0.2.50;lr>\r\nRoute: <" FAR ">\r\n"));
	CHECK(saw(o->first, "\r\nTo: <" FAR ">"));
	office_close(o);
}

static void through_first(struct offhook_phone_cfg *cfg)
{
	static const char *const list[] = {"sip:" REGISTRAR_IP ";lr"};

	cfg->proxies = list;
	cfg->n_proxies = 1;
}

TEST(proxies_of_the_phone_come_before_those_of_the_account)
{
	static const char *const own[] = {"sip:192.0.2.60;lr"};
	struct office *o = office_new(through_first, &busy);

	o->account.proxies = own;
	o->account.n_proxies = 1;
	add(o);
	CHECK_OK(call(o, FAR));
	CHECK(rig_wait(&o->rig->a, "DISCONNECTED(486)"));
	CHECK(saw(o->first, "\r\nRoute: <sip:" REGISTRAR_IP ";lr>\r\nRoute: <sip:192.0.2.60;lr>\r\n"));
	office_close(o);
}

/* RFC 3608 6.1; and a registrar that names our own proxy does not send us there twice. */
TEST(a_service_route_follows_the_proxies)
{
	static const struct {
		const char *headers, *routes;
	} rows[] = {
		{"Service-Route: <sip:192.0.2.70;lr>\r\n",
			"\r\nRoute: <sip:" REGISTRAR_IP ";lr>\r\nRoute: <sip:192.0.2.70;lr>\r\nMax-Forwards"},
		{"Service-Route: <sip:" REGISTRAR_IP ";lr>, <sip:192.0.2.70;lr>\r\n",
			"\r\nRoute: <sip:" REGISTRAR_IP ";lr>\r\nRoute: <sip:192.0.2.70;lr>\r\nMax-Forwards"},
		{"", "\r\nRoute: <sip:" REGISTRAR_IP ";lr>\r\nMax-Forwards"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct office *o = office_new(NULL, &(struct registrar_cfg){.headers = rows[i].headers});

		o->account.proxies = loose;
		o->account.n_proxies = 1;
		o->account.registration = &o->registration;
		add(o);
		o->first->cfg.answer = "486 Busy Here\r\n";
		CHECK_OK(call(o, FAR));
		CHECK(rig_wait(&o->rig->a, "DISCONNECTED(486)"));
		CHECK(saw(o->first, rows[i].routes));
		o->first->cfg.answer = NULL;
		office_close(o);
	}
}

/* ---- several servers ---- */

static const char *const servers[] = {"sip:" REGISTRAR_IP, "sip:" SECOND_IP};

TEST(a_server_that_is_down_is_left_for_the_next_and_taken_again_when_it_is_well)
{
	struct office *o = office_new(NULL, &(struct registrar_cfg){0});

	o->account.servers = servers;
	o->account.n_servers = 2;
	o->account.registration = &o->registration;
	registrar_down(o->first);
	add(o);
	CHECK(rig_wait(&o->rig->a, "REGISTRATION(200)"));
	CHECK(saw(o->second, "REGISTER sip:example.com SIP/2.0\r\n") &&
		!strstr(o->second->last, "\r\nRoute:"));
	/* A call of meanwhile goes there at once: it is known who does not answer. */
	o->second->cfg.answer = "486 Busy Here\r\n";
	side_forget(&o->rig->a);
	CHECK_OK(call(o, FAR));
	rig_run_ms(o->rig, 100);
	CHECK_STR(o->rig->a.log, "CALLING DISCONNECTED(486) ");
	CHECK(saw(o->second, "ACK " FAR " SIP/2.0\r\n"));
	o->second->cfg.answer = NULL;
	/* The first is back: the next refresh is its. */
	registrar_up(o->first, false);
	rig_run_ms(o->rig, 120000);
	CHECK(o->first->accepted > 0);
	CHECK(registrar_contacts(o->first, AOR)[0] != 0);
	o->first->cfg.answer = "486 Busy Here\r\n";
	side_forget(&o->rig->a);
	CHECK_OK(call(o, FAR));
	CHECK(rig_wait(&o->rig->a, "DISCONNECTED(486)"));
	CHECK(saw(o->first, "ACK " FAR " SIP/2.0\r\n"));
	o->first->cfg.answer = NULL;
	office_close(o);
}

TEST(a_server_that_says_503_is_left_for_the_next)
{
	struct office *o = office_new(NULL, &busy);

	o->first->cfg.answer = "503 Service Unavailable\r\n";
	o->account.servers = servers;
	o->account.n_servers = 2;
	add(o);
	CHECK_OK(call(o, FAR));
	CHECK(rig_wait(&o->rig->a, "DISCONNECTED(486)"));
	CHECK(saw(o->first, "ACK ") && saw(o->second, "ACK "));
	office_close(o);
}

/* The servers say where it goes, the proxies what stands in it. */
TEST(servers_and_proxies_go_together)
{
	static const char *const proxy[] = {"sip:proxy.example.com;lr"};
	struct office *o = office_new(NULL, &busy);

	o->account.proxies = proxy;
	o->account.n_proxies = 1;
	o->account.servers = servers;
	o->account.n_servers = 2;
	add(o);
	CHECK_OK(call(o, FAR));
	CHECK(rig_wait(&o->rig->a, "DISCONNECTED(486)"));
	CHECK(saw(o->first, "\r\nRoute: <sip:proxy.example.com;lr>\r\n"));
	office_close(o);
}

/* ---- settings ---- */

TEST(a_way_that_makes_no_sense_is_refused)
{
	static const struct {
		const char *uri;
		size_t n;
		int secure, err;
	} rows[] = {
		{"tel:+491234", 1, 0, OH_ESCHEME},
		{"nonsense", 1, 0, OH_EURI},
		{"sip:a;lr", OFFHOOK_PROXIES_MAX + 1, 0, OH_EINVAL},
		{"sip:a;lr", OFFHOOK_PROXIES_MAX, 0, 0},
		{NULL, 1, 0, OH_EINVAL},
		{"sip:a;transport=udp;lr", 1, 0, 0},
		{"sip:a;transport=udp;lr", 1, 1, OH_EINSECURE},
		{"sip:a;transport=TCP;lr", 1, 1, OH_EINSECURE},
		{"sips:a;transport=tcp;lr", 1, 1, 0},
		{"sip:a;transport=tls;lr", 1, 1, 0},
		{"sip:a;lr", 1, 1, 0},
	};
	struct office *o = office_new(NULL, &busy);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (int as_servers = 0; as_servers < 2; as_servers++) {
			struct offhook_account_cfg cfg = o->account;
			const char *list[OFFHOOK_PROXIES_MAX + 1];
			offhook_id id;

			for (size_t k = 0; k < ARRAY_LEN(list); k++)
				list[k] = rows[i].uri;
			cfg.secure_only = rows[i].secure;
			*(as_servers ? &cfg.servers : &cfg.proxies) = list;
			*(as_servers ? &cfg.n_servers : &cfg.n_proxies) = rows[i].n;
			CHECK_EQ(offhook_account_add(o->rig->a.phone, &cfg, &id), rows[i].err);
			if (!rows[i].err)
				CHECK_OK(offhook_account_remove(o->rig->a.phone, id));
		}
	office_close(o);
}

static int add_and_call(void *arg)
{
	struct rig *r = rig_try_new(OFFHOOK_DELIVER_INLINE, through_first);
	struct offhook_account_cfg cfg;
	struct offhook_call_cfg to;
	offhook_id id;
	int err = OH_ENOMEM;

	(void)arg;
	if (!r)
		return err;
	offhook_account_cfg_init(&cfg);
	offhook_call_cfg_init(&to);
	cfg.uri = AOR;
	cfg.proxies = loose;
	cfg.n_proxies = 2;
	cfg.servers = servers;
	cfg.n_servers = 2;
	to.uri = FAR;
	err = offhook_account_add(r->a.phone, &cfg, &id);
	if (!err)
		err = offhook_call_make(r->a.phone, id, &to, &r->a.call);
	offhook_phone_free(r->a.phone);
	r->a.phone = NULL;
	rig_drop(r);
	return err;
}

TEST(a_way_without_memory_leaves_nothing_behind)
{
	check_every_allocation_fails(add_and_call, NULL);
}

TESTS(RUN(rfc3261_8_1_2_requests_carry_the_proxies_as_routes), RUN(a_registration_passes_the_proxies),
	RUN(rfc3261_12_2_1_1_a_proxy_without_lr_stands_in_the_first_line),
	RUN(proxies_of_the_phone_come_before_those_of_the_account), RUN(a_service_route_follows_the_proxies),
	RUN(a_server_that_is_down_is_left_for_the_next_and_taken_again_when_it_is_well),
	RUN(a_server_that_says_503_is_left_for_the_next), RUN(servers_and_proxies_go_together),
	RUN(a_way_that_makes_no_sense_is_refused), RUN(a_way_without_memory_leaves_nothing_behind))
