/* Players, recorders and tones of a phone. */
#ifndef OH_PHONE_FILE_H
#define OH_PHONE_FILE_H

#include "audio/ports.h"
#include "phone/audio_table.h"
#include "phone/closing.h"
#include "phone/phone_impl.h"
#include "phone/sound.h"

enum file_type { FILE_PLAYER, FILE_RECORDER, FILE_TONE, FILE_AUDIO, FILE_RINGER };

struct file {
	struct list node; /* offhook_phone.files, then .finishing */
	struct offhook_phone *phone;
	enum file_type type;
	offhook_id id;
	struct bridge_slot slot;  /* generation 0: not on the bridge */
	struct bridge_slot slot2; /* of a recorder's second channel; likewise */
	struct tagged tagged;
	struct subject *subject;
	struct player *player; /* good while its port is on the bridge */
	struct recorder *recorder;
	struct closing *closing;  /* of a recorder */
	bool released;            /* the media thread has let go of a recorder */
	bool ended, tell_removal; /* of a player */
	struct audio_entry audio; /* of FILE_AUDIO */
	struct sound ringer;      /* of FILE_RINGER */
};

/* NULL: memory is out. */
struct file *file_new(struct offhook_phone *p, enum file_type type, void *user_data);
void file_free(struct file *f);
/* Signalling. NULL: there is none of that type. */
struct file *file_find(const struct offhook_phone *p, offhook_id id, enum file_type type);
/* Any thread. Takes the port: on failure it is gone, the file stays. */
int file_put_on_bridge(
	struct file *f, struct port *port, uint32_t tag, offhook_id *ret_id, offhook_id *ret_slot);
/* Any thread. Takes the ports, the second one may be NULL, and the recorder: on failure all is gone. */
int file_put_recorder_on_bridge(struct file *f, struct port *const ports[2], uint32_t tag, offhook_id *ret_id,
	offhook_id ret_slots[2]);

/* Signalling. On failure the port stays the caller's. */
int file_enter(struct file *f, struct port *port, uint32_t tag);
offhook_id file_slot_id(const struct file *f); /* 0: not on the bridge */

/* ---- the program's audio (audio_api.c) ---- */
void audio_report(struct file *f, const struct media_report *r);

/* The id of the player, recorder or tone behind a slot; 0: none. */
offhook_id file_of_slot(const struct offhook_phone *p, offhook_id slot);

#endif
