/* The machine of offer and answer: see oa.h. Every operation refuses, prepares, and then commits what cannot
 * fail. */
#include "sdp/oa_impl.h"

#include "base/err.h"
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>

int oa_new(uint64_t session_id, struct oa **ret_oa)
{
	struct oa *oa = mem_zalloc(sizeof(*oa));

	if (!oa)
		return OH_ENOMEM;
	oa->session_id = session_id;
	oa->audio_line = oa->offer_line = OA_NO_LINE;
	oa->agreed = oa_agree_none(OA_NONE);
	*ret_oa = oa;
	return 0;
}

struct oa *oa_free(struct oa *oa)
{
	if (!oa)
		return NULL;
	if (oa->in_force.p != oa->last.p)
		mem_free(oa->in_force.p);
	mem_free(oa->last.p);
	mem_free(oa->origin_user);
	pt_map_free(&oa->pts);
	oa_agreement_free(&oa->agreed);
	mem_free(oa);
	return NULL;
}

int oa_refuse(struct oa *oa, int err, unsigned warn_code, const char *format, ...)
{
	va_list args;

	oa->warn_code = warn_code;
	va_start(args, format);
	vsnprintf(oa->fault, sizeof(oa->fault), format, args);
	va_end(args);
	return err;
}

static void forget_fault(struct oa *oa)
{
	oa->warn_code = 0;
	oa->fault[0] = '\0';
}

/* Takes `text`: it is now the last one we sent. The version grows only when something changed
 * (RFC 3264 8). */
static void sent(struct oa *oa, struct oa_text *text)
{
	if (oa->last.p && slice_eq(slice_make(oa->last.p + oa->last.body_at, oa->last.n - oa->last.body_at),
				  slice_make(text->p + text->body_at, text->n - text->body_at))) {
		mem_free(text->p);
		return;
	}
	oa->version = oa->last.p ? oa->version + 1 : oa->session_id;
	if (oa->last.p != oa->in_force.p)
		mem_free(oa->last.p);
	oa->last = *text;
}

/* What we sent last and this agreement are in force from now on. */
static void commit(struct oa *oa, size_t audio_line, struct oa_agreement *agreement)
{
	if (oa->in_force.p != oa->last.p)
		mem_free(oa->in_force.p);
	oa->in_force = oa->last;
	oa->audio_line = audio_line;
	oa_agreement_free(&oa->agreed);
	oa->agreed = *agreement;
	oa->state = OA_STABLE;
}

/* A description that the network sent. */
static int parse_theirs(struct oa *oa, struct sdp *s, struct slice text)
{
	int err = sdp_parse(s, text);

	if (err == OH_ESDP && s->fault_line)
		return oa_refuse(oa, err, 399, "Session description, line %zu: %s", s->fault_line, s->fault);
	if (err == OH_ESDP)
		return oa_refuse(oa, err, 399, "Session description: %s", s->fault);
	return err;
}

/* Where our audio goes among the lines in force: its own place, else the place of another audio line, else
 * behind. */
static size_t place_audio(const struct oa *oa, const struct sdp *lines)
{
	if (oa->audio_line != OA_NO_LINE)
		return oa->audio_line;
	for (size_t i = 0; i < lines->n_media; i++)
		if (slice_ieq(lines->media[i].type, SLICE_LIT("audio")))
			return i;
	return lines->n_media;
}

static int offer_over(struct oa *oa, const struct oa_local *local, const struct sdp *lines)
{
	struct oa_plan plan = {.lines = lines,
		.dir = local->want,
		.xr = local->xr ? OA_XR_VOIP | OA_XR_RTT : OA_NO_XR,
		.audio_line = lines ? place_audio(oa, lines) : 0};
	struct oa_text text;
	struct oa_fmts fmts;
	int err;

	if (plan.audio_line >= SDP_MEDIA_MAX)
		return OH_ETOOBIG;
	err = oa_fmts_offer(oa, local, &fmts);
	if (err)
		return err;
	plan.fmts = &fmts;
	plan.time = lines ? lines->time : SLICE_NONE;
	err = oa_write(oa, local, &plan, &text);
	if (err)
		return err;
	err = oa_fmts_bind(oa, &fmts, true);
	if (err) {
		mem_free(text.p);
		return err;
	}
	sent(oa, &text);
	oa->offer_line = plan.audio_line;
	oa->state = OA_OFFERED;
	return 0;
}

int oa_make_offer(struct oa *oa, const struct oa_local *local, struct slice *ret_text)
{
	struct sdp lines;
	int err;

	if (oa->state == OA_OFFERED)
		return OH_EBUSY;
	err = oa_local_check(local);
	if (err)
		return err;
	if (!oa->in_force.p) {
		err = offer_over(oa, local, NULL);
	} else {
		err = sdp_parse(&lines, oa_local_text(oa));
		if (!err)
			err = offer_over(oa, local, &lines);
		sdp_free(&lines);
	}
	if (!err)
		*ret_text = slice_make(oa->last.p, oa->last.n);
	return err;
}

/* RFC 3264 6: the lines of an answer match the offer's one by one. */
static int match_lines(struct oa *oa, const struct sdp *ours, const struct sdp *theirs)
{
	if (ours->n_media != theirs->n_media)
		return oa_refuse(oa, OH_ESDP, 399, "The answer has %zu media lines, the offer had %zu",
			theirs->n_media, ours->n_media);
	for (size_t i = 0; i < ours->n_media; i++)
		if (!slice_ieq(ours->media[i].type, theirs->media[i].type))
			return oa_refuse(oa, OH_ESDP, 304,
				"Media line %zu of the answer is %.*s, it was offered as %.*s", i + 1,
				SLICE_ARG(theirs->media[i].type), SLICE_ARG(ours->media[i].type));
	return 0;
}

/* Each side says what it wants to be sent; RTT takes two. */
static void agree_xr(struct oa_audio *audio, unsigned ours, unsigned theirs)
{
	if (ours != OA_NO_XR && theirs != OA_NO_XR)
		audio->xr = theirs & (ours & OA_XR_RTT ? UINT_MAX : OA_XR_VOIP);
}

static int read_answer(
	struct oa *oa, const struct sdp *ours, const struct sdp *theirs, struct oa_agreement *ret_agreement)
{
	const struct sdp_media *m, *mine = &ours->media[oa->offer_line];
	struct oa_remote remote;
	struct oa_fmts fmts;
	struct netaddr addr;
	int err = match_lines(oa, ours, theirs);

	if (err)
		return err;
	m = &theirs->media[oa->offer_line];
	if (m->port == 0) {
		*ret_agreement = oa_agree_none(OA_REFUSED);
		return 0;
	}
	if (netaddr_parse_ip(mine->conn.addr, 0, &addr))
		return OH_EBUG;
	err = oa_line_read(oa, theirs, m, addr.family, &remote);
	if (err)
		return err;
	if (oa_fmts_agreed(mine, m, &fmts))
		return oa_refuse(oa, OH_ENOCODEC, 305, "The answer has none of the offered codecs");
	err = oa_fmts_bind(oa, &fmts, false);
	if (err)
		return err;
	err = oa_agree(theirs, m, &fmts, &remote, (enum sdp_dir)(mine->dir & sdp_dir_reverse(m->dir)),
		ret_agreement);
	if (err)
		return err;
	agree_xr(&ret_agreement->audio, oa_xr_read(ours, mine), oa_xr_read(theirs, m));
	ret_agreement->audio.held_by_us = !(mine->dir & SDP_RECVONLY);
	/* An answer to an offer that did not want to send cannot tell whether the peer would listen. */
	if (mine->dir & SDP_SENDONLY)
		ret_agreement->audio.held_by_peer = !(m->dir & SDP_RECVONLY) || remote.nowhere;
	else
		ret_agreement->audio.held_by_peer = oa->agreed.audio.held_by_peer || remote.nowhere;
	return 0;
}

int oa_take_answer(struct oa *oa, struct slice text, struct oa_audio *ret_audio)
{
	struct oa_agreement agreement;
	struct sdp ours, theirs;
	int err;

	if (oa->state != OA_OFFERED)
		return OH_ESTATE;
	forget_fault(oa);
	oa->state = OA_STABLE;
	err = sdp_parse(&ours, slice_make(oa->last.p, oa->last.n));
	if (!err) {
		err = parse_theirs(oa, &theirs, text);
		if (!err)
			err = read_answer(oa, &ours, &theirs, &agreement);
		sdp_free(&theirs);
	}
	sdp_free(&ours);
	if (err)
		return err;
	commit(oa, oa->offer_line, &agreement);
	oa->state = OA_ANSWERED;
	*ret_audio = oa->agreed.audio;
	return 0;
}

int oa_reopen(struct oa *oa)
{
	if (oa->state != OA_ANSWERED)
		return OH_ESTATE;
	oa->state = OA_OFFERED;
	return 0;
}

/* Can we take this line of the offer? */
static int try_line(struct oa *oa, const struct sdp *offer, size_t i, const struct oa_local *local,
	struct oa_fmts *ret_fmts, struct oa_remote *ret_remote)
{
	const struct sdp_media *m = &offer->media[i];
	int err;

	if (!slice_ieq(m->type, SLICE_LIT("audio")) || m->port == 0)
		return OH_ENOENT;
	err = oa_line_read(oa, offer, m, local->rtp.family, ret_remote);
	if (err)
		return err;
	if (oa_fmts_answer(local, m, ret_fmts))
		return oa_refuse(oa, OH_ENOCODEC, 305, "None of the offered codecs is supported");
	return 0;
}

/* 0 and the line that we take, OA_NO_LINE when all of them have port 0; or why there is none. */
static int choose_line(struct oa *oa, const struct sdp *offer, const struct oa_local *local,
	struct oa_fmts *ret_fmts, struct oa_remote *ret_remote, size_t *ret_line)
{
	bool wanted = false;
	int fault = 0, err;

	*ret_line = OA_NO_LINE;
	/* The line in use goes on, whatever stands before it now. */
	if (oa->audio_line < offer->n_media &&
		!try_line(oa, offer, oa->audio_line, local, ret_fmts, ret_remote)) {
		*ret_line = oa->audio_line;
		return 0;
	}
	for (size_t i = 0; i < offer->n_media; i++) {
		err = try_line(oa, offer, i, local, ret_fmts, ret_remote);
		if (!err) {
			*ret_line = i;
			return 0;
		}
		wanted = wanted || offer->media[i].port != 0;
		if (err != OH_ENOENT)
			fault = err;
	}
	if (!wanted)
		return 0;
	return fault ? fault : oa_refuse(oa, OH_ENOCODEC, 304, "No audio stream was offered");
}

static int answer_over(struct oa *oa, const struct sdp *offer, const struct oa_local *local)
{
	struct oa_agreement agreement = oa_agree_none(offer->n_media ? OA_REFUSED : OA_NONE);
	struct oa_plan plan = {.lines = offer, .time = offer->time, .xr = OA_NO_XR};
	struct oa_remote remote;
	struct oa_text text;
	struct oa_fmts fmts;
	int err = choose_line(oa, offer, local, &fmts, &remote, &plan.audio_line);

	if (err)
		return err;
	if (plan.audio_line != OA_NO_LINE) {
		const struct sdp_media *m = &offer->media[plan.audio_line];

		plan.fmts = &fmts;
		plan.dir = (enum sdp_dir)(sdp_dir_reverse(m->dir) & local->want);
		if (local->xr && oa_xr_read(offer, m) != OA_NO_XR)
			plan.xr = oa_xr_read(offer, m);
		err = oa_fmts_bind(oa, &fmts, false);
		if (!err)
			err = oa_agree(offer, m, &fmts, &remote, plan.dir, &agreement);
		if (err)
			return err;
		agree_xr(&agreement.audio, plan.xr, oa_xr_read(offer, m));
		agreement.audio.held_by_us = !(local->want & SDP_RECVONLY);
		agreement.audio.held_by_peer = !(m->dir & SDP_RECVONLY) || remote.nowhere;
	}
	err = oa_write(oa, local, &plan, &text);
	if (err) {
		oa_agreement_free(&agreement);
		return err;
	}
	forget_fault(oa); /* of a line that was passed over */
	sent(oa, &text);
	commit(oa, plan.audio_line, &agreement);
	return 0;
}

int oa_answer(struct oa *oa, struct slice offer, const struct oa_local *local, struct slice *ret_text,
	struct oa_audio *ret_audio)
{
	struct sdp theirs;
	int err;

	if (oa->state == OA_OFFERED)
		return OH_ESTATE;
	forget_fault(oa);
	err = oa_local_check(local);
	if (err)
		return err;
	err = parse_theirs(oa, &theirs, offer);
	if (!err)
		err = answer_over(oa, &theirs, local);
	sdp_free(&theirs);
	if (err)
		return err;
	*ret_text = oa_local_text(oa);
	*ret_audio = oa->agreed.audio;
	return 0;
}

void oa_rollback(struct oa *oa)
{
	oa->state = OA_STABLE;
}

const struct oa_audio *oa_agreed(const struct oa *oa)
{
	return &oa->agreed.audio;
}

struct slice oa_local_text(const struct oa *oa)
{
	return oa->in_force.p ? slice_make(oa->in_force.p, oa->in_force.n) : SLICE_NONE;
}

const char *oa_fault(const struct oa *oa, unsigned *ret_warn_code)
{
	*ret_warn_code = oa->warn_code;
	return oa->fault;
}
