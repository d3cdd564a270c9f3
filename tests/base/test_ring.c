#include "check.h"

#include "base/list.h"
#include "base/ring.h"
#include "offhook/error.h"

#include <pthread.h>
#include <sched.h>

TEST(a_ring_gives_back_what_went_in_and_no_more_than_fits)
{
	struct ring r;
	int values[10] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, out[10];
	int value;

	CHECK_OK(ring_init(&r, sizeof(int), 5));
	CHECK_EQ(ring_capacity(&r), 8);
	CHECK(!ring_pop(&r, &value));
	for (int round = 0; round < 20; round++) {
		CHECK_EQ(ring_write(&r, values, 5), 5);
		CHECK_EQ(ring_write(&r, values + 5, 5), 3);
		CHECK(!ring_push(&r, values));
		CHECK_EQ(ring_count(&r), 8);
		CHECK_EQ(ring_read(&r, out, 3), 3);
		CHECK_EQ(ring_read(&r, out + 3, 10 - 3), 5);
		CHECK_MEM(out, values, 8 * sizeof(int));
		CHECK(ring_push(&r, &round) && ring_pop(&r, &value));
		CHECK_EQ(value, round);
	}
	ring_free(&r);
	CHECK_EQ(ring_init(&r, 0, 5), OH_EINVAL);
	CHECK_EQ(ring_init(&r, 4, 0), OH_EINVAL);
	CHECK_EQ(ring_init(&r, 4, (size_t)1 << 31), OH_EINVAL);
	mem_fail_at(1);
	CHECK_EQ(ring_init(&r, 4, 8), OH_ENOMEM);
}

enum { RECORDS = 100000, PRODUCERS = 4, NODES = 10000 };

struct record {
	uint64_t serial, twice;
};

static void *produce_records(void *arg)
{
	struct ring *r = arg;

	for (uint64_t i = 0; i < RECORDS;) {
		struct record batch[3] = {{i, 2 * i}, {i + 1, 2 * i + 2}, {i + 2, 2 * i + 4}};
		size_t n = ring_write(r, batch, RECORDS - i < 3 ? RECORDS - i : 3);

		if (n == 0)
			sched_yield();
		i += n;
	}
	return NULL;
}

TEST(two_threads_see_every_record_whole_and_in_order)
{
	struct ring r;
	pthread_t thread;

	CHECK_OK(ring_init(&r, sizeof(struct record), 64));
	CHECK_EQ(pthread_create(&thread, NULL, produce_records, &r), 0);
	for (uint64_t i = 0; i < RECORDS;) {
		struct record got[7];
		size_t n = ring_read(&r, got, 7);

		if (n == 0)
			sched_yield();
		for (size_t k = 0; k < n; k++, i++) {
			CHECK_EQ(got[k].serial, i);
			CHECK_EQ(got[k].twice, 2 * i);
		}
	}
	pthread_join(thread, NULL);
	CHECK_EQ(ring_count(&r), 0);
	ring_free(&r);
}

struct parcel {
	struct mpsc_node node;
	unsigned producer, serial;
};

struct producer {
	struct mpsc *q;
	unsigned number;
	struct parcel parcels[NODES];
	unsigned found_empty;
};

static void *produce_parcels(void *arg)
{
	struct producer *p = arg;

	for (unsigned i = 0; i < NODES; i++) {
		p->parcels[i].producer = p->number;
		p->parcels[i].serial = i;
		p->found_empty += mpsc_push(p->q, &p->parcels[i].node);
		if (i % 100 == 0)
			sched_yield();
	}
	return NULL;
}

TEST(many_producers_lose_nothing_and_each_keeps_its_order)
{
	static struct producer producers[PRODUCERS];
	struct mpsc q;
	pthread_t threads[PRODUCERS];
	unsigned next[PRODUCERS] = {0}, found_empty = 0;

	mpsc_init(&q);
	CHECK(mpsc_pop(&q) == NULL);
	for (unsigned i = 0; i < PRODUCERS; i++) {
		producers[i].q = &q;
		producers[i].number = i;
		CHECK_EQ(pthread_create(&threads[i], NULL, produce_parcels, &producers[i]), 0);
	}
	for (size_t n = 0; n < (size_t)PRODUCERS * NODES;) {
		struct mpsc_node *node = mpsc_pop(&q);
		struct parcel *p;

		if (!node) {
			sched_yield();
			continue;
		}
		p = CONTAINER_OF(node, struct parcel, node);
		CHECK_EQ(p->serial, next[p->producer]);
		next[p->producer]++;
		n++;
	}
	for (unsigned i = 0; i < PRODUCERS; i++) {
		pthread_join(threads[i], NULL);
		found_empty += producers[i].found_empty;
	}
	CHECK(mpsc_pop(&q) == NULL);
	CHECK(found_empty >= 1);
}

TEST(only_the_first_push_finds_the_queue_empty)
{
	struct mpsc q;
	struct mpsc_node nodes[3];

	mpsc_init(&q);
	CHECK(mpsc_push(&q, &nodes[0]));
	CHECK(!mpsc_push(&q, &nodes[1]));
	CHECK(mpsc_pop(&q) == &nodes[0]);
	CHECK(mpsc_push(&q, &nodes[2])); /* the stack is empty; a wake-up too many does no harm */
	CHECK(mpsc_pop(&q) == &nodes[1]);
	CHECK(mpsc_pop(&q) == &nodes[2]);
	CHECK(mpsc_pop(&q) == NULL);
}

TESTS(RUN(a_ring_gives_back_what_went_in_and_no_more_than_fits),
	RUN(two_threads_see_every_record_whole_and_in_order),
	RUN(many_producers_lose_nothing_and_each_keeps_its_order),
	RUN(only_the_first_push_finds_the_queue_empty))
