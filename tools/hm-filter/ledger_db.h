#ifndef HM_LEDGER_DB_H
#define HM_LEDGER_DB_H

#include "ledger.h"

/*
 * The ledger in the SQLite database, in the tables production_cache and
 * energy_cache, which has the counters of hybrid inverters. A save is
 * one transaction: if the process dies, the file holds the state before or
 * after it.
 */

struct hm_ledger_db;

/*
 * Open the database. With `writing` the file and its table are created if they
 * are missing. NULL, logged, if that fails. Freed by hm_ledger_db_close.
 */
struct hm_ledger_db *hm_ledger_db_open(const char *path, bool writing);
void hm_ledger_db_close(struct hm_ledger_db *db);

/*
 * The database that could not be opened at the start, if it can be now; NULL,
 * and nothing is logged, if it cannot. Its rows replace what the ledger has of
 * the same inputs; other inputs are written with the next save.
 */
struct hm_ledger_db *hm_ledger_db_find(const char *path,
    struct hm_ledger *ledger);

/*
 * Read all rows into the ledger. An impossible row is logged and skipped.
 * False, logged, if the table cannot be read.
 */
bool hm_ledger_db_load(struct hm_ledger_db *db, struct hm_ledger *ledger);

/*
 * Drop the ports whose rows another process has deleted since the last call;
 * each is logged. Cheap if no other process has written.
 */
void hm_ledger_db_follow(struct hm_ledger_db *db, struct hm_ledger *ledger);

/*
 * Write the changes. False if that failed, which is logged at the first failure
 * and at the next success. After a failure no save is tried for some seconds,
 * so that the stream does not wait for a busy database at each write; the last
 * save of a process is always tried.
 */
bool hm_ledger_db_save(struct hm_ledger_db *db, struct hm_ledger *ledger,
    bool last);

/*
 * Remove an inverter's rows, of all DTUs. Returns their number, or -1, logged.
 */
int64_t hm_ledger_db_forget(struct hm_ledger_db *db, struct hm_slice serial);

#endif
