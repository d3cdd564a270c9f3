#include "sip/auth_limit.h"

#include "host/host.h"

static bool is_over(uint64_t since_ns, uint64_t now_ns)
{
	return now_ns - since_ns >= AUTH_LIMIT_S * NS_PER_S;
}

uint32_t auth_limit_blocked_s(const struct auth_limit *l, uint64_t now_ns, uint64_t key, uint32_t most)
{
	for (size_t i = 0; i < AUTH_LIMIT_ENTRIES; i++) {
		uint64_t since_ns = l->entries[i].since_ns;

		if (l->entries[i].key != key || is_over(since_ns, now_ns) || l->entries[i].wrong < most)
			continue;
		return AUTH_LIMIT_S - (uint32_t)((now_ns - since_ns) / NS_PER_S);
	}
	return 0;
}

bool auth_limit_count(struct auth_limit *l, uint64_t now_ns, uint64_t key, uint32_t most)
{
	size_t at = 0;

	for (size_t i = 0; i < AUTH_LIMIT_ENTRIES; i++) {
		if (l->entries[i].key == key) {
			at = i;
			break;
		}
		if (l->entries[i].since_ns < l->entries[at].since_ns)
			at = i;
	}
	if (l->entries[at].key != key || is_over(l->entries[at].since_ns, now_ns)) {
		l->entries[at].key = key;
		l->entries[at].since_ns = now_ns;
		l->entries[at].wrong = 0;
	}
	return ++l->entries[at].wrong == most;
}
