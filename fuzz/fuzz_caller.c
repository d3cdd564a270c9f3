/* Any bytes as a message: what it says about its caller is read without harm, and every text of it ends. */
#include "fuzz.h"

#include "offhook/identity.h"

static void look(const char *text, size_t limit)
{
	CHECK(strlen(text) <= limit);
}

void fuzz_one(const uint8_t *data, size_t size)
{
	struct offhook_caller *c;

	if (offhook_caller_read((const char *)data, size, &c))
		return;
	look(c->uri, size);
	look(c->name, size);
	look(c->asserted, size);
	look(c->asserted_other, size);
	look(c->preferred, size);
	look(c->privacy, size);
	look(c->alert_info, size);
	CHECK(c->n_diversions <= OFFHOOK_CALLER_LIST_MAX && c->n_history <= OFFHOOK_CALLER_LIST_MAX);
	for (size_t i = 0; i < c->n_diversions; i++) {
		look(c->diversions[i].uri, size);
		look(c->diversions[i].name, size);
		look(c->diversions[i].reason, size);
		look(c->diversions[i].privacy, size);
	}
	for (size_t i = 0; i < c->n_history; i++) {
		look(c->history[i].uri, size);
		look(c->history[i].name, size);
		look(c->history[i].index, size);
		look(c->history[i].why, 2);
		look(c->history[i].from, size);
		CHECK(c->history[i].cause <= 999);
	}
	offhook_caller_free(c);
}
