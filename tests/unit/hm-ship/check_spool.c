#include "spooled.h"

#include <sys/stat.h>

#include "db/reading_tables.h"
#include "run_suite.h"

static struct hm_spool b;

static void
setup_two(void)
{
	setup();
	ck_assert(hm_spool_init(&b, path, "b"));
}

static void
teardown_two(void)
{
	hm_spool_free(&b);
	teardown();
}

START_TEST(ships_in_order)
{
	fill(1, 5);
	open_spool(&a);
	read_next(&a, 2);
	ck_assert_str_eq(numbers(), "1-2 2 4");
	ck_assert_str_eq(content(),
	    "{\"type\":\"port\",\"time\":\"1970-01-01T00:00:01Z\","
	    "\"dtu\":\"roof\",\"serial\":\"1\",\"port\":1,\"pv_power\":2.5}\n"
	    "{\"type\":\"port\",\"time\":\"1970-01-01T00:00:01Z\","
	    "\"dtu\":\"roof\",\"serial\":\"1\",\"port\":2,\"pv_power\":3}\n"
	    "{\"type\":\"port\",\"time\":\"1970-01-01T00:00:02Z\","
	    "\"dtu\":\"roof\",\"serial\":\"1\",\"port\":1,\"pv_power\":2.5}\n"
	    "{\"type\":\"port\",\"time\":\"1970-01-01T00:00:02Z\","
	    "\"dtu\":\"roof\",\"serial\":\"1\",\"port\":2,\"pv_power\":3}\n");
	/* It comes again until it is shipped. */
	read_next(&a, 3);
	ck_assert_str_eq(numbers(), "1-3 3 6");
	ck_assert(ship(&a));
	read_next(&a, 100);
	ck_assert_str_eq(numbers(), "4-5 2 4");
	ck_assert(ship(&a));
	read_next(&a, 100);
	ck_assert_str_eq(numbers(), "0-0 0 0");
	ck_assert_str_eq(answer(&db, waiting), "0");
}
END_TEST

START_TEST(keeps_rows_for_each_destination)
{
	fill(1, 4);
	open_spool(&a);
	open_spool(&b);
	read_next(&a, 3);
	ck_assert(ship(&a));
	ck_assert_str_eq(answer(&db, waiting), "4");
	read_next(&b, 2);
	ck_assert_str_eq(numbers(), "1-2 2 4");
	ck_assert(ship(&b));
	ck_assert_str_eq(answer(&db, waiting), "2");
	ck_assert_str_eq(answer(&db, "SELECT * FROM ship_to ORDER BY name"),
	    "a|3\nb|2");
}
END_TEST

/* A late row gives its poll another number, behind the batch. */
START_TEST(ships_a_late_row_with_its_poll)
{
	fill(1, 3);
	open_spool(&a);
	read_next(&a, 2);
	run(&db, "DELETE FROM outbox WHERE seq = 1");
	run(&db, "INSERT INTO outbox (time, dtu) VALUES (1, 'roof')");
	run(&db, "INSERT INTO dtu (time, dtu, pv_power) VALUES (1, 'roof', 5)");
	ck_assert(ship(&a));
	read_next(&a, 100);
	ck_assert_str_eq(numbers(), "3-4 2 5");
	ck_assert_ptr_nonnull(strstr(content(), "{\"type\":\"dtu\","));
}
END_TEST

START_TEST(ships_records_as_they_are)
{
	run(&db, "INSERT INTO outbox (time, line) VALUES (1, '{\"x\":1}')");
	fill(7, 7);
	run(&db, "DELETE FROM port");
	open_spool(&a);
	read_next(&a, 100);
	ck_assert_str_eq(numbers(), "1-2 2 1");
	ck_assert_str_eq(content(), "{\"x\":1}\n");
}
END_TEST

/* Whoever gets the file cannot change what a retry gets. */
START_TEST(seals_a_batch)
{
	fill(1, 1);
	open_spool(&a);
	read_next(&a, 1);
	ck_assert_int_lt(ftruncate(fileno(batch.file), 0), 0);
}
END_TEST

/* A huge backlog of long records comes in pieces. */
START_TEST(bounds_a_batch)
{
	run(&db, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
	    "FROM n WHERE i < 100) INSERT INTO outbox (time, line) "
	    "SELECT i, hex(zeroblob(100000)) FROM n");
	open_spool(&a);
	read_next(&a, 100);
	ck_assert_str_eq(numbers(), "1-84 84 84");
	ck_assert(ship(&a));
	read_next(&a, 100);
	ck_assert_str_eq(numbers(), "85-100 16 16");
}
END_TEST

/* Another process has shipped the same. */
START_TEST(ships_nothing_twice)
{
	struct hm_batch other;
	bool done;

	fill(1, 4);
	open_spool(&a);
	read_next(&a, 4);
	ck_assert(hm_spool_read(&a, 2, &other));
	ck_assert(hm_spool_ship(&a, &other, &done));
	ck_assert(done);
	hm_batch_clear(&other);
	ck_assert(!ship(&a));
	ck_assert_str_eq(answer(&db, "SELECT seq FROM ship_to"), "2");
}
END_TEST

/* A copy took the place of the file: its numbers are of other polls. */
START_TEST(skips_nothing_of_another_file)
{
	char other[220];

	fill(1, 4);
	open_spool(&a);
	read_next(&a, 4);
	hm_spool_close(&a);
	snprintf(other, sizeof other, "VACUUM INTO '%s'", in_scratch("b.db"));
	run(&db, other);
	hm_db_close(&db);
	snprintf(other, sizeof other, "%s", in_scratch("b.db"));
	ck_assert_int_eq(rename(other, path), 0);
	open_plain(&db, "hm.db");
	open_spool(&a);
	ck_assert(!ship(&a));
	ck_assert_str_eq(answer(&db, "SELECT seq FROM ship_to"), "0");
	read_next(&a, 4);
	ck_assert(ship(&a));
}
END_TEST

START_TEST(counts_what_waits)
{
	uint64_t count = 9;
	int64_t oldest = 9;

	open_spool(&a);
	ck_assert(hm_spool_waiting(&a, &count, &oldest));
	ck_assert_uint_eq(count, 0);
	fill(11, 14);
	read_next(&a, 1);
	ck_assert(ship(&a));
	ck_assert(hm_spool_waiting(&a, &count, &oldest));
	ck_assert_uint_eq(count, 3);
	ck_assert_int_eq(oldest, 12);
}
END_TEST

/* A battery comes to the plant while hm-ship runs. */
START_TEST(ships_a_type_that_comes_later)
{
	fill(1, 1);
	open_spool(&a);
	read_next(&a, 100);
	ck_assert_str_eq(numbers(), "1-1 1 2");
	ck_assert(ship(&a));
	ck_assert(hm_tables_create(&db, &hm_reading_types[HM_SCOPE_BATTERY]));
	run(&db, "INSERT INTO battery (time, dtu, serial, soc) "
	    "VALUES (2, 'roof', '1', 55)");
	fill(2, 2);
	read_next(&a, 100);
	ck_assert_str_eq(numbers(), "2-2 1 3");
	ck_assert_ptr_nonnull(strstr(content(), "{\"type\":\"battery\","
	    "\"time\":\"1970-01-01T00:00:02Z\",\"dtu\":\"roof\","
	    "\"serial\":\"1\",\"soc\":55}\n"));
}
END_TEST

START_TEST(says_why)
{
	struct hm_spool none;
	struct hm_db other;
	char text[300];

	snprintf(path, sizeof path, "%s", in_scratch("b.db"));
	ck_assert(hm_spool_init(&none, path, "a"));
	ck_assert(!hm_spool_open(&none, false));
	snprintf(text, sizeof text, "%s: cannot open: No such file or "
	    "directory", path);
	ck_assert_str_eq(none.why, text);
	open_history(&other, "b.db");
	ck_assert(!hm_spool_open(&none, false));
	ck_assert_ptr_nonnull(strstr(none.why, "there is no outbox in it"));
	ck_assert(hm_spool_open(&none, true));
	run(&other, "BEGIN IMMEDIATE");
	run(&other, "DROP TABLE port");
	run(&other, "COMMIT");
	hm_spool_close(&none);
	ck_assert(!hm_spool_open(&none, false));
	ck_assert_ptr_nonnull(strstr(none.why, "older version"));
	hm_db_close(&other);
	hm_spool_free(&none);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("spool");
	TCase *tcase = tcase_create("spool");

	tcase_add_checked_fixture(tcase, setup_two, teardown_two);
	tcase_add_test(tcase, ships_in_order);
	tcase_add_test(tcase, keeps_rows_for_each_destination);
	tcase_add_test(tcase, ships_a_late_row_with_its_poll);
	tcase_add_test(tcase, ships_a_type_that_comes_later);
	tcase_add_test(tcase, ships_records_as_they_are);
	tcase_add_test(tcase, seals_a_batch);
	tcase_add_test(tcase, bounds_a_batch);
	tcase_add_test(tcase, ships_nothing_twice);
	tcase_add_test(tcase, skips_nothing_of_another_file);
	tcase_add_test(tcase, counts_what_waits);
	tcase_add_test(tcase, says_why);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
