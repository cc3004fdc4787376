#ifndef HM_PLANT_DAYS_H
#define HM_PLANT_DAYS_H

#include "db.h"

/*
 * What the inputs and the meters of a day add up to, kept in plant_sums, so
 * that months and years of a large plant are read at once. Triggers write the
 * days whose rows change into plant_due, whoever changes them; the view
 * plant_days adds those up itself. So it is right at any time.
 */

/* A query for the sums of the days in plant_due: day, made, given, taken. */
#define HM_PLANT_SUMS_DUE \
	"SELECT day, sum(today_production) AS made, given, taken " \
	"FROM plant_due CROSS JOIN port_daily USING (day) " \
	/* A meter that was replaced counts from another number on. */ \
	"LEFT JOIN (SELECT a.day, sum(iif(" \
	"a.energy_export >= b.energy_export, " \
	"a.energy_export - b.energy_export, NULL)) AS given, " \
	"sum(iif(a.energy_import >= b.energy_import, " \
	"a.energy_import - b.energy_import, NULL)) AS taken " \
	"FROM plant_due CROSS JOIN meter_daily AS a USING (day) " \
	"JOIN meter_daily AS b ON b.day = date(a.day, '-1 day') " \
	"AND b.dtu = a.dtu AND b.serial = a.serial GROUP BY a.day) " \
	"USING (day) GROUP BY day"

#define HM_PLANT_TABLES 2

/* Create tables and triggers, in place of those of another version. */
bool hm_plant_days_create(struct hm_db *db);

/* Whether all of them are there, and as this version makes them. */
bool hm_plant_days_are_current(struct hm_db *db);

/* Add up the days that are due, in the caller's transaction. */
bool hm_plant_days_make(struct hm_db *db);

#endif
