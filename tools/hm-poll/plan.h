#ifndef HM_PLAN_H
#define HM_PLAN_H

#include <stddef.h>

#include "base/clock.h"
#include "config/quiet.h"

/*
 * When a DTU may be polled: at any time, but at night less often, and not
 * while it sends its data to the cloud. Looks at no clock.
 */

struct hm_plan {
	int64_t period_ms;            /* between two polls of a DTU */
	const struct hm_quiet *night; /* NULL: there is none */
	int64_t night_period_ms;      /* between two polls at night */
	int64_t upload_margin_ms;     /* 0: uploads do not matter */
};

#define HM_PLAN_NEVER INT64_MIN /* the last poll, before the first */

/*
 * The offset of a DTU's polls on the grid of the period: DTU `place`, from 0,
 * of `count`.
 */
int64_t hm_plan_offset(const struct hm_plan *plan, size_t place, size_t count);

/*
 * The earliest moment, from `at` on, for a poll of a DTU whose last one began
 * at `last` and whose polls have this offset: after an upload DTUs are spread
 * by it.
 */
int64_t hm_plan_earliest(const struct hm_plan *plan,
    const struct hm_moment *now, int64_t at, int64_t last, int64_t offset);

bool hm_plan_is_night(const struct hm_plan *plan, const struct hm_moment *now);

#endif
