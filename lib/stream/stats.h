#ifndef HM_STATS_H
#define HM_STATS_H

#include <stdarg.h>

#include "base/json_writer.h"

/* What a tool counts of its stream, and tells of it: stats records, and the
   lines that are bad, without a flood of messages. */

#define HM_STATS_COUNTERS ((size_t)24)

struct hm_stats {
	uint64_t records_in, records_out, bad_lines, torn_lines;
	bool durable; /* torn lines can come */

	/* For stats.c alone. */
	struct {
		const char *name;
		const uint64_t *value;
	} counter[HM_STATS_COUNTERS];
	size_t counters;
	int64_t started;
	uint64_t told, untold; /* bad lines in this period */
	int64_t period_end;
};

void hm_stats_start(struct hm_stats *stats, bool durable);

/*
 * Name a counter of the tool's own. Both pointers are borrowed. Beyond
 * HM_STATS_COUNTERS they are left out.
 */
void hm_stats_counter(struct hm_stats *stats, const char *name,
    const uint64_t *value);

/*
 * A line is bad: count it and warn of it. From the tenth in a minute on they
 * are only counted, and the count is logged when the minute is over.
 */
__attribute__((format(printf, 3, 0))) void hm_stats_bad(
    struct hm_stats *stats, uint64_t line, const char *format, va_list args);

/* When the minute is over, in monotonic ms; 0: there is nothing to tell. */
int64_t hm_stats_due(const struct hm_stats *stats);

/* Tell what was left untold, if its minute is over or if `now` is INT64_MAX. */
void hm_stats_report(struct hm_stats *stats, int64_t now);

/* The stats record of this moment, in `buf`. False if it does not fit. */
bool hm_stats_record(const struct hm_stats *stats, char *buf, size_t cap,
    struct hm_slice *line);

#endif
