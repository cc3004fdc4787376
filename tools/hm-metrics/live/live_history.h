#ifndef HM_LIVE_HISTORY_H
#define HM_LIVE_HISTORY_H

#include "base/json_writer.h"
#include "day_curve.h"
#include "db/history_read.h"

/*
 * Reads the history in hm-store's database. The database is opened once it
 * exists, and reopened when the file has been replaced. Reading never waits for
 * a lock.
 */
struct hm_live_history {
	const char *path; /* NULL: no database; borrowed */
	struct hm_db db;
	bool complained; /* already logged */
};

/* Open the database if it is not open. Whether it can be read. */
bool hm_live_history_ready(struct hm_live_history *history);
void hm_live_history_close(struct hm_live_history *history);

/* Fill the curve with the day's means up to now. */
void hm_live_history_curve(struct hm_live_history *history, int64_t now,
    struct hm_day_curve *curve);

/* Emit an array of the newest readings of an inverter. False if that fails. */
bool hm_live_history_inverter(struct hm_live_history *history,
    const char *serial, int limit, struct hm_json *e);

/* Emit members about the database. False if that fails. */
bool hm_live_history_stats(struct hm_live_history *history,
    struct hm_json *e);

#endif
