#include "ship_tables.h"

static const char *const tables_sql[] = {
    /* AUTOINCREMENT: the number of a deleted row does not come again. */
    "CREATE TABLE IF NOT EXISTS outbox (seq INTEGER PRIMARY KEY "
    "AUTOINCREMENT, dtu TEXT, time INTEGER NOT NULL, line TEXT, span TEXT)",
    "CREATE UNIQUE INDEX IF NOT EXISTS outbox_poll ON outbox (time, dtu) "
    "WHERE line IS NULL",
    /* For retention. */
    "CREATE INDEX IF NOT EXISTS outbox_line ON outbox (time) "
    "WHERE line IS NOT NULL",
    "CREATE TABLE IF NOT EXISTS ship_to (name TEXT PRIMARY KEY, "
    "seq INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS outbox_due (span TEXT, time INTEGER, "
    "PRIMARY KEY (span, time)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS outbox_hours (until INTEGER NOT NULL)",
};

#define TABLES (sizeof tables_sql / sizeof *tables_sql)

static const char span_index[] = "CREATE UNIQUE INDEX IF NOT EXISTS "
    "outbox_span ON outbox (span, time) WHERE span IS NOT NULL";

bool
hm_ship_tables_there(struct hm_db *db)
{
	int64_t there = 0;

	return hm_db_ask(db, "SELECT count(*) FROM sqlite_schema WHERE name IN "
	    "('outbox', 'outbox_poll', 'ship_to')", &there) &&
	    there == 3;
}

/* Tables that an unreleased version has made lack it. */
static bool
add_span(struct hm_db *db)
{
	int64_t there;

	return hm_db_ask(db, "SELECT count(*) FROM pragma_table_info('outbox') "
	    "WHERE name = 'span'", &there) && (there > 0 ||
	    hm_db_run(db, "ALTER TABLE outbox ADD COLUMN span TEXT"));
}

bool
hm_ship_tables_create(struct hm_db *db)
{
	for (size_t i = 0; i < TABLES; i++)
		if (!hm_db_run(db, tables_sql[i]))
			return false;
	return add_span(db) && hm_db_run(db, span_index);
}

bool
hm_ship_line_prepare(struct hm_db *db, sqlite3_stmt **add)
{
	return hm_db_prepare(db, "INSERT INTO outbox (time, dtu, line) "
	    "VALUES (?1, ?2, ?3)", add);
}

bool
hm_ship_line_add(sqlite3_stmt *add, const struct hm_record *record,
    int64_t time, struct hm_slice line)
{
	char dtu[1024];

	hm_record_text(record, "dtu", dtu, sizeof dtu);
	sqlite3_bind_int64(add, 1, time);
	sqlite3_bind_null(add, 2);
	if (dtu[0] != '\0')
		hm_db_bind_slice(add, 2, hm_text(dtu));
	hm_db_bind_slice(add, 3, line);
	return hm_db_step(add);
}
