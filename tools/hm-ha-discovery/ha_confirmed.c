#include "ha_confirmed.h"

#include <string.h>

#define PERCENT_MAX 1000
#define WATTS_MIN 10
/* Part of a power, and 0.1 W, by which it may exceed its limit. */
#define TOLERANCE 20
#define TOLERANCE_MIN 50

static void
confirm(struct hm_ha_confirmed *c, struct hm_ha_confirmed_value *v,
    int64_t value)
{
	if (v->belief == HM_HA_KNOWN && v->value == value)
		return;
	v->belief = HM_HA_KNOWN;
	v->value = value;
	c->is_new = true;
}

/* Also what an earlier run may have said. */
static void
deny(struct hm_ha_confirmed *c, struct hm_ha_confirmed_value *v)
{
	if (v->belief == HM_HA_DENIED)
		return;
	v->belief = HM_HA_DENIED;
	c->is_new = true;
}

static void
deny_known(struct hm_ha_confirmed *c, struct hm_ha_confirmed_value *v)
{
	if (v->belief == HM_HA_KNOWN)
		deny(c, v);
}

/* Home Assistant logs an error for a limit that nobody can set there. */
static void
confirm_percent(struct hm_ha_confirmed *c, int64_t percent)
{
	if (percent >= c->least && percent <= PERCENT_MAX)
		confirm(c, &c->percent, percent);
	else
		deny(c, &c->percent);
}

void
hm_ha_confirmed_bound(struct hm_ha_confirmed *c, int64_t least,
    int64_t watts_max)
{
	c->least = least;
	c->watts_max = watts_max;
	if (c->percent.value < least)
		deny_known(c, &c->percent);
}

/* Readings */

void
hm_ha_confirmed_see(struct hm_ha_confirmed *c, int64_t seconds,
    const struct hm_ha_seen *seen)
{
	struct hm_ha_round *round = &c->round;

	if (round->seconds != seconds)
		*round = (struct hm_ha_round){.seconds = seconds};
	round->inverters++;
	round->heard += seen->heard;
	round->producing += seen->heard && seen->producing;
	c->shows_limits = c->shows_limits || seen->limit > 0;
	if (!seen->heard || seen->limit <= 0)
		return;
	if (round->limits++ == 0)
		round->limit = seen->limit;
	round->differ = round->differ || round->limit != seen->limit;
}

/* Inverters get a new limit at different times. */
static void
look_at_limits(struct hm_ha_confirmed *c, bool complete)
{
	const struct hm_ha_round *round = &c->round;

	if (round->limits == 0)
		return;
	if (round->differ)
		deny(c, &c->percent);
	else if (complete && round->limits == round->inverters)
		confirm_percent(c, round->limit);
	else if (round->limit != c->percent.value)
		deny_known(c, &c->percent);
}

/* Without power they may be on: at night. */
static void
look_at_production(struct hm_ha_confirmed *c, bool complete)
{
	const struct hm_ha_round *round = &c->round;
	bool says_on = c->on.belief == HM_HA_KNOWN && c->on.value != 0;

	if (round->producing == 0)
		return;
	if (complete && round->producing == round->inverters)
		confirm(c, &c->on, 1);
	else if (!says_on)
		deny(c, &c->on);
}

/* An inverter that restarts forgets its temporary limit. */
static void
look_at_watts(struct hm_ha_confirmed *c, int64_t power)
{
	int64_t most = c->watts.value + c->watts.value / TOLERANCE +
	    TOLERANCE_MIN;

	if (c->round.producing < c->round.inverters || power > most)
		deny_known(c, &c->watts);
}

static void
look_at_limit_of_dtu(struct hm_ha_confirmed *c)
{
	if (!c->limit_waits || !c->was_heard)
		return;
	c->limit_waits = false;
	if (!c->shows_limits)
		confirm_percent(c, c->limit_of_dtu);
}

void
hm_ha_confirmed_look(struct hm_ha_confirmed *c, int64_t seconds, int64_t all,
    int64_t power)
{
	const struct hm_ha_round *round = &c->round;
	bool complete = round->heard == round->inverters && all >= 0 &&
	    (uint64_t)all == round->inverters;

	if (round->seconds != seconds || round->inverters == 0)
		return;
	c->was_heard = c->was_heard || round->heard > 0;
	look_at_limits(c, complete);
	look_at_limit_of_dtu(c);
	look_at_production(c, complete);
	look_at_watts(c, power);
	c->round = (struct hm_ha_round){0};
}

void
hm_ha_confirmed_limit(struct hm_ha_confirmed *c, int64_t percent)
{
	c->limit_waits = true;
	c->limit_of_dtu = percent;
	look_at_limit_of_dtu(c);
}

void
hm_ha_confirmed_forget(struct hm_ha_confirmed *c, bool of_earlier_run)
{
	if (of_earlier_run && c->watts.belief == HM_HA_NOT_KNOWN)
		deny(c, &c->watts);
	else if (!of_earlier_run)
		deny_known(c, &c->watts);
}

/* Results */

/*
 * Over Modbus a limit that the DTU shows already is not sent, and the result is
 * unknown: what was confirmed stays so.
 */
static bool
is_as_before(const struct hm_ha_confirmed *c, const struct hm_result *result)
{
	return result->error != NULL &&
	    strcmp(result->error, "no_readback") == 0 &&
	    c->percent.belief == HM_HA_KNOWN &&
	    c->percent.value == result->percent;
}

static void
end_limit(struct hm_ha_confirmed *c, const struct hm_result *result)
{
	if (is_as_before(c, result))
		return;
	c->limit_waits = false;
	if (result->state == HM_RESULT_UNKNOWN)
		deny(c, &c->percent);
	else if (result->percent >= 0)
		confirm_percent(c, result->percent);
	deny_known(c, &c->watts);
}

static void
end_temporary(struct hm_ha_confirmed *c, const struct hm_result *result)
{
	if (result->state == HM_RESULT_DONE && result->watts >= WATTS_MIN &&
	    result->watts <= c->watts_max)
		confirm(c, &c->watts, result->watts);
	else
		deny_known(c, &c->watts);
}

static void
end_switch(struct hm_ha_confirmed *c, const struct hm_result *result,
    bool is_part)
{
	if (is_part || result->state == HM_RESULT_UNKNOWN)
		deny(c, &c->on);
	else if (result->on >= 0)
		confirm(c, &c->on, result->on);
	deny_known(c, &c->watts);
}

void
hm_ha_confirmed_result(struct hm_ha_confirmed *c, enum hm_action action,
    const struct hm_result *result, bool is_part)
{
	if (result->state != HM_RESULT_DONE &&
	    result->state != HM_RESULT_UNKNOWN)
		return;
	switch (action) {
	case HM_ACTION_LIMIT:
		end_limit(c, result);
		break;
	case HM_ACTION_LIMIT_TEMPORARY:
		end_temporary(c, result);
		break;
	case HM_ACTION_TURN_ON:
	case HM_ACTION_TURN_OFF:
		end_switch(c, result, is_part);
		break;
	case HM_ACTION_RESTART_INVERTER:
	case HM_ACTION_RESTART_DTU:
		deny_known(c, &c->watts);
		break;
	case HM_ACTION_CLEAR_ALARMS:
	case HM_ACTION_SET_MODE:
	case HM_ACTION_SET_SOC_LIMITS:
	case HM_ACTION_SET_EXPORT_LIMIT:
	case HM_ACTIONS:
		break;
	}
}
