#include "alert_offline.h"

#include <stddef.h>

#define STEP 60
#define COUNTED_AT_ONCE ((int64_t)3 * 86400)
#define RETRY_MAX ((int64_t)86400) /* the longest time between two polls */

static int64_t
within(int64_t value, int64_t min, int64_t max)
{
	if (value < min)
		return min;
	return value < max ? value : max;
}

void
hm_offline_failed(struct hm_offline *away, int64_t now, int64_t retry,
    bool asleep)
{
	if (away->away) {
		away->asleep = away->asleep && asleep;
		return;
	}
	*away = (struct hm_offline){
	    .away = true,
	    .asleep = asleep,
	    .since = now,
	    .retry = within(retry, now, now + RETRY_MAX),
	    .upto = now,
	};
}

void
hm_offline_answered(struct hm_offline *away)
{
	*away = (struct hm_offline){.away = false};
}

static int64_t
enough(const struct hm_offline *away, const struct hm_offline_rules *rules)
{
	if (!away->asleep)
		return rules->threshold;
	return rules->threshold + (rules->night != NULL ? HM_OFFLINE_MORNING :
	    HM_OFFLINE_LONGEST_NIGHT);
}

/*
 * A sleeping DTU is not overdue until HM_OFFLINE_MORNING after the night,
 * whenever it went silent.
 */
static void
count_step(struct hm_offline *away, const struct hm_offline_rules *rules,
    int64_t until)
{
	if (rules->night == NULL ||
	    !hm_quiet_hours_is_night(rules->night, until + rules->set))
		away->counted += until - away->upto;
	else if (away->asleep)
		away->counted = 0;
	away->upto = until;
}

static void
count(struct hm_offline *away, const struct hm_offline_rules *rules,
    int64_t now)
{
	int64_t wanted = enough(away, rules);

	/* If the clock was set back, count from the new time. */
	if (now < away->upto) {
		away->upto = now;
		if (away->since > now)
			away->since = away->retry = now;
	}
	if (now - away->upto > COUNTED_AT_ONCE)
		away->upto = now - COUNTED_AT_ONCE;
	while (away->upto < now && away->counted < wanted)
		count_step(away, rules, now - away->upto > STEP ?
		    away->upto + STEP : now);
	away->upto = now;
}

bool
hm_offline_is_due(struct hm_offline *away, const struct hm_offline_rules *rules,
    int64_t now)
{
	if (!away->away)
		return false;
	count(away, rules, now);
	return away->counted >= enough(away, rules) &&
	    now >= away->retry + HM_OFFLINE_GRACE;
}
