#include "kept.h"

#include "db/history_read.h"
#include "run_suite.h"

static struct keeper *k;
static struct hm_db db;

static void
setup(void)
{
	const char *why;

	make_scratch();
	k = keep_open("a.db", 0);
	db = (struct hm_db){.handle = NULL};
	ck_assert_msg(hm_history_open(&db, in_scratch("a.db"), &why), "%s",
	    why);
}

static void
teardown(void)
{
	hm_db_close(&db);
	keep_close(k);
	remove_scratch();
}

START_TEST(refuses_files_without_history)
{
	struct hm_db other = {.handle = NULL};
	const char *why;

	ck_assert(!hm_history_open(&other, in_scratch("none.db"), &why));
	ck_assert_str_eq(why, "no such file");
	hm_db_close(&other);
	open_plain(&other, "empty.db");
	run(&other, "CREATE TABLE x (y)");
	ck_assert(!hm_history_open(&other, in_scratch("empty.db"), &why));
	ck_assert_str_eq(why, "it is of another program; name a new file");
	hm_db_close(&other);
	open_plain(&other, "empty.db");
	run(&other, "DROP TABLE x");
	hm_db_close(&other);
	ck_assert(!hm_history_open(&other, in_scratch("empty.db"), &why));
	ck_assert_str_eq(why, "there is no history in it");
	hm_db_close(&other);
}
END_TEST

static const struct {
	const char *value, *number; /* NULL: none */
} numbers[] = {
    {"0", "0"},
    {"-5", "-5"},
    {"9223372036854775807", "9223372036854775807"},
    {"230.1", "230.1"},
    {"230.0", "230"},
    {"-0.5", "-0.5"},
    {"0.123456789012345", "0.123456789012345"},
    {"1e15", "1000000000000000"},
    {"1e-18", "0.000000000000000001"},
    {"1e300", NULL},
    {"9e999", NULL},
    {"NULL", NULL},
    {"'5'", NULL},
};

START_TEST(reads_numbers)
{
	struct hm_decimal number = hm_decimal(0, 0);
	char text[HM_DECIMAL_TEXT];
	sqlite3_stmt *row = NULL;
	struct hm_sql sql;
	bool is_one;

	hm_sql_start(&sql);
	hm_sql_add(&sql, "SELECT %s", numbers[_i].value);
	ck_assert(hm_db_prepare(&db, hm_sql_text(&sql), &row));
	ck_assert_int_eq(sqlite3_step(row), SQLITE_ROW);
	is_one = hm_history_number(row, 0, &number);
	sqlite3_finalize(row);
	ck_assert(is_one == (numbers[_i].number != NULL));
	if (is_one) {
		hm_decimal_format(number, text);
		ck_assert_str_eq(text, numbers[_i].number);
	}
}
END_TEST

static const char *
readings_of(const char *serial, int64_t limit)
{
	static char buf[8192];
	struct hm_slice all;
	struct hm_json e;

	hm_json_start(&e, buf, sizeof buf - 1);
	hm_json_array(&e, NULL);
	ck_assert(hm_history_readings(&db, hm_reading_type_of(hm_text("port")),
	    hm_text(serial), limit, &e));
	hm_json_array_end(&e);
	ck_assert(hm_json_done(&e, &all));
	buf[all.n] = '\0';
	return buf;
}

START_TEST(returns_the_newest_readings)
{
	char time[HM_RFC3339_SIZE];

	for (int i = 0; i < 4; i++)
		keep(k, "port", hm_rfc3339_format(i, time).p,
		    "\"dtu\":\"roof\","
		    "\"serial\":\"%d\",\"port\":1,\"pv_power\":%d.5", i % 2,
		    i);
	ck_assert_str_eq(readings_of("1", 1), "[{\"timestamp\":"
	    "\"1970-01-01T00:00:03Z\",\"dtu_name\":\"roof\","
	    "\"serial_number\":\"1\",\"port_number\":1,"
	    "\"pv_power\":3.5}]");
	ck_assert_ptr_nonnull(strstr(readings_of("1", 9), "},{"));
	ck_assert_str_eq(readings_of("1", 0), "[]");
	ck_assert_str_eq(readings_of("5", 9), "[]");
	ck_assert_str_eq(readings_of("' OR 1 --", 9), "[]");
}
END_TEST

static void
add_span(void *context, int64_t time, struct hm_slice dtu,
    struct hm_decimal watts)
{
	char number[HM_DECIMAL_TEXT];
	size_t n = strlen(context);

	hm_decimal_format(watts, number);
	snprintf((char *)context + n, 1000 - n, "%d %.*s %s\n", (int)time,
	    (int)dtu.n, dtu.p, number);
}

START_TEST(returns_power_by_spans)
{
	static const struct {
		int time;
		const char *dtu, *power;
	} readings[] = {{100, "roof", "1"}, {159, "roof", "2"},
	    {160, "roof", "10.5"}, {170, "barn", "7"}, {175, "roof", "null"},
	    {280, "roof", "null"}, {290, "barn", "0"}, {99, "roof", "500"}};
	char time[HM_RFC3339_SIZE], spans[1000] = "";

	for (size_t i = 0; i < COUNT(readings); i++)
		keep(k, "dtu", hm_rfc3339_format(readings[i].time, time).p,
		    "\"dtu\":\"%s\",\"pv_power\":%s", readings[i].dtu,
		    readings[i].power);
	ck_assert(hm_history_power(&db, 100, 60, add_span, spans));
	ck_assert_str_eq(spans, "100 roof 1.5\n160 barn 7\n160 roof 10.5\n"
	    "280 barn 0\n");
}
END_TEST

START_TEST(counts_what_is_there)
{
	static char buf[8192];
	struct hm_slice all;
	struct hm_json e;

	keep(k, "dtu", "2026-11-23T10:00:00Z", "\"dtu\":\"roof\"");
	keep(k, "meter", "2026-11-23T10:00:00Z", "\"dtu\":\"roof\","
	    "\"serial\":\"m\"");
	keep(k, "status", "2026-11-23T10:00:00Z", "\"dtu\":\"roof\"");
	hm_json_start(&e, buf, sizeof buf - 1);
	hm_json_object(&e, NULL);
	ck_assert(hm_history_stats(&db, &e));
	hm_json_object_end(&e);
	ck_assert(hm_json_done(&e, &all));
	buf[all.n] = '\0';
	ck_assert_ptr_nonnull(strstr(buf, in_scratch("a.db")));
	ck_assert_ptr_nonnull(strstr(buf, "\"schema_version\":2,"));
	ck_assert_ptr_nonnull(strstr(buf, "\"dtu_entries\":1,"));
	ck_assert_ptr_nonnull(strstr(buf, "\"port_data_entries\":0,"));
	ck_assert_ptr_nonnull(strstr(buf, "\"meter_entries\":1,"));
	ck_assert_ptr_nonnull(strstr(buf, "\"status_entries\":1,"));
	ck_assert_ptr_nonnull(strstr(buf, "\"total_records\":2}"));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("history_read");
	TCase *tcase = tcase_create("history_read");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, refuses_files_without_history);
	tcase_add_loop_test(tcase, reads_numbers, 0, COUNT(numbers));
	tcase_add_test(tcase, returns_the_newest_readings);
	tcase_add_test(tcase, returns_power_by_spans);
	tcase_add_test(tcase, counts_what_is_there);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
