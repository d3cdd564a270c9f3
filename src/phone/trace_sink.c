/* Where a trace goes: the program, a capture file, a collector. trace_sink.h. */
#include "phone/trace_sink.h"

#include "base/mem.h"
#include "phone/call_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define WRITE_MS 200u

/* ---- the file ---- */

struct entry {
	struct mpsc_node node; /* first */
	struct capture capture;
	char text[]; /* what capture.bytes points to */
};

static size_t entry_bytes(const struct capture *c)
{
	return sizeof(struct entry) + c->bytes.n;
}

static void to_file(struct trace_sink *s, const struct capture *c)
{
	size_t bytes = entry_bytes(c);
	struct entry *e;

	if (atomic_load_explicit(&s->queued, memory_order_relaxed) + bytes > TRACE_QUEUE_MAX) {
		s->dropped++;
		return;
	}
	e = mem_alloc(bytes);
	if (!e) {
		s->dropped++;
		return;
	}
	e->capture = *c;
	memcpy(e->text, c->bytes.p, c->bytes.n);
	e->capture.bytes = slice_make(e->text, c->bytes.n);
	atomic_fetch_add_explicit(&s->queued, bytes, memory_order_relaxed);
	mpsc_push(&s->queue, &e->node);
}

static void write_all(struct trace_sink *s, const void *data, size_t n)
{
	if (!s->write_err && fwrite(data, 1, n, s->file) != n)
		s->write_err = err_from_errno(errno);
}

/* What was there goes now, and not before: a trace that does not start leaves it as it was. */
static void begin_file(struct trace_sink *s)
{
	uint8_t header[CAPTURE_PCAP_HEADER];

	s->begun = true;
	/* EINVAL: a pipe. */
	if (ftruncate(fileno(s->file), 0) && errno != EINVAL)
		s->write_err = err_from_errno(errno);
	capture_pcap_header(header);
	write_all(s, header, sizeof(header));
}

static void write_out(void *arg)
{
	struct trace_sink *s = arg;
	struct mpsc_node *n;

	if (!s->begun)
		begin_file(s);
	while ((n = mpsc_pop(&s->queue))) {
		struct entry *e = (struct entry *)n;

		write_all(s, s->record, capture_pcap_record(s->streams, &e->capture, s->record));
		atomic_fetch_sub_explicit(&s->queued, entry_bytes(&e->capture), memory_order_relaxed);
		mem_free(e);
	}
	/* So that the file can be read while the trace goes on, and after a crash. */
	if (!s->write_err && fflush(s->file))
		s->write_err = err_from_errno(errno);
}

static int open_file(struct trace_sink *s, const char *path)
{
	int fd, err;

	s->record = mem_alloc(CAPTURE_PCAP_EXTRA + CAPTURE_MESSAGE_MAX);
	s->streams = mem_zalloc(sizeof(*s->streams));
	s->closing = closing_new(s->phone, "trace", path);
	if (!s->record || !s->streams || !s->closing)
		return OH_ENOMEM;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0) {
		err = err_from_errno(errno);
		return err_detail(err, "'%s' cannot be written: %s", path, offhook_strerror(err));
	}
	s->file = fdopen(fd, "w");
	if (!s->file) {
		close(fd);
		return OH_ENOMEM;
	}
	return 0;
}

/* ---- the collector ---- */

static void to_collector(struct trace_sink *s, const struct capture *c)
{
	long n = capture_hep(c, s->hep_agent_id, slice_of(s->hep_key), s->packet, CAPTURE_HEP_MAX);

	if (n < 0 || host_dgram_send(s->collector, &s->collector_addr, NULL, s->packet, (size_t)n))
		s->dropped++;
}

/* "192.0.2.1:9060", "[2001:db8::1]:9060" */
static int parse_collector(const char *text, struct netaddr *ret_addr)
{
	const char *colon = strrchr(text, ':');
	uint32_t port;

	if (!colon || slice_to_u32(slice_of(colon + 1), 65535, &port) || !port ||
		netaddr_parse_ip(slice_make(text, (size_t)(colon - text)), (uint16_t)port, ret_addr))
		return err_detail(OH_EINVAL,
			"hep is '%s'; right would be an address and a port such as 192.0.2.1:9060", text);
	return 0;
}

/* Signalling: sockets belong to it. */
static int open_collector(struct trace_sink *s)
{
	struct host_dgram_cfg cfg = {.local = {.family = s->collector_addr.family}};

	return host_dgram_open(s->phone->host, &cfg, &s->collector);
}

/* ---- the program ---- */

static void to_program(struct trace_sink *s, const struct capture *c)
{
	char local[NETADDR_TEXT], remote[NETADDR_TEXT];
	char *text = mem_alloc(c->bytes.n + c->call_id.n + 2), *call_id = text + c->bytes.n + 1;
	struct offhook_trace_message m = {
		.size = sizeof(m),
		.time_ns = c->wall_ns,
		.sent = c->out,
		.transport = (enum offhook_transport_type)c->transport,
		.local = netaddr_text(&c->local, local),
		.remote = netaddr_text(&c->remote, remote),
		.sip_call_id = call_id,
		.text = text,
		.text_bytes = c->bytes.n,
	};

	if (!text) {
		s->dropped++;
		return;
	}
	memcpy(text, c->bytes.p, c->bytes.n);
	text[c->bytes.n] = '\0';
	if (c->call_id.n)
		memcpy(call_id, c->call_id.p, c->call_id.n);
	call_id[c->call_id.n] = '\0';
	s->on_message(s->arg, &m);
	mem_free(text);
}

void sink_take(struct trace_sink *s, const struct capture *c)
{
	s->messages++;
	if (!c->bytes.p) {
		s->dropped++; /* no memory to mask it */
		return;
	}
	if (s->on_message)
		to_program(s, c);
	if (s->file)
		to_file(s, c);
	if (s->collector)
		to_collector(s, c);
}

/* Nobody else knows it any more, the service has gone. */
static int dispose(struct trace_sink *s)
{
	int err;

	if (s->file && fclose(s->file) && !s->write_err)
		s->write_err = err_from_errno(errno);
	err = s->write_err;
	closing_free(s->closing);
	mem_free(s->record);
	mem_free(s->streams);
	mem_free(s->packet);
	mem_free(s->hep_key);
	mem_free(s->call_id);
	mem_free(s);
	return err;
}

/* The disk thread's farewell. */
static void file_ended(void *arg)
{
	struct trace_sink *s = arg;
	struct closing *closing = s->closing;

	s->closing = NULL;
	write_out(s);
	closing_done(closing, dispose(s));
}

struct closing *sink_close(struct trace_sink *s)
{
	struct closing *closing = s->closing;

	host_dgram_close(s->collector);
	if (!closing) {
		(void)dispose(s);
		return NULL;
	}
	closing_begin(closing);
	host_service_end(s->service, file_ended);
	return closing;
}

/* ---- starting ---- */

struct start_args {
	struct trace_sink *sink;
	offhook_id call;
	offhook_id *ret_id;
};

static int start_run(struct offhook_phone *p, void *arg)
{
	const struct start_args *a = arg;
	struct trace_sink *s = a->sink;
	int err = phone_check_taking(p);

	if (!err && p->traces.n_sinks == TRACES_MAX)
		err = err_detail(OH_ETOOMANY, "%u traces are running", TRACES_MAX);
	if (!err && a->call) {
		const struct call *c = call_find(p, a->call);

		if (!c)
			return err_detail(OH_ENOENT, "no such call");
		s->call_id = mem_strdup(c->sip_call_id);
		err = s->call_id ? 0 : OH_ENOMEM;
	}
	if (!err && s->packet)
		err = open_collector(s);
	if (!err)
		err = ids_add(&p->ids, ID_TRACE, s, &s->id);
	if (!err && s->file) {
		err = host_service_new(p->host, WRITE_MS, write_out, s, &s->service);
		if (err)
			ids_remove(&p->ids, s->id);
	}
	if (err) {
		s->collector = host_dgram_close(s->collector);
		return err;
	}
	if (s->service)
		host_service_kick(s->service); /* the file is begun */
	list_append(&p->traces.sinks, &s->node);
	p->traces.n_sinks++;
	*a->ret_id = s->id;
	return 0;
}

static int fill(struct trace_sink *s, const struct offhook_trace_cfg *cfg)
{
	int err = 0;

	s->secrets = cfg->secrets != 0;
	s->on_message = cfg->on_message;
	s->arg = cfg->arg;
	s->hep_agent_id = cfg->hep_agent_id;
	if (!cfg->on_message && !cfg->pcap && !cfg->hep)
		return err_detail(OH_EINVAL, "a trace needs a destination: on_message, pcap or hep");
	if (cfg->hep) {
		err = parse_collector(cfg->hep, &s->collector_addr);
		if (err)
			return err;
		if (cfg->hep_key && strlen(cfg->hep_key) > TRACE_HEP_KEY_MAX)
			return err_detail(OH_EINVAL, "hep_key has at most %u bytes", TRACE_HEP_KEY_MAX);
		s->packet = mem_alloc(CAPTURE_HEP_MAX);
		s->hep_key = mem_strdup(cfg->hep_key);
		if (!s->packet || (cfg->hep_key && !s->hep_key))
			return OH_ENOMEM;
	}
	return cfg->pcap ? open_file(s, cfg->pcap) : 0;
}

int offhook_trace_start(struct offhook_phone *phone, const struct offhook_trace_cfg *cfg, offhook_id *ret_id)
{
	struct offhook_trace_cfg ours;
	struct start_args args;
	struct trace_sink *s;
	int err;

	err_detail_clear();
	if (!phone || !cfg || !ret_id)
		return err_detail(OH_EINVAL, "%s is NULL", !phone ? "phone" : !cfg ? "cfg" : "ret_id");
	offhook_trace_cfg_init(&ours);
	err = cfg_take(&ours, sizeof(ours), cfg);
	if (err)
		return err;
	s = mem_zalloc(sizeof(*s));
	if (!s)
		return OH_ENOMEM;
	s->phone = phone;
	mpsc_init(&s->queue);
	err = fill(s, &ours);
	args = (struct start_args){s, ours.call, ret_id};
	if (!err)
		err = phone_command(phone, start_run, &args);
	if (err)
		(void)dispose(s);
	return err;
}

/* ---- stopping, and asking ---- */

static int stop_run(struct offhook_phone *p, void *arg)
{
	struct trace_sink *s = ids_find(&p->ids, ID_TRACE, *(const offhook_id *)arg);
	struct closing *closing;

	if (!s)
		return err_detail(OH_ENOENT, "no such trace");
	list_remove(&s->node);
	p->traces.n_sinks--;
	ids_remove(&p->ids, s->id);
	closing = sink_close(s);
	return closing ? closing_wait(closing) : 0;
}

int offhook_trace_stop(struct offhook_phone *phone, offhook_id id)
{
	err_detail_clear();
	return phone ? phone_command(phone, stop_run, &id) : err_detail(OH_EINVAL, "phone is NULL");
}

struct info_args {
	offhook_id id;
	struct offhook_trace_info info;
};

static int info_run(struct offhook_phone *p, void *arg)
{
	struct info_args *a = arg;
	const struct trace_sink *s = ids_find(&p->ids, ID_TRACE, a->id);

	if (!s)
		return err_detail(OH_ENOENT, "no such trace");
	a->info.messages = s->messages;
	a->info.dropped = s->dropped;
	return 0;
}

int offhook_trace_get_info(struct offhook_phone *phone, offhook_id id, struct offhook_trace_info *ret_info)
{
	struct info_args args = {.id = id, .info = {.size = sizeof(args.info)}};
	int err;

	err_detail_clear();
	if (!phone || !ret_info)
		return err_detail(OH_EINVAL, "%s is NULL", phone ? "ret_info" : "phone");
	err = phone_query(phone, info_run, &args);
	return err ? err : info_give(ret_info, &args.info, sizeof(args.info));
}
