/*
 * Two offer/answer machines that talk, and a wire that may bend a description on its way. While nothing was bent:
 * every answer fits its offer (RFC 3264 6), both ends agree on codec and direction, media lines never become fewer and
 * the version grows by one exactly when a description changes (RFC 3264 8).
 */
#include "fuzz.h"

#include "sdp/oa_rig.h"

static const struct oa_codec choice[] = {
	PCMU, PCMA, ILBC, OPUS, {"L16", 44100, 2, 10, ""}, {"G722", 8000, 1, 9, ""}};

struct side {
	struct oa *oa;
	struct oa_codec codecs[ARRAY_LEN(choice)];
	struct oa_local local;
	char last[8192]; /* our last description */
	size_t n_last;
};

struct talk {
	struct feed f;
	struct side side[2];
	bool bent; /* what one said is not what the other heard */
};

static void pick_local(struct talk *t, struct side *s)
{
	unsigned first = feed_below(&t->f, ARRAY_LEN(choice)), what = feed_byte(&t->f);

	s->local.n_codecs = 1 + what % ARRAY_LEN(choice);
	for (size_t i = 0; i < s->local.n_codecs; i++)
		s->codecs[i] = choice[(first + i) % ARRAY_LEN(choice)];
	s->local.codecs = s->codecs;
	s->local.dtmf = what & 0x40;
	s->local.ptime_ms = what & 0x80 ? 20 : 0;
	s->local.want = (enum sdp_dir)feed_below(&t->f, 4);
	s->local.rtp.port = (uint16_t)(4000 + 2 * feed_below(&t->f, 3));
}

/* The n-th word behind the sixth field of "o=": the version. */
static uint64_t version_of(const struct sdp *s)
{
	uint64_t v = 0;

	CHECK_OK(slice_to_u64(s->origin_version, UINT64_MAX, &v));
	return v;
}

/* A description of ours against the one before. To a peer that leaves media lines out, the answer does too. */
static void check_next(const struct talk *t, struct side *s, struct slice text)
{
	struct sdp now, before;

	CHECK(text.n < sizeof(s->last));
	CHECK_OK(sdp_parse(&now, text));
	if (s->n_last) {
		bool same = slice_eq(text, slice_make(s->last, s->n_last));

		CHECK_OK(sdp_parse(&before, slice_make(s->last, s->n_last)));
		CHECK(slice_eq(now.origin_id, before.origin_id));
		CHECK(now.n_media >= before.n_media || t->bent);
		CHECK_EQ(version_of(&now), version_of(&before) + !same);
		sdp_free(&before);
	}
	sdp_free(&now);
	memcpy(s->last, text.p, text.n);
	s->n_last = text.n;
}

/* A copy as the other end gets it: some bytes changed or cut off, if the program says so. */
static char *carry(struct talk *t, struct slice text, struct slice *ret_got)
{
	unsigned edits = feed_byte(&t->f);
	char *block = feed_block(text);

	*ret_got = slice_make(block, text.n);
	for (edits = edits < 0xe0 ? 0 : edits - 0xdf; edits && text.n; edits--) {
		size_t at = feed_u16(&t->f) % text.n;

		block[at] = (char)feed_byte(&t->f);
		t->bent = true;
	}
	return block;
}

static void check_agreed(const struct talk *t)
{
	const struct oa_audio *a = oa_agreed(t->side[0].oa), *b = oa_agreed(t->side[1].oa);

	if (t->bent)
		return;
	CHECK_EQ(a->status == OA_ACTIVE, b->status == OA_ACTIVE);
	if (a->status != OA_ACTIVE)
		return;
	CHECK_EQ(a->dir, sdp_dir_reverse(b->dir));
	CHECK_STR(a->codec.encoding, b->codec.encoding);
	CHECK_EQ(a->codec.clock_hz, b->codec.clock_hz);
	CHECK_EQ(a->tx_pt, b->rx_pt);
	CHECK_EQ(a->rx_pt, b->tx_pt);
	CHECK_EQ(a->dtmf_tx_pt, b->dtmf_rx_pt);
}

static void exchange(struct talk *t, unsigned from)
{
	struct side *a = &t->side[from], *b = &t->side[!from];
	struct slice offer, heard, answer, back;
	struct oa_audio audio;
	char *heard_block, *back_block;
	int err;

	pick_local(t, a);
	pick_local(t, b);
	err = oa_make_offer(a->oa, &a->local, &offer);
	if (err) {
		CHECK(err == OH_ETOOBIG && t->bent);
		return;
	}
	check_next(t, a, offer);
	heard_block = carry(t, offer, &heard);
	err = oa_answer(b->oa, heard, &b->local, &answer, &audio);
	if (err) {
		CHECK(err == OH_ENOCODEC || err == OH_ESDP || (err == OH_ETOOBIG && t->bent));
		oa_rollback(a->oa);
	} else {
		check_next(t, b, answer);
		check_answer(heard, answer, &audio);
		back_block = carry(t, answer, &back);
		err = oa_take_answer(a->oa, back, &audio);
		CHECK(!err || t->bent);
		t->bent |= err != 0;
		free(back_block);
	}
	free(heard_block);
	check_agreed(t);
}

/* What may not be done now is refused and changes nothing. */
static void out_of_turn(struct talk *t, unsigned from)
{
	struct side *a = &t->side[from];
	struct slice offer, again;
	struct oa_audio audio;

	CHECK_EQ(oa_take_answer(a->oa, slice_make(a->last, a->n_last), &audio), OH_ESTATE);
	pick_local(t, a);
	if (oa_make_offer(a->oa, &a->local, &offer) != 0)
		return;
	check_next(t, a, offer);
	CHECK_EQ(oa_make_offer(a->oa, &a->local, &again), OH_EBUSY);
	CHECK_EQ(oa_answer(a->oa, slice_make(a->last, a->n_last), &a->local, &again, &audio), OH_ESTATE);
	oa_rollback(a->oa);
	check_agreed(t);
}

/* The rest of the bytes is an offer from nowhere. */
static void strange_offer(struct talk *t, unsigned to)
{
	struct slice text = feed_bytes(&t->f, t->f.n), answer;
	char *block = feed_block(text);
	struct oa_audio audio;

	if (oa_answer(t->side[to].oa, slice_make(block, text.n), &t->side[to].local, &answer, &audio) == 0)
		check_answer(text, answer, &audio);
	free(block);
}

void fuzz_one(const uint8_t *data, size_t n)
{
	struct talk t = {.f = {data, n}};

	for (unsigned i = 0; i < 2; i++) {
		t.side[i].local = local_at(i ? "192.0.2.2" : "2001:db8::1", 4000, choice, 1);
		t.side[i].oa = oa_made(1 + i);
	}
	for (unsigned rounds = 0; t.f.n && rounds < 64; rounds++) {
		unsigned op = feed_byte(&t.f);

		if (op < 0xc0)
			exchange(&t, op % 2);
		else if (op < 0xe0)
			out_of_turn(&t, op % 2);
		else
			strange_offer(&t, op % 2);
	}
	oa_free(t.side[0].oa);
	oa_free(t.side[1].oa);
}
