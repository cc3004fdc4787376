#ifndef HM_ALERT_H
#define HM_ALERT_H

#include "base/clock.h"
#include "config/quiet_hours.h"
#include "record/record.h"

/*
 * Raises alarms that no device sends: a DTU that does not answer, or repeats
 * its readings, an inverter that is too hot, a port that gives less than the
 * ports beside it. Time is taken from the records, so that a replayed stream
 * gives the same alarms; between records the caller passes the time since the
 * last record. If somebody sets the clock, alarms count on as if it had not
 * been set, and have the new time in their records.
 */

#define HM_ALERT_REPEAT 600 /* seconds until an alarm record is repeated */

struct hm_alert;

/* An alarm record, valid during the call. */
typedef void hm_alert_output(void *context, struct hm_slice line);

struct hm_alert_options {
	int64_t offline;     /* seconds */
	int64_t fresh_ms;    /* see hm_fresh_ms */
	int64_t temperature; /* thousandths of a degree */
	int64_t drop;        /* thousandths of a port's power */
	const struct hm_quiet_hours *night; /* borrowed; NULL: none is set */
	const char *database; /* borrowed; NULL: none */
	hm_alert_output *output;
	void *context;
};

struct hm_alert_counters {
	uint64_t alarms;  /* raised so far */
	uint64_t active;  /* alarms that have not ended */
	uint64_t refused; /* records of devices for which there is no room */
};

/* NULL if there is no memory. */
struct hm_alert *hm_alert_new(const struct hm_alert_options *options);
void hm_alert_free(struct hm_alert *alert);

const struct hm_alert_counters *hm_alert_counters(
    const struct hm_alert *alert);

/* Whether hm_alert_record uses records of this type. */
bool hm_alert_takes(struct hm_slice type);

/*
 * Before each record, and before hm_alert_idle: the clocks, by
 * hm_moment_since_boot.
 */
void hm_alert_clock(struct hm_alert *alert, const struct hm_moment *now);

/*
 * Judge a record of such a type, and output the alarms that it raises or ends.
 * Returns NULL, or the reason why the record cannot be used, a static text.
 */
const char *hm_alert_record(struct hm_alert *alert, struct hm_slice type,
    const struct hm_record *record);

/*
 * No record has come since the last one, `ms` ago. Call it at least every
 * hm_alert_wait_ms; that is -1 if no device needs to be checked.
 */
void hm_alert_idle(struct hm_alert *alert, int64_t ms);
int hm_alert_wait_ms(const struct hm_alert *alert);

#endif
