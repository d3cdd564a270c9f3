/* SIPp as a caller whose CPU stands beside ours. */
#ifndef OH_BENCH_SIPP_H
#define OH_BENCH_SIPP_H

#include <stdbool.h>
#include <stdint.h>

/* So many calls at 1,500 a second to 127.0.0.1:port; transport as SIPp names it: "u1", "t1". us of its CPU for each. False: it
 * is not installed. When it fails the program ends with a sentence. */
bool sipp_call(uint16_t port, const char *transport, unsigned calls, double *ret_us);

#endif
