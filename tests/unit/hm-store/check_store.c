#include "kept.h"

#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/zone.h"
#include "run_suite.h"
#include "store_thread.h"

#define MEGABYTE ((size_t)1024 * 1024)

static struct hm_store *store;
static struct hm_store_options options;
static struct hm_backlog *backlog;
static struct hm_row_maker *maker;
static const struct hm_store_counts *counts;

static char path[100];

static void
open_store(void)
{
	snprintf(path, sizeof path, "%s", in_scratch("hm.db"));
	options.path = path;
	store = hm_store_new(&options);
	ck_assert_ptr_nonnull(store);
	counts = hm_store_counts(store);
}

static void
setup(void)
{
	make_scratch();
	ck_assert(hm_zone_use("UTC"));
	backlog = hm_backlog_new(8 * MEGABYTE);
	maker = hm_row_maker_new();
	ck_assert(backlog != NULL && maker != NULL);
	options = (struct hm_store_options){.careful = false};
	open_store();
}

static void
teardown(void)
{
	hm_store_free(store);
	hm_backlog_free(backlog);
	hm_row_maker_free(maker);
	remove_scratch();
}

/* Records */

/* Of an input, at a moment in s since 1970. */
static struct hm_slice
row_at(int64_t moment, int power)
{
	static struct hm_record record;
	char time[HM_RFC3339_SIZE], line[200];
	struct hm_fault fault;
	struct hm_slice row;

	snprintf(line, sizeof line, "{\"type\":\"port\",\"time\":\"%s\","
	    "\"dtu\":\"roof\",\"serial\":\"1\",\"port\":1,\"pv_power\":%d}",
	    hm_rfc3339_format(moment, time).p, power);
	/* An assertion writes a line to a file, which may be full. */
	if (!hm_record_parse(&record, hm_text(line), &fault) ||
	    hm_row_make(maker, &record, hm_text(line), &row) != NULL)
		ck_abort_msg("%s", line);
	return row;
}

static void
put(int64_t first, size_t count, int64_t each)
{
	for (size_t i = 0; i < count; i++)
		if (!hm_backlog_put(backlog, row_at(first +
		    (int64_t)i * each, (int)i), 0))
			ck_abort_msg("no room");
}

static bool
write_all(void)
{
	size_t count = hm_backlog_count(backlog);

	if (!hm_store_write(store, backlog, count))
		return false;
	hm_backlog_drop(backlog, count);
	return true;
}

static const char *
ask_file(const char *name, const char *sql)
{
	static char text[2000];
	struct hm_db db;

	open_plain(&db, name);
	snprintf(text, sizeof text, "%s", answer(&db, sql));
	hm_db_close(&db);
	return text;
}

static void
change(const char *sql)
{
	struct hm_db db;

	open_plain(&db, "hm.db");
	run(&db, sql);
	hm_db_close(&db);
}

static const char rows_sql[] = "SELECT count(*) FROM port";

static void
expect_rows(const char *number)
{
	ck_assert_str_eq(ask_file("hm.db", rows_sql), number);
}

START_TEST(writes_and_counts)
{
	put(100, 5, 1);
	ck_assert(write_all());
	put(100, 8, 1);
	ck_assert(write_all());
	expect_rows("8");
	ck_assert_uint_eq(counts->rows, 8);
	ck_assert_uint_eq(counts->known, 5);
	ck_assert_uint_eq(counts->batches, 2);
	ck_assert_uint_eq(counts->failures, 0);
	/* A batch without rows opens the database. */
	ck_assert(write_all());
	ck_assert_uint_eq(counts->batches, 2);
}
END_TEST

/* Only as many as it is told to. */
START_TEST(writes_a_part)
{
	put(100, 5, 1);
	ck_assert(hm_store_write(store, backlog, 2));
	expect_rows("2");
	hm_backlog_drop(backlog, 2);
	ck_assert(write_all());
	expect_rows("5");
	ck_assert_uint_eq(counts->known, 0);
}
END_TEST

START_TEST(notes_settings_that_change)
{
	struct hm_store_setting settings[] = {{"reset_hour", "0"},
	    {"store_delay", "5"}};
	const char *sql = "SELECT key, value FROM config ORDER BY key, time";

	options.settings = settings;
	options.setting_count = COUNT(settings);
	for (int round = 0; round < 2; round++) {
		hm_store_free(store);
		open_store();
		ck_assert(write_all());
		ck_assert_str_eq(ask_file("hm.db", sql),
		    "reset_hour|0\nstore_delay|5");
	}
	ask_file("hm.db", "UPDATE config SET time = time - 10 RETURNING 1");
	settings[0].value = "4";
	hm_store_free(store);
	open_store();
	ck_assert(write_all());
	ck_assert_str_eq(ask_file("hm.db", sql),
	    "reset_hour|0\nreset_hour|4\nstore_delay|5");
}
END_TEST

/* Failure, and recovery */

static void
expect_failing(uint64_t failures)
{
	ck_assert(!write_all());
	ck_assert_uint_eq(counts->failing, 1);
	ck_assert_uint_eq(counts->failures, failures);
	ck_assert_uint_eq(counts->rows, 0);
	ck_assert_uint_eq(counts->known, 0);
	ck_assert_uint_eq(counts->batches, 0);
}

static void
expect_recovery(uint64_t rows)
{
	ck_assert(write_all());
	ck_assert_uint_eq(counts->failing, 0);
	ck_assert_uint_eq(counts->rows, rows);
	ck_assert_uint_eq(counts->known, 0);
}

START_TEST(recovers_from_a_directory_in_its_place)
{
	ck_assert_int_eq(mkdir(in_scratch("hm.db"), 0700), 0);
	put(100, 3, 1);
	expect_failing(1);
	expect_failing(2);
	/* Rollups can wait. */
	ck_assert(!hm_store_upkeep(store, true));
	ck_assert_uint_eq(counts->failures, 2);
	ck_assert_int_eq(rmdir(in_scratch("hm.db")), 0);
	expect_recovery(3);
	expect_rows("3");
}
END_TEST

START_TEST(recovers_from_garbage_in_its_place)
{
	FILE *file = fopen(in_scratch("hm.db"), "w");

	ck_assert_ptr_nonnull(file);
	for (int i = 0; i < 1000; i++)
		fputs("no database ", file);
	ck_assert_int_eq(fclose(file), 0);
	copy_file(in_scratch("hm.db"), in_scratch("before"));
	put(100, 3, 1);
	expect_failing(1);
	ck_assert(same_files(in_scratch("hm.db"), in_scratch("before")));
	unlink(in_scratch("hm.db"));
	expect_recovery(3);
}
END_TEST

START_TEST(leaves_a_newer_file_alone)
{
	struct hm_db db;

	open_plain(&db, "hm.db");
	run(&db, "CREATE TABLE x (y); PRAGMA user_version = 99");
	hm_db_close(&db);
	copy_file(in_scratch("hm.db"), in_scratch("before"));
	put(100, 3, 1);
	expect_failing(1);
	expect_failing(2);
	ck_assert(same_files(in_scratch("hm.db"), in_scratch("before")));
}
END_TEST

/* A failure in the middle of a batch: no row is stored or counted. */
START_TEST(undoes_a_failed_batch)
{
	struct hm_db db;

	ck_assert(write_all());
	open_plain(&db, "hm.db");
	run(&db, "CREATE TRIGGER no BEFORE INSERT ON port "
	    "WHEN new.pv_power = 7 BEGIN SELECT raise(ABORT, 'seven'); END");
	put(100, 10, 1);
	put(100, 5, 1);
	expect_failing(1);
	ck_assert_str_eq(answer(&db, rows_sql), "0");
	ck_assert_str_eq(answer(&db, "SELECT count(*) FROM rollup_due"), "0");
	run(&db, "DROP TRIGGER no");
	hm_db_close(&db);
	ck_assert(write_all());
	ck_assert_uint_eq(counts->rows, 10);
	ck_assert_uint_eq(counts->known, 5);
	expect_rows("10");
}
END_TEST

/* No more room for a file: as on a disk that is full. */
START_TEST(recovers_from_a_full_disk)
{
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN);
	ck_assert(write_all());
	put(100, 20000, 1);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = 300000;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	expect_failing(1);
	expect_failing(2);
	limit.rlim_cur = limit.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	expect_recovery(20000);
	expect_rows("20000");
	ck_assert_str_eq(ask_file("hm.db", "PRAGMA integrity_check"), "ok");
}
END_TEST

static void
move(const char *from, const char *to)
{
	static const char *const ends[] = {"", "-wal", "-shm"};
	char a[64], b[64];

	for (size_t i = 0; i < COUNT(ends); i++) {
		snprintf(a, sizeof a, "%s%s", from, ends[i]);
		snprintf(b, sizeof b, "%s%s", to, ends[i]);
		ck_assert_int_eq(rename(in_scratch(a), in_scratch(b)), 0);
	}
}

/* Later rows go to a new file; rows written before stay in the old one. */
START_TEST(goes_on_when_its_file_is_moved)
{
	put(100, 3, 1);
	ck_assert(write_all());
	move("hm.db", "old.db");
	put(200, 4, 1);
	ck_assert(!hm_store_upkeep(store, true));
	ck_assert(write_all());
	expect_rows("4");
	ck_assert_str_eq(ask_file("old.db", rows_sql), "3");
	ck_assert_uint_eq(counts->rows, 7);
	ck_assert_uint_eq(counts->failures, 0);
}
END_TEST

START_TEST(goes_on_when_its_file_is_removed)
{
	put(100, 3, 1);
	ck_assert(write_all());
	unlink(in_scratch("hm.db"));
	unlink(in_scratch("hm.db-wal"));
	unlink(in_scratch("hm.db-shm"));
	put(200, 4, 1);
	ck_assert(write_all());
	expect_rows("4");
	ck_assert_str_eq(ask_file("hm.db", "PRAGMA integrity_check"), "ok");
}
END_TEST

/* Upkeep */

START_TEST(makes_hours_when_they_are_over)
{
	put(7200, 3, 1);
	ck_assert(write_all());
	while (hm_store_upkeep(store, false))
		;
	ck_assert_uint_eq(counts->hours, 0);
	put(7200 + 3600, 1, 1);
	ck_assert(write_all());
	while (hm_store_upkeep(store, false))
		;
	ck_assert_uint_eq(counts->hours, 1);
	while (hm_store_upkeep(store, true))
		;
	ck_assert_uint_eq(counts->hours, 2);
	ck_assert_str_eq(ask_file("hm.db", "SELECT hour, samples, "
	    "pv_power_avg FROM port_hourly"), "7200|3|1.0\n10800|1|0.0");
}
END_TEST

/* Hours that an earlier run has not made. */
START_TEST(makes_hours_that_were_left)
{
	put(7200, 2, 3600);
	ck_assert(write_all());
	hm_store_free(store);
	open_store();
	ck_assert(write_all());
	while (hm_store_upkeep(store, false))
		;
	ck_assert_uint_eq(counts->hours, 1);
}
END_TEST

/* Rows are not kept waiting, however many hours there are. */
START_TEST(makes_many_hours_in_steps)
{
	int64_t began;
	bool more;

	put(3600, 400, 3600);
	ck_assert(write_all());
	began = hm_monotonic_ms();
	more = hm_store_upkeep(store, true);
	ck_assert_int_lt(hm_monotonic_ms() - began, 1000);
	ck_assert(more || counts->hours == 400);
	while (hm_store_upkeep(store, true))
		;
	ck_assert_uint_eq(counts->hours, 400);
	ck_assert_str_eq(ask_file("hm.db", "SELECT count(*) "
	    "FROM rollup_due"), "0");
}
END_TEST

/* The age of a reading is the time that has passed since it came. */
START_TEST(prunes_what_is_old)
{
	hm_store_free(store);
	options.retention = 86400;
	open_store();
	put(0, 4, 1800);
	put(86400 + 3600, 1, 1);
	ck_assert(write_all());
	while (hm_store_upkeep(store, true))
		;
	while (hm_store_upkeep(store, false))
		;
	ck_assert_uint_eq(counts->pruned, 0);
	hm_store_free(store);
	change("UPDATE reading_hours SET arrived = -90000 WHERE hour = 3600");
	open_store();
	put(86400 + 3601, 1, 1);
	ck_assert(write_all());
	while (hm_store_upkeep(store, false))
		;
	ck_assert_uint_eq(counts->pruned, 2);
	ck_assert_str_eq(ask_file("hm.db", "SELECT time FROM port"),
	    "0\n1800\n90000\n90001");
	ck_assert_str_eq(ask_file("hm.db", "SELECT sum(samples) "
	    "FROM port_hourly"), "5");
}
END_TEST

/* A row in the future is counted, and is not the latest for long. */
START_TEST(counts_what_is_in_the_future)
{
	int64_t later = hm_clock_now() + 90;

	put(later, 2, 1);
	put(hm_clock_now(), 1, 1);
	ck_assert(write_all());
	ck_assert_uint_eq(counts->future, 2);
	ck_assert_str_eq(ask_file("hm.db", "SELECT pv_power, "
	    "time < unixepoch() + 60 FROM port_latest"), "0.0|1");
}
END_TEST

START_TEST(prunes_nothing_without_retention)
{
	put(0, 1, 1);
	put(1795428000, 1, 1);
	ck_assert(write_all());
	while (hm_store_upkeep(store, false))
		;
	ck_assert_uint_eq(counts->pruned, 0);
	expect_rows("2");
}
END_TEST

/* In a thread of its own */

static struct hm_store_thread *
start_thread(size_t bytes, size_t batch)
{
	const struct hm_store_thread_options o = {.store = options,
	    .backlog = bytes, .batch = batch, .delay_ms = 50};
	struct hm_store_thread *thread;

	thread = hm_store_thread_start(&o);
	ck_assert_ptr_nonnull(thread);
	return thread;
}

static struct hm_store_thread_counts
end_thread(struct hm_store_thread *thread)
{
	struct pollfd fd = {.events = POLLIN};
	struct hm_store_thread_counts c;

	hm_store_thread_end(thread);
	fd.fd = hm_store_thread_fd(thread);
	/* It also reports each batch. */
	while (!hm_store_thread_ended(thread)) {
		ck_assert_int_eq(poll(&fd, 1, 20000), 1);
		hm_store_thread_woken(thread);
	}
	hm_store_thread_counts(thread, &c);
	ck_assert(hm_store_thread_free(thread));
	return c;
}

START_TEST(a_thread_writes_all)
{
	struct hm_store_thread *thread = start_thread(MEGABYTE / 4, 500);
	struct hm_store_thread_counts c;

	for (int i = 0; i < 20000; i++) {
		if (!hm_store_thread_put(thread, row_at(i, i % 100),
		    10000))
			ck_abort_msg("row %d is lost", i);
		if (i % 1000 == 0)
			hm_store_thread_counts(thread, &c);
	}
	ck_assert(!hm_store_thread_free(thread));
	c = end_thread(thread);
	ck_assert_uint_eq(c.store.rows, 20000);
	ck_assert_uint_eq(c.store.hours, 6);
	ck_assert_uint_eq(c.queued, 0);
	expect_rows("20000");
}
END_TEST

START_TEST(a_thread_writes_after_the_delay)
{
	struct hm_store_thread *thread = start_thread(MEGABYTE, 500);
	struct hm_store_thread_counts c = {.queued = 1};
	int64_t began = hm_monotonic_ms();

	ck_assert(hm_store_thread_put(thread, row_at(5, 5), 0));
	while (c.store.rows == 0 && hm_monotonic_ms() < began + 10000) {
		usleep(2000);
		hm_store_thread_counts(thread, &c);
	}
	ck_assert_uint_eq(c.store.rows, 1);
	ck_assert_uint_eq(end_thread(thread).store.batches, 1);
}
END_TEST

/* It keeps the rows that fit, and reports the rest. */
START_TEST(a_thread_survives_a_failed_disk)
{
	struct hm_store_thread *thread;
	struct hm_store_thread_counts c;
	uint64_t kept = 0;
	int64_t began;

	ck_assert_int_eq(mkdir(in_scratch("hm.db"), 0700), 0);
	thread = start_thread(MEGABYTE / 8, 10);
	do {
		usleep(1000);
		hm_store_thread_counts(thread, &c);
	} while (c.store.failing == 0);
	began = hm_monotonic_ms();
	for (int i = 0; i < 20000; i++)
		kept += hm_store_thread_put(thread, row_at(i, i % 100), 0);
	/* The stream does not wait while the database cannot be written. */
	ck_assert_int_lt(hm_monotonic_ms() - began, 5000);
	hm_store_thread_counts(thread, &c);
	ck_assert_uint_eq(c.queued, kept);
	ck_assert_uint_gt(kept, 1000);
	ck_assert_uint_lt(kept, 19000);
	began = hm_monotonic_ms();
	ck_assert(!hm_store_thread_put(thread, row_at(0, 0), 50));
	ck_assert_int_ge(hm_monotonic_ms() - began, 50);
	ck_assert_int_eq(rmdir(in_scratch("hm.db")), 0);
	c = end_thread(thread);
	ck_assert_uint_eq(c.store.rows, kept);
	ck_assert_uint_eq(c.store.failing, 0);
	ck_assert_uint_eq(c.queued, 0);
}
END_TEST

/* At the end it tries once more, and then gives up. */
START_TEST(a_thread_ends_with_rows_left)
{
	struct hm_store_thread *thread;
	struct hm_store_thread_counts c;

	ck_assert_int_eq(mkdir(in_scratch("hm.db"), 0700), 0);
	thread = start_thread(MEGABYTE, 10);
	for (int i = 0; i < 100; i++)
		ck_assert(hm_store_thread_put(thread, row_at(i, i), 0));
	c = end_thread(thread);
	ck_assert_uint_eq(c.queued, 100);
	ck_assert_uint_eq(c.store.rows, 0);
}
END_TEST

/* A copy that goes on is progress. */

static void
see_step(void *context)
{
	*(uint64_t *)context = counts->steps;
}

START_TEST(counts_the_steps_of_the_copy_before_an_upgrade)
{
	struct hm_db db;
	uint64_t seen = 0;

	open_plain(&db, "hm.db");
	ck_assert_ptr_null(hm_schema_bring_up(&db));
	run(&db, "PRAGMA user_version = 1");
	hm_db_close(&db);
	hm_store_free(store);
	options.step = see_step;
	options.context = &seen;
	open_store();
	ck_assert_int_eq(mkdir(in_scratch("hm.db.v1"), 0700), 0);
	ck_assert(!write_all());
	ck_assert_uint_ge(seen, 1);
	ck_assert_uint_eq(counts->steps, seen);
	ck_assert_int_eq(rmdir(in_scratch("hm.db.v1")), 0);
	ck_assert(write_all());
	ck_assert_uint_eq(counts->steps, seen);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("store");
	TCase *tcase = tcase_create("store");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, counts_the_steps_of_the_copy_before_an_upgrade);
	tcase_add_test(tcase, writes_and_counts);
	tcase_add_test(tcase, writes_a_part);
	tcase_add_test(tcase, notes_settings_that_change);
	tcase_add_test(tcase, recovers_from_a_directory_in_its_place);
	tcase_add_test(tcase, recovers_from_garbage_in_its_place);
	tcase_add_test(tcase, leaves_a_newer_file_alone);
	tcase_add_test(tcase, undoes_a_failed_batch);
	tcase_add_test(tcase, recovers_from_a_full_disk);
	tcase_add_test(tcase, goes_on_when_its_file_is_moved);
	tcase_add_test(tcase, goes_on_when_its_file_is_removed);
	tcase_add_test(tcase, makes_hours_when_they_are_over);
	tcase_add_test(tcase, makes_hours_that_were_left);
	tcase_add_test(tcase, makes_many_hours_in_steps);
	tcase_add_test(tcase, prunes_what_is_old);
	tcase_add_test(tcase, counts_what_is_in_the_future);
	tcase_add_test(tcase, prunes_nothing_without_retention);
	tcase_add_test(tcase, a_thread_writes_all);
	tcase_add_test(tcase, a_thread_writes_after_the_delay);
	tcase_add_test(tcase, a_thread_survives_a_failed_disk);
	tcase_add_test(tcase, a_thread_ends_with_rows_left);
	tcase_set_timeout(tcase, 60);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
