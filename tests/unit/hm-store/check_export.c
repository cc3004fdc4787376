#include "kept.h"

#include "base/zone.h"
#include "db/history_read.h"
#include "db/export.h"
#include "run_suite.h"
#include "xorshift.h"

/* Storing an export makes the same rows. */

static struct keeper *from, *to;
static size_t lines;
static char *text; /* all lines, each with a line feed */
static size_t text_size;
static FILE *text_file;
static uint64_t seed;

static void
setup(void)
{
	make_scratch();
	ck_assert(hm_zone_use("Europe/Berlin"));
	from = keep_open("from.db", 0);
	to = keep_open("to.db", 0);
	lines = 0;
	text_file = open_memstream(&text, &text_size);
	ck_assert_ptr_nonnull(text_file);
	seed = 88172645463325252;
}

static void
teardown(void)
{
	fclose(text_file);
	free(text);
	keep_close(from);
	keep_close(to);
	remove_scratch();
}

static bool
put_line(void *context, struct hm_slice line)
{
	size_t *most = context;

	lines++;
	fprintf(text_file, "%.*s\n", (int)line.n, line.p);
	if (to->count == 1000) {
		keep_end(to);
		keep_begin(to);
	}
	keep_line(to, line);
	return most == NULL || lines < *most;
}

/* Into the other database, and into `text`. */
static void
export(int64_t since, int64_t until, size_t *most)
{
	struct hm_db db = {.handle = NULL};
	char reason[HM_EXPORT_WHY];
	const char *why;

	keep_begin(to);
	ck_assert_msg(hm_history_open(&db, in_scratch("from.db"), &why), "%s",
	    why);
	ck_assert_msg(hm_export(&db, since, until, put_line, most, reason),
	    "%s", reason);
	ck_assert_int_ne(sqlite3_get_autocommit(db.handle), 0);
	hm_db_close(&db);
	keep_end(to);
	fflush(text_file);
}

/* Both hold the same rows in a table. */
static void
expect_same(const char *table)
{
	struct hm_sql sql;

	hm_sql_start(&sql);
	hm_sql_add(&sql, "SELECT count(*) FROM (SELECT * FROM main.%s "
	    "EXCEPT SELECT * FROM other.%s)", table, table);
	ck_assert_msg(number(&from->db, hm_sql_text(&sql)) == 0,
	    "%s has rows that were not restored", table);
	hm_sql_start(&sql);
	hm_sql_add(&sql, "SELECT count(*) FROM (SELECT * FROM other.%s "
	    "EXCEPT SELECT * FROM main.%s)", table, table);
	ck_assert_msg(number(&from->db, hm_sql_text(&sql)) == 0,
	    "%s has rows that were not there", table);
	hm_sql_start(&sql);
	hm_sql_add(&sql, "SELECT (SELECT count(*) FROM main.%s) - "
	    "(SELECT count(*) FROM other.%s)", table, table);
	ck_assert_int_eq(number(&from->db, hm_sql_text(&sql)), 0);
}

#define OF_HISTORY \
	" WHERE type = 'table' AND name NOT IN " \
	"('config', 'production_cache', 'running_time', 'reading_hours')"

static void
expect_all_same(void)
{
	char tables[4000], *rest = tables, *table;
	size_t count = 0;
	struct hm_sql sql;

	make_hours(from, true);
	make_hours(to, true);
	hm_sql_start(&sql);
	hm_sql_add(&sql, "ATTACH '%s' AS other", in_scratch("to.db"));
	run(&from->db, hm_sql_text(&sql));
	COPY_TEXT(tables, answer(&from->db, "SELECT name FROM "
	    "main.sqlite_schema" OF_HISTORY));
	for (; (table = strsep(&rest, "\n")) != NULL; count++)
		expect_same(table);
	ck_assert_int_eq((int64_t)count, number(&from->db,
	    "SELECT count(*) FROM other.sqlite_schema" OF_HISTORY));
	ck_assert_uint_ge(count, (size_t)HM_SCOPE_HYBRID * HM_TABLE_FORMS +
	    15);
	run(&from->db, "DETACH other");
}

/* Random records */

static uint64_t
below(uint64_t n)
{
	return (next_random(&seed) >> 11) % n;
}

static struct hm_json emit;

static void
emit_number(const char *key)
{
	int64_t units = (int64_t)below(1000000000000000);
	unsigned scale = (unsigned)below(10);

	if (below(3) > 0)
		units %= 1000;
	hm_json_decimal(&emit, key, hm_decimal(below(4) == 0 ? -units : units,
	    below(2) == 0 ? 0 : scale));
}

static void
emit_random_text(const char *key)
{
	static const char *const texts[] = {"", "HM-600", "\u00e4\u20ac",
	    "a \"b\" \\c\\ 'd'", "\x01\x1f\x7f", "a\nb\tc", "null", "5",
	    "\U0001F600", "x;DROP TABLE port"};

	if (below(8) == 0)
		hm_json_string(&emit, key, hm_slice("a\0b", 3));
	else
		hm_json_text(&emit, key, texts[below(COUNT(texts))]);
}

static void
emit_moment(const char *key)
{
	char time[HM_RFC3339_SIZE];

	hm_json_string(&emit, key, hm_rfc3339_format((int64_t)below(4102444800),
	    time));
}

static void
emit_field(const struct hm_field *field)
{
	static const int64_t extremes[] = {INT64_MAX, INT64_MIN, 0, -1};

	switch (field->kind) {
	case HM_LABEL:
		emit_random_text(field->key);
		break;
	case HM_FLAG:
		hm_json_bool(&emit, field->key, below(2) == 0);
		break;
	case HM_MOMENT:
		emit_moment(field->key);
		break;
	case HM_CODE:
		hm_json_int(&emit, field->key, below(4) == 0 ?
		    extremes[below(COUNT(extremes))] : (int64_t)below(9));
		break;
	default:
		emit_number(field->key);
	}
}

static void
emit_start(const char *type, int64_t time)
{
	static char buf[HM_LINE_MAX];
	char moment_text[HM_RFC3339_SIZE];

	hm_json_start(&emit, buf, sizeof buf);
	hm_json_record(&emit, type, hm_rfc3339_format(time, moment_text));
}

static void
keep_emitted(void)
{
	struct hm_slice line;

	hm_json_object_end(&emit);
	ck_assert(hm_json_done(&emit, &line));
	keep_line(from, line);
}

static void
emit_device(bool serial)
{
	static const char *const dtus[] = {"roof", "barn", "\u00e4\"'"};
	static const char *const serials[] = {"116400000001", "1", ""};

	hm_json_text(&emit, "dtu", dtus[below(COUNT(dtus))]);
	if (serial)
		hm_json_text(&emit, "serial", serials[below(COUNT(serials))]);
}

static void
keep_reading(int64_t time)
{
	const struct hm_reading_type *type =
	    &hm_reading_types[below(HM_SCOPES)];

	emit_start(type->name, time);
	emit_device(type->has_serial || below(2) == 0);
	if (type->own != NULL && (type->has_port || below(2) == 0))
		hm_json_int(&emit, type->own, (int64_t)below(3));
	if (below(5) == 0)
		hm_json_bool(&emit, "stale", below(2) == 0);
	for (size_t i = 0; i < HM_FIELDS; i++)
		if (hm_field_stored(&hm_fields[i], type->scope) &&
		    below(3) == 0)
			emit_field(&hm_fields[i]);
	keep_emitted();
}

static void
keep_alarm(int64_t time)
{
	char start[HM_RFC3339_SIZE];

	emit_start("alarm", time);
	emit_device(below(4) > 0);
	if (below(2) == 0)
		hm_json_int(&emit, "port", (int64_t)below(2));
	/* Codes of its own: those in readings begin alarms, too. */
	if (below(2) == 0)
		hm_json_int(&emit, "code", 200 + (int64_t)below(2));
	else
		hm_json_text(&emit, "alert", "heat");
	hm_json_string(&emit, "start", hm_rfc3339_format(1795428000 +
	    (int64_t)below(2) * 60, start));
	if (below(2) == 0)
		emit_moment("end");
	hm_json_int(&emit, "count", (int64_t)below(3));
	hm_json_text(&emit, "text", "same");
	keep_emitted();
}

static void
keep_status(int64_t time)
{
	emit_start("status", time);
	emit_device(false);
	hm_json_text(&emit, "state", below(2) == 0 ? "online" : "offline");
	if (below(2) == 0)
		hm_json_text(&emit, "breaker", "open");
	if (below(2) == 0)
		emit_random_text("error");
	hm_json_int(&emit, "failures", (int64_t)below(100));
	emit_random_text("text");
	emit_random_text("hint");
	emit_moment("retry_at");
	keep_emitted();
}

static void
emit_other_members(void)
{
	emit_random_text("a");
	hm_json_raw(&emit, "b", hm_text("[1,{\"c\":null}]"));
	emit_number("c\"d");
	hm_json_bool(&emit, "", true);
}

static void
keep_other(int64_t time)
{
	static const char *const types[] = {"info", "history", "stats"};
	size_t type = (size_t)below(COUNT(types));

	emit_start(types[type], time);
	if (type == 2)
		emit_random_text("tool");
	else
		emit_device(true);
	if (type == 1) {
		hm_json_int(&emit, "package", (int64_t)below(2));
		hm_json_text(&emit, "start", "2026-11-23T10:00:00Z");
	}
	if (below(2) == 0)
		emit_other_members();
	else
		hm_json_int(&emit, "x", (int64_t)below(4));
	keep_emitted();
}

/* Ids come again, as do results. */
static void
emit_order(const char *type, int64_t time)
{
	char id[16];

	emit_start(type, time);
	snprintf(id, sizeof id, "id-%d", (int)below(40));
	hm_json_text(&emit, "id", id);
	if (below(4) > 0)
		emit_device(below(2) == 0);
	hm_json_text(&emit, "action", below(2) == 0 ? "limit" : "turn_off");
	if (below(2) == 0)
		hm_json_decimal(&emit, "percent",
		    hm_decimal((int64_t)below(1001), 1));
	else if (below(2) == 0)
		hm_json_decimal(&emit, "watts",
		    hm_decimal((int64_t)below(30000), 1));
}

static void
keep_order(int64_t time)
{
	static const char *const states[] = {"refused", "accepted",
	    "under_way", "done", "failed", "unknown"};

	if (below(2) == 0) {
		emit_order("command", time);
		emit_random_text("from");
		if (below(2) == 0)
			emit_other_members();
	} else {
		emit_order("result", time);
		hm_json_text(&emit, "state", states[below(COUNT(states))]);
		emit_random_text("error");
		emit_random_text("text");
		if (below(2) == 0)
			hm_json_bool(&emit, "on", below(2) == 0);
	}
	keep_emitted();
}

/* In the order of time, as a stream is. */
static void
keep_random_records(size_t count)
{
	int64_t time = 1795428000;

	keep_begin(from);
	for (size_t i = 0; i < count; i++) {
		uint64_t kind = below(20);

		time += (int64_t)below(3) * (int64_t)below(40);
		if (kind == 0)
			keep_alarm(time);
		else if (kind == 1)
			keep_status(++time); /* two of a second are one */
		else if (kind == 2)
			keep_order(time);
		else if (kind < 5)
			keep_other(time);
		else
			keep_reading(time);
		if (i % 1000 == 999) {
			keep_end(from);
			keep_begin(from);
		}
	}
	keep_end(from);
}

START_TEST(restores_everything)
{
	seed += (uint64_t)_i * 7919;
	keep_random_records(2500);
	export(0, INT64_MAX, NULL);
	ck_assert_uint_gt(lines, 2000);
	expect_all_same();
	/* A second time, into the same database: nothing changes. */
	lines = 0;
	export(0, INT64_MAX, NULL);
	expect_all_same();
}
END_TEST

START_TEST(restores_alarms_in_readings)
{
	static const int codes[] = {0, 5, 5, 7, 0, 5, 0, 0, 7};
	char time[HM_RFC3339_SIZE];

	for (size_t i = 0; i < COUNT(codes); i++)
		keep(from, "inverter", hm_rfc3339_format(1795428000 +
		    (int64_t)i * 60, time).p, "\"dtu\":\"roof\","
		    "\"serial\":\"1\",\"alarm_code\":%d,"
		    "\"alarm_text\":\"t%d\"", codes[i], codes[i]);
	ck_assert_int_eq(number(&from->db, "SELECT count(*) FROM alarm"), 4);
	export(0, INT64_MAX, NULL);
	expect_all_same();
}
END_TEST

/* Records */

START_TEST(writes_records_as_they_were)
{
#define AT "\"time\":\"2026-11-23T10:00:00Z\",\"dtu\":\"roof\""
	static const char *const kept[] = {
	    "{\"type\":\"status\"," AT ",\"state\":\"offline\","
	        "\"breaker\":\"open\",\"failures\":5,\"error\":\"refused\","
	        "\"text\":\"no\",\"hint\":\"h\","
	        "\"retry_at\":\"2026-11-23T10:05:00Z\"}\n",
	    "{\"type\":\"info\"," AT ",\"serial\":\"1\",\"kind\":\"dtu\","
	        "\"x\":[1, {\"y\":null}]}\n",
	    "{\"type\":\"alarm\"," AT ",\"serial\":\"1\",\"code\":209,"
	        "\"text\":\"PV1\",\"count\":1,"
	        "\"start\":\"2026-11-23T08:00:00Z\"}\n",
	    "{\"type\":\"history\"," AT ",\"serial\":\"1\","
	        "\"start\":\"2026-11-23T08:00:00Z\",\"package\":0,"
	        "\"step\":60,\"curve\":[0,1.9]}\n",
	    "{\"type\":\"stats\",\"time\":\"2026-11-23T10:00:00Z\","
	        "\"tool\":\"hm-poll\",\"polls\":3}\n",
	    "{\"type\":\"command\",\"time\":\"2026-11-23T10:00:00Z\","
	        "\"id\":\"7f3a\",\"dtu\":\"roof\",\"serial\":\"1\","
	        "\"action\":\"limit\",\"percent\":60.5,\"from\":\"stdin\","
	        "\"why\":\"heat\"}\n",
	    "{\"type\":\"result\",\"time\":\"2026-11-23T10:00:00Z\","
	        "\"id\":\"7f3a\",\"dtu\":\"roof\",\"serial\":\"1\","
	        "\"action\":\"limit\",\"state\":\"accepted\"}\n",
	    "{\"type\":\"result\",\"time\":\"2026-11-23T10:00:00Z\","
	        "\"id\":\"7f3a\",\"dtu\":\"roof\",\"serial\":\"1\","
	        "\"action\":\"limit\",\"state\":\"unknown\","
	        "\"error\":\"not_confirmed\",\"text\":\"no\","
	        "\"percent\":100,\"watts\":0.1,\"on\":false}\n",
	    "{\"type\":\"inverter\"," AT ",\"serial\":\"2\",\"model\":\"HM\","
	        "\"grid_voltage\":230.1,\"temperature\":-3,"
	        "\"alarm_code\":0}\n",
	    "{\"type\":\"port\"," AT ",\"serial\":\"1\",\"port\":2,"
	        "\"pv_power\":0.5,"
	        "\"total_production\":9223372036854775807}\n",
	    "{\"type\":\"meter\"," AT ",\"serial\":\"m\",\"stale\":true,"
	        "\"power\":-40}\n",
	    "{\"type\":\"dtu\"," AT ",\"serial\":\"1\",\"took_ms\":7.5,"
	        "\"stale\":false,\"device_time\":\"2026-11-23T09:59:59Z\","
	        "\"alarm_flag\":false}\n",
	};
	static char all[4000];
	size_t n = 0;

	keep_begin(from);
	for (size_t i = 0; i < COUNT(kept); i++) {
		n += (size_t)snprintf(all + n, sizeof all - n, "%s", kept[i]);
		ck_assert_int_eq(keep_line(from, hm_slice(kept[i],
		    strlen(kept[i]) - 1)), HM_ROW_NEW);
	}
	keep_end(from);
	export(0, INT64_MAX, NULL);
	ck_assert_str_eq(text, all);
#undef AT
}
END_TEST

START_TEST(keeps_the_order_of_time)
{
	struct hm_slice rest;
	int64_t last = 0, time;

	keep_random_records(1500);
	export(0, INT64_MAX, NULL);
	for (char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
		rest = hm_slice(strstr(line, "\"time\":\"") + 8, 20);
		ck_assert(hm_rfc3339_parse(rest, &time));
		ck_assert_int_ge(time, last);
		last = time;
	}
}
END_TEST

START_TEST(writes_a_range)
{
	int64_t begin = moment("2026-11-23T10:00:00Z");
	char time[HM_RFC3339_SIZE];

	for (int i = 0; i < 10; i++) {
		hm_rfc3339_format(begin + i, time);
		keep(from, "dtu", time, "\"dtu\":\"roof\"");
		keep(from, "stats", time, "\"tool\":\"hm-poll\"");
	}
	export(begin + 2, begin + 5, NULL);
	ck_assert_uint_eq(lines, 2 * 3);
	ck_assert_str_eq(answer(&to->db, "SELECT min(time), max(time), "
	    "count(*) FROM dtu"), "1795428002|1795428004|3");
	lines = 0;
	export(begin + 5, begin + 5, NULL);
	export(begin + 10, INT64_MAX, NULL);
	export(0, begin, NULL);
	ck_assert_uint_eq(lines, 0);
	export(begin, begin + 1, NULL);
	export(begin + 9, INT64_MAX, NULL);
	ck_assert_uint_eq(lines, 4);
}
END_TEST

/* A reader that has gone. */
START_TEST(ends_when_the_reader_has_gone)
{
	size_t most = 3;

	keep_random_records(100);
	export(0, INT64_MAX, &most);
	ck_assert_uint_eq(lines, 3);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("export");
	TCase *tcase = tcase_create("export");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, restores_everything, 0, 3);
	tcase_add_test(tcase, restores_alarms_in_readings);
	tcase_add_test(tcase, writes_records_as_they_were);
	tcase_add_test(tcase, keeps_the_order_of_time);
	tcase_add_test(tcase, writes_a_range);
	tcase_add_test(tcase, ends_when_the_reader_has_gone);
	tcase_set_timeout(tcase, 60);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
