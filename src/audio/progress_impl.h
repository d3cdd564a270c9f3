/* Between progress.c (what tones there are) and progress_kinds.c (what they mean). */
#ifndef OH_AUDIO_PROGRESS_IMPL_H
#define OH_AUDIO_PROGRESS_IMPL_H

#include "audio/progress.h"

/* Are these the same, as far as anybody keeps to it? */
bool progress_near(float a, float b);
/* The tone that is heard now, as far as it has come. */
struct progress_run progress_present(const struct progress *p);

/* ---- progress_kinds.c: looks at what there is now ---- */
/* A tone has begun: the pause before it is whole. */
void progress_begun(struct progress *p);
/* It goes on. */
void progress_sounds(struct progress *p, progress_fn *fn, void *arg);
/* Nothing goes on. */
void progress_pauses(struct progress *p, progress_fn *fn, void *arg);

#endif
