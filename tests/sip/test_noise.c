/*
 * Strangers send what they like: sound messages with bytes changed, cut, doubled and put together wrongly, at
 * a stack in the middle of its work. Nothing crashes (run it with the sanitizers), and in the end nothing is
 * left.
 */
#include "rig.h"

#define ROUNDS 40000

static size_t change(struct host *h, char *text, size_t n, size_t cap)
{
	static const char *const pieces[] = {"\r\n", "\r\n\r\n", ";", ",", "\"", "<", ">", "z9hG4bK",
		";tag=", "SIP/2.0 ", ";rport", ";received=", ";maddr=192.0.2.2", "ACK", "CANCEL",
		"Via: ", "To: ", "99999999999", "\xff", "="};
	size_t at = host_random_below(h, (uint32_t)n), m;
	const char *piece;

	switch (host_random_below(h, 5)) {
	case 0:
		text[at] = (char)host_random_u32(h);
		return n;
	case 1: /* cut something out */
		m = host_random_below(h, 40);
		m = m < n - at ? m : n - at;
		memmove(text + at, text + at + m, n - at - m);
		return n - m;
	case 2: /* double something */
		m = host_random_below(h, 60);
		m = m < n - at ? m : n - at;
		if (n + m > cap)
			return n;
		memmove(text + at + m, text + at, n - at);
		return n + m;
	case 3: /* put something in */
		piece = pieces[host_random_below(h, ARRAY_LEN(pieces))];
		m = strlen(piece);
		if (n + m > cap)
			return n;
		memmove(text + at + m, text + at, n - at);
		memcpy(text + at, piece, m);
		return n + m;
	default:
		return at ? at : 1; /* cut off */
	}
}

static void answer_at_random(struct rig *r)
{
	static const unsigned statuses[] = {100, 180, 200, 302, 404, 486, 487, 500, 603};
	const struct sip_reply reply = {.status = statuses[host_random_below(r->host, ARRAY_LEN(statuses))]};
	struct sip_server *t = r->server;

	r->server = NULL;
	if (t && sip_server_method(t) == SIP_INVITE && host_random_below(r->host, 2))
		sip_respond(t, &reply);
	if (t)
		sip_server_detach(t);
}

/* What the peer could have said at this point of a call in each direction. */
static const char *sound_text(struct rig *r, const char *invite)
{
	static const char *const methods[] = {
		"INVITE", "ACK", "CANCEL", "BYE;tag=x", "OPTIONS", "INFO", "PUBLISH"};
	static const char *const answers[] = {
		"100 Trying", "180 Ringing", "200 OK", "486 Busy Here", "487 Gone"};
	char branch[32];

	snprintf(branch, sizeof(branch), "z9hG4bK%u", host_random_below(r->host, 4));
	if (host_random_below(r->host, 3) == 0)
		return rig_response(r, invite, answers[host_random_below(r->host, ARRAY_LEN(answers))],
			"bob1", "Content-Length: 0\n");
	return rig_request(r, methods[host_random_below(r->host, ARRAY_LEN(methods))], branch,
		1 + host_random_below(r->host, 3),
		"Record-Route: <sip:p1;lr>,\n <sip:p2;lr>\nContent-Length: 0\n");
}

static void send_changed(struct rig *r, const char *text)
{
	char wire[4096];
	size_t n = 0;

	for (; *text; text++) {
		if (*text == '\n')
			wire[n++] = '\r';
		wire[n++] = *text;
	}
	memcpy(wire + n, "\r\n", 2);
	n += 2;
	for (uint32_t i = host_random_below(r->host, 4); i > 0; i--)
		n = change(r->host, wire, n, sizeof(wire));
	CHECK_OK(host_dgram_send(r->peer, &r->stack_addr, NULL, wire, n));
	rig_settle(r);
}

TEST(noise_in_the_middle_of_work_harms_nothing)
{
	for (int round = 0; round < ROUNDS / 40; round++) {
		struct rig *r = rig_new();
		struct sip_client *c;
		const char *invite;

		for (int i = 0; i <= round; i++) /* each round its own chance */
			host_random_u32(r->host);
		c = rig_call(r, SIP_INVITE);
		invite = rig_expect(r, "INVITE");
		for (int i = 0; i < 40 && r->n_texts + 10 < ARRAY_LEN(r->texts); i++) {
			send_changed(r, sound_text(r, invite));
			answer_at_random(r);
		}
		if (!r->user.done)
			sip_client_free(c);
		rig_close(r);
	}
}

TESTS(RUN(noise_in_the_middle_of_work_harms_nothing))
