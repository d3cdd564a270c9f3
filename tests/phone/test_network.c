/*
 * The machine changes its address, or sleeps, in the middle of everything: registrations are made anew, calls go on.
 * Alice moves from RIG_A_IP to NEW_IP.
 */
#include "peer.h"

#include "session/proxy.h"
#include "session/registrar.h"

#define NEW_IP   "192.0.2.51"
#define THIRD_IP "192.0.2.52"
#define AOR      "sip:alice@example.com"

/* How many requests of this method Bob or the registrar got from an address; what else there is on the wire. */
struct wire {
	unsigned reinvites, registers, from_old, audio_from_new;
};

static enum sim_fate watch(void *arg, const struct sim_packet *p, uint64_t *delay_ns)
{
	struct wire *w = arg;
	char text[NETADDR_TEXT];
	const char *ip = netaddr_ip_text(&p->from, false, text);

	(void)delay_ns;
	if (p->from.port != 5060) {
		w->audio_from_new += strcmp(ip, NEW_IP) == 0;
		return SIM_BY_RULE;
	}
	w->reinvites += p->n > 7 && memcmp(p->data, "INVITE ", 7) == 0;
	w->registers += p->n > 9 && memcmp(p->data, "REGISTER ", 9) == 0;
	w->from_old += strcmp(ip, RIG_A_IP) == 0;
	return SIM_BY_RULE;
}

static void settings(struct offhook_phone_cfg *cfg)
{
	cfg->decisions = 1;
}

static struct rig *rig_watched(struct wire *w)
{
	struct rig *r = rig_new_with(OFFHOOK_DELIVER_INLINE, settings);

	*w = (struct wire){0};
	sim_filter(r->sim, watch, w);
	return r;
}

static void move(struct rig *r)
{
	CHECK_OK(sim_host_move(r->a.host, RIG_A_IP, NEW_IP));
}

static uint64_t packets_to(struct side *s)
{
	struct offhook_call_stats stats = {.size = sizeof(stats)};

	CHECK_OK(offhook_call_get_stats(s->phone, s->call, &stats));
	return stats.rx_packets;
}

static void check_audio(struct rig *r)
{
	uint64_t a = packets_to(&r->a), b = packets_to(&r->b);

	rig_run_ms(r, 500);
	CHECK(packets_to(&r->a) > a + 20);
	CHECK(packets_to(&r->b) > b + 20);
}

TEST(a_call_goes_on_from_the_new_address)
{
	for (int who = 0; who < 4; who++) {
		struct wire w;
		struct rig *r = rig_watched(&w);

		rig_talk(r);
		check_audio(r);
		move(r);
		rig_run_ms(r, HOST_SETTLE_MS + 100);
		CHECK(w.audio_from_new > 0); /* before a word of SIP about it */
		CHECK(rig_wait(&r->a, "MOVED(200)"));
		CHECK(rig_wait(&r->a,
			"addresses or routes have changed: 0 registrations are made anew, 1 calls repaired"));
		check_audio(r);
		if (who & 1) {
			CHECK_OK(offhook_call_hold(r->b.phone, r->b.call, NULL, 0));
			CHECK(rig_wait(&r->a, "REMOTE_HOLD"));
		}
		CHECK_OK(side_hangup(who & 2 ? &r->a : &r->b, 0));
		CHECK(rig_wait(&r->b, "DISCONNECTED(200)"));
		CHECK(rig_wait(&r->a, "DISCONNECTED(200)"));
		rig_close(r);
	}
}

TEST(the_peer_is_told_contact_and_audio_of_the_new_address)
{
	static const char audio[] = "v=0\r\no=- 1 1 IN IP4 " PEER_IP "\r\ns=-\r\nc=IN IP4 " PEER_IP
				    "\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n";
	static const struct {
		const char *answer, *body, *heard;
	} rows[] = {
		{"200 OK", audio, "MOVED(200) "},
		{"488 Not Here", "", "MOVED(488,OH_EREFUSED) "},
		{"200 OK", "v=0\r\n", "MOVED(200,OH_ESDP) "},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
		struct peer p;
		char tag[64];

		peer_open(&p, r);
		peer_say(&p, "INVITE", "bob", "", 1, "", audio);
		CHECK_OK(side_answer(&r->b, 200));
		CHECK(peer_hear(&p) && peer_got(&p, "200 OK"));
		peer_tag(&p, tag);
		peer_say(&p, "ACK", "bob", tag, 1, "", "");
		side_forget(&r->b);
		CHECK_OK(sim_host_move(r->b.host, RIG_B_IP, NEW_IP));
		p.phone = (struct netaddr){0};
		CHECK_OK(netaddr_parse_ip(SLICE_LIT(NEW_IP), 5060, &p.phone));
		rig_run_ms(r, HOST_SETTLE_MS + 600);
		CHECK(peer_hear(&p) && peer_got(&p, "INVITE sip:"));
		CHECK(peer_got(&p, "\r\nVia: SIP/2.0/UDP " NEW_IP ":5060;"));
		CHECK(peer_got(&p, "\r\nContact: <sip:bob@" NEW_IP ":5060>\r\n"));
		CHECK(peer_got(&p, "\r\nc=IN IP4 " NEW_IP "\r\n"));
		peer_respond(&p, rows[i].answer, "Contact: <sip:stranger@" PEER_IP ">\r\n", rows[i].body);
		rig_run_ms(r, 20);
		CHECK(strstr(r->b.log, rows[i].heard));
		CHECK(!strstr(r->b.log, "HOLD_FAILED"));
		peer_say(&p, "BYE", "bob", tag, 3, "", "");
		rig_run_ms(r, 40000);
		peer_close(&p);
		rig_close(r);
	}
}

TEST(what_does_not_concern_us_changes_nothing)
{
	struct wire w;
	struct rig *r = rig_watched(&w);

	rig_talk(r);
	w = (struct wire){0};
	CHECK_OK(sim_host_move(r->a.host, NULL, NEW_IP));
	rig_run_ms(r, 5000);
	CHECK_OK(sim_host_move(r->a.host, NEW_IP, NULL));
	rig_run_ms(r, 5000);
	CHECK_EQ(w.reinvites, 0);
	CHECK(!strstr(r->a.log, "changed"));
	rig_close(r);
}

TEST(after_sleep_and_at_the_programs_word_the_peer_is_asked_anew)
{
	for (int told = 0; told < 2; told++) {
		struct wire w;
		struct rig *r = rig_watched(&w);

		rig_talk(r);
		w = (struct wire){0};
		if (told)
			CHECK_OK(offhook_network_changed(r->a.phone));
		else
			sim_host_slept(r->a.host);
		CHECK(rig_wait(&r->a, "MOVED(200)"));
		CHECK(rig_wait(&r->a,
			told ? "the program says that the network has changed" : "the machine has slept"));
		CHECK_EQ(w.reinvites, 1);
		check_audio(r);
		rig_close(r);
	}
}

TEST(a_call_waits_for_a_way_and_for_the_next_one)
{
	struct wire w;
	struct rig *r = rig_watched(&w);

	rig_talk(r);
	/* Nothing for a while, then an address that is gone before its re-INVITE is answered, then the one that stays. */
	CHECK_OK(sim_host_move(r->a.host, RIG_A_IP, NULL));
	rig_run_ms(r, 15000);
	CHECK_OK(sim_host_move(r->a.host, NULL, THIRD_IP));
	CHECK_OK(sim_wire_between(r->sim, THIRD_IP, RIG_B_IP, &(struct sim_wire){.loss = 1}));
	rig_run_ms(r, HOST_SETTLE_MS + 2000);
	CHECK_OK(sim_host_move(r->a.host, THIRD_IP, NEW_IP));
	CHECK(rig_wait(&r->a, "MOVED(200)"));
	rig_run_ms(r, 10000);
	check_audio(r);
	CHECK_OK(side_hangup(&r->b, 0));
	CHECK(rig_wait(&r->a, "DISCONNECTED(200)"));
	rig_close(r);
}

TEST(without_a_way_for_long_the_program_is_told)
{
	struct wire w;
	struct rig *r = rig_watched(&w);

	rig_talk(r);
	CHECK_OK(sim_host_move(r->a.host, RIG_A_IP, NULL));
	rig_run_ms(r, 100000);
	rig_run_ms(r, 40000);
	CHECK(strstr(r->a.log, "MOVED(0,OH_EUNREACH)"));
	CHECK_OK(sim_host_move(r->a.host, NULL, NEW_IP));
	CHECK(rig_wait(&r->a, "MOVED(200)"));
	check_audio(r);
	rig_close(r);
}

/* Its open re-INVITE is about something else; the repair comes after it. */
TEST(a_repair_waits_for_another_offer)
{
	struct wire w;
	struct rig *r = rig_watched(&w);
	const struct sim_wire slow = {.delay_ns = 900 * NS_PER_MS};

	rig_talk(r);
	CHECK_OK(sim_wire_between(r->sim, RIG_B_IP, RIG_A_IP, &slow));
	CHECK_OK(offhook_call_hold(r->a.phone, r->a.call, NULL, 0));
	sim_host_slept(r->a.host);
	CHECK(rig_wait(&r->a, "LOCAL_HOLD"));
	CHECK(rig_wait(&r->a, "MOVED(200)"));
	CHECK(!strstr(r->a.log, "HOLD_FAILED"));
	rig_close(r);
}

TEST(a_call_that_rings_is_repaired_when_it_is_answered)
{
	struct wire w;
	struct rig *r = rig_watched(&w);

	/* The callee moves: what it answers still finds the caller, and then it says where it is. */
	rig_call(r);
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK_OK(side_answer(&r->b, 180));
	CHECK_OK(sim_host_move(r->b.host, RIG_B_IP, NEW_IP));
	rig_run_ms(r, 3000);
	CHECK_OK(side_answer(&r->b, 200));
	CHECK(rig_wait(&r->a, "CONFIRMED"));
	CHECK(rig_wait(&r->b, "CONFIRMED"));
	CHECK(rig_wait(&r->b, "MOVED(200)"));
	check_audio(r);
	CHECK_OK(side_hangup(&r->a, 0));
	CHECK(rig_wait(&r->b, "DISCONNECTED(200)"));
	rig_close(r);
}

/* RFC 3261 18.2.2: what answers an INVITE goes where it came from, which is nowhere now. */
TEST(a_caller_who_moves_before_the_answer_calls_again)
{
	for (int when = 0; when < 4; when++) {
		struct wire w;
		struct rig *r = rig_watched(&w);

		rig_call(r);
		CHECK(rig_wait(&r->b, "INCOMING"));
		if (when & 1)
			CHECK_OK(side_answer(&r->b, 183));
		rig_run_ms(r, 500);
		side_forget(&r->a);
		side_forget(&r->b);
		if (when & 2) {
			/* For a while there is no network at all. */
			CHECK_OK(sim_host_move(r->a.host, RIG_A_IP, NULL));
			rig_run_ms(r, 5000);
			CHECK(!strstr(r->a.log, "CALLING") && !strstr(r->a.log, "DISCONNECTED"));
			CHECK_OK(sim_host_move(r->a.host, NULL, NEW_IP));
		} else {
			move(r);
		}
		CHECK(rig_wait(&r->b, "INCOMING"));
		CHECK(strstr(r->b.message, "\r\nContact: <sip:alice@" NEW_IP) != NULL);
		CHECK(rig_wait(&r->b, "DISCONNECTED(487)"));
		CHECK(rig_wait(&r->a, "CALLING "));
		CHECK(rig_wait(&r->a, "MOVED(0)"));
		CHECK_OK(side_answer(&r->b, 200));
		CHECK(rig_wait(&r->a, "CONFIRMED"));
		CHECK(rig_wait(&r->b, "CONFIRMED"));
		check_audio(r);
		CHECK(!strstr(r->a.log, "MOVED(200)"));
		CHECK_OK(side_hangup(&r->b, 0));
		CHECK(rig_wait(&r->a, "DISCONNECTED(200)"));
		rig_close(r);
	}
}

/* ---- both move ---- */

#define NEW_B_IP   "192.0.2.61"
#define PROXY_A_IP "192.0.2.21"
#define PROXY_B_IP "192.0.2.22"

static void live_at(struct side *s, const char *uri)
{
	struct offhook_account_cfg cfg;

	offhook_account_cfg_init(&cfg);
	cfg.uri = uri;
	CHECK_OK(offhook_account_modify(s->phone, s->account, &cfg));
}

/* The proxy of a domain knows where its user is. */
static struct proxy *home_of(struct rig *r, const char *ip, const char *user)
{
	return proxy_new(r->sim, &(struct proxy_cfg){.ip = ip, .next = user});
}

static void talk_through(struct rig *r, const char *uri)
{
	struct offhook_call_cfg cfg;

	offhook_call_cfg_init(&cfg);
	cfg.uri = uri;
	CHECK_OK(offhook_call_make(r->a.phone, r->a.account, &cfg, &r->a.call));
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK_OK(side_answer(&r->b, 200));
	CHECK(rig_wait(&r->a, "CONFIRMED"));
	CHECK(rig_wait(&r->b, "CONFIRMED"));
}

TEST(two_that_move_at_once_find_each_other_by_their_addresses)
{
	for (int who = 0; who < 2; who++) {
		struct wire w;
		struct rig *r = rig_watched(&w);
		struct proxy *at_a, *at_b = home_of(r, PROXY_B_IP, RIG_B_IP);

		CHECK_OK(sim_dns_addr(r->sim, "atlanta.test", PROXY_A_IP));
		CHECK_OK(sim_dns_addr(r->sim, "biloxi.test", PROXY_B_IP));
		live_at(&r->a, "sip:alice@atlanta.test");
		live_at(&r->b, "sip:bob@biloxi.test");
		talk_through(r, "sip:bob@biloxi.test");
		check_audio(r);
		move(r);
		CHECK_OK(sim_host_move(r->b.host, RIG_B_IP, NEW_B_IP));
		proxy_free(at_b);
		at_b = home_of(r, PROXY_B_IP, NEW_B_IP);
		at_a = home_of(r, PROXY_A_IP, NEW_IP);
		CHECK(rig_wait(&r->a, "MOVED(200)"));
		CHECK(rig_wait(&r->b, "MOVED(200)"));
		rig_run_ms(r, 10000);
		check_audio(r);
		CHECK_OK(side_hangup(who ? &r->a : &r->b, 0));
		CHECK(rig_wait(who ? &r->b : &r->a, "DISCONNECTED(200)"));
		rig_run_ms(r, 40000);
		proxy_free(at_a);
		proxy_free(at_b);
		rig_close(r);
	}
}

/* He is looked for in both places; a call whose peer is nowhere ends (RFC 3261 12.2.1.2). */
TEST(two_that_move_at_once_and_nobody_knows)
{
	struct wire w;
	struct rig *r = rig_watched(&w);

	rig_talk(r);
	move(r);
	CHECK_OK(sim_host_move(r->b.host, RIG_B_IP, NEW_B_IP));
	rig_run_ms(r, 40000);
	CHECK(!strstr(r->a.log, "DISCONNECTED"));
	CHECK(rig_wait(&r->a, "DISCONNECTED(408)"));
	CHECK(rig_wait(&r->b, "DISCONNECTED(408)"));
	CHECK(!strstr(r->a.log, "MOVED"));
	rig_close(r);
}

/* Alice's domain has no address; the proxy of Bob's does not know him any more. */
TEST(two_that_move_at_once_and_whoever_is_asked_knows_nothing)
{
	struct wire w;
	struct rig *r = rig_watched(&w);
	struct proxy *at_b = home_of(r, PROXY_B_IP, RIG_B_IP);

	CHECK_OK(sim_dns_addr(r->sim, "biloxi.test", PROXY_B_IP));
	live_at(&r->a, "sip:alice@nowhere.test");
	talk_through(r, "sip:bob@biloxi.test");
	move(r);
	CHECK_OK(sim_host_move(r->b.host, RIG_B_IP, NEW_B_IP));
	proxy_free(at_b);
	at_b = proxy_new(r->sim,
		&(struct proxy_cfg){.ip = PROXY_B_IP, .next = NEW_B_IP, .answer = "404 Not Found\r\n"});
	CHECK(rig_wait(&r->a, "DISCONNECTED(408)"));
	CHECK(rig_wait(&r->b, "DISCONNECTED(408)"));
	rig_run_ms(r, 40000);
	proxy_free(at_b);
	rig_close(r);
}

/* ---- registrations ---- */

struct home {
	struct rig *r;
	struct registrar *registrar;
	offhook_id id;
};

static void home_open(struct home *h, struct rig *r)
{
	struct offhook_registration_cfg reg;
	struct offhook_account_cfg account;

	h->r = r;
	h->registrar = registrar_new(r->sim, &(struct registrar_cfg){0});
	offhook_registration_cfg_init(&reg);
	reg.registrar = "sip:" REGISTRAR_IP;
	reg.keepalive_s = 0;
	offhook_account_cfg_init(&account);
	account.uri = AOR;
	account.registration = &reg;
	account.make_default = 1;
	CHECK_OK(offhook_account_add(r->a.phone, &account, &h->id));
	r->a.account = h->id;
	rig_run_ms(r, 50);
}

static void home_close(struct home *h)
{
	CHECK_OK(offhook_account_remove(h->r->a.phone, h->id));
	rig_run_ms(h->r, 40000);
	registrar_free(h->registrar);
	rig_close(h->r);
}

TEST(an_account_registers_its_new_address_and_then_repairs_its_calls)
{
	struct wire w;
	struct home h;
	struct rig *r = rig_watched(&w);
	const char *bound, *registered, *moved;

	home_open(&h, r);
	rig_talk(r);
	side_forget(&r->a);
	w = (struct wire){0};
	move(r);
	CHECK(rig_wait(&r->a, "MOVED(200)"));
	bound = registrar_contacts(h.registrar, AOR);
	CHECK(strstr(bound, "sip:alice@" NEW_IP) == bound && !strchr(bound, ' '));
	registered = strstr(r->a.log, "REGISTRATION(200)");
	moved = strstr(r->a.log, "MOVED(200)");
	CHECK(registered && registered < moved);
	CHECK_EQ(w.registers, 1);
	CHECK_EQ(w.from_old, 0);
	check_audio(r);
	home_close(&h);
}

TEST(a_registrar_that_does_not_answer_does_not_hold_up_the_calls)
{
	struct wire w;
	struct home h;
	struct rig *r = rig_watched(&w);

	home_open(&h, r);
	rig_talk(r);
	registrar_down(h.registrar);
	move(r);
	rig_run_ms(r, 6000);
	CHECK(strstr(r->a.log, "MOVED(200)"));
	registrar_up(h.registrar, false);
	rig_run_ms(r, 100000);
	CHECK(strstr(registrar_contacts(h.registrar, AOR), NEW_IP));
	home_close(&h);
}

TEST(who_waits_for_a_network_registers_when_there_is_one)
{
	struct wire w;
	struct home h;
	struct rig *r = rig_watched(&w);

	CHECK_OK(sim_host_move(r->a.host, RIG_A_IP, NULL));
	home_open(&h, r);
	rig_run_ms(r, 20000);
	CHECK_STR(registrar_contacts(h.registrar, AOR), "");
	CHECK_OK(sim_host_move(r->a.host, NULL, NEW_IP));
	rig_run_ms(r, HOST_SETTLE_MS + 600);
	CHECK(strstr(registrar_contacts(h.registrar, AOR), NEW_IP));
	/* Whom the registrar has refused has nothing new to say. */
	h.registrar->cfg.answer = "403 Forbidden\r\n";
	CHECK_OK(offhook_account_register(r->a.phone, h.id, 1));
	rig_run_ms(r, 1000);
	w = (struct wire){0};
	CHECK_OK(sim_host_move(r->a.host, NEW_IP, THIRD_IP));
	rig_run_ms(r, 5000);
	CHECK_EQ(w.registers, 0);
	h.registrar->cfg.answer = NULL;
	CHECK_OK(offhook_network_changed(r->a.phone));
	rig_run_ms(r, 1000);
	CHECK(strstr(registrar_contacts(h.registrar, AOR), THIRD_IP));
	home_close(&h);
}

/* ---- connections ---- */

TEST(connections_from_a_gone_address_are_closed_and_made_anew)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_transport_cfg tcp;
	struct offhook_call_cfg call;
	offhook_id ids[2];

	offhook_transport_cfg_init(&tcp);
	tcp.type = OFFHOOK_TCP;
	tcp.port = 5060;
	CHECK_OK(offhook_transport_add(r->a.phone, &tcp, &ids[0]));
	CHECK_OK(offhook_transport_add(r->b.phone, &tcp, &ids[1]));
	offhook_call_cfg_init(&call);
	call.uri = "sip:bob@" RIG_B_IP ";transport=tcp";
	CHECK_OK(offhook_call_make(r->a.phone, 0, &call, &r->a.call));
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK_OK(side_answer(&r->b, 200));
	CHECK(rig_wait(&r->a, "CONFIRMED"));
	rig_run_ms(r, 100);
	move(r);
	rig_run_ms(r, HOST_SETTLE_MS);
	{
		struct sip_counters c;

		sip_stack_counters(r->a.phone->stack, &c);
		CHECK_EQ(c.conns, 0);
	}
	CHECK(rig_wait(&r->a, "MOVED(200)"));
	check_audio(r);
	CHECK_OK(side_hangup(&r->b, 0));
	CHECK(rig_wait(&r->a, "DISCONNECTED(200)"));
	rig_run_ms(r, 64000);
	CHECK_OK(offhook_transport_remove(r->a.phone, ids[0]));
	CHECK_OK(offhook_transport_remove(r->b.phone, ids[1]));
	rig_close(r);
}

/* A transport that is bound to one address cannot follow: its calls stay as they are, and the program hears why. */
TEST(a_transport_of_one_address_cannot_follow)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_transport_cfg udp;
	struct offhook_account_cfg account;
	offhook_id bound;

	offhook_transport_cfg_init(&udp);
	udp.address = RIG_A_IP;
	udp.port = 5070;
	CHECK_OK(offhook_transport_add(r->a.phone, &udp, &bound));
	offhook_account_cfg_init(&account);
	account.uri = "sip:fixed@" RIG_A_IP;
	account.transport = bound;
	CHECK_OK(offhook_account_add(r->a.phone, &account, &r->a.account));
	rig_talk(r);
	move(r);
	rig_run_ms(r, 100000);
	rig_run_ms(r, 40000);
	CHECK(strstr(r->a.log, "MOVED(0,OH_EUNREACH)"));
	rig_close(r);
}

/* ---- bad wires, and memory ---- */

static enum sim_fate nth(void *arg, const struct sim_packet *p, uint64_t *delay_ns)
{
	struct {
		unsigned n, hit;
		enum sim_fate kind;
	} *f = arg;

	if (p->from.port != 5060 || ++f->n != f->hit)
		return SIM_BY_RULE;
	*delay_ns = 700 * NS_PER_MS;
	return f->kind;
}

TEST(each_message_of_the_repair_may_be_lost_doubled_or_late)
{
	static const enum sim_fate kinds[] = {SIM_DROP, SIM_DOUBLE, SIM_DELAY};

	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		for (unsigned hit = 1; hit <= 8; hit++) {
			struct {
				unsigned n, hit;
				enum sim_fate kind;
			} f = {0, hit, kinds[k]};
			struct wire w;
			struct rig *r = rig_watched(&w);
			struct home h;

			home_open(&h, r);
			rig_talk(r);
			sim_filter(r->sim, nth, &f);
			move(r);
			CHECK(rig_wait(&r->a, "MOVED(200)"));
			rig_run_ms(r, 1000);
			check_audio(r);
			CHECK_OK(side_hangup(&r->b, 0));
			CHECK(rig_wait(&r->a, "DISCONNECTED(200)"));
			CHECK(strstr(registrar_contacts(h.registrar, AOR), NEW_IP));
			home_close(&h);
		}
	}
}

static int move_in_a_call(void *arg)
{
	struct rig *r = rig_try_new(OFFHOOK_DELIVER_INLINE, NULL);
	int err = r ? rig_try_call(r) : OH_ENOMEM;

	(void)arg;
	if (!err) {
		rig_run_ms(r, 100);
		(void)side_answer(&r->b, 200);
		rig_run_ms(r, 100);
		err = sim_host_move(r->a.host, RIG_A_IP, NEW_IP);
	}
	if (!err) {
		rig_run_ms(r, 20000);
		err = strstr(r->a.log, "MOVED(200) ") ? 0 : OH_ENOMEM;
	}
	rig_drop(r);
	return err;
}

static int move_before_the_answer(void *arg)
{
	struct rig *r = rig_try_new(OFFHOOK_DELIVER_INLINE, NULL);
	int err = r ? rig_try_call(r) : OH_ENOMEM;

	(void)arg;
	if (!err) {
		rig_run_ms(r, 100);
		(void)side_answer(&r->b, 183);
		rig_run_ms(r, 100);
		err = sim_host_move(r->a.host, RIG_A_IP, NEW_IP);
	}
	if (!err) {
		rig_run_ms(r, 20000);
		err = strstr(r->a.log, "MOVED(0) ") ? 0 : OH_ENOMEM;
	}
	rig_drop(r);
	return err;
}

static int move_both(void *arg)
{
	struct rig *r = rig_try_new(OFFHOOK_DELIVER_INLINE, NULL);
	int err = r ? rig_try_call(r) : OH_ENOMEM;

	(void)arg;
	if (!err) {
		rig_run_ms(r, 100);
		(void)side_answer(&r->b, 200);
		rig_run_ms(r, 100);
		err = sim_host_move(r->a.host, RIG_A_IP, NEW_IP);
	}
	if (!err)
		err = sim_host_move(r->b.host, RIG_B_IP, NEW_B_IP);
	if (!err)
		rig_run_ms(r, 100000);
	/* Whatever was missing: nobody waits for ever. */
	if (!err && offhook_calls(r->a.phone, NULL, 0) > 0)
		err = OH_EDIALOG;
	rig_drop(r);
	return err;
}

TEST(moving_without_memory_leaves_nothing_behind)
{
	check_every_allocation_fails(move_in_a_call, NULL);
	check_every_allocation_fails(move_before_the_answer, NULL);
	check_every_allocation_fails(move_both, NULL);
}

TESTS(RUN(a_call_goes_on_from_the_new_address), RUN(a_caller_who_moves_before_the_answer_calls_again),
	RUN(two_that_move_at_once_find_each_other_by_their_addresses),
	RUN(two_that_move_at_once_and_nobody_knows),
	RUN(two_that_move_at_once_and_whoever_is_asked_knows_nothing),
	RUN(the_peer_is_told_contact_and_audio_of_the_new_address),
	RUN(what_does_not_concern_us_changes_nothing),
	RUN(after_sleep_and_at_the_programs_word_the_peer_is_asked_anew),
	RUN(a_call_waits_for_a_way_and_for_the_next_one), RUN(without_a_way_for_long_the_program_is_told),
	RUN(a_repair_waits_for_another_offer), RUN(a_call_that_rings_is_repaired_when_it_is_answered),
	RUN(an_account_registers_its_new_address_and_then_repairs_its_calls),
	RUN(a_registrar_that_does_not_answer_does_not_hold_up_the_calls),
	RUN(who_waits_for_a_network_registers_when_there_is_one),
	RUN(connections_from_a_gone_address_are_closed_and_made_anew),
	RUN(a_transport_of_one_address_cannot_follow),
	RUN(each_message_of_the_repair_may_be_lost_doubled_or_late),
	RUN(moving_without_memory_leaves_nothing_behind))
