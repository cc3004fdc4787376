#include "schema.h"

#include <stdio.h>

#include "plant_days.h"
#include "reading_tables.h"
#include "record/types.h"
#include "sql.h"
#include "views.h"

/*
 * Over Modbus an inverter's alarm is a code in each reading: the trigger
 * records when an alarm begins and ends.
 */
static const char *const events_sql[] = {
    "CREATE TABLE alarm (time INTEGER NOT NULL, dtu TEXT NOT NULL, "
    "serial TEXT, port INTEGER, code INTEGER, alert TEXT, text TEXT, "
    "count INTEGER, start INTEGER NOT NULL, end INTEGER)",

    "CREATE UNIQUE INDEX alarm_key ON alarm (dtu, coalesce(serial, ''), "
    "coalesce(port, -1), coalesce(code, -1), coalesce(alert, ''), start)",

    "CREATE TRIGGER inverter_alarm AFTER INSERT ON inverter "
    "WHEN new.alarm_code IS NOT NULL BEGIN "
    "UPDATE alarm SET end = new.time, time = new.time "
    "WHERE dtu = new.dtu AND coalesce(serial, '') = new.serial "
    "AND coalesce(port, -1) = -1 AND code <> new.alarm_code "
    "AND start <= new.time AND end IS NULL; "
    "INSERT OR IGNORE INTO alarm "
    "(time, dtu, serial, code, text, start, end) "
    "SELECT new.time, new.dtu, new.serial, new.alarm_code, new.alarm_text, "
    "new.time, (SELECT min(time) FROM inverter WHERE time > new.time "
    "AND dtu = new.dtu AND serial = new.serial "
    "AND alarm_code <> new.alarm_code) "
    "WHERE new.alarm_code <> 0 AND NOT EXISTS (SELECT 1 FROM alarm "
    "WHERE dtu = new.dtu AND coalesce(serial, '') = new.serial "
    "AND coalesce(port, -1) = -1 AND code = new.alarm_code "
    "AND (end IS NULL OR (start <= new.time AND end >= new.time))); END",

    "CREATE TABLE status (time INTEGER NOT NULL, dtu TEXT NOT NULL, "
    "state TEXT, breaker TEXT, failures INTEGER, error TEXT, text TEXT, "
    "hint TEXT, retry_at INTEGER, PRIMARY KEY (dtu, time)) WITHOUT ROWID",

    /*
     * SQLite 3.40's integrity_check reports NULLs in time if time is not last.
     */
    "CREATE TABLE info (dtu TEXT NOT NULL, serial TEXT NOT NULL, "
    "data TEXT NOT NULL, time INTEGER NOT NULL, "
    "PRIMARY KEY (dtu, serial, data)) WITHOUT ROWID",

    "CREATE TABLE history (dtu TEXT NOT NULL, serial TEXT NOT NULL, "
    "start INTEGER NOT NULL, package INTEGER NOT NULL, "
    "time INTEGER NOT NULL, data TEXT NOT NULL, "
    "PRIMARY KEY (dtu, serial, start, package)) WITHOUT ROWID",

    "CREATE TABLE stats (time INTEGER NOT NULL, tool TEXT NOT NULL, "
    "data TEXT NOT NULL, PRIMARY KEY (time, tool, data)) WITHOUT ROWID",

    "CREATE TABLE config (time INTEGER NOT NULL, key TEXT NOT NULL, "
    "value TEXT, PRIMARY KEY (key, time)) WITHOUT ROWID",

    "CREATE TABLE rollup_due (hour INTEGER PRIMARY KEY)",
};

#define ENERGY(name, initial, help) \
	", e_" #name " INTEGER NOT NULL DEFAULT " #initial

/* Younger than version 2, which ignores them. */
static const char *const later_sql[] = {
    "CREATE TABLE IF NOT EXISTS running_time (boot TEXT PRIMARY KEY, uptime "
    "INTEGER NOT NULL, clock INTEGER NOT NULL, seconds INTEGER NOT NULL) "
    "WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS reading_hours "
    "(hour INTEGER PRIMARY KEY, arrived INTEGER)",
    "CREATE TABLE IF NOT EXISTS dtu_cache (dtu TEXT PRIMARY KEY, "
    "today_production INTEGER, total_production INTEGER NOT NULL, day NOT "
    "NULL, since NOT NULL, last_updated TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS rated_power (dtu TEXT NOT NULL, "
    "serial TEXT NOT NULL, model TEXT NOT NULL, inputs INTEGER NOT NULL, "
    "power INTEGER NOT NULL, input_power INTEGER NOT NULL, "
    "PRIMARY KEY (dtu, serial)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS inverter_parts (dtu TEXT NOT NULL, serial "
    "TEXT NOT NULL, port INTEGER NOT NULL, today_production INTEGER, "
    "total_production INTEGER NOT NULL, day INTEGER, left_out INTEGER NOT "
    "NULL, last_updated TEXT NOT NULL, PRIMARY KEY (dtu, serial, port)) "
    "WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS commands (id TEXT PRIMARY KEY, time INTEGER "
    "NOT NULL, dtu TEXT, serial TEXT, action TEXT, percent NUMERIC, watts "
    "NUMERIC, source TEXT, data TEXT NOT NULL) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS commands_time ON commands (time)",
    "CREATE TABLE IF NOT EXISTS results (id TEXT NOT NULL, "
    "stage INTEGER NOT NULL, time INTEGER NOT NULL, dtu TEXT, serial TEXT, "
    "action TEXT, state TEXT NOT NULL, error TEXT, text TEXT, "
    "percent NUMERIC, watts NUMERIC, is_on INTEGER, PRIMARY KEY (id, stage)) "
    "WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS results_time ON results (time)",
    "CREATE TABLE IF NOT EXISTS energy_cache (dtu TEXT NOT NULL, "
    "serial TEXT NOT NULL, type TEXT NOT NULL, field TEXT NOT NULL, "
    "today INTEGER, total INTEGER, last_updated TEXT NOT NULL"
#include "energy.def"
    ", PRIMARY KEY (dtu, serial, type, field)) WITHOUT ROWID",
};
#define LATER (sizeof later_sql / sizeof *later_sql)

static const char ledger_sql[] =
    "CREATE TABLE IF NOT EXISTS production_cache ("
    "dtu TEXT NOT NULL, serial TEXT NOT NULL, port INTEGER NOT NULL, "
    "today_production INTEGER, total_production INTEGER, "
    "last_updated TEXT NOT NULL"
#include "energy.def"
    ", PRIMARY KEY (dtu, serial, port)) WITHOUT ROWID";
#undef ENERGY

/* The content of a file */

static int64_t
version_of(struct hm_db *db)
{
	int64_t version = -1;

	return hm_db_ask(db, "PRAGMA user_version", &version) ? version : -1;
}

/*
 * The replaced program has another production_cache; other programs have tables
 * that are not ours.
 */
static bool
is_foreign(struct hm_db *db)
{
	int64_t foreign = 0;

	return hm_db_ask(db, "SELECT count(*) FROM sqlite_schema "
	    "WHERE type = 'table' AND name NOT LIKE 'sqlite_%' "
	    "AND name <> 'production_cache' OR name = 'production_cache' "
	    "AND NOT EXISTS (SELECT 1 FROM "
	    "pragma_table_info('production_cache') WHERE name = 'dtu')",
	    &foreign) && foreign != 0;
}

const char *
hm_schema_refuse(struct hm_db *db)
{
	int64_t version = version_of(db);

	if (version < 0)
		return NULL;
	if (version > HM_SCHEMA_VERSION)
		return "it was made by a newer version of hm; nothing in it "
		    "has been touched";
	/* Another process may just have created the tables. */
	if (version == 0 && is_foreign(db) && version_of(db) == 0)
		return "it is of another program; name a new file";
	return NULL;
}

const char *
hm_schema_check(struct hm_db *db)
{
	const char *why = hm_schema_refuse(db);
	int64_t version = version_of(db);

	if (why != NULL || version > 0)
		return why;
	return version == 0 ? "there is no history in it" : hm_db_reason(db);
}

/* Columns */

/* Tables whose columns come from .def files, by number; two are ledgers. */
#define LEDGER ((size_t)HM_SCOPES * HM_TABLE_FORMS)
#define TABLES (LEDGER + 2)
#define NAME_SIZE 64

static void
name_table(size_t number, char name[NAME_SIZE])
{
	if (number >= LEDGER)
		snprintf(name, NAME_SIZE, number == LEDGER ?
		    "production_cache" : "energy_cache");
	else
		snprintf(name, NAME_SIZE, "%s%s",
		    hm_reading_types[number / HM_TABLE_FORMS].name,
		    hm_table_suffix((enum hm_table_form)(number %
		    HM_TABLE_FORMS)));
}

#define ENERGY(name, initial, help) \
	{"e_" #name, "INTEGER NOT NULL DEFAULT " #initial},
static const struct {
	const char *column, *type;
} ledger_columns[] = {
#include "energy.def"
};
#undef ENERGY

/* The column that tells filled rows is younger than the tables, too. */
static bool
visit_readings(const struct hm_reading_type *type, enum hm_table_form form,
    hm_column_visitor *visitor, void *context)
{
	if ((form == HM_TABLE_HOURLY || form == HM_TABLE_DAILY) &&
	    !visitor(context, HM_FILLED, HM_FILLED_TYPE))
		return false;
	return hm_table_columns(type, form, visitor, context);
}

static bool
visit_columns(size_t number, hm_column_visitor *visitor, void *context)
{
	if (number < LEDGER)
		return visit_readings(
		    &hm_reading_types[number / HM_TABLE_FORMS],
		    (enum hm_table_form)(number % HM_TABLE_FORMS), visitor,
		    context);
	for (size_t i = 0; i < sizeof ledger_columns / sizeof *ledger_columns;
	    i++)
		if (!visitor(context, ledger_columns[i].column,
		    ledger_columns[i].type))
			return false;
	return true;
}

static bool
select_column(void *context, const char *column, const char *type)
{
	(void)type;
	hm_sql_add(context, ", %s", column);
	return true;
}

/* A query with a missing column cannot be prepared. */
static bool
has_columns(struct hm_db *db, size_t number)
{
	sqlite3_stmt *select = NULL;
	char name[NAME_SIZE];
	struct hm_sql sql;
	bool good;

	name_table(number, name);
	hm_sql_start(&sql);
	hm_sql_add(&sql, "SELECT dtu");
	visit_columns(number, select_column, &sql);
	hm_sql_add(&sql, " FROM %s", name);
	good = hm_db_prepare(db, hm_sql_text(&sql), &select);
	sqlite3_finalize(select);
	return good;
}

static bool
has_later(struct hm_db *db)
{
	int64_t there = 0;

	return hm_db_ask(db, "SELECT count(*) FROM sqlite_schema WHERE name IN "
	    "('running_time', 'reading_hours', 'dtu_cache', 'rated_power', "
	    "'inverter_parts', 'plant_sums', 'plant_due', 'commands', "
	    "'commands_time', 'results', 'results_time', 'energy_cache')",
	    &there) && there == (int64_t)LATER + HM_PLANT_TABLES;
}

static bool
is_there(const struct hm_tables *tables, size_t number)
{
	return number >= LEDGER || tables->of[number / HM_TABLE_FORMS];
}

bool
hm_schema_is_whole(struct hm_db *db)
{
	struct hm_tables tables;

	if (!hm_tables_look(db, &tables))
		return false;
	for (size_t i = 0; i < TABLES; i++)
		if (is_there(&tables, i) && !has_columns(db, i))
			return false;
	return has_later(db);
}

struct table {
	struct hm_db *db;
	char name[NAME_SIZE];
};

static bool
add_column(void *context, const char *column, const char *type)
{
	const struct table *table = context;
	int64_t there = 0;
	struct hm_sql sql;

	hm_sql_start(&sql);
	hm_sql_add(&sql, "SELECT count(*) FROM pragma_table_info('%s') "
	    "WHERE name = '%s'", table->name, column);
	if (!hm_db_ask(table->db, hm_sql_text(&sql), &there))
		return false;
	if (there > 0)
		return true;
	hm_sql_start(&sql);
	hm_sql_add(&sql, "ALTER TABLE %s ADD COLUMN %s %s", table->name,
	    column, type);
	return hm_db_run(table->db, hm_sql_text(&sql));
}

static bool
add_columns(struct hm_db *db)
{
	struct table table = {.db = db};
	struct hm_tables tables;

	if (!hm_tables_look(db, &tables))
		return false;
	for (size_t i = 0; i < TABLES; i++) {
		name_table(i, table.name);
		if (is_there(&tables, i) && !has_columns(db, i) &&
		    !visit_columns(i, add_column, &table))
			return false;
	}
	return true;
}

/* Versions */

/* Create all tables in a new file, those of new types in an older one. */
static bool
create_tables(struct hm_db *db)
{
	for (size_t i = 0; i < HM_SCOPES; i++)
		if (!hm_reading_types[i].on_demand &&
		    !hm_tables_create(db, &hm_reading_types[i]))
			return false;
	for (size_t i = 0; i < LATER; i++)
		if (!hm_db_run(db, later_sql[i]))
			return false;
	return hm_plant_days_are_current(db) || hm_plant_days_create(db);
}

/* The file may have a ledger already, from the first hm-filter. */
static bool
to_1(struct hm_db *db)
{
	if (!hm_db_run(db, ledger_sql))
		return false;
	for (size_t i = 0; i < sizeof events_sql / sizeof *events_sql; i++)
		if (!hm_db_run(db, events_sql[i]))
			return false;
	return hm_db_run(db, "PRAGMA user_version = 1");
}

/*
 * Up to version 1 a day was named after the date on which it began, also with a
 * reset_hour in the afternoon. `config` says which was in force at the end of a
 * day, or, for earlier days, first. Renamed days begin with a + until all are
 * renamed. If two days get one name, around a change of the setting, the one
 * made of more readings stays.
 */
#define RENAMED(table) "EXISTS (SELECT 1 FROM " table " WHERE day < '0')"
#define RENAME_DAYS(table, keys) \
	"UPDATE " table " SET day = '+' || date(day, '+1 day') WHERE " \
	"coalesce((SELECT value FROM config WHERE key = 'reset_hour' " \
	"AND time <= CAST(strftime('%s', " table ".day, '+1 day') AS " \
	"INTEGER) " \
	"ORDER BY time DESC LIMIT 1), (SELECT value FROM config " \
	"WHERE key = 'reset_hour' ORDER BY time LIMIT 1)) + 0 > 12", \
	"DELETE FROM " table " WHERE " RENAMED(table) \
	" AND (ltrim(day, '+'), " keys ", samples) NOT IN (SELECT " \
	"ltrim(day, '+'), " keys ", max(samples) FROM " table \
	" GROUP BY ltrim(day, '+'), " keys ")", \
	"DELETE FROM " table " WHERE " RENAMED(table) \
	" AND ('+' || day, " keys ") IN (SELECT day, " keys " FROM " table \
	")", \
	"UPDATE " table " SET day = ltrim(day, '+') WHERE day < '0'"

static const char *const to_2_sql[] = {
    /* The days around the upgrade get their totals again from their hours. */
    "CREATE TABLE IF NOT EXISTS day_totals (dtu TEXT NOT NULL, "
    "serial TEXT NOT NULL, port INTEGER NOT NULL, day TEXT NOT NULL, "
    "start INTEGER, last INTEGER, "
    "PRIMARY KEY (dtu, serial, port, day)) WITHOUT ROWID",

    "CREATE TABLE IF NOT EXISTS past_days (dtu TEXT NOT NULL, "
    "serial TEXT NOT NULL, moment INTEGER NOT NULL, "
    "energy INTEGER NOT NULL, time INTEGER NOT NULL, "
    "PRIMARY KEY (dtu, serial, moment)) WITHOUT ROWID",

    "INSERT OR IGNORE INTO rollup_due SELECT DISTINCT hour FROM port_hourly "
    "WHERE hour > (SELECT max(hour) - 172800 FROM port_hourly)",

    RENAME_DAYS("dtu_daily", "dtu"),
    RENAME_DAYS("inverter_daily", "dtu, serial"),
    RENAME_DAYS("port_daily", "dtu, serial, port"),
    RENAME_DAYS("meter_daily", "dtu, serial"),

    "PRAGMA user_version = 2",
};

static bool
to_2(struct hm_db *db)
{
	for (size_t i = 0; i < sizeof to_2_sql / sizeof *to_2_sql; i++)
		if (!hm_db_run(db, to_2_sql[i]))
			return false;
	return true;
}

static bool (*const migrations[HM_SCHEMA_VERSION])(struct hm_db *db) = {
    to_1, to_2,
};

static bool
migrate(struct hm_db *db, int64_t version)
{
	for (int64_t i = 0; i < HM_SCHEMA_VERSION; i++)
		if (i >= version && !migrations[i](db))
			return false;
	return true;
}

/* Whether nothing has to be changed, so that no lock is needed. */
static bool
is_current(struct hm_db *db, int64_t version)
{
	return version >= 1 && hm_schema_is_whole(db) &&
	    hm_plant_days_are_current(db) && hm_views_are_current(db);
}

/* In a transaction: another process may have been faster. */
static const char *
bring_up(struct hm_db *db)
{
	const char *why = hm_schema_refuse(db);
	int64_t version = version_of(db);

	if (why != NULL)
		return why;
	return version >= 0 && create_tables(db) &&
	    (version > 0 || migrate(db, version)) &&
	    add_columns(db) && hm_views_make(db) && hm_db_run(db, "COMMIT") ?
	    NULL : hm_db_reason(db);
}

/*
 * A file with only a ledger does not have auto_vacuum yet. It is small, so
 * VACUUM is quick; if it fails, nothing is lost.
 */
static void
give_pages_back(struct hm_db *db)
{
	int64_t mode;

	if (hm_db_ask(db, "PRAGMA auto_vacuum", &mode) && mode == 0 &&
	    hm_db_run(db, "PRAGMA auto_vacuum = INCREMENTAL"))
		hm_db_run(db, "VACUUM");
}

const char *
hm_schema_bring_up(struct hm_db *db)
{
	const char *why = hm_schema_refuse(db);
	int64_t version = version_of(db);

	if (why != NULL)
		return why;
	if (version < 0 || !hm_db_use_wal(db))
		return hm_db_reason(db);
	if (is_current(db, version))
		return NULL;
	if (!hm_db_run(db, "BEGIN IMMEDIATE"))
		return hm_db_reason(db);
	why = bring_up(db);
	if (why == NULL && version == 0)
		give_pages_back(db);
	return why;
}

/* Another process may have been faster. */
static const char *
migrate_old(struct hm_db *db, hm_schema_saver *save, void *context)
{
	int64_t version = version_of(db);

	if (version == HM_SCHEMA_VERSION)
		return hm_db_run(db, "COMMIT") ? NULL : hm_db_reason(db);
	if (version > 0 && !save(context, db->path, version))
		return "it is of an older version, and cannot be copied "
		    "before it is upgraded";
	return version > 0 && migrate(db, version) &&
	    hm_db_run(db, "COMMIT") ? NULL : hm_db_reason(db);
}

const char *
hm_schema_migrate(struct hm_db *db, hm_schema_saver *save, void *context)
{
	if (version_of(db) == HM_SCHEMA_VERSION)
		return NULL;
	return hm_db_run(db, "BEGIN IMMEDIATE") ?
	    migrate_old(db, save, context) : hm_db_reason(db);
}
