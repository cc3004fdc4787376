#ifndef HM_LIVE_HISTORY_H
#define HM_LIVE_HISTORY_H

#include "base/json_writer.h"
#include "day_curve.h"
#include "db/history_read.h"

/*
 * What hm-store has kept, for who shows it. The database is opened when it is
 * there and again when another one is in its place; who reads waits for
 * nobody.
 */
struct hm_live_history {
	const char *path; /* NULL: there is none; borrowed */
	struct hm_db db;
	bool complained; /* already logged */
};

/* Whether it can be read now. */
bool hm_live_history_ready(struct hm_live_history *history);
void hm_live_history_close(struct hm_live_history *history);

/* Fill the curve with the day's means up to now. */
void hm_live_history_curve(struct hm_live_history *history, int64_t now,
    struct hm_day_curve *curve);

/* An array of the newest readings of an inverter. False if that fails. */
bool hm_live_history_inverter(struct hm_live_history *history,
    const char *serial, int limit, struct hm_json *e);

/* Members about the database. False if that fails. */
bool hm_live_history_stats(struct hm_live_history *history,
    struct hm_json *e);

#endif
