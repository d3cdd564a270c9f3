/* Sound devices of phones in calls: opened when they are needed, lost and back, changed, slow, and none at all. */
#include "rig.h"

#include "offhook/audio.h"
#include "offhook/device.h"

/* A person at a card of the simulated machine: says a tone of its own, and is asked how loud it hears others. */
struct person {
	struct sim_card *card;
	unsigned period; /* of its tone, in samples */
	unsigned at;
	int16_t heard; /* loudest */
};

static void says(void *arg, int16_t *pcm, size_t n)
{
	struct person *p = arg;

	for (size_t i = 0; i < n; i++, p->at++)
		pcm[i] = p->at % p->period < p->period / 2 ? 8000 : -8000;
}

static void hears(void *arg, const int16_t *pcm, size_t n)
{
	struct person *p = arg;

	for (size_t i = 0; i < n; i++)
		p->heard = pcm[i] > p->heard ? pcm[i] : p->heard;
}

static void add_card(struct side *s, const char *id, struct person *p, const struct sim_card_cfg *more)
{
	struct sim_card_cfg cfg = more ? *more : (struct sim_card_cfg){0};

	*p = (struct person){.period = 40};
	cfg.id = id;
	cfg.name = id;
	cfg.says = says;
	cfg.hears = hears;
	cfg.arg = p;
	CHECK_OK(sim_card_add(s->host, &cfg, &p->card));
}

static offhook_id slot_0(struct side *s)
{
	offhook_id id;

	CHECK_OK(offhook_slot_of(s->phone, 0, &id));
	return id;
}

static void join(struct side *s)
{
	struct offhook_link both[2] = {{s->slot, slot_0(s), 1}, {slot_0(s), s->slot, 1}};

	CHECK_OK(offhook_connect_many(s->phone, both, 2));
}

static void part(struct side *s)
{
	CHECK_OK(offhook_disconnect(s->phone, s->slot, slot_0(s)));
	CHECK_OK(offhook_disconnect(s->phone, slot_0(s), s->slot));
}

static const char *kind(struct side *s)
{
	static struct offhook_slot_info info;

	info.size = sizeof(info);
	CHECK_OK(offhook_slot_get_info(s->phone, slot_0(s), &info));
	return info.kind;
}

static struct offhook_device_info about(struct side *s, enum offhook_device_side side)
{
	struct offhook_device_info info = {.size = sizeof(info)};

	CHECK_OK(offhook_device_get_info(s->phone, side, &info));
	return info;
}

/* The canceller would take a person's tone for an echo of the other's. */
static void choose(struct side *s, const char *capture, const char *playback)
{
	struct offhook_device_cfg cfg;

	offhook_device_cfg_init(&cfg);
	cfg.capture = capture;
	cfg.playback = playback;
	cfg.echo_ms = 0;
	CHECK_OK(offhook_device_set(s->phone, &cfg));
}

/* Both at their cards, talking. */
static struct rig *talk(struct person *a, struct person *b)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);

	add_card(&r->a, "a1", a, NULL);
	add_card(&r->b, "b1", b, NULL);
	choose(&r->a, NULL, NULL);
	choose(&r->b, NULL, NULL);
	rig_talk(r);
	join(&r->a);
	join(&r->b);
	rig_run_ms(r, 1000);
	a->heard = b->heard = 0;
	return r;
}

TEST(two_people_talk_and_their_cards_are_open_no_longer_than_needed)
{
	struct person a, b;
	struct rig *r = talk(&a, &b);

	CHECK(strstr(r->a.log, "DEVICE(1,1,a1,) DEVICE(1,2,a1,) "));
	CHECK_STR(kind(&r->a), "device");
	CHECK_STR(about(&r->a, OFFHOOK_DEVICE_CAPTURE).in_use, "a1");
	rig_run_ms(r, 500);
	CHECK(a.heard > 6000);
	CHECK(b.heard > 6000);
	CHECK_EQ(sim_card_open(a.card), 2);
	part(&r->a);
	rig_run_ms(r, 900);
	CHECK_EQ(sim_card_open(a.card), 2);
	rig_run_ms(r, 200);
	CHECK_EQ(sim_card_open(a.card), 0);
	CHECK_STR(kind(&r->a), "null");
	join(&r->a);
	rig_run_ms(r, 500);
	part(&r->a);
	rig_run_ms(r, 500);
	join(&r->a);
	rig_run_ms(r, 2000);
	CHECK_EQ(sim_card_open(a.card), 2);
	a.heard = 0;
	rig_run_ms(r, 200);
	CHECK(a.heard > 6000);
	rig_close(r);
}

TEST(a_card_is_unplugged_and_back_and_the_call_goes_on)
{
	struct person a, a2, b;
	struct rig *r = talk(&a, &b);

	add_card(&r->a, "a2", &a2, NULL);
	side_forget(&r->a);
	sim_card_unplug(a.card);
	rig_run_ms(r, 100);
	/* The other one serves meanwhile. */
	CHECK(strstr(r->a.log, "DEVICE(2,1,a1,OH_ECONN) "));
	CHECK(strstr(r->a.log, "DEVICE(2,2,a1,OH_ECONN) "));
	CHECK(rig_wait(&r->a, "DEVICE(3,2,a2,) "));
	rig_run_ms(r, 1000);
	a2.heard = b.heard = 0;
	rig_run_ms(r, 200);
	CHECK(a2.heard > 6000);
	CHECK(b.heard > 6000);

	/* None at all: the call goes on, and the other one hears silence. */
	side_forget(&r->a);
	sim_card_unplug(a2.card);
	rig_run_ms(r, 3000);
	CHECK(strstr(r->a.log, "DEVICE(2,2,a2,OH_ECONN) "));
	CHECK(!strstr(r->a.log, "DEVICE(4"));
	CHECK_STR(kind(&r->a), "null");
	b.heard = 0;
	rig_run_ms(r, 200);
	CHECK(b.heard < 100);
	side_forget(&r->a);
	sim_card_plug(a.card);
	CHECK(rig_wait(&r->a, "DEVICE(3,2,a1,) "));
	rig_run_ms(r, 1000);
	a.heard = b.heard = 0;
	rig_run_ms(r, 200);
	CHECK(a.heard > 6000);
	CHECK(b.heard > 6000);
	CHECK(!strstr(r->b.log, "DISCONNECTED"));
	rig_close(r);
}

TEST(the_chosen_card_serves_again_when_it_is_back)
{
	struct person a, a2, b;
	struct rig *r = talk(&a, &b);

	add_card(&r->a, "a2", &a2, NULL);
	side_forget(&r->a);
	choose(&r->a, "a2", "a1");
	CHECK(rig_wait(&r->a, "DEVICE(1,1,a2,) DEVICE(1,2,a1,) "));
	CHECK_STR(about(&r->a, OFFHOOK_DEVICE_CAPTURE).chosen, "a2");
	CHECK_EQ(sim_card_open(a.card), 1);
	CHECK_EQ(sim_card_open(a2.card), 1);
	side_forget(&r->a);
	sim_card_unplug(a2.card);
	CHECK(rig_wait(&r->a, "DEVICE(5,0,,) DEVICE(2,1,a2,OH_ECONN) DEVICE(3,1,a1,) "));
	CHECK_EQ(about(&r->a, OFFHOOK_DEVICE_CAPTURE).error, OH_ENODEV);
	rig_run_ms(r, 30000);
	CHECK_EQ(sim_card_open(a.card), 2);
	side_forget(&r->a);
	sim_card_plug(a2.card);
	CHECK(rig_wait(&r->a, "DEVICE(3,1,a2,) "));
	CHECK_EQ(about(&r->a, OFFHOOK_DEVICE_CAPTURE).error, 0);
	rig_run_ms(r, 1000);
	b.heard = 0;
	rig_run_ms(r, 200);
	CHECK(b.heard > 6000);
	rig_close(r);
}

TEST(no_device_is_no_error)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct person late;

	rig_talk(r);
	join(&r->a);
	rig_run_ms(r, 100);
	CHECK(strstr(r->a.log, "DEVICE(4,1,,OH_ENODEV) DEVICE(4,2,,OH_ENODEV) "));
	CHECK_STR(kind(&r->a), "null");
	CHECK_EQ(offhook_devices(r->a.phone, NULL, 0), 0);
	/* It is told once, however often it is tried. */
	side_forget(&r->a);
	rig_run_ms(r, 200000);
	CHECK_STR(r->a.log, "");
	add_card(&r->a, "late", &late, NULL);
	sim_card_plug(late.card);
	CHECK(rig_wait(&r->a, "DEVICE(1,1,late,) DEVICE(1,2,late,) "));
	rig_close(r);
}

TEST(a_slow_card_holds_nothing_up)
{
	struct sim_card_cfg slow = {.open_ns = 60 * NS_PER_S}, broken = {.broken = true};
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct person a, a2, a3, b;

	add_card(&r->a, "slow", &a, &slow);
	add_card(&r->a, "broken", &a2, &broken);
	add_card(&r->a, "good", &a3, NULL);
	add_card(&r->b, "b1", &b, NULL);
	choose(&r->a, NULL, NULL);
	choose(&r->b, NULL, NULL);
	rig_talk(r);
	join(&r->a);
	join(&r->b);
	/* It is given up after a while, the next ones are tried. */
	CHECK(rig_wait(&r->a, "DEVICE(1,2,good,) "));
	rig_run_ms(r, 1000);
	a3.heard = b.heard = 0;
	rig_run_ms(r, 200);
	CHECK(a3.heard > 6000);
	CHECK(b.heard > 6000);
	CHECK_EQ(about(&r->a, OFFHOOK_DEVICE_PLAYBACK).error, 0);
	/* A card that stalls: the other side's sound goes on in both directions afterwards. */
	sim_card_stall(a3.card, 3 * NS_PER_S);
	rig_run_ms(r, 8000);
	a3.heard = b.heard = 0;
	rig_run_ms(r, 200);
	CHECK(a3.heard > 6000);
	CHECK(b.heard > 6000);
	CHECK(about(&r->a, OFFHOOK_DEVICE_PLAYBACK).depth_ms < 200);
	rig_close(r);
}

TEST(one_way_is_muted_and_another_is_louder)
{
	struct person a, b;
	struct rig *r = talk(&a, &b);

	CHECK_OK(offhook_device_set_volume(r->a.phone, OFFHOOK_DEVICE_CAPTURE, -1, 1));
	CHECK_OK(offhook_device_set_volume(r->a.phone, OFFHOOK_DEVICE_PLAYBACK, 2, -1));
	rig_run_ms(r, 1000);
	a.heard = b.heard = 0;
	rig_run_ms(r, 200);
	CHECK(a.heard > 12000);
	CHECK(b.heard < 100);
	CHECK_EQ(about(&r->a, OFFHOOK_DEVICE_CAPTURE).muted, 1);
	CHECK(about(&r->a, OFFHOOK_DEVICE_PLAYBACK).volume == 2);
	/* It stays through another card. */
	choose(&r->a, "a1", "a1");
	rig_run_ms(r, 1000);
	b.heard = 0;
	rig_run_ms(r, 200);
	CHECK(b.heard < 100);
	CHECK_OK(offhook_device_set_volume(r->a.phone, OFFHOOK_DEVICE_CAPTURE, -1, 0));
	rig_run_ms(r, 1000);
	b.heard = 0;
	rig_run_ms(r, 200);
	CHECK(b.heard > 6000);
	rig_close(r);
}

TEST(it_rings_at_another_device)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_device_cfg cfg;
	struct offhook_device_info info = {.size = sizeof(info)};
	struct offhook_tone_cfg tone;
	offhook_id ringer, slot, tone_id, tone_slot;
	struct person desk, bell;

	add_card(&r->a, "desk", &desk, NULL);
	add_card(&r->a, "bell", &bell, &(struct sim_card_cfg){.deaf = true});
	offhook_device_cfg_init(&cfg);
	cfg.ring = "bell";
	CHECK_OK(offhook_device_set(r->a.phone, &cfg));
	CHECK_EQ(offhook_device_get_info(r->a.phone, OFFHOOK_DEVICE_RING, &info), OH_ENOENT);
	CHECK_OK(offhook_ringer_new(r->a.phone, &ringer, &slot));
	offhook_tone_cfg_init(&tone);
	CHECK_OK(offhook_tone_new(r->a.phone, &tone, &tone_id, &tone_slot));
	CHECK_OK(offhook_connect(r->a.phone, tone_slot, slot));
	CHECK(rig_wait(&r->a, "DEVICE(1,3,bell,) "));
	rig_run_ms(r, 500);
	CHECK(bell.heard > 3000);
	CHECK_EQ(sim_card_open(desk.card), 0);
	CHECK_STR(about(&r->a, OFFHOOK_DEVICE_RING).in_use, "bell");
	CHECK_OK(offhook_device_set_volume(r->a.phone, OFFHOOK_DEVICE_RING, 0.1f, 0));
	rig_run_ms(r, 500);
	bell.heard = 0;
	rig_run_ms(r, 500);
	CHECK(bell.heard > 300 && bell.heard < 1000);
	/* Rings on while its device is lost: at the desk. */
	sim_card_unplug(bell.card);
	CHECK(rig_wait(&r->a, "DEVICE(3,3,desk,) "));
	CHECK_OK(offhook_port_remove(r->a.phone, ringer));
	rig_run_ms(r, 100);
	CHECK_EQ(sim_card_open(desk.card), 0);
	CHECK_OK(offhook_port_remove(r->a.phone, tone_id));
	rig_close(r);
}

TEST(the_null_device_is_a_choice)
{
	struct person a, b;
	struct rig *r = talk(&a, &b);

	side_forget(&r->a);
	choose(&r->a, OFFHOOK_DEVICE_NULL, OFFHOOK_DEVICE_NULL);
	rig_run_ms(r, 3000);
	CHECK_STR(r->a.log, "");
	CHECK_STR(kind(&r->a), "null");
	CHECK_EQ(sim_card_open(a.card), 0);
	/* One of them. */
	choose(&r->a, NULL, OFFHOOK_DEVICE_NULL);
	CHECK(rig_wait(&r->a, "DEVICE(1,1,a1,) "));
	CHECK_EQ(sim_card_open(a.card), 1);
	rig_close(r);
}

TEST(a_device_is_opened_before_it_is_needed)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_device_cfg cfg;
	struct person a;

	add_card(&r->a, "a1", &a, NULL);
	offhook_device_cfg_init(&cfg);
	cfg.close_ms = -1;
	CHECK_OK(offhook_device_set(r->a.phone, &cfg));
	CHECK_EQ(offhook_device_open(r->a.phone), OH_EAGAIN);
	CHECK(rig_wait(&r->a, "DEVICE(1,2,a1,) "));
	rig_run_ms(r, 60000);
	CHECK_EQ(sim_card_open(a.card), 2);
	/* Closing the phone closes it. */
	CHECK_OK(offhook_phone_close(r->a.phone, 0));
	CHECK_EQ(sim_card_open(a.card), 0);
	CHECK_EQ(offhook_device_open(r->a.phone), OH_ECLOSED);
	rig_drop(r);
}

TEST(the_list_tells_what_there_is)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_device list[2] = {{.size = sizeof(list[0])}, {.size = sizeof(list[0])}};
	struct person a, a2;

	add_card(&r->a, "a1", &a, &(struct sim_card_cfg){.deaf = true});
	add_card(&r->a, "a2", &a2, NULL);
	CHECK_EQ(offhook_devices(r->a.phone, list, 2), 2);
	CHECK_STR(list[0].id, "a1");
	CHECK_EQ(list[0].capture_channels, 0);
	CHECK_EQ(list[0].default_playback, 1);
	CHECK_STR(list[1].name, "a2");
	CHECK_EQ(list[1].capture_channels, 1);
	CHECK_EQ(list[1].rate_hz, 48000);
	CHECK_EQ(offhook_devices(r->a.phone, list, 1), 2);
	list[0].size = 0;
	CHECK_EQ(offhook_devices(r->a.phone, list, 1), OH_EINVAL);
	CHECK_EQ(offhook_devices(r->a.phone, NULL, 1), OH_EINVAL);
	sim_card_unplug(a.card);
	CHECK(rig_wait(&r->a, "DEVICE(5,0,,) "));
	CHECK_EQ(offhook_devices(r->a.phone, NULL, 0), 1);
	rig_close(r);
}

TEST(wrong_settings_are_told)
{
	static const struct {
		size_t at;
		uint32_t value;
	} wrong[] = {{offsetof(struct offhook_device_cfg, rate_hz), 11025},
		{offsetof(struct offhook_device_cfg, latency_ms), 9},
		{offsetof(struct offhook_device_cfg, latency_ms), 501},
		{offsetof(struct offhook_device_cfg, echo_ms), 501},
		{offsetof(struct offhook_device_cfg, close_ms), (uint32_t)-2}};
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_device_info info = {.size = sizeof(info)};
	struct offhook_device_cfg cfg;
	char id[200];

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		offhook_device_cfg_init(&cfg);
		memcpy((char *)&cfg + wrong[i].at, &wrong[i].value, sizeof(wrong[i].value));
		CHECK_EQ(offhook_device_set(r->a.phone, &cfg), OH_EINVAL);
	}
	memset(id, 'x', sizeof(id) - 1);
	id[sizeof(id) - 1] = '\0';
	offhook_device_cfg_init(&cfg);
	cfg.ring = id;
	CHECK_EQ(offhook_device_set(r->a.phone, &cfg), OH_ETOOBIG);
	CHECK_OK(offhook_device_set(r->a.phone, NULL));
	CHECK_EQ(offhook_device_set_volume(r->a.phone, OFFHOOK_DEVICE_CAPTURE, 17, 0), OH_EINVAL);
	CHECK_EQ(offhook_device_set_volume(r->a.phone, (enum offhook_device_side)4, 1, 0), OH_EINVAL);
	CHECK_EQ(offhook_device_get_info(r->a.phone, (enum offhook_device_side)0, &info), OH_EINVAL);
	CHECK_EQ(offhook_ringer_new(r->a.phone, NULL, NULL), OH_EINVAL);
	CHECK_OK(offhook_phone_close(r->a.phone, 0));
	CHECK_EQ(offhook_devices(r->a.phone, NULL, 0), OH_ECLOSED);
	CHECK_EQ(offhook_device_set(r->a.phone, NULL), OH_ECLOSED);
	CHECK_EQ(offhook_device_set_volume(r->a.phone, OFFHOOK_DEVICE_CAPTURE, 1, 0), OH_ECLOSED);
	CHECK_EQ(offhook_device_get_info(r->a.phone, OFFHOOK_DEVICE_CAPTURE, &info), OH_ECLOSED);
	rig_drop(r);
}

static int use_devices(void *arg)
{
	struct rig *r = rig_try_new(OFFHOOK_DELIVER_INLINE, NULL);
	struct sim_card_cfg cfg = {.id = "card", .name = "Card"};
	struct sim_card *card;
	offhook_id ringer, slot;
	int err;

	(void)arg;
	if (!r)
		return OH_ENOMEM;
	err = sim_card_add(r->a.host, &cfg, &card);
	if (!err)
		err = offhook_ringer_new(r->a.phone, &ringer, &slot);
	if (!err)
		err = offhook_connect(r->a.phone, slot_0(&r->a), slot);
	/* Without memory it is tried again. */
	if (!err) {
		rig_run_ms(r, 2000);
		CHECK(strstr(r->a.log, "DEVICE(1,"));
		err = offhook_devices(r->a.phone, NULL, 0) < 0 ? OH_ENOMEM : 0;
	}
	rig_drop(r);
	return err;
}

TEST(memory_runs_out)
{
	check_every_allocation_fails(use_devices, NULL);
}

TESTS(RUN(two_people_talk_and_their_cards_are_open_no_longer_than_needed),
	RUN(a_card_is_unplugged_and_back_and_the_call_goes_on),
	RUN(the_chosen_card_serves_again_when_it_is_back), RUN(no_device_is_no_error),
	RUN(a_slow_card_holds_nothing_up), RUN(one_way_is_muted_and_another_is_louder),
	RUN(it_rings_at_another_device), RUN(the_null_device_is_a_choice),
	RUN(a_device_is_opened_before_it_is_needed), RUN(the_list_tells_what_there_is),
	RUN(wrong_settings_are_told), RUN(memory_runs_out))
