/**
 * @file
 * @ingroup phone
 * The phone: one SIP user agent with its accounts, calls, events and bridge. Several may live in one process.
 *
 * Threads: every function may be called from any thread, from inside event handlers too, unless its comment says
 * otherwise. A call becomes a command to the phone's signalling thread and returns its result. Nothing of the program
 * ever runs under a lock of the library.
 *
 * Pointers: an argument must not be NULL unless its comment allows it.
 */
#ifndef OFFHOOK_PHONE_H
#define OFFHOOK_PHONE_H

#include "offhook/error.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @defgroup phone Phone
 * One user agent: its settings and threads, its transports and accounts.
 * @{
 */

/** A phone. */
struct offhook_phone;

/**
 * Names a transport, account, call, slot, player, recorder or tone. Ids are never reused: one whose object is gone
 * gives OH_ENOENT and never reaches another object. 0 is no object.
 */
typedef uint64_t offhook_id;

struct offhook_event;

/** A header field to add to a message. Neither part may hold CR, LF or NUL. */
struct offhook_header {
	const char *name;  /**< such as "X-Customer" */
	const char *value; /**< as it will stand in the message */
};

/** How events reach the program. */
enum offhook_delivery {
	/** Default: on a thread of the library made for it. A handler may block for minutes; audio and SIP go on. */
	OFFHOOK_DELIVER_THREAD = 0,
	/** On the signalling thread itself: fastest; a handler must not block. */
	OFFHOOK_DELIVER_INLINE = 1,
	/** When the program calls offhook_process(); offhook_events_fd() tells when. */
	OFFHOOK_DELIVER_PULL = 2
};

/** How much is logged; each level holds those before it. */
enum offhook_log_level {
	OFFHOOK_LOG_NONE = 0,  /**< nothing */
	OFFHOOK_LOG_ERROR = 1, /**< what the program should not go on with */
	OFFHOOK_LOG_WARN = 2,  /**< what went wrong, but not for good */
	OFFHOOK_LOG_INFO = 3,  /**< each change of a call */
	OFFHOOK_LOG_DEBUG = 4, /**< and every SIP message, when log_messages is set */
	OFFHOOK_LOG_TRACE = 5  /**< everything */
};

/**
 * Handles one event.
 *
 * @param arg    on_event_arg of the phone
 * @param event  valid until the handler returns; queries about its object answer as of this event
 *
 * Thread: by the phone's delivery.  Must not: free the phone; with inline delivery, block.
 */
typedef void offhook_event_fn(void *arg, const struct offhook_event *event);

/**
 * Receives one line of log.
 *
 * @param arg     log_arg of the phone
 * @param level   an enum offhook_log_level
 * @param module  which part of the library speaks: "sip", "media", ...
 * @param text    terminated, without newline; a SIP message may have many lines
 *
 * Thread: the one that logs (not the media thread).  Must not call the library.
 */
typedef void offhook_log_fn(void *arg, int level, const char *module, const char *text);

/** A message of ours that has not left (offhook/filter.h). */
struct offhook_draft;

/**
 * Sees every message before it leaves.
 *
 * @param arg    as configured
 * @param draft  good until it returns
 *
 * Thread: signalling.  May call back: the functions of offhook/filter.h, and offhook_message_header() and _body() alone.
 * Spec: none.
 */
typedef void offhook_filter_fn(void *arg, struct offhook_draft *draft);

/** What a request gets that is for none of the accounts. */
enum offhook_unmatched {
	OFFHOOK_UNMATCHED_DROP = -1,   /**< no answer: nobody is told that there is a phone */
	OFFHOOK_UNMATCHED_DEFAULT = 0, /**< the default account takes it */
};

/** Proxies of a phone or of an account, and servers of an account. */
#define OFFHOOK_PROXIES_MAX 8

/** Entries of a list of sources. */
#define OFFHOOK_SOURCES_MAX 64

/** Settings of a phone; fill with offhook_phone_cfg_init() first. */
struct offhook_phone_cfg {
	size_t size; /**< set by offhook_phone_cfg_init() */
	/** User-Agent and Server; NULL or "" sends neither; copied; default "offhook/x.y" */
	const char *user_agent;
	enum offhook_delivery delivery; /**< default: thread */
	offhook_event_fn *on_event;     /**< may be NULL: events are dropped */
	void *on_event_arg;             /**< given back to on_event */
	uint32_t max_calls;             /**< 0: as many as memory allows; above it the network gets 486 */
	uint32_t max_queued_events;     /**< above it new calls get 503; 0 = 100,000 */
	uint32_t clock_rate_hz;         /**< of the bridge: 8000, 16000 (default), 32000, 48000 */
	uint32_t frame_ms;              /**< of the bridge: 10 or 20 (default) */
	uint32_t max_ports; /**< slots of the bridge, slot 0 counts; 0 = as many as memory allows */
	uint32_t ptime_ms;  /**< 10..60 in steps of 10: RTP packet length we ask for and send; default 20 */
	/** offered and accepted, in order of preference, such as "opus, G722, PCMU": names with or without clock rate, at
	 * most 16; NULL = "PCMU, PCMA". offhook_codecs() tells which there are: PCMU, PCMA, G722 and L16 (8000, 16000,
	 * 24000, 32000, 48000) always; opus in a build with libopus; GSM and G726-16, -24, -32, -40, plain and as AAL2-...,
	 * in one with spandsp; copied */
	const char *codecs;
	uint32_t jitter_ms;    /**< fixed depth of the jitter buffer, 0..500; 0 = it adapts */
	uint16_t rtp_port_min; /**< at least 2; default 16384 */
	uint16_t rtp_port_max; /**< above rtp_port_min; default 32766 */
	/** an event when no RTP comes for so long; 0 = never; default 10,000. A peer that leaves out its silence after it has said
	 *  so (comfort noise of RFC 3389, a codec's DTX) is there as long as its RTCP comes, however long the silence is: then the
	 *  event comes when that has been missing for 25 s too */
	uint32_t rtp_timeout_ms;
	uint32_t t1_ms; /**< SIP's T1 (RFC 3261 17.1.1.1), up to 60,000; 0 = 500 */
	/** asked instead of the system's name servers: "192.0.2.53", "192.0.2.53:5353"; at most 8; copied; NULL = the system's */
	const char *const *nameservers;
	size_t n_nameservers; /**< how many of them */
	int plain_names; /**< non-zero: names lead to their addresses alone, without NAPTR and SRV (RFC 3263) */
	int decisions;   /**< non-zero: OFFHOOK_EVENT_DECISION tells where requests go, and why */
	/** requests outside of calls that are taken a second; more get 503 with Retry-After, before they cost memory.
	 * Requests inside calls are not counted; 0 = no limit */
	uint32_t max_requests;
	uint32_t max_requests_per_source; /**< the same for one address; 0 = no limit */
	/** what a request gets whose Request-URI names no account: enum offhook_unmatched, or a status of 300 to 699 */
	int unmatched;
	int log_level;          /**< enum offhook_log_level; default none */
	int log_messages;       /**< non-zero: every SIP message in full at level debug */
	offhook_log_fn *on_log; /**< NULL: nothing is logged; the library never writes to stdout or stderr */
	void *log_arg;          /**< given back to on_log */
	/** non-zero: a REFER outside of calls asks the program too; default: it is refused with 603, because whoever
	 * reaches us could make us call anybody */
	int refer_outside_calls;
	/** the jitter buffer adapts between these: how late a packet may come and still be played, 0..500; min
	 * 0 = as small as possible, max 0 = 300; not with jitter_ms */
	uint32_t jitter_min_ms;
	uint32_t jitter_max_ms; /**< see jitter_min_ms; not below it unless 0 */
	/** outbound proxies of all accounts: their requests outside of calls pass these first, in this order, then the
	 * account's own; see there; copied */
	const char *const *proxies;
	size_t n_proxies; /**< how many of them, at most OFFHOOK_PROXIES_MAX */
	/** what a request gets whose sender is not in `allow_from` of its transport or account: 0 = 403, else as
	 * `unmatched` */
	int disallowed;
	/** non-zero: everything goes over TLS (TLS and WSS), and nothing else is taken: another kind of transport is not
	 * opened, no name, record, redirection or route leads anywhere else; what cannot go so fails (OH_EINSECURE) */
	int secure_only;
	/** threads that share the calls' audio, 1 to 32; 0 (default) = 1. With several, each call sounds as with one; functions of
	 * a codec of the program's own (offhook/codec.h) run for different calls at the same time */
	uint32_t media_threads;
	/** sees and may change every message of ours before it leaves, on the signalling thread: see offhook/filter.h for what it must
	 * not do; NULL: nobody */
	offhook_filter_fn *filter;
	void *filter_arg; /**< given back to filter */
	/** how long offhook_phone_free(), offhook_trace_stop() and offhook_port_remove() of a recorder wait for a disk that hangs;
	 * then they go on, and their files are completed if it answers while the process lives. 0 (default) = 5000 */
	uint32_t disk_limit_ms;
	/** non-zero: each packet of audio goes by a system call of its own. 0 (default): where the system grants io_uring (Linux
	 * 6.1 and later, in a build with liburing) many go by one, and where it refuses, as these; for sandboxes that do not
	 * refuse but end a process that asks */
	int plain_packets;
};

/**
 * Fills in the defaults.
 *
 * @param cfg  to be filled; must not be NULL
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API void offhook_phone_cfg_init(struct offhook_phone_cfg *cfg);

/**
 * Makes a phone and starts its threads. It opens no socket until a transport is added.
 *
 * @param cfg        copied, strings too; NULL takes the defaults
 * @param ret_phone  set on success only; to be given to offhook_phone_free()
 * @return 0, OH_EINVAL (a setting out of range: the detail names it), OH_ENOCODEC (codecs names one that is not there),
 *         OH_ENOMEM, a wrapped errno
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_phone_new(const struct offhook_phone_cfg *cfg, struct offhook_phone **ret_phone);

/**
 * Ends every call (BYE, CANCEL or 603 by its state) and waits until the peers have confirmed and, unless events are
 * pulled, the handlers of the ends have returned, or the limit has passed. From the beginning on no new call, transport,
 * account or port comes (OH_ECLOSED); afterwards every command fails with OH_ECLOSED, while events that wait can still be
 * pulled.
 *
 * @param phone     borrowed
 * @param limit_ms  how long to wait at most for the peers; 0 = do not wait
 * @return 0, OH_ETIMEDOUT (some peer had not answered), OH_ECLOSED (was closed before), OH_ESTATE (in a handler)
 *
 * Thread: any but the phone's own event thread and inline handlers (OH_ESTATE there).
 * May call back: with pull delivery no (call offhook_process() yourself); else as ever.  Spec: RFC 3261 15.
 */
OFFHOOK_API int offhook_phone_close(struct offhook_phone *phone, uint32_t limit_ms);

/**
 * Closes the phone if need be (without waiting for peers), stops its threads, completes its files and frees everything.
 * Queued events are dropped. No other thread may be inside a call on this phone. A disk that hangs is waited for no longer
 * than disk_limit_ms; then the log names each recording and trace that is not complete, and one thread of the library lives
 * on, with what it still has to write, until the disk answers: the library must not be unloaded before, and what it would
 * have written is lost if the process ends before.
 *
 * @param phone  taken; NULL is harmless
 *
 * Thread: any but the phone's own threads.  May call back: no.  Spec: none.
 */
OFFHOOK_API void offhook_phone_free(struct offhook_phone *phone);

/**
 * A descriptor that is readable while events wait (pull delivery).
 *
 * @param phone  borrowed
 * @return a descriptor that belongs to the phone: watch it, do not read or close it; OH_ESTATE with other deliveries
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_events_fd(struct offhook_phone *phone);

/**
 * Hands out waiting events to on_event, in this thread (pull delivery). Does no network work. Only one thread hands
 * out at a time; another one waits for its turn. Called from inside a handler it hands out the events behind.
 *
 * @param phone       borrowed
 * @param timeout_ms  how long to wait for the first event, and for the turn: 0 = not, negative = without limit
 * @return how many were handed out (0 or more; 0 too when this thread handled a signal while it waited), OH_ESTATE with
 *         other deliveries, OH_ECLOSED after the phone closed and the last event was handed out
 *
 * Thread: any.  May call back: yes.  Spec: none.
 */
OFFHOOK_API int offhook_process(struct offhook_phone *phone, int timeout_ms);

/**
 * Hands out, in this thread, the events of one object up to and including the last one that a command caused; events
 * of other objects stay queued. With it a binding can give its program the events of a call before that call returns.
 *
 * @param phone    borrowed
 * @param id       the object
 * @param command  as offhook_last_command() gave it in this thread
 * @return how many were handed out (0 also while another thread hands out, as with offhook_process()), or OH_ESTATE with
 *         other deliveries than pull
 *
 * Thread: any.  May call back: yes.  Spec: none.
 */
OFFHOOK_API int offhook_process_object(struct offhook_phone *phone, offhook_id id, uint64_t command);

/**
 * The serial of this thread's last command: events that it caused carry it as `cause`. Questions (..._get_info(),
 * offhook_calls() and the like) and offhook_call_set_user_data() cause nothing and leave it as it is.
 *
 * @return a number above 0, or 0 before the first command
 *
 * Thread: any (each has its own).  May call back: no.  Spec: none.
 */
OFFHOOK_API uint64_t offhook_last_command(void);

/** What is alive in a phone: for tests, and for programs that look for leaks of their own. */
struct offhook_counters {
	size_t size;           /**< set by the caller to sizeof */
	uint64_t calls;        /**< whose DISCONNECTED was not yet delivered */
	uint64_t dialogs;      /**< of SIP (RFC 3261 12), early ones too */
	uint64_t transactions; /**< of SIP (RFC 3261 17), clients' and servers' */
	uint64_t timers;       /**< of SIP, armed ones */
	uint64_t transports;   /**< open ones */
	uint64_t accounts;     /**< that were added and not removed */
	uint64_t slots;        /**< besides slot 0 */
	uint64_t events;       /**< queued */
	uint64_t rtp_ports;    /**< pairs in use */
	uint64_t media_ticks;  /**< so far */
	uint64_t late_ticks;   /**< that came more than half a frame late */
};

/**
 * What is alive now.
 *
 * @param phone         borrowed
 * @param ret_counters  size must be set; filled as far as that size reaches
 * @return 0, OH_EINVAL, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_phone_counters(struct offhook_phone *phone, struct offhook_counters *ret_counters);

/**
 * The version of the library as linked, such as "0.1.0".
 *
 * @return a text that lives as long as the process
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API const char *offhook_version(void);

/* ---- transports ------------------------------------------------------------------------------------------------ */

/** Kinds of SIP transport. */
enum offhook_transport_type {
	OFFHOOK_UDP = 1, /**< one message a datagram */
	OFFHOOK_TCP = 2, /**< connections, made and accepted as they are needed; may share a port with UDP */
	OFFHOOK_TLS = 3, /**< the same inside of TLS */
	OFFHOOK_WS = 4,  /**< WebSocket (RFC 7118) */
	OFFHOOK_WSS = 5  /**< WebSocket inside of TLS */
};

struct offhook_tls_cfg;

/** Settings of a transport; fill with offhook_transport_cfg_init() first. */
struct offhook_transport_cfg {
	size_t size;                      /**< set by offhook_transport_cfg_init() */
	enum offhook_transport_type type; /**< default UDP; another kind than these: OH_ENOTSUP */
	const char *address;              /**< local IP address; NULL or "" = all IPv4 interfaces; copied */
	uint16_t port;                    /**< 0 = any free one; default 0 */
	/** host published in Via, Contact and SDP instead of the local one; a name is looked up for
	 * SDP, which gets the local address until that is done; copied */
	const char *public_address;
	uint8_t dscp; /**< 0..63; default 0 */
	/** for TLS and WSS: certificates and trust (offhook/tls.h); NULL: the defaults, without a certificate of ours;
	 * copied */
	const struct offhook_tls_cfg *tls;
	const char *
		ws_path; /**< for WS and WSS: the path that is asked for and served; NULL: "/", and all; copied */
	/** for WS and WSS: whose pages may connect, "https://a.example https://b.example"; NULL: all; copied */
	const char *ws_origins;
	/** who may send requests that begin something, by this transport: addresses and prefixes, "192.0.2.1",
	 * "2001:db8::/32"; what comes inside of calls is not asked; copied; NULL: everybody. A connection that somebody else
	 * makes ends before a handshake, unless one of our calls is with him */
	const char *const *allow_from;
	size_t n_allow_from; /**< how many of them, at most OFFHOOK_SOURCES_MAX */
	/** WS and WSS, non-zero: it connects and takes no connections. Via and Contact carry a name that leads nowhere, and
	 * requests come back by the connection that is there (RFC 7118 5); `port` is not used, `public_address` for SDP alone */
	int connect_only;
};

/**
 * Fills in the defaults.
 *
 * @param cfg  to be filled; must not be NULL
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API void offhook_transport_cfg_init(struct offhook_transport_cfg *cfg);

/**
 * Opens a SIP transport.
 *
 * @param phone   borrowed
 * @param cfg     copied
 * @param ret_id  set on success only
 * @return 0, OH_EINVAL (not an address, dscp, sources, TLS or WebSocket settings), OH_ENOTSUP (that type), OH_EINSECURE
 *         (the phone has secure_only), a wrapped errno (EADDRINUSE: the port is taken; EADDRNOTAVAIL: not an address of this machine), OH_ENOFILE and OH_ECERT (a
 *         certificate or key), OH_ENOMEM, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: RFC 3261 18.
 */
OFFHOOK_API int offhook_transport_add(
	struct offhook_phone *phone, const struct offhook_transport_cfg *cfg, offhook_id *ret_id);

/** What a transport is now. */
struct offhook_transport_info {
	size_t size;                      /**< set by the caller to sizeof */
	enum offhook_transport_type type; /**< its kind */
	char address[64]; /**< published host: public_address, else the bound one, else this machine's */
	uint16_t port;    /**< published */
	char local[72];   /**< bound address and port as text */
};

/**
 * What a transport is now.
 *
 * @param phone     borrowed
 * @param id        the transport
 * @param ret_info  size must be set; filled as far as that size reaches
 * @return 0, OH_ENOENT, OH_EINVAL, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_transport_get_info(
	struct offhook_phone *phone, offhook_id id, struct offhook_transport_info *ret_info);

/**
 * Closes a transport. Calls that run over it end with status 503.
 *
 * @param phone  borrowed
 * @param id     the transport
 * @return 0, OH_ENOENT, OH_ECLOSED
 *
 * Thread: any.  May call back: yes (inline delivery).  Spec: none.
 */
OFFHOOK_API int offhook_transport_remove(struct offhook_phone *phone, offhook_id id);

/* ---- accounts -------------------------------------------------------------------------------------------------- */

struct offhook_auth_cfg;
struct offhook_challenge_cfg;

struct offhook_registration_cfg;
struct offhook_presence_cfg;

/** Settings of an account; fill with offhook_account_cfg_init() first. */
struct offhook_account_cfg {
	size_t size; /**< set by offhook_account_cfg_init() */
	/** who we are: "sip:alice@example.test" or "\"Alice\" <sip:...>"; NULL: the address of the
	 * transport, "<sip:192.0.2.1:5060>"; copied */
	const char *uri;
	offhook_id transport; /**< calls use this one; 0 = any that fits; needed when uri is NULL */
	const char *contact;  /**< Contact URI to publish; NULL: made from the route to the peer; copied */
	int priority;         /**< among accounts that match an incoming call the highest wins; default 0 */
	int make_default; /**< non-zero: incoming calls that match no account come here; the first one is anyway */
	void *user_data; /**< comes back in its events */
	/** who we are when we are asked (offhook/auth.h); copied; NULL: a challenge is a refusal */
	const struct offhook_auth_cfg *auth;
	/** asks who calls this account (offhook/auth.h); copied; NULL: everybody may */
	const struct offhook_challenge_cfg *challenge;
	/** how it registers (offhook/registration.h); copied; NULL: not at all, as with a trunk */
	const struct offhook_registration_cfg *registration;
	/** offered and accepted in its calls, as the phone's setting of that name; NULL = the phone's; copied */
	const char *codecs;
	/** who may see whether we are there, and more (offhook/presence.h); copied; NULL: the defaults */
	const struct offhook_presence_cfg *presence;
	/** outbound proxies: "sip:proxy.example.test;lr". What this account asks outside of calls, its registration too,
	 * passes them in this order (a pre-loaded Route; without ";lr" a proxy of the older kind is meant, which wants to
	 * stand in the first line); copied */
	const char *const *proxies;
	size_t n_proxies; /**< how many of them, at most OFFHOOK_PROXIES_MAX */
	/** where all this is sent, whatever proxies and URIs say: "sip:a.example.test", tried in this order. One that fails
	 * is left for the next one, and taken again when it is well; copied; NULL: where the first proxy or the URI leads */
	const char *const *servers;
	size_t n_servers; /**< how many of them, at most OFFHOOK_PROXIES_MAX */
	int secure_only;  /**< non-zero: as the phone's setting of that name, for this account alone */
	/** who may send requests for this account that begin something; as the transport's setting of that name */
	const char *const *allow_from;
	size_t n_allow_from; /**< how many of them, at most OFFHOOK_SOURCES_MAX */
};

/**
 * Fills in the defaults.
 *
 * @param cfg  to be filled; must not be NULL
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API void offhook_account_cfg_init(struct offhook_account_cfg *cfg);

/**
 * Adds an account, and begins to register it when it has a registrar.
 *
 * @param phone   borrowed
 * @param cfg     copied
 * @param ret_id  set on success only
 * @return 0, OH_EURI (detail: what is wrong with it), OH_ESCHEME, OH_ENOENT (no such transport), OH_EINVAL (neither
 *         URI nor transport; credentials that are none; a setting of the registration out of range; more proxies or
 *         servers than there may be), OH_ENOCODEC, OH_EINSECURE (with secure_only: one of them names a transport
 *         without TLS),
 *         OH_ETOOBIG, OH_ENOMEM, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: RFC 3261 8.
 */
OFFHOOK_API int offhook_account_add(
	struct offhook_phone *phone, const struct offhook_account_cfg *cfg, offhook_id *ret_id);

/**
 * Gives an account other settings, all of them; its id, its calls and its place as the default stay. When they change
 * whom or how it registers, the old registration is taken away and a new one made.
 *
 * @param phone  borrowed
 * @param id     the account
 * @param cfg    copied; in case of an error the account stays as it was
 * @return as offhook_account_add()
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_account_modify(
	struct offhook_phone *phone, offhook_id id, const struct offhook_account_cfg *cfg);

/**
 * Removes an account. It is unregistered, its calls go on; no new ones come or go.
 *
 * @param phone  borrowed
 * @param id     the account
 * @return 0, OH_ENOENT, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_account_remove(struct offhook_phone *phone, offhook_id id);

/**
 * Makes an account the default: it gets the incoming calls that match none.
 *
 * @param phone  borrowed
 * @param id     the account
 * @return 0, OH_ENOENT, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_account_set_default(struct offhook_phone *phone, offhook_id id);

/**
 * Binds an account to a transport: its calls, messages and registration go over it from now on. What is registered is
 * registered anew; calls that are there stay where they are.
 *
 * @param phone      borrowed
 * @param account    the account
 * @param transport  0: whatever transport fits
 * @return 0, OH_ENOENT (either of them), OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_account_set_transport(
	struct offhook_phone *phone, offhook_id account, offhook_id transport);

/** What an account is now. */
struct offhook_account_info {
	size_t size;          /**< set by the caller to sizeof */
	char uri[512];        /**< as configured, or made from the transport; cut to size */
	offhook_id transport; /**< as configured; 0 = any that fits */
	int is_default;       /**< 1: incoming calls that match no account come here */
	int priority;         /**< as configured */
	void *user_data;      /**< as configured */
};

/**
 * What an account is now.
 *
 * @param phone     borrowed
 * @param id        the account
 * @param ret_info  size must be set; filled as far as that size reaches
 * @return 0, OH_ENOENT, OH_EINVAL, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_account_get_info(
	struct offhook_phone *phone, offhook_id id, struct offhook_account_info *ret_info);

/**
 * Is this text a URI that can be called?
 *
 * @param uri  "sip:user@host", "<sip:...>" or with a display name
 * @return 0, OH_EURI (detail: what is wrong and where), OH_ESCHEME (not sip or sips), OH_EINVAL (NULL)
 *
 * Thread: any.  May call back: no.  Spec: RFC 3261 19.1, 25.1.
 */
OFFHOOK_API int offhook_uri_check(const char *uri);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
