#include "store.h"

#include <stdlib.h>

#include "backup.h"
#include "base/clock.h"
#include "base/log.h"
#include "db/db.h"
#include "db/plant_days.h"
#include "db/schema.h"
#include "retention.h"
#include "rollup.h"
#include "row_insert.h"
#include "store_clock.h"
#include "store_outbox.h"

#define BUSY_MS 2000
#define REFRESH_MS 300000 /* between two builds of the current hour */
#define PRUNE_MS 600000   /* between two searches for old rows */
#define HOUR_S 3600       /* in which an hour may have got more rows */
#define NOT_DUE INT64_MIN
#define UPKEEP_MS 100     /* of upkeep while rows may wait */
#define AGAIN_MS 60000    /* after upkeep that failed */

struct hm_store {
	struct hm_store_options options;
	struct hm_db db;
	struct hm_row_insert *rows;
	struct hm_store_outbox *outbox; /* NULL: none is kept */
	struct hm_rollup rollup;
	struct hm_store_counts counts;
	bool is_open;
	struct hm_store_clock clock;
	struct hm_arrival arrival; /* of the current batch */
	bool stored;    /* a reading, in this run */
	int64_t hour;   /* the last one that got a row */
	bool hour_over; /* another hour has begun since hours were built */
	int64_t failed_since; /* monotonic ms */
	int64_t refresh_at, prune_at;
	int64_t upkeep_at; /* monotonic ms; no upkeep earlier */
	bool upkeep_failed; /* the last attempt failed, which has been logged */
};

struct hm_store *
hm_store_new(const struct hm_store_options *options)
{
	struct hm_store *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	s->options = *options;
	s->rows = hm_row_insert_new();
	if (options->outbox)
		s->outbox = hm_store_outbox_new(options->ship_hours);
	if (s->rows == NULL || (options->outbox && s->outbox == NULL)) {
		hm_row_insert_free(s->rows);
		hm_store_outbox_free(s->outbox);
		free(s);
		return NULL;
	}
	hm_store_clock_init(&s->clock);
	s->refresh_at = hm_monotonic_ms() + REFRESH_MS;
	s->hour_over = true; /* earlier hours may not have been built */
	return s;
}

static void
close_db(struct hm_store *s)
{
	hm_row_insert_finish(s->rows);
	if (s->outbox != NULL)
		hm_store_outbox_finish(s->outbox);
	hm_rollup_finish(&s->rollup);
	hm_db_close(&s->db);
	s->is_open = false;
}

void
hm_store_free(struct hm_store *s)
{
	if (s == NULL)
		return;
	close_db(s);
	hm_row_insert_free(s->rows);
	hm_store_outbox_free(s->outbox);
	free(s);
}

const struct hm_store_counts *
hm_store_counts(const struct hm_store *s)
{
	return &s->counts;
}

/* Failures */

static void
begin_trouble(struct hm_store *s, const char *why, size_t waiting)
{
	s->counts.failures++;
	if (s->counts.failing != 0)
		return;
	s->counts.failing = 1;
	s->failed_since = hm_monotonic_ms();
	hm_log_facts(HM_ERROR, HM_FACTS(hm_fact("file", s->options.path),
	    hm_fact("reason", why), hm_fact_int("records", (int64_t)waiting)),
	    "%s: cannot store: %s; records are kept in memory and tried again",
	    s->options.path, why);
}

static void
end_trouble(struct hm_store *s)
{
	int64_t seconds;

	if (s->counts.failing == 0)
		return;
	s->counts.failing = 0;
	seconds = (hm_monotonic_ms() - s->failed_since) / 1000;
	hm_log_facts(HM_WARNING, HM_FACTS(hm_fact("file", s->options.path),
	    hm_fact_int("seconds", seconds)),
	    "%s: can be written again, after %lld s", s->options.path,
	    (long long)seconds);
}

static bool
is_busy(const struct hm_store *s)
{
	return s->db.handle != NULL &&
	    sqlite3_errcode(s->db.handle) == SQLITE_BUSY;
}

/*
 * A lock of another process and a full disk pass; after any other error the
 * next write opens the file again.
 */
static void
give_up(struct hm_store *s)
{
	int error = s->db.handle != NULL ?
	    sqlite3_errcode(s->db.handle) : SQLITE_ERROR;

	hm_db_rollback(&s->db);
	if (!s->is_open || (error != SQLITE_BUSY && error != SQLITE_FULL))
		close_db(s);
}

/* Opening */

/*
 * Insert a row for a setting that has changed, and add up days that another
 * program has changed, or all days after an upgrade.
 */
static bool
begin_run(struct hm_store *s)
{
	sqlite3_stmt *note = NULL;
	bool good = hm_db_run(&s->db, "BEGIN IMMEDIATE") &&
	    hm_db_prepare(&s->db, "INSERT OR IGNORE INTO config "
	    "SELECT ?1, ?2, ?3 WHERE NOT EXISTS (SELECT 1 FROM (SELECT value "
	    "FROM config WHERE key = ?2 ORDER BY time DESC LIMIT 1) "
	    "WHERE value = ?3)", &note);

	for (size_t i = 0; good && i < s->options.setting_count; i++) {
		sqlite3_bind_int64(note, 1, hm_clock_now());
		hm_db_bind_slice(note, 2, hm_text(s->options.settings[i].key));
		hm_db_bind_slice(note, 3,
		    hm_text(s->options.settings[i].value));
		good = hm_db_step(note);
	}
	sqlite3_finalize(note);
	return good && hm_plant_days_make(&s->db) &&
	    hm_db_run(&s->db, "COMMIT");
}

static void
count_step(void *context)
{
	struct hm_store *s = context;

	s->counts.steps++;
	if (s->options.step != NULL)
		s->options.step(s->options.context);
}

static bool
save(void *context, const char *path, int64_t version)
{
	return hm_backup_version(path, version, count_step, context);
}

/* NULL, or why it could not be opened. */
static const char *
open_db(struct hm_store *s)
{
	const struct hm_db_options options = {
	    .writing = true,
	    .careful = s->options.careful,
	    .busy_ms = BUSY_MS,
	};
	const char *why = NULL;

	if (!hm_db_open(&s->db, s->options.path, &options))
		return hm_db_reason(&s->db);
	why = hm_schema_refuse(&s->db);
	s->counts.refused = why != NULL;
	if (why == NULL)
		why = hm_schema_bring_up(&s->db);
	if (why == NULL)
		why = hm_schema_migrate(&s->db, save, s);
	if (why == NULL && (!hm_row_insert_prepare(s->rows, &s->db) ||
	    (s->outbox != NULL &&
	    !hm_store_outbox_prepare(s->outbox, &s->db)) ||
	    !hm_rollup_prepare(&s->rollup, &s->db, s->options.reset_hour) ||
	    !begin_run(s) || !hm_store_clock_tick(&s->clock, &s->db)))
		why = hm_db_reason(&s->db);
	s->is_open = why == NULL;
	return why;
}

static const char *
make_ready(struct hm_store *s)
{
	if (s->is_open && hm_db_moved(&s->db)) {
		hm_log_facts(HM_WARNING, HM_FACTS(hm_fact("file",
		    s->options.path)), "%s: the database has been removed or "
		    "replaced; new records are written to the new file",
		    s->options.path);
		close_db(s);
	}
	return s->is_open ? NULL : open_db(s);
}

/* Writing */

static bool
count_row(struct hm_store *s, enum hm_row_fate fate, int64_t due)
{
	if (fate == HM_ROW_KNOWN)
		s->counts.known++;
	if (fate != HM_ROW_NEW)
		return fate == HM_ROW_KNOWN;
	s->counts.rows++;
	if (due == NOT_DUE)
		return true;
	s->stored = true;
	if (due > s->arrival.clock + HM_ROW_AHEAD) {
		s->counts.future++;
		hm_store_clock_future(&s->clock, s->options.path, due);
	}
	if (!hm_rollup_mark(&s->rollup, due))
		return false;
	if (s->rollup.marked != s->hour)
		s->hour_over = true;
	s->hour = s->rollup.marked;
	return true;
}

static bool
put_row(struct hm_store *s, struct hm_slice row)
{
	int64_t due = NOT_DUE;
	enum hm_row_fate fate = hm_row_insert_put(s->rows, row, &due);

	return count_row(s, fate, due) && (fate != HM_ROW_NEW ||
	    s->outbox == NULL || hm_store_outbox_put(s->outbox, row, due));
}

static bool
transact(struct hm_store *s, struct hm_backlog *backlog, size_t count)
{
	struct hm_backlog_place place = {NULL, 0};

	if (!hm_db_run(&s->db, "BEGIN IMMEDIATE"))
		return false;
	hm_rollup_begin(&s->rollup);
	s->arrival = (struct hm_arrival){hm_clock_now(), s->clock.time.seconds};
	hm_row_insert_begin(s->rows, &s->arrival);
	if (s->outbox != NULL)
		hm_store_outbox_begin(s->outbox);
	for (size_t i = 0; i < count; i++)
		if (!put_row(s, hm_backlog_next(backlog, &place)))
			return false;
	return hm_row_insert_end(s->rows) && hm_db_run(&s->db, "COMMIT");
}

bool
hm_store_write(struct hm_store *s, struct hm_backlog *backlog, size_t count)
{
	struct hm_store_counts before = s->counts;
	const char *why = make_ready(s);

	if (why == NULL && !transact(s, backlog, count))
		why = hm_db_reason(&s->db);
	if (why != NULL) {
		before.refused = s->counts.refused;
		before.steps = s->counts.steps;
		s->counts = before;
		s->counts.busy = is_busy(s);
		begin_trouble(s, why, count);
		give_up(s);
		return false;
	}
	s->counts.busy = false;
	s->counts.batches += count > 0;
	if (count > 0)
		hm_log(HM_DEBUG, "%s: committed %zu records",
		    s->options.path, count);
	end_trouble(s);
	return true;
}

/* Upkeep */

static void
count_pruned(struct hm_store *s, const struct hm_pruned *pruned)
{
	s->counts.pruned += pruned->rows;
	if (pruned->unshipped > 0 && s->counts.unshipped == 0)
		hm_log_facts(HM_WARNING, HM_FACTS(hm_fact("file",
		    s->options.path)), "%s: records older than "
		    "metrics_retention were removed before hm-ship had "
		    "shipped them", s->options.path);
	s->counts.unshipped += pruned->unshipped;
}

/* The age of rows is the time that has certainly passed since they came. */
static bool
prune(struct hm_store *s, int64_t end, bool *more)
{
	bool due = s->stored && hm_monotonic_ms() >= s->prune_at;
	struct hm_pruned pruned = {.rows = 0};
	bool good = true;

	if (due && !hm_store_clock_tick(&s->clock, &s->db))
		return false;
	*more = due && s->options.retention > 0;
	while (good && *more && hm_monotonic_ms() < end)
		good = hm_retention_step(&s->db, s->clock.time.seconds -
		    HOUR_S - s->options.retention, &pruned, more) &&
		    (!*more || hm_retention_shrink(&s->db));
	count_pruned(s, &pruned);
	if (good && !*more && due)
		s->prune_at = hm_monotonic_ms() + PRUNE_MS;
	return good;
}

static bool
make_hours(struct hm_store *s, int64_t end, bool last, bool *more)
{
	bool all = last || hm_monotonic_ms() >= s->refresh_at;

	*more = all || s->hour_over;
	if (!*more)
		return true;
	if (s->outbox != NULL && !hm_store_outbox_watch(s->outbox, &s->db))
		return false;
	do {
		if (!hm_rollup_make(&s->rollup, all, &s->counts.hours, more))
			return false;
	} while (*more && hm_monotonic_ms() < end);
	s->hour_over = *more;
	if (all && !*more)
		s->refresh_at = hm_monotonic_ms() + REFRESH_MS;
	return s->outbox == NULL || *more ||
	    hm_store_outbox_list(&s->db, hm_clock_now());
}

static void
put_off(struct hm_store *s)
{
	const char *why = hm_db_reason(&s->db);

	s->counts.failures++;
	if (!s->upkeep_failed)
		hm_log_facts(HM_WARNING, HM_FACTS(hm_fact("file",
		    s->options.path), hm_fact("reason", why)),
		    "%s: hourly and daily rollups postponed: %s",
		    s->options.path,
		    why);
	s->upkeep_failed = true;
	s->upkeep_at = hm_monotonic_ms() + AGAIN_MS;
	give_up(s);
}

void
hm_store_shrink(struct hm_store *s)
{
	if (s->is_open)
		sqlite3_db_release_memory(s->db.handle);
}

bool
hm_store_upkeep(struct hm_store *s, bool last)
{
	int64_t now = hm_monotonic_ms();
	bool more_hours = false, more_old = false;

	if (!s->is_open || s->counts.failing != 0 || now < s->upkeep_at ||
	    hm_db_moved(&s->db))
		return false;
	/* At the end do not prune: old rows can wait for the next run. */
	if (!make_hours(s, now + UPKEEP_MS, last, &more_hours) ||
	    (!last && !prune(s, now + UPKEEP_MS, &more_old))) {
		put_off(s);
		return false;
	}
	s->upkeep_failed = false;
	return more_hours || more_old;
}
