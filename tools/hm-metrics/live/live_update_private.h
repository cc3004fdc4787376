#ifndef HM_LIVE_UPDATE_PRIVATE_H
#define HM_LIVE_UPDATE_PRIVATE_H

#include "live.h"

/*
 * How a record updates the live state; private to live_update.c, which checks
 * the record's type, and to the files named below.
 */

/* live_members.c: members of a record, as the live state has them */

/* As hm_record_text, but false if it does not fit: a cut name is ambiguous. */
bool hm_live_name(const struct hm_record *record, const char *key, char *out,
    size_t cap);

/* The time under a key in seconds since 1970, or `otherwise`. */
int64_t hm_live_time(const struct hm_record *record, const char *key,
    int64_t otherwise);

/* The index of the record's DTU; SIZE_MAX, and counted, if it has none. */
size_t hm_live_dtu_of(struct hm_live *live, const struct hm_record *record);

bool hm_live_is_true(const struct hm_record *record, const char *key);

/* The steady clock, at least 1: in the live state 0 means never. */
static inline int64_t
hm_live_steady(const struct hm_moment *now)
{
	return now->steady > 0 ? now->steady : 1;
}

/* live_readings.c: readings of a type, and info records */
void hm_live_on_reading(struct hm_live *live,
    const struct hm_reading_type *type, const struct hm_record *record,
    const struct hm_moment *now);
void hm_live_on_info(struct hm_live *live, const struct hm_record *record,
    const struct hm_moment *now);

/* live_polls.c: good polls, from a DTU's readings; failed ones, from status */
void hm_live_count_poll(struct hm_live_dtu *dtu,
    const struct hm_record *record, const struct hm_moment *now);
void hm_live_on_status(struct hm_live *live, const struct hm_record *record,
    const struct hm_moment *now);

/* live_alarms.c: alarms of inverters, and alerts */
void hm_live_on_alarm(struct hm_live *live, const struct hm_record *record,
    const struct hm_moment *now);

void hm_live_on_alarms(struct hm_live *live, const struct hm_record *record,
    const struct hm_moment *now);

/* live_tools.c: what the tools of the chain report, and their deaths */
void hm_live_on_stats(struct hm_live *live, const struct hm_record *record,
    const struct hm_moment *now);
void hm_live_on_death(struct hm_live *live, const struct hm_record *record,
    const struct hm_moment *now);

#endif
