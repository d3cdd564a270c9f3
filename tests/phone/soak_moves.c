#include "soak.h"

#include "base/err.h"

#include <inttypes.h>
#include <unistd.h>

#define PACE_MS 400u /* a leg is told something about once in so long */
#define TRIES   16u
#define BURST   32u /* moves without a pause, now and then */

/* ---- what there is to be told ------------------------------------------------------------------------------------ */

static offhook_id some_call(struct soak_actor *a, struct soak_phone *p)
{
	offhook_id ids[1024];
	long n = offhook_calls(p->phone, ids, ARRAY_LEN(ids));

	if (n > (long)ARRAY_LEN(ids))
		n = ARRAY_LEN(ids);
	return n > 0 ? ids[soak_draw(&a->random, (unsigned)n)] : 0;
}

/* One that still rings, if that is found soon. */
static offhook_id ringing_call(struct soak_actor *a, struct soak_phone *p, offhook_id call)
{
	for (unsigned i = 0; i < TRIES; i++) {
		struct offhook_call_info *info;
		bool rings;

		if (offhook_call_get_info(p->phone, call, &info) == 0) {
			rings = info->state < OFFHOOK_CALL_CONNECTING && info->role == OFFHOOK_CALLEE;
			offhook_call_info_free(info);
			if (rings)
				break;
		}
		call = some_call(a, p);
	}
	return call;
}

/* OH_ENOENT: the call has no audio. */
static int slot_of(struct soak_phone *p, offhook_id call, offhook_id *ret_slot)
{
	struct offhook_call_info *info;
	int err = offhook_call_get_info(p->phone, call, &info);

	if (err)
		return err;
	*ret_slot = info->slot;
	offhook_call_info_free(info);
	return *ret_slot ? 0 : OH_ENOENT;
}

static bool keep_port(struct soak_phone *p, const struct soak_port *port)
{
	bool room;

	pthread_mutex_lock(&p->lock);
	room = p->n_ports < SOAK_PORTS;
	if (room)
		p->ports[p->n_ports++] = *port;
	pthread_mutex_unlock(&p->lock);
	return room;
}

/* Takes one out; another thread may still be using it. */
static bool take_port(struct soak_phone *p, unsigned which, struct soak_port *ret_port)
{
	bool some;

	pthread_mutex_lock(&p->lock);
	some = p->n_ports > 0;
	if (some) {
		which %= (unsigned)p->n_ports;
		*ret_port = p->ports[which];
		p->ports[which] = p->ports[--p->n_ports];
	}
	pthread_mutex_unlock(&p->lock);
	return some;
}

/* One that samples can be written to, the first from a place on. */
static bool look_at_port(struct soak_phone *p, unsigned from, struct soak_port *ret_port)
{
	bool found = false;

	pthread_mutex_lock(&p->lock);
	for (size_t i = 0; i < p->n_ports && !found; i++) {
		*ret_port = p->ports[(from + i) % p->n_ports];
		found = ret_port->speaks;
	}
	pthread_mutex_unlock(&p->lock);
	return found;
}

static int end_port(struct soak_phone *p, const struct soak_port *port)
{
	return port->end ? port->end(p->phone, port->id) : offhook_port_remove(p->phone, port->id);
}

/* A new port speaks with a call and hears it, and is kept for a while, or not at all. */
static int put_port(struct soak_phone *p, offhook_id call, const struct soak_port *port)
{
	offhook_id slot;

	if (slot_of(p, call, &slot) == 0) {
		offhook_connect(p->phone, port->slot, slot);
		offhook_connect(p->phone, slot, port->slot);
	}
	return keep_port(p, port) ? 0 : end_port(p, port);
}

/* ---- the moves ---------------------------------------------------------------------------------------------------- */

static int make(struct soak_actor *a, struct soak_phone *p, offhook_id call)
{
	static const char *const codecs[] = {
		NULL, NULL, NULL, NULL, "PCMA", "PCMU, PCMA", "L16/8000", "G722"};
	struct soak *s = a->soak;
	struct offhook_call_cfg cfg;
	offhook_id id;
	int err;

	(void)call;
	if (offhook_calls(p->phone, NULL, 0) >= (long)s->legs / 2)
		return OH_ETOOMANY;
	offhook_call_cfg_init(&cfg);
	cfg.uri = s->phones[p == s->phones].uri;
	cfg.codecs = codecs[soak_draw(&a->random, ARRAY_LEN(codecs))];
	err = offhook_call_make(p->phone, 0, &cfg, &id);
	if (!err)
		p->begun++;
	return err;
}

static int answer_with(struct soak_phone *p, offhook_id call, unsigned code)
{
	struct offhook_answer answer;

	offhook_answer_init(&answer);
	answer.code = code;
	return offhook_call_answer(p->phone, call, &answer);
}

static int answer(struct soak_actor *a, struct soak_phone *p, offhook_id call)
{
	return answer_with(p, ringing_call(a, p, call), 200);
}

static int ring(struct soak_actor *a, struct soak_phone *p, offhook_id call)
{
	return answer_with(p, ringing_call(a, p, call), soak_draw(&a->random, 2) ? 180 : 183);
}

static int refuse(struct soak_actor *a, struct soak_phone *p, offhook_id call)
{
	return answer_with(p, ringing_call(a, p, call), soak_draw(&a->random, 2) ? 486 : 603);
}

void soak_answer(struct soak_phone *p, uint64_t *random, offhook_id call)
{
	unsigned how = soak_draw(random, 16);

	if (how == 0)
		answer_with(p, call, 486);
	else if (how == 1)
		answer_with(p, call, 183);
	else if (how > 2) /* else it rings on */
		answer_with(p, call, 200);
}

static int hang_up(struct soak_actor *a, struct soak_phone *p, offhook_id call)
{
	(void)a;
	return offhook_call_hangup(p->phone, call, NULL);
}

static int hold(struct soak_actor *a, struct soak_phone *p, offhook_id call)
{
	(void)a;
	return offhook_call_hold(p->phone, call, NULL, 0);
}

/* Also what takes a call back from hold. */
static int reinvite(struct soak_actor *a, struct soak_phone *p, offhook_id call)
{
	static const struct offhook_header header = {"X-Soak", "yes"};

	return offhook_call_reinvite(p->phone, call, &header, soak_draw(&a->random, 2));
}

static int join(struct soak_actor *a, struct soak_phone *p, offhook_id call)
{
	struct offhook_link links[2];
	offhook_id one, other;
	int err = slot_of(p, call, &one);

	if (!err && soak_draw(&a->random, 4))
		err = slot_of(p, some_call(a, p), &other);
	else if (!err)
		err = offhook_slot_of(p->phone, 0, &other);
	if (err)
		return err;
	links[0] = (struct offhook_link){one, other, soak_draw(&a->random, 2) ? 1 : .5f};
	links[1] = (struct offhook_link){other, one, 1};
	return offhook_connect_many(p->phone, links, 1 + soak_draw(&a->random, 2));
}

static int part(struct soak_actor *a, struct soak_phone *p, offhook_id call)
{
	offhook_id slot, sinks[8];
	long n;
	int err = slot_of(p, call, &slot);

	if (err)
		return err;
	n = offhook_slot_sinks(p->phone, slot, sinks, ARRAY_LEN(sinks));
	if (n <= 0)
		return n ? (int)n : OH_ENOENT;
	n = n < (long)ARRAY_LEN(sinks) ? n : (long)ARRAY_LEN(sinks);
	return offhook_disconnect(p->phone, slot, sinks[soak_draw(&a->random, (unsigned)n)]);
}

static int set_levels(struct soak_actor *a, struct soak_phone *p, offhook_id call)
{
	offhook_id slot;
	int err = slot_of(p, call, &slot);

	return err ? err
		   : offhook_slot_set_levels(p->phone, slot, .25f * (float)soak_draw(&a->random, 8),
			     soak_draw(&a->random, 2) ? -1 : 1);
}

static int send_digits(struct soak_actor *a, struct soak_phone *p, offhook_id call)
{
	return offhook_call_dtmf(
		p->phone, call, soak_draw(&a->random, 2) ? "1" : "5#*", soak_draw(&a->random, 2) ? 0 : 60, 0);
}

static int send_request(struct soak_actor *a, struct soak_phone *p, offhook_id call)
{
	struct offhook_request request = {
		.size = sizeof(request), .method = soak_draw(&a->random, 4) ? "INFO" : "MESSAGE"};

	return offhook_call_request(p->phone, call, &request);
}

/* The peer calls us back: nobody calls himself. */
static int transfer(struct soak_actor *a, struct soak_phone *p, offhook_id call)
{
	(void)a;
	return offhook_call_transfer(p->phone, call, p->uri, NULL, 0);
}

/* Two peers of ours, both at the other phone, are joined. */
static int transfer_to(struct soak_actor *a, struct soak_phone *p, offhook_id call)
{
	return offhook_call_transfer_to(p->phone, call, some_call(a, p), NULL, 0);
}

static int decide(struct soak_actor *a, struct soak_phone *p, offhook_id call)
{
	offhook_id ticket;

	(void)call;
	pthread_mutex_lock(&p->lock);
	ticket = p->ticket;
	pthread_mutex_unlock(&p->lock);
	return offhook_question_answer(p->phone, ticket, soak_draw(&a->random, 4) ? 202 : 603, NULL);
}

static int play(struct soak_actor *a, struct soak_phone *p, offhook_id call)
{
	struct soak_port port = {0};
	int err = offhook_player_new(
		p->phone, a->soak->wav, (int)soak_draw(&a->random, 2), NULL, &port.id, &port.slot);

	if (!err)
		err = put_port(p, call, &port);
	return err ? err : offhook_player_seek(p->phone, port.id, soak_draw(&a->random, 8000));
}

static int beep(struct soak_actor *a, struct soak_phone *p, offhook_id call)
{
	struct offhook_tone_cfg cfg;
	struct soak_port port = {0};
	int err;

	offhook_tone_cfg_init(&cfg);
	cfg.on_ms = cfg.off_ms = 100;
	cfg.repeats = soak_draw(&a->random, 4);
	err = offhook_tone_new(p->phone, &cfg, &port.id, &port.slot);
	return err ? err : put_port(p, call, &port);
}

/* The file's name goes at once, the file with its recorder. */
static int record(struct soak_actor *a, struct soak_phone *p, offhook_id call)
{
	struct soak_port port = {0};
	char path[96];
	int err;

	snprintf(path, sizeof(path), "%.60s.%u.wav", a->soak->wav, a->number);
	err = offhook_recorder_new(p->phone, path, &port.id, &port.slot);
	unlink(path);
	return err ? err : put_port(p, call, &port);
}

static int speak(struct soak_actor *a, struct soak_phone *p, offhook_id call)
{
	static const uint32_t rates[] = {8000, 16000, 24000, 48000};
	struct offhook_audio_cfg cfg;
	struct soak_port port = {.speaks = true};
	int err;

	offhook_audio_cfg_init(&cfg);
	cfg.rate_hz = rates[soak_draw(&a->random, ARRAY_LEN(rates))];
	cfg.call = soak_draw(&a->random, 2) ? call : 0;
	cfg.events = soak_draw(&a->random, 2);
	err = offhook_audio_new(p->phone, &cfg, &port.id, &port.slot);
	return err ? err : put_port(p, call, &port);
}

static int use_port(struct soak_actor *a, struct soak_phone *p, offhook_id call)
{
	struct soak_port port;
	int16_t pcm[960] = {0};
	long n;

	(void)call;
	if (!look_at_port(p, soak_draw(&a->random, SOAK_PORTS), &port))
		return OH_ENOENT;
	for (size_t i = 0; i < ARRAY_LEN(pcm); i++)
		pcm[i] = (int16_t)(i * 30);
	switch (soak_draw(&a->random, 5)) {
	case 0:
		return offhook_audio_clear(p->phone, port.id, soak_draw(&a->random, 20), NULL);
	case 1:
		return offhook_audio_mark(p->phone, port.id, a->number);
	case 2:
		return offhook_audio_pause(p->phone, port.id, (int)soak_draw(&a->random, 2));
	case 3:
		n = offhook_audio_read(
			p->phone, port.id, pcm, ARRAY_LEN(pcm), (int)soak_draw(&a->random, 40), NULL);
		return n < 0 ? (int)n : 0;
	default:
		n = offhook_audio_write(
			p->phone, port.id, pcm, ARRAY_LEN(pcm), (int)soak_draw(&a->random, 40));
		return n < 0 ? (int)n : 0;
	}
}

static int watch_speakers(struct soak_actor *a, struct soak_phone *p, offhook_id call)
{
	struct offhook_slot_levels levels = {.size = sizeof(levels)};
	struct soak_port watch = {.end = offhook_speaker_unwatch};
	struct offhook_speaker_cfg cfg;
	offhook_id slot;
	int err = slot_of(p, call, &slot);

	if (err)
		return err;
	offhook_speaker_cfg_init(&cfg);
	cfg.start_ms = soak_draw(&a->random, 200);
	err = offhook_speaker_watch(p->phone, slot, &cfg, &watch.id);
	if (err)
		return err;
	(void)offhook_slot_get_levels(p->phone, slot, &levels);
	return keep_port(p, &watch) ? 0 : end_port(p, &watch);
}

static int soften(struct soak_actor *a, struct soak_phone *p, offhook_id call)
{
	struct offhook_duck_cfg duck;
	offhook_id one, other;
	int err = slot_of(p, call, &one);

	if (!err)
		err = slot_of(p, some_call(a, p), &other);
	if (!err)
		err = offhook_connect(p->phone, one, other);
	if (err)
		return err;
	offhook_duck_cfg_init(&duck);
	duck.trigger = soak_draw(&a->random, 2) ? other : one;
	switch (soak_draw(&a->random, 5)) {
	case 0:
		return offhook_link_ramp(p->phone, one, other, .5f, soak_draw(&a->random, 500));
	case 1:
		return offhook_slot_ramp(p->phone, one, OFFHOOK_SLOT_RX, 1, soak_draw(&a->random, 500));
	case 2:
		return offhook_link_delay(p->phone, one, other, soak_draw(&a->random, 200));
	case 3:
		return offhook_link_duck(p->phone, one, other, &duck);
	default:
		return offhook_slot_duck(p->phone, other, &duck);
	}
}

static int confer(struct soak_actor *a, struct soak_phone *p, offhook_id call)
{
	struct soak_port conference = {.end = offhook_conference_end};
	struct offhook_member_cfg cfg;
	int err = offhook_conference_new(p->phone, NULL, &conference.id);

	if (err)
		return err;
	offhook_member_cfg_init(&cfg);
	for (unsigned n = 0; n < 4; n++) {
		cfg.muted = (int)soak_draw(&a->random, 2);
		cfg.role = soak_draw(&a->random, 4) ? OFFHOOK_MEMBER_TALKS : OFFHOOK_MEMBER_LISTENS;
		(void)offhook_conference_add(p->phone, conference.id, some_call(a, p), &cfg);
	}
	err = offhook_conference_add(p->phone, conference.id, call, NULL);
	(void)offhook_conference_set(p->phone, conference.id, call, &cfg);
	if (soak_draw(&a->random, 2))
		(void)offhook_conference_remove(p->phone, conference.id, call);
	if (!keep_port(p, &conference))
		(void)end_port(p, &conference);
	return err;
}

static int remove_port(struct soak_actor *a, struct soak_phone *p, offhook_id call)
{
	struct soak_port port;

	(void)call;
	return take_port(p, soak_draw(&a->random, SOAK_PORTS), &port) ? end_port(p, &port) : OH_ENOENT;
}

void soak_remove_ports(struct soak_phone *p)
{
	struct soak_port port;

	while (take_port(p, 0, &port))
		CHECK_OK(end_port(p, &port));
}

/* There are no cards where this runs, or they are hidden: the default one fails, and the null device serves. */
static int change_device(struct soak_actor *a, struct soak_phone *p, offhook_id call)
{
	static const char *const ids[] = {OFFHOOK_DEVICE_NULL, OFFHOOK_DEVICE_NULL, "", "pulse:nobody"};
	struct offhook_device_cfg cfg;
	int err;

	(void)call;
	offhook_device_cfg_init(&cfg);
	cfg.capture = ids[soak_draw(&a->random, ARRAY_LEN(ids))];
	cfg.playback = ids[soak_draw(&a->random, ARRAY_LEN(ids))];
	cfg.rate_hz = soak_draw(&a->random, 2) ? 0 : 48000;
	cfg.close_ms = soak_draw(&a->random, 2) ? 0 : 100;
	err = offhook_device_set(p->phone, &cfg);
	if (!err && soak_draw(&a->random, 4) == 0)
		err = offhook_device_set_volume(
			p->phone, OFFHOOK_DEVICE_PLAYBACK, 1, (int)soak_draw(&a->random, 2));
	return err;
}

static int ask(struct soak_actor *a, struct soak_phone *p, offhook_id call)
{
	struct offhook_call_stats stats = {.size = sizeof(stats)};
	struct offhook_call_quality quality = {.size = sizeof(quality)};
	struct offhook_slot_info slot = {.size = sizeof(slot)};
	struct offhook_counters counters = {.size = sizeof(counters)};
	offhook_id id;
	char words[4096];
	int err;

	switch (soak_draw(&a->random, 5)) {
	case 0:
		return offhook_call_get_stats(p->phone, call, &stats);
	case 1:
		return offhook_call_get_quality(p->phone, call, &quality);
	case 2:
		return offhook_call_explain(p->phone, call, words, sizeof(words)) > 0 ? 0 : OH_ENOENT;
	case 3:
		err = slot_of(p, call, &id);
		return err ? err : offhook_slot_get_info(p->phone, id, &slot);
	default:
		return offhook_phone_counters(p->phone, &counters);
	}
}

static int listen_to(struct soak_actor *a, struct soak_phone *p, offhook_id call)
{
	struct offhook_listen_cfg cfg;

	offhook_listen_cfg_init(&cfg);
	cfg.silence_ms = soak_draw(&a->random, 2) ? 500 : 0;
	cfg.speech = (int)soak_draw(&a->random, 2);
	return offhook_call_listen(p->phone, call, &cfg);
}

/* ---- by chance ---------------------------------------------------------------------------------------------------- */

/* Most that goes wrong does so because another thread was faster: that is the point. */
static struct move {
	const char *name;
	unsigned weight;
	int (*fn)(struct soak_actor *a, struct soak_phone *p, offhook_id call);
	_Atomic uint64_t tried, done;
} moves[] = {
	{"make", 24, make, 0, 0},
	{"answer", 5, answer, 0, 0},
	{"ring", 4, ring, 0, 0},
	{"refuse", 4, refuse, 0, 0},
	{"hang up", 5, hang_up, 0, 0},
	{"hold", 6, hold, 0, 0},
	{"re-INVITE, resume", 9, reinvite, 0, 0},
	{"join", 12, join, 0, 0},
	{"part", 3, part, 0, 0},
	{"set levels", 3, set_levels, 0, 0},
	{"send digits", 6, send_digits, 0, 0},
	{"send a request", 3, send_request, 0, 0},
	{"transfer", 2, transfer, 0, 0},
	{"transfer to another", 2, transfer_to, 0, 0},
	{"decide", 2, decide, 0, 0},
	{"play", 2, play, 0, 0},
	{"beep", 2, beep, 0, 0},
	{"record", 2, record, 0, 0},
	{"speak", 3, speak, 0, 0},
	{"use a port", 6, use_port, 0, 0},
	{"remove a port", 6, remove_port, 0, 0},
	{"change the device", 1, change_device, 0, 0},
	{"ask", 6, ask, 0, 0},
	{"listen", 2, listen_to, 0, 0},
	{"watch speakers", 2, watch_speakers, 0, 0},
	{"soften", 4, soften, 0, 0},
	{"confer", 2, confer, 0, 0},
};

static struct move *some_move(struct soak_actor *a)
{
	unsigned sum = 0, at;
	size_t i = 0;

	for (size_t k = 0; k < ARRAY_LEN(moves); k++)
		sum += moves[k].weight;
	at = soak_draw(&a->random, sum);
	while (at >= moves[i].weight)
		at -= moves[i++].weight;
	return &moves[i];
}

static void begin(struct soak_actor *a, const char *doing, struct soak_phone *p, offhook_id about)
{
	a->since_ms = soak_now_ms();
	a->with = p;
	a->about = about;
	a->doing = doing;
}

static void end(struct soak_actor *a)
{
	a->doing = NULL;
	a->since_ms = 0;
}

static void move(struct soak_actor *a, struct soak_phone *p)
{
	struct move *m = some_move(a);
	offhook_id call;

	begin(a, "look for a call", p, 0);
	call = some_call(a, p);
	begin(a, m->name, p, call);
	m->tried++;
	if (m->fn(a, p, call) == 0)
		m->done++;
	end(a);
}

static bool answer_one(struct soak_actor *a, struct soak_phone *p)
{
	offhook_id call = 0;

	pthread_mutex_lock(&p->lock);
	if (p->n_ringing)
		call = p->ringing[--p->n_ringing];
	pthread_mutex_unlock(&p->lock);
	if (!call)
		return false;
	begin(a, "answer what rings", p, call);
	soak_answer(p, &a->random, call);
	end(a);
	return true;
}

void *soak_act(void *actor)
{
	struct soak_actor *a = actor;
	struct soak *s = a->soak;
	uint64_t next_ms = soak_now_ms();
	unsigned pause_ms = 2 * PACE_MS * SOAK_ACTORS / s->legs + 1;

	while (!s->over) {
		struct soak_phone *p = &s->phones[soak_draw(&a->random, 2)];
		uint64_t now = soak_now_ms();

		if (answer_one(a, p))
			continue;
		if (now < next_ms) {
			soak_wait(s, (unsigned)(next_ms - now));
			continue;
		}
		for (unsigned n = soak_draw(&a->random, 64) ? 1 : BURST; n; n--)
			move(a, p);
		/* Behind its time it does not hurry: then the machine has enough to do. */
		next_ms = soak_now_ms() + soak_draw(&a->random, 2 * pause_ms);
	}
	return NULL;
}

void soak_moves_check(void)
{
	for (size_t i = 0; i < ARRAY_LEN(moves); i++)
		print_message("# %-20s %8" PRIu64 " of %8" PRIu64 "\n", moves[i].name, moves[i].done,
			moves[i].tried);
	for (size_t i = 0; i < ARRAY_LEN(moves); i++)
		if (!moves[i].done)
			fail_msg("never done: %s", moves[i].name);
}
