#ifndef HM_LEDGER_DB_PRIVATE_H
#define HM_LEDGER_DB_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "db/db.h"
#include "ledger.h"
#include "ledger_db.h"

/*
 * Shared by ledger_db.c (loads and saves) and ledger_forget.c (rows that are
 * deleted).
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
	sqlite3_stmt *exists, *version, *count;
	int64_t seen; /* the data version at the last check for deleted rows */
	char *path;
	bool failing; /* the last save failed, which has been logged */
	int64_t retry_at; /* monotonic ms */
};

/* Bind the columns that identify a port's row. */
void hm_ledger_bind_key(sqlite3_stmt *statement,
    const struct hm_ledger_dtu *dtu, const struct hm_ledger_inverter *inverter,
    const struct hm_ledger_port *port);

/* The number that a statement returns, or -1. */
int64_t hm_ledger_ask(sqlite3_stmt *statement);

#endif
