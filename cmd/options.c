/* The command line. Options are one table: what is parsed, what is complained about and what
 * --help prints. */
#include "tones.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { FLAG, TEXT, SECONDS, NUMBER, LOCAL, TONE, HEADER, SOURCE, PROXY, SERVER, SOUND };
enum {
	FOR_DIAL = 1,
	FOR_ANSWER = 2,
	FOR_BOTH = 3,
	FOR_REGISTER = 4,
	FOR_MESSAGE = 8,
	FOR_PRESENCE = 16,
	FOR_ALL = 31,
	FOR_SECURITY = 32,
	FOR_DEVICES = 64
};

#define FOR_GUARDED (FOR_ANSWER | FOR_SECURITY)

struct option_row {
	const char *name;
	char letter;
	enum kind kind;
	unsigned commands;
	size_t offset;
	unsigned min, max; /* of a NUMBER; how many times one that is repeatable may come */
	const char *argument, *help;
};

#define AT(field) offsetof(struct options, field)

static const struct option_row rows[] = {
	{"local", 'l', LOCAL, FOR_ALL | FOR_SECURITY, 0, 0, 0, "ADDR[:PORT]",
		"local address and port (dial: any; answer, security: port 5060)"},
	{"transport", 'x', TEXT, FOR_ALL | FOR_SECURITY, AT(transport), 0, 0, "KIND",
		"udp (default), tcp, tls, ws or wss"},
	{"cert", 0, TEXT, FOR_ALL | FOR_SECURITY, AT(cert), 0, 0, "FILE",
		"our certificate and its chain (PEM), for tls and wss"},
	{"key", 0, TEXT, FOR_ALL | FOR_SECURITY, AT(key), 0, 0, "FILE",
		"its private key (default: in the same file)"},
	{"ca", 0, TEXT, FOR_ALL | FOR_SECURITY, AT(ca), 0, 0, "FILE",
		"issuers to trust (default: those of the system)"},
	{"no-verify", 0, FLAG, FOR_ALL, AT(no_verify), 0, 0, NULL, "take any certificate of a server"},
	{"client-cert", 0, FLAG, FOR_ANSWER | FOR_SECURITY, AT(client_cert), 0, 0, NULL,
		"callers must show a certificate"},
	{"from", 'f', TEXT, FOR_BOTH | FOR_MESSAGE | FOR_PRESENCE | FOR_SECURITY, AT(identity), 0, 0, "URI",
		"who we are, such as sip:alice@example.test"},
	{"auth-user", 'u', TEXT, FOR_ALL, AT(auth_user), 0, 0, "NAME",
		"name that goes with the password (default: the user of --from)"},
	{"password-file", 0, TEXT, FOR_ALL, AT(password_file), 0, 0, "FILE",
		"its first line is our password, - for standard input; else OFFHOOK_PASSWORD"},
	{"play", 'p', SOUND, FOR_BOTH, 0, 0, MAX_FILES, "FILE",
		"play a WAV, FLAC, Ogg or raw file to the peer (repeatable), then hang up unless --duration"},
	{"loop", 'L', FLAG, FOR_BOTH, AT(loop), 0, 0, NULL, "play it again and again"},
	{"raw-rate", 0, NUMBER, FOR_BOTH, AT(raw_rate_hz), 1000, 384000, "HZ",
		"of raw files: .raw, .pcm, .sln, .ul, .al (default 8000)"},
	{"tone", 't', TONE, FOR_BOTH, 0, 0, 0, "TONE",
		"play a tone: HZ[,HZ], parts HZ[+HZ]:MS, or COUNTRY:KIND such as de:busy"},
	{"record", 'r', TEXT, FOR_BOTH, AT(record), 0, 0, "FILE",
		"record what the peer says into a .wav, .flac, .ogg or .opus file"},
	{"stereo", 0, FLAG, FOR_BOTH, AT(stereo), 0, 0, NULL,
		"record the peer on the left and what he hears of us on the right"},
	{"echo", 'e', FLAG, FOR_BOTH, AT(echo), 0, 0, NULL, "send the peer's audio back"},
	{"sound", 's', FLAG, FOR_BOTH, AT(sound), 0, 0, NULL, "talk by microphone and speaker"},
	{"microphone", 0, TEXT, FOR_BOTH, AT(microphone), 0, 0, "ID",
		"this one, as 'offhook devices' lists it (default: the system's)"},
	{"speaker", 0, TEXT, FOR_BOTH, AT(speaker), 0, 0, "ID", "likewise"},
	{"no-echo-cancel", 0, FLAG, FOR_BOTH, AT(no_echo_cancel), 0, 0, NULL,
		"take the microphone as it is, for headsets"},
	{"dtmf", 'd', TEXT, FOR_BOTH, AT(dtmf), 0, 0, "DIGITS", "send 0-9 A-D * # R when the call stands"},
	{"dtmf-by", 0, TEXT, FOR_BOTH, AT(dtmf_by), 0, 0, "WAY",
		"rtp, tones, relay or info (default auto: rtp or tones, as agreed)"},
	{"progress", 0, TEXT, FOR_BOTH, AT(progress), 0, 0, "COUNTRY",
		"report ringback, busy, fax and other tones of this country, or of any"},
	{"duration", 'D', SECONDS, FOR_BOTH | FOR_REGISTER | FOR_PRESENCE, AT(duration_s), 0, 0, "SECONDS",
		"hang up after this time"},
	{"timeout", 'T', SECONDS, FOR_ALL, AT(timeout_s), 0, 0, "SECONDS",
		"dial: give up when not answered; answer: when nobody calls"},
	{"challenge", 0, TEXT, FOR_ANSWER, AT(challenge), 0, 0, "FILE",
		"callers must prove to be one of its lines USER:PASSWORD"},
	{"realm", 0, TEXT, FOR_ANSWER, AT(realm), 0, 0, "TEXT",
		"what --challenge asks for (default offhook)"},
	{"code", 'c', NUMBER, FOR_ANSWER, AT(code), 200, 699, "STATUS",
		"answer with this SIP status (default 200)"},
	{"reason", 0, TEXT, FOR_ANSWER, AT(reason), 0, 0, "TEXT", "phrase that goes with --code"},
	{"silence", 0, SECONDS, FOR_BOTH, AT(silence_s), 0, 0, "SECONDS",
		"report when the peer sends nothing but silence for so long"},
	{"speech", 0, FLAG, FOR_BOTH, AT(speech), 0, 0, NULL,
		"report when the peer begins to speak and when it stops"},
	{"stats", 0, SECONDS, FOR_BOTH, AT(stats_s), 0, 0, "SECONDS",
		"report every so often how the call sounds"},
	{"ring", 0, SECONDS, FOR_ANSWER, AT(ring_s), 0, 0, "SECONDS", "ring this long before answering"},
	{"count", 'n', NUMBER, FOR_ANSWER, AT(count), 0, 1000000, "N",
		"take N calls, 0 = until interrupted (default 1)"},
	{"header", 'H', HEADER, FOR_BOTH | FOR_MESSAGE, 0, 0, MAX_HEADERS, "NAME:VALUE",
		"add a header to the INVITE, the answer or the message (repeatable)"},
	{"unmatched", 0, TEXT, FOR_GUARDED, AT(unmatched), 0, 0, "STATUS",
		"what is for nobody we know gets this, or drop: no answer (default: we take it)"},
	{"allow", 0, SOURCE, FOR_GUARDED, 0, 0, OFFHOOK_SOURCES_MAX, "ADDR[/BITS]",
		"only from there requests are taken (repeatable; default: from everywhere)"},
	{"disallowed", 0, TEXT, FOR_GUARDED, AT(disallowed), 0, 0, "STATUS",
		"what comes from elsewhere gets this, or drop (default 403)"},
	{"max-calls", 0, NUMBER, FOR_GUARDED, AT(max_calls), 0, 1000000, "N", "more at a time get 486"},
	{"max-requests", 0, NUMBER, FOR_GUARDED, AT(max_requests), 0, 1000000, "N",
		"more in a second get 503"},
	{"max-per-source", 0, NUMBER, FOR_GUARDED, AT(max_per_source), 0, 1000000, "N",
		"more in a second from one address get 503"},
	{"secure-only", 0, FLAG, FOR_ALL | FOR_SECURITY, AT(secure_only), 0, 0, NULL,
		"nothing goes, and nothing is taken, but over TLS"},
	{"proxy", 0, PROXY, FOR_ALL, 0, 0, OFFHOOK_PROXIES_MAX, "URI",
		"everything goes through this one, such as sip:proxy.example.test;lr (repeatable)"},
	{"server", 0, SERVER, FOR_ALL, 0, 0, OFFHOOK_PROXIES_MAX, "URI",
		"everything is sent there, whatever URIs say; the next one when it fails (repeatable)"},
	{"registrar", 0, TEXT, FOR_REGISTER, AT(registrar), 0, 0, "URI",
		"ask this one (default: the domain of the URI)"},
	{"expires", 0, NUMBER, FOR_REGISTER | FOR_PRESENCE, AT(expires_s), 1, 86400, "SECONDS",
		"ask for so long (default 300, presence: 3600); the other side decides"},
	{"retry", 0, NUMBER, FOR_REGISTER, AT(retry_s), 1, 86400, "SECONDS",
		"longest wait between two attempts that nobody answers (default 60)"},
	{"instance", 0, TEXT, FOR_REGISTER, AT(instance), 0, 0, "UUID",
		"which device this is: asks for Outbound and a GRUU"},
	{"type", 0, TEXT, FOR_MESSAGE, AT(content_type), 0, 0, "TYPE", "of the text (default text/plain)"},
	{"dialogs", 0, FLAG, FOR_PRESENCE, AT(dialogs), 0, 0, NULL, "follow calls instead of presence"},
	{"ptime", 0, NUMBER, FOR_BOTH, AT(ptime_ms), 10, 60, "MS", "audio in one packet (default 20)"},
	{"codecs", 0, TEXT, FOR_BOTH, AT(codecs), 0, 0, "LIST",
		"offered and accepted, best first: opus,G722,PCMU (default PCMU,PCMA)"},
	{"jitter", 0, NUMBER, FOR_BOTH, AT(jitter_ms), 0, 500, "MS",
		"depth of the jitter buffer (default: it adapts)"},
	{"rate", 0, NUMBER, FOR_BOTH, AT(clock_rate_hz), 8000, 48000, "HZ",
		"clock rate of the bridge (default 16000)"},
	{"nameserver", 0, TEXT, FOR_ALL, AT(nameserver), 0, 0, "ADDR[:PORT]",
		"ask this name server instead of the system's"},
	{"json", 'j', FLAG, FOR_ALL | FOR_SECURITY | FOR_DEVICES, AT(json), 0, 0, NULL,
		"events on standard output, one JSON object a line"},
	{"quiet", 'q', FLAG, FOR_ALL | FOR_SECURITY, AT(quiet), 0, 0, NULL,
		"no lines for people on standard error"},
	{"trace", 0, FLAG, FOR_ALL, AT(trace), 0, 0, NULL, "every SIP message on standard error"},
	{"pcap", 0, TEXT, FOR_ALL, AT(pcap), 0, 0, "FILE",
		"SIP messages into a capture file for Wireshark or sngrep"},
	{"hep", 0, TEXT, FOR_ALL, AT(hep), 0, 0, "ADDR:PORT", "SIP messages to a HEP3 collector"},
	{"ladder", 0, FLAG, FOR_BOTH, AT(ladder), 0, 0, NULL, "draw each call when it has ended"},
};
#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

static void help(void)
{
	printf("offhook: phone calls for programs\n\n"
	       "  offhook dial URI [options]   call somebody\n"
	       "  offhook answer [options]     wait for a call\n"
	       "  offhook register URI [options]  tell a registrar where we are\n"
	       "  offhook message URI [TEXT] [options]  send a short message\n"
	       "  offhook presence URI [options]  see whether somebody is there\n"
	       "  offhook security [options]   how a phone with these options would stand in the open\n"
	       "  offhook devices              list microphones (m) and speakers (s); * is the system's "
	       "choice\n\n"
	       "options:\n");
	for (size_t i = 0; i < N_ROWS; i++) {
		const struct option_row *r = &rows[i];
		char left[48];

		snprintf(left, sizeof(left), "%c%c%c --%s %s", r->letter ? '-' : ' ',
			r->letter ? r->letter : ' ', r->letter ? ',' : ' ', r->name,
			r->argument ? r->argument : "");
		printf("  %-28s %s%s\n", left, r->help,
			r->commands == FOR_ANSWER     ? " [answer]"
			: r->commands == FOR_DIAL     ? " [dial]"
			: r->commands == FOR_GUARDED  ? " [answer, security]"
			: r->commands == FOR_REGISTER ? " [register]"
			: r->commands == FOR_MESSAGE  ? " [message]"
			: r->commands == FOR_PRESENCE ? " [presence]"
						      : "");
	}
	printf("  -V, --version                which version this is\n\n"
	       "exit status: 0 completed, 1 failed or refused, 2 usage, 3 not registered, 4 no answer, 5 no "
	       "audio came, 6 "
	       "transport,\n"
	       "130 interrupted\n");
}

static int __attribute__((format(printf, 1, 2))) usage_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("offhook: ", stderr);
	vfprintf(stderr, format, args);
	va_end(args);
	fputs(" (offhook --help lists what there is)\n", stderr);
	return EXIT_USAGE + 1;
}

static const struct option_row *find_row(const char *name, size_t n, char letter)
{
	for (size_t i = 0; i < N_ROWS; i++) {
		if (letter ? rows[i].letter == letter
			   : strlen(rows[i].name) == n && !memcmp(rows[i].name, name, n))
			return &rows[i];
	}
	return NULL;
}

#define MAX_SECONDS 10000000u

static bool parse_seconds(const char *text, double *ret)
{
	char *end;

	errno = 0;
	*ret = strtod(text, &end);
	return !errno && end != text && !*end && *ret >= 0 && *ret <= MAX_SECONDS;
}

static bool parse_number(const char *text, unsigned min, unsigned max, unsigned *ret)
{
	char *end;
	unsigned long v;

	errno = 0;
	v = strtoul(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || v < min || v > max)
		return false;
	*ret = (unsigned)v;
	return true;
}

/* ADDR, ADDR:PORT or :PORT; an IPv6 address stands in brackets where a port follows. */
static bool parse_local(const char *text, struct options *o)
{
	const char *colon = strrchr(text, ':'), *bracket = *text == '[' ? strchr(text, ']') : NULL;
	size_t n;

	if (bracket) {
		text++;
		colon = bracket[1] ? bracket + 1 : NULL;
		if (colon && *colon != ':')
			return false;
	} else if (colon != strchr(text, ':')) {
		colon = NULL;
	}
	n = bracket ? (size_t)(bracket - text) : colon ? (size_t)(colon - text) : strlen(text);
	if (n >= sizeof(o->address) || (colon && !parse_number(colon + 1, 0, 65535, &o->port)))
		return false;
	memcpy(o->address, text, n);
	o->address[n] = '\0';
	return true;
}

static bool parse_tone(const char *text, struct options *o)
{
	char *end;

	if (strpbrk(text, ":+x ")) {
		o->tone = text;
		return true;
	}
	o->tone_hz[0] = strtod(text, &end);
	if (end == text || o->tone_hz[0] < 20)
		return false;
	if (!*end)
		return true;
	if (*end != ',')
		return false;
	text = end + 1;
	o->tone_hz[1] = strtod(text, &end);
	return end != text && !*end && o->tone_hz[1] >= 20;
}

/* The argument is ours to cut: argv lives as long as the program. */
static bool parse_header(char *text, struct options *o)
{
	char *colon = strchr(text, ':');
	struct offhook_header *h;

	if (!colon || colon == text)
		return false;
	*colon++ = '\0';
	h = &o->headers[o->n_headers++];
	h->name = text;
	h->value = colon + strspn(colon, " \t");
	return true;
}

/* How often it was given, if it may be repeated. */
static const size_t *times(const struct option_row *r, const struct options *o)
{
	switch (r->kind) {
	case HEADER:
		return &o->n_headers;
	case SOURCE:
		return &o->n_allow;
	case PROXY:
		return &o->n_proxies;
	case SERVER:
		return &o->n_servers;
	case SOUND:
		return &o->n_play;
	default:
		return NULL;
	}
}

static bool set(const struct option_row *r, char *value, struct options *o)
{
	char *at = (char *)o + r->offset;

	switch (r->kind) {
	case FLAG:
		*(bool *)at = true;
		return true;
	case TEXT:
		*(const char **)(void *)at = value;
		return true;
	case SECONDS:
		return parse_seconds(value, (double *)(void *)at);
	case NUMBER:
		return parse_number(value, r->min, r->max, (unsigned *)(void *)at);
	case LOCAL:
		return parse_local(value, o);
	case TONE:
		return parse_tone(value, o);
	case HEADER:
		return parse_header(value, o);
	case SOURCE:
		o->allow[o->n_allow++] = value;
		return true;
	case PROXY:
		o->proxies[o->n_proxies++] = value;
		return true;
	case SERVER:
		o->servers[o->n_servers++] = value;
		return true;
	case SOUND:
		o->play[o->n_play++] = value;
		return true;
	}
	return false;
}

/* Says what would be good. */
static int bad_value(const struct option_row *r, const char *value)
{
	char range[48] = "";

	if (r->kind == NUMBER || r->kind == SECONDS)
		snprintf(range, sizeof(range), " from %u to %u", r->min,
			r->kind == NUMBER ? r->max : MAX_SECONDS);
	return usage_error(
		"option --%s: '%s' is not good. %s%s: %s", r->name, value, r->argument, range, r->help);
}

/* One option at argv[*i]; moves *i over a separate value. */
static int take_option(int argc, char **argv, int *i, unsigned command, struct options *o)
{
	char *arg = argv[*i], *value = NULL;
	const struct option_row *r;

	if (arg[1] == '-') {
		char *equals = strchr(arg, '=');

		r = find_row(arg + 2, equals ? (size_t)(equals - arg - 2) : strlen(arg + 2), 0);
		value = equals ? equals + 1 : NULL;
	} else {
		r = find_row(NULL, 0, arg[1]);
		if (r && arg[2])
			value = arg + 2;
	}
	if (!r || !(r->commands & command))
		return usage_error("unknown option '%s' for '%s'", arg, o->command);
	if (r->kind == FLAG && value)
		return usage_error("option --%s takes no value", r->name);
	if (r->kind != FLAG && !value) {
		if (++*i >= argc)
			return usage_error("option --%s needs a value: %s", r->name, r->argument);
		value = argv[*i];
	}
	if (times(r, o) && *times(r, o) == r->max)
		return usage_error(
			"option --%s: '%s' is one too many, %u can be given", r->name, value, r->max);
	if (!set(r, value, o))
		return bad_value(r, value);
	return 0;
}

/* bob@host is enough, as with other phones. */
static int add_scheme(struct options *o)
{
	bool fits = strchr(o->uri, '@') && strlen(o->uri) + sizeof("sip:") <= sizeof(o->with_scheme);

	if (offhook_uri_check(o->uri) == 0)
		return 0;
	if (fits) {
		snprintf(o->with_scheme, sizeof(o->with_scheme), "sip:%s", o->uri);
		if (offhook_uri_check(o->with_scheme) == 0) {
			o->uri = o->with_scheme;
			return 0;
		}
	}
	return offhook_uri_check(o->uri); /* the complaint is about what was typed */
}

/* As offhook_call_dtmf() takes them: better told now than when the call stands. */
#define DIGITS     "0123456789ABCDabcd*#Rr"
#define MAX_DIGITS 32u

static int check(struct options *o, bool needs_uri)
{
	enum offhook_dtmf way;

	if (o->ptime_ms % 10)
		return usage_error("option --ptime: 10, 20, 30, 40, 50 or 60");
	if (o->clock_rate_hz != 8000 && o->clock_rate_hz != 16000 && o->clock_rate_hz != 32000 &&
		o->clock_rate_hz != 48000)
		return usage_error("option --rate: 8000, 16000, 32000 or 48000");
	if (!strcmp(o->command, "presence") && o->expires_s && o->expires_s < 60)
		return usage_error("option --expires: 60 to 86400 for presence");
	if (o->tone && isalpha((unsigned char)*o->tone) && !tones_national(o->tone))
		return usage_error(
			"option --tone: '%s' is not known: COUNTRY is two letters such as de, KIND is dial, "
			"ringback, busy, congestion, waiting or sit",
			o->tone);
	/* Whoever names one of them wants to talk. */
	o->sound = o->sound || o->microphone || o->speaker;
	if (o->dtmf_by && !tones_way(o->dtmf_by, &way))
		return usage_error("option --dtmf-by: '%s' is no way: rtp, tones, relay or info", o->dtmf_by);
	if (o->dtmf &&
		(strspn(o->dtmf, DIGITS) != strlen(o->dtmf) || strlen(o->dtmf) > MAX_DIGITS || !*o->dtmf))
		return usage_error(
			"option --dtmf: '%s' is not good: 1 to %u of 0-9 A-D * # R", o->dtmf, MAX_DIGITS);
	if (o->n_play && (o->tone || o->tone_hz[0] > 0))
		return usage_error("--play and --tone exclude each other");
	if (needs_uri) {
		if (!o->uri)
			return usage_error("whom? offhook %s sip:bob@host", o->command);
		if (add_scheme(o))
			return usage_error("'%s' is no SIP URI: %s", o->uri, offhook_error_detail());
	}
	return 0;
}

int options_parse(int argc, char **argv, struct options *o)
{
	unsigned command;
	int err;

	*o = (struct options){.code = 200, .count = 1, .ptime_ms = 20, .clock_rate_hz = 16000};
	if (argc < 2 || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		help();
		return argc < 2 ? EXIT_USAGE + 1 : EXIT_OK + 1;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		printf("offhook %s\n", offhook_version());
		return EXIT_OK + 1;
	}
	o->command = argv[1];
	if (!strcmp(argv[1], "dial"))
		command = FOR_DIAL;
	else if (!strcmp(argv[1], "answer"))
		command = FOR_ANSWER;
	else if (!strcmp(argv[1], "register"))
		command = FOR_REGISTER;
	else if (!strcmp(argv[1], "message"))
		command = FOR_MESSAGE;
	else if (!strcmp(argv[1], "presence"))
		command = FOR_PRESENCE;
	else if (!strcmp(argv[1], "security"))
		command = FOR_SECURITY;
	else if (!strcmp(argv[1], "devices"))
		command = FOR_DEVICES;
	else
		return usage_error("unknown command '%s'", argv[1]);
	if (command & FOR_GUARDED)
		o->port = 5060;
	for (int i = 2; i < argc; i++) {
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
			help();
			return EXIT_OK + 1;
		}
		if (argv[i][0] == '-' && argv[i][1]) {
			err = take_option(argc, argv, &i, command, o);
			if (err)
				return err;
		} else if (!(command & (FOR_GUARDED | FOR_DEVICES)) && !o->uri) {
			o->uri = argv[i];
		} else if (command == FOR_MESSAGE && !o->text) {
			o->text = argv[i];
		} else {
			return usage_error("what is '%s' for?", argv[i]);
		}
	}
	return check(o, !(command & (FOR_GUARDED | FOR_DEVICES)));
}
