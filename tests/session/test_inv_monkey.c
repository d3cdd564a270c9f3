/*
 * A peer and an owner without sense: whatever comes in whatever order, from either, nothing crashes, and when both
 * have lost interest nothing is left. The order follows from the seed.
 */
#include "../sip/rig.h"
#include "pair.h"
#include "seeds.h"

#include <stdio.h>

struct monkey {
	struct rig *r;
	struct end e;
	uint64_t chance;
	unsigned branches, cseq, invite_branch, invite_cseq;
	bool called;             /* the peer called us */
	const char *ours;        /* our first INVITE */
	const char *to;          /* our tag as the peer knows it, in a To value */
	const char *requests[4]; /* of ours, the last ones */
	unsigned n_requests;
	unsigned rseq; /* of our last reliable provisional */
};

/* Over all lives: the peer's that we accepted, and ours. */
static struct {
	unsigned pracks, updates, our_pracks, our_updates;
} agreed;

static unsigned pick(struct monkey *m, unsigned n)
{
	m->chance = m->chance * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(m->chance >> 33) % n;
}

static const char *body(struct monkey *m)
{
	return pick(m, 3) ? "Contact: <sip:bob@192.0.2.2:5070>\nContent-Type: "
			    "application/sdp\nContent-Length: 3\n\nsdp"
			  : "Contact: <sip:bob@192.0.2.2:5070>\n";
}

/* What the peer got: our requests, and the tag of our responses. */
static void look(struct monkey *m)
{
	while (m->r->got) {
		const char *text = rig_expect(m->r, "");

		if (strncmp(text, "SIP/2.0", 7) != 0)
			m->requests[m->n_requests++ % ARRAY_LEN(m->requests)] = text;
		else if (*rig_header(m->r, text, "RSeq"))
			m->rseq = (unsigned)strtoul(rig_header(m->r, text, "RSeq"), NULL, 10);
		agreed.our_pracks += strncmp(text, "PRACK ", 6) == 0;
		agreed.our_updates += strncmp(text, "UPDATE ", 7) == 0;
		if (strncmp(text, "SIP/2.0", 7) != 0)
			continue;
		if (strncmp(text, "SIP/2.0 200", 11) == 0) {
			agreed.pracks += rig_has(rig_header(m->r, text, "CSeq"), "PRACK");
			agreed.updates += rig_has(rig_header(m->r, text, "CSeq"), "UPDATE");
		}
		if (strncmp(text, "SIP/2.0 100", 11) != 0 && !m->to)
			m->to = rig_header(m->r, text, "To");
	}
}

/* What makes a PRACK one, and an INVITE one whose provisionals may be reliable. Mostly. */
static void put_reliable(struct monkey *m, const char *method, char line[64])
{
	*line = '\0';
	if (strcmp(method, "PRACK") == 0 && pick(m, 8))
		snprintf(line, 64, "RAck: %u %u INVITE\n", m->rseq + (pick(m, 5) == 0), m->invite_cseq);
	else if (strcmp(method, "INVITE") == 0 && pick(m, 2))
		snprintf(line, 64, "%s: 100rel\n", pick(m, 3) ? "Supported" : "Require");
}

static void peer_requests(struct monkey *m)
{
	static const char *const methods[] = {"INVITE", "INVITE", "ACK", "ACK", "ACK", "INFO", "CANCEL",
		"BYE", "PRACK", "PRACK", "UPDATE", "UPDATE"};
	const char *method = methods[pick(m, ARRAY_LEN(methods))], *ours = m->ours;
	bool follows = strcmp(method, "ACK") == 0 || strcmp(method, "CANCEL") == 0;
	unsigned cseq = follows ? m->invite_cseq : m->cseq + pick(m, 3);
	unsigned branch = strcmp(method, "CANCEL") == 0 ? m->invite_branch : ++m->branches;
	char text[4096], reliable[64];

	if (m->called && !m->to)
		return;
	put_reliable(m, method, reliable);
	if (strcmp(method, "INVITE") == 0) {
		m->invite_cseq = cseq;
		m->invite_branch = branch;
	}
	m->cseq = cseq > m->cseq ? cseq : m->cseq;
	snprintf(text, sizeof(text),
		"%s sip:x@192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP "
		"192.0.2.2:5070;branch=z9hG4bKm%u\nMax-Forwards: 70\n"
		"From: %s%s\nTo: %s\nCall-ID: %s\nCSeq: %u %s\n%s%s",
		method, branch,
		m->called ? "<sip:alice@example.com>;tag=alice1" : rig_header(m->r, ours, "To"),
		m->called ? "" : ";tag=bob1", m->called ? m->to : rig_header(m->r, ours, "From"),
		m->called ? "call1@192.0.2.2" : rig_header(m->r, ours, "Call-ID"), cseq, method, reliable,
		body(m));
	rig_send(m->r, text);
}

static void peer_responds(struct monkey *m)
{
	static const char *const statuses[] = {"100 Trying", "180 Ringing", "183 Progress", "200 OK",
		"200 OK", "200 OK", "202 Accepted", "302 Moved", "408 Timeout", "481 Gone", "487 Terminated",
		"488 No", "491 Pending", "500 Oops", "603 No"};
	const char *request = m->requests[pick(m, ARRAY_LEN(m->requests))];
	const char *status = statuses[pick(m, ARRAY_LEN(statuses))];
	char more[256], reliable[64] = "";

	if (!request || strncmp(request, "ACK", 3) == 0)
		return;
	if (strncmp(status, "18", 2) == 0 && pick(m, 2))
		snprintf(reliable, sizeof(reliable), "Require: 100rel\nRSeq: %u\n", 1 + pick(m, 4));
	snprintf(more, sizeof(more), "%s%s%s", reliable,
		pick(m, 2) ? "Allow: INVITE, ACK, BYE, UPDATE\n" : "", body(m));
	rig_send(m->r, rig_response(m->r, request, status, pick(m, 6) ? "bob1" : "bob2", more));
}

static void owner_acts(struct monkey *m)
{
	static const unsigned codes[] = {180, 183, 200, 200, 486};
	struct dialog_request info = {.method = SIP_INFO};
	struct end *e = &m->e;

	if (!e->inv)
		return;
	e->again = pick(m, 3) ? "again" : NULL;
	e->answer = pick(m, 3) ? "answer" : NULL;
	e->verdict = pick(m, 8) ? 0 : OH_ENOCODEC;
	e->in_prack = pick(m, 3) ? NULL : "in-prack";
	switch (pick(m, 14)) {
	case 0:
	case 1:
	case 2:
	case 3:
		(void)end_try_reply(e, codes[pick(m, ARRAY_LEN(codes))], pick(m, 3) ? "sdp" : NULL);
		break;
	case 4:
	case 5:
	case 6:
		(void)end_reoffer(e, pick(m, 3) ? "offer" : NULL);
		break;
	case 7:
	case 8:
		(void)inv_answer_offer(e->inv, pick(m, 3) ? SLICE_LIT("answer") : SLICE_NONE, SLICE_NONE);
		break;
	case 9:
		(void)inv_request(e->inv, &info, 1);
		break;
	case 10:
		if (pick(m, 3) == 0)
			end_hangup(e);
		break;
	case 11:
	case 12:
		(void)end_update(e, pick(m, 3) ? "offer" : NULL);
		break;
	default:
		e->free_at = pick(m, 4) ? 0 : e->callbacks + 1 + pick(m, 3);
		break;
	}
}

static void begin(struct monkey *m)
{
	struct inv_call_cfg cfg = {.target = SLICE_LIT(RIG_PEER_URI),
		.policy = m->e.policy,
		.from = SLICE_LIT("<sip:alice@example.com>"),
		.to = SLICE_LIT("<sip:bob@example.com>"),
		.contact = SLICE_LIT("<sip:alice@192.0.2.1>"),
		.offer = pick(m, 3) ? SLICE_LIT("offer") : SLICE_NONE,
		.handler = end_inv_handler(&m->e)};
	char more[256], reliable[64];

	m->called = pick(m, 2);
	if (m->called) {
		m->cseq = m->invite_cseq = 1;
		put_reliable(m, "INVITE", reliable);
		snprintf(more, sizeof(more), "%s%s", reliable,
			pick(m, 3) ? "Content-Type: application/sdp\nContent-Length: 3\n\nsdp" : "");
		rig_send(m->r, rig_request(m->r, "INVITE", "z9hG4bKm0", 1, more));
	} else {
		CHECK_OK(inv_call(m->r->stack, &cfg, &m->e.inv));
		m->ours = rig_expect(m->r, "INVITE ");
		m->requests[m->n_requests++] = m->ours;
	}
}

static void life(uint64_t seed)
{
	struct monkey m = {.chance = seed};
	struct sip_stack_cfg cfg = {0};

	cfg.handler = end_stack_handler(&m.e);
	m.r = rig_new_with(&cfg);
	CHECK(m.r);
	m.e.stack = m.r->stack;
	m.e.name = "we";
	m.e.policy = (struct inv_policy){.reliable = (enum inv_reliable)pick(&m, 3),
		.timer = (enum inv_timer_use)pick(&m, 4),
		.session_expires_s = 90};
	begin(&m);
	for (int i = 0; i < 40; i++) {
		look(&m);
		switch (pick(&m, 4)) {
		case 0:
			peer_requests(&m);
			break;
		case 1:
			peer_responds(&m);
			break;
		case 2:
			owner_acts(&m);
			break;
		default:
			rig_run_for(m.r, pick(&m, 8) ? pick(&m, 700) : pick(&m, 40000));
			break;
		}
	}
	m.e.inv = inv_free(m.e.inv);
	rig_run_for(m.r, 200000);
	rig_close(m.r);
}

TEST(nothing_is_left_of_any_life)
{
	const struct seeds seeds = {"tests/session/test_session_inv_monkey", 3000, 1};

	bool counts = seeds_play(&seeds, life);

	print_message("# accepted: %u PRACKs, %u UPDATEs; sent: %u, %u\n", agreed.pracks, agreed.updates,
		agreed.our_pracks, agreed.our_updates);
	/* What never happens is not tested. */
	CHECK(!counts || (agreed.pracks > 5 && agreed.updates > 20 && agreed.our_pracks > 20 &&
				 agreed.our_updates > 20));
}

TESTS(RUN_SEEDS(nothing_is_left_of_any_life))
