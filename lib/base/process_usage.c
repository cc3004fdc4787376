#include "process_usage.h"

#include <dirent.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "decimal.h"

static int64_t
cpu_ms(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) < 0)
		return -1;
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The second number of statm, which counts pages. */
static int64_t
pages(const char *text, size_t size)
{
	const char *end = text + size, *p = memchr(text, ' ', size);
	struct hm_decimal number;
	const char *space;

	if (p == NULL)
		return -1;
	p++;
	space = memchr(p, ' ', (size_t)(end - p));
	if (space == NULL ||
	    !hm_decimal_parse(hm_slice(p, (size_t)(space - p)), &number))
		return -1;
	return number.units;
}

static int64_t
memory(void)
{
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	char text[128];
	ssize_t n;
	int64_t count;

	if (fd < 0)
		return -1;
	n = read(fd, text, sizeof text);
	close(fd);
	count = n > 0 ? pages(text, (size_t)n) : -1;
	return count >= 0 ? count * sysconf(_SC_PAGESIZE) : -1;
}

static int64_t
fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int64_t count = 0;

	if (dir == NULL)
		return -1;
	for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
		if (entry->d_name[0] != '.')
			count++;
	closedir(dir);
	return count - 1; /* without the descriptor of `dir` */
}

void
hm_process_usage_read(struct hm_process_usage *process)
{
	process->cpu_ms = cpu_ms();
	process->memory = memory();
	process->fds = fds();
}
