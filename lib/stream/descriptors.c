#include "descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/exits.h"

void
hm_descriptors_guard(void)
{
	static const int modes[] = {O_WRONLY, O_RDONLY, O_RDWR};

	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
		    open("/dev/null", modes[fd]) < 0)
			_exit(HM_EXIT_OS);
}

bool
hm_descriptor_is_pipe(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode);
}

bool
hm_descriptor_is_unnamed_pipe(int fd)
{
	struct statfs fs;

	return hm_descriptor_is_pipe(fd) && fstatfs(fd, &fs) == 0 &&
	    fs.f_type == PIPEFS_MAGIC;
}

void
hm_descriptor_close(int fd, int mode)
{
	int none = open("/dev/null", mode | O_CLOEXEC);

	if (none < 0)
		return;
	dup2(none, fd);
	close(none);
}
