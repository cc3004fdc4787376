#include "scratch.h"

#include "db/schema.h"
#include "run_suite.h"
#include "verify.h"

static struct hm_db db;
static struct hm_verify found;

static void
setup(void)
{
	make_scratch();
	open_plain(&db, "hm.db");
	ck_assert_ptr_null(hm_schema_bring_up(&db));
	ck_assert_ptr_null(hm_schema_migrate(&db, NULL, NULL));
}

static void
teardown(void)
{
	hm_db_close(&db);
	remove_scratch();
}

static enum hm_verdict
verify(const char *name)
{
	return hm_verify_file(in_scratch(name), &found);
}

START_TEST(finds_nothing_in_a_new_file)
{
	ck_assert_int_eq(verify("hm.db"), HM_FILE_GOOD);
	ck_assert_uint_eq(found.problems.count, 0);
	ck_assert_int_eq(found.version, HM_SCHEMA_VERSION);
	hm_db_close(&db);
	ck_assert_int_eq(verify("hm.db"), HM_FILE_GOOD);
	ck_assert_str_eq(names_in_scratch(), "hm.db ");
}
END_TEST

#define DAYS "INSERT INTO day_totals (dtu, serial, port, day, start, last) "
#define HOURS "INSERT INTO port_hourly (hour, dtu, serial, port, samples, " \
	"filled) "

#define RESULTS "INSERT INTO results (id, stage, time, state) "

/* Statements that break a rule, or come near. */
static const struct {
	const char *sql, *problem;
} rows[] = {
    {DAYS "VALUES ('a', '1', 1, '2026-11-23', 20, 10)",
        "1 rows of day_totals end below their start"},
    /* Multiplied totals can be below the energy of the day. */
    {DAYS "VALUES ('a', '1', 1, '2026-11-23', -1, 10)", NULL},
    {DAYS "VALUES ('a', '1', 1, '2026-11-23', NULL, 10)", NULL},
    {DAYS "VALUES ('a', '1', 1, '2026-11-23', 10, 10)", NULL},
    {"INSERT INTO port_daily (day, dtu, serial, port, samples) VALUES "
        "('2026-11-2', 'a', '1', 1, 1)",
        "1 rows of port_daily have no date for a day"},
    {"INSERT INTO port_daily (day, dtu, serial, port, samples) VALUES "
        "('2026-11-23', 'a', '1', 1, 1)", NULL},
    {HOURS "VALUES (3600, 'a', '1', 1, -1, 0)",
        "1 rows of port_hourly have an impossible number of samples"},
    {HOURS "VALUES (3600, 'a', '1', 1, 5, 1)",
        "1 rows of port_hourly have an impossible number of samples"},
    {HOURS "VALUES (3600, 'a', '1', 1, 0, 1), (7200, 'a', '1', 1, 5, 0)",
        NULL},
    {"INSERT INTO info VALUES ('a', '1', '{\"x\":', 1)",
        "1 rows of info hold no JSON"},
    {"INSERT INTO history VALUES ('a', '1', 1, 1, 1, 'x')",
        "1 rows of history hold no JSON"},
    {"INSERT INTO stats VALUES (1, 'hm-poll', '{}}'), (2, 'hm-poll', '{')",
        "2 rows of stats hold no JSON"},
    {"INSERT INTO stats VALUES (1, 'hm-poll', '{}')", NULL},
    {"INSERT INTO status (time, dtu, state) VALUES (1, 'a', 'onlinf')",
        "1 rows of status have an unknown state"},
    {"INSERT INTO status (time, dtu, state) VALUES (1, 'a', 'offline'), "
        "(2, 'a', NULL)", NULL},
    {"INSERT INTO commands (id, time, data) VALUES ('a', 1, '{'), "
        "('b', 1, '{}')", "1 rows of commands hold no JSON"},
    {RESULTS "VALUES ('a', 2, 1, 'done'), ('b', 3, 1, 'ended')",
        "2 rows of results have a state that is not that of their stage"},
    {RESULTS "VALUES ('a', 1, 1, 'accepted'), ('a', 2, 1, 'under_way'), "
        "('a', 3, 1, 'unknown'), ('b', 3, 1, 'refused')", NULL},
};

START_TEST(checks_rows)
{
	run(&db, rows[_i].sql);
	if (rows[_i].problem == NULL) {
		ck_assert_msg(verify("hm.db") == HM_FILE_GOOD, "%s",
		    found.problems.text[0]);
		return;
	}
	ck_assert_int_eq(verify("hm.db"), HM_FILE_BAD);
	ck_assert_uint_eq(found.problems.count, 1);
	ck_assert_str_eq(found.problems.text[0], rows[_i].problem);
}
END_TEST

static bool
stop_at_once(void *context)
{
	++*(int *)context;
	return false;
}

START_TEST(can_be_stopped)
{
	struct hm_problems problems = {.count = 0};
	int steps = 0;

	run(&db, "WITH RECURSIVE n(i) AS "
	    "(SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000) "
	    "INSERT INTO stats SELECT i, 'hm-poll', '{}' FROM n");
	ck_assert(!hm_verify_pages(&db, true, stop_at_once, &steps,
	    &problems));
	ck_assert_int_ge(steps, 1);
	ck_assert_uint_eq(problems.count, 0);
	ck_assert(hm_verify_pages(&db, true, NULL, NULL, &problems));
}
END_TEST

static void
run_alone(const char *sql)
{
	open_plain(&db, "hm.db");
	run(&db, sql);
	hm_db_close(&db);
}

/* An index that lacks 100 rows: it says that it is to have none. */
START_TEST(keeps_the_first_problems)
{
	hm_db_close(&db);
	run_alone("CREATE TABLE saved AS SELECT sql FROM sqlite_schema "
	    "WHERE name = 'alarm_key'; PRAGMA writable_schema = 1; "
	    "UPDATE sqlite_schema SET sql = sql || ' WHERE 0' "
	    "WHERE name = 'alarm_key'");
	run_alone("WITH RECURSIVE n(i) AS "
	    "(SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) "
	    "INSERT INTO alarm (time, dtu, start, code) "
	    "SELECT 1, 'a', i, i FROM n");
	run_alone("PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = "
	    "(SELECT sql FROM saved) WHERE name = 'alarm_key'");
	ck_assert_int_eq(verify("hm.db"), HM_FILE_BAD);
	ck_assert_uint_eq(found.problems.count, HM_PROBLEMS);
	/* SQLite 3.46 begins with the number of entries. */
	ck_assert_ptr_nonnull(strstr(found.problems.text[0],
	    "index alarm_key"));
}
END_TEST

START_TEST(tells_what_cannot_be_read)
{
	ck_assert_int_eq(verify("none.db"), HM_FILE_UNREADABLE);
	ck_assert_str_eq(found.problems.text[0], "No such file or directory");
	ck_assert_int_eq(verify("."), HM_FILE_UNREADABLE);
	ck_assert_str_eq(found.problems.text[0], "it is a directory");
}
END_TEST

START_TEST(reads_any_name)
{
	static const char name[] = "100% #1?x=\xc3\xa4.db";

	hm_db_close(&db);
	ck_assert_int_eq(rename(in_scratch("hm.db"), in_scratch(name)), 0);
	ck_assert_int_eq(verify(name), HM_FILE_GOOD);
	ck_assert_int_eq(unlink(in_scratch(name)), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("verify");
	TCase *tcase = tcase_create("verify");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, finds_nothing_in_a_new_file);
	tcase_add_loop_test(tcase, checks_rows, 0, COUNT(rows));
	tcase_add_test(tcase, can_be_stopped);
	tcase_add_test(tcase, keeps_the_first_problems);
	tcase_add_test(tcase, tells_what_cannot_be_read);
	tcase_add_test(tcase, reads_any_name);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
