#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "control_journal.h"
#include "control_private.h"
#include "control_rules.h"
#include "record/command.h"
#include "record/record.h"
#include "record/told.h"

/* Commands */

/* The DTU of a command, whose name is then set; NULL if there is none. */
static struct hm_control_queue *
find_queue(struct hm_control *control, struct hm_command *command)
{
	if (command->dtu[0] == '\0' && control->count == 1)
		snprintf(command->dtu, sizeof command->dtu, "%s",
		    control->queue[0].dtu->name);
	for (size_t i = 0; i < control->count; i++)
		if (strcmp(command->dtu, control->queue[i].dtu->name) == 0)
			return &control->queue[i];
	return NULL;
}

static void
list_dtus(const struct hm_control *control, const struct hm_command *command,
    char *out, size_t cap)
{
	bool named = command->dtu[0] != '\0';
	int n = snprintf(out, cap, "%s%.40s, allowed are",
	    named ? "there is no DTU " : "it names no DTU", command->dtu);

	for (size_t i = 0; i < control->count && n > 0 && (size_t)n < cap;
	    i++)
		n += snprintf(out + n, cap - (size_t)n, " %s",
		    control->queue[i].dtu->name);
}

static bool
is_same(const struct hm_command *a, const struct hm_command *b)
{
	return a->has_action == b->has_action && a->action == b->action &&
	    a->unit == b->unit && a->amount == b->amount &&
	    hm_told_is_same(&a->told, &b->told) &&
	    strcmp(a->dtu, b->dtu) == 0 && strcmp(a->serial, b->serial) == 0;
}

static void
admit(struct hm_control *control, struct hm_control_entry *entry,
    struct hm_control_queue *queue, const char *wrong)
{
	struct hm_control_verdict v = {.answer = HM_CONTROL_REFUSE,
	    .error = wrong != NULL ? "invalid" : "no_dtu"};
	struct hm_result result;

	if (wrong != NULL)
		snprintf(v.text, sizeof v.text, "%s", wrong);
	else if (queue == NULL)
		list_dtus(control, &entry->command, v.text, sizeof v.text);
	else
		hm_control_admit(&control->limits, &entry->command, false,
		    hm_clock_now(), &v);
	if (v.answer == HM_CONTROL_GO) {
		hm_control_queue_add(queue, entry);
		return;
	}
	result = hm_result(HM_RESULT_REFUSED, v.error, v.text);
	hm_control_end(control, entry, &result);
}

/* What is missing in a command that a person has typed. */
static void
complete(struct hm_control *control, struct hm_command *command)
{
	if (command->time == HM_COMMAND_NO_TIME)
		command->time = hm_clock_now();
	if (command->id[0] == '\0')
		snprintf(command->id, sizeof command->id, "%llx-%x-%x",
		    (unsigned long long)hm_clock_now_ms(),
		    (unsigned)getpid(), control->ids++);
	if (command->from[0] == '\0')
		snprintf(command->from, sizeof command->from, "stdin");
}

void
hm_control_take(struct hm_control *control, struct hm_command *command,
    const char *wrong, const struct hm_record *record)
{
	struct hm_control_queue *queue = find_queue(control, command);
	struct hm_control_verdict v;
	struct hm_control_entry *entry;
	struct hm_json e;

	complete(control, command);
	hm_json_start(&e, control->line, sizeof control->line);
	hm_json_command_open(&e, command);
	if (record != NULL)
		hm_json_command_others(&e, command, record);
	hm_json_object_end(&e);
	hm_control_emit(control, &e);
	if (control->journal == NULL) {
		hm_control_refuse(control, command, "journal",
		    control->journal_error);
		return;
	}
	entry = hm_control_journal_find(control->journal, command->id);
	if (entry != NULL && is_same(&entry->command, command)) {
		hm_control_repeat(control, entry);
		return;
	}
	if (entry != NULL) {
		hm_control_admit(&control->limits, command, true,
		    hm_clock_now(), &v);
		hm_control_refuse(control, command, v.error, v.text);
		return;
	}
	entry = hm_control_journal_add(control->journal, command,
	    hm_clock_now());
	if (entry != NULL)
		admit(control, entry, queue, wrong);
	else if (errno == ENOBUFS)
		hm_control_refuse(control, command, "busy",
		    "too many commands came within control_max_age");
	else
		hm_control_refuse(control, command, "journal",
		    "control_journal cannot be written, and without it an "
		    "order may be sent twice");
}

static bool
is_command(struct hm_slice type)
{
	return hm_slice_is(type, "command");
}

void
hm_control_line(struct hm_control *control, struct hm_slice line)
{
	struct hm_stream *stream = control->options.stream;
	struct hm_record record;
	struct hm_command command;
	char text[HM_COMMAND_WRONG];
	struct hm_slice type;
	const char *wrong;

	control->lines++;
	if (!hm_stream_type(stream, line, &record, &type)) {
		control->ended[HM_RESULT_REFUSED]++;
		return;
	}
	if (!is_command(type)) {
		hm_stream_emit(stream, line);
		return;
	}
	control->commands++;
	if (!hm_stream_parse(stream, line, &record)) {
		control->ended[HM_RESULT_REFUSED]++;
		return;
	}
	wrong = hm_command_read(&command, &record, text);
	if (wrong == NULL && hm_stream_is_durable(stream) &&
	    (command.id[0] == '\0' || command.time == HM_COMMAND_NO_TIME))
		wrong = "it has no id or no time, which a pipe that outlives "
		    "hm-poll needs";
	if (strcmp(command.from, HM_CONTROL_RESTORE) == 0)
		command.from[0] = '\0';
	hm_control_take(control, &command, wrong, &record);
}

/* The end */

static bool
is_idle(const struct hm_control *control)
{
	for (size_t i = 0; i < control->count; i++)
		if (control->queue[i].waits > 0 ||
		    control->queue[i].current != NULL)
			return false;
	return true;
}

static void
report_end(struct hm_control *control)
{
	if (!control->input_ended || control->reported_end ||
	    !is_idle(control))
		return;
	control->reported_end = true;
	ev_timer_stop(control->options.loop, &control->deadline);
	control->options.all_ended(control->options.context);
}

static void
on_deadline(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct hm_control *control = timer->data;

	(void)loop;
	(void)events;
	for (size_t i = 0; i < control->count; i++)
		hm_control_queue_finish(&control->queue[i], "timeout",
		    "control_timeout is over", "control_timeout is over");
	report_end(control);
}

/* As when a member of the record is misspelt: nothing was ordered. */
static void
warn_without_commands(struct hm_control *control)
{
	if (!hm_config_flag(control->options.config, HM_SET_ONCE) ||
	    control->lines == 0 || control->commands > 0 ||
	    control->ended[HM_RESULT_REFUSED] > 0)
		return;
	control->ended[HM_RESULT_REFUSED]++;
	hm_log(HM_WARNING, "stdin had no command, found lines %zu, allowed "
	    "are records of type command", control->lines);
}

void
hm_control_input_ended(struct hm_control *control)
{
	control->input_ended = true;
	warn_without_commands(control);
	if (!is_idle(control))
		ev_timer_start(control->options.loop, &control->deadline);
	report_end(control);
}

void
hm_control_finish(struct hm_control *control)
{
	control->stopping = true;
	for (size_t i = 0; i < control->count; i++)
		hm_control_queue_finish(&control->queue[i], "interrupted",
		    HM_CONTROL_UNSENT, HM_CONTROL_NO_RESULT);
}

/* The beginning */

/* Also sees that nothing is left to be written. */
static void
on_before_wait(struct ev_loop *loop, ev_prepare *prepare, int events)
{
	struct hm_control *control = prepare->data;

	(void)loop;
	(void)events;
	report_end(control);
	if (hm_stream_flush(control->options.stream) &&
	    hm_stream_pending(control->options.stream) == 0)
		hm_control_delivered(control);
}

static void
open_journal(struct hm_control *control)
{
	char *path = hm_control_journal_path(control->options.config);

	if (path != NULL)
		control->journal = hm_control_journal_open(path,
		    control->limits.max_age_s + HM_CONTROL_AHEAD_S);
	if (control->journal == NULL) {
		snprintf(control->journal_error,
		    sizeof control->journal_error, "control_journal cannot be "
		    "used: %s", errno == EWOULDBLOCK ? "another hm-poll has "
		    "it, send the command to that one" : strerror(errno));
		hm_log(HM_ERROR, "%s: %s; each command is refused",
		    path != NULL ? path : "control_journal",
		    control->journal_error);
	}
	free(path);
}

/* What a predecessor that was killed has left. */
static void
end_open_entries(struct hm_control *control)
{
	struct hm_control_entry *entry = NULL;

	if (control->journal == NULL)
		return;
	while ((entry = hm_control_journal_next(control->journal, entry)) !=
	    NULL) {
		bool sent = entry->stage == HM_CONTROL_SENT;
		const struct hm_result result = hm_result(sent ?
		    HM_RESULT_UNKNOWN : HM_RESULT_REFUSED, "interrupted",
		    sent ? HM_CONTROL_NO_RESULT : HM_CONTROL_UNSENT);

		if (entry->stage != HM_CONTROL_ENDED)
			hm_control_end(control, entry, &result);
		else if (!entry->delivered)
			hm_control_repeat(control, entry);
		else
			continue;
		control->undelivered = true;
	}
}

static void
read_settings(struct hm_control *control)
{
	const struct hm_config *config = control->options.config;

	control->limits = (struct hm_control_limits){
	    .max_age_s = hm_config_ms(config, HM_SET_CONTROL_MAX_AGE) / 1000,
	    .way_s = hm_control_way_s(config),
	    .min_interval_s = hm_config_ms(config,
	        HM_SET_CONTROL_MIN_INTERVAL) / 1000,
	    .max_per_day = hm_config_int(config,
	        HM_SET_CONTROL_MAX_PER_DAY),
	};
	hm_control_read_restore(hm_config_text(config,
	    HM_SET_CONTROL_RESTORE), &control->limits.restore_s,
	    &control->restore_unit, &control->restore_amount);
}

struct hm_control *
hm_control_new(const struct hm_control_options *options)
{
	struct hm_control *control = calloc(1, sizeof *control);
	double timeout;

	if (control == NULL)
		return NULL;
	control->options = *options;
	control->queue = calloc(options->dtus->count, sizeof *control->queue);
	if (control->queue == NULL) {
		free(control);
		return NULL;
	}
	control->count = options->dtus->count;
	for (size_t i = 0; i < control->count; i++)
		hm_control_queue_init(&control->queue[i], control,
		    &options->dtus->dtu[i]);
	read_settings(control);
	open_journal(control);
	timeout = (double)hm_config_ms(options->config,
	    HM_SET_CONTROL_TIMEOUT) / 1000;
	ev_timer_init(&control->deadline, on_deadline, timeout, 0);
	ev_prepare_init(&control->before_wait, on_before_wait);
	control->deadline.data = control->before_wait.data = control;
	ev_prepare_start(options->loop, &control->before_wait);
	end_open_entries(control);
	/* Those of a predecessor are not of this run. */
	memset(control->ended, 0, sizeof control->ended);
	control->unreachable = 0;
	for (size_t i = 0; i < control->count; i++)
		hm_control_queue_next(&control->queue[i]);
	return control;
}

void
hm_control_free(struct hm_control *control)
{
	if (control == NULL)
		return;
	ev_timer_stop(control->options.loop, &control->deadline);
	ev_prepare_stop(control->options.loop, &control->before_wait);
	for (size_t i = 0; i < control->count; i++)
		hm_control_queue_stop(&control->queue[i]);
	hm_control_journal_close(control->journal);
	free(control->queue);
	free(control);
}
