/* A call as a ladder of text. Each message is one small row; what people read is made when they ask. trace.h. */
#include "phone/trace.h"

#include "base/mem.h"
#include "phone/phone_impl.h"
#include "sip/peek.h"

#include <stdarg.h>

/* Packed: a phone keeps one row a message of all its calls. */
struct row {
	uint32_t at_ms;
	uint32_t cseq;
	uint16_t status; /* 0: a request */
	uint8_t method;
	bool out, sdp, again;
	uint8_t remote; /* index into remotes */
};

struct ladder {
	struct hash_node node;
	struct list ended; /* traces.ended, once the call is forgotten */
	offhook_id call;
	uint64_t begun_ns;
	struct row *rows;
	uint32_t n_rows, cap_rows;
	uint32_t left_out; /* rows between the first and the last half */
	uint8_t n_remotes;
	struct netaddr local, remotes[LADDER_REMOTES_MAX];
	char sip_call_id[];
};

struct ladder *ladder_new(struct offhook_phone *p, const char *sip_call_id, offhook_id call)
{
	size_t n = strlen(sip_call_id);
	struct ladder *l = mem_zalloc(sizeof(*l) + n + 1);

	if (!l)
		return NULL;
	l->call = call;
	l->begun_ns = host_now(p->host);
	memcpy(l->sip_call_id, sip_call_id, n + 1);
	hash_insert(
		&p->traces.ladders, &l->node, hash_key(&p->traces.ladders, slice_make(sip_call_id, n), 0));
	return l;
}

static void ladder_free(struct offhook_phone *p, struct ladder *l)
{
	if (list_linked(&l->ended)) {
		list_remove(&l->ended);
		p->traces.n_ended--;
	}
	hash_remove(&p->traces.ladders, &l->node);
	mem_free(l->rows);
	mem_free(l);
}

struct ladder *ladder_end(struct offhook_phone *p, struct ladder *l)
{
	if (!l)
		return NULL;
	list_append(&p->traces.ended, &l->ended);
	if (++p->traces.n_ended > LADDERS_KEPT)
		ladder_free(p, CONTAINER_OF(list_first(&p->traces.ended), struct ladder, ended));
	return NULL;
}

void ladders_free_all(struct offhook_phone *p)
{
	LIST_FOREACH_SAFE (it, &p->traces.ended)
		ladder_free(p, CONTAINER_OF(it, struct ladder, ended));
}

/* ---- noting ---- */

static uint8_t remote_index(struct ladder *l, const struct netaddr *remote)
{
	for (uint8_t i = 0; i < l->n_remotes; i++) {
		if (netaddr_eq(&l->remotes[i], remote))
			return i;
	}
	if (l->n_remotes == LADDER_REMOTES_MAX)
		return LADDER_REMOTES_MAX - 1;
	l->remotes[l->n_remotes] = *remote;
	return l->n_remotes++;
}

static bool make_room(struct ladder *l)
{
	uint32_t cap = l->cap_rows ? l->cap_rows * 2 : 8;
	struct row *rows;

	if (l->n_rows < l->cap_rows)
		return true;
	if (l->n_rows == LADDER_ROWS_MAX) {
		uint32_t half = LADDER_ROWS_MAX / 2;

		memmove(&l->rows[half], &l->rows[half + 1], (half - 1) * sizeof(*l->rows));
		l->n_rows--;
		l->left_out++;
		return true;
	}
	rows = mem_realloc(l->rows, cap * sizeof(*rows));
	if (!rows)
		return false;
	l->rows = rows;
	l->cap_rows = cap;
	return true;
}

/* The same message once more: a retransmission, or the same request to the next server. */
static bool is_again(const struct ladder *l, const struct row *row)
{
	for (uint32_t i = l->n_rows; i-- > 0 && l->n_rows - i <= 16;) {
		const struct row *r = &l->rows[i];

		if (r->out == row->out && r->method == row->method && r->status == row->status &&
			r->cseq == row->cseq)
			return true;
	}
	return false;
}

static void append(struct offhook_phone *p, struct ladder *l, const struct ladder_message *m,
	const struct sip_peek *peek)
{
	struct row row = {
		.at_ms = (uint32_t)((host_now(p->host) - l->begun_ns) / NS_PER_MS),
		.cseq = peek->cseq,
		.status = (uint16_t)peek->status,
		.method = (uint8_t)peek->method,
		.out = m->out,
		.sdp = peek->body_sdp,
	};

	row.again = is_again(l, &row);
	if (!make_room(l))
		return;
	if (!l->n_rows)
		l->local = *m->local;
	row.remote = remote_index(l, m->remote);
	l->rows[l->n_rows++] = row;
}

void ladder_add(struct offhook_phone *p, struct ladder *l, const struct ladder_message *m)
{
	struct sip_peek peek;

	if (l && !sip_peek(m->bytes, &peek))
		append(p, l, m, &peek);
}

void ladder_note(struct offhook_phone *p, const struct ladder_message *m)
{
	struct hash *h = &p->traces.ladders;
	struct sip_peek peek;

	if (!h->count || sip_peek(m->bytes, &peek) || slice_empty(peek.call_id))
		return;
	/* Two calls of one phone with each other have one Call-ID: both see the message. */
	for (struct hash_node *n = hash_first(h, hash_key(h, peek.call_id, 0)); n; n = hash_next(n)) {
		struct ladder *l = CONTAINER_OF(n, struct ladder, node);

		if (slice_eq(slice_of(l->sip_call_id), peek.call_id))
			append(p, l, m, &peek);
	}
}

/* ---- drawing ---- */

#define ARROW_WIDTH 48

struct page {
	char *buf;
	size_t size, n; /* n: of the whole text, also what does not fit */
};

static void __attribute__((format(printf, 2, 3))) put(struct page *page, const char *format, ...)
{
	size_t at = page->n < page->size ? page->n : page->size;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(page->buf ? page->buf + at : NULL, page->size - at, format, args);
	va_end(args);
	if (n > 0)
		page->n += (size_t)n;
}

static void row_label(const struct row *r, char *buf, size_t size)
{
	const char *method = r->method ? sip_method_name((enum sip_method)r->method) : "(other method)";

	if (r->status)
		snprintf(buf, size, " %u %s (%s %u)%s%s ", r->status, sip_reason(r->status), method, r->cseq,
			r->sdp ? " SDP" : "", r->again ? " again" : "");
	else
		snprintf(buf, size, " %s %u%s%s ", method, r->cseq, r->sdp ? " SDP" : "",
			r->again ? " again" : "");
}

static void draw_row(struct page *page, const struct ladder *l, const struct row *r, uint8_t remote_before)
{
	static const char dashes[] = "------------------------------------------------";
	char label[96], to[NETADDR_TEXT];
	int left, right;

	row_label(r, label, sizeof(label));
	left = (ARROW_WIDTH - 1 - (int)strlen(label)) / 2;
	left = left < 1 ? 1 : left;
	right = ARROW_WIDTH - 1 - (int)strlen(label) - left;
	right = right < 1 ? 1 : right;
	put(page, "%9.3f  |%s%.*s%s%.*s%s|", r->at_ms / 1000.0, r->out ? "" : "<", left, dashes, label, right,
		dashes, r->out ? ">" : "");
	if (r->remote != remote_before)
		put(page, "  %s", netaddr_text(&l->remotes[r->remote], to));
	put(page, "\n");
}

static void draw(struct page *page, const struct ladder *l)
{
	char local[NETADDR_TEXT], remote[NETADDR_TEXT];
	uint8_t before = 0;

	put(page, "Call-ID %s\n", l->sip_call_id);
	if (!l->n_rows) {
		put(page, "  no message has passed\n");
		return;
	}
	netaddr_text(&l->local, local);
	netaddr_text(&l->remotes[0], remote);
	put(page, "  seconds  us: %-*s%s\n", ARROW_WIDTH - 4, local, remote);
	for (uint32_t i = 0; i < l->n_rows; i++) {
		if (l->left_out && i == LADDER_ROWS_MAX / 2)
			put(page, "           ... %u messages are left out ...\n", l->left_out);
		draw_row(page, l, &l->rows[i], before);
		before = l->rows[i].remote;
	}
}

/* ---- asking ---- */

struct ladder_args {
	offhook_id call;
	struct page page;
};

static struct ladder *find(const struct offhook_phone *p, offhook_id call)
{
	const struct hash *h = &p->traces.ladders;

	for (size_t i = 0; i < h->n_buckets; i++) {
		for (struct hash_node *n = h->buckets[i]; n; n = n->next) {
			struct ladder *l = CONTAINER_OF(n, struct ladder, node);

			if (l->call == call)
				return l;
		}
	}
	return NULL;
}

static int ladder_run(struct offhook_phone *p, void *arg)
{
	struct ladder_args *a = arg;
	const struct ladder *l = find(p, a->call);

	/* A phone that is closed still knows what it has seen. */
	if (!l)
		return err_detail(OH_ENOENT,
			"no such call, or it ended before the last %u that are remembered", LADDERS_KEPT);
	draw(&a->page, l);
	return 0;
}

long offhook_call_ladder(struct offhook_phone *phone, offhook_id call, char *buf, size_t size)
{
	struct ladder_args args = {.call = call, .page = {.buf = buf, .size = buf ? size : 0}};
	int err;

	err_detail_clear();
	if (!phone)
		return err_detail(OH_EINVAL, "phone is NULL");
	err = phone_query(phone, ladder_run, &args);
	return err ? err : (long)args.page.n;
}
