#ifndef HM_DAY_HOURS_H
#define HM_DAY_HOURS_H

#include <stddef.h>
#include <stdint.h>

#define HM_DAY_HOURS_MAX ((size_t)30)

/*
 * The moments at which the local hours of the day of `hour` begin, and after
 * them that at which the day ends. The result is the number of hours.
 */
size_t hm_day_hours(int64_t hour, int reset_hour,
    int64_t begin[HM_DAY_HOURS_MAX + 1]);

#endif
