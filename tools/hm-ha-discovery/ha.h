#ifndef HM_HA_H
#define HM_HA_H

#include "ha_entity.h"
#include "ha_message.h"
#include "record/record.h"

/*
 * Turns records into messages to Home Assistant: announcements, states, and the
 * availability of DTUs. Time is taken from the records and not from a clock, so
 * that a replayed stream gives the same messages.
 */

struct hm_ha;

struct hm_ha_options {
	struct hm_ha_style style;
	struct hm_ha_entities entities;
	int64_t fresh_ms; /* see hm_fresh_ms */
	bool control; /* DTUs take commands */
	bool alerts; /* hm-alert runs: announce alerts with the first reading */
};

struct hm_ha_counters {
	uint64_t announcements; /* discovery messages */
	uint64_t states;        /* state messages */
	uint64_t refused;       /* records left out: a table is full */
};

/* Gets a message, an mqtt record, which is valid during the call. */
typedef void hm_ha_output(void *context, struct hm_slice line);

/* NULL if there is no memory. The pointers in `options` are borrowed. */
struct hm_ha *hm_ha_new(const struct hm_ha_options *options,
    hm_ha_output *output, void *context);
void hm_ha_free(struct hm_ha *ha);

const struct hm_ha_counters *hm_ha_counters(const struct hm_ha *ha);

/*
 * Send the messages that follow from a record; other types are ignored. Returns
 * NULL, or the reason why the record cannot be used, a static text.
 */
const char *hm_ha_record(struct hm_ha *ha, struct hm_slice type,
    const struct hm_record *record);

/*
 * Whether messages are held: a poll with something to announce is not over.
 * Send them, because it is: nothing has come for a moment, or nothing will. The
 * next record of another poll does the same.
 */
bool hm_ha_holds(const struct hm_ha *ha);
void hm_ha_release(struct hm_ha *ha);

/*
 * The input is complete: an alert that has not come by now is none. Then call
 * hm_ha_release.
 */
void hm_ha_end(struct hm_ha *ha);

/* Whether hm_ha_record uses records of this type. */
bool hm_ha_takes(struct hm_slice type);

#endif
