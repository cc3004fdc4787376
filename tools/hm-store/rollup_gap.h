#ifndef HM_ROLLUP_GAP_H
#define HM_ROLLUP_GAP_H

#include "db/db.h"

/*
 * Hours without readings get rows from the power curves that DTUs keep
 * (`history`). How much an input made in a gap is known from its counters, so
 * only its distribution over the hours comes from the curve, which is that of
 * the whole plant. docs/history.md says more.
 */

/*
 * Fill the hours of the day of a local hour, for each DTU with a curve of that
 * day. Rows made of readings stay. The totals of the day must have been noted
 * (hm_rollup_energy_note), and days begin at `reset_hour`. In the caller's
 * transaction. False: see hm_db_reason.
 */
bool hm_rollup_gap_make(struct hm_db *db, int64_t hour, int reset_hour);

#endif
