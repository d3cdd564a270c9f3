#include "phone/warning.h"

#include <stdio.h>

struct sip_extra warning_header(unsigned code, const char *why, char buf[WARNING_MAX])
{
	/* Who warns is a pseudonym, so that nothing of the machine is told. */
	size_t n = (size_t)snprintf(buf, WARNING_MAX, "%u offhook \"", code ? code : 399);

	for (; *why && n + 3 < WARNING_MAX; why++) {
		if (*why == '"' || *why == '\\')
			buf[n++] = '\\';
		buf[n++] = *why >= ' ' && *why <= '~' ? *why : '?';
	}
	buf[n++] = '"';
	return (struct sip_extra){SLICE_LIT("Warning"), slice_make(buf, n)};
}
