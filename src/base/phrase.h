/* The standard reason phrases of SIP status codes (RFC 3261 21 and the IANA registry of SIP
 * response codes). */
#ifndef OH_BASE_PHRASE_H
#define OH_BASE_PHRASE_H

/* The phrase of a status such as 486 ("Busy Here"); NULL when the registry has none. Lives as long as the
 * process. */
const char *status_phrase(unsigned status);

#endif
