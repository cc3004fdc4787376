#ifndef HM_ROLLUP_ENERGY_H
#define HM_ROLLUP_ENERGY_H

#include "db/db.h"

/*
 * The energy of an input's day is what its lifetime counter grew from the start
 * of the day to the start of the next one. The readings of a day show less: the
 * counter lags by a reading, and after the last reading more is produced. So
 * the row of a day is corrected when the next day has one. Days without
 * readings get rows with no samples, and share what was made meanwhile. So the
 * energies of all days add up to the growth of the counter. docs/history.md
 * says more.
 */

/*
 * After the row of a day in port_daily was made: note the day's totals, and
 * correct its row and that of the day before. The day is that of a local hour;
 * hm_day must be defined. In the caller's transaction. False: see hm_db_reason.
 */
bool hm_rollup_energy_make(struct hm_db *db, int64_t hour);

#endif
