#ifndef HM_RENAME_H
#define HM_RENAME_H

#include "db/db.h"

/*
 * Gives the rows of a DTU another name, or those of an inverter another serial
 * number. If there are rows of that name, too, the two become one history.
 */
struct hm_rename {
	struct hm_db *db;
	const char *column; /* "dtu" or "serial" */
	struct hm_slice from, to;
	int64_t rows;   /* that got the name */
	int64_t merged; /* that were merged with others */
};

/*
 * Both in the caller's transaction; first the energies, then the tables. hm_day
 * must be defined, see rollup.h. False: see hm_db_reason.
 *
 * Energies: an inverter that replaces another one begins near 0 Wh; its totals
 * go on from those of the other, in the ledger and in the rows that it has
 * already. If a ledger of hm-filter has no input of that DTU, none is changed:
 * later readings would not go on from there. A DTU that had a counter reset
 * under its old name keeps what hm-filter adds since then.
 */
bool hm_rename_energies(struct hm_rename *r);
bool hm_rename_tables(struct hm_rename *r);

/* What waits for hm-ship, before hm_rename_tables in the same transaction. */
bool hm_rename_outbox(struct hm_rename *r);

/* Run a statement with the names for its ?1 and ?2, if it has them. */
bool hm_rename_run(struct hm_rename *r, const char *sql);

/* The number in the first row of a query with such parameters. */
bool hm_rename_ask(struct hm_rename *r, const char *sql, int64_t *number);

/* The keys of a row, except the one that changes: " AND a.serial = b.serial" */
void hm_rename_same(struct hm_sql *sql, const struct hm_rename *r,
    bool has_serial, bool has_port, const char *a, const char *b);

#endif
