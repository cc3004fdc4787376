#include "verify.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db/schema.h"

#define BUSY_MS 5000
#define INSTRUCTIONS_A_STEP 100000 /* of SQLite's machine: some ms */

/* What must hold of the rows, beyond what SQLite checks. */
static const struct rule {
	const char *broken; /* of a number of rows */
	const char *sql;    /* counts them */
} rules[] = {
    {"inputs in hm-filter's ledger have impossible energies",
        "SELECT count(*) FROM production_cache WHERE "
        "typeof(e_total) <> 'integer' OR typeof(e_pending) <> 'integer' "
        "OR e_total < -1 OR e_pending < e_total OR e_began > e_pending "
        "OR today_production < 0 OR total_production < 0"},
    {"energies of hybrid inverters in hm-filter's ledger are impossible",
        "SELECT count(*) FROM energy_cache WHERE "
        "typeof(e_total) <> 'integer' OR typeof(e_pending) <> 'integer' "
        "OR e_total < -1 OR e_pending < e_total OR e_began > e_pending "
        "OR today < 0 OR total < 0"},
    {"rows of day_totals end below their start",
        "SELECT count(*) FROM day_totals WHERE last < start"},
    {"rows of port_daily have no date for a day",
        "SELECT count(*) FROM port_daily WHERE day NOT GLOB "
        "'[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'"},
    {"rows of port_hourly have an impossible number of samples",
        "SELECT count(*) FROM port_hourly WHERE "
        "typeof(samples) <> 'integer' OR samples < 0 "
        "OR (filled = 1 AND samples > 0)"},
    {"rows of info hold no JSON",
        "SELECT count(*) FROM info WHERE NOT json_valid(data)"},
    {"rows of history hold no JSON",
        "SELECT count(*) FROM history WHERE NOT json_valid(data)"},
    {"rows of stats hold no JSON",
        "SELECT count(*) FROM stats WHERE NOT json_valid(data)"},
    {"rows of commands hold no JSON",
        "SELECT count(*) FROM commands WHERE NOT json_valid(data)"},
    {"rows of results have a state that is not that of their stage",
        "SELECT count(*) FROM results WHERE stage IS NOT CASE "
        "WHEN state = 'accepted' THEN 1 WHEN state = 'under_way' THEN 2 "
        "WHEN state IN ('refused', 'done', 'failed', 'unknown') THEN 3 END"},
    {"rows of status have an unknown state",
        "SELECT count(*) FROM status WHERE "
        "state NOT IN ('online', 'offline')"},
};

static void
add_problem(struct hm_problems *problems, const char *text)
{
	for (size_t i = 0; i < problems->count; i++)
		if (strcmp(problems->text[i], text) == 0)
			return;
	if (problems->count < HM_PROBLEMS)
		snprintf(problems->text[problems->count++], HM_PROBLEM_SIZE,
		    "%s", text);
}

/* Pages */

/* A row of a check can have several lines; the first may name the database. */
static void
add_lines(struct hm_problems *problems, const char *text)
{
	static const char heading[] = "***";
	char line[HM_PROBLEM_SIZE];

	while (*text != '\0') {
		size_t n = strcspn(text, "\n");

		snprintf(line, sizeof line, "%.*s", (int)n, text);
		if (strncmp(line, heading, strlen(heading)) != 0)
			add_problem(problems, line);
		text += n + (text[n] == '\n');
	}
}

struct progress {
	hm_verify_step *step;
	void *context;
};

static int
on_progress(void *context)
{
	const struct progress *progress = context;

	return progress->step(progress->context) ? 0 : 1;
}

static bool
run_check(struct hm_db *db, const char *sql, struct hm_problems *problems)
{
	sqlite3_stmt *rows = NULL;
	int result = SQLITE_ERROR;

	if (hm_db_prepare(db, sql, &rows))
		while ((result = sqlite3_step(rows)) == SQLITE_ROW) {
			const char *text =
			    (const char *)sqlite3_column_text(rows, 0);

			if (text != NULL && strcmp(text, "ok") != 0)
				add_lines(problems, text);
		}
	/* This also keeps the reason of a failure. */
	sqlite3_finalize(rows);
	return result == SQLITE_DONE;
}

bool
hm_verify_pages(struct hm_db *db, bool quick, hm_verify_step *step,
    void *context, struct hm_problems *problems)
{
	struct progress progress = {step, context};
	bool good;

	if (step != NULL)
		sqlite3_progress_handler(db->handle, INSTRUCTIONS_A_STEP,
		    on_progress, &progress);
	/*
	 * With a view in the schema SQLite 3.40 leaves out the list of free
	 * pages, unless it is asked for one table, sqlite_schema.
	 */
	good = run_check(db, quick ? "PRAGMA quick_check(20)" :
	    "PRAGMA integrity_check(20)", problems) &&
	    run_check(db, "PRAGMA quick_check(sqlite_schema)", problems);
	sqlite3_progress_handler(db->handle, 0, NULL, NULL);
	return good;
}

/* Files */

static bool
check_rules(struct hm_db *db, struct hm_problems *problems)
{
	char text[HM_PROBLEM_SIZE];
	int64_t rows;

	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
		if (!hm_db_ask(db, rules[i].sql, &rows))
			return false;
		snprintf(text, sizeof text, "%lld %s", (long long)rows,
		    rules[i].broken);
		if (rows > 0)
			add_problem(problems, text);
	}
	return true;
}

/* The rules are for the tables of this version. */
static bool
check_content(struct hm_db *db, struct hm_verify *v)
{
	return hm_verify_pages(db, false, NULL, NULL, &v->problems) &&
	    (v->problems.count > 0 || v->version < HM_SCHEMA_VERSION ||
	    !hm_schema_is_whole(db) || check_rules(db, &v->problems));
}

static enum hm_verdict
fail(const struct hm_db *db, struct hm_verify *v)
{
	bool damaged = hm_db_damaged(db);

	/* SQLite's own words: the file is being verified already. */
	add_problem(&v->problems, damaged ? sqlite3_errmsg(db->handle) :
	    hm_db_reason(db));
	return damaged ? HM_FILE_BAD : HM_FILE_UNREADABLE;
}

static enum hm_verdict
judge(struct hm_db *db, struct hm_verify *v)
{
	const char *why;

	if (!hm_db_ask(db, "PRAGMA user_version", &v->version))
		return fail(db, v);
	why = hm_schema_check(db);
	if (why != NULL) {
		add_problem(&v->problems, why);
		return HM_FILE_BAD;
	}
	if (!check_content(db, v) && v->problems.count == 0)
		return fail(db, v);
	return v->problems.count == 0 ? HM_FILE_GOOD : HM_FILE_BAD;
}

enum hm_verdict
hm_verify_file(const char *path, struct hm_verify *v)
{
	const struct hm_db_options options = {
	    .busy_ms = BUSY_MS, .still = hm_db_still(path)};
	struct hm_db db = {.handle = NULL};
	enum hm_verdict verdict;
	struct stat found;

	*v = (struct hm_verify){.version = 0};
	if (access(path, R_OK) < 0 || stat(path, &found) < 0) {
		add_problem(&v->problems, strerror(errno));
		return HM_FILE_UNREADABLE;
	}
	if (!S_ISREG(found.st_mode)) {
		add_problem(&v->problems, S_ISDIR(found.st_mode) ?
		    "it is a directory" : "it is no regular file");
		return HM_FILE_UNREADABLE;
	}
	v->size = found.st_size;
	verdict = hm_db_open(&db, path, &options) ? judge(&db, v) :
	    fail(&db, v);
	hm_db_close(&db);
	return verdict;
}
