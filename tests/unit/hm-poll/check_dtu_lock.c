#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dtu_lock.h"
#include "run_suite.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static char dir[64], host[400];
static struct hm_dtu dtu;
static struct hm_dtu_lock lock, other;

static void
setup(void)
{
	strcpy(dir, "/tmp/hm-test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	strcpy(host, "roof.lan");
	dtu = (struct hm_dtu){.host = host, .port = 502};
	ck_assert(hm_dtu_lock_init(&lock, dir, &dtu));
	ck_assert(hm_dtu_lock_init(&other, dir, &dtu));
}

static void
teardown(void)
{
	unlink(lock.path);
	hm_dtu_lock_free(&lock);
	hm_dtu_lock_free(&other);
	ck_assert_int_eq(rmdir(dir), 0);
}

static const struct {
	const char *host;
	uint16_t port;
	const char *name;
} names[] = {
    {"192.168.1.50", 10081, "hm-poll-192.168.1.50-10081.lock"},
    {"Roof-1.LAN", 502, "hm-poll-roof-1.lan-502.lock"},
    {"fe80::1%eth0", 502, "hm-poll-fe80__1_eth0-502.lock"},
    {"../../etc/passwd", 502, "hm-poll-.._.._etc_passwd-502.lock"},
    {"", 1, "hm-poll--1.lock"},
};

START_TEST(names_its_file)
{
	const struct hm_dtu named = {.host = host, .port = names[_i].port};
	struct hm_dtu_lock l;

	snprintf(host, sizeof host, "%s", names[_i].host);
	ck_assert(hm_dtu_lock_init(&l, "/dir", &named));
	ck_assert_str_eq(l.path + strlen("/dir/"), names[_i].name);
	hm_dtu_lock_free(&l);
}
END_TEST

START_TEST(cuts_a_long_host)
{
	struct hm_dtu_lock l;

	memset(host, 'a', sizeof host - 1);
	ck_assert(hm_dtu_lock_init(&l, dir, &dtu));
	ck_assert_uint_lt(strlen(strrchr(l.path, '/')), NAME_MAX);
	ck_assert_int_eq(hm_dtu_lock_take(&l), HM_DTU_LOCK_HELD);
	ck_assert_int_eq(unlink(l.path), 0);
	hm_dtu_lock_free(&l);
}
END_TEST

START_TEST(is_held_by_one)
{
	ck_assert_int_eq(hm_dtu_lock_take(&lock), HM_DTU_LOCK_HELD);
	ck_assert_int_eq(hm_dtu_lock_take(&lock), HM_DTU_LOCK_HELD);
	ck_assert_int_eq(hm_dtu_lock_take(&other), HM_DTU_LOCK_BUSY);
	hm_dtu_lock_release(&lock);
	ck_assert_int_eq(access(lock.path, F_OK), 0);
	ck_assert_int_eq(hm_dtu_lock_take(&other), HM_DTU_LOCK_HELD);
	ck_assert_int_eq(hm_dtu_lock_take(&lock), HM_DTU_LOCK_BUSY);
}
END_TEST

/* How long ago another process polled the DTU. */
START_TEST(shows_when_another_process_had_it)
{
	const struct timespec pause = {.tv_nsec = 50000000};

	ck_assert_int_eq(hm_dtu_lock_idle_ms(&lock), -1);
	ck_assert_int_eq(hm_dtu_lock_take(&lock), HM_DTU_LOCK_HELD);
	ck_assert_int_eq(hm_dtu_lock_idle_ms(&lock), -1);
	hm_dtu_lock_release(&lock);
	ck_assert_int_eq(hm_dtu_lock_take(&lock), HM_DTU_LOCK_HELD);
	ck_assert_int_eq(hm_dtu_lock_idle_ms(&lock), -1);
	hm_dtu_lock_release(&lock);
	ck_assert_int_eq(hm_dtu_lock_take(&other), HM_DTU_LOCK_HELD);
	ck_assert_int_ge(hm_dtu_lock_idle_ms(&other), 0);
	ck_assert_int_lt(hm_dtu_lock_idle_ms(&other), 1000);
	hm_dtu_lock_release(&other);
	nanosleep(&pause, NULL);
	ck_assert_int_eq(hm_dtu_lock_take(&lock), HM_DTU_LOCK_HELD);
	ck_assert_int_ge(hm_dtu_lock_idle_ms(&lock), 50);
	ck_assert_int_lt(hm_dtu_lock_idle_ms(&lock), 5000);
}
END_TEST

/* The wall clock was set back: the time is unknown. */
START_TEST(ignores_times_in_the_future)
{
	const struct timespec later[] = {{.tv_sec = 32503680000},
	    {.tv_sec = 32503680000}};

	ck_assert_int_eq(hm_dtu_lock_take(&lock), HM_DTU_LOCK_HELD);
	hm_dtu_lock_release(&lock);
	ck_assert_int_eq(utimensat(AT_FDCWD, lock.path, later, 0), 0);
	ck_assert_int_eq(hm_dtu_lock_take(&lock), HM_DTU_LOCK_HELD);
	ck_assert_int_eq(hm_dtu_lock_idle_ms(&lock), -1);
}
END_TEST

/* The lock of a killed process is free. */
START_TEST(ends_with_its_process)
{
	int ready[2], status;
	char byte;
	pid_t child;

	ck_assert_int_eq(pipe(ready), 0);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		bool held = hm_dtu_lock_take(&other) == HM_DTU_LOCK_HELD;

		if (!held || write(ready[1], "!", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	ck_assert_int_eq(hm_dtu_lock_take(&lock), HM_DTU_LOCK_BUSY);
	kill(child, SIGKILL);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(hm_dtu_lock_take(&lock), HM_DTU_LOCK_HELD);
	close(ready[0]);
	close(ready[1]);
}
END_TEST

/* The file belongs to another user, and everyone can read it. */
START_TEST(needs_no_write_permission)
{
	ck_assert_int_eq(hm_dtu_lock_take(&lock), HM_DTU_LOCK_HELD);
	ck_assert_int_eq(chmod(lock.path, 0444), 0);
	ck_assert_int_eq(hm_dtu_lock_take(&other), HM_DTU_LOCK_BUSY);
	hm_dtu_lock_release(&lock);
	ck_assert_int_eq(hm_dtu_lock_take(&other), HM_DTU_LOCK_HELD);
}
END_TEST

START_TEST(follows_no_link)
{
	char target[100];

	snprintf(target, sizeof target, "%s/target", dir);
	ck_assert_int_eq(symlink(target, lock.path), 0);
	ck_assert_int_eq(hm_dtu_lock_take(&lock), HM_DTU_LOCK_FAILED);
	ck_assert_int_eq(errno, ELOOP);
	ck_assert_int_ne(access(target, F_OK), 0);
}
END_TEST

START_TEST(takes_plain_files_only)
{
	ck_assert_int_eq(mkfifo(lock.path, 0666), 0);
	ck_assert_int_eq(hm_dtu_lock_take(&lock), HM_DTU_LOCK_FAILED);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(lock.fd, -1);
}
END_TEST

START_TEST(says_why_it_fails)
{
	struct hm_dtu_lock l;

	ck_assert(hm_dtu_lock_init(&l, "/tmp/hm-test-is-not-there", &dtu));
	ck_assert_int_eq(hm_dtu_lock_take(&l), HM_DTU_LOCK_FAILED);
	ck_assert_int_eq(errno, ENOENT);
	hm_dtu_lock_free(&l);
}
END_TEST

START_TEST(has_a_default_directory)
{
	ck_assert_int_eq(access(hm_dtu_lock_default_dir(), W_OK), 0);
}
END_TEST

#define PERIOD 60000

/* As if the lock had been busy since then. */
static void
busy_for(int64_t ms)
{
	ck_assert_int_eq(hm_dtu_lock_take(&lock), HM_DTU_LOCK_BUSY);
	lock.busy_since -= ms;
}

/* Give this process another name. False: an emulator shows another one. */
static bool
rename_process(const char *name)
{
	char text[100];
	FILE *file;

	ck_assert_int_eq(prctl(PR_SET_NAME, name), 0);
	file = fopen("/proc/self/stat", "re");
	ck_assert_ptr_nonnull(file);
	ck_assert_ptr_nonnull(fgets(text, sizeof text, file));
	fclose(file);
	return strstr(text, name) != NULL;
}

START_TEST(is_stuck_in_what_is_no_poller)
{
	struct hm_lock_holder holder;

	ck_assert_int_eq(hm_dtu_lock_take(&other), HM_DTU_LOCK_HELD);
	busy_for(0);
	ck_assert(!hm_dtu_lock_is_stuck(&lock, PERIOD, &holder));
	busy_for(3 * PERIOD - 1000);
	ck_assert(!hm_dtu_lock_is_stuck(&lock, PERIOD, &holder));
	busy_for(1000);
	ck_assert(hm_dtu_lock_is_stuck(&lock, PERIOD, &holder));
	ck_assert_int_eq(holder.pid, getpid());
	ck_assert_str_eq(holder.name, "check_dtu_lock");
	ck_assert(holder.runs);

	/* A live hm-poll may need longer. */
	if (rename_process("hm-poll"))
		ck_assert(!hm_dtu_lock_is_stuck(&lock, PERIOD, &holder));
	rename_process("check_dtu_lock");

	/* A release shows that the lock is used. */
	usleep(10000);
	hm_dtu_lock_release(&other);
	ck_assert_int_eq(hm_dtu_lock_take(&other), HM_DTU_LOCK_HELD);
	busy_for(0);
	ck_assert(!hm_dtu_lock_is_stuck(&lock, PERIOD, &holder));
	hm_dtu_lock_release(&other);
	ck_assert_int_eq(hm_dtu_lock_take(&lock), HM_DTU_LOCK_HELD);
	ck_assert(!hm_dtu_lock_is_stuck(&lock, PERIOD, &holder));
}
END_TEST

START_TEST(is_not_stuck_while_its_holder_touches_it)
{
	struct hm_lock_holder holder;

	hm_dtu_lock_touch(&other); /* not held: nothing happens */
	ck_assert_int_eq(hm_dtu_lock_take(&other), HM_DTU_LOCK_HELD);
	busy_for(3 * PERIOD);
	ck_assert(hm_dtu_lock_is_stuck(&lock, PERIOD, &holder));
	usleep(10000);
	hm_dtu_lock_touch(&other);
	busy_for(0);
	ck_assert(!hm_dtu_lock_is_stuck(&lock, PERIOD, &holder));
	ck_assert_int_eq(hm_dtu_lock_idle_ms(&other), -1);
	hm_dtu_lock_release(&other);
}
END_TEST

START_TEST(is_stuck_later_if_the_holder_is_hidden)
{
	struct hm_lock_holder holder;

	ck_assert_int_eq(hm_dtu_lock_take(&other), HM_DTU_LOCK_HELD);
	busy_for(0);
	lock.busy.st_ino++; /* so that it is not found */
	lock.busy_since -= 10 * PERIOD - 1000;
	ck_assert(!hm_dtu_lock_is_stuck(&lock, PERIOD, &holder));
	lock.busy_since -= 1000;
	ck_assert(hm_dtu_lock_is_stuck(&lock, PERIOD, &holder));
	ck_assert_int_eq(holder.pid, 0);
	lock.busy_since += 10 * PERIOD - 50000;
	ck_assert(!hm_dtu_lock_is_stuck(&lock, 5000, &holder));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("dtu_lock");
	TCase *tcase = tcase_create("dtu_lock");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, names_its_file, 0, COUNT(names));
	tcase_add_test(tcase, cuts_a_long_host);
	tcase_add_test(tcase, is_held_by_one);
	tcase_add_test(tcase, shows_when_another_process_had_it);
	tcase_add_test(tcase, ignores_times_in_the_future);
	tcase_add_test(tcase, ends_with_its_process);
	tcase_add_test(tcase, needs_no_write_permission);
	tcase_add_test(tcase, follows_no_link);
	tcase_add_test(tcase, takes_plain_files_only);
	tcase_add_test(tcase, says_why_it_fails);
	tcase_add_test(tcase, has_a_default_directory);
	tcase_add_test(tcase, is_stuck_in_what_is_no_poller);
	tcase_add_test(tcase, is_not_stuck_while_its_holder_touches_it);
	tcase_add_test(tcase, is_stuck_later_if_the_holder_is_hidden);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
