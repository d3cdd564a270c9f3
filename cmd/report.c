/* What happened, told twice: lines for people on stderr, JSON objects for machines on stdout (--json). */
#include "command.h"
#include "quality.h"

#include <jansson.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const state_names[] = {
	"NULL", "CALLING", "INCOMING", "EARLY", "CONNECTING", "CONFIRMED", "DISCONNECTED"};
static const char *const media_names[] = {"NULL", "ACTIVE", "LOCAL_HOLD", "REMOTE_HOLD", "ERROR"};
static const char *const ended_names[] = {"", "us", "peer", "network"};

/* RFC 3339 with milliseconds, UTC. */
static void time_text(char buf[32])
{
	struct timespec ts;
	struct tm tm;
	size_t n;

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	n = strftime(buf, 32, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf + n, 32 - n, ".%03uZ", (unsigned)(ts.tv_nsec / 1000000) % 1000u);
}

/* Nobody reads standard output any more, or there is no room. */
static bool lost;

bool report_is_lost(void)
{
	return lost;
}

void report_flush(void)
{
	if (lost || (fflush(stdout) == 0 && !ferror(stdout)))
		return;
	lost = true;
	fprintf(stderr, "offhook: standard output: %s\n", strerror(errno));
}

void report(const struct options *o, const char *event, struct json_t *json, const char *format, ...)
{
	va_list args;

	if (!o->quiet && format) {
		va_start(args, format);
		vfprintf(stderr, format, args);
		va_end(args);
		fputc('\n', stderr);
	}
	if (o->json && !lost) {
		json_t *line = json ? json_incref(json) : json_object();
		char now[32];

		time_text(now);
		json_object_set_new(line, "time", json_string(now));
		json_object_set_new(line, "event", json_string(event));
		json_dumpf(line, stdout, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(9));
		fputc('\n', stdout);
		report_flush();
		json_decref(line);
	}
	json_decref(json);
}

void complain(const struct options *o, const char *what, int err)
{
	const char *detail = offhook_error_detail();
	json_t *json = json_pack("{s:o, s:s, s:s, s:o}", "what", report_text(what, strlen(what)), "error",
		offhook_errname(err), "sentence", offhook_strerror(err), "detail",
		report_text(detail, strlen(detail)));

	/* Not report(): a refusal is said even with --quiet. */
	fprintf(stderr, "offhook: %s: %s%s%s\n", what, offhook_strerror(err), *detail ? ": " : "", detail);
	if (o->json)
		report(&(struct options){.json = true, .quiet = true}, "error", json, NULL);
	else
		json_decref(json);
}

void report_log(void *arg, int level, const char *module, const char *text)
{
	(void)arg;
	(void)level;
	fprintf(stderr, "%s: %s\n", module, text);
}

/* JSON is UTF-8, and what a peer sends need not be: then each byte above 127 becomes the character of that number. */
struct json_t *report_text(const char *text, size_t n)
{
	json_t *json = json_stringn(text, n);
	char *wide = json ? NULL : malloc(2 * n + 1);
	size_t at = 0;

	if (!wide)
		return json;
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c > 127)
			wide[at++] = (char)(0xc0 | c >> 6);
		wide[at++] = (char)(c > 127 ? 0x80 | (c & 0x3f) : c);
	}
	json = json_stringn(wide, at);
	free(wide);
	return json;
}

static json_t *text_json(const char *text)
{
	return report_text(text, strlen(text));
}

struct json_t *report_call_json(const struct offhook_call_info *info)
{
	char id[24];

	snprintf(id, sizeof(id), "%llx", (unsigned long long)info->id);
	return json_pack("{s:s, s:o, s:s, s:s, s:s, s:i, s:o, s:s, s:o, s:o, s:i, s:s}", "call", id,
		"sip_call_id", text_json(info->sip_call_id), "role",
		info->role == OFFHOOK_CALLER ? "caller" : "callee", "state", state_names[info->state],
		"media", media_names[info->media_state], "status", (int)info->last_status, "reason",
		text_json(info->last_reason), "error", info->error ? offhook_errname(info->error) : "",
		"local", text_json(info->local_uri), "remote", text_json(info->remote_uri), "slot",
		info->slot_number, "ended_by", ended_names[info->ended_by]);
}

void report_stats(const struct options *o, const struct offhook_call_info *info,
	const struct offhook_call_stats *s, const struct offhook_call_quality *q)
{
	json_t *json = report_call_json(info);
	char mos[QUALITY_TEXT];
	json_t *figures = json_pack(
		"{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:I, s:I}",
		"codec", s->codec, "rtp_remote", s->remote, "rx_packets", (json_int_t)s->rx_packets,
		"rx_lost", (json_int_t)s->rx_lost, "rx_late", (json_int_t)s->rx_late, "rx_concealed",
		(json_int_t)s->rx_concealed, "tx_packets", (json_int_t)s->tx_packets, "peer_lost",
		(json_int_t)s->peer_lost, "rx_jitter_ms", s->rx_jitter_ms, "rx_jitter_max_ms",
		s->rx_jitter_max_ms, "rtt_ms", s->rtt_ms, "first_response_ms", s->first_response_ms,
		"setup_ms", s->setup_ms, "call_time_s", info->call_time_s, "total_time_s", info->total_time_s,
		"rx_stretched", (json_int_t)s->rx_stretched, "rx_cut", (json_int_t)s->rx_cut);

	quality_text(q->rx_all_mos_cq, mos);
	json_object_update(json, figures);
	json_decref(figures);
	figures = quality_json(q);
	json_object_update(json, figures);
	json_decref(figures);
	report(o, "call.stats", json,
		"%s, %.1f s: received %llu packets (%llu lost, jitter %.1f ms, MOS %s), sent %llu, set up "
		"in %.1f ms",
		*s->codec ? s->codec : "no audio", info->call_time_s, (unsigned long long)s->rx_packets,
		(unsigned long long)s->rx_lost, s->rx_jitter_ms, mos, (unsigned long long)s->tx_packets,
		s->setup_ms);
}
