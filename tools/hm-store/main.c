/* hm-store: what passes, kept in an SQLite database. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "backup.h"
#include "base/clock.h"
#include "base/exits.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "base/rfc3339.h"
#include "config/config.h"
#include "config/settings.h"
#include "db/db.h"
#include "db/history_read.h"
#include "db/schema.h"
#include "export.h"
#include "record/record.h"
#include "row_encode.h"
#include "store_thread.h"
#include "stream/restart.h"
#include "stream/stream.h"

#define MEGABYTE ((size_t)1024 * 1024)
#define DAY 86400
/* A disk that takes nothing for so long is not waited for. */
#define STUCK_MS 8000
#define END_MS 70000  /* at the end of the input, where others lock it */
#define SLICE_MS 100  /* of a wait, after which signals are looked at */
#define REPLAY_S 3600 /* older records do not come from DTUs now */
#define DRAIN_MS 3600000
#define ENDING_MS 200 /* between two looks at that */

/* Settings */

static bool
read_moment(const struct hm_config *config, enum hm_setting_id id,
    int64_t *moment)
{
	const char *text = hm_config_text(config, id);
	char whole[HM_RFC3339_SIZE];

	if (text == NULL || hm_rfc3339_parse(hm_text(text), moment))
		return true;
	snprintf(whole, sizeof whole, "%.10sT00:00:00Z", text);
	if (strlen(text) == 10 && hm_rfc3339_parse(hm_text(whole), moment))
		return true;
	return hm_config_refuse(config, id, "are times in UTC, such as "
	    "2026-11-23 or 2026-11-23T10:15:00Z");
}

static bool
stores(const struct hm_config *config)
{
	return hm_config_flag(config, HM_SET_PERSISTENCE_ENABLED) &&
	    !hm_config_flag(config, HM_SET_DRY_RUN);
}

static int
count_actions(const struct hm_config *config)
{
	return hm_config_has(config, HM_SET_BACKUP) +
	    hm_config_flag(config, HM_SET_EXPORT) +
	    hm_config_flag(config, HM_SET_STATS) +
	    hm_config_flag(config, HM_SET_VACUUM);
}

/* What goes together on the command line. */
static bool
check_actions(const struct hm_config *config)
{
	if (count_actions(config) > 1) {
		hm_log(HM_ERROR, "one of --backup, --export, --stats and "
		    "--vacuum at a time");
		return false;
	}
	if (!hm_config_flag(config, HM_SET_EXPORT) &&
	    (hm_config_has(config, HM_SET_SINCE) ||
	    hm_config_has(config, HM_SET_UNTIL))) {
		hm_log(HM_ERROR, "--since and --until go with --export");
		return false;
	}
	return true;
}

static int
check(const struct hm_config *config)
{
	int64_t moment;
	bool good = hm_config_use_zone(config);

	good = read_moment(config, HM_SET_SINCE, &moment) && good;
	good = read_moment(config, HM_SET_UNTIL, &moment) && good;
	if ((stores(config) || count_actions(config) > 0) &&
	    !hm_config_has(config, HM_SET_DATABASE_PATH)) {
		hm_log(HM_ERROR, "no database: set database_path, "
		    "DATABASE_PATH or --database to its file");
		good = false;
	}
	return good ? HM_EXIT_OK : HM_EXIT_CONFIG;
}

static const struct hm_tool tool = {
    .name = "hm-store",
    .bit = HM_STORE,
    .summary = "Keep readings and events in an SQLite database and pass every "
        "line on.",
    .check = check,
};

struct work {
	const struct hm_config *config;
	struct hm_stream *stream;
	struct hm_row_maker *maker;
	struct hm_store_thread *thread; /* NULL: nothing is stored */
	struct hm_store_thread_counts counts; /* as of the last wait */
	struct hm_store_setting settings[HM_SETTINGS];
	uint64_t would_store;
	uint64_t lost;         /* records for which there was no room */
	int64_t no_room_since; /* monotonic ms; 0: there is some */
	bool ending;
	uint64_t progress; /* of the store, when it last made any */
	int64_t progress_at;
	struct hm_record record;
};

/* Records */

static void
look_at_counts(struct work *work)
{
	if (work->thread != NULL)
		hm_store_thread_counts(work->thread, &work->counts);
}

/* A stream of old can wait, and nothing else will tell what is in it. */
static bool
is_replayed(const struct work *work)
{
	struct hm_slice text;
	int64_t time;

	return hm_record_string(&work->record, "time", &text) &&
	    hm_rfc3339_parse(text, &time) && time < hm_clock_now() - REPLAY_S;
}

/*
 * Whether to wait for room: a stream that goes on is not held up for long, and
 * nobody by a file that will never do.
 */
static bool
has_patience(struct work *work)
{
	bool stopping = hm_stream_signals(work->stream);

	look_at_counts(work);
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
	int64_t patience = 0;

	work->would_store++;
	if (work->thread == NULL)
		return;
	while (!hm_store_thread_put(work->thread, row, patience)) {
		if (work->no_room_since == 0)
			work->no_room_since = hm_monotonic_ms();
		if (!has_patience(work)) {
			lose(work);
			return;
		}
		hm_stream_flush(work->stream);
		patience = SLICE_MS;
	}
	work->no_room_since = 0;
}

static void
on_line(struct work *work, struct hm_slice line)
{
	struct hm_slice type, row;
	const char *why;

	if (!hm_stream_pass(work->stream, line, hm_row_takes, &work->record,
	    &type))
		return;
	why = hm_row_make(work->maker, &work->record, line, &row);
	if (why != NULL)
		hm_stream_bad(work->stream, "not stored: %s", why);
	else
		store(work, row);
}

/* The store is the side of the stream */

static int
on_prepare(void *context, struct pollfd *fd)
{
	struct work *work = context;

	look_at_counts(work);
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

static bool
is_stuck(struct work *work)
{
	uint64_t progress;
	int64_t now = hm_monotonic_ms();

	look_at_counts(work);
	progress = work->counts.store.batches + work->counts.store.hours;
	if (work->progress_at == 0 || progress != work->progress)
		work->progress_at = now;
	work->progress = progress;
	return now - work->progress_at >=
	    (hm_stream_signals(work->stream) ? STUCK_MS : END_MS);
}

static bool
is_drained(void *context)
{
	struct work *work = context;

	work->ending = true;
	hm_store_thread_end(work->thread);
	return hm_store_thread_ended(work->thread) || is_stuck(work);
}

/*
 * Rows that are committed need no line to stay in the pipe. A disk that takes
 * nothing must not stop the stream.
 */
static bool
is_settled(void *context, bool pressed)
{
	struct work *work = context;

	look_at_counts(work);
	return work->counts.queued == 0 ||
	    (pressed && (work->counts.store.failing > 0 || is_stuck(work)));
}

static void
count(struct work *work)
{
	const struct hm_store_thread_counts *c = &work->counts;

	hm_stream_counter(work->stream, "rows", &c->store.rows);
	hm_stream_counter(work->stream, "known", &c->store.known);
	hm_stream_counter(work->stream, "batches", &c->store.batches);
	hm_stream_counter(work->stream, "hours", &c->store.hours);
	hm_stream_counter(work->stream, "pruned", &c->store.pruned);
	hm_stream_counter(work->stream, "failures", &c->store.failures);
	hm_stream_counter(work->stream, "failing", &c->store.failing);
	hm_stream_counter(work->stream, "queued", &c->queued);
	hm_stream_counter(work->stream, "lost", &work->lost);
	if (work->thread == NULL)
		hm_stream_counter(work->stream, "would_store",
		    &work->would_store);
}

/* Running */

static void
read_all(struct work *work)
{
	struct hm_slice line;

	while (hm_stream_next(work->stream, &line)) {
		on_line(work, line);
		hm_stream_commit(work->stream);
	}
}

/* The status that the end of storing asks for. */
static int
end_storing(struct work *work)
{
	const char *path = hm_config_text(work->config, HM_SET_DATABASE_PATH);
	uint64_t left;

	look_at_counts(work);
	left = work->lost;
	if (!hm_stream_has_successor(work->stream))
		left += work->counts.queued;
	if (left == 0)
		return HM_EXIT_OK;
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

/* What is in effect, but for what is secret or no plain value. */
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
run_storing(struct work *work)
{
	const struct hm_stream_side side = {
	    .context = work,
	    .drain_ms = DRAIN_MS,
	    .prepare = on_prepare,
	    .ready = on_ready,
	    .drained = is_drained,
	};
	int64_t started = hm_monotonic_ms();
	int status;

	hm_stream_side(work->stream, &side);
	hm_stream_settled(work->stream, is_settled, work);
	count(work);
	read_all(work);
	status = end_storing(work);
	/* Those who read on need not wait for the backup. */
	hm_stream_end(work->stream);
	/* A disk that hangs would hold us for ever. */
	if (!hm_store_thread_ended(work->thread))
		_exit(hm_restart(hm_stream_close(work->stream, HM_EXIT_TEMP)));
	back_up(work, hm_monotonic_ms() - started);
	status = hm_stream_close(work->stream, status);
	hm_store_thread_free(work->thread);
	return status;
}

static int
run(struct work *work)
{
	struct hm_stream_options options;

	work->maker = hm_row_maker_new();
	if (work->maker == NULL) {
		hm_log_errno(HM_ERROR, "no memory");
		return HM_EXIT_OS;
	}
	hm_config_stream(work->config, &options);
	/* The stream blocks the signals, and the thread inherits it. */
	work->stream = hm_stream_open(&options);
	if (work->stream == NULL)
		return HM_EXIT_OS;
	if (!stores(work->config)) {
		count(work);
		read_all(work);
		if (hm_config_flag(work->config, HM_SET_DRY_RUN))
			hm_log(HM_WARNING, "dry run: %" PRIu64 " records would "
			    "have been stored", work->would_store);
		return hm_stream_close(work->stream, HM_EXIT_OK);
	}
	if (!start_thread(work))
		return hm_stream_close(work->stream, HM_EXIT_OS);
	return run_storing(work);
}

/* Actions */

static int
cannot(const char *path, const char *what, const char *why)
{
	hm_log_facts(HM_ERROR, HM_FACTS(hm_fact("file", path),
	    hm_fact("reason", why)), "%s: %s: %s", path, what, why);
	return HM_EXIT_IO;
}

static bool
put_line(void *context, struct hm_slice line)
{
	struct work *work = context;

	hm_stream_emit(work->stream, line);
	return !hm_stream_signals(work->stream) &&
	    (hm_stream_room(work->stream) > line.n ||
	    hm_stream_flush(work->stream));
}

static int
export(struct work *work, struct hm_db *db)
{
	const struct hm_stream_options options = {
	    .in = -1, .out = STDOUT_FILENO};
	int64_t since = 0, until = INT64_MAX;
	int status = HM_EXIT_OK;

	read_moment(work->config, HM_SET_SINCE, &since);
	read_moment(work->config, HM_SET_UNTIL, &until);
	work->stream = hm_stream_open(&options);
	if (work->stream == NULL)
		return HM_EXIT_OS;
	if (!hm_export(db, since, until, put_line, work))
		status = cannot(db->path, "cannot export",
		    hm_db_reason(db));
	return hm_stream_close(work->stream, status);
}

static int
tell_stats(struct hm_db *db)
{
	char buf[8192], time[HM_RFC3339_SIZE];
	struct hm_slice line;
	struct hm_json e;

	hm_json_start(&e, buf, sizeof buf);
	hm_json_record(&e, "database", hm_rfc3339_format(hm_clock_now(), time));
	if (!hm_history_stats(db, &e))
		return cannot(db->path, "cannot count", hm_db_reason(db));
	hm_json_object_end(&e);
	if (!hm_json_done(&e, &line))
		return HM_EXIT_SOFTWARE;
	if (printf("%.*s\n", (int)line.n, line.p) < 0 || fflush(stdout) != 0) {
		hm_log_errno(HM_ERROR, "cannot write to stdout");
		return HM_EXIT_IO;
	}
	return HM_EXIT_OK;
}

static int
vacuum(const char *path)
{
	const struct hm_db_options options = {
	    .writing = true, .careful = true, .busy_ms = STUCK_MS};
	struct hm_db db = {0};
	int status = HM_EXIT_OK;
	const char *why;

	if (access(path, F_OK) < 0) {
		hm_log_errno(HM_ERROR, "%s", path);
		return HM_EXIT_IO;
	}
	why = hm_db_open(&db, path, &options) ? hm_schema_check(&db) :
	    hm_db_reason(&db);
	if (why == NULL && !(hm_db_run(&db, "VACUUM") &&
	    hm_db_run(&db, "PRAGMA wal_checkpoint(TRUNCATE)")))
		why = hm_db_reason(&db);
	if (why != NULL)
		status = cannot(path, "cannot vacuum", why);
	hm_db_close(&db);
	return status;
}

static int
read_database(struct work *work, const char *path)
{
	struct hm_db db = {0};
	const char *why;
	int status;

	if (!hm_history_open(&db, path, &why))
		status = cannot(path, "cannot read the database", why);
	else if (hm_config_flag(work->config, HM_SET_EXPORT))
		status = export(work, &db);
	else
		status = tell_stats(&db);
	hm_db_close(&db);
	return status;
}

static int
act(struct work *work)
{
	const char *path = hm_config_text(work->config, HM_SET_DATABASE_PATH);
	const char *to = hm_config_text(work->config, HM_SET_BACKUP);

	if (hm_config_flag(work->config, HM_SET_DRY_RUN) &&
	    !hm_config_flag(work->config, HM_SET_STATS) &&
	    !hm_config_flag(work->config, HM_SET_EXPORT))
		return HM_EXIT_OK;
	if (hm_config_flag(work->config, HM_SET_VACUUM))
		return vacuum(path);
	if (to != NULL)
		return hm_backup(path, to, -1) ? HM_EXIT_OK : HM_EXIT_IO;
	return read_database(work, path);
}

int
main(int argc, char *argv[])
{
	static struct work work;
	struct hm_config *config;
	int status;

	hm_stream_guard_descriptors();
	hm_db_lean();
	config = hm_config_load(&tool, argc, argv, &status);
	if (config == NULL)
		return status;
	work.config = config;
	if (!check_actions(config))
		status = HM_EXIT_USAGE;
	else
		status = count_actions(config) > 0 ? act(&work) : run(&work);
	hm_row_maker_free(work.maker);
	hm_config_free(config);
	return hm_restart(status);
}
