/*
 * The offhook command: a softphone and call tester on the public API. One run is one `struct run`: the
 * options as they were given, the phone, and what has happened so far. Everything happens on the main thread:
 * events are pulled (offhook_process), signals arrive as a flag, time-outs are looked at between events.
 */
#ifndef OFFHOOK_CMD_COMMAND_H
#define OFFHOOK_CMD_COMMAND_H

#include "offhook/offhook.h"

#include <stdbool.h>

/* What scripts test for (see the manual page). */
enum exit_status {
	EXIT_OK = 0,           /* the call was completed */
	EXIT_CALL_FAILED = 1,  /* refused, or broken off by an error */
	EXIT_USAGE = 2,        /* also what cannot be read or written */
	EXIT_REGISTRATION = 3, /* the registrar refused, or none answered in time */
	EXIT_NO_ANSWER = 4,
	EXIT_NO_AUDIO = 5,  /* the call stood, but nothing was heard from the peer */
	EXIT_TRANSPORT = 6, /* port in use, no such host, unreachable */
	EXIT_INTERRUPTED = 130
};

#define MAX_HEADERS 32
#define MAX_FILES   64

struct options {
	const char
		*command; /* "dial", "answer", "register", "message", "presence", "security" or "devices" */
	const char *uri;  /* register: as whom; else: whom */
	char with_scheme[512]; /* the same, where "sip:" was left out */
	const char *identity;  /* --from: our URI, or NULL */
	const char *auth_user; /* NULL: the user of identity */
	const char *password_file;
	char address[64]; /* --local, "" = any */
	unsigned port;
	const char *play[MAX_FILES]; /* one behind the other */
	size_t n_play;
	unsigned raw_rate_hz; /* of raw files among them; 0: the default */
	const char *record, *dtmf, *reason, *codecs;
	bool stereo; /* what we say is recorded on the right */
	double tone_hz[2];
	const char *tone;               /* a pattern or COUNTRY:KIND, instead of tone_hz; NULL: none */
	const char *dtmf_by, *progress; /* NULL: what the peer takes; none */
	bool loop, echo, json, quiet, trace, ladder;
	const char *transport; /* udp, tcp, tls, ws, wss; NULL: udp */
	const char *cert, *key, *ca;
	bool no_verify, client_cert;
	bool sound, no_echo_cancel;       /* talk by microphone and speaker */
	const char *microphone, *speaker; /* ids; NULL: the system's */
	const char *pcap, *hep;           /* where SIP messages go besides; NULL: nowhere */
	double duration_s;                /* hang up this long after the call stood; 0 = the peer does */
	double timeout_s;                 /* dial: give up ringing; answer: give up waiting; 0 = never */
	double silence_s;                 /* report when the peer is silent for so long; 0 = never */
	bool speech;                      /* report when it speaks */
	double stats_s;                   /* report how it sounds every so often; 0 = never */
	double ring_s;                    /* answer: ring this long first */
	const char *challenge,
		*realm;         /* answer: file of callers, NULL: everybody may call; NULL: the default */
	unsigned code;          /* answer: with this status */
	unsigned count;         /* answer: so many calls, 0 = until interrupted */
	const char *nameserver; /* NULL: the system's */
	unsigned ptime_ms, jitter_ms, clock_rate_hz;
	const char *registrar, *instance;   /* register; NULL: the domain, none */
	unsigned expires_s, retry_s;        /* register, presence; 0 = the default */
	const char *text;                   /* message; NULL: standard input */
	const char *content_type;           /* message; NULL: text/plain */
	bool dialogs;                       /* presence: his calls */
	const char *unmatched, *disallowed; /* answer, security: "drop" or a status; NULL: the default */
	unsigned max_calls, max_requests, max_per_source; /* 0 = no limit */
	bool secure_only;
	const char *allow[OFFHOOK_SOURCES_MAX];
	size_t n_allow;
	const char *proxies[OFFHOOK_PROXIES_MAX], *servers[OFFHOOK_PROXIES_MAX];
	size_t n_proxies, n_servers;
	struct offhook_header headers[MAX_HEADERS];
	size_t n_headers;
};

/* Reads the command line; prints help or one sentence of complaint itself. 0: go on; else the exit status
 * + 1. */
int options_parse(int argc, char **argv, struct options *ret_options);

/* ---- secret.c ---- */

#define SECRET_MAX 512

struct secret {
	bool there;
	char user[SECRET_MAX], password[SECRET_MAX];
};
/* From --password-file or OFFHOOK_PASSWORD. EXIT_OK, also when there is none; EXIT_USAGE after a complaint;
 * EXIT_INTERRUPTED. */
int secret_read(const struct options *o, struct secret *ret_secret);
void secret_wipe(struct secret *s);

/* ---- report.c: people read stderr, machines stdout ---- */

/* One thing that happened: for people a line "text", for machines an object with "time", "event" and the
 * fields of `json`, a jansson object that is taken (may be NULL). */
struct json_t;
void report(const struct options *o, const char *event, struct json_t *json, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* Sends what was printed on its way; that it cannot be written is said once. */
void report_flush(void);
/* Standard output could not be written. */
bool report_is_lost(void);
/* One sentence about why it cannot go on, with the library's detail when it has one. */
void complain(const struct options *o, const char *what, int err);
void report_log(
	void *arg, int level, const char *module, const char *text); /* an offhook_log_fn; arg: options */
/* A string of any bytes. */
struct json_t *report_text(const char *text, size_t n);
/* The fields that every report about a call has. */
struct json_t *report_call_json(const struct offhook_call_info *info);
void report_stats(const struct options *o, const struct offhook_call_info *info,
	const struct offhook_call_stats *s, const struct offhook_call_quality *q);

/* ---- sound.c ---- */

/* What --sound and its companions say, for the phone. EXIT_OK; EXIT_USAGE after a complaint. */
int sound_choose(const struct options *o, struct offhook_phone *phone);
/* The links between a call's slot and the sound device: how many, 0 without --sound. */
size_t sound_link(const struct options *o, struct offhook_phone *phone, offhook_id slot,
	struct offhook_link ret_links[2]);
void sound_changed(const struct options *o, const struct offhook_event *e);
/* The command `devices`; returns the exit status. */
int sound_list(const struct options *o);

/* ---- run.c ---- */

/* Makes the phone, runs the command to its end, takes everything down; returns the exit status. */
int run(const struct options *o);

#endif
