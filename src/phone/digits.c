#include "phone/digits.h"

#include "base/mem.h"
#include "phone/call_impl.h"

#include <ctype.h>

#define DURATION_MS 160u
#define PAUSE_MS    80u

/* ---- ours ---- */

struct digit {
	char digit;
	unsigned duration_ms, pause_ms;
};

/* The next one goes when the one before was answered and has had its time: the order of requests on their way is no
 * order (RFC 3261 12.2.2 gives numbers, and one that came late would be refused). */
struct digits_out {
	struct call *call;
	struct wheel_timer pause;
	enum { WAITS_FOR_BOTH, WAITS_FOR_ANSWER, WAITS_FOR_TIME } state;
	bool relay;
	uint64_t cause;
	size_t n; /* the first one is under way */
	struct digit list[DIGITS_WAITING_MAX + 1];
};

struct digits_out *digits_free(struct digits_out *d)
{
	if (d)
		wheel_stop(&d->pause);
	mem_free(d);
	return NULL;
}

/* All went, or one was refused and the others are not sent. */
static void over(struct digits_out *d, unsigned status, const struct sip_msg *msg, int err)
{
	struct call *c = d->call;
	struct event_say say = {
		.type = OFFHOOK_EVENT_CALL_DTMF_SENT,
		.subject = c->subject,
		.account = account_find(c->phone, c->account) ? c->account : 0,
		.picture = picture_new(c),
		.status = status,
		.error = err,
		.message = msg ? msg->raw : SLICE_NONE,
		.cause = d->cause,
	};

	c->digits = digits_free(d);
	event_emit(c->phone, &say);
}

static int send_first(struct digits_out *d)
{
	const struct digit *next = &d->list[0];
	struct dialog_request req = {.method = SIP_INFO};
	char text[64], name[3] = {next->digit, '\0'};
	int n, err;

	if (next->digit == 'R')
		snprintf(name, sizeof(name), "16"); /* as an event of RFC 4733 */
	if (d->relay)
		n = snprintf(text, sizeof(text), "Signal=%s\r\nDuration=%u\r\n", name, next->duration_ms);
	else
		n = snprintf(text, sizeof(text), "%s", name);
	req.content_type = d->relay ? SLICE_LIT("application/dtmf-relay") : SLICE_LIT("application/dtmf");
	req.body = slice_make(text, (size_t)n);
	err = inv_request(d->call->inv, &req, DIGITS_TOKEN);
	if (err)
		return err;
	d->state = WAITS_FOR_BOTH;
	sip_stack_arm(d->call->phone->stack, &d->pause, next->duration_ms + next->pause_ms);
	return 0;
}

static void go_on(struct digits_out *d)
{
	int err;

	d->n--;
	memmove(&d->list[0], &d->list[1], d->n * sizeof(d->list[0]));
	if (!d->n) {
		over(d, 0, NULL, 0);
		return;
	}
	err = send_first(d);
	if (err)
		over(d, 0, NULL, err);
}

static void on_pause(void *arg)
{
	struct digits_out *d = arg;

	if (d->state == WAITS_FOR_BOTH)
		d->state = WAITS_FOR_ANSWER;
	else
		go_on(d);
}

/* RFC 3261 21.4.13: this type not, perhaps the other one. */
static bool try_other_type(struct digits_out *d, const struct sip_msg *msg)
{
	if (!msg || msg->status != 415 || !d->relay)
		return false;
	d->relay = false;
	return send_first(d) == 0;
}

void digits_answered(struct call *c, struct sip_msg *msg, int err)
{
	struct digits_out *d = c->digits;

	if (!d || try_other_type(d, msg))
		return;
	if (err || msg->status >= 300)
		over(d, msg ? msg->status : 0, msg, err);
	else if (d->state == WAITS_FOR_BOTH)
		d->state = WAITS_FOR_TIME;
	else
		go_on(d);
}

static struct digits_out *digits_new(struct call *c)
{
	struct digits_out *d = mem_zalloc(sizeof(*d));

	if (!d)
		return NULL;
	d->call = c;
	wheel_timer_init(&d->pause, on_pause, d);
	return d;
}

int digits_send(struct call *c, const struct digits_order *order)
{
	size_t n = strlen(order->digits);
	struct digits_out *d = c->digits;
	int err;

	if (!c->inv || !inv_dialog(c->inv))
		return err_detail(OH_ESTATE, "the call has no dialog yet");
	if (!inv_peer_takes(c->inv, SIP_INFO))
		return err_detail(OH_ENODTMF, "the peer takes neither telephone-event nor INFO");
	if ((d && d->n ? d->n - 1 : 0) + n > DIGITS_WAITING_MAX)
		return err_detail(OH_ETOOMANY, "at most %u digits wait", DIGITS_WAITING_MAX);
	if (!d)
		d = digits_new(c);
	if (!d)
		return OH_ENOMEM;
	for (size_t i = 0; i < n; i++)
		d->list[d->n + i] = (struct digit){(char)toupper((unsigned char)order->digits[i]),
			order->duration_ms ? order->duration_ms : DURATION_MS,
			order->pause_ms ? order->pause_ms : PAUSE_MS};
	d->n += n;
	d->cause = c->phone->commands.cause;
	if (c->digits)
		return 0;
	d->relay = order->relay;
	err = send_first(d);
	if (err) {
		digits_free(d);
		return err;
	}
	c->digits = d;
	return 0;
}

/* ---- the peer's ---- */

static bool are_twins(uint64_t a_ns, enum digit_way a, uint64_t b_ns, enum digit_way b)
{
	uint64_t apart = a_ns > b_ns ? a_ns - b_ns : b_ns - a_ns;
	bool by_info = a == DIGIT_BY_INFO || b == DIGIT_BY_INFO;

	return a != b && apart <= (by_info ? DIGITS_TWIN_MS : DIGITS_ECHO_MS) * NS_PER_MS;
}

bool digit_is_new(struct digit_twins *t, char digit, enum digit_way way, uint64_t began_ns)
{
	/* The oldest first: of two equal digits each has a twin. */
	for (unsigned i = 0; i < DIGITS_TWINS; i++) {
		unsigned at = (t->next + i) % DIGITS_TWINS;

		if (t->list[at].way == 0 || t->list[at].digit != digit ||
			!are_twins(t->list[at].began_ns, t->list[at].way, began_ns, way))
			continue;
		t->list[at].way = 0;
		return false;
	}
	t->list[t->next].began_ns = began_ns;
	t->list[t->next].digit = digit;
	t->list[t->next].way = way;
	t->next = (t->next + 1) % DIGITS_TWINS;
	return true;
}

/* "Signal=5", without case and with blanks (application/dtmf-relay as everybody sends it; no RFC). */
static bool relay_field(struct slice body, const char *name, struct slice *ret_value)
{
	while (body.n) {
		size_t end = slice_index(body, '\n'), eq;
		struct slice line = slice_make(body.p, end);

		body = slice_skip(body, end + 1);
		eq = slice_index(line, '=');
		if (eq < line.n && slice_ieq(slice_trim(slice_make(line.p, eq)), slice_of(name))) {
			*ret_value = slice_trim(slice_skip(line, eq + 1));
			return true;
		}
	}
	return false;
}

/* Digits are characters; some gateways send the event number instead: 10 '*', 11 '#', 12-15 'A'-'D', 16
 * flash. */
static char digit_of(struct slice text)
{
	static const char by_number[] = "0123456789*#ABCDR";
	uint32_t number;

	if (text.n == 1 && strchr("0123456789*#ABCDR", toupper((unsigned char)text.p[0])))
		return (char)toupper((unsigned char)text.p[0]);
	if (text.n == 2 && slice_to_u32(text, 16, &number) == 0)
		return by_number[number];
	return '\0';
}

char digit_in_info(const struct sip_msg *msg, uint32_t *ret_ms)
{
	struct slice type = sip_msg_content_type(msg), text = SLICE_NONE, duration;

	*ret_ms = 0;
	if (slice_ieq(type, SLICE_LIT("application/dtmf"))) {
		text = slice_trim(msg->body);
	} else if (slice_ieq(type, SLICE_LIT("application/dtmf-relay"))) {
		if (!relay_field(msg->body, "Signal", &text))
			return '\0';
		if (!relay_field(msg->body, "Duration", &duration) || slice_to_u32(duration, 60000, ret_ms))
			*ret_ms = 0;
	}
	return digit_of(text);
}
