#include "spooled.h"

#include "db/reading_tables.h"
#include "run_suite.h"

static uint64_t
list(int64_t since, bool hours)
{
	struct hm_spool_listing listing = {.since = since, .hours = hours};
	bool more = true;

	while (more)
		ck_assert_msg(hm_spool_list(&a, &listing, &more), "%s", a.why);
	hm_spool_list_end(&listing);
	return listing.count;
}

static uint64_t
list_from(int64_t since)
{
	return list(since, false);
}

/* Hours before 1970, too: a clock may have said so. */
START_TEST(lists_the_history_again)
{
	fill(-3700, -3698);
	fill(3598, 3601);
	open_spool(&a);
	read_next(&a, 100);
	ck_assert(ship(&a));
	run(&db, "INSERT INTO outbox (time, dtu) VALUES (3599, 'roof')");
	ck_assert_uint_eq(list_from(-3699), 6);
	read_next(&a, 100);
	ck_assert_str_eq(numbers(), "9-14 6 12");
	ck_assert_uint_eq(list_from(3600), 2);
	ck_assert_uint_eq(list_from(4000), 0);
	ck_assert_str_eq(answer(&db, waiting), "6");
}
END_TEST

/* Also the very first hour, whose number is 0. */
START_TEST(lists_each_hour_once)
{
	fill(0, 1);
	fill(3600, 3601);
	open_spool(&a);
	ck_assert_uint_eq(list_from(-7200), 4);
}
END_TEST

/* Hours of stats only, and the one before `since`, while another writes. */
START_TEST(lists_an_hour_without_polls_without_a_lock)
{
	struct hm_spool_listing listing = {.since = 3600};
	bool more;

	fill(3598, 3599);
	run(&db, "INSERT INTO reading_hours (hour) VALUES (3600), (7200)");
	open_spool(&a);
	sqlite3_busy_timeout(a.db.handle, 0);
	run(&db, "BEGIN IMMEDIATE");
	for (int i = 0; i < 2; i++)
		ck_assert_msg(hm_spool_list(&a, &listing, &more), "%s", a.why);
	run(&db, "COMMIT");
	ck_assert_uint_eq(listing.count, 0);
	ck_assert_uint_eq(list_from(0), 2);
}
END_TEST

/* What fails because another writes is listed by the next call. */
START_TEST(leaves_nothing_out_after_a_failure)
{
	struct hm_spool_listing listing = {.since = 0};
	bool more = true;

	fill(1, 2);
	fill(3600, 3601);
	run(&db, "DELETE FROM outbox");
	run(&db, "INSERT INTO status (time, dtu, state) "
	    "VALUES (5, 'roof', 'online')");
	while (more) {
		open_spool(&a);
		sqlite3_busy_timeout(a.db.handle, 0);
		run(&db, "BEGIN IMMEDIATE");
		if (hm_spool_list(&a, &listing, &more)) {
			run(&db, "COMMIT");
			continue;
		}
		ck_assert_ptr_nonnull(strstr(a.why, "is locked"));
		run(&db, "COMMIT");
		open_spool(&a);
		ck_assert_msg(hm_spool_list(&a, &listing, &more), "%s", a.why);
	}
	ck_assert_uint_eq(listing.count, 5);
	ck_assert_str_eq(answer(&db, "SELECT group_concat(time) FROM outbox"),
	    "1,2,3600,3601,5");
	hm_spool_list_end(&listing);
}
END_TEST

/* In several transactions, between which hm-store writes. */
START_TEST(lists_other_records_in_parts)
{
	struct hm_spool_listing listing = {.since = 10};
	unsigned parts = 0;
	bool more = true;

	run(&db, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 "
	    "FROM n WHERE i < 1234) INSERT INTO status (time, dtu, state) "
	    "SELECT i, 'roof', iif(i % 2, 'online', 'offline') FROM n");
	open_spool(&a);
	while (more) {
		ck_assert_msg(hm_spool_list(&a, &listing, &more), "%s", a.why);
		parts++;
		/* Not seen: a part is of the moment of the first one. */
		run(&db, "INSERT INTO status (time, dtu, state) "
		    "SELECT max(time) + 1, 'roof', 'online' FROM status");
	}
	ck_assert_uint_eq(parts, 4); /* one without polls */
	ck_assert_uint_eq(listing.count, 1226);
	ck_assert_str_eq(answer(&db, "SELECT count(DISTINCT line) || ' ' || "
	    "min(time) || ' ' || max(time) FROM outbox"), "1226 10 1235");
	hm_spool_list_end(&listing);
}
END_TEST

/* A poll that has only the record of a battery. */
START_TEST(lists_polls_of_any_type)
{
	fill(1, 1);
	ck_assert(hm_tables_create(&db, &hm_reading_types[HM_SCOPE_BATTERY]));
	run(&db, "INSERT INTO battery (time, dtu, serial, soc) "
	    "VALUES (2, 'roof', '1', 55)");
	run(&db, "DELETE FROM port");
	open_spool(&a);
	ck_assert_uint_eq(list_from(0), 1);
}
END_TEST

static void
make_sums(void)
{
	run(&db, "INSERT INTO port_hourly (hour, dtu, serial, port, samples, "
	    "pv_power_count, pv_power_avg, pv_power_min, pv_power_max, "
	    "total_production) VALUES "
	    "(3600, 'roof', '1', 1, 60, 60, 2.125, 0, 7.5, 1414), "
	    "(7200, 'roof', '1', 1, 2, 0, NULL, NULL, NULL, NULL), "
	    "(9000000, 'roof', '1', 1, 5, 0, NULL, NULL, NULL, NULL)");
	run(&db, "INSERT INTO dtu_hourly (hour, dtu, serial, samples, filled) "
	    "VALUES (7200, 'roof', NULL, 0, 1)");
	run(&db, "INSERT INTO port_daily (day, dtu, serial, port, samples, "
	    "today_production) VALUES ('1970-01-01', 'roof', '1', 1, 62, 9), "
	    "('1970-04-15', 'roof', '1', 1, 5, NULL)");
}

static const char spans[] = "SELECT group_concat(span || ' ' || time, ', ') "
    "FROM (SELECT * FROM outbox WHERE span IS NOT NULL ORDER BY seq)";

START_TEST(lists_hours_and_days)
{
	make_sums();
	run(&db, "INSERT INTO dtu (time, dtu) VALUES (7300, 'roof')");
	run(&db, "INSERT INTO dtu_latest (time, dtu, first_seen) "
	    "VALUES (7300, 'roof', 7300)");
	open_spool(&a);
	ck_assert_uint_eq(list(0, true), 6);
	ck_assert_str_eq(answer(&db, spans), "hour 3600, hour 7200, "
	    "hour 9000000, day 0, day 8985600");
	ck_assert_str_eq(answer(&db, "SELECT group_concat(time || ' ' || dtu) "
	    "FROM outbox WHERE span IS NULL"), "7300 roof");
	/* Once more they wait once, with new numbers. */
	ck_assert_uint_eq(list(0, true), 6);
	ck_assert_str_eq(answer(&db, "SELECT count(*) || ' ' || min(seq) "
	    "FROM outbox"), "6 7");
	/* An hour that lasts at that time, and days that do so somewhere. */
	ck_assert_uint_eq(list(7201, true), 5);
	ck_assert_uint_eq(list(10800, true), 3);
}
END_TEST

START_TEST(ships_hours_and_days)
{
	make_sums();
	run(&db, "INSERT INTO outbox (time, span) VALUES (3600, 'hour'), "
	    "(7200, 'hour'), (0, 'day'), (86400, 'day')");
	open_spool(&a);
	read_next(&a, 100);
	ck_assert_str_eq(numbers(), "1-4 4 4");
	ck_assert_str_eq(content(),
	    "{\"type\":\"port_hourly\",\"time\":\"1970-01-01T01:00:00Z\","
	    "\"hour\":\"1970-01-01T01:00:00Z\",\"dtu\":\"roof\","
	    "\"serial\":\"1\",\"filled\":false,\"port\":1,\"samples\":60,"
	    "\"pv_power_count\":60,\"pv_power_avg\":2.125,\"pv_power_min\":0,"
	    "\"pv_power_max\":7.5,\"total_production\":1414}\n"
	    "{\"type\":\"port_hourly\",\"time\":\"1970-01-01T02:00:00Z\","
	    "\"hour\":\"1970-01-01T02:00:00Z\",\"dtu\":\"roof\","
	    "\"serial\":\"1\",\"filled\":false,\"port\":1,\"samples\":2,"
	    "\"pv_power_count\":0}\n"
	    "{\"type\":\"dtu_hourly\",\"time\":\"1970-01-01T02:00:00Z\","
	    "\"hour\":\"1970-01-01T02:00:00Z\",\"dtu\":\"roof\","
	    "\"filled\":true,\"samples\":0}\n"
	    "{\"type\":\"port_daily\",\"time\":\"1970-01-01T00:00:00Z\","
	    "\"day\":\"1970-01-01\",\"dtu\":\"roof\",\"serial\":\"1\","
	    "\"filled\":false,\"port\":1,\"samples\":62,"
	    "\"today_production\":9}\n");
	ck_assert(ship(&a));
	ck_assert_str_eq(answer(&db, waiting), "0");
}
END_TEST

/* Of a version before hours could be shipped. */
START_TEST(brings_an_older_outbox_up_to_date)
{
	run(&db, "DROP TABLE outbox");
	run(&db, "DROP TABLE outbox_due");
	run(&db, "CREATE TABLE outbox (seq INTEGER PRIMARY KEY AUTOINCREMENT, "
	    "dtu TEXT, time INTEGER NOT NULL, line TEXT)");
	run(&db, "CREATE UNIQUE INDEX outbox_poll ON outbox (time, dtu) "
	    "WHERE line IS NULL");
	fill(1, 3);
	open_spool(&a);
	read_next(&a, 100);
	ck_assert_str_eq(numbers(), "1-3 3 6");
	ck_assert(ship(&a));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("spool_list");
	TCase *tcase = tcase_create("spool_list");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, lists_the_history_again);
	tcase_add_test(tcase, lists_each_hour_once);
	tcase_add_test(tcase, lists_an_hour_without_polls_without_a_lock);
	tcase_add_test(tcase, leaves_nothing_out_after_a_failure);
	tcase_add_test(tcase, lists_other_records_in_parts);
	tcase_add_test(tcase, lists_polls_of_any_type);
	tcase_add_test(tcase, lists_hours_and_days);
	tcase_add_test(tcase, ships_hours_and_days);
	tcase_add_test(tcase, brings_an_older_outbox_up_to_date);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
