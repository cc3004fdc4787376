#ifndef HM_STATS_H
#define HM_STATS_H

#include <stdarg.h>

#include "base/json_writer.h"

/* The counters of a stream, its stats records, and a bounded number of log
   messages about bad lines. */

#define HM_STATS_COUNTERS ((size_t)24)

struct hm_stats {
	uint64_t records_in, records_out, bad_lines, torn_lines;
	bool durable; /* count torn lines */

	/* For stats.c alone. */
	struct {
		const char *name;
		const uint64_t *value;
	} counter[HM_STATS_COUNTERS];
	size_t counters;
	int64_t started;
	uint64_t logged, unlogged; /* bad lines in this period */
	int64_t period_end;
};

void hm_stats_start(struct hm_stats *stats, bool durable);

/*
 * Name a counter of the tool's own. Both pointers are borrowed. Counters beyond
 * HM_STATS_COUNTERS are ignored.
 */
void hm_stats_counter(struct hm_stats *stats, const char *name,
    const uint64_t *value);

/*
 * Count a bad line and log a warning. From the tenth in a minute on, bad lines
 * are only counted, and the count is logged when the minute is over.
 */
__attribute__((format(printf, 3, 0))) void hm_stats_bad(
    struct hm_stats *stats, uint64_t line, const char *format, va_list args);

/* Count and log a line that its writer did not finish; logged as bad ones. */
void hm_stats_torn(struct hm_stats *stats, uint64_t line);

/* When the count is to be logged, in monotonic ms; 0: nothing to log. */
int64_t hm_stats_due(const struct hm_stats *stats);

/* Log the count if its minute is over, or at once if `now` is INT64_MAX. */
void hm_stats_report(struct hm_stats *stats, int64_t now);

/* Write a stats record into `buf`. False if it does not fit. */
bool hm_stats_record(const struct hm_stats *stats, char *buf, size_t cap,
    struct hm_slice *line);

#endif
