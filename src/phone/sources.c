#include "phone/sources.h"

#include "base/err.h"
#include "base/mem.h"
#include "offhook/phone.h"

struct prefix {
	struct netaddr ip;
	unsigned bits;
};

struct sources {
	size_t n;
	struct prefix list[];
};

static unsigned all_bits(const struct netaddr *ip)
{
	return ip->family == NETADDR_IP6 ? 128 : 32;
}

static int parse(const char *text, struct prefix *ret)
{
	struct slice all = slice_trim(slice_of(text)), ip = all;
	size_t at = slice_index(all, '/');
	uint32_t bits;

	ip.n = at;
	if (!text || netaddr_parse_ip(ip, 0, &ret->ip))
		return OH_EINVAL;
	ret->bits = all_bits(&ret->ip);
	if (at == all.n)
		return 0;
	if (slice_to_u32(slice_skip(all, at + 1), ret->bits, &bits))
		return OH_EINVAL;
	ret->bits = bits;
	return 0;
}

int sources_new(const char *const *list, size_t n, struct sources **ret_sources)
{
	struct sources *s;

	*ret_sources = NULL;
	if (n == 0)
		return 0;
	if (n > OFFHOOK_SOURCES_MAX)
		return err_detail(OH_EINVAL, "at most %d sources", OFFHOOK_SOURCES_MAX);
	s = mem_zalloc(sizeof(*s) + n * sizeof(s->list[0]));
	if (!s)
		return OH_ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (parse(list[i], &s->list[i])) {
			mem_free(s);
			return err_detail(OH_EINVAL, "'%.64s' is no IP address, with or without /BITS",
				list[i] ? list[i] : "");
		}
	s->n = n;
	*ret_sources = s;
	return 0;
}

static bool covers(const struct prefix *p, const struct netaddr *addr)
{
	size_t bytes = p->bits / 8;
	unsigned rest = p->bits % 8;

	if (p->ip.family != addr->family || memcmp(p->ip.ip, addr->ip, bytes) != 0)
		return false;
	return rest == 0 || ((p->ip.ip[bytes] ^ addr->ip[bytes]) & 0xff << (8 - rest) & 0xff) == 0;
}

bool sources_allow(const struct sources *s, const struct netaddr *addr)
{
	if (!s)
		return true;
	for (size_t i = 0; i < s->n; i++)
		if (covers(&s->list[i], addr))
			return true;
	return false;
}

size_t sources_count(const struct sources *s)
{
	return s ? s->n : 0;
}
