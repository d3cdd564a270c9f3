/*
 * One URI (RFC 3263): from the next hop to flows, i.e. transport, our address and the peer's.
 *
 *	the URI          says the transport, the port, the address, or leaves them open
 *	NAPTR            which transports the domain wants to be reached by            (nothing else was said)
 *	SRV              which hosts and ports serve such a transport, in their order  (no port was said)
 *	A and AAAA       where these hosts are, both families (RFC 7984)
 *	flows            those that a transport of ours reaches; who failed lately comes last (target.h)
 *
 * Each step asks all its questions at once and goes on when the last is answered; what the cache knows costs no time.
 */
#include "sip/locate_impl.h"

#include "base/err.h"
#include "base/mem.h"

/* ---- flows ---- */

struct flows {
	struct sip_flow list[FLOWS_MAX];
	size_t n;
};

static void add_flow(struct seek *q, struct flows *f, const struct host_target *h, struct netaddr remote)
{
	int err;

	if (f->n == FLOWS_MAX)
		return;
	remote.port = h->port;
	err = locate_flow_to(&q->aim, h->type, &remote, &f->list[f->n]);
	if (err)
		q->err = err;
	else
		f->n++;
}

/* One of each family in turn: a family that does not get through costs one try and not all of them (RFC 8305 4). */
static void add_host(struct seek *q, struct flows *f, const struct host_target *h)
{
	for (size_t i = 0; i < FLOWS_MAX; i++)
		for (unsigned family = 0; family < N_FAMILIES; family++)
			if (i < h->n_addrs[family])
				add_flow(q, f, h, h->addrs[family][i]);
}

/* The end: q is gone when the callback runs. */
static void finish(struct seek *q)
{
	struct flows f = {.n = 0};
	sip_locate_fn *fn = q->fn;
	void *arg = q->arg;
	int err;

	for (size_t i = 0; i < q->n_hosts; i++)
		add_host(q, &f, &q->hosts[i]);
	err = f.n ? 0 : q->err;
	seek_free(q);
	fn(arg, err, f.list, f.n);
}

/* ---- questions ---- */

static void take_answer(struct question *question, const struct dns_answer *answer);
static bool next_step(struct seek *q);

static void answered(struct dns_wait *w, const struct dns_answer *answer)
{
	struct question *question = CONTAINER_OF(w, struct question, wait);
	struct seek *q = question->owner;

	take_answer(question, answer);
	if (--q->open == 0)
		next_step(q);
}

/* Answers that are known are taken at once, so only next_step() may follow. */
static void ask(struct seek *q, struct question *question, const char *name, int type, size_t index)
{
	const struct dns_answer *known;

	*question = (struct question){.wait = {.fn = answered}, .owner = q, .type = type, .index = index};
	known = dns_cache_ask(q->aim.stack->dns, name, type, &question->wait);
	if (known)
		take_answer(question, known);
	else
		q->open++;
}

/* ---- A and AAAA ---- */

static void add_addr(struct host_target *h, const struct netaddr *addr)
{
	enum family family = addr->family == NETADDR_IP6 ? IP6 : IP4;

	if (h->n_addrs[family] < FLOWS_MAX)
		h->addrs[family][h->n_addrs[family]++] = *addr;
}

/* Has every host an address, so that only a slow name server is waited for? */
static bool all_found(const struct seek *q)
{
	for (size_t i = 0; i < q->n_hosts; i++)
		if (!q->hosts[i].n_addrs[IP4] && !q->hosts[i].n_addrs[IP6])
			return false;
	return true;
}

static void too_slow(void *arg)
{
	finish(arg);
}

static void take_addrs(struct seek *q, struct host_target *h, const struct dns_answer *answer)
{
	for (size_t i = 0; i < answer->n_addrs; i++)
		add_addr(h, &answer->addrs[i]);
	if (all_found(q))
		sip_stack_arm(q->aim.stack, &q->slow, SLOW_FAMILY_MS);
	else if (!wheel_armed(&q->slow))
		sip_stack_arm(q->aim.stack, &q->slow, SLOW_HOST_MS);
}

static void take_answer(struct question *question, const struct dns_answer *answer)
{
	struct seek *q = question->owner;

	if (answer->err) {
		/* A server that fails is worth more words than a name that is not there. */
		if (answer->err != OH_ERESOLVE)
			q->err = answer->err;
		return;
	}
	switch (question->type) {
	case HOST_DNS_NAPTR:
		locate_take_naptr(q, answer->records);
		break;
	case HOST_DNS_SRV:
		locate_take_srv(q, &q->services[question->index], answer->records);
		break;
	default:
		take_addrs(q, &q->hosts[question->index], answer);
	}
}

/* Families that none of our transports of this kind speaks are not asked for. */
static void ask_addrs(struct seek *q, size_t index)
{
	static const struct {
		uint8_t family;
		int type;
	} rows[N_FAMILIES] = {[IP6] = {NETADDR_IP6, HOST_DNS_AAAA}, [IP4] = {NETADDR_IP4, HOST_DNS_A}};
	struct host_target *h = &q->hosts[index];
	struct netaddr numeric;

	if (netaddr_parse_ip(slice_of(h->name), 0, &numeric) == 0) {
		add_addr(h, &numeric);
		return;
	}
	for (unsigned i = 0; i < N_FAMILIES; i++)
		if (locate_ours(q->aim.stack, rows[i].family) & 1u << h->type)
			ask(q, &h->questions[i], h->name, rows[i].type, index);
}

/* ---- from step to step ---- */

static void begin_step(struct seek *q, enum step step)
{
	q->step = step;
	q->err = OH_ERESOLVE;
	switch (step) {
	case ASK_NAPTR:
		ask(q, &q->naptr, q->name, HOST_DNS_NAPTR, 0);
		break;
	case ASK_SRV:
		if (q->n_services == 0)
			locate_guess_services(q);
		for (size_t i = 0; i < q->n_services; i++)
			ask(q, &q->services[i].question, q->services[i].name, HOST_DNS_SRV, i);
		break;
	case ASK_ADDRS:
		for (size_t i = 0; i < q->n_hosts; i++)
			ask_addrs(q, i);
		break;
	}
}

/* When all questions of the step are answered. True: it is over, q is gone. */
static bool next_step(struct seek *q)
{
	while (q->open == 0) {
		switch (q->step) {
		case ASK_NAPTR:
			begin_step(q, ASK_SRV);
			break;
		case ASK_SRV:
			locate_hosts_of_services(q);
			begin_step(q, ASK_ADDRS);
			break;
		case ASK_ADDRS:
			finish(q);
			return true;
		}
	}
	return false;
}

bool seek_begin(struct seek *q)
{
	if (q->aim.port || q->aim.stack->cfg.plain_names) {
		locate_add_host(q, q->aim.type, q->name, q->aim.port);
		begin_step(q, ASK_ADDRS);
	} else {
		begin_step(q, q->aim.type_open ? ASK_NAPTR : ASK_SRV);
	}
	return next_step(q);
}

int seek_new(const struct aim *aim, sip_locate_fn *fn, void *arg, struct seek **ret_seek)
{
	struct seek *q;

	if (aim->host.n > DNS_NAME_MAX)
		return err_detail(OH_EURI, "a host name of more than %u characters", DNS_NAME_MAX);
	q = mem_zalloc(sizeof(*q));
	if (!q)
		return OH_ENOMEM;
	q->aim = *aim;
	memcpy(q->name, aim->host.p, aim->host.n);
	q->aim.host = slice_of(q->name);
	q->fn = fn;
	q->arg = arg;
	wheel_timer_init(&q->slow, too_slow, q);
	*ret_seek = q;
	return 0;
}

void seek_free(struct seek *q)
{
	if (!q)
		return;
	dns_cache_leave(&q->naptr.wait);
	for (size_t i = 0; i < q->n_services; i++) {
		dns_cache_leave(&q->services[i].question.wait);
		mem_free(q->services[i].srv);
	}
	for (size_t i = 0; i < q->n_hosts; i++)
		for (unsigned family = 0; family < N_FAMILIES; family++)
			dns_cache_leave(&q->hosts[i].questions[family].wait);
	wheel_stop(&q->slow);
	mem_free(q);
}
