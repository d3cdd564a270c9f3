/*
 * An answering machine without a greeting: takes the next call and records it until the caller hangs up.
 *
 *     answer_record 5060 message.wav
 */
#include <offhook/offhook.h>
#include <stdio.h>
#include <stdlib.h>

struct machine {
	struct offhook_phone *phone;
	offhook_id call, recorder, recorder_slot;
	int over;
};

static void on_event(void *arg, const struct offhook_event *e)
{
	struct machine *m = arg;
	struct offhook_answer busy;

	switch (e->type) {
	case OFFHOOK_EVENT_CALL_INCOMING:
		if (m->call) {
			offhook_answer_init(&busy);
			busy.code = 486;
			offhook_call_answer(m->phone, e->id, &busy);
			break;
		}
		m->call = e->id;
		printf("recording %s\n", e->call->remote_uri);
		offhook_call_answer(m->phone, e->id, NULL);
		break;
	case OFFHOOK_EVENT_CALL_MEDIA:
		if (e->call->slot)
			offhook_connect(m->phone, e->call->slot, m->recorder_slot);
		break;
	case OFFHOOK_EVENT_CALL_STATE:
		if (e->id == m->call && e->call->state == OFFHOOK_CALL_DISCONNECTED) {
			printf("%.1f s\n", e->call->call_time_s);
			m->over = 1;
		}
		break;
	default:
		break;
	}
}

static int open_machine(struct machine *m, int port, const char *file)
{
	struct offhook_phone_cfg settings;
	struct offhook_transport_cfg udp;
	struct offhook_account_cfg me;
	offhook_id account;
	int err;

	offhook_phone_cfg_init(&settings);
	settings.delivery = OFFHOOK_DELIVER_PULL;
	settings.on_event = on_event;
	settings.on_event_arg = m;
	settings.jitter_ms = 200; /* nobody waits for a recording: late packets may still come in */
	offhook_transport_cfg_init(&udp);
	udp.port = (uint16_t)port;
	offhook_account_cfg_init(&me);

	err = offhook_phone_new(&settings, &m->phone);
	if (!err)
		err = offhook_recorder_new(m->phone, file, &m->recorder, &m->recorder_slot);
	if (!err)
		err = offhook_transport_add(m->phone, &udp, &me.transport);
	if (!err)
		err = offhook_account_add(m->phone, &me, &account);
	return err;
}

int main(int argc, char **argv)
{
	struct machine m = {0};
	int err;

	if (argc != 3) {
		fprintf(stderr, "usage: answer_record PORT FILE.wav\n");
		return 2;
	}
	err = open_machine(&m, atoi(argv[1]), argv[2]);
	while (!err && !m.over)
		offhook_process(m.phone, -1);
	if (!err)
		err = offhook_port_remove(m.phone, m.recorder); /* the file is complete after this */
	if (err)
		fprintf(stderr, "answer_record: %s: %s\n", offhook_strerror(err), offhook_error_detail());
	offhook_phone_free(m.phone);
	return err ? 1 : 0;
}
