#include "ledger_db.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/rfc3339.h"
#include "db/db.h"
#include "db/schema.h"
#include "dtu_energy.h"
#include "energy.h"
#include "inverter_part.h"
#include "ledger_db_private.h"

#define BUSY_MS 500
#define OPEN_MS 10000 /* others may be making the tables, on a slow disk */
#define RETRY_MS 10000

/* The columns that follow those of every port's row, in both tables. */
enum { UPDATED = HM_ROW_MORE, ENERGY_FIRST };
enum { PART_DAY = HM_ROW_MORE, PART_LEFT_OUT, PART_UPDATED };

#define ENERGY(name, initial, help) ", e_" #name
static const char load_sql[] =
    "SELECT NULL, dtu, serial, port, today_production, total_production, "
    "last_updated"
#include "db/energy.def"
    " FROM production_cache";
#undef ENERGY

#define ENERGY(name, initial, help) ", e_" #name
static const char write_sql[] =
    "INSERT OR REPLACE INTO production_cache (dtu, serial, port, "
    "today_production, total_production, last_updated"
#include "db/energy.def"
#undef ENERGY
#define ENERGY(name, initial, help) ", ?"
    ") VALUES (?, ?, ?, ?, ?, ?"
#include "db/energy.def"
    ")";
#undef ENERGY

static const char load_dtus_sql[] =
    "SELECT dtu, total_production, coalesce(today_production, -1), day, since "
    "FROM dtu_cache";

static const char write_dtu_sql[] =
    "INSERT OR REPLACE INTO dtu_cache (dtu, total_production, "
    "today_production, day, since, last_updated) VALUES (?, ?, ?, ?, ?, ?)";

static const char load_parts_sql[] =
    "SELECT NULL, dtu, serial, port, coalesce(today_production, -1), "
    "total_production, coalesce(day, -1), left_out FROM inverter_parts";

static const char write_part_sql[] =
    "INSERT OR REPLACE INTO inverter_parts (dtu, serial, port, "
    "today_production, total_production, day, left_out, last_updated) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)";

static const char count_sql[] = "SELECT (SELECT count(*) FROM "
    "production_cache) + (SELECT count(*) FROM energy_cache)";

static const char exists_sql[] =
    "SELECT 1 FROM production_cache WHERE dtu = ? AND serial = ? "
    "AND port = ?";

/* NULL, or why the database cannot be opened. */
static const char *
set_up(struct hm_ledger_db *db, bool writing, int open_ms)
{
	/* A power cut must not lose an energy that has been shown. */
	const struct hm_db_options options = {
	    .writing = writing, .careful = true, .busy_ms = open_ms};
	const char *why;

	if (!hm_db_open(&db->db, db->path, &options))
		return hm_db_reason(&db->db);
	why = writing ? hm_schema_bring_up(&db->db) :
	    hm_schema_check(&db->db);
	if (why == NULL && !(
	    hm_db_prepare(&db->db, "BEGIN IMMEDIATE", &db->begin) &&
	    hm_db_prepare(&db->db, "COMMIT", &db->commit) &&
	    hm_db_prepare(&db->db, write_sql, &db->write) &&
	    hm_db_prepare(&db->db, write_dtu_sql, &db->write_dtu) &&
	    hm_db_prepare(&db->db, write_part_sql, &db->write_part) &&
	    hm_db_prepare(&db->db, hm_ledger_write_counter_sql,
	    &db->write_counter) &&
	    hm_db_prepare(&db->db, exists_sql, &db->exists) &&
	    hm_db_prepare(&db->db, hm_ledger_counter_exists_sql,
	    &db->counter_exists) &&
	    hm_db_prepare(&db->db, count_sql, &db->count) &&
	    hm_db_prepare(&db->db, "PRAGMA data_version", &db->version) &&
	    sqlite3_busy_timeout(db->db.handle, BUSY_MS) == SQLITE_OK))
		why = hm_db_reason(&db->db);
	return why;
}

static bool
open_or_complain(struct hm_ledger_db *db, bool writing, int open_ms)
{
	const char *why = set_up(db, writing, open_ms);

	if (why != NULL)
		hm_log_facts(HM_ERROR, HM_FACTS(hm_fact("file", db->path),
		    hm_fact("reason", why)),
		    "%s: cannot open the database: %s", db->path, why);
	return why == NULL;
}

static void
close_file(struct hm_ledger_db *db)
{
	sqlite3_finalize(db->begin);
	sqlite3_finalize(db->commit);
	sqlite3_finalize(db->write);
	sqlite3_finalize(db->write_dtu);
	sqlite3_finalize(db->write_part);
	sqlite3_finalize(db->write_counter);
	sqlite3_finalize(db->exists);
	sqlite3_finalize(db->counter_exists);
	sqlite3_finalize(db->version);
	sqlite3_finalize(db->count);
	db->begin = db->commit = NULL;
	db->write = db->write_dtu = db->write_part = NULL;
	db->write_counter = db->counter_exists = NULL;
	db->exists = db->version = db->count = NULL;
	hm_db_close(&db->db);
}

static struct hm_ledger_db *
new_db(const char *path)
{
	struct hm_ledger_db *db = calloc(1, sizeof *db);

	if (db != NULL)
		db->path = strdup(path);
	if (db == NULL || db->path == NULL) {
		hm_log_errno(HM_ERROR, "%s: cannot open the database", path);
		free(db);
		return NULL;
	}
	return db;
}

struct hm_ledger_db *
hm_ledger_db_open(const char *path, bool writing)
{
	struct hm_ledger_db *db = new_db(path);

	if (db == NULL || open_or_complain(db, writing, OPEN_MS))
		return db;
	hm_ledger_db_close(db);
	return NULL;
}

void
hm_ledger_db_close(struct hm_ledger_db *db)
{
	if (db == NULL)
		return;
	close_file(db);
	free(db->path);
	free(db);
}

/* Loading */

typedef struct hm_ledger_port *port_finder(struct hm_ledger *ledger,
    struct hm_ledger_inverter *inverter, int64_t port);

static struct hm_ledger_port *
port_of_row(struct hm_ledger *ledger, sqlite3_stmt *row, port_finder *find)
{
	struct hm_ledger_dtu *dtu = hm_ledger_dtu(ledger,
	    hm_db_column_text(row, HM_ROW_DTU));
	struct hm_ledger_inverter *inverter = dtu != NULL ?
	    hm_ledger_inverter(ledger, dtu,
	    hm_db_column_text(row, HM_ROW_SERIAL)) : NULL;

	return inverter != NULL ? find(ledger, inverter,
	    sqlite3_column_int64(row, HM_ROW_PORT)) : NULL;
}

bool
hm_ledger_read_state(sqlite3_stmt *row, int column, struct hm_energy *energy)
{
	for (int i = column; i < sqlite3_column_count(row); i++)
		if (sqlite3_column_type(row, i) != SQLITE_INTEGER)
			return false;
#define ENERGY(name, initial, help) \
	energy->name = sqlite3_column_int64(row, column++);
#include "db/energy.def"
#undef ENERGY
	return hm_energy_valid(energy);
}

void
hm_ledger_warn_damaged(const struct hm_ledger_db *db, sqlite3_stmt *row,
    const char *table)
{
	struct hm_slice serial = hm_db_column_text(row, HM_ROW_SERIAL);

	hm_log_facts(HM_WARNING, HM_FACTS(hm_fact("file", db->path),
	    hm_fact_slice("serial", serial)), "%s: the row of inverter %.60s "
	    "in %s is skipped: it is damaged", db->path, serial.p, table);
}

static void
load_row(struct hm_ledger_db *db, struct hm_ledger *ledger, sqlite3_stmt *row)
{
	struct hm_energy energy;
	struct hm_ledger_port *port;

	port = sqlite3_column_type(row, HM_ROW_PORT) == SQLITE_INTEGER &&
	    hm_ledger_read_state(row, ENERGY_FIRST, &energy) ?
	    port_of_row(ledger, row, hm_ledger_port) : NULL;
	if (port == NULL) {
		hm_ledger_warn_damaged(db, row, "production_cache");
		return;
	}
	port->energy = energy;
	port->kept = true;
}

static void
load_dtu(struct hm_ledger_db *db, struct hm_ledger *ledger, sqlite3_stmt *row)
{
	struct hm_slice name = hm_db_column_text(row, 0);
	const struct hm_dtu_energy energy = {
	    .total = sqlite3_column_int64(row, 1),
	    .today = sqlite3_column_int64(row, 2),
	    .day = sqlite3_column_int64(row, 3),
	    .since = sqlite3_column_int64(row, 4),
	};
	struct hm_ledger_dtu *dtu = hm_dtu_energy_valid(&energy) ?
	    hm_ledger_dtu(ledger, name) : NULL;

	if (dtu != NULL)
		dtu->energy = energy;
	else
		hm_log_facts(HM_WARNING, HM_FACTS(hm_fact("file", db->path),
		    hm_fact_slice("dtu", name)), "%s: the row of %.60s in "
		    "dtu_cache is skipped: it is damaged", db->path, name.p);
}

/* After the ports, so that those without a row are absent. */
static void
load_part(struct hm_ledger_db *db, struct hm_ledger *ledger,
    sqlite3_stmt *row)
{
	const struct hm_inverter_part part = {
	    .there = true,
	    .today = sqlite3_column_int64(row, HM_ROW_TODAY),
	    .total = sqlite3_column_int64(row, HM_ROW_TOTAL),
	    .day = sqlite3_column_int64(row, PART_DAY),
	    .left_out = sqlite3_column_int64(row, PART_LEFT_OUT),
	};
	struct hm_ledger_port *port = hm_inverter_part_valid(&part) ?
	    port_of_row(ledger, row, hm_ledger_absent_port) : NULL;

	if (port != NULL)
		port->part = part;
	else
		hm_ledger_warn_damaged(db, row, "inverter_parts");
}

typedef void row_loader(struct hm_ledger_db *db, struct hm_ledger *ledger,
    sqlite3_stmt *row);

static bool
load_rows(struct hm_ledger_db *db, struct hm_ledger *ledger, const char *sql,
    row_loader *load)
{
	sqlite3_stmt *rows = NULL;
	int result = SQLITE_ERROR;

	if (hm_db_prepare(&db->db, sql, &rows))
		while ((result = sqlite3_step(rows)) == SQLITE_ROW)
			load(db, ledger, rows);
	sqlite3_finalize(rows);
	return result == SQLITE_DONE;
}

int64_t
hm_ledger_ask(sqlite3_stmt *statement)
{
	int64_t value = -1;

	if (sqlite3_step(statement) == SQLITE_ROW)
		value = sqlite3_column_int64(statement, 0);
	sqlite3_reset(statement);
	return value;
}

bool
hm_ledger_db_load(struct hm_ledger_db *db, struct hm_ledger *ledger)
{
	bool good = load_rows(db, ledger, load_sql, load_row) &&
	    load_rows(db, ledger, load_dtus_sql, load_dtu) &&
	    load_rows(db, ledger, load_parts_sql, load_part) &&
	    load_rows(db, ledger, hm_ledger_load_counters_sql,
	    hm_ledger_load_counter);

	if (!good)
		hm_db_complain(&db->db, "cannot read the production_cache");
	db->seen = hm_ledger_ask(db->version);
	return good;
}

/* Saving */

void
hm_ledger_bind_key(sqlite3_stmt *statement,
    const struct hm_ledger_dtu *dtu, const struct hm_ledger_inverter *inverter,
    const struct hm_ledger_port *port)
{
	hm_db_bind_slice(statement, HM_ROW_DTU, dtu->key.name);
	hm_db_bind_slice(statement, HM_ROW_SERIAL,
	    hm_device_serial(&inverter->key));
	sqlite3_bind_int64(statement, HM_ROW_PORT, port->key.port);
}

void
hm_ledger_bind_energy(sqlite3_stmt *statement, int column, int64_t energy)
{
	if (energy >= 0)
		sqlite3_bind_int64(statement, column, energy);
	else
		sqlite3_bind_null(statement, column);
}

static bool
write_part(struct hm_ledger_db *db, const struct hm_ledger_dtu *dtu,
    const struct hm_ledger_inverter *inverter,
    const struct hm_ledger_port *port)
{
	const struct hm_inverter_part *part = &port->part;
	char time[HM_RFC3339_SIZE];

	hm_rfc3339_format(hm_clock_now(), time);
	hm_ledger_bind_key(db->write_part, dtu, inverter, port);
	hm_ledger_bind_energy(db->write_part, HM_ROW_TODAY, part->today);
	sqlite3_bind_int64(db->write_part, HM_ROW_TOTAL, part->total);
	hm_ledger_bind_energy(db->write_part, PART_DAY, part->day);
	sqlite3_bind_int64(db->write_part, PART_LEFT_OUT, part->left_out);
	sqlite3_bind_text(db->write_part, PART_UPDATED, time, -1,
	    SQLITE_STATIC);
	return hm_db_step(db->write_part);
}

/* A binding that fails leaves NULL, which the columns refuse. */
void
hm_ledger_bind_state(sqlite3_stmt *statement, int column,
    const struct hm_energy *energy)
{
#define ENERGY(name, initial, help) \
	sqlite3_bind_int64(statement, column++, energy->name);
#include "db/energy.def"
#undef ENERGY
}

static bool
write_row(struct hm_ledger_db *db, const struct hm_ledger_dtu *dtu,
    const struct hm_ledger_inverter *inverter,
    const struct hm_ledger_port *port)
{
	const struct hm_energy *e = &port->energy;
	char time[HM_RFC3339_SIZE];

	hm_rfc3339_format(hm_clock_now(), time);
	hm_ledger_bind_key(db->write, dtu, inverter, port);
	hm_ledger_bind_energy(db->write, HM_ROW_TODAY, hm_energy_today(e));
	hm_ledger_bind_energy(db->write, HM_ROW_TOTAL, hm_energy_total(e));
	sqlite3_bind_text(db->write, UPDATED, time, -1, SQLITE_STATIC);
	hm_ledger_bind_state(db->write, ENERGY_FIRST, e);
	return hm_db_step(db->write);
}

static bool
write_port(void *context, struct hm_ledger_dtu *dtu,
    const struct hm_ledger_inverter *inverter, struct hm_ledger_port *port)
{
	struct hm_ledger_db *db = context;

	if (!hm_ledger_is_inverter(inverter))
		return hm_ledger_write_counter(db, dtu, inverter, port);
	return (port->absent || write_row(db, dtu, inverter, port)) &&
	    (!port->part.changed || write_part(db, dtu, inverter, port));
}

static bool
write_dtu(struct hm_ledger_db *db, const struct hm_ledger_dtu *dtu)
{
	const struct hm_dtu_energy *energy = &dtu->energy;
	char time[HM_RFC3339_SIZE];

	hm_rfc3339_format(hm_clock_now(), time);
	hm_db_bind_slice(db->write_dtu, 1, dtu->key.name);
	sqlite3_bind_int64(db->write_dtu, 2, energy->total);
	hm_ledger_bind_energy(db->write_dtu, 3, energy->today);
	sqlite3_bind_int64(db->write_dtu, 4, energy->day);
	sqlite3_bind_int64(db->write_dtu, 5, energy->since);
	sqlite3_bind_text(db->write_dtu, 6, time, -1, SQLITE_STATIC);
	return hm_db_step(db->write_dtu);
}

static bool
write_dtus(struct hm_ledger_db *db, const struct hm_ledger *ledger)
{
	const struct hm_ledger_dtu *dtu = hm_ledger_first(ledger);

	for (; dtu != NULL; dtu = hm_dtu_next(&dtu->key))
		if (dtu->changed && dtu->energy.total >= 0 &&
		    !write_dtu(db, dtu))
			return false;
	return true;
}

static bool
mark_changed(void *context, struct hm_ledger_dtu *dtu,
    const struct hm_ledger_inverter *inverter, struct hm_ledger_port *port)
{
	(void)inverter;
	port->kept = false;
	port->part.changed = port->part.there;
	hm_ledger_touch(context, dtu, port);
	return true;
}

struct hm_ledger_db *
hm_ledger_db_find(const char *path, struct hm_ledger *ledger)
{
	struct hm_ledger_db *db = new_db(path);
	bool good = db != NULL && set_up(db, true, BUSY_MS) == NULL;

	if (good) {
		hm_ledger_visit(ledger, false, mark_changed, ledger);
		good = hm_ledger_db_load(db, ledger);
	}
	if (!good) {
		hm_ledger_db_close(db);
		return NULL;
	}
	hm_log_facts(HM_WARNING, HM_FACTS(hm_fact("file", path)),
	    "%s: the database is there now; its energies are used", path);
	return db;
}

static bool
reopen(struct hm_ledger_db *db, struct hm_ledger *ledger)
{
	hm_log_facts(HM_WARNING, HM_FACTS(hm_fact("file", db->path)),
	    "%s: the database has been removed or replaced; the accepted "
	    "energies are written to the new file", db->path);
	close_file(db);
	hm_ledger_visit(ledger, false, mark_changed, ledger);
	return open_or_complain(db, true, BUSY_MS);
}

static bool
transact(struct hm_ledger_db *db, struct hm_ledger *ledger)
{
	if (!hm_db_step(db->begin))
		return false;
	/*
	 * From here on no other process can delete a row, which the save would
	 * restore.
	 */
	hm_ledger_db_follow(db, ledger);
	return hm_ledger_visit(ledger, true, write_port, db) &&
	    write_dtus(db, ledger) && hm_db_step(db->commit);
}

bool
hm_ledger_db_save(struct hm_ledger_db *db, struct hm_ledger *ledger, bool last)
{
	enum hm_level level = last ? HM_INFO : HM_DEBUG;
	bool good;

	if (db->failing && !last && hm_monotonic_ms() < db->retry_at)
		return false;
	good = (!hm_db_moved(&db->db) || reopen(db, ledger)) &&
	    transact(db, ledger);
	if (good) {
		hm_ledger_saved(ledger);
		hm_log(level, "%s: the accepted energies are committed",
		    db->path);
	} else if (!db->failing)
		hm_db_complain(&db->db, "cannot save the accepted energies; "
		    "they stay in memory");
	if (good && db->failing)
		hm_log_facts(HM_WARNING, HM_FACTS(hm_fact("file", db->path)),
		    "%s: can be written again", db->path);
	if (!good)
		hm_db_rollback(&db->db);
	db->failing = !good;
	db->retry_at = hm_monotonic_ms() + RETRY_MS;
	return good;
}
