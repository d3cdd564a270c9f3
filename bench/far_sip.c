#include "far_impl.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define MESSAGE_MAX 4096
#define RESEND_MS   500 /* as T1: nothing came for so long */
#define SILENCE_MAX 20u /* times RESEND_MS, then something is broken */

static struct sockaddr_in loopback(uint16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
}

static void send_to(const struct far_side *s, const struct sockaddr_in *to, const char *text, size_t n)
{
	(void)sendto(s->sip, text, n, 0, (const struct sockaddr *)to, sizeof(*to));
}

/* ---- writing ---- */

static size_t put_sdp(const struct far_codec *codec, char *buf, size_t cap, uint16_t port)
{
	return (size_t)snprintf(buf, cap,
		"v=0\r\no=far 53655765 2353687637 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
		"m=audio %u RTP/AVP %u 101 102\r\na=rtpmap:%u %s\r\n"
		"a=rtpmap:101 telephone-event/8000\r\na=rtpmap:102 telephone-event/48000\r\n",
		port, codec->pt, codec->pt, codec->rtpmap[0] ? codec->rtpmap : "PCMU/8000");
}

static void request(const struct far_side *s, unsigned i, const char *method, unsigned cseq, const char *body)
{
	const struct far_leg *leg = &s->legs[i];
	struct sockaddr_in to = loopback(s->plan.port);
	char text[MESSAGE_MAX];
	int n = snprintf(text, sizeof(text),
		"%s sip:bench@127.0.0.1:%u SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bK-%u-%u-%s\r\n"
		"From: far <sip:far@127.0.0.1:%u>;tag=far%u\r\n"
		"To: bench <sip:bench@127.0.0.1:%u>%s%s\r\n"
		"Call-ID: %u-%u@127.0.0.1\r\n"
		"CSeq: %u %s\r\n"
		"Contact: <sip:far@127.0.0.1:%u>\r\n"
		"Max-Forwards: 70\r\n"
		"Subject: Performance Test\r\n"
		"%s"
		"Content-Length: %zu\r\n\r\n%s",
		method, s->plan.port, s->sip_port, s->generation, i, method, s->sip_port, i, s->plan.port,
		leg->to_tag[0] ? ";tag=" : "", leg->to_tag, i, s->generation, cseq, method, s->sip_port,
		*body ? "Content-Type: application/sdp\r\n" : "", strlen(body), body);

	send_to(s, &to, text, (size_t)n);
}

static void send_invite(const struct far_side *s, unsigned i)
{
	char sdp[256];

	put_sdp(&s->plan.codec, sdp, sizeof(sdp), s->legs[i].rtp >= 0 ? s->legs[i].rtp_port : s->sink_port);
	request(s, i, "INVITE", 1, sdp);
}

/* ---- reading: our own stack is on the other side, so names are long and lines are whole ---- */

static const char *value_of(const char *text, const char *name)
{
	char start[32];
	const char *at;

	snprintf(start, sizeof(start), "\n%s: ", name);
	at = strstr(text, start);
	return at ? at + strlen(start) : "";
}

static void copy_until(char *buf, size_t cap, const char *from, const char *stops)
{
	size_t n = strcspn(from, stops);

	if (n >= cap)
		far_die("a tag is too long");
	memcpy(buf, from, n);
	buf[n] = '\0';
}

static void read_answer(struct far_leg *leg, const char *text)
{
	const char *to = value_of(text, "To"), *tag = strstr(to, ";tag="),
		   *audio = strstr(text, "\nm=audio ");

	if (!tag || !audio)
		far_die("a 200 without tag or description");
	copy_until(leg->to_tag, sizeof(leg->to_tag), tag + 5, ";\r\n");
	leg->rtp_to = loopback((uint16_t)atoi(audio + 9));
}

/* ---- as caller ---- */

static void on_response(struct far_side *s, const char *text)
{
	unsigned i = 0, generation = 0, status = (unsigned)atoi(text + 8);
	bool of_bye = value_of(text, "CSeq")[0] == '2';
	struct far_leg *leg;

	if (sscanf(value_of(text, "Call-ID"), "%u-%u@", &i, &generation) != 2 ||
		generation != s->generation || i >= s->n_legs || status < 200)
		return;
	leg = &s->legs[i];
	if (status >= 300)
		far_die("a call was refused");
	if (of_bye) {
		if (leg->state == FAR_LEAVING) {
			leg->state = FAR_OVER;
			s->n_settled++;
		}
		return;
	}
	if (leg->state == FAR_INVITED)
		read_answer(leg, text);
	request(s, i, "ACK", 1, "");
	if (leg->state != FAR_INVITED)
		return;
	if (s->plan.keep) {
		leg->state = FAR_UP;
		s->n_settled++;
	} else {
		leg->state = FAR_LEAVING;
		request(s, i, "BYE", 2, "");
	}
}

static void resend(struct far_side *s)
{
	for (unsigned i = 0; i < s->n_begun; i++) {
		if (s->legs[i].state == FAR_INVITED)
			send_invite(s, i);
		else if (s->legs[i].state == FAR_LEAVING)
			request(s, i, "BYE", 2, "");
	}
}

/* Waits for one message; false: nothing came for a while. */
static bool receive(const struct far_side *s, char *text, struct sockaddr_in *from)
{
	struct pollfd p = {s->sip, POLLIN, 0};
	socklen_t n_from = sizeof(*from);
	ssize_t n;

	if (poll(&p, 1, RESEND_MS) <= 0)
		return false;
	n = recvfrom(s->sip, text, MESSAGE_MAX - 1, 0, (struct sockaddr *)from, &n_from);
	text[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* Until n legs have got where they were going; `begin` keeps the window full. */
static void drive(struct far_side *s, unsigned n, void (*begin)(struct far_side *s, unsigned i))
{
	char text[MESSAGE_MAX];
	struct sockaddr_in from;
	unsigned silence = 0, settled;

	while (s->n_settled < n) {
		while (s->n_begun < n && s->n_begun - s->n_settled < s->plan.window)
			begin(s, s->n_begun++);
		settled = s->n_settled;
		if (receive(s, text, &from)) {
			if (strncmp(text, "SIP/2.0 ", 8) == 0)
				on_response(s, text);
			if (s->n_settled > settled)
				silence = 0;
		} else if (++silence > SILENCE_MAX) {
			far_die("the other side does not answer");
		} else {
			resend(s);
		}
	}
}

static void begin_call(struct far_side *s, unsigned i)
{
	s->legs[i].state = FAR_INVITED;
	send_invite(s, i);
}

static void begin_bye(struct far_side *s, unsigned i)
{
	s->legs[i].state = FAR_LEAVING;
	request(s, i, "BYE", 2, "");
}

void far_script_call(struct far_side *s)
{
	drive(s, s->n_legs, begin_call);
}

void far_script_hangup(struct far_side *s)
{
	s->n_begun = s->n_settled = 0;
	drive(s, s->n_legs, begin_bye);
}

/* ---- as callee ---- */

static size_t put_line(
	char *buf, size_t cap, size_t at, const char *text, const char *name, const char *suffix)
{
	const char *value = value_of(text, name);

	return at + (size_t)snprintf(buf + at, cap - at, "%s: %.*s%s\r\n", name, (int)strcspn(value, "\r\n"),
			    value, suffix);
}

static void reply_ok(const struct far_side *s, const char *text, const struct sockaddr_in *from)
{
	bool invite = strncmp(text, "INVITE ", 7) == 0;
	char out[MESSAGE_MAX], sdp[256] = "";
	size_t n = (size_t)snprintf(out, sizeof(out), "SIP/2.0 200 OK\r\n");

	if (invite)
		put_sdp(&s->plan.codec, sdp, sizeof(sdp), s->sink_port);
	n = put_line(out, sizeof(out), n, text, "Via", "");
	n = put_line(out, sizeof(out), n, text, "From", "");
	n = put_line(out, sizeof(out), n, text, "To", invite ? ";tag=far" : "");
	n = put_line(out, sizeof(out), n, text, "Call-ID", "");
	n = put_line(out, sizeof(out), n, text, "CSeq", "");
	n += (size_t)snprintf(out + n, sizeof(out) - n,
		"Contact: <sip:far@127.0.0.1:%u>\r\n%sContent-Length: %zu\r\n\r\n%s", s->sip_port,
		invite ? "Content-Type: application/sdp\r\n" : "", strlen(sdp), sdp);
	send_to(s, from, out, n);
}

void far_script_serve(struct far_side *s, unsigned n)
{
	char text[MESSAGE_MAX];
	struct sockaddr_in from;
	unsigned ended = 0, silence = 0;

	while (ended < n) {
		if (!receive(s, text, &from)) {
			if (++silence > SILENCE_MAX)
				far_die("nobody calls");
			continue;
		}
		silence = 0;
		if (strncmp(text, "SIP/2.0 ", 8) == 0 || strncmp(text, "ACK ", 4) == 0)
			continue;
		ended += strncmp(text, "BYE ", 4) == 0;
		reply_ok(s, text, &from);
	}
}
