#include "lock_holder.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

/*
 * A line is "1: FLOCK  ADVISORY  WRITE 4711 fd:01:1234 0 EOF"; that of a
 * process that waits has "->" before FLOCK. proc_locks(5).
 */
static bool
is_lock_on(const char *line, const struct stat *file, int *pid)
{
	unsigned major, minor;
	unsigned long long inode;

	return sscanf(line, "%*u: FLOCK %*s %*s %d %x:%x:%llu", pid, &major,
	    &minor, &inode) == 4 && inode == file->st_ino &&
	    major == major(file->st_dev) && minor == minor(file->st_dev);
}

static bool
find_pid(const struct stat *file, int *pid)
{
	FILE *locks = fopen("/proc/locks", "re");
	char *line = NULL;
	size_t cap = 0;
	bool found = false;

	if (locks == NULL)
		return false;
	while (!found && getline(&line, &cap, locks) > 0)
		found = is_lock_on(line, file, pid);
	free(line);
	fclose(locks);
	return found && *pid > 0;
}

static int64_t
age_of(unsigned long long start_ticks)
{
	struct timespec now;
	long tick = sysconf(_SC_CLK_TCK);
	int64_t ms;

	if (tick <= 0 || clock_gettime(CLOCK_BOOTTIME, &now) != 0)
		return 0;
	ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 -
	    (int64_t)(start_ticks * 1000 / (unsigned long long)tick);
	return ms > 0 ? ms : 0;
}

/* "4711 (hm-poll) S" and numbers, of which the 22nd is the start. proc(5). */
static bool
read_status(struct hm_lock_holder *holder, const char *text)
{
	const char *name = strchr(text, '('), *end = strrchr(text, ')');
	unsigned long long start;
	char state;
	size_t n;

	if (name == NULL || end == NULL || end <= name ||
	    sscanf(end + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u "
	    "%*u %*d %*d %*d %*d %*d %*d %llu", &state, &start) != 2)
		return false;
	n = (size_t)(end - name - 1);
	if (n >= sizeof holder->name)
		n = sizeof holder->name - 1;
	memcpy(holder->name, name + 1, n);
	holder->name[n] = '\0';
	holder->runs = strchr("TtZXx", state) == NULL;
	holder->age_ms = age_of(start);
	return true;
}

static bool
find_process(struct hm_lock_holder *holder)
{
	char path[40], text[1024];
	FILE *file;
	size_t n;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)holder->pid);
	file = fopen(path, "re");
	if (file == NULL)
		return kill(holder->pid, 0) < 0 && errno == ESRCH;
	n = fread(text, 1, sizeof text - 1, file);
	fclose(file);
	text[n] = '\0';
	return read_status(holder, text);
}

bool
hm_lock_holder_find(const struct stat *file, struct hm_lock_holder *holder)
{
	int pid;

	*holder = (struct hm_lock_holder){.pid = 0};
	if (!find_pid(file, &pid))
		return false;
	holder->pid = pid;
	return find_process(holder);
}
