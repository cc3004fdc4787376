#include "log_output.h"

#include <errno.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "clock.h"

/* Until stderr takes a line, or the wait is over. */
static bool
takes_line(int wait_ms)
{
	struct pollfd fd = {.fd = STDERR_FILENO, .events = POLLOUT};
	int64_t end = hm_monotonic_ms() + wait_ms, left = wait_ms;
	int found;

	do {
		found = poll(&fd, 1, left > 0 ? (int)left : 0);
		left = end - hm_monotonic_ms();
	} while (found < 0 && errno == EINTR && left > 0);
	return found > 0;
}

static bool
is_file(void)
{
	struct stat status;

	return fstat(STDERR_FILENO, &status) == 0 && S_ISREG(status.st_mode);
}

/*
 * Between poll(2) and the write another process may fill the pipe. Kernels
 * before 6.4 know no such flag for pipes.
 */
static ssize_t
write_now(char *line, size_t n)
{
	struct iovec part = {.iov_base = line, .iov_len = n};
	ssize_t written;

	if (is_file())
		return write(STDERR_FILENO, line, n);
	written = pwritev2(STDERR_FILENO, &part, 1, -1, RWF_NOWAIT);
	return written < 0 && errno != EAGAIN && errno != EPIPE ?
	    write(STDERR_FILENO, line, n) : written;
}

bool
hm_log_output(char *line, size_t n, int wait_ms)
{
	return takes_line(wait_ms) &&
	    (write_now(line, n) >= 0 || errno != EAGAIN);
}
