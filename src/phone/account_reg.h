/*
 * The registration of an account: settings to session/reg, outcomes to events, keep-alives, and what its calls take from
 * it. It outlives its account until the registrar has heard that it goes.
 */
#ifndef OH_PHONE_ACCOUNT_REG_H
#define OH_PHONE_ACCOUNT_REG_H

#include "offhook/registration.h"
#include "phone/account.h"
#include "phone/phone_impl.h"
#include "session/reg.h"

struct account_reg;

/* Makes the registration of an account whose URI, transport and Contact are set; nothing is sent. *ret_reg is NULL when
 * the settings are absent. OH_EINVAL, OH_EURI, OH_ESCHEME, OH_ENOMEM, with detail. */
int account_reg_new(struct offhook_phone *p, const struct account *a,
	const struct offhook_registration_cfg *cfg, struct account_reg **ret_reg);
/* Begins, when the settings say so and `before`, which leaves, has gone. */
void account_reg_begin(struct account_reg *r, struct account_reg *before);
/* Unregisters and then frees itself; nothing more is said. NULL is harmless. */
void account_reg_leave(struct account_reg *r);
/* Without a word. Returns NULL. */
struct account_reg *account_reg_free(struct account_reg *r);

/* Requests go over this transport from now on (NULL: any), and what is registered is registered anew. NULL is harmless. */
void account_reg_prefer(struct account_reg *r, struct sip_transport *prefer);
/* Registers or unregisters now. */
void account_reg_order(struct account_reg *r, bool on);
void account_reg_info(
	const struct account_reg *r, struct offhook_registration_info *ret_info); /* NULL: as it is */

/* Is a call to this Request-URI for the Contact that it registered? */
bool account_reg_is_called(const struct account_reg *r, const struct sip_uri *ruri);
/* Is it registered at this address? */
bool account_reg_is_at(const struct account_reg *r, const struct netaddr *ip);
/* The Contact for calls over this way: a GRUU or what is registered. Absent: it has none for that. */
struct slice account_reg_contact(
	const struct account_reg *r, const struct sip_flow *flow, char *buf, size_t cap);
/* Route values that calls begin with (RFC 3608 5): none when not registered. */
size_t account_reg_routes(const struct account_reg *r, const struct slice **ret_list);
/* The way that calls take instead of looking for one (RFC 5626 4.3); NULL: they look. */
const struct sip_flow *account_reg_flow(const struct account_reg *r, struct sip_flow *buf);

/* Is it about to say where it is? NULL: no. */
bool account_reg_is_moving(const struct account_reg *r);

/* All of a phone's. */
/* Our addresses may have changed: those whose way has are made anew, or all. How many. */
size_t account_regs_moved(struct offhook_phone *p, enum network_cause cause);
void account_regs_wake(struct offhook_phone *p); /* there is a new transport: those that wait for one go on */
void account_regs_leave_all(struct offhook_phone *p);
bool account_regs_gone(const struct offhook_phone *p); /* nobody has still to hear that we go */
void account_regs_free_all(struct offhook_phone *p);

#endif
