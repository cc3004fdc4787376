#include "actions.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backup.h"
#include "base/clock.h"
#include "base/exits.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "base/rfc3339.h"
#include "db/db.h"
#include "db/history_read.h"
#include "db/schema.h"
#include "db/export.h"
#include "print_record.h"
#include "record/record.h"
#include "rename_action.h"
#include "restore.h"
#include "stream/stream.h"
#include "verify.h"
#include "verify_action.h"

#define BUSY_MS 8000 /* to wait for another process's lock */

/* The command line */

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

bool
hm_action_check(const struct hm_config *config)
{
	int64_t moment;
	bool good = read_moment(config, HM_SET_SINCE, &moment);

	return read_moment(config, HM_SET_UNTIL, &moment) && good;
}

static int
count(const struct hm_config *config)
{
	return hm_config_has(config, HM_SET_BACKUP) +
	    hm_config_flag(config, HM_SET_EXPORT) +
	    hm_config_has(config, HM_SET_RENAME_DTU) +
	    hm_config_has(config, HM_SET_REPLACE_INVERTER) +
	    hm_config_has(config, HM_SET_RESTORE) +
	    hm_config_flag(config, HM_SET_STATS) +
	    hm_config_flag(config, HM_SET_VACUUM) +
	    hm_config_has(config, HM_SET_VERIFY);
}

bool
hm_action_wanted(const struct hm_config *config)
{
	return count(config) > 0;
}

bool
hm_action_usage(const struct hm_config *config)
{
	if (count(config) > 1) {
		hm_log(HM_ERROR, "one of --backup, --export, "
		    "--rename-dtu, --replace-inverter, --restore, --stats, "
		    "--vacuum and --verify at a time");
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
	struct hm_stream *stream = context;

	hm_stream_emit(stream, line);
	return !hm_stream_signals(stream) &&
	    (hm_stream_room(stream) > line.n || hm_stream_flush(stream));
}

static int
export(const struct hm_config *config, struct hm_db *db)
{
	const struct hm_stream_options options = {
	    .in = -1, .out = STDOUT_FILENO};
	struct hm_stream *stream;
	int64_t since = 0, until = INT64_MAX;
	char why[HM_EXPORT_WHY];
	int status = HM_EXIT_OK;

	read_moment(config, HM_SET_SINCE, &since);
	read_moment(config, HM_SET_UNTIL, &until);
	stream = hm_stream_open(&options);
	if (stream == NULL)
		return HM_EXIT_OS;
	if (!hm_export(db, since, until, put_line, stream, why))
		status = cannot(db->path, "cannot export", why);
	return hm_stream_close(stream, status);
}

static int
print_stats(struct hm_db *db)
{
	char buf[8192], time[HM_RFC3339_SIZE];
	struct hm_json e;

	hm_json_start(&e, buf, sizeof buf);
	hm_json_record(&e, "database", hm_rfc3339_format(hm_clock_now(), time));
	if (!hm_history_stats(db, &e))
		return cannot(db->path, "cannot count", hm_db_reason(db));
	return hm_print_record(&e);
}

static int
vacuum(const char *path)
{
	const struct hm_db_options options = {
	    .writing = true, .careful = true, .busy_ms = BUSY_MS};
	struct hm_problems found = {.count = 0};
	struct hm_db db = {0};
	int status = HM_EXIT_OK;
	const char *why;

	if (access(path, F_OK) < 0) {
		hm_log_errno(HM_ERROR, "%s", path);
		return HM_EXIT_IO;
	}
	why = hm_db_open(&db, path, &options) ? hm_schema_check(&db) :
	    hm_db_reason(&db);
	/* VACUUM would drop what it cannot read, and leave no trace of it. */
	if (why == NULL && !hm_verify_pages(&db, false, NULL, NULL, &found))
		why = hm_db_reason(&db);
	if (why == NULL && found.count > 0)
		why = found.text[0];
	if (why == NULL && !(hm_db_run(&db, "VACUUM") &&
	    hm_db_run(&db, "PRAGMA wal_checkpoint(TRUNCATE)")))
		why = hm_db_reason(&db);
	if (why != NULL)
		status = cannot(path, "cannot vacuum", why);
	hm_db_close(&db);
	return status;
}

static int
read_database(const struct hm_config *config, const char *path)
{
	struct hm_db db = {0};
	const char *why;
	int status;

	if (!hm_history_open(&db, path, &why))
		status = cannot(path, "cannot read the database", why);
	else if (hm_config_flag(config, HM_SET_EXPORT))
		status = export(config, &db);
	else
		status = print_stats(&db);
	hm_db_close(&db);
	return status;
}

bool
hm_action_needs_database(const struct hm_config *config)
{
	return count(config) > 0 && !hm_config_has(config, HM_SET_VERIFY);
}

int
hm_action_run(const struct hm_config *config)
{
	const char *path = hm_config_text(config, HM_SET_DATABASE_PATH);
	const char *to = hm_config_text(config, HM_SET_BACKUP);

	if (hm_config_has(config, HM_SET_VERIFY))
		return hm_verify_action(hm_config_text(config,
		    HM_SET_VERIFY));
	if (hm_config_has(config, HM_SET_RESTORE))
		return hm_restore_action(path, hm_config_text(config,
		    HM_SET_RESTORE), hm_config_flag(config, HM_SET_DRY_RUN));
	if (hm_config_has(config, HM_SET_RENAME_DTU) ||
	    hm_config_has(config, HM_SET_REPLACE_INVERTER))
		return hm_rename_action(config);
	if (hm_config_flag(config, HM_SET_DRY_RUN) &&
	    !hm_config_flag(config, HM_SET_STATS) &&
	    !hm_config_flag(config, HM_SET_EXPORT))
		return HM_EXIT_OK;
	if (hm_config_flag(config, HM_SET_VACUUM))
		return vacuum(path);
	if (to != NULL)
		return hm_backup(path, to, -1, NULL) ? HM_EXIT_OK : HM_EXIT_IO;
	return read_database(config, path);
}
