#include "kept.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "backup.h"
#include "backup_rotate.h"
#include "run_suite.h"

static struct hm_db db;

/* In place of that of the C library. */
static fsblkcnt_t room; /* MiB */

int
statvfs(const char *path, struct statvfs *out)
{
	if (strcmp(path, scratch) != 0) {
		errno = ENOENT;
		return -1;
	}
	*out = (struct statvfs){.f_bsize = 512, .f_frsize = 1024 * 1024,
	    .f_blocks = 1000, .f_bavail = room};
	return 0;
}

/* A database of `rows` times 4 KB. */
static void
setup(void)
{
	make_scratch();
	room = 100;
	open_plain(&db, "hm.db");
	ck_assert_ptr_null(hm_schema_bring_up(&db));
	run(&db, "CREATE TABLE big (n INTEGER PRIMARY KEY, x); "
	    "WITH RECURSIVE n(i) AS "
	    "(SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500) "
	    "INSERT INTO big SELECT i, zeroblob(3800) FROM n");
}

static void
teardown(void)
{
	hm_db_close(&db);
	remove_scratch();
}

static const char *
ask_file(const char *name, const char *sql)
{
	const struct hm_db_options options = {.writing = false};
	static char text[2000];
	struct hm_db copy = {.handle = NULL};

	ck_assert(hm_db_open(&copy, in_scratch(name), &options));
	snprintf(text, sizeof text, "%s", answer(&copy, sql));
	hm_db_close(&copy);
	return text;
}

static bool
copy_to_db(int64_t most_ms)
{
	return hm_backup(in_scratch("hm.db"), in_scratch("to.db"), most_ms,
	    NULL);
}

START_TEST(copies_all)
{
	ck_assert(copy_to_db(-1));
	ck_assert_str_eq(ask_file("to.db", "PRAGMA integrity_check"), "ok");
	ck_assert_str_eq(ask_file("to.db", "SELECT count(*), sum(n) FROM big"),
	    "1500|1125750");
	ck_assert_str_eq(ask_file("to.db", "PRAGMA user_version"), "2");
	unlink(in_scratch("to.db-shm"));
	unlink(in_scratch("to.db-wal"));
	ck_assert_str_eq(names_in_scratch(),
	    "hm.db hm.db-shm hm.db-wal to.db ");
}
END_TEST

static void
count_step(void *context)
{
	++*(int *)context;
}

START_TEST(copies_an_older_version)
{
	int steps = 0;

	run(&db, "INSERT INTO big (x) SELECT x FROM big");
	ck_assert(hm_backup_version(in_scratch("hm.db"), 1, count_step,
	    &steps));
	ck_assert_int_ge(steps, 2);
	ck_assert_str_eq(ask_file("hm.db.v1", "SELECT count(*) FROM big"),
	    "3000");
	ck_assert(!hm_backup_version(in_scratch("none.db"), 1, NULL, NULL));
}
END_TEST

START_TEST(replaces_an_older_copy)
{
	ck_assert(copy_to_db(60000));
	run(&db, "DELETE FROM big WHERE n > 10");
	ck_assert(copy_to_db(60000));
	ck_assert_str_eq(ask_file("to.db", "SELECT count(*) FROM big"), "10");
}
END_TEST

/* Another process writes meanwhile: the copy has the first rows, in order. */

static atomic_bool stop;

static void *
write_on(void *context)
{
	struct hm_db other;
	int64_t *written = context;

	open_plain(&other, "hm.db");
	while (!atomic_load(&stop)) {
		run(&other, "INSERT INTO big (x) VALUES (zeroblob(3800)); "
		    "UPDATE big SET x = zeroblob(3801) WHERE n <= 20");
		++*written;
	}
	hm_db_close(&other);
	return NULL;
}

START_TEST(copies_while_others_write)
{
	int64_t written = 0, last = 1500;
	pthread_t other;

	ck_assert_int_eq(pthread_create(&other, NULL, write_on, &written), 0);
	for (int i = 0; i < 3; i++) {
		int64_t count;
		char *rest;

		ck_assert(copy_to_db(60000));
		ck_assert_str_eq(ask_file("to.db", "PRAGMA integrity_check"),
		    "ok");
		count = strtoll(ask_file("to.db",
		    "SELECT count(*), max(n) FROM big"), &rest, 10);
		ck_assert_int_ge(count, last);
		ck_assert_int_eq(strtoll(rest + 1, NULL, 10), count);
		last = count;
	}
	atomic_store(&stop, true);
	pthread_join(other, NULL);
	ck_assert_int_gt(written, 0);
	ck_assert_int_eq(number(&db, "SELECT count(*) FROM big"),
	    1500 + written);
}
END_TEST

/* A failure leaves no file, and does not change an older copy. */

static void
expect_none(const char *path, const char *to, int64_t most_ms)
{
	char before[2000];

	COPY_TEXT(before, names_in_scratch());
	ck_assert(!hm_backup(path, to, most_ms, NULL));
	ck_assert_str_eq(names_in_scratch(), before);
}

START_TEST(gives_up_after_a_time)
{
	expect_none(in_scratch("hm.db"), in_scratch("to.db"), 0);
	copy_file(in_scratch("hm.db"), in_scratch("to.db"));
	copy_file(in_scratch("hm.db"), in_scratch("before"));
	expect_none(in_scratch("hm.db"), in_scratch("to.db"), 0);
	ck_assert(same_files(in_scratch("to.db"), in_scratch("before")));
}
END_TEST

START_TEST(needs_room)
{
	room = 5;
	expect_none(in_scratch("hm.db"), in_scratch("to.db"), -1);
	room = 7;
	ck_assert(copy_to_db(-1));
}
END_TEST

START_TEST(needs_a_directory)
{
	expect_none(in_scratch("hm.db"), in_scratch("none/to.db"), -1);
	ck_assert_int_eq(mkdir(in_scratch("to.db"), 0700), 0);
	expect_none(in_scratch("hm.db"), in_scratch("to.db"), -1);
}
END_TEST

START_TEST(needs_a_database_of_hm)
{
	struct hm_db other;

	expect_none(in_scratch("none.db"), in_scratch("to.db"), -1);
	open_plain(&other, "other.db");
	run(&other, "CREATE TABLE x (y); PRAGMA user_version = 99");
	hm_db_close(&other);
	expect_none(in_scratch("other.db"), in_scratch("to.db"), -1);
}
END_TEST

/* Other processes would otherwise write to a file without a name. */
START_TEST(never_replaces_the_database)
{
	ck_assert_int_eq(link(in_scratch("hm.db"), in_scratch("other.db")), 0);
	expect_none(in_scratch("hm.db"), in_scratch("hm.db"), -1);
	expect_none(in_scratch("hm.db"), in_scratch("other.db"), -1);
	ck_assert(!hm_db_moved(&db));
}
END_TEST

START_TEST(refuses_a_name_that_is_too_long)
{
	static char name[5000];

	memset(name, 'x', sizeof name - 1);
	expect_none(in_scratch("hm.db"), name, -1);
}
END_TEST

/* Which copies are kept */

static void
touch(const char *name)
{
	FILE *file = fopen(in_scratch(name), "w");
	int closed;

	ck_assert_ptr_nonnull(file);
	closed = fclose(file);
	ck_assert_int_eq(closed, 0);
}

/* Overwrite a page in the middle of the table. */
static void
damage_database(void)
{
	static const char zeros[4096];
	FILE *file;
	int closed;

	hm_db_close(&db); /* with it the log is emptied */
	file = fopen(in_scratch("hm.db"), "r+");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fseek(file, 1000 * 4096, SEEK_SET), 0);
	ck_assert_uint_eq(fwrite(zeros, sizeof zeros, 1, file), 1);
	closed = fclose(file);
	ck_assert_int_eq(closed, 0);
}

static bool
is_copy(const char *name)
{
	return strlen(name) == strlen("hm_backup_YYYYmmdd_HHMMSS.db") &&
	    strncmp(name, "hm_backup_", 10) == 0 &&
	    strspn(name + 10, "0123456789_") == 15 &&
	    strcmp(name + 25, ".db") == 0;
}

static void
count_copies(size_t expected, const char *first)
{
	struct dirent **entry;
	int count = scandir(scratch, &entry, NULL, alphasort);
	size_t copies = 0;

	ck_assert_int_ge(count, 0);
	for (int i = 0; i < count; i++) {
		if (is_copy(entry[i]->d_name) && copies++ == 0 &&
		    first != NULL)
			ck_assert_str_eq(entry[i]->d_name, first);
		free(entry[i]);
	}
	free(entry);
	ck_assert_uint_eq(copies, expected);
}

START_TEST(keeps_the_newest)
{
	touch("hm_backup_20240101_000000.db");
	touch("hm_backup_20250101_000000.db");
	touch("hm_backup_20231231_235959.db");
	ck_assert(hm_backup_rotate(in_scratch("hm.db"), 3, -1));
	count_copies(3, "hm_backup_20240101_000000.db");
	ck_assert(hm_backup_rotate(in_scratch("hm.db"), 1, -1));
	count_copies(1, NULL);
	ck_assert_int_ne(access(in_scratch("hm_backup_20250101_000000.db"),
	    F_OK), 0);
}
END_TEST

START_TEST(leaves_other_files)
{
	static const char *const names[] = {"hm_backup_20240101.db",
	    "hm_backup_20240101_000000.db.part", "hm.db.bak",
	    "hm_backup_20240101_000000.db-wal", "xhm_backup_20240101_000000.db",
	    "hm_backup_2024-101_000000.db", "h_backup_20240101_000000.db",
	    "hm2_backup_20240101_000000.db"};

	for (size_t i = 0; i < COUNT(names); i++)
		touch(names[i]);
	ck_assert(hm_backup_rotate(in_scratch("hm.db"), 1, -1));
	for (size_t i = 0; i < COUNT(names); i++)
		ck_assert_msg(access(in_scratch(names[i]), F_OK) == 0, "%s",
		    names[i]);
	count_copies(1, NULL);
}
END_TEST

/* If no new copy can be made, the old ones stay. */
START_TEST(keeps_old_ones_without_a_new_one)
{
	touch("hm_backup_20240101_000000.db");
	touch("hm_backup_20250101_000000.db");
	ck_assert(!hm_backup_rotate(in_scratch("hm.db"), 1, 0));
	count_copies(2, "hm_backup_20240101_000000.db");
}
END_TEST

/* Of a damaged database there is no copy, and the others stay. */
START_TEST(keeps_old_ones_of_a_damaged_database)
{
	bool damaged = false;

	touch("hm_backup_20240101_000000.db");
	touch("hm_backup_20250101_000000.db");
	damage_database();
	ck_assert(!hm_backup_rotate(in_scratch("hm.db"), 1, -1));
	count_copies(2, "hm_backup_20240101_000000.db");
	ck_assert_int_eq(access(in_scratch("hm_backup_failed"), F_OK), 0);
	ck_assert(!hm_backup(in_scratch("hm.db"), in_scratch("to.db"), -1,
	    &damaged));
	ck_assert(damaged);
	ck_assert_int_ne(access(in_scratch("to.db"), F_OK), 0);
	ck_assert_int_ne(access(in_scratch("to.db.part"), F_OK), 0);
}
END_TEST

START_TEST(ends_the_note_of_damage)
{
	touch("hm_backup_failed");
	ck_assert(hm_backup_rotate(in_scratch("hm.db"), 1, -1));
	ck_assert_int_ne(access(in_scratch("hm_backup_failed"), F_OK), 0);
}
END_TEST

/* Copies that a wrong clock has dated far ahead */
START_TEST(never_removes_the_new_one)
{
	touch("hm_backup_20990101_000000.db");
	touch("hm_backup_20990102_000000.db");
	ck_assert(hm_backup_rotate(in_scratch("hm.db"), 2, -1));
	count_copies(2, NULL);
	ck_assert_int_ne(access(in_scratch("hm_backup_20990101_000000.db"),
	    F_OK), 0);
}
END_TEST

START_TEST(keeps_a_history_that_begins_earlier)
{
	run(&db, "INSERT INTO dtu_daily (day, dtu, samples) "
	    "VALUES ('2025-01-01', 'a', 1)");
	ck_assert(hm_backup(in_scratch("hm.db"),
	    in_scratch("hm_backup_20240101_000000.db"), -1, NULL));
	run(&db, "UPDATE dtu_daily SET day = '2025-06-01'");
	ck_assert(hm_backup(in_scratch("hm.db"),
	    in_scratch("hm_backup_20240102_000000.db"), -1, NULL));
	run(&db, "UPDATE dtu_daily SET day = '2025-12-01'");
	ck_assert(hm_backup_rotate(in_scratch("hm.db"), 1, -1));
	count_copies(1, NULL);
	ck_assert_str_eq(ask_file("hm_backup_kept.db",
	    "SELECT day FROM dtu_daily"), "2025-01-01");
}
END_TEST

START_TEST(takes_a_path_without_a_directory)
{
	ck_assert_int_eq(chdir(scratch), 0);
	ck_assert(hm_backup("hm.db", "to.db", -1, NULL));
	ck_assert(hm_backup_rotate("hm.db", 1, -1));
	count_copies(1, NULL);
	ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("backup");
	TCase *tcase = tcase_create("backup");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, copies_all);
	tcase_add_test(tcase, copies_an_older_version);
	tcase_add_test(tcase, replaces_an_older_copy);
	tcase_add_test(tcase, copies_while_others_write);
	tcase_add_test(tcase, gives_up_after_a_time);
	tcase_add_test(tcase, needs_room);
	tcase_add_test(tcase, needs_a_directory);
	tcase_add_test(tcase, needs_a_database_of_hm);
	tcase_add_test(tcase, never_replaces_the_database);
	tcase_add_test(tcase, refuses_a_name_that_is_too_long);
	tcase_add_test(tcase, keeps_the_newest);
	tcase_add_test(tcase, leaves_other_files);
	tcase_add_test(tcase, keeps_old_ones_without_a_new_one);
	tcase_add_test(tcase, keeps_old_ones_of_a_damaged_database);
	tcase_add_test(tcase, ends_the_note_of_damage);
	tcase_add_test(tcase, never_removes_the_new_one);
	tcase_add_test(tcase, keeps_a_history_that_begins_earlier);
	tcase_add_test(tcase, takes_a_path_without_a_directory);
	tcase_set_timeout(tcase, 60);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
