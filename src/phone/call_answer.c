/* Answering, and ending, from our side. */
#include "phone/call_impl.h"

#include "base/mem.h"
#include "phone/names.h"
#include "phone/warning.h"

void offhook_answer_init(struct offhook_answer *answer)
{
	*answer = (struct offhook_answer){.size = sizeof(*answer), .code = 200};
}

struct answer_args {
	offhook_id call;
	struct offhook_answer answer;
	struct slice reason;
	struct extras *extras;
};

#define REASON_MAX 512u /* bytes of a Reason header of ours */

/* protocol ;cause=n ;text="..." (RFC 3326 2); the text with its escapes. */
static size_t put_reason(char *buf, size_t n, const char *protocol, unsigned cause, const char *text)
{
	int more = snprintf(buf + n, REASON_MAX - n, "%s%s;cause=%u", n ? ", " : "", protocol, cause);

	n += (size_t)more;
	if (!text || !*text)
		return n;
	n += (size_t)snprintf(buf + n, REASON_MAX - n, ";text=\"");
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			buf[n++] = '\\';
		buf[n++] = *text;
	}
	buf[n++] = '"';
	buf[n] = '\0';
	return n;
}

static int write_reason(const struct offhook_answer *a, char buf[REASON_MAX])
{
	size_t n = 0, n_text = a->reason_text ? strlen(a->reason_text) : 0;

	if (a->reason_q850 > 127 || (a->reason_sip && (a->reason_sip < 200 || a->reason_sip > 699)))
		return err_detail(OH_EINVAL, "reason_q850 is 1 to 127, reason_sip 200 to 699");
	if (n_text > 95 || (n_text && strpbrk(a->reason_text, "\r\n")))
		return err_detail(OH_EINVAL, "reason_text is one line of at most 95 bytes");
	if (a->reason_q850)
		n = put_reason(buf, n, "Q.850", a->reason_q850, a->reason_text);
	if (a->reason_sip)
		(void)put_reason(buf, n, "SIP", a->reason_sip, a->reason_text);
	return 0;
}

/* The program's headers and the Reason. */
static int take_headers(struct answer_args *a)
{
	const struct offhook_answer *answer = &a->answer;
	char reason[REASON_MAX];
	struct offhook_header *all;
	int err = write_reason(answer, reason);

	if (err || (!answer->reason_q850 && !answer->reason_sip) || (answer->n_headers && !answer->headers))
		return err ? err : extras_new(answer->headers, answer->n_headers, &a->extras);
	all = mem_alloc((answer->n_headers + 1) * sizeof(*all));
	if (!all)
		return OH_ENOMEM;
	if (answer->n_headers)
		memcpy(all, answer->headers, answer->n_headers * sizeof(*all));
	all[answer->n_headers] = (struct offhook_header){"Reason", reason};
	err = extras_new(all, answer->n_headers + 1, &a->extras);
	mem_free(all);
	return err;
}

/* A copy of what the caller wants; its headers checked. */
static int take(struct answer_args *a, const struct offhook_answer *answer)
{
	offhook_answer_init(&a->answer);
	if (answer) {
		int err = cfg_take(&a->answer, sizeof(a->answer), answer);

		if (err)
			return err;
	}
	if (a->answer.reason && *a->answer.reason) {
		a->reason = slice_of(a->answer.reason);
		if (strpbrk(a->answer.reason, "\r\n"))
			return err_detail(OH_EINVAL, "the reason has a line break");
	}
	return take_headers(a);
}

/* ---- answer ---- */

/* Does this response carry a session description? 183 is for early audio; 180 just rings. */
static bool carries_sdp(unsigned code)
{
	return code == 183 || (code >= 200 && code < 300);
}

struct description {
	struct slice text;
	bool opened;                 /* sockets and all are made for this response */
	bool audio;                  /* ... and audio begins with it */
	struct codec_choice *before; /* what the call accepted until then; a reference */
};

/* Our description for the response: the answer to the INVITE's offer, or our offer when there was none; given once, a 2xx
 * after a 183 has nothing to say but the same. */
static int describe(struct call *c, unsigned code, const char *codecs, struct description *ret)
{
	struct slice offer = inv_remote_offer(c->inv);
	uint32_t gone = 0;

	struct codec_choice *before = c->media.codecs;
	int err;

	*ret = (struct description){.opened = false};
	if (!carries_sdp(code))
		return 0;
	if (c->media.oa) {
		ret->text = call_media_text(&c->media);
		return 0;
	}
	if (slice_empty(offer) && code < 200 && !inv_describes_early(c->inv))
		return 0;
	codec_choice_ref(before);
	err = call_choose(c, codecs);
	if (err) {
		codec_choice_unref(before);
		return err;
	}
	ret->before = before;
	ret->opened = true;
	if (slice_empty(offer))
		return call_media_offer(&c->media, inv_flow(c->inv), &ret->text);
	ret->audio = true;
	return call_media_answer(&c->media, inv_flow(c->inv), offer, &ret->text, &gone);
}

/* Nothing was sent: as before. */
static void take_back(struct call *c, const struct description *own)
{
	uint32_t slot;

	if (!own->opened)
		return;
	call_media_choose(&c->media, own->before);
	codec_choice_unref(own->before);
	slot = call_media_close(&c->media);
	if (slot)
		bridge_number_release(engine_bridge(c->phone->engine), slot);
}

static bool nothing_was_sent(int err)
{
	return err == OH_EINVAL || err == OH_ETOOBIG || err == OH_ENOMEM || err == OH_ESTATE ||
	       err == OH_ETOOMANY;
}

/* An answer cannot be given to this offer: the caller learns why (RFC 3261 13.3.1.3). */
static void refuse_offer(struct call *c, const struct description *own)
{
	char warning[WARNING_MAX];
	unsigned code = 0;
	const char *why = oa_fault(c->media.oa, &code);
	struct sip_extra extra = warning_header(code, why, warning);

	names_offer_refused(c->phone, c->id, why);
	take_back(c, own);
	inv_end(c->inv, 488, SLICE_NONE, &extra, 1);
}

static int reply(struct call *c, const struct answer_args *a)
{
	struct inv_reply r = {
		.status = a->answer.code,
		.reason = a->reason,
		.contact = a->answer.code < 300 ? slice_of(c->contact) : SLICE_NONE,
		.extras = a->extras->list,
		.n_extras = a->extras->n,
	};
	struct event *media_event = NULL;
	struct description own;
	int err = describe(c, a->answer.code, a->answer.codecs, &own);

	if (own.opened && (err == OH_ENOCODEC || err == OH_ESDP)) {
		refuse_offer(c, &own);
		return OH_ENOCODEC;
	}
	if (err) {
		take_back(c, &own);
		return err;
	}
	r.sdp = own.text;
	/* Audio before CONNECTING, so that a program finds its slot there; but after EARLY. */
	if (own.audio && a->answer.code >= 200)
		media_event = call_say_media(c, 0, 0);
	err = inv_reply(c->inv, &r);
	if (nothing_was_sent(err)) {
		event_retract(c->phone, media_event);
		take_back(c, &own);
		return err;
	}
	codec_choice_unref(own.before);
	if (own.audio && a->answer.code < 200 && c->inv)
		call_say_media(c, 0, 0);
	return 0;
}

int call_answer_with(struct call *c, unsigned code)
{
	struct answer_args args = {.call = c->id};
	int err = take(&args, NULL);

	args.answer.code = code;
	if (!err)
		err = reply(c, &args);
	mem_free(args.extras);
	return err;
}

static int answer_run(struct offhook_phone *p, void *arg)
{
	const struct answer_args *a = arg;
	struct call *c;
	int err = call_operand(p, a->call, &c);

	if (err)
		return err;
	if (c->role != OFFHOOK_CALLEE || c->state > OFFHOOK_CALL_EARLY)
		return err_detail(OH_ESTATE, "the call is not an incoming one that waits for an answer");
	return reply(c, a);
}

int offhook_call_answer(struct offhook_phone *phone, offhook_id call, const struct offhook_answer *answer)
{
	struct answer_args args = {.call = call};
	int err;

	err_detail_clear();
	err = take(&args, answer);
	if (!err && (args.answer.code < 101 || args.answer.code > 699))
		err = err_detail(OH_EINVAL, "the code %u is not 101 to 699", args.answer.code);
	if (!err)
		err = phone_command(phone, answer_run, &args);
	mem_free(args.extras);
	return err;
}

/* ---- hang up ---- */

static int hangup_run(struct offhook_phone *p, void *arg)
{
	const struct answer_args *a = arg;
	struct call *c;
	int err = call_operand(p, a->call, &c);

	if (err)
		return err;
	call_end(c, a->answer.code, a->reason, a->extras);
	return 0;
}

int offhook_call_hangup(struct offhook_phone *phone, offhook_id call, const struct offhook_answer *answer)
{
	struct answer_args args = {.call = call};
	int err;

	err_detail_clear();
	err = take(&args, answer);
	if (!answer)
		args.answer.code = 0;
	if (!err && args.answer.code && (args.answer.code < 200 || args.answer.code > 699))
		err = err_detail(OH_EINVAL, "the code %u is not 0 or 200 to 699", args.answer.code);
	if (!err)
		err = phone_command(phone, hangup_run, &args);
	mem_free(args.extras);
	return err;
}
