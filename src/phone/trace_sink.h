/* One trace and its destinations. Inside of trace*.c only. */
#ifndef OH_PHONE_TRACE_SINK_H
#define OH_PHONE_TRACE_SINK_H

#include "base/ring.h"
#include "phone/closing.h"
#include "phone/phone_impl.h"
#include "sip/capture.h"

#include <stdio.h>

struct trace_sink {
	struct list node; /* traces.sinks */
	struct offhook_phone *phone;
	offhook_id id;
	char *call_id; /* NULL: every message */
	bool secrets;
	offhook_trace_fn *on_message;
	void *arg;
	uint64_t messages;
	_Atomic uint64_t dropped;

	/* The file: signalling puts whole messages into the queue, the disk thread writes them. */
	FILE *file;
	bool begun; /* disk thread */
	struct host_service *service;
	struct mpsc queue;
	_Atomic size_t queued;           /* bytes */
	struct capture_streams *streams; /* disk thread */
	uint8_t *record;                 /* disk thread: room for one */
	int write_err;                   /* likewise: the first one */
	struct closing *closing;

	/* The collector. */
	struct host_dgram *collector;
	struct netaddr collector_addr;
	uint32_t hep_agent_id;
	char *hep_key;
	uint8_t *packet; /* room for one */
};

/* Signalling: a message passes. */
void sink_take(struct trace_sink *s, const struct capture *c);
/* Signalling, which then does not know it any more. NULL: it had no file. Else closing_wait() may wait for that. */
struct closing *sink_close(struct trace_sink *s);

#endif
