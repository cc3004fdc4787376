#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <strings.h>
#include <unistd.h>

/* A line fits PIPE_BUF, so that tools that share a log never mix theirs. */
#define LINE_MAX_BYTES 2048

static struct {
	const char *tool;
	enum hm_level lowest;
} logger = {"hm", HM_WARNING};

static const char *const level_names[] = {
    "debug", "info", "warning", "error", "critical"};

void
hm_log_start(const char *tool, enum hm_level lowest)
{
	logger.tool = tool;
	logger.lowest = lowest;
}

const char *
hm_log_tool(void)
{
	return logger.tool;
}

static size_t
clamp(int printed, size_t room)
{
	if (printed < 0)
		return 0;
	return (size_t)printed < room ? (size_t)printed : room - 1;
}

static void
write_line(enum hm_level level, const char *error, const char *format,
    va_list args)
{
	char line[LINE_MAX_BYTES];
	size_t room = sizeof line - 1; /* keep a byte for the newline */
	size_t n;

	n = clamp(snprintf(line, room, "%s: %s: ", logger.tool,
	    level_names[level]), room);
	n += clamp(vsnprintf(line + n, room - n, format, args), room - n);
	if (error != NULL)
		n += clamp(snprintf(line + n, room - n, ": %s", error),
		    room - n);
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = '?';
	line[n++] = '\n';
	/* There is nowhere left to report a log that cannot be written. */
	if (write(STDERR_FILENO, line, n) < 0)
		return;
}

void
hm_log(enum hm_level level, const char *format, ...)
{
	va_list args;

	if (level < logger.lowest)
		return;
	va_start(args, format);
	write_line(level, NULL, format, args);
	va_end(args);
}

void
hm_log_errno(enum hm_level level, const char *format, ...)
{
	const char *error = strerror(errno);
	va_list args;

	if (level < logger.lowest)
		return;
	va_start(args, format);
	write_line(level, error, format, args);
	va_end(args);
}

bool
hm_level_parse(const char *name, enum hm_level *level)
{
	for (size_t i = 0; i < sizeof level_names / sizeof *level_names; i++)
		if (strcasecmp(name, level_names[i]) == 0) {
			*level = (enum hm_level)i;
			return true;
		}
	return false;
}
