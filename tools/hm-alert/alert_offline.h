#ifndef HM_ALERT_OFFLINE_H
#define HM_ALERT_OFFLINE_H

#include "config/quiet_hours.h"

/*
 * When a DTU that does not answer is an alarm. Absence is counted from the
 * first poll that failed, and only by day; one failed poll is never enough.
 * A DTU that may have gone to sleep with its inverters is given time to wake.
 * All times are in seconds, and it looks at no clock.
 */

/* How long into the day a DTU may sleep. */
#define HM_AWAY_MORNING 7200
/* How long a night can be where nobody has said when it is. */
#define HM_AWAY_LONGEST_NIGHT 72000
/* What a poll with its retries takes at most, give or take. */
#define HM_AWAY_GRACE 60

struct hm_away_rules {
	int64_t threshold;            /* absence that is an alarm */
	const struct hm_quiet_hours *night; /* NULL: not configured */
};

/* All zeros is a DTU that answers. */
struct hm_away {
	bool away;
	bool asleep;     /* may be without power because it is dark */
	int64_t since;   /* the first failed poll */
	int64_t retry;   /* when the next one was to come */
	int64_t counted; /* absence so far */
	int64_t upto;    /* until when it has been counted */
};

/*
 * A poll has failed, and the next one comes at `retry`, 0 if that is not
 * known. `asleep`: as far as this poll tells, the DTU may be without power
 * because it is dark.
 */
void hm_away_failed(struct hm_away *away, int64_t now, int64_t retry,
    bool asleep);

void hm_away_answered(struct hm_away *away);

/* Whether it is an alarm by now. */
bool hm_away_is_due(struct hm_away *away, const struct hm_away_rules *rules,
    int64_t now);

#endif
