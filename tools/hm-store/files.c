#include "files.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/rfc3339.h"

void
hm_file_directory(const char *path, char out[HM_PATH_SIZE])
{
	const char *slash = strrchr(path, '/');
	size_t n = slash != NULL ? (size_t)(slash - path) : 0;

	if (slash == NULL)
		snprintf(out, HM_PATH_SIZE, ".");
	else if (n == 0)
		snprintf(out, HM_PATH_SIZE, "/");
	else
		snprintf(out, HM_PATH_SIZE, "%.*s", (int)n, path);
}

bool
hm_file_name(char out[HM_PATH_SIZE], const char *path, const char *suffix)
{
	int n = snprintf(out, HM_PATH_SIZE, "%s%s", path, suffix);

	if (n >= 0 && n < HM_PATH_SIZE)
		return true;
	hm_log(HM_ERROR, "%s: its name is too long for a file beside it",
	    path);
	return false;
}

void
hm_file_stamp(int64_t time, char out[HM_STAMP_SIZE])
{
	char text[HM_RFC3339_SIZE];
	const char *t = hm_rfc3339_format(time, text).p;

	snprintf(out, HM_STAMP_SIZE, "%.4s%.2s%.2s_%.2s%.2s%.2s", t, t + 5,
	    t + 8, t + 11, t + 14, t + 17);
}

bool
hm_file_same(const char *a, const char *b)
{
	struct stat x, y;

	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev &&
	    x.st_ino == y.st_ino;
}

static bool
sync_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);
	bool good = fd >= 0 && fsync(fd) == 0;

	return (fd < 0 || close(fd) == 0) && good;
}

bool
hm_file_sync(const char *path)
{
	return sync_open(path, O_RDWR);
}

bool
hm_file_sync_directory(const char *path)
{
	char directory[HM_PATH_SIZE];

	hm_file_directory(path, directory);
	return sync_open(directory, O_RDONLY | O_DIRECTORY);
}

void
hm_file_remove(const char *path, const char *suffix)
{
	char name[HM_PATH_SIZE];
	int n = snprintf(name, sizeof name, "%s%s", path, suffix);

	if (n > 0 && (size_t)n < sizeof name)
		unlink(name);
}
