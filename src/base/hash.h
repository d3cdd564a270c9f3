/*
 * An intrusive hash table. Keys come from the network, so the hash is keyed (SipHash-1-3) with a seed that the
 * host drew: nobody outside can aim at one bucket. It grows by doubling and never shrinks.
 */
#ifndef OH_BASE_HASH_H
#define OH_BASE_HASH_H

#include "base/slice.h"

struct hash_node {
	struct hash_node *next;
	uint64_t hash;
};

struct hash {
	struct hash_node **buckets;
	size_t n_buckets, count;
	uint64_t seed[2];
};

/* OH_ENOMEM. seed: 16 random bytes. */
int hash_init(struct hash *h, const uint64_t seed[2]);

/* The table must be empty of nodes that somebody still wants to remove. */
void hash_free(struct hash *h);

/* SipHash-1-3 of the bytes. To hash a compound key, mix part by part: k = hash_key(h, part, k). */
uint64_t hash_key(const struct hash *h, struct slice key, uint64_t mix);
/* The same with ASCII letters folded to lower case. */
uint64_t hash_key_nocase(const struct hash *h, struct slice key, uint64_t mix);

/* Never fails: if growing runs out of memory the chains get longer. */
void hash_insert(struct hash *h, struct hash_node *node, uint64_t hash);
void hash_remove(struct hash *h, struct hash_node *node);

/* Chain walk: for (n = hash_first(h, k); n; n = hash_next(n)) yields the nodes with exactly this hash. */
struct hash_node *hash_first(const struct hash *h, uint64_t hash);
struct hash_node *hash_next(const struct hash_node *node);

#endif
