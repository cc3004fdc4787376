#include "kept.h"

#include "base/zone.h"
#include "record/types.h"
#include "retention.h"
#include "run_suite.h"

#define HOUR 3600
#define BEGIN ((int64_t)1795428000) /* 2026-11-23T10:00:00Z */

static struct keeper *k;

static void
setup(void)
{
	make_scratch();
	ck_assert(hm_zone_use("UTC"));
	k = keep_open("a.db", 0);
}

static void
teardown(void)
{
	keep_close(k);
	remove_scratch();
}

#define TYPES ((uint64_t)HM_SCOPES + 1)

static void
fill_at(int64_t t)
{
	char time[HM_RFC3339_SIZE], line[200];

	for (size_t i = 0; i < TYPES; i++) {
		hm_rfc3339_format(t, time);
		snprintf(line, sizeof line, "{\"type\":\"%s\","
		    "\"time\":\"%s\",\"dtu\":\"roof\",\"serial\":\"1\","
		    "\"port\":1,\"tool\":\"hm-poll\"}", i < HM_SCOPES ?
		    hm_reading_types[i].name : "stats", time);
		ck_assert_int_eq(keep_line(k, hm_text(line)), HM_ROW_NEW);
	}
}

/* Readings of all types and stats, `each` seconds apart, as time passes. */
static void
fill(int64_t hours, int64_t each)
{
	for (int64_t t = 0; t < hours * HOUR; t += each) {
		k->arrival.seconds = t;
		keep_begin(k);
		fill_at(BEGIN + t);
		keep_end(k);
	}
}

static struct hm_pruned pruned;

/* Remove an hour that got its last row at a running time up to this. */
static bool
step(int64_t arrived)
{
	bool more = true;

	if (!hm_retention_step(&k->db, arrived, &pruned, &more))
		ck_abort_msg("%s", hm_db_reason(&k->db));
	ck_assert_int_ne(sqlite3_get_autocommit(k->db.handle), 0);
	return more;
}

/* The rows of a table, in order of time. */
static const char rows_sql[] = "SELECT (SELECT count(*) FROM dtu), "
    "(SELECT count(*) FROM inverter), (SELECT count(*) FROM port), "
    "(SELECT count(*) FROM meter), (SELECT count(*) FROM stats)";

START_TEST(removes_an_hour_at_a_time)
{
	fill(4, 600);
	make_hours(k, true);
	ck_assert(step(3 * HOUR - 1));
	ck_assert_uint_eq(pruned.rows, TYPES * 6);
	ck_assert_str_eq(answer(&k->db, rows_sql), "18|18|18|18|18");
	ck_assert_int_eq(number(&k->db, "SELECT min(time) FROM port"),
	    BEGIN + HOUR);
	ck_assert(step(3 * HOUR - 1));
	ck_assert(step(3 * HOUR - 1));
	ck_assert(!step(3 * HOUR - 1));
	ck_assert_str_eq(answer(&k->db, rows_sql), "6|6|6|6|6");
	ck_assert_uint_eq(pruned.rows, TYPES * 18);
	ck_assert_int_eq(number(&k->db, "SELECT count(*) FROM reading_hours"),
	    1);
}
END_TEST

/* The times in the rows do not matter, only when they came. */
START_TEST(ignores_the_clock)
{
	keep(k, "port", "0000-01-01T00:00:05Z", "\"dtu\":\"roof\","
	    "\"serial\":\"1\",\"port\":1");
	keep(k, "port", "1969-12-31T23:59:59Z", "\"dtu\":\"roof\","
	    "\"serial\":\"1\",\"port\":1");
	fill(2, 600);
	keep(k, "port", "2036-01-01T00:00:05Z", "\"dtu\":\"roof\","
	    "\"serial\":\"1\",\"port\":1");
	/* A replay is as young as what has just been read. */
	k->arrival.seconds = 9 * HOUR;
	keep(k, "port", "2011-01-01T00:00:05Z", "\"dtu\":\"roof\","
	    "\"serial\":\"1\",\"port\":1");
	keep(k, "port", "2026-11-23T11:00:01Z", "\"dtu\":\"roof\","
	    "\"serial\":\"1\",\"port\":1");
	make_hours(k, true);
	ck_assert(step(0));
	ck_assert(step(0));
	ck_assert_str_eq(answer(&k->db, "SELECT min(time) FROM port"),
	    "1293840005");
	ck_assert(step(0));
	ck_assert(!step(0));
	/* The next hour has got another row since. */
	ck_assert(step(2 * HOUR));
	ck_assert(!step(9 * HOUR - 1));
	ck_assert_str_eq(answer(&k->db, "SELECT count(*) FROM port "
	    "UNION ALL SELECT count(*) FROM port WHERE time > 2000000000"),
	    "8\n0");
	ck_assert(step(9 * HOUR));
	ck_assert(step(9 * HOUR));
	ck_assert(!step(9 * HOUR));
	ck_assert_int_eq(number(&k->db, "SELECT count(*) FROM port"), 0);
}
END_TEST

START_TEST(waits_until_the_hour_is_made)
{
	static char hours[1000];

	fill(3, 600);
	ck_assert(!step(3 * HOUR));
	ck_assert_uint_eq(pruned.rows, 0);
	/* All but the last are made. */
	ck_assert_uint_eq(make_hours(k, false), 2);
	while (step(3 * HOUR))
		;
	ck_assert_str_eq(answer(&k->db, rows_sql), "6|6|6|6|6");
	COPY_TEXT(hours, answer(&k->db, "SELECT hour, samples "
	    "FROM port_hourly"));
	ck_assert_str_eq(hours, "1795428000|6\n1795431600|6");
	/* A row that comes late makes its hour due again. */
	keep(k, "dtu", "2026-11-23T10:00:01Z", "\"dtu\":\"roof\"");
	ck_assert(!step(3 * HOUR));
	make_hours(k, true);
	while (step(3 * HOUR))
		;
	ck_assert_str_eq(answer(&k->db, rows_sql), "0|0|0|0|0");
	ck_assert_str_eq(answer(&k->db, "SELECT sum(samples), count(*) "
	    "FROM port_hourly"), "18|3");
}
END_TEST

/* Local hours of half hour zones lie in two hours of UTC. */
START_TEST(keeps_both_hours_of_a_local_one)
{
	ck_assert(hm_zone_use("Asia/Kolkata"));
	fill(2, 600);
	/* 15:30 to 16:30 is due, 15:00 to 15:30 and 16:30 to 17:00 are made. */
	run(&k->db, "DELETE FROM rollup_due WHERE hour <> 1795429800");
	ck_assert(!step(2 * HOUR));
	run(&k->db, "DELETE FROM rollup_due");
	ck_assert(step(2 * HOUR));
	ck_assert(step(2 * HOUR));
	ck_assert(!step(2 * HOUR));
	ck_assert_str_eq(answer(&k->db, rows_sql), "0|0|0|0|0");
}
END_TEST

/* Of rows of an older version each day with rows counts as a day. */
START_TEST(lists_what_an_older_version_wrote)
{
	static const char list_sql[] = "SELECT hour, arrived "
	    "FROM reading_hours ORDER BY hour";

	keep_begin(k);
	for (int64_t day = 0; day < 3; day++)
		for (int64_t hour = 0; hour < 2; hour++)
			fill_at(BEGIN + day * 10 * 86400 + hour * HOUR + 7);
	keep_end(k);
	keep(k, "meter", "1969-12-31T23:59:59Z", "\"dtu\":\"roof\","
	    "\"serial\":\"1\"");
	ck_assert(hm_retention_list(&k->db, 500));
	ck_assert_int_eq(number(&k->db, "SELECT count(*) FROM reading_hours "
	    "WHERE arrived = 0"), 7);
	run(&k->db, "DELETE FROM reading_hours");
	ck_assert(hm_retention_list(&k->db, 500));
	ck_assert_str_eq(answer(&k->db, list_sql),
	    "-3600|-258700\n"
	    "1795428000|-172300\n1795431600|-172300\n"
	    "1796292000|-85900\n1796295600|-85900\n"
	    "1797156000|500\n1797159600|500");
	/* An older version has run again. */
	run(&k->db, "DELETE FROM reading_hours WHERE hour < 1796000000");
	ck_assert(hm_retention_list(&k->db, 900));
	ck_assert_str_eq(answer(&k->db, list_sql),
	    "-3600|-258300\n"
	    "1795428000|-171900\n1795431600|-171900\n"
	    "1796292000|-85900\n1796295600|-85900\n"
	    "1797156000|500\n1797159600|500");
}
END_TEST

START_TEST(keeps_the_rest)
{
	fill(1, 600);
	keep(k, "alarm", "2026-11-23T10:00:00Z", "\"dtu\":\"roof\","
	    "\"start\":\"2026-11-23T10:00:00Z\"");
	keep(k, "status", "2026-11-23T10:00:00Z", "\"dtu\":\"roof\"");
	keep(k, "info", "2026-11-23T10:00:00Z", "\"dtu\":\"roof\","
	    "\"serial\":\"1\"");
	keep(k, "history", "2026-11-23T10:00:00Z", "\"dtu\":\"roof\","
	    "\"serial\":\"1\",\"package\":0,"
	    "\"start\":\"2026-11-23T10:00:00Z\"");
	make_hours(k, true);
	while (step(999 * HOUR))
		;
	ck_assert_str_eq(answer(&k->db, rows_sql), "0|0|0|0|0");
	ck_assert_str_eq(answer(&k->db, "SELECT count(*) FROM alarm "
	    "UNION ALL SELECT count(*) FROM status "
	    "UNION ALL SELECT count(*) FROM info "
	    "UNION ALL SELECT count(*) FROM history "
	    "UNION ALL SELECT count(*) FROM port_hourly "
	    "UNION ALL SELECT count(*) FROM meter_daily "
	    "UNION ALL SELECT count(*) FROM port_latest"),
	    "1\n1\n1\n1\n1\n1\n1");
}
END_TEST

static void
keep_order(const char *id, const char *action, const char *state)
{
	keep(k, "command", "2026-11-23T10:10:00Z", "\"id\":\"%s\","
	    "\"dtu\":\"roof\",\"action\":\"%s\"", id, action);
	keep(k, "result", "2026-11-23T10:10:09Z", "\"id\":\"%s\","
	    "\"dtu\":\"roof\",\"action\":\"%s\",\"state\":\"%s\"", id, action,
	    state);
}

/* Those of which there may be many go; also the results without a command. */
START_TEST(removes_commands_of_which_there_may_be_many)
{
	keep_order("a", "limit_temporary", "accepted");
	keep(k, "result", "2026-11-23T11:00:01Z", "\"id\":\"a\","
	    "\"action\":\"limit_temporary\",\"state\":\"done\"");
	keep_order("b", "limit", "refused");
	keep_order("c", "limit", "done");
	keep_order("d", "turn_off", "unknown");
	keep(k, "command", "2026-11-23T10:20:00Z", "\"id\":\"e\","
	    "\"action\":\"turn_on\"");
	keep(k, "result", "2026-11-23T10:20:00Z", "\"id\":\"f\","
	    "\"state\":\"refused\",\"error\":\"invalid\"");
	keep(k, "result", "2026-11-23T10:20:00Z", "\"id\":\"g\","
	    "\"action\":\"limit\",\"state\":\"failed\"");
	keep(k, "result", "2026-11-23T10:20:00Z", "\"id\":\"i\","
	    "\"action\":\"limit\",\"state\":\"unknown\"");
	keep_order("j", "turn_on", "failed");
	/* This one has just come. */
	k->arrival.seconds = HOUR;
	keep(k, "command", "2026-11-23T12:00:00Z", "\"id\":\"h\","
	    "\"action\":\"limit_temporary\"");
	ck_assert(step(HOUR - 1));
	ck_assert_uint_eq(pruned.rows, 9);
	ck_assert(step(HOUR - 1));
	ck_assert(!step(HOUR - 1));
	ck_assert_str_eq(answer(&k->db, "SELECT id FROM commands"),
	    "c\nd\ne\nh");
	ck_assert_str_eq(answer(&k->db, "SELECT id, state FROM results"),
	    "c|done\nd|unknown\ni|unknown");
}
END_TEST

/* The clock of whoever sent the command was ahead. */
START_TEST(removes_results_before_their_command)
{
	keep(k, "command", "2027-11-23T10:00:00Z", "\"id\":\"a\","
	    "\"action\":\"limit\"");
	keep(k, "result", "2026-11-23T10:00:00Z", "\"id\":\"a\","
	    "\"action\":\"limit\",\"state\":\"refused\","
	    "\"error\":\"future\"");
	keep(k, "command", "2026-11-23T23:59:59Z", "\"id\":\"b\","
	    "\"action\":\"limit_temporary\"");
	keep(k, "result", "2026-11-23T10:00:01Z", "\"id\":\"b\","
	    "\"action\":\"limit_temporary\",\"state\":\"accepted\"");
	keep(k, "result", "2026-11-23T11:00:00Z", "\"id\":\"b\","
	    "\"action\":\"limit_temporary\",\"state\":\"done\"");
	ck_assert(step(0));
	ck_assert(step(0));
	ck_assert_uint_eq(pruned.rows, 0);
	ck_assert(step(0));
	ck_assert_str_eq(answer(&k->db, "SELECT id FROM results"), "a");
	ck_assert(step(0));
	ck_assert(!step(0));
	ck_assert_str_eq(answer(&k->db, "SELECT id FROM commands "
	    "UNION ALL SELECT id FROM results"), "");
	ck_assert_uint_eq(pruned.rows, 5);
}
END_TEST

/* While another process writes, nothing is deleted. */
START_TEST(fails_whole)
{
	struct hm_db other;
	bool more;

	fill(1, 600);
	make_hours(k, true);
	sqlite3_busy_timeout(k->db.handle, 20);
	open_plain(&other, "a.db");
	run(&other, "BEGIN IMMEDIATE");
	ck_assert(!hm_retention_step(&k->db, HOUR, &pruned, &more));
	ck_assert_str_eq(hm_db_reason(&k->db), "database is locked");
	hm_db_rollback(&k->db);
	run(&other, "ROLLBACK");
	hm_db_close(&other);
	ck_assert_uint_eq(pruned.rows, 0);
	ck_assert_str_eq(answer(&k->db, rows_sql), "6|6|6|6|6");
	ck_assert(step(HOUR));
}
END_TEST

/* Pages are given back when they are many, in steps. */
START_TEST(gives_pages_back)
{
	int64_t full, before;

	run(&k->db, "CREATE TABLE big (x); WITH RECURSIVE n(i) AS "
	    "(SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500) "
	    "INSERT INTO big SELECT randomblob(4000) FROM n");
	ck_assert(hm_retention_shrink(&k->db));
	full = number(&k->db, "PRAGMA page_count");
	run(&k->db, "DELETE FROM big WHERE rowid <= 100");
	ck_assert(hm_retention_shrink(&k->db));
	ck_assert_int_eq(number(&k->db, "PRAGMA page_count"), full);
	run(&k->db, "DELETE FROM big");
	ck_assert(hm_retention_shrink(&k->db));
	ck_assert_int_eq(number(&k->db, "PRAGMA page_count"), full - 256);
	do {
		before = number(&k->db, "PRAGMA page_count");
		ck_assert(hm_retention_shrink(&k->db));
	} while (number(&k->db, "PRAGMA page_count") < before);
	ck_assert_int_lt(before, full / 4);
	ck_assert_int_le(number(&k->db, "PRAGMA freelist_count"), before / 8);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("retention");
	TCase *tcase = tcase_create("retention");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, removes_an_hour_at_a_time);
	tcase_add_test(tcase, ignores_the_clock);
	tcase_add_test(tcase, waits_until_the_hour_is_made);
	tcase_add_test(tcase, keeps_both_hours_of_a_local_one);
	tcase_add_test(tcase, lists_what_an_older_version_wrote);
	tcase_add_test(tcase, keeps_the_rest);
	tcase_add_test(tcase, removes_commands_of_which_there_may_be_many);
	tcase_add_test(tcase, removes_results_before_their_command);
	tcase_add_test(tcase, fails_whole);
	tcase_add_test(tcase, gives_pages_back);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
