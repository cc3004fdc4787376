/* Preloaded, it lets each fdatasync take HM_SYNC_SECONDS, as a slow disk. */

#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int slow_sync(int fd) __asm__("fdatasync");

int
slow_sync(int fd)
{
	const char *text = getenv("HM_SYNC_SECONDS");
	unsigned left = text == NULL ? 0 : (unsigned)strtoul(text, NULL, 10);

	while (left > 0)
		left = sleep(left);
	return (int)syscall(SYS_fdatasync, fd);
}
