/*
 * Voice by its level above the noise of the room. The floor falls at once to whatever is quieter and rises slowly, so a
 * pause of the speaker shows it. It never rises to where voices are: a steady tone, or music, is no silence.
 */
#include "codec/noise.h"

#define ABOVE      4.0f      /* a voice has so many times the power of the floor */
#define FLOOR_LOW  1000.0f   /* -60 dBov: nothing below counts as a voice ... */
#define FLOOR_HIGH 100000.0f /* -40 dBov: ... nor does the floor rise above */
#define RISE_PER_S 2.0f
#define HANG_MS    200u /* the soft end of a word, and the pause inside */

bool vad_voice(struct vad *v, const int16_t *pcm, size_t n, uint32_t ms)
{
	float power = 0;

	for (size_t i = 0; i < n; i++)
		power += (float)pcm[i] * (float)pcm[i];
	power = n ? power / (float)n : 0;
	v->floor *= 1 + (RISE_PER_S - 1) * (float)ms / 1000;
	if (power < v->floor)
		v->floor = power;
	if (v->floor < FLOOR_LOW)
		v->floor = FLOOR_LOW;
	if (v->floor > FLOOR_HIGH)
		v->floor = FLOOR_HIGH;
	if (power > v->floor * ABOVE) {
		v->hang_ms = HANG_MS;
		return true;
	}
	if (v->hang_ms == 0)
		return false;
	v->hang_ms = v->hang_ms > ms ? v->hang_ms - ms : 0;
	return true;
}
