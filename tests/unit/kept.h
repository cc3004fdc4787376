/*
 * A database in a directory of its own, records put into it as hm-store does,
 * and what is in it as text, as sqlite3 prints it.
 */

#include <check.h>
#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db.h"
#include "log.h"
#include "rollup.h"
#include "row.h"
#include "rows.h"
#include "schema.h"
#include "timefmt.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define COPY_TEXT(array, text) snprintf(array, sizeof(array), "%s", text)

/* Files */

static char scratch[64];

static inline const char *
in_scratch(const char *name)
{
	static char path[4][160];
	static size_t at;

	at = (at + 1) % COUNT(path);
	snprintf(path[at], sizeof path[at], "%s/%s", scratch, name);
	return path[at];
}

static inline void
make_scratch(void)
{
	strcpy(scratch, "/tmp/hm-test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(scratch));
	hm_log_start("check", HM_CRITICAL);
}

/* The names there, in order, a space after each. */
static inline const char *
names_in_scratch(void)
{
	static char names[2000];
	struct dirent **entry;
	int count = scandir(scratch, &entry, NULL, alphasort);
	size_t n = 0;

	ck_assert_int_ge(count, 0);
	names[0] = '\0';
	for (int i = 0; i < count; i++) {
		if (entry[i]->d_name[0] != '.')
			n += (size_t)snprintf(names + n, sizeof names - n,
			    "%s ", entry[i]->d_name);
		free(entry[i]);
		ck_assert_uint_lt(n, sizeof names);
	}
	free(entry);
	return names;
}

static inline void
remove_scratch(void)
{
	char names[2000], *rest = names, *name;

	COPY_TEXT(names, names_in_scratch());
	while ((name = strsep(&rest, " ")) != NULL)
		if (name[0] != '\0' && unlink(in_scratch(name)) < 0)
			rmdir(in_scratch(name));
	ck_assert_int_eq(rmdir(scratch), 0);
}

static inline void
copy_file(const char *from, const char *to)
{
	static char bytes[1 << 16];
	FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
	size_t n;

	ck_assert_msg(in != NULL && out != NULL, "%s, %s", from, to);
	while ((n = fread(bytes, 1, sizeof bytes, in)) > 0)
		ck_assert_uint_eq(fwrite(bytes, 1, n, out), n);
	ck_assert_int_eq(fclose(in) + fclose(out), 0);
}

static inline bool
same_files(const char *a, const char *b)
{
	FILE *x = fopen(a, "rb"), *y = fopen(b, "rb");
	bool same = x != NULL && y != NULL;
	int byte = 0;

	while (same && byte != EOF) {
		byte = getc(x);
		same = byte == getc(y);
	}
	if (x != NULL)
		fclose(x);
	if (y != NULL)
		fclose(y);
	return same;
}

/* Databases */

static inline void
open_plain(struct hm_db *db, const char *name)
{
	const struct hm_db_options options = {.writing = true, .busy_ms = 5000};

	*db = (struct hm_db){NULL, NULL};
	if (!hm_db_open(db, in_scratch(name), &options))
		ck_abort_msg("%s: %s", name, hm_db_reason(db));
}

static inline void
run(struct hm_db *db, const char *sql)
{
	if (!hm_db_run(db, sql))
		ck_abort_msg("%s: %s", sql, hm_db_reason(db));
}

/* All rows: '|' between columns, a line feed between rows. */
static inline const char *
answer(struct hm_db *db, const char *sql)
{
	static char text[1 << 16];
	sqlite3_stmt *rows = NULL;
	size_t n = 0;

	text[0] = '\0';
	if (!hm_db_prepare(db, sql, &rows))
		ck_abort_msg("%s: %s", sql, hm_db_reason(db));
	while (sqlite3_step(rows) == SQLITE_ROW)
		for (int i = 0; i < sqlite3_column_count(rows); i++) {
			const unsigned char *value =
			    sqlite3_column_text(rows, i);

			n += (size_t)snprintf(text + n, sizeof text - n, "%s%s",
			    i > 0 ? "|" : n > 0 ? "\n" : "",
			    value != NULL ? (const char *)value : "");
			ck_assert_uint_lt(n, sizeof text);
		}
	ck_assert_int_eq(sqlite3_finalize(rows), SQLITE_OK);
	return text;
}

static inline int64_t
number(struct hm_db *db, const char *sql)
{
	int64_t value = 0;

	if (!hm_db_ask(db, sql, &value))
		ck_abort_msg("%s: %s", sql, hm_db_reason(db));
	return value;
}

static inline int64_t
moment(const char *text)
{
	int64_t seconds = 0;

	ck_assert_msg(hm_time_parse(hm_text(text), &seconds), "%s", text);
	return seconds;
}

/* Keeping records */

struct keeper {
	struct hm_db db;
	struct hm_row_maker *maker;
	struct hm_rows *rows;
	struct hm_rollup rollup;
	char *kept[4096]; /* rows are borrowed until the end of a batch */
	size_t count;
};

static inline struct keeper *
keep_open(const char *name, int reset_hour)
{
	struct keeper *k = calloc(1, sizeof *k);
	const char *why;

	ck_assert_ptr_nonnull(k);
	open_plain(&k->db, name);
	why = hm_schema_bring_up(&k->db);
	ck_assert_msg(why == NULL, "%s", why);
	k->maker = hm_row_maker_new();
	k->rows = hm_rows_new();
	ck_assert(k->maker != NULL && k->rows != NULL);
	ck_assert(hm_rows_prepare(k->rows, &k->db));
	ck_assert(hm_rollup_prepare(&k->rollup, &k->db, reset_hour));
	return k;
}

static inline void
keep_close(struct keeper *k)
{
	hm_rows_finish(k->rows);
	hm_rollup_finish(&k->rollup);
	ck_assert_ptr_null(sqlite3_next_stmt(k->db.handle, NULL));
	hm_db_close(&k->db);
	hm_rows_free(k->rows);
	hm_row_maker_free(k->maker);
	free(k);
}

static inline void
keep_begin(struct keeper *k)
{
	run(&k->db, "BEGIN IMMEDIATE");
	hm_rows_begin(k->rows);
	hm_rollup_begin(&k->rollup);
}

static inline void
keep_end(struct keeper *k)
{
	ck_assert_msg(hm_rows_end(k->rows), "%s", hm_db_reason(&k->db));
	run(&k->db, "COMMIT");
	while (k->count > 0)
		free(k->kept[--k->count]);
}

/* Within a batch. */
static inline enum hm_row_fate
keep_line(struct keeper *k, struct hm_slice line)
{
	static struct hm_record record;
	enum hm_row_fate fate;
	struct hm_fault fault;
	struct hm_slice row;
	int64_t time = INT64_MIN;
	const char *why;

	if (!hm_record_parse(&record, line, &fault))
		ck_abort_msg("%s: %.*s", fault.what, (int)line.n, line.p);
	why = hm_row_make(k->maker, &record, line, &row);
	ck_assert_msg(why == NULL, "%s: %.*s", why, (int)line.n, line.p);
	ck_assert_uint_lt(k->count, COUNT(k->kept));
	k->kept[k->count] = malloc(row.n);
	ck_assert_ptr_nonnull(k->kept[k->count]);
	memcpy(k->kept[k->count], row.p, row.n);
	fate = hm_rows_put(k->rows, hm_slice(k->kept[k->count++], row.n),
	    &time);
	ck_assert_msg(fate != HM_ROW_FAILED, "%s", hm_db_reason(&k->db));
	if (time != INT64_MIN)
		ck_assert(hm_rollup_mark(&k->rollup, time));
	return fate;
}

/* Make the hours that are due: all, or all but the last. Answers how many. */
static inline uint64_t
make_hours(struct keeper *k, bool all)
{
	uint64_t made = 0;
	bool more = true;

	while (more)
		if (!hm_rollup_make(&k->rollup, all, &made, &more))
			ck_abort_msg("%s", hm_db_reason(&k->db));
	return made;
}

/* A batch of one record: TYPE, TIME, and the members after them. */
__attribute__((format(printf, 4, 5))) static inline enum hm_row_fate
keep(struct keeper *k, const char *type, const char *time,
    const char *members, ...)
{
	char line[4000];
	enum hm_row_fate fate;
	va_list args;
	int n = snprintf(line, sizeof line,
	    "{\"type\":\"%s\",\"time\":\"%s\",", type, time), more;

	va_start(args, members);
	more = vsnprintf(line + n, sizeof line - (size_t)n, members, args);
	va_end(args);
	ck_assert_int_lt(n + more, (int)sizeof line - 1);
	line[n + more] = '}';
	line[n + more + 1] = '\0';
	keep_begin(k);
	fate = keep_line(k, hm_text(line));
	keep_end(k);
	return fate;
}
