#ifndef HM_HA_H
#define HM_HA_H

#include "ha_entity.h"
#include "ha_message.h"
#include "record/record.h"

/*
 * From records to Home Assistant: what is announced, what is said of it, and
 * when. Time is that of the records, not a clock's, so that a stream that is
 * replayed gives the same messages, however fast it comes.
 */

struct hm_ha;

struct hm_ha_options {
	struct hm_ha_style style;
	struct hm_ha_entities entities;
	bool alerts; /* hm-alert tells of them: each has its entity at once */
};

struct hm_ha_counters {
	uint64_t announcements; /* discovery messages */
	uint64_t states;        /* state messages */
	uint64_t refused;       /* records of devices that found no room */
};

/* A message, valid during the call. */
typedef void hm_ha_output(void *context, struct hm_slice line);

/* NULL if there is no memory. What the options point to is borrowed. */
struct hm_ha *hm_ha_new(const struct hm_ha_options *options,
    hm_ha_output *output, void *context);
void hm_ha_free(struct hm_ha *ha);

const struct hm_ha_counters *hm_ha_counters(const struct hm_ha *ha);

/*
 * Take in a record and hand out what follows from it. Of a type that means
 * nothing here, it is passed over. Returns NULL, or why nothing could be made
 * of the record.
 */
const char *hm_ha_record(struct hm_ha *ha, struct hm_slice type,
    const struct hm_record *record);

/* Whether hm_ha_record makes anything of records of this type. */
bool hm_ha_takes(struct hm_slice type);

#endif
