#ifndef HM_RFC3339_H
#define HM_RFC3339_H

#include <stdint.h>

#include "slice.h"

#define HM_RFC3339_SIZE 21 /* "2026-11-23T10:15:00Z" and a NUL */

/* Seconds since 1970 as RFC 3339 UTC. Years outside 0-9999 are clamped. */
struct hm_slice hm_rfc3339_format(int64_t seconds, char buf[HM_RFC3339_SIZE]);

/* Read the form that hm_rfc3339_format writes; false for any other. */
bool hm_rfc3339_parse(struct hm_slice text, int64_t *seconds);

/* Seconds into the day of a time such as "23:59"; false for any other form. */
bool hm_rfc3339_time_of_day(struct hm_slice text, int64_t *seconds);

#endif
