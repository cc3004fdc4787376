/*
 * A directory for the files of a test, databases in it, and rows of those as
 * text, as sqlite3 prints them.
 */

#include <check.h>
#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/rfc3339.h"
#include "db/db.h"
#include "moment.h"

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
	while (!feof(in)) {
		n = fread(bytes, 1, sizeof bytes, in);
		ck_assert_int_eq(ferror(in), 0);
		ck_assert_uint_eq(fwrite(bytes, 1, n, out), n);
	}
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
	const struct hm_db_options options = {.writing = true,
	    .busy_ms = 60000};

	*db = (struct hm_db){.handle = NULL};
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

