/* What a plan costs: how many sums are made, and how many terms are added besides. */
#include "audio/bridge_impl.h"
#include "audio/rig.h"
#include "check.h"

struct cost {
	size_t sums, terms; /* terms: of the sums and of all sinks */
	size_t mixed, whole_sums, direct;
};

static struct cost publish(struct bridge *b)
{
	struct cost c = {0};
	const struct plan *p;

	rig_tick(b);
	p = atomic_load(&b->published);
	c.sums = p->n_sums;
	for (size_t i = 0; i < p->n_sums; i++)
		c.terms += p->sums[i].terms.n_adds + p->sums[i].terms.n_subs + p->sums[i].terms.n_wholes +
			   p->sums[i].terms.n_parts;
	for (size_t i = 0; i < p->n_entries; i++) {
		const struct entry *e = &p->entries[i];

		c.mixed += e->feed == FEED_MIX;
		c.whole_sums += e->feed == FEED_SUM;
		c.direct += e->feed == FEED_DIRECT;
		if (e->feed == FEED_MIX)
			c.terms += e->terms.n_adds + e->terms.n_subs + e->terms.n_wholes + e->terms.n_parts;
	}
	return c;
}

static void add_ports(struct bridge *b, struct mem_port **ret_ports, size_t n)
{
	for (size_t i = 0; i < n; i++)
		ret_ports[i] = rig_add(b, 16000, NULL);
}

static void connect_all(struct bridge *b, struct mem_port **p, size_t n, float level)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < n; j++) {
			if (i != j)
				rig_connect(b, p[i], p[j], level);
		}
	}
}

TEST(all_to_all_is_one_sum_and_each_without_itself)
{
	struct bridge *b = rig_bridge(16000);
	struct mem_port *p[60];
	struct cost c;

	add_ports(b, p, 60);
	connect_all(b, p, 60, 1);
	c = publish(b);
	CHECK_EQ(c.sums, 1);
	CHECK_EQ(c.terms, 120);
	CHECK_EQ(c.mixed, 60);
	bridge_free(b);
}

TEST(all_to_all_at_another_level_costs_the_same)
{
	struct bridge *b = rig_bridge(16000);
	struct mem_port *p[60];
	struct cost c;

	add_ports(b, p, 60);
	connect_all(b, p, 60, 0.7f);
	CHECK_OK(bridge_set_rx_level(b, p[5]->slot, 2));
	c = publish(b);
	CHECK_EQ(c.sums, 1);
	CHECK_EQ(c.terms, 120);
	bridge_free(b);
}

TEST(listeners_are_given_the_sum_as_it_is)
{
	struct bridge *b = rig_bridge(16000);
	struct mem_port *p[20], *listener[30];
	struct cost c;

	add_ports(b, p, 20);
	add_ports(b, listener, 30);
	connect_all(b, p, 20, 1);
	for (size_t i = 0; i < 30; i++) {
		for (size_t j = 0; j < 20; j++)
			rig_connect(b, p[j], listener[i], 1);
	}
	c = publish(b);
	/* A listener whose own hash is the least stands alone: few do. */
	CHECK(c.sums <= 2);
	CHECK(c.whole_sums >= 27);
	CHECK(c.terms <= 20 + 20 + 3 * 20 + 20);
	bridge_free(b);
}

/* One source that everybody hears must not throw the conferences together. */
TEST(conferences_with_the_same_music_stay_apart)
{
	struct bridge *b = rig_bridge(16000);
	struct mem_port *p[10][12], *music = rig_add(b, 16000, NULL);
	struct cost c;

	for (size_t k = 0; k < 10; k++) {
		add_ports(b, p[k], 12);
		connect_all(b, p[k], 12, 1);
		for (size_t i = 0; i < 12; i++)
			rig_connect(b, music, p[k][i], 0.3f);
	}
	c = publish(b);
	CHECK_EQ(c.sums, 10);
	CHECK(c.terms <= 10 * (13 + 12) + 20);
	bridge_free(b);
}

TEST(a_difference_costs_what_it_is)
{
	enum { PORTS = 100 };
	struct bridge *b = rig_bridge(16000);
	struct mem_port *p[PORTS];
	size_t missing = 0, other = 0;
	uint64_t seed = 9;
	struct cost c;

	add_ports(b, p, PORTS);
	for (size_t i = 0; i < PORTS; i++) {
		for (size_t j = 0; j < PORTS; j++) {
			float level = 1;

			if (i == j)
				continue;
			if (rig_random(&seed) % 100 == 0) {
				missing++;
				continue;
			}
			if (rig_random(&seed) % 10 == 0) {
				level = 0.5f;
				other++;
			}
			rig_connect(b, p[i], p[j], level);
		}
	}
	c = publish(b);
	/* The sum, each without itself, the differences, and a few sinks that found no company. */
	CHECK(c.terms <= PORTS + PORTS + missing + other + 5 * PORTS);
	CHECK(c.sums <= 3);
	bridge_free(b);
}

TEST(what_few_hear_is_not_in_the_sum)
{
	struct bridge *b = rig_bridge(16000);
	struct mem_port *p[20], *listener[40], *whisper[40];
	struct cost c;

	add_ports(b, p, 20);
	add_ports(b, listener, 40);
	add_ports(b, whisper, 40);
	for (size_t i = 0; i < 40; i++) {
		for (size_t j = 0; j < 20; j++)
			rig_connect(b, p[j], listener[i], 1);
		rig_connect(b, whisper[i], listener[i], 1);
	}
	c = publish(b);
	CHECK(c.sums <= 3);
	CHECK(c.terms <= 40 + 20 * 8);
	bridge_free(b);
}

TEST(pairs_are_passed_on_without_a_sum)
{
	struct bridge *b = rig_bridge(16000);
	struct mem_port *p[20];
	struct cost c;

	add_ports(b, p, 20);
	for (size_t i = 0; i < 20; i++)
		rig_connect(b, p[i], p[i ^ 1], 1);
	c = publish(b);
	CHECK_EQ(c.sums + c.mixed, 0);
	CHECK_EQ(c.direct, 20);
	bridge_free(b);
}

TESTS(RUN(all_to_all_is_one_sum_and_each_without_itself), RUN(all_to_all_at_another_level_costs_the_same),
	RUN(listeners_are_given_the_sum_as_it_is), RUN(conferences_with_the_same_music_stay_apart),
	RUN(a_difference_costs_what_it_is), RUN(what_few_hear_is_not_in_the_sum),
	RUN(pairs_are_passed_on_without_a_sum))
