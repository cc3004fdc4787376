#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/decimal.h"
#include "g3_order.h"
#include "order.h"

#define TOLERANCE 20 /* part of a power by which it may exceed its limit */
#define TOLERANCE_MIN 50 /* the same in 0.1 W */
#define YEAR_2015 1420070400
#define YEAR_2100 4102444800
#define RESTART_S 5 /* less is the clock of a DTU that has not restarted */

__attribute__((format(printf, 4, 5))) static void
conclude(struct hm_order_judgement *j, enum hm_result_state state,
    const char *error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (vsnprintf(j->text, sizeof j->text, format, args) < 0)
		j->text[0] = '\0';
	va_end(args);
	j->result.state = state;
	j->result.error = error;
	j->result.text = j->text;
	j->final = state != HM_RESULT_UNKNOWN;
}

/* It will never be known: reading again is of no use. */
static void
give_up(struct hm_order_judgement *j, const char *why)
{
	conclude(j, HM_RESULT_UNKNOWN, "no_readback", "%s", why);
	j->final = true;
}

static const char *
tenths(int64_t value, char buf[HM_DECIMAL_TEXT])
{
	hm_decimal_format(hm_decimal(value, 1), buf);
	return buf;
}

/* A limit that the DTU shows. Inverters get a new one at different times. */
static void
judge_percent(int64_t wanted, int64_t shown_before, int64_t shown, bool differ,
    struct hm_order_judgement *j)
{
	char found[HM_DECIMAL_TEXT], asked[HM_DECIMAL_TEXT];

	j->result.percent = shown;
	if (shown < 0 && differ)
		conclude(j, HM_RESULT_UNKNOWN, "not_confirmed", "the inverters "
		    "show different limits, or the DTU does not hear all");
	else if (shown < 0 && shown_before >= 0)
		conclude(j, HM_RESULT_UNKNOWN, "not_confirmed", "the DTU "
		    "shows no limit now, it did before");
	else if (shown < 0)
		give_up(j, "the DTU shows no limit that could be read back");
	else if (shown == wanted)
		conclude(j, HM_RESULT_DONE, NULL, "the DTU shows a limit of "
		    "%s %%", tenths(shown, found));
	else
		conclude(j, HM_RESULT_UNKNOWN, "not_confirmed", "the DTU "
		    "shows a limit of %s %%, ordered were %s %%",
		    tenths(shown, found), tenths(wanted, asked));
}

/* Whether the power is that of all inverters that the order is for. */
static bool
hears_all(const struct hm_order_seen *before, const struct hm_order_seen *after)
{
	return after->heard > 0 && after->heard == before->device.inverters;
}

static void
leave_open(const struct hm_order_seen *before,
    const struct hm_order_seen *after, struct hm_order_judgement *j)
{
	int64_t power = after->power < 0 ? 0 : after->power;
	char found[HM_DECIMAL_TEXT];

	conclude(j, HM_RESULT_UNKNOWN, "not_confirmed", "the power is %s W, "
	    "the DTU hears %zu of %zu inverters", tenths(power, found),
	    after->heard, before->device.inverters);
}

/* A limit in watts shows only where it takes power away. */
static void
judge_watts(int64_t wanted, const struct hm_order_seen *before,
    const struct hm_order_seen *after, struct hm_order_judgement *j)
{
	int64_t most = wanted + wanted / TOLERANCE + TOLERANCE_MIN;
	char found[HM_DECIMAL_TEXT];

	if (before->power < 0 || before->power <= most) {
		give_up(j, "the power was below the limit before, so that "
		    "nothing shows it");
	} else if (hears_all(before, after) && after->power <= most) {
		j->result.watts = wanted;
		conclude(j, HM_RESULT_DONE, NULL, "the power has fallen to "
		    "%s W", tenths(after->power, found));
	} else {
		leave_open(before, after, j);
	}
}

static void
judge_on(const struct hm_order_seen *before,
    const struct hm_order_seen *after, struct hm_order_judgement *j)
{
	char found[HM_DECIMAL_TEXT];

	if (after->producing > 0 && after->on != 0 &&
	    after->producing == before->device.inverters) {
		j->result.on = 1;
		conclude(j, HM_RESULT_DONE, NULL, "the power is %s W",
		    tenths(after->power, found));
	} else {
		conclude(j, HM_RESULT_UNKNOWN, "not_confirmed",
		    "%zu of %zu inverters give power%s", after->producing,
		    before->device.inverters, after->on == 0 ?
		    ", the DTU says that they are off" : "");
	}
}

static void
judge_off(const struct hm_order_seen *before,
    const struct hm_order_seen *after, struct hm_order_judgement *j)
{
	if (before->power <= 0) {
		give_up(j, "the inverters gave no power before, so that "
		    "nothing shows it");
	} else if (hears_all(before, after) && after->power == 0 &&
	    after->on <= 0) {
		j->result.on = 0;
		conclude(j, HM_RESULT_DONE, NULL,
		    "the inverters give no power");
	} else {
		leave_open(before, after, j);
	}
}

/* A DTU without the time starts with a clock that says 1970, or the like. */
static bool
is_time(int64_t time)
{
	return time >= YEAR_2015 && time < YEAR_2100;
}

static void
judge_restart(const struct hm_order_seen *before,
    const struct hm_order_seen *after, struct hm_order_judgement *j)
{
	if (is_time(after->boot_time) && is_time(before->boot_time) &&
	    after->boot_time - before->boot_time >= RESTART_S)
		conclude(j, HM_RESULT_DONE, NULL, "the DTU has restarted");
	else
		conclude(j, HM_RESULT_UNKNOWN, "not_confirmed", "the DTU has "
		    "not restarted, or does not say when");
}

static void
judge_alarms(const struct hm_order_seen *after, struct hm_order_judgement *j)
{
	if (after->alarms == 0)
		conclude(j, HM_RESULT_DONE, NULL, "the list of alarms is "
		    "empty");
	else
		conclude(j, HM_RESULT_UNKNOWN, "not_confirmed", "the list of "
		    "alarms is not empty");
}

/* Registers are known to be read back as they were written. */
static void
judge_setting(const struct hm_command *command,
    const struct hm_order_seen *before, const struct hm_order_seen *after,
    struct hm_order_judgement *j)
{
	struct hm_g3_write write;
	char shown[HM_G3_SHOWN];

	hm_g3_order_write(command, before->word, &write);
	hm_g3_order_show(command->action, after->word, &j->result, shown);
	if (hm_g3_order_is_done(command->action, after->word, &write))
		conclude(j, HM_RESULT_DONE, NULL, "the inverter shows %s",
		    shown);
	else
		conclude(j, HM_RESULT_UNKNOWN, "not_confirmed", "the inverter "
		    "shows %s, which is not what was ordered", shown);
}

void
hm_order_judge(const struct hm_order *order,
    const struct hm_order_seen *before, const struct hm_order_seen *after,
    struct hm_order_judgement *j)
{
	const struct hm_command *command = &order->command;

	j->result = hm_result(HM_RESULT_UNKNOWN, NULL, NULL);
	j->final = false;
	switch (command->action) {
	case HM_ACTION_LIMIT:
		judge_percent(command->amount, before->device.limit,
		    after->device.limit, after->limits_differ, j);
		break;
	case HM_ACTION_LIMIT_TEMPORARY:
		if (command->unit == HM_COMMAND_WATTS)
			judge_watts(command->amount, before, after, j);
		else
			judge_percent(command->amount, before->temporary,
			    after->temporary, false, j);
		break;
	case HM_ACTION_TURN_ON:
		judge_on(before, after, j);
		break;
	case HM_ACTION_TURN_OFF:
		judge_off(before, after, j);
		break;
	case HM_ACTION_RESTART_DTU:
		judge_restart(before, after, j);
		break;
	case HM_ACTION_CLEAR_ALARMS:
		judge_alarms(after, j);
		break;
	case HM_ACTION_SET_MODE:
	case HM_ACTION_SET_SOC_LIMITS:
	case HM_ACTION_SET_EXPORT_LIMIT:
		judge_setting(command, before, after, j);
		break;
	case HM_ACTION_RESTART_INVERTER:
	case HM_ACTIONS:
		give_up(j, "nothing that a DTU sends shows a restart of an "
		    "inverter");
		break;
	}
}
