#include "kept_one.h"

#include "base/zone.h"
#include "db/ship_tables.h"
#include "retention.h"
#include "run_suite.h"
#include "store_outbox.h"

#define TEN INT64_C(1795428000) /* 2026-11-23T10:00:00Z */
#define HOUR 3600
#define DAY (24 * (int64_t)HOUR)
#define LATER (100000 * (int64_t)HOUR) /* than when this runs */

static struct hm_store_outbox *outbox;

static void
setup_outbox(void)
{
	setup();
	ck_assert(hm_zone_use("Europe/Berlin"));
	outbox = hm_store_outbox_new(true);
	ck_assert_ptr_nonnull(outbox);
	ck_assert_msg(hm_store_outbox_prepare(outbox, &k->db), "%s",
	    hm_db_reason(&k->db));
}

static void
teardown_outbox(void)
{
	hm_store_outbox_finish(outbox);
	hm_store_outbox_free(outbox);
	teardown();
}

/* Store a record as hm-store does. */
static void
put(const char *type, int64_t time, const char *members)
{
	char line[300], moment[HM_RFC3339_SIZE];
	int64_t due = INT64_MIN;
	struct hm_slice row;

	snprintf(line, sizeof line, "{\"type\":\"%s\",\"time\":\"%s\","
	    "\"dtu\":\"roof\",%s}", type, hm_rfc3339_format(time, moment).p,
	    members);
	keep_begin(k);
	hm_store_outbox_begin(outbox);
	row = keep_row(k, hm_text(line));
	ck_assert_int_eq(hm_row_insert_put(k->rows, row, &due), HM_ROW_NEW);
	ck_assert_msg(hm_store_outbox_put(outbox, row, due), "%s",
	    hm_db_reason(&k->db));
	if (due != INT64_MIN)
		ck_assert(hm_rollup_mark(&k->rollup, due));
	keep_end(k);
}

static void
port(int64_t time, const char *power)
{
	char members[100];

	snprintf(members, sizeof members,
	    "\"serial\":\"1\",\"port\":1,\"pv_power\":%s", power);
	put("port", time, members);
}

/* Make all hours that are due, and list what is over at `now`. */
static void
make(int64_t now)
{
	ck_assert_msg(hm_store_outbox_watch(outbox, &k->db), "%s",
	    hm_db_reason(&k->db));
	make_hours(k, true);
	ck_assert_msg(hm_store_outbox_list(&k->db, now), "%s",
	    hm_db_reason(&k->db));
}

/* What waits: hours since TEN, days of November, polls in seconds after TEN. */
static const char waiting[] = "SELECT coalesce(group_concat(CASE span "
    "WHEN 'hour' THEN 'hour ' || ((time - 1795428000) / 3600) "
    "WHEN 'day' THEN 'day ' || strftime('%d', time, 'unixepoch') "
    "ELSE coalesce(line, 'poll ' || (time - 1795428000)) END, ', '), '') "
    "FROM (SELECT * FROM outbox ORDER BY seq)";

static void
ship_all(void)
{
	run(&k->db, "DELETE FROM outbox");
}

START_TEST(lists_an_hour_when_it_is_over)
{
	port(TEN, "1.5");
	put("dtu", TEN, "\"pv_power\":1.5");
	make(TEN + 60);
	ck_assert_str_eq(ask(waiting), "");
	put("dtu", TEN + 60, "\"pv_power\":2");
	make(TEN + HOUR);
	ck_assert_str_eq(ask(waiting), "");
	make(TEN + HOUR + 120);
	ck_assert_str_eq(ask(waiting), "hour 0, day 23, poll 60");
	ck_assert_str_eq(ask("SELECT count(*) FROM outbox_due"), "0");
}
END_TEST

START_TEST(lists_nothing_that_is_as_it_was)
{
	port(TEN, "1.5");
	make(TEN + 2 * HOUR);
	ship_all();
	run(&k->db, "INSERT INTO rollup_due VALUES (1795428000)");
	make(TEN + 2 * HOUR);
	ck_assert_str_eq(ask(waiting), "");
	ck_assert_str_eq(ask("SELECT count(*) FROM outbox_due"), "0");
}
END_TEST

/* The other hour of the day is as it was; its day is not. */
START_TEST(lists_an_hour_again_that_changes)
{
	port(TEN, "1.5");
	port(TEN + HOUR, "1.5");
	make(TEN + 3 * HOUR);
	ck_assert_str_eq(ask(waiting), "hour 0, hour 1, day 23");
	port(TEN + 5, "2.5");
	make(TEN + 3 * HOUR);
	ck_assert_str_eq(ask(waiting), "hour 1, hour 0, day 23");
	ship_all();
	port(TEN + 7, "2.5");
	make(TEN + 3 * HOUR);
	ck_assert_str_eq(ask(waiting), "hour 0, day 23");
}
END_TEST

/* A day goes with the hours that are over, also while it lasts. */
START_TEST(lists_the_day_so_far)
{
	port(TEN, "1.5");
	port(TEN + HOUR, "1.5");
	make(TEN + HOUR + 120);
	ck_assert_str_eq(ask(waiting), "hour 0, day 23");
	ship_all();
	port(TEN + HOUR + 60, "1.5");
	make(TEN + HOUR + 180);
	ck_assert_str_eq(ask(waiting), "");
	make(TEN + 2 * HOUR + 120);
	ck_assert_str_eq(ask(waiting), "hour 1, day 23");
}
END_TEST

/* A clock that was wrong: nobody waits until 2099. */
START_TEST(lists_hours_of_a_wrong_clock)
{
	port(7, "1.5");
	port(TEN + 1000 * HOUR, "1.5");
	make(TEN);
	ck_assert_str_eq(ask("SELECT group_concat(time, ' ') FROM outbox "
	    "WHERE span = 'hour'"), "0 1799028000");
}
END_TEST

START_TEST(lists_a_type_that_comes_later)
{
	port(TEN, "1.5");
	make(TEN + 2 * HOUR);
	ship_all();
	put("battery", TEN + 2 * HOUR, "\"serial\":\"1\",\"soc\":55");
	make(TEN + 4 * HOUR);
	ck_assert_str_eq(ask(waiting), "hour 2, day 23");
}
END_TEST

START_TEST(lists_other_records_as_always)
{
	put("status", TEN, "\"state\":\"online\"");
	ck_assert_str_eq(ask(waiting), "{\"type\":\"status\",\"time\":"
	    "\"2026-11-23T10:00:00Z\",\"dtu\":\"roof\",\"state\":\"online\"}");
}
END_TEST

START_TEST(notes_nothing_that_is_rolled_back)
{
	uint64_t made = 0;
	bool more;

	port(TEN, "1.5");
	ck_assert(hm_store_outbox_watch(outbox, &k->db));
	run(&k->db, "CREATE TEMP TRIGGER fails AFTER DELETE ON main.rollup_due "
	    "BEGIN SELECT raise(ABORT, 'for a test'); END");
	ck_assert(!hm_rollup_make(&k->rollup, true, &made, &more));
	hm_db_rollback(&k->db);
	ck_assert_str_eq(ask("SELECT count(*) FROM outbox_due"), "0");
	run(&k->db, "DROP TRIGGER fails");
	make(TEN + 2 * HOUR);
	ck_assert_str_eq(ask(waiting), "hour 0, day 23");
}
END_TEST

/* Hours outlive their readings, and so they wait longer than polls. */
START_TEST(outlive_retention)
{
	struct hm_pruned pruned = {.rows = 0};
	bool more;

	port(TEN, "1.5");
	put("dtu", TEN, "\"pv_power\":1.5");
	make(TEN + 2 * HOUR);
	ck_assert(hm_retention_step(&k->db, INT64_MAX, &pruned, &more));
	ck_assert_uint_eq(pruned.unshipped, 1);
	ck_assert_str_eq(ask(waiting), "hour 0, day 23");
}
END_TEST

/* As in a new connection */
static void
drop_triggers(void)
{
	static const char next[] = "SELECT 'DROP TRIGGER ' || name FROM "
	    "sqlite_temp_schema WHERE name LIKE 'outbox%' LIMIT 1";
	char sql[200];

	for (;;) {
		snprintf(sql, sizeof sql, "%s", ask(next));
		if (sql[0] == '\0')
			return;
		run(&k->db, sql);
	}
}

/* Every poll is listed again, and what was due is not forgotten. */
START_TEST(lists_what_is_due_when_the_setting_changes)
{
	port(TEN, "1.5");
	make(TEN + 60);
	hm_store_outbox_finish(outbox);
	hm_store_outbox_free(outbox);
	outbox = hm_store_outbox_new(false);
	drop_triggers();
	ck_assert(hm_store_outbox_prepare(outbox, &k->db));
	port(TEN + 61, "1.5");
	make(TEN + 2 * HOUR);
	ck_assert_str_eq(ask(waiting), "poll 61, hour 0, day 23");

	/* The destination lacks the other readings of an hour of then. */
	ship_all();
	port(TEN + 62, "1.5");
	make(TEN + 2 * HOUR);
	ck_assert_str_eq(ask(waiting), "poll 62, hour 0, day 23");
	ship_all();
	port(TEN + LATER, "1.5");
	make(TEN + 2 * LATER);
	ck_assert_str_eq(ask("SELECT group_concat(coalesce(span, 'poll')) "
	    "FROM outbox"), "poll");
}
END_TEST

static void
energy(int64_t time, int total, int today)
{
	char members[120];

	snprintf(members, sizeof members, "\"serial\":\"1\",\"port\":1,"
	    "\"total_production\":%d,\"today_production\":%d", total, today);
	put("port", time, members);
	snprintf(members, sizeof members, "\"total_production\":%d,"
	    "\"today_production\":%d", total, today);
	put("dtu", time, members);
}

#define REMOVED(type, day, key) "{\"type\":\"" type "\",\"time\":" \
	"\"2026-11-" day "T00:00:00Z\",\"day\":\"2026-11-" day "\"," \
	"\"dtu\":\"roof\"," key "\"removed\":true}"

/* A late reading shows that a day before a gap made what the gap had got. */
START_TEST(lists_filled_days_that_are_removed)
{
	energy(TEN - 3 * DAY, 1000, 100);
	energy(TEN, 1500, 200);
	make(TEN + 2 * HOUR);
	ck_assert_str_eq(ask("SELECT sum(filled) FROM port_daily"), "2");
	ship_all();
	energy(TEN - 3 * DAY + HOUR, 1400, 500);
	make(TEN + 2 * HOUR);
	ck_assert_str_eq(ask("SELECT sum(filled) FROM port_daily"), "0");
	ck_assert_str_eq(ask("SELECT sum(filled) FROM dtu_daily"), "0");
	ck_assert_str_eq(ask("SELECT group_concat(line, ' ') FROM outbox"),
	    REMOVED("port_daily", "21", "\"serial\":\"1\",\"port\":1,") " "
	    REMOVED("port_daily", "22", "\"serial\":\"1\",\"port\":1,") " "
	    REMOVED("dtu_daily", "21", "") " "
	    REMOVED("dtu_daily", "22", ""));
}
END_TEST

/* What is made again each hour is listed once. */
START_TEST(lists_filled_days_once)
{
	energy(TEN - 3 * DAY, 1000, 100);
	energy(TEN, 1500, 200);
	make(TEN + 2 * HOUR);
	ck_assert_str_eq(ask(waiting),
	    "hour -72, hour 0, day 20, day 21, day 22, day 23, "
	    "poll -259200, poll 0");
	ship_all();
	energy(TEN + HOUR, 1600, 300);
	make(TEN + 4 * HOUR);
	ck_assert_str_eq(ask(waiting), "hour 1, day 23, poll 3600");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("outbox_spans");
	TCase *tcase = tcase_create("outbox_spans");

	tcase_add_checked_fixture(tcase, setup_outbox, teardown_outbox);
	tcase_add_test(tcase, lists_an_hour_when_it_is_over);
	tcase_add_test(tcase, lists_nothing_that_is_as_it_was);
	tcase_add_test(tcase, lists_an_hour_again_that_changes);
	tcase_add_test(tcase, lists_the_day_so_far);
	tcase_add_test(tcase, lists_hours_of_a_wrong_clock);
	tcase_add_test(tcase, lists_a_type_that_comes_later);
	tcase_add_test(tcase, lists_other_records_as_always);
	tcase_add_test(tcase, notes_nothing_that_is_rolled_back);
	tcase_add_test(tcase, outlive_retention);
	tcase_add_test(tcase, lists_what_is_due_when_the_setting_changes);
	tcase_add_test(tcase, lists_filled_days_that_are_removed);
	tcase_add_test(tcase, lists_filled_days_once);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
