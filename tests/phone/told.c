#include "told.h"

const char *const deed_names[N_DEEDS] = {
	[CONFIRMED] = "calls confirmed",
	[OVER_TCP] = "over TCP",
	[BY_PROXY] = "through the proxy",
	[STOOD] = "stood in the end",
	[PRACK] = "PRACKs",
	[UPDATE] = "UPDATEs",
	[BLIND] = "blind transfers",
	[ATTENDED] = "attended transfers",
	[TRANSFER_REFUSED] = "transfers that failed",
	[REPLACED] = "calls replaced",
	[REDIRECTED] = "calls redirected",
	[FOLLOWED] = "redirected calls confirmed",
	[PRESENCE_HEARD] = "presence heard",
	[DIALOG_HEARD] = "calls of others heard of",
	[WATCHER_LOST] = "subscriptions lost",
	[REGISTERED] = "registrations",
	[BROKEN] = "connections broken",
};
uint64_t deeds[N_DEEDS];

static struct told *told;

static int number_of(const struct side *s)
{
	return s->ip[strlen(s->ip) - 1] - '1';
}

/* ---- what the programs are told: calls ---- */

struct record *told_record(struct told *t, int side, offhook_id id)
{
	for (size_t i = t->n_records; i-- > 0;)
		if (t->records[i].side == side && t->records[i].id == id)
			return &t->records[i];
	return NULL;
}

static struct record *begin_record(int side, offhook_id id, const struct offhook_call_info *call)
{
	struct record *r = &told->records[told->n_records++];

	CHECK(told->n_records <= RECORDS_MAX);
	*r = (struct record){.side = side, .id = id, .state = call->state};
	snprintf(r->call_id, sizeof(r->call_id), "%s", call->sip_call_id);
	return r;
}

static void note_confirmed(const struct record *r, const struct offhook_call_info *c)
{
	deeds[CONFIRMED]++;
	deeds[OVER_TCP] += strstr(c->remote_contact, "transport=tcp") != NULL;
	deeds[BY_PROXY] += c->account && c->account == told->phones[r->side].proxied;
	deeds[FOLLOWED] += r->redirected;
}

static void note_state(int side, const struct offhook_event *e)
{
	struct record *r = told_record(told, side, e->id);

	if (told->tells)
		print_message("# %9.3f  phone %d: %.6s event %d in state %d, status %u\n",
			(double)sim_now(told->sim) / 1e9, side + 1, e->call->sip_call_id, (int)e->type,
			(int)e->call->state, e->call->last_status);
	if (!r) {
		CHECK(e->call->state < OFFHOOK_CALL_DISCONNECTED);
		(void)begin_record(side, e->id, e->call);
		return;
	}
	CHECK(r->state != OFFHOOK_CALL_DISCONNECTED);
	/* What early audio it had is gone, and it begins anew. */
	if (e->type == OFFHOOK_EVENT_CALL_REDIRECTED) {
		deeds[REDIRECTED]++;
		r->redirected = true;
		CHECK(e->call->state <= OFFHOOK_CALL_EARLY);
		r->state = e->call->state;
	}
	if (e->call->state < r->state)
		fail_msg("%s: phone %d: event %d, state %d after state %d", r->call_id, side + 1,
			(int)e->type, (int)e->call->state, (int)r->state);
	if (r->state < OFFHOOK_CALL_CONFIRMED && e->call->state == OFFHOOK_CALL_CONFIRMED)
		note_confirmed(r, e->call);
	r->state = e->call->state;
	if (r->state != OFFHOOK_CALL_DISCONNECTED)
		return;
	CHECK(e->call->ended_by != OFFHOOK_NOT_ENDED);
	CHECK(e->call->last_status >= 200 || e->call->error);
}

/* The call that takes another one's place is known from then on. */
static void note_replaced(int side, const struct offhook_event *e)
{
	struct offhook_call_info *info;

	CHECK_OK(offhook_call_get_info(told->phones[side].side->phone, e->other, &info));
	if (!told_record(told, side, e->other))
		begin_record(side, e->other, info)->state = OFFHOOK_CALL_INCOMING;
	offhook_call_info_free(info);
	deeds[REPLACED]++;
}

static void note_transfer(int side, const struct offhook_event *e)
{
	struct record *r = told_record(told, side, e->id);

	CHECK(r && r->transferring);
	if (!e->final)
		return;
	r->transferring = false;
	deeds[e->status / 100 != 2 ? TRANSFER_REFUSED : r->attended ? ATTENDED : BLIND]++;
}

/* ---- ... subscriptions ---- */

static struct buddy *buddy_of(struct told_phone *p, offhook_id id)
{
	for (size_t i = 0; i < BUDDIES_MAX; i++)
		if (p->buddies[i].id == id)
			return &p->buddies[i];
	return NULL;
}

static void note_buddy(struct told_phone *p, const struct offhook_event *e)
{
	CHECK(p->adding || buddy_of(p, e->id));
	if (e->buddy->subscription == OFFHOOK_SUBSCRIPTION_ACTIVE)
		deeds[PRESENCE_HEARD]++;
	if (e->buddy->subscription == OFFHOOK_SUBSCRIPTION_WAITING)
		deeds[WATCHER_LOST]++;
}

static void note_dialog(struct told_phone *p, const struct offhook_event *e)
{
	struct buddy *b = buddy_of(p, e->id);
	bool over = strcmp(e->dialog->state, "terminated") == 0;
	size_t i = 0;

	CHECK(b);
	deeds[DIALOG_HEARD]++;
	while (i < b->n_dialogs && strcmp(b->dialogs[i], e->dialog->id) != 0)
		i++;
	if (over && i < b->n_dialogs)
		memmove(b->dialogs[i], b->dialogs[--b->n_dialogs], sizeof(b->dialogs[0]));
	if (over || i < b->n_dialogs)
		return;
	CHECK(b->n_dialogs < DIALOGS_MAX);
	snprintf(b->dialogs[b->n_dialogs++], sizeof(b->dialogs[0]), "%s", e->dialog->id);
}

/* ---- the handler ---- */

void told_handle(struct side *s, const struct offhook_event *e)
{
	int side = number_of(s);
	struct told_phone *p = &told->phones[side];

	CHECK(e->serial > p->serial);
	p->serial = e->serial;
	s->log[0] = '\0';
	memset(s->digits, 0, sizeof(s->digits));
	if (e->call)
		note_state(side, e);
	switch (e->type) {
	case OFFHOOK_EVENT_CALL_INCOMING:
		told->incoming(side, e->id);
		break;
	case OFFHOOK_EVENT_REPLACED:
		note_replaced(side, e);
		break;
	case OFFHOOK_EVENT_TRANSFER_STATUS:
		note_transfer(side, e);
		break;
	case OFFHOOK_EVENT_BUDDY_STATE:
		note_buddy(p, e);
		break;
	case OFFHOOK_EVENT_DIALOG_INFO:
		note_dialog(p, e);
		break;
	case OFFHOOK_EVENT_REGISTRATION:
		deeds[REGISTERED] += e->status == 200;
		break;
	case OFFHOOK_EVENT_QUESTION:
		told->asked(side, e->question->ticket);
		break;
	default:
		break;
	}
}

/* The first line of each message on the wire. */
static void tell(const struct sim_packet *p, enum sim_fate fate)
{
	struct slice text = slice_make((const char *)p->data, p->n);

	text.n = slice_index(text, '\r');
	if (p->from.port == 5060)
		print_message("# %9.3f  %u -> %u  %.*s%s\n", (double)sim_now(told->sim) / 1e9, p->from.ip[3],
			p->to.ip[3], SLICE_ARG(text), fate == SIM_DROP ? " (lost)" : "");
}

/* PRACK and UPDATE are nobody's events. */
static void on_packet(void *arg, const struct sim_packet *p, enum sim_fate fate)
{
	(void)arg;
	if (told->tells)
		tell(p, fate);
	deeds[PRACK] += p->n > 6 && memcmp(p->data, "PRACK ", 6) == 0;
	deeds[UPDATE] += p->n > 7 && memcmp(p->data, "UPDATE ", 7) == 0;
}

void told_begin(struct told *t, struct sim *sim)
{
	*t = (struct told){.sim = sim,
		.incoming = t->incoming,
		.asked = t->asked,
		.tells = getenv("OFFHOOK_TRACE") != NULL};
	told = t;
	sim_tap(sim, on_packet, NULL);
}
