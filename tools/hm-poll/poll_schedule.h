#ifndef HM_POLL_SCHEDULE_H
#define HM_POLL_SCHEDULE_H

#include <stddef.h>

#include "base/clock.h"
#include "config/quiet_hours.h"

/*
 * When a DTU may be polled: at any time, but at night less often, and not while
 * it uploads its data to the cloud. Reads no clock.
 */

struct hm_poll_schedule {
	int64_t period_ms;            /* between two polls of a DTU */
	const struct hm_quiet_hours *night; /* NULL: no night */
	int64_t night_period_ms;      /* between two polls at night */
	int64_t upload_margin_ms;     /* 0: poll during uploads, too */
};

#define HM_POLL_SCHEDULE_NEVER INT64_MIN /* `last` before the first poll */

/*
 * The offset of a DTU's polls on the grid of the period: DTU number `position`,
 * from 0, of `count`.
 */
int64_t hm_poll_schedule_offset(const struct hm_poll_schedule *schedule,
    size_t position, size_t count);

/* What the schedule must know of a DTU. */
struct hm_poll_schedule_dtu {
	int64_t last;      /* when its last poll began, or ..._NEVER */
	int64_t offset;    /* spreads the DTUs after an upload */
	int64_t upload_ms; /* between two uploads; 0 if it is not known */
};

/*
 * The earliest moment, from `at` on, for a poll of a DTU. If it uploads often
 * the margin is shorter than the setting: a minute in each period is free.
 */
int64_t hm_poll_schedule_earliest(const struct hm_poll_schedule *schedule,
    const struct hm_moment *now, int64_t at,
    const struct hm_poll_schedule_dtu *dtu);

bool hm_poll_schedule_is_night(const struct hm_poll_schedule *schedule,
    const struct hm_moment *now);

#endif
