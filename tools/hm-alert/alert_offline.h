#ifndef HM_ALERT_OFFLINE_H
#define HM_ALERT_OFFLINE_H

#include "config/quiet_hours.h"

/*
 * Decides when a DTU that does not answer is an alarm. Absence is counted from
 * the first failed poll, and only by day. A single failed poll is no alarm. A
 * DTU that may sleep with its inverters gets time to wake up. All times are in
 * seconds; no clock is read.
 */

/* How long into the day a DTU may sleep. */
#define HM_OFFLINE_MORNING 7200
/* The longest night, if the setting night is not given. */
#define HM_OFFLINE_LONGEST_NIGHT 72000
/* About the longest time that a poll with its retries takes. */
#define HM_OFFLINE_GRACE 60

struct hm_offline_rules {
	int64_t threshold;            /* absence that raises the alarm */
	const struct hm_quiet_hours *night; /* NULL: not configured */
	int64_t set; /* the clock was set by so much, to judge the night */
};

/* All zeros is a DTU that answers. */
struct hm_offline {
	bool away;
	bool asleep;     /* may be without power because it is dark */
	int64_t since;   /* time of the first failed poll */
	int64_t retry;   /* time at which the second poll was due */
	int64_t counted; /* absence so far */
	int64_t upto;    /* absence has been counted up to here */
};

/*
 * A poll has failed; the next one is due at `retry`, 0 if that is unknown.
 * `asleep`: judging by this poll the DTU may have no power because it is dark.
 */
void hm_offline_failed(struct hm_offline *away, int64_t now, int64_t retry,
    bool asleep);

void hm_offline_answered(struct hm_offline *away);

/* Whether the DTU has been absent for long enough to raise an alarm. */
bool hm_offline_is_due(struct hm_offline *away,
    const struct hm_offline_rules *rules, int64_t now);

#endif
