#ifndef HM_ALERT_H
#define HM_ALERT_H

#include "config/quiet_hours.h"
#include "record/record.h"

/*
 * Makes alarms that no device sends: a DTU that does not answer, an inverter
 * that is too hot, a port that gives less than those beside it. Time is that of
 * the records, so that a replayed stream gives the same alarms; between records
 * the caller says how long none has come.
 */

#define HM_ALERT_REPEAT 600 /* seconds until an alarm record is repeated */

struct hm_alert;

/* An alarm record, valid during the call. */
typedef void hm_alert_output(void *context, struct hm_slice line);

struct hm_alert_options {
	int64_t offline;     /* seconds */
	int64_t temperature; /* thousandths of a degree */
	int64_t drop;        /* thousandths of a port's power */
	const struct hm_quiet_hours *night; /* borrowed; NULL: none is set */
	hm_alert_output *output;
	void *context;
};

struct hm_alert_counters {
	uint64_t alarms;  /* that began */
	uint64_t active;  /* that last */
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
 * Judge a record of such a type, and output the alarms that follow. Returns
 * NULL, or why the record could not be used.
 */
const char *hm_alert_record(struct hm_alert *alert, struct hm_slice type,
    const struct hm_record *record);

/*
 * No record has come for so many ms since the last one. Call it at least
 * every hm_alert_wait_ms ms; -1 if there is nothing to wait for.
 */
void hm_alert_idle(struct hm_alert *alert, int64_t ms);
int hm_alert_wait_ms(const struct hm_alert *alert);

#endif
