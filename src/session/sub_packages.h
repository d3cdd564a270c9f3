/* The rows of the event packages; a new one is declared here and listed in sub_package.c. */
#ifndef OH_SESSION_SUB_PACKAGES_H
#define OH_SESSION_SUB_PACKAGES_H

#include "session/sub.h"

extern const struct sub_package pkg_refer;    /* RFC 3515 */
extern const struct sub_package pkg_presence; /* RFC 3856 */
extern const struct sub_package pkg_mwi;      /* RFC 3842 */
extern const struct sub_package pkg_dialog;   /* RFC 4235 */

#endif
