#include "rename.h"

#include <string.h>

#include "db/db.h"
#include "db/reading_tables.h"
#include "db/sql.h"
#include "record/types.h"

/*
 * An input whose totals are raised `by` the Wh of the old one in the ledger,
 * and by `shown`, which may be multiplied, in its rows. The others are of the
 * old input: its energy of `day`, the totals at the start of that day and
 * before it, `last`, its total, and what its DTU has counted of it; -1:
 * unknown, or not to be used.
 */
static const char create_sql[] =
    "CREATE TEMP TABLE carried (dtu, serial, port, by, shown, time, day, "
    "today, began, before, before_time, last, counted, counted_today, "
    "PRIMARY KEY (dtu, serial, port))";

/*
 * The inverter's totals go on. A ledger that has forgotten the old one does not
 * know its day.
 */
static const char *const replaced_sql[] = {
    "INSERT INTO carried SELECT dtu, ?2, port, e_total, "
    "coalesce((SELECT iif(total_production BETWEEN e_total * 0.9 AND "
    "e_total * 1.1, NULL, total_production) FROM port_latest AS l WHERE "
    "l.dtu = c.dtu AND l.serial = ?1 AND l.port = c.port), e_total), "
    "e_total_time, e_day, iif(e_began >= 0, max(e_total - e_began, 0), 0), "
    "min(e_began, e_total), min(e_before, e_total), e_before_time, e_total, "
    "e_counted, e_counted_today FROM production_cache AS c "
    "WHERE serial = ?1 AND e_total > 0",

    "INSERT OR IGNORE INTO carried SELECT dtu, ?2, port, "
    "CAST(total_production AS INTEGER), total_production, time, -1, 0, -1, -1, "
    "-1, CAST(total_production AS INTEGER), -1, -1 FROM port_latest AS l "
    "WHERE serial = ?1 AND total_production > 0 AND total_production = "
    "CAST(total_production AS INTEGER) AND EXISTS "
    "(SELECT 1 FROM production_cache AS c WHERE c.dtu = l.dtu)",
};

/* The newer of two rows of an input is the one that is shown. */
#define NEWER "(n.e_total >= 0) * 4e12 + n.e_pending_time > " \
	"(o.e_total >= 0) * 4e12 + o.e_pending_time"

/*
 * Under the newer name the guard began without what it had added. A counter of
 * the day is in both totals, if neither has seen a midnight since.
 */
#define ADDED_BEFORE "iif(n.e_daily = 1 AND o.e_daily = 1 AND n.e_day <> " \
	"o.e_day, max(o.e_total, 0), o.e_shift)"
static const char renamed_sql[] =
    "INSERT INTO carried SELECT n.dtu, n.serial, n.port, " ADDED_BEFORE ", "
    ADDED_BEFORE ", n.e_total_time, -2, 0, -1, -1, -1, -1, -1, -1 "
    "FROM production_cache AS n JOIN production_cache AS o "
    "USING (serial, port) WHERE n.dtu IN (?1, ?2) AND "
    "o.dtu IN (?1, ?2) AND n.dtu <> o.dtu AND " NEWER " AND "
    "(n.e_shift = 0 OR n.e_daily = 1) AND " ADDED_BEFORE " <> 0 AND "
    "n.e_total + " ADDED_BEFORE " > 0";

#define IS_OLDER "n.dtu = ?2 AND EXISTS (SELECT 1 FROM production_cache AS o " \
	"WHERE o.dtu = ?1 AND o.serial = n.serial AND o.port = n.port " \
	"AND NOT (" NEWER "))"
static const char *const drop_older_sql[] = {
    "DELETE FROM inverter_parts WHERE (dtu, serial, port) IN (SELECT n.dtu, "
    "n.serial, n.port FROM production_cache AS n WHERE " IS_OLDER ")",
    "DELETE FROM production_cache AS n WHERE " IS_OLDER,
};

/* The ledger */

#define ENERGY(name, initial, help) ", e_" #name
static const char add_sql[] =
    "INSERT OR IGNORE INTO production_cache (dtu, serial, port, last_updated"
#include "db/energy.def"
#undef ENERGY
#define ENERGY(name, initial, help) ", " #initial
    ") SELECT dtu, serial, port, strftime('%Y-%m-%dT%H:%M:%SZ', 'now')"
#include "db/energy.def"
    " FROM carried";
#undef ENERGY

#define RAISED(name) \
	"e_" #name " = iif(n.e_" #name " >= 0, n.e_" #name " + c.by, -1), "
#define SAME_DAY "(n.e_day < 0 OR n.e_day = c.day)"
static const char raise_sql[] =
    "UPDATE production_cache AS n SET " RAISED(first) RAISED(device_base)
    "e_total = max(n.e_total, 0) + c.by, "
    "e_total_time = iif(n.e_total >= 0, n.e_total_time, c.time), "
    "e_pending = max(n.e_pending, 0) + c.by, "
    "e_pending_time = iif(n.e_pending >= 0, n.e_pending_time, c.time), "
    "e_shift = n.e_shift + c.by, "
    "e_counted = iif(n.e_counted >= 0, n.e_counted + c.by, c.counted), "
    "e_counted_today = iif(n.e_counted_today >= 0, n.e_counted_today + "
    "iif(n.e_day = c.day, c.today, 0), c.counted_today), "
    "e_day = iif(n.e_day >= 0, n.e_day, max(c.day, -1)), "
    "e_began = CASE WHEN n.e_began >= 0 THEN n.e_began + c.by - "
    "iif(n.e_day = c.day, c.today, 0) WHEN " SAME_DAY " THEN c.began "
    "ELSE -1 END, "
    "e_before = CASE WHEN n.e_before >= 0 THEN n.e_before + c.by "
    "WHEN " SAME_DAY " THEN c.before ELSE c.last END, "
    "e_before_time = CASE WHEN n.e_before >= 0 THEN n.e_before_time "
    "WHEN " SAME_DAY " THEN c.before_time ELSE c.time END "
    "FROM carried AS c WHERE n.dtu = c.dtu AND n.serial = c.serial "
    "AND n.port = c.port";

static const char people_sql[] =
    "UPDATE production_cache SET total_production = e_total, "
    "today_production = CASE WHEN e_began >= 0 THEN max(e_total - e_began, 0) "
    "WHEN e_before >= 0 THEN 0 END WHERE (dtu, serial, port) IN "
    "(SELECT dtu, serial, port FROM carried)";

static bool
raise_ledger(struct hm_rename *r)
{
	return hm_rename_run(r, add_sql) && hm_rename_run(r, raise_sql) &&
	    hm_rename_run(r, people_sql);
}

/* The new inverter counts as the old one did, if that counted only days. */
static const char daily_sql[] =
    "UPDATE production_cache AS n SET e_daily = 1 WHERE serial = ?2 AND "
    "EXISTS (SELECT 1 FROM production_cache AS o WHERE o.serial = ?1 AND "
    "o.dtu = n.dtu AND o.port = n.port AND o.e_daily = 1)";

/*
 * What an input adds to its inverter, see inverter_part.h of hm-filter. The
 * total of one in `carried` holds that of the old one; another is added.
 */
static const char parts_sql[] =
    "INSERT INTO inverter_parts (dtu, serial, port, today_production, "
    "total_production, day, left_out, last_updated) SELECT dtu, ?2, port, "
    "today_production, total_production, day, left_out, last_updated "
    "FROM inverter_parts WHERE serial = ?1 ON CONFLICT DO UPDATE "
    "SET left_out = left_out + excluded.left_out - iif((dtu, serial, port) "
    "IN (SELECT dtu, serial, port FROM carried), 0, "
    "excluded.total_production)";

/*
 * The counters of hybrid inverters. A sum that has begun again under the other
 * name or serial number goes on from the older one; a sum that has not begun
 * is replaced by it, in hm_rename_tables.
 */
#define OLDER(column) "FROM energy_cache AS o WHERE o." column " = ?1 AND " \
	"n." column " = ?2 AND o.type = n.type AND o.field = n.field AND " \
	"(o.dtu = n.dtu OR o.serial = n.serial) AND o.e_total > 0"
#define GOES_ON "iif(o.serial = n.serial, " ADDED_BEFORE ", o.e_total)"
#define ADDED(name) \
	"e_" #name " = iif(n.e_" #name " >= 0, n.e_" #name " + " GOES_ON \
	", -1), "
#define ADD(column) "UPDATE energy_cache AS n SET " ADDED(total) \
	ADDED(pending) ADDED(began) ADDED(before) ADDED(first) \
	ADDED(device_base) "e_shift = n.e_shift + " GOES_ON ", " \
	"total = n.total + " GOES_ON " " OLDER(column) \
	" AND n.e_daily = 1 AND n.e_total > 0"
#define DROP(column) "DELETE FROM energy_cache AS n WHERE n.e_total < 0 AND " \
	"EXISTS (SELECT 1 " OLDER(column) ")"
static const char *const add_dtu_sql[] = {ADD("dtu"), DROP("dtu")};
static const char *const add_serial_sql[] = {ADD("serial"), DROP("serial")};

static bool
add_counters(struct hm_rename *r)
{
	const char *const *sql = strcmp(r->column, "dtu") == 0 ? add_dtu_sql :
	    add_serial_sql;

	return hm_rename_run(r, sql[0]) && hm_rename_run(r, sql[1]);
}

/* The history */

static bool
raise_totals(struct hm_rename *r)
{
	for (int form = 0; form < HM_TABLE_FORMS; form++) {
		struct hm_sql sql;

		hm_sql_start(&sql);
		hm_sql_add(&sql, "UPDATE port%s AS n SET total_production = "
		    "n.total_production + c.shown FROM carried AS c "
		    "WHERE n.dtu = c.dtu AND n.serial = c.serial "
		    "AND n.port = c.port",
		    hm_table_suffix((enum hm_table_form)form));
		if (!hm_rename_run(r, hm_sql_text(&sql)))
			return false;
	}
	return hm_rename_run(r, "UPDATE day_totals AS n SET start = n.start + "
	    "c.shown, last = n.last + c.shown FROM carried AS c "
	    "WHERE n.dtu = c.dtu AND n.serial = c.serial AND n.port = c.port");
}

/* The energy that the old inverter produced on the day of the replacement. */
static const char *const shared_days_sql[] = {
    "CREATE TEMP TABLE shared_days (dtu, serial, port, day, today)",
    "INSERT INTO shared_days SELECT o.dtu, ?2, o.port, o.day, "
    "o.today_production FROM port_daily AS o JOIN port_daily AS n "
    "USING (day, dtu, port) JOIN carried USING (dtu, port) "
    "WHERE o.serial = ?1 AND n.serial = ?2 AND o.today_production > 0",
};

static bool
add_today(struct hm_rename *r)
{
	static const struct {
		enum hm_table_form form;
		const char *day;
	} tables[] = {
	    {HM_TABLE_RAW, "hm_day(n.time)"},
	    {HM_TABLE_LATEST, "hm_day(n.time)"},
	    {HM_TABLE_HOURLY, "hm_day(n.hour)"},
	    {HM_TABLE_DAILY, "n.day"},
	};

	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
		struct hm_sql sql;

		hm_sql_start(&sql);
		hm_sql_add(&sql, "UPDATE port%s AS n SET today_production = "
		    "n.today_production + s.today FROM shared_days AS s "
		    "WHERE n.dtu = s.dtu AND n.serial = s.serial "
		    "AND n.port = s.port AND %s = s.day",
		    hm_table_suffix(tables[i].form), tables[i].day);
		if (!hm_rename_run(r, hm_sql_text(&sql)))
			return false;
	}
	return true;
}

static bool
replace(struct hm_rename *r)
{
	return hm_rename_run(r, create_sql) &&
	    hm_rename_run(r, replaced_sql[0]) &&
	    hm_rename_run(r, replaced_sql[1]) &&
	    hm_rename_run(r, shared_days_sql[0]) &&
	    hm_rename_run(r, shared_days_sql[1]) && raise_totals(r) &&
	    add_today(r) && raise_ledger(r) && hm_rename_run(r, daily_sql) &&
	    add_counters(r) && hm_rename_run(r, parts_sql) &&
	    hm_rename_run(r, "DELETE FROM inverter_parts WHERE serial = ?1") &&
	    hm_rename_run(r, "DELETE FROM production_cache WHERE serial = ?1");
}

/*
 * If both names have energies of a DTU, neither fits the inputs together: they
 * begin again as the sum.
 */
static const char drop_sums_sql[] =
    "DELETE FROM dtu_cache WHERE dtu IN (?1, ?2) AND "
    "(SELECT count(*) FROM dtu_cache WHERE dtu IN (?1, ?2)) = 2";

bool
hm_rename_energies(struct hm_rename *r)
{
	if (strcmp(r->column, "dtu") != 0)
		return replace(r);
	return hm_rename_run(r, create_sql) && hm_rename_run(r, renamed_sql) &&
	    raise_totals(r) && raise_ledger(r) && add_counters(r) &&
	    hm_rename_run(r, drop_older_sql[0]) &&
	    hm_rename_run(r, drop_older_sql[1]) &&
	    hm_rename_run(r, drop_sums_sql);
}
