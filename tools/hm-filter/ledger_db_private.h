#ifndef HM_LEDGER_DB_PRIVATE_H
#define HM_LEDGER_DB_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "db/db.h"
#include "ledger.h"
#include "ledger_db.h"

/*
 * Shared by ledger_db.c (loads and saves), ledger_counters.c (the rows of
 * hybrid inverters) and ledger_forget.c (rows that are deleted).
 */

/* The first columns of the rows of a port, and of parameters. */
enum {
	HM_ROW_DTU = 1,
	HM_ROW_SERIAL,
	HM_ROW_PORT,
	HM_ROW_TODAY,
	HM_ROW_TOTAL,
	HM_ROW_MORE,
};

struct hm_ledger_db {
	struct hm_db db;
	sqlite3_stmt *begin, *commit, *write, *write_dtu, *write_part;
	sqlite3_stmt *write_counter;
	sqlite3_stmt *exists, *counter_exists, *version, *count;
	int64_t seen; /* the data version at the last check for deleted rows */
	char *path;
	bool failing; /* the last save failed, which has been logged */
	int64_t retry_at; /* monotonic ms */
};

/* Bind the columns that identify a port's row. */
void hm_ledger_bind_key(sqlite3_stmt *statement,
    const struct hm_ledger_dtu *dtu, const struct hm_ledger_inverter *inverter,
    const struct hm_ledger_port *port);

/*
 * Bind or read the columns of energy.def, from `column` on. False if one of the
 * row is no integer, or the energy is impossible.
 */
void hm_ledger_bind_state(sqlite3_stmt *statement, int column,
    const struct hm_energy *energy);
bool hm_ledger_read_state(sqlite3_stmt *row, int column,
    struct hm_energy *energy);

/* Bind an energy; NULL if it is -1. */
void hm_ledger_bind_energy(sqlite3_stmt *statement, int column,
    int64_t energy);

void hm_ledger_warn_damaged(const struct hm_ledger_db *db, sqlite3_stmt *row,
    const char *table);

/* The counters of hybrid inverters, in the table energy_cache. */
extern const char hm_ledger_load_counters_sql[];
extern const char hm_ledger_write_counter_sql[];
extern const char hm_ledger_counter_exists_sql[];

void hm_ledger_load_counter(struct hm_ledger_db *db, struct hm_ledger *ledger,
    sqlite3_stmt *row);
bool hm_ledger_write_counter(struct hm_ledger_db *db,
    const struct hm_ledger_dtu *dtu, const struct hm_ledger_inverter *counters,
    const struct hm_ledger_port *counter);

/* Bind the columns that identify a counter's row. */
void hm_ledger_bind_counter(sqlite3_stmt *statement,
    const struct hm_ledger_dtu *dtu, const struct hm_ledger_inverter *counters,
    const struct hm_ledger_port *counter);

/* The number that a statement returns, or -1. */
int64_t hm_ledger_ask(sqlite3_stmt *statement);

#endif
