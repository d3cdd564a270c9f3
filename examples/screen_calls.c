/*
 * Takes only calls that carry a certain header, and shows what comes in INFO requests; until Enter.
 *
 *     screen_calls 5060 X-Ticket 4711
 */
#include <offhook/offhook.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct offhook_phone *phone;
static char **wanted; /* name and value of the header */

static void screen(const struct offhook_event *e)
{
	const struct offhook_header seen = {"X-Screened", "yes"};
	struct offhook_answer answer;
	char value[256];
	long n = offhook_message_header(e->message, e->message_length, wanted[0], 0, value, sizeof(value));

	offhook_answer_init(&answer);
	if (n < 0 || strcmp(value, wanted[1]) != 0) {
		answer.code = 403;
		answer.reason = "No Ticket";
	}
	answer.headers = &seen;
	answer.n_headers = 1;
	offhook_call_answer(phone, e->id, &answer);
}

static void on_event(void *arg, const struct offhook_event *e)
{
	(void)arg;
	if (e->type == OFFHOOK_EVENT_CALL_INCOMING) {
		screen(e);
	} else if (e->type == OFFHOOK_EVENT_CALL_REQUEST) {
		size_t n;
		const char *body = offhook_message_body(e->message, e->message_length, &n);

		printf("%s: %.*s\n", e->call->remote_uri, (int)n, body ? body : "");
	} else if (e->type == OFFHOOK_EVENT_CALL_STATE) {
		printf("%s: %u %s\n", e->call->remote_uri, e->call->last_status, e->call->last_reason);
	}
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct offhook_phone_cfg settings;
	struct offhook_transport_cfg udp;
	struct offhook_account_cfg me;
	offhook_id account;
	int err;

	if (argc != 4) {
		fprintf(stderr, "usage: screen_calls PORT HEADER VALUE\n");
		return 2;
	}
	wanted = argv + 2;
	offhook_phone_cfg_init(&settings);
	settings.on_event = on_event;
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
		getchar(); /* the phone works on its own threads until Enter */
	offhook_phone_free(phone);
	return err ? 1 : 0;
}
