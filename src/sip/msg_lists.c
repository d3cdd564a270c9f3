/* All values of Via, Route and Record-Route, over all their header lines (RFC 3261 7.3.1). */
#include "sip/msg_impl.h"

union element {
	struct sip_via via;
	struct sip_addr addr;
};

typedef int next_fn(struct slice *rest, const char *readable, void *ret_element);

static int next_via(struct slice *rest, const char *readable, void *ret_element)
{
	return sip_scan_via(rest, readable, ret_element);
}

/* Route and Record-Route are name-addrs: brackets are a must (RFC 3261 20.34, 20.30). */
static int next_route(struct slice *rest, const char *readable, void *ret_element)
{
	struct sip_addr *addr = ret_element;
	int n = sip_scan_addr(rest, readable, addr);

	return n == 1 && !addr->angled ? OH_ESYNTAX : n;
}

/* One pass over the lines: the first `cap` elements go to list, all are counted. */
static int walk(struct sip_msg *m, enum sip_hdr_id id, next_fn *next, char *list, size_t size, size_t cap,
	size_t *ret_count)
{
	union element beyond;
	size_t count = 0;

	for (const struct sip_hdr *h = sip_msg_hdr(m, id); h; h = sip_msg_hdr_next(m, h)) {
		struct slice rest = h->value;

		do {
			int n = next(&rest, sip_msg_readable(m),
				count < cap ? list + count * size : (void *)&beyond);

			if (n <= 0)
				return n ? n : OH_ESYNTAX;
			if (++count > SIP_MSG_LIST_MAX)
				return OH_ETOOBIG;
		} while (rest.n);
	}
	*ret_count = count;
	return 0;
}

/* The arena gives exactly what is needed; a short list, the usual one, is read only once. */
static int read_list(struct sip_msg *m, enum sip_hdr_id id, next_fn *next, size_t size, const void **ret_list,
	size_t *ret_n)
{
	union element few[4];
	char *list = NULL;
	size_t count, cap = sizeof(few) / size;
	int err = walk(m, id, next, (char *)few, size, cap, &count);

	if (err)
		return err;
	if (count) {
		list = arena_zalloc(&m->arena, count * size);
		if (!list)
			return OH_ENOMEM;
		if (count <= cap)
			memcpy(list, few, count * size);
		else
			(void)walk(m, id, next, list, size, count, &count);
	}
	*ret_list = list;
	*ret_n = count;
	return 0;
}

static int once(struct sip_msg *m, enum sip_typed_id typed, enum sip_hdr_id id, next_fn *next, size_t size,
	const void **list, size_t *n)
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
