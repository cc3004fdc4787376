#include <check.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/process_usage.h"
#include "run_suite.h"

#define MORE_MEMORY ((size_t)64 * 1024 * 1024)
#define MORE_FDS 20

static int64_t
rusage_ms(void)
{
	struct rusage usage;

	ck_assert_int_eq(getrusage(RUSAGE_SELF, &usage), 0);
	return (int64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
	    (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
}

START_TEST(cpu_is_what_the_system_counts)
{
	struct hm_process_usage before, after;

	hm_process_usage_read(&before);
	while (rusage_ms() < before.cpu_ms + 200)
		;
	hm_process_usage_read(&after);
	ck_assert_int_ge(before.cpu_ms, 0);
	ck_assert_int_ge(after.cpu_ms, before.cpu_ms + 150);
	ck_assert_int_le(after.cpu_ms, rusage_ms() + 50);
}
END_TEST

START_TEST(memory_is_resident)
{
	struct hm_process_usage before, mapped, touched;
	char *more;

	hm_process_usage_read(&before);
	more = mmap(NULL, MORE_MEMORY, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert(more != MAP_FAILED);
	hm_process_usage_read(&mapped);
	memset(more, 1, MORE_MEMORY);
	hm_process_usage_read(&touched);
	ck_assert_int_eq(munmap(more, MORE_MEMORY), 0);
	ck_assert_int_gt(before.memory, 0);
	ck_assert_int_lt(mapped.memory, before.memory +
	    (int64_t)MORE_MEMORY / 2);
	ck_assert_int_gt(touched.memory, before.memory +
	    (int64_t)MORE_MEMORY * 9 / 10);
}
END_TEST

START_TEST(descriptors_are_counted)
{
	struct hm_process_usage before, after;
	int fd[MORE_FDS];

	hm_process_usage_read(&before);
	for (int i = 0; i < MORE_FDS; i++) {
		fd[i] = open("/dev/null", O_RDONLY);
		ck_assert_int_ge(fd[i], 0);
	}
	hm_process_usage_read(&after);
	ck_assert_int_eq(after.fds, before.fds + MORE_FDS);
	for (int i = 0; i < MORE_FDS; i++)
		close(fd[i]);
	hm_process_usage_read(&after);
	ck_assert_int_eq(after.fds, before.fds);
}
END_TEST

/* Without a free descriptor, values that need one are unknown. */
START_TEST(unknown_is_not_zero)
{
	struct rlimit usual, none;
	struct hm_process_usage process;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &usual), 0);
	none = usual;
	none.rlim_cur = 0;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	hm_process_usage_read(&process);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &usual), 0);
	ck_assert_int_eq(process.fds, -1);
	ck_assert_int_eq(process.memory, -1);
	ck_assert_int_ge(process.cpu_ms, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("process_usage");
	TCase *tcase = tcase_create("process_usage");

	tcase_add_test(tcase, cpu_is_what_the_system_counts);
	tcase_add_test(tcase, memory_is_resident);
	tcase_add_test(tcase, descriptors_are_counted);
	tcase_add_test(tcase, unknown_is_not_zero);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
