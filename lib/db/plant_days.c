#include "plant_days.h"

/* The statement that fires a trigger decides about conflicts: avoid them. */
#define MARK(day) "INSERT INTO plant_due SELECT " day " WHERE " day \
	" NOT NULL AND NOT EXISTS (SELECT 1 FROM plant_due AS due " \
	"WHERE due.day = " day "); "
#define TRIGGER(name, event, condition, marks) \
	{"DROP TRIGGER IF EXISTS " name, \
	    "CREATE TRIGGER " name " AFTER " event condition " BEGIN " marks \
	    "END"}
#define CHANGED(column) "new." column " IS NOT old." column

/*
 * A row that another one replaces (OR REPLACE) is deleted without a trigger;
 * the new row, or the row that got a new key, is of the same day.
 */

/* What a meter counted on a day is the difference to the day before. */
#define METER(row) MARK(row ".day") MARK("date(" row ".day, '+1 day')")

static const struct {
	const char *drop, *create;
} objects[] = {
    {"DROP TABLE IF EXISTS plant_sums", "CREATE TABLE plant_sums "
        "(day TEXT PRIMARY KEY, made, given, taken) WITHOUT ROWID"},
    {"DROP TABLE IF EXISTS plant_due", "CREATE TABLE plant_due "
        "(day TEXT PRIMARY KEY) WITHOUT ROWID"},
    TRIGGER("port_day_new", "INSERT ON port_daily", "", MARK("new.day")),
    TRIGGER("port_day_changed", "UPDATE ON port_daily",
        " WHEN new.today_production IS NOT old.today_production OR "
        CHANGED("day") " OR "
        CHANGED("dtu") " OR " CHANGED("serial") " OR " CHANGED("port"),
        MARK("old.day") MARK("new.day")),
    TRIGGER("port_day_gone", "DELETE ON port_daily", "", MARK("old.day")),
    TRIGGER("meter_day_new", "INSERT ON meter_daily", "", METER("new")),
    TRIGGER("meter_day_changed", "UPDATE ON meter_daily", "",
        METER("old") METER("new")),
    TRIGGER("meter_day_gone", "DELETE ON meter_daily", "", METER("old")),
};

#define OBJECTS (sizeof objects / sizeof *objects)

bool
hm_plant_days_create(struct hm_db *db)
{
	for (size_t i = 0; i < OBJECTS; i++)
		if (!hm_db_run(db, objects[i].drop) ||
		    !hm_db_run(db, objects[i].create))
			return false;
	return hm_db_run(db, "INSERT INTO plant_due "
	    "SELECT DISTINCT day FROM port_daily");
}

bool
hm_plant_days_are_current(struct hm_db *db)
{
	for (size_t i = 0; i < OBJECTS; i++)
		if (!hm_db_has_object(db, objects[i].create))
			return false;
	return true;
}

bool
hm_plant_days_make(struct hm_db *db)
{
	int64_t due;

	return hm_db_ask(db, "SELECT EXISTS (SELECT 1 FROM plant_due)",
	    &due) && (due == 0 || (hm_db_run(db, "DELETE FROM plant_sums "
	    "WHERE day IN (SELECT day FROM plant_due)") &&
	    hm_db_run(db, "INSERT INTO plant_sums " HM_PLANT_SUMS_DUE) &&
	    hm_db_run(db, "DELETE FROM plant_due")));
}
