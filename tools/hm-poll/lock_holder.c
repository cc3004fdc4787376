#include "lock_holder.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/slice.h"

/* The next word of a line of /proc; empty at its end. */
static struct hm_slice
next_word(const char **line)
{
	size_t n;

	*line += strspn(*line, " \n");
	n = strcspn(*line, " \n");
	*line += n;
	return hm_slice(*line - n, n);
}

static struct hm_slice
nth_word(const char *line, int n)
{
	struct hm_slice word = next_word(&line);

	while (n-- > 0)
		word = next_word(&line);
	return word;
}

/* 0 if it is no number. */
static unsigned long long
number(struct hm_slice word)
{
	char *end;
	unsigned long long value = strtoull(word.n > 0 ? word.p : "", &end, 10);

	return end == word.p + word.n ? value : 0;
}

/*
 * A line is "1: FLOCK  ADVISORY  WRITE 4711 fd:01:1234 0 EOF"; that of a
 * process that waits has "->" before FLOCK. proc_locks(5).
 */
static bool
is_lock_on(const char *line, const struct stat *file)
{
	char place[60];

	snprintf(place, sizeof place, "%02x:%02x:%llu", major(file->st_dev),
	    minor(file->st_dev), (unsigned long long)file->st_ino);
	return hm_slice_is(nth_word(line, 1), "FLOCK") &&
	    hm_slice_is(nth_word(line, 5), place);
}

static pid_t
find_pid(const struct stat *file)
{
	FILE *locks = fopen("/proc/locks", "re");
	char *line = NULL;
	size_t cap = 0;
	unsigned long long pid = 0;

	if (locks == NULL)
		return 0;
	while (pid == 0 && getline(&line, &cap, locks) > 0)
		if (is_lock_on(line, file))
			pid = number(nth_word(line, 4));
	free(line);
	fclose(locks);
	return pid <= INT_MAX ? (pid_t)pid : 0;
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
	struct hm_slice state;
	size_t n;

	if (name == NULL || end == NULL || end <= name)
		return false;
	state = nth_word(end + 1, 0);
	if (state.n != 1)
		return false;
	n = (size_t)(end - name - 1);
	if (n >= sizeof holder->name)
		n = sizeof holder->name - 1;
	memcpy(holder->name, name + 1, n);
	holder->name[n] = '\0';
	holder->runs = strchr("TtZXx", state.p[0]) == NULL;
	holder->age_ms = age_of(number(nth_word(end + 1, 19)));
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
	*holder = (struct hm_lock_holder){.pid = find_pid(file)};
	return holder->pid != 0 && find_process(holder);
}
