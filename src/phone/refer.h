/* We ask somebody to place a call, outside of calls: REFER out, and how it goes by NOTIFY (RFC 3515). Signalling only. */
#ifndef OH_PHONE_REFER_H
#define OH_PHONE_REFER_H

#include "phone/call_impl.h"

/* Open at a time. */
#define REFERS_MAX 1000u

/* The headers of a REFER: Refer-To, those that `more` does not have of Refer-Sub and Referred-By, and `more`. The names and
 * values are borrowed; the list is from mem_alloc(). OH_ENOMEM. */
struct refer_headers {
	struct slice refer_to, referred_by; /* referred_by empty: not said */
	bool without_sub;
	const struct extras *more;
};
int refer_extras(const struct refer_headers *h, struct sip_extra **ret_list, size_t *ret_n);
/* "<uri>", its headers too: they are for the one who calls it. From mem_alloc(). OH_EURI, OH_ESCHEME, OH_EINVAL, OH_ENOMEM. */
int refer_to_text(const char *uri, char **ret_text);

/* Nobody hears of those under way any more. */
void refers_free_all(struct offhook_phone *p);

#endif
