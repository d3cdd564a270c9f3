/**
 * @file
 * @ingroup error
 * Errors of the library: one list. 0 is success, every error is negative. A SIP status (486, 603, ...) is a number
 * of its own and never appears here.
 */
#ifndef OFFHOOK_ERROR_H
#define OFFHOOK_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

#ifndef OFFHOOK_API
#if defined(__GNUC__)
#define OFFHOOK_API __attribute__((visibility("default")))
#else
#define OFFHOOK_API
#endif
#endif

/**
 * @defgroup error Errors
 * One list for everything that can go wrong, with sentences for people and codes for old programs.
 * @{
 */

/** What can go wrong. offhook_strerror() has a sentence for each. */
enum oh_err {
	OH_OK = 0,           /**< success */
	OH_EINVAL = -1,      /**< an argument is out of its documented range */
	OH_ENOMEM = -2,      /**< memory is out */
	OH_ENOENT = -3,      /**< no such object: the id was never given out, or its object is gone */
	OH_EENDED = -4,      /**< the call has already ended */
	OH_ESTATE = -5,      /**< not possible in the present state */
	OH_EAGAIN = -6,      /**< nothing there yet; try again later */
	OH_EBUSY = -7,       /**< another operation of the same kind is still open */
	OH_ETOOMANY = -8,    /**< a limit that the program set is reached */
	OH_ENOTSUP = -9,     /**< this build or this peer does not support it */
	OH_ETIMEDOUT = -10,  /**< no answer in time */
	OH_ERANGE = -11,     /**< a number is too large or too small */
	OH_ESYNTAX = -12,    /**< a message or a text does not follow its grammar */
	OH_ETOOBIG = -13,    /**< larger than a named limit */
	OH_EURI = -14,       /**< not a valid URI */
	OH_ESCHEME = -15,    /**< a URI scheme that cannot be used here */
	OH_ERESOLVE = -16,   /**< the name has no address */
	OH_ETRANSPORT = -17, /**< no transport of that kind, or it failed */
	OH_EUNREACH = -18,   /**< the network says that the peer is unreachable */
	OH_EDIALOG = -19,    /**< the message belongs to no dialog, or to another one */
	OH_ESTALE = -20,     /**< a sequence number that has already passed */
	OH_ESDP = -21,       /**< a session description that cannot be used */
	OH_ENOCODEC = -22,   /**< no codec in common */
	OH_ENOMEDIA = -23,   /**< the call has no audio yet */
	OH_ENODTMF = -24,    /**< the peer takes no telephone-event */
	OH_EDIGIT = -25,     /**< not a DTMF digit: 0-9 A-D * # and R (flash) */
	OH_ENOFILE = -26,    /**< the file does not exist */
	OH_EFORMAT = -27,    /**< the file is not of a known audio format */
	OH_ENOPORTS = -28,   /**< no RTP port is free in the configured range */
	OH_ECLOSED = -29,    /**< the phone is closing or closed */
	OH_ETRUNCATED = -30, /**< cut short */
	OH_EREFUSED = -31,   /**< refused by policy */
	OH_EBUG = -32,       /**< a fault of the library; please report it */
	OH_ECONN = -33,      /**< the connection has closed or was lost */
	OH_EREGISTRAR = -43, /**< the registrar refused; the status says why */
	OH_ENOBINDING = -44, /**< the registrar agreed, but bound no address of ours */
	OH_ETLS = -36,       /**< a TLS handshake or session failed */
	OH_ECERT = -37,      /**< a certificate cannot be used, or was not accepted */
	OH_ENODEV = -38,     /**< no such sound device, or none at all */
	OH_EINSECURE = -50,  /**< it would not have gone over TLS, and the settings want nothing else */
	OH_ENOSOUND = -51,   /**< built without sound devices of this kind, which need libpulse or alsa-lib */
	OH_EOS = -10000      /**< below this: -10000 - errno of the operating system */
};

/**
 * The sentence for an error, in English.
 *
 * @param err  0, an enum oh_err, or a wrapped errno
 * @return a text that lives as long as the process; for an unknown number a text that says so
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API const char *offhook_strerror(int err);

/**
 * The symbol of an error, such as "OH_EINVAL"; "OH_EOS" for every wrapped errno.
 *
 * @param err  0, an enum oh_err, or a wrapped errno
 * @return a text that lives as long as the process; "OH_E?" for an unknown number
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API const char *offhook_errname(int err);

/**
 * What exactly failed in this thread's last public call that returned an error: what, where, what would be right.
 *
 * @return a text owned by the library, valid until this thread's next public call; "" when there is nothing to add
 *
 * Thread: any (each has its own text).  May call back: no.  Spec: none.
 */
OFFHOOK_API const char *offhook_error_detail(void);

/**
 * The status code that the old pjsua API uses for an error, such as 70013.
 *
 * @param err  0, an enum oh_err, or a wrapped errno
 * @return 0 for 0, 120000 + errno for a wrapped errno, else the code; 70001 when there is no counterpart
 *
 * Thread: any.  May call back: no.  Spec: none (pjsua).
 */
OFFHOOK_API int offhook_err_to_pjsua(int err);

/**
 * The text of a pjsua status code, with its symbol in brackets as old programs test for it.
 *
 * @param code  a pjsua status code: 70000+n, 120000+errno, 170000+SIP status, 171000+n, 220000+n, 420000+n
 * @param buf   receives the terminated text, cut to size; must not be NULL
 * @param size  bytes in buf, at least 1; 128 is enough for every text
 * @return buf
 *
 * Thread: any.  May call back: no.  Spec: none (pjsua).
 */
OFFHOOK_API const char *offhook_pjsua_strerror(int code, char *buf, unsigned long size);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
