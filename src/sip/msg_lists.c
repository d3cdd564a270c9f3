/* All values of Via, Route and Record-Route, over all their header lines (RFC 3261 7.3.1). */
#include "sip/msg_impl.h"

static int next_via(struct slice *rest, void *ret_element)
{
	return sip_via_next(rest, ret_element);
}

/* Route and Record-Route are name-addrs: brackets are a must (RFC 3261 20.34, 20.30). */
static int next_route(struct slice *rest, void *ret_element)
{
	struct sip_addr *addr = ret_element;
	int n = sip_addr_next(rest, addr);

	return n == 1 && !addr->angled ? OH_ESYNTAX : n;
}

/* Counts first, so that the arena gives exactly what is needed. */
static int read_list(struct sip_msg *m, enum sip_hdr_id id, int (*next)(struct slice *, void *), size_t size,
	const void **ret_list, size_t *ret_n)
{
	union {
		struct sip_via via;
		struct sip_addr addr;
	} scratch;
	char *list = NULL;
	size_t count = 0, n = 0;

	for (const struct sip_hdr *h = sip_msg_hdr(m, id); h; h = sip_msg_hdr_next(m, h)) {
		struct slice rest = h->value;

		do {
			int err = next(&rest, &scratch);

			if (err <= 0)
				return err ? err : OH_ESYNTAX;
			if (++count > SIP_MSG_LIST_MAX)
				return OH_ETOOBIG;
		} while (rest.n);
	}
	if (count) {
		list = arena_zalloc(&m->arena, count * size);
		if (!list)
			return OH_ENOMEM;
	}
	for (const struct sip_hdr *h = sip_msg_hdr(m, id); h; h = sip_msg_hdr_next(m, h)) {
		struct slice rest = h->value;

		while (next(&rest, list + n * size) == 1)
			n++;
	}
	*ret_list = list;
	*ret_n = count;
	return 0;
}

static int once(struct sip_msg *m, enum sip_typed_id typed, enum sip_hdr_id id,
	int (*next)(struct slice *, void *), size_t size, const void **list, size_t *n)
{
	if (!(m->parsed >> typed & 1)) {
		int err = read_list(m, id, next, size, list, n);

		/* Memory may be there next time; everything else stays as it is. */
		if (err == OH_ENOMEM)
			return err;
		m->parsed |= 1u << typed;
		m->typed_err[typed] = (int16_t)err;
	}
	return m->typed_err[typed];
}

int sip_msg_vias(struct sip_msg *m, const struct sip_via **ret_list, size_t *ret_n)
{
	int err = once(m, SIP_TYPED_VIAS, SIP_HDR_VIA, next_via, sizeof(struct sip_via),
		&m->typed.vias.elements, &m->typed.vias.n);

	if (err)
		return err;
	*ret_list = m->typed.vias.elements;
	*ret_n = m->typed.vias.n;
	return 0;
}

int sip_msg_routes(struct sip_msg *m, enum sip_hdr_id id, const struct sip_addr **ret_list, size_t *ret_n)
{
	bool record = id == SIP_HDR_RECORD_ROUTE;
	enum sip_typed_id typed = record ? SIP_TYPED_RECORD_ROUTES : SIP_TYPED_ROUTES;
	const void **elements = record ? &m->typed.record_routes.elements : &m->typed.routes.elements;
	size_t *n = record ? &m->typed.record_routes.n : &m->typed.routes.n;
	int err;

	if (!record && id != SIP_HDR_ROUTE)
		return OH_EINVAL;
	err = once(m, typed, id, next_route, sizeof(struct sip_addr), elements, n);
	if (err)
		return err;
	*ret_list = *elements;
	*ret_n = *n;
	return 0;
}
