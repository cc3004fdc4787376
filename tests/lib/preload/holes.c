/*
 * Preloaded, it leaves a hole where a program writes zeros behind the end of a
 * file, and reads holes without the disk: a copy of a large sparse database
 * needs neither room nor time. For programs that know no file offset of their
 * own, as SQLite.
 */

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

ssize_t read_hole(int fd, void *p, size_t n, int64_t at) __asm__("pread64");
ssize_t leave_hole(int fd, const void *p, size_t n, int64_t at)
    __asm__("pwrite64");

static bool
is_hole(int fd, int64_t at, size_t n)
{
	/* ENXIO: the hole reaches to the end of the file. */
	off_t data = lseek(fd, at, SEEK_DATA);

	return data < 0 ? errno == ENXIO : data >= at + (int64_t)n;
}

ssize_t
read_hole(int fd, void *p, size_t n, int64_t at)
{
	struct iovec part = {p, n};
	struct stat file;

	if (fstat(fd, &file) == 0 && at + (int64_t)n <= file.st_size &&
	    is_hole(fd, at, n)) {
		memset(p, 0, n);
		return (ssize_t)n;
	}
	return preadv(fd, &part, 1, at);
}

static bool
is_zero(const char *p, size_t n)
{
	return n > 0 && p[0] == 0 && memcmp(p, p + 1, n - 1) == 0;
}

ssize_t
leave_hole(int fd, const void *p, size_t n, int64_t at)
{
	// NOLINTNEXTLINE(performance-no-int-to-ptr)
	struct iovec part = {(void *)(uintptr_t)p, n};
	struct stat file;

	if (is_zero(p, n) && fstat(fd, &file) == 0 && at >= file.st_size)
		return ftruncate(fd, at + (int64_t)n) == 0 ? (ssize_t)n : -1;
	return pwritev(fd, &part, 1, at);
}
