/*
 * A user agent with one registration, 1 ms from its registrar. What the registration tells is written down as one line of
 * words: "REGISTERED(200) HOLDING(0,OH_ETIMEDOUT)".
 */
#ifndef OH_TESTS_SESSION_REG_RIG_H
#define OH_TESTS_SESSION_REG_RIG_H

#include "registrar.h"

#include "base/err.h"
#include "session/reg.h"

#define REG_RIG_IP    "192.0.2.1"
#define REG_RIG_AOR   "sip:alice@example.com"
#define REG_RIG_BOUND "sip:alice@" REG_RIG_IP ":5060"

struct reg_rig {
	struct sim *sim;
	struct host *host;
	struct sip_stack *stack;
	struct sip_transport *udp;
	struct sip_auth *auth;
	struct reg *reg;
	struct registrar *registrar;
	char log[4096], bindings[1024];
	bool drops_at_outcome; /* the owner frees it in its callback */
};

/* What the registration is made of, before it is; NULL: as it is. */
typedef void reg_rig_edit(struct reg_cfg *cfg);
/* 0 and a rig, or the library's error. Seed 0: 7. */
int reg_rig_try_new(
	uint64_t seed, const struct registrar_cfg *registrar, reg_rig_edit *edit, struct reg_rig **ret_rig);
struct reg_rig *reg_rig_new(const struct registrar_cfg *registrar, reg_rig_edit *edit);
/* Fails the test when something is left in the stack. */
void reg_rig_close(struct reg_rig *r);
struct reg_rig *reg_rig_drop(struct reg_rig *r);

/* What writes into the log, for another registration on the same stack. */
struct reg_handler reg_rig_handler(struct reg_rig *r);

void reg_rig_run_ms(struct reg_rig *r, uint64_t ms);
/* At most so many seconds until it is in this state. */
bool reg_rig_wait(struct reg_rig *r, enum reg_state state, unsigned seconds);
struct reg_info reg_rig_info(const struct reg_rig *r);

#endif
