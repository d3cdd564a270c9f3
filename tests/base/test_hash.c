#include "check.h"

#include "base/hash.h"
#include "base/list.h"
#include "offhook/error.h"

static const uint64_t seed[2] = {0x0706050403020100u, 0x0f0e0d0c0b0a0908u};

struct item {
	struct hash_node node;
	char name[16];
	bool seen;
};

static struct item *find(const struct hash *h, const char *name)
{
	struct hash_node *n = hash_first(h, hash_key(h, slice_of(name), 0));

	for (; n; n = hash_next(n)) {
		struct item *it = CONTAINER_OF(n, struct item, node);

		if (strcmp(it->name, name) == 0)
			return it;
	}
	return NULL;
}

TEST(what_goes_in_is_found_until_it_is_removed)
{
	enum { N = 1000 };
	static struct item items[N];
	struct hash h;

	CHECK_OK(hash_init(&h, seed));
	for (int i = 0; i < N; i++) {
		snprintf(items[i].name, sizeof(items[i].name), "item-%d", i);
		hash_insert(&h, &items[i].node, hash_key(&h, slice_of(items[i].name), 0));
	}
	CHECK_EQ(h.count, N);
	CHECK(h.n_buckets >= N / 2);
	for (int i = 0; i < N; i++)
		CHECK(find(&h, items[i].name) == &items[i]);
	for (int i = 0; i < N; i += 2)
		hash_remove(&h, &items[i].node);
	for (int i = 0; i < N; i++)
		CHECK(find(&h, items[i].name) == (i % 2 ? &items[i] : NULL));
	hash_remove(&h, &items[0].node);
	CHECK_EQ(h.count, N / 2);
	hash_free(&h);
}

TEST(nodes_of_one_hash_are_all_found)
{
	struct item items[3] = {0};
	struct hash h;
	size_t n = 0;

	CHECK_OK(hash_init(&h, seed));
	for (int i = 0; i < 3; i++)
		hash_insert(&h, &items[i].node, 42);
	for (struct hash_node *it = hash_first(&h, 42); it; it = hash_next(it))
		n++;
	CHECK_EQ(n, 3);
	CHECK(hash_first(&h, 42 + 16) == NULL);
	hash_free(&h);
}

TEST(without_memory_to_grow_the_chains_get_longer)
{
	static struct item items[100];
	struct hash h;

	CHECK_OK(hash_init(&h, seed));
	for (int i = 0; i < 100; i++) {
		snprintf(items[i].name, sizeof(items[i].name), "%d", i);
		mem_fail_at(1);
		hash_insert(&h, &items[i].node, hash_key(&h, slice_of(items[i].name), 0));
	}
	mem_fail_at(0);
	CHECK_EQ(h.n_buckets, 16);
	for (int i = 0; i < 100; i++)
		CHECK(find(&h, items[i].name) == &items[i]);
	hash_free(&h);
	mem_fail_at(1);
	CHECK_EQ(hash_init(&h, seed), OH_ENOMEM);
}

TEST(case_folds_letters_only_and_every_part_of_a_key_counts)
{
	static const struct {
		const char *a, *b;
		bool same;
	} rows[] = {
		{"z9hG4bKabcDEF", "Z9HG4BKABCdef", true},
		{"alice", "ALICE", true},
		{"@@@@@@@@", "````````", false},
		{"[[[[[[[[", "{{{{{{{{", false},
		{"\xc1\xc1\xc1\xc1\xc1\xc1\xc1\xc1", "\xe1\xe1\xe1\xe1\xe1\xe1\xe1\xe1", false},
		{"AZaz[`{@", "azAZ[`{@", true},
		{"a", "b", false},
		{"", "a", false},
	};
	struct hash h, other;

	CHECK_OK(hash_init(&h, seed));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice a = slice_of(rows[i].a), b = slice_of(rows[i].b);

		CHECK_EQ(hash_key_nocase(&h, a, 7) == hash_key_nocase(&h, b, 7), rows[i].same);
		CHECK(hash_key(&h, a, 7) != hash_key(&h, b, 7));
		CHECK(hash_key(&h, a, 7) != hash_key(&h, a, 8));
	}
	CHECK_OK(hash_init(&other, (uint64_t[2]){1, 2}));
	CHECK(hash_key(&h, slice_of("a"), 0) != hash_key(&other, slice_of("a"), 0));
	hash_free(&h);
	hash_free(&other);
}

TESTS(RUN(what_goes_in_is_found_until_it_is_removed), RUN(nodes_of_one_hash_are_all_found),
	RUN(without_memory_to_grow_the_chains_get_longer),
	RUN(case_folds_letters_only_and_every_part_of_a_key_counts))
