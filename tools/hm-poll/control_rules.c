#include "control_rules.h"

#include <inttypes.h>
#include <string.h>

#include "base/decimal.h"
#include "base/rfc3339.h"
#include "control_hybrid.h"
#include "control_verdict.h"

#define DAY_S 86400

/* In 0.1 % and 0.1 W; docs/protocol.md has the sources. */
#define PERCENT_MIN 20
#define PERCENT_MIN_MI 100
#define PERCENT_MAX 1000
#define WATTS_MIN 1
#define WATTS_MAX 32767

static bool
is_limit(const struct hm_command *command)
{
	return command->action == HM_ACTION_LIMIT ||
	    command->action == HM_ACTION_LIMIT_TEMPORARY;
}

/* HM_CONTROL_KEPTS unless it is kept without power, in a memory that wears. */
static enum hm_control_kept
kept_kind(const struct hm_command *command)
{
	switch (command->action) {
	case HM_ACTION_LIMIT:
		return HM_CONTROL_KEPT_LIMIT;
	case HM_ACTION_SET_MODE:
		return HM_CONTROL_KEPT_MODE;
	case HM_ACTION_SET_SOC_LIMITS:
		return HM_CONTROL_KEPT_SOC;
	case HM_ACTION_SET_EXPORT_LIMIT:
		return HM_CONTROL_KEPT_EXPORT;
	default:
		return HM_CONTROL_KEPTS;
	}
}

/* False, and refused, if a limit is out of bounds. */
static bool
check_bounds(const struct hm_command *command, int64_t min, int64_t max,
    struct hm_control_verdict *verdict)
{
	const char *unit = command->unit == HM_COMMAND_WATTS ? "W" : "%";
	char found[HM_DECIMAL_TEXT], low[HM_DECIMAL_TEXT];
	char high[HM_DECIMAL_TEXT];

	if (command->amount >= min && command->amount <= max)
		return true;
	hm_decimal_format(hm_decimal(command->amount, 1), found);
	hm_decimal_format(hm_decimal(min, 1), low);
	hm_decimal_format(hm_decimal(max, 1), high);
	hm_control_deny(verdict, "bounds", "found %s %s, allowed are %s to "
	    "%s %s", found, unit, low, high, unit);
	return false;
}

/* Commands that have come */

static bool
check_age(const struct hm_control_limits *limits,
    const struct hm_command *command, int64_t now,
    struct hm_control_verdict *verdict)
{
	if (command->time > now && command->time - now > HM_CONTROL_AHEAD_S)
		hm_control_deny(verdict, "future", "its time is %" PRId64
		    " s ahead of this machine's clock, allowed are %d s",
		    command->time - now, HM_CONTROL_AHEAD_S);
	else if (now > command->time && now - command->time >
	    limits->max_age_s)
		hm_control_deny(verdict, "too_old", "it is %" PRId64 " s old, "
		    "allowed by control_max_age are %" PRId64 " s",
		    now - command->time, limits->max_age_s);
	else
		return true;
	return false;
}

void
hm_control_admit(const struct hm_control_limits *limits,
    const struct hm_command *command, bool is_known, int64_t now,
    struct hm_control_verdict *verdict)
{
	bool watts = command->unit == HM_COMMAND_WATTS;

	hm_control_say(verdict, HM_CONTROL_GO);
	if (is_known)
		hm_control_deny(verdict, "same_id", "another command had this "
		    "id, allowed is a new one for each");
	else if (!check_age(limits, command, now, verdict))
		return;
	else if (hm_action_is_of_hybrids(command->action))
		hm_control_hybrid_bounds(command, verdict);
	else if (is_limit(command))
		check_bounds(command, watts ? WATTS_MIN : PERCENT_MIN,
		    watts ? WATTS_MAX : PERCENT_MAX, verdict);
}

/* Orders to be sent */

/* The DTU may get the order as late as its reply is waited for. */
bool
hm_control_in_time(const struct hm_control_limits *limits,
    const struct hm_command *command, int64_t now,
    struct hm_control_verdict *verdict)
{
	int64_t age = now - command->time;

	if (!check_age(limits, command, now, verdict))
		return false;
	if (age + limits->way_s <= limits->max_age_s)
		return true;
	hm_control_deny(verdict, "too_old", "it is %" PRId64 " s old, and the "
	    "DTU may get it %" PRId64 " s later (comm_timeout), allowed by "
	    "control_max_age are %" PRId64 " s", age, limits->way_s,
	    limits->max_age_s);
	return false;
}

static int64_t
day_of(int64_t now)
{
	return now / DAY_S;
}

void
hm_control_past_init(struct hm_control_past *past)
{
	*past = (struct hm_control_past){.temporary_at = HM_CONTROL_NEVER};
	for (int i = 0; i < HM_CONTROL_KEPTS; i++)
		past->kept_at[i] = HM_CONTROL_NEVER;
}

/* The count of a day stays if the clock is set back to the day before. */
static int64_t
kept_today(const struct hm_control_past *past, int64_t now)
{
	return day_of(now) > past->day ? 0 : past->kept_today;
}

/* It waits, unless it would be too old when it may be sent. */
static void
wait_until(const struct hm_control_limits *limits, int64_t at, int64_t last,
    const struct hm_command *command, struct hm_control_verdict *verdict)
{
	char when[HM_RFC3339_SIZE], again[HM_RFC3339_SIZE];

	hm_control_say(verdict, HM_CONTROL_WAIT);
	verdict->at = at;
	if (at - command->time + limits->way_s <= limits->max_age_s)
		return;
	hm_rfc3339_format(last, when);
	hm_rfc3339_format(at, again);
	hm_control_deny(verdict, "too_often", "the last one was sent at %s, "
	    "control_min_interval allows the next at %s, when this one is too "
	    "old (control_max_age)", when, again);
}

static void
schedule_kept(const struct hm_control_limits *limits,
    struct hm_control_past *past, const struct hm_command *command,
    int64_t now, struct hm_control_verdict *verdict)
{
	int64_t *last = &past->kept_at[kept_kind(command)];

	if (kept_today(past, now) >= limits->max_per_day) {
		hm_control_deny(verdict, "too_often", "%" PRId64 " kept limits "
		    "and settings were sent today, as many as "
		    "control_max_per_day allows; each wears the memory of the "
		    "inverter", limits->max_per_day);
		return;
	}
	if (*last == HM_CONTROL_NEVER)
		return;
	if (*last > now)
		*last = now;
	if (now - *last < limits->min_interval_s)
		wait_until(limits, *last + limits->min_interval_s, *last,
		    command, verdict);
}

void
hm_control_schedule(const struct hm_control_limits *limits,
    struct hm_control_past *past, const struct hm_command *command,
    int64_t now, struct hm_control_verdict *verdict)
{
	hm_control_say(verdict, HM_CONTROL_GO);
	if (hm_control_in_time(limits, command, now, verdict) &&
	    kept_kind(command) != HM_CONTROL_KEPTS)
		schedule_kept(limits, past, command, now, verdict);
}

static bool
is_restore(const struct hm_command *command)
{
	return command->action == HM_ACTION_LIMIT_TEMPORARY &&
	    strcmp(command->from, HM_CONTROL_RESTORE) == 0;
}

void
hm_control_sent(struct hm_control_past *past,
    const struct hm_command *command, int64_t now)
{
	if (command->action == HM_ACTION_LIMIT_TEMPORARY)
		past->temporary_at = is_restore(command) ?
		    HM_CONTROL_NEVER : now;
	if (kept_kind(command) == HM_CONTROL_KEPTS)
		return;
	past->kept_today = kept_today(past, now) + 1;
	if (day_of(now) > past->day)
		past->day = day_of(now);
	past->kept_at[kept_kind(command)] = now;
}

void
hm_control_note_end(struct hm_control_past *past,
    const struct hm_command *command, const struct hm_result *result,
    int64_t now)
{
	/* Where nothing is read back, no repetition would show more. */
	if (is_restore(command) && past->temporary_at == HM_CONTROL_NEVER &&
	    result->state != HM_RESULT_DONE &&
	    (result->error == NULL ||
	    strcmp(result->error, "no_readback") != 0))
		past->temporary_at = now;
}

static bool
is_switch(const struct hm_command *command)
{
	return command->action == HM_ACTION_TURN_ON ||
	    command->action == HM_ACTION_TURN_OFF;
}

/* One that waits may set something else beside; of another mode it is void. */
static bool
sets_all(const struct hm_command *newer, const struct hm_command *waiting)
{
	bool same_mode = newer->told.value[HM_TOLD_MODE] ==
	    waiting->told.value[HM_TOLD_MODE];

	return (newer->action == HM_ACTION_SET_MODE && !same_mode) ||
	    newer->action == HM_ACTION_SET_EXPORT_LIMIT ||
	    (waiting->told.has & ~newer->told.has) == 0;
}

bool
hm_control_replaces(const struct hm_command *newer,
    const struct hm_command *waiting)
{
	return strcmp(newer->serial, waiting->serial) == 0 &&
	    strcmp(newer->dtu, waiting->dtu) == 0 &&
	    sets_all(newer, waiting) &&
	    (newer->action == waiting->action ||
	    (is_switch(newer) && is_switch(waiting)));
}

/* Devices */

static void
fit_percent(const struct hm_command *command,
    const struct hm_control_device *device,
    struct hm_control_verdict *verdict)
{
	int64_t min = device->has_mi ? PERCENT_MIN_MI : PERCENT_MIN;

	if (!check_bounds(command, min, PERCENT_MAX, verdict))
		return;
	if (device->is_modbus && command->amount % 10 != 0)
		hm_control_deny(verdict, "bounds", "found %" PRId64 ".%" PRId64
		    " %%, allowed over Modbus are whole numbers",
		    command->amount / 10, command->amount % 10);
	else if (command->action == HM_ACTION_LIMIT &&
	    command->amount == device->limit)
		hm_control_say(verdict, HM_CONTROL_ALREADY);
}

static void
fit_watts(const struct hm_command *command,
    const struct hm_control_device *device,
    struct hm_control_verdict *verdict)
{
	int64_t max = device->rated * 10;

	if (device->rated == 0)
		hm_control_deny(verdict, "not_supported", "the rated power of "
		    "the inverters is not known, allowed is limit in percent");
	else
		check_bounds(command, WATTS_MIN, max < WATTS_MAX ? max :
		    WATTS_MAX, verdict);
}

const char *
hm_control_unknown_action(const struct hm_dtu *dtu, bool is_gateway,
    enum hm_action action)
{
	bool is_g3 = dtu->transport == HM_TRANSPORT_MODBUS_G3;

	if (is_g3 && dtu->unit == 0)
		return "unit 0 is all inverters at once, and none answers, so "
		    "that nothing can be read before the order and after it; "
		    "allowed is the unit of one, such as 1";
	if (is_g3)
		return hm_action_is_of_hybrids(action) ? NULL : "over "
		    "modbus-g3 only set_mode, set_soc_limits and "
		    "set_export_limit are known";
	if (is_gateway)
		return action == HM_ACTION_SET_MODE ? NULL : "of gateways of "
		    "hybrid inverters only set_mode is known";
	return hm_action_is_of_hybrids(action) ? "it is for hybrid inverters, "
	    "which are read with es:// or modbus-g3://" : NULL;
}

/* Why no DTU of this kind is known to take the order, or NULL. */
static const char *
unsupported(const struct hm_command *command,
    const struct hm_control_device *device)
{
	bool temporary = command->action == HM_ACTION_LIMIT_TEMPORARY;
	bool part = command->serial[0] != '\0' && device->all > 1;

	if (is_limit(command) && part)
		return "a limit is for all inverters of the DTU, allowed is a "
		    "command without serial";
	if (part && (command->action == HM_ACTION_RESTART_DTU ||
	    command->action == HM_ACTION_CLEAR_ALARMS))
		return "it is for the whole DTU, allowed is a command without "
		    "serial";
	if (!device->is_modbus && temporary && !device->takes_watts)
		return "no firmware of this DTU is known to take a temporary "
		    "limit, allowed is limit";
	if (!device->is_modbus)
		return !temporary || command->unit == HM_COMMAND_WATTS ? NULL :
		    "over hm a temporary limit in percent is not known, "
		    "allowed is watts";
	if (!is_limit(command) && !is_switch(command))
		return "over Modbus only limits and turn_on and turn_off are "
		    "known";
	if (part)
		return "over Modbus a command is for all inverters, allowed "
		    "is one without serial";
	if (command->unit == HM_COMMAND_WATTS)
		return "over Modbus no limit in watts is known, allowed is "
		    "percent";
	return temporary && device->has_old_map ?
	    "the DTU has the old map, which knows no temporary limit" : NULL;
}

void
hm_control_fit(const struct hm_command *command,
    const struct hm_control_device *device,
    struct hm_control_verdict *verdict)
{
	const char *why = device->kind == HM_CONTROL_DTU ?
	    unsupported(command, device) : NULL;

	hm_control_say(verdict, HM_CONTROL_GO);
	if (device->inverters == 0)
		hm_control_deny(verdict, "no_inverter", "the DTU has no "
		    "inverter %s", command->serial);
	else if (device->kind == HM_CONTROL_REGISTERS)
		hm_control_registers_fit(command, &device->hybrid, verdict);
	else if (device->kind == HM_CONTROL_GATEWAY)
		hm_control_gateway_fit(command, &device->hybrid,
		    device->inverters, verdict);
	else if (why != NULL)
		hm_control_deny(verdict, "not_supported", "%s", why);
	else if (command->unit == HM_COMMAND_WATTS)
		fit_watts(command, device, verdict);
	else if (command->unit == HM_COMMAND_PERCENT)
		fit_percent(command, device, verdict);
}

int64_t
hm_control_restore_at(const struct hm_control_limits *limits,
    const struct hm_control_past *past)
{
	if (limits->restore_s == 0 || past->temporary_at == HM_CONTROL_NEVER)
		return INT64_MAX;
	return past->temporary_at + limits->restore_s;
}
