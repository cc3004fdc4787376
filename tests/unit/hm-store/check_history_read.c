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

#define ENERGY(name, initial, help) ", e_" #name
#define COLUMNS "dtu, serial, port, last_updated, today_production, " \
    "total_production"
static const char add_sql[] = "INSERT INTO production_cache (" COLUMNS
#include "db/energy.def"
#undef ENERGY
#define ENERGY(name, initial, help) ", " #initial
    ") VALUES (%s"
#include "db/energy.def"
    ")";
#undef ENERGY

/* The ledger's row of an input: its shown energies, and its state. */
static void
add_input(const char *key, const char *energies, int day, int time)
{
	char values[200], where[400];
	struct hm_sql sql;

	snprintf(values, sizeof values, "%s, '', %s", key, energies);
	hm_sql_start(&sql);
	hm_sql_add(&sql, add_sql, values);
	run(&k->db, hm_sql_text(&sql));
	snprintf(where, sizeof where, "UPDATE production_cache SET e_day = %d, "
	    "e_total_time = %d, e_pending_time = %d WHERE (dtu, serial, port) "
	    "= (%s)", day, time, time, key);
	run(&k->db, where);
}

static void
add_energy(void *context, const struct hm_history_energy *e)
{
	size_t n = strlen(context);

	snprintf((char *)context + n, 1000 - n, "%.*s %.*s/%d: %d %d, day %d "
	    "time %d\n", (int)e->dtu.n, e->dtu.p, (int)e->serial.n,
	    e->serial.p, (int)e->port, (int)e->today, (int)e->total,
	    (int)e->day, (int)e->time);
}

static const char *
energies(int64_t now)
{
	static char found[1000];

	found[0] = '\0';
	ck_assert(hm_history_energies(&db, now, add_energy, found));
	return found;
}

#define DAY ((int64_t)86400)

START_TEST(returns_energies_of_the_ledger)
{
	ck_assert_str_eq(energies(10 * DAY), "");
	add_input("'roof', '1164', 1", "5, 100", 9, 9 * DAY + 5);
	add_input("'roof', '1164', 2", "7, 200", 9, 9 * DAY);
	add_input("'barn', '1165', 1", "NULL, 300", 8, 8 * DAY);
	ck_assert_str_eq(energies(10 * DAY),
	    "barn /0: -1 300, day 8 time 691200\n"
	    "barn 1165/1: -1 300, day 8 time 691200\n"
	    "roof /0: 12 300, day 9 time 777605\n"
	    "roof 1164/1: 5 100, day 9 time 777605\n"
	    "roof 1164/2: 7 200, day 9 time 777600\n");
}
END_TEST

START_TEST(energies_are_of_inputs_that_are_there)
{
	add_input("'roof', '1', 1", "5, 100", 9, 9 * DAY);
	/* It is away, and follows the days: it counts. */
	add_input("'roof', '2', 1", "0, 10", 9, 3 * DAY);
	/* An excluded inverter. */
	add_input("'roof', '3', 1", "9, 900", 7, 7 * DAY);
	/* One reading, long ago. */
	add_input("'roof', '4', 1", "NULL, NULL", 9, 8 * DAY);
	ck_assert_str_eq(energies(10 * DAY),
	    "roof /0: 5 110, day 9 time 777600\n"
	    "roof 1/1: 5 100, day 9 time 777600\n");
	/* One that hm-filter has not taken into this day yet. */
	run(&k->db, "UPDATE production_cache SET e_day = 8 WHERE serial = '2'");
	ck_assert_str_eq(energies(10 * DAY),
	    "roof /0: 5 110, day 8 time 777600\n"
	    "roof 1/1: 5 100, day 9 time 777600\n");
	/* A reading that may soon be confirmed. */
	ck_assert_str_eq(energies(9 * DAY),
	    "roof /0: -1 -1, day 8 time 777600\n"
	    "roof 1/1: 5 100, day 9 time 777600\n");
}
END_TEST

START_TEST(an_energy_of_the_future_hides_no_other)
{
	add_input("'roof', '1', 1", "5, 100", 9, 3650 * DAY);
	add_input("'roof', '2', 1", "5, 100", 9, 10 * DAY - 60);
	add_input("'barn', '3', 1", "5, 100", 9, 10 * DAY - 60);
	ck_assert_str_eq(energies(10 * DAY),
	    "barn /0: 5 100, day 9 time 863940\n"
	    "barn 3/1: 5 100, day 9 time 863940\n"
	    "roof /0: 10 200, day 9 time 864000\n"
	    "roof 1/1: 5 100, day 9 time 864000\n"
	    "roof 2/1: 5 100, day 9 time 863940\n");
}
END_TEST

START_TEST(an_older_database_has_power_and_energies)
{
	struct hm_db other = {.handle = NULL};
	char spans[1000] = "";
	const char *why;

	keep(k, "dtu", "1970-01-02T00:00:00Z", "\"dtu\":\"roof\","
	    "\"pv_power\":1");
	add_input("'roof', '1', 1", "5, 100", 1, DAY);
	run(&k->db, "DROP TABLE repeater");
	ck_assert(!hm_history_open(&other, in_scratch("a.db"), &why));
	ck_assert_ptr_nonnull(strstr(why, "older version"));
	hm_db_close(&other);
	ck_assert(hm_history_open_old(&other, in_scratch("a.db"), &why));
	ck_assert_ptr_nonnull(hm_history_lacks(&other));
	ck_assert(hm_history_power(&other, 0, 300, add_span, spans));
	ck_assert_str_eq(spans, "86400 roof 1\n");
	hm_db_close(&other);
	ck_assert_str_eq(energies(DAY), "roof /0: 5 100, day 1 time 86400\n"
	    "roof 1/1: 5 100, day 1 time 86400\n");
}
END_TEST

static const char *
figures(void)
{
	static char buf[8192];
	struct hm_slice all;
	struct hm_json e;

	hm_json_start(&e, buf, sizeof buf - 1);
	hm_json_object(&e, NULL);
	ck_assert(hm_history_stats(&db, &e));
	hm_json_object_end(&e);
	ck_assert(hm_json_done(&e, &all));
	buf[all.n] = '\0';
	return buf;
}

START_TEST(counts_what_is_there)
{
	const char *buf;

	keep(k, "dtu", "2026-11-23T10:00:00Z", "\"dtu\":\"roof\"");
	keep(k, "meter", "2026-11-23T10:00:00Z", "\"dtu\":\"roof\","
	    "\"serial\":\"m\"");
	keep(k, "status", "2026-11-23T10:00:00Z", "\"dtu\":\"roof\"");
	buf = figures();
	ck_assert_ptr_nonnull(strstr(buf, in_scratch("a.db")));
	ck_assert_ptr_nonnull(strstr(buf, "\"schema_version\":2,"));
	ck_assert_ptr_nonnull(strstr(buf, "\"dtu_entries\":1,"));
	ck_assert_ptr_nonnull(strstr(buf, "\"port_data_entries\":0,"));
	ck_assert_ptr_nonnull(strstr(buf, "\"meter_entries\":1,"));
	ck_assert_ptr_nonnull(strstr(buf, "\"status_entries\":1,"));
	ck_assert_ptr_nonnull(strstr(buf, "\"total_records\":2}"));
	/* The tables of batteries come with their first row. */
	ck_assert_ptr_null(strstr(buf, "battery"));
	keep(k, "battery", "2026-11-23T10:00:00Z", "\"dtu\":\"roof\","
	    "\"serial\":\"1\"");
	buf = figures();
	ck_assert_ptr_nonnull(strstr(buf, "\"battery_entries\":1,"));
	ck_assert_ptr_nonnull(strstr(buf, "\"total_records\":3}"));
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
	tcase_add_test(tcase, returns_energies_of_the_ledger);
	tcase_add_test(tcase, energies_are_of_inputs_that_are_there);
	tcase_add_test(tcase, an_energy_of_the_future_hides_no_other);
	tcase_add_test(tcase, an_older_database_has_power_and_energies);
	tcase_add_test(tcase, counts_what_is_there);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
