/*
 * SIP messages as others read them: the records of a capture file (pcap, raw IP) and the packets of a collector (HEP version
 * 3). Pure: bytes in, bytes out. The network headers are made up, since what is traced lies above them: a message that went
 * over TLS stands in the capture as if it had gone in clear over TCP.
 */
#ifndef OH_SIP_CAPTURE_H
#define OH_SIP_CAPTURE_H

#include "sip/stack.h"

struct capture {
	bool out;
	enum sip_transport_type transport;
	struct netaddr local, remote;
	uint64_t wall_ns; /* since 1970 */
	struct slice call_id;
	struct slice bytes;
};

/* ---- pcap ---- */

#define CAPTURE_PCAP_HEADER 24u
/* Of one record, besides the message: its own header, IP and TCP. */
#define CAPTURE_PCAP_EXTRA 76u
/* What of a message a record can hold: an IP packet ends at 65,535. */
#define CAPTURE_MESSAGE_MAX 65000u

/* Sequence numbers of the TCP connections that the capture shows; one that has not been seen for long is forgotten. */
#define CAPTURE_STREAMS 64u
struct capture_streams {
	struct {
		struct netaddr local, remote;
		uint32_t sent, received; /* bytes so far */
		uint64_t used;           /* 0: free */
	} list[CAPTURE_STREAMS];
	uint64_t clock;
};

void capture_pcap_header(uint8_t out[CAPTURE_PCAP_HEADER]);
/* Writes a record; out has room for CAPTURE_PCAP_EXTRA and the message. Returns its bytes. */
size_t capture_pcap_record(struct capture_streams *streams, const struct capture *c, uint8_t *out);

/* ---- HEP3 ---- */

/* Of one packet, besides message, key and Call-ID. */
#define CAPTURE_HEP_EXTRA 160u
/* The largest packet that fits into a datagram. */
#define CAPTURE_HEP_MAX 65507u

/* Writes a packet into out of cap bytes. Returns its bytes, or OH_ETOOBIG. */
long capture_hep(const struct capture *c, uint32_t agent_id, struct slice key, uint8_t *out, size_t cap);

#endif
