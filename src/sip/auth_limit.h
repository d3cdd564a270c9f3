/*
 * How often somebody may be wrong: wrong proofs are counted by the address they came from and by the user whom they were
 * for, and whoever has been wrong too often is not listened to until his minute is over. A user at whom many addresses
 * guess together is closed for all of them, the owner of the password included: a guess at a time is what keeps passwords
 * safe.
 *
 * A fixed table of memory: when it is full the one whose minute began first is forgotten.
 */
#ifndef OH_SIP_AUTH_LIMIT_H
#define OH_SIP_AUTH_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Named limits: wrong proofs in AUTH_LIMIT_S. */
#define AUTH_LIMIT_S       60u
#define AUTH_LIMIT_SOURCE  10u
#define AUTH_LIMIT_USER    30u
#define AUTH_LIMIT_ENTRIES 512u

struct auth_limit {
	struct {
		uint64_t key;      /* of a source or user; 0: free */
		uint64_t since_ns; /* its minute began then */
		uint32_t wrong;
	} entries[AUTH_LIMIT_ENTRIES];
};

/* Seconds until it is listened to again; 0: it is. most: the limit that goes with the key. */
uint32_t auth_limit_blocked_s(const struct auth_limit *l, uint64_t now_ns, uint64_t key, uint32_t most);
/* One more wrong proof. True: this one was one too many. */
bool auth_limit_count(struct auth_limit *l, uint64_t now_ns, uint64_t key, uint32_t most);

#endif
