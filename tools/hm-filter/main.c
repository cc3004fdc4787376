/*
 * hm-filter: choose records and fields; keep energies free of falls and spikes.
 */

#include <unistd.h>

#include "base/clock.h"
#include "base/exits.h"
#include "base/log.h"
#include "config/config.h"
#include "db/db.h"
#include "filter.h"
#include "guard.h"
#include "ledger.h"
#include "ledger_db.h"
#include "stream/stream.h"
#include "stream/tool.h"

#define REOPEN_MS 10000
#define FOLLOW_MS 30000

static int
check(const struct hm_config *config)
{
	bool mistakes, good = hm_config_use_zone(config);
	struct hm_filter *filter;

	filter = hm_filter_new(config, NULL, &mistakes);
	if (filter == NULL && !mistakes)
		return HM_EXIT_OS;
	hm_filter_free(filter);
	return good && !mistakes ? HM_EXIT_OK : HM_EXIT_CONFIG;
}

struct work {
	struct hm_stream *stream;
	struct hm_filter *filter;
	struct hm_guard *guard;
	struct hm_ledger *ledger;
	struct hm_ledger_db *db; /* NULL: the ledger is only in memory */
	const char *missing;     /* the database that could not be opened */
	int64_t reopen_at;       /* monotonic ms */
	int64_t follow_at;       /* monotonic ms */
	bool dry_run;
	uint64_t unsaved_writes; /* records written although the save failed */
	struct hm_record record;
};

/* Records */

static void
on_record(struct work *work, struct hm_slice type, struct hm_slice line)
{
	const struct hm_moment now = hm_moment_since_boot();
	struct hm_slice out;
	const char *problem;

	if (!hm_stream_parse(work->stream, line, &work->record))
		return;
	hm_guard_clock(work->guard, &now);
	if (hm_filter_record(work->filter, type, line, &work->record, &out,
	    &problem))
		hm_stream_emit(work->stream, out);
	if (problem != NULL)
		hm_stream_bad(work->stream, "its energies are left out: %s",
		    problem);
}

static void
on_line(void *context, struct hm_slice line)
{
	struct work *work = context;
	struct hm_slice type;

	if (!hm_stream_type(work->stream, line, &work->record, &type))
		return;
	if (hm_filter_takes(work->filter, type))
		on_record(work, type, line);
	else if (hm_filter_passes(work->filter, type))
		hm_stream_emit(work->stream, line);
}

/* What other processes have deleted. A save looks for it, too. */
static void
follow(struct work *work, bool last)
{
	int64_t now = hm_monotonic_ms();

	if (!last && now < work->follow_at)
		return;
	work->follow_at = now + FOLLOW_MS;
	hm_ledger_db_follow(work->db, work->ledger);
}

static void
save_changes(struct work *work, bool last)
{
	if (work->db == NULL)
		return;
	follow(work, last);
	if (!work->dry_run && hm_ledger_has_changes(work->ledger) &&
	    !hm_ledger_db_save(work->db, work->ledger, last))
		work->unsaved_writes++;
}

/* The disk of the database may be there later than hm-filter. */
static void
look_for_database(struct work *work)
{
	int64_t now = hm_monotonic_ms();

	if (work->missing == NULL || now < work->reopen_at)
		return;
	work->reopen_at = now + REOPEN_MS;
	work->db = hm_ledger_db_find(work->missing, work->ledger);
	if (work->db != NULL)
		work->missing = NULL;
}

static void
save(void *context)
{
	look_for_database(context);
	save_changes(context, false);
}

static void
count(struct work *work)
{
	const struct hm_filter_counters *filter = hm_filter_counters(
	    work->filter);
	const struct hm_guard_counters *guard;

	hm_stream_counter(work->stream, "dropped", &filter->dropped);
	hm_stream_counter(work->stream, "unmultiplied",
	    &filter->unmultiplied);
	guard = hm_guard_counters(work->guard);
	hm_stream_counter(work->stream, "refused_zeros",
	    &guard->refused_zeros);
	hm_stream_counter(work->stream, "refused_falls",
	    &guard->refused_falls);
	hm_stream_counter(work->stream, "refused_spikes",
	    &guard->refused_spikes);
	hm_stream_counter(work->stream, "began_anew", &guard->began_anew);
	hm_stream_counter(work->stream, "unsaved_writes",
	    &work->unsaved_writes);
}

static int
start(void *context, struct hm_stream *stream)
{
	struct work *work = context;

	work->stream = stream;
	hm_stream_before_write(stream, save, work);
	count(work);
	return HM_TOOL_GO_ON;
}

static int
finish(void *context)
{
	struct work *work = context;

	hm_ledger_touch_noted(work->ledger);
	save_changes(work, true);
	return HM_EXIT_OK;
}

/* Setting up */

static void
open_database(struct work *work, const struct hm_config *config)
{
	const char *path = hm_config_database_to_read(config);

	if (path != NULL)
		work->db = hm_ledger_db_open(path, !work->dry_run);
	if (work->db != NULL && !hm_ledger_db_load(work->db, work->ledger)) {
		hm_ledger_db_close(work->db);
		work->db = NULL;
	}
	if (work->db == NULL && !work->dry_run)
		work->missing = path;
	work->reopen_at = hm_monotonic_ms() + REOPEN_MS;
}

static bool
open_guard(struct work *work, const struct hm_config *config)
{
	work->ledger = hm_ledger_new();
	if (work->ledger == NULL)
		return false;
	if (hm_config_flag(config, HM_SET_ENERGY_GUARD))
		open_database(work, config);
	work->guard = hm_guard_new(&(struct hm_guard_options){
	    .ledger = work->ledger,
	    .judges = hm_config_flag(config, HM_SET_ENERGY_GUARD),
	    /* Also if it cannot be opened: show no unconfirmed energies. */
	    .remembers = hm_config_database(config) != NULL,
	    .reset_hour = (int)hm_config_int(config, HM_SET_RESET_HOUR),
	    .exclude = hm_config_text(config, HM_SET_EXCLUDE_INVERTERS),
	});
	return work->guard != NULL;
}

/* Forgetting */

static bool
forget_one(struct hm_ledger_db *db, struct hm_slice serial)
{
	int64_t rows = hm_ledger_db_forget(db, serial);

	if (rows == 0)
		hm_log_facts(HM_WARNING, HM_FACTS(hm_fact_slice("serial",
		    serial)), "--forget: the database has no inverter %.*s",
		    (int)serial.n, serial.p);
	return rows >= 0;
}

static int
forget(const struct hm_config *config)
{
	const char *path = hm_config_database(config);
	const char *words = hm_config_text(config, HM_SET_FORGET);
	struct hm_ledger_db *db;
	struct hm_slice word;
	bool good = true;

	if (path == NULL) {
		hm_log(HM_ERROR,
		    "--forget: no database is set; see --database");
		return HM_EXIT_USAGE;
	}
	if (hm_config_flag(config, HM_SET_DRY_RUN))
		return HM_EXIT_OK;
	if (access(path, F_OK) < 0) {
		hm_log_errno(HM_ERROR, "--forget: %s", path);
		return HM_EXIT_IO;
	}
	db = hm_ledger_db_open(path, true);
	if (db == NULL)
		return HM_EXIT_IO;
	while (hm_config_word(&words, &word))
		good = forget_one(db, word) && good;
	hm_ledger_db_close(db);
	return good ? HM_EXIT_OK : HM_EXIT_IO;
}

static int
open_all(void *context, const struct hm_config *config)
{
	struct work *work = context;
	bool mistakes;

	hm_db_lean();
	if (hm_config_has(config, HM_SET_FORGET))
		return forget(config);
	work->dry_run = hm_config_flag(config, HM_SET_DRY_RUN);
	if (open_guard(work, config))
		work->filter = hm_filter_new(config, work->guard, &mistakes);
	if (work->filter != NULL)
		return HM_TOOL_GO_ON;
	hm_log_errno(HM_ERROR, "no memory");
	return HM_EXIT_OS;
}

static bool
free_all(void *context)
{
	struct work *work = context;

	hm_filter_free(work->filter);
	hm_guard_free(work->guard);
	hm_ledger_free(work->ledger);
	hm_ledger_db_close(work->db);
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

	return hm_tool_main(HM_TOOL_FILTER, &ops, &work, argc, argv);
}
