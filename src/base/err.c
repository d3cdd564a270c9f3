/* The one table of errors, the texts of the old pjsua codes that it maps to, and the detail text of each
 * thread. */
#include "base/err.h"

#include "base/phrase.h"
#include "base/slice.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#define PJ_ERRNO 120000 /* + errno */
#define PJ_SIP   170000 /* + SIP status */
#define PJ_OTHER 70001

static const struct row {
	int err;
	const char *name, *sentence;
	int pjsua;
} rows[] = {
	{OH_OK, "OH_OK", "success", 0},
	{OH_EINVAL, "OH_EINVAL", "an argument is out of range", 70004},
	{OH_ENOMEM, "OH_ENOMEM", "out of memory", 70007},
	{OH_ENOENT, "OH_ENOENT", "no such object", 70006},
	{OH_EENDED, "OH_EENDED", "the call has already ended", 171140},
	{OH_ESTATE, "OH_ESTATE", "not possible in the present state", 70013},
	{OH_EAGAIN, "OH_EAGAIN", "nothing there yet; try again later", 70002},
	{OH_EBUSY, "OH_EBUSY", "another operation of the same kind is still open", 70013},
	{OH_ETOOMANY, "OH_ETOOMANY", "a limit that the program set is reached", 70010},
	{OH_ENOTSUP, "OH_ENOTSUP", "not supported by this build or by the peer", 70012},
	{OH_ETIMEDOUT, "OH_ETIMEDOUT", "no answer in time", 70009},
	{OH_ERANGE, "OH_ERANGE", "a number is too large or too small", 70004},
	{OH_ESYNTAX, "OH_ESYNTAX", "a message or text does not follow its grammar", 171020},
	{OH_ETOOBIG, "OH_ETOOBIG", "larger than allowed", 70017},
	{OH_EURI, "OH_EURI", "not a valid URI", 171039},
	/* In the old API the one way to meet it is a call to a tel: URI. */
	{OH_ESCHEME, "OH_ESCHEME", "a URI of this scheme cannot be used here", 171005},
	{OH_ERESOLVE, "OH_ERESOLVE", "the name has no address", 70018},
	{OH_ETRANSPORT, "OH_ETRANSPORT", "no transport of that kind, or it failed", 171060},
	{OH_EUNREACH, "OH_EUNREACH", "the peer is unreachable", PJ_ERRNO + EHOSTUNREACH},
	{OH_EDIALOG, "OH_EDIALOG", "the message belongs to no dialog, or to another one", PJ_OTHER},
	{OH_ESTALE, "OH_ESTALE", "a sequence number that has already passed", PJ_OTHER},
	{OH_ESDP, "OH_ESDP", "the session description cannot be used", 220020},
	{OH_ENOCODEC, "OH_ENOCODEC", "no codec in common", 220049},
	{OH_ENOMEDIA, "OH_ENOMEDIA", "the call has no audio yet", 70013},
	{OH_ENODTMF, "OH_ENODTMF", "the peer takes no telephone-event", 220107},
	{OH_EDIGIT, "OH_EDIGIT", "not a DTMF digit; they are 0-9, A-D, *, # and R (flash)", 220106},
	{OH_ENOFILE, "OH_ENOFILE", "the file does not exist", 70006},
	{OH_EFORMAT, "OH_EFORMAT", "the file is not of a known audio format", 220180},
	{OH_ENOPORTS, "OH_ENOPORTS", "no RTP port is free in the configured range", PJ_ERRNO + EADDRINUSE},
	{OH_ECLOSED, "OH_ECLOSED", "the phone is closing or closed", 70013},
	{OH_ETRUNCATED, "OH_ETRUNCATED", "cut short", 70016},
	{OH_EREFUSED, "OH_EREFUSED", "refused by policy", 70013},
	{OH_EBUG, "OH_EBUG", "a fault of the library; please report it", 70008},
	{OH_ECONN, "OH_ECONN", "the connection has closed", PJ_ERRNO + ECONNRESET},
	{OH_EREGISTRAR, "OH_EREGISTRAR", "the registrar refused", 70013},
	{OH_ENOBINDING, "OH_ENOBINDING", "the registrar agreed, but bound no address of ours", 70013},
	{OH_ETLS, "OH_ETLS", "the TLS handshake or session failed", 171160},
	{OH_ECERT, "OH_ECERT", "a certificate cannot be used, or was not accepted", 171160},
	{OH_ENODEV, "OH_ENODEV", "no such sound device, or none at all", 420006},
	{OH_EINSECURE, "OH_EINSECURE", "it would not have gone over TLS, as the settings ask", 171160},
	{OH_ENOSOUND, "OH_ENOSOUND",
		"built without sound devices of this kind, which need libpulse or alsa-lib", 420006},
	{OH_EOS, "OH_EOS", "an error of the operating system without a number", PJ_OTHER},
};

/* Old programs look for the symbol in the text. */
static const struct pj_text {
	int code;
	const char *text, *symbol;
} pj_texts[] = {
	{70001, "Unknown error has occurred", "PJ_EUNKNOWN"},
	{70002, "Pending operation", "PJ_EPENDING"},
	{70003, "Too many connecting sockets", "PJ_ETOOMANYCONN"},
	{70004, "Invalid value or argument", "PJ_EINVAL"},
	{70005, "Name too long", "PJ_ENAMETOOLONG"},
	{70006, "Not found", "PJ_ENOTFOUND"},
	{70007, "Not enough memory", "PJ_ENOMEM"},
	{70008, "BUG DETECTED!", "PJ_EBUG"},
	{70009, "timeout", "PJ_ETIMEDOUT"},
	{70010, "Too many objects of the specified type", "PJ_ETOOMANY"},
	{70011, "Object is busy", "PJ_EBUSY"},
	{70012, "Unsupported", "PJ_ENOTSUP"},
	{70013, "Invalid operation", "PJ_EINVALIDOP"},
	{70014, "Operation cancelled", "PJ_ECANCELLED"},
	{70015, "Object already exists", "PJ_EEXISTS"},
	{70016, "End of file", "PJ_EEOF"},
	{70017, "Size is too big", "PJ_ETOOBIG"},
	{70018, "name resolution failed", "PJ_ERESOLVE"},
	{70019, "Size is too small", "PJ_ETOOSMALL"},
	{70020, "Ignored", "PJ_EIGNORED"},
	{171005, "Missing route set (for tel: URI)", "PJSIP_ENOROUTESET"},
	{171020, "Invalid message/syntax error", "PJSIP_EINVALIDMSG"},
	{171039, "Invalid URI", "PJSIP_EINVALIDURI"},
	{171040, "Invalid URI scheme", "PJSIP_EINVALIDSCHEME"},
	{171042, "Invalid Request URI", "PJSIP_EINVALIDREQURI"},
	{171060, "Unsupported transport", "PJSIP_EUNSUPTRANSPORT"},
	{171140, "INVITE session already terminated", "PJSIP_ESESSIONTERMINATED"},
	{171141, "Invalid INVITE session state", "PJSIP_ESESSIONSTATE"},
	{171160, "Unknown TLS error", "PJSIP_TLS_EUNKNOWN"},
	{220020, "Invalid SDP descriptor", "PJMEDIA_SDP_EINSDP"},
	{220049, "SDP negotiation: no common codec in the answer", "PJMEDIA_SDPNEG_NOANSCODEC"},
	{220106, "Invalid DTMF digit", "PJMEDIA_RTP_EINDTMF"},
	{220107, "Remote does not support RFC 2833", "PJMEDIA_RTP_EREMNORFC2833"},
	{220180, "Not a valid WAVE file", "PJMEDIA_ENOTVALIDWAVE"},
	{420006, "Unable to find default audio device", "PJMEDIA_EAUD_NODEFDEV"},
};

static const struct row *row_of(int err)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].err == err)
			return &rows[i];
	return NULL;
}

/* strerror() keeps no state that threads could fight over, but its unknown numbers do: these names are
 * constants. */
static const char *errno_text(int number)
{
	const char *text = strerrordesc_np(number);

	return text ? text : "unknown error of the operating system";
}

const char *offhook_strerror(int err)
{
	const struct row *row = row_of(err);

	if (row)
		return row->sentence;
	return err_to_errno(err) ? errno_text(err_to_errno(err)) : "not an error number of this library";
}

const char *offhook_errname(int err)
{
	const struct row *row = row_of(err);

	if (row)
		return row->name;
	return err_to_errno(err) ? "OH_EOS" : "OH_E?";
}

int offhook_err_to_pjsua(int err)
{
	const struct row *row = row_of(err);

	if (row)
		return row->pjsua;
	return err_to_errno(err) ? PJ_ERRNO + err_to_errno(err) : PJ_OTHER;
}

const char *offhook_pjsua_strerror(int code, char *buf, unsigned long size)
{
	const char *plain = NULL;

	for (size_t i = 0; i < ARRAY_LEN(pj_texts); i++) {
		if (pj_texts[i].code == code) {
			snprintf(buf, size, "%s (%s)", pj_texts[i].text, pj_texts[i].symbol);
			return buf;
		}
	}
	if (code == 0)
		plain = "Success";
	else if (code > PJ_ERRNO && code < PJ_ERRNO + 50000)
		plain = strerrordesc_np(code - PJ_ERRNO);
	else if (code >= PJ_SIP + 100 && code < PJ_SIP + 700)
		plain = status_phrase((unsigned)(code - PJ_SIP));
	if (plain)
		snprintf(buf, size, "%s", plain);
	else
		snprintf(buf, size, "Unknown error %d", code);
	return buf;
}

/* ---- the detail of each thread ---- */

static _Thread_local char detail[ERR_DETAIL_MAX];

int err_detail(int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(detail, sizeof(detail), format, args);
	va_end(args);
	return err;
}

const char *err_detail_text(void)
{
	return detail;
}

void err_detail_clear(void)
{
	detail[0] = '\0';
}

const char *offhook_error_detail(void)
{
	return err_detail_text();
}
