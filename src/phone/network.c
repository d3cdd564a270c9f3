#include "phone/network.h"

#include "phone/account_reg.h"
#include "phone/buddy.h"
#include "phone/call_impl.h"
#include "phone/names.h"
#include "phone/presence.h"
#include "phone/watcher.h"

bool network_stands(const struct sip_flow *flow)
{
	struct sip_flow now = *flow;

	return sip_flow_follow(&now) == 0 && netaddr_eq_ip(&now.local, &flow->local);
}

static size_t repair_calls(struct offhook_phone *p, enum network_cause cause)
{
	size_t n = 0;

	LIST_FOREACH_SAFE (it, &p->calls) {
		struct call *c = CONTAINER_OF(it, struct call, node);

		if (!c->inv || c->state == OFFHOOK_CALL_DISCONNECTED)
			continue;
		if (cause == NETWORK_ADDRESSES && network_stands(inv_flow(c->inv)))
			continue;
		call_repair(c);
		n++;
	}
	return n;
}

void network_changed(struct offhook_phone *p, enum network_cause cause)
{
	static const char *const causes[] = {
		[NETWORK_ADDRESSES] = "addresses or routes have changed",
		[NETWORK_SLEPT] = "the machine has slept",
		[NETWORK_TOLD] = "the program says that the network has changed",
	};
	char text[160];
	enum network_cause sure = cause;
	size_t regs, calls;

	if (p->state != PHONE_OPEN)
		return;
	if (sip_stack_moved(p->stack))
		sure = NETWORK_TOLD;
	LIST_FOREACH (it, &p->transports)
		transport_public_renew(p, CONTAINER_OF(it, struct transport, node));
	buddies_moved(p, sure != NETWORK_ADDRESSES);
	watchers_moved(p, sure != NETWORK_ADDRESSES);
	presence_moved(p, sure != NETWORK_ADDRESSES);
	regs = account_regs_moved(p, sure);
	calls = repair_calls(p, sure);
	/* The system tells of much that is nobody's business here. */
	if (cause == NETWORK_ADDRESSES && regs == 0 && calls == 0)
		return;
	snprintf(text, sizeof(text), "%s: %zu registrations are made anew, %zu calls repaired", causes[cause],
		regs, calls);
	names_decided(p, SIP_DECIDED_NETWORK, 0, text);
}

static void on_network(void *arg, unsigned changes)
{
	network_changed(arg, changes & HOST_SLEPT ? NETWORK_SLEPT : NETWORK_ADDRESSES);
}

void network_watch(struct offhook_phone *p)
{
	int err = host_on_network(p->host, on_network, p);

	if (err)
		host_log(p->host, LOG_WARN, "phone", "changes of the network cannot be watched: %s",
			offhook_strerror(err));
}

static int changed_run(struct offhook_phone *p, void *arg)
{
	int err = phone_check_taking(p);

	(void)arg;
	if (!err)
		network_changed(p, NETWORK_TOLD);
	return err;
}

int offhook_network_changed(struct offhook_phone *phone)
{
	return phone_command(phone, changed_run, NULL);
}
