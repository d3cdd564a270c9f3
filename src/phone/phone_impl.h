/*
 * Inside of a phone, for the files of src/phone and its tests only.
 *
 * Threads: everything here belongs to signalling unless it says otherwise. `cfg`, `host` and `own_host` never
 * change after phone_new and may be read anywhere.
 */
#ifndef OH_PHONE_PHONE_IMPL_H
#define OH_PHONE_PHONE_IMPL_H

#include "offhook/offhook.h"

#include "audio/engine.h"
#include "audio/hearing.h"
#include "phone/audio_table.h"
#include "phone/closing.h"
#include "phone/codecs.h"
#include "phone/event.h"
#include "phone/guard.h"
#include "phone/ids.h"
#include "phone/question.h"
#include "phone/sound.h"
#include "phone/tags.h"
#include "phone/trace.h"
#include "sdp/oa.h"
#include "session/sub.h"
#include "sip/stack.h"

#include <stdio.h>

struct account;
struct account_way;
struct transport;

enum phone_state {
	PHONE_OPEN,
	PHONE_CLOSING, /* no new calls; the ends of the old ones are on their way */
	PHONE_CLOSED   /* every command fails */
};

struct offhook_phone {
	struct host *host;
	bool own_host; /* the real world, with threads of its own; else the tests' simulated one */
	struct offhook_phone_cfg cfg; /* user_agent is our own copy, codecs and nameservers are NULL */
	char *user_agent;
	struct phone_codecs codecs;
	pthread_t loop; /* the signalling thread, when own_host */
	bool looping;
	enum phone_state state;
	struct command *closer; /* waits in offhook_phone_close() */
	struct host_timer *close_limit;
	bool settling; /* the idle work runs: it does not start itself again */

	struct commands commands;
	struct events events;
	struct id_table ids;
	struct hash tags;
	_Atomic uint32_t next_tag;
	struct traces traces;
	struct list speakers; /* watches over who speaks */
	struct list conferences;
	struct hearing_cfg listen; /* what calls begin with */
	struct hearing_tones listen_tones;
	struct audio_table audio;
	struct sounds sounds;

	struct guard guard;
	struct account_way *way; /* what is before every account's own */
	struct sip_stack *stack;
	struct subs subs; /* subscriptions, both ways */
	char allow_events[SUB_ALLOW_EVENTS_MAX];
	struct engine *engine;

	struct list transports, accounts, calls, files;
	struct list regs; /* registrations, those that leave too */
	struct account *default_account;
	size_t n_transports, n_accounts, n_calls; /* calls: whose end was not yet handled */
	size_t n_waiting_transfers;               /* of transfers, for the other call */
	struct list questions;                    /* that wait for their answers */
	size_t n_questions;
	struct list pagers; /* messages of ours that nobody has answered yet */
	size_t n_pagers;
	struct list refers; /* calls that we have asked others for */
	size_t n_refers;
	struct list composers; /* who types to us */
	size_t n_composers;
	struct list buddies, watchers;
	size_t n_buddies;
	size_t n_dialog_watchers; /* of watchers, those who follow calls */
	struct list finishing;    /* recorders that wait for the media thread to let go */
	struct closings closings; /* files that wait for the disk */
};

/* A phone on a host that somebody else owns and runs: the simulated one. Commands run at once in their
 * caller; thread delivery becomes inline. Errors as offhook_phone_new(). */
int phone_new_on(struct host *host, const struct offhook_phone_cfg *cfg, struct offhook_phone **ret_phone);

/* Which thread of a phone's own this is. */
enum phone_thread { PHONE_FOREIGN_THREAD, PHONE_LOOP_THREAD, PHONE_EVENT_THREAD };
void phone_enter_thread(struct offhook_phone *p, enum phone_thread which);
enum phone_thread phone_thread_of(const struct offhook_phone *p);
/* May signalling's objects be touched right here: the signalling thread, or the simulated host's only one? */
bool phone_is_here(const struct offhook_phone *p);

/* After a command in place: events go out, and on the simulated host the new audio plan into force. */
void phone_settle(struct offhook_phone *p);
/* Closing: is everything said that had to be said? Then the closer goes on. */
void phone_check_closed(struct offhook_phone *p);

/* OH_ECLOSED when commands are no longer taken / when new calls are not. */
int phone_check_open(const struct offhook_phone *p);
int phone_check_taking(const struct offhook_phone *p);

/* ---- settings that grow with the versions ---- */

/* Copies what the caller's struct holds over our defaults. Both begin with size_t size.
 * OH_EINVAL: no size. */
int cfg_take(void *ours, size_t our_size, const void *theirs);
/* Fills the caller's struct as far as its size reaches; its size stays. OH_EINVAL: no size. */
int info_give(void *theirs, const void *ours, size_t our_size);

/* ---- the machine's network (network.c) ---- */
/* Why what we know of our addresses may be wrong; only the first one may turn out to be nothing. */
enum network_cause { NETWORK_ADDRESSES, NETWORK_SLEPT, NETWORK_TOLD };
void network_changed(struct offhook_phone *p, enum network_cause cause);

/* ---- incoming requests outside dialogs (incoming.c) ---- */
void incoming_request(void *phone, struct sip_msg *msg, struct sip_server *server);

/* ---- calls, as the other files see them (call.c) ---- */
/* The end of this call was handled: its id dies. */
void call_forget(struct offhook_phone *p, offhook_id id);
void calls_end_all(struct offhook_phone *p);
void calls_end_on(struct offhook_phone *p, const struct sip_transport *t);
void calls_free_all(struct offhook_phone *p);

/* ---- the program's audio (audio_api.c) ---- */
/* The call has audio, perhaps anew: ports that speak with it are connected. */
void audio_follow(struct offhook_phone *p, offhook_id call);
void audio_call_ended(struct offhook_phone *p, offhook_id call);
void audio_phone_closed(struct offhook_phone *p);

/* ---- slots as ids (bridge_api.c) ---- */
/* What is no slot becomes one that nobody has. */
struct bridge_slot slot_from_id(offhook_id id);
offhook_id slot_to_id(struct bridge_slot slot);
/* The call, player, recorder or tone behind a slot; 0: none. */
offhook_id slot_owner(const struct offhook_phone *p, offhook_id slot);

/* ---- files and tones (file.c) ---- */
void files_free_all(struct offhook_phone *p);
/* Recorders that the media thread has let go of are given to the disk thread to be closed. */
void files_check_finishing(struct offhook_phone *p);

#endif
