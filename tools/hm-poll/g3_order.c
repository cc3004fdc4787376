#include "g3_order.h"

#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "record/told.h"
#include "record/working_mode.h"

#define FULL 100      /* % */
#define PERMILLE 1000
#define EXPORT_MIN (-100) /* 0.1 % */
#define EXPORT_MAX 2000

/* Places in a block. */
enum {
	MODE,
	SELF_USE_SOC,
	BACKUP_SOC,
	CHARGE_SOC,
	CHARGE_POWER,
	DISCHARGE_SOC,
	DISCHARGE_POWER,
	MODE_WORDS
};
enum {
	SOC_MAX = 5, /* of the block at 303, in which a stick reads it */
	SOC_MIN,
};
enum {
	EXPORT_CONTROL,
	EXPORT_LIMIT,
};

const struct hm_g3_block hm_g3_role_block = {6048, 2};

static const struct hm_g3_block mode_block = {4300, MODE_WORDS};
static const struct hm_g3_block soc_block = {303, 9};
static const struct hm_g3_block export_block = {258, 2};

_Static_assert(MODE_WORDS <= HM_G3_WRITTEN_MAX, "it is written at once");

/* Where the block has what belongs to a mode; 0: nowhere. */
static const struct {
	int reserve, power;
} places[HM_MODES] = {
    [HM_MODE_SELF_USE] = {SELF_USE_SOC, 0},
    [HM_MODE_BACKUP] = {BACKUP_SOC, 0},
    [HM_MODE_FORCED_CHARGE] = {CHARGE_SOC, CHARGE_POWER},
    [HM_MODE_FORCED_DISCHARGE] = {DISCHARGE_SOC, DISCHARGE_POWER},
};

/* What a slave has as the number of machines is not known. */
enum hm_g3_role
hm_g3_role_of(const uint16_t *words)
{
	switch (words[0]) {
	case 0:
		return words[1] <= 1 ? HM_G3_SINGLE : HM_G3_ROLE_UNKNOWN;
	case 1:
		return words[1] > 1 ? HM_G3_MASTER : HM_G3_ROLE_UNKNOWN;
	case 2:
		return HM_G3_SLAVE;
	default:
		return HM_G3_ROLE_UNKNOWN;
	}
}

const struct hm_g3_block *
hm_g3_order_block(enum hm_action action)
{
	switch (action) {
	case HM_ACTION_SET_MODE:
		return &mode_block;
	case HM_ACTION_SET_SOC_LIMITS:
		return &soc_block;
	case HM_ACTION_SET_EXPORT_LIMIT:
		return &export_block;
	default:
		return NULL;
	}
}

/* Content */

static bool
is_all_equal(const uint16_t *words, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (words[i] != words[0])
			return false;
	return true;
}

static bool
is_mode_block(const uint16_t *words)
{
	for (int i = SELF_USE_SOC; i < MODE_WORDS; i++)
		if (words[i] > (i == CHARGE_POWER || i == DISCHARGE_POWER ?
		    PERMILLE : FULL))
			return false;
	return words[MODE] <= HM_MODE_AI && !is_all_equal(words, MODE_WORDS);
}

bool
hm_g3_order_is_sane(enum hm_action action, const uint16_t *words)
{
	switch (action) {
	case HM_ACTION_SET_MODE:
		return is_mode_block(words);
	case HM_ACTION_SET_SOC_LIMITS:
		return words[SOC_MIN] < words[SOC_MAX] &&
		    words[SOC_MAX] <= FULL;
	case HM_ACTION_SET_EXPORT_LIMIT:
		return words[EXPORT_CONTROL] <= 1 &&
		    (int16_t)words[EXPORT_LIMIT] >= EXPORT_MIN &&
		    (int16_t)words[EXPORT_LIMIT] <= EXPORT_MAX;
	default:
		return false;
	}
}

bool
hm_g3_order_takes(enum hm_working_mode mode, enum hm_told_part part)
{
	return (part == HM_TOLD_RESERVE_SOC && places[mode].reserve != 0) ||
	    (part == HM_TOLD_MAX_POWER && places[mode].power != 0);
}

/* Writing */

static void
put_part(const struct hm_told *told, enum hm_told_part part, int place,
    uint16_t *words)
{
	if (place != 0 && hm_told_has(told, part))
		words[place] = (uint16_t)told->value[part];
}

static void
change_mode(const struct hm_told *told, uint16_t *words)
{
	enum hm_working_mode mode =
	    (enum hm_working_mode)told->value[HM_TOLD_MODE];

	words[MODE] = (uint16_t)mode;
	put_part(told, HM_TOLD_RESERVE_SOC, places[mode].reserve, words);
	put_part(told, HM_TOLD_MAX_POWER, places[mode].power, words);
}

/* Only what the command names: one of them alone is known to be obeyed. */
static void
change_soc(const struct hm_told *told, uint16_t *words, int *from, int *to)
{
	put_part(told, HM_TOLD_SOC_MAX, SOC_MAX, words);
	put_part(told, HM_TOLD_SOC_MIN, SOC_MIN, words);
	*from = hm_told_has(told, HM_TOLD_SOC_MAX) ? SOC_MAX : SOC_MIN;
	*to = hm_told_has(told, HM_TOLD_SOC_MIN) ? SOC_MIN : SOC_MAX;
}

static void
change_export(const struct hm_command *command, uint16_t *words)
{
	words[EXPORT_CONTROL] = command->unit == HM_COMMAND_PERCENT;
	if (command->unit == HM_COMMAND_PERCENT)
		words[EXPORT_LIMIT] = (uint16_t)command->amount;
}

void
hm_g3_order_write(const struct hm_command *command, const uint16_t *words,
    struct hm_g3_write *write)
{
	const struct hm_g3_block *block = hm_g3_order_block(command->action);
	uint16_t changed[HM_G3_SETTINGS_MAX];
	int from = 0, to = block->count - 1;

	memcpy(changed, words, block->count * sizeof *words);
	if (command->action == HM_ACTION_SET_MODE)
		change_mode(&command->told, changed);
	else if (command->action == HM_ACTION_SET_SOC_LIMITS)
		change_soc(&command->told, changed, &from, &to);
	else
		change_export(command, changed);
	write->first = (uint16_t)(block->first + from);
	write->count = (uint16_t)(to - from + 1);
	memcpy(write->word, changed + from, write->count * sizeof *changed);
}

bool
hm_g3_order_is_done(enum hm_action action, const uint16_t *words,
    const struct hm_g3_write *write)
{
	size_t from = (size_t)write->first - hm_g3_order_block(action)->first;

	return memcmp(words + from, write->word,
	    write->count * sizeof *words) == 0;
}

/* Showing */

static void
show_mode(const uint16_t *words, struct hm_told *told, char *text)
{
	const char *name = hm_working_mode_name(words[MODE]);
	char power[HM_DECIMAL_TEXT], reserve[40] = "", most[40] = "";
	int place;

	if (name == NULL) {
		snprintf(text, HM_G3_SHOWN, "working mode %u", words[MODE]);
		return;
	}
	hm_told_put(told, HM_TOLD_MODE, words[MODE]);
	place = places[words[MODE]].reserve;
	if (place != 0) {
		hm_told_put(told, HM_TOLD_RESERVE_SOC, words[place]);
		snprintf(reserve, sizeof reserve, ", reserve_soc %u %%",
		    words[place]);
	}
	place = places[words[MODE]].power;
	if (place != 0) {
		hm_told_put(told, HM_TOLD_MAX_POWER, words[place]);
		hm_decimal_format(hm_decimal(words[place], 1), power);
		snprintf(most, sizeof most, ", max_power %s %%", power);
	}
	snprintf(text, HM_G3_SHOWN, "mode %s%s%s", name, reserve, most);
}

static void
show_export(const uint16_t *words, struct hm_result *result, char *text)
{
	int64_t limit = (int16_t)words[EXPORT_LIMIT];
	char percent[HM_DECIMAL_TEXT];

	if (words[EXPORT_CONTROL] == 0) {
		hm_told_put(&result->told, HM_TOLD_UNLIMITED, 1);
		snprintf(text, HM_G3_SHOWN, "no limit of the export");
		return;
	}
	if (limit >= 0)
		result->percent = limit;
	hm_decimal_format(hm_decimal(limit, 1), percent);
	snprintf(text, HM_G3_SHOWN, "a limit of the export of %s %%", percent);
}

void
hm_g3_order_show(enum hm_action action, const uint16_t *words,
    struct hm_result *result, char text[HM_G3_SHOWN])
{
	text[0] = '\0';
	if (action == HM_ACTION_SET_MODE) {
		show_mode(words, &result->told, text);
	} else if (action == HM_ACTION_SET_EXPORT_LIMIT) {
		show_export(words, result, text);
	} else if (action == HM_ACTION_SET_SOC_LIMITS) {
		hm_told_put(&result->told, HM_TOLD_SOC_MIN, words[SOC_MIN]);
		hm_told_put(&result->told, HM_TOLD_SOC_MAX, words[SOC_MAX]);
		snprintf(text, HM_G3_SHOWN, "soc_min %u %%, soc_max %u %%",
		    words[SOC_MIN], words[SOC_MAX]);
	}
}
