/* Rendering by the public functions alone: calls and files in a world of their own, twice the same. */
#include "check.h"
#include "phone/rig.h"

#include "offhook/offhook.h"

#include <unistd.h>

enum { SECONDS = 20, RATE = 8000 };

struct end {
	struct offhook_phone *phone;
	offhook_id says, hears; /* slots that are joined with the call's; 0: none */
	unsigned confirmed;
};

static void on_event(void *arg, const struct offhook_event *e)
{
	struct end *end = arg;

	if (e->type == OFFHOOK_EVENT_CALL_INCOMING)
		CHECK_OK(offhook_call_answer(end->phone, e->id, NULL));
	if (e->type == OFFHOOK_EVENT_CALL_STATE)
		end->confirmed += e->call->state == OFFHOOK_CALL_CONFIRMED;
	if (e->type != OFFHOOK_EVENT_CALL_MEDIA || !e->call->slot)
		return;
	if (end->says)
		CHECK_OK(offhook_connect(end->phone, end->says, e->call->slot));
	if (end->hears)
		CHECK_OK(offhook_connect(end->phone, e->call->slot, end->hears));
}

static void end_open(struct end *end, struct offhook_render *world, const char *address)
{
	struct offhook_phone_cfg cfg;
	struct offhook_transport_cfg udp;
	struct offhook_account_cfg account;
	offhook_id id;

	*end = (struct end){0};
	offhook_phone_cfg_init(&cfg);
	cfg.clock_rate_hz = RATE;
	cfg.on_event = on_event;
	cfg.on_event_arg = end;
	CHECK_OK(offhook_render_phone(world, address, &cfg, &end->phone));
	offhook_transport_cfg_init(&udp);
	udp.port = 5060;
	CHECK_OK(offhook_transport_add(end->phone, &udp, &id));
	offhook_account_cfg_init(&account);
	account.transport = id;
	CHECK_OK(offhook_account_add(end->phone, &account, &id));
}

/* A caller plays a file to a callee who records it. */
static int16_t *render(const char *in, const char *out, size_t *ret_n)
{
	struct offhook_render *world;
	struct offhook_call_cfg cfg;
	struct end a, b;
	offhook_id player, recorder, call;
	int16_t *pcm;
	unsigned rate;

	CHECK_OK(offhook_render_new(4, &world));
	end_open(&a, world, "192.0.2.1");
	end_open(&b, world, "192.0.2.2");
	CHECK_OK(offhook_player_new(a.phone, in, 1, NULL, &player, &a.says));
	CHECK_OK(offhook_recorder_new(b.phone, out, &recorder, &b.hears));
	offhook_call_cfg_init(&cfg);
	cfg.uri = "sip:192.0.2.2";
	CHECK_OK(offhook_call_make(a.phone, 0, &cfg, &call));
	CHECK_OK(offhook_render_run(world, SECONDS * 1000));
	CHECK_EQ(a.confirmed, 1);
	CHECK_EQ(b.confirmed, 1);
	CHECK_OK(offhook_port_remove(b.phone, recorder));
	offhook_phone_free(a.phone);
	offhook_phone_free(b.phone);
	offhook_render_free(world);
	pcm = wav_get(out, ret_n, &rate);
	CHECK_EQ(rate, RATE);
	return pcm;
}

TEST(a_call_is_rendered_to_a_file_twice_the_same)
{
	char in[128], out[2][128];
	int16_t said[RATE * 3], *heard[2];
	size_t n[2], lag;

	speech_like(said, ARRAY_LEN(said), RATE, 9);
	wav_put(rig_path("render-in.wav", in), said, ARRAY_LEN(said), RATE);
	for (size_t i = 0; i < 2; i++)
		heard[i] = render(in, rig_path(i ? "render-2.wav" : "render-1.wav", out[i]), &n[i]);
	CHECK_EQ(n[0], n[1]);
	CHECK(n[0] > (SECONDS - 1) * RATE);
	CHECK_MEM(heard[0], heard[1], n[0] * sizeof(*heard[0]));
	CHECK(correlation(said, ARRAY_LEN(said), heard[0], n[0], RATE, &lag) > 0.98);
	for (size_t i = 0; i < 2; i++) {
		free(heard[i]);
		unlink(out[i]);
	}
	unlink(in);
}

TEST(what_makes_no_sense_is_refused)
{
	struct offhook_render *world = NULL;
	struct offhook_phone *phone = NULL, *other = NULL;
	struct offhook_phone_cfg cfg;

	CHECK_EQ(offhook_render_new(1, NULL), OH_EINVAL);
	CHECK_EQ(offhook_render_run(NULL, 1), OH_EINVAL);
	CHECK_OK(offhook_render_new(1, &world));
	CHECK_EQ(offhook_render_phone(NULL, "192.0.2.1", NULL, &phone), OH_EINVAL);
	CHECK_EQ(offhook_render_phone(world, NULL, NULL, &phone), OH_EINVAL);
	CHECK(offhook_render_phone(world, "nowhere", NULL, &phone) < 0);
	CHECK_OK(offhook_render_phone(world, "192.0.2.1", NULL, &phone));
	CHECK(offhook_render_phone(world, "192.0.2.1", NULL, &other) < 0);
	offhook_phone_cfg_init(&cfg);
	cfg.media_threads = 1000;
	CHECK_EQ(offhook_render_phone(world, "192.0.2.3", &cfg, &other), OH_EINVAL);
	CHECK(!other);
	offhook_phone_free(phone);
	offhook_render_free(world);
	offhook_render_free(NULL);
}

static int open_world(void *arg)
{
	struct offhook_render *world = NULL;
	struct offhook_phone *phone = NULL;
	int err = offhook_render_new(1, &world);

	(void)arg;
	if (!err)
		err = offhook_render_phone(world, "192.0.2.1", NULL, &phone);
	offhook_phone_free(phone);
	offhook_render_free(world);
	return err;
}

TEST(every_allocation_may_fail)
{
	check_every_allocation_fails(open_world, NULL);
}

TESTS(RUN(a_call_is_rendered_to_a_file_twice_the_same), RUN(what_makes_no_sense_is_refused),
	RUN(every_allocation_may_fail))
