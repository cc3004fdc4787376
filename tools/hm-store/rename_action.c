#include "rename_action.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backup.h"
#include "base/clock.h"
#include "base/exits.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "base/rfc3339.h"
#include "config/settings.h"
#include "db/db.h"
#include "db/plant_days.h"
#include "db/schema.h"
#include "db/sql.h"
#include "print_record.h"
#include "record/dtu_name.h"
#include "record/record.h"
#include "rename.h"
#include "rollup.h"

#define BUSY_MS 1000
#define PATH_SIZE 4096
#define LIST_SIZE 1024
/* A record: a byte of a path becomes at most 6 in JSON ("\u0001"). */
#define RESULT_SIZE (2 * 6 * PATH_SIZE + 8192)
#define SERIAL_MAX 31

struct action {
	struct hm_rename rename;
	struct hm_db db;
	const struct hm_config *config;
	const char *option, *path, *noun;
	int64_t known;      /* rows of the old name */
	int64_t known_new;  /* rows of the new one */
	char backup[PATH_SIZE];
};

/* The names */

static int
refuse(const struct action *a, const char *found, const char *why)
{
	hm_log(HM_ERROR, "%s: found \"%s\"; %s", a->option, found, why);
	return HM_EXIT_USAGE;
}

static bool
is_serial(struct hm_slice text)
{
	if (text.n == 0 || text.n > SERIAL_MAX)
		return false;
	for (size_t i = 0; i < text.n; i++)
		if (strchr("0123456789abcdef", text.p[i]) == NULL)
			return false;
	return true;
}

static bool
is_name(struct hm_slice text)
{
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] < ' ')
			return false;
	return text.n > 0 && text.n <= HM_DTU_NAME_MAX;
}

/* The rows with the name ?1 or ?2 of the tables of devices. */
#define ROWS(table, which) "(SELECT count(*) FROM " table " WHERE " which ")"
#define COUNT(which) "SELECT " ROWS("port", which) " + " \
	ROWS("inverter", which) " + " ROWS("port_hourly", which) " + " \
	ROWS("port_latest", which) " + " ROWS("inverter_latest", which) " + " \
	ROWS("production_cache", which)

static bool
count_rows(struct action *a)
{
	bool of_dtu = strcmp(a->rename.column, "dtu") == 0;

	return hm_rename_ask(&a->rename, of_dtu ?
	    COUNT("dtu = ?1") " + " ROWS("dtu", "dtu = ?1") " + "
	    ROWS("status", "dtu = ?1") : COUNT("serial = ?1"), &a->known) &&
	    hm_rename_ask(&a->rename, of_dtu ?
	    COUNT("dtu = ?2") " + " ROWS("dtu", "dtu = ?2") " + "
	    ROWS("status", "dtu = ?2") : COUNT("serial = ?2"), &a->known_new);
}

/*
 * Split OLD=NEW. A name of a DTU may contain a =, so OLD is the first one that
 * the database knows.
 */
static bool
split(struct action *a, const char *text)
{
	for (const char *at = strchr(text, '='); at != NULL;
	     at = strchr(at + 1, '=')) {
		a->rename.from = hm_slice(text, (size_t)(at - text));
		a->rename.to = hm_text(at + 1);
		if (!count_rows(a))
			return false;
		if (a->known > 0)
			return true;
	}
	a->known = 0;
	return true;
}

/* "DTU, roof": the names in the database */
static void
list_names(struct action *a, char out[LIST_SIZE])
{
	sqlite3_stmt *rows = NULL;
	struct hm_sql sql;
	size_t n = 0;

	out[0] = '\0';
	hm_sql_start(&sql);
	hm_sql_add(&sql, "SELECT DISTINCT %s FROM inverter_latest UNION "
	    "SELECT %s FROM production_cache ORDER BY 1", a->rename.column,
	    a->rename.column);
	if (hm_db_prepare(&a->db, hm_sql_text(&sql), &rows))
		while (sqlite3_step(rows) == SQLITE_ROW && n < LIST_SIZE) {
			struct hm_slice name = hm_db_column_text(rows, 0);
			int more = snprintf(out + n, LIST_SIZE - n, "%s%.*s",
			    n > 0 ? ", " : "", (int)name.n, name.p);

			n += more > 0 ? (size_t)more : 0;
		}
	sqlite3_finalize(rows);
}

static int
refuse_unknown(struct action *a, const char *text)
{
	char why[LIST_SIZE + 64], names[LIST_SIZE];

	list_names(a, names);
	snprintf(why, sizeof why, "the database has no %s of that old name%s%s",
	    a->noun, names[0] != '\0' ? "; it has " : "", names);
	return refuse(a, text, why);
}

/* An inverter's totals are those of its DTU. */
static int
check_same_dtu(struct action *a, const char *text)
{
	int64_t elsewhere = 0;

	if (strcmp(a->rename.column, "serial") != 0)
		return HM_EXIT_OK;
	if (!hm_rename_ask(&a->rename, "SELECT count(*) FROM (SELECT dtu, "
	    "serial FROM inverter_latest UNION SELECT dtu, serial FROM "
	    "production_cache) AS n WHERE n.serial = ?2 AND NOT EXISTS "
	    "(SELECT 1 FROM (SELECT dtu, serial FROM inverter_latest UNION "
	    "SELECT dtu, serial FROM port_latest UNION SELECT dtu, serial "
	    "FROM production_cache) AS o WHERE o.serial = ?1 AND "
	    "o.dtu = n.dtu)", &elsewhere))
		return HM_EXIT_IO;
	return elsewhere == 0 ? HM_EXIT_OK : refuse(a, text, "both inverters "
	    "must be of the same DTU");
}

static int
read_names(struct action *a, const char *text)
{
	bool of_dtu = strcmp(a->rename.column, "dtu") == 0;

	if (strchr(text, '=') == NULL)
		return refuse(a, text, "it must be OLD=NEW");
	if (!split(a, text)) {
		hm_db_complain(&a->db, "cannot read the database");
		return HM_EXIT_IO;
	}
	if (a->known == 0)
		return refuse_unknown(a, text);
	if (!(of_dtu ? is_name(a->rename.to) : is_serial(a->rename.to)))
		return refuse(a, text, of_dtu ? "the new name must have 1 to "
		    "120 bytes" : "the new serial number must be of digits "
		    "and a to f");
	if (hm_slice_equal(a->rename.from, a->rename.to))
		return refuse(a, text, "the two must differ");
	return check_same_dtu(a, text);
}

/* The database */

static int
cannot(const struct action *a, const char *why)
{
	hm_log_facts(HM_ERROR, HM_FACTS(hm_fact("file", a->path),
	    hm_fact("reason", why)), "%s: %s: %s", a->path, a->option, why);
	return HM_EXIT_IO;
}

/*
 * SQLite gives the lock of the whole file only if no other process has it
 * open, and then keeps others from opening it.
 */
static int
open_alone(struct action *a)
{
	const struct hm_db_options options = {
	    .writing = true, .careful = true, .busy_ms = BUSY_MS};

	if (hm_db_open(&a->db, a->path, &options) &&
	    hm_db_run(&a->db, "PRAGMA locking_mode = EXCLUSIVE") &&
	    hm_db_run(&a->db, "BEGIN IMMEDIATE"))
		return HM_EXIT_OK;
	if (a->db.handle == NULL || sqlite3_errcode(a->db.handle) !=
	    SQLITE_BUSY)
		return cannot(a, hm_db_reason(&a->db));
	cannot(a, "another program has the database open: stop hm, then try "
	    "again");
	return HM_EXIT_TEMP;
}

static int
open_reading(struct action *a)
{
	const struct hm_db_options options = {.busy_ms = BUSY_MS};

	return hm_db_open(&a->db, a->path, &options) ? HM_EXIT_OK :
	    cannot(a, hm_db_reason(&a->db));
}

static int
check_schema(struct action *a)
{
	const char *why = hm_schema_check(&a->db);
	int64_t version = 0;

	if (why == NULL && (!hm_db_ask(&a->db, "PRAGMA user_version",
	    &version) || version < HM_SCHEMA_VERSION ||
	    !hm_schema_is_whole(&a->db)))
		why = "it is of an older version of hm; bring it up to date "
		    "with hm-store -d FILE </dev/null";
	return why == NULL ? HM_EXIT_OK : cannot(a, why);
}

static int
open_checked(struct action *a, bool writing, const char *text)
{
	int status = writing ? open_alone(a) : open_reading(a);

	if (status == HM_EXIT_OK)
		status = check_schema(a);
	return status == HM_EXIT_OK ? read_names(a, text) : status;
}

static int
back_up(struct action *a)
{
	char time[HM_RFC3339_SIZE];
	const char *t = hm_rfc3339_format(hm_clock_now(), time).p;
	int n = snprintf(a->backup, sizeof a->backup,
	    "%s.before-%s-%.4s%.2s%.2s_%.2s%.2s%.2s", a->path,
	    a->option + strlen("--"), t, t + 5, t + 8, t + 11, t + 14, t + 17);

	hm_db_close(&a->db);
	if (n < 0 || (size_t)n >= sizeof a->backup)
		return cannot(a, "the path is too long for a copy");
	return hm_backup(a->path, a->backup, -1, NULL) ? HM_EXIT_OK :
	    HM_EXIT_IO;
}

static int
change(struct action *a)
{
	int reset_hour = (int)hm_config_int(a->config, HM_SET_RESET_HOUR);
	struct hm_rollup rollup = {.db = NULL};
	bool good = hm_rollup_prepare(&rollup, &a->db, reset_hour) &&
	    hm_rename_energies(&a->rename) && hm_rename_outbox(&a->rename) &&
	    hm_rename_tables(&a->rename) &&
	    (!hm_plant_days_are_current(&a->db) ||
	    hm_plant_days_make(&a->db)) && hm_db_run(&a->db, "COMMIT");
	int status = good ? HM_EXIT_OK : cannot(a, hm_db_reason(&a->db));

	hm_rollup_finish(&rollup);
	hm_db_rollback(&a->db);
	return status;
}

/* The result */

static int
print_result(struct action *a, bool dry_run)
{
	char buf[RESULT_SIZE], time[HM_RFC3339_SIZE];
	struct hm_json e;

	hm_json_start(&e, buf, sizeof buf);
	hm_json_record(&e, "rename", hm_rfc3339_format(hm_clock_now(), time));
	hm_json_text(&e, "database_path", a->path);
	hm_json_string(&e, a->rename.column, a->rename.to);
	hm_json_string(&e, "old", a->rename.from);
	hm_json_bool(&e, "dry_run", dry_run);
	hm_json_int(&e, "rows_of_old", a->known);
	hm_json_int(&e, "rows_of_new", a->known_new);
	if (!dry_run) {
		hm_json_int(&e, "renamed", a->rename.rows);
		hm_json_int(&e, "merged", a->rename.merged);
		hm_json_text(&e, "backup", a->backup);
	}
	return hm_print_record(&e);
}

/* Whether the totals of an inverter cannot go on, because no ledger is kept. */
static void
warn_no_ledger(struct action *a)
{
	int64_t inputs = 1;

	if (strcmp(a->rename.column, "serial") == 0 &&
	    hm_rename_ask(&a->rename, "SELECT count(*) FROM production_cache "
	    "WHERE dtu IN (SELECT dtu FROM port_latest WHERE serial = ?1 "
	    "UNION SELECT dtu FROM production_cache WHERE serial = ?1)",
	    &inputs) && inputs == 0)
		hm_log(HM_WARNING, "%s: totals do not go on: hm-filter keeps "
		    "no energies of this DTU in the database", a->option);
}

static int
run(struct action *a, const char *text)
{
	bool dry_run = hm_config_flag(a->config, HM_SET_DRY_RUN);
	int status = open_checked(a, !dry_run, text);

	if (status == HM_EXIT_OK)
		warn_no_ledger(a);
	if (status == HM_EXIT_OK && !dry_run)
		status = back_up(a);
	/* Others may have written meanwhile, so look again. */
	if (status == HM_EXIT_OK && !dry_run)
		status = open_checked(a, true, text);
	if (status == HM_EXIT_OK && !dry_run)
		status = change(a);
	return status == HM_EXIT_OK ? print_result(a, dry_run) : status;
}

int
hm_rename_action(const struct hm_config *config)
{
	bool of_dtu = hm_config_has(config, HM_SET_RENAME_DTU);
	struct action a = {
	    .rename.column = of_dtu ? "dtu" : "serial",
	    .config = config,
	    .option = of_dtu ? "--rename-dtu" : "--replace-inverter",
	    .noun = of_dtu ? "DTU" : "inverter",
	    .path = hm_config_text(config, HM_SET_DATABASE_PATH),
	};
	int status;

	if (access(a.path, F_OK) < 0) {
		hm_log_errno(HM_ERROR, "%s", a.path);
		return HM_EXIT_IO;
	}
	a.rename.db = &a.db;
	status = run(&a, hm_config_text(config, of_dtu ? HM_SET_RENAME_DTU :
	    HM_SET_REPLACE_INVERTER));
	hm_db_rollback(&a.db);
	hm_db_close(&a.db);
	return status;
}
