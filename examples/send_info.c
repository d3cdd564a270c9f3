/*
 * Calls with a header of its own, sends one INFO when the call is answered, tells what became of it, and hangs up.
 *
 *     send_info sip:bob@192.0.2.1 X-Ticket 4711 "the text of the INFO"
 */
#include <offhook/offhook.h>
#include <stdio.h>
#include <string.h>

static struct offhook_phone *phone;
static const char *text;
static unsigned info_status;
static int over;

static void send_info(offhook_id call)
{
	struct offhook_request info = {.size = sizeof(info)};
	int err;

	info.method = "INFO";
	info.content_type = "text/plain";
	info.body = text;
	info.body_length = strlen(text);
	err = offhook_call_request(phone, call, &info);
	if (err) {
		fprintf(stderr, "INFO: %s %s\n", offhook_strerror(err), offhook_error_detail());
		offhook_call_hangup(phone, call, NULL);
	}
}

static void on_event(void *arg, const struct offhook_event *e)
{
	(void)arg;
	if (e->type == OFFHOOK_EVENT_CALL_RESPONSE) {
		info_status = e->status;
		printf("INFO: %u\n", e->status);
		offhook_call_hangup(phone, e->id, NULL);
	}
	if (e->type != OFFHOOK_EVENT_CALL_STATE)
		return;
	if (e->call->state == OFFHOOK_CALL_CONFIRMED)
		send_info(e->id);
	if (e->call->state == OFFHOOK_CALL_DISCONNECTED) {
		printf("call: %u %s\n", e->call->last_status, e->call->last_reason);
		over = 1;
	}
}

int main(int argc, char **argv)
{
	struct offhook_phone_cfg settings;
	struct offhook_transport_cfg udp;
	struct offhook_account_cfg me;
	struct offhook_call_cfg whom;
	struct offhook_header header;
	offhook_id account, call;
	int err;

	if (argc != 5) {
		fprintf(stderr, "usage: send_info URI HEADER VALUE TEXT\n");
		return 2;
	}
	text = argv[4];
	offhook_phone_cfg_init(&settings);
	settings.delivery = OFFHOOK_DELIVER_PULL;
	settings.on_event = on_event;
	offhook_transport_cfg_init(&udp);
	offhook_account_cfg_init(&me);
	header = (struct offhook_header){.name = argv[2], .value = argv[3]};
	offhook_call_cfg_init(&whom);
	whom.uri = argv[1];
	whom.headers = &header;
	whom.n_headers = 1;
	err = offhook_phone_new(&settings, &phone);
	if (!err)
		err = offhook_transport_add(phone, &udp, &me.transport);
	if (!err)
		err = offhook_account_add(phone, &me, &account);
	if (!err)
		err = offhook_call_make(phone, account, &whom, &call);
	if (err)
		fprintf(stderr, "%s: %s\n", offhook_strerror(err), offhook_error_detail());
	while (!err && !over)
		offhook_process(phone, -1);
	if (phone)
		offhook_phone_close(phone, 2000);
	offhook_phone_free(phone);
	return info_status == 200 ? 0 : 1;
}
