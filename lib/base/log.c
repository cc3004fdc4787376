#include "log.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <strings.h>
#include <unistd.h>

#include "clock.h"
#include "json_writer.h"
#include "log_output.h"
#include "rfc3339.h"
#include "utf8.h"

/* Even if JSON escapes each byte, the line fits PIPE_BUF: an atomic write. */
#define TEXT_MAX 1900
#define FACT_MAX 400

static struct {
	const char *tool;
	enum hm_level lowest;
	enum hm_log_format format;
	int wait_ms; /* for a reader of stderr that hangs */
} logger = {"hm", HM_WARNING, HM_LOG_STANDARD, 1000};

/* Lines that stderr did not take; the threads of a tool share them. */
static struct {
	pthread_mutex_t mutex;
	uint64_t total;
	uint64_t unsaid; /* since stderr last took a line */
	int64_t since;   /* the first of those, monotonic ms */
} dropped = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static const char *const level_names[] = {
    "debug", "info", "warning", "error", "critical"};
static const char *const format_names[] = {"standard", "json"};
static const struct hm_fact no_facts[] = {{.key = NULL}};

void
hm_log_start(const char *tool, enum hm_level lowest)
{
	logger.tool = tool;
	logger.lowest = lowest;
}

void
hm_log_use(enum hm_log_format format)
{
	logger.format = format;
}

enum hm_log_format
hm_log_format(void)
{
	return logger.format;
}

const char *
hm_log_tool(void)
{
	return logger.tool;
}

/* Lines */

static size_t
clamp(int printed, size_t room)
{
	if (printed < 0)
		return 0;
	return (size_t)printed < room ? (size_t)printed : room - 1;
}

static size_t
format_standard(enum hm_level level, struct hm_slice text, char line[PIPE_BUF])
{
	return clamp(snprintf(line, PIPE_BUF, "%.60s: %s: %.*s\n", logger.tool,
	    level_names[level], (int)text.n, text.p), PIPE_BUF);
}

static void
emit_fact(struct hm_json *e, const struct hm_fact *fact)
{
	char text[FACT_MAX], time[HM_RFC3339_SIZE];
	size_t n = fact->text.n < sizeof text ? fact->text.n : sizeof text;

	switch (fact->kind) {
	case HM_FACT_TEXT:
		if (fact->text.p == NULL)
			return;
		memcpy(text, fact->text.p, n);
		n = hm_utf8_clean(text, n);
		hm_json_string(e, fact->key, hm_slice(text, n));
		break;
	case HM_FACT_NUMBER:
		hm_json_int(e, fact->key, fact->number);
		break;
	case HM_FACT_TIME:
		if (fact->number != 0)
			hm_json_string(e, fact->key,
			    hm_rfc3339_format(fact->number, time));
		break;
	}
}

/* Facts that do not fit are left out: the text has them, too. */
static void
emit_facts(struct hm_json *e, const struct hm_fact *facts)
{
	for (; facts->key != NULL; facts++) {
		struct hm_json before = *e;

		emit_fact(e, facts);
		if (e->failed)
			*e = before;
	}
}

static size_t
format_json(enum hm_level level, const struct hm_fact *facts,
    struct hm_slice text, char line[PIPE_BUF])
{
	char time[HM_RFC3339_SIZE];
	struct hm_slice object;
	struct hm_json e;

	hm_json_start(&e, line, PIPE_BUF - sizeof "}");
	hm_json_object(&e, NULL);
	hm_json_string(&e, "time", hm_rfc3339_format(hm_clock_now(), time));
	hm_json_text(&e, "level", level_names[level]);
	hm_json_text(&e, "tool", logger.tool);
	hm_json_string(&e, "msg", text);
	emit_facts(&e, facts);
	e.cap++;
	hm_json_object_end(&e);
	if (!hm_json_done(&e, &object))
		return 0;
	line[object.n] = '\n';
	return object.n + 1;
}

static size_t
format_line(enum hm_level level, const struct hm_fact *facts,
    struct hm_slice text, char line[PIPE_BUF])
{
	return logger.format == HM_LOG_JSON ?
	    format_json(level, facts, text, line) :
	    format_standard(level, text, line);
}

/* Lines that were dropped */

/* False if stderr takes no line yet. */
static bool
say_dropped(void)
{
	unsigned long long lines = dropped.unsaid;
	int64_t s = (hm_monotonic_ms() - dropped.since + 500) / 1000;
	char text[200], line[PIPE_BUF];
	size_t n;

	if (lines == 0)
		return true;
	n = clamp(snprintf(text, sizeof text, "%llu messages were dropped, the "
	    "first %lld s ago: nothing read them", lines, (long long)s),
	    sizeof text);
	n = format_line(HM_WARNING, HM_FACTS(hm_fact_int("messages",
	    (int64_t)lines)), hm_slice(text, n), line);
	if (!hm_log_output(line, n, 0))
		return false;
	dropped.unsaid = 0;
	return true;
}

static void
write_line(char *line, size_t n)
{
	pthread_mutex_lock(&dropped.mutex);
	if (!say_dropped() || !hm_log_output(line, n, logger.wait_ms)) {
		if (dropped.unsaid++ == 0)
			dropped.since = hm_monotonic_ms();
		dropped.total++;
	}
	pthread_mutex_unlock(&dropped.mutex);
}

void
hm_log_wait_at_most(int ms)
{
	logger.wait_ms = ms;
}

uint64_t
hm_log_dropped(void)
{
	uint64_t total;

	pthread_mutex_lock(&dropped.mutex);
	say_dropped();
	total = dropped.total;
	pthread_mutex_unlock(&dropped.mutex);
	return total;
}

/* Messages */

__attribute__((format(printf, 4, 0))) static void
write_message(enum hm_level level, const struct hm_fact *facts,
    const char *error, const char *format, va_list args)
{
	char text[TEXT_MAX], line[PIPE_BUF];
	size_t n = clamp(vsnprintf(text, sizeof text, format, args),
	    sizeof text);

	if (error != NULL)
		n += clamp(snprintf(text + n, sizeof text - n, ": %s", error),
		    sizeof text - n);
	n = hm_utf8_clean(text, n);
	n = format_line(level, facts, hm_slice(text, n), line);
	if (n > 0)
		write_line(line, n);
}

void
hm_log(enum hm_level level, const char *format, ...)
{
	va_list args;

	if (level < logger.lowest)
		return;
	va_start(args, format);
	write_message(level, no_facts, NULL, format, args);
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
	write_message(level, HM_FACTS(hm_fact("reason", error)), error, format,
	    args);
	va_end(args);
}

void
hm_log_facts(enum hm_level level, const struct hm_fact *facts,
    const char *format, ...)
{
	va_list args;

	if (level < logger.lowest)
		return;
	va_start(args, format);
	write_message(level, facts, NULL, format, args);
	va_end(args);
}

/* At a terminal */

bool
hm_log_shows(enum hm_level level)
{
	return level >= logger.lowest;
}

bool
hm_log_has_terminal(void)
{
	return logger.format == HM_LOG_STANDARD && hm_log_shows(HM_WARNING) &&
	    isatty(STDERR_FILENO) == 1;
}

void
hm_log_progress(const char *format, ...)
{
	char text[TEXT_MAX], line[TEXT_MAX + 100];
	va_list args;
	size_t n;

	if (!hm_log_has_terminal())
		return;
	va_start(args, format);
	n = clamp(vsnprintf(text, sizeof text, format, args), sizeof text);
	va_end(args);
	n = hm_utf8_clean(text, n);
	n = clamp(snprintf(line, sizeof line, "%.60s: %.*s\n", logger.tool,
	    (int)n, text), sizeof line);
	write_line(line, n);
}

/* Names */

static bool
find_name(const char *const *names, size_t count, const char *name,
    size_t *found)
{
	for (*found = 0; *found < count; ++*found)
		if (strcasecmp(name, names[*found]) == 0)
			return true;
	return false;
}

bool
hm_level_parse(const char *name, enum hm_level *level)
{
	size_t i;

	if (!find_name(level_names, sizeof level_names / sizeof *level_names,
	    name, &i))
		return false;
	*level = (enum hm_level)i;
	return true;
}

bool
hm_log_format_parse(const char *name, enum hm_log_format *format)
{
	size_t i;

	if (!find_name(format_names,
	    sizeof format_names / sizeof *format_names, name, &i))
		return false;
	*format = (enum hm_log_format)i;
	return true;
}
