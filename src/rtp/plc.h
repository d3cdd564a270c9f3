/*
 * Packet loss concealment by pitch repetition, for codecs without their own (G.711 above all; the idea is
 * that of ITU-T G.711 Appendix I). What was heard last is repeated period by period, softer and softer, and
 * after 60 ms only the noise of the speaker's room is left, as far as it was heard; the first good samples after a loss
 * are blended in. Unlike the Appendix it adds no delay: good audio passes untouched, and bit-exact, while nothing is
 * lost.
 */
#ifndef OH_RTP_PLC_H
#define OH_RTP_PLC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 40 ms at 16 kHz; at higher rates the lowest voices are repeated in parts of a period. */
#define PLC_HISTORY 640u
#define PLC_PERIODS 3u

struct plc {
	uint32_t rate_hz;
	uint32_t filled;          /* samples of history that are real */
	uint32_t gone;            /* samples concealed in this loss; 0: none is open */
	bool open;                /* a loss is being concealed, or a piece was skipped */
	uint32_t period, periods; /* samples; how many periods the repeated piece has */
	uint32_t at;              /* where in the piece */
	int32_t step;             /* what makes the first concealed sample continue the last good one */
	uint32_t step_left;
	uint32_t room; /* mean magnitude of its noise */
	bool room_known;
	uint32_t random;
	uint32_t newest; /* history is a ring while all is well; during a loss its newest is at the end */
	int16_t history[PLC_HISTORY];
};

void plc_init(struct plc *p, uint32_t rate_hz);
/* Good audio on its way to the listener; changed only right after a loss that is still concealed: behind a pause, or when another
 * source begins, its first samples are whole. */
void plc_good(struct plc *p, int16_t *pcm, size_t n);
/* The last n samples that the listener got, n <= filled. */
void plc_last(const struct plc *p, int16_t *pcm, size_t n);
/* n samples in place of lost ones. False: by now it is silence. */
bool plc_conceal(struct plc *p, int16_t *pcm, size_t n);
/* Silence was heard: nothing that was concealed before it is gone over from. */
void plc_rest(struct plc *p);
/* A piece of audio is skipped on purpose: what comes next is blended with what would have followed. */
void plc_cut(struct plc *p);

#endif
