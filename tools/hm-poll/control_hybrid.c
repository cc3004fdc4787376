#include "control_hybrid.h"

#include <inttypes.h>

#include "base/decimal.h"
#include "control_verdict.h"
#include "g3_order.h"
#include "record/told.h"
#include "record/working_mode.h"

#define BACKUP_MIN 60 /* %, of the register of HIT and HiOne */

/* In the unit of each part, with its decimals; docs/protocol.md has sources. */
static const int64_t most[HM_TOLD_PARTS] = {
    [HM_TOLD_MODE] = HM_MODES - 1,
    [HM_TOLD_RESERVE_SOC] = 100,
    [HM_TOLD_MAX_POWER] = 1000,
    [HM_TOLD_PEAK_SOC] = 100,
    [HM_TOLD_PEAK_POWER] = 100000,
    [HM_TOLD_SOC_MIN] = 100,
    [HM_TOLD_SOC_MAX] = 100,
    [HM_TOLD_UNLIMITED] = 1,
    [HM_TOLD_HOURS] = HM_TOLD_HOURS_MAX,
};

#define EXPORT_MAX 2000 /* 0.1 % */

static bool
is_within(const char *key, struct hm_decimal found, int64_t high,
    const char *unit, struct hm_control_verdict *verdict)
{
	char text[HM_DECIMAL_TEXT], allowed[HM_DECIMAL_TEXT];

	if (found.units >= 0 && found.units <= high)
		return true;
	hm_decimal_format(found, text);
	hm_decimal_format(hm_decimal(high, found.scale), allowed);
	hm_control_deny(verdict, "bounds", "%s: found %s %s, allowed are "
	    "0 to %s %s", key, text, unit, allowed, unit);
	return false;
}

bool
hm_control_hybrid_bounds(const struct hm_command *command,
    struct hm_control_verdict *verdict)
{
	const struct hm_told *told = &command->told;

	for (int i = 0; i < HM_TOLD_PARTS; i++) {
		enum hm_told_part part = (enum hm_told_part)i;

		if (hm_told_has(told, part) && !is_within(hm_told_key(part),
		    hm_told_decimal(told, part), most[i], hm_told_unit(part),
		    verdict))
			return false;
	}
	if (command->action == HM_ACTION_SET_EXPORT_LIMIT &&
	    command->unit == HM_COMMAND_PERCENT &&
	    !is_within("percent", hm_decimal(command->amount, 1), EXPORT_MAX,
	    "%", verdict))
		return false;
	if (!hm_told_has(told, HM_TOLD_SOC_MIN) ||
	    !hm_told_has(told, HM_TOLD_SOC_MAX) ||
	    told->value[HM_TOLD_SOC_MIN] < told->value[HM_TOLD_SOC_MAX])
		return true;
	hm_control_deny(verdict, "bounds", "found soc_min %" PRId64
	    " %%, allowed is less than soc_max, which is %" PRId64 " %%",
	    told->value[HM_TOLD_SOC_MIN], told->value[HM_TOLD_SOC_MAX]);
	return false;
}

static bool
has(const struct hm_command *command, enum hm_told_part part)
{
	return hm_told_has(&command->told, part);
}

static enum hm_working_mode
mode_of(const struct hm_command *command)
{
	return (enum hm_working_mode)command->told.value[HM_TOLD_MODE];
}

/* HIT and HiOne: registers */

/* Parts that belong to the mode, but have no register that is known. */
static bool
has_registers(const struct hm_command *command,
    struct hm_control_verdict *verdict)
{
	enum hm_working_mode mode = mode_of(command);

	for (int i = HM_TOLD_MODE + 1; i < HM_TOLD_PARTS; i++) {
		enum hm_told_part part = (enum hm_told_part)i;

		if (!has(command, part) || hm_g3_order_takes(mode, part))
			continue;
		hm_control_deny(verdict, "not_supported", "no register is "
		    "known for the %s of the mode %s, allowed is a command "
		    "without it", hm_told_key(part),
		    hm_working_mode_name(mode));
		return false;
	}
	return true;
}

/*
 * What no owner is known to have seen his device do; NULL: he has, through the
 * stick, or, of the modes self_use and forced_discharge, over RS-485.
 */
static const char *
unproven_of_registers(const struct hm_command *command,
    const struct hm_control_hybrid *hybrid)
{
	if (hybrid->role == HM_G3_MASTER)
		return "inverters in parallel";
	if (hybrid->role == HM_G3_ROLE_UNKNOWN)
		return "an inverter that does not say whether others work in "
		    "parallel";
	if (command->action == HM_ACTION_SET_EXPORT_LIMIT)
		return "set_export_limit";
	if (command->action == HM_ACTION_SET_SOC_LIMITS)
		return has(command, HM_TOLD_SOC_MIN) ? "soc_min" : NULL;
	switch (mode_of(command)) {
	case HM_MODE_SELF_USE:
	case HM_MODE_FORCED_CHARGE:
	case HM_MODE_FORCED_DISCHARGE:
		return NULL;
	default:
		return "this mode";
	}
}

/* Against what the inverter has. */
static bool
agrees(const struct hm_command *command, const struct hm_control_hybrid *hybrid,
    struct hm_control_verdict *verdict)
{
	const struct hm_told *told = &command->told;
	int64_t low = has(command, HM_TOLD_SOC_MIN) ?
	    told->value[HM_TOLD_SOC_MIN] : hybrid->soc_min;
	int64_t high = has(command, HM_TOLD_SOC_MAX) ?
	    told->value[HM_TOLD_SOC_MAX] : hybrid->soc_max;

	if (command->action == HM_ACTION_SET_MODE &&
	    mode_of(command) == HM_MODE_BACKUP &&
	    has(command, HM_TOLD_RESERVE_SOC) &&
	    told->value[HM_TOLD_RESERVE_SOC] < BACKUP_MIN) {
		hm_control_deny(verdict, "bounds", "reserve_soc: found "
		    "%" PRId64 " %%, allowed in the mode backup are %d to "
		    "100 %%", told->value[HM_TOLD_RESERVE_SOC], BACKUP_MIN);
		return false;
	}
	if (command->action != HM_ACTION_SET_SOC_LIMITS || low < high)
		return true;
	hm_control_deny(verdict, "bounds", "it would make soc_min %" PRId64
	    " %% and soc_max %" PRId64 " %%, allowed is a lower soc_min", low,
	    high);
	return false;
}

void
hm_control_registers_fit(const struct hm_command *command,
    const struct hm_control_hybrid *hybrid,
    struct hm_control_verdict *verdict)
{
	const char *unproven = unproven_of_registers(command, hybrid);

	if (hybrid->role == HM_G3_SLAVE)
		hm_control_deny(verdict, "not_supported", "it is a slave "
		    "of inverters in parallel, allowed are orders to their "
		    "master");
	else if ((command->action == HM_ACTION_SET_MODE &&
	    !has_registers(command, verdict)) ||
	    !agrees(command, hybrid, verdict))
		return;
	else if (unproven != NULL && !hybrid->allows_unproven)
		hm_control_deny(verdict, "unproven", "no device is known "
		    "to have obeyed this over modbus-g3: %s; allowed with "
		    "control_unproven: true", unproven);
	else if (hybrid->has_it)
		verdict->answer = HM_CONTROL_ALREADY;
}

/* Gateways: command c308 */

/* It sets all that belongs to a mode, and nothing can be read before. */
static unsigned
parts_of(enum hm_working_mode mode)
{
	switch (mode) {
	case HM_MODE_SELF_USE:
	case HM_MODE_BACKUP:
	case HM_MODE_OFF_GRID:
		return HM_TOLD_BIT(HM_TOLD_RESERVE_SOC);
	case HM_MODE_FORCED_CHARGE:
	case HM_MODE_FORCED_DISCHARGE:
		return HM_TOLD_BIT(HM_TOLD_RESERVE_SOC) |
		    HM_TOLD_BIT(HM_TOLD_MAX_POWER);
	case HM_MODE_PEAK_SHAVING:
		return HM_TOLD_BIT(HM_TOLD_PEAK_SOC) |
		    HM_TOLD_BIT(HM_TOLD_PEAK_POWER);
	case HM_MODE_TIME_OF_USE:
		return HM_TOLD_BIT(HM_TOLD_HOURS);
	case HM_MODE_ECONOMIC:
	case HM_MODES:
		break;
	}
	return 0;
}

static const char *
names_of(unsigned needs)
{
	if ((needs & HM_TOLD_BIT(HM_TOLD_HOURS)) != 0)
		return "hours";
	if ((needs & HM_TOLD_BIT(HM_TOLD_PEAK_SOC)) != 0)
		return "peak_soc and peak_power";
	return (needs & HM_TOLD_BIT(HM_TOLD_MAX_POWER)) != 0 ?
	    "reserve_soc and max_power" : "reserve_soc";
}

void
hm_control_gateway_fit(const struct hm_command *command,
    const struct hm_control_hybrid *hybrid, size_t inverters,
    struct hm_control_verdict *verdict)
{
	enum hm_working_mode mode = mode_of(command);
	unsigned needs = parts_of(mode);
	unsigned has = command->told.has & ~HM_TOLD_BIT(HM_TOLD_MODE);

	if (needs == 0)
		hm_control_deny(verdict, "not_supported", "the mode %s "
		    "needs dates and prices, which hm does not send",
		    hm_working_mode_name(mode));
	else if (has != needs)
		hm_control_deny(verdict, "invalid", "the mode %s over es "
		    "needs %s, and nothing else", hm_working_mode_name(mode),
		    names_of(needs));
	else if (inverters > 1)
		hm_control_deny(verdict, "not_supported", "the gateway "
		    "has several inverters, allowed is a command with the "
		    "serial of one");
	else if (!hybrid->allows_unproven)
		hm_control_deny(verdict, "unproven", "no gateway is known "
		    "to have obeyed set_mode; allowed with control_unproven: "
		    "true");
}
