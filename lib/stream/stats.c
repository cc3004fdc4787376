#include "stats.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/process_usage.h"
#include "base/rfc3339.h"
#include "record/record.h"

#define LOGGED_MAX 10
#define PERIOD_MS 60000

void
hm_stats_start(struct hm_stats *stats, bool durable)
{
	*stats = (struct hm_stats){.durable = durable,
	    .started = hm_monotonic_ms()};
}

void
hm_stats_counter(struct hm_stats *stats, const char *name,
    const uint64_t *value)
{
	if (stats->counters == HM_STATS_COUNTERS)
		return;
	stats->counter[stats->counters].name = name;
	stats->counter[stats->counters++].value = value;
}

/* Bad lines */

static bool
may_log(struct hm_stats *stats)
{
	if (stats->logged == LOGGED_MAX) {
		stats->unlogged++;
		return false;
	}
	if (stats->logged++ == 0)
		stats->period_end = hm_monotonic_ms() + PERIOD_MS;
	return true;
}

void
hm_stats_torn(struct hm_stats *stats, uint64_t line)
{
	stats->torn_lines++;
	if (may_log(stats))
		hm_log_facts(HM_WARNING, HM_FACTS(hm_fact_int("line",
		    (int64_t)line)), "line %llu is torn: its writer was killed",
		    (unsigned long long)line);
}

void
hm_stats_bad(struct hm_stats *stats, uint64_t line, const char *format,
    va_list args)
{
	char text[256];

	stats->bad_lines++;
	if (!may_log(stats))
		return;
	if (vsnprintf(text, sizeof text, format, args) < 0)
		text[0] = '\0';
	hm_log_facts(HM_WARNING, HM_FACTS(hm_fact_int("line", (int64_t)line),
	    hm_fact("reason", text)), "line %llu: %s",
	    (unsigned long long)line, text);
}

int64_t
hm_stats_due(const struct hm_stats *stats)
{
	return stats->logged > 0 ? stats->period_end : 0;
}

void
hm_stats_report(struct hm_stats *stats, int64_t now)
{
	if (stats->logged == 0 || now < stats->period_end)
		return;
	if (stats->unlogged > 0)
		hm_log_facts(HM_WARNING, HM_FACTS(hm_fact_int("bad_lines",
		    (int64_t)stats->unlogged)),
		    "%llu more bad lines were skipped",
		    (unsigned long long)stats->unlogged);
	stats->logged = stats->unlogged = 0;
}

/* Stats records */

static void
emit_known(struct hm_json *e, const char *key, int64_t number)
{
	if (number >= 0)
		hm_json_int(e, key, number);
}

static void
emit_process(struct hm_json *e)
{
	struct hm_process_usage process;

	hm_process_usage_read(&process);
	emit_known(e, "cpu_ms", process.cpu_ms);
	emit_known(e, "memory", process.memory);
	emit_known(e, "fds", process.fds);
}

static void
emit_counters(struct hm_json *e, const struct hm_stats *stats)
{
	uint64_t dropped = hm_log_dropped();

	hm_json_int(e, "records_in", (int64_t)stats->records_in);
	hm_json_int(e, "records_out", (int64_t)stats->records_out);
	hm_json_int(e, "bad_lines", (int64_t)stats->bad_lines);
	if (stats->durable)
		hm_json_int(e, "torn_lines", (int64_t)stats->torn_lines);
	if (dropped > 0)
		hm_json_int(e, "dropped_messages", (int64_t)dropped);
	for (size_t i = 0; i < stats->counters; i++)
		hm_json_int(e, stats->counter[i].name,
		    (int64_t)*stats->counter[i].value);
}

bool
hm_stats_record(const struct hm_stats *stats, char *buf, size_t cap,
    struct hm_slice *line)
{
	char time[HM_RFC3339_SIZE];
	struct hm_json e;

	hm_json_start(&e, buf, cap);
	hm_json_record(&e, "stats", hm_rfc3339_format(hm_clock_now(), time));
	hm_json_text(&e, "tool", hm_log_tool());
	hm_json_text(&e, "version", HM_VERSION);
	hm_json_int(&e, "uptime",
	    (hm_monotonic_ms() - stats->started) / 1000);
	emit_process(&e);
	emit_counters(&e, stats);
	hm_json_object_end(&e);
	return hm_json_done(&e, line);
}
