#include "kept_one.h"

#include "db/ship_tables.h"
#include "retention.h"
#include "run_suite.h"
#include "store_outbox.h"

static struct hm_store_outbox *outbox;

static void
setup_outbox(void)
{
	setup();
	outbox = hm_store_outbox_new(false);
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

static void
begin(void)
{
	keep_begin(k);
	hm_store_outbox_begin(outbox);
}

/* Store a record, and list it if it is new. */
static void
line(const char *text)
{
	struct hm_slice row = keep_row(k, hm_text(text));
	int64_t due = INT64_MIN;

	if (hm_row_insert_put(k->rows, row, &due) == HM_ROW_NEW)
		ck_assert_msg(hm_store_outbox_put(outbox, row, due), "%s",
		    hm_db_reason(&k->db));
}

static void
reading(const char *dtu, int second, int port, int power)
{
	char text[200];

	snprintf(text, sizeof text, "{\"type\":\"port\",\"time\":"
	    "\"2026-11-23T10:00:%02dZ\",\"dtu\":\"%s\",\"serial\":\"1\","
	    "\"port\":%d,\"pv_power\":%d}", second, dtu, port, power);
	line(text);
}

/* The seconds, DTUs and numbers of the polls in the outbox. */
static const char polls[] = "SELECT group_concat(seq || ' ' || dtu || ' ' || "
    "(time % 60), ', ') FROM (SELECT * FROM outbox ORDER BY seq)";
/* The other records in it. */
static const char lines[] = "SELECT group_concat(line, ' ') FROM "
    "(SELECT * FROM outbox WHERE line NOT NULL ORDER BY seq)";

START_TEST(lists_a_poll_once)
{
	begin();
	reading("roof", 0, 1, 5);
	reading("roof", 0, 2, 5);
	reading("barn", 0, 1, 5);
	reading("roof", 7, 1, 5);
	keep_end(k);
	ck_assert_str_eq(ask(polls), "1 roof 0, 2 barn 0, 3 roof 7");
}
END_TEST

/* A poll whose rows come in two transactions is a new one. */
START_TEST(lists_the_rest_of_a_poll_again)
{
	begin();
	reading("roof", 0, 1, 5);
	reading("barn", 0, 1, 5);
	keep_end(k);
	begin();
	reading("roof", 0, 2, 5);
	keep_end(k);
	ck_assert_str_eq(ask(polls), "2 barn 0, 3 roof 0");
}
END_TEST

/* Even if all polls were shipped and deleted, no number comes again. */
START_TEST(uses_no_number_twice)
{
	begin();
	reading("roof", 0, 1, 5);
	keep_end(k);
	run(&k->db, "DELETE FROM outbox");
	begin();
	reading("roof", 0, 2, 5);
	keep_end(k);
	ck_assert_str_eq(ask(polls), "2 roof 0");
}
END_TEST

START_TEST(lists_no_replay)
{
	k->arrival.clock += 100000; /* it is no second answer */
	begin();
	reading("roof", 0, 1, 5);
	keep_end(k);
	run(&k->db, "DELETE FROM outbox");
	begin();
	reading("roof", 0, 1, 5);
	keep_end(k);
	ck_assert_str_eq(ask("SELECT count(*) FROM outbox"), "0");
}
END_TEST

/* The second at which it is stored, not that of the record. */
START_TEST(lists_a_second_answer_where_it_is)
{
	k->arrival.clock = 1795428000;
	begin();
	reading("roof", 0, 1, 5);
	reading("roof", 0, 1, 6);
	keep_end(k);
	ck_assert_str_eq(ask(polls), "1 roof 0, 2 roof 1");
}
END_TEST

START_TEST(lists_nothing_that_is_rolled_back)
{
	begin();
	reading("roof", 0, 1, 5);
	run(&k->db, "ROLLBACK");
	begin();
	reading("roof", 0, 1, 5);
	keep_end(k);
	ck_assert_str_eq(ask(polls), "1 roof 0");
}
END_TEST

#define STATUS(state, second) "{\"type\":\"status\",\"time\":" \
	"\"2026-11-23T10:00:0" second "Z\",\"dtu\":\"ro\\u006ff\"," \
	"\"state\":\"" state "\"}"

/* The record itself, if it changed a row. */
START_TEST(lists_other_records)
{
	begin();
	line(STATUS("online", "1"));
	line(STATUS("online", "2"));
	line(STATUS("offline", "3"));
	line("{\"type\":\"stats\",\"time\":\"2026-11-23T10:00:00Z\","
	    "\"tool\":\"hm-poll\"}");
	keep_end(k);
	ck_assert_str_eq(ask(lines),
	    STATUS("online", "1") " " STATUS("offline", "3"));
	ck_assert_str_eq(ask("SELECT group_concat(dtu || ' ' || (time % 60)) "
	    "FROM outbox"), "roof 1,roof 3");
}
END_TEST

#define ALARM(second, more) "{\"type\":\"alarm\",\"time\":" \
	"\"2026-11-23T10:00:0" second "Z\",\"dtu\":\"roof\"," \
	"\"serial\":\"1\",\"code\":9," more "}"
#define START "\"start\":\"2026-11-23T10:00:00Z\""

START_TEST(lists_an_alarm_and_its_end)
{
	begin();
	line(ALARM("1", START));
	line(ALARM("2", START));
	line(ALARM("3", START ",\"end\":\"2026-11-23T10:00:02Z\""));
	keep_end(k);
	ck_assert_str_eq(ask(lines), ALARM("1", START) " "
	    ALARM("3", START ",\"end\":\"2026-11-23T10:00:02Z\""));
}
END_TEST

#define INVERTER(second, code) "{\"type\":\"inverter\",\"time\":" \
	"\"2026-11-23T10:00:0" second "Z\",\"dtu\":\"roof\"," \
	"\"serial\":\"1\",\"alarm_code\":" code "}"

/* Readings begin and end alarms, and so does the list of a DTU. */
START_TEST(lists_alarms_without_a_record)
{
	begin();
	line(INVERTER("0", "9"));
	keep_end(k);
	begin();
	line(INVERTER("3", "0"));
	keep_end(k);
	ck_assert_str_eq(ask(lines), ALARM("0", START) " "
	    ALARM("3", START ",\"end\":\"2026-11-23T10:00:03Z\""));
	run(&k->db, "DELETE FROM outbox");
	run(&k->db, "UPDATE alarm SET end = NULL, time = time - 3");
	run(&k->db, "DELETE FROM outbox");
	begin();
	line("{\"type\":\"alarms\",\"time\":\"2026-11-23T10:00:05Z\","
	    "\"dtu\":\"roof\",\"lasting\":[]}");
	keep_end(k);
	ck_assert_str_eq(ask(lines),
	    ALARM("5", START ",\"end\":\"2026-11-23T10:00:05Z\""));
}
END_TEST

/* Retention counts what it removes before it was shipped. */
START_TEST(counts_what_is_pruned)
{
	struct hm_pruned pruned = {.rows = 0};
	bool more;

	begin();
	reading("roof", 0, 1, 5);
	reading("roof", 0, 2, 5);
	reading("roof", 9, 1, 5);
	line(STATUS("online", "1"));
	keep_end(k);
	make_hours(k, true);
	run(&k->db, "DELETE FROM outbox WHERE seq = 1");
	ck_assert(hm_retention_step(&k->db, INT64_MAX, &pruned, &more));
	ck_assert_uint_eq(pruned.rows, 3);
	ck_assert_uint_eq(pruned.unshipped, 2);
	ck_assert_str_eq(ask("SELECT count(*) FROM outbox"), "0");
}
END_TEST

static void
running_for(int seconds)
{
	char sql[100];

	snprintf(sql, sizeof sql, "REPLACE INTO running_time "
	    "VALUES ('boot', 0, 0, %d)", seconds);
	run(&k->db, sql);
}

/* Its age is the time since it came, whatever its own time is. */
START_TEST(prunes_records_of_an_hour_without_readings)
{
	struct hm_pruned pruned = {.rows = 0};
	bool more;

	running_for(100000);
	begin();
	line(STATUS("online", "1"));
	line(ALARM("1", START));
	keep_end(k);
	running_for(200000);
	begin();
	line("{\"type\":\"status\",\"time\":\"1970-01-01T00:00:07Z\","
	    "\"dtu\":\"roof\",\"state\":\"offline\"}");
	keep_end(k);
	ck_assert(hm_retention_step(&k->db, 99999, &pruned, &more));
	ck_assert(!more);
	ck_assert(hm_retention_step(&k->db, 199999, &pruned, &more));
	ck_assert(more);
	ck_assert(hm_retention_step(&k->db, 199999, &pruned, &more));
	ck_assert(!more);
	ck_assert_uint_eq(pruned.unshipped, 2);
	ck_assert_str_eq(ask("SELECT group_concat(time) FROM outbox"), "7");
	ck_assert_str_eq(ask("SELECT count(*) FROM status"), "2");
}
END_TEST

/* An outbox that nobody wants any more, and none at all. */
START_TEST(there_may_be_no_tables)
{
	struct hm_db db;
	uint64_t unshipped = 0;

	open_history(&db, "b.db");
	ck_assert(!hm_ship_tables_there(&db));
	ck_assert(hm_store_outbox_prune(&db, 0, &unshipped));
	ck_assert(hm_ship_tables_create(&db));
	ck_assert(hm_ship_tables_create(&db));
	ck_assert(hm_ship_tables_there(&db));
	ck_assert(hm_store_outbox_prune(&db, 0, &unshipped));
	ck_assert_uint_eq(unshipped, 0);
	hm_db_close(&db);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("store_outbox");
	TCase *tcase = tcase_create("store_outbox");

	tcase_add_checked_fixture(tcase, setup_outbox, teardown_outbox);
	tcase_add_test(tcase, lists_a_poll_once);
	tcase_add_test(tcase, lists_the_rest_of_a_poll_again);
	tcase_add_test(tcase, uses_no_number_twice);
	tcase_add_test(tcase, lists_no_replay);
	tcase_add_test(tcase, lists_a_second_answer_where_it_is);
	tcase_add_test(tcase, lists_nothing_that_is_rolled_back);
	tcase_add_test(tcase, lists_other_records);
	tcase_add_test(tcase, lists_an_alarm_and_its_end);
	tcase_add_test(tcase, lists_alarms_without_a_record);
	tcase_add_test(tcase, counts_what_is_pruned);
	tcase_add_test(tcase, prunes_records_of_an_hour_without_readings);
	tcase_add_test(tcase, there_may_be_no_tables);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
