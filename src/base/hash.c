#include "base/hash.h"

#include "base/mem.h"
#include "offhook/error.h"

#define HASH_FIRST_BUCKETS 16 /* a power of two */

/* ---- SipHash-1-3 (Aumasson, Bernstein 2012): one round a word, three at the end ---- */

struct sip_state {
	uint64_t v0, v1, v2, v3;
};

static uint64_t rotl(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static void sip_round(struct sip_state *s)
{
	s->v0 += s->v1;
	s->v1 = rotl(s->v1, 13) ^ s->v0;
	s->v0 = rotl(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotl(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotl(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotl(s->v1, 17) ^ s->v2;
	s->v2 = rotl(s->v2, 32);
}

static void sip_word(struct sip_state *s, uint64_t word)
{
	s->v3 ^= word;
	sip_round(s);
	s->v0 ^= word;
}

/* Bit 5 set in each byte that is an ASCII capital, eight bytes at once. */
static uint64_t fold_case(uint64_t word)
{
	const uint64_t ones = 0x0101010101010101u;
	uint64_t low7 = word & ones * 0x7f;
	uint64_t at_least_a = low7 + ones * (0x80 - 'A');
	uint64_t above_z = low7 + ones * (0x7f - 'Z');
	uint64_t capital = (at_least_a ^ above_z) & ~word & ones * 0x80;

	return word | capital >> 2;
}

static uint64_t load_le(const char *p, size_t n)
{
	uint64_t word = 0;

	for (size_t i = 0; i < n; i++)
		word |= (uint64_t)(unsigned char)p[i] << (8 * i);
	return word;
}

static uint64_t siphash(const struct hash *h, struct slice key, uint64_t mix, bool nocase)
{
	struct sip_state s = {h->seed[0] ^ 0x736f6d6570736575u, h->seed[1] ^ 0x646f72616e646f6du,
		h->seed[0] ^ 0x6c7967656e657261u, h->seed[1] ^ 0x7465646279746573u};
	uint64_t tail;
	size_t at = 0;

	/* What came before is the first word of the text: a compound key hashes as one. */
	sip_word(&s, mix);
	for (; key.n - at >= 8; at += 8) {
		uint64_t word = load_le(key.p + at, 8);

		sip_word(&s, nocase ? fold_case(word) : word);
	}
	tail = key.n > at ? load_le(key.p + at, key.n - at) : 0;
	sip_word(&s, (nocase ? fold_case(tail) : tail) | (uint64_t)(key.n & 0xff) << 56);
	s.v2 ^= 0xff;
	sip_round(&s);
	sip_round(&s);
	sip_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

uint64_t hash_key(const struct hash *h, struct slice key, uint64_t mix)
{
	return siphash(h, key, mix, false);
}

uint64_t hash_key_nocase(const struct hash *h, struct slice key, uint64_t mix)
{
	return siphash(h, key, mix, true);
}

/* ---- the table ---- */

int hash_init(struct hash *h, const uint64_t seed[2])
{
	struct hash_node **buckets = mem_zalloc(HASH_FIRST_BUCKETS * sizeof(struct hash_node *));

	if (!buckets)
		return OH_ENOMEM;
	*h = (struct hash){.buckets = buckets, .n_buckets = HASH_FIRST_BUCKETS, .seed = {seed[0], seed[1]}};
	return 0;
}

void hash_free(struct hash *h)
{
	mem_free(h->buckets);
	*h = (struct hash){0};
}

static struct hash_node **bucket_of(const struct hash *h, uint64_t hash)
{
	return &h->buckets[hash & (h->n_buckets - 1)];
}

static void grow(struct hash *h)
{
	struct hash wide = *h;

	wide.n_buckets = h->n_buckets * 2;
	wide.buckets = mem_zalloc(wide.n_buckets * sizeof(struct hash_node *));
	if (!wide.buckets)
		return;
	for (size_t i = 0; i < h->n_buckets; i++) {
		while (h->buckets[i]) {
			struct hash_node *node = h->buckets[i];
			struct hash_node **to = bucket_of(&wide, node->hash);

			h->buckets[i] = node->next;
			node->next = *to;
			*to = node;
		}
	}
	mem_free(h->buckets);
	*h = wide;
}

void hash_insert(struct hash *h, struct hash_node *node, uint64_t hash)
{
	struct hash_node **at;

	if (h->count >= h->n_buckets)
		grow(h);
	at = bucket_of(h, hash);
	node->hash = hash;
	node->next = *at;
	*at = node;
	h->count++;
}

void hash_remove(struct hash *h, struct hash_node *node)
{
	for (struct hash_node **at = bucket_of(h, node->hash); *at; at = &(*at)->next) {
		if (*at == node) {
			*at = node->next;
			node->next = NULL;
			h->count--;
			return;
		}
	}
}

static struct hash_node *with_hash(struct hash_node *node, uint64_t hash)
{
	while (node && node->hash != hash)
		node = node->next;
	return node;
}

struct hash_node *hash_first(const struct hash *h, uint64_t hash)
{
	return with_hash(*bucket_of(h, hash), hash);
}

struct hash_node *hash_next(const struct hash_node *node)
{
	return with_hash(node->next, node->hash);
}
