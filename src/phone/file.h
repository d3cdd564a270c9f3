/* Players, recorders and tones of a phone. */
#ifndef OH_PHONE_FILE_H
#define OH_PHONE_FILE_H

#include "audio/ports.h"
#include "phone/phone_impl.h"

enum file_type { FILE_PLAYER, FILE_RECORDER, FILE_TONE };

struct file {
	struct list node; /* offhook_phone.files, then .finishing */
	struct offhook_phone *phone;
	enum file_type type;
	offhook_id id;
	struct bridge_slot slot; /* generation 0: not on the bridge */
	struct tagged tagged;
	struct subject *subject;
	struct player *player;     /* good while its port is on the bridge */
	struct recorder *recorder; /* good until recorder_finish() */
	struct command *remover;   /* waits until the media thread has let go */
	bool port_gone;
};

/* The id of the player, recorder or tone behind a slot; 0: none. */
offhook_id file_of_slot(const struct offhook_phone *p, offhook_id slot);

#endif
