#ifndef HM_ROLLUP_CURVE_H
#define HM_ROLLUP_CURVE_H

#include "db/db.h"
#include "power_curve.h"

/*
 * Read the power curve of a DTU, as it is in the table history, from one moment
 * to another of less than two days. False: see hm_db_reason.
 */
bool hm_rollup_curve_read(struct hm_db *db, struct hm_slice dtu,
    struct hm_slice serial, int64_t from, int64_t to,
    struct hm_power_curve *curve);

#endif
