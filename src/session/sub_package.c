/* The event packages that we know: one row each, defined in its pkg_*.c. */
#include "session/sub_packages.h"

static const struct sub_package *const packages[] = {
	&pkg_refer,
	&pkg_presence,
	&pkg_dialog,
	&pkg_mwi,
};

void subs_init(struct subs *subs, struct sip_stack *stack)
{
	*subs = (struct subs){.stack = stack,
		.packages = packages,
		.n_packages = ARRAY_LEN(packages),
		.max_notifiers = SUBS_NOTIFIERS_MAX};
}

const struct sub_package *sub_package_find(const struct subs *subs, struct slice name)
{
	for (size_t i = 0; i < subs->n_packages; i++)
		if (slice_eq(name, slice_of(subs->packages[i]->name)))
			return subs->packages[i];
	return NULL;
}

struct slice sub_allow_events(const struct subs *subs, char buf[SUB_ALLOW_EVENTS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < subs->n_packages; i++) {
		const struct sub_package *p = subs->packages[i];
		size_t length = strlen(p->name);

		if (p->use == SUB_SUBSCRIBE_ONLY || n + length + 3 > SUB_ALLOW_EVENTS_MAX)
			continue;
		if (n) {
			memcpy(buf + n, ", ", 2);
			n += 2;
		}
		memcpy(buf + n, p->name, length);
		n += length;
	}
	return slice_make(buf, n);
}
