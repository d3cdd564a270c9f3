/*
 * What three phones tell their programs while anything may happen to them, held against the rules: a call's state only goes
 * forward, but for one that is sent elsewhere; it ends once, with who ended it and why; a transfer comes to its end once; a
 * subscription that is gone tells nothing; serials grow. What happened is counted, so that a test can see that it did.
 */
#ifndef OH_TESTS_PHONE_TOLD_H
#define OH_TESTS_PHONE_TOLD_H

#include "rig.h"

#define TOLD_PHONES 3 /* 192.0.2.1, .2, .3 */
#define RECORDS_MAX 400
#define BUDDIES_MAX 4
#define DIALOGS_MAX 64

/* What one side was told about one call. */
struct record {
	int side;
	offhook_id id;
	char call_id[64];
	enum offhook_call_state state;
	bool transferring; /* it was asked, and nothing final was told */
	bool attended;
	bool redirected;
};

struct buddy {
	offhook_id id; /* 0: the place is free */
	int whom;
	enum offhook_buddy_kind kind;
	bool wanted;
	/* Calls of a buddy that are not over. */
	char dialogs[DIALOGS_MAX][64];
	size_t n_dialogs;
};

struct told_phone {
	struct side *side;
	offhook_id tcp, home,
		proxied; /* its further transport, its accounts with a registrar and with a proxy */
	char aor[64];
	uint64_t serial;
	struct buddy buddies[BUDDIES_MAX];
	bool adding; /* a buddy whose id is not known yet */
	/* What it has said of itself. */
	bool online;
	enum offhook_activity activity;
	unsigned note;
};

struct told {
	struct sim *sim;
	struct told_phone phones[TOLD_PHONES];
	struct record records[RECORDS_MAX];
	size_t n_records;
	bool tells; /* OFFHOOK_TRACE: events and datagrams are printed */
	/* The program's part: somebody calls; somebody asks. */
	void (*incoming)(int side, offhook_id call);
	void (*asked)(int side, offhook_id ticket);
};

/* What has happened over all schedules. */
enum deed {
	CONFIRMED,
	OVER_TCP,
	BY_PROXY,
	STOOD,
	PRACK,
	UPDATE,
	BLIND,
	ATTENDED,
	TRANSFER_REFUSED,
	REPLACED,
	REDIRECTED,
	FOLLOWED,
	PRESENCE_HEARD,
	DIALOG_HEARD,
	WATCHER_LOST,
	REGISTERED,
	BROKEN,
	N_DEEDS
};
extern const char *const deed_names[N_DEEDS];
/* Over all that was told in this process. */
extern uint64_t deeds[N_DEEDS];

/* From now on what is told is told to t. The phones' handler is told_handle(). */
void told_begin(struct told *t, struct sim *sim);
void told_handle(struct side *s, const struct offhook_event *e);
/* NULL: there is none. */
struct record *told_record(struct told *t, int side, offhook_id id);

#endif
