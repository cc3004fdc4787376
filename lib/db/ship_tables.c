#include "ship_tables.h"

static const char *const tables_sql[] = {
    /* AUTOINCREMENT: the number of a deleted row does not come again. */
    "CREATE TABLE IF NOT EXISTS outbox (seq INTEGER PRIMARY KEY "
    "AUTOINCREMENT, dtu TEXT, time INTEGER NOT NULL, line TEXT)",
    "CREATE UNIQUE INDEX IF NOT EXISTS outbox_poll ON outbox (time, dtu) "
    "WHERE line IS NULL",
    "CREATE TABLE IF NOT EXISTS ship_to (name TEXT PRIMARY KEY, "
    "seq INTEGER NOT NULL) WITHOUT ROWID",
};

#define TABLES (sizeof tables_sql / sizeof *tables_sql)

bool
hm_ship_tables_there(struct hm_db *db)
{
	int64_t there = 0;

	return hm_db_ask(db, "SELECT count(*) FROM sqlite_schema WHERE name IN "
	    "('outbox', 'outbox_poll', 'ship_to')", &there) &&
	    there == (int64_t)TABLES;
}

bool
hm_ship_tables_create(struct hm_db *db)
{
	for (size_t i = 0; i < TABLES && !hm_ship_tables_there(db); i++)
		if (!hm_db_run(db, tables_sql[i]))
			return false;
	return true;
}
