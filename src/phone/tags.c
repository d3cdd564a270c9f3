#include "phone/tags.h"

#include "phone/phone_impl.h"

static uint64_t key_of(const struct offhook_phone *p, uint32_t tag)
{
	return hash_key(&p->tags, slice_make((const char *)&tag, sizeof(tag)), 0);
}

uint32_t tag_draw(struct offhook_phone *p)
{
	uint32_t tag;

	do {
		tag = atomic_fetch_add_explicit(&p->next_tag, 1, memory_order_relaxed) + 1;
	} while (tag == 0);
	return tag;
}

void tag_enter(struct offhook_phone *p, struct tagged *t)
{
	hash_insert(&p->tags, &t->node, key_of(p, t->tag));
}

void tag_leave(struct offhook_phone *p, struct tagged *t)
{
	if (t->tag)
		hash_remove(&p->tags, &t->node);
	t->tag = 0;
}

void tag_report(void *phone, const struct media_report *r)
{
	struct offhook_phone *p = phone;

	for (struct hash_node *n = hash_first(&p->tags, key_of(p, r->tag)); n; n = hash_next(n)) {
		struct tagged *t = CONTAINER_OF(n, struct tagged, node);

		if (t->tag == r->tag) {
			t->report(t, r);
			return;
		}
	}
}
