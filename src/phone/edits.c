#include "phone/edits.h"

#include "base/mem.h"
#include "phone/call_impl.h"
#include "sdp/edit.h"

#define SDP_MAX 8192u /* bytes of an edited description */

struct edits {
	struct extras *headers;
	unsigned in[OFFHOOK_EDITS_MAX];
	size_t n_sdp;
	struct sdp_edit sdp[OFFHOOK_EDITS_MAX];
	char *texts[2 * OFFHOOK_EDITS_MAX]; /* of sdp */
};

struct edits *edits_free(struct edits *e)
{
	if (!e)
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(e->texts); i++)
		mem_free(e->texts[i]);
	mem_free(e->headers);
	mem_free(e);
	return NULL;
}

/* ---- settings ---- */

static int take_headers(struct edits *e, const struct offhook_edits *cfg)
{
	const unsigned all = OFFHOOK_IN_INVITE | OFFHOOK_IN_REINVITE | OFFHOOK_IN_UPDATE |
			     OFFHOOK_IN_PROVISIONAL | OFFHOOK_IN_ACCEPTED;
	struct offhook_header list[OFFHOOK_EDITS_MAX];

	if (cfg->n_headers > OFFHOOK_EDITS_MAX)
		return err_detail(OH_ETOOMANY, "at most %d headers", OFFHOOK_EDITS_MAX);
	if (cfg->n_headers && !cfg->headers)
		return err_detail(OH_EINVAL, "headers is NULL");
	for (size_t i = 0; i < cfg->n_headers; i++) {
		if (!cfg->headers[i].in || cfg->headers[i].in & ~all)
			return err_detail(OH_EINVAL, "in of header %zu is no enum offhook_edit_in", i);
		e->in[i] = cfg->headers[i].in;
		list[i] = (struct offhook_header){cfg->headers[i].name, cfg->headers[i].value};
	}
	return extras_new(list, cfg->n_headers, &e->headers);
}

static int keep(struct edits *e, size_t at, const char *text, struct slice *ret)
{
	*ret = SLICE_NONE;
	if (!text)
		return 0;
	e->texts[at] = mem_strdup(text);
	*ret = slice_of(e->texts[at]);
	return e->texts[at] ? 0 : OH_ENOMEM;
}

static int take_sdp(struct edits *e, const struct offhook_edits *cfg)
{
	if (cfg->n_sdp > OFFHOOK_EDITS_MAX)
		return err_detail(OH_ETOOMANY, "at most %d edits of descriptions", OFFHOOK_EDITS_MAX);
	if (cfg->n_sdp && !cfg->sdp)
		return err_detail(OH_EINVAL, "sdp is NULL");
	for (size_t i = 0; i < cfg->n_sdp; i++) {
		const struct offhook_sdp_edit *theirs = &cfg->sdp[i];
		struct sdp_edit *ours = &e->sdp[i];
		int err;

		if ((unsigned)theirs->op > OFFHOOK_SDP_REPLACE || (unsigned)theirs->part > OFFHOOK_SDP_AUDIO)
			return err_detail(OH_EINVAL, "edit %zu: no such op or part", i);
		ours->op = (enum sdp_edit_op)theirs->op;
		ours->part = (enum sdp_edit_part)theirs->part;
		err = keep(e, 2 * i, theirs->begins, &ours->begins);
		if (!err)
			err = keep(e, 2 * i + 1, theirs->line, &ours->line);
		if (err)
			return err;
		if (!sdp_edit_allowed(ours))
			return err_detail(OH_EINVAL, "edit %zu: only whole a= and b= lines", i);
	}
	e->n_sdp = cfg->n_sdp;
	return 0;
}

static int edits_new(const struct offhook_edits *theirs, struct edits **ret_edits)
{
	struct offhook_edits cfg = {.size = sizeof(cfg)};
	struct edits *e;
	int err;

	*ret_edits = NULL;
	if (!theirs)
		return 0;
	err = cfg_take(&cfg, sizeof(cfg), theirs);
	if (err)
		return err;
	e = mem_zalloc(sizeof(*e));
	if (!e)
		return OH_ENOMEM;
	err = take_headers(e, &cfg);
	if (!err)
		err = take_sdp(e, &cfg);
	if (err) {
		edits_free(e);
		return err;
	}
	*ret_edits = e;
	return 0;
}

/* ---- on the way out ---- */

size_t edits_headers(const struct edits *e, enum inv_kind kind, struct sip_extra *list, size_t cap)
{
	static const unsigned bits[] = {[KIND_INVITE] = OFFHOOK_IN_INVITE,
		[KIND_REINVITE] = OFFHOOK_IN_REINVITE,
		[KIND_UPDATE] = OFFHOOK_IN_UPDATE,
		[KIND_PROVISIONAL] = OFFHOOK_IN_PROVISIONAL,
		[KIND_ACCEPTED] = OFFHOOK_IN_ACCEPTED};
	size_t n = 0;

	for (size_t i = 0; e && i < e->headers->n && n < cap; i++)
		if (e->in[i] & bits[kind])
			list[n++] = e->headers->list[i];
	return n;
}

char *edits_description(const struct edits *e, struct slice text, size_t *ret_n)
{
	char *buf = e && e->n_sdp && !slice_empty(text) ? mem_alloc(SDP_MAX) : NULL;
	long n = buf ? sdp_edit(text, e->sdp, e->n_sdp, buf, SDP_MAX) : 0;

	if (n <= 0) {
		mem_free(buf);
		return NULL;
	}
	*ret_n = (size_t)n;
	return buf;
}

/* ---- the API ---- */

struct set_args {
	offhook_id account;
	struct edits *edits;
};

static int set_run(struct offhook_phone *p, void *arg)
{
	struct set_args *args = arg;
	struct account *a = account_find(p, args->account);
	struct edits *before;
	int err = phone_check_open(p);

	if (err)
		return err;
	if (!a)
		return err_detail(OH_ENOENT, "no such account");
	before = a->edits;
	a->edits = args->edits;
	args->edits = before;
	return 0;
}

int offhook_account_set_edits(
	struct offhook_phone *phone, offhook_id account, const struct offhook_edits *edits)
{
	struct set_args args = {.account = account};
	int err;

	err_detail_clear();
	err = edits_new(edits, &args.edits);
	if (!err)
		err = phone_command(phone, set_run, &args);
	edits_free(args.edits);
	return err;
}
