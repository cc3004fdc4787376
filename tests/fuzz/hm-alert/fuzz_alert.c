#include <stdlib.h>

#include "alert.h"
#include "base/log.h"
#include "base/rfc3339.h"

/*
 * Any records, one a line; a line "+N" is a silence of N seconds. All output is
 * alarm records: each alarm begins, is repeated and ends.
 */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct hm_record record, alarm;
static uint64_t told, ended;

static void
on_alarm(void *context, struct hm_slice line)
{
	struct hm_fault fault;
	struct hm_slice text;
	int64_t start, end;

	(void)context;
	if (!hm_record_parse(&alarm, line, &fault) ||
	    !hm_record_string(&alarm, "alert", &text) ||
	    !hm_record_string(&alarm, "text", &text) ||
	    !hm_record_string(&alarm, "start", &text) ||
	    !hm_rfc3339_parse(text, &start))
		abort();
	told++;
	if (!hm_record_string(&alarm, "end", &text))
		return;
	if (!hm_rfc3339_parse(text, &end) || end < start)
		abort();
	ended++;
}

static void
silence(struct hm_alert *alert, struct hm_slice line)
{
	struct hm_decimal seconds;
	int64_t ms;

	if (hm_decimal_parse(hm_slice(line.p + 1, line.n - 1), &seconds) &&
	    hm_decimal_rescale(seconds, 3, &ms) && ms > 0)
		hm_alert_idle(alert, ms);
}

static void
take(struct hm_alert *alert, struct hm_slice line)
{
	struct hm_fault fault;
	struct hm_slice type;

	if (line.n > 0 && line.p[0] == '+') {
		silence(alert, line);
		return;
	}
	if (!hm_record_parse(&record, line, &fault) ||
	    !hm_record_string(&record, "type", &type) || !hm_alert_takes(type))
		return;
	hm_alert_record(alert, type, &record);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct hm_quiet_hours night =
	    {.begin = 22 * 3600, .end = 6 * 3600};
	const struct hm_alert_options options = {.offline = 300,
	    .temperature = 80000, .drop = 500, .output = on_alarm,
	    .night = size % 2 == 0 ? &night : NULL};
	struct hm_alert *alert = hm_alert_new(&options);
	const char *p = (const char *)data, *end = p + size;

	hm_log_start("fuzz", HM_CRITICAL);
	told = ended = 0;
	while (alert != NULL && p < end) {
		const char *lf = memchr(p, '\n', (size_t)(end - p));
		const char *stop = lf != NULL ? lf : end;
		const struct hm_alert_counters *counters;

		take(alert, hm_slice(p, (size_t)(stop - p)));
		counters = hm_alert_counters(alert);
		if (counters->alarms - ended != counters->active ||
		    told < counters->alarms + ended)
			abort();
		p = stop + 1;
	}
	hm_alert_free(alert);
	return 0;
}
