/*
 * The parts of a multipart body (RFC 2046 5.1, RFC 5621). Nothing is copied or decoded: a part is slices into the
 * message. Only the headers that say what a part is are read.
 */
#ifndef OH_SIP_MULTIPART_H
#define OH_SIP_MULTIPART_H

#include "sip/msg.h"

/* RFC 2046 5.1.1. */
#define SIP_BOUNDARY_MAX 70u

struct sip_part {
	struct slice type;        /* Content-Type with its parameters; absent: text/plain (RFC 2046 5.1) */
	struct slice disposition; /* Content-Disposition with its parameters; absent when there is none */
	struct slice encoding;    /* Content-Transfer-Encoding; absent when there is none */
	struct slice body;
};

struct sip_multipart {
	enum { SIP_MULTIPART_PREAMBLE, SIP_MULTIPART_PARTS, SIP_MULTIPART_OVER } at;
	struct slice rest;
	struct slice boundary;
};

/* A media type without its parameters. */
struct slice sip_media_type(struct slice content_type);
/* A parameter of Content-Type or Content-Disposition, without its quotes; false when there is none. */
bool sip_media_param(struct slice value, struct slice name, struct slice *ret_value);

/* content_type: the whole value, of type multipart. OH_ESYNTAX: no boundary to find the parts by. */
int sip_multipart_begin(struct slice content_type, struct slice body, struct sip_multipart *ret_parts);
/* 1: the next part; 0: there are no more; OH_ESYNTAX: the last one is not closed. */
int sip_multipart_next(struct sip_multipart *m, struct sip_part *ret_part);

#endif
