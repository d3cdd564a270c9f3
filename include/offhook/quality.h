/**
 * @file
 * @ingroup quality
 * How a call sounds, at both ends.
 */
#ifndef OFFHOOK_QUALITY_H
#define OFFHOOK_QUALITY_H

#include "offhook/phone.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @defgroup quality Quality
 * What a listener would say of a call (the E-model: R and MOS), what the peer tells of its end by extended reports, and
 * what is wrong when nothing is heard.
 * @{
 */

/**
 * How a call sounds. R goes from 0 to 100 (93 is the best that a call at 8 kHz has, below 60 nearly everybody complains);
 * MOS from 1 to 4.5, LQ for listening (without delay), CQ for conversation (with it). A codec of a wider band counts as
 * one that does no harm. 0 = not known: nothing has come yet, or no report.
 *
 * Codecs at 16 kHz and more (G.722, Opus, L16) have figures on the wide-band scale besides (ITU-T G.107.1), by people who
 * knew both bands: its R ends at 129, and a good call at 8 kHz, MOS 4.4 on its own scale, would be 3.7 there. So the two
 * are never compared, and no report of a peer (RFC 3611) is on that scale. For Opus there are no published values: there
 * it counts as a coding that does no harm.
 */
struct offhook_call_quality {
	size_t size;               /**< set by the caller to sizeof */
	double rx_r;               /**< what is heard here, in the last second */
	double rx_mos_lq;          /**< of the last second */
	double rx_mos_cq;          /**< of the last second */
	double rx_all_r;           /**< of the whole call so far */
	double rx_all_mos_lq;      /**< of the whole call so far */
	double rx_all_mos_cq;      /**< of the whole call so far */
	double rx_worst_r;         /**< of its worst second */
	double rx_worst_mos_lq;    /**< of its worst second */
	double rx_worst_mos_cq;    /**< of its worst second */
	uint64_t rx_seconds;       /**< how many could be judged */
	double rx_loss_percent;    /**< of what was sent to us: never came */
	double rx_discard_percent; /**< came, but too late or too early to be played */
	uint64_t rx_bursts;        /**< times that losses and discards came close together (RFC 3611 4.7.2) */
	double rx_burst_loss_percent; /**< lost or discarded within these */
	double rx_gap_loss_percent;   /**< and outside */
	double rx_burst_ms;           /**< mean length of a burst */
	double rx_gap_ms;             /**< mean length of what is between two */
	double rx_waited_ms;          /**< made up in all while waiting for packets that then came */
	double rx_delay_ms; /**< from mouth to ear: half the round trip and the jitter buffer; now */
	double tx_r;        /**< what the peer hears of us */
	double tx_mos_lq;   /**< likewise */
	double tx_mos_cq;   /**< likewise */
	int tx_told; /**< 1: the peer says so (RTCP XR); 0: worked out from the losses that it reports */
	double tx_loss_percent; /**< of what we send, as the peer tells: since its last report, with tx_told in all */
	double tx_discard_percent;    /**< with tx_told: came too late there */
	double tx_burst_loss_percent; /**< with tx_told: lost or discarded within bursts */
	double tx_delay_ms;    /**< with tx_told: what the peer adds by gathering, buffer and sound card */
	int tx_signal_dbm0;    /**< with tx_told: the level of our voice there; 127 = not told */
	int tx_noise_dbm0;     /**< with tx_told: the level of our noise there; 127 = not told */
	double rtt_ms;         /**< round trip, 0: not known */
	uint64_t xr_sent;      /**< extended reports (RFC 3611) that went */
	uint64_t xr_received;  /**< that came */
	uint32_t rx_silent_ms; /**< for so long the peer's packets have held nothing but silence */
	int rx_speaking;       /**< 1: somebody speaks there; with `speech` of offhook_call_listen() */
	double rx_signal_dbov; /**< level of the speech, -96 before any; with `speech` */
	double rx_noise_dbov;  /**< level of the noise behind it; with `speech` */
	double rx_wide_r; /**< on the wide-band scale, 0 to 129, in the last second; 0: the codec has no wide band */
	double rx_wide_mos_lq;     /**< likewise: not to be compared with rx_mos_lq */
	double rx_wide_mos_cq;     /**< likewise */
	double rx_all_wide_r;      /**< of the whole call so far, as far as its codec had a wide band */
	double rx_all_wide_mos_lq; /**< likewise */
	double rx_all_wide_mos_cq; /**< likewise */
};

/**
 * How a call sounds; after its end how it sounded, until the end was handled. Judged once a second, of packets whose fate is
 * known (32 behind the newest).
 *
 * @param phone        borrowed
 * @param call         the call
 * @param ret_quality  size must be set; filled as far as that size reaches
 * @return 0, OH_ENOENT, OH_EINVAL, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: ITU-T G.107, G.107.1, G.113; RFC 3611 4.7, 5.
 */
OFFHOOK_API int offhook_call_get_quality(
	struct offhook_phone *phone, offhook_id call, struct offhook_call_quality *ret_quality);

/**
 * Says in words what of a call's audio flows and what does not: one line about what there is to hear, and lines with what
 * is known about why: direction and hold, where packets go and what comes back, refusals of the network (ICMP), payload
 * types that were not agreed, addresses behind a NAT, silence, and a slot that nothing is connected to. For people: the
 * words may change.
 *
 * @param phone  borrowed
 * @param call   the call
 * @param buf    receives the terminated text, cut to size
 * @param size   bytes in buf, at least 1; 4,096 are enough
 * @return the length of the whole text, OH_ENOENT, OH_EINVAL (no room), OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API long offhook_call_explain(struct offhook_phone *phone, offhook_id call, char *buf, size_t size);

/** What the program wants to hear of; fill with offhook_listen_cfg_init() first. */
struct offhook_listen_cfg {
	size_t size; /**< set by offhook_listen_cfg_init() */
	/** a CALL_SILENCE event when the peer's packets hold nothing but silence for so long; 0 (default) = never */
	uint32_t silence_ms;
	double silence_dbov;      /**< what is no louder (its mean power) is silence: -96 to 0; default -60 */
	int speech;               /**< non-zero: CALL_SPEECH events; default 0 */
	uint32_t speech_start_ms; /**< speech begins after so much of it, 0 to 1,000; default 60 */
	uint32_t speech_hang_ms;  /**< and is over after so much without, 0 to 10,000; default 400 */
	double speech_snr_db; /**< what stands out of the noise by so much is speech: 3 to 30; default 8 */
};

/**
 * Fills in the defaults.
 *
 * @param cfg  to be filled; must not be NULL
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API void offhook_listen_cfg_init(struct offhook_listen_cfg *cfg);

/**
 * Asks for events about what is heard of a call: silence, speech.
 *
 * @param phone  borrowed
 * @param call   the call; 0 = each call that begins from now on
 * @param cfg    copied
 * @return 0, OH_EINVAL (the detail names the setting), OH_ENOENT, OH_EENDED, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_call_listen(
	struct offhook_phone *phone, offhook_id call, const struct offhook_listen_cfg *cfg);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
