#include "tally.h"

#include <stdio.h>

#include "base/log.h"
#include "base/process.h"
#include "record/record.h"
#include "base/clock.h"
#include "base/rfc3339.h"

#define TOLD_MAX 10
#define PERIOD_MS 60000

void
hm_tally_start(struct hm_tally *tally, bool durable)
{
	*tally = (struct hm_tally){.durable = durable,
	    .started = hm_monotonic_ms()};
}

void
hm_tally_counter(struct hm_tally *tally, const char *name,
    const uint64_t *value)
{
	if (tally->counters == HM_TALLY_COUNTERS)
		return;
	tally->counter[tally->counters].name = name;
	tally->counter[tally->counters++].value = value;
}

/* Bad lines */

void
hm_tally_bad(struct hm_tally *tally, uint64_t line, const char *format,
    va_list args)
{
	char text[256];

	tally->bad_lines++;
	if (tally->told == TOLD_MAX) {
		tally->untold++;
		return;
	}
	if (tally->told++ == 0)
		tally->period_end = hm_monotonic_ms() + PERIOD_MS;
	if (vsnprintf(text, sizeof text, format, args) < 0)
		text[0] = '\0';
	hm_log_facts(HM_WARNING, HM_FACTS(hm_fact_int("line", (int64_t)line),
	    hm_fact("reason", text)), "line %llu: %s",
	    (unsigned long long)line, text);
}

int64_t
hm_tally_due(const struct hm_tally *tally)
{
	return tally->told > 0 ? tally->period_end : 0;
}

void
hm_tally_tell(struct hm_tally *tally, int64_t now)
{
	if (tally->told == 0 || now < tally->period_end)
		return;
	if (tally->untold > 0)
		hm_log_facts(HM_WARNING, HM_FACTS(hm_fact_int("bad_lines",
		    (int64_t)tally->untold)),
		    "%llu more bad lines were skipped",
		    (unsigned long long)tally->untold);
	tally->told = tally->untold = 0;
}

/* Stats records */

static void
emit_known(struct hm_emit *e, const char *key, int64_t number)
{
	if (number >= 0)
		hm_emit_int(e, key, number);
}

static void
emit_process(struct hm_emit *e)
{
	struct hm_process process;

	hm_process_look(&process);
	emit_known(e, "cpu_ms", process.cpu_ms);
	emit_known(e, "memory", process.memory);
	emit_known(e, "fds", process.fds);
}

static void
emit_counters(struct hm_emit *e, const struct hm_tally *tally)
{
	hm_emit_int(e, "records_in", (int64_t)tally->records_in);
	hm_emit_int(e, "records_out", (int64_t)tally->records_out);
	hm_emit_int(e, "bad_lines", (int64_t)tally->bad_lines);
	if (tally->durable)
		hm_emit_int(e, "torn_lines", (int64_t)tally->torn_lines);
	for (size_t i = 0; i < tally->counters; i++)
		hm_emit_int(e, tally->counter[i].name,
		    (int64_t)*tally->counter[i].value);
}

bool
hm_tally_stats(const struct hm_tally *tally, char *buf, size_t cap,
    struct hm_slice *line)
{
	char time[HM_TIME_TEXT];
	struct hm_emit e;

	hm_emit_start(&e, buf, cap);
	hm_emit_record(&e, "stats", hm_time_format(hm_time_now(), time));
	hm_emit_text(&e, "tool", hm_log_tool());
	hm_emit_int(&e, "uptime",
	    (hm_monotonic_ms() - tally->started) / 1000);
	emit_process(&e);
	emit_counters(&e, tally);
	hm_emit_object_end(&e);
	return hm_emit_done(&e, line);
}
