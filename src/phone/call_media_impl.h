/* Between call_media.c (sockets, stream, slot) and call_sdp.c (what is offered and answered). */
#ifndef OH_PHONE_CALL_MEDIA_IMPL_H
#define OH_PHONE_CALL_MEDIA_IMPL_H

#include "phone/call_media.h"

/* Opens sockets when there are none. OH_ENOPORTS or a wrapped errno. */
int call_media_open(struct call_media *m, const struct sip_flow *flow);
/* Audio runs like this from now on: a new stream with its slot, or the old one changed (its connections are
 * dropped when anything is different). On failure there is no stream. */
int call_media_run(struct call_media *m, struct stream_params *params);
/* Aims at a peer that gave a name (call_media_name.c); looks it up when it is a new one. */
void call_media_find_peer(struct call_media *m, const struct oa_audio *a, struct stream_params *params);
void call_media_forget_name(struct call_media *m);
/* No stream, no sockets; the number of the slot that it had, or 0. */
uint32_t call_media_stop(struct call_media *m);

#endif
