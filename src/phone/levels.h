/* Watches over who speaks, as far as the phone itself has to know of them. */
#ifndef OH_PHONE_LEVELS_H
#define OH_PHONE_LEVELS_H

struct offhook_phone;

/* Signalling: all watches go. */
void speakers_free(struct offhook_phone *p);

#endif
