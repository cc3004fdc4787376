#include "row_encode.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/rfc3339.h"
#include "run_suite.h"
#include "xorshift.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define TEXT_MAX 1024

static struct hm_row_maker *maker;
static struct hm_record record;

static void
setup(void)
{
	maker = hm_row_maker_new();
	ck_assert_ptr_nonnull(maker);
}

static void
teardown(void)
{
	hm_row_maker_free(maker);
}

static const char *
make(const char *line, struct hm_row *row)
{
	struct hm_fault fault;
	struct hm_slice bytes;
	const char *why;

	ck_assert_msg(hm_record_parse(&record, hm_text(line), &fault), "%s",
	    line);
	why = hm_row_make(maker, &record, hm_text(line), &bytes);
	if (why == NULL)
		hm_row_read(bytes, row);
	return why;
}

static const char *
key_of(const struct hm_row_columns *columns, int parameter)
{
	for (size_t i = 0; i < columns->count; i++)
		if (columns->column[i].parameter == parameter)
			return columns->column[i].key.p;
	ck_abort_msg("no column has parameter %d", parameter);
}

/* The values of a row in the order in which they stand: "key=i1 key=r0.5". */
static const char *
shown(const struct hm_row *row)
{
	static char text[8192];
	struct hm_row_columns columns;
	struct hm_slice rest = row->rest;
	struct hm_row_value v;
	int n = 0;

	ck_assert_ptr_nonnull(row->type);
	hm_row_columns(&columns, row->type);
	text[0] = '\0';
	while (hm_row_next(&rest, &v)) {
		n += snprintf(text + n, sizeof text - (size_t)n, "%s%s=",
		    n > 0 ? " " : "", key_of(&columns, v.parameter));
		if (v.form == HM_ROW_INTEGER)
			n += snprintf(text + n, sizeof text - (size_t)n,
			    "i%" PRId64, v.integer);
		else if (v.form == HM_ROW_REAL)
			n += snprintf(text + n, sizeof text - (size_t)n,
			    "r%.15g", v.real);
		else
			n += snprintf(text + n, sizeof text - (size_t)n,
			    "t%.*s", (int)v.text.n, v.text.p);
	}
	return text;
}

/* The value under a key, or one of parameter 0. */
static struct hm_row_value
value_of(const struct hm_row *row, const char *key)
{
	struct hm_row_columns columns;
	struct hm_slice rest = row->rest;
	struct hm_row_value v;

	hm_row_columns(&columns, row->type);
	while (hm_row_next(&rest, &v))
		if (strcmp(key_of(&columns, v.parameter), key) == 0)
			return v;
	return (struct hm_row_value){.parameter = 0};
}

/* Values */

#define TIME "\"time\":\"2026-11-23T10:15:00Z\""
#define DTU "{\"type\":\"dtu\"," TIME ",\"dtu\":\"d\","
#define INVERTER "{\"type\":\"inverter\"," TIME \
	",\"dtu\":\"d\",\"serial\":\"s\","
#define PORT "{\"type\":\"port\"," TIME \
	",\"dtu\":\"d\",\"serial\":\"s\",\"port\":2,"
#define METER "{\"type\":\"meter\"," TIME ",\"dtu\":\"d\",\"serial\":\"s\","

static const struct {
	const char *line, *row;
} values[] = {
    {DTU "\"serial\":\"s\",\"took_ms\":7}", "dtu=td serial=ts took_ms=i7"},
    {DTU "\"stale\":true}", "dtu=td stale=i1"},
    {DTU "\"alarm_flag\":true}", "dtu=td alarm_flag=i1"},
    {DTU "\"alarm_flag\":false,\"stale\":false}",
        "dtu=td alarm_flag=i0 stale=i0"},
    {DTU "\"device_time\":\"1970-01-02T00:00:01Z\"}",
        "dtu=td device_time=i86401"},
    {DTU "\"signal\":-0.0}", "dtu=td signal=i0"},
    {DTU "\"port\":1}", "dtu=td"},
    {INVERTER "\"model\":\"HM-600\",\"grid_voltage\":230.1}",
        "dtu=td serial=ts model=tHM-600 grid_voltage=r230.1"},
    {INVERTER "\"temperature\":-12.50}",
        "dtu=td serial=ts temperature=r-12.5"},
    {INVERTER "\"active_power\":720.0,\"power_limit\":1e2}",
        "dtu=td serial=ts active_power=i720 power_limit=i100"},
    {INVERTER "\"alarm_code\":0}", "dtu=td serial=ts alarm_code=i0"},
    {PORT "\"pv_power\":5e-1}", "dtu=td serial=ts port=i2 pv_power=r0.5"},
    {PORT "\"total_production\":9223372036854775807}",
        "dtu=td serial=ts port=i2 total_production=i9223372036854775807"},
    {PORT "\"today_production\":-9223372036854775808}",
        "dtu=td serial=ts port=i2 today_production=i-9223372036854775808"},
    {METER "\"power\":-40,\"power_factor\":0.875}",
        "dtu=td serial=ts power=i-40 power_factor=r0.875"},

    /* Numbers that cannot be held exactly */
    {PORT "\"total_production\":9223372036854775808,\"pv_power\":1}",
        "dtu=td serial=ts port=i2 pv_power=i1"},
    {PORT "\"pv_power\":1e19}", "dtu=td serial=ts port=i2"},
    {PORT "\"pv_power\":1e-19}", "dtu=td serial=ts port=i2"},
    {PORT "\"pv_power\":0.12345678901234567890}", "dtu=td serial=ts port=i2"},

    /* Values of another kind than their field */
    {PORT "\"pv_power\":\"230\"}", "dtu=td serial=ts port=i2"},
    {PORT "\"pv_power\":true}", "dtu=td serial=ts port=i2"},
    {PORT "\"pv_power\":null}", "dtu=td serial=ts port=i2"},
    {PORT "\"pv_power\":[1]}", "dtu=td serial=ts port=i2"},
    {PORT "\"pv_power\":{\"pv_power\":1}}", "dtu=td serial=ts port=i2"},
    {DTU "\"alarm_flag\":1}", "dtu=td"},
    {DTU "\"alarm_flag\":\"true\"}", "dtu=td"},
    {DTU "\"stale\":1}", "dtu=td"},
    {DTU "\"device_time\":86401}", "dtu=td"},
    {DTU "\"device_time\":\"1970-01-02\"}", "dtu=td"},
    {DTU "\"took_ms\":\"7\"}", "dtu=td"},
    {DTU "\"serial\":5}", "dtu=td"},
    {INVERTER "\"model\":600}", "dtu=td serial=ts"},
    {INVERTER "\"alarm_code\":false}", "dtu=td serial=ts"},

    /* Keys that no column has, or that of another table has */
    {PORT "\"grid_voltage\":230,\"x\":1,\"\":2,\"pv_power\":1}",
        "dtu=td serial=ts port=i2 pv_power=i1"},
    {PORT "\"hour\":1,\"first_seen\":2,\"pv_power_avg\":3}",
        "dtu=td serial=ts port=i2"},
    {PORT "\"p\\u0076_power\":1}", "dtu=td serial=ts port=i2"},

    /* Escapes */
    {INVERTER "\"model\":\"a\\\"b\\\\c\\/d\\u0041\\u00e9\\ud83d\\ude00\"}",
        "dtu=td serial=ts model=ta\"b\\c/dA\u00e9\U0001F600"},
    {INVERTER "\"model\":\"\"}", "dtu=td serial=ts model=t"},
};

START_TEST(holds_values)
{
	struct hm_row row;
	const char *why = make(values[_i].line, &row);

	ck_assert_msg(why == NULL, "%s: %s", values[_i].line, why);
	ck_assert_int_eq(row.time, 1795428900);
	ck_assert_str_eq(shown(&row), values[_i].row);
}
END_TEST

/* Keys may stand in any order; the values are the same. */
START_TEST(takes_keys_in_any_order)
{
	static const char *const members[] = {"\"type\":\"port\"", TIME,
	    "\"dtu\":\"d\"", "\"serial\":\"s\"", "\"port\":1",
	    "\"pv_voltage\":30.5", "\"pv_current\":1", "\"pv_power\":30.5",
	    "\"total_production\":9", "\"link_status\":1"};
	size_t n = COUNT(members);

	for (size_t turn = 0; turn < 2 * n; turn++) {
		char line[1000] = "{";
		size_t used = 1;
		struct hm_row row;

		for (size_t i = 0; i < n; i++) {
			size_t at = turn < n ? (turn + i) % n :
			    (2 * n - i + turn) % n;

			used += (size_t)snprintf(line + used,
			    sizeof line - used, "%s%c", members[at],
			    i < n - 1 ? ',' : '}');
		}
		ck_assert_ptr_null(make(line, &row));
		ck_assert_str_eq(row.type->name, "port");
		ck_assert_int_eq(row.time, 1795428900);
		ck_assert_int_eq(value_of(&row, "port").integer, 1);
		ck_assert_int_eq(value_of(&row, "total_production").integer,
		    9);
		ck_assert(value_of(&row, "pv_power").real == 30.5);
		ck_assert(value_of(&row, "pv_voltage").real == 30.5);
		ck_assert_int_eq(value_of(&row, "link_status").integer, 1);
		ck_assert(hm_slice_is(value_of(&row, "serial").text, "s"));
	}
}
END_TEST

/* As the nearest double, which is how it comes back in 15 digits. */
START_TEST(holds_fifteen_digits)
{
	uint64_t seed = 88172645463325252;

	for (int i = 0; i < 20000; i++) {
		char number[40], line[200], again[40];
		struct hm_row_value v;
		struct hm_row row;
		struct hm_decimal before, after;
		int64_t units;

		next_random(&seed);
		units = (int64_t)(seed % 1000000000000000) *
		    (seed >> 63 ? 1 : -1);
		before = hm_decimal(units, (unsigned)(seed >> 57) % 19);
		hm_decimal_format(before, number);
		snprintf(line, sizeof line, PORT "\"pv_power\":%s}", number);
		ck_assert_ptr_null(make(line, &row));
		v = value_of(&row, "pv_power");
		if (v.form == HM_ROW_INTEGER)
			v.real = (double)v.integer;
		ck_assert_msg(v.real == strtod(number, NULL), "%s", number);
		snprintf(again, sizeof again, "%.15g", v.real);
		ck_assert(hm_decimal_parse(hm_text(again), &after));
		hm_decimal_format(after, again);
		ck_assert_str_eq(again, number);
	}
}
END_TEST

/* Long texts */

static const char *
with_text(const char *members, const char *unit, size_t count)
{
	static char line[16384];
	size_t n = (size_t)snprintf(line, sizeof line, "%s", members);

	for (size_t i = 0; i < count; i++)
		n += (size_t)snprintf(line + n, sizeof line - n, "%s", unit);
	snprintf(line + n, sizeof line - n, "\"}");
	return line;
}

START_TEST(holds_texts_up_to_a_length)
{
	struct hm_row row;

	ck_assert_ptr_null(make(with_text(INVERTER "\"model\":\"", "x",
	    TEXT_MAX), &row));
	ck_assert_uint_eq(value_of(&row, "model").text.n, TEXT_MAX);
	ck_assert_ptr_null(make(with_text(INVERTER "\"model\":\"", "x",
	    TEXT_MAX + 1), &row));
	ck_assert_int_eq(value_of(&row, "model").parameter, 0);
	/* It is the text that counts and not how it is written. */
	ck_assert_ptr_null(make(with_text(INVERTER "\"model\":\"", "\\u0041",
	    TEXT_MAX), &row));
	ck_assert_uint_eq(value_of(&row, "model").text.n, TEXT_MAX);
	ck_assert_ptr_null(make(with_text(INVERTER "\"model\":\"", "\\u0041",
	    TEXT_MAX + 1), &row));
	ck_assert_int_eq(value_of(&row, "model").parameter, 0);
}
END_TEST

/* Every text of a record at its longest, and every number. */
START_TEST(has_room_for_all_columns)
{
	static char line[HM_LINE_MAX], text[TEXT_MAX + 1];

	memset(text, 'x', TEXT_MAX);
	for (size_t t = 0; t < HM_SCOPES; t++) {
		struct hm_row_columns columns;
		struct hm_slice rest;
		struct hm_row_value v;
		struct hm_row row;
		size_t n, count = 0;

		hm_row_columns(&columns, &hm_reading_types[t]);
		n = (size_t)snprintf(line, sizeof line, "{\"type\":\"%s\","
		    TIME, hm_reading_types[t].name);
		for (size_t i = 0; i < columns.count; i++) {
			enum hm_field_kind kind = columns.column[i].kind;

			n += (size_t)snprintf(line + n, sizeof line - n,
			    kind == HM_LABEL ? ",\"%s\":\"%s\"" :
			    kind == HM_FLAG ? ",\"%s\":true" :
			    kind == HM_MOMENT ?
			    ",\"%s\":\"2026-11-23T10:15:00Z\"" :
			    ",\"%s\":9223372036854775807",
			    columns.column[i].key.p, text);
		}
		snprintf(line + n, sizeof line - n, "}");
		ck_assert_ptr_null(make(line, &row));
		rest = row.rest;
		while (hm_row_next(&rest, &v))
			count++;
		ck_assert_uint_eq(count, columns.count);
	}
}
END_TEST

/* No two columns of a table have one parameter, or one key. */
START_TEST(binds_each_column_once)
{
	struct hm_row_columns c;

	hm_row_columns(&c, &hm_reading_types[_i]);
	ck_assert_uint_ge(c.count, 4);
	for (size_t i = 0; i < c.count; i++) {
		ck_assert_int_gt(c.column[i].parameter, HM_ROW_FIRST_SEEN);
		ck_assert_int_lt(c.column[i].parameter, 256);
		for (size_t j = 0; j < i; j++) {
			ck_assert_int_ne(c.column[i].parameter,
			    c.column[j].parameter);
			ck_assert_str_ne(c.column[i].key.p,
			    c.column[j].key.p);
		}
	}
}
END_TEST

/* Other types */

static const char *const events[] = {
    "{\"type\":\"alarm\"," TIME ",\"dtu\":\"d\","
        "\"start\":\"2026-11-23T10:15:00Z\"}",
    "{\"type\":\"status\"," TIME ",\"dtu\":\"d\",\"x\":[1,2]}",
    "{\"dtu\":\"d\",\"type\":\"info\"," TIME ",\"serial\":\"s\"}  ",
    "{\"type\":\"history\"," TIME ",\"dtu\":\"d\",\"serial\":\"s\","
        "\"start\":\"2026-11-23T10:15:00Z\",\"package\":0}",
    "{\"type\":\"stats\"," TIME ",\"tool\":\"hm-poll\"}",
};

START_TEST(keeps_events_as_lines)
{
	struct hm_row row;

	ck_assert_ptr_null(make(events[_i], &row));
	ck_assert_ptr_null(row.type);
	ck_assert(hm_slice_is(row.rest, events[_i]));
}
END_TEST

/* Only they may wait for others when there are enough for a transaction. */
START_TEST(tells_the_readings_of_a_replay)
{
	static const char reading[] = "{\"type\":\"port\",\"time\":"
	    "\"1970-01-01T00:10:00Z\",\"dtu\":\"d\",\"serial\":\"s\","
	    "\"port\":1}";
	static const char event[] = "{\"type\":\"info\",\"time\":"
	    "\"1970-01-01T00:10:00Z\",\"dtu\":\"d\",\"serial\":\"s\"}";
	struct hm_slice bytes;
	struct hm_fault fault;

	ck_assert(hm_record_parse(&record, hm_text(reading), &fault));
	ck_assert_ptr_null(hm_row_make(maker, &record, hm_text(reading),
	    &bytes));
	ck_assert(hm_row_is_replayed(bytes, 600 + HM_ROW_LIVE_S + 1));
	ck_assert(!hm_row_is_replayed(bytes, 600 + HM_ROW_LIVE_S));
	ck_assert(!hm_row_is_replayed(bytes, 0));
	ck_assert(hm_record_parse(&record, hm_text(event), &fault));
	ck_assert_ptr_null(hm_row_make(maker, &record, hm_text(event),
	    &bytes));
	ck_assert(!hm_row_is_replayed(bytes, INT64_C(4102444800)));
}
END_TEST

START_TEST(keeps_the_longest_line)
{
	static char line[HM_LINE_MAX + 1];
	int n = snprintf(line, sizeof line, "{\"type\":\"info\"," TIME
	    ",\"dtu\":\"d\",\"serial\":\"s\",\"x\":\"");
	struct hm_row row;

	memset(line + n, 'x', sizeof line - (size_t)n);
	memcpy(line + sizeof line - 3, "\"}", 3);
	ck_assert_uint_eq(strlen(line), HM_LINE_MAX);
	ck_assert_ptr_null(make(line, &row));
	ck_assert_uint_eq(row.rest.n, HM_LINE_MAX);
}
END_TEST

START_TEST(knows_the_types_it_stores)
{
	static const char *const taken[] = {"alarm", "status", "info",
	    "history", "energies", "stats"};
	static const char *const others[] = {"", "frame", "sim", "ports",
	    "por", "database", "inverter_latest"};

	for (size_t i = 0; i < COUNT(taken); i++)
		ck_assert_msg(hm_row_takes(hm_text(taken[i])), "%s", taken[i]);
	for (size_t i = 0; i < HM_SCOPES; i++)
		ck_assert(hm_row_takes(hm_text(hm_reading_types[i].name)));
	for (size_t i = 0; i < COUNT(others); i++)
		ck_assert_msg(!hm_row_takes(hm_text(others[i])), "%s",
		    others[i]);
}
END_TEST

/* What is refused */

#define NO_TIME "no time like 2026-11-23T10:15:00Z"
#define BAD_START "start is no time like 2026-11-23T10:15:00Z"
#define BAD_STATE "state is none of refused, accepted, under_way, done, " \
	"failed, unknown"
#define ALARM "{\"type\":\"alarm\"," TIME ",\"dtu\":\"d\""
#define HISTORY "{\"type\":\"history\"," TIME \
	",\"dtu\":\"d\",\"serial\":\"s\""

static const struct {
	const char *line, *why;
} refused[] = {
    {"{\"type\":\"dtu\",\"dtu\":\"d\"}", NO_TIME},
    {"{\"type\":\"dtu\",\"dtu\":\"d\",\"time\":5}", NO_TIME},
    {"{\"type\":\"dtu\",\"dtu\":\"d\",\"time\":\"2026-02-30T10:15:00Z\"}",
        NO_TIME},
    {"{\"type\":\"frame\"," TIME "}", "not a type that is stored"},
    {"{" TIME "}", "not a type that is stored"},
    {"{\"type\":5," TIME "}", "not a type that is stored"},
    {"{\"type\":\"dtu\"," TIME "}", "no dtu"},
    {"{\"type\":\"dtu\"," TIME ",\"dtu\":null}", "no dtu"},
    {"{\"type\":\"dtu\"," TIME ",\"d\\u0074u\":\"d\"}", "no dtu"},
    {"{\"type\":\"inverter\"," TIME ",\"dtu\":\"d\"}", "no serial"},
    {"{\"type\":\"meter\"," TIME ",\"dtu\":\"d\",\"serial\":1}", "no serial"},
    {"{\"type\":\"port\"," TIME ",\"dtu\":\"d\",\"port\":1}", "no serial"},
    {"{\"type\":\"port\"," TIME ",\"dtu\":\"d\",\"serial\":\"s\"}", "no port"},
    {"{\"type\":\"port\"," TIME ",\"dtu\":\"d\",\"serial\":\"s\","
        "\"port\":\"1\"}", "no port"},
    {"{\"type\":\"port\"," TIME ",\"dtu\":\"d\",\"serial\":\"s\","
        "\"port\":1.5}", "port is no integer"},
    {"{\"type\":\"port\"," TIME ",\"dtu\":\"d\",\"serial\":\"s\","
        "\"port\":1e30}", "port is no integer"},
    {ALARM "}", "no start"},
    {ALARM ",\"start\":5}", "no start"},
    {ALARM ",\"start\":\"yesterday\"}", BAD_START},
    {"{\"type\":\"status\"," TIME "}", "no dtu"},
    {"{\"type\":\"info\"," TIME ",\"dtu\":\"d\"}", "no serial"},
    {HISTORY ",\"start\":\"2026-11-23T10:15:00Z\"}", "no package"},
    {HISTORY ",\"start\":\"2026-11-23T10:15:00Z\",\"package\":0.5}",
        "package is no integer"},
    {HISTORY ",\"package\":0}", "no start"},
    {"{\"type\":\"stats\"," TIME "}", "no tool"},
    {"{\"type\":\"command\"," TIME ",\"action\":\"turn_off\"}", "no id"},
    {"{\"type\":\"result\"," TIME ",\"state\":\"done\"}", "no id"},
    {"{\"type\":\"result\"," TIME ",\"id\":\"a\"}", BAD_STATE},
    {"{\"type\":\"result\"," TIME ",\"id\":\"a\",\"state\":\"begun\"}",
        BAD_STATE},
};

START_TEST(refuses_records_without_a_key)
{
	struct hm_row row;
	const char *why = make(refused[_i].line, &row);

	ck_assert_msg(why != NULL, "%s", refused[_i].line);
	ck_assert_str_eq(why, refused[_i].why);
}
END_TEST

/* It could not be told from others whose key is as long. */
START_TEST(refuses_keys_that_are_too_long)
{
	struct hm_row row;

	ck_assert_ptr_null(make(with_text("{\"type\":\"dtu\"," TIME
	    ",\"dtu\":\"", "x", TEXT_MAX), &row));
	ck_assert_str_eq(make(with_text("{\"type\":\"dtu\"," TIME
	    ",\"dtu\":\"", "x", TEXT_MAX + 1), &row),
	    "dtu is longer than 1024 bytes");
	ck_assert_ptr_null(make(with_text("{\"type\":\"info\"," TIME
	    ",\"dtu\":\"d\",\"serial\":\"", "\\n", TEXT_MAX), &row));
	ck_assert_str_eq(make(with_text("{\"type\":\"info\"," TIME
	    ",\"dtu\":\"d\",\"serial\":\"", "\\n", TEXT_MAX + 1), &row),
	    "serial is longer than 1024 bytes");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("row_encode");
	TCase *tcase = tcase_create("row_encode");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, holds_values, 0, COUNT(values));
	tcase_add_test(tcase, takes_keys_in_any_order);
	tcase_add_test(tcase, holds_fifteen_digits);
	tcase_add_test(tcase, holds_texts_up_to_a_length);
	tcase_add_test(tcase, has_room_for_all_columns);
	tcase_add_loop_test(tcase, binds_each_column_once, 0, HM_SCOPES);
	tcase_add_loop_test(tcase, keeps_events_as_lines, 0, COUNT(events));
	tcase_add_test(tcase, tells_the_readings_of_a_replay);
	tcase_add_test(tcase, keeps_the_longest_line);
	tcase_add_test(tcase, knows_the_types_it_stores);
	tcase_add_loop_test(tcase, refuses_records_without_a_key, 0,
	    COUNT(refused));
	tcase_add_test(tcase, refuses_keys_that_are_too_long);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
