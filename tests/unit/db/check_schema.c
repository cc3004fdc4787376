#include "scratch.h"

#include "db/reading_tables.h"
#include "db/schema.h"
#include "run_suite.h"

#include <sys/wait.h>
#include <time.h>

/* tests/data/schema has a database file of every schema version. */
static const char source[] = __FILE__;

static struct hm_db db;

/* How often a file was to be saved, and whether that succeeds. */
static int saved;
static bool can_save;

static void
setup(void)
{
	make_scratch();
	saved = 0;
	can_save = true;
}

static void
teardown(void)
{
	hm_db_close(&db);
	remove_scratch();
}

static void
bring_up(const char *name)
{
	const char *why;

	open_plain(&db, name);
	why = hm_schema_bring_up(&db);
	ck_assert_msg(why == NULL, "%s", why);
}

static bool
save(void *context, const char *path, int64_t version)
{
	ck_assert_ptr_eq(context, &saved);
	ck_assert_str_eq(path, db.path);
	ck_assert_int_eq(version, 1);
	ck_assert_int_eq(number(&db, "PRAGMA user_version"), 1);
	saved++;
	return can_save;
}

static void
migrate(void)
{
	const char *why = hm_schema_migrate(&db, save, &saved);

	ck_assert_msg(why == NULL, "%s", why);
	ck_assert_int_eq(number(&db, "PRAGMA user_version"),
	    HM_SCHEMA_VERSION);
	ck_assert_int_ne(sqlite3_get_autocommit(db.handle), 0);
}

/* A file as sqlite3 makes it: no log beside it, no tables of hm in it. */
static void
make_foreign(const char *name, const char *sql)
{
	open_plain(&db, name);
	run(&db, sql);
	hm_db_close(&db);
}

static void
copy_kept(const char *name)
{
	char from[400];

	snprintf(from, sizeof from, "%.*s../../data/schema/%s",
	    (int)(strrchr(source, '/') + 1 - source), source, name);
	copy_file(from, in_scratch(name));
}

static const char schema_sql[] =
    "SELECT type, name, sql FROM sqlite_schema ORDER BY type, name";

/* The schema as text; columns are sorted, because added ones come last. */
static const char names_sql[] = "SELECT type, name, (SELECT "
    "group_concat(name || ' ' || type || ' ' || \"notnull\" || ' ' || pk) "
    "FROM (SELECT * FROM pragma_table_info(s.name) ORDER BY name)) "
    "FROM sqlite_schema s ORDER BY 1, 2";

START_TEST(makes_a_new_file)
{
	static const char *const tables[] = {"dtu", "inverter_latest",
	    "port_hourly", "meter_daily", "alarm", "status", "info", "history",
	    "stats", "config", "rollup_due", "production_cache"};
	static const char *const views[] = {"latest", "inverters",
	    "daily_production", "today", "panel_performance", "outages",
	    "alarms", "metrics"};
	struct hm_sql sql;

	bring_up("new.db");
	ck_assert_int_eq(number(&db, "PRAGMA user_version"),
	    HM_SCHEMA_VERSION);
	ck_assert_str_eq(answer(&db, "PRAGMA journal_mode"), "wal");
	ck_assert_int_eq(number(&db, "PRAGMA auto_vacuum"), 2);
	ck_assert_int_ne(sqlite3_get_autocommit(db.handle), 0);
	for (size_t i = 0; i < COUNT(tables) + COUNT(views); i++) {
		hm_sql_start(&sql);
		hm_sql_add(&sql, "SELECT count(*) FROM %s",
		    i < COUNT(tables) ? tables[i] : views[i - COUNT(tables)]);
		ck_assert_int_eq(number(&db, hm_sql_text(&sql)), 0);
	}
	ck_assert_ptr_null(hm_schema_check(&db));
}
END_TEST

/* Those of devices that few plants have come with their first row. */
START_TEST(has_no_tables_on_demand)
{
	struct hm_tables tables;

	bring_up("new.db");
	ck_assert(hm_tables_look(&db, &tables));
	for (size_t i = 0; i < HM_SCOPES; i++) {
		struct hm_sql sql;

		hm_sql_start(&sql);
		hm_sql_add(&sql, "SELECT count(*) FROM sqlite_schema "
		    "WHERE type = 'table' AND name GLOB '%s*'",
		    hm_reading_types[i].name);
		ck_assert_int_eq(tables.of[i], !hm_reading_types[i].on_demand);
		ck_assert_int_eq(number(&db, hm_sql_text(&sql)) > 0,
		    tables.of[i]);
	}
	ck_assert(hm_schema_is_whole(&db));
}
END_TEST

static void
make_tables_on_demand(void)
{
	struct hm_tables tables;

	for (size_t i = 0; i < HM_SCOPES; i++)
		if (hm_reading_types[i].on_demand)
			ck_assert(hm_tables_create(&db, &hm_reading_types[i]));
	ck_assert(hm_tables_look(&db, &tables));
	for (size_t i = 0; i < HM_SCOPES; i++)
		ck_assert(tables.of[i]);
}

static bool
look_for(void *context, const char *column, const char *type)
{
	struct hm_sql sql;

	hm_sql_start(&sql);
	hm_sql_add(&sql, "SELECT type FROM pragma_table_info('%s') "
	    "WHERE name = '%s'", (const char *)context, column);
	ck_assert_str_eq(answer(&db, hm_sql_text(&sql)), type);
	return true;
}

START_TEST(has_every_field)
{
	char name[64];

	bring_up("new.db");
	make_tables_on_demand();
	for (size_t i = 0; i < HM_SCOPES; i++)
		for (int form = 0; form < HM_TABLE_FORMS; form++) {
			snprintf(name, sizeof name, "%s%s",
			    hm_reading_types[i].name,
			    hm_table_suffix((enum hm_table_form)form));
			ck_assert(hm_table_columns(&hm_reading_types[i],
			    (enum hm_table_form)form, look_for, name));
		}
}
END_TEST

/* Opening it again changes nothing, and needs no lock. */
START_TEST(leaves_a_current_file_alone)
{
	static char before[1 << 16];
	struct hm_db other;
	int64_t changes;

	bring_up("new.db");
	COPY_TEXT(before, answer(&db, schema_sql));
	changes = number(&db, "PRAGMA schema_version");
	open_plain(&other, "new.db");
	run(&other, "BEGIN IMMEDIATE");
	ck_assert_ptr_null(hm_schema_bring_up(&db));
	run(&other, "ROLLBACK");
	ck_assert_ptr_null(hm_schema_bring_up(&other));
	hm_db_close(&other);
	ck_assert_str_eq(answer(&db, schema_sql), before);
	ck_assert_int_eq(number(&db, "PRAGMA schema_version"), changes);
}
END_TEST

/* Several processes start at the same time. */
START_TEST(is_made_once_by_many)
{
	static char made[1 << 16];
	pid_t child[8];
	int status;

	for (size_t i = 0; i < COUNT(child); i++) {
		child[i] = fork();
		ck_assert_int_ge(child[i], 0);
		if (child[i] == 0) {
			bring_up("new.db");
			hm_db_close(&db);
			_exit(0);
		}
	}
	for (size_t i = 0; i < COUNT(child); i++) {
		ck_assert_int_eq(waitpid(child[i], &status, 0), child[i]);
		ck_assert_int_eq(status, 0);
	}
	bring_up("new.db");
	COPY_TEXT(made, answer(&db, schema_sql));
	hm_db_close(&db);
	bring_up("other.db");
	ck_assert_str_eq(answer(&db, schema_sql), made);
}
END_TEST

/* Files of earlier versions */

START_TEST(upgrades_a_ledger)
{
	static char row[1000];
	const char *rows = "SELECT * FROM production_cache";

	copy_kept("0.db");
	open_plain(&db, "0.db");
	COPY_TEXT(row, answer(&db, rows));
	ck_assert_uint_gt(strlen(row), 0);
	ck_assert_str_eq(hm_schema_check(&db), "there is no history in it");
	hm_db_close(&db);
	bring_up("0.db");
	/* Columns that have been added since come last. */
	ck_assert_mem_eq(answer(&db, rows), row, strlen(row));
	ck_assert_int_eq(number(&db, "SELECT e_left_day FROM production_cache"),
	    -1);
	ck_assert_int_eq(number(&db, "PRAGMA user_version"),
	    HM_SCHEMA_VERSION);
	ck_assert_int_eq(number(&db, "PRAGMA auto_vacuum"), 2);
}
END_TEST

static const char *const kept[] = {"0.db", "1.db", "1-reset-23.db"};

/* The upgraded schema is the same as a new one. */
START_TEST(upgrades_every_version)
{
	static char names[1 << 16];

	copy_kept(kept[_i]);
	bring_up(kept[_i]);
	migrate();
	ck_assert_int_eq(saved, kept[_i][0] - '0');
	COPY_TEXT(names, answer(&db, names_sql));
	ck_assert_str_eq(answer(&db, "PRAGMA integrity_check"), "ok");
	ck_assert_int_gt(number(&db, "SELECT count(*) "
	    "FROM production_cache") + number(&db, "SELECT count(*) FROM "
	    "port"), 0);
	hm_db_close(&db);
	bring_up("new.db");
	ck_assert_str_eq(answer(&db, names_sql), names);
}
END_TEST

static const char days_sql[] = "SELECT day, samples, today_production, "
    "total_production FROM port_daily";

/* By hm-store 0.1.0 with reset_hour 23. */
START_TEST(renames_days)
{
	copy_kept("1-reset-23.db");
	bring_up("1-reset-23.db");
	/* As a tool that only has its ledger in the file leaves it. */
	ck_assert_int_eq(number(&db, "PRAGMA user_version"), 1);
	ck_assert_str_eq(answer(&db, days_sql),
	    "2026-06-09|3|500|10500\n2026-06-10|3|600|11100\n"
	    "2026-06-11|2|200|11300");
	migrate();
	ck_assert_int_eq(saved, 1);
	ck_assert_str_eq(answer(&db, days_sql),
	    "2026-06-10|3|500|10500\n2026-06-11|3|600|11100\n"
	    "2026-06-12|2|200|11300");
	ck_assert_str_eq(answer(&db, "SELECT day FROM inverter_daily "
	    "UNION ALL SELECT day FROM dtu_daily"), "2026-06-10\n2026-06-11\n"
	    "2026-06-12\n2026-06-10\n2026-06-11\n2026-06-12");
	ck_assert_int_gt(number(&db, "SELECT count(*) FROM rollup_due"), 0);
	migrate();
	ck_assert_int_eq(saved, 1);
}
END_TEST

/* The setting has changed: from 23 to 0 on the 11th, at 10 o'clock. */
START_TEST(renames_days_of_the_setting)
{
	copy_kept("1-reset-23.db");
	bring_up("1-reset-23.db");
	run(&db, "UPDATE config SET time = "
	    "CAST(strftime('%s', '2026-06-01') AS INTEGER); "
	    "INSERT INTO config VALUES (CAST(strftime('%s', "
	    "'2026-06-11T10:00:00') AS INTEGER), 'reset_hour', '0'); "
	    "UPDATE port_daily SET samples = 4 WHERE day = '2026-06-11'");
	migrate();
	/* Of two days of one name that with more readings stays. */
	ck_assert_str_eq(answer(&db, days_sql),
	    "2026-06-10|3|500|10500\n2026-06-11|4|200|11300");
}
END_TEST

START_TEST(upgrades_nothing_that_cannot_be_saved)
{
	copy_kept("1-reset-23.db");
	bring_up("1-reset-23.db");
	can_save = false;
	ck_assert_str_eq(hm_schema_migrate(&db, save, &saved), "it is of an "
	    "older version, and cannot be copied before it is upgraded");
	hm_db_close(&db);
	bring_up("1-reset-23.db");
	ck_assert_int_eq(number(&db, "PRAGMA user_version"), 1);
	ck_assert_int_eq(number(&db, "SELECT count(*) FROM port_daily "
	    "WHERE day = '2026-06-09'"), 1);
}
END_TEST

/* A ledger of an older version lacks one of its columns. */
START_TEST(adds_to_the_ledger)
{
	copy_kept("0.db");
	open_plain(&db, "0.db");
	run(&db, "ALTER TABLE production_cache DROP COLUMN e_shift");
	hm_db_close(&db);
	bring_up("0.db");
	ck_assert_str_eq(answer(&db, "SELECT e_shift FROM production_cache"),
	    "0");
}
END_TEST

static const struct {
	const char *table, *column;
} fields[] = {
    {"inverter", "temperature"},
    {"inverter_latest", "temperature"},
    {"port_hourly", "pv_power_count"},
    {"port_hourly", "pv_power_max"},
    {"meter_daily", "energy_export"},
    {"dtu", "device_time"},
    {"meter_latest", "fault_code"},
    {"battery", "soc"},
    {"flow_hourly", "pv_to_grid_max"},
};

/* They name columns. */
static void
drop_views(void)
{
	char views[2000], *rest = views, *view;
	struct hm_sql sql;

	COPY_TEXT(views, answer(&db, "SELECT name FROM sqlite_schema "
	    "WHERE type = 'view'"));
	while ((view = strsep(&rest, "\n")) != NULL) {
		hm_sql_start(&sql);
		hm_sql_add(&sql, "DROP VIEW %s", view);
		run(&db, hm_sql_text(&sql));
	}
}

START_TEST(adds_a_field)
{
	static char names[1 << 16];
	struct hm_sql sql;

	bring_up("new.db");
	make_tables_on_demand();
	COPY_TEXT(names, answer(&db, names_sql));
	drop_views();
	run(&db, "INSERT INTO inverter (time, dtu, serial, alarm_code) "
	    "VALUES (5, 'roof', '1', 7)");
	hm_sql_start(&sql);
	hm_sql_add(&sql, "ALTER TABLE %s DROP COLUMN %s", fields[_i].table,
	    fields[_i].column);
	run(&db, hm_sql_text(&sql));
	ck_assert(!hm_schema_is_whole(&db));
	hm_db_close(&db);
	bring_up("new.db");
	ck_assert_str_eq(answer(&db, names_sql), names);
	ck_assert_str_eq(answer(&db, "SELECT time, dtu, serial, alarm_code, "
	    "temperature FROM inverter"), "5|roof|1|7|");
}
END_TEST

/* A file of a version that knew no commands. */
START_TEST(adds_tables)
{
	static char names[1 << 16];

	bring_up("new.db");
	COPY_TEXT(names, answer(&db, names_sql));
	drop_views();
	run(&db, "DROP TABLE commands; DROP TABLE results");
	ck_assert(!hm_schema_is_whole(&db));
	hm_db_close(&db);
	bring_up("new.db");
	ck_assert_str_eq(answer(&db, names_sql), names);
}
END_TEST

START_TEST(replaces_views)
{
	static char before[1 << 16];

	bring_up("new.db");
	COPY_TEXT(before, answer(&db, schema_sql));
	run(&db, "DROP VIEW today; CREATE VIEW today AS SELECT 1 AS x; "
	    "DROP VIEW outages");
	hm_db_close(&db);
	bring_up("new.db");
	ck_assert_str_eq(answer(&db, schema_sql), before);
}
END_TEST

/*
 * Readings of 26 and 27 November; the last of input 2 is stale, and before the
 * last of input 1 the energy begins again.
 */
START_TEST(today_does_not_wait_for_the_first_day)
{
	static const char insert[] = "INSERT INTO port (time, dtu, serial, "
	    "port, stale, today_production, pv_power) VALUES "
	    "(1795694400, 'roof', '1161', 1, 0, 2000, 390), "
	    "(1795777140, 'roof', '1161', 1, 0, 2100, 200), "
	    "(1795777200, 'roof', '1161', 1, 0, NULL, 300), "
	    "(1795777260, 'roof', '1161', 1, 0, 1886, 250), "
	    "(1795777200, 'roof', '1161', 2, 0, NULL, 310), "
	    "(1795777260, 'roof', '1161', 2, 1, 1725, 370)";

	setenv("TZ", "UTC", 1);
	tzset();
	bring_up("new.db");
	ck_assert_str_eq(answer(&db, "SELECT * FROM today"), "");
	run(&db, insert);
	ck_assert_str_eq(answer(&db, "SELECT * FROM today"),
	    "2026-11-27|roof|1161|1|1886|300.0\n"
	    "2026-11-27|roof|1161|2||310.0");
	run(&db, "INSERT INTO port_daily (day, dtu, serial, port, samples, "
	    "today_production, pv_power_max) VALUES "
	    "('2026-11-26', 'roof', '1161', 1, 9, 2000, 390)");
	ck_assert_str_eq(answer(&db, "SELECT * FROM today"),
	    "2026-11-26|roof|1161|1|2000|390.0");
}
END_TEST

START_TEST(leaves_additions_of_users)
{
	bring_up("new.db");
	run(&db, "CREATE VIEW mine AS SELECT 1 AS x; CREATE TABLE notes (x); "
	    "INSERT INTO notes VALUES ('a'); "
	    "CREATE INDEX fast ON inverter (serial); DROP VIEW alarms");
	hm_db_close(&db);
	bring_up("new.db");
	ck_assert_str_eq(answer(&db, "SELECT x FROM mine "
	    "UNION SELECT x FROM notes"), "1\na");
	ck_assert_int_eq(number(&db, "SELECT count(*) FROM sqlite_schema "
	    "WHERE name = 'fast'"), 1);
}
END_TEST

/* Files that are refused stay as they are, to the byte. */

static void
expect_refused(const char *name, const char *why)
{
	copy_file(in_scratch(name), in_scratch("before"));
	open_plain(&db, name);
	ck_assert_str_eq(hm_schema_bring_up(&db), why);
	ck_assert_str_eq(hm_schema_check(&db), why);
	hm_db_close(&db);
	ck_assert(same_files(in_scratch(name), in_scratch("before")));
	unlink(in_scratch("before"));
	ck_assert_str_eq(names_in_scratch(), "db ");
}

START_TEST(refuses_a_newer_version)
{
	make_foreign("db", "CREATE TABLE x (y); PRAGMA user_version = 3");
	expect_refused("db", "it was made by a newer version of hm; nothing "
	    "in it has been touched");
}
END_TEST

START_TEST(refuses_a_newer_version_in_wal_mode)
{
	bring_up("db");
	run(&db, "PRAGMA user_version = 2147483647");
	hm_db_close(&db);
	expect_refused("db", "it was made by a newer version of hm; nothing "
	    "in it has been touched");
}
END_TEST

START_TEST(refuses_a_foreign_ledger)
{
	make_foreign("db", "CREATE TABLE production_cache "
	    "(serial_number TEXT, port_number INTEGER, today INTEGER)");
	expect_refused("db", "it is of another program; name a new file");
}
END_TEST

START_TEST(refuses_other_files)
{
	FILE *file = fopen(in_scratch("db"), "w");
	const struct hm_db_options options = {.writing = true};

	ck_assert_ptr_nonnull(file);
	for (int i = 0; i < 1000; i++)
		fputs("This is not a database. ", file);
	ck_assert_int_eq(fclose(file), 0);
	copy_file(in_scratch("db"), in_scratch("before"));
	ck_assert(!hm_db_open(&db, in_scratch("db"), &options));
	ck_assert_str_eq(hm_db_reason(&db), "file is not a database");
	hm_db_close(&db);
	ck_assert(same_files(in_scratch("db"), in_scratch("before")));
}
END_TEST

/* A file that cannot be upgraded now is not changed. */
START_TEST(leaves_a_locked_file_alone)
{
	const struct hm_db_options options = {.writing = true, .busy_ms = 50};
	struct hm_db other;

	copy_kept("0.db");
	open_plain(&other, "0.db");
	run(&other, "PRAGMA journal_mode = WAL");
	run(&other, "BEGIN IMMEDIATE");
	ck_assert(hm_db_open(&db, in_scratch("0.db"), &options));
	ck_assert_str_eq(hm_schema_bring_up(&db), "database is locked");
	hm_db_close(&db);
	run(&other, "ROLLBACK");
	ck_assert_int_eq(number(&other, "PRAGMA user_version"), 0);
	ck_assert_int_eq(number(&other, "SELECT count(*) FROM sqlite_schema"),
	    1);
	hm_db_close(&other);
	bring_up("0.db");
}
END_TEST

/* Opening */

START_TEST(opens_by_its_own_path)
{
	const struct hm_db_options options = {.writing = true};

	bring_up("new.db");
	ck_assert(hm_db_open(&db, db.path, &options));
	ck_assert_str_eq(db.path, in_scratch("new.db"));
	ck_assert_int_eq(number(&db, "PRAGMA user_version"),
	    HM_SCHEMA_VERSION);
}
END_TEST

START_TEST(makes_no_file_to_read_it)
{
	const struct hm_db_options options = {.writing = false};

	ck_assert(!hm_db_open(&db, in_scratch("none.db"), &options));
	ck_assert_str_eq(hm_db_reason(&db), "no such file");
	ck_assert_str_eq(names_in_scratch(), "");
}
END_TEST

START_TEST(sees_that_a_file_has_moved)
{
	bring_up("a.db");
	ck_assert(!hm_db_moved(&db));
	ck_assert_int_eq(rename(in_scratch("a.db"), in_scratch("b.db")), 0);
	ck_assert(hm_db_moved(&db));
	copy_file(in_scratch("b.db"), in_scratch("a.db"));
	ck_assert(hm_db_moved(&db));
}
END_TEST

/* A reader holds up neither the close nor, meanwhile, other writers. */
START_TEST(closes_without_waiting_for_readers)
{
	struct hm_db reader;
	struct timespec before, after;

	bring_up("a.db");
	open_plain(&reader, "a.db");
	run(&reader, "BEGIN; SELECT * FROM config");
	run(&db, "CREATE TABLE more (x)");
	clock_gettime(CLOCK_MONOTONIC, &before);
	hm_db_close(&db);
	clock_gettime(CLOCK_MONOTONIC, &after);
	ck_assert_int_lt(after.tv_sec - before.tv_sec, 3);
	hm_db_close(&reader);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("schema");
	TCase *tcase = tcase_create("schema");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, makes_a_new_file);
	tcase_add_test(tcase, has_no_tables_on_demand);
	tcase_add_test(tcase, has_every_field);
	tcase_add_test(tcase, leaves_a_current_file_alone);
	tcase_add_test(tcase, is_made_once_by_many);
	tcase_add_test(tcase, upgrades_a_ledger);
	tcase_add_loop_test(tcase, upgrades_every_version, 0, COUNT(kept));
	tcase_add_test(tcase, renames_days);
	tcase_add_test(tcase, renames_days_of_the_setting);
	tcase_add_test(tcase, upgrades_nothing_that_cannot_be_saved);
	tcase_add_test(tcase, adds_to_the_ledger);
	tcase_add_loop_test(tcase, adds_a_field, 0, COUNT(fields));
	tcase_add_test(tcase, adds_tables);
	tcase_add_test(tcase, replaces_views);
	tcase_add_test(tcase, today_does_not_wait_for_the_first_day);
	tcase_add_test(tcase, leaves_additions_of_users);
	tcase_add_test(tcase, refuses_a_newer_version);
	tcase_add_test(tcase, refuses_a_newer_version_in_wal_mode);
	tcase_add_test(tcase, refuses_a_foreign_ledger);
	tcase_add_test(tcase, refuses_other_files);
	tcase_add_test(tcase, leaves_a_locked_file_alone);
	tcase_add_test(tcase, opens_by_its_own_path);
	tcase_add_test(tcase, makes_no_file_to_read_it);
	tcase_add_test(tcase, sees_that_a_file_has_moved);
	tcase_add_test(tcase, closes_without_waiting_for_readers);
	tcase_set_timeout(tcase, 60);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
