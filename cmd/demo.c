/*
 * The demo: Alice calls Bob over real sockets; both speak, both are recorded. Two phones, each with its own
 * threads and bridge, in one process; this program only watches and proves. Exits 0 only when both heard what
 * was said.
 */
#include "correlate.h"
#include "offhook/offhook.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ENOUGH 0.98 /* correlation that proves it; unrelated speech stays below 0.5 */

struct party {
	const char *name, *says; /* the WAV file it plays */
	char heard[512];         /* the WAV file it records */
	struct offhook_phone *phone;
	offhook_id call, player, player_slot, recorder, recorder_slot, call_slot;
	char address[80];
	bool confirmed, spoken, ended;
	struct offhook_call_stats stats;
};

static const char *const states[] = {
	"NULL", "CALLING", "INCOMING", "EARLY", "CONNECTING", "CONFIRMED", "DISCONNECTED"};

static int fail(const char *who, const char *what, int err)
{
	fprintf(stderr, "demo: %s: %s: %s %s\n", who, what, offhook_strerror(err), offhook_error_detail());
	return 1;
}

static void on_media(struct party *p, const struct offhook_event *e)
{
	int err;

	p->call_slot = e->call->slot;
	if (!p->call_slot)
		return;
	err = offhook_connect(p->phone, p->player_slot, p->call_slot);
	if (!err)
		err = offhook_connect(p->phone, p->call_slot, p->recorder_slot);
	if (err)
		fail(p->name, "connect", err);
}

static void on_event(void *arg, const struct offhook_event *e)
{
	struct party *p = arg;
	struct offhook_answer ringing;

	switch (e->type) {
	case OFFHOOK_EVENT_CALL_INCOMING:
		p->call = e->id;
		printf("\r\033[K  %-6s INCOMING from %s\n", p->name, e->call->remote_uri);
		offhook_answer_init(&ringing);
		ringing.code = 180;
		offhook_call_answer(p->phone, e->id, &ringing);
		offhook_call_answer(p->phone, e->id, NULL);
		break;
	case OFFHOOK_EVENT_CALL_STATE:
		printf("\r\033[K  %-6s %-12s %u %s\n", p->name, states[e->call->state], e->call->last_status,
			e->call->last_reason);
		p->confirmed |= e->call->state == OFFHOOK_CALL_CONFIRMED;
		if (e->call->state == OFFHOOK_CALL_DISCONNECTED) {
			p->stats.size = sizeof(p->stats);
			offhook_call_get_stats(p->phone, e->id, &p->stats);
			p->ended = true;
		}
		break;
	case OFFHOOK_EVENT_CALL_MEDIA:
		printf("\r\033[K  %-6s media, slot %d, %s\n", p->name, e->call->slot_number, e->call->codec);
		on_media(p, e);
		break;
	case OFFHOOK_EVENT_PLAYER_END:
		p->spoken = true;
		break;
	default:
		break;
	}
	fflush(stdout);
}

static int open_party(struct party *p)
{
	struct offhook_phone_cfg cfg;
	struct offhook_transport_cfg transport;
	struct offhook_transport_info info = {.size = sizeof(info)};
	struct offhook_account_cfg account;
	offhook_id id, account_id;
	char uri[128];
	int err;

	offhook_phone_cfg_init(&cfg);
	cfg.delivery = OFFHOOK_DELIVER_PULL;
	cfg.on_event = on_event;
	cfg.on_event_arg = p;
	cfg.jitter_ms = 60; /* the machine may be busy compiling next door */
	offhook_transport_cfg_init(&transport);
	transport.address = "127.0.0.1";
	err = offhook_phone_new(&cfg, &p->phone);
	if (!err)
		err = offhook_transport_add(p->phone, &transport, &id);
	if (!err)
		err = offhook_transport_get_info(p->phone, id, &info);
	if (err)
		return fail(p->name, "start", err);
	snprintf(p->address, sizeof(p->address), "sip:%s@%s:%u", p->name, info.address, info.port);
	snprintf(uri, sizeof(uri), "<%s>", p->address);
	offhook_account_cfg_init(&account);
	account.uri = uri;
	account.transport = id;
	err = offhook_account_add(p->phone, &account, &account_id);
	if (!err)
		err = offhook_player_new(p->phone, p->says, 0, NULL, &p->player, &p->player_slot);
	if (!err)
		err = offhook_recorder_new(p->phone, p->heard, &p->recorder, &p->recorder_slot);
	if (err)
		return fail(p->name, "files", err);
	return 0;
}

/* One line that is drawn again and again on a terminal. */
static void draw_meters(const struct party *a, const struct party *b, unsigned tenths)
{
	const struct party *both[] = {a, b};
	char line[160];
	size_t n = 0;

	if (!isatty(STDOUT_FILENO) && tenths % 10)
		return;
	for (int i = 0; i < 2; i++) {
		struct offhook_slot_info info = {.size = sizeof(info)};
		char bar[21];
		int fill;

		if (!both[i]->call_slot || offhook_slot_get_info(both[i]->phone, both[i]->call_slot, &info))
			return;
		fill = (int)(info.tx_signal * 20 + 0.999f);
		memset(bar, ' ', 20);
		memset(bar, '#', (size_t)(fill > 20 ? 20 : fill));
		bar[20] = '\0';
		n += (size_t)snprintf(line + n, sizeof(line) - n, "  %s says [%s]", both[i]->name, bar);
	}
	printf(isatty(STDOUT_FILENO) ? "\r\033[K%4.1f s%s" : "%4.1f s%s\n", tenths / 10.0, line);
	fflush(stdout);
}

/* Lets events happen until both said what they had to say, then ends the call. */
static int talk(struct party *a, struct party *b)
{
	unsigned tenths = 0, spoken_at = 0;

	while (!a->ended || !b->ended) {
		while (offhook_process(a->phone, 0) > 0 || offhook_process(b->phone, 0) > 0)
			continue;
		offhook_process(b->phone, a->ended || b->ended || !a->confirmed ? 10 : 100);
		draw_meters(a, b, ++tenths);
		if (a->spoken && b->spoken && !spoken_at)
			spoken_at = tenths;
		/* What was said last is still under way for a moment. */
		if (spoken_at && tenths == spoken_at + 5)
			offhook_call_hangup(a->phone, a->call, NULL);
		if (tenths > 900) {
			fprintf(stderr, "demo: the call did not come to its end\n");
			return 1;
		}
	}
	return 0;
}

static int prove(const struct party *speaker, const struct party *listener)
{
	struct likeness like;
	const char *why = "";

	if (compare_wavs(speaker->says, listener->heard, &like, &why)) {
		fprintf(stderr, "demo: %s to %s: %s\n", speaker->name, listener->name, why);
		return 1;
	}
	printf("  what %s said is what %s heard: correlation %.4f over %.1f s of speech, level %+.2f dB  "
	       "%s\n",
		speaker->name, listener->name, like.correlation, like.seconds, like.level_db,
		like.correlation >= ENOUGH ? "proved" : "NOT PROVED");
	return like.correlation < ENOUGH;
}

/* A check that cannot fail proves nothing: what one party said must not be found in what it heard. */
static int disprove(const struct party *p)
{
	struct likeness like;
	const char *why = "";

	if (compare_wavs(p->says, p->heard, &like, &why))
		return 1;
	printf("  (the same check on the wrong recording: %.4f)\n", like.correlation);
	return like.correlation >= ENOUGH;
}

static void tell(const struct party *p)
{
	const struct offhook_call_stats *s = &p->stats;

	printf("  %-6s set-up %.1f ms, %llu packets received, %llu lost, jitter %.2f ms, %s to %s\n", p->name,
		s->setup_ms, (unsigned long long)s->rx_packets, (unsigned long long)s->rx_lost,
		s->rx_jitter_ms, s->codec, s->remote);
}

int main(int argc, char **argv)
{
	const char *folder = argc > 1 ? argv[1] : ".";
	char alice_says[512], bob_says[512];
	struct party a = {.name = "alice", .says = alice_says}, b = {.name = "bob", .says = bob_says};
	struct offhook_call_cfg call;
	int err;

	snprintf(alice_says, sizeof(alice_says), "%s/alice.wav", folder);
	snprintf(bob_says, sizeof(bob_says), "%s/bob.wav", folder);
	snprintf(a.heard, sizeof(a.heard), "%s/alice-heard.wav", folder);
	snprintf(b.heard, sizeof(b.heard), "%s/bob-heard.wav", folder);
	err = open_party(&a) || open_party(&b);
	if (!err) {
		printf("%s calls %s\n", a.address, b.address);
		offhook_call_cfg_init(&call);
		call.uri = b.address;
		err = offhook_call_make(a.phone, 0, &call, &a.call);
		if (err)
			fail(a.name, "call", err);
	}
	if (!err)
		err = talk(&a, &b);
	if (!err && (offhook_port_remove(a.phone, a.recorder) || offhook_port_remove(b.phone, b.recorder)))
		err = fail("recorder", "complete the file", OH_EOS);
	if (!err) {
		printf("\n");
		tell(&a);
		tell(&b);
		err = prove(&a, &b) | prove(&b, &a) | disprove(&a);
		printf("\nListen to it:  %s (what bob heard), %s (what alice heard)\n", b.heard, a.heard);
	}
	offhook_phone_free(a.phone);
	offhook_phone_free(b.phone);
	return err ? 1 : 0;
}
