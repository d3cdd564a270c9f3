/* The program's filter of what leaves (offhook/filter.h), as sip_stack_cfg.edit. Signalling only. */
#ifndef OH_PHONE_FILTER_H
#define OH_PHONE_FILTER_H

struct sip_draft;

/* phone: the struct offhook_phone, which has a filter. */
void filter_run(void *phone, struct sip_draft *draft);

#endif
