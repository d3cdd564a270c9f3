/* Inside of the WebSocket filter: the struct, and the halves of its work. */
#ifndef OH_SIP_WS_IMPL_H
#define OH_SIP_WS_IMPL_H

#include "sip/ws.h"

/* base64 of a SHA-1, with the NUL (RFC 6455 4.2.2). */
#define WS_ACCEPT_SIZE 29u
#define WS_CONTROL_MAX 125u /* RFC 6455 5.5 */

struct ws_maker {
	struct host *host;
	struct tls_ctx *tls; /* NULL: over the plain connection */
	char *path, *origin; /* NULL: none */
	char **origins;
	size_t n_origins;
	uint32_t max_message;
};

enum ws_opcode { WS_CONTINUATION = 0, WS_TEXT = 1, WS_BINARY = 2, WS_CLOSE = 8, WS_PING = 9, WS_PONG = 10 };

struct ws_filter {
	struct filter base;
	struct ws_maker *maker;
	bool client;
	char *host;                  /* client: for Host */
	char accept[WS_ACCEPT_SIZE]; /* client: what the server must answer */

	char *buf; /* the head of the handshake, later the message that is being put together */
	size_t n, cap;
	uint8_t message; /* enum ws_opcode of that message; 0: none has begun */

	struct {
		uint8_t head[14]; /* RFC 6455 5.2 */
		unsigned n_head;
		bool in_payload;
		uint8_t opcode;
		bool fin;
		uint64_t left; /* of the payload */
		unsigned mask_at;
		uint8_t mask[4];
	} frame;
	uint8_t control[WS_CONTROL_MAX];
	size_t n_control;
};

/* ws_shake.c: OH_EAGAIN: the head is not complete; 0: the connection is open, *ret_used bytes were the head. Any other:
 * refused, and the peer was told. */
int ws_request(struct ws_filter *f);
int ws_shake(struct ws_filter *f, size_t *ret_used);

/* ws_frame.c */
int ws_frames(struct ws_filter *f, struct slice bytes);
int ws_send_frame(struct ws_filter *f, enum ws_opcode opcode, struct slice payload);
int ws_send_close(struct ws_filter *f, unsigned code);

/* ws.c: is it UTF-8, and of which text may be made? */
bool ws_is_utf8(struct slice text);

/* Room for n more bytes in buf. OH_ENOMEM. */
int ws_room(struct ws_filter *f, size_t n);

#endif
