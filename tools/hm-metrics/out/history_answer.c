#include "history_answer.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_writer.h"
#include "base/rfc3339.h"
#include "base/utf8.h"
#include "base/zone.h"
#include "db/sql.h"
#include "history_panels.h"
#include "history_sql.h"

#define DAY INT64_C(86400)
#define STEP 300
#define STEP_COARSE 3600
#define ANSWER_MAX ((size_t)16 * 1024 * 1024)
#define HEAD_MAX ((size_t)1024)

/* Other requests wait meanwhile. */
#define DEADLINE_MS 3000
#define STEPS_A_LOOK 20000 /* of SQLite's machine, about a millisecond */

#define DATE_TEXT ((size_t)16)

struct answer {
	struct hm_buffer *out;
	struct hm_db *db;
	const struct hm_history_query *query;
	const char *zone;
	char from[DATE_TEXT], to[DATE_TEXT];
	int64_t start, end; /* local midnight before from, and after to */
	struct hm_history_sql sql;
	int64_t deadline; /* steady ms */
};

static bool
put(struct answer *a, struct hm_slice text)
{
	return hm_buffer_append(a->out, (const uint8_t *)text.p, text.n,
	    ANSWER_MAX);
}

/* Days */

static void
format_day(int64_t day, char text[DATE_TEXT])
{
	char time[HM_RFC3339_SIZE];

	snprintf(text, DATE_TEXT, "%.10s",
	    hm_rfc3339_format(day * DAY, time).p);
}

/* The first moment of a local date, which lies within a day of that in UTC. */
static int64_t
midnight_of(int64_t day)
{
	int64_t before = (day - 1) * DAY, after = (day + 1) * DAY;

	while (after - before > 1) {
		int64_t middle = before + (after - before) / 2;

		if (hm_zone_local(middle).day < day)
			before = middle;
		else
			after = middle;
	}
	return after;
}

/* Statements */

static int
is_late(void *context)
{
	const struct answer *a = context;

	return hm_monotonic_ms() > a->deadline;
}

static void
bind_text(sqlite3_stmt *s, const char *name, const char *text)
{
	int at = sqlite3_bind_parameter_index(s, name);

	if (at > 0)
		hm_db_bind_slice(s, at, hm_text(text));
}

static void
bind_number(sqlite3_stmt *s, const char *name, int64_t number)
{
	int at = sqlite3_bind_parameter_index(s, name);

	if (at > 0)
		sqlite3_bind_int64(s, at, number);
}

static int
step_of(const struct answer *a)
{
	return a->sql.coarse ? STEP_COARSE : STEP;
}

static bool
prepare(struct answer *a, const char *sql, sqlite3_stmt **s)
{
	static const int chars[] = {[HM_HISTORY_BY_DAY] = 10,
	    [HM_HISTORY_BY_MONTH] = 7, [HM_HISTORY_BY_YEAR] = 4};
	const struct hm_history_query *q = a->query;

	if (!hm_db_prepare(a->db, sql, s))
		return false;
	bind_text(*s, ":from", a->from);
	bind_text(*s, ":to", a->to);
	bind_text(*s, ":serial", q->serial);
	if (q->port != HM_HISTORY_NO_PORT)
		bind_number(*s, ":port", q->port);
	bind_number(*s, ":chars", chars[q->by]);
	bind_number(*s, ":start", a->start);
	bind_number(*s, ":end", a->end);
	bind_number(*s, ":step", step_of(a));
	bind_number(*s, ":limit", q->limit);
	return true;
}

static bool
ask_coarse(struct answer *a, bool *coarse)
{
	sqlite3_stmt *s = NULL;
	bool good = hm_db_prepare(a->db, hm_history_coarse_sql, &s) &&
	    sqlite3_bind_int64(s, 1, a->start) == SQLITE_OK &&
	    sqlite3_bind_int64(s, 2, a->end) == SQLITE_OK &&
	    sqlite3_step(s) == SQLITE_ROW;

	*coarse = good && sqlite3_column_int(s, 0) != 0;
	sqlite3_finalize(s);
	return good;
}

/* CSV */

static bool
put_quoted(struct answer *a, struct hm_slice text)
{
	if (!put(a, hm_text("\"")))
		return false;
	for (size_t i = 0; i < text.n; i++)
		if ((text.p[i] == '"' && !put(a, hm_text("\""))) ||
		    !put(a, hm_slice(text.p + i, 1)))
			return false;
	return put(a, hm_text("\""));
}

/* RFC 4180 */
static bool
put_cell(struct answer *a, struct hm_slice text)
{
	for (size_t i = 0; i < text.n; i++)
		if (memchr("\",\r\n", text.p[i], 4) != NULL)
			return put_quoted(a, text);
	return put(a, text);
}

static bool
put_line(struct answer *a, sqlite3_stmt *s, bool head)
{
	int count = sqlite3_column_count(s);

	for (int i = 0; i < count; i++)
		if ((i > 0 && !put(a, hm_text(","))) || !put_cell(a, head ?
		    hm_text(sqlite3_column_name(s, i)) :
		    hm_db_column_text(s, i)))
			return false;
	return put(a, hm_text("\r\n"));
}

static bool
put_csv(struct answer *a)
{
	sqlite3_stmt *s = NULL;
	int result = SQLITE_ERROR;

	if (prepare(a, a->sql.rows, &s) && put_line(a, s, true))
		while ((result = sqlite3_step(s)) == SQLITE_ROW &&
		    put_line(a, s, false))
			;
	sqlite3_finalize(s);
	return result == SQLITE_DONE;
}

/* JSON: SQLite makes the arrays of its rows, and takes texts as they are. */

static bool
is_utf8(struct hm_slice text)
{
	size_t n = 1;

	for (size_t i = 0; i < text.n && n > 0; i += n)
		n = hm_utf8_len(text.p + i, text.n - i);
	return n > 0;
}

static const char *
json_statement(const struct answer *a, sqlite3_stmt *rows, struct hm_sql *sql)
{
	int count = sqlite3_column_count(rows);

	hm_sql_start(sql);
	hm_sql_add(sql, "SELECT %s", a->sql.list != NULL ?
	    "json_group_array(json_object(" : "");
	for (int i = 0; i < count; i++) {
		const char *column = sqlite3_column_name(rows, i);

		hm_sql_add(sql, "%s", i > 0 ? ", " : "");
		if (a->sql.list != NULL)
			hm_sql_add(sql, "'%s', %s", column, column);
		else
			hm_sql_add(sql, "json_group_array(%s) AS %s", column,
			    column);
	}
	if (a->sql.list != NULL)
		hm_sql_add(sql, ")) AS %s", a->sql.list);
	hm_sql_add(sql, " FROM (%s)", a->sql.rows);
	return hm_sql_text(sql);
}

/* What is known without the database, without the last brace. */
static bool
put_head(struct answer *a)
{
	static const char *const spans[] = {"day", "month", "year"};
	const struct hm_history_query *q = a->query;
	char text[HEAD_MAX];
	struct hm_json e;
	struct hm_slice json;

	hm_json_start(&e, text, sizeof text);
	hm_json_object(&e, NULL);
	if (a->zone != NULL)
		hm_json_text(&e, "zone", a->zone);
	else
		hm_json_null(&e, "zone");
	hm_json_int(&e, "utc_offset",
	    hm_zone_offset(hm_moment_now().wall / 1000));
	hm_json_text(&e, "from", a->from);
	hm_json_text(&e, "to", a->to);
	if (q->kind <= HM_HISTORY_YEARS)
		hm_json_text(&e, "by", spans[q->by]);
	if (q->kind == HM_HISTORY_CURVE) {
		hm_json_moment(&e, "start", a->start);
		hm_json_moment(&e, "end", a->end);
		hm_json_int(&e, "step", step_of(a));
	}
	hm_json_object_end(&e);
	return hm_json_done(&e, &json) &&
	    put(a, hm_slice(json.p, json.n - 1));
}

static bool
put_arrays(struct answer *a, sqlite3_stmt *s)
{
	int count = sqlite3_column_count(s);

	for (int i = 0; i < count; i++) {
		struct hm_slice array = hm_db_column_text(s, i);

		if (!is_utf8(array) || !put(a, hm_text(",\"")) ||
		    !put(a, hm_text(sqlite3_column_name(s, i))) ||
		    !put(a, hm_text("\":")) || !put(a, array))
			return false;
	}
	return put(a, hm_text("}\n"));
}

static bool
put_json(struct answer *a)
{
	sqlite3_stmt *rows = NULL, *s = NULL;
	struct hm_sql sql;
	bool good = hm_db_prepare(a->db, a->sql.rows, &rows) &&
	    prepare(a, json_statement(a, rows, &sql), &s) && put_head(a) &&
	    sqlite3_step(s) == SQLITE_ROW && put_arrays(a, s);

	sqlite3_finalize(rows);
	sqlite3_finalize(s);
	return good;
}

/* Panels are never CSV. */
static bool
put_panels(struct answer *a)
{
	const struct hm_history_panels panels = {
	    .from = a->from, .to = a->to, .first = a->query->from,
	    .days = a->query->to - a->query->from + 1,
	    .start = a->start, .end = a->end, .max = ANSWER_MAX,
	};

	return put_head(a) && put(a, hm_text(",\"panels\":")) &&
	    hm_history_panels(a->out, a->db, &panels) &&
	    put(a, hm_text("}\n"));
}

static bool
put_answer(struct answer *a)
{
	if (a->query->kind == HM_HISTORY_PANELS)
		return put_panels(a);
	return a->query->csv ? put_csv(a) : put_json(a);
}

bool
hm_history_answer(struct hm_buffer *out, struct hm_db *db,
    const struct hm_history_query *query, const char *zone)
{
	struct answer a = {.out = out, .db = db, .query = query, .zone = zone,
	    .start = midnight_of(query->from),
	    .end = midnight_of(query->to + 1),
	    .deadline = hm_monotonic_ms() + DEADLINE_MS};
	bool coarse = false, good;

	format_day(query->from, a.from);
	format_day(query->to, a.to);
	sqlite3_progress_handler(db->handle, STEPS_A_LOOK, is_late, &a);
	good = query->kind != HM_HISTORY_CURVE || ask_coarse(&a, &coarse);
	a.sql = hm_history_sql(query, coarse);
	good = good && put_answer(&a);
	sqlite3_progress_handler(db->handle, 0, NULL, NULL);
	return good;
}
