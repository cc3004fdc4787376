/*
 * Preloaded, it appends to the file HM_PACKETS_FILE what a program does with
 * its connections over IPv4: "hold" and "release" for TCP_CORK, "write" for
 * bytes.
 */

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int seen_setsockopt(int fd, int level, int option, const void *value,
    socklen_t size) __asm__("setsockopt");
/* Its name where a program of 32 bits has times of 64. */
int seen_setsockopt64(int fd, int level, int option, const void *value,
    socklen_t size) __asm__("__setsockopt64");
ssize_t seen_write(int fd, const void *bytes, size_t n) __asm__("write");
ssize_t seen_send(int fd, const void *bytes, size_t n, int flags)
    __asm__("send");

static void
note(const char *text)
{
	const char *path = getenv("HM_PACKETS_FILE");
	int error = errno, fd;

	fd = path != NULL ? open(path, O_WRONLY | O_APPEND | O_CLOEXEC) : -1;
	if (fd >= 0) {
		if (syscall(SYS_write, fd, text, strlen(text)) < 0)
			abort();
		close(fd);
	}
	errno = error;
}

static void
note_bytes(int fd)
{
	int error = errno, family = 0;
	socklen_t size = sizeof family;

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size) == 0 &&
	    family == AF_INET)
		note("write\n");
	errno = error;
}

int
seen_setsockopt(int fd, int level, int option, const void *value,
    socklen_t size)
{
	if (level == IPPROTO_TCP && option == TCP_CORK)
		note(*(const int *)value != 0 ? "hold\n" : "release\n");
	return (int)syscall(SYS_setsockopt, fd, level, option, value, size);
}

int
seen_setsockopt64(int fd, int level, int option, const void *value,
    socklen_t size)
{
	return seen_setsockopt(fd, level, option, value, size);
}

ssize_t
seen_write(int fd, const void *bytes, size_t n)
{
	note_bytes(fd);
	return (ssize_t)syscall(SYS_write, fd, bytes, n);
}

ssize_t
seen_send(int fd, const void *bytes, size_t n, int flags)
{
	note_bytes(fd);
	return (ssize_t)syscall(SYS_sendto, fd, bytes, n, flags, NULL, 0);
}
