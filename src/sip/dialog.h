/*
 * Dialogs (RFC 3261 12): the peer-to-peer relation that an INVITE (later SUBSCRIBE, REFER) makes. A dialog knows
 * tags, sequence numbers, route set and remote target; it knows nothing of sessions, offers or audio.
 *
 * Owner: the usage that made it (the INVITE session). The stack finds dialogs by Call-ID and tags and hands their
 * requests to them. Thread: signalling.
 */
#ifndef OH_SIP_DIALOG_H
#define OH_SIP_DIALOG_H

#include "base/hash.h"
#include "sip/txn.h"

struct dialog;

/* What the stack finds by Call-ID and tags. */
struct sip_dialog_entry {
	struct hash_node node;
	struct slice call_id, local_tag,
		remote_tag; /* the owner's own text; remote_tag may be empty (RFC 2543) */
	/* server NULL: an ACK (to a 2xx, or stray). Otherwise it must be answered. */
	void (*receive)(struct sip_dialog_entry *e, struct sip_msg *msg, struct sip_server *server);
};

/* Named limits: a route set or target beyond them refuses the dialog (OH_ETOOBIG). */
#define DIALOG_ROUTES_MAX 16u
#define DIALOG_TEXT_MAX   4096u /* all its texts together */

struct dialog_handler {
	/* A request inside the dialog, in order (RFC 3261 12.2.2; one with a lower number was answered 500). `server`
	 * is NULL for ACK, else it must be answered. The Contact of an INVITE, UPDATE, SUBSCRIBE, NOTIFY or REFER waits
	 * for dialog_accept_target(): a refused request changes nothing. */
	void (*request)(void *arg, struct sip_msg *msg, struct sip_server *server);
	void *arg;
};

/*
 * A further usage of a dialog: a subscription beside the INVITE session that made it, or beside another subscription
 * (RFC 5057). The dialog lives until its maker and every usage have let go.
 */
struct dialog_usage {
	struct list link;
	/* A SUBSCRIBE or NOTIFY. True: it belongs to this usage, which has answered it or will. False: the next one is
	 * asked, at last the maker (or 481, when the maker has gone). */
	bool (*request)(struct dialog_usage *u, struct sip_msg *msg, struct sip_server *server);
	/* dialog_ends_usage() has come to its end: what waited for it may be sent. */
	void (*may_send)(struct dialog_usage *u);
};
/* The maker's BYE is under way. A request with a higher number that overtakes it would make the peer refuse its
 * repetition (RFC 3261 12.2.2) and keep the call: whoever shares the dialog waits for may_send(). */
bool dialog_ends_usage(const struct dialog *d);
#define DIALOG_USAGES_MAX 16u
/* OH_ETOOMANY. */
int dialog_join(struct dialog *d, struct dialog_usage *u);
/* Has it ever had a further usage? */
bool dialog_was_shared(const struct dialog *d);
/* The last one to go frees the dialog. Harmless when u is linked nowhere. */
void dialog_leave(struct dialog *d, struct dialog_usage *u);

/*
 * UAC (12.1.2): from a response with a To tag (101-199, 2xx) to the INVITE that was sent. A 2xx without a tag makes
 * a dialog with a null tag (RFC 2543). `flow` is how the response came. An early dialog becomes confirmed by
 * dialog_confirm(). Errors: OH_ESYNTAX, OH_EURI, OH_ETOOBIG, OH_ENOMEM.
 */
struct dialog_uac_cfg {
	uint32_t local_seq;  /* CSeq number of the INVITE */
	struct slice target; /* its Request-URI, for a response without Contact */
	/* The transaction that brought the response: its credentials go on in the dialog. NULL: no credentials. */
	const struct sip_client *client;
	struct dialog_handler handler;
};
int dialog_new_uac(struct sip_stack *s, const struct dialog_uac_cfg *cfg, struct sip_msg *response,
	const struct sip_flow *flow, struct dialog **ret_dialog);

/* UAS (12.1.1): from the INVITE, with the To tag that all its responses will carry (made by the dialog). Errors as
 * above; OH_ENOENT: the request has no Contact. */
int dialog_new_uas(struct sip_stack *s, const struct dialog_handler *handler, struct sip_msg *request,
	const struct sip_flow *flow, struct dialog **ret_dialog);

/* UAC of a SUBSCRIBE or of a REFER outside dialogs: the first NOTIFY makes the dialog and brings its route set (RFC 6665
 * 4.4.1). cfg->target is not used. Errors as dialog_new_uas(). */
int dialog_new_notified(struct sip_stack *s, const struct dialog_uac_cfg *cfg, struct sip_msg *notify,
	const struct sip_flow *flow, struct dialog **ret_dialog);

/* What a SUBSCRIBE waits for that has no dialog yet: a NOTIFY with its Call-ID and our tag, whatever the tag of the
 * peer. First in the struct of its owner or found by CONTAINER_OF; the texts are borrowed. */
struct dialog_half {
	struct sip_dialog_entry entry;
	void (*notified)(struct dialog_half *h, struct sip_msg *notify, struct sip_server *server);
};
void dialog_half_open(
	struct sip_stack *s, struct dialog_half *h, struct slice call_id, struct slice local_tag);
/* Harmless when it is not open. */
void dialog_half_close(struct sip_stack *s, struct dialog_half *h);

/* The dialog with these tags, whoever made it; NULL: none. */
struct dialog *dialog_find(
	struct sip_stack *s, struct slice call_id, struct slice local_tag, struct slice remote_tag);
/* The handler that its maker gave. */
const struct dialog_handler *dialog_maker(const struct dialog *d);

/* Its maker wants nothing more: requests that still come get 481, nothing is reported. Usages go on. It may still be
 * asked, and dialog_ack() still works. */
void dialog_close(struct dialog *d);
/* Closes it. Returns NULL; NULL is harmless. */
struct dialog *dialog_free(struct dialog *d);

/* The 2xx of a UAC dialog: route set and target are taken anew from it (13.2.2.4). Errors as dialog_new_uac(); the
 * dialog then stands as it was. */
int dialog_confirm(struct dialog *d, struct sip_msg *response);

/* A 2xx to a target refresh request (re-INVITE, UPDATE) that we sent: the remote target follows its Contact. */
int dialog_refresh_target(struct dialog *d, struct sip_msg *msg);
/* We accept the peer's last INVITE, UPDATE ...: the remote target follows the Contact that it had. */
void dialog_accept_target(struct dialog *d);

/* The peer is not where his Contact says: requests go to this URI of his until he says where he is. OH_ETOOBIG, OH_ENOMEM: it stays. */
int dialog_retarget(struct dialog *d, struct slice uri);

struct dialog_request {
	enum sip_method method;
	struct slice method_text; /* for SIP_METHOD_OTHER */
	struct slice contact;     /* absent: none */
	const struct sip_extra *extras;
	size_t n_extras;
	struct slice content_type, body;
};
/* Sends a request with the next local sequence number (12.2.1.1; strict and loose routes). Not for ACK. Errors as
 * sip_client_send(). */
int dialog_send(struct dialog *d, const struct dialog_request *req, const struct sip_client_handler *handler,
	struct sip_client **ret_client);
/* The ACK to the 2xx of an INVITE. Errors as sip_ack_send(). */
struct dialog_ack {
	uint32_t cseq;                   /* of the INVITE */
	const struct sip_client *invite; /* its transaction, whose credentials the ACK repeats; NULL: none */
	struct slice content_type, body; /* the answer to a late offer; absent: none */
};
int dialog_ack(struct dialog *d, const struct dialog_ack *ack, struct sip_ack **ret_ack);

/* Its requests go over TLS or not at all, as those of a dialog that a sips URI began (RFC 3261 12.1.1). */
void dialog_set_secure(struct dialog *d);
/* Must the Contact of our response be a sips URI (12.1.1)? */
bool sip_msg_wants_sips(struct sip_msg *request);

/* Whoever answers challenges for a dialog that the peer made; kept by reference, NULL: nobody. */
void dialog_set_auth(struct dialog *d, struct sip_auth *auth);

/* Our end of its way is this address of ours now. */
void dialog_moved(struct dialog *d, const struct netaddr *local);

uint32_t dialog_local_seq(const struct dialog *d); /* of the last request sent */
/* Takes the next number, for sip_client_handler.next_cseq. */
uint32_t dialog_next_seq(struct dialog *d);
struct slice dialog_call_id(const struct dialog *d);
struct slice dialog_local_tag(const struct dialog *d);
struct slice dialog_remote_tag(const struct dialog *d);
struct slice dialog_local_uri(const struct dialog *d);     /* From/To value of our side, without parameters */
struct slice dialog_remote_uri(const struct dialog *d);    /* with display name, without parameters */
struct slice dialog_remote_target(const struct dialog *d); /* the peer's Contact URI, no brackets */
const struct sip_flow *dialog_flow(const struct dialog *d); /* how the peer was last reached */

#endif
