#include "session/pub.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/wheel.h"
#include "session/patience.h"
#include "sip/txn.h"

#include <stdio.h>

#define TAG_LEN     16u
#define CALL_ID_LEN 24u
/* Renewed so long before the end, but not before half of the time. */
#define RENEW_BEFORE_S 35u

/* What is to be published: one block. */
struct content {
	unsigned refs;
	struct slice type, body;
	char text[];
};

struct pub {
	struct pub_cfg cfg;
	enum pub_state state;
	struct sip_client *client;
	struct wheel_timer timer; /* ACTIVE: renewal; WAITING, REFUSED: the next attempt */
	unsigned failures;
	uint32_t expires_s; /* asked for: a 423 lengthens it */
	uint32_t cseq;
	struct content *wanted;  /* to be there */
	struct content *sent;    /* what the request under way stands for; NULL: it takes away */
	struct content *there;   /* at the server */
	char etag[PUB_ETAG_MAX]; /* "": none */
	char call_id[CALL_ID_LEN + 1], tag[TAG_LEN + 1];
};

/* ---- contents ---- */

static struct content *content_ref(struct content *c)
{
	if (c)
		c->refs++;
	return c;
}

static struct content *content_unref(struct content *c)
{
	if (c && --c->refs == 0)
		mem_free(c);
	return NULL;
}

static struct content *content_new(struct slice type, struct slice body)
{
	struct content *c = mem_alloc(sizeof(*c) + type.n + body.n);

	if (!c)
		return NULL;
	c->refs = 1;
	if (type.n)
		memcpy(c->text, type.p, type.n);
	if (body.n)
		memcpy(c->text + type.n, body.p, body.n);
	c->type = slice_make(c->text, type.n);
	c->body = slice_make(c->text + type.n, body.n);
	return c;
}

static void keep(struct content **place, struct content *c)
{
	content_ref(c);
	content_unref(*place);
	*place = c;
}

/* ---- requests ---- */

static void on_response(void *arg, struct sip_msg *msg, const struct sip_flow *flow);
static void on_done(void *arg, int err);

static uint32_t next_cseq(void *arg)
{
	struct pub *p = arg;

	return ++p->cseq;
}

/* RFC 3903 4.1, table 1: the body and the entity-tag say which of the four it is. */
static int send_as(struct pub *p, const struct whom *whom, char *from, size_t n_from)
{
	const struct sip_client_handler handler = {on_response, on_done, p, next_cseq};
	char expires[16];
	struct sip_extra extras[3] = {
		{SLICE_LIT("Event"), slice_of(p->cfg.event)},
		{SLICE_LIT("Expires"), SLICE_NONE},
		{SLICE_LIT("SIP-If-Match"), slice_of(p->etag)},
	};
	bool removes = p->state == PUB_REMOVING;
	bool body = !removes && (!*p->etag || p->wanted != p->there);
	struct sip_request req = {.method = SIP_PUBLISH,
		.target = whom->target,
		.routes = whom->routes,
		.n_routes = whom->n_routes,
		.from = slice_make(from, n_from),
		.to = whom->to,
		.call_id = slice_of(p->call_id),
		.cseq = ++p->cseq,
		.extras = extras,
		.n_extras = *p->etag ? 3 : 2,
		.content_type = body ? p->wanted->type : SLICE_NONE,
		.body = body ? p->wanted->body : SLICE_NONE,
		.prefer = whom->prefer,
		.auth = whom->auth};

	if (whom->flow)
		req.flow = *whom->flow;
	snprintf(expires, sizeof(expires), "%u", removes ? 0 : p->expires_s);
	extras[1].value = slice_of(expires);
	keep(&p->sent, removes ? NULL : p->wanted);
	return sip_client_send(p->cfg.stack, &req, &handler, &p->client);
}

static int send_request(struct pub *p)
{
	struct whom whom = {.routes = NULL};
	int err = p->cfg.whom(p->cfg.arg, &whom);
	size_t cap = whom.from.n + sizeof(";tag=") + TAG_LEN;
	char *from = err ? NULL : mem_alloc(cap);

	if (err)
		return err;
	if (!from)
		return OH_ENOMEM;
	snprintf(from, cap, "%.*s;tag=%s", SLICE_ARG(whom.from), p->tag);
	err = send_as(p, &whom, from, strlen(from));
	mem_free(from);
	return err;
}

/* ---- how it goes on ---- */

static void arm(struct pub *p, uint64_t ms)
{
	sip_stack_arm(p->cfg.stack, &p->timer, ms);
}

static void wait_for_next(struct pub *p, uint32_t retry_after_s)
{
	p->state = PUB_WAITING;
	arm(p, patience_ms(sip_stack_host(p->cfg.stack), ++p->failures, p->cfg.wait_max_s, retry_after_s));
}

static void forget(struct pub *p)
{
	p->etag[0] = '\0';
	p->there = content_unref(p->there);
}

/* Nothing can be sent: as if nobody had answered. What cannot be taken away runs out. */
static int begin(struct pub *p, enum pub_state state)
{
	int err;

	wheel_stop(&p->timer);
	p->state = state;
	err = send_request(p);
	if (err && state == PUB_REMOVING)
		p->state = PUB_OFF;
	else if (err)
		wait_for_next(p, 0);
	return err;
}

static void tell(struct pub *p, unsigned status, int err, struct sip_msg *msg)
{
	p->cfg.outcome(p->cfg.arg, &(struct pub_outcome){p->state, status, err, msg});
}

static void on_timer(void *arg)
{
	struct pub *p = arg;
	int err = begin(p, PUB_ASKING);

	if (err)
		tell(p, 0, err, NULL);
}

/* ---- responses ---- */

static void accepted(struct pub *p, struct sip_msg *msg)
{
	const struct sip_hdr *etag = sip_msg_hdr_named(msg, SLICE_LIT("SIP-ETag"));
	uint32_t seconds = p->expires_s, before;

	p->failures = 0;
	forget(p);
	/* RFC 3903 6: there is one. Without, what is there runs out and is given anew. */
	if (etag && etag->value.n < sizeof(p->etag)) {
		memcpy(p->etag, etag->value.p, etag->value.n);
		p->etag[etag->value.n] = '\0';
		keep(&p->there, p->sent);
	}
	/* It was to be taken away while it was on its way there. */
	if (p->state == PUB_REMOVING) {
		if (!*p->etag || begin(p, PUB_REMOVING) != 0) {
			p->state = PUB_OFF;
			tell(p, msg->status, 0, msg);
		}
		return;
	}
	(void)sip_msg_seconds(msg, SIP_HDR_EXPIRES, &seconds);
	if (seconds > p->expires_s || seconds == 0)
		seconds = p->expires_s;
	before = seconds / 2 < RENEW_BEFORE_S ? seconds / 2 : RENEW_BEFORE_S;
	p->state = PUB_ACTIVE;
	arm(p, (seconds - before) * 1000ull);
	/* Something new was given meanwhile: told when that is there. */
	if (p->wanted != p->sent && begin(p, PUB_ASKING) == 0)
		return;
	tell(p, msg->status, 0, msg);
}

/* What the response says is mended at once. True: it is on its way. */
static bool mended(struct pub *p, struct sip_msg *msg)
{
	uint32_t seconds;

	if (p->state == PUB_REMOVING)
		return false;
	if (msg->status == 412 && *p->etag) {
		forget(p);
		return begin(p, PUB_ASKING) == 0;
	}
	if (msg->status == 423 && sip_msg_seconds(msg, SIP_HDR_MIN_EXPIRES, &seconds) == 0 &&
		seconds > p->expires_s && seconds <= PUB_EXPIRES_MAX) {
		p->expires_s = seconds;
		return begin(p, PUB_ASKING) == 0;
	}
	return false;
}

static bool is_passing(unsigned status)
{
	return status == 408 || status == 412 || status == 480 || status == 500 ||
	       (status >= 502 && status <= 504);
}

static void give_up_or_wait(struct pub *p, unsigned status, uint32_t retry_after_s)
{
	uint32_t slow_s = retry_after_s > p->cfg.refused_s ? retry_after_s : p->cfg.refused_s;

	if (is_passing(status)) {
		wait_for_next(p, retry_after_s);
		return;
	}
	p->state = PUB_REFUSED;
	if (p->cfg.refused_s)
		arm(p, patience_ms(sip_stack_host(p->cfg.stack), 0, 0, slow_s));
}

static void refused(struct pub *p, struct sip_msg *msg)
{
	uint32_t seconds = 0;

	if (mended(p, msg))
		return;
	(void)sip_msg_seconds(msg, SIP_HDR_RETRY_AFTER, &seconds);
	if (p->state == PUB_REMOVING) {
		forget(p);
		p->state = PUB_OFF;
	} else if (p->state == PUB_ASKING) {
		give_up_or_wait(p, msg->status, seconds);
	}
	tell(p, msg->status, 0, msg);
}

/* The request that was to take it away is over, well or not: what is there now runs out by itself. */
static void removed(struct pub *p, unsigned status, int err, struct sip_msg *msg)
{
	forget(p);
	if (p->state == PUB_ASKING && begin(p, PUB_ASKING) == 0)
		return;
	if (p->state == PUB_REMOVING)
		p->state = PUB_OFF;
	tell(p, status, err, msg);
}

static void on_response(void *arg, struct sip_msg *msg, const struct sip_flow *flow)
{
	struct pub *p = arg;

	(void)flow;
	if (msg->status < 200)
		return;
	p->client = sip_client_free(p->client);
	if (!p->sent)
		removed(p, msg->status, 0, msg);
	else if (msg->status < 300)
		accepted(p, msg);
	else
		refused(p, msg);
}

static void on_done(void *arg, int err)
{
	struct pub *p = arg;

	p->client = NULL;
	if (!err)
		return;
	if (p->state == PUB_REMOVING || !p->sent) {
		removed(p, 0, err, NULL);
		return;
	}
	wait_for_next(p, 0);
	tell(p, 0, err, NULL);
}

/* ---- the owner ---- */

int pub_new(const struct pub_cfg *cfg, struct pub **ret_pub)
{
	struct pub *p = mem_zalloc(sizeof(*p));

	if (!p)
		return OH_ENOMEM;
	p->cfg = *cfg;
	p->expires_s = cfg->expires_s;
	sip_stack_token(cfg->stack, p->call_id, CALL_ID_LEN);
	sip_stack_token(cfg->stack, p->tag, TAG_LEN);
	p->cseq = host_random_below(sip_stack_host(cfg->stack), 30000);
	wheel_timer_init(&p->timer, on_timer, p);
	*ret_pub = p;
	return 0;
}

int pub_set(struct pub *p, struct slice content_type, struct slice body)
{
	struct content *c;

	if (body.n > PUB_BODY_MAX)
		return OH_ETOOBIG;
	c = content_new(content_type, body);
	if (!c)
		return OH_ENOMEM;
	content_unref(p->wanted);
	p->wanted = c;
	/* Whatever it waits for: something new is worth an attempt. */
	if (!p->client)
		(void)begin(p, PUB_ASKING);
	else if (p->state == PUB_REMOVING)
		p->state = PUB_ASKING; /* when that is answered */
	return 0;
}

void pub_remove(struct pub *p)
{
	wheel_stop(&p->timer);
	/* What is under way is answered first (RFC 3903 4). */
	if (p->client)
		p->state = PUB_REMOVING;
	else if (*p->etag)
		(void)begin(p, PUB_REMOVING);
	else
		p->state = PUB_OFF;
}

struct pub *pub_free(struct pub *p)
{
	if (!p)
		return NULL;
	wheel_stop(&p->timer);
	sip_client_free(p->client);
	content_unref(p->wanted);
	content_unref(p->sent);
	content_unref(p->there);
	mem_free(p);
	return NULL;
}

enum pub_state pub_state(const struct pub *p)
{
	return p->state;
}
