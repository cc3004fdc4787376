#ifndef HM_RATED_POWER_H
#define HM_RATED_POWER_H

#include "db/db.h"

/*
 * The table rated_power: the watts that each inverter, and each of its inputs,
 * is rated for. They follow from the model: the exact one that an info record
 * has named, else that of the readings, else that of the serial number. An
 * inverter whose power is not known has no row.
 */

/* Define the functions of the statement. False: see hm_db_reason. */
bool hm_rated_power_prepare(struct hm_db *db);

/*
 * Bring the table up to date with the inverters in the database. In the caller's
 * transaction. False: see hm_db_reason.
 */
bool hm_rated_power_make(struct hm_db *db);

#endif
