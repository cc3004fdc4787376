#ifndef HM_LIVE_HISTORY_H
#define HM_LIVE_HISTORY_H

#include "base/json_writer.h"
#include "day_curve.h"
#include "db/history_read.h"

#define HM_LIVE_HISTORY_WHY ((size_t)512)

/*
 * Reads the database: hm-store's history and hm-filter's ledger. It is opened
 * once it exists, and reopened when the file has been replaced. Reading never
 * waits for a lock.
 */
struct hm_live_history {
	const char *path; /* NULL: no database; borrowed */
	struct hm_db db;
	bool whole;      /* not of an older version */
	bool complained; /* already logged */
	/*
	 * Of the last call that failed, for programs and for people: "none" is
	 * configured, "missing" yet, "older" than this hm, "unusable", too
	 * "slow" or "failed".
	 */
	const char *lack;
	char why[HM_LIVE_HISTORY_WHY];
};

/*
 * Open the database if it is not open. Whether it can be read. One of an older
 * version has the curve and the energies.
 */
bool hm_live_history_open(struct hm_live_history *history);

/* The same; false, too, while the database is of an older version. */
bool hm_live_history_ready(struct hm_live_history *history);
void hm_live_history_close(struct hm_live_history *history);

/*
 * After a query by the caller: keep why it failed, and log it if the one before
 * succeeded. Returns `good`.
 */
bool hm_live_history_report(struct hm_live_history *history, bool good,
    const char *what);

/* Fill the curve with the day's means up to now. False if that fails. */
bool hm_live_history_curve(struct hm_live_history *history, int64_t now,
    struct hm_day_curve *curve);

/* Visit the energies in the ledger. False if that fails. */
bool hm_live_history_energies(struct hm_live_history *history, int64_t now,
    hm_energy_visitor *visit, void *context);

/* Emit an array of the newest readings of an inverter. False if that fails. */
bool hm_live_history_inverter(struct hm_live_history *history,
    const char *serial, int limit, struct hm_json *e);

/* Emit members about the database. False if that fails. */
bool hm_live_history_stats(struct hm_live_history *history,
    struct hm_json *e);

#endif
