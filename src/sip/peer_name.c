#include "sip/peer_name.h"

#include "base/mem.h"
#include "offhook/error.h"

struct peer_name {
	struct hash_node node;
	struct list link;
	size_t n;
	char text[];
};

int peer_names_init(struct peer_names *p, const uint64_t seed[2])
{
	list_init(&p->list);
	p->n = 0;
	return hash_init(&p->by_name, seed);
}

static void forget(struct peer_names *p, struct peer_name *name)
{
	hash_remove(&p->by_name, &name->node);
	list_remove(&name->link);
	p->n--;
	mem_free(name);
}

void peer_names_free(struct peer_names *p)
{
	while (p->n)
		forget(p, CONTAINER_OF(list_first(&p->list), struct peer_name, link));
	hash_free(&p->by_name);
}

/* 63 bits, keyed with a seed that nobody knows: two names do not meet. */
static struct peer_name *find(const struct peer_names *p, uint64_t number)
{
	struct hash_node *n = number ? hash_first(&p->by_name, number) : NULL;

	return n ? CONTAINER_OF(n, struct peer_name, node) : NULL;
}

uint64_t peer_names_note(struct peer_names *p, struct slice text)
{
	uint64_t number = hash_key_nocase(&p->by_name, text, 0) | 1;
	struct peer_name *name = find(p, number);

	if (name) {
		list_remove(&name->link);
		list_append(&p->list, &name->link);
		return number;
	}
	name = mem_zalloc(sizeof(*name) + text.n);
	if (!name)
		return 0;
	memcpy(name->text, text.p, text.n);
	name->n = text.n;
	if (p->n == SIP_PEER_NAMES_MAX)
		forget(p, CONTAINER_OF(list_first(&p->list), struct peer_name, link));
	hash_insert(&p->by_name, &name->node, number);
	list_append(&p->list, &name->link);
	p->n++;
	return number;
}

struct slice peer_names_text(const struct peer_names *p, uint64_t number)
{
	const struct peer_name *name = find(p, number);

	return name ? slice_make(name->text, name->n) : SLICE_NONE;
}
