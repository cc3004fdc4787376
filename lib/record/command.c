#include "command.h"

#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "base/hex.h"
#include "base/json_writer.h"
#include "base/rfc3339.h"
#include "base/utf8.h"

static const char *const actions[HM_ACTIONS] = {"limit", "limit_temporary",
    "turn_on", "turn_off", "restart_inverter", "restart_dtu", "clear_alarms",
    "set_mode", "set_soc_limits", "set_export_limit"};

#define SHOWN_MAX ((size_t)40) /* bytes of a member's name, in a text */

static const char *const states[HM_RESULT_STATES] = {"refused", "accepted",
    "under_way", "done", "failed", "unknown"};

const char *
hm_action_name(enum hm_action action)
{
	return actions[action];
}

bool
hm_action_parse(struct hm_slice name, enum hm_action *action)
{
	for (size_t i = 0; i < HM_ACTIONS; i++)
		if (hm_slice_is(name, actions[i])) {
			*action = (enum hm_action)i;
			return true;
		}
	return false;
}

bool
hm_action_is_of_hybrids(enum hm_action action)
{
	return action == HM_ACTION_SET_MODE ||
	    action == HM_ACTION_SET_SOC_LIMITS ||
	    action == HM_ACTION_SET_EXPORT_LIMIT;
}

/* Reading */

/* A key that is there must have a value: null could mean any inverter. */
static bool
read_text(const struct hm_record *record, const char *key, char *out,
    size_t most)
{
	const struct hm_value *value = hm_record_get(record, key);
	size_t n = 0;

	out[0] = '\0';
	if (value->kind == HM_ABSENT)
		return true;
	if (value->kind != HM_STRING || value->text.n == 0 ||
	    !hm_string_decode(value->text, out, most, &n) ||
	    memchr(out, '\0', n) != NULL)
		return false;
	out[n] = '\0';
	return true;
}

static bool
is_printable(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

static const char *
read_id(struct hm_command *command, const struct hm_record *record)
{
	if (read_text(record, "id", command->id, HM_COMMAND_ID_MAX) &&
	    is_printable(command->id))
		return NULL;
	command->id[0] = '\0';
	return "its id is not a text of 1 to 64 printable ASCII characters";
}

static const char *
read_time(struct hm_command *command, const struct hm_record *record)
{
	const struct hm_value *value = hm_record_get(record, "time");

	command->time = HM_COMMAND_NO_TIME;
	if (value->kind == HM_ABSENT || (value->kind == HM_STRING &&
	    hm_rfc3339_parse(value->text, &command->time)))
		return NULL;
	return "its time is not one such as \"2026-11-23T10:15:00Z\"";
}

static const char *
read_dtu(struct hm_command *command, const struct hm_record *record)
{
	if (read_text(record, "dtu", command->dtu, HM_DTU_NAME_MAX))
		return NULL;
	command->dtu[0] = '\0';
	return "its dtu is not a text of 1 to 120 bytes";
}

/* Records have serial numbers in lower case; labels do not. */
static const char *
read_serial(struct hm_command *command, const struct hm_record *record)
{
	bool good = read_text(record, "serial", command->serial,
	    HM_COMMAND_SERIAL_MAX);

	for (char *p = command->serial; good && *p != '\0'; p++) {
		good = hm_hex_digit(*p) >= 0;
		if (*p >= 'A' && *p <= 'F')
			*p = (char)(*p - 'A' + 'a');
	}
	if (good)
		return NULL;
	command->serial[0] = '\0';
	return "its serial is not a text of 1 to 16 hexadecimal digits";
}

static const char *
read_action(struct hm_command *command, const struct hm_record *record)
{
	struct hm_slice name;

	command->has_action = hm_record_string(record, "action", &name) &&
	    hm_action_parse(name, &command->action);
	return command->has_action ? NULL : "its action is none of limit, "
	    "limit_temporary, turn_on, turn_off, restart_inverter, "
	    "restart_dtu, clear_alarms, set_mode, set_soc_limits, "
	    "set_export_limit";
}

static bool
read_tenths(const struct hm_record *record, const char *key, int64_t *tenths)
{
	struct hm_decimal number;

	return hm_record_decimal(record, key, &number) &&
	    hm_decimal_rescale(number, 1, tenths);
}

int64_t
hm_result_tenths(const struct hm_record *record, const char *key)
{
	int64_t tenths;

	return read_tenths(record, key, &tenths) ? tenths : -1;
}

static const char *
read_number(struct hm_command *command, const struct hm_record *record,
    enum hm_command_unit unit)
{
	bool percent = unit == HM_COMMAND_PERCENT;

	if (!read_tenths(record, percent ? "percent" : "watts",
	    &command->amount))
		return percent ?
		    "its percent is not a number with at most one decimal" :
		    "its watts are not a number with at most one decimal";
	command->unit = unit;
	return NULL;
}

static const char *
read_amount(struct hm_command *command, const struct hm_record *record)
{
	bool percent = hm_record_get(record, "percent")->kind != HM_ABSENT;
	bool watts = hm_record_get(record, "watts")->kind != HM_ABSENT;
	bool temporary = command->action == HM_ACTION_LIMIT_TEMPORARY;

	if (command->action == HM_ACTION_SET_EXPORT_LIMIT && percent)
		return read_number(command, record, HM_COMMAND_PERCENT);
	if (hm_action_is_of_hybrids(command->action))
		return NULL;
	if (command->action != HM_ACTION_LIMIT && !temporary)
		return percent || watts ?
		    "its action has neither percent nor watts" : NULL;
	if (percent == watts)
		return temporary ? "it has not one of percent and watts" :
		    "it has not percent alone";
	if (watts && !temporary)
		return "a limit in watts must be a limit_temporary";
	return read_number(command, record, percent ? HM_COMMAND_PERCENT :
	    HM_COMMAND_WATTS);
}

/* The parts that an action may have. */
static unsigned
parts_of(enum hm_action action)
{
	switch (action) {
	case HM_ACTION_SET_MODE:
		return HM_TOLD_BIT(HM_TOLD_MODE) |
		    HM_TOLD_BIT(HM_TOLD_RESERVE_SOC) |
		    HM_TOLD_BIT(HM_TOLD_MAX_POWER) |
		    HM_TOLD_BIT(HM_TOLD_PEAK_SOC) |
		    HM_TOLD_BIT(HM_TOLD_PEAK_POWER) |
		    HM_TOLD_BIT(HM_TOLD_HOURS);
	case HM_ACTION_SET_SOC_LIMITS:
		return HM_TOLD_BIT(HM_TOLD_SOC_MIN) |
		    HM_TOLD_BIT(HM_TOLD_SOC_MAX);
	case HM_ACTION_SET_EXPORT_LIMIT:
		return HM_TOLD_BIT(HM_TOLD_UNLIMITED);
	default:
		return 0;
	}
}

static bool
is_one_of(struct hm_slice key, const char *const *keys, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (hm_slice_is(key, keys[i]))
			return true;
	return false;
}

/* Of any command. */
static const char *const common[] = {"type", "time", "id", "dtu", "from",
    "serial", "action"};
static const char *const amounts[] = {"percent", "watts"};

/* Whether a command of this action must not have a member. */
static bool
is_stray(enum hm_action action, struct hm_slice key)
{
	enum hm_told_part part;

	if (is_one_of(key, common, sizeof common / sizeof *common))
		return false;
	if (hm_told_part_of(key, &part))
		return (parts_of(action) & HM_TOLD_BIT(part)) == 0;
	/* A misspelt one would leave a setting as it is, and be done. */
	return hm_action_is_of_hybrids(action) &&
	    !(action == HM_ACTION_SET_EXPORT_LIMIT &&
	    hm_slice_is(key, "percent"));
}

static const char *
find_stray(const struct hm_command *command, const struct hm_record *record,
    char text[HM_COMMAND_WRONG])
{
	for (size_t i = 0; i < record->count; i++) {
		struct hm_slice key = record->member[i].key;

		if (!is_stray(command->action, key))
			continue;
		snprintf(text, HM_COMMAND_WRONG, "it has the member \"%.*s\", "
		    "which %s does not have", (int)hm_utf8_fit(key, SHOWN_MAX),
		    key.p, hm_action_name(command->action));
		return text;
	}
	return NULL;
}

static const char *
check_told(const struct hm_command *command)
{
	const struct hm_told *told = &command->told;

	if (command->action == HM_ACTION_SET_MODE &&
	    !hm_told_has(told, HM_TOLD_MODE))
		return "it has no mode";
	if (command->action == HM_ACTION_SET_SOC_LIMITS && told->has == 0)
		return "it has neither soc_min nor soc_max";
	if (command->action == HM_ACTION_SET_EXPORT_LIMIT &&
	    (command->unit != HM_COMMAND_NONE) ==
	    hm_told_has(told, HM_TOLD_UNLIMITED))
		return "it has not one of percent and unlimited";
	return NULL;
}

static const char *
read_order(struct hm_command *command, const struct hm_record *record,
    char text[HM_COMMAND_WRONG])
{
	const char *amount = read_amount(command, record);
	const char *told = hm_told_read(&command->told, record);
	const char *stray = find_stray(command, record, text);

	if (stray != NULL)
		return stray;
	if (amount != NULL)
		return amount;
	return told != NULL ? told : check_told(command);
}

const char *
hm_command_read(struct hm_command *command, const struct hm_record *record,
    char text[HM_COMMAND_WRONG])
{
	static const char *(*const readers[])(struct hm_command *command,
	    const struct hm_record *record) = {read_id, read_time, read_dtu,
	    read_serial, read_action};
	const char *wrong = NULL, *why;

	memset(command, 0, sizeof *command);
	hm_record_text(record, "from", command->from, sizeof command->from);
	for (size_t i = 0; i < sizeof readers / sizeof *readers; i++) {
		why = readers[i](command, record);
		wrong = wrong != NULL ? wrong : why;
	}
	return wrong != NULL ? wrong : read_order(command, record, text);
}

/* Writing */

static void
put_text(struct hm_json *e, const char *key, const char *text)
{
	if (text != NULL && text[0] != '\0')
		hm_json_text(e, key, text);
}

static void
begin(struct hm_json *e, const char *type, int64_t time,
    const struct hm_command *command)
{
	char buf[HM_RFC3339_SIZE];

	hm_json_object(e, NULL);
	hm_json_text(e, "type", type);
	if (time != HM_COMMAND_NO_TIME)
		hm_json_string(e, "time", hm_rfc3339_format(time, buf));
	put_text(e, "id", command->id);
	put_text(e, "dtu", command->dtu);
	put_text(e, "serial", command->serial);
	if (command->has_action)
		hm_json_text(e, "action", actions[command->action]);
}

void
hm_json_command_open(struct hm_json *e, const struct hm_command *command)
{
	begin(e, "command", command->time, command);
	if (command->unit != HM_COMMAND_NONE)
		hm_json_decimal(e, command->unit == HM_COMMAND_PERCENT ?
		    "percent" : "watts", hm_decimal(command->amount, 1));
	hm_json_told(e, &command->told);
	put_text(e, "from", command->from);
}

void
hm_json_command_others(struct hm_json *e, const struct hm_command *command,
    const struct hm_record *record)
{
	for (size_t i = 0; i < record->count; i++) {
		struct hm_slice key = record->member[i].key;
		enum hm_told_part part;

		if (!is_one_of(key, common, sizeof common / sizeof *common) &&
		    !is_one_of(key, amounts, sizeof amounts /
		    sizeof *amounts) && !(hm_told_part_of(key, &part) &&
		    hm_told_has(&command->told, part)))
			hm_json_member(e, &record->member[i]);
	}
}

void
hm_json_command(struct hm_json *e, const struct hm_command *command)
{
	hm_json_command_open(e, command);
	hm_json_object_end(e);
}

void
hm_json_result(struct hm_json *e, int64_t time,
    const struct hm_command *command, const struct hm_result *result)
{
	begin(e, "result", time, command);
	hm_json_text(e, "state", states[result->state]);
	put_text(e, "error", result->error);
	put_text(e, "text", result->text);
	if (result->percent >= 0)
		hm_json_decimal(e, "percent", hm_decimal(result->percent, 1));
	if (result->watts >= 0)
		hm_json_decimal(e, "watts", hm_decimal(result->watts, 1));
	if (result->on >= 0)
		hm_json_bool(e, "on", result->on != 0);
	hm_json_told(e, &result->told);
	hm_json_object_end(e);
}

/* Results */

const char *
hm_result_state_name(enum hm_result_state state)
{
	return states[state];
}

bool
hm_result_state_parse(struct hm_slice name, enum hm_result_state *state)
{
	for (size_t i = 0; i < HM_RESULT_STATES; i++)
		if (hm_slice_is(name, states[i])) {
			*state = (enum hm_result_state)i;
			return true;
		}
	return false;
}

bool
hm_result_is_final(enum hm_result_state state)
{
	return state != HM_RESULT_ACCEPTED && state != HM_RESULT_UNDER_WAY;
}

struct hm_result
hm_result(enum hm_result_state state, const char *error, const char *text)
{
	return (struct hm_result){state, error, text, -1, -1, -1, {.has = 0}};
}
