#include "phone/presence.h"

#include "base/mem.h"
#include "phone/asker.h"
#include "phone/phone_impl.h"
#include "phone/watcher.h"
#include "session/pkg_mwi.h"
#include "session/pub.h"
#include "session/standing.h"
#include "session/xml.h"

#define WAIT_MAX_S    300u
#define REFUSED_S     1800u
#define EXPIRES_MIN_S 60u
#define EXPIRES_MAX_S 86400u

struct account_presence {
	struct offhook_phone *phone;
	struct offhook_presence_cfg cfg;
	struct pidf pidf; /* what is told; PIDF_UNKNOWN until the program has said something */
	struct asker asker;
	struct pub *pub;      /* NULL: the account does not publish, or nothing was said yet */
	struct standing *mwi; /* NULL: nobody asks */
};

void offhook_presence_cfg_init(struct offhook_presence_cfg *cfg)
{
	*cfg = (struct offhook_presence_cfg){.size = sizeof(*cfg), .publish_expires_s = 3600};
}

/* ---- message waiting ---- */

/* The event's own copy: one block. */
static struct offhook_waiting *shown(const struct mwi *m)
{
	const struct mwi_class *voice = mwi_voice(m);
	struct offhook_waiting *w = mem_zalloc(sizeof(*w) + m->account.n + 1);
	char *text = (char *)(w + 1);

	if (!w)
		return NULL;
	w->size = sizeof(*w);
	w->waiting = m->waiting;
	if (m->account.n)
		memcpy(text, m->account.p, m->account.n);
	w->account = text;
	if (!voice)
		return w;
	w->has_voice = 1;
	w->voice_new = voice->new_count;
	w->voice_old = voice->old_count;
	w->voice_new_urgent = voice->new_urgent;
	w->voice_old_urgent = voice->old_urgent;
	return w;
}

/* OH_ESYNTAX: it is no summary. */
static int say_waiting(struct offhook_phone *p, const struct account *a, const struct sip_msg *msg)
{
	struct event_say say = {
		.type = OFFHOOK_EVENT_MWI, .subject = a->subject, .account = a->id, .message = msg->raw};
	struct mwi m;
	int err = mwi_read(msg->body, &m);

	if (err)
		return err;
	say.waiting = shown(&m);
	event_emit(p, &say);
	return 0;
}

void presence_unasked_notify(
	struct offhook_phone *p, const struct account *a, struct sip_msg *msg, struct sip_server *server)
{
	int err = slice_ieq(sip_msg_content_type(msg), SLICE_LIT(MWI_TYPE)) ? say_waiting(p, a, msg)
									    : OH_ESYNTAX;

	sip_refuse(server, err ? 400 : 200, err ? "Bad Message Summary" : NULL);
}

static int whom(void *arg, struct whom *ret_whom)
{
	struct account_presence *ap = arg;

	return asker_whom(&ap->asker, ret_whom);
}

static int contact(void *arg, const struct sip_flow *flow, char **ret_contact)
{
	const struct account_presence *ap = arg;

	return asker_contact(&ap->asker, flow, ret_contact);
}

static void mwi_changed(void *arg, struct sip_msg *msg)
{
	const struct account_presence *ap = arg;
	struct standing_info info;

	(void)msg;
	standing_info(ap->mwi, &info);
	if (info.status && host_logs(ap->phone->host, LOG_INFO))
		host_log(ap->phone->host, LOG_INFO, "presence", "message waiting: %u %s", info.status,
			info.reason);
}

static void mwi_notify(void *arg, const struct sub_news *news)
{
	const struct account_presence *ap = arg;
	const struct account *a = account_find(ap->phone, ap->asker.account);

	if (a && !slice_empty(news->msg->body))
		(void)say_waiting(ap->phone, a, news->msg);
}

static void mwi_begin(struct account_presence *ap)
{
	const struct standing_cfg cfg = {.subs = &ap->phone->subs,
		.package = &pkg_mwi,
		.expires_s = SUB_SECONDS_UNKNOWN,
		.wait_max_s = WAIT_MAX_S,
		.refused_s = REFUSED_S,
		.owner = {whom, contact, mwi_changed, mwi_notify, ap}};

	/* Without memory: the next registration begins it. */
	if (!ap->mwi && standing_new(&cfg, &ap->mwi) == 0)
		standing_start(ap->mwi);
}

/* ---- publication ---- */

static void on_outcome(void *arg, const struct pub_outcome *o)
{
	const struct account_presence *ap = arg;
	const struct account *a = account_find(ap->phone, ap->asker.account);
	struct event_say say = {.type = OFFHOOK_EVENT_PUBLICATION,
		.status = o->status,
		.error = o->err,
		.message = o->msg ? o->msg->raw : SLICE_NONE};

	if (!a || ap->phone->state != PHONE_OPEN)
		return;
	say.subject = a->subject;
	say.account = a->id;
	event_emit(ap->phone, &say);
}

static int publish(struct account_presence *ap, const struct account *a)
{
	const struct pub_cfg cfg = {.stack = ap->phone->stack,
		.event = pkg_presence.name,
		.expires_s = ap->cfg.publish_expires_s,
		.wait_max_s = WAIT_MAX_S,
		.refused_s = REFUSED_S,
		.whom = whom,
		.outcome = on_outcome,
		.arg = ap};
	char buf[PIDF_DOC_MAX];
	struct slice doc;
	int err = account_presence_doc(a, buf, &doc);

	if (!err && !ap->pub)
		err = pub_new(&cfg, &ap->pub);
	return err ? err : pub_set(ap->pub, SLICE_LIT(PIDF_TYPE), doc);
}

/* ---- life ---- */

int account_presence_new(struct offhook_phone *p, offhook_id account, const struct offhook_presence_cfg *cfg,
	struct account_presence **ret_presence)
{
	struct account_presence *ap;
	struct offhook_presence_cfg ours;
	int err = 0;

	offhook_presence_cfg_init(&ours);
	if (cfg)
		err = cfg_take(&ours, sizeof(ours), cfg);
	if (err)
		return err;
	if ((unsigned)ours.watchers > OFFHOOK_WATCHERS_NONE ||
		(unsigned)ours.dialog_watchers > OFFHOOK_WATCHERS_NONE)
		return err_detail(OH_EINVAL, "watchers and dialog_watchers are 0 to 3");
	if (ours.publish_expires_s < EXPIRES_MIN_S || ours.publish_expires_s > EXPIRES_MAX_S)
		return err_detail(OH_EINVAL, "publish_expires_s is %u to %u", EXPIRES_MIN_S, EXPIRES_MAX_S);
	ap = mem_zalloc(sizeof(*ap));
	if (!ap)
		return OH_ENOMEM;
	ap->phone = p;
	ap->cfg = ours;
	(void)asker_init(&ap->asker, p, account, NULL);
	*ret_presence = ap;
	return 0;
}

void account_presence_begin(struct account_presence *ap)
{
	if (ap->cfg.mwi && ap->phone->state == PHONE_OPEN)
		mwi_begin(ap);
}

void account_presence_adopt(struct account_presence *ap, struct account_presence *with)
{
	const struct account *a = account_find(ap->phone, ap->asker.account);

	ap->cfg = with->cfg;
	account_presence_free(with);
	if (!ap->cfg.mwi)
		ap->mwi = standing_free(ap->mwi);
	else if (!a->reg)
		account_presence_begin(ap);
	if (!ap->cfg.publish && ap->pub)
		pub_remove(ap->pub);
	else if (ap->cfg.publish && ap->pidf.basic != PIDF_UNKNOWN)
		(void)publish(ap, a);
	/* What its address is may have changed with the settings. */
	if (ap->pidf.basic != PIDF_UNKNOWN)
		watchers_tell_presence(ap->phone, a->id);
}

void account_presence_stop(struct account_presence *ap)
{
	if (ap->pub)
		pub_remove(ap->pub);
	if (ap->mwi)
		standing_stop(ap->mwi);
}

struct account_presence *account_presence_free(struct account_presence *ap)
{
	if (!ap)
		return NULL;
	pub_free(ap->pub);
	standing_free(ap->mwi);
	asker_free(&ap->asker);
	mem_free(ap);
	return NULL;
}

void presence_stop_all(struct offhook_phone *p)
{
	LIST_FOREACH (it, &p->accounts)
		account_presence_stop(CONTAINER_OF(it, struct account, node)->presence);
}

enum offhook_watchers account_presence_policy(const struct account_presence *ap, bool dialogs)
{
	return dialogs ? ap->cfg.dialog_watchers : ap->cfg.watchers;
}

int account_presence_doc(const struct account *a, char buf[PIDF_DOC_MAX], struct slice *ret_doc)
{
	return pidf_write(a->parsed.text, &a->presence->pidf, buf, PIDF_DOC_MAX, ret_doc);
}

/* ---- the program says how we are ---- */

struct set_args {
	offhook_id account;
	struct pidf pidf;
};

static int set_run(struct offhook_phone *p, void *arg)
{
	const struct set_args *args = arg;
	const struct account *a = args->account ? account_find(p, args->account) : p->default_account;
	int err = phone_check_taking(p);

	if (err)
		return err;
	if (!a)
		return err_detail(OH_ENOENT, "no such account");
	a->presence->pidf = args->pidf;
	watchers_tell_presence(p, a->id);
	return a->presence->cfg.publish ? publish(a->presence, a) : 0;
}

static int take_text(char buf[PIDF_TEXT_MAX], const char *text, const char *name)
{
	if (text && strlen(text) >= PIDF_TEXT_MAX)
		return err_detail(OH_ETOOBIG, "%s has at most %u bytes", name, PIDF_TEXT_MAX - 1);
	xml_copy(buf, PIDF_TEXT_MAX, slice_of(text));
	return 0;
}

int offhook_account_set_presence(
	struct offhook_phone *phone, offhook_id account, const struct offhook_presence *presence)
{
	struct offhook_presence ours = {.size = sizeof(ours)};
	struct set_args args = {.account = account};
	int err;

	err_detail_clear();
	err = cfg_take(&ours, sizeof(ours), presence);
	if (!err && (unsigned)ours.activity > OFFHOOK_ACTIVITY_BUSY)
		err = err_detail(OH_EINVAL, "no such activity");
	if (!err)
		err = take_text(args.pidf.note, ours.note, "a note");
	if (!err)
		err = take_text(args.pidf.id, ours.id, "an id");
	if (err)
		return err;
	args.pidf.basic = ours.online ? PIDF_OPEN : PIDF_CLOSED;
	args.pidf.activity = (enum pidf_activity)ours.activity;
	return phone_command(phone, set_run, &args);
}
