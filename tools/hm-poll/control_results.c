#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/decimal.h"
#include "base/exits.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "control_journal.h"
#include "control_private.h"
#include "record/command.h"
#include "record/told.h"
#include "stream/stream.h"

void
hm_control_emit(struct hm_control *control, const struct hm_json *e)
{
	struct hm_slice line;

	if (hm_json_done(e, &line))
		hm_stream_emit(control->options.stream, line);
	else
		hm_log(HM_ERROR, "a record is longer than a line can be");
}

static void
emit_result(struct hm_control *control, int64_t time,
    const struct hm_command *command, const struct hm_result *result)
{
	struct hm_json e;

	hm_json_start(&e, control->line, sizeof control->line);
	hm_json_result(&e, time, command, result);
	hm_control_emit(control, &e);
}

/* "limit 60 %", "set_mode self_use reserve_soc 30 %" */
static void
describe(const struct hm_command *command, char *out, size_t cap)
{
	char amount[HM_DECIMAL_TEXT] = "", told[HM_TOLD_TEXT];

	if (command->unit != HM_COMMAND_NONE)
		hm_decimal_format(hm_decimal(command->amount, 1), amount);
	hm_told_describe(&command->told, told);
	snprintf(out, cap, "%s%s%s%s%s", command->has_action ?
	    hm_action_name(command->action) : "command",
	    command->unit != HM_COMMAND_NONE ? " " : "",
	    amount,
	    command->unit == HM_COMMAND_PERCENT ? " %" :
	    command->unit == HM_COMMAND_WATTS ? " W" : "", told);
}

static void
log_result(const struct hm_command *command, const struct hm_result *result)
{
	const char *state = hm_result_state_name(result->state);
	char action[64 + HM_TOLD_TEXT];
	bool told = result->text != NULL && result->text[0] != '\0';

	describe(command, action, sizeof action);
	hm_log_facts(result->state == HM_RESULT_DONE ||
	    !hm_result_is_final(result->state) ? HM_INFO : HM_WARNING,
	    HM_FACTS(hm_fact("dtu", command->dtu), hm_fact("id", command->id),
	    hm_fact("action", action), hm_fact("from", command->from),
	    hm_fact("state", state), hm_fact("reason", result->text)),
	    "%s%s%s from %s: %s%s%s", command->dtu,
	    command->dtu[0] != '\0' ? ": " : "", action,
	    command->from[0] != '\0' ? command->from : "stdin", state,
	    told ? ": " : "", told ? result->text : "");
}

static void
count(struct hm_control *control, const struct hm_result *result)
{
	static const char *const away[] = {"refused", "unreachable",
	    "resolve", "timeout_connect", "timeout_read", "closed"};

	control->ended[result->state]++;
	for (size_t i = 0; i < sizeof away / sizeof *away; i++)
		if (result->state == HM_RESULT_FAILED &&
		    result->error != NULL &&
		    strcmp(result->error, away[i]) == 0)
			control->unreachable++;
}

void
hm_control_note(struct hm_control *control,
    const struct hm_control_entry *entry, enum hm_result_state state)
{
	const struct hm_result result = hm_result(state, NULL, NULL);

	log_result(&entry->command, &result);
	emit_result(control, hm_clock_now(), &entry->command, &result);
}

void
hm_control_end(struct hm_control *control, struct hm_control_entry *entry,
    const struct hm_result *result)
{
	if (!hm_control_journal_end(control->journal, entry, result,
	    hm_clock_now()))
		hm_log_errno(HM_ERROR, "cannot write control_journal");
	log_result(&entry->command, &entry->result);
	count(control, &entry->result);
	emit_result(control, entry->result_time, &entry->command,
	    &entry->result);
	control->undelivered = true;
}

void
hm_control_refuse(struct hm_control *control,
    const struct hm_command *command, const char *error, const char *text)
{
	const struct hm_result result = hm_result(HM_RESULT_REFUSED, error,
	    text);

	log_result(command, &result);
	count(control, &result);
	emit_result(control, hm_clock_now(), command, &result);
}

void
hm_control_delivered(struct hm_control *control)
{
	struct hm_control_entry *entry = NULL;

	if (!control->undelivered || control->journal == NULL)
		return;
	control->undelivered = false;
	while ((entry = hm_control_journal_next(control->journal, entry)) !=
	    NULL)
		if (entry->stage == HM_CONTROL_ENDED && !entry->delivered &&
		    !hm_control_journal_delivered(control->journal, entry,
		    hm_clock_now()))
			hm_log_errno(HM_WARNING,
			    "cannot write control_journal");
}

void
hm_control_repeat(struct hm_control *control, struct hm_control_entry *entry)
{
	if (entry->stage != HM_CONTROL_ENDED)
		return;
	count(control, &entry->result);
	emit_result(control, entry->result_time, &entry->command,
	    &entry->result);
}

int
hm_control_status(const struct hm_control *control)
{
	const size_t *ended = control->ended;

	if (ended[HM_RESULT_UNKNOWN] > 0)
		return HM_EXIT_TEMP;
	if (control->unreachable > 0)
		return HM_EXIT_UNAVAILABLE;
	return ended[HM_RESULT_REFUSED] + ended[HM_RESULT_FAILED] > 0 ?
	    HM_EXIT_DATA : HM_EXIT_OK;
}
