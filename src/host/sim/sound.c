/* Sound cards of simulated machines. An open direction is an event of the world (the card's own thread in the real one)
 * that repeats by the card's clock. */
#include "host/sim/impl.h"

#include "base/mem.h"
#include "offhook/error.h"

#include <stdio.h>
#include <string.h>

#define BLOCK_MAX 4800u  /* samples: 100 ms at 48 kHz */
#define ECHO_MAX  65536u /* samples; a power of two */
#define SIM_RATE  48000u

struct sim_card {
	struct list node;
	struct sim_host *machine;
	struct sim_card_cfg cfg; /* id and name are the copies below */
	char id[HOST_SOUND_ID_MAX], name[HOST_SOUND_ID_MAX];
	bool plugged;
	uint64_t stalled_until;
	struct list open; /* struct sim_sound */
	int16_t air[ECHO_MAX];
	uint64_t played, heard; /* samples into the air and out of it */
};

struct sim_sound {
	struct host_sound base;
	struct list node;
	struct sim_card *card; /* NULL: unplugged */
	struct sim_event due;
	uint64_t next_ns; /* of its block, by its clock */
};

static struct sim_card *card_of(struct list *node)
{
	return CONTAINER_OF(node, struct sim_card, node);
}

static struct sim_card *find(const struct sim_host *m, const char *id)
{
	LIST_FOREACH (it, &m->cards) {
		if (card_of(it)->plugged && !strcmp(card_of(it)->id, id))
			return card_of(it);
	}
	return NULL;
}

static bool has_side(const struct sim_card *c, enum host_sound_side side)
{
	return side == HOST_SOUND_CAPTURE ? !c->cfg.deaf : !c->cfg.dumb;
}

/* ---- what is open ---- */

static uint64_t echo_way(const struct sim_card *c, const struct sim_sound *s)
{
	return (uint64_t)c->cfg.echo_ms * s->base.cfg.rate_hz / 1000;
}

/* Into the air, behind what is still on its way. */
static void play(struct sim_card *c, struct sim_sound *s, int16_t *pcm, size_t n)
{
	s->base.cfg.block(s->base.cfg.arg, pcm, n);
	if (c->played <= c->heard) {
		for (c->played = c->heard; c->played < c->heard + echo_way(c, s); c->played++)
			c->air[c->played % ECHO_MAX] = 0;
	}
	for (size_t i = 0; i < n; i++)
		c->air[c->played++ % ECHO_MAX] = pcm[i];
	if (c->cfg.hears)
		c->cfg.hears(c->cfg.arg, pcm, n);
}

static int16_t add_echo(struct sim_card *c, int16_t said)
{
	double sum = c->heard < c->played ? c->cfg.echo * c->air[c->heard++ % ECHO_MAX] : 0;

	sum += said;
	return (int16_t)(sum > 32767 ? 32767 : sum < -32768 ? -32768 : sum);
}

static void record(struct sim_card *c, struct sim_sound *s, int16_t *pcm, size_t n)
{
	memset(pcm, 0, n * sizeof(*pcm));
	if (c->cfg.says)
		c->cfg.says(c->cfg.arg, pcm, n);
	/* The microphone was off for a while. */
	if (c->played > c->heard + echo_way(c, s) + BLOCK_MAX)
		c->heard = c->played - echo_way(c, s);
	for (size_t i = 0; i < n; i++)
		pcm[i] = add_echo(c, pcm[i]);
	s->base.cfg.block(s->base.cfg.arg, pcm, n);
}

static uint64_t period_ns(const struct sim_card *c)
{
	return (uint64_t)c->cfg.block_ms * NS_PER_MS * 1000000 / (uint64_t)(1000000 + c->cfg.drift_ppm);
}

static void on_block(void *arg)
{
	struct sim_sound *s = arg;
	struct sim_card *c = s->card;
	size_t n = s->base.cfg.rate_hz / 1000 * c->cfg.block_ms;
	int16_t pcm[BLOCK_MAX];

	if (s->due.sim->now_ns < c->stalled_until) {
		sim_event_at(&s->due, c->stalled_until);
		return;
	}
	s->next_ns += period_ns(c);
	sim_event_at(&s->due, s->next_ns);
	if (s->base.cfg.side == HOST_SOUND_PLAYBACK)
		play(c, s, pcm, n);
	else
		record(c, s, pcm, n);
}

static void on_opened(void *arg)
{
	struct sim_sound *s = arg;

	if (s->card->cfg.broken) {
		host_sound_enter(&s->base, HOST_SOUND_FAILED, OH_EBUSY);
		return;
	}
	s->due.fn = on_block;
	s->next_ns = s->due.due_ns + period_ns(s->card);
	sim_event_at(&s->due, s->next_ns);
	host_sound_enter(&s->base, HOST_SOUND_OPEN, 0);
}

int sim_sound_open(struct host *h, const struct host_sound_cfg *cfg, struct host_sound **ret_sound)
{
	struct sim_host *m = sim_host_of(h);
	struct sim_card *c = find(m, cfg->id);
	struct sim_sound *s;

	if (!c || !has_side(c, cfg->side))
		return OH_ENODEV;
	s = mem_zalloc(sizeof(*s));
	if (!s)
		return OH_ENOMEM;
	s->base.host = h;
	s->base.cfg = *cfg;
	s->base.cfg.id = NULL;
	s->card = c;
	if (sim_event_init(&s->due, m->sim, NULL, on_opened, s)) {
		mem_free(s);
		return OH_ENOMEM;
	}
	sim_event_at(&s->due, m->sim->now_ns + c->cfg.open_ns);
	list_append(&c->open, &s->node);
	*ret_sound = &s->base;
	return 0;
}

void sim_sound_close(struct host_sound *base)
{
	struct sim_sound *s = (struct sim_sound *)base;

	list_remove(&s->node);
	sim_event_close(&s->due);
	mem_free(s);
}

/* ---- what there is ---- */

static void describe(const struct sim_card *c, bool first, struct host_sound_info *ret_info)
{
	*ret_info = (struct host_sound_info){
		.capture_channels = !c->cfg.deaf,
		.playback_channels = !c->cfg.dumb,
		.rate_hz = SIM_RATE,
		.default_capture = first,
		.default_playback = first,
	};
	memcpy(ret_info->id, c->id, sizeof(c->id));
	memcpy(ret_info->name, c->name, sizeof(c->name));
}

long sim_sound_list(struct host *h, struct host_sound_info *ret_infos, size_t cap, unsigned wait_ms)
{
	struct sim_host *m = sim_host_of(h);
	size_t n = 0;

	(void)wait_ms;
	LIST_FOREACH (it, &m->cards) {
		if (!card_of(it)->plugged)
			continue;
		if (n < cap)
			describe(card_of(it), n == 0, &ret_infos[n]);
		n++;
	}
	return (long)n;
}

const char *sim_sound_default(const struct host *h, unsigned n)
{
	struct sim_host *m = sim_host_of(h);

	LIST_FOREACH (it, &m->cards) {
		if (card_of(it)->plugged && n-- == 0)
			return card_of(it)->id;
	}
	return NULL;
}

bool sim_sound_present(struct host *h, const char *id)
{
	return find(sim_host_of(h), id) != NULL;
}

/* ---- the test's hands ---- */

int sim_card_add(struct host *h, const struct sim_card_cfg *cfg, struct sim_card **ret_card)
{
	struct sim_card *c = mem_zalloc(sizeof(*c));

	if (!c)
		return OH_ENOMEM;
	c->machine = sim_host_of(h);
	c->cfg = *cfg;
	if (!c->cfg.block_ms)
		c->cfg.block_ms = 10;
	snprintf(c->id, sizeof(c->id), "%s", cfg->id);
	snprintf(c->name, sizeof(c->name), "%s", cfg->name);
	list_init(&c->open);
	c->plugged = true;
	list_append(&c->machine->cards, &c->node);
	*ret_card = c;
	return 0;
}

void sim_card_unplug(struct sim_card *c)
{
	c->plugged = false;
	LIST_FOREACH_SAFE (it, &c->open) {
		struct sim_sound *s = CONTAINER_OF(it, struct sim_sound, node);

		list_remove(&s->node);
		sim_event_cancel(&s->due);
		s->card = NULL;
		host_sound_enter(&s->base, HOST_SOUND_FAILED, OH_ECONN);
	}
	host_sound_list_changed(&c->machine->base);
}

void sim_card_plug(struct sim_card *c)
{
	c->plugged = true;
	c->stalled_until = 0;
	host_sound_list_changed(&c->machine->base);
}

void sim_card_stall(struct sim_card *c, uint64_t ns)
{
	c->stalled_until = c->machine->sim->now_ns + ns;
}

unsigned sim_card_open(const struct sim_card *c)
{
	unsigned n = 0;

	LIST_FOREACH (it, &c->open)
		n++;
	return n;
}

void sim_cards_free(struct sim_host *m)
{
	LIST_FOREACH_SAFE (it, &m->cards) {
		list_remove(it);
		mem_free(card_of(it));
	}
}
