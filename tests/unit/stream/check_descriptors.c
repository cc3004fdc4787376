#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run_suite.h"
#include "stream/descriptors.h"

START_TEST(a_pipe_is_known)
{
	int fd[2], file = open("/dev/null", O_RDONLY);

	ck_assert_int_eq(pipe(fd), 0);
	ck_assert(hm_descriptor_is_pipe(fd[0]));
	ck_assert(hm_descriptor_is_pipe(fd[1]));
	ck_assert(!hm_descriptor_is_pipe(file));
	ck_assert(!hm_descriptor_is_pipe(-1));
	close(fd[0]);
	close(fd[1]);
	close(file);
}
END_TEST

START_TEST(only_a_pipe_without_a_name_never_has_another_reader)
{
	char directory[] = "/tmp/hm-fifo-XXXXXX", path[64];
	int fd[2], fifo, file = open("/dev/null", O_RDONLY);

	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof path, "%s/fifo", directory);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	fifo = open(path, O_RDWR);
	ck_assert_int_eq(pipe(fd), 0);
	ck_assert(hm_descriptor_is_unnamed_pipe(fd[1]));
	ck_assert(hm_descriptor_is_pipe(fifo));
	ck_assert(!hm_descriptor_is_unnamed_pipe(fifo));
	ck_assert(!hm_descriptor_is_unnamed_pipe(file));
	close(fd[0]);
	close(fd[1]);
	close(fifo);
	close(file);
	unlink(path);
	rmdir(directory);
}
END_TEST

START_TEST(a_closed_one_keeps_its_number)
{
	int fd[2];
	char byte;

	ck_assert_int_eq(pipe(fd), 0);
	hm_descriptor_close(fd[1], O_RDONLY);
	ck_assert_int_eq(read(fd[0], &byte, 1), 0);
	ck_assert_int_lt(write(fd[1], "x", 1), 0);
	ck_assert_int_eq(fcntl(fd[1], F_GETFD), 0);
	close(fd[0]);
	close(fd[1]);
}
END_TEST

/* In a process of its own: bits of what works on the guarded descriptors. */
static int
guarded(void)
{
	char byte;

	for (int fd = 0; fd < 3; fd++)
		close(fd);
	hm_descriptors_guard();
	return (open("/dev/null", O_RDONLY) == 3) |
	    (read(STDIN_FILENO, &byte, 1) >= 0) << 1 |
	    (write(STDOUT_FILENO, "x", 1) >= 0) << 2;
}

START_TEST(closed_ones_are_replaced_by_ones_that_fail)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		for (int fd = 3; fd < 64; fd++)
			close(fd);
		_exit(guarded());
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("descriptors");
	TCase *tc = tcase_create("descriptors");

	suite_add_tcase(suite, tc);
	tcase_add_test(tc, a_pipe_is_known);
	tcase_add_test(tc,
	    only_a_pipe_without_a_name_never_has_another_reader);
	tcase_add_test(tc, a_closed_one_keeps_its_number);
	tcase_add_test(tc, closed_ones_are_replaced_by_ones_that_fail);
	return run_suite(suite);
}
