/* A stranger: a bare socket that speaks SIP to the second phone of a rig, word by word. */
#ifndef OH_TESTS_PHONE_PEER_H
#define OH_TESTS_PHONE_PEER_H

#include "rig.h"

#define PEER_IP "192.0.2.9"

struct peer {
	struct rig *r;
	struct host *host;
	struct host_dgram *dgram;
	struct netaddr phone, from; /* the second phone of the rig; whose message is the newest */
	char got[8192];             /* the newest message from the phone */
	unsigned serial;
};

void peer_open(struct peer *p, struct rig *r);
void peer_close(struct peer *p);
/* Reads what has come; the newest stays. True: something came. */
bool peer_hear(struct peer *p);

struct peer_request {
	const char *method;
	const char *user; /* of the Request-URI and To; NULL: "bob" */
	const char *line; /* the rest of the first line in place of "sip:USER@... SIP/2.0" */
	const char *tag;  /* the phone's; NULL: outside a dialog */
	unsigned cseq;
	const char *more; /* header lines, or NULL */
	const char *type; /* of the body; NULL: application/sdp */
	const char *body; /* NULL: none */
};
/* Sends a request and hears the answer. */
void peer_ask(struct peer *p, const struct peer_request *req);
/* The same in short: tag "" outside a dialog, more and body "" for none. */
void peer_say(struct peer *p, const char *method, const char *user, const char *tag, unsigned cseq,
	const char *more, const char *body);
/* Any text. */
void peer_send(struct peer *p, const char *text, size_t n);
/* Answers the newest message, a request: "180 Ringing"; more: header lines; body: of type application/sdp, or "". */
void peer_respond(struct peer *p, const char *status, const char *more, const char *body);
/* The phone's tag in the newest message. */
void peer_tag(const struct peer *p, char tag[64]);
/* The newest message has these words; else they and it are printed. */
bool peer_got(const struct peer *p, const char *words);

#endif
