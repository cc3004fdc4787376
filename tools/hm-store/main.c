/* hm-store: store the passing records in an SQLite database. */

#include <inttypes.h>
#include <string.h>

#include "actions.h"
#include "backup_rotate.h"
#include "base/clock.h"
#include "base/exits.h"
#include "base/log.h"
#include "base/rfc3339.h"
#include "config/config.h"
#include "config/settings.h"
#include "db/db.h"
#include "record/record.h"
#include "row_encode.h"
#include "store_thread.h"
#include "stream/stream.h"
#include "stream/tool.h"

#define MEGABYTE ((size_t)1024 * 1024)
#define DAY 86400
#define STUCK_MS 8000 /* to wait for a disk that accepts nothing */
#define END_MS 70000  /* at the end of the input: it may be locked */
#define SLICE_MS 100  /* between two checks for signals in a wait */
#define DRAIN_MS 3600000
#define ENDING_MS 200 /* between two checks of the thread at the end */

/* Settings */

static bool
stores(const struct hm_config *config)
{
	return hm_config_flag(config, HM_SET_PERSISTENCE_ENABLED) &&
	    !hm_config_flag(config, HM_SET_DRY_RUN);
}

static int
check(const struct hm_config *config)
{
	bool good = hm_config_use_zone(config);

	good = hm_action_check(config) && good;
	if ((hm_action_wanted(config) ? hm_action_needs_database(config) :
	    stores(config)) &&
	    !hm_config_has(config, HM_SET_DATABASE_PATH)) {
		hm_log(HM_ERROR, "no database: set database_path, "
		    "DATABASE_PATH or --database to its file");
		good = false;
	}
	return good ? HM_EXIT_OK : HM_EXIT_CONFIG;
}

struct work {
	const struct hm_config *config;
	struct hm_stream *stream;
	struct hm_row_maker *maker;
	struct hm_store_thread *thread; /* NULL: nothing is stored */
	struct hm_store_thread_counts counts; /* as of the last wait */
	struct hm_store_setting settings[HM_SETTINGS];
	uint64_t would_store;
	uint64_t lost;         /* records for which there was no room */
	int64_t no_room_since; /* monotonic ms; 0: there is room */
	int64_t started;       /* monotonic ms */
	bool ending;
	uint64_t progress; /* batches, hours and steps so far */
	int64_t progress_at; /* monotonic ms at which that last changed */
	struct hm_record record;
};

/* Records */

static void
read_counts(struct work *work)
{
	if (work->thread != NULL)
		hm_store_thread_counts(work->thread, &work->counts);
}

/* A replayed stream can wait; its readings are not sent again. */
static bool
is_replayed(const struct work *work)
{
	struct hm_slice text;
	int64_t time;

	return hm_record_string(&work->record, "time", &text) &&
	    hm_rfc3339_parse(text, &time) &&
	    time < hm_clock_now() - HM_ROW_LIVE_S;
}

/*
 * Whether to continue to wait for room: with a live stream up to STUCK_MS, with
 * a file that was refused never. Reads signals.
 */
static bool
keep_waiting(struct work *work)
{
	bool stopping = hm_stream_signals(work->stream);

	read_counts(work);
	if (work->counts.store.failing == 0 &&
	    hm_monotonic_ms() - work->no_room_since < STUCK_MS)
		return true;
	return !stopping && !work->counts.store.refused && is_replayed(work);
}

static void
lose(struct work *work)
{
	if (work->lost++ == 0)
		hm_log(HM_ERROR, "no room for more records (store_backlog): "
		    "they pass without being stored");
}

static void
store(struct work *work, struct hm_slice row)
{
	int64_t wait_ms = 0;

	work->would_store++;
	if (work->thread == NULL)
		return;
	while (!hm_store_thread_put(work->thread, row, wait_ms)) {
		if (work->no_room_since == 0)
			work->no_room_since = hm_monotonic_ms();
		if (!keep_waiting(work)) {
			lose(work);
			return;
		}
		hm_stream_flush(work->stream);
		wait_ms = SLICE_MS;
	}
	work->no_room_since = 0;
}

static void
on_line(void *context, struct hm_slice line)
{
	struct work *work = context;
	struct hm_slice type, row;
	const char *why;

	if (!hm_stream_pass(work->stream, line, hm_row_takes, &work->record,
	    &type))
		return;
	why = hm_row_make(work->maker, &work->record, line, &row);
	if (why == hm_row_no_start &&
	    hm_record_get(&work->record, "start")->kind == HM_ABSENT)
		hm_log(HM_DEBUG, "a record of type %.*s is not stored: it has "
		    "no start, because the DTU's clock was not set",
		    (int)type.n, type.p);
	else if (why != NULL)
		hm_stream_bad(work->stream, "not stored: %s", why);
	else
		store(work, row);
}

/* The store beside the stream */

static int
on_prepare(void *context, struct pollfd *fd)
{
	struct work *work = context;

	hm_store_thread_release(work->thread);
	read_counts(work);
	fd->fd = hm_store_thread_fd(work->thread);
	fd->events = POLLIN;
	return work->ending ? ENDING_MS : -1;
}

static void
on_ready(void *context, short revents)
{
	struct work *work = context;

	if (revents != 0)
		hm_store_thread_woken(work->thread);
}

/* Whether the store has made no progress for too long. */
static bool
check_stuck(struct work *work)
{
	uint64_t progress;
	int64_t now = hm_monotonic_ms();

	read_counts(work);
	progress = work->counts.store.batches + work->counts.store.hours +
	    work->counts.store.steps;
	if (work->progress_at == 0 || progress != work->progress)
		work->progress_at = now;
	work->progress = progress;
	return now - work->progress_at >=
	    (hm_stream_signals(work->stream) ? STUCK_MS : END_MS);
}

static bool
drain(void *context)
{
	struct work *work = context;

	work->ending = true;
	hm_store_thread_end(work->thread);
	return hm_store_thread_ended(work->thread) || check_stuck(work);
}

/*
 * Lines leave the input pipe when their rows are committed, or when the pipe is
 * full and the disk accepts nothing: that must not stop the stream.
 */
static bool
settle(void *context, bool pressed)
{
	struct work *work = context;

	read_counts(work);
	return work->counts.queued == 0 ||
	    (pressed && (work->counts.store.failing > 0 || check_stuck(work)));
}

static void
register_counters(struct work *work)
{
	const struct hm_store_thread_counts *c = &work->counts;

	hm_stream_counter(work->stream, "rows", &c->store.rows);
	hm_stream_counter(work->stream, "known", &c->store.known);
	hm_stream_counter(work->stream, "batches", &c->store.batches);
	hm_stream_counter(work->stream, "hours", &c->store.hours);
	hm_stream_counter(work->stream, "pruned", &c->store.pruned);
	hm_stream_counter(work->stream, "future", &c->store.future);
	if (hm_config_flag(work->config, HM_SET_OUTBOX))
		hm_stream_counter(work->stream, "unshipped",
		    &c->store.unshipped);
	hm_stream_counter(work->stream, "failures", &c->store.failures);
	hm_stream_counter(work->stream, "failing", &c->store.failing);
	hm_stream_counter(work->stream, "queued", &c->queued);
	hm_stream_counter(work->stream, "lost", &work->lost);
	if (work->thread == NULL)
		hm_stream_counter(work->stream, "would_store",
		    &work->would_store);
}

/* Running */

/* The exit status, from the rows that were not stored. */
static int
end_storing(struct work *work)
{
	const char *path = hm_config_text(work->config, HM_SET_DATABASE_PATH);
	uint64_t left;

	read_counts(work);
	left = work->lost;
	if (!hm_stream_has_successor(work->stream))
		left += work->counts.queued;
	if (left == 0 && work->counts.store.failing != 0 &&
	    !hm_stream_has_successor(work->stream)) {
		hm_log_facts(HM_ERROR, HM_FACTS(hm_fact("file", path)),
		    "%s: the database could not be opened or upgraded; try "
		    "again when the cause above is gone", path);
		return HM_EXIT_TEMP;
	}
	if (left == 0) {
		hm_log_facts(HM_INFO, HM_FACTS(hm_fact("file", path),
		    hm_fact_int("rows", (int64_t)work->counts.store.rows)),
		    "%s: all records are committed: %" PRIu64 " rows in %"
		    PRIu64 " transactions", path, work->counts.store.rows,
		    work->counts.store.batches);
		return HM_EXIT_OK;
	}
	hm_log_facts(HM_ERROR, HM_FACTS(hm_fact("file", path),
	    hm_fact_int("records", (int64_t)left)),
	    "%s: %" PRIu64 " records were not stored", path, left);
	return HM_EXIT_TEMP;
}

static void
back_up(const struct work *work, int64_t uptime_ms)
{
	const struct hm_config *c = work->config;
	int64_t timeout = hm_config_ms(c, HM_SET_BACKUP_TIMEOUT);
	int64_t left = hm_stream_time_left(work->stream);

	if (left >= 0 && left < timeout)
		timeout = left;
	if (hm_config_flag(c, HM_SET_BACKUP_ON_SHUTDOWN) &&
	    uptime_ms >= hm_config_ms(c, HM_SET_BACKUP_AFTER))
		hm_backup_rotate(hm_config_text(c, HM_SET_DATABASE_PATH),
		    (size_t)hm_config_int(c, HM_SET_BACKUP_KEEP),
		    timeout);
}

/* The settings in effect, except secrets and lists. */
static size_t
list_settings(struct work *work)
{
	size_t n = 0;

	for (size_t id = 0; id < HM_SETTINGS; id++) {
		const struct hm_setting *s = &hm_settings[id];
		const char *value = (s->tools & HM_STORE) != 0 &&
		    s->key != NULL && s->type != HM_TYPE_SECRET ?
		    hm_config_text(work->config, (enum hm_setting_id)id) :
		    NULL;

		if (value != NULL)
			work->settings[n++] =
			    (struct hm_store_setting){s->key, value};
	}
	return n;
}

static bool
start_thread(struct work *work)
{
	const struct hm_config *c = work->config;
	const struct hm_store_thread_options options = {
	    .store = {
	        .path = hm_config_text(c, HM_SET_DATABASE_PATH),
	        .careful = strcmp(hm_config_text(c, HM_SET_DATABASE_SYNC),
	            "full") == 0,
	        .reset_hour = (int)hm_config_int(c, HM_SET_RESET_HOUR),
	        .retention = hm_config_int(c, HM_SET_METRICS_RETENTION) * DAY,
	        .outbox = hm_config_flag(c, HM_SET_OUTBOX),
	        .ship_hours = strcmp(hm_config_text(c, HM_SET_SHIP),
	            "hours") == 0,
	        .settings = work->settings,
	        .setting_count = list_settings(work),
	    },
	    .backlog = (size_t)hm_config_int(c, HM_SET_STORE_BACKLOG) *
	        MEGABYTE,
	    .batch = (size_t)hm_config_int(c, HM_SET_STORE_BATCH),
	    .delay_ms = hm_config_ms(c, HM_SET_STORE_DELAY),
	};

	work->thread = hm_store_thread_start(&options);
	return work->thread != NULL;
}

static int
open_all(void *context, const struct hm_config *config)
{
	struct work *work = context;

	hm_db_lean();
	work->config = config;
	if (!hm_action_usage(config))
		return HM_EXIT_USAGE;
	if (hm_action_wanted(config))
		return hm_action_run(config);
	work->maker = hm_row_maker_new();
	if (work->maker != NULL)
		return HM_TOOL_GO_ON;
	hm_log_errno(HM_ERROR, "no memory");
	return HM_EXIT_OS;
}

static int
start(void *context, struct hm_stream *stream)
{
	struct work *work = context;
	const struct hm_stream_side side = {
	    .context = work,
	    .drain_ms = DRAIN_MS,
	    .prepare = on_prepare,
	    .ready = on_ready,
	    .drain = drain,
	};

	work->stream = stream;
	work->started = hm_monotonic_ms();
	if (stores(work->config)) {
		if (!start_thread(work))
			return HM_EXIT_OS;
		hm_stream_side(stream, &side);
		hm_stream_settled(stream, settle, work);
	}
	register_counters(work);
	return HM_TOOL_GO_ON;
}

static int
finish(void *context)
{
	struct work *work = context;
	int status;

	if (work->thread == NULL) {
		if (hm_config_flag(work->config, HM_SET_DRY_RUN))
			hm_log(HM_WARNING, "dry run: %" PRIu64 " records would "
			    "have been stored", work->would_store);
		return HM_EXIT_OK;
	}
	status = end_storing(work);
	/* The reader of stdout need not wait for the backup. */
	hm_stream_end(work->stream);
	if (!hm_store_thread_ended(work->thread))
		return HM_EXIT_TEMP;
	back_up(work, hm_monotonic_ms() - work->started);
	return status;
}

static bool
free_all(void *context)
{
	struct work *work = context;

	/* A hanging disk would block the exit for ever. */
	if (!hm_store_thread_free(work->thread))
		return false;
	hm_row_maker_free(work->maker);
	return true;
}

int
main(int argc, char *argv[])
{
	static const struct hm_tool_ops ops = {
	    .check = check,
	    .open = open_all,
	    .start = start,
	    .wants_readings = true,
	    .line = on_line,
	    .finish = finish,
	    .free = free_all,
	};
	static struct work work;

	return hm_tool_main(HM_TOOL_STORE, &ops, &work, argc, argv);
}
