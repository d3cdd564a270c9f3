/* Calls somebody and gives back what they say, until Enter. */
#include <offhook/offhook.h>
#include <stdio.h>

static void on_event(void *arg, const struct offhook_event *event)
{
	if (event->type == OFFHOOK_EVENT_CALL_MEDIA && event->call->slot)
		offhook_connect(*(struct offhook_phone **)arg, event->call->slot, event->call->slot);
}

int main(int argc, char **argv)
{
	struct offhook_phone *phone = NULL;
	struct offhook_phone_cfg settings;
	struct offhook_transport_cfg udp;
	struct offhook_account_cfg me;
	struct offhook_call_cfg whom;
	offhook_id id;
	int err;

	offhook_phone_cfg_init(&settings);
	settings.on_event = on_event;
	settings.on_event_arg = &phone;
	offhook_transport_cfg_init(&udp);
	offhook_account_cfg_init(&me);
	offhook_call_cfg_init(&whom);
	whom.uri = argc > 1 ? argv[1] : "sip:echo@127.0.0.1";

	err = offhook_phone_new(&settings, &phone);
	if (!err)
		err = offhook_transport_add(phone, &udp, &me.transport);
	if (!err)
		err = offhook_account_add(phone, &me, &id);
	if (!err)
		err = offhook_call_make(phone, id, &whom, &id);
	if (err)
		fprintf(stderr, "%s: %s\n", offhook_strerror(err), offhook_error_detail());
	else
		getchar();
	offhook_phone_free(phone);
	return err ? 1 : 0;
}
