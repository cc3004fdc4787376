#include <stdlib.h>

#include "base/log.h"
#include "db/schema.h"
#include "db/export.h"
#include "db/reading_tables.h"
#include "rollup.h"
#include "row_insert.h"

/*
 * Lines of any bytes, stored and exported: the exported records can be stored,
 * and make the same rows. The databases are in memory, without a write-ahead
 * log.
 */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FOUND(wrong) \
	do { \
		if (wrong) \
			abort(); \
	} while (0)
#define LINES_MAX 64 /* of an input */

struct kept {
	struct hm_db db;
	struct hm_row_insert *rows;
	struct hm_rollup rollup;
	char *row[2 * LINES_MAX]; /* borrowed until the end of a batch */
	size_t count;
};

static struct hm_row_maker *maker;
static struct kept first, second;
static size_t exported;

static void
run(struct kept *k, const char *sql)
{
	FOUND(!hm_db_run(&k->db, sql));
}

static void
open_kept(struct kept *k)
{
	const struct hm_db_options options = {.writing = true};

	FOUND(!hm_db_open(&k->db, ":memory:", &options));
	FOUND(hm_schema_bring_up(&k->db) != NULL);
	/* Also of types that come later: all are compared. */
	for (size_t i = 0; i < HM_SCOPES; i++)
		FOUND(!hm_tables_create(&k->db, &hm_reading_types[i]));
	k->rows = hm_row_insert_new();
	FOUND(k->rows == NULL || !hm_row_insert_prepare(k->rows, &k->db));
	FOUND(!hm_rollup_prepare(&k->rollup, &k->db, 0));
}

/* Making the schema takes longest, so it is made once. */
static void
open_once(void)
{
	if (maker != NULL)
		return;
	hm_log_start("fuzz", HM_CRITICAL);
	maker = hm_row_maker_new();
	FOUND(maker == NULL);
	open_kept(&first);
	open_kept(&second);
}

static void
begin(struct kept *k)
{
	const struct hm_arrival arrival = {.clock = 1795428000};

	run(k, "BEGIN");
	hm_row_insert_begin(k->rows, &arrival);
	hm_rollup_begin(&k->rollup);
}

/* False if it is not a record that is stored. */
static bool
keep(struct kept *k, struct hm_slice line, enum hm_row_fate *fate)
{
	static struct hm_record record;
	struct hm_fault fault;
	struct hm_slice row;
	int64_t time = 0;
	char *copy;

	if (!hm_record_parse(&record, line, &fault) ||
	    hm_row_make(maker, &record, line, &row) != NULL)
		return false;
	/* In a buffer of its exact size: a sanitizer sees reads past it. */
	copy = malloc(row.n);
	FOUND(copy == NULL || k->count == 2 * LINES_MAX);
	memcpy(copy, row.p, row.n);
	k->row[k->count++] = copy;
	*fate = hm_row_insert_put(k->rows, hm_slice(copy, row.n), &time);
	FOUND(*fate == HM_ROW_FAILED);
	FOUND(*fate == HM_ROW_NEW && !hm_rollup_mark(&k->rollup, time));
	return true;
}

static void
end(struct kept *k)
{
	FOUND(!hm_row_insert_end(k->rows));
	run(k, "COMMIT");
	while (k->count > 0)
		free(k->row[--k->count]);
}

static void
keep_lines(struct hm_slice text)
{
	enum hm_row_fate fate;

	for (size_t i = 0; i < LINES_MAX && text.n > 0; i++) {
		const char *lf = memchr(text.p, '\n', text.n);
		size_t n = lf != NULL ? (size_t)(lf - text.p) : text.n;
		struct hm_slice line = hm_slice(text.p, n);

		text = hm_slice(text.p + n, text.n - n);
		if (text.n > 0)
			text = hm_slice(text.p + 1, text.n - 1);
		/* The stream layer gives no other lines. */
		if (n > 0 && memchr(line.p, '\0', n) == NULL)
			keep(&first, line, &fate);
	}
}

static bool
keep_exported(void *context, struct hm_slice line)
{
	enum hm_row_fate fate;

	(void)context;
	FOUND(exported++ == 2 * LINES_MAX);
	FOUND(!keep(&second, line, &fate));
	return true;
}

/* Both, with the values of each row in order. */
static void
expect_same(const struct hm_reading_type *type)
{
	sqlite3_stmt *a = NULL, *b = NULL;
	struct hm_sql sql;
	int result;

	hm_sql_start(&sql);
	hm_sql_add(&sql, "SELECT * FROM %s", type->name);
	FOUND(!hm_db_prepare(&first.db, hm_sql_text(&sql), &a));
	FOUND(!hm_db_prepare(&second.db, hm_sql_text(&sql), &b));
	while ((result = sqlite3_step(a)) == SQLITE_ROW) {
		FOUND(sqlite3_step(b) != SQLITE_ROW);
		for (int i = 0; i < sqlite3_column_count(a); i++) {
			FOUND(sqlite3_column_type(a, i) !=
			    sqlite3_column_type(b, i));
			/* Fifteen digits of a real number come back. */
			FOUND(sqlite3_column_type(a, i) != SQLITE_FLOAT &&
			    !hm_slice_equal(hm_db_column_text(a, i),
			    hm_db_column_text(b, i)));
		}
	}
	FOUND(result != SQLITE_DONE || sqlite3_step(b) != SQLITE_DONE);
	sqlite3_finalize(a);
	sqlite3_finalize(b);
}

static void
make_hours(struct kept *k)
{
	uint64_t made = 0;
	bool more = true;

	while (more)
		FOUND(!hm_rollup_make(&k->rollup, true, &made, &more));
}

static void
empty(struct kept *k)
{
	static const char *const events[] = {"alarm", "status", "info",
	    "history", "past_days", "stats", "day_totals", "rollup_due",
	    "commands", "results"};
	struct hm_sql sql;

	hm_sql_start(&sql);
	for (size_t i = 0; i < HM_SCOPES; i++)
		for (int form = 0; form < HM_TABLE_FORMS; form++)
			hm_sql_add(&sql, "DELETE FROM %s%s;",
			    hm_reading_types[i].name,
			    hm_table_suffix((enum hm_table_form)form));
	for (size_t i = 0; i < sizeof events / sizeof *events; i++)
		hm_sql_add(&sql, "DELETE FROM %s;", events[i]);
	run(k, hm_sql_text(&sql));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char why[HM_EXPORT_WHY];

	if (size > HM_LINE_MAX)
		return 0;
	open_once();
	exported = 0;
	begin(&first);
	keep_lines(hm_slice((const char *)data, size));
	end(&first);
	begin(&second);
	FOUND(!hm_export(&first.db, INT64_MIN, INT64_MAX, keep_exported,
	    NULL, why));
	end(&second);
	make_hours(&first);
	for (size_t i = 0; i < HM_SCOPES; i++)
		expect_same(&hm_reading_types[i]);
	empty(&first);
	empty(&second);
	return 0;
}
