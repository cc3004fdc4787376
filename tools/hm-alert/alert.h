#ifndef HM_ALERT_H
#define HM_ALERT_H

#include "config/quiet_hours.h"
#include "record/record.h"

/*
 * From records to alarms about what no device tells by itself: a DTU that
 * does not answer, an inverter that is too hot, a port that gives less than
 * those beside it. Time is that of the records, so that a stream that is
 * replayed gives the same alarms; in between, the caller says how long no
 * record has come.
 */

#define HM_ALERT_REPEAT 600 /* seconds after which an alarm is told again */

struct hm_alert;

/* An alarm record, valid during the call. */
typedef void hm_alert_output(void *context, struct hm_slice line);

struct hm_alert_options {
	int64_t offline;     /* seconds */
	int64_t temperature; /* thousandths of a degree */
	int64_t drop;        /* thousandths of a port's power */
	const struct hm_quiet_hours *night; /* borrowed; NULL: not known */
	hm_alert_output *output;
	void *context;
};

struct hm_alert_counters {
	uint64_t alarms;  /* that began */
	uint64_t active;  /* that last */
	uint64_t refused; /* records of what found no room */
};

/* NULL if there is no memory. */
struct hm_alert *hm_alert_new(const struct hm_alert_options *options);
void hm_alert_free(struct hm_alert *alert);

const struct hm_alert_counters *hm_alert_counters(
    const struct hm_alert *alert);

/* Whether hm_alert_record makes anything of records of this type. */
bool hm_alert_takes(struct hm_slice type);

/*
 * Take in a record of such a type and hand out what follows from it. Returns
 * NULL, or why nothing could be made of the record.
 */
const char *hm_alert_record(struct hm_alert *alert, struct hm_slice type,
    const struct hm_record *record);

/*
 * No record has come for so many ms since the last one. Call it at least
 * every hm_alert_patience ms; -1 if there is nothing to wait for.
 */
void hm_alert_idle(struct hm_alert *alert, int64_t ms);
int hm_alert_patience(const struct hm_alert *alert);

#endif
