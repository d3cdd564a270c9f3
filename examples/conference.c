/*
 * A conference: whoever calls hears everybody else. Until Enter.
 *
 *     conference 5060
 */
#include <offhook/offhook.h>
#include <stdio.h>
#include <stdlib.h>

#define MOST 32

static struct offhook_phone *phone;
static struct member {
	offhook_id call, slot;
} members[MOST];
static size_t n_members;

/*
 * Everybody with everybody; connections that are there already stay. All or none: when a slot has gone a moment
 * ago, nothing is connected, but then the event of its end waits already and brings us here again.
 */
static void mix(void)
{
	static struct offhook_link links[MOST * MOST];
	size_t n = 0;

	for (size_t i = 0; i < n_members; i++)
		for (size_t j = 0; j < n_members; j++)
			if (i != j && members[i].slot && members[j].slot)
				links[n++] = (struct offhook_link){members[i].slot, members[j].slot, 1};
	offhook_connect_many(phone, links, n);
}

static size_t place_of(offhook_id call)
{
	size_t i = 0;

	while (i < n_members && members[i].call != call)
		i++;
	return i;
}

static void on_event(void *arg, const struct offhook_event *e)
{
	(void)arg;
	if (e->type == OFFHOOK_EVENT_CALL_INCOMING) {
		/* There is room: max_calls is MOST. */
		members[n_members++] = (struct member){.call = e->id};
		offhook_call_answer(phone, e->id, NULL);
	} else if (e->type == OFFHOOK_EVENT_CALL_MEDIA) {
		members[place_of(e->id)].slot = e->call->slot;
		mix();
	} else if (e->type == OFFHOOK_EVENT_CALL_STATE) {
		if (e->call->state == OFFHOOK_CALL_DISCONNECTED) {
			members[place_of(e->id)] = members[--n_members];
			mix();
		} else if (e->call->state != OFFHOOK_CALL_CONFIRMED) {
			return;
		}
		printf("%zu in the conference: %s %s\n", n_members, e->call->remote_uri,
			e->call->state == OFFHOOK_CALL_CONFIRMED ? "came" : "left");
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	struct offhook_phone_cfg settings;
	struct offhook_transport_cfg udp;
	struct offhook_account_cfg me;
	offhook_id account;
	int err;

	if (argc != 2) {
		fprintf(stderr, "usage: conference PORT\n");
		return 2;
	}
	offhook_phone_cfg_init(&settings);
	settings.on_event = on_event; /* on one thread of the library: no locks here */
	settings.max_calls = MOST;    /* who comes then hears busy */
	settings.jitter_ms = 60;
	offhook_transport_cfg_init(&udp);
	udp.port = (uint16_t)atoi(argv[1]);
	offhook_account_cfg_init(&me);
	err = offhook_phone_new(&settings, &phone);
	if (!err)
		err = offhook_transport_add(phone, &udp, &me.transport);
	if (!err)
		err = offhook_account_add(phone, &me, &account);
	if (err)
		fprintf(stderr, "%s: %s\n", offhook_strerror(err), offhook_error_detail());
	else
		getchar();
	offhook_phone_free(phone);
	return err ? 1 : 0;
}
