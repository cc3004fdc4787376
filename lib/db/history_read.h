#ifndef HM_HISTORY_READ_H
#define HM_HISTORY_READ_H

#include "base/decimal.h"
#include "base/json_writer.h"
#include "db.h"
#include "reading_tables.h"

/*
 * Reads the database of hm-store. If a function returns false, hm_db_reason
 * has the reason, and the JSON that it has written is incomplete.
 */

/*
 * Open a database for reading. False with *why set, valid until the database
 * is used again. Even after a failure hm_db_close must be called.
 */
bool hm_history_open(struct hm_db *db, const char *path, const char **why);

/*
 * The same, but the database may be of an older version. Of the queries below
 * only hm_history_power and hm_history_energies do not need all its columns.
 */
bool hm_history_open_old(struct hm_db *db, const char *path,
    const char **why);

/* NULL, or why the other queries cannot read an open database. */
const char *hm_history_lacks(struct hm_db *db);

/* A number in a row; false if it is NULL or no number. */
bool hm_history_number(sqlite3_stmt *row, int column,
    struct hm_decimal *number);

/*
 * Build a query for the readings of a type; hm_history_emit emits its rows. The
 * caller adds WHERE and ORDER BY.
 */
void hm_history_select(struct hm_sql *sql, const struct hm_reading_type *type);

/* Emit the members of a record from a row: type, time, dtu, ..., the fields. */
void hm_history_emit(struct hm_json *e, const struct hm_reading_type *type,
    sqlite3_stmt *row);

/*
 * Emit the newest `limit` readings of a serial number, newest first, as the
 * objects of an array that the caller has opened. Their keys are those of the
 * replaced program: timestamp, dtu_name, serial_number, port_number, the
 * fields.
 */
bool hm_history_readings(struct hm_db *db, const struct hm_reading_type *type,
    struct hm_slice serial, int64_t limit, struct hm_json *e);

/*
 * The power of each DTU: `visit` is called for each span of `step` seconds from
 * `since` on that has readings of a DTU, with its first second, the DTU, and
 * the mean of its pv_power in W.
 */
typedef void hm_power_visitor(void *context, int64_t time,
    struct hm_slice dtu, struct hm_decimal watts);
bool hm_history_power(struct hm_db *db, int64_t since, int64_t step,
    hm_power_visitor *visit, void *context);

/*
 * The energies in the ledger of hm-filter, in Wh: `visit` is called for each
 * DTU with the sums over its inputs, which are unknown if one of them is, and
 * then for its inputs. An input that the ledger has not followed through the
 * days of its DTU, because the inverter is excluded, does not count. Nor does
 * one whose only reading nothing has confirmed for a day. An input that the DTU
 * has not mentioned for a day counts in the sums, but is not visited.
 */
struct hm_history_energy {
	struct hm_slice dtu;
	struct hm_slice serial; /* of the inverter; empty: sums of the DTU */
	int64_t port;
	int64_t today, total; /* -1: unknown */
	int64_t day;          /* of `today`, as hm_zone_day */
	int64_t time;         /* of the reading of `total` */
	int64_t newest;       /* such time in the ledger */
};
typedef void hm_energy_visitor(void *context,
    const struct hm_history_energy *energy);
bool hm_history_energies(struct hm_db *db, int64_t now,
    hm_energy_visitor *visit, void *context);

/*
 * Emit members about the database into an open object: its path, its size in
 * bytes, and the rows of each table. Members that the replaced program had
 * keep its names.
 */
bool hm_history_stats(struct hm_db *db, struct hm_json *e);

#endif
