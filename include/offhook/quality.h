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
	double tx_delay_ms;   /**< with tx_told: what the peer adds by gathering, buffer and sound card */
	int tx_signal_dbm0;   /**< with tx_told: the level of our voice there; 127 = not told */
	int tx_noise_dbm0;    /**< with tx_told: the level of our noise there; 127 = not told */
	double rtt_ms;        /**< round trip, 0: not known */
	uint64_t xr_sent;     /**< extended reports (RFC 3611) that went */
	uint64_t xr_received; /**< that came */
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
 * Thread: any.  May call back: no.  Spec: ITU-T G.107, G.113; RFC 3611 4.7, 5.
 */
OFFHOOK_API int offhook_call_get_quality(
	struct offhook_phone *phone, offhook_id call, struct offhook_call_quality *ret_quality);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
