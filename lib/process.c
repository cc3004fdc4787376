#include "process.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "dec.h"
#include "timefmt.h"

/* Fields of /proc/PID/stat, from 1. */
#define STAT_USER 14
#define STAT_SYSTEM 15
#define STAT_START 22
#define STAT_SIZE 23
#define STAT_RESIDENT 24

/* The numbers that come after the name, which may hold anything but ")". */
static bool
read_stat(int64_t field[STAT_RESIDENT + 1])
{
	char line[1024];
	FILE *file = fopen("/proc/self/stat", "re");
	char *p = file != NULL ? fgets(line, sizeof line, file) : NULL;
	int i = 3;

	if (file != NULL)
		fclose(file);
	p = p != NULL ? strrchr(p, ')') : NULL;
	if (p == NULL)
		return false;
	for (p += 2; i <= STAT_RESIDENT; i++) {
		size_t n = strcspn(p, " \n");
		struct hm_dec d;

		field[i] = 0;
		if (hm_dec_parse(hm_slice(p, n), &d))
			(void)hm_dec_rescale(d, 0, &field[i]);
		if (p[n] == '\0')
			return false;
		p += n + 1;
	}
	return true;
}

/* But for the one that counts them. */
static int64_t
count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int64_t count = -1;

	if (dir == NULL)
		return 0;
	for (const struct dirent *e; (e = readdir(dir)) != NULL;)
		count += e->d_name[0] != '.';
	closedir(dir);
	return count;
}

bool
hm_process_read(struct hm_process *process)
{
	int64_t field[STAT_RESIDENT + 1] = {0};
	int64_t ticks = sysconf(_SC_CLK_TCK);
	struct rlimit limit = {0};
	struct timespec up;

	if (ticks <= 0 || !read_stat(field) ||
	    clock_gettime(CLOCK_BOOTTIME, &up) < 0 ||
	    getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return false;
	process->cpu_ms = (field[STAT_USER] + field[STAT_SYSTEM]) * 1000 /
	    ticks;
	process->size = field[STAT_SIZE];
	process->resident = field[STAT_RESIDENT] * sysconf(_SC_PAGESIZE);
	process->fds = count_fds();
	process->fds_max = (int64_t)limit.rlim_cur;
	process->start_ms = hm_time_now_ms() - ((int64_t)up.tv_sec * 1000 +
	    up.tv_nsec / 1000000) + field[STAT_START] * 1000 / ticks;
	return true;
}
